#include "bisect/bisect.h"

#include "base/alloc.h"
#include "baseline/tolerance.h"
#include "gate/relative.h"
#include "measurement/metric.h"
#include "measurement/validity.h"

#include <math.h>
#include <string.h>

/* The caller owns the values, one of each run. */
static int64_t *values_of(const struct bisect_commit *commit, const char *metric)
{
    int64_t *values = xcalloc(commit->runs.count, sizeof *values);
    for (size_t i = 0; i < commit->runs.count; i++)
        values[i] = metric_value(&commit->runs.measurements[i], metric);
    return values;
}

static struct ratio ratio_to(const struct bisect_commit *good, const struct bisect_commit *commit,
                             const char *metric)
{
    int64_t *base CLEANUP(cleanup_free) = values_of(good, metric);
    int64_t *values CLEANUP(cleanup_free) = values_of(commit, metric);
    return ratio_of(base, good->runs.count, values, commit->runs.count);
}

static int64_t median_value(const struct bisect_commit *commit, const char *metric)
{
    int64_t *values CLEANUP(cleanup_free) = values_of(commit, metric);
    return median_of(values, commit->runs.count);
}

/* ---- runs that cannot be compared ---- */

static char *unfit_run(const struct measurement *m, const struct measurement *first,
                       const char *metric)
{
    char *reason = NULL, *advice CLEANUP(cleanup_free) = NULL;
    if (run_validity(m, &reason, &advice) != RUN_VALID)
        return reason;
    if (need_is_unknown(m))
        return at_limit_reason(m);
    if (strcmp(metric, METRIC_CGROUP_PEAK) == 0 && peak_is_cut_off(m)) {
        char *cut_off CLEANUP(cleanup_free) = cut_off_reason(m);
        return xasprintf("%s; raise the limit, or use --metric " METRIC_UNRECLAIMABLE_PEAK,
                         cut_off);
    }
    if (metric_value(m, metric) <= 0)
        return xasprintf("%s was not measured", metric);
    const struct environment_key was = environment_key_of(first), is = environment_key_of(m);
    return environment_key_equal(&was, &is)
               ? NULL
               : environment_key_difference(&was, "in GOOD", &is, "here", NULL);
}

char *bisect_unfit(const struct bisection *bisection, const struct bisect_commit *commit)
{
    const struct runs *good = &bisection->commits[0].runs;
    char *reason = commit->reason ? xstrdup(commit->reason) : NULL;
    for (size_t i = 0; !reason && i < commit->runs.count; i++) {
        const struct measurement *m = &commit->runs.measurements[i];
        reason = unfit_run(m, good->count ? good->measurements : m, bisection->question.metric);
    }
    return reason;
}

/* ---- the answers ---- */

enum ratio_position bisect_compare_ends(const struct bisection *bisection, char **text)
{
    const char *metric = bisection->question.metric;
    const struct bisect_commit *good = &bisection->commits[0], *bad = &bisection->commits[1];
    const struct tolerance tolerance = tolerance_default(metric);
    int64_t was = median_value(good, metric), is = median_value(bad, metric);
    double slack = tolerance_share(&tolerance, was);
    struct ratio ratio = ratio_to(good, bad, metric);
    char *from CLEANUP(cleanup_free) = metric_figure(metric, was);
    char *to CLEANUP(cleanup_free) = metric_figure(metric, is);
    *text = xasprintf("%s is %s in GOOD and %s in BAD (between %+.1f %% and %+.1f %%); an increase "
                      "of up to %.1f %% is in its tolerance",
                      metric, from, to, 100 * (ratio.lowest - 1), 100 * (ratio.highest - 1),
                      100 * slack);
    return ratio_position(ratio, slack);
}

static void skip(struct bisect_commit *commit, char *reason)
{
    free(commit->reason);
    commit->reason = reason;
    commit->answer = BISECT_SKIP;
}

void bisect_judge(const struct bisection *bisection, struct bisect_commit *commit)
{
    const char *metric = bisection->question.metric;
    const struct bisect_commit *good = &bisection->commits[0], *bad = &bisection->commits[1];
    char *unfit = bisect_unfit(bisection, commit);
    if (unfit) {
        skip(commit, unfit);
        return;
    }
    if (commit->runs.count < RELATIVE_RUNS_TO_FAIL)
        return;
    double middle = sqrt((double)median_value(bad, metric) / (double)median_value(good, metric));
    switch (ratio_position(ratio_to(good, commit, metric), middle - 1)) {
    case RATIO_ABOVE:
        commit->answer = BISECT_BAD;
        break;
    case RATIO_WITHIN:
    case RATIO_BELOW:
        commit->answer = BISECT_GOOD;
        break;
    case RATIO_ACROSS:
        if (commit->runs.count >= bisection->most)
            skip(commit, xasprintf("after %zu runs, it resembles neither GOOD nor BAD",
                                   commit->runs.count));
        break;
    }
}
