#include "measurement/metric.h"

#include "base/alloc.h"
#include "base/units.h"

#include <string.h>

static const char *const plain_metrics[] = {METRIC_CGROUP_PEAK, METRIC_UNRECLAIMABLE_PEAK,
                                            METRIC_DURATION};
#define PLAIN_COUNT (sizeof plain_metrics / sizeof *plain_metrics)

const char *metric_process_name(const char *metric)
{
    size_t length = strlen(METRIC_PROCESS_PREFIX);
    return strncmp(metric, METRIC_PROCESS_PREFIX, length) == 0 ? metric + length : NULL;
}

bool metric_is_known(const char *metric)
{
    for (size_t i = 0; i < PLAIN_COUNT; i++)
        if (strcmp(metric, plain_metrics[i]) == 0)
            return true;
    const char *name = metric_stage(metric);
    name = name ? name : metric_process_name(metric);
    return name && *name;
}

const char *metric_pss_stage(const char *metric)
{
    size_t length = strlen(METRIC_STAGE_PREFIX);
    return strncmp(metric, METRIC_STAGE_PREFIX, length) == 0 ? metric + length : NULL;
}

const char *metric_stage(const char *metric)
{
    size_t length = strlen(METRIC_STAGE_UNRECLAIMABLE_PREFIX);
    return strncmp(metric, METRIC_STAGE_UNRECLAIMABLE_PREFIX, length) == 0
               ? metric + length
               : metric_pss_stage(metric);
}

static const struct stage_measurement *stage_of(const struct measurement *m, const char *metric)
{
    const char *name = metric_stage(metric);
    for (size_t i = 0; name && i < m->stage_count; i++)
        if (strcmp(m->stages[i].name, name) == 0)
            return &m->stages[i];
    return NULL;
}

const struct watched_processes *metric_processes(const struct measurement *m, const char *metric)
{
    const char *name = metric_process_name(metric);
    for (size_t i = 0; name && i < m->ledger.watched_count; i++)
        if (strcmp(m->ledger.watched[i].name, name) == 0)
            return &m->ledger.watched[i];
    return NULL;
}

int64_t metric_value(const struct measurement *m, const char *metric)
{
    if (strcmp(metric, METRIC_CGROUP_PEAK) == 0)
        return m->peak.cgroup_bytes;
    if (strcmp(metric, METRIC_UNRECLAIMABLE_PEAK) == 0)
        return m->peak.unreclaimable_bytes;
    if (strcmp(metric, METRIC_DURATION) == 0)
        return m->build.duration_ms;
    const struct watched_processes *processes = metric_processes(m, metric);
    if (processes)
        return processes->peak_rss_bytes;
    const struct stage_measurement *stage = stage_of(m, metric);
    if (!stage || stage->first_ms < 0)
        return UNMEASURED;
    return metric_pss_stage(metric) ? stage->pss_peak_bytes : stage->unreclaimable_peak_bytes;
}

int64_t metric_at_most(const struct measurement *m, const char *metric)
{
    bool bounded = strcmp(metric, METRIC_CGROUP_PEAK) == 0 && m->peak.at_most_bytes >= 0;
    return bounded ? m->peak.at_most_bytes : metric_value(m, metric);
}

bool run_has_metric(const struct measurement *m, const char *metric)
{
    const struct stage_measurement *stage = stage_of(m, metric);
    return stage ? stage->first_ms >= 0 : metric_value(m, metric) >= 0;
}

void metric_names(const struct measurement *m, struct strv *names)
{
    for (size_t i = 0; i < PLAIN_COUNT; i++)
        if (metric_value(m, plain_metrics[i]) >= 0)
            strv_push(names, plain_metrics[i]);
    static const char *const of_stages[] = {METRIC_STAGE_PREFIX, METRIC_STAGE_UNRECLAIMABLE_PREFIX};
    for (size_t k = 0; k < sizeof of_stages / sizeof *of_stages; k++)
        for (size_t i = 0; i < m->stage_count; i++) {
            char *name CLEANUP(cleanup_free) = xasprintf("%s%s", of_stages[k], m->stages[i].name);
            if (metric_value(m, name) >= 0)
                strv_push(names, name);
        }
    for (size_t i = 0; i < m->ledger.watched_count; i++) {
        char *name CLEANUP(cleanup_free) =
            xasprintf(METRIC_PROCESS_PREFIX "%s", m->ledger.watched[i].name);
        if (metric_value(m, name) >= 0)
            strv_push(names, name);
    }
}

static bool is_time(const char *metric)
{
    return strcmp(metric, METRIC_DURATION) == 0;
}

const char *metric_unit(const char *metric)
{
    return is_time(metric) ? "ms" : "bytes";
}

char *metric_label(const char *metric)
{
    const char *stage = metric_stage(metric), *process = metric_process_name(metric);
    if (process)
        return xasprintf("process %s", process);
    if (!stage)
        return xstrdup(metric);
    return xasprintf(metric_pss_stage(metric) ? "stage %s" : "unreclaimable memory of stage %s",
                     stage);
}

char *metric_figure(const char *metric, int64_t value)
{
    return is_time(metric) ? format_duration(value) : format_bytes(value);
}

char *metric_bounds(const char *metric, int64_t lowest, int64_t highest)
{
    char *from CLEANUP(cleanup_free) = metric_figure(metric, lowest);
    char *to CLEANUP(cleanup_free) = metric_figure(metric, highest);
    return lowest == highest ? steal_ptr(from) : xasprintf("between %s and %s", from, to);
}

char *metric_delta(const char *metric, int64_t delta)
{
    if (!is_time(metric))
        return format_bytes_delta(delta);
    char *size CLEANUP(cleanup_free) = format_duration(llabs(delta));
    return xasprintf("%c%s", delta < 0 ? '-' : '+', size);
}

char *metric_change(const char *metric, int64_t from, int64_t to)
{
    char *size CLEANUP(cleanup_free) = metric_figure(metric, llabs(to - from));
    const char *verb = to < from ? "shrank" : "grew";
    if (from <= 0)
        return xasprintf("%s by %s", verb, size);
    return xasprintf("%s by %s (%+.1f %%)", verb, size, (double)(to - from) * 100 / (double)from);
}

char *metric_step(const char *metric, int64_t from, int64_t to)
{
    char *delta CLEANUP(cleanup_free) = metric_delta(metric, to - from);
    if (from <= 0)
        return xstrdup(delta);
    return xasprintf("%s (%+.1f %%)", delta, (double)(to - from) * 100 / (double)from);
}

const struct snapshot *metric_snapshot(const struct measurement *m, const char *metric)
{
    const struct stage_measurement *stage = stage_of(m, metric);
    if (is_time(metric) || metric_process_name(metric) || (metric_stage(metric) && !stage))
        return NULL;
    const struct snapshot *snapshot = stage ? &stage->at_peak : &m->peak.at_peak;
    bool is_unreclaimable = strcmp(metric, METRIC_UNRECLAIMABLE_PEAK) == 0;
    if (is_unreclaimable && m->peak.at_unreclaimable_peak.count)
        snapshot = &m->peak.at_unreclaimable_peak;
    return snapshot->count ? snapshot : NULL;
}

char *metric_largest(const struct measurement *m, const char *metric)
{
    const struct watched_processes *processes = metric_processes(m, metric);
    if (processes && processes->largest) {
        char *peak CLEANUP(cleanup_free) = format_bytes(processes->peak_rss_bytes);
        return xasprintf("%s, %s", processes->largest, peak);
    }
    const struct snapshot *snapshot = metric_snapshot(m, metric);
    if (!snapshot)
        return NULL;
    size_t count;
    struct process_group *groups CLEANUP(cleanup_free) = snapshot_groups(snapshot, &count);
    if (groups[0].pss_bytes < 0)
        return NULL;

    char *size CLEANUP(cleanup_free) = format_bytes(groups[0].pss_bytes);
    char *times CLEANUP(cleanup_free) =
        groups[0].count > 1 ? xasprintf(" ×%zu", groups[0].count) : xstrdup("");
    return xasprintf("%s%s, %s", groups[0].name, times, size);
}
