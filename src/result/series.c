#include "result/series.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/units.h"
#include "result/csv.h"
#include "result/process_series.h"
#include "result/timeline.h"

#include <errno.h>
#include <search.h>
#include <string.h>
#include <unistd.h>

#define SERIES_MAX_BYTES ((size_t)512 << 20)
#define MAX_CELLS 8

void series_release(struct series *series)
{
    free(series->samples);
    free(series->process_samples);
    strv_release(&series->stages);
    strv_release(&series->groups);
    *series = (struct series){0};
}

/* ---- names ---- */

/* What a file is read into, and its names by tsearch(3): there can be as many as lines. */
struct reading {
    struct series *series;
    void *places;
};

struct place {
    const char *name; /* borrowed from the series */
    size_t at;
};

static void reading_release(struct reading *reading)
{
    tdestroy(reading->places, free);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct place *)a)->name, ((const struct place *)b)->name);
}

static size_t intern(struct reading *reading, struct strv *names, const char *name)
{
    const struct place wanted = {.name = name};
    struct place *const *found = tfind(&wanted, &reading->places, by_name);
    if (found)
        return (*found)->at;
    strv_push(names, name);
    struct place *place = xmalloc(sizeof *place);
    *place = (struct place){.name = names->items[names->count - 1], .at = names->count - 1};
    if (!tsearch(place, &reading->places, by_name))
        BM_BUG("no memory for a name");
    return place->at;
}

/* ---- the two files ---- */

static int take_figure(const char *cell, int64_t *figure)
{
    *figure = UNMEASURED;
    return *cell ? parse_integer(cell, 0, MOST_FIGURE, figure) : 0;
}

static int take_moment(struct reading *reading, char *const *cells)
{
    struct series *series = reading->series;
    struct sample sample = {.stage = intern(reading, &series->stages, cells[1])};
    int64_t *figures[] = {&sample.cgroup_bytes, &sample.pss_bytes, &sample.anon_bytes,
                          &sample.file_bytes, &sample.processes};
    if (parse_integer(cells[0], 0, MOST_FIGURE, &sample.t_ms) < 0)
        return -1;
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        if (take_figure(cells[2 + i], figures[i]) < 0)
            return -1;
    series->samples = xgrow(series->samples, series->count, sizeof *series->samples);
    series->samples[series->count++] = sample;
    return 0;
}

static int take_holding(struct reading *reading, char *const *cells)
{
    struct series *series = reading->series;
    struct process_sample process_sample = {.group = intern(reading, &series->groups, cells[1])};
    if (parse_integer(cells[0], 0, MOST_FIGURE, &process_sample.t_ms) < 0 ||
        parse_integer(cells[2], 0, MOST_FIGURE, &process_sample.count) < 0 ||
        parse_integer(cells[3], 0, MOST_FIGURE, &process_sample.pss_bytes) < 0)
        return -1;
    series->process_samples = xgrow(series->process_samples, series->process_sample_count,
                                    sizeof *series->process_samples);
    series->process_samples[series->process_sample_count++] = process_sample;
    return 0;
}

/* Takes the lines of a text whose first one is `head`, of `width` cells. */
static int take_lines(char *text, size_t length, const char *origin, const char *head, size_t width,
                      struct series *series,
                      int (*take)(struct reading *reading, char *const *cells),
                      struct bm_error *err)
{
    struct reading reading CLEANUP(reading_release) = {.series = series};
    if (strncmp(text, head, strlen(head)) != 0)
        return bm_error_set(err,
                            "%s:1: this is not a file of build-mem's: its first line must be "
                            "\"%.*s\"",
                            origin, (int)strcspn(head, "\n"), head);
    char *end = memrchr(text, '\n', length); /* what follows is a line that was cut */
    end[1] = '\0';
    size_t line = 2;
    for (char *at = text + strlen(head); at <= end; line++) {
        char *cells[MAX_CELLS];
        if (csv_take_line(&at, cells, MAX_CELLS) != width || take(&reading, cells) < 0)
            return bm_error_set(err,
                                "%s:%zu: this line is not as build-mem wrote it; remove the "
                                "file to do without, or measure again",
                                origin, line);
    }
    return 0;
}

int series_parse_timeline(struct series *series, char *text, size_t length, const char *origin,
                          struct bm_error *err)
{
    return take_lines(text, length, origin, TIMELINE_HEAD, 7, series, take_moment, err);
}

int series_parse_processes(struct series *series, char *text, size_t length, const char *origin,
                           struct bm_error *err)
{
    return take_lines(text, length, origin, PROCESSES_HEAD, 4, series, take_holding, err);
}

static int read_file(const char *path, struct series *series,
                     int (*take)(struct series *series, char *text, size_t length,
                                 const char *origin, struct bm_error *err),
                     struct bm_error *err)
{
    char *text CLEANUP(cleanup_free) = NULL;
    size_t length;
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return 0;
    if (file_read(path, SERIES_MAX_BYTES, &text, &length, err) < 0)
        return -1;
    return take(series, text, length, path, err);
}

int series_read(const char *timeline_path, const char *processes_path, struct series *series,
                struct bm_error *err)
{
    *series = (struct series){0};
    if (read_file(timeline_path, series, series_parse_timeline, err) < 0)
        return -1;
    return processes_path ? read_file(processes_path, series, series_parse_processes, err) : 0;
}

int series_of_label(const char *dir, const char *label, struct series *series, struct bm_error *err)
{
    char *timeline CLEANUP(cleanup_free) = xasprintf("%stimeline-%s.csv", dir, label);
    char *processes CLEANUP(cleanup_free) = xasprintf("%sprocesses-%s.csv", dir, label);
    return series_read(timeline, processes, series, err);
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
        int64_t level = sample_usage(sample);
        double share = (double)sample->t_ms / (double)end_ms;
        size_t place = share < 1 ? (size_t)(share * (double)count) : count - 1;
        struct series_column *column = &columns[place < count ? place : count - 1];
        if (level < 0)
            continue;
        if (!column->low || level < sample_usage(column->low))
            column->low = sample;
        if (!column->high || level > sample_usage(column->high))
            column->high = sample;
    }
    return columns;
}
