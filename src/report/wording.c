#include "report/wording.h"

#include "base/alloc.h"
#include "base/strv.h"
#include "base/text.h"
#include "base/units.h"
#include "measurement/cause.h"
#include "measurement/metric.h"
#include "measurement/validity.h"

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
    if (percent > 9999)
        return xstrdup(">9999%");
    return xasprintf(percent < 99.95 ? "%+.1f%%" : "%+.0f%%", percent);
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
    return build->exit_code == 0 && !build->signal && !build->oom_killed && !build->timed_out &&
           !build->guard.ended;
}

static char *format_exit(const struct build_end *build)
{
    if (build->signal > 0)
        return xasprintf("killed by signal %" PRId64 " (%s)", build->signal,
                         strsignal((int)build->signal));
    if (build->exit_code >= 0)
        return xasprintf("exit status %" PRId64, build->exit_code);
    return xstrdup("exit status unknown");
}

char *format_build_end(const struct build_end *build)
{
    struct strv parts CLEANUP(strv_release) = {0};
    char *end CLEANUP(cleanup_free) = format_exit(build);
    if (build->oom_killed)
        strv_push(&parts, "killed for lack of memory (OOM)");
    if (build->guard.ended)
        strv_push(&parts, "ended by the guard");
    if (build->timed_out)
        strv_push(&parts, "timed out");
    strv_push(&parts, end);
    return strv_join(&parts, ", ");
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

char *format_estimated(const struct measurement *m)
{
    const struct peak *peak = &m->peak;
    /* Of a run that was not measured, only the true reason is reported. */
    if (!peak->estimated || peak->cgroup_bytes < 0 || m->not_measured)
        return NULL;
    if (measurement_is_imported(m))
        return xstrdup("IMPORTED: BuildKit recorded these figures, build-mem measured none. The "
                       "memory peak is that of the highest step; steps that ran at the same time "
                       "are not added up");
    if (peak->at_most_bytes < 0)
        return xasprintf(
            "ESTIMATED: the highest sample (%s), because no peak counter of the kernel "
            "was read; a short peak can be missed",
            peak->source ? peak->source : "unknown source");
    char *most CLEANUP(cleanup_free) = format_bytes(peak->at_most_bytes);
    return xasprintf("ESTIMATED: the highest sample, because the peak counter of the cgroup "
                     "cannot be reset and was as high before the build; the true peak is at most "
                     "%s",
                     most);
}

const char *at_start_note(const struct peak *peak)
{
    return peak->shared
               ? "charged before the build: the peak includes other processes of this cgroup"
               : "charged before the build's first instruction";
}

char *format_at_limit(const struct measurement *m)
{
    if (!m->peak.at_limit)
        return NULL;
    char *reason CLEANUP(cleanup_free) =
        need_is_unknown(m) ? at_limit_reason(m) : cut_off_reason(m);
    return xasprintf("AT THE LIMIT: %s", reason);
}

char *format_inner_oom(const struct measurement *m)
{
    if (m->pressure.inner_oom_kills <= 0)
        return NULL;
    return xasprintf("the kernel killed %" PRId64 " of its processes at a limit that the build "
                     "itself set%s%s; this does not fail the run",
                     m->pressure.inner_oom_kills, m->cgroup.inner_oom ? ", on its cgroup " : "",
                     m->cgroup.inner_oom ? m->cgroup.inner_oom : "");
}

char *format_cached_steps(const struct measurement *m)
{
    if (m->build.cached_steps <= 0)
        return NULL;
    return measurement_is_imported(m)
               ? xasprintf("WITHOUT SAMPLES: %" PRId64 " of the RUN steps were cached, or shorter "
                           "than the sampling interval of BuildKit",
                           m->build.cached_steps)
               : xasprintf("CACHED: %" PRId64 " of the RUN steps came from the cache of the "
                           "builder, and were not measured",
                           m->build.cached_steps);
}

char *format_metric(const char *metric, const struct measurement *m)
{
    const char *stage = metric_pss_stage(metric);
    if (stage)
        return xasprintf("PSS peak of stage %s", stage);
    if (metric_stage(metric))
        return xasprintf("highest memory that the kernel cannot reclaim while stage %s was current",
                         metric_stage(metric));
    if (strcmp(metric, METRIC_CGROUP_PEAK) == 0)
        return xasprintf("memory peak of the build (%s)",
                         m->peak.source ? m->peak.source : "no source");
    if (strcmp(metric, METRIC_UNRECLAIMABLE_PEAK) == 0)
        return xstrdup("peak of the memory that the kernel cannot reclaim");
    if (strncmp(metric, METRIC_PROCESS_PREFIX, strlen(METRIC_PROCESS_PREFIX)) == 0)
        return xasprintf("peak RSS of the largest process %s",
                         metric + strlen(METRIC_PROCESS_PREFIX));
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

const struct finding *find_finding(const struct judgement *judgement, const char *metric)
{
    for (size_t i = 0; i < judgement->finding_count; i++)
        if (strcmp(judgement->findings[i].metric, metric) == 0)
            return &judgement->findings[i];
    return NULL;
}

bool was_compared(const struct judgement *judgement)
{
    return (judgement->baseline_path || judgement->base_commit) &&
           judgement->verdict != VERDICT_NO_BASELINE &&
           judgement->verdict != VERDICT_NOT_COMPARABLE;
}

bool has_gone(const struct finding *finding)
{
    return finding->status == FINDING_MISSING && finding->baseline >= 0;
}

const char *format_status(const struct finding *finding, const struct judgement *judgement)
{
    switch (finding->status) {
    case FINDING_PASS:
        return "ok";
    case FINDING_IMPROVED:
        return "improved";
    case FINDING_WARNED:
        return "warn";
    case FINDING_FAILED:
        return "FAIL";
    case FINDING_MISSING:
        return !was_compared(judgement) ? "-" : has_gone(finding) ? "missing" : "new";
    case FINDING_OFF:
        return "-";
    }
    BM_BUG("finding status out of range");
}

/* "4.1", "6": one decimal, if it is not 0. */
static char *format_tenths(double figure)
{
    char *text = xasprintf("%.1f", figure);
    size_t length = strlen(text);
    if (strcmp(text + length - 2, ".0") == 0)
        text[length - 2] = '\0';
    return text;
}

char *format_headroom(const struct finding *finding)
{
    int64_t highest = finding_highest(finding);
    if (finding->budget < 0)
        return NULL;
    if (is_time(finding->unit)) {
        char *used CLEANUP(cleanup_free) = format_duration(highest);
        char *budget CLEANUP(cleanup_free) = format_duration(finding->budget);
        return xasprintf("%s of %s", used, budget);
    }
    bool large = finding->budget >= 1024 * MIB;
    double unit = large ? 1024.0 * MIB : MIB;
    char *used CLEANUP(cleanup_free) =
        highest < 0 ? xstrdup("n/a") : format_tenths((double)highest / unit);
    char *budget CLEANUP(cleanup_free) = format_tenths((double)finding->budget / unit);
    return xasprintf("%s of %s %s", used, budget, large ? "GiB" : "MiB");
}

char *format_allowed(const struct finding *finding)
{
    bool judged = finding->status != FINDING_OFF && finding->allowed >= 0;
    return judged ? format_figure(finding->unit, finding->allowed) : xstrdup("-");
}

char *format_reason(const struct judgement *judgement)
{
    if (judgement->reason)
        return xstrdup(judgement->reason);
    if (judgement->base_commit)
        return xasprintf("within the tolerances, compared with the merge base %.12s",
                         judgement->base_commit);
    if (!judgement->baseline_path && judgement->finding_count)
        return xstrdup("within the budgets of build-mem.json");
    return judgement->baseline_path
               ? xasprintf("within the tolerances of %s", judgement->baseline_path)
               : xstrdup("measured; not compared with a baseline");
}

/* Returns the finding that the reason reports, or NULL. Borrowed. */
static const struct finding *reason_finding(const struct judgement *judgement)
{
    for (size_t i = 0; judgement->reason && i < judgement->finding_count; i++) {
        const struct finding *finding = &judgement->findings[i];
        if (finding->message &&
            strncmp(judgement->reason, finding->message, strlen(finding->message)) == 0)
            return finding;
    }
    return NULL;
}

const char *reason_largest(const struct judgement *judgement)
{
    const struct finding *finding = reason_finding(judgement);
    return finding ? finding->largest : NULL;
}

const char *advice_command(const char *advice)
{
    static const char lead[] = "run: ";
    const char *at = strstr(advice, lead);
    return at ? at + strlen(lead) : NULL;
}

char *format_group(const struct process_group *group)
{
    /* cppcheck-suppress ctunullpointer ; one of the two sides of a comparison has it */
    char *name CLEANUP(cleanup_free) = text_one_line(group->name);
    return group->count == 1 ? xstrdup(name) : xasprintf("%s ×%zu", name, group->count);
}

char *format_ledger_process(const struct ledger_process *process)
{
    char *text CLEANUP(cleanup_free) = name_with_item(process->name, process->item);
    return text_one_line(text);
}

char *format_ledger_title(const struct process_ledger *ledger)
{
    return xasprintf("largest processes %s (of %" PRId64 ")",
                     ledger->source == PEAK_RSS_SCAN ? "in the snapshots" : "of the whole build",
                     ledger->count);
}

char *format_ledger_gaps(const struct process_ledger *ledger)
{
    if (ledger->source == PEAK_RSS_SCAN)
        return xasprintf("from scans, so each peak is a lower bound and short processes are "
                         "missing: %s",
                         ledger->fallback ? ledger->fallback : "taskstats was not used");
    if (ledger->overruns > 0)
        return xasprintf("at least %" PRId64 " of %" PRId64 " processes have no peak: the kernel "
                         "dropped records %" PRId64 " times",
                         ledger->lost, ledger->count, ledger->overruns);
    if (ledger->lost > 0)
        return xasprintf("%" PRId64 " of %" PRId64 " processes have no peak: their exit records "
                         "did not arrive",
                         ledger->lost, ledger->count);
    return NULL;
}

/* ---- mappings ---- */

/* The kinds that a line omits have less than this part. */
#define LEAST_KIND_PERCENT 1
/* The memory of the process when its mappings were read counts as that at the peak within this. */
#define SAME_SIZE_PERCENT 5

static const char *const kind_words[] = {
    [MAPPING_HEAP] = "heap",           [MAPPING_ANONYMOUS] = "anonymous",
    [MAPPING_STACK] = "thread stacks", [MAPPING_CODE] = "code of a JIT",
    [MAPPING_NAMED] = "named",         [MAPPING_SHARED] = "shared memory",
    [MAPPING_FILE] = "files",
};

char *format_mapped(const struct mapped *part)
{
    if (!part->name)
        return xasprintf("%s%s", part->kind == MAPPING_FILE ? "other " : "",
                         kind_words[part->kind]);
    char *name CLEANUP(cleanup_free) = text_one_line(part->name);
    return part->kind == MAPPING_FILE ? xstrdup(name)
                                      : xasprintf("%s %s", kind_words[part->kind], name);
}

const char *unread_reason(enum mappings_unread unread)
{
    static const char *const reasons[] = {
        [MAPPINGS_READ] = "",
        [MAPPINGS_ENDED] = "the process had ended",
        [MAPPINGS_BUDGET] = "the time for reads was used up, or the peak was too short",
        [MAPPINGS_NEAR_LIMIT] = "the memory was near its limit",
        [MAPPINGS_REFUSED] = "/proc/PID/smaps could not be read",
    };
    return reasons[unread];
}

static int larger_kind_first(const void *left, const void *right)
{
    const struct mapped *a = left, *b = right;
    if (a->pss_bytes != b->pss_bytes)
        return a->pss_bytes < b->pss_bytes ? 1 : -1;
    return (a->kind > b->kind) - (a->kind < b->kind);
}

/* "anonymous 380.0 MiB, files 20.0 MiB" */
static char *format_kinds(const struct process_mappings *mappings)
{
    struct mapped kinds[MAPPING_KINDS];
    struct strv texts CLEANUP(strv_release) = {0};
    for (int kind = 0; kind < MAPPING_KINDS; kind++)
        kinds[kind] =
            (struct mapped){.kind = (enum mapping_kind)kind,
                            .pss_bytes = mappings_of_kind(mappings, (enum mapping_kind)kind)};
    qsort(kinds, MAPPING_KINDS, sizeof *kinds, larger_kind_first);
    for (int i = 0; i < MAPPING_KINDS; i++) {
        char *bytes CLEANUP(cleanup_free) = format_bytes(kinds[i].pss_bytes);
        if (kinds[i].pss_bytes > mappings->pss_bytes / 100 * LEAST_KIND_PERCENT)
            strv_pushf(&texts, "%s %s", kind_words[kinds[i].kind], bytes);
    }
    return strv_join(&texts, ", ");
}

char *format_inside(const struct measurement *m)
{
    const struct snapshot *snapshot = &m->peak.at_peak;
    const struct process_usage *process = snapshot->processes;
    if (!snapshot->count || !process->mappings || process->mappings->unread ||
        !process->mappings->part_count || process->mappings->pss_bytes <= 0)
        return NULL;
    const struct process_mappings *mappings = process->mappings;
    int64_t by = mappings->pss_bytes - process->pss_bytes;
    bool same = (by < 0 ? -by : by) <= process->pss_bytes / 100 * SAME_SIZE_PERCENT;
    char *name CLEANUP(cleanup_free) = text_one_line(process->name);
    char *bytes CLEANUP(cleanup_free) = format_bytes(process->pss_bytes);
    char *at CLEANUP(cleanup_free) = format_duration(mappings->at_ms);
    char *then CLEANUP(cleanup_free) = format_bytes(mappings->pss_bytes);
    char *kinds CLEANUP(cleanup_free) = format_kinds(mappings);
    return same ? xasprintf("%s (pid %" PRId64 "), %s: %s", name, process->pid, bytes, kinds)
                : xasprintf("%s (pid %" PRId64 "), %s; read at %s with %s: %s", name, process->pid,
                            bytes, at, then, kinds);
}

/* ---- the deep run ---- */

/* The categories of the JVM that a line names. */
#define CATEGORIES_SHOWN 4

/* "array buffers 1.20 GiB", "Other 150.0 MiB, Metaspace 40.0 MiB": the larger parts of the native
 * memory. */
static char *format_native_parts(const struct runtime_process *process)
{
    struct strv parts CLEANUP(strv_release) = {0};
    char *buffers CLEANUP(cleanup_free) = format_bytes(process->array_buffers_bytes);
    if (process->kind == RUNTIME_V8)
        return xasprintf("array buffers %s", buffers);
    for (size_t i = 0; i < process->part_count && parts.count < CATEGORIES_SHOWN; i++) {
        char *bytes CLEANUP(cleanup_free) = format_bytes(process->parts[i].bytes);
        if (strcmp(process->parts[i].name, "Java Heap") != 0)
            strv_pushf(&parts, "%s %s", process->parts[i].name, bytes);
    }
    char *list CLEANUP(cleanup_free) = strv_join(&parts, ", ");
    return xasprintf("committed: %s", list);
}

char *format_runtime(const struct runtime_process *process)
{
    bool exact = process->heap_bytes >= 0;
    int64_t heap_bytes = exact ? process->heap_bytes : process->heap_committed_bytes;
    if (heap_bytes > process->rss_bytes)
        heap_bytes = process->rss_bytes;
    char *rss CLEANUP(cleanup_free) = format_bytes(process->rss_bytes);
    char *heap CLEANUP(cleanup_free) = format_bytes(heap_bytes);
    char *native CLEANUP(cleanup_free) = format_bytes(process->native_bytes);
    char *parts CLEANUP(cleanup_free) = format_native_parts(process);
    char *line CLEANUP(cleanup_free) = xasprintf(
        "%s (pid %" PRId64 "): %s, of which the %s heap is %s%s and native memory is %s%s (%s)",
        process->name, process->pid, rss, process->kind == RUNTIME_V8 ? "V8" : "Java",
        exact ? "" : "at most ", heap, exact ? "" : "at least ", native, parts);
    return text_one_line(line);
}

void format_deep_gaps(const struct deep_run *deep, struct strv *gaps)
{
    if (deep->failure)
        strv_pushf(gaps, "the build of the deep run failed, so figures can be missing: %s",
                   deep->failure);
    if (deep->silent.count) {
        char *list CLEANUP(cleanup_free) = strv_join(&deep->silent, ", ");
        strv_pushf(gaps,
                   "without figures, because the build replaced NODE_OPTIONS or "
                   "JAVA_TOOL_OPTIONS, or the runtime cannot report: %s",
                   list);
    } else if (!deep->reported && !deep->failure) {
        strv_push(gaps, "no process reported: the build ran neither Node.js nor a HotSpot JVM");
    }
}

char *metric_inside(const struct measurement *m, const char *metric)
{
    const struct snapshot *snapshot = metric_snapshot(m, metric);
    bool same = snapshot && m->peak.at_peak.count &&
                snapshot->processes[0].pid == m->peak.at_peak.processes[0].pid;
    return same ? format_inside(m) : NULL;
}

char *reason_inside(const struct measurement *m, const struct judgement *judgement)
{
    const struct finding *finding = reason_finding(judgement);
    bool fails = verdict_exit_status(judgement->verdict) != 0;
    bool is_cause = judgement->verdict == VERDICT_BUILD_FAILED && failure_cause(m);
    if (!fails)
        return NULL;
    return is_cause ? format_inside(m) : finding ? metric_inside(m, finding->metric) : NULL;
}

char *format_not_measured(const struct measurement *m)
{
    if (!m->not_measured)
        return NULL;
    return xasprintf("NOT MEASURED: %s%s", m->not_measured,
                     m->peak.cgroup_bytes >= 0 ? "; the figures below are not reliable" : "");
}

char *format_oom(const struct measurement *m)
{
    if (!m->build.oom_killed)
        return NULL;
    char *limit CLEANUP(cleanup_free) = reached_limit(m);
    char *step CLEANUP(cleanup_free) = killed_process_text(m);
    return xasprintf("OOM: the kernel killed %s%s%s", step ? step : "a process of the build",
                     limit ? " at " : "", limit ? limit : "");
}

/* ---- comparisons ---- */

#define HEAD_COLUMNS 10

static bool fit_as_heads(const char *a, const char *b)
{
    return a && b && *a && *b && strcmp(a, b) != 0 && strlen(a) <= HEAD_COLUMNS &&
           strlen(b) <= HEAD_COLUMNS;
}

static const char *label_of(const struct comparison_side *side)
{
    return side->count == 1 ? side->runs[0].label : side->count ? NULL : "baseline";
}

const char *side_head(const struct comparison *comparison, int side)
{
    const struct comparison_side *sides = comparison->sides;
    if (fit_as_heads(sides[0].name, sides[1].name))
        return sides[side].name;
    if (fit_as_heads(label_of(&sides[0]), label_of(&sides[1])))
        return label_of(&sides[side]);
    return side ? "B" : "A";
}

static char *format_labels(const struct comparison_side *side)
{
    if (side->count == 1)
        return xasprintf("label %s", side->runs[0].label);
    char *list CLEANUP(cleanup_free) = xstrdup(side->runs[0].label);
    for (size_t i = 1; i < side->count; i++) {
        char *before CLEANUP(cleanup_free) = list;
        list = xasprintf("%s, %s", before, side->runs[i].label);
    }
    return xasprintf("%zu runs (%s)", side->count, list);
}

static char *format_runs(const struct comparison_side *side)
{
    const struct measurement *m = &side->runs[0];
    char *labels CLEANUP(cleanup_free) = format_labels(side);
    char *end CLEANUP(cleanup_free) = format_build_end(&m->build);
    return xasprintf("%s, %s%s%.12s%s%s", labels, m->started_at, m->commit ? ", commit " : "",
                     m->commit ? m->commit : "", side->count == 1 ? ", " : "",
                     side->count == 1 ? end : "");
}

static char *format_baseline(const struct baseline_environment *entry)
{
    if (!entry)
        return xstrdup("a baseline");
    return xasprintf("accepted %s%s%.12s", entry->accepted_at,
                     entry->accepted_commit ? ", commit " : "",
                     entry->accepted_commit ? entry->accepted_commit : "");
}

char *format_side(const struct comparison *comparison, int at)
{
    const struct comparison_side *side = &comparison->sides[at];
    const char *head = side_head(comparison, at);
    bool named = strcmp(side->name, head) == 0;
    char *what CLEANUP(cleanup_free) =
        side->count ? format_runs(side) : format_baseline(side->entry);
    return xasprintf("%s: %s%s%s", head, named ? "" : side->name, named ? "" : ", ", what);
}

char *format_estimated_side(const struct comparison *comparison, int at)
{
    const struct comparison_side *side = &comparison->sides[at];
    char *note = NULL;
    for (size_t i = 0; i < side->count && !note; i++)
        note = format_estimated(&side->runs[i]);
    return note;
}

char *format_row_delta(const struct comparison_row *row)
{
    switch (row_change(row)) {
    case CHANGE_NONE:
        return xstrdup("same");
    case CHANGE_ADDED:
        return xstrdup("added");
    case CHANGE_REMOVED:
        return xstrdup("removed");
    case CHANGE_GREW:
    case CHANGE_SHRANK:
        break;
    }
    return format_delta(row->unit,
                        run_values_median(&row->sides[1]) - run_values_median(&row->sides[0]));
}

const char *row_status(const struct comparison_row *row, const struct comparison *comparison)
{
    return row->check ? format_status(row->check, &comparison->judgement) : "";
}

char *format_row_allowed(const struct comparison_row *row)
{
    return row->check ? format_allowed(row->check) : xstrdup("-");
}

char *format_row_processes(const struct comparison_row *row)
{
    int64_t was = row->processes[0], is = row->processes[1];
    struct process_group group = {.name = row->name, .count = (size_t)(was < 0 ? is : was)};
    char *name CLEANUP(cleanup_free) = format_group(&group);
    if (was < 0 || is < 0 || was == is)
        return steal_ptr(name);
    return xasprintf("%s, now ×%" PRId64, name, is);
}
