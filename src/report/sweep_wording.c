/* The sentences of a sweep, for the terminal and the page. */
#include "report/wording.h"

#include "base/alloc.h"
#include "base/units.h"
#include "measurement/disturbance.h"

#include <inttypes.h>

static bool has_least_memory(const struct sweep *sweep, const struct sweep_point *points,
                             size_t best)
{
    for (size_t i = 0, count = sweep_point_count(sweep); i < count; i++)
        if (sweep_passes(&points[i]) && points[i].memory.median < points[best].memory.median)
            return false;
    return true;
}

/* "jobs=4 needs 1.20 GiB and takes 65.0 s; the fastest, jobs=8, ..." The caller owns it. */
static char *format_recommendation(const struct sweep *sweep, const struct sweep_point *points)
{
    size_t best, fastest;
    if (!sweep_recommend(sweep, points, &best, &fastest))
        return xstrdup("no build passed");
    char *name CLEANUP(cleanup_free) = sweep_point_text(sweep, best);
    char *memory CLEANUP(cleanup_free) = format_bytes(points[best].memory.median);
    char *time CLEANUP(cleanup_free) = format_duration(points[best].duration.median);
    if (best == fastest && has_least_memory(sweep, points, best))
        return xasprintf("%s is the fastest: %s, %s; no point needs less memory", name, memory,
                         time);
    if (best == fastest)
        return xasprintf("%s is the fastest: %s, %s; each point with less memory is more than "
                         "%.0f %% slower",
                         name, memory, time, 100 * SWEEP_SLOWER);
    char *other CLEANUP(cleanup_free) = sweep_point_text(sweep, fastest);
    char *saved CLEANUP(cleanup_free) =
        format_bytes(points[fastest].memory.median - points[best].memory.median);
    char *added CLEANUP(cleanup_free) =
        format_duration(points[best].duration.median - points[fastest].duration.median);
    return xasprintf("%s needs %s and takes %s: %s less memory than the fastest point, %s, for %s "
                     "more time",
                     name, memory, time, saved, other, added);
}

static char *format_within(const struct sweep *sweep, const struct sweep_point *points,
                           const struct sweep_plan *plan)
{
    char *budget CLEANUP(cleanup_free) = format_bytes(sweep->within_bytes);
    if (plan->state == SWEEP_NONE_FITS)
        return xasprintf("no value fits in %s", budget);
    char *name CLEANUP(cleanup_free) = sweep_point_text(sweep, plan->point);
    char *need CLEANUP(cleanup_free) = format_bytes(points[plan->point].unreclaimable.median);
    char *time CLEANUP(cleanup_free) = format_duration(points[plan->point].duration.median);
    return xasprintf("%s is the largest value that fits in %s; it needs %s without page cache and "
                     "takes %s; one build passed under that limit",
                     name, budget, need, time);
}

char *format_sweep_reason(const struct sweep *sweep, const struct sweep_point *points)
{
    const struct sweep_plan plan = sweep_next(sweep);
    switch (sweep_verdict_of(sweep)) {
    case SWEEP_VERDICT_BUILD_FAILED:
        return xstrdup("the build fails at both ends of each knob");
    case SWEEP_VERDICT_UNFINISHED:
        return xstrdup(sweep->unfinished ? sweep->unfinished : "");
    case SWEEP_VERDICT_NONE_FITS:
        return format_within(sweep, points, &plan);
    case SWEEP_VERDICT_FOUND:
        return sweep->within_bytes >= 0 ? format_within(sweep, points, &plan)
                                        : format_recommendation(sweep, points);
    case SWEEP_VERDICT_STOPPED:
        break;
    }
    if (sweep->within_bytes >= 0)
        return xstrdup("more builds are needed to find the largest value");
    char *best CLEANUP(cleanup_free) = format_recommendation(sweep, points);
    return xasprintf("so far, %s", best);
}

char *format_sweep_run(const struct sweep *sweep, size_t number,
                       const struct disturbance *disturbance)
{
    const struct sweep_run *run = &sweep->runs[number];
    char *point CLEANUP(cleanup_free) = sweep_point_text(sweep, run->point);
    char *memory CLEANUP(cleanup_free) = format_bytes(run->memory_bytes);
    char *duration CLEANUP(cleanup_free) = format_duration(run->duration_ms);
    char *disturbed CLEANUP(cleanup_free) = disturbance_text(disturbance, run->duration_ms);
    return xasprintf("%s%s: %s, %s, %s%s%s", point, run->confirms ? " under the limit" : "",
                     sweep_outcome_name(run->outcome), memory, duration, disturbed ? "; " : "",
                     disturbed ? disturbed : "");
}

/* The point that a sweep that builds would build next. The caller owns the text. */
static char *format_missing_point(const struct sweep *sweep)
{
    const struct sweep_plan plan = sweep_next(sweep);
    char *point CLEANUP(cleanup_free) = sweep_point_text(sweep, plan.point);
    return xasprintf("measure %s %s, and add its result", point, plan.is_repeat ? "again" : "too");
}

char *format_sweep_advice(const struct sweep *sweep)
{
    switch (sweep_verdict_of(sweep)) {
    case SWEEP_VERDICT_STOPPED:
        if (sweep->results)
            return format_missing_point(sweep);
        return xstrdup("to continue, run the same command with a higher --builds");
    case SWEEP_VERDICT_NONE_FITS:
        return xstrdup("name lower values, or raise --within");
    case SWEEP_VERDICT_BUILD_FAILED:
        if (sweep->results)
            return xstrdup("measure points with which the build passes");
        return xasprintf("see in build-%s-1.log why the build failed", sweep->label);
    case SWEEP_VERDICT_FOUND:
    case SWEEP_VERDICT_UNFINISHED:
        break;
    }
    return NULL;
}

char *format_forecast_reason(const struct sweep_forecast *forecast)
{
    char *within CLEANUP(cleanup_free) = format_bytes(forecast->within_bytes);
    char *job CLEANUP(cleanup_free) = format_bytes(forecast->job_bytes);
    char *rest CLEANUP(cleanup_free) = format_bytes(forecast->rest_bytes);
    char *measured CLEANUP(cleanup_free) = format_bytes(forecast->measured_bytes);
    return xasprintf("jobs of %s that fit in %s: %" PRId64 "; one needs %s (p95 of %" PRId64
                     " processes%s), the rest of the build %s; measured: %" PRId64 " jobs with %s",
                     forecast->name, within, forecast->jobs, job, forecast->processes,
                     forecast->source == PEAK_RSS_SCAN ? ", a lower bound" : "", rest,
                     forecast->measured_jobs, measured);
}

char *format_forecast_advice(const struct sweep_forecast *forecast)
{
    int64_t jobs = forecast->jobs;
    if (!jobs)
        return xasprintf("raise --within to %" PRId64 "m or more",
                         add_figures(forecast->rest_bytes, forecast->job_bytes) / MIB + 1);
    char *fewer CLEANUP(cleanup_free) =
        jobs > 1 ? xasprintf("%" PRId64 ",", jobs - 1) : xstrdup("");
    bool whole = forecast->within_bytes % MIB == 0;
    return xasprintf("to confirm it with the variable that sets the jobs, run: build-mem sweep "
                     "--within %" PRId64 "%s --vary NAME=%s%" PRId64 ",%" PRId64,
                     whole ? forecast->within_bytes / MIB : forecast->within_bytes,
                     whole ? "m" : "", fewer, jobs, add_figures(jobs, 1));
}
