#include "report/wording.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"
#include "measurement/metric.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool is_time(const char *unit)
{
    return strcmp(unit, "ms") == 0;
}

char *format_figure(const char *unit, int64_t figure)
{
    return is_time(unit) ? format_duration(figure) : format_bytes(figure);
}

char *format_delta(const char *unit, int64_t delta)
{
    if (!is_time(unit))
        return format_bytes_delta(delta);
    char *span CLEANUP(cleanup_free) = format_duration(delta < 0 ? -delta : delta);
    return xasprintf("%s%s", delta < 0 ? "-" : "+", span);
}

char *format_percent(int64_t from, int64_t to)
{
    if (from <= 0 || to < 0)
        return xstrdup("");
    double percent = 100.0 * ((double)to - (double)from) / (double)from;
    if (percent > 99999)
        return xstrdup(">99999%");
    return xasprintf(percent < 999.95 ? "%+.1f%%" : "%+.0f%%", percent);
}

char *format_span(int64_t first_ms, int64_t last_ms)
{
    if (first_ms < 0 || last_ms < 0)
        return xstrdup("not seen");
    char *first CLEANUP(cleanup_free) = format_duration(first_ms);
    char *last CLEANUP(cleanup_free) = format_duration(last_ms);
    return xasprintf("%s-%s", first, last);
}

bool build_ended_well(const struct build_end *build)
{
    return build->exit_code == 0 && !build->signal && !build->oom_killed && !build->timed_out;
}

/* How the first process ended, whatever else happened to the build. */
static char *format_exit(const struct build_end *build)
{
    if (build->signal > 0)
        return xasprintf("ended by signal %" PRId64 " (%s)", build->signal,
                         strsignal((int)build->signal));
    if (build->exit_code >= 0)
        return xasprintf("exit status %" PRId64, build->exit_code);
    return xstrdup("its end is not known");
}

char *format_build_end(const struct build_end *build)
{
    char *end = format_exit(build);
    if (!build->oom_killed && !build->timed_out)
        return end;
    char *ended CLEANUP(cleanup_free) = end;
    return xasprintf("%s%s%s, %s", build->oom_killed ? "killed for lack of memory (OOM)" : "",
                     build->oom_killed && build->timed_out ? ", " : "",
                     build->timed_out ? "timed out" : "", ended);
}

char *format_composition(const struct composition *composition)
{
    const struct {
        const char *name;
        int64_t bytes;
    } parts[] = {{"anon", composition->anon_bytes},
                 {"file", composition->file_bytes},
                 {"shmem", composition->shmem_bytes},
                 {"kernel", composition->kernel_bytes}};
    char *text = NULL;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].bytes < 0)
            continue;
        char *before CLEANUP(cleanup_free) = text;
        char *size CLEANUP(cleanup_free) = format_bytes(parts[i].bytes);
        text =
            xasprintf("%s%s%s %s", before ? before : "", before ? ", " : "", parts[i].name, size);
    }
    return text;
}

char *format_estimated(const struct peak *peak)
{
    if (!peak->estimated)
        return NULL;
    if (peak->at_most_bytes < 0)
        return xstrdup("ESTIMATED: the highest sample, since the kernel here has no peak counter; "
                       "a short peak can be missed");
    char *most CLEANUP(cleanup_free) = format_bytes(peak->at_most_bytes);
    return xasprintf("ESTIMATED: the highest sample. The cgroup's peak counter cannot be reset "
                     "here and was as high before the build: the true peak lies between this and "
                     "%s",
                     most);
}

const char *at_start_note(const struct peak *peak)
{
    return peak->shared ? "charged before the build: what else lives in this cgroup is in the peak"
                        : "charged before the build's first instruction";
}

const char *at_limit_note(const struct peak *peak)
{
    return peak->at_limit ? "CENSORED: the build reached its memory limit, so what it would take "
                            "without the limit is not known"
                          : NULL;
}

char *format_metric(const char *metric, const struct measurement *m)
{
    const char *stage = metric_stage_name(metric);
    if (stage)
        return xasprintf("PSS peak of stage %s", stage);
    if (strcmp(metric, METRIC_CGROUP_PEAK) == 0)
        return xasprintf("peak of the cgroup (%s)", m->peak.source ? m->peak.source : "no source");
    if (strcmp(metric, METRIC_UNRECLAIMABLE_PEAK) == 0)
        return xstrdup("part of the peak that the kernel could not have reclaimed");
    if (strcmp(metric, METRIC_DURATION) == 0)
        return xstrdup("duration of the build");
    return xstrdup(metric);
}

const struct stage_measurement *find_stage(const struct measurement *m, const char *name)
{
    for (size_t i = 0; i < m->stage_count; i++)
        if (strcmp(m->stages[i].name, name) == 0)
            return &m->stages[i];
    return NULL;
}

const struct snapshot *metric_snapshot(const struct measurement *m, const char *metric)
{
    const struct snapshot *snapshot = &m->peak.at_peak;
    const char *name = metric_stage_name(metric);
    if (name) {
        const struct stage_measurement *stage = find_stage(m, name);
        snapshot = stage ? &stage->at_peak : NULL;
    } else if (strcmp(metric, METRIC_DURATION) == 0) {
        return NULL;
    }
    return snapshot && snapshot->count ? snapshot : NULL;
}

const struct finding *find_check(const struct judgement *judgement, const char *metric)
{
    for (size_t i = 0; i < judgement->finding_count; i++)
        if (strcmp(judgement->findings[i].metric, metric) == 0)
            return &judgement->findings[i];
    return NULL;
}

bool was_compared(const struct judgement *judgement)
{
    return judgement->verdict != VERDICT_NO_BASELINE &&
           judgement->verdict != VERDICT_NOT_COMPARABLE;
}

bool has_gone(const struct finding *check)
{
    return check->status == FINDING_MISSING && check->baseline >= 0;
}

const char *format_status(const struct finding *check, const struct judgement *judgement)
{
    switch (check->status) {
    case FINDING_PASS:
        return "ok";
    case FINDING_IMPROVED:
        return "less";
    case FINDING_WARNED:
        return "warn";
    case FINDING_FAILED:
        return "FAIL";
    case FINDING_MISSING:
        return !was_compared(judgement) ? "-" : has_gone(check) ? "GONE" : "new";
    case FINDING_OFF:
        return "-";
    }
    BM_BUG("check status out of range");
}

char *format_reason(const struct judgement *judgement)
{
    if (judgement->reason)
        return xstrdup(judgement->reason);
    return judgement->baseline_path
               ? xasprintf("within the tolerances of %s", judgement->baseline_path)
               : xstrdup("measured; not compared with a baseline");
}

char *format_group(const struct process_group *group)
{
    /* cppcheck-suppress ctunullpointer ; one of the two sides of a comparison has it */
    char *name CLEANUP(cleanup_free) = text_one_line(group->name);
    return group->count == 1 ? xstrdup(name) : xasprintf("%s ×%zu", name, group->count);
}

char *format_not_measured(const struct measurement *m)
{
    return m->not_measured
               ? xasprintf("NOT MEASURED: %s; do not rely on the figures below", m->not_measured)
               : NULL;
}

char *format_oom(const struct measurement *m)
{
    if (!m->build.oom_killed)
        return NULL;
    char *limit CLEANUP(cleanup_free) = format_bytes(m->peak.limit_bytes);
    return xasprintf("OOM: the kernel killed a process of the build %s%s",
                     m->peak.limit_bytes < 0 ? "for lack of memory" : "under the limit of ",
                     m->peak.limit_bytes < 0 ? "" : limit);
}
