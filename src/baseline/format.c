/* The format of the baseline file: reads it, and writes it for reviewers, one value per line. */
#include "baseline/baseline.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/json_write.h"
#include "base/text.h"
#include "base/units.h"
#include "measurement/disturbance.h"
#include "measurement/environment.h"
#include "measurement/metric.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Up to 2^53 a double is exact: percentages are computed from figures. */
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

/* Leaves NULL if the key is absent or null. */
static int read_maybe_text(const struct json *object, const char *key, char **text,
                           struct bm_error *err)
{
    const struct json *value = json_member(object, key);
    if (!value || json_is_null(value))
        return 0;
    return read_text(object, key, text, err);
}

/* UNMEASURED if the key is absent or null. */
static int read_maybe_figure(const struct json *object, const char *key, int64_t *figure,
                             struct bm_error *err)
{
    const struct json *value = json_member(object, key);
    *figure = UNMEASURED;
    if (!value || json_is_null(value))
        return 0;
    return json_expect_integer(value, 0, LARGEST_FIGURE, figure, err);
}

/* A figure that people may set: a number in the metric's unit, or text such as "64MiB" or "30s".
 * The text goes to `*kept`, and is written back unchanged. */
static int read_amount(const struct json *value, const char *metric, int64_t *amount, char **kept,
                       struct bm_error *err)
{
    const char *text;
    if (!json_is_string(value) || json_expect_string(value, &text, err) < 0)
        return json_expect_integer(value, 0, LARGEST_FIGURE, amount, err);
    bool time = strcmp(metric_unit(metric), "ms") == 0;
    int result = time ? parse_duration(text, amount) : parse_size(text, amount);
    if (result < 0 || *amount > LARGEST_FIGURE)
        return json_error(value, err, "\"%s\" is not a %s", text,
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

static int read_figures(const struct json *array, int64_t **figures, size_t *count,
                        struct bm_error *err)
{
    if (json_expect_array(array, err) < 0)
        return -1;
    for (const struct json *item = json_first(array); item; item = json_next(item)) {
        int64_t figure;
        if (json_expect_integer(item, 0, LARGEST_FIGURE, &figure, err) < 0)
            return -1;
        *figures = xgrow(*figures, *count, sizeof **figures);
        (*figures)[(*count)++] = figure;
    }
    return 0;
}

static int read_values(const struct json *object, struct baseline_metric *metric,
                       struct bm_error *err)
{
    const struct json *array;
    if (json_require(object, "values", &array, err) < 0 ||
        read_figures(array, &metric->values, &metric->count, err) < 0)
        return -1;
    return metric->count ? 0 : json_error(array, err, "must have at least one value");
}

static int read_metric(const struct json *object, struct baseline_metric *metric,
                       struct bm_error *err)
{
    static const char *const keys[] = {"level",  "percent", "absolute", "budget",
                                       "anchor", "values",  NULL};
    const struct json *anchor;
    if (!metric_is_known(json_key(object)))
        return json_error(object, err, "unknown metric: there are " METRIC_NAMES);
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
    /* A deleted line must not switch the gate off unnoticed. */
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
        json_expect_number(cpus, 0.01, INT32_MAX, &key->cpus, err) < 0)
        return -1;
    if (read_text(object, "image", &key->image, err) < 0)
        return -1;
    /* Older entries have no cache policy: as-is. */
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

/* Absent in files that people or an older version wrote. */
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

/* Absent in files that people or an older version wrote. */
static int read_disturbance(const struct json *environment, struct baseline_environment *entry,
                            struct bm_error *err)
{
    const struct json *array = json_member(environment, "disturbance");
    if (!array)
        return 0;
    if (json_expect_array(array, err) < 0)
        return -1;
    for (const struct json *item = json_first(array); item; item = json_next(item)) {
        entry->disturbance =
            xgrow(entry->disturbance, entry->disturbance_count, sizeof *entry->disturbance);
        if (disturbance_read(item, &entry->disturbance[entry->disturbance_count++], err) < 0)
            return -1;
    }
    return 0;
}

/* Absent in files that people or an older version wrote. */
static int read_cpu_times(const struct json *environment, struct baseline_environment *entry,
                          struct bm_error *err)
{
    const struct json *array = json_member(environment, "cpu_ms");
    return array ? read_figures(array, &entry->cpu_ms, &entry->cpu_count, err) : 0;
}

/* Absent if no step was cached. */
static int read_cached_steps(const struct json *environment, struct baseline_environment *entry,
                             struct bm_error *err)
{
    const struct json *value = json_member(environment, "cached_steps");
    return value ? json_expect_integer(value, 1, LARGEST_FIGURE, &entry->cached_steps, err) : 0;
}

static int read_environment(const struct json *object, struct baseline_environment *entry,
                            struct bm_error *err)
{
    static const char *const keys[] = {"key",    "accepted",     "measured_on", "disturbance",
                                       "cpu_ms", "cached_steps", "metrics",     NULL};
    if (json_expect_object(object, err) < 0 || json_expect_keys(object, keys, err) < 0 ||
        read_key(object, &entry->key, err) < 0 || read_accepted(object, entry, err) < 0 ||
        read_measured_on(object, entry, err) < 0 || read_disturbance(object, entry, err) < 0 ||
        read_cpu_times(object, entry, err) < 0 || read_cached_steps(object, entry, err) < 0)
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
            return json_error(
                at, err, "duplicate environment: its key equals that of $.environments[%zu]", i);
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
    /* Check the version before the keys: another version may have other keys. */
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

/* ---- writing ---- */

/* cJSON prints an array on one line. This printer gives each value its own line, which makes the
 * diff of a refresh readable. */
struct printer {
    FILE *out;
    int depth;  /* levels of indentation, two spaces each */
    bool first; /* the container is still empty */
};

static void new_item(struct printer *printer)
{
    fprintf(printer->out, "%s\n%*s", printer->first ? "" : ",", printer->depth * 2, "");
    printer->first = false;
}

static void print_text(struct printer *printer, const char *text)
{
    char *valid CLEANUP(cleanup_free) = text ? text_valid_utf8(text) : NULL;
    cJSON *node CLEANUP(cleanup_cjson) = valid ? cJSON_CreateString(valid) : cJSON_CreateNull();
    char *quoted CLEANUP(cleanup_free) = json_print(node, 0);
    fputs(quoted, printer->out);
}

static void print_key(struct printer *printer, const char *key)
{
    new_item(printer);
    print_text(printer, key);
    fputs(": ", printer->out);
}

static void open_container(struct printer *printer, char bracket)
{
    fputc(bracket, printer->out);
    printer->depth++;
    printer->first = true;
}

static void close_container(struct printer *printer, char bracket)
{
    printer->depth--;
    if (!printer->first)
        fprintf(printer->out, "\n%*s", printer->depth * 2, "");
    fputc(bracket, printer->out);
    printer->first = false;
}

static void print_text_member(struct printer *printer, const char *key, const char *text)
{
    print_key(printer, key);
    print_text(printer, text);
}

/* Prints UNMEASURED as null. */
static void print_figure(struct printer *printer, const char *key, int64_t figure)
{
    print_key(printer, key);
    if (figure < 0)
        fputs("null", printer->out);
    else
        fprintf(printer->out, "%" PRId64, figure);
}

static void print_figures(struct printer *printer, const int64_t *figures, size_t count)
{
    open_container(printer, '[');
    for (size_t i = 0; i < count; i++) {
        new_item(printer);
        fprintf(printer->out, "%" PRId64, figures[i]);
    }
    close_container(printer, ']');
}

/* `text` is the figure as people wrote it, or NULL. */
static void print_amount(struct printer *printer, const char *key, const char *text, int64_t figure)
{
    if (text)
        print_text_member(printer, key, text);
    else
        print_figure(printer, key, figure);
}

static void print_metric(struct printer *printer, const struct baseline_metric *metric)
{
    print_key(printer, metric->name);
    open_container(printer, '{');
    print_text_member(printer, "level", level_name(metric->tolerance.level));
    print_key(printer, "percent");
    fprintf(printer->out, "%.10g", metric->tolerance.percent);
    print_amount(printer, "absolute", metric->absolute_text, metric->tolerance.absolute);
    print_amount(printer, "budget", metric->budget_text, metric->tolerance.budget);
    print_amount(printer, "anchor", metric->anchor_text, metric->anchor);
    print_key(printer, "values");
    print_figures(printer, metric->values, metric->count);
    close_container(printer, '}');
}

static void print_measured_on(struct printer *printer, const struct environment *environment)
{
    print_key(printer, "measured_on");
    open_container(printer, '{');
    for (const struct drift_field *field = drift_fields; field->key; field++) {
        const void *at = (const char *)environment + field->offset;
        if (field->bytes)
            print_figure(printer, field->key, *(const int64_t *)at);
        else
            print_text_member(printer, field->key, *(char *const *)at);
    }
    print_key(printer, "variables");
    open_container(printer, '{');
    for (size_t i = 0; i < environment->variables.count; i++) {
        const char *variable = environment->variables.items[i];
        char *name CLEANUP(cleanup_free) = variable_name(variable);
        print_text_member(printer, name, variable_value(variable));
    }
    close_container(printer, '}');
    close_container(printer, '}');
}

/* One line per run. */
static void print_disturbance(struct printer *printer, const struct baseline_environment *entry)
{
    print_key(printer, "disturbance");
    open_container(printer, '[');
    for (size_t i = 0; i < entry->disturbance_count; i++) {
        const char *between = "{";
        new_item(printer);
        for (const struct disturbance_field *field = disturbance_fields; field->key; field++) {
            int64_t figure = disturbance_figure(&entry->disturbance[i], field);
            fprintf(printer->out, "%s\"%s\": ", between, field->key);
            between = ", ";
            if (figure < 0)
                fputs("null", printer->out);
            else
                fprintf(printer->out, "%" PRId64, figure);
        }
        fputc('}', printer->out);
    }
    close_container(printer, ']');
}

static void print_environment(struct printer *printer, const struct baseline_environment *entry)
{
    new_item(printer);
    open_container(printer, '{');

    print_key(printer, "key");
    open_container(printer, '{');
    print_text_member(printer, "source", entry->key.source);
    print_figure(printer, "memory_limit_bytes", entry->key.limit_bytes);
    print_text_member(printer, "architecture", entry->key.architecture);
    print_key(printer, "cpus");
    fprintf(printer->out, "%.10g", entry->key.cpus);
    print_text_member(printer, "image", entry->key.image);
    print_text_member(printer, "cache_policy", cache_policy_name(entry->key.cache_policy));
    close_container(printer, '}');

    print_key(printer, "accepted");
    open_container(printer, '{');
    print_text_member(printer, "at", entry->accepted_at);
    print_text_member(printer, "commit", entry->accepted_commit);
    if (entry->accepted_by)
        print_text_member(printer, "by", entry->accepted_by);
    print_text_member(printer, "reason", entry->accepted_reason);
    close_container(printer, '}');

    if (entry->measured_on)
        print_measured_on(printer, entry->measured_on);
    if (entry->disturbance_count)
        print_disturbance(printer, entry);
    if (entry->cpu_count) {
        print_key(printer, "cpu_ms");
        print_figures(printer, entry->cpu_ms, entry->cpu_count);
    }
    if (entry->cached_steps)
        print_figure(printer, "cached_steps", entry->cached_steps);

    print_key(printer, "metrics");
    open_container(printer, '{');
    for (size_t i = 0; i < entry->count; i++)
        print_metric(printer, &entry->metrics[i]);
    close_container(printer, '}');

    close_container(printer, '}');
}

char *baseline_to_json(const struct baseline *baseline)
{
    char *text = NULL;
    size_t length;
    struct printer printer = {.out = xmemstream_open(&text, &length)};
    open_container(&printer, '{');
    if (baseline->schema)
        print_text_member(&printer, "$schema", baseline->schema);
    print_figure(&printer, "schema_version", BASELINE_SCHEMA_VERSION);
    print_key(&printer, "environments");
    open_container(&printer, '[');
    for (size_t i = 0; i < baseline->count; i++)
        print_environment(&printer, &baseline->environments[i]);
    close_container(&printer, ']');
    close_container(&printer, '}');
    fputc('\n', printer.out);
    xmemstream_close(printer.out);
    return text;
}
