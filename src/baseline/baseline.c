#include "baseline/baseline.h"

#include "base/alloc.h"
#include "base/units.h"
#include "measurement/image_name.h"
#include "measurement/likeness.h"

#include <inttypes.h>
#include <string.h>

static void metric_release(struct baseline_metric *metric)
{
    free(metric->name);
    free(metric->absolute_text);
    free(metric->budget_text);
    free(metric->anchor_text);
    free(metric->values);
}

void baseline_environment_release(struct baseline_environment *entry)
{
    for (size_t i = 0; i < entry->count; i++)
        metric_release(&entry->metrics[i]);
    free(entry->metrics);
    free(entry->key.source);
    free(entry->key.architecture);
    free(entry->key.image);
    free(entry->accepted_at);
    free(entry->accepted_commit);
    free(entry->accepted_reason);
    free(entry->accepted_by);
    if (entry->measured_on)
        environment_release(entry->measured_on);
    free(entry->measured_on);
    free(entry->disturbance);
    free(entry->cpu_ms);
    free(entry->peak_at_most);
    *entry = (struct baseline_environment){0};
}

void baseline_release(struct baseline *baseline)
{
    for (size_t i = 0; i < baseline->count; i++)
        baseline_environment_release(&baseline->environments[i]);
    free(baseline->environments);
    free(baseline->schema);
    budgets_release(&baseline->budgets);
    *baseline = (struct baseline){0};
}

struct environment_key environment_key_of(const struct measurement *m)
{
    return (struct environment_key){
        .source = m->peak.source,
        .limit_bytes = m->peak.limit_bytes,
        .architecture = m->environment.architecture,
        .cpus = m->environment.cpus,
        .image = m->environment.image,
        .cache_policy = m->environment.cache_policy,
    };
}

/* An unknown text equals nothing, not even another unknown text. */
static bool same_text(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static bool same_image(const char *a, const char *b)
{
    return a && b && image_names_equal(a, b);
}

bool environment_key_equal(const struct environment_key *a, const struct environment_key *b)
{
    return same_text(a->source, b->source) && a->limit_bytes == b->limit_bytes &&
           same_text(a->architecture, b->architecture) && a->cpus == b->cpus &&
           same_image(a->image, b->image) && a->cache_policy == b->cache_policy;
}

char *environment_key_text(const struct environment_key *key)
{
    char *limit CLEANUP(cleanup_free) =
        key->limit_bytes > 0 ? format_bytes(key->limit_bytes) : xstrdup("no limit");
    char *cpus CLEANUP(cleanup_free) = format_cpus(key->cpus);
    return xasprintf("%s, %s, %s CPUs, %s, page cache %s, from %s", key->image,
                     key->architecture ? key->architecture : "unknown", cpus ? cpus : "unknown",
                     limit, cache_policy_name(key->cache_policy), key->source);
}

/* In bytes if both limits would read the same when rounded. */
static char *limit_text(int64_t limit_bytes, int64_t other_bytes)
{
    if (limit_bytes < 0)
        return xstrdup("none");
    char *limit CLEANUP(cleanup_free) = format_bytes(limit_bytes);
    char *other CLEANUP(cleanup_free) = format_bytes(other_bytes);
    return strcmp(limit, other) == 0 ? xasprintf("%" PRId64 " bytes", limit_bytes)
                                     : steal_ptr(limit);
}

struct difference {
    const char *name_a, *name_b;
    struct strv parts;
};

static void compare_texts(struct difference *difference, const char *what, const char *a,
                          const char *b)
{
    if (!same_text(a, b))
        strv_pushf(&difference->parts, "%s: %s %s, %s %s", what, a ? a : "unknown",
                   difference->name_a, b ? b : "unknown", difference->name_b);
}

static const char *source_text(const char *source)
{
    return source && strcmp(source, PEAK_SOURCE_BUILDKIT) == 0 ? PEAK_SOURCE_BUILDKIT
               " (imported: never compared with a measurement)"
                                                               : source;
}

char *environment_key_difference(const struct environment_key *a, const char *name_a,
                                 const struct environment_key *b, const char *name_b,
                                 size_t *differences)
{
    struct difference difference = {.name_a = name_a, .name_b = name_b};
    compare_texts(&difference, "source", source_text(a->source), source_text(b->source));
    if (a->limit_bytes != b->limit_bytes) {
        char *limit_a CLEANUP(cleanup_free) = limit_text(a->limit_bytes, b->limit_bytes);
        char *limit_b CLEANUP(cleanup_free) = limit_text(b->limit_bytes, a->limit_bytes);
        compare_texts(&difference, "memory limit", limit_a, limit_b);
    }
    compare_texts(&difference, "architecture", a->architecture, b->architecture);
    char *cpus_a CLEANUP(cleanup_free) = format_cpus(a->cpus);
    char *cpus_b CLEANUP(cleanup_free) = format_cpus(b->cpus);
    if (a->cpus != b->cpus)
        compare_texts(&difference, "cpus", cpus_a, cpus_b);
    if (!same_image(a->image, b->image))
        compare_texts(&difference, "image", a->image, b->image);
    compare_texts(&difference, "cache policy", cache_policy_name(a->cache_policy),
                  cache_policy_name(b->cache_policy));

    char *text = strv_join(&difference.parts, "; ");
    if (differences)
        *differences = difference.parts.count;
    strv_release(&difference.parts);
    return text;
}

static struct baseline_environment *find_key(const struct baseline *baseline,
                                             const struct environment_key *key)
{
    for (size_t i = 0; i < baseline->count; i++)
        if (environment_key_equal(&baseline->environments[i].key, key))
            return &baseline->environments[i];
    return NULL;
}

struct baseline_environment *baseline_find(const struct baseline *baseline,
                                           const struct measurement *m)
{
    struct environment_key key = environment_key_of(m);
    return find_key(baseline, &key);
}

/* The kernel's high-water mark of a usage file, or NULL. */
static const char *counter_of(const char *usage_source)
{
    return same_text(usage_source, "memory.current")          ? "memory.peak"
           : same_text(usage_source, "memory.usage_in_bytes") ? "memory.max_usage_in_bytes"
                                                              : NULL;
}

bool source_matches_by_bounds(const char *source, const struct measurement *m)
{
    return m->peak.at_most_bytes >= 0 && same_text(source, counter_of(m->peak.source));
}

bool environment_matches_by_bounds(const struct environment_key *key, const struct measurement *m)
{
    struct environment_key own = environment_key_of(m);
    if (!source_matches_by_bounds(key->source, m))
        return false;
    own.source = key->source;
    return environment_key_equal(key, &own);
}

static bool all_match(const struct environment_key *key, const struct measurement *runs,
                      size_t count, bool by_bounds)
{
    for (size_t i = 0; i < count; i++) {
        const struct environment_key own = environment_key_of(&runs[i]);
        if (!environment_key_equal(key, &own) &&
            !(by_bounds && environment_matches_by_bounds(key, &runs[i])))
            return false;
    }
    return true;
}

struct baseline_environment *baseline_find_common(const struct baseline *baseline,
                                                  const struct measurement *runs, size_t count,
                                                  bool *by_bounds)
{
    for (int bounds = 0; bounds < 2; bounds++)
        for (size_t i = 0; i < baseline->count; i++)
            if (all_match(&baseline->environments[i].key, runs, count, bounds)) {
                *by_bounds = bounds || baseline->environments[i].peak_at_most;
                return &baseline->environments[i];
            }
    *by_bounds = false;
    return NULL;
}

struct baseline_metric *baseline_metric_find(const struct baseline_environment *entry,
                                             const char *name)
{
    for (size_t i = 0; i < entry->count; i++)
        if (strcmp(entry->metrics[i].name, name) == 0)
            return &entry->metrics[i];
    return NULL;
}

int64_t baseline_metric_allows(const struct baseline_metric *metric)
{
    int64_t budget = metric->tolerance.budget;
    int64_t tolerated = median_of(metric->values, metric->count) +
                        tolerance_slack(&metric->tolerance, metric->values, metric->count);
    /* Without the level fail, only the budget fails. */
    if (budget >= 0 && metric->tolerance.level == LEVEL_OFF)
        return budget;
    return budget >= 0 && budget < tolerated ? budget : tolerated;
}

/* ---- changes between two baselines ---- */

/* "fail above 880.0 MiB". */
static char *format_rule(const struct baseline_metric *metric)
{
    if (!metric)
        return xstrdup("not judged");
    char *most CLEANUP(cleanup_free) = metric_figure(metric->name, baseline_metric_allows(metric));
    char *budget CLEANUP(cleanup_free) = metric_figure(metric->name, metric->tolerance.budget);
    /* At level fail it is part of what is allowed. */
    bool capped = metric->tolerance.budget >= 0 && metric->tolerance.level != LEVEL_FAIL;
    if (metric->tolerance.level == LEVEL_OFF)
        return xasprintf("%s%s%s", level_name(LEVEL_OFF), capped ? ", budget " : "",
                         capped ? budget : "");
    return xasprintf("%s above %s%s%s", level_name(metric->tolerance.level), most,
                     capped ? ", budget " : "", capped ? budget : "");
}

struct changes {
    const char *prefix; /* names the environment; "" if the baseline has only one */
    const struct baseline_environment *at_ref, *in_tree;
    struct strv *list;
};

static void add_change(const struct changes *changes, const char *name)
{
    char *a CLEANUP(cleanup_free) = format_rule(baseline_metric_find(changes->at_ref, name));
    char *b CLEANUP(cleanup_free) = format_rule(baseline_metric_find(changes->in_tree, name));
    if (strcmp(a, b) != 0)
        strv_pushf(changes->list, "%s%s: %s at the ref, %s in the work tree", changes->prefix, name,
                   a, b);
}

static void add_changes(const struct changes *changes)
{
    for (size_t i = 0; i < changes->at_ref->count; i++)
        add_change(changes, changes->at_ref->metrics[i].name);
    for (size_t i = 0; i < changes->in_tree->count; i++)
        if (!baseline_metric_find(changes->at_ref, changes->in_tree->metrics[i].name))
            add_change(changes, changes->in_tree->metrics[i].name);
}

void baseline_changes(const struct baseline *at_ref, const struct baseline *in_tree,
                      struct strv *list)
{
    for (size_t i = 0; i < at_ref->count; i++) {
        const struct environment_key *key = &at_ref->environments[i].key;
        char *name CLEANUP(cleanup_free) = environment_key_text(key);
        char *prefix CLEANUP(cleanup_free) =
            at_ref->count > 1 ? xasprintf("%s: ", name) : xstrdup("");
        const struct baseline_environment *other = find_key(in_tree, key);
        if (other)
            add_changes(&(struct changes){prefix, &at_ref->environments[i], other, list});
        else
            strv_pushf(list, "%s: only at the ref", name);
    }
    for (size_t i = 0; i < in_tree->count; i++) {
        const struct environment_key *key = &in_tree->environments[i].key;
        char *name CLEANUP(cleanup_free) = environment_key_text(key);
        if (!find_key(at_ref, key))
            strv_pushf(list, "%s: only in the work tree", name);
    }
}

static char *more_cached_steps(const struct baseline_environment *entry,
                               const struct measurement *runs, size_t run_count)
{
    for (size_t i = 0; i < run_count; i++) {
        int64_t cached = runs[i].build.cached_steps;
        if (cached <= entry->cached_steps)
            continue;
        const char *words = cached_steps_words(&runs[i]);
        return entry->count
                   ? xasprintf("the number of %s is %" PRId64 ", and %" PRId64 " in the baseline",
                               words, cached, entry->cached_steps)
                   : xasprintf("the number of %s is %" PRId64, words, cached);
    }
    return NULL;
}

char *baseline_less_work(const struct baseline_environment *entry, const struct measurement *runs,
                         size_t run_count)
{
    const struct baseline_metric *metric = baseline_metric_find(entry, METRIC_UNRECLAIMABLE_PEAK);
    char *cached = more_cached_steps(entry, runs, run_count);
    if (cached)
        return cached;
    if (!metric)
        metric = baseline_metric_find(entry, METRIC_CGROUP_PEAK);
    int64_t accepted = metric ? median_of(metric->values, metric->count) : UNMEASURED;
    for (size_t i = 0; metric && i < run_count; i++) {
        int64_t value = metric_value(&runs[i], metric->name);
        if (!memory_is_unlike(value, accepted))
            continue;
        char *label CLEANUP(cleanup_free) = metric_label(metric->name);
        char *text CLEANUP(cleanup_free) = metric_figure(metric->name, value);
        char *accepted_text CLEANUP(cleanup_free) = metric_figure(metric->name, accepted);
        return xasprintf("%s of %s is less than a third of %s in the baseline", label, text,
                         accepted_text);
    }
    return NULL;
}
