#include "report/holders.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/strv.h"
#include "measurement/process_name.h"
#include "report/csv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct held {
    size_t name; /* in holders.names */
    int64_t count, pss_bytes;
};

struct held_moment {
    int64_t t_ms, pss_bytes; /* the sum */
    struct held *held;
    size_t count;
};

struct holders {
    struct strv names;
    struct held_moment moments[HOLDERS_MOMENTS]; /* the last of them may still grow */
    size_t count;
    int64_t apart_ms; /* of each stretch of this length one moment is kept; 0: all are */
};

struct holders *holders_new(void)
{
    return xcalloc(1, sizeof(struct holders));
}

void cleanup_holders(struct holders **holders)
{
    for (size_t i = 0; i < (*holders)->count; i++)
        free((*holders)->moments[i].held);
    strv_release(&(*holders)->names);
    free(*holders);
}

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
    free(lower.held);
}

/* Makes room: half of the moments stay, or fewer. */
static void thin_out(struct holders *holders)
{
    size_t count = holders->count;
    holders->apart_ms = holders->moments[count - 1].t_ms * 2 / HOLDERS_MOMENTS + 1;
    holders->count = 0;
    for (size_t i = 0; i < count; i++)
        keep(holders, holders->moments[i]);
}

static void settle_last(struct holders *holders)
{
    if (holders->count)
        keep(holders, holders->moments[--holders->count]);
}

static struct held_moment *moment_at(struct holders *holders, int64_t t_ms)
{
    if (holders->count && holders->moments[holders->count - 1].t_ms == t_ms)
        return &holders->moments[holders->count - 1];
    settle_last(holders);
    if (holders->count == HOLDERS_MOMENTS)
        thin_out(holders);
    holders->moments[holders->count] = (struct held_moment){.t_ms = t_ms};
    return &holders->moments[holders->count++];
}

static size_t name_of(struct holders *holders, const char *command)
{
    char *name CLEANUP(cleanup_free) = process_name(command);
    for (size_t i = 0; i < holders->names.count; i++)
        if (strcmp(holders->names.items[i], name) == 0)
            return i;
    strv_push(&holders->names, name);
    return holders->names.count - 1;
}

void holders_take(struct holders *holders, int64_t t_ms, const char *command, int64_t pss_bytes)
{
    struct held_moment *moment = moment_at(holders, t_ms);
    size_t name = name_of(holders, command), i = 0;
    while (i < moment->count && moment->held[i].name != name)
        i++;
    if (i == moment->count) {
        moment->held = xgrow(moment->held, moment->count, sizeof *moment->held);
        moment->held[moment->count++] = (struct held){.name = name};
    }
    moment->held[i].count++;
    moment->held[i].pss_bytes += pss_bytes;
    moment->pss_bytes += pss_bytes;
}

int holders_write(struct holders *holders, const char *path, struct bm_error *err)
{
    char *text CLEANUP(cleanup_free) = NULL;
    size_t length;
    FILE *out = xmemstream_open(&text, &length);
    settle_last(holders);
    fputs(PROCESSES_HEAD, out);
    for (size_t i = 0; i < holders->count; i++)
        for (size_t k = 0; k < holders->moments[i].count; k++) {
            const struct held *held = &holders->moments[i].held[k];
            fprintf(out, "%" PRId64 ",", holders->moments[i].t_ms);
            csv_put_text(out, holders->names.items[held->name]);
            fprintf(out, ",%" PRId64 ",%" PRId64 "\n", held->count, held->pss_bytes);
        }
    xmemstream_close(out);
    return file_write_atomic(path, text, length, err);
}
