/* build-mem run: measures the build, and judges only whether it succeeded. */
#include "base/alloc.h"
#include "commands/commands.h"
#include "gate/judge.h"
#include "run/measure.h"
#include "run/output.h"
#include "run/publish.h"

int command_run(int argc, char **argv)
{
    struct config config CLEANUP(config_release);
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct judgement judgement CLEANUP(judgement_release);
    struct runs runs CLEANUP(runs_release) = {0};
    int status;
    judgement_init(&judgement);
    if (command_begin_without_operands(&config, FLAGS_RUN, "[run] [flags] [-- COMMAND ARG...]",
                                       argc, argv, &status) < 0)
        return status;
    if (output_lock(&config, &status, &err) < 0)
        return bm_error_print(&err, status);
    if (measure_runs(&config, NULL, &runs, &status, &err) < 0) {
        bm_error_print(&err, status);
    } else {
        judge_alone(runs.measurements, runs.count, &judgement);
        judge_process_budgets(runs.measurements, runs.count, &judgement);
        status = publish(&config, &runs, &judgement);
    }
    return status;
}
