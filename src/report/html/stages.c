/* Who held the memory: the judged metrics, the stages, the processes. */
#include "base/alloc.h"
#include "base/units.h"
#include "measurement/metric.h"
#include "report/html/html.h"
#include "report/wording.h"

#include <inttypes.h>
#include <string.h>

#define TOP_GROUPS 5

/* A bar as long as its share. */
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

/* ---- checks ---- */

static void put_check(struct xml *xml, const struct finding *check,
                      const struct judgement *judgement)
{
    const char *class = html_check_class(check, judgement);
    char *baseline CLEANUP(cleanup_free) = format_figure(check->unit, check->baseline);
    char *actual CLEANUP(cleanup_free) = format_figure(check->unit, check->actual);
    char *allowed CLEANUP(cleanup_free) =
        format_figure(check->unit, check->status == FINDING_OFF ? UNMEASURED : check->allowed);
    char *mark CLEANUP(cleanup_free) = xasprintf("mark %s", class ? class : "");
    xml_start(xml, "tr");
    html_open(xml, "td", NULL);
    html_element(xml, "span", mark, format_status(check, judgement));
    xml_end(xml);
    html_open(xml, "th", NULL);
    xml_attribute(xml, "scope", "row");
    xml_text(xml, check->metric);
    xml_end(xml);
    html_element(xml, "td", "n", check->baseline < 0 ? "–" : baseline);
    html_element(xml, "td", "n", check->actual < 0 ? "–" : actual);
    html_delta_cell(xml, check->unit, check->baseline, check->actual, class);
    html_element(xml, "td", "n", strcmp(allowed, "n/a") == 0 ? "–" : allowed);
    html_close(xml);
}

void html_put_checks(struct xml *xml, const struct html_report *report)
{
    static const char *const titles[] = {"",        "check",    ">baseline", ">this run",
                                         ">change", ">allowed", NULL};
    const struct judgement *judgement = report->judgement;
    if (!judgement->finding_count)
        return;
    char *caption CLEANUP(cleanup_free) = xasprintf(
        "Judged against %s", judgement->baseline_path ? judgement->baseline_path : "the baseline");
    html_section(xml, "checks", "Checks");
    html_table(xml, caption, titles);
    for (size_t i = 0; i < judgement->finding_count; i++)
        put_check(xml, &judgement->findings[i], judgement);
    html_table_end(xml);
    html_close(xml);
}

/* ---- stages ---- */

static void put_name(struct xml *xml, const char *name)
{
    html_open(xml, "th", NULL);
    xml_attribute(xml, "scope", "row");
    xml_text(xml, name);
    xml_end(xml);
}

/* A stage's change: to the other run where there is one, else to the baseline. */
static void put_stage_change(struct xml *xml, const struct stage_measurement *stage,
                             const struct html_report *report)
{
    if (report->before) {
        const struct stage_measurement *other = find_stage(report->before, stage->name);
        html_delta_cell(xml, "bytes", other ? other->pss_peak_bytes : UNMEASURED,
                        stage->pss_peak_bytes, NULL);
        return;
    }
    char *metric CLEANUP(cleanup_free) = xasprintf(METRIC_STAGE_PREFIX "%s", stage->name);
    const struct finding *check = find_check(report->judgement, metric);
    html_delta_cell(xml, "bytes", check ? check->baseline : UNMEASURED,
                    check ? check->actual : UNMEASURED,
                    check ? html_check_class(check, report->judgement) : NULL);
}

static void put_stage(struct xml *xml, const struct stage_measurement *stage, int64_t most,
                      const struct html_report *report)
{
    char *span CLEANUP(cleanup_free) = format_span(stage->first_ms, stage->last_ms);
    char *bytes CLEANUP(cleanup_free) = format_bytes(stage->cgroup_peak_bytes);
    char *cgroup CLEANUP(cleanup_free) =
        xasprintf("%s%s", stage->cgroup_peak_exact ? "" : "≥ ", bytes);
    xml_start(xml, "tr");
    put_name(xml, stage->name);
    html_element(xml, "td", "n", span);
    put_bar_cell(xml, stage->pss_peak_bytes, most);
    html_bytes_cell(xml, stage->pss_peak_bytes);
    put_stage_change(xml, stage, report);
    html_element(xml, "td", "n", stage->cgroup_peak_bytes < 0 ? "–" : cgroup);
    html_bytes_cell(xml, stage->unreclaimable_peak_bytes);
    html_close(xml);
}

/* A stage that only the other run has would else go unseen. */
static void put_gone_stages(struct xml *xml, const struct html_report *report)
{
    for (size_t i = 0; report->before && i < report->before->stage_count; i++) {
        const struct stage_measurement *stage = &report->before->stages[i];
        if (find_stage(report->m, stage->name))
            continue;
        char *was CLEANUP(cleanup_free) = format_bytes(stage->pss_peak_bytes);
        xml_start(xml, "tr");
        put_name(xml, stage->name);
        html_element(xml, "td", "n", "gone");
        html_element(xml, "td", "bar", "");
        html_element(xml, "td", "n", "–");
        html_open(xml, "td", "n");
        xml_textf(xml, "was %s", was);
        xml_end(xml);
        html_element(xml, "td", "n", "–");
        html_element(xml, "td", "n", "–");
        html_close(xml);
    }
}

void html_put_stages(struct xml *xml, const struct html_report *report)
{
    static const char *const titles[] = {
        "stage", ">when", "", ">PSS peak", ">change", ">cgroup peak", ">unreclaimable", NULL};
    const struct measurement *m = report->m;
    int64_t most = 0;
    if (!m->stage_count)
        return;
    for (size_t i = 0; i < m->stage_count; i++)
        if (m->stages[i].pss_peak_bytes > most)
            most = m->stages[i].pss_peak_bytes;
    html_section(xml, "stages", "Stages");
    html_table(xml,
               report->before ? "The change is to the other run. ≥: highest sample, a lower bound"
                              : "≥: highest sample, a lower bound",
               titles);
    for (size_t i = 0; i < m->stage_count; i++)
        put_stage(xml, &m->stages[i], most, report);
    put_gone_stages(xml, report);
    html_table_end(xml);
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

/* The groups of a stage at its peak, beside those of the same stage in the other run. */
static void put_stage_groups(struct xml *xml, const struct stage_measurement *stage, int64_t most,
                             const struct html_report *report)
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
        put_name(xml, name);
        put_bar_cell(xml, groups[i].pss_bytes, most);
        html_bytes_cell(xml, groups[i].pss_bytes);
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
    html_bytes_cell(xml, rest);
    if (report->before)
        html_element(xml, "td", NULL, "");
    html_close(xml);
}

static void put_process(struct xml *xml, const struct process_usage *process)
{
    static const char *const bases[] = {
        [PSS_MEASURED] = "", [PSS_ESTIMATED] = "estimated", [PSS_RSS] = "RSS, an upper bound"};
    xml_start(xml, "tr");
    put_name(xml, process->name);
    html_open(xml, "td", "n");
    xml_textf(xml, "%" PRId64, process->pid);
    xml_end(xml);
    html_bytes_cell(xml, process->pss_bytes);
    html_bytes_cell(xml, process->hwm_bytes);
    html_element(xml, "td", "note", bases[process->basis]);
    html_open(xml, "td", "command");
    html_element(xml, "code", NULL, process->command);
    xml_end(xml);
    html_close(xml);
}

/* Every process of the highest sample, folded away: there can be hundreds. */
static void put_every_process(struct xml *xml, const struct measurement *m)
{
    static const char *const titles[] = {"process", ">pid",    ">PSS", ">most resident",
                                         "",        "command", NULL};
    const struct snapshot *snapshot = &m->peak.at_peak;
    if (!snapshot->count)
        return;
    char *at CLEANUP(cleanup_free) = format_duration(snapshot->at_ms);
    char *caption CLEANUP(cleanup_free) =
        xasprintf("At %s, in %s", at, m->peak.stage ? m->peak.stage : "no stage");
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

void html_put_processes(struct xml *xml, const struct html_report *report)
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
    put_every_process(xml, m);
    html_close(xml);
}
