#include "report/html/chart.h"

#include "base/alloc.h"
#include "base/units.h"
#include "measurement/metric.h"
#include "report/html/html.h"
#include "report/wording.h"

#include <stdio.h>

double chart_x(const struct chart *chart, int64_t t_ms)
{
    double share = (double)t_ms / (double)chart->end_ms;
    return CHART_WIDTH * (share < 1 ? share : 1);
}

double chart_y(const struct chart *chart, int64_t bytes)
{
    return CHART_HEIGHT * (1 - (double)bytes / (double)chart->top_bytes);
}

/* ---- scale ---- */

static void raise_to(int64_t *figure, int64_t value)
{
    if (value > *figure)
        *figure = value;
}

/* A result may claim more than a series; the scale ends there. */
static int64_t within_scale(int64_t figure)
{
    return figure < SERIES_FIGURE_MAX ? figure : SERIES_FIGURE_MAX;
}

static void reach(const struct series *series, int64_t *end_ms, int64_t *top_bytes)
{
    for (size_t i = 0; i < series->count; i++) {
        raise_to(end_ms, series->samples[i].t_ms);
        raise_to(top_bytes, series->samples[i].cgroup_bytes);
        raise_to(top_bytes, series->samples[i].pss_bytes);
    }
}

bool chart_has_room_for(const struct chart *chart, int64_t bytes)
{
    return bytes > 0 && bytes <= chart->top_bytes;
}

void chart_settle(struct chart *chart)
{
    const struct html_report *report = chart->report;
    const struct finding *headline = find_check(report->judgement, METRIC_CGROUP_PEAK);
    int64_t top = MIB;
    chart->end_ms = 1;
    reach(report->series, &chart->end_ms, &top);
    raise_to(&chart->end_ms, report->m->build.duration_ms);
    raise_to(&top, report->m->peak.cgroup_bytes);
    if (report->before) {
        reach(report->before_series, &chart->end_ms, &top);
        raise_to(&top, report->before->peak.cgroup_bytes);
    }
    const int64_t lines[] = {report->m->peak.limit_bytes, headline ? headline->allowed : UNMEASURED,
                             headline ? headline->baseline : UNMEASURED};
    int64_t seen = within_scale(top);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (lines[i] <= seen + seen / 2)
            raise_to(&top, lines[i]);
    top = within_scale(top);
    chart->end_ms = within_scale(chart->end_ms);
    /* 1, 2, 4, ... MiB or GiB apart, at most five lines, and some air. */
    chart->step_bytes = MIB;
    while (chart->step_bytes * 5 < top)
        chart->step_bytes *= 2;
    chart->top_bytes = top + top / 12;
}

/* ---- shapes ---- */

static void chart_put_path(struct xml *xml, const char *class, const char *shape)
{
    html_open(xml, "path", class);
    xml_attribute(xml, "d", shape);
    html_close(xml);
}

void chart_put_line(const struct chart *chart, const char *class, double x1, double x2, double y)
{
    html_open(chart->xml, "path", class);
    xml_attributef(chart->xml, "d", "M%.1f %.1fH%.1f", x1, y, x2);
    html_close(chart->xml);
}

void chart_put_grid(const struct chart *chart)
{
    for (int64_t at = chart->step_bytes; at <= chart->top_bytes; at += chart->step_bytes)
        chart_put_line(chart, "grid", 0, CHART_WIDTH, chart_y(chart, at));
}

/* Each column by its lowest and its highest sample, in the order in which they came. */
void chart_put_curve(const struct chart *chart, const struct series_column *columns,
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
        fprintf(out, "%c%.1f %.1f", command, chart_x(chart, first->t_ms),
                chart_y(chart, sample_usage(first)));
        command = 'L';
        if (second != first)
            fprintf(out, "L%.1f %.1f", chart_x(chart, second->t_ms),
                    chart_y(chart, sample_usage(second)));
    }
    xmemstream_close(out);
    chart_put_path(chart->xml, class, shape);
}

static bool is_held(const struct layers *layers, size_t layer, size_t point)
{
    return point < layers->points && *layer_at(layers, layer, point) > 0;
}

/* The layer's shape over `floor`, from one point to another: along its top, and back below. */
static void put_shape(FILE *out, const struct chart *chart, const struct layers *layers,
                      size_t layer, const int64_t *floor, size_t from, size_t to)
{
    for (size_t p = from; p <= to; p++)
        fprintf(out, "%c%.1f %.1f", p > from ? 'L' : 'M', chart_x(chart, layers->at_ms[p]),
                chart_y(chart, floor[p] + *layer_at(layers, layer, p)));
    for (size_t p = to + 1; p-- > from;)
        fprintf(out, "L%.1f %.1f", chart_x(chart, layers->at_ms[p]), chart_y(chart, floor[p]));
    fputc('Z', out);
}

static void put_layer(const struct chart *chart, const struct layers *layers, size_t layer,
                      const int64_t *floor)
{
    char *shape CLEANUP(cleanup_free) = NULL;
    char *class CLEANUP(cleanup_free) = xasprintf("area %s%zu", layers->palette, layer);
    size_t length;
    FILE *out = xmemstream_open(&shape, &length);
    for (size_t p = 0; p < layers->points; p++) {
        if (!is_held(layers, layer, p))
            continue;
        size_t from = p > 0 ? p - 1 : p;
        while (is_held(layers, layer, p + 1))
            p++;
        put_shape(out, chart, layers, layer, floor, from, p + 1 < layers->points ? p + 1 : p);
    }
    xmemstream_close(out);
    chart_put_path(chart->xml, class, shape);
}

void chart_put_layers(const struct chart *chart, const struct layers *layers)
{
    int64_t *floor CLEANUP(cleanup_free) = xcalloc(layers->points, sizeof *floor);
    for (size_t layer = 0; layers->points && layer < layers->count; layer++) {
        put_layer(chart, layers, layer, floor);
        for (size_t p = 0; p < layers->points; p++)
            floor[p] += *layer_at(layers, layer, p);
    }
}
