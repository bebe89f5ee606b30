/* build-mem check: measure, judge against the baseline, say so to the CI. */
#include "base/alloc.h"
#include "baseline/store.h"
#include "commands/commands.h"
#include "gate/judge.h"
#include "run/measure.h"
#include "run/output.h"

#include <stdio.h>

/* What decides after each run whether there is another, and why there was. */
struct doubt {
    const struct baseline *baseline;
    struct strv *notes;
};

static bool in_doubt(const struct measurement *runs, size_t count, void *context)
{
    struct doubt *doubt = context;
    char *why CLEANUP(cleanup_free) = rerun_reason(doubt->baseline, runs, count);
    if (!why)
        return false;
    strv_pushf(doubt->notes, "measured %s: %s", count == 1 ? "again" : "a third time", why);
    fprintf(stderr, "build-mem: measuring once more, since %s\n", why);
    return true;
}

/* With --runs as many runs as it says; else one, and more where one leaves the verdict in doubt. */
static int measure(const struct config *config, struct doubt *doubt, struct measurement **runs,
                   size_t *count, int *status, struct bm_error *err)
{
    return config->runs
               ? measure_runs(config, doubt->baseline, runs, count, status, err)
               : measure_while(config, doubt->baseline, in_doubt, doubt, runs, count, status, err);
}

static int check(const struct config *config)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct baseline baseline CLEANUP(baseline_release) = {0};
    struct judgement judgement CLEANUP(judgement_release);
    struct doubt doubt = {.baseline = &baseline, .notes = &judgement.notes};
    struct measurement *runs;
    size_t count;
    int status;
    judgement_init(&judgement);
    /* Before the build starts: nothing that the build does can change what it is held to. */
    if (baseline_load(config, &baseline, &err) < 0)
        return bm_error_print(&err, EXIT_USAGE);
    char *tree_note CLEANUP(cleanup_free) = baseline_tree_note(config, &baseline);
    if (tree_note)
        strv_push(&judgement.notes, tree_note);
    if (output_lock(config, &status, &err) < 0)
        return bm_error_print(&err, status);
    if (measure(config, &doubt, &runs, &count, &status, &err) < 0) {
        bm_error_print(&err, status);
    } else {
        char *path CLEANUP(cleanup_free) = baseline_path(config);
        judge(&baseline, path, runs, count, config->strict, &judgement);
        status = publish(config, runs, count, &judgement);
    }
    release_runs(runs, count);
    return status;
}

int command_check(int argc, char **argv)
{
    struct config config CLEANUP(config_release);
    struct strv operands CLEANUP(strv_release) = {0};
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    int status;
    if (command_begin(&config, FLAGS_CHECK, "check [flags] [-- COMMAND ARG...]", argc, argv,
                      &operands, &status) < 0)
        return status;
    if (operands.count) {
        bm_error_set(&err, "check takes no \"%s\"; the build's own command follows --",
                     operands.items[0]);
        return bm_error_print(&err, EXIT_USAGE);
    }
    if (baseline_settle(&config, &err) < 0)
        return bm_error_print(&err, EXIT_USAGE);
    return check(&config);
}
