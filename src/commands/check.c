/* build-mem check: measures the build and judges it against the baseline. */
#include "base/alloc.h"
#include "base/trace.h"
#include "baseline/store.h"
#include "commands/commands.h"
#include "gate/judge.h"
#include "run/measure.h"
#include "run/output.h"
#include "run/publish.h"

#include <stdio.h>

/* The rerun policy of one check: asks the gate after each run, and notes the reason for another. */
struct rerun_policy {
    const struct baseline *baseline;
    struct strv *notes;
};

static bool needs_another_run(const struct measurement *runs, size_t count, void *context)
{
    struct rerun_policy *policy = context;
    char *reason CLEANUP(cleanup_free) = rerun_reason(policy->baseline, runs, count);
    trace("rerun: %s", reason ? reason : "not needed");
    if (!reason)
        return false;
    strv_pushf(policy->notes, "measured %s: %s", count == 1 ? "again" : "a third time", reason);
    fprintf(stderr, "build-mem: measuring again: %s\n", reason);
    return true;
}

static int measure(const struct config *config, struct rerun_policy *policy, struct runs *runs,
                   int *status, struct bm_error *err)
{
    return config->runs ? measure_runs(config, policy->baseline, runs, status, err)
                        : measure_while(config, policy->baseline, needs_another_run, policy, runs,
                                        status, err);
}

static int check(const struct config *config)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct baseline baseline CLEANUP(baseline_release) = {0};
    struct judgement judgement CLEANUP(judgement_release);
    struct rerun_policy policy = {.baseline = &baseline, .notes = &judgement.notes};
    struct runs runs CLEANUP(runs_release) = {0};
    int status;
    judgement_init(&judgement);
    /* Read before the build starts: the build cannot change the baseline that judges it. */
    if (baseline_load(config, &baseline, &err) < 0)
        return bm_error_print(&err, EXIT_USAGE);
    char *tree_note CLEANUP(cleanup_free) = baseline_tree_note(config, &baseline);
    if (tree_note)
        strv_push(&judgement.notes, tree_note);
    if (output_lock(config, &status, &err) < 0)
        return bm_error_print(&err, status);
    if (measure(config, &policy, &runs, &status, &err) < 0) {
        bm_error_print(&err, status);
    } else {
        char *path CLEANUP(cleanup_free) = baseline_path(config);
        judge(&baseline, path, runs.measurements, runs.count, config->strict, &judgement);
        judge_process_budgets(runs.measurements, runs.count, &judgement);
        status = publish(config, &runs, &judgement);
    }
    return status;
}

int command_check(int argc, char **argv)
{
    struct config config CLEANUP(config_release);
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    int status;
    if (command_begin_without_operands(&config, FLAGS_CHECK, "check [flags] [-- COMMAND ARG...]",
                                       argc, argv, &status) < 0)
        return status;
    if (baseline_settle(&config, &err) < 0)
        return bm_error_print(&err, EXIT_USAGE);
    return check(&config);
}
