/* The timeline: the drawing, the words over it, its legend, and the readings for html.js. */
#include "base/alloc.h"
#include "base/units.h"
#include "measurement/metric.h"
#include "report/html/chart.h"
#include "report/html/html.h"
#include "report/wording.h"

#include <inttypes.h>
#include <stdio.h>

static double percent_x(double x)
{
    return 100 * x / CHART_WIDTH;
}

static double percent_y(double y)
{
    return 100 * y / CHART_HEIGHT;
}

/* ---- stages ---- */

struct band {
    size_t stage;
    int64_t from_ms, to_ms;
};

/* The bands of the run in their order; the caller owns them. At most one begins in a column. */
static struct band *bands_of(const struct chart *chart, size_t *count)
{
    struct band *bands = xcalloc(CHART_WIDTH, sizeof *bands);
    *count = 0;
    for (size_t i = 0; i < CHART_WIDTH; i++) {
        const struct sample *sample = chart->columns[i].high;
        if (!sample || (*count && bands[*count - 1].stage == sample->stage))
            continue;
        int64_t from = *count ? sample->t_ms : 0;
        if (*count)
            bands[*count - 1].to_ms = from;
        bands[(*count)++] = (struct band){sample->stage, from, chart->end_ms};
    }
    return bands;
}

static const struct finding *stage_check(const struct html_report *report, const char *stage)
{
    char *metric CLEANUP(cleanup_free) = xasprintf(METRIC_STAGE_PREFIX "%s", stage);
    return find_check(report->judgement, metric);
}

/* What a stage is held to is its PSS: drawn where PSS is. */
static void put_stage_shapes(const struct chart *chart, const struct band *bands, size_t count,
                             bool with_budget)
{
    for (size_t i = 0; i < count; i++) {
        double x1 = chart_x(chart, bands[i].from_ms), x2 = chart_x(chart, bands[i].to_ms);
        if (i) {
            html_open(chart->xml, "path", "edge");
            xml_attributef(chart->xml, "d", "M%.1f 0V%d", x1, CHART_HEIGHT);
            html_close(chart->xml);
        }
        const struct finding *check =
            stage_check(chart->report, chart->report->series->stages.items[bands[i].stage]);
        if (with_budget && check && check->status != FINDING_OFF &&
            chart_has_room_for(chart, check->allowed))
            chart_put_line(chart, "stage-budget", x1, x2, chart_y(chart, check->allowed));
    }
}

static void put_stage_names(const struct chart *chart, const struct band *bands, size_t count)
{
    html_open(chart->xml, "div", "bands");
    for (size_t i = 0; i < count; i++) {
        const char *name = chart->report->series->stages.items[bands[i].stage];
        double from = percent_x(chart_x(chart, bands[i].from_ms));
        double to = percent_x(chart_x(chart, bands[i].to_ms));
        char *class CLEANUP(cleanup_free) = xasprintf("band s%zu", bands[i].stage % 6);
        char *span CLEANUP(cleanup_free) = format_span(bands[i].from_ms, bands[i].to_ms);
        html_open(chart->xml, "span", class);
        xml_attributef(chart->xml, "style", "left:%.3f%%;width:%.3f%%", from, to - from);
        xml_attributef(chart->xml, "title", "%s, %s", name, span);
        xml_text(chart->xml, name);
        xml_end(chart->xml);
    }
    html_close(chart->xml);
}

/* ---- words over the drawing ---- */

static int64_t time_step(int64_t end_ms)
{
    static const int64_t steps[] = {100,    200,    500,     1000,    2000,    5000,
                                    10000,  15000,  30000,   60000,   120000,  300000,
                                    600000, 900000, 1800000, 3600000, 7200000, 14400000};
    size_t i = 0;
    while (i + 1 < sizeof steps / sizeof *steps && end_ms / steps[i] > 7)
        i++;
    return end_ms / steps[i] > 7 ? end_ms / 7 : steps[i];
}

static void put_ticks(const struct chart *chart)
{
    for (int64_t at = 0; at <= chart->top_bytes; at += chart->step_bytes) {
        char *text CLEANUP(cleanup_free) =
            chart->top_bytes >= 2048 * MIB
                ? xasprintf("%.4g GiB", (double)at / (double)(1024 * MIB))
                : xasprintf("%" PRId64 " MiB", at / MIB);
        html_open(chart->xml, "span", "tick y");
        xml_attributef(chart->xml, "style", "top:%.3f%%", percent_y(chart_y(chart, at)));
        xml_text(chart->xml, at ? text : "0");
        xml_end(chart->xml);
    }
    int64_t step = time_step(chart->end_ms);
    size_t count = 0;
    for (int64_t at = 0; at <= chart->end_ms; at += step, count++) {
        char *text CLEANUP(cleanup_free) = format_duration(at);
        html_open(chart->xml, "span", count % 2 ? "tick x odd" : "tick x");
        xml_attributef(chart->xml, "style", "left:%.3f%%", percent_x(chart_x(chart, at)));
        xml_text(chart->xml, at ? text : "0");
        xml_end(chart->xml);
    }
    xml_raw(chart->xml, "\n");
}

/* The counter's own figure, where the highest sample was seen: between two samples it may have been
 * higher than any of them. */
static void put_peak_mark(const struct chart *chart)
{
    const struct peak *peak = &chart->report->m->peak;
    if (peak->cgroup_bytes < 0 || peak->at_peak.at_ms < 0)
        return;
    double x = percent_x(chart_x(chart, peak->at_peak.at_ms));
    char *text CLEANUP(cleanup_free) = format_bytes(peak->cgroup_bytes);
    html_open(chart->xml, "span", x > 75 ? "peak left" : "peak");
    xml_attributef(chart->xml, "style", "left:%.3f%%;top:%.3f%%", x,
                   percent_y(chart_y(chart, peak->cgroup_bytes)));
    html_element(chart->xml, "b", NULL, text);
    html_close(chart->xml);
    const struct snapshot *unreclaimable = &peak->at_unreclaimable_peak;
    if (peak->unreclaimable_bytes < 0 || unreclaimable->at_ms < 0)
        return;
    html_open(chart->xml, "span", "peak hard");
    xml_attributef(chart->xml, "style", "left:%.3f%%;top:%.3f%%",
                   percent_x(chart_x(chart, unreclaimable->at_ms)),
                   percent_y(chart_y(chart, peak->unreclaimable_bytes)));
    html_close(chart->xml);
}

/* ---- legend ---- */

static void put_key(const struct chart *chart, const char *class, const char *name, int64_t bytes,
                    const char *note)
{
    char *figure CLEANUP(cleanup_free) = format_bytes(bytes);
    xml_start(chart->xml, "li");
    html_element(chart->xml, "i", class, "");
    xml_text(chart->xml, name);
    if (bytes >= 0)
        html_element(chart->xml, "b", NULL, figure);
    if (note)
        html_element(chart->xml, "small", NULL, note);
    html_close(chart->xml);
}

static void put_line_keys(const struct chart *chart, const struct finding *headline)
{
    const struct html_report *report = chart->report;
    const struct peak *peak = &report->m->peak;
    bool judged = headline && headline->status != FINDING_OFF;
    put_key(chart, "line cgroup", "charged to the build, peak", peak->cgroup_bytes, NULL);
    if (peak->unreclaimable_bytes >= 0)
        put_key(chart, "mark hard", "unreclaimable, peak", peak->unreclaimable_bytes, NULL);
    if (report->before) {
        char *name CLEANUP(cleanup_free) = xasprintf(
            "against %s, peak", report->before->label ? report->before->label : "the other run");
        put_key(chart, "line before", name, report->before->peak.cgroup_bytes, NULL);
    }
    if (headline && headline->baseline >= 0)
        put_key(chart, "line baseline", "baseline", headline->baseline, NULL);
    if (judged && headline->allowed >= 0)
        put_key(chart, "line budget", "budget", headline->allowed, NULL);
    if (peak->limit_bytes >= 0)
        put_key(chart, "line limit", "memory limit", peak->limit_bytes,
                chart_has_room_for(chart, peak->limit_bytes) ? NULL : "above the chart");
}

static void put_legend(const struct chart *chart, const struct layers *layers, bool with_lines,
                       bool with_stages)
{
    html_open(chart->xml, "ul", "legend");
    if (with_lines)
        put_line_keys(chart, find_check(chart->report->judgement, METRIC_CGROUP_PEAK));
    if (with_stages)
        put_key(chart, "line stage-budget", "budget of a stage, PSS", UNMEASURED, NULL);
    for (size_t i = layers->count; i-- > 0;) {
        char *class CLEANUP(cleanup_free) = xasprintf("area %s%zu", layers->palette, i);
        put_key(chart, class, layers->names[i], UNMEASURED, NULL);
    }
    html_close(chart->xml);
}

/* ---- readings, for html.js ---- */

/* The highest sample of each column. */
static void put_readings(const struct chart *chart)
{
    char *text CLEANUP(cleanup_free) = NULL;
    size_t length;
    FILE *out = xmemstream_open(&text, &length);
    const char *separator = "";
    for (size_t i = 0; i < CHART_WIDTH; i++) {
        const struct sample *sample = chart->columns[i].high;
        if (!sample)
            continue;
        fprintf(out, "%s%" PRId64 ",%zu,%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64,
                separator, sample->t_ms, sample->stage, sample->cgroup_bytes, sample->pss_bytes,
                sample->anon_bytes, sample->file_bytes, sample->processes);
        separator = ";";
    }
    xmemstream_close(out);
    xml_attributef(chart->xml, "data-end", "%" PRId64, chart->end_ms);
    xml_attribute(chart->xml, "data-readings", text);
}

/* ---- the whole ---- */

static char *describe(const struct chart *chart, const char *title)
{
    const struct measurement *m = chart->report->m;
    char *peak CLEANUP(cleanup_free) = format_bytes(m->peak.cgroup_bytes);
    char *duration CLEANUP(cleanup_free) = format_duration(m->build.duration_ms);
    return xasprintf("%s over %s; the peak is %s", title, duration, peak);
}

static void put_drawing(const struct chart *chart, const char *title, const struct layers *layers,
                        const struct band *bands, size_t band_count, bool main)
{
    struct xml *xml = chart->xml;
    const struct finding *headline = find_check(chart->report->judgement, METRIC_CGROUP_PEAK);
    char *description CLEANUP(cleanup_free) = describe(chart, title);
    xml_start(xml, "svg");
    xml_attributef(xml, "viewBox", "0 0 %d %d", CHART_WIDTH, CHART_HEIGHT);
    xml_attribute(xml, "preserveAspectRatio", "none");
    xml_attribute(xml, "role", "img");
    xml_attribute(xml, "aria-label", description);
    chart_put_grid(chart);
    chart_put_layers(chart, layers);
    put_stage_shapes(chart, bands, band_count, main && layers->of_pss);
    if (main && chart->before)
        chart_put_curve(chart, chart->before, "line before");
    if (main)
        chart_put_curve(chart, chart->columns, "line cgroup");
    if (main && headline && chart_has_room_for(chart, headline->baseline))
        chart_put_line(chart, "line baseline", 0, CHART_WIDTH, chart_y(chart, headline->baseline));
    if (main && headline && headline->status != FINDING_OFF &&
        chart_has_room_for(chart, headline->allowed))
        chart_put_line(chart, "line budget", 0, CHART_WIDTH, chart_y(chart, headline->allowed));
    if (chart_has_room_for(chart, chart->report->m->peak.limit_bytes))
        chart_put_line(chart, "line limit", 0, CHART_WIDTH,
                       chart_y(chart, chart->report->m->peak.limit_bytes));
    html_close(xml);
}

static bool any_stage_budget(const struct chart *chart)
{
    const struct strv *stages = &chart->report->series->stages;
    for (size_t i = 0; i < stages->count; i++) {
        const struct finding *check = stage_check(chart->report, stages->items[i]);
        if (check && check->status != FINDING_OFF && chart_has_room_for(chart, check->allowed))
            return true;
    }
    return false;
}

static void put_chart(const struct chart *chart, const char *title, const struct layers *layers,
                      bool main)
{
    struct xml *xml = chart->xml;
    size_t band_count;
    struct band *bands CLEANUP(cleanup_free) = bands_of(chart, &band_count);
    html_open(xml, "figure", main ? "chart" : "chart small");
    html_element(xml, "figcaption", NULL, title);
    html_open(xml, "div", "plot");
    if (main)
        put_readings(chart);
    put_stage_names(chart, bands, band_count);
    html_open(xml, "div", "canvas");
    put_drawing(chart, title, layers, bands, band_count, main);
    put_ticks(chart);
    if (main)
        put_peak_mark(chart);
    html_close(xml);
    html_close(xml);
    put_legend(chart, layers, main, main && layers->of_pss && any_stage_budget(chart));
    html_close(xml);
}

/* The names that the readings count through. */
static void put_stage_list(const struct chart *chart)
{
    html_open(chart->xml, "ol", "stages");
    xml_attribute(chart->xml, "hidden", "");
    for (size_t i = 0; i < chart->report->series->stages.count; i++)
        html_element(chart->xml, "li", NULL, chart->report->series->stages.items[i]);
    html_close(chart->xml);
}

void html_put_timeline(struct xml *xml, const struct html_report *report)
{
    html_section(xml, "timeline", "Timeline");
    if (!report->series->count) {
        html_element(xml, "p", "note", "There is no timeline-LABEL.csv beside the result.");
        html_close(xml);
        return;
    }
    struct chart chart = {.xml = xml, .report = report};
    chart_settle(&chart);
    chart.columns = series_columns(report->series, chart.end_ms, CHART_WIDTH);
    if (report->before && report->before_series->count)
        chart.before = series_columns(report->before_series, chart.end_ms, CHART_WIDTH);
    struct layers by_process CLEANUP(layers_release) = layers_by_process(report->series);
    struct layers by_kind CLEANUP(layers_release) = layers_by_kind(chart.columns, CHART_WIDTH);
    put_stage_list(&chart);
    if (by_process.points)
        put_chart(&chart, "Held by processes (areas: their PSS), and charged to the build (line)",
                  &by_process, true);
    put_chart(&chart, "What is charged, by kind", &by_kind, !by_process.points);
    free(chart.columns);
    free(chart.before);
    html_close(xml);
}
