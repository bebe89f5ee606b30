#include "baseline/baseline.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/units.h"
#include "measurement/environment.h"

#include <string.h>

/* Figures stay below 2^53, where a double still counts every one: percentages are taken of them. */
#define LARGEST_FIGURE (INT64_C(1) << 53)
#define LARGEST_PERCENT 1000

static int read_text(const struct json *object, const char *key, char **text, struct bm_error *err)
{
    const struct json *value;
    const char *given;
    if (json_require(object, key, &value, err) < 0 || json_expect_string(value, &given, err) < 0)
        return -1;
    if (!*given)
        return json_error(value, err, "must not be empty");
    *text = xstrdup(given);
    return 0;
}

/* Absent and null leave NULL. */
static int read_maybe_text(const struct json *object, const char *key, char **text,
                           struct bm_error *err)
{
    const struct json *value = json_member(object, key);
    if (!value || json_is_null(value))
        return 0;
    return read_text(object, key, text, err);
}

/* Absent and null are UNMEASURED. */
static int read_maybe_figure(const struct json *object, const char *key, int64_t *figure,
                             struct bm_error *err)
{
    const struct json *value = json_member(object, key);
    *figure = UNMEASURED;
    if (!value || json_is_null(value))
        return 0;
    return json_expect_integer(value, 0, LARGEST_FIGURE, figure, err);
}

/* A figure that people set: a number in the metric's unit, or text such as "64MiB" or "30s", which
 * is kept. */
static int read_amount(const struct json *value, const char *metric, int64_t *amount, char **kept,
                       struct bm_error *err)
{
    const char *text;
    if (!json_is_string(value) || json_expect_string(value, &text, err) < 0)
        return json_expect_integer(value, 0, LARGEST_FIGURE, amount, err);
    bool time = strcmp(metric_unit(metric), "ms") == 0;
    int result = time ? parse_duration(text, amount) : parse_size(text, amount);
    if (result < 0 || *amount > LARGEST_FIGURE)
        return json_error(value, err, "\"%s\" is no %s", text,
                          time ? "duration (such as \"30s\")" : "size (such as \"64MiB\")");
    *kept = xstrdup(text);
    return 0;
}

static int read_level(const struct json *object, enum level *level, struct bm_error *err)
{
    const struct json *value;
    const char *name;
    if (json_require(object, "level", &value, err) < 0 || json_expect_string(value, &name, err) < 0)
        return -1;
    for (*level = LEVEL_OFF; *level <= LEVEL_FAIL; ++*level)
        if (strcmp(name, level_name(*level)) == 0)
            return 0;
    return json_error(value, err, "must be \"off\", \"warn\" or \"fail\"");
}

static int read_tolerance(const struct json *object, struct baseline_metric *metric,
                          struct bm_error *err)
{
    struct tolerance *tolerance = &metric->tolerance;
    const struct json *percent, *absolute, *budget = json_member(object, "budget");
    tolerance->budget = UNMEASURED;
    if (read_level(object, &tolerance->level, err) < 0 ||
        json_require(object, "percent", &percent, err) < 0 ||
        json_expect_number(percent, 0, LARGEST_PERCENT, &tolerance->percent, err) < 0 ||
        json_require(object, "absolute", &absolute, err) < 0 ||
        read_amount(absolute, metric->name, &tolerance->absolute, &metric->absolute_text, err) < 0)
        return -1;
    if (!budget || json_is_null(budget))
        return 0;
    return read_amount(budget, metric->name, &tolerance->budget, &metric->budget_text, err);
}

static int read_values(const struct json *object, struct baseline_metric *metric,
                       struct bm_error *err)
{
    const struct json *array;
    if (json_require(object, "values", &array, err) < 0 || json_expect_array(array, err) < 0)
        return -1;
    for (const struct json *item = json_first(array); item; item = json_next(item)) {
        int64_t value;
        if (json_expect_integer(item, 0, LARGEST_FIGURE, &value, err) < 0)
            return -1;
        metric->values = xgrow(metric->values, metric->count, sizeof *metric->values);
        metric->values[metric->count++] = value;
    }
    return metric->count ? 0 : json_error(array, err, "needs the value of at least one run");
}

static int read_metric(const struct json *object, struct baseline_metric *metric,
                       struct bm_error *err)
{
    static const char *const keys[] = {"level",  "percent", "absolute", "budget",
                                       "anchor", "values",  NULL};
    const struct json *anchor;
    if (!metric_is_known(json_key(object)))
        return json_error(object, err,
                          "no such metric: there are cgroup_peak, unreclaimable_peak, duration and "
                          "stage:NAME");
    metric->name = xstrdup(json_key(object));
    if (json_expect_object(object, err) < 0 || json_expect_keys(object, keys, err) < 0 ||
        read_tolerance(object, metric, err) < 0 ||
        json_require(object, "anchor", &anchor, err) < 0 ||
        read_amount(anchor, metric->name, &metric->anchor, &metric->anchor_text, err) < 0)
        return -1;
    return read_values(object, metric, err);
}

static int read_metrics(const struct json *environment, struct baseline_environment *entry,
                        struct bm_error *err)
{
    const struct json *object;
    if (json_require(environment, "metrics", &object, err) < 0 ||
        json_expect_object(object, err) < 0)
        return -1;
    for (const struct json *item = json_first(object); item; item = json_next(item)) {
        entry->metrics = xgrow(entry->metrics, entry->count, sizeof *entry->metrics);
        struct baseline_metric *metric = &entry->metrics[entry->count++];
        *metric = (struct baseline_metric){0};
        if (read_metric(item, metric, err) < 0)
            return -1;
    }
    /* A deleted line must not switch the gate off unseen. */
    if (!baseline_metric_find(entry, METRIC_CGROUP_PEAK))
        return json_error(object, err,
                          "\"" METRIC_CGROUP_PEAK "\" is missing (to switch it off, set its level "
                          "to \"off\")");
    return 0;
}

static int read_key(const struct json *environment, struct environment_key *key,
                    struct bm_error *err)
{
    static const char *const keys[] = {
        "source", "memory_limit_bytes", "architecture", "cpus", "image", "cache_policy", NULL};
    const struct json *object, *cpus;
    if (json_require(environment, "key", &object, err) < 0 || json_expect_object(object, err) < 0 ||
        json_expect_keys(object, keys, err) < 0 ||
        read_text(object, "source", &key->source, err) < 0 ||
        read_maybe_figure(object, "memory_limit_bytes", &key->limit_bytes, err) < 0 ||
        read_text(object, "architecture", &key->architecture, err) < 0 ||
        json_require(object, "cpus", &cpus, err) < 0 ||
        json_expect_integer(cpus, 1, INT32_MAX, &key->cpus, err) < 0)
        return -1;
    if (read_text(object, "image", &key->image, err) < 0)
        return -1;
    /* Entries of before there were policies have none: as-is. */
    const struct json *policy = json_member(object, "cache_policy");
    return policy ? cache_policy_expect(policy, &key->cache_policy, err) : 0;
}

static int read_accepted(const struct json *environment, struct baseline_environment *entry,
                         struct bm_error *err)
{
    static const char *const keys[] = {"at", "commit", "by", "reason", NULL};
    const struct json *object;
    if (json_require(environment, "accepted", &object, err) < 0 ||
        json_expect_object(object, err) < 0 || json_expect_keys(object, keys, err) < 0 ||
        read_text(object, "at", &entry->accepted_at, err) < 0 ||
        read_maybe_text(object, "commit", &entry->accepted_commit, err) < 0 ||
        read_maybe_text(object, "by", &entry->accepted_by, err) < 0)
        return -1;
    return read_maybe_text(object, "reason", &entry->accepted_reason, err);
}

static int read_drift_field(const struct json *object, const struct drift_field *field,
                            struct environment *environment, struct bm_error *err)
{
    void *at = (char *)environment + field->offset;
    return field->bytes ? read_maybe_figure(object, field->key, at, err)
                        : read_maybe_text(object, field->key, at, err);
}

/* Absent in files that people wrote or an earlier version did. */
static int read_measured_on(const struct json *environment, struct baseline_environment *entry,
                            struct bm_error *err)
{
    const struct json *object = json_member(environment, "measured_on");
    if (!object || json_is_null(object))
        return 0;
    entry->measured_on = xcalloc(1, sizeof *entry->measured_on);
    entry->measured_on->memory_total_bytes = UNMEASURED;
    if (json_expect_object(object, err) < 0)
        return -1;
    for (const struct json *item = json_first(object); item; item = json_next(item)) {
        const struct drift_field *field = drift_fields;
        while (field->key && strcmp(field->key, json_key(item)) != 0)
            field++;
        int result = field->key ? read_drift_field(object, field, entry->measured_on, err)
                     : strcmp(json_key(item), "variables") == 0
                         ? variables_read(item, &entry->measured_on->variables, err)
                         : json_error(item, err, "unknown key");
        if (result < 0)
            return -1;
    }
    return 0;
}

static int read_environment(const struct json *object, struct baseline_environment *entry,
                            struct bm_error *err)
{
    static const char *const keys[] = {"key", "accepted", "measured_on", "metrics", NULL};
    if (json_expect_object(object, err) < 0 || json_expect_keys(object, keys, err) < 0 ||
        read_key(object, &entry->key, err) < 0 || read_accepted(object, entry, err) < 0 ||
        read_measured_on(object, entry, err) < 0)
        return -1;
    return read_metrics(object, entry, err);
}

static int refuse_same_key(const struct baseline *baseline, const struct json *at,
                           struct bm_error *err)
{
    size_t last = baseline->count - 1;
    for (size_t i = 0; i < last; i++)
        if (environment_key_equal(&baseline->environments[i].key,
                                  &baseline->environments[last].key))
            return json_error(at, err, "the same environment as $.environments[%zu]", i);
    return 0;
}

static int read_environments(const struct json *root, struct baseline *baseline,
                             struct bm_error *err)
{
    const struct json *array;
    if (json_require(root, "environments", &array, err) < 0 || json_expect_array(array, err) < 0)
        return -1;
    for (const struct json *item = json_first(array); item; item = json_next(item)) {
        baseline->environments =
            xgrow(baseline->environments, baseline->count, sizeof *baseline->environments);
        struct baseline_environment *entry = &baseline->environments[baseline->count++];
        *entry = (struct baseline_environment){0};
        if (read_environment(item, entry, err) < 0 || refuse_same_key(baseline, item, err) < 0)
            return -1;
    }
    return 0;
}

static int read_document(const struct json_document *document, struct baseline *baseline,
                         struct bm_error *err)
{
    static const char *const keys[] = {"$schema", "schema_version", "environments", NULL};
    const struct json *root = json_root(document), *version;
    int64_t number;
    if (json_expect_object(root, err) < 0 ||
        json_require(root, "schema_version", &version, err) < 0)
        return -1;
    /* The version before the keys: a later one may well have others. */
    if (json_expect_integer(version, 1, INT32_MAX, &number, err) < 0)
        return -1;
    if (number < BASELINE_SCHEMA_VERSION)
        return json_error(version, err,
                          "recorded by an older build-mem; remove this file and run: build-mem "
                          "baseline refresh");
    if (number > BASELINE_SCHEMA_VERSION)
        return json_error(version, err,
                          "written by a newer build-mem; this one reads version %d: install the "
                          "newer one",
                          BASELINE_SCHEMA_VERSION);
    if (json_expect_keys(root, keys, err) < 0 ||
        read_maybe_text(root, "$schema", &baseline->schema, err) < 0)
        return -1;
    return read_environments(root, baseline, err);
}

int baseline_parse(const char *text, const char *origin, struct baseline *baseline,
                   struct bm_error *err)
{
    *baseline = (struct baseline){0};
    struct json_document *document CLEANUP(cleanup_json_document) = json_parse(text, origin, err);
    return document ? read_document(document, baseline, err) : -1;
}

int baseline_read(const char *path, struct baseline *baseline, struct bm_error *err)
{
    *baseline = (struct baseline){0};
    struct json_document *document CLEANUP(cleanup_json_document) = json_parse_file(path, err);
    return document ? read_document(document, baseline, err) : -1;
}
