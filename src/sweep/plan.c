#include "sweep/sweep.h"

#include "base/alloc.h"
#include "base/units.h"

#include <math.h>
#include <stdlib.h>

/* The most runs of one point. */
#define MOST_RUNS 3
/* Points are repeated if one may be better than another by more than this share. */
#define WORTH_REPEATING 0.10

/* ---- the whole front ---- */

/* The number of the point whose knobs have their last value if their bit is set, else their first.
 */
static size_t corner(const struct sweep *sweep, size_t bits)
{
    size_t point = 0;
    for (size_t k = 0; k < sweep->knob_count; k++) {
        size_t count = sweep->knobs[k].values.count;
        point = point * count + (bits >> k & 1 ? count - 1 : 0);
    }
    return point;
}

/* Finds a point to measure before all others: all first values, all last values, and the last value
 * of each knob with the first values of the others. */
static bool next_end(const struct sweep *sweep, const struct sweep_point *points, size_t *point)
{
    size_t all = ((size_t)1 << sweep->knob_count) - 1;
    for (size_t i = 0; i < sweep->knob_count + 2; i++) {
        *point = corner(sweep, i == 0 ? 0 : i == 1 ? all : (size_t)1 << (i - 2));
        if (!points[*point].runs)
            return true;
    }
    return false;
}

/* By how much the point may exceed the measured front, as a logarithm: each measured point needs at
 * least this much more memory or time. */
static double lead(const struct sweep_model *model, size_t point)
{
    const struct sweep_figures best = sweep_prospect(model, point);
    double least = HUGE_VAL;
    for (size_t i = 0, count = sweep_point_count(model->sweep); i < count; i++) {
        if (!sweep_passes(&model->points[i]))
            continue;
        double memory = log(fmax(1, (double)model->points[i].memory.median)) - best.memory;
        double time = log(fmax(1, (double)model->points[i].duration.median)) - best.time;
        least = fmin(least, fmax(memory, time));
    }
    return least;
}

/* Finds the point that may exceed the measured front by most. Counts all that may. */
static bool next_candidate(const struct sweep *sweep, const struct sweep_point *points,
                           size_t *point, size_t *open)
{
    struct sweep_model model CLEANUP(sweep_model_release);
    double most = log1p(SWEEP_RESOLUTION);
    double highest = 0;
    sweep_model_init(&model, sweep, points);
    *open = 0;
    for (size_t i = 0, count = sweep_point_count(sweep); i < count; i++) {
        double by = points[i].runs ? 0 : lead(&model, i);
        if (by <= most)
            continue;
        ++*open;
        if (by > highest) {
            highest = by;
            *point = i;
        }
    }
    return *open > 0;
}

/* Returns the point with another value of one knob. */
static size_t with_level(const struct sweep *sweep, size_t point, size_t knob, size_t level)
{
    size_t stride = 1;
    for (size_t k = knob + 1; k < sweep->knob_count; k++)
        stride *= sweep->knobs[k].values.count;
    return point - sweep_level(sweep, point, knob) * stride + level * stride;
}

/* Finds a knob of which only the ends were built, because they promise nothing between: its middle
 * can still be better than both, such as the number of jobs that fits the CPUs. */
static bool next_middle(const struct sweep *sweep, const struct sweep_point *points, size_t *point)
{
    size_t best, fastest;
    if (!sweep_recommend(sweep, points, &best, &fastest))
        return false;
    for (size_t k = 0; k < sweep->knob_count; k++) {
        size_t last = sweep->knobs[k].values.count - 1;
        bool is_built = last < 2;
        for (size_t i = 0, count = sweep_point_count(sweep); i < count && !is_built; i++) {
            size_t level = sweep_level(sweep, i, k);
            is_built = points[i].runs && level != 0 && level != last;
        }
        *point = with_level(sweep, best, k, (last + 1) / 2);
        if (!is_built)
            return true;
    }
    return false;
}

static bool overlap(struct sweep_range a, struct sweep_range b)
{
    return a.lowest <= b.highest && b.lowest <= a.highest;
}

/* Whether the intervals overlap, but one point may be much better. */
static bool matters(struct sweep_range a, struct sweep_range b)
{
    double most = fmax((double)a.highest / fmax(1, (double)b.lowest),
                       (double)b.highest / fmax(1, (double)a.lowest));
    return overlap(a, b) && most > 1 + WORTH_REPEATING;
}

/* Whether it is undecided which of the two points is better: one has less memory, and either can
 * have less time; or the reverse. */
static bool undecided(const struct sweep_point *a, const struct sweep_point *b)
{
    return (matters(a->duration, b->duration) && !overlap(a->memory, b->memory)) ||
           (matters(a->memory, b->memory) && !overlap(a->duration, b->duration));
}

/* Whether another point surely needs less of both. */
static bool is_hopeless(const struct sweep *sweep, const struct sweep_point *points, size_t point)
{
    for (size_t i = 0, count = sweep_point_count(sweep); i < count; i++)
        if (sweep_passes(&points[i]) && points[i].memory.highest < points[point].memory.lowest &&
            points[i].duration.highest < points[point].duration.lowest)
            return true;
    return false;
}

/* Repeats are at most half as many as the points, but 3 if there are few. If the builds scatter so
 * much, more repeats would decide little. */
static bool may_repeat(const struct sweep *sweep, const struct sweep_point *points)
{
    size_t measured = 0, repeats = 0;
    for (size_t i = 0, count = sweep_point_count(sweep); i < count; i++)
        if (points[i].runs) {
            measured++;
            repeats += points[i].runs - 1;
        }
    return repeats < (measured > 6 ? measured / 2 : 3);
}

/* Finds the point with the fewest runs whose place in the front is undecided. */
static bool next_repeat(const struct sweep *sweep, const struct sweep_point *points, size_t *point)
{
    bool found = false;
    for (size_t i = 0, count = sweep_point_count(sweep); i < count; i++)
        for (size_t k = 0; points[i].on_front && k < count; k++) {
            if (k == i || !sweep_passes(&points[k]) || !undecided(&points[i], &points[k]) ||
                is_hopeless(sweep, points, k))
                continue;
            size_t fewer = points[k].runs < points[i].runs ? k : i;
            if (points[fewer].runs < MOST_RUNS &&
                (!found || points[fewer].runs < points[*point].runs)) {
                *point = fewer;
                found = true;
            }
        }
    return found;
}

static bool any_passes(const struct sweep *sweep, const struct sweep_point *points)
{
    for (size_t i = 0, count = sweep_point_count(sweep); i < count; i++)
        if (sweep_passes(&points[i]))
            return true;
    return false;
}

static void plan_front(const struct sweep *sweep, const struct sweep_point *points,
                       struct sweep_plan *plan)
{
    plan->state = SWEEP_BUILD;
    if (next_end(sweep, points, &plan->point))
        return;
    if (!any_passes(sweep, points)) {
        plan->state = SWEEP_BROKEN;
        return;
    }
    if (next_candidate(sweep, points, &plan->point, &plan->open) ||
        next_middle(sweep, points, &plan->point) ||
        (may_repeat(sweep, points) && next_repeat(sweep, points, &plan->point)))
        return;
    plan->state = SWEEP_FOUND;
}

/* ---- --within ---- */

enum fit { FITS, DOES_NOT_FIT, UNDECIDED, UNTRIED };

static struct sweep_range need_of(const struct sweep_point *point)
{
    return point->unreclaimable.median >= 0 ? point->unreclaimable : point->memory;
}

/* A point whose interval still contains the budget after all repeats does not fit. */
static enum fit fit_of(const struct sweep *sweep, const struct sweep_point *points, size_t point)
{
    const struct sweep_range need = need_of(&points[point]);
    for (size_t i = 0; i < sweep->count; i++)
        if (sweep->runs[i].point == point && sweep->runs[i].confirms)
            return sweep->runs[i].outcome == SWEEP_PASSED ? FITS : DOES_NOT_FIT;
    if (!points[point].runs)
        return UNTRIED;
    if (!sweep_passes(&points[point]) || need.lowest >= sweep->within_bytes)
        return DOES_NOT_FIT;
    if (need.highest < sweep->within_bytes)
        return FITS;
    return points[point].runs < MOST_RUNS ? UNDECIDED : DOES_NOT_FIT;
}

/* The place of a value on the axis of the knob: the value itself if all values are ascending
 * numbers, else its index. */
static double place_of(const struct sweep *sweep, size_t level)
{
    const struct strv *values = &sweep->knobs[0].values;
    double before = -HUGE_VAL, place = (double)level;
    for (size_t i = 0; i < values->count; i++) {
        char *end;
        double number = strtod(values->items[i], &end);
        if (*end || !(number > before) || !isfinite(number))
            return (double)level;
        before = number;
        if (i == level)
            place = number;
    }
    return place;
}

/* The value at which the line through two points reaches the budget: the highest level below it. */
static size_t guess(const struct sweep *sweep, const struct sweep_point *points, size_t one,
                    size_t other)
{
    double x = place_of(sweep, one), slope_x = place_of(sweep, other) - x;
    double y = (double)need_of(&points[one]).median;
    double slope_y = (double)need_of(&points[other]).median - y;
    size_t count = sweep->knobs[0].values.count, level = 0;
    if (slope_x * slope_y <= 0)
        return count - 1;
    double limit = x + ((double)sweep->within_bytes - y) * slope_x / slope_y;
    while (level + 1 < count && place_of(sweep, level + 1) <= limit)
        level++;
    return level;
}

/* The next value between `fits` and `fails`, both exclusive, of which one was measured at least. */
static size_t next_value(const struct sweep *sweep, const struct sweep_point *points, size_t fits,
                         size_t fails, bool any_fails)
{
    size_t other = any_fails && need_of(&points[fails]).median > 0 ? fails : fits;
    /* Without one that fails: the measured value before `fits`. */
    for (size_t i = fits; other == fits && i-- > 0;)
        if (points[i].passes)
            other = i;
    size_t next = other == fits ? 2 * fits + 1 : guess(sweep, points, fits, other);
    return next <= fits ? fits + 1 : next >= fails ? fails - 1 : next;
}

static void plan_within(const struct sweep *sweep, const struct sweep_point *points,
                        struct sweep_plan *plan)
{
    size_t count = sweep_point_count(sweep), fails = count, fits = count;
    plan->state = SWEEP_BUILD;
    for (size_t i = count; i-- > 0;)
        if (fit_of(sweep, points, i) == DOES_NOT_FIT)
            fails = i;
    for (size_t i = 0; i < fails; i++) {
        enum fit fit = fit_of(sweep, points, i);
        plan->point = i;
        if (fit == UNDECIDED || (i == 0 && fit == UNTRIED))
            return;
        if (fit == FITS)
            fits = i;
    }
    if (fits == count) {
        plan->state = SWEEP_NONE_FITS;
        return;
    }
    plan->point = fits;
    if (fits + 1 < fails) {
        plan->point = next_value(sweep, points, fits, fails, fails < count);
        return;
    }
    plan->state = SWEEP_CONFIRM;
    for (size_t i = 0; i < sweep->count; i++)
        if (sweep->runs[i].point == fits && sweep->runs[i].confirms)
            plan->state = SWEEP_FOUND;
}

struct sweep_plan sweep_next(const struct sweep *sweep)
{
    struct sweep_point *points CLEANUP(cleanup_free) = sweep_points(sweep);
    struct sweep_plan plan = {0};
    if (sweep->within_bytes >= 0)
        plan_within(sweep, points, &plan);
    else
        plan_front(sweep, points, &plan);
    plan.is_repeat =
        plan.state == SWEEP_CONFIRM || (plan.state == SWEEP_BUILD && points[plan.point].runs > 0);
    if ((plan.state == SWEEP_BUILD || plan.state == SWEEP_CONFIRM) &&
        sweep->count >= sweep->most_builds)
        plan.state = SWEEP_STOPPED;
    return plan;
}
