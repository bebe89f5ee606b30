#include "result/series.h"

#include "base/alloc.h"
#include "base/units.h"
#include "measurement/process_name.h"

#include <search.h>
#include <string.h>

void series_release(struct series *series)
{
    free(series->samples);
    free(series->process_samples);
    strv_release(&series->stages);
    strv_release(&series->groups);
    *series = (struct series){0};
}

/* A record can hold any number. */
static int64_t within_range(int64_t figure)
{
    return figure < 0 ? UNMEASURED : figure < SERIES_FIGURE_MAX ? figure : SERIES_FIGURE_MAX;
}

/* ---- names ---- */

struct place {
    const char *name; /* borrowed from the list */
    size_t at;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct place *)a)->name, ((const struct place *)b)->name);
}

size_t name_index_add(struct name_index *index, const char *name)
{
    struct strv *names = index->names;
    if (index->last < names->count && strcmp(names->items[index->last], name) == 0)
        return index->last;
    const struct place wanted = {.name = name};
    struct place *const *found = tfind(&wanted, &index->root, by_name);
    if (found)
        return index->last = (*found)->at;
    strv_push(names, name);
    struct place *place = xmalloc(sizeof *place);
    index->last = names->count - 1;
    *place = (struct place){.name = names->items[index->last], .at = index->last};
    if (!tsearch(place, &index->root, by_name))
        BM_BUG("no memory for a name");
    return index->last;
}

void name_index_release(struct name_index *index)
{
    tdestroy(index->root, free);
}

/* ---- samples ---- */

/* A run has few stages, and mostly continues the last one. */
static size_t stage_index(struct series *series, const char *stage)
{
    const struct strv *stages = &series->stages;
    size_t at = series->count ? series->samples[series->count - 1].stage : 0;
    if (at < stages->count && strcmp(stages->items[at], stage) == 0)
        return at;
    for (at = 0; at < stages->count; at++)
        if (strcmp(stages->items[at], stage) == 0)
            return at;
    strv_push(&series->stages, stage);
    return at;
}

/* Keeps the lowest and the highest of the samples [from, to) at `*kept`, in the order of time. */
static void keep_extremes(struct series *series, size_t from, size_t to, size_t *kept)
{
    size_t low = from, high = from;
    for (size_t i = from + 1; i < to; i++) {
        int64_t usage = sample_usage(&series->samples[i]);
        int64_t lowest = sample_usage(&series->samples[low]);
        /* An unmeasured usage is no low. */
        if (usage >= 0 && (lowest < 0 || usage < lowest))
            low = i;
        if (usage > sample_usage(&series->samples[high]))
            high = i;
    }
    size_t first = low < high ? low : high, second = low < high ? high : low;
    series->samples[(*kept)++] = series->samples[first];
    if (second != first)
        series->samples[(*kept)++] = series->samples[second];
}

/* Reduces the samples to half of the limit or fewer. */
static void thin_samples(struct series *series)
{
    int64_t last_ms = series->samples[series->count - 1].t_ms;
    int64_t stretch_ms = last_ms / (SERIES_SAMPLES / 4) + 1;
    size_t kept = 0, from = 0;
    for (size_t i = 1; i <= series->count; i++)
        if (i == series->count ||
            series->samples[i].t_ms / stretch_ms != series->samples[from].t_ms / stretch_ms) {
            keep_extremes(series, from, i, &kept);
            from = i;
        }
    series->count = kept;
}

void series_add(struct series *series, const struct sample *sample, const char *stage)
{
    if (series->count == SERIES_SAMPLES)
        thin_samples(series);
    int64_t last_ms = series->count ? series->samples[series->count - 1].t_ms : 0;
    int64_t t_ms = within_range(sample->t_ms);
    struct sample added = {
        .t_ms = t_ms > last_ms ? t_ms : last_ms,
        .stage = stage_index(series, stage),
        .cgroup_bytes = within_range(sample->cgroup_bytes),
        .pss_bytes = within_range(sample->pss_bytes),
        .anon_bytes = within_range(sample->anon_bytes),
        .file_bytes = within_range(sample->file_bytes),
        .shmem_bytes = within_range(sample->shmem_bytes),
        .kernel_bytes = within_range(sample->kernel_bytes),
        .processes = within_range(sample->processes),
    };
    series->samples = xgrow(series->samples, series->count, sizeof *series->samples);
    series->samples[series->count++] = added;
}

/* ---- process samples ---- */

/* The names of the moment that is still open: more than the probe sends for one, so that no process
 * counts as small before all of its memory is known. */
#define OPEN_NAMES 256

struct usage {
    char *name; /* owned; NULL: the others */
    int64_t count, pss_bytes, charged_bytes;
};

struct moment {
    int64_t t_ms, pss_bytes; /* the sum */
    struct usage *usages;
    size_t count;
    struct usage others;
};

struct process_series {
    struct moment moments[PROCESS_SERIES_MOMENTS];
    size_t count;
    int64_t stretch_ms; /* one moment is kept of each stretch of this length; 0: all are */
    struct moment open; /* the last one; it still grows */
};

struct process_series *process_series_new(void)
{
    return xcalloc(1, sizeof(struct process_series));
}

static void moment_release(struct moment *moment)
{
    for (size_t i = 0; i < moment->count; i++)
        free(moment->usages[i].name);
    free(moment->usages);
    *moment = (struct moment){.t_ms = moment->t_ms};
}

void cleanup_process_series(struct process_series **process_series)
{
    for (size_t i = 0; i < (*process_series)->count; i++)
        moment_release(&(*process_series)->moments[i]);
    moment_release(&(*process_series)->open);
    free(*process_series);
}

/* Appends a closed moment. If it falls into the stretch of the last one, the larger of the two
 * stays. */
static void keep_moment(struct process_series *process_series, struct moment moment)
{
    struct moment *last =
        process_series->count ? &process_series->moments[process_series->count - 1] : NULL;
    if (!last || !process_series->stretch_ms ||
        moment.t_ms / process_series->stretch_ms != last->t_ms / process_series->stretch_ms) {
        process_series->moments[process_series->count++] = moment;
        return;
    }
    struct moment dropped = moment;
    if (moment.pss_bytes > last->pss_bytes) {
        dropped = *last;
        *last = moment;
    }
    moment_release(&dropped);
}

/* Reduces the moments to half of the limit or fewer. */
static void thin_moments(struct process_series *process_series)
{
    size_t count = process_series->count;
    process_series->stretch_ms =
        process_series->moments[count - 1].t_ms / (PROCESS_SERIES_MOMENTS / 2) + 1;
    process_series->count = 0;
    for (size_t i = 0; i < count; i++)
        keep_moment(process_series, process_series->moments[i]);
}

/* An unmeasured part makes the sum unmeasured. */
static void add_usage(struct usage *usage, int64_t count, int64_t pss_bytes, int64_t charged_bytes)
{
    bool known = charged_bytes >= 0 && (usage->charged_bytes >= 0 || usage->count == 0);
    usage->charged_bytes =
        known ? add_figures(usage->count ? usage->charged_bytes : 0, charged_bytes) : UNMEASURED;
    usage->pss_bytes = add_figures(usage->pss_bytes, pss_bytes);
    usage->count += count;
}

static int largest_first(const void *a, const void *b)
{
    const struct usage *one = a, *other = b;
    return (one->pss_bytes < other->pss_bytes) - (one->pss_bytes > other->pss_bytes);
}

/* If no name is dropped, the names keep their order. */
static void sum_others(struct moment *moment)
{
    if (moment->count <= PROCESS_SERIES_NAMES)
        return;
    qsort(moment->usages, moment->count, sizeof *moment->usages, largest_first);
    for (size_t i = PROCESS_SERIES_NAMES; i < moment->count; i++) {
        const struct usage *usage = &moment->usages[i];
        add_usage(&moment->others, usage->count, usage->pss_bytes, usage->charged_bytes);
        free(usage->name);
    }
    moment->count = PROCESS_SERIES_NAMES;
    moment->usages = xrealloc(moment->usages, moment->count * sizeof *moment->usages);
}

static struct usage *usage_of(struct moment *moment, const char *command)
{
    char *name CLEANUP(cleanup_free) = process_name(command);
    if (strcmp(name, PROCESS_SERIES_OTHERS) == 0)
        return &moment->others;
    for (size_t i = 0; i < moment->count; i++)
        if (strcmp(moment->usages[i].name, name) == 0)
            return &moment->usages[i];
    if (moment->count == OPEN_NAMES)
        sum_others(moment);
    moment->usages = xgrow(moment->usages, moment->count, sizeof *moment->usages);
    moment->usages[moment->count] = (struct usage){.name = steal_ptr(name)};
    return &moment->usages[moment->count++];
}

static void close_moment(struct process_series *process_series)
{
    struct moment *open = &process_series->open;
    if (!open->count && !open->others.count)
        return;
    sum_others(open);
    if (process_series->count == PROCESS_SERIES_MOMENTS)
        thin_moments(process_series);
    keep_moment(process_series, *open);
    *open = (struct moment){.t_ms = open->t_ms};
}

void process_series_add(struct process_series *process_series, int64_t t_ms, const char *command,
                        int64_t pss_bytes, int64_t charged_bytes)
{
    struct moment *open = &process_series->open;
    if (pss_bytes < 0)
        return;
    pss_bytes = within_range(pss_bytes);
    t_ms = within_range(t_ms);
    /* thin_moments relies on increasing times. */
    if (t_ms > open->t_ms) {
        close_moment(process_series);
        open->t_ms = t_ms;
    }
    add_usage(usage_of(open, command), 1, pss_bytes, within_range(charged_bytes));
    open->pss_bytes = add_figures(open->pss_bytes, pss_bytes);
}

static void append_usage(struct series *series, int64_t t_ms, size_t group,
                         const struct usage *usage)
{
    series->process_samples[series->process_sample_count++] = (struct process_sample){
        .t_ms = t_ms,
        .group = group,
        .count = usage->count,
        .pss_bytes = within_range(usage->pss_bytes),
        .charged_bytes = within_range(usage->charged_bytes),
    };
}

void process_series_finish(struct process_series *process_series, struct series *series)
{
    struct name_index groups CLEANUP(name_index_release) = {.names = &series->groups};
    size_t lines = 0;
    close_moment(process_series);
    for (size_t i = 0; i < process_series->count; i++)
        lines += process_series->moments[i].count + (process_series->moments[i].others.count > 0);
    series->process_samples = xcalloc(lines, sizeof *series->process_samples);
    for (size_t i = 0; i < process_series->count; i++) {
        struct moment *moment = &process_series->moments[i];
        for (size_t k = 0; k < moment->count; k++)
            append_usage(series, moment->t_ms, name_index_add(&groups, moment->usages[k].name),
                         &moment->usages[k]);
        if (moment->others.count)
            append_usage(series, moment->t_ms, name_index_add(&groups, PROCESS_SERIES_OTHERS),
                         &moment->others);
        moment_release(moment);
    }
    process_series->count = 0;
}

/* ---- columns ---- */

int64_t sample_usage(const struct sample *sample)
{
    return sample->cgroup_bytes >= 0 ? sample->cgroup_bytes : sample->pss_bytes;
}

struct series_column *series_columns(const struct series *series, int64_t end_ms, size_t count)
{
    struct series_column *columns = xcalloc(count, sizeof *columns);
    for (size_t i = 0; i < series->count; i++) {
        const struct sample *sample = &series->samples[i];
        int64_t usage = sample_usage(sample);
        double share = (double)sample->t_ms / (double)end_ms;
        size_t place = share < 1 ? (size_t)(share * (double)count) : count - 1;
        struct series_column *column = &columns[place < count ? place : count - 1];
        if (usage < 0)
            continue;
        if (!column->low || usage < sample_usage(column->low))
            column->low = sample;
        if (!column->high || usage > sample_usage(column->high))
            column->high = sample;
    }
    return columns;
}
