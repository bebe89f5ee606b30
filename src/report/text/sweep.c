#include "report/report.h"

#include "base/alloc.h"
#include "base/units.h"
#include "report/text/layout.h"
#include "report/wording.h"

#include <inttypes.h>
#include <stdlib.h>

enum { NAME = 30, MARK = 7, MEMORY = -11, WIDTH = -9, TIME = -11, RUNS = -6 };

/* "±2.0 %": the half of the interval. The caller owns it. */
static char *format_width(struct sweep_range range)
{
    if (range.median <= 0)
        return xstrdup("");
    double half = (double)(range.highest - range.lowest) / 2;
    return xasprintf("±%.1f %%", 100 * half / (double)range.median);
}

/* The points in order of memory; those that fail at the end. */
static const struct sweep_point *sorted;
static const struct sweep *sorted_sweep;

static int by_memory(const void *left, const void *right)
{
    const struct sweep_point *a = &sorted[*(const size_t *)left];
    const struct sweep_point *b = &sorted[*(const size_t *)right];
    if (sweep_passes(a) != sweep_passes(b))
        return sweep_passes(a) ? -1 : 1;
    int64_t memory = sweep_memory(sorted_sweep, a).median;
    int64_t other = sweep_memory(sorted_sweep, b).median;
    return (memory > other) - (memory < other);
}

/* With --within, there is no front: the memory has both columns. */
static void put_head(struct layout *layout, bool is_front)
{
    layout_put(layout, PAINT_NONE, "\n  ");
    layout_cell(layout, NAME, PAINT_BOLD, "point");
    if (is_front)
        layout_cell(layout, MARK, PAINT_BOLD, "front");
    layout_cell(layout, is_front ? MEMORY : MEMORY - MARK, PAINT_BOLD,
                is_front ? "memory" : "unreclaimable");
    layout_cell(layout, WIDTH, PAINT_BOLD, "");
    layout_cell(layout, TIME, PAINT_BOLD, "time");
    layout_cell(layout, WIDTH, PAINT_BOLD, "");
    layout_put(layout, PAINT_NONE, "\n");
}

static void put_point(struct layout *layout, const struct sweep *sweep, size_t number,
                      const struct sweep_point *point)
{
    char *name CLEANUP(cleanup_free) = sweep_point_text(sweep, number);
    layout_put(layout, PAINT_NONE, "  ");
    layout_name(layout, 2, NAME, PAINT_NONE, name);
    if (!sweep_passes(point)) {
        layout_wrap(layout, 2 + NAME, 2 + NAME, PAINT_RED, point->detail ? point->detail : "");
        return;
    }
    const struct sweep_range range = sweep_memory(sweep, point);
    char *memory CLEANUP(cleanup_free) = format_bytes(range.median);
    char *memory_width CLEANUP(cleanup_free) = format_width(range);
    char *time CLEANUP(cleanup_free) = format_duration(point->duration.median);
    char *time_width CLEANUP(cleanup_free) = format_width(point->duration);
    layout_cell(layout, MARK, PAINT_GREEN, sweep->within_bytes < 0 && point->on_front ? "*" : "");
    layout_cell(layout, MEMORY, PAINT_NONE, memory);
    layout_cell(layout, WIDTH, PAINT_DIM, memory_width);
    layout_cell(layout, TIME, PAINT_NONE, time);
    layout_cell(layout, WIDTH, PAINT_DIM, time_width);
    layout_put(layout, PAINT_NONE, "\n");
}

static void put_points(struct layout *layout, const struct sweep *sweep,
                       const struct sweep_point *points)
{
    size_t *order CLEANUP(cleanup_free) = xcalloc(sweep_point_count(sweep), sizeof *order);
    size_t count = 0;
    for (size_t i = 0; i < sweep_point_count(sweep); i++)
        if (points[i].runs)
            order[count++] = i;
    sorted = points;
    sorted_sweep = sweep;
    qsort(order, count, sizeof *order, by_memory);
    put_head(layout, sweep->within_bytes < 0);
    for (size_t i = 0; i < count; i++)
        put_point(layout, sweep, order[i], &points[order[i]]);
}

static void put_effects(struct layout *layout, const struct sweep *sweep,
                        const struct sweep_point *points)
{
    struct sweep_model model CLEANUP(sweep_model_release);
    sweep_model_init(&model, sweep, points);
    layout_put(layout, PAINT_NONE, "\n  ");
    layout_cell(layout, NAME + MARK, PAINT_BOLD, "effect of each knob alone");
    layout_cell(layout, MEMORY, PAINT_BOLD, "memory");
    layout_cell(layout, WIDTH + TIME, PAINT_BOLD, "time");
    layout_put(layout, PAINT_NONE, "\n");
    for (size_t k = 0; k < sweep->knob_count; k++)
        for (size_t level = 0; level < sweep->knobs[k].values.count; level++) {
            double memory, time;
            if (!sweep_effect(&model, k, level, &memory, &time))
                continue;
            char *name CLEANUP(cleanup_free) =
                xasprintf("%s=%s", sweep->knobs[k].name, sweep->knobs[k].values.items[level]);
            char *memory_text CLEANUP(cleanup_free) = xasprintf("x %.2f", memory);
            char *time_text CLEANUP(cleanup_free) = xasprintf("x %.2f", time);
            layout_put(layout, PAINT_NONE, "  ");
            layout_name(layout, 2, NAME + MARK, PAINT_NONE, name);
            layout_cell(layout, MEMORY, PAINT_NONE, memory_text);
            layout_cell(layout, WIDTH + TIME, PAINT_NONE, time_text);
            layout_put(layout, PAINT_NONE, "\n");
        }
}

char *sweep_text(const struct sweep *sweep, bool colour)
{
    struct sweep_point *points CLEANUP(cleanup_free) = sweep_points(sweep);
    enum sweep_verdict verdict = sweep_verdict_of(sweep);
    char *knobs CLEANUP(cleanup_free) = sweep_knobs_text(sweep);
    char *builds CLEANUP(cleanup_free) = xasprintf("%s: %zu builds; %zu points: %s", sweep->label,
                                                   sweep->count, sweep_point_count(sweep), knobs);
    struct layout layout;
    layout_open(&layout, colour);
    layout_put(&layout, PAINT_BOLD, "build-mem ");
    layout_wrap(&layout, 10, 4, PAINT_NONE, builds);
    put_points(&layout, sweep, points);
    put_effects(&layout, sweep, points);
    char *reason CLEANUP(cleanup_free) = format_sweep_reason(sweep, points);
    char *advice CLEANUP(cleanup_free) = format_sweep_advice(sweep);
    layout_verdict(&layout, &(struct layout_verdict){.verdict = sweep_verdict_name(verdict),
                                                     .good = verdict == SWEEP_VERDICT_FOUND,
                                                     .reason = reason,
                                                     .advice = advice});
    return layout_close(&layout);
}

char *sweep_forecast_text(const struct sweep_forecast *forecast, bool colour)
{
    char *reason CLEANUP(cleanup_free) = format_forecast_reason(forecast);
    char *advice CLEANUP(cleanup_free) = format_forecast_advice(forecast);
    struct layout layout;
    layout_open(&layout, colour);
    layout_verdict(&layout, &(struct layout_verdict){.verdict = "forecast",
                                                     .good = forecast->jobs > 0,
                                                     .reason = reason,
                                                     .advice = advice});
    return layout_close(&layout);
}
