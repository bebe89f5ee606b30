#include "base/alloc.h"
#include "base/git.h"
#include "base/units.h"
#include "measurement/disturbance.h"
#include "measurement/metric.h"
#include "report/html/html.h"
#include "report/wording.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* The page loads nothing, and only its own script can run: nothing that a build prints can do more
 * when the page is opened from CI artifacts. */
static void put_head(struct xml *xml, const struct measurement *m)
{
    char *policy CLEANUP(cleanup_free) =
        xasprintf("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                  "style-src 'unsafe-inline'; script-src 'sha256-%s'; img-src data:; "
                  "base-uri 'none'; form-action 'none'\">\n",
                  html_js_sha256);
    xml_raw(xml, "<!DOCTYPE html>\n");
    xml_start(xml, "html");
    xml_attribute(xml, "lang", "en");
    xml_start(xml, "head");
    xml_raw(xml, "\n<meta charset=\"utf-8\">\n");
    xml_raw(xml, policy);
    xml_raw(xml, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                 "<meta name=\"color-scheme\" content=\"light dark\">\n");
    xml_start(xml, "title");
    xml_textf(xml, "build-mem %s", m->label ? m->label : "");
    html_close(xml);
    xml_start(xml, "style");
    xml_raw(xml, html_css);
    html_close(xml);
    html_close(xml);
}

static const char *verdict_class(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_PASS:
    case VERDICT_IMPROVED:
        return "good";
    case VERDICT_REGRESSED:
    case VERDICT_OVER_LIMIT:
    case VERDICT_BUILD_FAILED:
        return "bad";
    case VERDICT_INCONCLUSIVE:
    case VERDICT_NOT_COMPARABLE:
    case VERDICT_NO_BASELINE:
        break;
    }
    return "warn";
}

static char *verdict_title(const struct judgement *judgement)
{
    char *name = xstrdup(verdict_name(judgement->verdict));
    for (char *at = name; *at; at++)
        *at = *at == '-' ? ' ' : *at;
    *name = (char)toupper((unsigned char)*name);
    return name;
}

static void put_note(struct xml *xml, const char *class, const char *text)
{
    if (!text)
        return;
    html_element(xml, "p", class, text);
    xml_raw(xml, "\n");
}

static void put_verdict(struct xml *xml, const struct report_input *report)
{
    const struct judgement *judgement = report->judgement;
    const char *class = verdict_class(judgement->verdict);
    char *verdict CLEANUP(cleanup_free) = verdict_title(judgement);
    char *reason CLEANUP(cleanup_free) = format_reason(judgement);
    char *not_measured CLEANUP(cleanup_free) = format_not_measured(report->m);
    char *oom CLEANUP(cleanup_free) = format_oom(report->m);
    char *panel CLEANUP(cleanup_free) = xasprintf("verdict %s", class);
    html_open(xml, "div", panel);
    xml_start(xml, "h1");
    xml_start(xml, "span"); /* a sign for those who cannot see the colour */
    xml_attribute(xml, "aria-hidden", "true");
    xml_text(xml, *class == 'g' ? "✓" : *class == 'b' ? "✕" : "!");
    xml_end(xml);
    xml_text(xml, verdict);
    html_close(xml);
    put_note(xml, NULL, reason);
    for (size_t i = 0; i < judgement->notes.count; i++)
        put_note(xml, NULL, judgement->notes.items[i]);
    put_note(xml, "bad", not_measured);
    put_note(xml, "bad", oom);
    char *at_limit CLEANUP(cleanup_free) = format_at_limit(report->m);
    put_note(xml, "warn", at_limit);
    char *estimated CLEANUP(cleanup_free) = format_estimated(report->m);
    put_note(xml, "warn", estimated);
    html_close(xml);
}

/* Writes "+204.1 MiB +25.4% from the baseline" if the metric was judged, else the change from the
 * other run. */
static void put_change(struct xml *xml, const struct report_input *report, const char *metric,
                       int64_t actual, int64_t before)
{
    const struct finding *finding = find_finding(report->judgement, metric);
    bool judged = finding && finding->baseline >= 0 && finding->actual >= 0;
    int64_t from = judged ? finding->baseline : report->before ? before : UNMEASURED;
    const char *unit = metric_unit(metric);
    if (from < 0 || actual < 0)
        return;
    char *delta CLEANUP(cleanup_free) = format_delta(unit, actual - from);
    char *percent CLEANUP(cleanup_free) = format_percent(from, actual);
    html_open(xml, "p", "change");
    html_element(xml, "span", judged ? html_finding_class(finding, report->judgement) : NULL,
                 delta);
    xml_textf(xml, " %s %s", percent, judged ? "from the baseline" : "from the other run");
    xml_end(xml);
}

static void put_card(struct xml *xml, const struct report_input *report, const char *metric,
                     const char *title, int64_t actual, int64_t before, const char *note)
{
    const char *unit = metric_unit(metric);
    char *figure CLEANUP(cleanup_free) = format_figure(unit, actual);
    html_open(xml, "div", "card");
    html_element(xml, "h2", NULL, title);
    html_element(xml, "p", "figure", actual < 0 ? "not measured" : figure);
    put_change(xml, report, metric, actual, before);
    html_element(xml, "p", "note", note);
    html_close(xml);
}

/* "883.0 MiB allowed; memory limit 2.00 GiB" */
static char *format_bounds(const struct report_input *report)
{
    const struct finding *finding = find_finding(report->judgement, METRIC_CGROUP_PEAK);
    bool bounded = finding && finding->status != FINDING_OFF && finding->allowed >= 0;
    char *allowed CLEANUP(cleanup_free) = format_bytes(bounded ? finding->allowed : UNMEASURED);
    char *limit CLEANUP(cleanup_free) = format_bytes(report->m->peak.limit_bytes);
    return xasprintf("%s%s%s%s", bounded ? allowed : "", bounded ? " allowed; " : "",
                     report->m->peak.limit_bytes < 0 ? "no memory limit" : "memory limit ",
                     report->m->peak.limit_bytes < 0 ? "" : limit);
}

static void put_cards(struct xml *xml, const struct report_input *report)
{
    const struct measurement *m = report->m, *before = report->before;
    const struct peak *peak = &m->peak;
    char *bounds CLEANUP(cleanup_free) = format_bounds(report);
    char *end CLEANUP(cleanup_free) = format_build_end(&m->build);
    html_open(xml, "div", "cards");
    put_card(xml, report, METRIC_CGROUP_PEAK, "Memory peak", peak->cgroup_bytes,
             before ? before->peak.cgroup_bytes : UNMEASURED, bounds);
    put_card(xml, report, METRIC_UNRECLAIMABLE_PEAK, "Unreclaimable", peak->unreclaimable_bytes,
             before ? before->peak.unreclaimable_bytes : UNMEASURED,
             "the kernel could free the rest");
    put_card(xml, report, METRIC_DURATION, "Duration", m->build.duration_ms,
             before ? before->build.duration_ms : UNMEASURED, end);
    html_close(xml);
}

static void put_top(struct xml *xml, const struct report_input *report)
{
    const struct measurement *m = report->m;
    xml_start(xml, "header");
    put_verdict(xml, report);
    html_open(xml, "p", "about");
    html_element(xml, "code", NULL, m->build.command ? m->build.command : "");
    html_element(xml, "span", NULL, m->label ? m->label : "");
    if (m->started_at)
        html_element(xml, "span", NULL, m->started_at);
    if (m->commit) {
        char *commit CLEANUP(cleanup_free) = git_short_commit(m->commit);
        html_open(xml, "span", NULL);
        xml_textf(xml, "commit %s", commit);
        xml_end(xml);
    }
    html_close(xml);
    put_cards(xml, report);
    html_close(xml);
}

/* ---- what the peak consists of ---- */

static void put_fact(struct xml *xml, const char *name, const char *value)
{
    html_element(xml, "dt", NULL, name);
    html_element(xml, "dd", NULL, value);
    xml_raw(xml, "\n");
}

static void put_bytes_fact(struct xml *xml, const char *name, int64_t bytes)
{
    char *text CLEANUP(cleanup_free) = format_bytes(bytes);
    if (bytes >= 0)
        put_fact(xml, name, text);
}

struct part {
    const char *class, *name, *note;
    int64_t bytes;
};

static void put_part_bar(struct xml *xml, const struct part *parts, size_t count)
{
    double whole = 0;
    for (size_t i = 0; i < count; i++)
        whole += parts[i].bytes > 0 ? (double)parts[i].bytes : 0;
    html_open(xml, "div", "parts");
    xml_attribute(xml, "aria-hidden", "true"); /* the list below has the figures */
    for (size_t i = 0; i < count; i++)
        if (parts[i].bytes > 0) {
            html_open(xml, "i", parts[i].class);
            xml_attributef(xml, "style", "width:%.2f%%", 100 * (double)parts[i].bytes / whole);
            xml_end(xml);
        }
    html_close(xml);
}

static void put_part(struct xml *xml, const struct part *part)
{
    if (part->bytes < 0)
        return;
    char *figure CLEANUP(cleanup_free) = format_bytes(part->bytes);
    xml_start(xml, "li");
    html_element(xml, "i", part->class, "");
    xml_text(xml, part->name);
    html_element(xml, "b", NULL, figure);
    html_element(xml, "small", NULL, part->note);
    html_close(xml);
}

/* Draws nothing if the result has no figure, for example because the run was interrupted. */
static void put_disturbance(struct xml *xml, const struct report_input *report)
{
    const struct disturbance *disturbance = &report->m->disturbance;
    bool any = false;
    for (const struct disturbance_field *field = disturbance_fields; field->key; field++)
        any |= disturbance_figure(disturbance, field) >= 0;
    if (!any)
        return;
    char *text CLEANUP(cleanup_free) = disturbance_text(disturbance, report->m->build.duration_ms);
    html_section(xml, "disturbance", "Disturbance");
    html_element(xml, "p", NULL, text ? text : "nothing took 10 % of the CPUs or of the time");
    html_open(xml, "dl", NULL);
    for (const struct disturbance_field *field = disturbance_fields; field->key; field++) {
        int64_t figure = disturbance_figure(disturbance, field);
        char *shown CLEANUP(cleanup_free) =
            field->bytes ? format_bytes(figure) : format_duration(figure / 1000);
        if (figure >= 0)
            put_fact(xml, field->label, shown);
    }
    html_close(xml);
    html_close(xml);
}

static void put_pressure(struct xml *xml, const struct measurement *m)
{
    const struct pressure *pressure = &m->pressure;
    const struct {
        const char *name;
        int64_t count;
    } counts[] = {
        {"pages reclaimed and read again", pressure->refaults},
        {"times at a memory limit", pressure->limit_hits},
        {"processes killed by the kernel (OOM)", pressure->oom_kills},
        {"processes killed at limits of the build's own cgroups", pressure->inner_oom_kills},
        {measurement_is_imported(m) ? "RUN steps without samples"
                                    : "RUN steps from the cache of the builder",
         m->build.cached_steps ? m->build.cached_steps : UNMEASURED}};
    html_open(xml, "dl", NULL);
    put_bytes_fact(xml, "charged before the build started", m->peak.at_start_bytes);
    put_bytes_fact(xml, "attributed to processes, page cache and the kernel",
                   m->peak.at_peak.attributed_bytes);
    if (pressure->some_us >= 0) {
        char *waited CLEANUP(cleanup_free) = format_duration(pressure->some_us / 1000);
        put_fact(xml, "waited for memory", waited);
    }
    if (pressure->swap_peak_bytes > 0)
        put_bytes_fact(xml, "swapped out, at most", pressure->swap_peak_bytes);
    if (pressure->zswap_peak_bytes > 0)
        put_bytes_fact(xml, "compressed swap, at most", pressure->zswap_peak_bytes);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        char *text CLEANUP(cleanup_free) = xasprintf("%" PRId64, counts[i].count);
        if (counts[i].count >= 0)
            put_fact(xml, counts[i].name, text);
    }
    html_close(xml);
}

void html_put_composition(struct xml *xml, const struct report_input *report)
{
    const struct composition *composition = &report->m->peak.composition;
    const struct part parts[] = {
        {"area anon", "anonymous", "heaps and stacks; not reclaimable", composition->anon_bytes},
        {"area file", "page cache", "files that were read or written; mostly reclaimable",
         composition->file_bytes},
        {"area shmem", "shared memory", "tmpfs and shared mappings; not reclaimable",
         composition->shmem_bytes},
        {"area kernel", "kernel", "page tables, slab, sockets", composition->kernel_bytes},
    };
    size_t count = sizeof parts / sizeof *parts;
    char *any CLEANUP(cleanup_free) = format_composition(composition);
    if (!any)
        return;
    html_section(xml, "composition", "At the memory peak");
    put_part_bar(xml, parts, count);
    html_open(xml, "ul", "legend");
    for (size_t i = 0; i < count; i++)
        put_part(xml, &parts[i]);
    html_close(xml);
    put_pressure(xml, report->m);
    html_close(xml);
}

/* ---- the end and the whole ---- */

static void put_next(struct xml *xml, const struct report_input *report)
{
    const char *label = report->m->label ? report->m->label : "";
    const char *files = measurement_files_label(report->m);
    html_section(xml, "next", "What to do next");
    html_open(xml, "ul", NULL);
    if (report->judgement->advice)
        html_element(xml, "li", NULL, report->judgement->advice);
    html_open(xml, "li", NULL);
    xml_textf(xml,
              "Beside this page: build-%s.log has the output of the build, result-%s.json every "
              "figure, timeline-%s.csv the samples.",
              files ? files : "", label, files ? files : "");
    xml_end(xml);
    if (!report->before)
        html_element(
            xml, "li", NULL,
            "To draw two runs in one chart, run: build-mem report RESULT --against OTHER-RESULT");
    html_close(xml);
    html_close(xml);
}

char *html_unfinished_text(const struct measurement *m)
{
    struct xml *xml = xml_new(XML_HTML);
    xml_raw(xml, "<!DOCTYPE html>\n");
    xml_start(xml, "html");
    xml_attribute(xml, "lang", "en");
    xml_raw(xml, "\n<meta charset=\"utf-8\">\n");
    xml_start(xml, "title");
    xml_textf(xml, "build-mem %s", m->label);
    html_close(xml);
    xml_start(xml, "body");
    html_element(xml, "h1", NULL, "Not measured");
    html_element(xml, "p", NULL, m->not_measured);
    html_element(xml, "pre", NULL, m->build.command);
    html_element(xml, "p", NULL, m->started_at);
    html_close(xml);
    return xml_finish(xml);
}

char *html_text(const struct report_input *report)
{
    struct xml *xml = xml_new(XML_HTML);
    put_head(xml, report->m);
    xml_start(xml, "body");
    xml_start(xml, "main");
    xml_raw(xml, "\n");
    put_top(xml, report);
    html_put_timeline(xml, report);
    put_disturbance(xml, report);
    html_put_findings(xml, report);
    html_put_stages(xml, report);
    html_put_processes(xml, report);
    html_put_largest(xml, report);
    html_put_deep(xml, report);
    html_put_composition(xml, report);
    html_put_verify(xml, report);
    html_put_environment(xml, report);
    put_next(xml, report);
    html_close(xml);
    xml_start(xml, "script");
    xml_raw(xml, html_js);
    xml_end(xml);
    return xml_finish(xml);
}
