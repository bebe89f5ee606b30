#include "result/result.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/units.h"
#include "baseline/tolerance.h"
#include "measurement/cause.h"
#include "measurement/disturbance.h"
#include "measurement/environment.h"
#include "measurement/metric.h"
#include "result/fields.h"

#include <limits.h>
#include <string.h>

#define MAX_KEYS 32

/* ---- objects by their tables of fields ---- */

/* Refuses keys that are neither in `fields` nor in `others` (ended by NULL). */
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

static int read_peak_source(const struct json *value, enum peak_rss_source *source,
                            struct bm_error *err)
{
    const char *name;
    *source = PEAK_RSS_UNKNOWN;
    if (json_is_null(value))
        return 0;
    if (json_expect_string(value, &name, err) < 0)
        return -1;
    for (int i = PEAK_RSS_TASKSTATS; i <= PEAK_RSS_SCAN; i++)
        if (strcmp(name, peak_rss_source_name((enum peak_rss_source)i)) == 0) {
            *source = (enum peak_rss_source)i;
            return 0;
        }
    return json_error(value, err, "must be \"taskstats\", \"scan\" or null");
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
    case FIELD_TEXT_OR_NULL:
        return absent ? 0 : read_text(value, at, err);
    case FIELD_FIGURE:
        *(int64_t *)at = UNMEASURED;
        return absent ? 0 : json_expect_integer(value, 0, INT64_MAX, at, err);
    case FIELD_OPTIONAL_COUNT:
        return json_expect_integer(value, 1, INT32_MAX, at, err);
    case FIELD_NUMBER:
        *(double *)at = UNMEASURED;
        return absent ? 0 : json_expect_number(value, 0, INT32_MAX, at, err);
    case FIELD_SIGNAL_OR_NULL:
        *(int64_t *)at = 0;
        return absent ? 0 : json_expect_integer(value, 1, 64, at, err);
    case FIELD_FLAG:
        return json_expect_bool(value, at, err);
    case FIELD_BASIS:
        return read_basis(value, at, err);
    case FIELD_PEAK_SOURCE:
        return read_peak_source(value, at, err);
    case FIELD_CACHE_POLICY:
        return cache_policy_expect(value, at, err);
    }
    BM_BUG("a field without a kind");
}

/* Reads an object with all of `fields`; the only other keys that it can have are `others`. */
static int read_fields(const struct json *object, const struct field *fields,
                       const char *const *others, void *into, struct bm_error *err)
{
    if (json_expect_object(object, err) < 0 || expect_known_keys(object, fields, others, err) < 0)
        return -1;
    for (const struct field *field = fields; field->key; field++) {
        const struct json *value;
        bool optional = field->kind == FIELD_CACHE_POLICY || field->kind == FIELD_OPTIONAL_TEXT ||
                        field->kind == FIELD_OPTIONAL_COUNT;
        if (optional && !json_member(object, field->key))
            continue;
        if (json_require(object, field->key, &value, err) < 0 ||
            read_field(value, field, into, err) < 0)
            return -1;
    }
    return 0;
}

/* Reads the object `key` of `parent`, as read_fields does. */
static int read_object(const struct json *parent, const char *key, const struct field *fields,
                       const char *const *others, void *into, struct bm_error *err)
{
    const struct json *object;
    if (json_require(parent, key, &object, err) < 0)
        return -1;
    return read_fields(object, fields, others, into, err);
}

/* Finds the array `key` and allocates `*items`: room, zeroed, for each of its items, of `size`
 * bytes each. The caller owns it. */
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

static int read_texts(const struct json *array, struct strv *texts, struct bm_error *err)
{
    if (json_expect_array(array, err) < 0)
        return -1;
    for (const struct json *item = json_first(array); item; item = json_next(item)) {
        const char *text;
        if (json_expect_string(item, &text, err) < 0)
            return -1;
        strv_push(texts, text);
    }
    return 0;
}

/* Finds the index of a name among the names of an enum, whose last value is `last`. */
static int read_name(const struct json *object, const char *key, const char *(*name_of)(int value),
                     int last, int *value, struct bm_error *err)
{
    const struct json *member;
    const char *name;
    if (json_require(object, key, &member, err) < 0 || json_expect_string(member, &name, err) < 0)
        return -1;
    for (*value = 0; *value <= last; ++*value)
        if (strcmp(name, name_of(*value)) == 0)
            return 0;
    return json_error(member, err, "unknown value \"%s\"", name);
}

/* ---- measurement ---- */

static const char *kind_name_of(int value)
{
    return mapping_kind_name((enum mapping_kind)value);
}

static const char *unread_name_of(int value)
{
    return mappings_unread_name((enum mappings_unread)value);
}

static int read_mapped(const struct json *item, struct process_mappings *mappings,
                       struct bm_error *err)
{
    static const char *const others[] = {"kind", NULL};
    struct mapped part = {.name = NULL};
    int kind = 0;
    int result = read_fields(item, result_mapped_fields, others, &part, err);
    if (result == 0)
        result = read_name(item, "kind", kind_name_of, MAPPING_KINDS - 1, &kind, err);
    if (result == 0)
        mappings_add(mappings, (enum mapping_kind)kind, part.pss_bytes, part.name);
    free(part.name);
    return result;
}

/* Only the largest processes at the memory peak have them. */
static int read_mappings(const struct json *process, struct process_usage *usage,
                         struct bm_error *err)
{
    static const char *const others[] = {"unread", "parts", NULL};
    const struct json *unread, *parts, *object = json_member(process, "mappings");
    int reason = MAPPINGS_READ;
    if (!object)
        return 0;
    struct process_mappings *mappings = process_add_mappings(usage);
    if (read_fields(object, result_mappings_fields, others, mappings, err) < 0 ||
        json_require(object, "unread", &unread, err) < 0 ||
        (!json_is_null(unread) && read_name(object, "unread", unread_name_of,
                                            MAPPINGS_UNREAD_COUNT - 1, &reason, err) < 0) ||
        json_require(object, "parts", &parts, err) < 0 || json_expect_array(parts, err) < 0)
        return -1;
    if (!json_is_null(unread) && reason == MAPPINGS_READ)
        return json_error(unread, err, "unknown value \"\"");
    mappings->unread = (enum mappings_unread)reason;
    for (const struct json *item = json_first(parts); item; item = json_next(item))
        if (read_mapped(item, mappings, err) < 0)
            return -1;
    return 0;
}

static int read_processes(const struct json *parent, struct snapshot *snapshot,
                          struct bm_error *err)
{
    static const char *const others[] = {"mappings", NULL};
    const struct json *item;
    void *items;
    if (read_array(parent, "processes_at_peak", sizeof *snapshot->processes, &item, &items, err) <
        0)
        return -1;
    snapshot->processes = items;
    for (; item; item = json_next(item)) {
        struct process_usage *process = &snapshot->processes[snapshot->count++];
        if (read_fields(item, result_process_fields, others, process, err) < 0 ||
            read_mappings(item, process, err) < 0)
            return -1;
    }
    return 0;
}

/* The groups are derived from the processes: they are checked, not kept. */
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
    if (read_object(root, "peak", result_peak_fields, others, &m->peak, err) < 0 ||
        read_object(json_member(root, "peak"), "composition", result_composition_fields, NULL,
                    &m->peak.composition, err) < 0 ||
        read_processes(root, &m->peak.at_peak, err) < 0)
        return -1;
    return check_process_groups(root, err);
}

static int read_unreclaimable_peak(const struct json *root, struct peak *peak, struct bm_error *err)
{
    static const char *const others[] = {"composition", "processes_at_peak", NULL};
    if (read_object(root, "unreclaimable_peak", result_unreclaimable_peak_fields, others, peak,
                    err) < 0)
        return -1;
    const struct json *object = json_member(root, "unreclaimable_peak");
    if (read_object(object, "composition", result_composition_fields, NULL,
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

static int read_disturbance(const struct json *root, struct disturbance *disturbance,
                            struct bm_error *err)
{
    const struct json *object;
    if (json_require(root, "disturbance", &object, err) < 0)
        return -1;
    return disturbance_read(object, disturbance, err);
}

static int read_build(const struct json *root, struct build_end *build, struct bm_error *err)
{
    static const char *const others[] = {"guard", NULL};
    if (read_object(root, "build", result_build_fields, others, build, err) < 0)
        return -1;
    const struct json *guard = json_member(json_member(root, "build"), "guard");
    build->guard.ended = guard != NULL;
    if (!guard)
        return 0;
    if (read_fields(guard, result_guard_fields, NULL, &build->guard, err) < 0)
        return -1;
    bool has_figures = build->guard.unreclaimable_bytes >= 0 && build->guard.room_bytes > 0;
    return build->guard.stalled || has_figures
               ? 0
               : json_error(guard, err, "has no figures, and is not \"stalled\"");
}

/* Other causes are derived from the figures. */
static int read_cause(const struct json *root, struct log_cause *log, struct bm_error *err)
{
    static const char *const others[] = {"name", NULL};
    const struct json *member, *object = json_member(root, "cause");
    const char *name;
    if (!object)
        return 0;
    if (read_fields(object, result_log_cause_fields, others, log, err) < 0 ||
        json_require(object, "name", &member, err) < 0 ||
        json_expect_string(member, &name, err) < 0)
        return -1;
    for (int cause = CAUSE_UNKNOWN + 1; cause < CAUSE_COUNT; cause++)
        if (strcmp(name, failure_cause_name((enum failure_cause)cause)) == 0) {
            log->cause = cause_is_logged((enum failure_cause)cause) ? (enum failure_cause)cause
                                                                    : CAUSE_UNKNOWN;
            return 0;
        }
    return json_error(member, err, "is not the name of a cause");
}

static int read_constraints(const struct json *root, struct measurement *m, struct bm_error *err)
{
    const struct json *item;
    void *items;
    if (read_array(root, "constraints", sizeof *m->constraints, &item, &items, err) < 0)
        return -1;
    m->constraints = items;
    for (; item; item = json_next(item))
        if (read_fields(item, result_constraint_fields, NULL,
                        &m->constraints[m->constraint_count++], err) < 0)
            return -1;
    return 0;
}

static int read_outside_daemons(const struct json *root, struct measurement *m,
                                struct bm_error *err)
{
    const struct json *item;
    void *items;
    if (read_array(root, "outside_daemons", sizeof *m->outside_daemons, &item, &items, err) < 0)
        return -1;
    m->outside_daemons = items;
    for (; item; item = json_next(item))
        if (read_fields(item, result_outside_daemon_fields, NULL,
                        &m->outside_daemons[m->outside_daemon_count++], err) < 0)
            return -1;
    return 0;
}

/* A result of an earlier build-mem has no groups. */
static int read_ledger_groups(const struct json *object, struct process_ledger *ledger,
                              struct bm_error *err)
{
    const struct json *item;
    void *items;
    if (!json_member(object, "groups"))
        return 0;
    if (read_array(object, "groups", sizeof *ledger->groups, &item, &items, err) < 0)
        return -1;
    ledger->groups = items;
    for (; item; item = json_next(item))
        if (read_fields(item, result_ledger_group_fields, NULL,
                        &ledger->groups[ledger->group_count++], err) < 0)
            return -1;
    return 0;
}

/* A result of an earlier build-mem has no ledger. */
static int read_ledger(const struct json *root, struct process_ledger *ledger, struct bm_error *err)
{
    static const char *const others[] = {"watched", "largest", "groups", NULL};
    const struct json *item, *object = json_member(root, "processes");
    void *items;
    if (!object)
        return 0;
    if (read_fields(object, result_ledger_fields, others, ledger, err) < 0 ||
        read_array(object, "largest", sizeof *ledger->largest, &item, &items, err) < 0)
        return -1;
    ledger->largest = items;
    for (; item; item = json_next(item))
        if (read_fields(item, result_ledger_process_fields, NULL,
                        &ledger->largest[ledger->largest_count++], err) < 0)
            return -1;
    if (read_array(object, "watched", sizeof *ledger->watched, &item, &items, err) < 0)
        return -1;
    ledger->watched = items;
    for (; item; item = json_next(item))
        if (read_fields(item, result_watched_fields, NULL,
                        &ledger->watched[ledger->watched_count++], err) < 0)
            return -1;
    return read_ledger_groups(object, ledger, err);
}

static int read_environment(const struct json *root, struct environment *environment,
                            struct bm_error *err)
{
    static const char *const others[] = {"variables", NULL};
    const struct json *variables;
    if (read_object(root, "environment", result_environment_fields, others, environment, err) < 0 ||
        json_require(json_member(root, "environment"), "variables", &variables, err) < 0)
        return -1;
    return variables_read(variables, &environment->variables, err);
}

/* Only a build of sweep has it. */
static int read_sweep(const struct json *root, struct sweep_build *sweep, struct bm_error *err)
{
    static const char *const keys[] = {"settings", "knobs", NULL};
    const struct json *settings, *knobs, *object = json_member(root, "sweep");
    if (!object)
        return 0;
    if (json_expect_object(object, err) < 0 || json_expect_keys(object, keys, err) < 0 ||
        json_require(object, "settings", &settings, err) < 0 ||
        read_text(settings, &sweep->settings, err) < 0 ||
        json_require(object, "knobs", &knobs, err) < 0)
        return -1;
    return variables_read(knobs, &sweep->knobs, err);
}

static const char *runtime_name_of(int value)
{
    return runtime_kind_name((enum runtime_kind)value);
}

static int read_runtime(const struct json *object, struct runtime_process *process,
                        struct bm_error *err)
{
    static const char *const others[] = {"runtime", "parts", NULL};
    const struct json *item;
    void *items;
    int kind;
    if (read_fields(object, result_runtime_fields, others, process, err) < 0 ||
        read_name(object, "runtime", runtime_name_of, RUNTIME_KINDS - 1, &kind, err) < 0 ||
        read_array(object, "parts", sizeof *process->parts, &item, &items, err) < 0)
        return -1;
    process->kind = (enum runtime_kind)kind;
    process->parts = items;
    for (; item; item = json_next(item))
        if (read_fields(item, result_runtime_part_fields, NULL,
                        &process->parts[process->part_count++], err) < 0)
            return -1;
    return 0;
}

/* Only a result of --deep has it. */
static int read_deep(const struct json *root, struct measurement *m, struct bm_error *err)
{
    static const char *const others[] = {"processes", "silent", NULL};
    const struct json *item, *object = json_member(root, "deep");
    void *items;
    if (!object)
        return 0;
    struct deep_run *deep = m->deep = deep_run_new();
    if (read_fields(object, result_deep_fields, others, deep, err) < 0 ||
        read_array(object, "processes", sizeof *deep->processes, &item, &items, err) < 0)
        return -1;
    deep->processes = items;
    for (; item; item = json_next(item))
        if (read_runtime(item, &deep->processes[deep->count++], err) < 0)
            return -1;
    return json_require(object, "silent", &item, err) < 0 ? -1
                                                          : read_texts(item, &deep->silent, err);
}

/* ---- judgement ---- */

static const char *verdict_name_of(int value)
{
    return verdict_name((enum verdict)value);
}

static const char *level_name_of(int value)
{
    return level_name((enum level)value);
}

static const char *status_name_of(int value)
{
    return finding_status_name((enum finding_status)value);
}

static int read_text_or_null(const struct json *object, const char *key, char **text,
                             struct bm_error *err)
{
    const struct json *member;
    if (json_require(object, key, &member, err) < 0)
        return -1;
    return json_is_null(member) ? 0 : read_text(member, text, err);
}

static int read_figure(const struct json *object, const char *key, int64_t *figure,
                       struct bm_error *err)
{
    const struct json *member;
    *figure = UNMEASURED;
    if (json_require(object, key, &member, err) < 0)
        return -1;
    return json_is_null(member) ? 0 : json_expect_integer(member, 0, INT64_MAX, figure, err);
}

static int read_values(const struct json *object, struct finding *finding, struct bm_error *err)
{
    const struct json *item;
    void *items;
    if (read_array(object, "values", sizeof *finding->values, &item, &items, err) < 0)
        return -1;
    finding->values = items;
    for (; item; item = json_next(item))
        if (json_expect_integer(item, 0, INT64_MAX, &finding->values[finding->value_count++], err) <
            0)
            return -1;
    return 0;
}

static int read_ratio(const struct json *object, struct finding *finding, struct bm_error *err)
{
    const struct json *lowest, *highest, *ratio = json_member(object, "ratio");
    if (!ratio)
        return 0;
    return json_expect_object(ratio, err) < 0 || json_require(ratio, "lowest", &lowest, err) < 0 ||
                   json_expect_number(lowest, 0, 1e18, &finding->ratio_lowest, err) < 0 ||
                   json_require(ratio, "highest", &highest, err) < 0 ||
                   json_expect_number(highest, 0, 1e18, &finding->ratio_highest, err) < 0
               ? -1
               : 0;
}

static int read_finding(const struct json *object, struct finding *finding, struct bm_error *err)
{
    const struct json *metric, *over;
    int level, status;
    if (json_expect_object(object, err) < 0 || json_require(object, "metric", &metric, err) < 0 ||
        read_text(metric, &finding->metric, err) < 0 ||
        read_name(object, "level", level_name_of, LEVEL_FAIL, &level, err) < 0 ||
        read_name(object, "status", status_name_of, FINDING_OFF, &status, err) < 0 ||
        read_figure(object, "baseline", &finding->baseline, err) < 0 ||
        read_figure(object, "allowed", &finding->allowed, err) < 0 ||
        read_figure(object, "actual", &finding->actual, err) < 0 ||
        read_figure(object, "budget", &finding->budget, err) < 0 ||
        json_require(object, "over_budget", &over, err) < 0 ||
        json_expect_bool(over, &finding->over_budget, err) < 0 ||
        read_values(object, finding, err) < 0 || read_ratio(object, finding, err) < 0 ||
        read_text_or_null(object, "message", &finding->message, err) < 0 ||
        read_text_or_null(object, "largest", &finding->largest, err) < 0)
        return -1;
    finding->unit = metric_unit(finding->metric);
    finding->level = (enum level)level;
    finding->status = (enum finding_status)status;
    if (finding->baseline >= 0 && finding->actual >= 0)
        finding->delta = finding->actual - finding->baseline;
    return 0;
}

/* The merge base is present only in a result of check --relative. So are the ratios. */
static int read_merge_base(const struct json *gate, struct judgement *judgement,
                           struct bm_error *err)
{
    const struct json *commit, *ref, *base = json_member(gate, "merge_base");
    if (!base)
        return 0;
    return json_expect_object(base, err) < 0 || json_require(base, "commit", &commit, err) < 0 ||
                   read_text(commit, &judgement->base_commit, err) < 0 ||
                   json_require(base, "ref", &ref, err) < 0 ||
                   read_text(ref, &judgement->base_ref, err) < 0
               ? -1
               : 0;
}

/* The notes may be absent. */
static int read_notes(const struct json *gate, struct strv *notes, struct bm_error *err)
{
    const struct json *array = json_member(gate, "notes");
    return array ? read_texts(array, notes, err) : 0;
}

static int read_judgement(const struct json *gate, struct judgement *judgement,
                          struct bm_error *err)
{
    const struct json *item;
    void *items;
    int verdict;
    if (read_name(gate, "verdict", verdict_name_of, VERDICT_NO_BASELINE, &verdict, err) < 0 ||
        read_text_or_null(gate, "baseline", &judgement->baseline_path, err) < 0 ||
        read_merge_base(gate, judgement, err) < 0 ||
        read_text_or_null(gate, "reason", &judgement->reason, err) < 0 ||
        read_text_or_null(gate, "advice", &judgement->advice, err) < 0 ||
        read_notes(gate, &judgement->notes, err) < 0 ||
        read_array(gate, "findings", sizeof *judgement->findings, &item, &items, err) < 0)
        return -1;
    judgement->verdict = (enum verdict)verdict;
    judgement->findings = items;
    for (; item; item = json_next(item))
        if (read_finding(item, &judgement->findings[judgement->finding_count++], err) < 0)
            return -1;
    return 0;
}

/* ---- the result ---- */

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
                          "recorded by an older build-mem; measure again with this one");
    if (version > RESULT_SCHEMA_VERSION)
        return json_error(value, err,
                          "written by a newer build-mem; this one reads version %d: install the "
                          "newer one",
                          RESULT_SCHEMA_VERSION);
    return 0;
}

static int read_measurement(const struct json *root, struct measurement *m, struct bm_error *err)
{
    static const char *const others[] = {"$schema",
                                         "schema_version",
                                         "verdict",
                                         "exit_code",
                                         "build",
                                         "cause",
                                         "peak",
                                         "unreclaimable_peak",
                                         "stages",
                                         "processes_at_peak",
                                         "process_groups_at_peak",
                                         "verify",
                                         "environment",
                                         "sweep",
                                         "cgroup",
                                         "sampler",
                                         "pressure",
                                         "disturbance",
                                         "constraints",
                                         "outside_daemons",
                                         "processes",
                                         "deep",
                                         "gate",
                                         NULL};
    if (check_version(root, err) < 0 || read_fields(root, result_head_fields, others, m, err) < 0 ||
        read_build(root, &m->build, err) < 0 || read_cause(root, &m->log_cause, err) < 0 ||
        read_peak(root, m, err) < 0 || read_unreclaimable_peak(root, &m->peak, err) < 0 ||
        read_stages(root, m, err) < 0 || read_verify(root, m, err) < 0 ||
        read_environment(root, &m->environment, err) < 0 || read_sweep(root, &m->sweep, err) < 0 ||
        read_object(root, "cgroup", result_cgroup_fields, NULL, &m->cgroup, err) < 0 ||
        read_object(root, "sampler", result_sampler_fields, NULL, &m->sampler, err) < 0 ||
        read_object(root, "pressure", result_pressure_fields, NULL, &m->pressure, err) < 0 ||
        read_disturbance(root, &m->disturbance, err) < 0 || read_constraints(root, m, err) < 0 ||
        read_ledger(root, &m->ledger, err) < 0 || read_deep(root, m, err) < 0)
        return -1;
    return read_outside_daemons(root, m, err);
}

/* Sets `*gate` to the judgement's object, or to NULL if the result has none. */
static int find_judgement(const struct json *root, const struct json **gate, struct bm_error *err)
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
    *gate = json_is_null(value) ? NULL : value;
    return *gate ? json_expect_object(*gate, err) : 0;
}

static int read_document(const struct json_document *document, struct result *result,
                         struct bm_error *err)
{
    const struct json *gate;
    *result = (struct result){0};
    measurement_init(&result->measurement);
    judgement_init(&result->judgement);
    if (!document || read_measurement(json_root(document), &result->measurement, err) < 0 ||
        find_judgement(json_root(document), &gate, err) < 0)
        return -1;
    result->is_judged = gate != NULL;
    return gate ? read_judgement(gate, &result->judgement, err) : 0;
}

int result_parse(const char *text, const char *origin, struct result *result, struct bm_error *err)
{
    struct json_document *document CLEANUP(cleanup_json_document) = json_parse(text, origin, err);
    return read_document(document, result, err);
}

int result_read(const char *path, struct result *result, struct bm_error *err)
{
    struct json_document *document CLEANUP(cleanup_json_document) = json_parse_file(path, err);
    return read_document(document, result, err);
}

int result_read_measurement(const char *path, struct measurement *m, struct bm_error *err)
{
    const struct json *gate;
    struct json_document *document CLEANUP(cleanup_json_document) = json_parse_file(path, err);
    measurement_init(m);
    if (!document || read_measurement(json_root(document), m, err) < 0)
        return -1;
    return find_judgement(json_root(document), &gate, err);
}

int result_read_series(const char *path, struct result *result, struct bm_error *err)
{
    const char *slash = strrchr(path, '/');
    int directory = slash ? (int)(slash - path) + 1 : 0;
    const char *label = measurement_files_label(&result->measurement);
    if (strchr(label, '/'))
        return bm_error_set(err, "%s: the label \"%s\" contains a slash", path, label);
    char *timeline CLEANUP(cleanup_free) = xasprintf("%.*stimeline-%s.csv", directory, path, label);
    char *processes CLEANUP(cleanup_free) =
        xasprintf("%.*sprocesses-%s.csv", directory, path, label);
    return series_read(timeline, processes, &result->series, err);
}

void result_release(struct result *result)
{
    measurement_release(&result->measurement);
    judgement_release(&result->judgement);
    series_release(&result->series);
}
