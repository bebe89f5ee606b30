#include "comparison/comparison.h"

#include "base/alloc.h"
#include "base/json_write.h"
#include "base/text.h"
#include "base/units.h"

static void add_side(cJSON *root, const char *key, const struct comparison_side *side)
{
    cJSON *object = json_add_object(root, key);
    json_add_text(object, "name", side->name);
    json_add_text(object, "kind", side->count ? "results" : "baseline");
    cJSON *labels = json_add_array(object, "labels");
    for (size_t i = 0; i < side->count; i++) {
        char *label CLEANUP(cleanup_free) = text_valid_utf8(side->runs[i].label);
        cJSON_AddItemToArray(labels, cJSON_CreateString(label));
    }
}

/* `processes`: how many the group has; UNMEASURED for a metric. */
static void add_series(cJSON *row, const char *key, const struct run_values *series,
                       int64_t processes)
{
    if (!series->count) {
        cJSON_AddNullToObject(row, key);
        return;
    }
    cJSON *object = json_add_object(row, key);
    if (processes >= 0)
        json_add_integer(object, "processes", processes);
    json_add_integer(object, "median", run_values_median(series));
    cJSON *values = json_add_array(object, "values");
    for (size_t i = 0; i < series->count; i++)
        cJSON_AddItemToArray(values, json_new_integer(series->values[i]));
}

static void add_row_figures(cJSON *object, const struct comparison_row *row)
{
    int64_t a = run_values_median(&row->sides[0]), b = run_values_median(&row->sides[1]);
    json_add_text(object, "change", change_name(row_change(row)));
    if (a >= 0 && b >= 0)
        json_add_integer(object, "delta", b - a);
    else
        cJSON_AddNullToObject(object, "delta");
    add_series(object, "a", &row->sides[0], row->processes[0]);
    add_series(object, "b", &row->sides[1], row->processes[1]);
}

static void add_metrics(cJSON *root, const struct comparison *comparison)
{
    cJSON *array = json_add_array(root, "metrics");
    for (size_t i = 0; i < comparison->metric_count; i++) {
        const struct comparison_row *row = &comparison->metrics[i];
        cJSON *object = cJSON_CreateObject();
        cJSON_AddItemToArray(array, object);
        json_add_text(object, "metric", row->name);
        json_add_text(object, "unit", row->unit);
        json_add_text(object, "level", row->check ? level_name(row->check->level) : NULL);
        json_add_text(object, "status",
                      row->check ? finding_status_name(row->check->status) : NULL);
        json_add_measured(object, "allowed", row->check ? row->check->allowed : UNMEASURED);
        add_row_figures(object, row);
    }
}

static void add_processes(cJSON *root, const struct comparison *comparison)
{
    cJSON *array = json_add_array(root, "processes");
    for (size_t i = 0; i < comparison->process_count; i++) {
        cJSON *object = cJSON_CreateObject();
        cJSON_AddItemToArray(array, object);
        json_add_text(object, "name", comparison->processes[i].name);
        add_row_figures(object, &comparison->processes[i]);
    }
}

char *comparison_to_json(const struct comparison *comparison)
{
    const struct judgement *judgement = &comparison->judgement;
    cJSON *root CLEANUP(cleanup_cjson) = cJSON_CreateObject();
    json_add_integer(root, "schema_version", COMPARISON_SCHEMA_VERSION);
    json_add_text(root, "verdict", verdict_name(judgement->verdict));
    json_add_integer(root, "exit_code", verdict_exit_status(judgement->verdict));
    json_add_text(root, "reason", judgement->reason);
    add_side(root, "a", &comparison->sides[0]);
    add_side(root, "b", &comparison->sides[1]);
    add_metrics(root, comparison);
    add_processes(root, comparison);
    json_add_text(root, "drift", comparison->drift);
    return json_print(root, 1);
}
