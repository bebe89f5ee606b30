#include "report/html/layers.h"

#include "base/alloc.h"
#include "result/series.h"

#include <string.h>

int64_t *layer_at(const struct layers *layers, size_t layer, size_t point)
{
    return &layers->bytes[layer * layers->points + point];
}

void layers_release(struct layers *layers)
{
    for (size_t i = 0; i < layers->count; i++)
        free(layers->names[i]);
    free(layers->at_ms);
    free(layers->bytes);
}

/* ---- by process ---- */

/* The group in which the run itself summed those that held little; groups.count: there is none. */
static size_t others_of(const struct strv *groups)
{
    size_t i = 0;
    while (i < groups->count && strcmp(groups->items[i], PROCESS_SERIES_OTHERS) != 0)
        i++;
    return i;
}

/* For each group its layer. The largest have one each, the others share the last. */
static size_t *choose_groups(const struct series *series, struct layers *layers)
{
    size_t groups = series->groups.count, others = others_of(&series->groups);
    size_t named = groups - (others < groups);
    int64_t *most CLEANUP(cleanup_free) = xcalloc(groups, sizeof *most);
    size_t *layer_of = xcalloc(groups, sizeof *layer_of);
    for (size_t i = 0; i < series->process_sample_count; i++) {
        const struct process_sample *process_sample = &series->process_samples[i];
        if (process_sample->pss_bytes > most[process_sample->group])
            most[process_sample->group] = process_sample->pss_bytes;
    }
    if (others < groups)
        most[others] = -1;
    size_t own = groups <= MOST_LAYERS ? named : MOST_LAYERS - 1;
    for (size_t i = 0; i < groups; i++)
        layer_of[i] = own;
    for (; layers->count < own; layers->count++) {
        size_t largest = 0;
        for (size_t i = 1; i < groups; i++)
            if (most[i] > most[largest])
                largest = i;
        most[largest] = -1;
        layer_of[largest] = layers->count;
        layers->names[layers->count] = xstrdup(series->groups.items[largest]);
    }
    if (others < groups) /* nobody knows how many */
        layers->names[layers->count++] = xstrdup(PROCESS_SERIES_OTHERS);
    else if (own < groups)
        layers->names[layers->count++] = xasprintf("%zu others", groups - own);
    return layer_of;
}

struct layers layers_by_process(const struct series *series)
{
    struct layers layers = {.palette = "p", .of_pss = true};
    if (!series->process_sample_count)
        return layers;
    size_t *layer_of CLEANUP(cleanup_free) = choose_groups(series, &layers);
    layers.at_ms = xcalloc(series->process_sample_count, sizeof *layers.at_ms);
    for (size_t i = 0; i < series->process_sample_count; i++)
        if (i == 0 || series->process_samples[i].t_ms != series->process_samples[i - 1].t_ms)
            layers.at_ms[layers.points++] = series->process_samples[i].t_ms;
    layers.bytes = xcalloc(layers.count * layers.points, sizeof *layers.bytes);
    for (size_t i = 0, point = 0; i < series->process_sample_count; i++) {
        const struct process_sample *process_sample = &series->process_samples[i];
        point += i > 0 && process_sample->t_ms != series->process_samples[i - 1].t_ms;
        int64_t *held = layer_at(&layers, layer_of[process_sample->group], point);
        *held += process_sample->pss_bytes;
        if (*held > SERIES_FIGURE_MAX)
            *held = SERIES_FIGURE_MAX;
    }
    return layers;
}

/* ---- by kind ---- */

static int64_t rest_of(const struct sample *sample)
{
    int64_t rest = sample->cgroup_bytes - sample->anon_bytes - sample->file_bytes;
    return rest > 0 ? rest : 0;
}

struct layers layers_by_kind(const struct series_column *columns, size_t count)
{
    static const char *const names[] = {"anonymous", "page cache", "kernel and other"};
    struct layers layers = {.palette = "k"};
    for (; layers.count < sizeof names / sizeof *names; layers.count++)
        layers.names[layers.count] = xstrdup(names[layers.count]);
    const struct sample **known CLEANUP(cleanup_free) = xcalloc(count, sizeof *known);
    for (size_t i = 0; i < count; i++) {
        const struct sample *sample = columns[i].high;
        if (sample && sample->cgroup_bytes >= 0 && sample->anon_bytes >= 0 &&
            sample->file_bytes >= 0)
            known[layers.points++] = sample;
    }
    layers.at_ms = xcalloc(layers.points, sizeof *layers.at_ms);
    layers.bytes = xcalloc(layers.count * layers.points, sizeof *layers.bytes);
    for (size_t i = 0; i < layers.points; i++) {
        layers.at_ms[i] = known[i]->t_ms;
        *layer_at(&layers, 0, i) = known[i]->anon_bytes;
        *layer_at(&layers, 1, i) = known[i]->file_bytes;
        *layer_at(&layers, 2, i) = rest_of(known[i]);
    }
    return layers;
}
