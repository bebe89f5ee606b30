/* build-mem doctor: what this machine can measure, and what to do about what it can't. */
#include "base/alloc.h"
#include "base/interrupt.h"
#include "commands/commands.h"
#include "engine/diagnosis.h"
#include "report/report.h"

#include <stdio.h>

static void print_findings(const struct diagnoses *diagnoses)
{
    static const char *const words[] = {
        [DIAGNOSIS_OK] = "ok", [DIAGNOSIS_LIMITED] = "less", [DIAGNOSIS_MISSING] = "no"};
    for (size_t i = 0; i < diagnoses->count; i++) {
        const struct diagnosis *finding = &diagnoses->items[i];
        char *text CLEANUP(cleanup_free) =
            diagnosis_text(words[finding->state], finding->subject, finding->found, finding->fix);
        fputs(text, stdout);
    }
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
    print_findings(&diagnoses);
    puts(diagnoses.can_measure ? "\nbuilds can be measured here"
                               : "\nno build can be measured here");
    return diagnoses.can_measure ? EXIT_PASS : EXIT_UNMEASURED;
}
