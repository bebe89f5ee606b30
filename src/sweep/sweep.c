#include "sweep/sweep.h"

#include "base/alloc.h"
#include "base/units.h"
#include "baseline/noise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define Z_95 1.96
/* The standard error of the median of two runs, as a share of their scatter. */
#define ERROR_OF_TWO 0.7071
/* The scatter of one assumed point with two runs, as a share. */
#define ASSUMED_MEMORY 0.01
#define ASSUMED_TIME 0.02

void sweep_release(struct sweep *sweep)
{
    for (size_t i = 0; i < sweep->knob_count; i++) {
        free(sweep->knobs[i].name);
        strv_release(&sweep->knobs[i].values);
    }
    for (size_t i = 0; i < sweep->count; i++)
        free(sweep->runs[i].detail);
    free(sweep->knobs);
    free(sweep->runs);
    free(sweep->unfinished);
    *sweep = (struct sweep){0};
}

/* ---- knobs ---- */

static int add_values(struct sweep_knob *knob, const char *text, struct bm_error *err)
{
    for (const char *next = text;; next++) {
        size_t length = strcspn(next, ",");
        char *value CLEANUP(cleanup_free) = xstrndup(next, length);
        if (!length)
            return bm_error_set(err, "\"%s=%s\": a value is empty", knob->name, text);
        if (strv_contains(&knob->values, value))
            return bm_error_set(err, "\"%s=%s\": the value %s is there twice", knob->name, text,
                                value);
        strv_push(&knob->values, value);
        next += length;
        if (!*next)
            return 0;
    }
}

int sweep_add_knob(struct sweep *sweep, const char *text, struct bm_error *err)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    size_t length = strspn(text, letters);
    if (!length || text[length] != '=' || (*text >= '0' && *text <= '9'))
        return bm_error_set(err,
                            "\"%s\": must be NAME=VALUE,VALUE...; a name has only letters, "
                            "digits and '_'",
                            text);
    if (sweep->knob_count == SWEEP_MOST_KNOBS)
        return bm_error_set(err, "at most %d knobs can be varied", SWEEP_MOST_KNOBS);
    for (size_t i = 0; i < sweep->knob_count; i++)
        if (strlen(sweep->knobs[i].name) == length &&
            strncmp(sweep->knobs[i].name, text, length) == 0)
            return bm_error_set(err, "\"%s\": the knob is there twice", text);
    sweep->knobs = xgrow(sweep->knobs, sweep->knob_count, sizeof *sweep->knobs);
    struct sweep_knob *knob = &sweep->knobs[sweep->knob_count++];
    *knob = (struct sweep_knob){.name = xstrndup(text, length)};
    if (add_values(knob, text + length + 1, err) < 0)
        return -1;
    if (knob->values.count > SWEEP_MOST_POINTS || sweep_point_count(sweep) > SWEEP_MOST_POINTS)
        return bm_error_set(err, "more than %d points: name fewer values", SWEEP_MOST_POINTS);
    return 0;
}

char *sweep_knobs_text(const struct sweep *sweep)
{
    struct strv knobs CLEANUP(strv_release) = {0};
    for (size_t i = 0; i < sweep->knob_count; i++) {
        char *values CLEANUP(cleanup_free) = strv_join(&sweep->knobs[i].values, ",");
        strv_pushf(&knobs, "%s=%s", sweep->knobs[i].name, values);
    }
    return strv_join(&knobs, " ");
}

/* ---- points ---- */

size_t sweep_point_count(const struct sweep *sweep)
{
    size_t count = 1;
    for (size_t i = 0; i < sweep->knob_count; i++)
        count *= sweep->knobs[i].values.count;
    return count;
}

size_t sweep_level(const struct sweep *sweep, size_t point, size_t knob)
{
    for (size_t i = sweep->knob_count - 1; i > knob; i--)
        point /= sweep->knobs[i].values.count;
    return point % sweep->knobs[knob].values.count;
}

const char *sweep_value(const struct sweep *sweep, size_t point, size_t knob)
{
    return sweep->knobs[knob].values.items[sweep_level(sweep, point, knob)];
}

char *sweep_point_text(const struct sweep *sweep, size_t point)
{
    struct strv texts CLEANUP(strv_release) = {0};
    for (size_t i = 0; i < sweep->knob_count; i++)
        strv_pushf(&texts, "%s=%s", sweep->knobs[i].name, sweep_value(sweep, point, i));
    return strv_join(&texts, " ");
}

bool sweep_passes(const struct sweep_point *point)
{
    return point->passes && 2 * point->passes > point->runs;
}

const char *sweep_outcome_name(enum sweep_outcome outcome)
{
    static const char *const names[] = {[SWEEP_PASSED] = "passed",
                                        [SWEEP_OOM_KILLED] = "oom-killed",
                                        [SWEEP_BUILD_FAILED] = "build-failed",
                                        [SWEEP_AT_LIMIT] = "at-limit"};
    return names[outcome];
}

/* ---- figures ---- */

enum figure { MEMORY, UNRECLAIMABLE, DURATION };

/* Adds the figures of the runs that passed to `values`, and returns their number. */
static size_t values_of(const struct sweep *sweep, size_t point, enum figure figure,
                        int64_t *values)
{
    size_t count = 0;
    for (size_t i = 0; i < sweep->count; i++) {
        const struct sweep_run *run = &sweep->runs[i];
        int64_t value = figure == MEMORY          ? run->memory_bytes
                        : figure == UNRECLAIMABLE ? run->unreclaimable_bytes
                                                  : run->duration_ms;
        if (run->point == point && !run->confirms && run->outcome == SWEEP_PASSED && value >= 0)
            values[count++] = value;
    }
    return count;
}

/* Returns the scatter of single runs as a share: that of all points with several runs, each
 * weighted by its runs, and of the assumed point. */
static double pooled_scatter(const struct sweep *sweep, enum figure figure)
{
    double assumed = figure == DURATION ? ASSUMED_TIME : ASSUMED_MEMORY;
    double squares = assumed * assumed, weight = 1;
    int64_t *values CLEANUP(cleanup_free) = xcalloc(sweep->count + 1, sizeof *values);
    for (size_t i = 0; i < sweep->count; i++) {
        size_t count = values_of(sweep, sweep->runs[i].point, figure, values);
        if (count < 2)
            continue;
        double share = scatter_of(values, count) / fmax(1, (double)median_of(values, count));
        /* Each point is met once for each of its runs. */
        double part = (double)(count - 1) / (double)count;
        squares += part * share * share;
        weight += part;
    }
    return sqrt(squares / weight);
}

static struct sweep_range range_of(const struct sweep *sweep, size_t point, enum figure figure,
                                   double scatter)
{
    int64_t *values CLEANUP(cleanup_free) = xcalloc(sweep->count + 1, sizeof *values);
    size_t count = values_of(sweep, point, figure, values);
    if (!count)
        return (struct sweep_range){UNMEASURED, UNMEASURED, UNMEASURED};
    int64_t median = median_of(values, count);
    const struct interval interval = median_interval(values, count);
    struct sweep_range range = {median, interval.lowest, interval.highest};
    if (count < 3) {
        double error = Z_95 * scatter * (count == 2 ? ERROR_OF_TWO : 1);
        int64_t width = llround(error * (double)median);
        range.lowest = median - width < range.lowest ? median - width : range.lowest;
        range.highest = median + width > range.highest ? median + width : range.highest;
    }
    return range;
}

static bool surely_less(struct sweep_range a, struct sweep_range b)
{
    return a.highest < b.lowest;
}

/* Whether it is a reason to choose `a` that this figure is lower. */
static bool is_reason(struct sweep_range a, struct sweep_range b)
{
    return surely_less(a, b) || (1 + SWEEP_RESOLUTION) * (double)a.median < (double)b.median;
}

/* Whether `a` leaves no reason to choose `b`. */
static bool replaces(const struct sweep_point *a, const struct sweep_point *b)
{
    return (surely_less(a->memory, b->memory) || surely_less(a->duration, b->duration)) &&
           !is_reason(b->memory, a->memory) && !is_reason(b->duration, a->duration);
}

static double product(const struct sweep_point *point)
{
    return (double)point->memory.median * (double)point->duration.median;
}

/* Takes the points in order of memory times duration: so each point that is left out is replaced by
 * one of the front, not by another that is left out. */
static void find_front(struct sweep_point *points, size_t count)
{
    bool *done CLEANUP(cleanup_free) = xcalloc(count, sizeof *done);
    for (;;) {
        size_t least = count;
        for (size_t i = 0; i < count; i++)
            if (!done[i] && sweep_passes(&points[i]) &&
                (least == count || product(&points[i]) < product(&points[least])))
                least = i;
        if (least == count)
            return;
        done[least] = true;
        points[least].on_front = true;
        for (size_t k = 0; points[least].on_front && k < count; k++)
            points[least].on_front =
                k == least || !points[k].on_front || !replaces(&points[k], &points[least]);
    }
}

struct sweep_point *sweep_points(const struct sweep *sweep)
{
    size_t point_count = sweep_point_count(sweep);
    struct sweep_point *points = xcalloc(point_count, sizeof *points);
    double scatter[] = {pooled_scatter(sweep, MEMORY), pooled_scatter(sweep, UNRECLAIMABLE),
                        pooled_scatter(sweep, DURATION)};
    for (size_t i = 0; i < sweep->count; i++) {
        const struct sweep_run *run = &sweep->runs[i];
        if (run->confirms)
            continue;
        points[run->point].runs++;
        points[run->point].passes += run->outcome == SWEEP_PASSED;
        if (run->detail)
            points[run->point].detail = run->detail;
    }
    for (size_t i = 0; i < point_count; i++) {
        points[i].memory = range_of(sweep, i, MEMORY, scatter[MEMORY]);
        points[i].unreclaimable = range_of(sweep, i, UNRECLAIMABLE, scatter[UNRECLAIMABLE]);
        points[i].duration = range_of(sweep, i, DURATION, scatter[DURATION]);
    }
    find_front(points, point_count);
    return points;
}

struct sweep_range sweep_memory(const struct sweep *sweep, const struct sweep_point *point)
{
    bool is_need = sweep->within_bytes >= 0 && point->unreclaimable.median >= 0;
    return is_need ? point->unreclaimable : point->memory;
}

bool sweep_recommend(const struct sweep *sweep, const struct sweep_point *points, size_t *best,
                     size_t *fastest)
{
    size_t count = sweep_point_count(sweep);
    bool found = false;
    for (size_t i = 0; i < count; i++)
        if (sweep_passes(&points[i]) &&
            (!found || points[i].duration.median < points[*fastest].duration.median)) {
            *fastest = i;
            found = true;
        }
    if (!found)
        return false;
    *best = *fastest;
    double slowest = (1 + SWEEP_SLOWER) * (double)points[*fastest].duration.median;
    for (size_t i = 0; i < count; i++)
        if (points[i].on_front && (double)points[i].duration.median <= slowest &&
            points[i].memory.median < points[*best].memory.median)
            *best = i;
    return true;
}
