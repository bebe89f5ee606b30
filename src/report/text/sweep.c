#include "report/report.h"

#include "base/alloc.h"
#include "base/units.h"
#include "report/text/layout.h"

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

static int by_memory(const void *left, const void *right)
{
    const struct sweep_point *a = &sorted[*(const size_t *)left];
    const struct sweep_point *b = &sorted[*(const size_t *)right];
    if (sweep_passes(a) != sweep_passes(b))
        return sweep_passes(a) ? -1 : 1;
    return (a->memory.median > b->memory.median) - (a->memory.median < b->memory.median);
}

static void put_head(struct layout *layout)
{
    layout_put(layout, PAINT_NONE, "\n  ");
    layout_cell(layout, NAME, PAINT_BOLD, "point");
    layout_cell(layout, MARK, PAINT_BOLD, "front");
    layout_cell(layout, MEMORY, PAINT_BOLD, "memory");
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
    char *memory CLEANUP(cleanup_free) = format_bytes(point->memory.median);
    char *memory_width CLEANUP(cleanup_free) = format_width(point->memory);
    char *time CLEANUP(cleanup_free) = format_duration(point->duration.median);
    char *time_width CLEANUP(cleanup_free) = format_width(point->duration);
    layout_cell(layout, MARK, PAINT_GREEN, point->on_front ? "*" : "");
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
    qsort(order, count, sizeof *order, by_memory);
    put_head(layout);
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

/* "jobs=4 needs 1.20 GiB and takes 65.0 s; the fastest, jobs=8, ..." The caller owns it. */
static char *format_recommendation(const struct sweep *sweep, const struct sweep_point *points)
{
    size_t best, fastest;
    if (!sweep_recommend(sweep, points, &best, &fastest))
        return xstrdup("no build passed");
    char *name CLEANUP(cleanup_free) = sweep_point_text(sweep, best);
    char *memory CLEANUP(cleanup_free) = format_bytes(points[best].memory.median);
    char *time CLEANUP(cleanup_free) = format_duration(points[best].duration.median);
    if (best == fastest)
        return xasprintf("%s is the fastest: %s, %s; each point with less memory is more than "
                         "%.0f %% slower",
                         name, memory, time, 100 * SWEEP_SLOWER);
    char *other CLEANUP(cleanup_free) = sweep_point_text(sweep, fastest);
    char *saved CLEANUP(cleanup_free) =
        format_bytes(points[fastest].memory.median - points[best].memory.median);
    char *added CLEANUP(cleanup_free) =
        format_duration(points[best].duration.median - points[fastest].duration.median);
    return xasprintf("%s needs %s and takes %s: %s less memory than the fastest point, %s, for %s "
                     "more time",
                     name, memory, time, saved, other, added);
}

static char *format_within(const struct sweep *sweep, const struct sweep_point *points,
                           const struct sweep_plan *plan)
{
    char *budget CLEANUP(cleanup_free) = format_bytes(sweep->within_bytes);
    if (plan->state == SWEEP_NONE_FITS)
        return xasprintf("no value fits in %s", budget);
    char *name CLEANUP(cleanup_free) = sweep_point_text(sweep, plan->point);
    char *need CLEANUP(cleanup_free) = format_bytes(points[plan->point].unreclaimable.median);
    char *time CLEANUP(cleanup_free) = format_duration(points[plan->point].duration.median);
    return xasprintf("%s is the largest value that fits in %s; it needs %s without page cache and "
                     "takes %s; one build passed under that limit",
                     name, budget, need, time);
}

static char *format_outcome(const struct sweep *sweep, const struct sweep_point *points,
                            enum sweep_verdict verdict)
{
    const struct sweep_plan plan = sweep_next(sweep);
    switch (verdict) {
    case SWEEP_VERDICT_BUILD_FAILED:
        return xstrdup("the build fails at both ends of each knob");
    case SWEEP_VERDICT_UNFINISHED:
        return xstrdup(sweep->unfinished ? sweep->unfinished : "");
    case SWEEP_VERDICT_NONE_FITS:
        return format_within(sweep, points, &plan);
    case SWEEP_VERDICT_FOUND:
        return sweep->within_bytes >= 0 ? format_within(sweep, points, &plan)
                                        : format_recommendation(sweep, points);
    case SWEEP_VERDICT_STOPPED:
        break;
    }
    if (sweep->within_bytes >= 0)
        return xstrdup("more builds are needed to find the largest value");
    char *best CLEANUP(cleanup_free) = format_recommendation(sweep, points);
    return xasprintf("so far, %s", best);
}

static char *format_advice(const struct sweep *sweep, enum sweep_verdict verdict)
{
    switch (verdict) {
    case SWEEP_VERDICT_STOPPED:
        return xstrdup("to continue, run the same command with a higher --builds");
    case SWEEP_VERDICT_NONE_FITS:
        return xstrdup("name lower values, or raise --within");
    case SWEEP_VERDICT_BUILD_FAILED:
        return xasprintf("see in build-%s-1.log why the build failed", sweep->label);
    case SWEEP_VERDICT_FOUND:
    case SWEEP_VERDICT_UNFINISHED:
        break;
    }
    return NULL;
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
    char *reason CLEANUP(cleanup_free) = format_outcome(sweep, points, verdict);
    char *advice CLEANUP(cleanup_free) = format_advice(sweep, verdict);
    layout_verdict(&layout, &(struct layout_verdict){.verdict = sweep_verdict_name(verdict),
                                                     .good = verdict == SWEEP_VERDICT_FOUND,
                                                     .reason = reason,
                                                     .advice = advice});
    return layout_close(&layout);
}
