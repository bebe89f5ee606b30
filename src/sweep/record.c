#include "base/alloc.h"
#include "base/json.h"
#include "base/json_write.h"
#include "base/units.h"
#include "sweep/sweep.h"

#include <string.h>

const char *sweep_verdict_name(enum sweep_verdict verdict)
{
    static const char *const names[] = {[SWEEP_VERDICT_FOUND] = "found",
                                        [SWEEP_VERDICT_STOPPED] = "stopped",
                                        [SWEEP_VERDICT_NONE_FITS] = "none-fits",
                                        [SWEEP_VERDICT_BUILD_FAILED] = "build-failed",
                                        [SWEEP_VERDICT_UNFINISHED] = "unfinished"};
    return names[verdict];
}

enum sweep_verdict sweep_verdict_of(const struct sweep *sweep)
{
    if (sweep->unfinished)
        return SWEEP_VERDICT_UNFINISHED;
    switch (sweep_next(sweep).state) {
    case SWEEP_FOUND:
        return SWEEP_VERDICT_FOUND;
    case SWEEP_STOPPED:
        return SWEEP_VERDICT_STOPPED;
    case SWEEP_NONE_FITS:
        return SWEEP_VERDICT_NONE_FITS;
    case SWEEP_BROKEN:
        return SWEEP_VERDICT_BUILD_FAILED;
    case SWEEP_BUILD:
    case SWEEP_CONFIRM:
        break;
    }
    return SWEEP_VERDICT_UNFINISHED;
}

int sweep_exit_status(enum sweep_verdict verdict)
{
    switch (verdict) {
    case SWEEP_VERDICT_FOUND:
    case SWEEP_VERDICT_STOPPED:
        return EXIT_PASS;
    case SWEEP_VERDICT_BUILD_FAILED:
        return EXIT_BUILD;
    case SWEEP_VERDICT_NONE_FITS:
    case SWEEP_VERDICT_UNFINISHED:
        return EXIT_UNMEASURED;
    }
    BM_BUG("verdict out of range");
}

/* ---- writing ---- */

static void add_range(cJSON *object, const char *key, struct sweep_range range)
{
    cJSON *figures = json_add_object(object, key);
    json_add_measured(figures, "median", range.median);
    json_add_measured(figures, "lowest", range.lowest);
    json_add_measured(figures, "highest", range.highest);
}

static void add_values(cJSON *object, const struct sweep *sweep, size_t point)
{
    cJSON *values = json_add_array(object, "values");
    for (size_t k = 0; k < sweep->knob_count; k++)
        json_append_text(values, sweep_value(sweep, point, k));
}

static void add_points(cJSON *root, const struct sweep *sweep, const struct sweep_point *points)
{
    cJSON *array = json_add_array(root, "points");
    for (size_t i = 0, count = sweep_point_count(sweep); i < count; i++) {
        const struct sweep_point *point = &points[i];
        if (!point->runs)
            continue;
        cJSON *object = cJSON_CreateObject();
        cJSON_AddItemToArray(array, object);
        add_values(object, sweep, i);
        json_add_integer(object, "runs", (int64_t)point->runs);
        cJSON_AddBoolToObject(object, "passes", sweep_passes(point));
        json_add_text(object, "detail", point->detail);
        cJSON_AddBoolToObject(object, "on_front", point->on_front);
        add_range(object, "memory_bytes", point->memory);
        add_range(object, "unreclaimable_bytes", point->unreclaimable);
        add_range(object, "duration_ms", point->duration);
    }
}

static void add_effects(cJSON *root, const struct sweep *sweep, const struct sweep_point *points)
{
    cJSON *array = json_add_array(root, "effects");
    struct sweep_model model CLEANUP(sweep_model_release);
    sweep_model_init(&model, sweep, points);
    for (size_t k = 0; k < sweep->knob_count; k++)
        for (size_t level = 0; level < sweep->knobs[k].values.count; level++) {
            double memory, time;
            if (!sweep_effect(&model, k, level, &memory, &time))
                continue;
            cJSON *object = cJSON_CreateObject();
            cJSON_AddItemToArray(array, object);
            json_add_text(object, "knob", sweep->knobs[k].name);
            json_add_text(object, "value", sweep->knobs[k].values.items[level]);
            json_add_number(object, "memory_factor", memory);
            json_add_number(object, "duration_factor", time);
        }
}

/* The price: what the recommended point needs compared with the fastest one. */
static void add_recommendation(cJSON *root, const struct sweep *sweep,
                               const struct sweep_point *points)
{
    size_t best, fastest;
    if (sweep->within_bytes >= 0 || !sweep_recommend(sweep, points, &best, &fastest)) {
        cJSON_AddNullToObject(root, "recommended");
        return;
    }
    cJSON *object = json_add_object(root, "recommended");
    add_values(object, sweep, best);
    json_add_integer(object, "saved_bytes",
                     points[fastest].memory.median - points[best].memory.median);
    json_add_integer(object, "added_ms",
                     points[best].duration.median - points[fastest].duration.median);
}

static void add_runs(cJSON *root, const struct sweep *sweep)
{
    cJSON *array = json_add_array(root, "runs");
    for (size_t i = 0; i < sweep->count; i++) {
        const struct sweep_run *run = &sweep->runs[i];
        cJSON *object = cJSON_CreateObject();
        cJSON_AddItemToArray(array, object);
        json_add_integer(object, "point", (int64_t)run->point);
        cJSON_AddBoolToObject(object, "confirms", run->confirms);
        json_add_text(object, "outcome", sweep_outcome_name(run->outcome));
        json_add_text(object, "detail", run->detail);
        json_add_measured(object, "memory_bytes", run->memory_bytes);
        json_add_measured(object, "unreclaimable_bytes", run->unreclaimable_bytes);
        json_add_measured(object, "duration_ms", run->duration_ms);
    }
}

static cJSON *sweep_object(const struct sweep *sweep)
{
    struct sweep_point *points CLEANUP(cleanup_free) = sweep_points(sweep);
    const struct sweep_plan plan = sweep_next(sweep);
    const struct measurement *m = sweep->first;
    enum sweep_verdict verdict = sweep_verdict_of(sweep);
    char *knobs CLEANUP(cleanup_free) = sweep_knobs_text(sweep);
    cJSON *root = cJSON_CreateObject();
    json_add_integer(root, "schema_version", SWEEP_SCHEMA_VERSION);
    json_add_text(root, "label", sweep->label);
    json_add_text(root, "started_at", m ? m->started_at : NULL);
    json_add_text(root, "commit", m ? m->commit : NULL);
    json_add_text(root, "settings", sweep->settings);
    json_add_text(root, "knobs", knobs);
    if (sweep->results) {
        cJSON *results = json_add_array(root, "results");
        for (size_t i = 0; i < sweep->results->count; i++)
            json_append_text(results, sweep->results->items[i]);
    }
    json_add_text(root, "verdict", sweep_verdict_name(verdict));
    json_add_text(root, "unfinished", sweep->unfinished);
    json_add_integer(root, "exit_code", sweep_exit_status(verdict));
    json_add_measured(root, "within_bytes", sweep->within_bytes);
    json_add_text(root, "largest",
                  sweep->within_bytes >= 0 && verdict == SWEEP_VERDICT_FOUND
                      ? sweep_value(sweep, plan.point, 0)
                      : NULL);
    json_add_integer(root, "all_points", (int64_t)sweep_point_count(sweep));
    json_add_integer(root, "open_points", (int64_t)plan.open);
    add_recommendation(root, sweep, points);
    add_points(root, sweep, points);
    add_effects(root, sweep, points);
    add_runs(root, sweep);
    return root;
}

char *sweep_to_json(const struct sweep *sweep)
{
    cJSON *root CLEANUP(cleanup_cjson) = sweep_object(sweep);
    return json_print(root, 1);
}

char *sweep_to_line(const struct sweep *sweep)
{
    cJSON *root CLEANUP(cleanup_cjson) = sweep_object(sweep);
    return json_print_line(root);
}

/* ---- reading ---- */

void sweep_record_release(struct sweep_record *record)
{
    free(record->settings);
    free(record->knobs);
    free(record->runs);
    *record = (struct sweep_record){0};
}

static int read_text(const struct json *object, const char *key, char **text, struct bm_error *err)
{
    const struct json *value;
    const char *borrowed;
    if (json_require(object, key, &value, err) < 0 || json_expect_string(value, &borrowed, err) < 0)
        return -1;
    *text = xstrdup(borrowed);
    return 0;
}

static int read_run(const struct json *object, struct sweep_record *record, struct bm_error *err)
{
    const struct json *value, *flag;
    int64_t point;
    bool confirms;
    if (json_expect_object(object, err) < 0 || json_require(object, "point", &value, err) < 0 ||
        json_expect_integer(value, 0, SWEEP_MOST_POINTS - 1, &point, err) < 0 ||
        json_require(object, "confirms", &flag, err) < 0 ||
        json_expect_bool(flag, &confirms, err) < 0)
        return -1;
    if (record->count == SWEEP_MOST_BUILDS)
        return json_error(object, err, "more than %d runs", SWEEP_MOST_BUILDS);
    record->runs = xgrow(record->runs, record->count, sizeof *record->runs);
    record->runs[record->count++] =
        (struct sweep_run){.point = (size_t)point, .confirms = confirms};
    return 0;
}

static int read_record(const struct json *root, struct sweep_record *record, struct bm_error *err)
{
    const struct json *value, *runs;
    char *verdict CLEANUP(cleanup_free) = NULL;
    int64_t version;
    if (json_expect_object(root, err) < 0 ||
        json_require(root, "schema_version", &value, err) < 0 ||
        json_expect_integer(value, SWEEP_SCHEMA_VERSION, SWEEP_SCHEMA_VERSION, &version, err) < 0 ||
        read_text(root, "settings", &record->settings, err) < 0 ||
        read_text(root, "knobs", &record->knobs, err) < 0 ||
        read_text(root, "verdict", &verdict, err) < 0 ||
        json_require(root, "runs", &runs, err) < 0 || json_expect_array(runs, err) < 0)
        return -1;
    record->can_resume = !json_member(root, "results") &&
                         (strcmp(verdict, sweep_verdict_name(SWEEP_VERDICT_UNFINISHED)) == 0 ||
                          strcmp(verdict, sweep_verdict_name(SWEEP_VERDICT_STOPPED)) == 0);
    for (const struct json *item = json_first(runs); item; item = json_next(item))
        if (read_run(item, record, err) < 0)
            return -1;
    return 0;
}

int sweep_record_parse(const char *text, const char *origin, struct sweep_record *record,
                       struct bm_error *err)
{
    *record = (struct sweep_record){0};
    struct json_document *document CLEANUP(cleanup_json_document) = json_parse(text, origin, err);
    return document ? read_record(json_root(document), record, err) : -1;
}
