#include "baseline/disturbed.h"

#include "base/alloc.h"
#include "base/strv.h"
#include "base/units.h"
#include "measurement/disturbance.h"

#include <string.h>

#define USUAL_BUSY_SHARE 0.25
#define USUAL_THROTTLED_SHARE 0.10
#define UNUSUAL_SHARE 0.10 /* beyond what is usual */
#define UNUSUAL_SWAP_PERCENT 5
#define LONGER_BY_SHARE 0.40 /* than usual */
#define LONGER_BY_MS 10000

/* ---- the shares of one run ---- */

static double share(int64_t part, int64_t of)
{
    return part >= 0 && of > 0 ? (double)part / (double)of : -1;
}

static double busy_share(const struct disturbance *disturbance)
{
    int64_t other = disturbance->other_cpu_us, steal = disturbance->steal_us;
    if (other < 0)
        return -1;
    return share(steal > 0 ? add_figures(other, steal) : other, disturbance->cpu_capacity_us);
}

/* The kernel adds the times of the CPUs. */
static double throttled_share(const struct disturbance *disturbance, int64_t duration_ms)
{
    double stopped_ms = (double)disturbance->throttled_us / 1000;
    if (disturbance->throttled_us < 0 || duration_ms <= 0)
        return -1;
    return stopped_ms < (double)duration_ms ? stopped_ms / (double)duration_ms : 1;
}

static int64_t swapped_bytes(const struct disturbance *disturbance)
{
    return add_figures(disturbance->swap_in_bytes > 0 ? disturbance->swap_in_bytes : 0,
                       disturbance->swap_out_bytes > 0 ? disturbance->swap_out_bytes : 0);
}

/* ---- what is usual ---- */

struct usual_run usual_of_entry(const struct baseline_environment *entry)
{
    struct usual_run usual = {
        .duration_ms = UNMEASURED, .busy_share = -1, .throttled_share = -1, .swapped_bytes = 0};
    const struct baseline_metric *duration = baseline_metric_find(entry, METRIC_DURATION);
    if (duration)
        usual.duration_ms = median_of(duration->values, duration->count);
    for (size_t i = 0; i < entry->disturbance_count; i++) {
        const struct disturbance *one = &entry->disturbance[i];
        double busy = busy_share(one);
        double throttled = throttled_share(one, usual.duration_ms);
        int64_t swapped = swapped_bytes(one);
        usual.busy_share = busy > usual.busy_share ? busy : usual.busy_share;
        usual.throttled_share =
            throttled > usual.throttled_share ? throttled : usual.throttled_share;
        usual.swapped_bytes = swapped > usual.swapped_bytes ? swapped : usual.swapped_bytes;
    }
    return usual;
}

struct usual_run usual_of_runs(const struct measurement *runs, size_t count)
{
    struct usual_run usual = {
        .duration_ms = UNMEASURED, .busy_share = -1, .throttled_share = -1, .swapped_bytes = 0};
    for (size_t i = 0; i < count; i++) {
        int64_t duration_ms = runs[i].build.duration_ms;
        if (duration_ms >= 0 && (usual.duration_ms < 0 || duration_ms < usual.duration_ms)) {
            const struct disturbance *one = &runs[i].disturbance;
            usual = (struct usual_run){.duration_ms = duration_ms,
                                       .busy_share = busy_share(one),
                                       .throttled_share = throttled_share(one, duration_ms),
                                       .swapped_bytes = swapped_bytes(one)};
        }
    }
    return usual;
}

/* ---- the reason ---- */

static bool is_unusual(double share_of_run, double usual, double usual_if_unknown)
{
    return share_of_run > (usual < 0 ? usual_if_unknown : usual) + UNUSUAL_SHARE;
}

static bool is_longer(int64_t duration_ms, int64_t usual_ms)
{
    if (usual_ms < 0 || duration_ms < usual_ms)
        return false;
    int64_t by_ms = duration_ms - usual_ms;
    return by_ms > LONGER_BY_MS && (double)by_ms > LONGER_BY_SHARE * (double)usual_ms;
}

/* `busy` and `throttled`: the shares of the run, or of the runs. */
static char *starved_reason(const struct usual_run *usual, int64_t duration_ms, double busy,
                            double throttled)
{
    if (!is_longer(duration_ms, usual->duration_ms))
        return NULL;
    bool is_busy = is_unusual(busy, usual->busy_share, USUAL_BUSY_SHARE);
    bool is_stopped = is_unusual(throttled, usual->throttled_share, USUAL_THROTTLED_SHARE);
    if (!is_busy && !is_stopped)
        return NULL;
    struct strv causes CLEANUP(strv_release) = {0};
    if (is_busy)
        strv_pushf(&causes, "other work used %.0f %% of the CPUs", busy * 100);
    if (is_stopped)
        strv_pushf(&causes, "a CPU quota stopped it for %.0f %% of the time", throttled * 100);
    char *why CLEANUP(cleanup_free) = strv_join(&causes, " and ");
    char *took CLEANUP(cleanup_free) = format_duration(duration_ms);
    char *usually CLEANUP(cleanup_free) = format_duration(usual->duration_ms);
    return xasprintf("the build took %s instead of %s, because %s", took, usually, why);
}

char *disturbed_reason(const struct usual_run *usual, const struct measurement *m)
{
    const struct disturbance *disturbance = &m->disturbance;
    if (m->pressure.swap_peak_bytes > 0 && swapped_bytes(disturbance) - usual->swapped_bytes >
                                               m->peak.cgroup_bytes / 100 * UNUSUAL_SWAP_PERCENT) {
        char *bytes CLEANUP(cleanup_free) = format_bytes(swapped_bytes(disturbance));
        return xasprintf("the machine swapped %s", bytes);
    }
    return starved_reason(usual, m->build.duration_ms, busy_share(disturbance),
                          throttled_share(disturbance, m->build.duration_ms));
}

static double smaller(double one, double other)
{
    return one < other ? one : other;
}

char *disturbed_entry_reason(const struct baseline_environment *entry,
                             const struct measurement *runs, size_t count)
{
    const struct usual_run now = usual_of_runs(runs, count);
    int64_t duration_ms = usual_of_entry(entry).duration_ms;
    double busy = 1, throttled = 1; /* the lowest shares */
    for (size_t i = 0; i < entry->disturbance_count; i++) {
        const struct disturbance *one = &entry->disturbance[i];
        busy = smaller(busy, busy_share(one));
        throttled = smaller(throttled, throttled_share(one, duration_ms));
    }
    return entry->disturbance_count ? starved_reason(&now, duration_ms, busy, throttled) : NULL;
}

size_t keep_undisturbed(const struct usual_run *usual, const struct measurement *runs,
                        size_t run_count, struct measurement *kept, char **reason)
{
    size_t count = 0;
    *reason = NULL;
    for (size_t i = 0; i < run_count; i++) {
        char *disturbed = disturbed_reason(usual, &runs[i]);
        if (!disturbed) {
            kept[count++] = runs[i];
            continue;
        }
        free(*reason);
        *reason = disturbed;
    }
    return count;
}
