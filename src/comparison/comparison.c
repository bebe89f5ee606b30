#include "comparison/comparison.h"

#include "base/alloc.h"
#include "base/json_write.h"
#include "base/text.h"
#include "base/units.h"
#include "gate/judge.h"
#include "measurement/advice.h"
#include "measurement/environment.h"

#include <string.h>

int64_t run_values_median(const struct run_values *values)
{
    return values->count ? median_of(values->values, values->count) : UNMEASURED;
}

int64_t run_values_spread(const struct run_values *values)
{
    if (values->count < 2)
        return UNMEASURED;
    int64_t lowest = values->values[0], highest = values->values[0];
    for (size_t i = 1; i < values->count; i++) {
        lowest = values->values[i] < lowest ? values->values[i] : lowest;
        highest = values->values[i] > highest ? values->values[i] : highest;
    }
    return highest - lowest;
}

static void run_values_add(struct run_values *values, int64_t value)
{
    if (value < 0)
        return;
    values->values = xgrow(values->values, values->count, sizeof *values->values);
    values->values[values->count++] = value;
}

enum change row_change(const struct comparison_row *row)
{
    int64_t a = run_values_median(&row->sides[0]), b = run_values_median(&row->sides[1]);
    if (a < 0 || b < 0)
        return a < 0 ? CHANGE_ADDED : CHANGE_REMOVED;
    return a == b ? CHANGE_NONE : a < b ? CHANGE_GREW : CHANGE_SHRANK;
}

const char *change_name(enum change change)
{
    static const char *const names[] = {[CHANGE_NONE] = "same",
                                        [CHANGE_GREW] = "grew",
                                        [CHANGE_SHRANK] = "shrank",
                                        [CHANGE_ADDED] = "added",
                                        [CHANGE_REMOVED] = "removed"};
    return names[change];
}

static struct comparison_row *add_row(struct comparison_row **rows, size_t *count, const char *name,
                                      const char *unit)
{
    *rows = xgrow(*rows, *count, sizeof **rows);
    struct comparison_row *row = &(*rows)[(*count)++];
    *row = (struct comparison_row){
        .name = xstrdup(name), .unit = unit, .processes = {UNMEASURED, UNMEASURED}};
    return row;
}

static void release_rows(struct comparison_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(rows[i].name);
        free(rows[i].sides[0].values);
        free(rows[i].sides[1].values);
    }
    free(rows);
}

void comparison_release(struct comparison *comparison)
{
    release_rows(comparison->metrics, comparison->metric_count);
    release_rows(comparison->processes, comparison->process_count);
    free(comparison->drift);
    judgement_release(&comparison->judgement);
    *comparison = (struct comparison){0};
}

static void push_new(struct strv *names, const char *name)
{
    if (!strv_contains(names, name))
        strv_push(names, name);
}

/* ---- the metrics ---- */

static void push_metric_names(const struct comparison_side *side, struct strv *names)
{
    for (size_t i = 0; side->entry && i < side->entry->count; i++)
        push_new(names, side->entry->metrics[i].name);
    for (size_t i = 0; i < side->count; i++) {
        struct strv of_run CLEANUP(strv_release) = {0};
        metric_names(&side->runs[i], &of_run);
        for (size_t j = 0; j < of_run.count; j++)
            push_new(names, of_run.items[j]);
    }
}

static void fill_metric(const struct comparison_side *side, const char *name,
                        struct run_values *values)
{
    const struct baseline_metric *accepted =
        side->entry ? baseline_metric_find(side->entry, name) : NULL;
    for (size_t i = 0; accepted && i < accepted->count; i++)
        run_values_add(values, accepted->values[i]);
    for (size_t i = 0; i < side->count; i++)
        run_values_add(values, metric_value(&side->runs[i], name));
}

static const struct finding *finding_of(const struct judgement *judgement, const char *metric)
{
    for (size_t i = 0; i < judgement->finding_count; i++)
        if (strcmp(judgement->findings[i].metric, metric) == 0)
            return &judgement->findings[i];
    return NULL;
}

static void add_metrics(struct comparison *comparison)
{
    struct strv names CLEANUP(strv_release) = {0};
    for (int side = 0; side < 2; side++)
        push_metric_names(&comparison->sides[side], &names);
    for (size_t i = 0; i < names.count; i++) {
        struct comparison_row *row = add_row(&comparison->metrics, &comparison->metric_count,
                                             names.items[i], metric_unit(names.items[i]));
        for (int side = 0; side < 2; side++)
            fill_metric(&comparison->sides[side], row->name, &row->sides[side]);
        row->check = finding_of(&comparison->judgement, row->name);
    }
}

/* ---- the processes ---- */

static void push_group_names(const struct comparison_side *side, struct strv *names)
{
    for (size_t i = 0; i < side->count; i++) {
        size_t count;
        struct process_group *groups CLEANUP(cleanup_free) =
            snapshot_groups(&side->runs[i].peak.at_peak, &count);
        for (size_t j = 0; j < count; j++)
            push_new(names, groups[j].name);
    }
}

static void fill_group(const struct comparison_side *side, struct comparison_row *row, int at)
{
    struct run_values counts = {0};
    for (size_t i = 0; i < side->count; i++) {
        size_t count;
        struct process_group *groups CLEANUP(cleanup_free) =
            snapshot_groups(&side->runs[i].peak.at_peak, &count);
        for (size_t j = 0; j < count; j++)
            if (strcmp(groups[j].name, row->name) == 0) {
                run_values_add(&row->sides[at], groups[j].pss_bytes);
                run_values_add(&counts, (int64_t)groups[j].count);
            }
    }
    row->processes[at] = run_values_median(&counts);
    free(counts.values);
}

static void add_processes(struct comparison *comparison)
{
    struct strv names CLEANUP(strv_release) = {0};
    for (int side = 0; side < 2; side++)
        push_group_names(&comparison->sides[side], &names);
    for (size_t i = 0; i < names.count; i++) {
        struct comparison_row *row =
            add_row(&comparison->processes, &comparison->process_count, names.items[i], "bytes");
        for (int side = 0; side < 2; side++)
            fill_group(&comparison->sides[side], row, side);
    }
}

/* ---- drift ---- */

static char *drift_between(const struct measurement *a, const struct measurement *b)
{
    struct strv drift CLEANUP(strv_release) = {0};
    drift_list(&a->environment, &b->environment, &drift);
    if (strcmp(a->build.command, b->build.command) != 0)
        strv_pushf(&drift, "command: %s, then %s", a->build.command, b->build.command);
    return drift.count ? strv_join(&drift, "; ") : NULL;
}

/* ---- the judgement ---- */

static void replace(char **text, char *with)
{
    free(*text);
    *text = with;
}

/* Replaces texts that mention a baseline file: here both sides are results. */
static void reword(struct judgement *judgement, const struct comparison_side *a,
                   const struct comparison_side *b)
{
    if (judgement->verdict != VERDICT_NOT_COMPARABLE)
        return;
    const struct environment_key was = environment_key_of(&a->runs[0]);
    const struct environment_key is = environment_key_of(&b->runs[0]);
    if (environment_key_equal(&was, &is))
        return;
    char *in_a CLEANUP(cleanup_free) = xasprintf("in %s", a->name);
    char *in_b CLEANUP(cleanup_free) = xasprintf("in %s", b->name);
    replace(&judgement->reason, environment_key_difference(&was, in_a, &is, in_b, NULL));
}

/* Returns a run with an exact peak that bounds of the first side can be compared with, or NULL. */
static const struct measurement *exact_run(const struct comparison_side *a,
                                           const struct comparison_side *b)
{
    for (size_t i = 0; i < a->count; i++)
        for (size_t k = 0; k < a->count + b->count; k++) {
            const struct measurement *run = k < a->count ? &a->runs[k] : &b->runs[k - a->count];
            const struct environment_key key = environment_key_of(run);
            if (environment_matches_by_bounds(&key, &a->runs[i]))
                return run;
        }
    return NULL;
}

/* Accepts the first side. A baseline file refuses estimates beside exact peaks; here the entry has
 * the bounds of each. */
static int accept_side(const struct comparison_side *a, const struct comparison_side *b,
                       struct baseline *baseline, struct bm_error *err)
{
    const struct acceptance acceptance = {.at = ""};
    const struct measurement *exact = exact_run(a, b);
    if (!exact)
        return baseline_accept(baseline, a->runs, a->count, &acceptance, err);
    const struct environment_key key = environment_key_of(exact);
    /* Copies that borrow all texts and arrays. */
    struct measurement *runs CLEANUP(cleanup_free) = xcalloc(a->count, sizeof *runs);
    int64_t *at_most CLEANUP(cleanup_free) = xcalloc(a->count, sizeof *at_most);
    for (size_t i = 0; i < a->count; i++) {
        runs[i] = a->runs[i];
        at_most[i] = metric_at_most(&runs[i], METRIC_CGROUP_PEAK);
        if (environment_matches_by_bounds(&key, &runs[i]))
            runs[i].peak.source = key.source;
    }
    if (baseline_accept(baseline, runs, a->count, &acceptance, err) < 0)
        return -1;
    baseline->environments[0].peak_at_most = steal_ptr(at_most);
    return 0;
}

/* Accepts the first side as a baseline, and judges the second by it. */
static void judge_sets(const struct comparison_side *a, const struct comparison_side *b,
                       struct judgement *judgement)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct baseline baseline CLEANUP(baseline_release) = {0};
    bool imported = measurement_is_imported(&a->runs[0]);
    if (accept_side(a, b, &baseline, &err) < 0) {
        judgement->verdict = VERDICT_INCONCLUSIVE;
        judgement->baseline_path = xstrdup(a->name);
        judgement->reason = xasprintf("%s cannot serve as a baseline: %s", a->name, err.message);
        judgement->advice = advice_text(imported ? ADVICE_MORE_IMPORTS : ADVICE_MORE_RUNS, NULL);
        return;
    }
    judge(&baseline, a->name, b->runs, b->count, false, judgement);
    reword(judgement, a, b);
    bool differ = judgement->verdict == VERDICT_IMPROVED || judgement->verdict == VERDICT_REGRESSED;
    if (differ && a->count == 1 && b->count == 1)
        replace(&judgement->advice,
                advice_text(imported ? ADVICE_MORE_IMPORTS : ADVICE_SINGLE_RUNS, NULL));
}

void compare_sets(const struct comparison_side *a, const struct comparison_side *b,
                  struct comparison *comparison)
{
    *comparison = (struct comparison){.sides = {*a, *b}};
    judgement_init(&comparison->judgement);
    judge_sets(a, b, &comparison->judgement);
    add_metrics(comparison);
    add_processes(comparison);
    comparison->drift = drift_between(&a->runs[0], &b->runs[0]);
}

void compare_judged(const struct comparison_side *a, const struct comparison_side *b,
                    struct judgement *judgement, struct comparison *comparison)
{
    *comparison = (struct comparison){.sides = {*a, *b}, .judgement = *judgement};
    judgement_init(judgement);
    add_metrics(comparison);
    add_processes(comparison);
    if (a->count)
        comparison->drift = drift_between(&a->runs[0], &b->runs[0]);
}

void compare_with_baseline(const struct baseline *baseline, const char *baseline_path,
                           const char *refresh_arguments, const struct comparison_side *b,
                           struct comparison *comparison)
{
    *comparison = (struct comparison){.sides = {{.name = baseline_path}, *b}};
    bool by_bounds;
    comparison->sides[0].entry = baseline_find_common(baseline, b->runs, b->count, &by_bounds);
    judgement_init(&comparison->judgement);
    comparison->judgement.refresh_arguments = xstrdup(refresh_arguments);
    judge(baseline, baseline_path, b->runs, b->count, false, &comparison->judgement);
    add_metrics(comparison);
    add_processes(comparison);
}

/* ---- JSON ---- */

static void add_side(cJSON *root, const char *key, const struct comparison_side *side)
{
    cJSON *object = json_add_object(root, key);
    json_add_text(object, "name", side->name);
    json_add_text(object, "kind", side->count ? "results" : "baseline");
    json_add_text(object, "source",
                  side->count   ? side->runs[0].peak.source
                  : side->entry ? side->entry->key.source
                                : NULL);
    cJSON *labels = json_add_array(object, "labels");
    for (size_t i = 0; i < side->count; i++) {
        char *label CLEANUP(cleanup_free) = text_valid_utf8(side->runs[i].label);
        cJSON_AddItemToArray(labels, cJSON_CreateString(label));
    }
}

/* `processes`: how many the group has; UNMEASURED for a metric. */
static void add_run_values(cJSON *row, const char *key, const struct run_values *values,
                           int64_t processes)
{
    if (!values->count) {
        cJSON_AddNullToObject(row, key);
        return;
    }
    cJSON *object = json_add_object(row, key);
    if (processes >= 0)
        json_add_integer(object, "processes", processes);
    json_add_integer(object, "median", run_values_median(values));
    cJSON *array = json_add_array(object, "values");
    for (size_t i = 0; i < values->count; i++)
        cJSON_AddItemToArray(array, json_new_integer(values->values[i]));
}

static void add_row_figures(cJSON *object, const struct comparison_row *row)
{
    int64_t a = run_values_median(&row->sides[0]), b = run_values_median(&row->sides[1]);
    json_add_text(object, "change", change_name(row_change(row)));
    if (a >= 0 && b >= 0)
        json_add_integer(object, "delta", b - a);
    else
        cJSON_AddNullToObject(object, "delta");
    add_run_values(object, "a", &row->sides[0], row->processes[0]);
    add_run_values(object, "b", &row->sides[1], row->processes[1]);
}

static void add_metrics_json(cJSON *root, const struct comparison *comparison)
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

static void add_processes_json(cJSON *root, const struct comparison *comparison)
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
    add_metrics_json(root, comparison);
    add_processes_json(root, comparison);
    json_add_text(root, "drift", comparison->drift);
    return json_print(root, 1);
}
