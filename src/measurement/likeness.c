#include "measurement/likeness.h"

#include "base/alloc.h"
#include "base/units.h"

#include <inttypes.h>
#include <string.h>

/* Below these differences, small builds are alike by any factor. */
#define LEAST_BYTES (16 * MIB)
#define LEAST_PROCESSES 10
#define LEAST_MS 1000

/* Whether the value is less than a third of the other, and lower by more than `least`. */
static bool is_unlike(int64_t value, int64_t than, int64_t least)
{
    return value >= 0 && than - value > least && value < than / UNLIKE_FACTOR;
}

bool memory_is_unlike(int64_t bytes, int64_t than_bytes)
{
    return is_unlike(bytes, than_bytes, LEAST_BYTES);
}

/* Whether the CPU time shows less work, or does not contradict it because it is unknown. The same
 * work takes up to a third more on a busy machine. */
static bool used_less_cpu(const struct measurement *m, const struct measurement *than)
{
    int64_t cpu_ms = m->build.cpu_ms, than_ms = than->build.cpu_ms;
    return cpu_ms < 0 || than_ms < 0 || cpu_ms < than_ms - than_ms / 3;
}

static void compare_memory(const struct measurement *m, const struct measurement *than,
                           struct strv *figures)
{
    bool known = m->peak.unreclaimable_bytes >= 0 && than->peak.unreclaimable_bytes >= 0;
    int64_t bytes = known ? m->peak.unreclaimable_bytes : m->peak.cgroup_bytes;
    int64_t than_bytes = known ? than->peak.unreclaimable_bytes : than->peak.cgroup_bytes;
    bool same_limit = m->peak.limit_bytes == than->peak.limit_bytes;
    if (!memory_is_unlike(bytes, than_bytes) || (!same_limit && !used_less_cpu(m, than)))
        return;
    char *text CLEANUP(cleanup_free) = format_bytes(bytes);
    char *than_text CLEANUP(cleanup_free) = format_bytes(than_bytes);
    strv_pushf(figures, "%s of %s against %s", text, known ? "unreclaimable memory" : "memory",
               than_text);
}

static void compare_processes(const struct measurement *m, const struct measurement *than,
                              struct strv *figures)
{
    const struct process_ledger *ledger = &m->ledger, *other = &than->ledger;
    /* Scans miss short processes by chance. */
    if (ledger->source == PEAK_RSS_TASKSTATS && other->source == PEAK_RSS_TASKSTATS &&
        is_unlike(ledger->count, other->count, LEAST_PROCESSES))
        strv_pushf(figures, "%" PRId64 " processes against %" PRId64, ledger->count, other->count);
}

static void compare_time(const struct measurement *m, const struct measurement *than,
                         struct strv *figures)
{
    bool cpu = is_unlike(m->build.cpu_ms, than->build.cpu_ms, LEAST_MS);
    if (!cpu && !(is_unlike(m->build.duration_ms, than->build.duration_ms, LEAST_MS) &&
                  used_less_cpu(m, than)))
        return;
    char *text CLEANUP(cleanup_free) =
        format_duration(cpu ? m->build.cpu_ms : m->build.duration_ms);
    char *than_text CLEANUP(cleanup_free) =
        format_duration(cpu ? than->build.cpu_ms : than->build.duration_ms);
    strv_pushf(figures, "%s%s against %s", text, cpu ? " of CPU time" : "", than_text);
}

static bool is_configured_stage(const struct stage_measurement *stage)
{
    return strcmp(stage->name, "setup") != 0 && stage->first_ms >= 0;
}

/* A stage that ran this long is seen by every scan. */
static void compare_stages(const struct measurement *m, const struct measurement *than,
                           struct strv *figures)
{
    const struct stage_measurement *missing = NULL;
    for (size_t i = 0; i < m->stage_count; i++)
        if (is_configured_stage(&m->stages[i]))
            return;
    for (size_t i = 0; i < than->stage_count && !missing; i++)
        if (is_configured_stage(&than->stages[i]) &&
            than->stages[i].last_ms - than->stages[i].first_ms >= LEAST_MS)
            missing = &than->stages[i];
    if (missing)
        strv_pushf(figures, "stage %s was not seen, nor any other", missing->name);
}

static void compare_cached_steps(const struct measurement *m, const struct measurement *than,
                                 struct strv *figures)
{
    if (m->build.cached_steps > than->build.cached_steps)
        strv_pushf(figures, "%" PRId64 " %s against %" PRId64, m->build.cached_steps,
                   cached_steps_words(m), than->build.cached_steps);
}

char *less_work(const struct measurement *m, const struct measurement *than)
{
    struct strv figures CLEANUP(strv_release) = {0};
    compare_memory(m, than, &figures);
    compare_processes(m, than, &figures);
    compare_time(m, than, &figures);
    compare_stages(m, than, &figures);
    compare_cached_steps(m, than, &figures);
    return figures.count ? strv_join(&figures, ", ") : NULL;
}

char *less_work_with_other_settings(const struct measurement *m, const struct measurement *than)
{
    struct strv figures CLEANUP(strv_release) = {0};
    if (is_unlike(m->build.cpu_ms, than->build.cpu_ms, LEAST_MS))
        compare_time(m, than, &figures);
    compare_stages(m, than, &figures);
    compare_cached_steps(m, than, &figures);
    return figures.count ? strv_join(&figures, ", ") : NULL;
}

char *unlike_runs(const struct measurement *runs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++) {
            char *figures CLEANUP(cleanup_free) = less_work(&runs[i], &runs[k]);
            if (figures)
                return xasprintf("the runs did unlike work: run %zu of %zu did less than run %zu: "
                                 "%s",
                                 i + 1, count, k + 1, figures);
        }
    return NULL;
}
