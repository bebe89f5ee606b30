#include "baseline/disturbed.h"

#include "base/alloc.h"
#include "base/strv.h"
#include "base/units.h"
#include "measurement/disturbance.h"

#include <stdio.h>
#include <string.h>

#define USUAL_BUSY_SHARE 0.25
#define USUAL_THROTTLED_SHARE 0.10
#define UNUSUAL_SHARE 0.10 /* beyond what is usual */
#define UNUSUAL_SWAP_PERCENT 5
#define LONGER_BY_SHARE 0.40 /* than usual */
#define LESS_CPU_SHARE 0.20  /* than usual */
#define SLOWED_BY_MS 10000   /* of time, or of CPU time */
#define FULL_SHARE 0.90      /* of the CPUs: none is idle */

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

/* The share of the CPUs that were not idle; -1: unknown. */
static double full_share(int64_t cpu_ms, const struct disturbance *disturbance)
{
    double busy = busy_share(disturbance);
    double own = share(cpu_ms, disturbance->cpu_capacity_us / 1000);
    return busy >= 0 && own >= 0 ? own + busy : -1;
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

/* CPU time per time; -1: unknown. */
static double cpus_used(int64_t cpu_ms, int64_t duration_ms)
{
    return share(cpu_ms, duration_ms);
}

/* ---- what is usual ---- */

static const struct usual_run nothing_known = {.duration_ms = UNMEASURED,
                                               .cpus = -1,
                                               .busy_share = -1,
                                               .throttled_share = -1,
                                               .full_share = -1};

/* The lowest and the highest number of CPUs that an accepted run used; -1: unknown. */
static void cpus_of_entry(const struct baseline_environment *entry, double *lowest, double *highest)
{
    const struct baseline_metric *duration = baseline_metric_find(entry, METRIC_DURATION);
    *lowest = *highest = -1;
    for (size_t i = 0; duration && duration->count == entry->cpu_count && i < entry->cpu_count;
         i++) {
        double cpus = cpus_used(entry->cpu_ms[i], duration->values[i]);
        *lowest = *lowest < 0 || cpus < *lowest ? cpus : *lowest;
        *highest = cpus > *highest ? cpus : *highest;
    }
}

struct usual_run usual_of_entry(const struct baseline_environment *entry)
{
    struct usual_run usual = nothing_known;
    double highest;
    cpus_of_entry(entry, &usual.cpus, &highest);
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
    struct usual_run usual = nothing_known;
    for (size_t i = 0; i < count; i++) {
        int64_t duration_ms = runs[i].build.duration_ms;
        if (duration_ms >= 0 && (usual.duration_ms < 0 || duration_ms < usual.duration_ms)) {
            const struct disturbance *one = &runs[i].disturbance;
            usual = (struct usual_run){.duration_ms = duration_ms,
                                       .cpus = cpus_used(runs[i].build.cpu_ms, duration_ms),
                                       .busy_share = busy_share(one),
                                       .throttled_share = throttled_share(one, duration_ms),
                                       .full_share = full_share(runs[i].build.cpu_ms, one),
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
    return by_ms > SLOWED_BY_MS && (double)by_ms > LONGER_BY_SHARE * (double)usual_ms;
}

static bool got_less_cpu(double cpus, int64_t duration_ms, double usual)
{
    return cpus >= 0 && cpus < (1 - LESS_CPU_SHARE) * usual &&
           (usual - cpus) * (double)duration_ms > SLOWED_BY_MS;
}

/* "1.2 CPUs instead of 1.5", with as many decimals as make the numbers differ. */
static char *fewer_cpus(double cpus, double usual)
{
    int decimals = 1;
    char is[32], was[32];
    do {
        snprintf(is, sizeof is, "%.*f", decimals, cpus);
        snprintf(was, sizeof was, "%.*f", decimals, usual);
    } while (strcmp(is, was) == 0 && decimals++ < 9);
    return xasprintf("%s CPUs instead of %s", is, was);
}

/* `run`: the figures of the run, or of the runs. */
static char *starved_reason(const struct usual_run *usual, const struct usual_run *run, bool longer)
{
    if (!longer && !got_less_cpu(run->cpus, run->duration_ms, usual->cpus))
        return NULL;
    double busy = run->busy_share, throttled = run->throttled_share;
    bool is_busy = is_unusual(busy, usual->busy_share, USUAL_BUSY_SHARE) &&
                   (longer || run->full_share > FULL_SHARE);
    bool is_stopped = is_unusual(throttled, usual->throttled_share, USUAL_THROTTLED_SHARE);
    if (!is_busy && !is_stopped)
        return NULL;
    struct strv causes CLEANUP(strv_release) = {0};
    if (is_busy)
        strv_pushf(&causes, "other work used %.0f %% of the CPUs", busy * 100);
    if (is_stopped)
        strv_pushf(&causes, "a CPU quota stopped it for %.0f %% of the time", throttled * 100);
    char *why CLEANUP(cleanup_free) = strv_join(&causes, " and ");
    if (!longer) {
        char *fewer CLEANUP(cleanup_free) = fewer_cpus(run->cpus, usual->cpus);
        return xasprintf("the build used %s, because %s", fewer, why);
    }
    char *took CLEANUP(cleanup_free) = format_duration(run->duration_ms);
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
    const struct usual_run run = usual_of_runs(m, 1);
    return starved_reason(usual, &run, is_longer(run.duration_ms, usual->duration_ms));
}

static double smaller(double one, double other)
{
    return one < other ? one : other;
}

char *disturbed_entry_reason(const struct baseline_environment *entry,
                             const struct measurement *runs, size_t count)
{
    const struct usual_run now = usual_of_runs(runs, count);
    struct usual_run then = {.duration_ms = usual_of_entry(entry).duration_ms,
                             .busy_share = 1,
                             .throttled_share = 1,
                             .full_share = 2}; /* the lowest shares */
    double lowest;
    cpus_of_entry(entry, &lowest, &then.cpus);
    for (size_t i = 0; i < entry->disturbance_count; i++) {
        const struct disturbance *one = &entry->disturbance[i];
        then.busy_share = smaller(then.busy_share, busy_share(one));
        then.throttled_share =
            smaller(then.throttled_share, throttled_share(one, then.duration_ms));
        int64_t cpu_ms = i < entry->cpu_count ? entry->cpu_ms[i] : UNMEASURED;
        then.full_share = smaller(then.full_share, full_share(cpu_ms, one));
    }
    if (entry->disturbance_count == 0)
        return NULL;
    bool known = then.cpus >= 0 && now.cpus >= 0;
    bool longer = !known && is_longer(then.duration_ms, now.duration_ms);
    return starved_reason(&now, &then, longer);
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

/* ---- refresh ---- */

size_t runs_to_accept(const struct measurement *runs, size_t count, struct measurement *kept,
                      char **reason)
{
    const struct usual_run usual = usual_of_runs(runs, count);
    return keep_undisturbed(&usual, runs, count, kept, reason);
}

bool builds_took_long(const struct measurement *runs, size_t count)
{
    int64_t took_ms = 0;
    for (size_t i = 0; i < count; i++)
        took_ms += runs[i].build.duration_ms;
    return took_ms >= LONG_BUILDS_MS;
}

/* Whether other work used more of the CPUs than is usual without a baseline, left none idle, and
 * used so much CPU time that it can have slowed the build. */
static bool is_crowded(const struct measurement *m)
{
    bool much = m->disturbance.other_cpu_us / 1000 > SLOWED_BY_MS;
    return much && is_unusual(busy_share(&m->disturbance), -1, USUAL_BUSY_SHARE) &&
           full_share(m->build.cpu_ms, &m->disturbance) > FULL_SHARE;
}

char *crowded_reason(const struct measurement *runs, size_t count)
{
    double least = 1;
    for (size_t i = 0; i < count; i++) {
        if (!is_crowded(&runs[i]))
            return NULL;
        least = smaller(least, busy_share(&runs[i].disturbance));
    }
    return xasprintf("other work used at least %.0f %% of the CPUs in every run", least * 100);
}

void note_refresh(const struct measurement *runs, size_t count, size_t accepted, const char *reason,
                  struct strv *notes)
{
    char *crowded CLEANUP(cleanup_free) = crowded_reason(runs, count);
    if (accepted < count)
        strv_pushf(notes,
                   "%zu of %zu runs are not accepted, because the machine disturbed them: %s",
                   count - accepted, count, reason);
    if (crowded)
        strv_pushf(notes,
                   "%s: a baseline of such runs takes this as usual; if it is not, refresh on a "
                   "quiet machine",
                   crowded);
}

char *refresh_rerun_reason(const struct measurement *runs, size_t count, size_t wanted)
{
    if (count < wanted || count >= REFRESH_ATTEMPTS * wanted || builds_took_long(runs, count))
        return NULL;
    struct measurement *kept CLEANUP(cleanup_free) = xcalloc(count, sizeof *kept);
    char *reason CLEANUP(cleanup_free) = NULL;
    if (runs_to_accept(runs, count, kept, &reason) < wanted)
        return xasprintf("the machine disturbed a run: %s", reason);
    return crowded_reason(runs, count);
}
