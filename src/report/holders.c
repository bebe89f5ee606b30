#include "report/holders.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/units.h"
#include "measurement/process_name.h"
#include "report/csv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Of the moment that still grows: more than the probe tells at one, so that nobody is taken for
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

struct holders {
    struct held_moment moments[HOLDERS_MOMENTS];
    size_t count;
    int64_t apart_ms;       /* of each stretch of this length one moment is kept; 0: all are */
    struct held_moment now; /* the last one: it still grows */
};

struct holders *holders_new(void)
{
    return xcalloc(1, sizeof(struct holders));
}

static void release_moment(struct held_moment *moment)
{
    for (size_t i = 0; i < moment->count; i++)
        free(moment->held[i].name);
    free(moment->held);
    *moment = (struct held_moment){.t_ms = moment->t_ms};
}

void cleanup_holders(struct holders **holders)
{
    for (size_t i = 0; i < (*holders)->count; i++)
        release_moment(&(*holders)->moments[i]);
    release_moment(&(*holders)->now);
    free(*holders);
}

/* ---- moments ---- */

/* Adds a whole moment behind those that are kept, or the higher of the two where they lie in the
 * same stretch. */
static void keep(struct holders *holders, struct held_moment moment)
{
    struct held_moment *last = holders->count ? &holders->moments[holders->count - 1] : NULL;
    if (!last || !holders->apart_ms ||
        moment.t_ms / holders->apart_ms != last->t_ms / holders->apart_ms) {
        holders->moments[holders->count++] = moment;
        return;
    }
    struct held_moment lower = *last;
    if (moment.pss_bytes > last->pss_bytes)
        *last = moment;
    else
        lower = moment;
    release_moment(&lower);
}

/* Makes room: half of the moments stay, or fewer. */
static void thin_out(struct holders *holders)
{
    size_t count = holders->count;
    holders->apart_ms = holders->moments[count - 1].t_ms / (HOLDERS_MOMENTS / 2) + 1;
    holders->count = 0;
    for (size_t i = 0; i < count; i++)
        keep(holders, holders->moments[i]);
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
static void sum_others(struct held_moment *moment)
{
    if (moment->count <= HOLDERS_NAMES)
        return;
    qsort(moment->held, moment->count, sizeof *moment->held, most_first);
    for (size_t i = HOLDERS_NAMES; i < moment->count; i++) {
        add(&moment->others, moment->held[i].count, moment->held[i].pss_bytes);
        free(moment->held[i].name);
    }
    moment->count = HOLDERS_NAMES;
    moment->held = xrealloc(moment->held, moment->count * sizeof *moment->held);
}

static struct held *held_by(struct held_moment *moment, const char *command)
{
    char *name CLEANUP(cleanup_free) = process_name(command);
    if (strcmp(name, HOLDERS_OTHERS) == 0)
        return &moment->others;
    for (size_t i = 0; i < moment->count; i++)
        if (strcmp(moment->held[i].name, name) == 0)
            return &moment->held[i];
    if (moment->count == NAMES_ROOM)
        sum_others(moment);
    moment->held = xgrow(moment->held, moment->count, sizeof *moment->held);
    moment->held[moment->count] = (struct held){.name = steal_ptr(name)};
    return &moment->held[moment->count++];
}

/* ---- what comes, and what is written ---- */

static void settle(struct holders *holders)
{
    struct held_moment *now = &holders->now;
    if (!now->count && !now->others.count)
        return;
    sum_others(now);
    if (holders->count == HOLDERS_MOMENTS)
        thin_out(holders);
    keep(holders, *now);
    *now = (struct held_moment){.t_ms = now->t_ms};
}

void holders_take(struct holders *holders, int64_t t_ms, const char *command, int64_t pss_bytes)
{
    struct held_moment *now = &holders->now;
    if (pss_bytes < 0)
        return;
    /* One that is before the last would be none of the stretches that thin_out() counts on. */
    if (t_ms > now->t_ms) {
        settle(holders);
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

int holders_write(struct holders *holders, const char *path, struct bm_error *err)
{
    char *text CLEANUP(cleanup_free) = NULL;
    size_t length;
    FILE *out = xmemstream_open(&text, &length);
    settle(holders);
    fputs(PROCESSES_HEAD, out);
    for (size_t i = 0; i < holders->count; i++) {
        const struct held_moment *moment = &holders->moments[i];
        for (size_t k = 0; k < moment->count; k++)
            put(out, moment->t_ms, moment->held[k].name, &moment->held[k]);
        if (moment->others.count)
            put(out, moment->t_ms, HOLDERS_OTHERS, &moment->others);
    }
    xmemstream_close(out);
    return file_write_atomic(path, text, length, err);
}
