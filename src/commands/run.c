/* build-mem run: measures the build, and judges only whether it succeeded and its budgets. */
#include "base/alloc.h"
#include "commands/commands.h"
#include "gate/judge.h"
#include "run/deep.h"
#include "run/measure.h"
#include "run/publish.h"

int command_run(int argc, char **argv)
{
    struct config config CLEANUP(config_release);
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct judgement judgement CLEANUP(judgement_release);
    struct runs runs CLEANUP(runs_release) = {0};
    int status;
    struct baseline budgets CLEANUP(baseline_release) = {0};
    judgement_init(&judgement);
    if (command_begin_without_operands(&config, FLAGS_RUN, "[run] [flags] [-- COMMAND ARG...]",
                                       argc, argv, &status) < 0)
        return status;
    if (expect_build(&config, &err) < 0)
        return bm_error_print(&err, EXIT_USAGE);
    judgement.refresh_arguments = xstrdup(config.refresh_arguments);
    budgets_copy(&config.budgets, &budgets.budgets);
    if (publish_begin(&config, &status, &err) < 0)
        return bm_error_print(&err, status);
    if (deep_check(&config, &status, &err) < 0 ||
        measure_runs(&config, NULL, &runs, &status, &err) < 0)
        return publish_failure(&config, &err, status);
    if (budgets.budgets.count)
        judge(&budgets, NULL, runs.measurements, runs.count, false, &judgement);
    else
        judge_alone(runs.measurements, runs.count, &judgement);
    deep_measure(&config, &runs);
    return publish(&config, &runs, &judgement);
}
