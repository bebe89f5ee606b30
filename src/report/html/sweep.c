/* The page of `build-mem sweep`: a picture of memory against time, and its tables. It has no
 * script.
 */
#include "base/alloc.h"
#include "base/units.h"
#include "report/html/html.h"
#include "report/wording.h"

#include <stdio.h>

#define CHART_WIDTH 960
#define CHART_HEIGHT 320

/* The ends of an axis. It does not begin at 0: a difference of some percent must be visible. */
struct axis {
    int64_t low, high;
};

/* What the picture and the tables show. */
struct view {
    const struct sweep *sweep;
    const struct sweep_point *points;
    size_t count;
    struct axis memory, time;
};

static void include(struct axis *axis, struct sweep_range range)
{
    axis->high = range.highest > axis->high ? range.highest : axis->high;
    axis->low = axis->low < 0 || range.lowest < axis->low ? range.lowest : axis->low;
}

static void add_margin(struct axis *axis)
{
    int64_t margin = (axis->high - axis->low) / 12 + axis->high / 100 + 1;
    axis->high = add_figures(axis->high, margin);
    axis->low = axis->low > margin ? axis->low - margin : 0;
}

static double x_of(const struct view *view, int64_t ms)
{
    return CHART_WIDTH * (double)(ms - view->time.low) / (double)(view->time.high - view->time.low);
}

static double y_of(const struct view *view, int64_t bytes)
{
    return CHART_HEIGHT * (double)(view->memory.high - bytes) /
           (double)(view->memory.high - view->memory.low);
}

/* ---- the picture ---- */

/* A cross of both intervals, and a dot, whose name a pointer shows. */
static void put_dot(struct xml *xml, const struct view *view, size_t number)
{
    const struct sweep_point *point = &view->points[number];
    const struct sweep_range memory = sweep_memory(view->sweep, point);
    const char *class = point->on_front ? "line value" : "line before";
    double x = x_of(view, point->duration.median), y = y_of(view, memory.median);
    char *cross CLEANUP(cleanup_free) =
        xasprintf("M%.1f %.1fH%.1fM%.1f %.1fV%.1f", x_of(view, point->duration.lowest), y,
                  x_of(view, point->duration.highest), x, y_of(view, memory.lowest),
                  y_of(view, memory.highest));
    char *dot CLEANUP(cleanup_free) = xasprintf("M%.1f %.1fh.01", x, y);
    char *dot_class CLEANUP(cleanup_free) = xasprintf("%s dot", class);
    char *name CLEANUP(cleanup_free) = sweep_point_text(view->sweep, number);
    html_path(xml, class, cross);
    html_open(xml, "path", dot_class);
    xml_attribute(xml, "d", dot);
    html_element(xml, "title", NULL, name);
    html_close(xml);
}

/* A step down and to the right for each point of the front, in order of time: what each memory
 * allows. */
static void put_front(struct xml *xml, const struct view *view)
{
    char *shape CLEANUP(cleanup_free) = NULL;
    size_t length;
    FILE *out = xmemstream_open(&shape, &length);
    int64_t last_ms = -1;
    for (bool first = true;; first = false) {
        size_t next = view->count;
        for (size_t i = 0; i < view->count; i++)
            if (view->points[i].on_front && view->points[i].duration.median > last_ms &&
                (next == view->count ||
                 view->points[i].duration.median < view->points[next].duration.median))
                next = i;
        if (next == view->count)
            break;
        last_ms = view->points[next].duration.median;
        fprintf(out, first ? "M%.1f %.1f" : "H%.1fV%.1f", x_of(view, last_ms),
                y_of(view, sweep_memory(view->sweep, &view->points[next]).median));
    }
    xmemstream_close(out);
    html_path(xml, "line usage", shape);
}

static void put_drawing(struct xml *xml, const struct view *view)
{
    xml_start(xml, "svg");
    xml_attributef(xml, "viewBox", "0 0 %d %d", CHART_WIDTH, CHART_HEIGHT);
    xml_attribute(xml, "preserveAspectRatio", "none");
    xml_attribute(xml, "role", "img");
    xml_attribute(xml, "aria-label", "Memory against time; the table below has the figures");
    if (view->sweep->within_bytes >= 0) {
        char *budget CLEANUP(cleanup_free) =
            xasprintf("M0 %.1fH%d", y_of(view, view->sweep->within_bytes), CHART_WIDTH);
        html_path(xml, "line limit", budget);
    }
    put_front(xml, view);
    for (size_t i = 0; i < view->count; i++)
        if (sweep_passes(&view->points[i]))
            put_dot(xml, view, i);
    html_close(xml);
}

static void put_ticks(struct xml *xml, const struct view *view)
{
    for (int i = 0; i <= 2; i++) {
        int64_t bytes = view->memory.low + (view->memory.high - view->memory.low) / 2 * i;
        int64_t ms = view->time.low + (view->time.high - view->time.low) / 2 * i;
        char *memory CLEANUP(cleanup_free) = format_bytes(bytes);
        char *time CLEANUP(cleanup_free) = format_duration(ms);
        html_tick(xml, "tick y", "top", 100 * y_of(view, bytes) / CHART_HEIGHT, memory);
        html_tick(xml, "tick x", "left", 100 * x_of(view, ms) / CHART_WIDTH, time);
    }
}

static void put_chart(struct xml *xml, struct view *view)
{
    for (size_t i = 0; i < view->count; i++)
        if (sweep_passes(&view->points[i])) {
            include(&view->memory, sweep_memory(view->sweep, &view->points[i]));
            include(&view->time, view->points[i].duration);
        }
    if (view->memory.low < 0) /* no build passed */
        return;
    int64_t budget = view->sweep->within_bytes;
    if (budget >= 0)
        include(&view->memory, (struct sweep_range){budget, budget, budget});
    add_margin(&view->memory);
    add_margin(&view->time);
    html_open(xml, "figure", "chart");
    html_element(xml, "figcaption", NULL,
                 budget >= 0 ? "Unreclaimable memory against time" : "Memory peak against time");
    html_open(xml, "div", "plot");
    html_open(xml, "div", "canvas");
    put_drawing(xml, view);
    put_ticks(xml, view);
    html_close(xml);
    html_close(xml);
    html_open(xml, "ul", "legend");
    html_legend_item(xml, "line value", "on the front, with intervals of 95 %");
    html_legend_item(xml, "line before", "other points");
    html_legend_item(xml, "line usage", "the least memory for a time");
    if (budget >= 0)
        html_legend_item(xml, "line limit", "--within");
    html_close(xml);
    html_close(xml);
}

/* ---- tables ---- */

static void put_interval(struct xml *xml, struct sweep_range range, bool is_time)
{
    char *low CLEANUP(cleanup_free) =
        is_time ? format_duration(range.lowest) : format_bytes(range.lowest);
    char *high CLEANUP(cleanup_free) =
        is_time ? format_duration(range.highest) : format_bytes(range.highest);
    html_figure_cell(xml, is_time ? "ms" : "bytes", range.median);
    html_open(xml, "td", "n");
    if (range.median >= 0)
        xml_textf(xml, "%s to %s", low, high);
    html_close(xml);
}

static void put_points(struct xml *xml, const struct view *view)
{
    html_table(xml, "The points that were built",
               (const char *const[]){"point", "front", ">memory", ">interval", ">time", ">interval",
                                     ">builds", "failure", NULL});
    for (size_t i = 0; i < view->count; i++) {
        const struct sweep_point *point = &view->points[i];
        if (!point->runs)
            continue;
        char *name CLEANUP(cleanup_free) = sweep_point_text(view->sweep, i);
        char *runs CLEANUP(cleanup_free) = xasprintf("%zu", point->runs);
        xml_start(xml, "tr");
        html_row_head(xml, name);
        html_element(xml, "td", point->on_front ? "good" : NULL, point->on_front ? "yes" : "");
        put_interval(xml, sweep_memory(view->sweep, &view->points[i]), false);
        put_interval(xml, point->duration, true);
        html_element(xml, "td", "n", runs);
        html_element(xml, "td", "bad", point->detail ? point->detail : "");
        html_close(xml);
    }
    html_table_end(xml);
}

static void put_effects(struct xml *xml, const struct view *view)
{
    struct sweep_model model CLEANUP(sweep_model_release);
    sweep_model_init(&model, view->sweep, view->points);
    html_table(xml, "The effect of each knob alone, compared with its first value",
               (const char *const[]){"knob", "value", ">memory", ">time", NULL});
    for (size_t k = 0; k < view->sweep->knob_count; k++)
        for (size_t level = 0; level < view->sweep->knobs[k].values.count; level++) {
            double memory, time;
            if (!sweep_effect(&model, k, level, &memory, &time))
                continue;
            char *memory_text CLEANUP(cleanup_free) = xasprintf("× %.2f", memory);
            char *time_text CLEANUP(cleanup_free) = xasprintf("× %.2f", time);
            xml_start(xml, "tr");
            html_row_head(xml, view->sweep->knobs[k].name);
            html_element(xml, "td", NULL, view->sweep->knobs[k].values.items[level]);
            html_element(xml, "td", "n", memory_text);
            html_element(xml, "td", "n", time_text);
            html_close(xml);
        }
    html_table_end(xml);
}

char *sweep_html(const struct sweep *sweep)
{
    struct sweep_point *points CLEANUP(cleanup_free) = sweep_points(sweep);
    struct view view = {.sweep = sweep,
                        .points = points,
                        .count = sweep_point_count(sweep),
                        .memory = {-1, 0},
                        .time = {-1, 0}};
    char *reason CLEANUP(cleanup_free) = format_sweep_reason(sweep, points);
    char *advice CLEANUP(cleanup_free) = format_sweep_advice(sweep);
    struct xml *xml = xml_new(XML_HTML);
    html_put_head(xml, "build-mem sweep");
    xml_start(xml, "body");
    xml_start(xml, "main");
    xml_raw(xml, "\n");
    html_open(xml, "section",
              sweep_verdict_of(sweep) == SWEEP_VERDICT_FOUND ? "verdict good" : "verdict warn");
    html_element(xml, "h1", NULL, "Memory of the build against time");
    html_element(xml, "p", NULL, reason);
    if (advice)
        html_element(xml, "p", NULL, advice);
    html_close(xml);
    html_section(xml, "points", "Points");
    put_chart(xml, &view);
    put_points(xml, &view);
    put_effects(xml, &view);
    html_close(xml);
    html_close(xml);
    html_close(xml);
    return xml_finish(xml);
}
