#include "trend/trend.h"

#include "base/alloc.h"
#include "base/json_write.h"
#include "base/units.h"
#include "measurement/metric.h"
#include "measurement/validity.h"

#include <math.h>
#include <string.h>

/* ---- release ---- */

static void metric_release(struct trend_metric *metric)
{
    free(metric->name);
    free(metric->values);
    free(metric->measured);
    free(metric->plateaus);
    segments_release(&metric->segments);
}

static void series_release_one(struct trend_series *series)
{
    for (size_t i = 0; i < series->commit_count; i++) {
        free(series->commits[i].name);
        free(series->commits[i].started_at);
    }
    for (size_t i = 0; i < series->metric_count; i++)
        metric_release(&series->metrics[i]);
    free(series->commits);
    free(series->metrics);
    free(series->environment);
}

void trend_release(struct trend *trend)
{
    for (size_t i = 0; i < trend->count; i++)
        series_release_one(&trend->series[i]);
    for (size_t i = 0; i < trend->failure_count; i++) {
        free(trend->failures[i].commit);
        free(trend->failures[i].started_at);
        free(trend->failures[i].label);
        free(trend->failures[i].reason);
    }
    free(trend->series);
    free(trend->failures);
    *trend = (struct trend){0};
}

/* ---- the order of the runs ---- */

/* A run with its place: by topology, then by time. */
struct placed {
    const struct measurement *m;
    size_t place; /* in the order; SIZE_MAX: unknown */
};

static const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

/* "3f2a-dirty" is a state after the commit 3f2a. */
static size_t place_of(const struct strv *order, const char *commit)
{
    size_t length = commit ? strcspn(commit, "-") : 0;
    for (size_t i = 0; length && i < order->count; i++)
        if (strncmp(order->items[i], commit, length) == 0)
            return i;
    return SIZE_MAX;
}

static int by_time(const void *left, const void *right)
{
    const struct placed *a = left, *b = right;
    return strcmp(text_or_empty(a->m->started_at), text_or_empty(b->m->started_at));
}

static int by_place(const void *left, const void *right)
{
    const struct placed *a = left, *b = right;
    return a->place != b->place ? (a->place > b->place) - (a->place < b->place) : by_time(a, b);
}

/* Commits of another branch, or of no repository, have no place. A comparison that mixes places and
 * times is not transitive, so without a place for each commit all are ordered by time. */
static struct placed *ordered(const struct measurement *runs, size_t count,
                              const struct strv *order)
{
    struct placed *placed = xcalloc(count, sizeof *placed);
    bool complete = true;
    for (size_t i = 0; i < count; i++) {
        placed[i] = (struct placed){&runs[i], place_of(order, runs[i].commit)};
        complete = complete && placed[i].place != SIZE_MAX;
    }
    if (count)
        qsort(placed, count, sizeof *placed, complete ? by_place : by_time);
    return placed;
}

/* ---- the values ---- */

static bool same_commit(const struct measurement *a, const struct measurement *b)
{
    return a->commit && b->commit && strcmp(a->commit, b->commit) == 0;
}

/* Returns the index of the commit in `firsts`, which has the first run of each; or `count`. */
static size_t commit_index(const struct measurement *const *firsts, size_t count,
                           const struct measurement *m)
{
    size_t i = 0;
    while (i < count && firsts[i] != m && !same_commit(firsts[i], m))
        i++;
    return i;
}

static struct trend_value value_of(const int64_t *values, size_t count)
{
    struct trend_value value = {UNMEASURED, UNMEASURED, UNMEASURED};
    if (!count)
        return value;
    value = (struct trend_value){median_of(values, count), values[0], values[0]};
    for (size_t i = 1; i < count; i++) {
        value.low = values[i] < value.low ? values[i] : value.low;
        value.high = values[i] > value.high ? values[i] : value.high;
    }
    return value;
}

/* The runs of one environment, in order, with the index of their commit. */
struct group {
    const struct measurement **runs;
    size_t *commits;
    size_t count;
};

static void collect_metric(const struct group *group, struct trend_series *series, const char *name)
{
    series->metrics = xgrow(series->metrics, series->metric_count, sizeof *series->metrics);
    struct trend_metric *metric = &series->metrics[series->metric_count++];
    *metric = (struct trend_metric){.name = xstrdup(name)};
    metric->values = xcalloc(series->commit_count, sizeof *metric->values);
    metric->measured = xcalloc(series->commit_count, sizeof *metric->measured);
    int64_t *of_commit CLEANUP(cleanup_free) = xcalloc(group->count, sizeof *of_commit);
    for (size_t c = 0; c < series->commit_count; c++) {
        size_t count = 0;
        for (size_t i = 0; i < group->count; i++) {
            int64_t value = group->commits[i] == c ? metric_value(group->runs[i], name) : -1;
            if (value >= 0)
                of_commit[count++] = value;
        }
        metric->values[c] = value_of(of_commit, count);
        if (count)
            metric->measured[metric->measured_count++] = c;
    }
}

/* The scatter around the plateaus as a share of the last plateau: three standard deviations. */
static double proposed_percent(const struct trend_metric *metric, const int64_t *medians)
{
    int64_t plateau = trend_plateau(metric);
    if (metric->measured_count < TREND_COMMITS_FOR_TOLERANCE || plateau <= 0)
        return -1;
    int64_t *distances CLEANUP(cleanup_free) = xcalloc(metric->measured_count, sizeof *distances);
    size_t segment = 0;
    for (size_t i = 0; i < metric->measured_count; i++) {
        if (segment + 1 < metric->segments.count && i >= metric->segments.starts[segment + 1])
            segment++;
        distances[i] = medians[i] - metric->plateaus[segment];
    }
    double noise = (double)noise_of(distances, metric->measured_count) * 100 / (double)plateau;
    return fmax(1, ceil(2 * noise) / 2);
}

static void find_change_points(struct trend_metric *metric,
                               const struct baseline_environment *entry)
{
    int64_t *medians CLEANUP(cleanup_free) = xcalloc(metric->measured_count, sizeof *medians);
    for (size_t i = 0; i < metric->measured_count; i++)
        medians[i] = metric->values[metric->measured[i]].median;
    metric->segments = find_segments(medians, metric->measured_count);
    metric->plateaus = xcalloc(metric->segments.count, sizeof *metric->plateaus);
    for (size_t s = 0; s < metric->segments.count; s++) {
        size_t start = metric->segments.starts[s];
        size_t end = s + 1 < metric->segments.count ? metric->segments.starts[s + 1]
                                                    : metric->measured_count;
        metric->plateaus[s] = median_of(medians + start, end - start);
    }
    const struct baseline_metric *accepted =
        entry ? baseline_metric_find(entry, metric->name) : NULL;
    metric->anchor_is_accepted = accepted != NULL;
    metric->anchor = accepted ? accepted->anchor : metric->plateaus[0];
    metric->proposed_percent = proposed_percent(metric, medians);
}

static void collect_commits(struct group *group, struct trend_series *series)
{
    const struct measurement **firsts CLEANUP(cleanup_free) = xcalloc(group->count, sizeof *firsts);
    for (size_t i = 0; i < group->count; i++) {
        const struct measurement *m = group->runs[i];
        size_t c = commit_index(firsts, series->commit_count, m);
        if (c == series->commit_count) {
            series->commits = xgrow(series->commits, series->commit_count, sizeof *series->commits);
            series->commits[series->commit_count] =
                (struct trend_commit){.name = m->commit ? xstrdup(m->commit) : NULL,
                                      .started_at = xstrdup(text_or_empty(m->started_at))};
            firsts[series->commit_count++] = m;
        }
        series->commits[c].runs++;
        group->commits[i] = c;
    }
}

/* Keeps the last commits. The runs of dropped ones have no commit. */
static void drop_old_commits(struct group *group, struct trend_series *series)
{
    if (series->commit_count <= TREND_COMMITS_MAX)
        return;
    size_t dropped = series->dropped_commits = series->commit_count - TREND_COMMITS_MAX;
    for (size_t c = 0; c < dropped; c++) {
        free(series->commits[c].name);
        free(series->commits[c].started_at);
    }
    memmove(series->commits, series->commits + dropped,
            TREND_COMMITS_MAX * sizeof *series->commits);
    series->commit_count = TREND_COMMITS_MAX;
    for (size_t i = 0; i < group->count; i++)
        group->commits[i] = group->commits[i] < dropped ? SIZE_MAX : group->commits[i] - dropped;
}

static void mark_accepted(const struct baseline_environment *entry, struct trend_series *series)
{
    for (size_t c = 0; entry && entry->accepted_commit && c < series->commit_count; c++)
        if (series->commits[c].name && strcmp(series->commits[c].name, entry->accepted_commit) == 0)
            series->commits[c].accepted = entry;
}

static void make_series(struct group *group, const struct baseline *baseline,
                        struct trend_series *series)
{
    const struct baseline_environment *entry =
        baseline ? baseline_find(baseline, group->runs[0]) : NULL;
    const struct environment_key key = environment_key_of(group->runs[0]);
    struct strv names CLEANUP(strv_release) = {0};
    series->environment = environment_key_text(&key);
    collect_commits(group, series);
    drop_old_commits(group, series);
    mark_accepted(entry, series);
    for (size_t i = 0; i < group->count; i++) {
        struct strv of_run CLEANUP(strv_release) = {0};
        metric_names(group->runs[i], &of_run);
        for (size_t k = 0; group->commits[i] != SIZE_MAX && k < of_run.count; k++)
            if (!strv_contains(&names, of_run.items[k]))
                strv_push(&names, of_run.items[k]);
    }
    for (size_t i = 0; i < names.count; i++) {
        collect_metric(group, series, names.items[i]);
        find_change_points(&series->metrics[i], entry);
    }
}

/* ---- the trend ---- */

/* A run that failed, or was not measured, or reached its limit is listed. Returns whether it is. */
static bool list_failure(const struct measurement *m, struct trend *trend)
{
    char *reason CLEANUP(cleanup_free) = NULL, *advice CLEANUP(cleanup_free) = NULL;
    if (run_validity(m, &reason, &advice) == RUN_VALID) {
        if (!need_is_unknown(m))
            return false;
        reason = at_limit_reason(m);
    }
    trend->failures = xgrow(trend->failures, trend->failure_count, sizeof *trend->failures);
    trend->failures[trend->failure_count++] =
        (struct trend_failure){.commit = m->commit ? xstrdup(m->commit) : NULL,
                               .started_at = xstrdup(text_or_empty(m->started_at)),
                               .label = xstrdup(text_or_empty(m->label)),
                               .reason = steal_ptr(reason)};
    return true;
}

void trend_make(const struct measurement *runs, size_t run_count, const struct strv *order,
                const struct baseline *baseline, struct trend *trend)
{
    *trend = (struct trend){0};
    struct placed *placed CLEANUP(cleanup_free) = ordered(runs, run_count, order);
    bool *done CLEANUP(cleanup_free) = xcalloc(run_count, sizeof *done);
    for (size_t i = 0; i < run_count; i++)
        done[i] = list_failure(placed[i].m, trend);
    for (size_t i = 0; i < run_count; i++) {
        if (done[i])
            continue;
        struct group group = {.runs = xcalloc(run_count, sizeof *group.runs),
                              .commits = xcalloc(run_count, sizeof *group.commits)};
        const struct environment_key key = environment_key_of(placed[i].m);
        for (size_t k = i; k < run_count; k++) {
            const struct environment_key other = environment_key_of(placed[k].m);
            /* An unknown environment equals none, not even itself. */
            if (done[k] || (k != i && !environment_key_equal(&key, &other)))
                continue;
            done[k] = true;
            group.runs[group.count++] = placed[k].m;
        }
        trend->series = xgrow(trend->series, trend->count, sizeof *trend->series);
        trend->series[trend->count] = (struct trend_series){0};
        make_series(&group, baseline, &trend->series[trend->count++]);
        free(group.runs);
        free(group.commits);
    }
}

const struct trend_commit *trend_change_point_commit(const struct trend_series *series,
                                                     const struct trend_metric *metric,
                                                     size_t segment)
{
    return &series->commits[metric->measured[metric->segments.starts[segment]]];
}

int64_t trend_plateau(const struct trend_metric *metric)
{
    return metric->plateaus[metric->segments.count - 1];
}

char *trend_commit_text(const struct trend_commit *commit)
{
    return commit->name ? xasprintf("%.12s", commit->name) : xstrdup(commit->started_at);
}

/* ---- the file ---- */

static void add_metric_json(cJSON *array, const struct trend_series *series,
                            const struct trend_metric *metric)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddItemToArray(array, object);
    json_add_text(object, "name", metric->name);
    json_add_text(object, "unit", metric_unit(metric->name));
    json_add_integer(object, "anchor", metric->anchor);
    cJSON_AddBoolToObject(object, "anchor_is_accepted", metric->anchor_is_accepted);
    json_add_integer(object, "plateau", trend_plateau(metric));
    json_add_integer(object, "creep", trend_plateau(metric) - metric->anchor);
    if (metric->proposed_percent < 0)
        cJSON_AddNullToObject(object, "proposed_percent");
    else
        json_add_number(object, "proposed_percent", metric->proposed_percent);
    cJSON *points = json_add_array(object, "change_points");
    for (size_t s = 1; s < metric->segments.count; s++) {
        cJSON *point = cJSON_CreateObject();
        cJSON_AddItemToArray(points, point);
        json_add_text(point, "commit", trend_change_point_commit(series, metric, s)->name);
        json_add_integer(point, "index", (int64_t)metric->measured[metric->segments.starts[s]]);
        json_add_integer(point, "before", metric->plateaus[s - 1]);
        json_add_integer(point, "after", metric->plateaus[s]);
    }
    cJSON *values = json_add_array(object, "values");
    for (size_t c = 0; c < series->commit_count; c++) {
        cJSON *value = cJSON_CreateObject();
        cJSON_AddItemToArray(values, value);
        json_add_measured(value, "median", metric->values[c].median);
        json_add_measured(value, "low", metric->values[c].low);
        json_add_measured(value, "high", metric->values[c].high);
    }
}

static void add_series_json(cJSON *array, const struct trend_series *series)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddItemToArray(array, object);
    json_add_text(object, "environment", series->environment);
    json_add_integer(object, "dropped_commits", (int64_t)series->dropped_commits);
    cJSON *commits = json_add_array(object, "commits");
    for (size_t c = 0; c < series->commit_count; c++) {
        const struct trend_commit *commit = &series->commits[c];
        cJSON *item = cJSON_CreateObject();
        cJSON_AddItemToArray(commits, item);
        json_add_text(item, "commit", commit->name);
        json_add_text(item, "started_at", commit->started_at);
        json_add_integer(item, "runs", (int64_t)commit->runs);
        cJSON_AddBoolToObject(item, "accepted", commit->accepted != NULL);
        json_add_text(item, "reason", commit->accepted ? commit->accepted->accepted_reason : NULL);
    }
    cJSON *metrics = json_add_array(object, "metrics");
    for (size_t i = 0; i < series->metric_count; i++)
        add_metric_json(metrics, series, &series->metrics[i]);
}

char *trend_to_json(const struct trend *trend)
{
    cJSON *root CLEANUP(cleanup_cjson) = cJSON_CreateObject();
    json_add_integer(root, "schema_version", TREND_SCHEMA_VERSION);
    cJSON *series = json_add_array(root, "series");
    for (size_t i = 0; i < trend->count; i++)
        add_series_json(series, &trend->series[i]);
    cJSON *failures = json_add_array(root, "failures");
    for (size_t i = 0; i < trend->failure_count; i++) {
        cJSON *failure = cJSON_CreateObject();
        cJSON_AddItemToArray(failures, failure);
        json_add_text(failure, "commit", trend->failures[i].commit);
        json_add_text(failure, "started_at", trend->failures[i].started_at);
        json_add_text(failure, "label", trend->failures[i].label);
        json_add_text(failure, "reason", trend->failures[i].reason);
    }
    return json_print(root, 1);
}
