#include "result/process_series.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/units.h"
#include "measurement/process_name.h"
#include "result/csv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Of the sample that still grows: more than the probe tells at one, so that nobody is taken for
 * small before all of it is known. */
#define NAMES_ROOM 256

struct held {
    char *name; /* owned; NULL: the others */
    int64_t count, pss_bytes;
};

struct held_moment {
    int64_t t_ms, pss_bytes; /* the sum */
    struct held *held;
    size_t count;
    struct held others;
};

struct process_series {
    struct held_moment samples[PROCESS_SERIES_SAMPLES];
    size_t count;
    int64_t apart_ms;       /* of each stretch of this length one sample is kept; 0: all are */
    struct held_moment now; /* the last one: it still grows */
};

struct process_series *process_series_new(void)
{
    return xcalloc(1, sizeof(struct process_series));
}

static void release_moment(struct held_moment *sample)
{
    for (size_t i = 0; i < sample->count; i++)
        free(sample->held[i].name);
    free(sample->held);
    *sample = (struct held_moment){.t_ms = sample->t_ms};
}

void cleanup_process_series(struct process_series **process_series)
{
    for (size_t i = 0; i < (*process_series)->count; i++)
        release_moment(&(*process_series)->samples[i]);
    release_moment(&(*process_series)->now);
    free(*process_series);
}

/* ---- samples ---- */

/* Adds a whole sample behind those that are kept, or the higher of the two where they lie in the
 * same stretch. */
static void keep(struct process_series *process_series, struct held_moment sample)
{
    struct held_moment *last =
        process_series->count ? &process_series->samples[process_series->count - 1] : NULL;
    if (!last || !process_series->apart_ms ||
        sample.t_ms / process_series->apart_ms != last->t_ms / process_series->apart_ms) {
        process_series->samples[process_series->count++] = sample;
        return;
    }
    struct held_moment lower = *last;
    if (sample.pss_bytes > last->pss_bytes)
        *last = sample;
    else
        lower = sample;
    release_moment(&lower);
}

/* Makes room: half of the samples stay, or fewer. */
static void thin_out(struct process_series *process_series)
{
    size_t count = process_series->count;
    process_series->apart_ms =
        process_series->samples[count - 1].t_ms / (PROCESS_SERIES_SAMPLES / 2) + 1;
    process_series->count = 0;
    for (size_t i = 0; i < count; i++)
        keep(process_series, process_series->samples[i]);
}

/* ---- names ---- */

static void add(struct held *held, int64_t count, int64_t pss_bytes)
{
    held->count += count;
    held->pss_bytes = add_figures(held->pss_bytes, pss_bytes);
}

static int most_first(const void *a, const void *b)
{
    const struct held *one = a, *other = b;
    return (one->pss_bytes < other->pss_bytes) - (one->pss_bytes > other->pss_bytes);
}

/* The order in which they came stays where all of them do. */
static void sum_others(struct held_moment *sample)
{
    if (sample->count <= PROCESS_SERIES_NAMES)
        return;
    qsort(sample->held, sample->count, sizeof *sample->held, most_first);
    for (size_t i = PROCESS_SERIES_NAMES; i < sample->count; i++) {
        add(&sample->others, sample->held[i].count, sample->held[i].pss_bytes);
        free(sample->held[i].name);
    }
    sample->count = PROCESS_SERIES_NAMES;
    sample->held = xrealloc(sample->held, sample->count * sizeof *sample->held);
}

static struct held *held_by(struct held_moment *sample, const char *command)
{
    char *name CLEANUP(cleanup_free) = process_name(command);
    if (strcmp(name, PROCESS_SERIES_OTHERS) == 0)
        return &sample->others;
    for (size_t i = 0; i < sample->count; i++)
        if (strcmp(sample->held[i].name, name) == 0)
            return &sample->held[i];
    if (sample->count == NAMES_ROOM)
        sum_others(sample);
    sample->held = xgrow(sample->held, sample->count, sizeof *sample->held);
    sample->held[sample->count] = (struct held){.name = steal_ptr(name)};
    return &sample->held[sample->count++];
}

/* ---- what comes, and what is written ---- */

static void settle(struct process_series *process_series)
{
    struct held_moment *now = &process_series->now;
    if (!now->count && !now->others.count)
        return;
    sum_others(now);
    if (process_series->count == PROCESS_SERIES_SAMPLES)
        thin_out(process_series);
    keep(process_series, *now);
    *now = (struct held_moment){.t_ms = now->t_ms};
}

void process_series_take(struct process_series *process_series, int64_t t_ms, const char *command,
                         int64_t pss_bytes)
{
    struct held_moment *now = &process_series->now;
    if (pss_bytes < 0)
        return;
    /* One that is before the last would be none of the stretches that thin_out() counts on. */
    if (t_ms > now->t_ms) {
        settle(process_series);
        now->t_ms = t_ms;
    }
    add(held_by(now, command), 1, pss_bytes);
    now->pss_bytes = add_figures(now->pss_bytes, pss_bytes);
}

static void put(FILE *out, int64_t t_ms, const char *name, const struct held *held)
{
    fprintf(out, "%" PRId64 ",", t_ms);
    csv_put_text(out, name);
    fprintf(out, ",%" PRId64 ",%" PRId64 "\n", held->count, held->pss_bytes);
}

int process_series_write(struct process_series *process_series, const char *path,
                         struct bm_error *err)
{
    char *text CLEANUP(cleanup_free) = NULL;
    size_t length;
    FILE *out = xmemstream_open(&text, &length);
    settle(process_series);
    fputs(PROCESSES_HEAD, out);
    for (size_t i = 0; i < process_series->count; i++) {
        const struct held_moment *sample = &process_series->samples[i];
        for (size_t k = 0; k < sample->count; k++)
            put(out, sample->t_ms, sample->held[k].name, &sample->held[k]);
        if (sample->others.count)
            put(out, sample->t_ms, PROCESS_SERIES_OTHERS, &sample->others);
    }
    xmemstream_close(out);
    return file_write_atomic(path, text, length, err);
}
