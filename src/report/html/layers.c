#include "report/html/html.h"

#include "base/alloc.h"
#include "base/units.h"

#include <string.h>

int64_t *layer_at(const struct layers *layers, size_t layer, size_t point)
{
    return &layers->bytes[layer * layers->points + point];
}

void layers_release(struct layers *layers)
{
    for (size_t i = 0; i < layers->count; i++)
        free(layers->layers[i].name);
    free(layers->at_ms);
    free(layers->bytes);
}

static size_t add_layer(struct layers *layers, const char *class, char *name)
{
    layers->layers[layers->count] = (struct layer){class, name};
    return layers->count++;
}

/* ---- processes ---- */

/* The memory of each process layer at the moments of the process samples. */
struct moments {
    int64_t *at_ms;
    size_t count;
    double *bytes; /* PROCESS_LAYERS per moment */
};

static void moments_release(struct moments *moments)
{
    free(moments->at_ms);
    free(moments->bytes);
}

/* PSS is the upper bound if the charged part is unmeasured. */
static int64_t charged_bytes(const struct process_sample *sample)
{
    return sample->charged_bytes >= 0 ? sample->charged_bytes : sample->pss_bytes;
}

/* The group in which the run added up the small ones; groups->count: none. */
static size_t find_others(const struct strv *groups)
{
    size_t i = 0;
    while (i < groups->count && strcmp(groups->items[i], PROCESS_SERIES_OTHERS) != 0)
        i++;
    return i;
}

/* Adds a layer for each of the largest groups and one for the others. Returns the layer of each
 * group; the caller owns it. */
static size_t *add_process_layers(const struct series *series, struct layers *layers)
{
    static const char *const classes[PROCESS_LAYERS] = {"area p0", "area p1", "area p2", "area p3",
                                                        "area p4", "area p5", "area p6"};
    size_t groups = series->groups.count, others = find_others(&series->groups);
    int64_t *most CLEANUP(cleanup_free) = xcalloc(groups, sizeof *most);
    size_t *layer_of = xcalloc(groups, sizeof *layer_of);
    for (size_t i = 0; i < series->process_sample_count; i++) {
        const struct process_sample *sample = &series->process_samples[i];
        if (charged_bytes(sample) > most[sample->group])
            most[sample->group] = charged_bytes(sample);
    }
    size_t named = groups - (others < groups);
    if (groups > PROCESS_LAYERS)
        named = PROCESS_LAYERS - 1;
    for (size_t i = 0; i < groups; i++)
        layer_of[i] = named;
    if (others < groups)
        most[others] = -1;
    for (size_t layer = 0; layer < named; layer++) {
        size_t largest = 0;
        for (size_t i = 1; i < groups; i++)
            if (most[i] > most[largest])
                largest = i;
        most[largest] = -1;
        layer_of[largest] =
            add_layer(layers, classes[layer], xstrdup(series->groups.items[largest]));
    }
    /* The run does not store how many processes it added up. */
    if (others < groups)
        add_layer(layers, classes[named], xstrdup("other processes"));
    else if (named < groups)
        add_layer(layers, classes[named], xasprintf("%zu other processes", groups - named));
    return layer_of;
}

static struct moments moments_of(const struct series *series, const size_t *layer_of)
{
    struct moments moments = {
        .at_ms = xcalloc(series->process_sample_count, sizeof *moments.at_ms),
        .bytes = xcalloc(series->process_sample_count * PROCESS_LAYERS, sizeof *moments.bytes)};
    for (size_t i = 0; i < series->process_sample_count; i++) {
        const struct process_sample *sample = &series->process_samples[i];
        if (!moments.count || moments.at_ms[moments.count - 1] != sample->t_ms)
            moments.at_ms[moments.count++] = sample->t_ms;
        moments.bytes[(moments.count - 1) * PROCESS_LAYERS + layer_of[sample->group]] +=
            (double)charged_bytes(sample);
    }
    return moments;
}

/* Interpolates each layer at `t_ms`. Before the first moment nothing is known; after the last one
 * its values stay. */
static void processes_at(const struct moments *moments, int64_t t_ms, double *bytes)
{
    size_t low = 0, high = moments->count; /* the first moment after t_ms */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (moments->at_ms[middle] <= t_ms)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = 0; i < PROCESS_LAYERS; i++) {
        const double *at = &moments->bytes[high * PROCESS_LAYERS + i];
        if (high == 0) {
            bytes[i] = 0;
        } else if (high == moments->count) {
            bytes[i] = at[-PROCESS_LAYERS];
        } else {
            int64_t from_ms = moments->at_ms[high - 1], to_ms = moments->at_ms[high];
            double share = (double)(t_ms - from_ms) / (double)(to_ms - from_ms);
            /* A file can have its moments in any order. */
            share = share < 0 ? 0 : share > 1 ? 1 : share;
            bytes[i] = at[-PROCESS_LAYERS] + share * (at[0] - at[-PROCESS_LAYERS]);
        }
    }
}

/* ---- the stack ---- */

/* Takes at most `*left` of `bytes`; an unmeasured part is 0. */
static int64_t take(int64_t bytes, int64_t *left)
{
    int64_t taken = bytes < 0 ? 0 : bytes < *left ? bytes : *left;
    *left -= taken;
    return taken;
}

/* Divides the usage of a sample among the layers from the bottom to the top. */
static void fill_point(struct layers *layers, size_t point, const struct sample *sample,
                       const struct moments *moments, size_t process_layers)
{
    int64_t left = sample_usage(sample);
    size_t layer = 0;
    if (process_layers) {
        double bytes[PROCESS_LAYERS], sum = 0;
        int64_t room = left;
        if (sample->anon_bytes >= 0)
            room = sample->anon_bytes + (sample->shmem_bytes > 0 ? sample->shmem_bytes : 0);
        room = room < left ? room : left;
        processes_at(moments, sample->t_ms, bytes);
        for (size_t i = 0; i < process_layers; i++)
            sum += bytes[i];
        double scale = sum > (double)room ? (double)room / sum : 1;
        for (; layer < process_layers; layer++)
            *layer_at(layers, layer, point) = take((int64_t)(bytes[layer] * scale), &left);
    } else {
        *layer_at(layers, layer++, point) = take(sample->anon_bytes, &left);
        *layer_at(layers, layer++, point) = take(sample->shmem_bytes, &left);
    }
    *layer_at(layers, layer++, point) = take(sample->file_bytes, &left);
    *layer_at(layers, layer++, point) = take(sample->kernel_bytes, &left);
    *layer_at(layers, layer++, point) = left;
}

static bool is_empty(const struct layers *layers, size_t layer)
{
    for (size_t point = 0; point < layers->points; point++)
        if (*layer_at(layers, layer, point))
            return false;
    return true;
}

static void drop_empty(struct layers *layers)
{
    size_t kept = 0;
    for (size_t i = 0; i < layers->count; i++) {
        if (is_empty(layers, i)) {
            free(layers->layers[i].name);
            continue;
        }
        memmove(layer_at(layers, kept, 0), layer_at(layers, i, 0),
                layers->points * sizeof *layers->bytes);
        layers->layers[kept++] = layers->layers[i];
    }
    layers->count = kept;
}

struct layers layers_of(const struct series *series, const struct series_column *columns,
                        size_t count)
{
    struct layers layers = {.at_ms = xcalloc(count, sizeof *layers.at_ms)};
    size_t *layer_of CLEANUP(cleanup_free) = NULL;
    struct moments moments CLEANUP(moments_release) = {0};
    if (series->process_sample_count) {
        layer_of = add_process_layers(series, &layers);
        moments = moments_of(series, layer_of);
    }
    size_t process_layers = layers.count;
    if (!process_layers) {
        add_layer(&layers, "area anon", xstrdup("anonymous memory"));
        add_layer(&layers, "area shmem", xstrdup("shared memory"));
    }
    add_layer(&layers, "area file", xstrdup("page cache"));
    add_layer(&layers, "area kernel", xstrdup("kernel"));
    add_layer(&layers, "area rest", xstrdup("other charged memory"));
    for (size_t i = 0; i < count; i++)
        if (columns[i].high)
            layers.at_ms[layers.points++] = columns[i].high->t_ms;
    layers.bytes = xcalloc(layers.count * layers.points, sizeof *layers.bytes);
    for (size_t i = 0, point = 0; i < count; i++)
        if (columns[i].high)
            fill_point(&layers, point++, columns[i].high, &moments, process_layers);
    drop_empty(&layers);
    return layers;
}
