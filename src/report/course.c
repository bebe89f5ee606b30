#include "report/course.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/units.h"
#include "report/csv.h"
#include "report/holders.h"
#include "report/timeline.h"

#include <errno.h>
#include <search.h>
#include <string.h>
#include <unistd.h>

#define COURSE_MAX_BYTES ((size_t)512 << 20)
#define MAX_CELLS 8

void course_release(struct course *course)
{
    free(course->moments);
    free(course->holdings);
    strv_release(&course->stages);
    strv_release(&course->groups);
    *course = (struct course){0};
}

/* ---- names ---- */

/* What a file is read into, and its names by tsearch(3): there can be as many as lines. */
struct reading {
    struct course *course;
    void *places;
};

struct place {
    const char *name; /* borrowed from the course */
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
    struct course *course = reading->course;
    struct moment moment = {.stage = intern(reading, &course->stages, cells[1])};
    int64_t *figures[] = {&moment.cgroup_bytes, &moment.pss_bytes, &moment.anon_bytes,
                          &moment.file_bytes, &moment.processes};
    if (parse_integer(cells[0], 0, MOST_FIGURE, &moment.t_ms) < 0)
        return -1;
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        if (take_figure(cells[2 + i], figures[i]) < 0)
            return -1;
    course->moments = xgrow(course->moments, course->count, sizeof *course->moments);
    course->moments[course->count++] = moment;
    return 0;
}

static int take_holding(struct reading *reading, char *const *cells)
{
    struct course *course = reading->course;
    struct holding holding = {.group = intern(reading, &course->groups, cells[1])};
    if (parse_integer(cells[0], 0, MOST_FIGURE, &holding.t_ms) < 0 ||
        parse_integer(cells[2], 0, MOST_FIGURE, &holding.count) < 0 ||
        parse_integer(cells[3], 0, MOST_FIGURE, &holding.pss_bytes) < 0)
        return -1;
    course->holdings = xgrow(course->holdings, course->holding_count, sizeof *course->holdings);
    course->holdings[course->holding_count++] = holding;
    return 0;
}

/* Takes the lines of a text whose first one is `head`, of `width` cells. */
static int take_lines(char *text, size_t length, const char *origin, const char *head, size_t width,
                      struct course *course,
                      int (*take)(struct reading *reading, char *const *cells),
                      struct bm_error *err)
{
    struct reading reading CLEANUP(reading_release) = {.course = course};
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

int course_take_timeline(struct course *course, char *text, size_t length, const char *origin,
                         struct bm_error *err)
{
    return take_lines(text, length, origin, TIMELINE_HEAD, 7, course, take_moment, err);
}

int course_take_processes(struct course *course, char *text, size_t length, const char *origin,
                          struct bm_error *err)
{
    return take_lines(text, length, origin, PROCESSES_HEAD, 4, course, take_holding, err);
}

static int read_file(const char *path, struct course *course,
                     int (*take)(struct course *course, char *text, size_t length,
                                 const char *origin, struct bm_error *err),
                     struct bm_error *err)
{
    char *text CLEANUP(cleanup_free) = NULL;
    size_t length;
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return 0;
    if (file_read(path, COURSE_MAX_BYTES, &text, &length, err) < 0)
        return -1;
    return take(course, text, length, path, err);
}

int course_read(const char *timeline_path, const char *processes_path, struct course *course,
                struct bm_error *err)
{
    *course = (struct course){0};
    if (read_file(timeline_path, course, course_take_timeline, err) < 0)
        return -1;
    return processes_path ? read_file(processes_path, course, course_take_processes, err) : 0;
}

int course_of_label(const char *dir, const char *label, struct course *course, struct bm_error *err)
{
    char *timeline CLEANUP(cleanup_free) = xasprintf("%stimeline-%s.csv", dir, label);
    char *processes CLEANUP(cleanup_free) = xasprintf("%sprocesses-%s.csv", dir, label);
    return course_read(timeline, processes, course, err);
}

/* ---- columns ---- */

int64_t moment_level(const struct moment *moment)
{
    return moment->cgroup_bytes >= 0 ? moment->cgroup_bytes : moment->pss_bytes;
}

struct course_column *course_columns(const struct course *course, int64_t end_ms, size_t count)
{
    struct course_column *columns = xcalloc(count, sizeof *columns);
    for (size_t i = 0; i < course->count; i++) {
        const struct moment *moment = &course->moments[i];
        int64_t level = moment_level(moment);
        double share = (double)moment->t_ms / (double)end_ms;
        size_t place = share < 1 ? (size_t)(share * (double)count) : count - 1;
        struct course_column *column = &columns[place < count ? place : count - 1];
        if (level < 0)
            continue;
        if (!column->low || level < moment_level(column->low))
            column->low = moment;
        if (!column->high || level > moment_level(column->high))
            column->high = moment;
    }
    return columns;
}
