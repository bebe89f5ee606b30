#include "result/result.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/units.h"
#include "measurement/environment.h"
#include "result/fields.h"

#include <limits.h>
#include <string.h>

#define MAX_KEYS 32

/* Refuses members that are neither in `fields` nor in `others` (ended by NULL). */
static int expect_known_keys(const struct json *object, const struct field *fields,
                             const char *const *others, struct bm_error *err)
{
    const char *allowed[MAX_KEYS] = {NULL};
    size_t count = 0;
    for (const struct field *field = fields; field->key && count < MAX_KEYS - 1; field++)
        allowed[count++] = field->key;
    for (; others && *others && count < MAX_KEYS - 1; others++)
        allowed[count++] = *others;
    if (count == MAX_KEYS - 1)
        BM_BUG("more keys than an object of a result has");
    return json_expect_keys(object, allowed, err);
}

static int read_text(const struct json *value, char **text, struct bm_error *err)
{
    const char *borrowed;
    if (json_expect_string(value, &borrowed, err) < 0)
        return -1;
    *text = xstrdup(borrowed);
    return 0;
}

static int read_basis(const struct json *value, enum pss_basis *basis, struct bm_error *err)
{
    const char *name;
    if (json_expect_string(value, &name, err) < 0)
        return -1;
    for (int i = 0; result_basis_names[i]; i++)
        if (strcmp(name, result_basis_names[i]) == 0) {
            *basis = (enum pss_basis)i;
            return 0;
        }
    return json_error(value, err, "must be \"measured\", \"estimated\" or \"rss\"");
}

static int read_field(const struct json *value, const struct field *field, void *into,
                      struct bm_error *err)
{
    void *at = (char *)into + field->offset;
    bool absent = json_is_null(value);
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_OPTIONAL_TEXT:
        return read_text(value, at, err);
    case FIELD_MAYBE_TEXT:
        return absent ? 0 : read_text(value, at, err);
    case FIELD_FIGURE:
        *(int64_t *)at = UNMEASURED;
        return absent ? 0 : json_expect_integer(value, 0, INT64_MAX, at, err);
    case FIELD_MAYBE_SIGNAL:
        *(int64_t *)at = 0;
        return absent ? 0 : json_expect_integer(value, 1, 64, at, err);
    case FIELD_FLAG:
        return json_expect_bool(value, at, err);
    case FIELD_BASIS:
        return read_basis(value, at, err);
    case FIELD_CACHE_POLICY:
        return cache_policy_expect(value, at, err);
    }
    BM_BUG("a field without a kind");
}

/* Reads an object that has all of `fields`, and nothing else but `others`. */
static int read_fields(const struct json *object, const struct field *fields,
                       const char *const *others, void *into, struct bm_error *err)
{
    if (json_expect_object(object, err) < 0 || expect_known_keys(object, fields, others, err) < 0)
        return -1;
    for (const struct field *field = fields; field->key; field++) {
        const struct json *value;
        /* Results of before there were policies have none. */
        bool optional = field->kind == FIELD_CACHE_POLICY || field->kind == FIELD_OPTIONAL_TEXT;
        if (optional && !json_member(object, field->key))
            continue;
        if (json_require(object, field->key, &value, err) < 0 ||
            read_field(value, field, into, err) < 0)
            return -1;
    }
    return 0;
}

/* Reads the member `key`, an object with `fields` and `others`. */
static int read_member(const struct json *parent, const char *key, const struct field *fields,
                       const char *const *others, void *into, struct bm_error *err)
{
    const struct json *object;
    if (json_require(parent, key, &object, err) < 0)
        return -1;
    return read_fields(object, fields, others, into, err);
}

/* The array `key`, and how many items it has: `*items` is room for as many of `size` bytes,
 * zeroed, owned by the measurement. */
static int read_array(const struct json *parent, const char *key, size_t size,
                      const struct json **first, void **items, struct bm_error *err)
{
    const struct json *array;
    if (json_require(parent, key, &array, err) < 0 || json_expect_array(array, err) < 0)
        return -1;
    size_t count = 0;
    *first = json_first(array);
    for (const struct json *item = *first; item; item = json_next(item))
        count++;
    *items = count ? xcalloc(count, size) : NULL;
    return 0;
}

static int read_processes(const struct json *parent, struct snapshot *snapshot,
                          struct bm_error *err)
{
    const struct json *item;
    void *items;
    if (read_array(parent, "processes_at_peak", sizeof *snapshot->processes, &item, &items, err) <
        0)
        return -1;
    snapshot->processes = items;
    for (; item; item = json_next(item))
        if (read_fields(item, result_process_fields, NULL, &snapshot->processes[snapshot->count++],
                        err) < 0)
            return -1;
    return 0;
}

/* The roll-up is derived from the processes: it is checked and not kept. */
static int check_process_groups(const struct json *root, struct bm_error *err)
{
    struct group {
        char *name;
        int64_t count, pss_bytes;
    };
    static const struct field fields[] = {
        {"name", FIELD_TEXT, offsetof(struct group, name)},
        {"count", FIELD_FIGURE, offsetof(struct group, count)},
        {"pss_bytes", FIELD_FIGURE, offsetof(struct group, pss_bytes)},
        {0},
    };
    const struct json *array;
    if (json_require(root, "process_groups_at_peak", &array, err) < 0 ||
        json_expect_array(array, err) < 0)
        return -1;
    for (const struct json *item = json_first(array); item; item = json_next(item)) {
        struct group group = {0};
        int result = read_fields(item, fields, NULL, &group, err);
        free(group.name);
        if (result < 0)
            return -1;
    }
    return 0;
}

static int read_peak(const struct json *root, struct measurement *m, struct bm_error *err)
{
    static const char *const others[] = {"composition", NULL};
    if (read_member(root, "peak", result_peak_fields, others, &m->peak, err) < 0 ||
        read_member(json_member(root, "peak"), "composition", result_composition_fields, NULL,
                    &m->peak.composition, err) < 0 ||
        read_processes(root, &m->peak.at_peak, err) < 0)
        return -1;
    return check_process_groups(root, err);
}

static int read_unreclaimable_peak(const struct json *root, struct peak *peak, struct bm_error *err)
{
    static const char *const others[] = {"composition", "processes_at_peak", NULL};
    if (read_member(root, "unreclaimable_peak", result_unreclaimable_peak_fields, others, peak,
                    err) < 0)
        return -1;
    const struct json *object = json_member(root, "unreclaimable_peak");
    if (read_member(object, "composition", result_composition_fields, NULL,
                    &peak->at_unreclaimable_peak.composition, err) < 0)
        return -1;
    return read_processes(object, &peak->at_unreclaimable_peak, err);
}

static int read_stages(const struct json *root, struct measurement *m, struct bm_error *err)
{
    static const char *const others[] = {"processes_at_peak", NULL};
    const struct json *item;
    void *items;
    if (read_array(root, "stages", sizeof *m->stages, &item, &items, err) < 0)
        return -1;
    m->stages = items;
    for (; item; item = json_next(item)) {
        struct stage_measurement *stage = &m->stages[m->stage_count++];
        snapshot_init(&stage->at_peak);
        if (read_fields(item, result_stage_fields, others, stage, err) < 0 ||
            read_processes(item, &stage->at_peak, err) < 0)
            return -1;
    }
    return 0;
}

static int read_verify(const struct json *root, struct measurement *m, struct bm_error *err)
{
    const struct json *item;
    void *items;
    if (read_array(root, "verify", sizeof *m->checks, &item, &items, err) < 0)
        return -1;
    m->checks = items;
    for (; item; item = json_next(item))
        if (read_fields(item, result_verify_fields, NULL, &m->checks[m->check_count++], err) < 0)
            return -1;
    return 0;
}

static int read_environment(const struct json *root, struct environment *environment,
                            struct bm_error *err)
{
    static const char *const others[] = {"variables", NULL};
    const struct json *variables;
    if (read_member(root, "environment", result_environment_fields, others, environment, err) < 0 ||
        json_require(json_member(root, "environment"), "variables", &variables, err) < 0)
        return -1;
    return variables_read(variables, &environment->variables, err);
}

/* What the gate found is data of the gate: here only its shape counts. */
static int check_outcome(const struct json *root, struct bm_error *err)
{
    const struct json *value;
    const char *verdict;
    int64_t exit_code;
    if (json_require(root, "verdict", &value, err) < 0 ||
        json_expect_string(value, &verdict, err) < 0 ||
        json_require(root, "exit_code", &value, err) < 0 ||
        json_expect_integer(value, 0, 255, &exit_code, err) < 0 ||
        json_require(root, "gate", &value, err) < 0)
        return -1;
    return json_is_null(value) ? 0 : json_expect_object(value, err);
}

static int check_version(const struct json *root, struct bm_error *err)
{
    const struct json *value;
    int64_t version;
    if (json_expect_object(root, err) < 0 ||
        json_require(root, "schema_version", &value, err) < 0 ||
        json_expect_integer(value, 1, INT_MAX, &version, err) < 0)
        return -1;
    if (version < RESULT_SCHEMA_VERSION)
        return json_error(value, err,
                          "recorded by an older build-mem; run build-mem again to measure anew");
    if (version > RESULT_SCHEMA_VERSION)
        return json_error(value, err,
                          "written by a newer build-mem; this one reads version %d: install the "
                          "newer one",
                          RESULT_SCHEMA_VERSION);
    return 0;
}

static int read_root(const struct json *root, struct measurement *m, struct bm_error *err)
{
    static const char *const others[] = {
        "$schema", "schema_version",     "verdict", "exit_code",         "build",
        "peak",    "unreclaimable_peak", "stages",  "processes_at_peak", "process_groups_at_peak",
        "verify",  "environment",        "sampler", "pressure",          "gate",
        NULL};
    if (check_version(root, err) < 0 || read_fields(root, result_head_fields, others, m, err) < 0 ||
        read_member(root, "build", result_build_fields, NULL, &m->build, err) < 0 ||
        read_peak(root, m, err) < 0 || read_unreclaimable_peak(root, &m->peak, err) < 0 ||
        read_stages(root, m, err) < 0 || read_verify(root, m, err) < 0 ||
        read_environment(root, &m->environment, err) < 0 ||
        read_member(root, "sampler", result_sampler_fields, NULL, &m->sampler, err) < 0 ||
        read_member(root, "pressure", result_pressure_fields, NULL, &m->pressure, err) < 0)
        return -1;
    return check_outcome(root, err);
}

int result_parse(const char *text, const char *origin, struct measurement *m, struct bm_error *err)
{
    measurement_init(m);
    struct json_document *document CLEANUP(cleanup_json_document) = json_parse(text, origin, err);
    return document ? read_root(json_root(document), m, err) : -1;
}

int result_read(const char *path, struct measurement *m, struct bm_error *err)
{
    measurement_init(m);
    struct json_document *document CLEANUP(cleanup_json_document) = json_parse_file(path, err);
    return document ? read_root(json_root(document), m, err) : -1;
}
