/* The timeline: a stretched SVG, with the texts over it as HTML so that they keep their size, the
 * legend, and the readings for page.js. */
#include "base/alloc.h"
#include "base/units.h"
#include "measurement/metric.h"
#include "report/html/html.h"
#include "report/wording.h"

#include <inttypes.h>
#include <stdio.h>

/* Units of the drawing. It has as many columns as a wide screen shows. */
#define CHART_WIDTH 960
#define CHART_HEIGHT 320

struct chart {
    struct xml *xml;
    const struct report_input *report;
    int64_t end_ms, top_bytes;              /* of the scales, which begin at 0 */
    int64_t step_bytes;                     /* between two lines of the grid */
    struct series_column *columns, *before; /* CHART_WIDTH of them; NULL: no other run */
    struct sample peak;                     /* the snapshot at the memory peak */
    struct layers layers;
};

static double x_of(const struct chart *chart, int64_t t_ms)
{
    double share = (double)t_ms / (double)chart->end_ms;
    return CHART_WIDTH * (share < 1 ? share : 1);
}

static double y_of(const struct chart *chart, int64_t bytes)
{
    return CHART_HEIGHT * (1 - (double)bytes / (double)chart->top_bytes);
}

static double percent_x(const struct chart *chart, int64_t t_ms)
{
    return 100 * x_of(chart, t_ms) / CHART_WIDTH;
}

static double percent_y(const struct chart *chart, int64_t bytes)
{
    return 100 * y_of(chart, bytes) / CHART_HEIGHT;
}

/* ---- scale ---- */

static void raise_to(int64_t *figure, int64_t value)
{
    if (value > *figure)
        *figure = value;
}

/* A result can hold larger figures than a series. */
static int64_t within_scale(int64_t figure)
{
    return figure < SERIES_FIGURE_MAX ? figure : SERIES_FIGURE_MAX;
}

static void cover_series(const struct series *series, int64_t *end_ms, int64_t *top_bytes)
{
    for (size_t i = 0; i < series->count; i++) {
        raise_to(end_ms, series->samples[i].t_ms);
        raise_to(top_bytes, sample_usage(&series->samples[i]));
    }
}

/* A line far above everything else would flatten the picture: the legend has its figure. */
static bool is_on_scale(const struct chart *chart, int64_t bytes)
{
    return bytes > 0 && bytes <= chart->top_bytes;
}

static void set_scale(struct chart *chart)
{
    const struct report_input *report = chart->report;
    const struct finding *finding = find_finding(report->judgement, METRIC_CGROUP_PEAK);
    int64_t top = MIB;
    chart->end_ms = 1;
    cover_series(report->series, &chart->end_ms, &top);
    raise_to(&chart->end_ms, report->m->build.duration_ms);
    raise_to(&top, report->m->peak.cgroup_bytes);
    if (report->before) {
        cover_series(report->before_series, &chart->end_ms, &top);
        raise_to(&top, report->before->peak.cgroup_bytes);
    }
    const int64_t lines[] = {report->m->peak.limit_bytes, finding ? finding->allowed : UNMEASURED,
                             finding ? finding->baseline : UNMEASURED};
    int64_t measured = within_scale(top);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (lines[i] <= measured + measured / 2)
            raise_to(&top, lines[i]);
    top = within_scale(top);
    chart->end_ms = within_scale(chart->end_ms);
    /* At most five lines, a power of two of MiB apart, and some space above. */
    chart->step_bytes = MIB;
    while (chart->step_bytes * 5 < top)
        chart->step_bytes *= 2;
    chart->top_bytes = top + top / 12;
}

/* Adds the snapshot at the memory peak to the columns: it can lie between two samples, and the
 * areas then reach the peak. */
static void add_peak_snapshot(struct chart *chart)
{
    const struct series *series = chart->report->series;
    const struct peak *peak = &chart->report->m->peak;
    const struct snapshot *snapshot = &peak->at_peak;
    if (snapshot->at_ms < 0 || snapshot->at_ms >= chart->end_ms || snapshot->cgroup_bytes < 0 ||
        snapshot->cgroup_bytes > chart->top_bytes)
        return;
    chart->peak =
        (struct sample){.t_ms = snapshot->at_ms,
                        .cgroup_bytes = snapshot->cgroup_bytes,
                        .pss_bytes = snapshot->pss_bytes,
                        .anon_bytes = peak->composition.anon_bytes,
                        .file_bytes = peak->composition.file_bytes,
                        .shmem_bytes = peak->composition.shmem_bytes,
                        .kernel_bytes = peak->composition.kernel_bytes,
                        .processes = snapshot->count ? (int64_t)snapshot->count : UNMEASURED};
    for (size_t i = 0; i < series->count && series->samples[i].t_ms <= snapshot->at_ms; i++)
        chart->peak.stage = series->samples[i].stage;
    size_t place = (size_t)x_of(chart, snapshot->at_ms);
    struct series_column *column = &chart->columns[place < CHART_WIDTH ? place : CHART_WIDTH - 1];
    if (!column->high || sample_usage(column->high) < snapshot->cgroup_bytes)
        column->high = &chart->peak;
    if (!column->low)
        column->low = &chart->peak;
}

/* ---- shapes ---- */

static void put_path(const struct chart *chart, const char *class, const char *shape)
{
    html_open(chart->xml, "path", class);
    xml_attribute(chart->xml, "d", shape);
    html_close(chart->xml);
}

static void put_level(const struct chart *chart, const char *class, int64_t bytes)
{
    if (!is_on_scale(chart, bytes))
        return;
    char *shape CLEANUP(cleanup_free) = xasprintf("M0 %.1fH%d", y_of(chart, bytes), CHART_WIDTH);
    put_path(chart, class, shape);
}

/* Draws each column by its lowest and its highest sample, in the order of time. */
static void put_curve(const struct chart *chart, const struct series_column *columns,
                      const char *class)
{
    char *shape CLEANUP(cleanup_free) = NULL;
    size_t length;
    FILE *out = xmemstream_open(&shape, &length);
    char command = 'M';
    for (size_t i = 0; i < CHART_WIDTH; i++) {
        const struct sample *first = columns[i].low, *second = columns[i].high;
        if (!first)
            continue;
        if (second->t_ms < first->t_ms) {
            first = columns[i].high;
            second = columns[i].low;
        }
        fprintf(out, "%c%.1f %.1f", command, x_of(chart, first->t_ms),
                y_of(chart, sample_usage(first)));
        command = 'L';
        if (second != first)
            fprintf(out, "L%.1f %.1f", x_of(chart, second->t_ms),
                    y_of(chart, sample_usage(second)));
    }
    xmemstream_close(out);
    put_path(chart, class, shape);
}

/* Each area reaches from 0 to the top of its layer, and the next one is drawn over it. */
static void put_areas(const struct chart *chart)
{
    const struct layers *layers = &chart->layers;
    int64_t *tops CLEANUP(cleanup_free) = xcalloc(layers->points, sizeof *tops);
    for (size_t layer = 0; layer < layers->count; layer++)
        for (size_t p = 0; p < layers->points; p++)
            tops[p] += *layer_at(layers, layer, p);
    for (size_t layer = layers->count; layers->points && layer-- > 0;) {
        char *shape CLEANUP(cleanup_free) = NULL;
        size_t length;
        FILE *out = xmemstream_open(&shape, &length);
        fprintf(out, "M%.1f %d", x_of(chart, layers->at_ms[0]), CHART_HEIGHT);
        for (size_t p = 0; p < layers->points; p++) {
            fprintf(out, "L%.1f %.1f", x_of(chart, layers->at_ms[p]), y_of(chart, tops[p]));
            tops[p] -= *layer_at(layers, layer, p);
        }
        fprintf(out, "V%dZ", CHART_HEIGHT);
        xmemstream_close(out);
        put_path(chart, layers->layers[layer].class, shape);
    }
}

/* ---- stages ---- */

struct band {
    size_t stage;
    int64_t from_ms, to_ms;
};

/* Returns the bands of the stages in their order, at most one per column; the caller owns them. */
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

static void put_stage_edges(const struct chart *chart, const struct band *bands, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        char *shape CLEANUP(cleanup_free) =
            xasprintf("M%.1f 0V%d", x_of(chart, bands[i].from_ms), CHART_HEIGHT);
        put_path(chart, "edge", shape);
    }
}

static void put_stage_names(const struct chart *chart, const struct band *bands, size_t count)
{
    html_open(chart->xml, "div", "bands");
    for (size_t i = 0; i < count; i++) {
        const char *name = chart->report->series->stages.items[bands[i].stage];
        double from = percent_x(chart, bands[i].from_ms), to = percent_x(chart, bands[i].to_ms);
        char *span CLEANUP(cleanup_free) = format_span(bands[i].from_ms, bands[i].to_ms);
        html_open(chart->xml, "span", "band");
        xml_attributef(chart->xml, "style", "left:%.3f%%;width:%.3f%%", from, to - from);
        xml_attributef(chart->xml, "title", "%s, %s", name, span);
        xml_text(chart->xml, name);
        xml_end(chart->xml);
    }
    html_close(chart->xml);
}

/* ---- texts over the drawing ---- */

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
        xml_attributef(chart->xml, "style", "top:%.3f%%", percent_y(chart, at));
        xml_text(chart->xml, at ? text : "0");
        xml_end(chart->xml);
    }
    int64_t step = time_step(chart->end_ms);
    size_t count = 0;
    for (int64_t at = 0; at <= chart->end_ms; at += step, count++) {
        char *text CLEANUP(cleanup_free) = format_duration(at);
        html_open(chart->xml, "span", count % 2 ? "tick x odd" : "tick x");
        xml_attributef(chart->xml, "style", "left:%.3f%%", percent_x(chart, at));
        xml_text(chart->xml, at ? text : "0");
        xml_end(chart->xml);
    }
    xml_raw(chart->xml, "\n");
}

static void put_mark(const struct chart *chart, const char *class, int64_t at_ms, int64_t bytes,
                     bool with_figure)
{
    if (bytes < 0 || at_ms < 0)
        return;
    char *text CLEANUP(cleanup_free) = format_bytes(bytes);
    char *side CLEANUP(cleanup_free) =
        xasprintf("%s%s", class, percent_x(chart, at_ms) > 75 ? " left" : "");
    html_open(chart->xml, "span", side);
    xml_attributef(chart->xml, "style", "left:%.3f%%;top:%.3f%%", percent_x(chart, at_ms),
                   percent_y(chart, bytes));
    if (with_figure)
        html_element(chart->xml, "b", NULL, text);
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

static void put_line_keys(const struct chart *chart, const struct finding *finding)
{
    const struct report_input *report = chart->report;
    const struct peak *peak = &report->m->peak;
    put_key(chart, "line usage", "charged to the build", UNMEASURED, NULL);
    if (peak->cgroup_bytes >= 0)
        put_key(chart, "line peak-level", "memory peak", peak->cgroup_bytes, NULL);
    if (peak->unreclaimable_bytes >= 0)
        put_key(chart, "mark unreclaimable", "unreclaimable peak", peak->unreclaimable_bytes, NULL);
    if (report->before) {
        char *name CLEANUP(cleanup_free) =
            xasprintf("%s, peak", report->before->label ? report->before->label : "the other run");
        put_key(chart, "line before", name, report->before->peak.cgroup_bytes, NULL);
    }
    if (finding && finding->baseline >= 0)
        put_key(chart, "line baseline", "baseline", finding->baseline, NULL);
    if (finding && finding->status != FINDING_OFF && finding->allowed >= 0)
        put_key(chart, "line allowed", "allowed", finding->allowed, NULL);
    if (peak->limit_bytes >= 0)
        put_key(chart, "line limit", "memory limit", peak->limit_bytes,
                is_on_scale(chart, peak->limit_bytes) ? NULL : "above the chart");
}

static void put_legend(const struct chart *chart)
{
    html_open(chart->xml, "ul", "legend");
    put_line_keys(chart, find_finding(chart->report->judgement, METRIC_CGROUP_PEAK));
    for (size_t i = chart->layers.count; i-- > 0;)
        put_key(chart, chart->layers.layers[i].class, chart->layers.layers[i].name, UNMEASURED,
                NULL);
    html_close(chart->xml);
}

/* ---- readings for page.js ---- */

/* Writes the highest sample of each column. */
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
        const int64_t figures[] = {sample->cgroup_bytes, sample->pss_bytes,   sample->anon_bytes,
                                   sample->file_bytes,   sample->shmem_bytes, sample->kernel_bytes,
                                   sample->processes};
        fprintf(out, "%s%" PRId64 ",%zu", separator, sample->t_ms, sample->stage);
        for (size_t k = 0; k < sizeof figures / sizeof *figures; k++)
            fprintf(out, ",%" PRId64, figures[k]);
        separator = ";";
    }
    xmemstream_close(out);
    xml_attributef(chart->xml, "data-end", "%" PRId64, chart->end_ms);
    xml_attribute(chart->xml, "data-readings", text);
}

/* The readings refer to stages by their index in this list. */
static void put_stage_list(const struct chart *chart)
{
    html_open(chart->xml, "ol", "stages");
    xml_attribute(chart->xml, "hidden", "");
    for (size_t i = 0; i < chart->report->series->stages.count; i++)
        html_element(chart->xml, "li", NULL, chart->report->series->stages.items[i]);
    html_close(chart->xml);
}

/* ---- the whole ---- */

static void put_drawing(const struct chart *chart, const struct band *bands, size_t band_count)
{
    struct xml *xml = chart->xml;
    const struct measurement *m = chart->report->m;
    const struct finding *finding = find_finding(chart->report->judgement, METRIC_CGROUP_PEAK);
    char *peak CLEANUP(cleanup_free) = format_bytes(m->peak.cgroup_bytes);
    char *duration CLEANUP(cleanup_free) = format_duration(m->build.duration_ms);
    xml_start(xml, "svg");
    xml_attributef(xml, "viewBox", "0 0 %d %d", CHART_WIDTH, CHART_HEIGHT);
    xml_attribute(xml, "preserveAspectRatio", "none");
    xml_attribute(xml, "role", "img");
    xml_attributef(xml, "aria-label", "Memory charged to the build over %s; the peak is %s",
                   duration, peak);
    for (int64_t at = chart->step_bytes; at <= chart->top_bytes; at += chart->step_bytes)
        put_level(chart, "grid", at);
    put_areas(chart);
    put_stage_edges(chart, bands, band_count);
    if (chart->before)
        put_curve(chart, chart->before, "line before");
    put_level(chart, "line peak-level", m->peak.cgroup_bytes);
    put_curve(chart, chart->columns, "line usage");
    if (finding)
        put_level(chart, "line baseline", finding->baseline);
    if (finding && finding->status != FINDING_OFF)
        put_level(chart, "line allowed", finding->allowed);
    put_level(chart, "line limit", m->peak.limit_bytes);
    html_close(xml);
}

static void put_chart(const struct chart *chart)
{
    struct xml *xml = chart->xml;
    const struct peak *peak = &chart->report->m->peak;
    size_t band_count;
    struct band *bands CLEANUP(cleanup_free) = bands_of(chart, &band_count);
    html_open(xml, "figure", "chart");
    html_element(xml, "figcaption", NULL,
                 "Memory charged to the build: anonymous and shared memory by process, page cache, "
                 "kernel memory");
    html_open(xml, "div", "plot");
    put_readings(chart);
    put_stage_names(chart, bands, band_count);
    html_open(xml, "div", "canvas");
    put_drawing(chart, bands, band_count);
    put_ticks(chart);
    put_mark(chart, "peak", peak->at_peak.at_ms, peak->cgroup_bytes, true);
    put_mark(chart, "peak unreclaimable", peak->at_unreclaimable_peak.at_ms,
             peak->unreclaimable_bytes, false);
    html_close(xml);
    html_close(xml);
    put_legend(chart);
    html_close(xml);
}

void html_put_timeline(struct xml *xml, const struct report_input *report)
{
    html_section(xml, "timeline", "Timeline");
    if (!report->series->count) {
        html_element(xml, "p", "note", "There is no timeline-LABEL.csv beside the result.");
        html_close(xml);
        return;
    }
    struct chart chart = {.xml = xml, .report = report};
    set_scale(&chart);
    chart.columns = series_columns(report->series, chart.end_ms, CHART_WIDTH);
    add_peak_snapshot(&chart);
    if (report->before && report->before_series->count)
        chart.before = series_columns(report->before_series, chart.end_ms, CHART_WIDTH);
    chart.layers = layers_of(report->series, chart.columns, CHART_WIDTH);
    put_stage_list(&chart);
    put_chart(&chart);
    layers_release(&chart.layers);
    free(chart.columns);
    free(chart.before);
    html_close(xml);
}
