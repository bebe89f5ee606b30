#include "sweep/sweep.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

#define ROUNDS 50
/* A value beyond all measured ones may be better by this factor, as a logarithm. */
#define BEYOND 0.3

static struct sweep_figures plus(struct sweep_figures a, struct sweep_figures b, double factor)
{
    return (struct sweep_figures){a.memory + factor * b.memory, a.time + factor * b.time};
}

static struct sweep_figures measured(const struct sweep_point *point)
{
    return (struct sweep_figures){log(fmax(1, (double)point->memory.median)),
                                  log(fmax(1, (double)point->duration.median))};
}

/* The place of a knob's first value in `effects`. */
static size_t first_of(const struct sweep *sweep, size_t knob)
{
    size_t first = 0;
    for (size_t i = 0; i < knob; i++)
        first += sweep->knobs[i].values.count;
    return first;
}

static struct sweep_figures *effect_in(const struct sweep_model *model, size_t point, size_t knob)
{
    return &model->effects[first_of(model->sweep, knob) + sweep_level(model->sweep, point, knob)];
}

static struct sweep_figures rest_of(const struct sweep_model *model, size_t point)
{
    struct sweep_figures rest = plus(measured(&model->points[point]), model->mean, -1);
    for (size_t k = 0; k < model->sweep->knob_count; k++)
        rest = plus(rest, *effect_in(model, point, k), -1);
    return rest;
}

/* Adds to the effect of each value the mean of what the points with it differ from the model. */
static void improve(struct sweep_model *model, size_t knob)
{
    const struct sweep *sweep = model->sweep;
    size_t first = first_of(sweep, knob), count = sweep_point_count(sweep);
    for (size_t level = 0; level < sweep->knobs[knob].values.count; level++) {
        struct sweep_figures sum = {0, 0};
        double points = 0;
        for (size_t i = 0; i < count; i++) {
            if (!sweep_passes(&model->points[i]) || sweep_level(sweep, i, knob) != level)
                continue;
            sum = plus(sum, rest_of(model, i), 1);
            points++;
        }
        model->known[first + level] = points > 0;
        if (points > 0)
            model->effects[first + level] = plus(model->effects[first + level], sum, 1 / points);
    }
}

void sweep_model_init(struct sweep_model *model, const struct sweep *sweep,
                      const struct sweep_point *points)
{
    size_t values = first_of(sweep, sweep->knob_count), count = sweep_point_count(sweep);
    *model = (struct sweep_model){.sweep = sweep, .points = points};
    model->effects = xcalloc(values, sizeof *model->effects);
    model->known = xcalloc(values, sizeof *model->known);
    model->rests = xcalloc(count, sizeof *model->rests);
    double passing = 0;
    for (size_t i = 0; i < count; i++)
        if (sweep_passes(&points[i])) {
            passing++;
            model->mean =
                plus(model->mean, plus(measured(&points[i]), model->mean, -1), 1 / passing);
        }
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t k = 0; k < sweep->knob_count; k++)
            improve(model, k);
    for (size_t i = 0; i < count; i++)
        if (sweep_passes(&points[i]))
            model->rests[i] = rest_of(model, i);
}

void sweep_model_release(struct sweep_model *model)
{
    free(model->effects);
    free(model->known);
    free(model->rests);
}

bool sweep_effect(const struct sweep_model *model, size_t knob, size_t level, double *memory,
                  double *time)
{
    size_t first = first_of(model->sweep, knob), base = first;
    while (base < first + level && !model->known[base])
        base++;
    if (!model->known[first + level])
        return false;
    *memory = exp(model->effects[first + level].memory - model->effects[base].memory);
    *time = exp(model->effects[first + level].time - model->effects[base].time);
    return true;
}

/* Finds the effect of the nearest measured value in one direction. Returns false if there is none.
 */
static bool find_neighbour(const struct sweep_model *model, size_t knob, size_t level, bool above,
                           struct sweep_figures *effect)
{
    size_t first = first_of(model->sweep, knob), count = model->sweep->knobs[knob].values.count;
    for (size_t i = level; i < count; i = above ? i + 1 : i - 1) /* below 0, it wraps around */
        if (model->known[first + i]) {
            *effect = model->effects[first + i];
            return true;
        }
    return false;
}

static struct sweep_figures best_effect(const struct sweep_model *model, size_t knob, size_t level)
{
    struct sweep_figures below = {0, 0}, above = {0, 0};
    bool is_below = find_neighbour(model, knob, level, false, &below);
    bool is_above = find_neighbour(model, knob, level, true, &above);
    if (is_below && is_above)
        return (struct sweep_figures){fmin(below.memory, above.memory),
                                      fmin(below.time, above.time)};
    const struct sweep_figures nearest = is_below ? below : above;
    return (struct sweep_figures){nearest.memory - BEYOND, nearest.time - BEYOND};
}

/* The mean of the rests of the measured points, weighted by their nearness. */
static struct sweep_figures nearby_rest(const struct sweep_model *model, size_t point)
{
    const struct sweep *sweep = model->sweep;
    struct sweep_figures sum = {0, 0};
    double weights = 0;
    for (size_t i = 0, count = sweep_point_count(sweep); i < count; i++) {
        double distance = 0;
        if (!sweep_passes(&model->points[i]) || i == point)
            continue;
        for (size_t k = 0; k < sweep->knob_count; k++) {
            double steps = (double)sweep_level(sweep, i, k) - (double)sweep_level(sweep, point, k);
            steps /= fmax(1, (double)sweep->knobs[k].values.count - 1);
            distance += steps * steps;
        }
        sum = plus(sum, model->rests[i], 1 / distance);
        weights += 1 / distance;
    }
    return weights > 0 ? plus((struct sweep_figures){0, 0}, sum, 1 / weights) : sum;
}

struct sweep_figures sweep_prospect(const struct sweep_model *model, size_t point)
{
    struct sweep_figures figures = plus(model->mean, nearby_rest(model, point), 1);
    for (size_t k = 0; k < model->sweep->knob_count; k++)
        figures = plus(figures, best_effect(model, k, sweep_level(model->sweep, point, k)), 1);
    return figures;
}
