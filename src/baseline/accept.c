#include "baseline/baseline.h"

#include "base/alloc.h"
#include "base/units.h"
#include "baseline/disturbed.h"
#include "measurement/advice.h"
#include "measurement/environment.h"
#include "measurement/likeness.h"
#include "measurement/validity.h"

#include <math.h>
#include <string.h>

/* How far all refreshes together may raise a metric above its anchor. */
#define ANCHOR_PERCENT 15

/* One refresh: the runs that replace `old`. */
struct refresh {
    const struct measurement *runs;
    size_t run_count;
    const struct acceptance *acceptance;
    const struct baseline_environment
        *old; /* NULL: the baseline has no entry for the environment */
};

static int refuse_bad_run(const struct measurement *m, struct bm_error *err)
{
    char *reason CLEANUP(cleanup_free) = NULL, *advice CLEANUP(cleanup_free) = NULL;
    if (run_validity(m, &reason, &advice) == RUN_VALID) {
        if (!need_is_unknown(m))
            return 0;
        reason = at_limit_reason(m);
        advice = advice_text(ADVICE_RAISE_LIMIT, NULL);
    }
    return bm_error_set(err, "run \"%s\" cannot be accepted: %s; %s", m->label ? m->label : "",
                        reason, advice);
}

static int refuse_unknown_environment(const struct measurement *m, struct bm_error *err)
{
    const struct environment_key key = environment_key_of(m);
    if (key.source && key.architecture && key.image && (key.cpus > 0 || measurement_is_imported(m)))
        return 0;
    return bm_error_set(err,
                        "run \"%s\" cannot be accepted: its result does not name the environment "
                        "that it was measured in",
                        m->label ? m->label : "");
}

static int refuse_unlike_run(const struct measurement *first, const struct measurement *m,
                             struct bm_error *err)
{
    const struct environment_key a = environment_key_of(first), b = environment_key_of(m);
    if (environment_key_equal(&a, &b))
        return 0;
    const char *label_a = first->label ? first->label : "the first";
    const char *label_b = m->label ? m->label : "another";
    bool is_bounded = environment_matches_by_bounds(&a, m);
    if (is_bounded || environment_matches_by_bounds(&b, first))
        return bm_error_set(
            err,
            "the peak counter of the cgroup could not be reset before run \"%s\", so "
            "that its memory peak is estimated; measure each run in a new container",
            is_bounded ? label_b : label_a);
    char *in_a CLEANUP(cleanup_free) = xasprintf("in \"%s\"", label_a);
    char *in_b CLEANUP(cleanup_free) = xasprintf("in \"%s\"", label_b);
    char *difference CLEANUP(cleanup_free) = environment_key_difference(&a, in_a, &b, in_b, NULL);
    return bm_error_set(err,
                        "the runs were measured in different environments and cannot be accepted "
                        "together: %s; accept them one environment at a time",
                        difference);
}

/* A median of a full build and of replays of its cache describes neither. */
static int refuse_unlike_work(const struct refresh *refresh, struct bm_error *err)
{
    char *unlike CLEANUP(cleanup_free) = unlike_runs(refresh->runs, refresh->run_count);
    if (!unlike)
        return 0;
    char *advice CLEANUP(cleanup_free) = advice_text(ADVICE_CLEAR_CACHE, NULL);
    return bm_error_set(err, "%s; %s", unlike, advice);
}

/* If each run replays the cache, the runs are alike, and only the old entry shows the difference. A
 * new entry is compared with one without figures, which has no cached steps. */
static int refuse_less_work(const struct refresh *refresh, struct bm_error *err)
{
    static const struct baseline_environment none;
    const char *reason = refresh->acceptance->reason;
    char *less CLEANUP(cleanup_free) = reason && *reason
                                           ? NULL
                                           : baseline_less_work(refresh->old ? refresh->old : &none,
                                                                refresh->runs, refresh->run_count);
    if (!less)
        return 0;
    char *advice CLEANUP(cleanup_free) = advice_text(ADVICE_CLEAR_CACHE, NULL);
    return bm_error_set(err,
                        "%s; %s; if the build does the same work with less memory, add "
                        "--reason TEXT",
                        less, advice);
}

/* A starved run has a lower peak, so that later checks would raise false alarms. */
static int refuse_disturbed(const struct refresh *refresh, struct bm_error *err)
{
    const struct usual_run usual = usual_of_runs(refresh->runs, refresh->run_count);
    for (size_t i = 0; i < refresh->run_count; i++) {
        char *reason CLEANUP(cleanup_free) = disturbed_reason(&usual, &refresh->runs[i]);
        if (reason)
            return bm_error_set(err,
                                "run \"%s\" cannot be accepted: the machine disturbed it: %s; "
                                "measure again on a quiet machine",
                                refresh->runs[i].label ? refresh->runs[i].label : "", reason);
    }
    return 0;
}

static int check_runs(const struct refresh *refresh, struct bm_error *err)
{
    for (size_t i = 0; i < refresh->run_count; i++)
        if (refuse_bad_run(&refresh->runs[i], err) < 0 ||
            refuse_unknown_environment(&refresh->runs[i], err) < 0 ||
            refuse_unlike_run(&refresh->runs[0], &refresh->runs[i], err) < 0)
            return -1;
    return refuse_unlike_work(refresh, err) < 0 ? -1 : refuse_disturbed(refresh, err);
}

static void collect_values(const struct refresh *refresh, struct baseline_metric *metric)
{
    metric->values = xcalloc(refresh->run_count, sizeof *metric->values);
    for (size_t i = 0; i < refresh->run_count; i++) {
        int64_t value = metric_value(&refresh->runs[i], metric->name);
        if (value >= 0)
            metric->values[metric->count++] = value;
    }
}

/* All or none: they belong to the durations of the same runs. */
static void collect_cpu_times(const struct refresh *refresh, struct baseline_environment *entry)
{
    for (size_t i = 0; i < refresh->run_count; i++)
        if (refresh->runs[i].build.cpu_ms < 0)
            return;
    entry->cpu_ms = xcalloc(refresh->run_count, sizeof *entry->cpu_ms);
    for (size_t i = 0; i < refresh->run_count; i++)
        entry->cpu_ms[entry->cpu_count++] = refresh->runs[i].build.cpu_ms;
}

static size_t runs_that_show(const struct refresh *refresh, const char *metric)
{
    size_t count = 0;
    for (size_t i = 0; i < refresh->run_count; i++)
        count += run_has_metric(&refresh->runs[i], metric);
    return count;
}

/* A stage that only some runs have would make later checks fail. A stage that every run has needs
 * no measurement in each. */
static int refuse_intermittent(const struct refresh *refresh, const struct baseline_metric *metric,
                               struct bm_error *err)
{
    size_t shown = runs_that_show(refresh, metric->name);
    if (shown == refresh->run_count)
        return 0;
    char *label CLEANUP(cleanup_free) = metric_label(metric->name);
    return bm_error_set(err,
                        "%s was seen in only %zu of %zu runs; measure again with a shorter "
                        "--interval-ms, or correct the stage's pattern",
                        label, shown, refresh->run_count);
}

static int refuse_noise(const struct baseline_metric *metric, struct bm_error *err)
{
    if (metric->tolerance.level != LEVEL_FAIL ||
        !tolerance_too_noisy(&metric->tolerance, metric->values, metric->count))
        return 0;
    int64_t centre = median_of(metric->values, metric->count);
    int64_t noise = noise_for_acceptance(metric->values, metric->count);
    char *centre_text CLEANUP(cleanup_free) = metric_figure(metric->name, centre);
    char *noise_text CLEANUP(cleanup_free) = metric_figure(metric->name, noise);
    return bm_error_set(
        err,
        "%s is too noisy for a baseline: the runs would need a tolerance of %s "
        "(%.1f %%) around %s; make the build steadier (--cache warm, a fixed number "
        "of workers, a --memory limit), then measure again",
        metric->name, noise_text, (double)noise * 100 / (double)centre, centre_text);
}

static int refuse_raise(const struct refresh *refresh, const struct baseline_metric *old,
                        const struct baseline_metric *metric, struct bm_error *err)
{
    const struct acceptance *acceptance = refresh->acceptance;
    int64_t before = median_of(old->values, old->count);
    int64_t after = median_of(metric->values, metric->count);
    int64_t slack = tolerance_slack(&old->tolerance, old->values, old->count);
    if (after <= before + slack / 2)
        return 0;
    if (acceptance->allow_increase && acceptance->reason && *acceptance->reason)
        return 0;
    char *label CLEANUP(cleanup_free) = metric_label(metric->name);
    char *from CLEANUP(cleanup_free) = metric_figure(metric->name, before);
    char *to CLEANUP(cleanup_free) = metric_figure(metric->name, after);
    char *step CLEANUP(cleanup_free) = metric_step(metric->name, before, after);
    return bm_error_set(
        err, "%s rises from %s to %s, %s; if this increase is intended, add %s", label, from, to,
        step, acceptance->allow_increase ? "--reason TEXT" : "--allow-increase --reason TEXT");
}

static int refuse_above_anchor(const struct baseline_metric *metric, struct bm_error *err)
{
    int64_t centre = median_of(metric->values, metric->count);
    int64_t most = llround((double)metric->anchor * (100 + ANCHOR_PERCENT) / 100);
    if (metric->tolerance.level != LEVEL_FAIL || centre <= most)
        return 0;
    char *now CLEANUP(cleanup_free) = metric_figure(metric->name, centre);
    char *anchor CLEANUP(cleanup_free) = metric_figure(metric->name, metric->anchor);
    char *step CLEANUP(cleanup_free) = metric_step(metric->name, metric->anchor, centre);
    return bm_error_set(err,
                        "%s of %s exceeds the anchor of %s by more than %d %%: %s; a refresh "
                        "cannot raise the anchor: if this increase is intended, set \"anchor\" of "
                        "%s to %lld in the baseline file",
                        metric->name, now, anchor, ANCHOR_PERCENT, step, metric->name,
                        (long long)centre);
}

/* One run that a neighbour disturbed must not stop the check of the memory peak. */
static bool all_are_cut_off(const struct refresh *refresh)
{
    for (size_t i = 0; i < refresh->run_count; i++)
        if (!peak_is_cut_off(&refresh->runs[i]))
            return false;
    return true;
}

/* Without an entry, a metric starts with its default. In a job whose limit is full of page cache
 * the memory peak means little, so the unreclaimable peak is judged. */
static struct tolerance first_tolerance(const struct refresh *refresh, const char *metric)
{
    struct tolerance tolerance = tolerance_default(metric);
    if (all_are_cut_off(refresh) && strcmp(metric, METRIC_CGROUP_PEAK) == 0)
        tolerance.level = LEVEL_OFF;
    if (all_are_cut_off(refresh) && strcmp(metric, METRIC_UNRECLAIMABLE_PEAK) == 0)
        tolerance.level = LEVEL_FAIL;
    return tolerance;
}

/* A lower bound must not replace the accepted values. */
static int refuse_cut_off(const struct refresh *refresh, const struct baseline_metric *metric,
                          struct bm_error *err)
{
    for (size_t i = 0; strcmp(metric->name, METRIC_CGROUP_PEAK) == 0 && i < refresh->run_count;
         i++) {
        if (!peak_is_cut_off(&refresh->runs[i]))
            continue;
        char *reason CLEANUP(cleanup_free) = cut_off_reason(&refresh->runs[i]);
        return bm_error_set(
            err,
            "%s; measure again, raise the limit, or set the level of cgroup_peak to \"off\" and "
            "that of unreclaimable_peak to \"fail\" in the baseline file",
            reason);
    }
    return 0;
}

static int check_metric(const struct refresh *refresh, const struct baseline_metric *old,
                        const struct baseline_metric *metric, struct bm_error *err)
{
    if (metric->tolerance.level == LEVEL_OFF)
        return 0;
    if (refuse_intermittent(refresh, metric, err) < 0 || refuse_noise(metric, err) < 0)
        return -1;
    if (refuse_cut_off(refresh, metric, err) < 0)
        return -1;
    if (!old)
        return 0;
    if (refuse_raise(refresh, old, metric, err) < 0)
        return -1;
    return refuse_above_anchor(metric, err);
}

static char *copy_text(const char *text)
{
    return text ? xstrdup(text) : NULL;
}

/* The anchor follows an improvement downwards. Otherwise many small steps could undo it without a
 * refusal. A metric that is not judged may be a lower bound, as a memory peak at a limit is. */
static int64_t anchor_for(const struct baseline_metric *old, const struct baseline_metric *metric)
{
    int64_t centre = median_of(metric->values, metric->count);
    if (!old)
        return centre;
    return metric->tolerance.level != LEVEL_OFF && centre < old->anchor ? centre : old->anchor;
}

static int add_metric(const struct refresh *refresh, const char *name,
                      struct baseline_environment *entry, struct bm_error *err)
{
    const struct baseline_metric *old =
        refresh->old ? baseline_metric_find(refresh->old, name) : NULL;
    entry->metrics = xgrow(entry->metrics, entry->count, sizeof *entry->metrics);
    struct baseline_metric *metric = &entry->metrics[entry->count++];
    *metric = (struct baseline_metric){
        .name = xstrdup(name), .tolerance = old ? old->tolerance : first_tolerance(refresh, name)};
    collect_values(refresh, metric);
    metric->anchor = anchor_for(old, metric);
    if (old) {
        metric->absolute_text = copy_text(old->absolute_text);
        metric->budget_text = copy_text(old->budget_text);
        if (metric->anchor == old->anchor)
            metric->anchor_text = copy_text(old->anchor_text);
    }
    return check_metric(refresh, old, metric, err);
}

static struct baseline_metric copy_metric(const struct baseline_metric *metric)
{
    struct baseline_metric copy = *metric;
    copy.name = xstrdup(metric->name);
    copy.absolute_text = copy_text(metric->absolute_text);
    copy.budget_text = copy_text(metric->budget_text);
    copy.anchor_text = copy_text(metric->anchor_text);
    copy.values = xcalloc(metric->count, sizeof *copy.values);
    memcpy(copy.values, metric->values, metric->count * sizeof *copy.values);
    return copy;
}

/* A metric that the runs have without a value keeps its entry: a refresh must not stop its check.
 */
static void keep_unmeasured(const struct refresh *refresh, struct baseline_environment *entry)
{
    for (size_t i = 0; refresh->old && i < refresh->old->count; i++) {
        const struct baseline_metric *old = &refresh->old->metrics[i];
        if (baseline_metric_find(entry, old->name) || !runs_that_show(refresh, old->name))
            continue;
        entry->metrics = xgrow(entry->metrics, entry->count, sizeof *entry->metrics);
        entry->metrics[entry->count++] = copy_metric(old);
    }
}

/* A stage may be removed with its code; a metric of the whole build may not. */
static int refuse_lost_metric(const struct refresh *refresh,
                              const struct baseline_environment *entry, struct bm_error *err)
{
    for (size_t i = 0; refresh->old && i < refresh->old->count; i++) {
        const struct baseline_metric *old = &refresh->old->metrics[i];
        if (old->tolerance.level != LEVEL_OFF && !metric_stage(old->name) &&
            !baseline_metric_find(entry, old->name))
            return bm_error_set(
                err,
                "the baseline judges %s, but the runs have no value for it; to stop "
                "judging it, set its level to \"off\"",
                old->name);
    }
    return 0;
}

static void all_metric_names(const struct refresh *refresh, struct strv *names)
{
    for (size_t i = 0; i < refresh->run_count; i++) {
        struct strv of_run = {0};
        metric_names(&refresh->runs[i], &of_run);
        for (size_t j = 0; j < of_run.count; j++)
            if (!strv_contains(names, of_run.items[j]))
                strv_push(names, of_run.items[j]);
        strv_release(&of_run);
    }
}

/* Builds the entry after the refresh; the caller releases it, also on error. */
static int build_entry(const struct refresh *refresh, struct baseline_environment *entry,
                       struct bm_error *err)
{
    const struct environment_key key = environment_key_of(&refresh->runs[0]);
    *entry = (struct baseline_environment){
        .key = {.source = xstrdup(key.source),
                .limit_bytes = key.limit_bytes,
                .architecture = xstrdup(key.architecture),
                .cpus = key.cpus,
                .image = xstrdup(key.image),
                .cache_policy = key.cache_policy},
        .accepted_at = xstrdup(refresh->acceptance->at),
        .accepted_commit = copy_text(refresh->acceptance->commit),
        .accepted_by = copy_text(refresh->acceptance->by),
        .accepted_reason = copy_text(refresh->acceptance->reason),
        .measured_on = xcalloc(1, sizeof *entry->measured_on),
        .cached_steps = refresh->runs[0].build.cached_steps,
    };
    drift_copy(&refresh->runs[refresh->run_count - 1].environment, entry->measured_on);
    entry->disturbance = xcalloc(refresh->run_count, sizeof *entry->disturbance);
    for (size_t i = 0; i < refresh->run_count; i++)
        entry->disturbance[entry->disturbance_count++] = refresh->runs[i].disturbance;
    collect_cpu_times(refresh, entry);
    struct strv names CLEANUP(strv_release) = {0};
    all_metric_names(refresh, &names);
    for (size_t i = 0; i < names.count; i++)
        if (add_metric(refresh, names.items[i], entry, err) < 0)
            return -1;
    keep_unmeasured(refresh, entry);
    return refuse_lost_metric(refresh, entry, err);
}

static void put_entry(struct baseline *baseline, struct baseline_environment *place,
                      struct baseline_environment *entry)
{
    if (place) {
        baseline_environment_release(place);
    } else {
        baseline->environments =
            xgrow(baseline->environments, baseline->count, sizeof *baseline->environments);
        place = &baseline->environments[baseline->count++];
    }
    *place = *entry;
}

int baseline_accept(struct baseline *baseline, const struct measurement *runs, size_t run_count,
                    const struct acceptance *acceptance, struct bm_error *err)
{
    if (run_count == 0)
        return bm_error_set(err, "no run to accept");
    struct refresh refresh = {.runs = runs, .run_count = run_count, .acceptance = acceptance};
    if (check_runs(&refresh, err) < 0)
        return -1;

    struct baseline_environment *place = baseline_find(baseline, &runs[0]);
    refresh.old = place;
    if (refuse_less_work(&refresh, err) < 0)
        return -1;
    struct baseline_environment entry;
    if (build_entry(&refresh, &entry, err) < 0) {
        baseline_environment_release(&entry);
        return -1;
    }
    put_entry(baseline, place, &entry);
    return 0;
}
