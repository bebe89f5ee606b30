#include "gate/judge.h"

#include "base/alloc.h"
#include "base/units.h"
#include "baseline/tolerance.h"
#include "measurement/environment.h"
#include "measurement/validity.h"

#include <string.h>

void judgement_init(struct judgement *judgement)
{
    *judgement = (struct judgement){.verdict = VERDICT_PASS};
}

void judgement_release(struct judgement *judgement)
{
    for (size_t i = 0; i < judgement->finding_count; i++)
        finding_release(&judgement->findings[i]);
    free(judgement->findings);
    free(judgement->baseline_path);
    free(judgement->reason);
    free(judgement->advice);
    strv_release(&judgement->notes);
    judgement_init(judgement);
}

static const struct {
    const char *name;
    int exit_status;
} verdicts[] = {
    [VERDICT_PASS] = {"pass", EXIT_PASS},
    [VERDICT_IMPROVED] = {"improved", EXIT_PASS},
    [VERDICT_REGRESSED] = {"regressed", EXIT_GATE},
    [VERDICT_OVER_LIMIT] = {"over-limit", EXIT_GATE},
    [VERDICT_BUILD_FAILED] = {"build-failed", EXIT_BUILD},
    [VERDICT_INCONCLUSIVE] = {"inconclusive", EXIT_UNMEASURED},
    [VERDICT_NOT_COMPARABLE] = {"not-comparable", EXIT_UNMEASURED},
    [VERDICT_NO_BASELINE] = {"no-baseline", EXIT_USAGE},
};

const char *verdict_name(enum verdict verdict)
{
    return verdicts[verdict].name;
}

int verdict_exit_status(enum verdict verdict)
{
    return verdicts[verdict].exit_status;
}

/* ---- the verdict from the findings ---- */

static char *refresh_command(const struct judgement *judgement)
{
    return judgement->baseline_path
               ? xasprintf("build-mem baseline refresh --baseline %s", judgement->baseline_path)
               : xstrdup("build-mem baseline refresh");
}

static char *advice_for(const struct evaluation *evaluation, const struct judgement *judgement)
{
    char *refresh CLEANUP(cleanup_free) = refresh_command(judgement);
    switch (evaluation->worst) {
    case REASON_OVER_BUDGET:
        return xstrdup("reduce the memory of the build; the budget is \"budget\" in the baseline "
                       "file");
    case REASON_REGRESSED:
        return xasprintf("if this increase is intended, run: %s --allow-increase --reason TEXT",
                         refresh);
    case REASON_GONE:
        return xasprintf("if this is intended, run: %s", refresh);
    case REASON_NOISY:
        return xstrdup("check again on a quiet machine, or make the build steadier (--cache warm, "
                       "a fixed number of workers, a --memory limit)");
    case REASON_NOT_MEASURED:
        return xstrdup("check again with a shorter --interval-ms; if the stage always runs beside "
                       "another one, judge that one, and set the level of this one to warn");
    case REASON_AT_LIMIT:
        return at_limit_advice();
    default:
        return evaluation->improved ? xasprintf("to keep the gain, run: %s", refresh) : NULL;
    }
}

static enum verdict verdict_for(enum reason worst)
{
    switch (worst) {
    case REASON_WITHIN:
    case REASON_OFF:
    case REASON_CUT_OFF:
    case REASON_NOT_COMPARED:
    case REASON_NEW:
        return VERDICT_PASS;
    case REASON_IMPROVED:
        return VERDICT_IMPROVED;
    case REASON_NOISY:
    case REASON_NOT_MEASURED:
        return VERDICT_INCONCLUSIVE;
    case REASON_GONE:
    case REASON_IMPROVED_STRICT:
    case REASON_REGRESSED:
        return VERDICT_REGRESSED;
    case REASON_OVER_BUDGET:
    case REASON_AT_LIMIT:
        return VERDICT_OVER_LIMIT;
    }
    BM_BUG("reason out of range");
}

static void conclude(const struct evaluation *evaluation, struct judgement *judgement)
{
    judgement->verdict = verdict_for(evaluation->worst);
    judgement->advice = advice_for(evaluation, judgement);
    if (judgement->verdict == VERDICT_PASS)
        return;
    const char *message = judgement->findings[evaluation->worst_finding].message;
    judgement->reason = evaluation->worst_count > 1
                            ? xasprintf("%s (and %zu more)", message, evaluation->worst_count - 1)
                            : xstrdup(message);
}

static void conclude_at_limit(const struct measurement *run, struct judgement *judgement)
{
    judgement->verdict = VERDICT_OVER_LIMIT;
    judgement->reason = at_limit_reason(run);
    judgement->advice = at_limit_advice();
}

/* ---- without an entry ---- */

/* How the run differs from the entry that is most like it. `baseline` has at least one entry. */
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

/* The first run without an entry, or NULL if each run has one. */
static const struct measurement *run_without_entry(const struct baseline *baseline,
                                                   const struct measurement *runs, size_t run_count)
{
    for (size_t i = 0; i < run_count; i++)
        if (!baseline_find(baseline, &runs[i]))
            return &runs[i];
    return NULL;
}

static char *not_comparable_reason(const struct baseline *baseline, const char *path,
                                   const struct measurement *runs, size_t run_count)
{
    const struct measurement *m = run_without_entry(baseline, runs, run_count);
    if (!m)
        return xstrdup("the runs were measured in different environments");
    char *nearest CLEANUP(cleanup_free) = nearest_difference(baseline, m);
    if (baseline->count == 1)
        return xasprintf("%s was measured in a different environment: %s", path, nearest);
    return xasprintf("none of the %zu environments in %s matches; the nearest differs: %s",
                     baseline->count, path, nearest);
}

static void conclude_without_entry(const struct baseline *baseline, const struct measurement *runs,
                                   size_t run_count, struct judgement *judgement)
{
    const char *path = judgement->baseline_path ? judgement->baseline_path : "the baseline";
    char *refresh CLEANUP(cleanup_free) = refresh_command(judgement);
    if (baseline->count == 0) {
        judgement->verdict = VERDICT_NO_BASELINE;
        judgement->reason = xasprintf("%s has no accepted results", path);
        judgement->advice = xasprintf("to record one, run: %s", refresh);
        return;
    }
    judgement->verdict = VERDICT_NOT_COMPARABLE;
    judgement->reason = not_comparable_reason(baseline, path, runs, run_count);
    judgement->advice =
        xasprintf("measure in the environment of the baseline (the same --memory, --image, "
                  "--engine, --cache and CPUs); to accept this environment too, run: %s",
                  refresh);
}

/* ---- notes ---- */

static void note_cut_off(const struct evaluation *evaluation, struct judgement *judgement)
{
    const struct measurement *run = run_cut_off(evaluation->runs, evaluation->run_count);
    if (!run || !unreclaimable_is_judged(evaluation) || judgement->verdict == VERDICT_OVER_LIMIT)
        return;
    char *reason CLEANUP(cleanup_free) = cut_off_reason(run);
    strv_pushf(&judgement->notes, "unreclaimable_peak is judged instead of cgroup_peak: %s",
               reason);
}

static void note_drift(const struct baseline_environment *entry, const struct measurement *m,
                       struct strv *notes)
{
    struct strv drift CLEANUP(strv_release) = {0};
    if (!entry || !entry->measured_on)
        return;
    drift_list(entry->measured_on, &m->environment, &drift);
    char *list CLEANUP(cleanup_free) = strv_join(&drift, "; ");
    if (drift.count)
        strv_pushf(notes, "drifted since the baseline was measured: %s", list);
}

/* Once for each daemon, whichever run saw it. */
static void note_outside_daemons(const struct measurement *runs, size_t run_count,
                                 struct strv *notes)
{
    for (size_t i = 0; i < run_count; i++)
        for (size_t k = 0; k < runs[i].outside_daemon_count; k++) {
            char *note CLEANUP(cleanup_free) = outside_daemon_note(&runs[i].outside_daemons[k]);
            if (!strv_contains(notes, note))
                strv_push(notes, note);
        }
}

/* More than twice as long, and by more than the tolerance of a duration. The terms are ordered so
 * that none overflows. */
static bool much_longer(int64_t span_ms, int64_t than_ms)
{
    return span_ms > than_ms && span_ms - than_ms > than_ms &&
           span_ms - than_ms - than_ms > tolerance_default(METRIC_DURATION).absolute;
}

/* A build that gets little CPU overlaps less of its work, and needs less memory at once: runs that
 * took nine times as long had peaks lower by up to a fifth (tests/fixtures/evidence). So an
 * increase may hide in slow runs, and a baseline of slow runs may cause a false alarm. */
static void note_duration(struct judgement *judgement)
{
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct finding *finding = &judgement->findings[i];
        if (strcmp(finding->metric, METRIC_DURATION) != 0 || finding->baseline < 0 ||
            finding->actual < 0)
            continue;
        bool slower = much_longer(finding->actual, finding->baseline);
        bool faster = much_longer(finding->baseline, finding->actual);
        if (judgement->verdict == VERDICT_REGRESSED ? !faster : !slower)
            continue;
        char *actual CLEANUP(cleanup_free) = metric_figure(finding->metric, finding->actual);
        char *baseline CLEANUP(cleanup_free) = metric_figure(finding->metric, finding->baseline);
        strv_pushf(&judgement->notes,
                   "the build took %s, against %s in the baseline: a build that gets little CPU "
                   "has a lower peak; %s",
                   actual, baseline,
                   slower ? "measure on a quiet machine, or an increase may not show"
                          : "if the baseline was measured on a busy machine, refresh it");
    }
}

/* ---- the budgets of the config ---- */

static void replace_verdict(struct judgement *judgement, enum verdict verdict, char *reason,
                            const char *advice)
{
    free(judgement->reason);
    free(judgement->advice);
    judgement->verdict = verdict;
    judgement->reason = reason;
    judgement->advice = xstrdup(advice);
}

static void conclude_over_budget(const struct watched_processes *processes,
                                 struct judgement *judgement)
{
    char *peak CLEANUP(cleanup_free) = format_bytes(processes->peak_rss_bytes);
    char *budget CLEANUP(cleanup_free) = format_bytes(processes->budget_bytes);
    replace_verdict(judgement, VERDICT_OVER_LIMIT,
                    xasprintf("process %s is %s, which exceeds the budget of %s: %s",
                              processes->name, peak, budget, processes->largest),
                    "reduce the memory of this process; the budget is in \"processes\" of "
                    "build-mem.json");
}

static void conclude_without_records(const struct watched_processes *processes,
                                     const struct process_ledger *ledger,
                                     struct judgement *judgement)
{
    replace_verdict(judgement, VERDICT_INCONCLUSIVE,
                    xasprintf("the budget of process %s cannot be checked: %s", processes->name,
                              ledger->fallback ? ledger->fallback : "exit records were lost"),
                    "run build-mem as root outside of a container, or remove the budget from "
                    "\"processes\" of build-mem.json");
}

/* Returns the processes of the run that exceed their budget, or NULL. */
static const struct watched_processes *over_budget(const struct process_ledger *ledger)
{
    for (size_t i = 0; i < ledger->watched_count; i++) {
        const struct watched_processes *processes = &ledger->watched[i];
        if (processes->budget_bytes >= 0 && processes->peak_rss_bytes > processes->budget_bytes)
            return processes;
    }
    return NULL;
}

/* Returns the first processes with a budget if the ledger may miss a larger one, or NULL. */
static const struct watched_processes *unchecked(const struct process_ledger *ledger)
{
    if (ledger->source == PEAK_RSS_TASKSTATS && ledger->lost == 0 && ledger->overruns == 0)
        return NULL;
    for (size_t i = 0; i < ledger->watched_count; i++)
        if (ledger->watched[i].budget_bytes >= 0)
            return &ledger->watched[i];
    return NULL;
}

void judge_process_budgets(const struct measurement *runs, size_t run_count,
                           struct judgement *judgement)
{
    if (judgement->verdict == VERDICT_BUILD_FAILED || judgement->verdict == VERDICT_OVER_LIMIT)
        return;
    for (size_t i = 0; i < run_count; i++) {
        const struct watched_processes *over = over_budget(&runs[i].ledger);
        if (over && !runs[i].not_measured) {
            conclude_over_budget(over, judgement);
            return;
        }
    }
    for (size_t i = 0; i < run_count && verdict_exit_status(judgement->verdict) == 0; i++) {
        const struct watched_processes *processes = unchecked(&runs[i].ledger);
        if (processes)
            conclude_without_records(processes, &runs[i].ledger, judgement);
    }
}

/* ---- the judgement ---- */

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

/* Returns whether all runs can be judged; if not, sets the verdict. */
static bool all_runs_valid(const struct measurement *runs, size_t run_count,
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
    note_outside_daemons(runs, run_count, &judgement->notes);
    if (!all_runs_valid(runs, run_count, judgement))
        return;

    struct evaluation evaluation = {
        .entry = common_entry(baseline, runs, run_count),
        .runs = runs,
        .run_count = run_count,
        .strict = strict,
    };
    evaluate_metrics(&evaluation);
    judgement->findings = evaluation.findings;
    judgement->finding_count = evaluation.finding_count;

    const struct measurement *at_limit = run_at_limit(runs, run_count);
    if (at_limit)
        conclude_at_limit(at_limit, judgement);
    else if (!evaluation.entry)
        conclude_without_entry(baseline, runs, run_count, judgement);
    else
        conclude(&evaluation, judgement);
    note_cut_off(&evaluation, judgement);
    note_drift(evaluation.entry, &runs[0], &judgement->notes);
    note_duration(judgement);
}

void judge_alone(const struct measurement *runs, size_t run_count, struct judgement *judgement)
{
    note_outside_daemons(runs, run_count, &judgement->notes);
    if (all_runs_valid(runs, run_count, judgement) && run_at_limit(runs, run_count))
        judgement->advice = at_limit_advice();
}

/* ---- the rerun policy ---- */

static char *reason_for_second_run(const struct baseline_metric *metric, int64_t value)
{
    struct range range = accepted_range(metric);
    bool below = range_position(range, value) == BELOW;
    if (!below && value <= range.centre + range.slack / 2)
        return NULL;
    char *label CLEANUP(cleanup_free) = metric_label(metric->name);
    char *actual CLEANUP(cleanup_free) = metric_figure(metric->name, value);
    char *centre CLEANUP(cleanup_free) = metric_figure(metric->name, range.centre);
    char *slack CLEANUP(cleanup_free) = metric_figure(metric->name, range.slack);
    return xasprintf("%s of %s is %s the baseline of %s by more than %sthe tolerance of %s", label,
                     actual, below ? "below" : "above", centre, below ? "" : "half of ", slack);
}

/* If two runs are on the same side, so is the median of three. */
static char *reason_for_third_run(const struct baseline_metric *metric, int64_t first,
                                  int64_t second)
{
    struct range range = accepted_range(metric);
    enum position one = range_position(range, first), other = range_position(range, second);
    if (one == other)
        return NULL;
    bool above = one == ABOVE || other == ABOVE;
    int64_t end = above ? range.centre + range.slack : range.centre - range.slack;
    char *label CLEANUP(cleanup_free) = metric_label(metric->name);
    char *a CLEANUP(cleanup_free) = metric_figure(metric->name, first);
    char *b CLEANUP(cleanup_free) = metric_figure(metric->name, second);
    char *between CLEANUP(cleanup_free) = metric_figure(metric->name, end);
    return xasprintf("%s of %s and %s: only one run is %s the end of the tolerance, %s", label, a,
                     b, above ? "above" : "below", between);
}

/* A memory peak that was cut off does not show that the build shrank. Above the tolerance it counts
 * like any other. */
static bool is_lower_bound(const struct baseline_metric *metric, const struct measurement *runs,
                           size_t run_count)
{
    const struct range range = accepted_range(metric);
    bool high = false;
    for (size_t i = 0; i < run_count; i++)
        high |= metric_value(&runs[i], metric->name) > range.centre + range.slack / 2;
    return strcmp(metric->name, METRIC_CGROUP_PEAK) == 0 && run_cut_off(runs, run_count) && !high;
}

char *rerun_reason(const struct baseline *baseline, const struct measurement *runs,
                   size_t run_count)
{
    if (run_count >= MAX_CHECK_RUNS)
        return NULL;
    struct judgement judgement CLEANUP(judgement_release);
    judgement_init(&judgement);
    judge(baseline, NULL, runs, run_count, false, &judgement);
    if (judgement.verdict == VERDICT_OVER_LIMIT || verdict_exit_status(judgement.verdict) > 1)
        return NULL;

    const struct baseline_environment *entry = baseline_find(baseline, &runs[0]);
    char *reason = NULL;
    for (size_t i = 0; entry && i < entry->count && !reason; i++) {
        const struct baseline_metric *metric = &entry->metrics[i];
        int64_t first = metric_value(&runs[0], metric->name);
        int64_t last = metric_value(&runs[run_count - 1], metric->name);
        if (level_for_runs(entry, metric, runs, run_count) != LEVEL_FAIL || first < 0 || last < 0 ||
            is_lower_bound(metric, runs, run_count))
            continue;
        reason = run_count == 1 ? reason_for_second_run(metric, first)
                                : reason_for_third_run(metric, first, last);
    }
    return reason;
}
