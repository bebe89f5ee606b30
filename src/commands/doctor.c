/* build-mem doctor: reports what this machine can measure, and how to fix the rest. */
#include "base/alloc.h"
#include "base/interrupt.h"
#include "commands/commands.h"
#include "engine/diagnosis.h"
#include "report/text/layout.h"

#include <stdio.h>

static void print_diagnosis(struct layout *layout, const struct diagnosis *diagnosis)
{
    static const char *const states[] = {
        [DIAGNOSIS_OK] = "ok", [DIAGNOSIS_LIMITED] = "limited", [DIAGNOSIS_MISSING] = "missing"};
    layout_cell(layout, 8, PAINT_NONE, states[diagnosis->state]);
    layout_cell(layout, 20, PAINT_NONE, diagnosis->subject);
    layout_wrap(layout, 28, 28, PAINT_NONE, diagnosis->found);
    if (!diagnosis->fix)
        return;
    layout_cell(layout, 28, PAINT_NONE, "");
    layout_put(layout, PAINT_NONE, "fix: ");
    layout_wrap(layout, 33, 33, PAINT_NONE, diagnosis->fix);
}

static void print_diagnoses(const struct diagnoses *diagnoses)
{
    struct layout layout;
    layout_open(&layout, false);
    for (size_t i = 0; i < diagnoses->count; i++)
        print_diagnosis(&layout, &diagnoses->items[i]);
    char *text CLEANUP(cleanup_free) = layout_close(&layout);
    fputs(text, stdout);
}

int command_doctor(int argc, char **argv)
{
    struct config config CLEANUP(config_release);
    struct strv operands CLEANUP(strv_release) = {0};
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct diagnoses diagnoses CLEANUP(diagnoses_release);
    int status;
    diagnoses = (struct diagnoses){0};
    if (command_begin(&config, FLAGS_DOCTOR, "doctor", argc, argv, &operands, &status) < 0)
        return status;
    if (operands.count) {
        bm_error_set(&err, "doctor takes no \"%s\"", operands.items[0]);
        return bm_error_print(&err, EXIT_USAGE);
    }
    interrupt_init();
    diagnose_machine(&diagnoses);
    print_diagnoses(&diagnoses);
    puts(diagnoses.can_measure ? "\nbuilds can be measured on this machine"
                               : "\nno build can be measured on this machine");
    return diagnoses.can_measure ? EXIT_PASS : EXIT_UNMEASURED;
}
