/* build-mem check: measures the build and judges it against the baseline. */
#include "base/alloc.h"
#include "base/interrupt.h"
#include "base/trace.h"
#include "baseline/store.h"
#include "commands/commands.h"
#include "comparison/comparison.h"
#include "gate/judge.h"
#include "gate/relative.h"
#include "run/deep.h"
#include "run/measure.h"
#include "run/publish.h"
#include "run/relative.h"

#include <stdio.h>
#include <string.h>

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
    char *run CLEANUP(cleanup_free) =
        count == 1 ? xstrdup("again") : xasprintf("again, run %zu", count + 1);
    strv_pushf(policy->notes, "measured %s: %s", run, reason);
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

static int check(struct config *config)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct baseline baseline CLEANUP(baseline_release) = {0};
    struct git_base base CLEANUP(git_base_release) = {0};
    struct judgement judgement CLEANUP(judgement_release);
    struct rerun_policy policy = {.baseline = &baseline, .notes = &judgement.notes};
    struct runs runs CLEANUP(runs_release) = {0};
    int status;
    judgement_init(&judgement);
    judgement.refresh_arguments = xstrdup(config->refresh_arguments);
    if (publish_begin(config, &status, &err) < 0)
        return bm_error_print(&err, status);
    /* A newcomer has no baseline; who names one reads about that file first. The baseline is read
     * before the build starts: the build cannot change the baseline that judges it. */
    if ((!config->baseline_is_flag && expect_build(config, &err) < 0) ||
        baseline_settle(config, &err) < 0 ||
        baseline_load_for_check(config, &baseline, &base, &err) < 0 ||
        expect_build(config, &err) < 0)
        return publish_failure(config, &err, EXIT_USAGE);
    baseline_add_notes(config, &baseline, &base, &judgement.notes);
    if (deep_check(config, &status, &err) < 0 || measure(config, &policy, &runs, &status, &err) < 0)
        return publish_failure(config, &err, status);
    char *path CLEANUP(cleanup_free) = baseline_path(config);
    judge(&baseline, path, runs.measurements, runs.count, config->strict, &judgement);
    deep_measure(config, &runs);
    return publish(config, &runs, &judgement);
}

/* ---- --relative ---- */

static bool needs_another_pair(const struct runs *base, const struct runs *runs, void *context)
{
    const struct relative_runs both = {.base = base->measurements,
                                       .base_count = base->count,
                                       .runs = runs->measurements,
                                       .count = runs->count};
    char *reason CLEANUP(cleanup_free) = relative_rerun_reason(&both);
    (void)context;
    trace("rerun: %s", reason ? reason : "not needed");
    if (reason)
        fprintf(stderr, "build-mem: measuring both again: %s\n", reason);
    return reason != NULL;
}

static void add_base_notes(const struct config *config, const struct git_base *base,
                           struct judgement *judgement)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *head CLEANUP(cleanup_free) = git_line(config->repo, "rev-parse", "HEAD");
    judgement->base_commit = xstrdup(base->commit);
    judgement->base_ref = xstrdup(config->relative);
    char *newer CLEANUP(cleanup_free) =
        base->ref_commits > 0
            ? xasprintf(", which has %lld newer commit%s", (long long)base->ref_commits,
                        base->ref_commits == 1 ? "" : "s")
            : xstrdup("");
    strv_pushf(&judgement->notes, "compared with a build of %.12s, the merge base of HEAD and %s%s",
               base->commit, config->relative, newer);
    const char *out = *config->out == '/' ? NULL : config->out;
    if (head && strcmp(head, base->commit) == 0 && git_is_clean(config->repo, out, &err) == 1)
        strv_push(&judgement->notes, "the work tree is equal to the merge base: each difference is "
                                     "noise, or comes from untracked files");
}

static int check_relative(const struct config *config)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct git_base commit CLEANUP(git_base_release) = {0};
    struct runs base CLEANUP(runs_release) = {0}, runs CLEANUP(runs_release) = {0};
    struct judgement judgement CLEANUP(judgement_release);
    struct comparison both CLEANUP(comparison_release) = {0};
    size_t most = config->runs ? (size_t)config->runs : RELATIVE_MOST_RUNS;
    int status;
    judgement_init(&judgement);
    if (publish_begin(config, &status, &err) < 0)
        return bm_error_print(&err, status);
    if (expect_build(config, &err) < 0)
        return publish_failure(config, &err, EXIT_USAGE);
    if (git_find_base(config->repo, config->relative, &commit, &err) < 0) {
        bm_error_wrap(&err, "--relative %s", config->relative);
        return publish_failure(config, &err, EXIT_USAGE);
    }
    add_base_notes(config, &commit, &judgement);
    if (measure_relative(config, commit.commit, most, needs_another_pair, NULL, &base, &runs,
                         &status, &err) < 0)
        return publish_failure(config, &err,
                               interrupt_signal() ? 128 + interrupt_signal() : status);
    const struct relative_runs measured = {.base = base.measurements,
                                           .base_count = base.count,
                                           .runs = runs.measurements,
                                           .count = runs.count};
    judge_relative(&measured, &config->budgets, &judgement);
    const struct comparison_side was = {
        .name = "merge base", .runs = base.measurements, .count = base.count};
    const struct comparison_side is = {
        .name = "work tree", .runs = runs.measurements, .count = runs.count};
    compare_judged(&was, &is, &judgement, &both);
    return publish_relative(config, &base, &runs, &both);
}

int command_check(int argc, char **argv)
{
    struct config config CLEANUP(config_release);
    int status;
    if (command_begin_without_operands(&config, FLAGS_CHECK, "check [flags] [-- COMMAND ARG...]",
                                       argc, argv, &status) < 0)
        return status;
    if (config.relative)
        return check_relative(&config);
    return check(&config);
}
