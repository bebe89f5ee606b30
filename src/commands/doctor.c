/* build-mem doctor: what this machine can measure, and what to do about what it can't. */
#include "base/alloc.h"
#include "commands/commands.h"
#include "engine/interrupt.h"
#include "engine/survey.h"
#include "report/report.h"

#include <stdio.h>

static void print_findings(const struct survey *survey)
{
    static const char *const words[] = {
        [SURVEY_GOOD] = "ok", [SURVEY_LESS] = "less", [SURVEY_MISSING] = "no"};
    for (size_t i = 0; i < survey->count; i++) {
        const struct survey_finding *finding = &survey->findings[i];
        char *text CLEANUP(cleanup_free) =
            finding_text(words[finding->state], finding->subject, finding->found, finding->mend);
        fputs(text, stdout);
    }
}

int command_doctor(int argc, char **argv)
{
    struct config config CLEANUP(config_release);
    struct strv operands CLEANUP(strv_release) = {0};
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct survey survey CLEANUP(survey_release);
    int status;
    survey = (struct survey){0};
    if (command_begin(&config, FLAGS_DOCTOR, "doctor", argc, argv, &operands, &status) < 0)
        return status;
    if (operands.count) {
        bm_error_set(&err, "doctor takes no \"%s\"", operands.items[0]);
        return command_failed(&err, EXIT_USAGE);
    }
    interrupt_init();
    survey_machine(&survey);
    print_findings(&survey);
    puts(survey.can_measure ? "\nbuilds can be measured here" : "\nno build can be measured here");
    return survey.can_measure ? EXIT_PASS : EXIT_UNMEASURED;
}
