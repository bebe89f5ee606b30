#include "baseline/baseline.h"

#include "base/alloc.h"
#include "base/units.h"

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
    *entry = (struct baseline_environment){0};
}

void baseline_release(struct baseline *baseline)
{
    for (size_t i = 0; i < baseline->count; i++)
        baseline_environment_release(&baseline->environments[i]);
    free(baseline->environments);
    free(baseline->schema);
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

/* An unknown text is like nothing, not even another unknown one. */
static bool same_text(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

bool environment_key_equal(const struct environment_key *a, const struct environment_key *b)
{
    return same_text(a->source, b->source) && a->limit_bytes == b->limit_bytes &&
           same_text(a->architecture, b->architecture) && a->cpus == b->cpus &&
           same_text(a->image, b->image) && a->cache_policy == b->cache_policy;
}

char *environment_key_text(const struct environment_key *key)
{
    char *limit CLEANUP(cleanup_free) =
        key->limit_bytes > 0 ? format_bytes(key->limit_bytes) : xstrdup("no limit");
    return xasprintf("%s, %s, %" PRId64 " CPUs, %s, page cache %s, from %s", key->image,
                     key->architecture, key->cpus, limit, cache_policy_name(key->cache_policy),
                     key->source);
}

/* Two limits that differ must not read alike, however little it is. */
static char *budget_text(int64_t limit_bytes, int64_t other_bytes)
{
    if (limit_bytes < 0)
        return xstrdup("none");
    char *limit CLEANUP(cleanup_free) = format_bytes(limit_bytes);
    char *other CLEANUP(cleanup_free) = format_bytes(other_bytes);
    return strcmp(limit, other) == 0 ? xasprintf("%" PRId64 " bytes", limit_bytes)
                                     : steal_ptr(limit);
}

struct difference {
    const char *here, *there;
    struct strv parts;
};

static void compare_texts(struct difference *difference, const char *what, const char *a,
                          const char *b)
{
    if (!same_text(a, b))
        strv_pushf(&difference->parts, "%s: %s %s, %s %s", what, a ? a : "unknown",
                   difference->here, b ? b : "unknown", difference->there);
}

char *environment_key_difference(const struct environment_key *a, const char *here,
                                 const struct environment_key *b, const char *there,
                                 size_t *differences)
{
    struct difference difference = {.here = here, .there = there};
    compare_texts(&difference, "source", a->source, b->source);
    if (a->limit_bytes != b->limit_bytes) {
        char *limit_a CLEANUP(cleanup_free) = budget_text(a->limit_bytes, b->limit_bytes);
        char *limit_b CLEANUP(cleanup_free) = budget_text(b->limit_bytes, a->limit_bytes);
        compare_texts(&difference, "memory limit", limit_a, limit_b);
    }
    compare_texts(&difference, "architecture", a->architecture, b->architecture);
    if (a->cpus != b->cpus)
        strv_pushf(&difference.parts, "cpus: %" PRId64 " %s, %" PRId64 " %s", a->cpus, here,
                   b->cpus, there);
    compare_texts(&difference, "image", a->image, b->image);
    compare_texts(&difference, "cache policy", cache_policy_name(a->cache_policy),
                  cache_policy_name(b->cache_policy));

    char *text = strv_join(&difference.parts, "; ");
    if (differences)
        *differences = difference.parts.count;
    strv_release(&difference.parts);
    return text;
}

struct baseline_environment *baseline_find(const struct baseline *baseline,
                                           const struct measurement *m)
{
    struct environment_key key = environment_key_of(m);
    for (size_t i = 0; i < baseline->count; i++)
        if (environment_key_equal(&key, &baseline->environments[i].key))
            return &baseline->environments[i];
    return NULL;
}

char *baseline_difference(const struct baseline_environment *entry, const struct measurement *m)
{
    struct environment_key key = environment_key_of(m);
    return environment_key_difference(&key, "here", &entry->key, "in the baseline", NULL);
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
    int64_t most = median_of(metric->values, metric->count) +
                   tolerance_slack(&metric->tolerance, metric->values, metric->count);
    return budget >= 0 && budget < most ? budget : most;
}
