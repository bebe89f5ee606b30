/* build-mem doctor: tries each engine, and reports what this machine can measure, how to fix the
 * rest, and the command to start with. */
#include "doctor/doctor.h"
#include "base/alloc.h"
#include "base/interrupt.h"
#include "base/trace.h"
#include "commands/commands.h"
#include "report/text/layout.h"
#include "run/terminal.h"

#include <stdio.h>
#include <unistd.h>

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

static void print_diagnoses(struct layout *layout, const struct diagnoses *diagnoses)
{
    for (size_t i = 0; i < diagnoses->count; i++)
        print_diagnosis(layout, &diagnoses->items[i]);
}

static void print_doctor(const struct doctor *doctor, const struct strv *start)
{
    struct layout layout;
    struct diagnoses tried CLEANUP(diagnoses_release) = {0};
    for (size_t i = 0; i < ENGINES; i++)
        diagnose_trial(&tried, &doctor->trials[i]);
    layout_open(&layout, false);
    print_diagnoses(&layout, &tried);
    print_diagnoses(&layout, &doctor->machine);
    char *text CLEANUP(cleanup_free) = layout_close(&layout);
    fputs(text, stdout);
    if (!doctor->best) {
        puts("\nno build can be measured on this machine");
        return;
    }
    printf("\nbuilds can be measured on this machine, best with the engine %s; start with:\n",
           doctor->best->engine->name);
    for (size_t i = 0; i < start->count; i++)
        printf("  %s\n", start->items[i]);
}

/* ---- progress ---- */

static bool shows_progress(void)
{
    return terminal_is_smart(STDERR_FILENO) && !trace_is_on_stderr();
}

static void print_progress(const char *engine)
{
    fprintf(stderr, "\r\x1b[Kbuild-mem: trying the engine %s", engine);
}

static void erase_progress(void)
{
    fputs("\r\x1b[K", stderr);
}

int command_doctor(int argc, char **argv)
{
    struct config config CLEANUP(config_release);
    struct doctor doctor CLEANUP(doctor_release) = {0};
    struct strv start CLEANUP(strv_release) = {0};
    int status;
    if (command_begin_without_operands(&config, FLAGS_DOCTOR, "doctor [flags]", argc, argv,
                                       &status) < 0)
        return status;
    interrupt_init();
    char *image CLEANUP(cleanup_free) = first_image(config.repo);
    doctor_examine(&doctor, image, shows_progress() ? print_progress : NULL);
    if (shows_progress())
        erase_progress();
    if (interrupt_signal())
        return 128 + interrupt_signal();
    if (doctor.best)
        first_steps(config.repo, doctor.auto_is_best ? NULL : doctor.best->engine->name, &start);
    if (config.json_only) {
        char *text CLEANUP(cleanup_free) = doctor_to_json(&doctor, &start);
        fputs(text, stdout);
    } else {
        print_doctor(&doctor, &start);
    }
    return doctor.best ? EXIT_PASS : EXIT_UNMEASURED;
}
