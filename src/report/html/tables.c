/* The tables: findings, stages, processes, artifacts, environment. */
#include "base/alloc.h"
#include "base/units.h"
#include "measurement/image_name.h"
#include "measurement/metric.h"
#include "report/html/html.h"
#include "report/wording.h"

#include <inttypes.h>
#include <string.h>

#define TOP_GROUPS 5

static void put_bar_cell(struct xml *xml, int64_t bytes, int64_t whole)
{
    html_open(xml, "td", "bar");
    if (bytes >= 0 && whole > 0) {
        html_open(xml, "i", NULL);
        xml_attributef(xml, "style", "width:%.1f%%", 100 * (double)bytes / (double)whole);
        xml_end(xml);
    }
    xml_end(xml);
}

/* ---- findings ---- */

static void put_finding(struct xml *xml, const struct finding *finding,
                        const struct judgement *judgement, bool with_budgets)
{
    const char *class = html_finding_class(finding, judgement);
    char *mark CLEANUP(cleanup_free) = xasprintf("mark %s", class ? class : "");
    xml_start(xml, "tr");
    html_open(xml, "td", NULL);
    html_element(xml, "span", mark, format_status(finding, judgement));
    xml_end(xml);
    html_row_head(xml, finding->metric);
    html_figure_cell(xml, finding->unit, finding->baseline);
    html_figure_cell(xml, finding->unit, finding->actual);
    html_delta_cell(xml, finding->unit, finding->baseline, finding->actual, class);
    html_figure_cell(xml, finding->unit,
                     finding->status == FINDING_OFF ? UNMEASURED : finding->allowed);
    if (with_budgets) {
        char *headroom CLEANUP(cleanup_free) = format_headroom(finding);
        html_element(xml, "td", "n", headroom ? headroom : "–");
    }
    html_close(xml);
}

static bool any_has_budget(const struct judgement *judgement)
{
    for (size_t i = 0; i < judgement->finding_count; i++)
        if (judgement->findings[i].budget >= 0)
            return true;
    return false;
}

void html_put_findings(struct xml *xml, const struct report_input *report)
{
    bool with_budgets = any_has_budget(report->judgement);
    const char *const titles[] = {"",
                                  "metric",
                                  ">baseline",
                                  ">this run",
                                  ">change",
                                  ">allowed",
                                  with_budgets ? ">budget" : NULL,
                                  NULL};
    const struct judgement *judgement = report->judgement;
    if (!judgement->finding_count)
        return;
    char *caption CLEANUP(cleanup_free) =
        judgement->base_commit
            ? xasprintf("Compared with the merge base %.12s", judgement->base_commit)
        : judgement->baseline_path ? xasprintf("Compared with %s", judgement->baseline_path)
                                   : xstrdup("Judged by the budgets of build-mem.json");
    html_section(xml, "findings", "Findings");
    html_table(xml, caption, titles);
    for (size_t i = 0; i < judgement->finding_count; i++)
        put_finding(xml, &judgement->findings[i], judgement, with_budgets);
    html_table_end(xml);
    html_close(xml);
}

/* ---- stages ---- */

/* The change of a metric of a stage, which is `prefix` and its name. It is relative to the other
 * run if there is one, else to the baseline. */
static void put_stage_change(struct xml *xml, const char *prefix,
                             const struct stage_measurement *stage,
                             const struct report_input *report)
{
    char *metric CLEANUP(cleanup_free) = xasprintf("%s%s", prefix, stage->name);
    if (report->before) {
        html_delta_cell(xml, "bytes", metric_value(report->before, metric),
                        metric_value(report->m, metric), NULL);
        return;
    }
    const struct finding *finding = find_finding(report->judgement, metric);
    html_delta_cell(xml, "bytes", finding ? finding->baseline : UNMEASURED,
                    finding ? finding->actual : UNMEASURED,
                    finding ? html_finding_class(finding, report->judgement) : NULL);
}

static void put_stage(struct xml *xml, const struct stage_measurement *stage, int64_t most,
                      const struct report_input *report)
{
    char *span CLEANUP(cleanup_free) = format_span(stage->first_ms, stage->last_ms);
    char *bytes CLEANUP(cleanup_free) = format_bytes(stage->cgroup_peak_bytes);
    char *cgroup CLEANUP(cleanup_free) =
        xasprintf("%s%s", stage->cgroup_peak_exact ? "" : "≥ ", bytes);
    xml_start(xml, "tr");
    html_row_head(xml, stage->name);
    html_element(xml, "td", "n", span);
    put_bar_cell(xml, stage->pss_peak_bytes, most);
    html_figure_cell(xml, "bytes", stage->pss_peak_bytes);
    put_stage_change(xml, METRIC_STAGE_PREFIX, stage, report);
    html_figure_cell(xml, "bytes", stage->all_pss_peak_bytes);
    html_element(xml, "td", "n", stage->cgroup_peak_bytes < 0 ? "–" : cgroup);
    html_figure_cell(xml, "bytes", stage->unreclaimable_peak_bytes);
    put_stage_change(xml, METRIC_STAGE_UNRECLAIMABLE_PREFIX, stage, report);
    html_close(xml);
}

static void put_was(struct xml *xml, int64_t bytes)
{
    char *was CLEANUP(cleanup_free) = format_bytes(bytes);
    html_open(xml, "td", "n");
    if (bytes >= 0)
        xml_textf(xml, "was %s", was);
    xml_end(xml);
}

/* Lists the stages that only the other run has. */
static void put_gone_stages(struct xml *xml, const struct report_input *report)
{
    for (size_t i = 0; report->before && i < report->before->stage_count; i++) {
        const struct stage_measurement *stage = &report->before->stages[i];
        if (find_stage(report->m, stage->name))
            continue;
        xml_start(xml, "tr");
        html_row_head(xml, stage->name);
        html_element(xml, "td", "n", "gone");
        html_element(xml, "td", "bar", "");
        html_element(xml, "td", "n", "–");
        put_was(xml, stage->pss_peak_bytes);
        html_element(xml, "td", "n", "–");
        html_element(xml, "td", "n", "–");
        html_element(xml, "td", "n", "–");
        put_was(xml, stage->unreclaimable_peak_bytes);
        html_close(xml);
    }
}

void html_put_stages(struct xml *xml, const struct report_input *report)
{
    static const char *const titles[] = {"stage",
                                         ">when",
                                         "",
                                         ">PSS peak",
                                         ">change",
                                         ">PSS of all processes",
                                         ">cgroup peak (charged)",
                                         ">unreclaimable",
                                         ">change",
                                         NULL};
    const struct measurement *m = report->m;
    int64_t most = 0;
    if (!m->stage_count)
        return;
    for (size_t i = 0; i < m->stage_count; i++)
        if (m->stages[i].pss_peak_bytes > most)
            most = m->stages[i].pss_peak_bytes;
    html_section(xml, "stages", "Stages");
    html_table(xml,
               report->before
                   ? "Changes are relative to the other run. ≥: the highest sample, a lower bound"
                   : "≥: the highest sample, a lower bound",
               titles);
    for (size_t i = 0; i < m->stage_count; i++)
        put_stage(xml, &m->stages[i], most, report);
    put_gone_stages(xml, report);
    html_table_end(xml);
    html_element(
        xml, "p", "note",
        "The PSS peak is that of the stage's own processes. The figures from the PSS of all "
        "processes on are those of the whole build while the stage was current. PSS counts mapped "
        "files, whose pages can be charged to another cgroup, so it can exceed the charged "
        "memory.");
    html_close(xml);
}

/* ---- processes ---- */

static const struct process_group *find_group(const struct process_group *groups, size_t count,
                                              const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(groups[i].name, name) == 0)
            return &groups[i];
    return NULL;
}

/* Lists the groups of a stage at its peak, with their change from the same stage of the other run.
 */
static void put_stage_groups(struct xml *xml, const struct stage_measurement *stage, int64_t most,
                             const struct report_input *report)
{
    const struct stage_measurement *other =
        report->before ? find_stage(report->before, stage->name) : NULL;
    size_t count, other_count = 0;
    struct process_group *groups CLEANUP(cleanup_free) = snapshot_groups(&stage->at_peak, &count);
    struct process_group *others CLEANUP(cleanup_free) =
        other ? snapshot_groups(&other->at_peak, &other_count) : NULL;
    size_t shown = count <= TOP_GROUPS + 1 ? count : TOP_GROUPS;
    for (size_t i = 0; i < shown; i++) {
        const struct process_group *was = find_group(others, other_count, groups[i].name);
        char *name CLEANUP(cleanup_free) = format_group(&groups[i]);
        html_open(xml, "tr", i == 0 ? "first" : NULL);
        html_element(xml, "td", NULL, i == 0 ? stage->name : "");
        html_row_head(xml, name);
        put_bar_cell(xml, groups[i].pss_bytes, most);
        html_figure_cell(xml, "bytes", groups[i].pss_bytes);
        if (report->before)
            html_delta_cell(xml, "bytes", was ? was->pss_bytes : UNMEASURED, groups[i].pss_bytes,
                            NULL);
        html_close(xml);
    }
    if (shown == count)
        return;
    int64_t rest = 0;
    for (size_t i = shown; i < count; i++)
        rest += groups[i].pss_bytes > 0 ? groups[i].pss_bytes : 0;
    xml_start(xml, "tr");
    html_element(xml, "td", NULL, "");
    html_open(xml, "td", "note");
    xml_textf(xml, "%zu others", count - shown);
    xml_end(xml);
    put_bar_cell(xml, rest, most);
    html_figure_cell(xml, "bytes", rest);
    if (report->before)
        html_element(xml, "td", NULL, "");
    html_close(xml);
}

static void put_process(struct xml *xml, const struct process_usage *process)
{
    static const char *const bases[] = {
        [PSS_MEASURED] = "", [PSS_ESTIMATED] = "estimated", [PSS_RSS] = "RSS, an upper bound"};
    xml_start(xml, "tr");
    html_row_head(xml, process->name);
    html_open(xml, "td", "n");
    xml_textf(xml, "%" PRId64, process->pid);
    xml_end(xml);
    html_figure_cell(xml, "bytes", process->pss_bytes);
    html_figure_cell(xml, "bytes", process->hwm_bytes);
    html_element(xml, "td", "note", bases[process->basis]);
    html_open(xml, "td", "command");
    html_element(xml, "code", NULL, process->command);
    xml_end(xml);
    html_close(xml);
}

/* Lists every process of the highest snapshot, collapsed: there can be hundreds. */
static void put_every_process(struct xml *xml, const struct measurement *m)
{
    static const char *const titles[] = {"process", ">pid",    ">PSS", ">peak RSS",
                                         "",        "command", NULL};
    const struct snapshot *snapshot = &m->peak.at_peak;
    if (!snapshot->count)
        return;
    char *at CLEANUP(cleanup_free) = format_duration(snapshot->at_ms);
    char *caption CLEANUP(cleanup_free) =
        xasprintf("At %s, in stage %s", at, m->peak.stage ? m->peak.stage : "n/a");
    xml_start(xml, "details");
    xml_start(xml, "summary");
    xml_textf(xml, "Every process at the peak (%zu)", snapshot->count);
    html_close(xml);
    html_table(xml, caption, titles);
    for (size_t i = 0; i < snapshot->count; i++)
        put_process(xml, &snapshot->processes[i]);
    html_table_end(xml);
    html_close(xml);
}

static void put_part(struct xml *xml, const struct process_mappings *mappings,
                     const struct mapped *part)
{
    char *text CLEANUP(cleanup_free) = format_mapped(part);
    html_row_head(xml, text);
    put_bar_cell(xml, part->pss_bytes, mappings->pss_bytes);
    html_figure_cell(xml, "bytes", part->pss_bytes);
}

/* The first row of a process has its name and when it was read. */
static void put_mappings_start(struct xml *xml, const struct process_usage *process, bool first)
{
    char *at CLEANUP(cleanup_free) = format_duration(process->mappings->at_ms);
    html_open(xml, "tr", first ? "first" : NULL);
    html_open(xml, "td", NULL);
    if (first)
        xml_textf(xml, "%s (pid %" PRId64 ")", process->name, process->pid);
    xml_end(xml);
    html_element(xml, "td", "n", first && process->mappings->at_ms >= 0 ? at : "");
}

static void put_mappings(struct xml *xml, const struct process_usage *process)
{
    const struct process_mappings *mappings = process->mappings;
    for (size_t i = 0; i < mappings->part_count; i++) {
        put_mappings_start(xml, process, i == 0);
        put_part(xml, mappings, &mappings->parts[i]);
        html_close(xml);
    }
    if (!mappings->part_count) {
        put_mappings_start(xml, process, true);
        html_open(xml, "td", "note");
        xml_textf(xml, "not read: %s", unread_reason(mappings->unread));
        xml_end(xml);
        put_bar_cell(xml, UNMEASURED, UNMEASURED);
        html_figure_cell(xml, "bytes", UNMEASURED);
        html_close(xml);
    } else if (mappings->huge_page_bytes > 0) {
        put_mappings_start(xml, process, false);
        html_element(xml, "td", "note", "of these in huge pages");
        put_bar_cell(xml, mappings->huge_page_bytes, mappings->pss_bytes);
        html_figure_cell(xml, "bytes", mappings->huge_page_bytes);
        html_close(xml);
    }
}

/* What the largest processes at the memory peak hold. */
static void put_inside(struct xml *xml, const struct snapshot *snapshot)
{
    static const char *const titles[] = {"process", ">read at", "part", "", ">PSS", NULL};
    bool any = false;
    for (size_t i = 0; i < snapshot->count; i++)
        any |= snapshot->processes[i].mappings != NULL;
    if (!any)
        return;
    html_table(xml, "What the largest processes at the memory peak hold", titles);
    for (size_t i = 0; i < snapshot->count; i++)
        if (snapshot->processes[i].mappings)
            put_mappings(xml, &snapshot->processes[i]);
    html_table_end(xml);
}

static void put_largest(struct xml *xml, const struct ledger_process *process, int64_t most)
{
    char *name CLEANUP(cleanup_free) = format_ledger_process(process);
    char *span CLEANUP(cleanup_free) = format_span(process->start_ms, process->end_ms);
    xml_start(xml, "tr");
    html_row_head(xml, name);
    html_open(xml, "td", "n");
    xml_textf(xml, "%" PRId64, process->pid);
    xml_end(xml);
    html_element(xml, "td", "n", process->end_ms < 0 ? "–" : span);
    put_bar_cell(xml, process->peak_rss_bytes, most);
    html_figure_cell(xml, "bytes", process->peak_rss_bytes);
    html_close(xml);
}

void html_put_largest(struct xml *xml, const struct report_input *report)
{
    static const char *const titles[] = {"process", ">pid", ">when", "", ">peak RSS", NULL};
    const struct process_ledger *ledger = &report->m->ledger;
    if (!ledger->largest_count)
        return;
    char *caption CLEANUP(cleanup_free) = format_ledger_title(ledger);
    char *gaps CLEANUP(cleanup_free) = format_ledger_gaps(ledger);
    html_section(xml, "largest", "Largest processes");
    html_table(xml, caption, titles);
    for (size_t i = 0; i < ledger->largest_count; i++)
        put_largest(xml, &ledger->largest[i], ledger->largest[0].peak_rss_bytes);
    html_table_end(xml);
    html_element(xml, "p", "note", "Processes share pages, so their peaks have no sum.");
    if (gaps)
        html_element(xml, "p", "note", gaps);
    html_close(xml);
}

void html_put_processes(struct xml *xml, const struct report_input *report)
{
    static const char *const titles[] = {"stage", "process", "", ">PSS", ">change", NULL};
    static const char *const alone[] = {"stage", "process", "", ">PSS", NULL};
    const struct measurement *m = report->m;
    int64_t most = 0;
    bool any = false;
    for (size_t i = 0; i < m->stage_count; i++) {
        const struct snapshot *snapshot = &m->stages[i].at_peak;
        any |= snapshot->count > 0;
        if (snapshot->pss_bytes > most)
            most = snapshot->pss_bytes;
    }
    if (!any && !m->peak.at_peak.count)
        return;
    html_section(xml, "processes", "Processes");
    html_table(xml, "By name, at the peak of each stage", report->before ? titles : alone);
    for (size_t i = 0; i < m->stage_count; i++)
        put_stage_groups(xml, &m->stages[i], most, report);
    html_table_end(xml);
    put_inside(xml, &m->peak.at_peak);
    put_every_process(xml, m);
    html_close(xml);
}

/* ---- the deep run ---- */

/* The first row of a process has its name. */
static void put_runtime_row(struct xml *xml, const struct runtime_process *process, bool first,
                            const char *part, int64_t bytes)
{
    html_open(xml, "tr", first ? "first" : NULL);
    html_open(xml, "td", NULL);
    if (first)
        xml_textf(xml, "%s (pid %" PRId64 ")", process->name, process->pid);
    xml_end(xml);
    html_row_head(xml, part);
    /* The JVM can have committed more than is resident. */
    put_bar_cell(xml, bytes < process->rss_bytes ? bytes : process->rss_bytes, process->rss_bytes);
    html_figure_cell(xml, "bytes", bytes);
    html_close(xml);
}

static void put_runtime(struct xml *xml, const struct runtime_process *process)
{
    bool v8 = process->kind == RUNTIME_V8;
    put_runtime_row(xml, process, true, "RSS", process->rss_bytes);
    put_runtime_row(xml, process, false, v8 ? "V8 heap" : "Java heap", process->heap_bytes);
    put_runtime_row(xml, process, false,
                    process->heap_bytes < 0 ? "native memory, at least" : "native memory",
                    process->native_bytes);
    if (v8)
        put_runtime_row(xml, process, false, "array buffers", process->array_buffers_bytes);
    for (size_t i = 0; i < process->part_count; i++) {
        char *part CLEANUP(cleanup_free) =
            xasprintf("%s %s", v8 ? "heap:" : "committed:", process->parts[i].name);
        put_runtime_row(xml, process, false, part, process->parts[i].bytes);
    }
}

void html_put_deep(struct xml *xml, const struct report_input *report)
{
    static const char *const titles[] = {"process", "part", "", ">memory", NULL};
    struct strv gaps CLEANUP(strv_release) = {0};
    const struct deep_run *deep = report->m->deep;
    if (!deep)
        return;
    html_section(xml, "deep", "Deep run");
    if (deep->count)
        html_table(xml, DEEP_TITLE, titles);
    for (size_t i = 0; i < deep->count; i++)
        put_runtime(xml, &deep->processes[i]);
    if (deep->count)
        html_table_end(xml);
    format_deep_gaps(deep, &gaps);
    for (size_t i = 0; i < gaps.count; i++)
        html_element(xml, "p", "note", gaps.items[i]);
    html_close(xml);
}

/* ---- verify ---- */

void html_put_verify(struct xml *xml, const struct report_input *report)
{
    static const char *const titles[] = {"", "check", "found", NULL};
    const struct measurement *m = report->m;
    if (!m->check_count)
        return;
    html_section(xml, "verify", "Artifacts");
    html_table(xml, "The end of the build and its required artifacts", titles);
    for (size_t i = 0; i < m->check_count; i++) {
        const struct verify_check *check = &m->checks[i];
        xml_start(xml, "tr");
        html_open(xml, "td", NULL);
        html_element(xml, "span",
                     check->ok         ? "mark good"
                     : check->required ? "mark bad"
                                       : "mark warn",
                     check->ok         ? "ok"
                     : check->required ? "FAIL"
                                       : "missing");
        xml_end(xml);
        html_row_head(xml, check->path ? check->path : check->check);
        html_element(xml, "td", NULL, check->detail ? check->detail : "");
        html_close(xml);
    }
    html_table_end(xml);
    html_close(xml);
}

/* ---- environment ---- */

static char *format_size(int64_t bytes)
{
    return bytes < 0 ? NULL : format_bytes(bytes);
}

/* What it means if a property differs between two runs. */
enum difference {
    DIFFERENCE_DRIFT,
    DIFFERENCE_BOUNDS, /* the memory peak of a run has bounds, which are compared */
    DIFFERENCE_FATAL,
};

static void put_difference(struct xml *xml, enum difference difference)
{
    static const char *const names[] = {[DIFFERENCE_DRIFT] = "drift",
                                        [DIFFERENCE_BOUNDS] = "compared by bounds",
                                        [DIFFERENCE_FATAL] = "not comparable"};
    html_element(xml, "span", difference == DIFFERENCE_FATAL ? "mark bad" : "mark warn",
                 names[difference]);
}

static void put_condition(struct xml *xml, const char *name, const char *is, const char *was,
                          bool with_before, enum difference difference)
{
    bool same = !with_before || strcmp(is ? is : "", was ? was : "") == 0;
    if (!is && !was)
        return;
    xml_start(xml, "tr");
    html_row_head(xml, name);
    html_element(xml, "td", NULL, is ? is : "unknown");
    if (with_before) {
        html_element(xml, "td", NULL, was ? was : "unknown");
        html_open(xml, "td", NULL);
        if (!same)
            put_difference(xml, difference);
        xml_end(xml);
    }
    html_close(xml);
}

static void put_conditions(struct xml *xml, const struct measurement *m,
                           const struct measurement *before)
{
    const struct measurement none = {
        .peak = {.limit_bytes = UNMEASURED, .at_most_bytes = UNMEASURED},
        .environment = {.cpus = UNMEASURED, .memory_total_bytes = UNMEASURED}};
    const struct measurement *other = before ? before : &none;
    const struct environment *is = &m->environment, *was = &other->environment;
    char *cpus CLEANUP(cleanup_free) = format_cpus(is->cpus);
    char *cpus_before CLEANUP(cleanup_free) = format_cpus(was->cpus);
    char *limit CLEANUP(cleanup_free) = format_size(m->peak.limit_bytes);
    char *limit_before CLEANUP(cleanup_free) = format_size(other->peak.limit_bytes);
    char *memory CLEANUP(cleanup_free) = format_size(is->memory_total_bytes);
    char *memory_before CLEANUP(cleanup_free) = format_size(was->memory_total_bytes);
    char *variables CLEANUP(cleanup_free) = strv_join(&is->variables, "; ");
    char *variables_before CLEANUP(cleanup_free) = strv_join(&was->variables, "; ");
    bool by_bounds = source_matches_by_bounds(other->peak.source, m) ||
                     source_matches_by_bounds(m->peak.source, other);
    bool same_image = is->image && was->image && image_names_equal(is->image, was->image);
    const struct {
        const char *name, *is, *was;
        enum difference difference;
    } rows[] = {
        {"source of the peak", m->peak.source, other->peak.source,
         by_bounds ? DIFFERENCE_BOUNDS : DIFFERENCE_FATAL},
        {"cgroup", m->cgroup.directory, other->cgroup.directory, DIFFERENCE_DRIFT},
        {"memory limit", limit ? limit : "none", limit_before ? limit_before : "none",
         DIFFERENCE_FATAL},
        {"architecture", is->architecture, was->architecture, DIFFERENCE_FATAL},
        {"CPUs", cpus, cpus_before, DIFFERENCE_FATAL},
        {"image", is->image, same_image ? is->image : was->image, DIFFERENCE_FATAL},
        {"cache policy", cache_policy_name(is->cache_policy),
         before ? cache_policy_name(was->cache_policy) : NULL, DIFFERENCE_FATAL},
        {"engine", is->engine, was->engine, DIFFERENCE_DRIFT},
        {"engine version", is->engine_version, was->engine_version, DIFFERENCE_DRIFT},
        {"image digest", is->image_digest, was->image_digest, DIFFERENCE_DRIFT},
        {"kernel", is->kernel, was->kernel, DIFFERENCE_DRIFT},
        {"memory of the machine", memory, memory_before, DIFFERENCE_DRIFT},
        {"huge pages", is->thp, was->thp, DIFFERENCE_DRIFT},
        {"variables", variables, variables_before, DIFFERENCE_DRIFT},
        {"command", m->build.command, other->build.command, DIFFERENCE_DRIFT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        put_condition(xml, rows[i].name, rows[i].is, rows[i].was, before != NULL,
                      rows[i].difference);
}

static void put_sampler(struct xml *xml, const struct measurement *m)
{
    const struct sampler_account *sampler = &m->sampler;
    char *interval CLEANUP(cleanup_free) = format_duration(sampler->interval_ms);
    char *cpu CLEANUP(cleanup_free) = format_duration(sampler->cpu_ms);
    char *rss CLEANUP(cleanup_free) = format_bytes(sampler->rss_peak_bytes);
    html_open(xml, "p", "note");
    xml_textf(xml,
              "Sampled every %s: %" PRId64 " samples and %" PRId64
              " snapshots, for %s of CPU time and %s of memory. %" PRId64
              " processes ended while they were read, %" PRId64 " could not be read.",
              interval, sampler->samples, sampler->snapshots, cpu, rss, sampler->vanished,
              sampler->unreadable);
    html_close(xml);
}

void html_put_environment(struct xml *xml, const struct report_input *report)
{
    static const char *const alone[] = {"", "this run", NULL};
    static const char *const both[] = {"", "this run", "other run", "", NULL};
    html_section(xml, "environment", "Environment");
    html_table(xml,
               report->before ? "Drift does not prevent a comparison" : "The conditions of the run",
               report->before ? both : alone);
    put_conditions(xml, report->m, report->before);
    html_table_end(xml);
    if (report->m->sampler.samples >= 0)
        put_sampler(xml, report->m);
    html_close(xml);
}
