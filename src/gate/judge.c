#include "gate/judge.h"

#include "base/alloc.h"
#include "baseline/tolerance.h"
#include "gate/evaluate.h"
#include "measurement/environment.h"
#include "measurement/validity.h"

#include <string.h>

static char *refresh_command(const struct judgement *judgement)
{
    return judgement->baseline_path
               ? xasprintf("build-mem baseline refresh --baseline %s", judgement->baseline_path)
               : xstrdup("build-mem baseline refresh");
}

static void set_reason_from_finding(struct evaluation *evaluation)
{
    struct judgement *judgement = evaluation->judgement;
    const char *message = judgement->findings[evaluation->worst_finding].message;
    judgement->reason = evaluation->worst_count > 1
                            ? xasprintf("%s (and %zu more)", message, evaluation->worst_count - 1)
                            : xstrdup(message);
}

static void set_advice(struct evaluation *evaluation)
{
    char *refresh CLEANUP(cleanup_free) = refresh_command(evaluation->judgement);
    char **advice = &evaluation->judgement->advice;
    if (evaluation->worst == REASON_OVER_BUDGET)
        *advice =
            xstrdup("reduce the memory of the build; the budget is \"budget\" in the baseline "
                    "file");
    else if (evaluation->worst == REASON_REGRESSED)
        *advice = xasprintf("if this increase is intended, run: %s --allow-increase --reason TEXT",
                            refresh);
    else if (evaluation->worst == REASON_GONE)
        *advice = xasprintf("if this is intended, run: %s", refresh);
    else if (evaluation->worst == REASON_NOISY)
        *advice = xstrdup("check again on a quiet machine, or make the build steadier (--cache "
                          "warm, a fixed number of workers, a --memory limit)");
    else if (evaluation->worst == REASON_BRIEF)
        *advice = xstrdup("check again with a shorter --interval-ms; if the stage always runs "
                          "beside another one, judge that one, and set the level of this one to "
                          "warn");
    else if (evaluation->improved)
        *advice = xasprintf("to keep the gain, run: %s", refresh);
}

/* The verdict from the findings. */
static void conclude(struct evaluation *evaluation)
{
    static const enum verdict verdicts[] = {
        [REASON_FINE] = VERDICT_PASS,           [REASON_IMPROVED] = VERDICT_IMPROVED,
        [REASON_NOISY] = VERDICT_INCONCLUSIVE,  [REASON_BRIEF] = VERDICT_INCONCLUSIVE,
        [REASON_GONE] = VERDICT_REGRESSED,      [REASON_UNBANKED] = VERDICT_REGRESSED,
        [REASON_REGRESSED] = VERDICT_REGRESSED, [REASON_OVER_BUDGET] = VERDICT_OVER_LIMIT,
    };
    evaluation->judgement->verdict = verdicts[evaluation->worst];
    if (evaluation->judgement->verdict != VERDICT_PASS)
        set_reason_from_finding(evaluation);
    set_advice(evaluation);
}

static void conclude_at_limit(struct evaluation *evaluation)
{
    evaluation->judgement->verdict = VERDICT_OVER_LIMIT;
    evaluation->judgement->reason = at_limit_reason(run_at_limit(evaluation));
    evaluation->judgement->advice = at_limit_advice();
}

/* How the run differs from the entry that is most like it. `baseline` has an entry. */
static char *nearest_difference(const struct baseline *baseline, const struct measurement *m)
{
    const struct environment_key key = environment_key_of(m);
    char *nearest = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < baseline->count; i++) {
        size_t differences;
        char *text CLEANUP(cleanup_free) = environment_key_difference(
            &key, "here", &baseline->environments[i].key, "in the baseline", &differences);
        if (differences >= least)
            continue;
        least = differences;
        free(nearest);
        nearest = steal_ptr(text);
    }
    return nearest;
}

/* A run that has no entry; the first where all have one, but not the same. */
static const struct measurement *run_without_entry(const struct baseline *baseline,
                                                   const struct evaluation *evaluation)
{
    for (size_t i = 0; i < evaluation->run_count; i++)
        if (!baseline_find(baseline, &evaluation->runs[i]))
            return &evaluation->runs[i];
    return &evaluation->runs[0];
}

static char *not_comparable_reason(const struct baseline *baseline,
                                   const struct evaluation *evaluation, const char *path)
{
    const struct measurement *m = run_without_entry(baseline, evaluation);
    if (baseline_find(baseline, m))
        return xstrdup("the runs were measured in different environments");
    char *nearest CLEANUP(cleanup_free) = nearest_difference(baseline, m);
    if (baseline->count == 1)
        return xasprintf("%s was measured in a different environment: %s", path, nearest);
    return xasprintf("none of the %zu environments in %s matches; the nearest differs: %s",
                     baseline->count, path, nearest);
}

static void conclude_without_entry(const struct baseline *baseline, struct evaluation *evaluation)
{
    struct judgement *judgement = evaluation->judgement;
    const char *path = judgement->baseline_path ? judgement->baseline_path : "the baseline";
    char *refresh CLEANUP(cleanup_free) = refresh_command(judgement);
    if (baseline->count == 0) {
        judgement->verdict = VERDICT_NO_BASELINE;
        judgement->reason = xasprintf("%s has no accepted results", path);
        judgement->advice = xasprintf("to record one, run: %s", refresh);
        return;
    }
    judgement->verdict = VERDICT_NOT_COMPARABLE;
    judgement->reason = not_comparable_reason(baseline, evaluation, path);
    judgement->advice =
        xasprintf("measure in the environment of the baseline (the same --memory, --image, "
                  "--engine, --cache and CPUs); to accept this environment too, run: %s",
                  refresh);
}

/* What may explain a difference, and is not judged. */
static void note_drift(struct evaluation *evaluation)
{
    struct strv drift CLEANUP(strv_release) = {0};
    if (!evaluation->entry || !evaluation->entry->measured_on)
        return;
    drift_list(evaluation->entry->measured_on, &evaluation->runs[0].environment, &drift);
    char *list CLEANUP(cleanup_free) = strv_join(&drift, "; ");
    if (drift.count)
        strv_pushf(&evaluation->judgement->notes, "drifted since the baseline was measured: %s",
                   list);
}

/* More than twice as long, and by more than what a duration may scatter. No overflow: both are
 * measured, and each difference is of a greater and a lesser figure. */
static bool much_longer(int64_t span_ms, int64_t than_ms)
{
    return span_ms > than_ms && span_ms - than_ms > than_ms &&
           span_ms - than_ms - than_ms > tolerance_default(METRIC_DURATION).absolute;
}

/* A build that is starved of CPU overlaps less of its work, and needs less memory at once: runs of
 * the workload that took nine times as long had peaks lower by up to a fifth (tests/fixtures/
 * evidence). So a growth may hide in slow runs, and a baseline of slow runs make one up. */
static void note_unlike_durations(struct evaluation *evaluation)
{
    const struct judgement *judgement = evaluation->judgement;
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct finding *finding = &judgement->findings[i];
        if (strcmp(finding->metric, METRIC_DURATION) != 0 || finding->baseline < 0 ||
            finding->actual < 0)
            continue;
        bool slower = much_longer(finding->actual, finding->baseline);
        bool faster = much_longer(finding->baseline, finding->actual);
        if (judgement->verdict == VERDICT_REGRESSED ? !faster : !slower)
            continue;
        char *took CLEANUP(cleanup_free) = metric_figure(finding->metric, finding->actual);
        char *usual CLEANUP(cleanup_free) = metric_figure(finding->metric, finding->baseline);
        strv_pushf(&evaluation->judgement->notes,
                   "the build took %s, against %s in the baseline: a build that gets little CPU "
                   "has a lower peak; %s",
                   took, usual,
                   slower ? "measure on a quiet machine, or an increase may not show"
                          : "if the baseline was measured on a busy machine, refresh it");
    }
}

static enum verdict verdict_of_run(enum run_validity validity)
{
    switch (validity) {
    case RUN_VALID:
        return VERDICT_PASS;
    case RUN_BUILD_FAILED:
        return VERDICT_BUILD_FAILED;
    case RUN_NOT_MEASURED:
        return VERDICT_INCONCLUSIVE;
    }
    BM_BUG("run validity out of range");
}

/* Whether all runs can be judged; else the verdict is set. */
static bool all_ended_well(const struct measurement *runs, size_t run_count,
                           struct judgement *judgement)
{
    if (run_count == 0)
        BM_BUG("no run to judge");
    for (size_t i = 0; i < run_count; i++) {
        char *reason CLEANUP(cleanup_free) = NULL;
        judgement->verdict = verdict_of_run(run_validity(&runs[i], &reason, &judgement->advice));
        if (judgement->verdict == VERDICT_PASS)
            continue;
        judgement->reason = run_count > 1
                                ? xasprintf("run %zu of %zu: %s", i + 1, run_count, reason)
                                : xstrdup(reason);
        return false;
    }
    return true;
}

/* The entry that every run can be compared with. */
static const struct baseline_environment *
common_entry(const struct baseline *baseline, const struct measurement *runs, size_t run_count)
{
    const struct baseline_environment *entry = baseline_find(baseline, &runs[0]);
    for (size_t i = 1; i < run_count; i++)
        if (baseline_find(baseline, &runs[i]) != entry)
            return NULL;
    return entry;
}

void judge(const struct baseline *baseline, const char *baseline_path,
           const struct measurement *runs, size_t run_count, bool strict,
           struct judgement *judgement)
{
    judgement->baseline_path = baseline_path ? xstrdup(baseline_path) : NULL;
    if (!all_ended_well(runs, run_count, judgement))
        return;

    struct evaluation evaluation = {
        .entry = common_entry(baseline, runs, run_count),
        .runs = runs,
        .run_count = run_count,
        .strict = strict,
        .judgement = judgement,
    };
    evaluate_metrics(&evaluation);
    if (run_at_limit(&evaluation))
        conclude_at_limit(&evaluation);
    else if (!evaluation.entry)
        conclude_without_entry(baseline, &evaluation);
    else
        conclude(&evaluation);
    note_drift(&evaluation);
    note_unlike_durations(&evaluation);
}

void judge_alone(const struct measurement *runs, size_t run_count, struct judgement *judgement)
{
    if (!all_ended_well(runs, run_count, judgement))
        return;
    for (size_t i = 0; i < run_count && !judgement->advice; i++)
        if (runs[i].peak.at_limit)
            judgement->advice = at_limit_advice();
}
