#include "base/alloc.h"
#include "base/units.h"
#include "measurement/metric.h"
#include "report/html/html.h"
#include "report/wording.h"

#include <ctype.h>
#include <string.h>

/* Nothing is loaded, and only the page's own script runs: a page that is opened from a CI's
 * artifacts can't be made to do more, whatever is in it. */
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

static void put_verdict(struct xml *xml, const struct html_report *report)
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
    xml_start(xml, "span"); /* a sign beside the colour */
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
    put_note(xml, "warn", at_limit_note(&report->m->peak));
    char *estimated CLEANUP(cleanup_free) = format_estimated(&report->m->peak);
    put_note(xml, "warn", estimated);
    html_close(xml);
}

/* "+204.1 MiB +25.4% to the baseline", as far as the metric was judged; else to the other run. */
static void put_change(struct xml *xml, const struct html_report *report, const char *metric,
                       int64_t actual, int64_t before)
{
    const struct finding *check = find_check(report->judgement, metric);
    bool judged = check && check->baseline >= 0 && check->actual >= 0;
    int64_t from = judged ? check->baseline : report->before ? before : UNMEASURED;
    const char *unit = strcmp(metric, METRIC_DURATION) == 0 ? "ms" : "bytes";
    if (from < 0 || actual < 0)
        return;
    char *delta CLEANUP(cleanup_free) = format_delta(unit, actual - from);
    char *percent CLEANUP(cleanup_free) = format_percent(from, actual);
    html_open(xml, "p", "change");
    html_element(xml, "span", judged ? html_check_class(check, report->judgement) : NULL, delta);
    xml_textf(xml, " %s %s", percent, judged ? "to the baseline" : "to the other run");
    xml_end(xml);
}

static void put_card(struct xml *xml, const struct html_report *report, const char *metric,
                     const char *title, int64_t actual, int64_t before, const char *note)
{
    const char *unit = strcmp(metric, METRIC_DURATION) == 0 ? "ms" : "bytes";
    char *figure CLEANUP(cleanup_free) = format_figure(unit, actual);
    html_open(xml, "div", "card");
    html_element(xml, "h2", NULL, title);
    html_element(xml, "p", "figure", actual < 0 ? "not measured" : figure);
    put_change(xml, report, metric, actual, before);
    html_element(xml, "p", "note", note);
    html_close(xml);
}

static void put_cards(struct xml *xml, const struct html_report *report)
{
    const struct measurement *m = report->m, *before = report->before;
    const struct peak *peak = &m->peak;
    const struct finding *headline = find_check(report->judgement, METRIC_CGROUP_PEAK);
    char *limit CLEANUP(cleanup_free) = format_bytes(peak->limit_bytes);
    char *budget CLEANUP(cleanup_free) =
        format_bytes(headline && headline->status != FINDING_OFF ? headline->allowed : UNMEASURED);
    char *source CLEANUP(cleanup_free) = xasprintf(
        "%s%s%s; %s%s", headline && headline->allowed >= 0 ? "budget " : "",
        headline && headline->allowed >= 0 ? budget : "",
        headline && headline->allowed >= 0 ? "" : "no budget",
        peak->limit_bytes < 0 ? "no limit" : "limit ", peak->limit_bytes < 0 ? "" : limit);
    char *end CLEANUP(cleanup_free) = format_build_end(&m->build);
    html_open(xml, "div", "cards");
    put_card(xml, report, METRIC_CGROUP_PEAK, "Memory peak", peak->cgroup_bytes,
             before ? before->peak.cgroup_bytes : UNMEASURED, source);
    put_card(xml, report, METRIC_UNRECLAIMABLE_PEAK, "Unreclaimable", peak->unreclaimable_bytes,
             before ? before->peak.unreclaimable_bytes : UNMEASURED,
             "the rest is cache that the kernel could drop");
    put_card(xml, report, METRIC_DURATION, "Duration", m->build.duration_ms,
             before ? before->build.duration_ms : UNMEASURED, end);
    html_close(xml);
}

static void put_top(struct xml *xml, const struct html_report *report)
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
        char *commit CLEANUP(cleanup_free) = xasprintf("commit %.12s", m->commit);
        html_element(xml, "span", NULL, commit);
    }
    html_close(xml);
    put_cards(xml, report);
    html_close(xml);
}

static void put_next(struct xml *xml, const struct html_report *report)
{
    const char *label = report->m->label ? report->m->label : "";
    const char *files = measurement_files_label(report->m);
    html_section(xml, "next", "What to do next");
    html_open(xml, "ul", NULL);
    if (report->judgement->advice)
        html_element(xml, "li", NULL, report->judgement->advice);
    html_open(xml, "li", NULL);
    xml_textf(xml,
              "The build's own output is in build-%s.log beside this page, every figure in "
              "result-%s.json, the curve in timeline-%s.csv.",
              files ? files : "", label, files ? files : "");
    xml_end(xml);
    if (!report->before)
        html_element(
            xml, "li", NULL,
            "To see two runs in one picture: build-mem report RESULT --against OTHER-RESULT");
    html_close(xml);
    html_close(xml);
}

char *html_text(const struct html_report *report)
{
    struct xml *xml = xml_new(XML_HTML);
    put_head(xml, report->m);
    xml_start(xml, "body");
    xml_start(xml, "main");
    xml_raw(xml, "\n");
    put_top(xml, report);
    html_put_timeline(xml, report);
    html_put_checks(xml, report);
    html_put_stages(xml, report);
    html_put_processes(xml, report);
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
