#include "baseline/baseline.h"

#include "base/alloc.h"

#include <string.h>

/* "fail up to 880.0 MiB". */
static char *format_standard(const struct baseline_metric *metric)
{
    if (!metric)
        return xstrdup("not judged");
    if (metric->tolerance.level == LEVEL_OFF)
        return xstrdup(level_name(LEVEL_OFF));
    char *most CLEANUP(cleanup_free) = metric_figure(metric->name, baseline_metric_allows(metric));
    return xasprintf("%s up to %s", level_name(metric->tolerance.level), most);
}

struct changes {
    const char *where; /* "" where there is one environment */
    const struct baseline_environment *there, *here;
    struct strv *list;
};

static void add_change(const struct changes *changes, const char *name)
{
    char *a CLEANUP(cleanup_free) = format_standard(baseline_metric_find(changes->there, name));
    char *b CLEANUP(cleanup_free) = format_standard(baseline_metric_find(changes->here, name));
    if (strcmp(a, b) != 0)
        strv_pushf(changes->list, "%s%s: %s there, %s here", changes->where, name, a, b);
}

static void add_changes(const struct changes *changes)
{
    for (size_t i = 0; i < changes->there->count; i++)
        add_change(changes, changes->there->metrics[i].name);
    for (size_t i = 0; i < changes->here->count; i++)
        if (!baseline_metric_find(changes->there, changes->here->metrics[i].name))
            add_change(changes, changes->here->metrics[i].name);
}

static const struct baseline_environment *find_key(const struct baseline *baseline,
                                                   const struct environment_key *key)
{
    for (size_t i = 0; i < baseline->count; i++)
        if (environment_key_equal(&baseline->environments[i].key, key))
            return &baseline->environments[i];
    return NULL;
}

void baseline_changes(const struct baseline *there, const struct baseline *here, struct strv *list)
{
    for (size_t i = 0; i < there->count; i++) {
        const struct environment_key *key = &there->environments[i].key;
        char *name CLEANUP(cleanup_free) = environment_key_text(key);
        char *where CLEANUP(cleanup_free) =
            there->count > 1 ? xasprintf("%s: ", name) : xstrdup("");
        const struct baseline_environment *other = find_key(here, key);
        if (other)
            add_changes(&(struct changes){where, &there->environments[i], other, list});
        else
            strv_pushf(list, "%s: only there", name);
    }
    for (size_t i = 0; i < here->count; i++) {
        const struct environment_key *key = &here->environments[i].key;
        char *name CLEANUP(cleanup_free) = environment_key_text(key);
        if (!find_key(there, key))
            strv_pushf(list, "%s: only here", name);
    }
}
