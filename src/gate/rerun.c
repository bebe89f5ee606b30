/* When one run, or two, leave a verdict in doubt. */
#include "base/alloc.h"
#include "gate/evaluate.h"
#include "gate/judge.h"

/* Where a value lies. */
enum side { BELOW, WITHIN, ABOVE };

static enum side side_of(struct range range, int64_t value)
{
    return value > range.centre + range.slack   ? ABOVE
           : value < range.centre - range.slack ? BELOW
                                                : WITHIN;
}

/* One run lies where chance alone may have put it; NULL where it does not. */
static char *why_a_second_run(const struct baseline_metric *metric, struct range range,
                              int64_t value)
{
    bool below = side_of(range, value) == BELOW;
    if (!below && value <= range.centre + range.slack / 2)
        return NULL;
    char *label CLEANUP(cleanup_free) = metric_label(metric->name);
    char *actual CLEANUP(cleanup_free) = metric_figure(metric->name, value);
    char *centre CLEANUP(cleanup_free) = metric_figure(metric->name, range.centre);
    char *slack CLEANUP(cleanup_free) = metric_figure(metric->name, range.slack);
    return xasprintf("%s of %s is %s the baseline of %s by more than %sthe tolerance of %s", label,
                     actual, below ? "below" : "above", centre, below ? "" : "half of ", slack);
}

/* Two runs that agree decide what the median of three would say. */
static char *why_a_third_run(const struct baseline_metric *metric, struct range range,
                             int64_t first, int64_t second)
{
    enum side one = side_of(range, first), other = side_of(range, second);
    if (one == other)
        return NULL;
    bool about_the_top = one == ABOVE || other == ABOVE;
    int64_t edge = about_the_top ? range.centre + range.slack : range.centre - range.slack;
    char *label CLEANUP(cleanup_free) = metric_label(metric->name);
    char *a CLEANUP(cleanup_free) = metric_figure(metric->name, first);
    char *b CLEANUP(cleanup_free) = metric_figure(metric->name, second);
    char *between CLEANUP(cleanup_free) = metric_figure(metric->name, edge);
    return xasprintf("%s of %s and %s: one run is %s the tolerance, which ends at %s, the other "
                     "is not",
                     label, a, b, about_the_top ? "above" : "below", between);
}

static char *why_of_metric(const struct baseline_metric *metric, const struct measurement *runs,
                           size_t run_count)
{
    int64_t first = metric_value(&runs[0], metric->name);
    int64_t last = metric_value(&runs[run_count - 1], metric->name);
    if (metric->tolerance.level != LEVEL_FAIL || first < 0 || last < 0)
        return NULL;
    struct range range = accepted_range(metric);
    return run_count == 1 ? why_a_second_run(metric, range, first)
                          : why_a_third_run(metric, range, first, last);
}

char *rerun_reason(const struct baseline *baseline, const struct measurement *runs,
                   size_t run_count)
{
    if (run_count >= MAX_CHECK_RUNS)
        return NULL;
    struct judgement so_far CLEANUP(judgement_release);
    judgement_init(&so_far);
    judge(baseline, NULL, runs, run_count, false, &so_far);
    bool settled = so_far.verdict == VERDICT_OVER_LIMIT || verdict_exit_status(so_far.verdict) > 1;
    const struct baseline_environment *entry = settled ? NULL : baseline_find(baseline, &runs[0]);
    char *why = NULL;
    for (size_t i = 0; entry && i < entry->count && !why; i++)
        why = why_of_metric(&entry->metrics[i], runs, run_count);
    return why;
}
