#include "result/result.h"

#include "base/alloc.h"
#include "base/json_write.h"
#include "base/units.h"
#include "measurement/environment.h"
#include "result/fields.h"

#include <stdio.h>
#include <string.h>

/* How much of a result is written: all of it, or what fits on one line of a CI log. */
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
    case FIELD_MAYBE_TEXT:
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
    case FIELD_MAYBE_SIGNAL: {
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

static void add_processes(cJSON *object, const struct snapshot *snapshot)
{
    cJSON *array = json_add_array(object, "processes_at_peak");
    for (size_t i = 0; i < snapshot->count; i++)
        add_fields(append_object(array), result_process_fields, &snapshot->processes[i]);
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

static void add_verify(cJSON *root, const struct measurement *m)
{
    cJSON *array = json_add_array(root, "verify");
    for (size_t i = 0; i < m->check_count; i++)
        add_fields(append_object(array), result_verify_fields, &m->checks[i]);
}

static void add_environment(cJSON *root, const struct environment *environment)
{
    cJSON *object = json_add_object(root, "environment");
    add_fields(object, result_environment_fields, environment);
    cJSON *variables = json_add_object(object, "variables");
    for (size_t i = 0; i < environment->variables.count; i++) {
        const char *variable = environment->variables.items[i];
        char *name CLEANUP(cleanup_free) = variable_name(variable);
        json_add_text(variables, name, variable_value(variable));
    }
}

/* The gate's text stands as it is, so that its figures keep their digits. A newline in JSON text
 * is always between tokens: it can take the indentation of the place. */
static char *indent_gate(const char *json)
{
    char *text = NULL;
    size_t size, length = strlen(json);
    if (length && json[length - 1] == '\n')
        length--;
    FILE *out = xmemstream_open(&text, &size);
    for (const char *at = json; at < json + length; at++) {
        fputc(*at, out);
        if (*at == '\n')
            fputc('\t', out);
    }
    xmemstream_close(out);
    return text;
}

static void add_gate(cJSON *root, const char *gate_json, enum extent extent)
{
    if (!gate_json) {
        cJSON_AddNullToObject(root, "gate");
        return;
    }
    char *text CLEANUP(cleanup_free) = NULL;
    if (extent == WHOLE_FILE) {
        text = indent_gate(gate_json);
    } else {
        text = xstrdup(gate_json);
        cJSON_Minify(text);
    }
    cJSON_AddItemToObject(root, "gate", cJSON_CreateRaw(text));
}

static char *print_result(const struct measurement *m, const char *verdict, int exit_code,
                          const char *gate_json, enum extent extent)
{
    cJSON *root CLEANUP(cleanup_cjson) = cJSON_CreateObject();
    json_add_integer(root, "schema_version", RESULT_SCHEMA_VERSION);
    add_fields(root, result_head_fields, m);
    json_add_text(root, "verdict", verdict);
    json_add_integer(root, "exit_code", exit_code);
    add_fields(json_add_object(root, "build"), result_build_fields, &m->build);
    add_peak(root, &m->peak);
    add_unreclaimable_peak(root, &m->peak, extent);
    add_stages(root, m, extent);
    if (extent == WHOLE_FILE) {
        add_processes(root, &m->peak.at_peak);
        add_process_groups(root, &m->peak.at_peak);
    }
    add_verify(root, m);
    add_environment(root, &m->environment);
    add_fields(json_add_object(root, "sampler"), result_sampler_fields, &m->sampler);
    add_fields(json_add_object(root, "pressure"), result_pressure_fields, &m->pressure);
    add_gate(root, gate_json, extent);
    return extent == WHOLE_FILE ? json_print(root, 1) : json_print_line(root);
}

char *result_to_json(const struct measurement *m, const char *verdict, int exit_code,
                     const char *gate_json)
{
    return print_result(m, verdict, exit_code, gate_json, WHOLE_FILE);
}

char *result_to_line(const struct measurement *m, const char *verdict, int exit_code,
                     const char *gate_json)
{
    return print_result(m, verdict, exit_code, gate_json, ONE_LINE);
}
