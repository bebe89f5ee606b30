/* Reads the results of other machines, and the points that they measured. */
#include "base/alloc.h"
#include "base/text.h"
#include "measurement/environment.h"
#include "result/result.h"
#include "sweep/sweep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the files ---- */

/* The same file can be named twice: by itself, and by its directory. */
static bool is_known(const struct sweep_results *results, const struct measurement *m)
{
    for (size_t i = 0; i < results->count; i++)
        if (strcmp(results->runs[i].label, m->label) == 0 &&
            measurement_is_same_run(&results->runs[i], m))
            return true;
    return false;
}

static const char *commit_of(const struct measurement *m)
{
    return m->commit ? m->commit : "unknown";
}

/* Returns -1 if the build differs from that of the first result in more than its knobs. */
static int expect_same_build(const struct measurement *m, const char *path,
                             const struct measurement *first, const char *first_path,
                             struct bm_error *err)
{
    if (!m->sweep.settings)
        return bm_error_set(err,
                            "%s: its knobs are unknown: measure with: build-mem sweep "
                            "--vary NAME=VALUE",
                            path);
    if (strcmp(commit_of(m), commit_of(first)) != 0)
        return bm_error_set(err, "%s: commit %.12s, but %.12s in %s", path, commit_of(m),
                            commit_of(first), first_path);
    if (strcmp(m->sweep.settings, first->sweep.settings) != 0)
        return bm_error_set(err, "%s: another command or setting than in %s: %s, but %s", path,
                            first_path, m->sweep.settings, first->sweep.settings);
    return 0;
}

/* Notes how the machine differs from that of the first result, if that prevents no comparison. */
static void note_drift(const struct measurement *m, const char *path,
                       const struct measurement *first, struct strv *notes)
{
    struct strv drift CLEANUP(strv_release) = {0};
    struct environment was = first->environment, is = m->environment; /* borrow all */
    was.variables = is.variables = (struct strv){0};                  /* knobs can be variables */
    drift_list(&was, &is, &drift);
    char *text CLEANUP(cleanup_free) = strv_join(&drift, "; ");
    char *line CLEANUP(cleanup_free) = text_one_line(text);
    if (drift.count)
        strv_pushf(notes, "%s: %s", path, line);
}

static int read_result(const char *path, struct sweep_results *results, int *status,
                       struct bm_error *err)
{
    results->runs = xgrow(results->runs, results->count, sizeof *results->runs);
    struct measurement *m = &results->runs[results->count];
    *status = EXIT_USAGE;
    if (result_read_measurement(path, m, err) < 0) {
        measurement_release(m);
        return -1;
    }
    if (is_known(results, m)) {
        measurement_release(m);
        return 0;
    }
    results->count++;
    strv_push(&results->paths, path);
    if (results->count > SWEEP_MOST_BUILDS)
        return bm_error_set(err, "%s: more than %d results", path, SWEEP_MOST_BUILDS);
    *status = EXIT_UNMEASURED;
    if (expect_same_build(m, path, results->runs, results->paths.items[0], err) < 0)
        return -1;
    note_drift(m, path, results->runs, &results->notes);
    return 0;
}

/* ---- the points ---- */

static bool has_knob(const struct sweep_knob *knob, const char *entry)
{
    size_t length = strlen(knob->name);
    return strncmp(entry, knob->name, length) == 0 && entry[length] == '=';
}

static const char *value_in(const char *entry)
{
    return strchr(entry, '=') + 1;
}

/* The point of the first result names the knobs. */
static int name_knobs(struct sweep *sweep, const struct strv *point, struct bm_error *err)
{
    for (size_t i = 0; i < point->count; i++)
        if (sweep_add_knob(sweep, point->items[i], err) < 0)
            return -1;
    return point->count ? 0 : bm_error_set(err, "it has no knobs");
}

static int add_point(struct sweep *sweep, const struct strv *point, struct bm_error *err)
{
    bool same = point->count == sweep->knob_count;
    for (size_t k = 0; same && k < point->count; k++)
        same = has_knob(&sweep->knobs[k], point->items[k]);
    if (!same) {
        char *text CLEANUP(cleanup_free) = strv_join(point, " ");
        return bm_error_set(err, "its knobs are not those of the first result: %s", text);
    }
    for (size_t k = 0; k < point->count; k++) {
        struct strv *values = &sweep->knobs[k].values;
        const char *value = value_in(point->items[k]);
        if (!*value || strchr(value, ','))
            return bm_error_set(err, "\"%s\": not one value of a knob", point->items[k]);
        if (!strv_contains(values, value))
            strv_push(values, value);
    }
    return sweep_point_count(sweep) > SWEEP_MOST_POINTS
               ? bm_error_set(err, "more than %d points with the results before it",
                              SWEEP_MOST_POINTS)
               : 0;
}

static int by_number(const void *a, const void *b)
{
    double one = strtod(*(char *const *)a, NULL), other = strtod(*(char *const *)b, NULL);
    return (one > other) - (one < other);
}

/* Values that are not all numbers keep their order. */
static void sort_numbers(struct strv *values)
{
    for (size_t i = 0; i < values->count; i++) {
        char *end;
        double number = strtod(values->items[i], &end);
        if (*end || !isfinite(number))
            return;
    }
    qsort(values->items, values->count, sizeof *values->items, by_number);
}

static size_t number_of(const struct sweep *sweep, const struct strv *point)
{
    size_t number = 0;
    for (size_t k = 0; k < sweep->knob_count; k++) {
        const struct strv *values = &sweep->knobs[k].values;
        size_t level = 0;
        while (strcmp(values->items[level], value_in(point->items[k])) != 0)
            level++;
        number = number * values->count + level;
    }
    return number;
}

int sweep_take_points(struct sweep *sweep, const struct strv *points, size_t count, size_t *numbers,
                      size_t *wrong, struct bm_error *err)
{
    *wrong = 0;
    if (count && name_knobs(sweep, &points[0], err) < 0)
        return -1;
    for (; *wrong < count; ++*wrong)
        if (add_point(sweep, &points[*wrong], err) < 0)
            return -1;
    for (size_t k = 0; k < sweep->knob_count; k++)
        sort_numbers(&sweep->knobs[k].values);
    for (size_t i = 0; i < count; i++)
        numbers[i] = number_of(sweep, &points[i]);
    return 0;
}

static int take_points(struct sweep_results *results, struct sweep *sweep, struct bm_error *err)
{
    struct strv *points CLEANUP(cleanup_free) = xcalloc(results->count, sizeof *points);
    size_t wrong;
    results->points = xcalloc(results->count, sizeof *results->points);
    for (size_t i = 0; i < results->count; i++)
        points[i] = results->runs[i].sweep.knobs; /* borrowed */
    return sweep_take_points(sweep, points, results->count, results->points, &wrong, err) == 0
               ? 0
               : bm_error_wrap(err, "%s", results->paths.items[wrong]);
}

/* ---- all of it ---- */

void sweep_results_release(struct sweep_results *results)
{
    for (size_t i = 0; i < results->count; i++)
        measurement_release(&results->runs[i]);
    free(results->runs);
    free(results->points);
    strv_release(&results->paths);
    strv_release(&results->notes);
    *results = (struct sweep_results){0};
}

int sweep_read_results(struct sweep *sweep, const struct strv *operands,
                       struct sweep_results *results, int *status, struct bm_error *err)
{
    struct strv all CLEANUP(strv_release) = {0};
    *results = (struct sweep_results){0};
    *status = EXIT_USAGE;
    for (size_t i = 0; i < operands->count; i++)
        if (result_paths(operands->items[i], &all, err) < 0)
            return -1;
    for (size_t i = 0; i < all.count; i++)
        if (read_result(all.items[i], results, status, err) < 0)
            return -1;
    *status = EXIT_UNMEASURED;
    if (take_points(results, sweep, err) < 0)
        return -1;
    sweep->results = &results->paths;
    sweep->settings = results->runs[0].sweep.settings;
    sweep->most_builds = results->count;
    for (size_t i = 0; i < results->count; i++)
        if (sweep_take_run(sweep, results->runs, results->points[i], false, err) < 0)
            return bm_error_wrap(err, "%s", results->paths.items[i]);
    sweep->first = results->runs;
    return 0;
}
