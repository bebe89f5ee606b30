#include "gate/finding.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"
#include "measurement/metric.h"
#include "measurement/validity.h"

#include <stdio.h>
#include <string.h>

const char *finding_status_name(enum finding_status status)
{
    static const char *const names[] = {
        [FINDING_PASS] = "pass",     [FINDING_IMPROVED] = "improved", [FINDING_WARNED] = "warned",
        [FINDING_FAILED] = "failed", [FINDING_MISSING] = "missing",   [FINDING_OFF] = "off",
    };
    return names[status];
}

void finding_release(struct finding *finding)
{
    free(finding->metric);
    free(finding->values);
    free(finding->message);
    free(finding->largest);
}

int64_t finding_highest(const struct finding *finding)
{
    int64_t highest = UNMEASURED;
    for (size_t i = 0; i < finding->value_count; i++)
        highest = finding->values[i] > highest ? finding->values[i] : highest;
    return highest;
}

struct range accepted_range(const struct baseline_metric *metric)
{
    return (struct range){
        .centre = median_of(metric->values, metric->count),
        .slack = tolerance_slack(&metric->tolerance, metric->values, metric->count),
    };
}

enum position range_position(struct range range, int64_t value)
{
    return value > range.centre + range.slack   ? ABOVE
           : value < range.centre - range.slack ? BELOW
                                                : WITHIN;
}

const struct measurement *run_at_limit(const struct measurement *runs, size_t run_count)
{
    for (size_t i = 0; i < run_count; i++)
        if (need_is_unknown(&runs[i]))
            return &runs[i];
    return NULL;
}

const struct measurement *run_cut_off(const struct measurement *runs, size_t run_count)
{
    for (size_t i = 0; i < run_count; i++)
        if (peak_is_cut_off(&runs[i]))
            return &runs[i];
    return NULL;
}

enum level level_for_runs(const struct baseline_environment *entry,
                          const struct baseline_metric *metric, const struct measurement *runs,
                          size_t run_count)
{
    const struct baseline_metric *peak = baseline_metric_find(entry, METRIC_CGROUP_PEAK);
    bool instead = strcmp(metric->name, METRIC_UNRECLAIMABLE_PEAK) == 0 &&
                   run_cut_off(runs, run_count) && peak;
    return instead && peak->tolerance.level > metric->tolerance.level ? peak->tolerance.level
                                                                      : metric->tolerance.level;
}

/* ---- the reason ---- */

static size_t count_runs_with(const struct evaluation *evaluation, const char *metric)
{
    size_t count = 0;
    for (size_t i = 0; i < evaluation->run_count; i++)
        count += run_has_metric(&evaluation->runs[i], metric);
    return count;
}

/* PSS does not include what a limit has swapped out, so a stage that shrank in such a run did not
 * improve. */
static enum reason improvement(const struct evaluation *evaluation, const struct finding *finding,
                               const struct baseline_metric *metric)
{
    if (metric_pss_stage(finding->metric) && run_cut_off(evaluation->runs, evaluation->run_count))
        return REASON_WITHIN;
    return evaluation->strict && metric->tolerance.level == LEVEL_FAIL ? REASON_IMPROVED_STRICT
                                                                       : REASON_IMPROVED;
}

/* The usage is polled so often that its peak exceeds the highest sample hardly by more than 5 %. */
#define UNSAMPLED_PARTS 20

/* The memory peak of some run is known only by its bounds. */
static bool run_is_bounded(const struct evaluation *evaluation, const struct finding *finding)
{
    bool bounded = false;
    for (size_t i = 0; i < evaluation->run_count; i++)
        bounded |= metric_at_most(&evaluation->runs[i], finding->metric) !=
                   metric_value(&evaluation->runs[i], finding->metric);
    return bounded && evaluation->by_bounds && strcmp(finding->metric, METRIC_CGROUP_PEAK) == 0;
}

/* The range of the highest values that the accepted runs can have had. */
static struct range highest_range(const struct evaluation *evaluation,
                                  const struct baseline_metric *metric)
{
    const int64_t *at_most = evaluation->entry->peak_at_most;
    bool bounded = at_most && strcmp(metric->name, METRIC_CGROUP_PEAK) == 0;
    const int64_t *values = bounded ? at_most : metric->values;
    return (struct range){.centre = median_of(values, metric->count),
                          .slack = tolerance_slack(&metric->tolerance, values, metric->count)};
}

/* The memory peak of some run, or of the baseline, is known only by its bounds. */
static bool is_bounded(const struct evaluation *evaluation, const struct finding *finding)
{
    return run_is_bounded(evaluation, finding) ||
           (evaluation->entry && evaluation->entry->peak_at_most &&
            strcmp(finding->metric, METRIC_CGROUP_PEAK) == 0);
}

/* The interval of the median. If a memory peak is known only by its bounds, it reaches from the
 * lowest lower bound to the highest upper bound: no values between them are outside of it. */
static struct interval interval_of(const struct evaluation *evaluation,
                                   const struct finding *finding)
{
    struct interval interval = median_interval(finding->values, finding->value_count);
    if (!run_is_bounded(evaluation, finding))
        return interval;
    for (size_t i = 0; i < evaluation->run_count; i++) {
        int64_t lowest = metric_value(&evaluation->runs[i], finding->metric);
        int64_t highest = metric_at_most(&evaluation->runs[i], finding->metric);
        interval.lowest = lowest < interval.lowest ? lowest : interval.lowest;
        interval.highest = highest > interval.highest ? highest : interval.highest;
    }
    return interval;
}

static enum reason compare_values(const struct evaluation *evaluation,
                                  const struct finding *finding,
                                  const struct baseline_metric *metric)
{
    struct range range = accepted_range(metric), highest = highest_range(evaluation, metric);
    struct interval median = interval_of(evaluation, finding);
    if (range_position(highest, median.lowest) == ABOVE)
        return REASON_REGRESSED;
    if (range_position(range, median.highest) == BELOW)
        return improvement(evaluation, finding, metric);
    if (range_position(range, median.highest) != ABOVE)
        return REASON_WITHIN;
    if (finding->level == LEVEL_FAIL)
        return REASON_NOISY;
    return range_position(highest, finding->actual) == ABOVE ? REASON_REGRESSED : REASON_WITHIN;
}

/* Returns whether the runs without the stage certainly did not execute it. Scans miss a stage that
 * is shorter than the time between two of them. The ledger misses one whose command lines it could
 * not read; but if those processes had less memory than half of the stage in the baseline, they
 * were not the stage. */
static bool stage_is_gone(const struct evaluation *evaluation, const struct baseline_metric *metric)
{
    /* The unreclaimable memory while a stage is current includes that of other processes. */
    if (!metric_pss_stage(metric->name))
        return false;
    int64_t lowest = metric->values[0];
    for (size_t i = 1; i < metric->count; i++)
        lowest = metric->values[i] < lowest ? metric->values[i] : lowest;
    for (size_t i = 0; i < evaluation->run_count; i++) {
        const struct process_ledger *ledger = &evaluation->runs[i].ledger;
        bool is_certain = ledger->source == PEAK_RSS_TASKSTATS && ledger->overruns == 0 &&
                          ledger->unnamed_rss_bytes >= 0 && ledger->unnamed_rss_bytes < lowest / 2;
        if (!is_certain && !run_has_metric(&evaluation->runs[i], metric->name))
            return false;
    }
    return true;
}

/* Returns whether all runs looked for such processes. The ledger needs rights that this machine may
 * not give, and a short process may have ended before its command line was read: then the absence
 * of a value shows nothing. */
static bool is_watched(const struct evaluation *evaluation, const struct finding *finding)
{
    for (size_t i = 0; i < evaluation->run_count; i++)
        if (!metric_processes(&evaluation->runs[i], finding->metric))
            return false;
    return true;
}

static enum reason compare_with_baseline_metric(const struct evaluation *evaluation,
                                                const struct finding *finding,
                                                const struct baseline_metric *metric)
{
    if (finding->level == LEVEL_OFF)
        return REASON_OFF;
    bool is_stage = metric_stage(finding->metric) != NULL;
    enum reason unmeasured = is_stage ? REASON_MISSED : REASON_NOT_MEASURED;
    if (count_runs_with(evaluation, finding->metric) < evaluation->run_count) {
        if (is_stage ? stage_is_gone(evaluation, metric) : !is_watched(evaluation, finding))
            return REASON_GONE;
        if (!is_stage)
            return REASON_NOT_MEASURED;
    }
    if (finding->value_count == 0)
        return unmeasured;
    enum reason reason = compare_values(evaluation, finding, metric);
    /* At level fail, a metric must be measured in every run before it can pass. A stage that was
     * not is missed, which is only reported. */
    bool partly = finding->value_count < evaluation->run_count && finding->level == LEVEL_FAIL;
    return partly && reason < REASON_NOT_MEASURED ? unmeasured : reason;
}

/* The runs have the metric, the baseline does not. */
static enum reason reason_without_baseline(const struct evaluation *evaluation,
                                           const struct finding *finding)
{
    if (finding->level == LEVEL_OFF)
        return REASON_OFF;
    if (!evaluation->entry)
        return REASON_NOT_COMPARED;
    /* The reader refuses such a baseline; here the memory peak would pass without a comparison. */
    return strcmp(finding->metric, METRIC_CGROUP_PEAK) == 0 ? REASON_GONE : REASON_NEW;
}

bool unreclaimable_is_judged(const struct evaluation *evaluation)
{
    const struct baseline_environment *entry = evaluation->entry;
    const struct baseline_metric *metric =
        entry ? baseline_metric_find(entry, METRIC_UNRECLAIMABLE_PEAK) : NULL;
    return metric &&
           level_for_runs(entry, metric, evaluation->runs, evaluation->run_count) != LEVEL_OFF;
}

/* The memory peak of a run at a limit is a lower bound: it can only show that the build grew. A run
 * above the tolerance counts like any other, whether its own peak was cut off or not. */
static enum reason reason_of_cut_off(const struct evaluation *evaluation,
                                     const struct finding *finding,
                                     const struct baseline_metric *metric)
{
    if (!metric)
        return reason_without_baseline(evaluation, finding);
    if (finding->level == LEVEL_OFF)
        return REASON_OFF;
    enum reason reason = compare_with_baseline_metric(evaluation, finding, metric);
    if (range_position(accepted_range(metric), finding_highest(finding)) == ABOVE)
        return reason;
    return unreclaimable_is_judged(evaluation) ? REASON_CUT_OFF : REASON_AT_LIMIT;
}

static enum reason reason_of(const struct evaluation *evaluation, const struct finding *finding,
                             const struct baseline_metric *metric)
{
    if (strcmp(finding->metric, METRIC_CGROUP_PEAK) == 0) {
        if (run_at_limit(evaluation->runs, evaluation->run_count))
            return REASON_AT_LIMIT;
        if (run_cut_off(evaluation->runs, evaluation->run_count))
            return reason_of_cut_off(evaluation, finding, metric);
    }
    return metric ? compare_with_baseline_metric(evaluation, finding, metric)
                  : reason_without_baseline(evaluation, finding);
}

/* ---- the budget ---- */

static int64_t budget_of(const struct evaluation *evaluation, const char *name,
                         const struct baseline_metric *metric)
{
    int64_t of_config = budgets_find(evaluation->budgets, name);
    int64_t of_baseline = metric ? metric->tolerance.budget : UNMEASURED;
    if (of_config < 0 || of_baseline < 0)
        return of_config < 0 ? of_baseline : of_config;
    return of_config < of_baseline ? of_config : of_baseline;
}

/* A process whose exit record was lost could be larger than those that were counted. */
static const struct process_ledger *incomplete_ledger(const struct evaluation *evaluation)
{
    for (size_t i = 0; i < evaluation->run_count; i++) {
        const struct process_ledger *ledger = &evaluation->runs[i].ledger;
        if (ledger->source != PEAK_RSS_TASKSTATS || ledger->lost != 0 || ledger->overruns != 0)
            return ledger;
    }
    return NULL;
}

static bool peak_was_cut_off(const struct evaluation *evaluation, const char *metric)
{
    return strcmp(metric, METRIC_CGROUP_PEAK) == 0 &&
           run_cut_off(evaluation->runs, evaluation->run_count);
}

const struct measurement *run_possibly_over(const struct evaluation *evaluation,
                                            const struct finding *finding)
{
    for (size_t i = 0; i < evaluation->run_count; i++) {
        const struct measurement *run = &evaluation->runs[i];
        int64_t sampled = metric_value(run, finding->metric);
        if (metric_at_most(run, finding->metric) > finding->budget &&
            sampled > finding->budget - finding->budget / UNSAMPLED_PARTS)
            return run;
    }
    return NULL;
}

/* The value of the run is within the budget, its upper bound is not. */
static char *bounds_reason(const struct measurement *run, const char *metric)
{
    char *bounds CLEANUP(cleanup_free) =
        metric_bounds(metric, metric_value(run, metric), metric_at_most(run, metric));
    return xasprintf("the peak counter of the cgroup could not be reset, so the memory peak is %s",
                     bounds);
}

/* Returns the reason that the runs do not show whether the metric is within its budget, or NULL.
 * The caller owns the text. */
static char *unchecked_reason(const struct evaluation *evaluation, const struct finding *finding)
{
    const char *process = metric_process_name(finding->metric);
    const struct process_ledger *ledger = process ? incomplete_ledger(evaluation) : NULL;
    if (ledger)
        return xstrdup(ledger->fallback ? ledger->fallback : "exit records were lost");
    if (finding->value_count == evaluation->run_count) {
        if (peak_was_cut_off(evaluation, finding->metric))
            return cut_off_reason(run_cut_off(evaluation->runs, evaluation->run_count));
        const struct measurement *over = run_possibly_over(evaluation, finding);
        return over ? bounds_reason(over, finding->metric) : NULL;
    }
    if (finding->value_count)
        return xasprintf("it was measured in only %zu of %zu runs", finding->value_count,
                         evaluation->run_count);
    return xstrdup(process                         ? "no process matches"
                   : metric_stage(finding->metric) ? "the stage was not measured"
                                                   : "it was not measured");
}

/* Adds the budget to `reason`, which is that of the comparison with the baseline. */
static enum reason reason_with_budget(const struct evaluation *evaluation,
                                      const struct finding *finding, enum reason reason)
{
    int64_t highest = finding_highest(finding);
    if (finding->budget < 0 || reason == REASON_AT_LIMIT)
        return reason;
    if (highest > finding->budget)
        return REASON_OVER_BUDGET;
    bool cut_off = peak_was_cut_off(evaluation, finding->metric);
    if (cut_off && (reason == REASON_CUT_OFF ||
                    budgets_find(evaluation->budgets, METRIC_UNRECLAIMABLE_PEAK) >= 0))
        return reason == REASON_NOT_COMPARED ? REASON_CUT_OFF : reason;
    char *unchecked CLEANUP(cleanup_free) = unchecked_reason(evaluation, finding);
    if (unchecked)
        return reason > REASON_UNCHECKED_BUDGET ? reason : REASON_UNCHECKED_BUDGET;
    bool judged = reason != REASON_OFF && reason != REASON_NOT_COMPARED && reason != REASON_NEW;
    double warn_at = evaluation->budgets->warn_at_percent / 100 * (double)finding->budget;
    if ((!judged || reason == REASON_WITHIN) && warn_at > 0 && (double)highest > warn_at)
        return REASON_NEAR_BUDGET;
    return judged ? reason : REASON_IN_BUDGET;
}

static enum finding_status status_of(const struct finding *finding, enum reason reason)
{
    switch (reason) {
    case REASON_WITHIN:
    case REASON_IN_BUDGET:
        return FINDING_PASS;
    case REASON_NEAR_BUDGET:
    case REASON_MISSED:
        return FINDING_WARNED;
    case REASON_OFF:
    case REASON_CUT_OFF:
        return FINDING_OFF;
    case REASON_IMPROVED:
        return FINDING_IMPROVED;
    case REASON_NOT_COMPARED:
    case REASON_NEW:
    case REASON_GONE:
        return FINDING_MISSING;
    case REASON_AT_LIMIT:
    case REASON_UNCHECKED_BUDGET:
    case REASON_OVER_BUDGET:
        return FINDING_FAILED;
    case REASON_NOISY:
    case REASON_NOT_MEASURED:
    case REASON_IMPROVED_STRICT:
    case REASON_REGRESSED:
        return finding->level == LEVEL_FAIL ? FINDING_FAILED : FINDING_WARNED;
    }
    BM_BUG("reason out of range");
}

/* ---- the sentence ---- */

static void put_figure(FILE *out, const char *before, const char *metric, int64_t figure)
{
    char *text CLEANUP(cleanup_free) = metric_figure(metric, figure);
    fprintf(out, "%s%s", before, text);
}

/* "1007.0 MiB (median of 3 runs: 1005.0 MiB, 1007.0 MiB, 1009.0 MiB)". */
static void put_actual(FILE *out, const struct finding *finding, size_t run_count)
{
    put_figure(out, "", finding->metric, finding->actual);
    if (finding->value_count && finding->value_count < run_count)
        fprintf(out, " (measured in %zu of %zu runs", finding->value_count, run_count);
    else if (finding->value_count < 2)
        return;
    else
        fprintf(out, " (median of %zu runs", finding->value_count);
    for (size_t i = 0; i < finding->value_count; i++)
        put_figure(out, i ? ", " : ": ", finding->metric, finding->values[i]);
    fputc(')', out);
}

/* "cgroup_peak shrank by 100.0 MiB (-12.5 %) or more, to between 600.0 MiB and 700.0 MiB". */
static void put_bounded_change(FILE *out, const struct evaluation *evaluation,
                               const struct finding *finding, const struct baseline_metric *metric)
{
    const struct interval peak = interval_of(evaluation, finding);
    int64_t lowest = finding->baseline, highest = highest_range(evaluation, metric).centre;
    char *label CLEANUP(cleanup_free) = metric_label(finding->metric);
    char *bounds CLEANUP(cleanup_free) = metric_bounds(finding->metric, peak.lowest, peak.highest);
    bool grew = peak.lowest > highest, shrank = peak.highest < lowest;
    char *change CLEANUP(cleanup_free) = grew
                                             ? metric_change(finding->metric, highest, peak.lowest)
                                             : metric_change(finding->metric, lowest, peak.highest);
    char *baseline CLEANUP(cleanup_free) = metric_bounds(finding->metric, lowest, highest);
    if (grew || shrank)
        fprintf(out, "%s %s or more, to %s", label, change, bounds);
    else
        fprintf(out, "%s is %s", label, bounds);
    for (size_t i = 0; evaluation->run_count > 1 && i < evaluation->run_count; i++) {
        const struct measurement *run = &evaluation->runs[i];
        char *one CLEANUP(cleanup_free) =
            metric_bounds(finding->metric, metric_value(run, finding->metric),
                          metric_at_most(run, finding->metric));
        fprintf(out, "%s%s", i ? ", " : " (", one);
    }
    if (evaluation->run_count > 1)
        fputc(')', out);
    if (highest > lowest || (!grew && !shrank))
        fprintf(out, "; the baseline is %s", baseline);
}

/* "stage build-deps grew by 182.4 MiB (+26.2 %) to 878.1 MiB". */
static void put_change(FILE *out, const struct evaluation *evaluation,
                       const struct finding *finding, const struct baseline_metric *metric)
{
    if (metric && is_bounded(evaluation, finding)) {
        put_bounded_change(out, evaluation, finding, metric);
        return;
    }
    char *label CLEANUP(cleanup_free) = metric_label(finding->metric);
    if (!finding->value_count) {
        fprintf(out, "%s was not %s", label, metric_stage(finding->metric) ? "seen" : "measured");
        return;
    }
    if (finding->baseline < 0 || finding->delta == 0) {
        fprintf(out, "%s is %s", label, finding->baseline < 0 ? "" : "unchanged at ");
    } else {
        char *change CLEANUP(cleanup_free) =
            metric_change(finding->metric, finding->baseline, finding->actual);
        fprintf(out, "%s %s to ", label, change);
    }
    put_actual(out, finding, evaluation->run_count);
}

static void put_gone(FILE *out, const struct evaluation *evaluation, const struct finding *finding)
{
    if (finding->baseline < 0) {
        put_change(out, evaluation, finding, NULL);
        fputs("; the baseline has no value for it", out);
        return;
    }
    char *label CLEANUP(cleanup_free) = metric_label(finding->metric);
    const char *verb = metric_stage(finding->metric) ? "seen" : "measured";
    size_t shown = count_runs_with(evaluation, finding->metric);
    if (shown)
        fprintf(out, "%s was %s in only %zu of %zu runs", label, verb, shown,
                evaluation->run_count);
    else
        fprintf(out, "%s was not %s", label, verb);
    put_figure(out, "; the baseline is ", finding->metric, finding->baseline);
}

/* The stage's processes were seen, so it is not gone: they ended before a snapshot. */
static void put_not_measured(FILE *out, const struct finding *finding, size_t run_count)
{
    char *label CLEANUP(cleanup_free) = metric_label(finding->metric);
    bool is_process = metric_process_name(finding->metric) != NULL;
    if (finding->value_count)
        fprintf(out, "%s was measured in only %zu of %zu runs", label, finding->value_count,
                run_count);
    else
        fprintf(out, "%s was %snot measured", label, is_process ? "" : "seen but ");
    fputs(is_process ? ": no process matched, or the ledger is not complete here"
                     : ": its processes ended too soon",
          out);
    put_figure(out, "; the baseline is ", finding->metric, finding->baseline);
}

static void put_unchecked(FILE *out, const struct evaluation *evaluation,
                          const struct finding *finding)
{
    char *label CLEANUP(cleanup_free) = metric_label(finding->metric);
    char *reason CLEANUP(cleanup_free) = unchecked_reason(evaluation, finding);
    fprintf(out, "the budget of %s", label);
    put_figure(out, ", ", finding->metric, finding->budget);
    fprintf(out, ", cannot be checked: %s", reason);
}

static void put_noisy(FILE *out, const struct evaluation *evaluation, const struct finding *finding)
{
    const struct interval median = interval_of(evaluation, finding);
    char *bounds CLEANUP(cleanup_free) =
        metric_bounds(finding->metric, median.lowest, median.highest);
    if (is_bounded(evaluation, finding))
        fputs("; the bounds are too far apart for a verdict", out);
    else
        fprintf(out, "; the runs show only that the median is %s", bounds);
    put_figure(out, "; ", finding->metric, finding->allowed);
    fputs(" is allowed", out);
}

/* Prints the part after "stage build-deps grew by 182.4 MiB (+26.2 %) to 878.1 MiB", or the whole
 * sentence if there is no such change. */
static void put_consequence(FILE *out, const struct evaluation *evaluation,
                            const struct finding *finding, const struct baseline_metric *metric,
                            enum reason reason)
{
    int64_t slack = metric ? accepted_range(metric).slack : UNMEASURED;
    switch (reason) {
    case REASON_WITHIN:
    case REASON_REGRESSED:
        put_figure(out, "; ", finding->metric, finding->allowed);
        fputs(" is allowed", out);
        return;
    case REASON_OVER_BUDGET:
        fputs(evaluation->run_count > 1 ? "; the highest run" : "; it", out);
        put_figure(out, " exceeds the budget of ", finding->metric, finding->budget);
        return;
    case REASON_IN_BUDGET:
        put_figure(out, "; the budget is ", finding->metric, finding->budget);
        return;
    case REASON_NEAR_BUDGET:
        fputs(evaluation->run_count > 1 ? "; the highest run" : "; it", out);
        fprintf(out, " exceeds %g %%", evaluation->budgets->warn_at_percent);
        put_figure(out, " of the budget of ", finding->metric, finding->budget);
        return;
    case REASON_UNCHECKED_BUDGET:
        put_unchecked(out, evaluation, finding);
        return;
    case REASON_NOISY:
        put_noisy(out, evaluation, finding);
        return;
    case REASON_IMPROVED:
    case REASON_IMPROVED_STRICT:
        put_figure(out, ", more than the tolerance of ", finding->metric, slack);
        if (reason == REASON_IMPROVED_STRICT)
            fputs("; --strict requires that the baseline records it", out);
        return;
    case REASON_OFF:
        fputs(" (reported only)", out);
        return;
    case REASON_CUT_OFF:
        fputs(" (not judged, because the usage reached a memory limit; unreclaimable_peak is "
              "judged instead)",
              out);
        return;
    case REASON_AT_LIMIT:
        fputs("; it reached the memory limit, so the build's need is unknown", out);
        return;
    case REASON_NOT_COMPARED:
        fputs("; there is no baseline to compare it with", out);
        return;
    case REASON_NEW:
        fputs("; it is not in the baseline: to add it, run build-mem baseline refresh", out);
        return;
    case REASON_NOT_MEASURED:
        put_not_measured(out, finding, evaluation->run_count);
        return;
    case REASON_GONE:
        put_gone(out, evaluation, finding);
        return;
    case REASON_MISSED:
        if (count_runs_with(evaluation, finding->metric) < evaluation->run_count)
            put_gone(out, evaluation, finding);
        else
            put_not_measured(out, finding, evaluation->run_count);
        fputs("; not judged, because build-mem can miss a stage that is this short", out);
        return;
    }
}

/* The caller owns the text. */
static char *finding_message(const struct evaluation *evaluation, const struct finding *finding,
                             const struct baseline_metric *metric, enum reason reason)
{
    char *text CLEANUP(cleanup_free) = NULL;
    size_t size;
    FILE *out = xmemstream_open(&text, &size);
    if (reason != REASON_GONE && reason != REASON_NOT_MEASURED && reason != REASON_MISSED &&
        reason != REASON_UNCHECKED_BUDGET)
        put_change(out, evaluation, finding, metric);
    put_consequence(out, evaluation, finding, metric, reason);
    xmemstream_close(out);
    /* The names of stages come from outside. */
    return text_one_line(text);
}

/* The largest processes of the highest run, if the finding has a fault that they may explain. */
static char *finding_largest(const struct evaluation *evaluation, const struct finding *finding,
                             enum reason reason)
{
    if (reason != REASON_REGRESSED && reason != REASON_OVER_BUDGET && reason != REASON_AT_LIMIT &&
        reason != REASON_NOISY && reason != REASON_NEAR_BUDGET)
        return NULL;
    const struct measurement *highest = &evaluation->runs[0];
    for (size_t i = 1; i < evaluation->run_count; i++)
        if (metric_value(&evaluation->runs[i], finding->metric) >
            metric_value(highest, finding->metric))
            highest = &evaluation->runs[i];
    char *text CLEANUP(cleanup_free) = metric_largest(highest, finding->metric);
    /* The names of processes come from outside. */
    return text ? text_one_line(text) : NULL;
}

/* ---- the evaluation ---- */

static void set_actual(const struct evaluation *evaluation, struct finding *finding)
{
    finding->values = xcalloc(evaluation->run_count, sizeof *finding->values);
    for (size_t i = 0; i < evaluation->run_count; i++) {
        int64_t value = metric_value(&evaluation->runs[i], finding->metric);
        if (value >= 0)
            finding->values[finding->value_count++] = value;
    }
    if (finding->value_count)
        finding->actual = median_of(finding->values, finding->value_count);
}

static void set_baseline(const struct evaluation *evaluation, struct finding *finding,
                         const struct baseline_metric *metric)
{
    finding->level =
        level_for_runs(evaluation->entry, metric, evaluation->runs, evaluation->run_count);
    finding->baseline = accepted_range(metric).centre;
    finding->allowed = baseline_metric_allows(metric);
    if (finding->actual >= 0)
        finding->delta = finding->actual - finding->baseline;
}

/* A budget counts at every level. */
static void set_budget(struct finding *finding, enum reason reason)
{
    if (finding->budget < 0)
        return;
    if (reason == REASON_IN_BUDGET || reason == REASON_NEAR_BUDGET ||
        reason == REASON_OVER_BUDGET || reason == REASON_UNCHECKED_BUDGET)
        finding->level = LEVEL_FAIL;
    if (finding->allowed < 0 || finding->budget < finding->allowed)
        finding->allowed = finding->budget;
}

/* The reason as it counts for the verdict. At level warn it is only reported, unless the metric is
 * gone: a metric must not disappear unnoticed. */
static enum reason effective_reason(const struct finding *finding, enum reason reason)
{
    if (reason == REASON_GONE || reason == REASON_AT_LIMIT)
        return reason;
    return reason >= REASON_IMPROVED && finding->level == LEVEL_FAIL ? reason : REASON_WITHIN;
}

static void add_finding(struct evaluation *evaluation, const struct finding *finding,
                        enum reason reason)
{
    enum reason effective = effective_reason(finding, reason);
    evaluation->improved |= reason == REASON_IMPROVED || reason == REASON_IMPROVED_STRICT;
    evaluation->is_new |= reason == REASON_NEW;
    evaluation->is_missed |= reason == REASON_MISSED;
    if (reason == REASON_NEAR_BUDGET && !evaluation->near_budget)
        evaluation->near_budget = finding->metric;
    if (effective > evaluation->worst) {
        evaluation->worst = effective;
        evaluation->worst_finding = evaluation->finding_count;
        evaluation->worst_count = 0;
    }
    evaluation->worst_count += effective == evaluation->worst;
    evaluation->findings = xgrow(evaluation->findings, evaluation->finding_count, sizeof *finding);
    evaluation->findings[evaluation->finding_count++] = *finding;
}

static void evaluate_metric(struct evaluation *evaluation, const char *name)
{
    const struct baseline_metric *metric =
        evaluation->entry ? baseline_metric_find(evaluation->entry, name) : NULL;
    struct finding finding = {
        .metric = xstrdup(name),
        .unit = metric_unit(name),
        .level = tolerance_default(name).level,
        .baseline = UNMEASURED,
        .allowed = UNMEASURED,
        .actual = UNMEASURED,
        .budget = budget_of(evaluation, name, metric),
    };
    set_actual(evaluation, &finding);
    if (metric)
        set_baseline(evaluation, &finding, metric);
    enum reason reason =
        reason_with_budget(evaluation, &finding, reason_of(evaluation, &finding, metric));
    set_budget(&finding, reason);
    finding.status = status_of(&finding, reason);
    finding.over_budget = reason == REASON_OVER_BUDGET || reason == REASON_AT_LIMIT;
    finding.message = finding_message(evaluation, &finding, metric, reason);
    finding.largest = finding_largest(evaluation, &finding, reason);
    add_finding(evaluation, &finding, reason);
}

static void push_new(struct strv *names, const char *name)
{
    if (!strv_contains(names, name))
        strv_push(names, name);
}

void evaluate_metrics(struct evaluation *evaluation)
{
    struct strv names CLEANUP(strv_release) = {0};
    for (size_t i = 0; i < evaluation->run_count; i++) {
        struct strv of_run CLEANUP(strv_release) = {0};
        metric_names(&evaluation->runs[i], &of_run);
        for (size_t j = 0; j < of_run.count; j++)
            push_new(&names, of_run.items[j]);
    }
    for (size_t i = 0; evaluation->entry && i < evaluation->entry->count; i++)
        push_new(&names, evaluation->entry->metrics[i].name);
    for (size_t i = 0; i < evaluation->budgets->count; i++)
        push_new(&names, evaluation->budgets->items[i].metric);
    for (size_t i = 0; i < names.count; i++)
        evaluate_metric(evaluation, names.items[i]);
}
