#include "result/result.h"

#include "base/alloc.h"
#include "base/json_write.h"
#include "base/units.h"
#include "measurement/cause.h"
#include "measurement/disturbance.h"
#include "measurement/environment.h"
#include "result/fields.h"

/* The whole result, or what fits on one line of a CI log. */
enum extent { WHOLE_FILE, ONE_LINE };

static void add_field(cJSON *object, const struct field *field, const void *from)
{
    const char *at = (const char *)from + field->offset;
    switch (field->kind) {
    case FIELD_TEXT: {
        const char *text = *(char *const *)(const void *)at;
        json_add_text(object, field->key, text ? text : "");
        break;
    }
    case FIELD_TEXT_OR_NULL:
        json_add_text(object, field->key, *(char *const *)(const void *)at);
        break;
    case FIELD_OPTIONAL_TEXT: {
        const char *text = *(char *const *)(const void *)at;
        if (text)
            json_add_text(object, field->key, text);
        break;
    }
    case FIELD_FIGURE:
        json_add_measured(object, field->key, *(const int64_t *)(const void *)at);
        break;
    case FIELD_OPTIONAL_COUNT: {
        int64_t count = *(const int64_t *)(const void *)at;
        if (count > 0)
            json_add_integer(object, field->key, count);
        break;
    }
    case FIELD_NUMBER:
        json_add_number(object, field->key, *(const double *)(const void *)at);
        break;
    case FIELD_SIGNAL_OR_NULL: {
        int64_t signal = *(const int64_t *)(const void *)at;
        json_add_measured(object, field->key, signal ? signal : UNMEASURED);
        break;
    }
    case FIELD_FLAG:
        cJSON_AddBoolToObject(object, field->key, *(const bool *)(const void *)at);
        break;
    case FIELD_BASIS:
        json_add_text(object, field->key,
                      result_basis_names[*(const enum pss_basis *)(const void *)at]);
        break;
    case FIELD_PEAK_SOURCE: {
        enum peak_rss_source source = *(const enum peak_rss_source *)(const void *)at;
        json_add_text(object, field->key, source ? peak_rss_source_name(source) : NULL);
        break;
    }
    case FIELD_CACHE_POLICY:
        json_add_text(object, field->key,
                      cache_policy_name(*(const enum cache_policy *)(const void *)at));
        break;
    }
}

static void add_fields(cJSON *object, const struct field *fields, const void *from)
{
    for (const struct field *field = fields; field->key; field++)
        add_field(object, field, from);
}

static cJSON *append_object(cJSON *array)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddItemToArray(array, object);
    return object;
}

/* ---- measurement ---- */

static void add_mappings(cJSON *process, const struct process_mappings *mappings)
{
    if (!mappings)
        return;
    cJSON *object = json_add_object(process, "mappings");
    json_add_text(object, "unread",
                  mappings->unread ? mappings_unread_name(mappings->unread) : NULL);
    add_fields(object, result_mappings_fields, mappings);
    cJSON *parts = json_add_array(object, "parts");
    for (size_t i = 0; i < mappings->part_count; i++) {
        cJSON *part = append_object(parts);
        json_add_text(part, "kind", mapping_kind_name(mappings->parts[i].kind));
        add_fields(part, result_mapped_fields, &mappings->parts[i]);
    }
}

static void add_processes(cJSON *object, const struct snapshot *snapshot)
{
    cJSON *array = json_add_array(object, "processes_at_peak");
    for (size_t i = 0; i < snapshot->count; i++) {
        cJSON *process = append_object(array);
        add_fields(process, result_process_fields, &snapshot->processes[i]);
        add_mappings(process, snapshot->processes[i].mappings);
    }
}

static void add_process_groups(cJSON *object, const struct snapshot *snapshot)
{
    size_t count;
    struct process_group *groups CLEANUP(cleanup_free) = snapshot_groups(snapshot, &count);
    cJSON *array = json_add_array(object, "process_groups_at_peak");
    for (size_t i = 0; i < count; i++) {
        cJSON *group = append_object(array);
        json_add_text(group, "name", groups[i].name);
        json_add_integer(group, "count", (int64_t)groups[i].count);
        json_add_measured(group, "pss_bytes", groups[i].pss_bytes);
    }
}

static void add_peak(cJSON *root, const struct peak *peak)
{
    cJSON *object = json_add_object(root, "peak");
    add_fields(object, result_peak_fields, peak);
    add_fields(json_add_object(object, "composition"), result_composition_fields,
               &peak->composition);
}

static void add_unreclaimable_peak(cJSON *root, const struct peak *peak, enum extent extent)
{
    cJSON *object = json_add_object(root, "unreclaimable_peak");
    add_fields(object, result_unreclaimable_peak_fields, peak);
    add_fields(json_add_object(object, "composition"), result_composition_fields,
               &peak->at_unreclaimable_peak.composition);
    if (extent == WHOLE_FILE)
        add_processes(object, &peak->at_unreclaimable_peak);
}

static void add_stages(cJSON *root, const struct measurement *m, enum extent extent)
{
    cJSON *array = json_add_array(root, "stages");
    for (size_t i = 0; i < m->stage_count; i++) {
        cJSON *stage = append_object(array);
        add_fields(stage, result_stage_fields, &m->stages[i]);
        if (extent == WHOLE_FILE)
            add_processes(stage, &m->stages[i].at_peak);
    }
}

static void add_disturbance(cJSON *root, const struct disturbance *disturbance)
{
    cJSON *object = json_add_object(root, "disturbance");
    for (const struct disturbance_field *field = disturbance_fields; field->key; field++)
        json_add_measured(object, field->key, disturbance_figure(disturbance, field));
}

static void add_constraints(cJSON *root, const struct measurement *m)
{
    cJSON *array = json_add_array(root, "constraints");
    for (size_t i = 0; i < m->constraint_count; i++)
        add_fields(append_object(array), result_constraint_fields, &m->constraints[i]);
}

static void add_outside_daemons(cJSON *root, const struct measurement *m)
{
    cJSON *array = json_add_array(root, "outside_daemons");
    for (size_t i = 0; i < m->outside_daemon_count; i++)
        add_fields(append_object(array), result_outside_daemon_fields, &m->outside_daemons[i]);
}

static void add_ledger(cJSON *root, const struct process_ledger *ledger, enum extent extent)
{
    cJSON *object = json_add_object(root, "processes");
    add_fields(object, result_ledger_fields, ledger);
    cJSON *watched = json_add_array(object, "watched");
    for (size_t i = 0; i < ledger->watched_count; i++)
        add_fields(append_object(watched), result_watched_fields, &ledger->watched[i]);
    if (extent == ONE_LINE)
        return;
    cJSON *array = json_add_array(object, "largest");
    for (size_t i = 0; i < ledger->largest_count; i++)
        add_fields(append_object(array), result_ledger_process_fields, &ledger->largest[i]);
    cJSON *groups = json_add_array(object, "groups");
    for (size_t i = 0; i < ledger->group_count; i++)
        add_fields(append_object(groups), result_ledger_group_fields, &ledger->groups[i]);
}

static void add_build(cJSON *root, const struct build_end *build)
{
    cJSON *object = json_add_object(root, "build");
    add_fields(object, result_build_fields, build);
    if (build->guard.ended)
        add_fields(json_add_object(object, "guard"), result_guard_fields, &build->guard);
}

static void add_cause(cJSON *root, const struct measurement *m)
{
    static const struct log_cause none = LOG_CAUSE_NONE;
    enum failure_cause cause = failure_cause(m);
    if (cause == CAUSE_UNKNOWN)
        return;
    cJSON *object = json_add_object(root, "cause");
    json_add_text(object, "name", failure_cause_name(cause));
    add_fields(object, result_log_cause_fields, cause_is_logged(cause) ? &m->log_cause : &none);
}

static void add_verify(cJSON *root, const struct measurement *m)
{
    cJSON *array = json_add_array(root, "verify");
    for (size_t i = 0; i < m->check_count; i++)
        add_fields(append_object(array), result_verify_fields, &m->checks[i]);
}

/* Adds an object with a member for each "NAME=VALUE". */
static void add_variables(cJSON *parent, const char *key, const struct strv *variables)
{
    cJSON *object = json_add_object(parent, key);
    for (size_t i = 0; i < variables->count; i++) {
        char *name CLEANUP(cleanup_free) = variable_name(variables->items[i]);
        json_add_text(object, name, variable_value(variables->items[i]));
    }
}

static void add_environment(cJSON *root, const struct environment *environment)
{
    cJSON *object = json_add_object(root, "environment");
    add_fields(object, result_environment_fields, environment);
    add_variables(object, "variables", &environment->variables);
}

static void add_sweep(cJSON *root, const struct sweep_build *sweep)
{
    if (!sweep->settings)
        return;
    cJSON *object = json_add_object(root, "sweep");
    json_add_text(object, "settings", sweep->settings);
    add_variables(object, "knobs", &sweep->knobs);
}

static void add_runtime(cJSON *processes, const struct runtime_process *process)
{
    cJSON *object = append_object(processes);
    json_add_text(object, "runtime", runtime_kind_name(process->kind));
    add_fields(object, result_runtime_fields, process);
    cJSON *parts = json_add_array(object, "parts");
    for (size_t i = 0; i < process->part_count; i++)
        add_fields(append_object(parts), result_runtime_part_fields, &process->parts[i]);
}

static void add_deep(cJSON *root, const struct deep_run *deep)
{
    if (!deep)
        return;
    cJSON *object = json_add_object(root, "deep");
    add_fields(object, result_deep_fields, deep);
    cJSON *processes = json_add_array(object, "processes");
    for (size_t i = 0; i < deep->count; i++)
        add_runtime(processes, &deep->processes[i]);
    cJSON *silent = json_add_array(object, "silent");
    for (size_t i = 0; i < deep->silent.count; i++)
        json_append_text(silent, deep->silent.items[i]);
}

/* ---- judgement ---- */

static void add_finding(cJSON *findings, const struct finding *finding)
{
    cJSON *object = append_object(findings);
    json_add_text(object, "metric", finding->metric);
    json_add_text(object, "unit", finding->unit);
    json_add_text(object, "level", level_name(finding->level));
    json_add_text(object, "status", finding_status_name(finding->status));
    json_add_measured(object, "baseline", finding->baseline);
    json_add_measured(object, "allowed", finding->allowed);
    json_add_measured(object, "actual", finding->actual);
    /* A change can be -1: it is not UNMEASURED then. */
    if (finding->baseline >= 0 && finding->actual >= 0)
        json_add_integer(object, "delta", finding->delta);
    else
        cJSON_AddNullToObject(object, "delta");
    json_add_measured(object, "budget", finding->budget);
    int64_t highest = finding_highest(finding);
    /* The headroom can be -1: it is not UNMEASURED then. */
    if (finding->budget >= 0 && highest >= 0)
        json_add_integer(object, "headroom", finding->budget - highest);
    else
        cJSON_AddNullToObject(object, "headroom");
    cJSON_AddBoolToObject(object, "over_budget", finding->over_budget);
    cJSON *values = json_add_array(object, "values");
    for (size_t i = 0; i < finding->value_count; i++)
        cJSON_AddItemToArray(values, json_new_integer(finding->values[i]));
    if (finding->ratio_highest > 0) {
        cJSON *ratio = json_add_object(object, "ratio");
        json_add_number(ratio, "lowest", finding->ratio_lowest);
        json_add_number(ratio, "highest", finding->ratio_highest);
    }
    json_add_text(object, "message", finding->message);
    json_add_text(object, "largest", finding->largest);
}

static void add_judgement(cJSON *root, const struct judgement *judgement)
{
    cJSON *gate = json_add_object(root, "gate");
    json_add_text(gate, "baseline", judgement->baseline_path);
    if (judgement->base_commit) {
        cJSON *base = json_add_object(gate, "merge_base");
        json_add_text(base, "commit", judgement->base_commit);
        json_add_text(base, "ref", judgement->base_ref);
    }
    json_add_text(gate, "verdict", verdict_name(judgement->verdict));
    json_add_text(gate, "reason", judgement->reason);
    json_add_text(gate, "advice", judgement->advice);
    cJSON *notes = json_add_array(gate, "notes");
    for (size_t i = 0; i < judgement->notes.count; i++)
        json_append_text(notes, judgement->notes.items[i]);
    cJSON *findings = json_add_array(gate, "findings");
    for (size_t i = 0; i < judgement->finding_count; i++)
        add_finding(findings, &judgement->findings[i]);
}

/* ---- the result ---- */

static char *print_result(const struct measurement *m, const struct judgement *judgement,
                          int exit_code, enum extent extent)
{
    cJSON *root CLEANUP(cleanup_cjson) = cJSON_CreateObject();
    json_add_integer(root, "schema_version", RESULT_SCHEMA_VERSION);
    add_fields(root, result_head_fields, m);
    json_add_text(root, "verdict", verdict_name(judgement->verdict));
    json_add_integer(root, "exit_code", exit_code);
    add_build(root, &m->build);
    add_cause(root, m);
    add_peak(root, &m->peak);
    add_unreclaimable_peak(root, &m->peak, extent);
    add_stages(root, m, extent);
    if (extent == WHOLE_FILE) {
        add_processes(root, &m->peak.at_peak);
        add_process_groups(root, &m->peak.at_peak);
    }
    add_verify(root, m);
    add_environment(root, &m->environment);
    add_sweep(root, &m->sweep);
    add_fields(json_add_object(root, "cgroup"), result_cgroup_fields, &m->cgroup);
    add_fields(json_add_object(root, "sampler"), result_sampler_fields, &m->sampler);
    add_fields(json_add_object(root, "pressure"), result_pressure_fields, &m->pressure);
    add_disturbance(root, &m->disturbance);
    add_constraints(root, m);
    add_outside_daemons(root, m);
    add_ledger(root, &m->ledger, extent);
    if (extent == WHOLE_FILE)
        add_deep(root, m->deep);
    add_judgement(root, judgement);
    return extent == WHOLE_FILE ? json_print(root, 1) : json_print_line(root);
}

char *result_to_json(const struct measurement *m, const struct judgement *judgement, int exit_code)
{
    return print_result(m, judgement, exit_code, WHOLE_FILE);
}

char *result_to_line(const struct measurement *m, const struct judgement *judgement, int exit_code)
{
    return print_result(m, judgement, exit_code, ONE_LINE);
}
