#include "gate/judge.h"

#include "base/alloc.h"
#include "base/json_write.h"

static void add_values(cJSON *object, const struct finding *check)
{
    cJSON *values = json_add_array(object, "values");
    for (size_t i = 0; i < check->value_count; i++)
        cJSON_AddItemToArray(values, json_new_integer(check->values[i]));
}

static void add_notes(cJSON *gate, const struct strv *notes)
{
    cJSON *array = json_add_array(gate, "notes");
    for (size_t i = 0; i < notes->count; i++)
        json_append_text(array, notes->items[i]);
}

static cJSON *check_object(const struct finding *check)
{
    cJSON *object = cJSON_CreateObject();
    json_add_text(object, "metric", check->metric);
    json_add_text(object, "unit", check->unit);
    json_add_text(object, "level", level_name(check->level));
    json_add_text(object, "status", finding_status_name(check->status));
    json_add_measured(object, "baseline", check->baseline);
    json_add_measured(object, "allowed", check->allowed);
    json_add_measured(object, "actual", check->actual);
    if (check->baseline >= 0 && check->actual >= 0)
        json_add_integer(object, "delta", check->delta);
    else
        cJSON_AddNullToObject(object, "delta");
    cJSON_AddBoolToObject(object, "over_budget", check->over_budget);
    add_values(object, check);
    json_add_text(object, "message", check->message);
    json_add_text(object, "largest", check->largest);
    return object;
}

char *judgement_to_json(const struct judgement *judgement)
{
    cJSON *gate CLEANUP(cleanup_cjson) = cJSON_CreateObject();
    json_add_text(gate, "baseline", judgement->baseline_path);
    json_add_text(gate, "verdict", verdict_name(judgement->verdict));
    json_add_text(gate, "reason", judgement->reason);
    json_add_text(gate, "advice", judgement->advice);
    add_notes(gate, &judgement->notes);
    cJSON *checks = json_add_array(gate, "findings");
    for (size_t i = 0; i < judgement->finding_count; i++)
        cJSON_AddItemToArray(checks, check_object(&judgement->findings[i]));
    return json_print(gate, 1);
}
