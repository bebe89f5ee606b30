/* The baseline: accepted values and their tolerances, per environment. It is a file in the user's
 * repository, and people review it like code (doc/baseline.schema.json).
 *
 * baseline.c has the model, format.c reads and writes the file, accept.c decides on a refresh,
 * store.c finds the file in the work tree or at a git ref, tolerance.c computes the slack, noise.c
 * has the noise model. */
#ifndef BM_BASELINE_BASELINE_H
#define BM_BASELINE_BASELINE_H

#include "base/error.h"
#include "base/strv.h"
#include "baseline/tolerance.h"
#include "measurement/budget.h"
#include "measurement/measurement.h"
#include "measurement/metric.h"

#include <stdbool.h>
#include <stddef.h>

#define BASELINE_SCHEMA_VERSION 2

struct baseline_metric {
    char *name;
    struct tolerance tolerance;
    int64_t anchor; /* lowest accepted median: caps the growth over many refreshes */
    /* The text in the file ("64MiB"), which format.c writes back unchanged; NULL: a number. */
    char *absolute_text, *budget_text, *anchor_text;
    int64_t *values; /* of the accepted runs; count > 0 */
    size_t count;
};

/* Two results can be compared if all of these are equal. Texts are NULL if unknown. */
struct environment_key {
    char *source;
    int64_t limit_bytes; /* UNMEASURED: no limit */
    char *architecture;
    double cpus; /* UNMEASURED: unknown, as of all imported results */
    char *image;
    enum cache_policy cache_policy;
};

struct baseline_environment {
    struct environment_key key;
    char *accepted_at;     /* UTC, ISO 8601 */
    char *accepted_commit; /* may be NULL */
    char *accepted_reason; /* may be NULL */
    char *accepted_by;     /* may be NULL */
    /* Drift fields of the environment of the runs; NULL if the file has none. */
    struct environment *measured_on;
    /* What disturbed each accepted run; none if the file has none. */
    struct disturbance *disturbance;
    size_t disturbance_count;
    /* The CPU time of each accepted run; none if the file has none, or if a run has none. */
    int64_t *cpu_ms;
    size_t cpu_count;
    int64_t cached_steps; /* of each accepted run of an image build */
    struct baseline_metric *metrics;
    size_t count;
    /* The upper bound of each value of cgroup_peak, if compare accepted estimates; else NULL. A
     * baseline file has none. */
    int64_t *peak_at_most;
};

struct baseline {
    char *schema; /* "$schema" of the file; may be NULL */
    struct baseline_environment *environments;
    size_t count;
    struct budgets budgets; /* of build-mem.json: they are judged with the file, not stored in it */
};

/* Reads a baseline from text (`origin` is for messages) or from a file. Initialises `baseline`,
 * which the caller releases, also on error. Returns 0, or -1 with a message that names file, line
 * and path. */
int baseline_parse(const char *text, const char *origin, struct baseline *baseline,
                   struct bm_error *err);
int baseline_read(const char *path, struct baseline *baseline, struct bm_error *err);
/* Returns the file's text: a stable order of keys, one value per line. The caller owns it. */
char *baseline_to_json(const struct baseline *baseline);
void baseline_release(struct baseline *baseline);
void baseline_environment_release(struct baseline_environment *entry);

/* Returns the key of the measurement's environment. Its texts are borrowed from the measurement. */
struct environment_key environment_key_of(const struct measurement *m);
/* Returns whether two keys are equal. An unknown text is never equal. */
bool environment_key_equal(const struct environment_key *a, const struct environment_key *b);
/* "node:24-bookworm, x86_64, 2 CPUs, no limit, page cache as-is, from memory.peak"; the caller
 * owns it. */
char *environment_key_text(const struct environment_key *key);
/* Returns the differences between two keys, "cpus: 4 here, 2 in the baseline; ...", or "". `name_a`
 * and `name_b` are the words for the sides ("here", "in the baseline"). Sets `*differences` to
 * their number unless it is NULL. The caller owns the text. */
char *environment_key_difference(const struct environment_key *a, const char *name_a,
                                 const struct environment_key *b, const char *name_b,
                                 size_t *differences);

/* Returns whether the source is that of exact memory peaks, and the peak of the measurement has
 * bounds that can be compared with them. */
bool source_matches_by_bounds(const char *source, const struct measurement *m);
/* Returns whether the key is that of exact memory peaks in the environment of the measurement,
 * whose own peak is estimated, with the counter as its upper bound (peak.at_most_bytes). The
 * highest sample and the counter are then the bounds of a peak that can be compared with exact
 * ones. */
bool environment_matches_by_bounds(const struct environment_key *key, const struct measurement *m);

/* Returns the entry of the measurement's own environment, or NULL. Borrowed. */
struct baseline_environment *baseline_find(const struct baseline *baseline,
                                           const struct measurement *m);
/* Returns the entry that all runs can be compared with, or NULL. Borrowed. `count` > 0. Sets
 * `*by_bounds`: a run, or the entry, has bounds instead of exact memory peaks. */
struct baseline_environment *baseline_find_common(const struct baseline *baseline,
                                                  const struct measurement *runs, size_t count,
                                                  bool *by_bounds);
/* Returns the metric of that name in the entry, or NULL. Borrowed. */
struct baseline_metric *baseline_metric_find(const struct baseline_environment *entry,
                                             const char *name);

/* Returns the highest value that passes: the median plus the slack, or the budget if it is lower.
 */
int64_t baseline_metric_allows(const struct baseline_metric *metric);

/* Adds a line for each metric that two baselines judge differently: "cgroup_peak: fail above 880.0
 * MiB at the ref, fail above 1.17 GiB in the work tree". If there are several environments, the
 * line starts with the environment. Also adds a line for each environment that only one of them
 * has. */
void baseline_changes(const struct baseline *at_ref, const struct baseline *in_tree,
                      struct strv *list);

/* Returns a clause that names the first run with more cached steps than the entry, or whose memory
 * is less than a third of the entry's: it may have replayed the cache of a build tool. The caller
 * owns it; NULL if there is none. */
char *baseline_less_work(const struct baseline_environment *entry, const struct measurement *runs,
                         size_t run_count);

/* The author, date and reason of an acceptance. Texts are borrowed. */
struct acceptance {
    bool allow_increase;
    const char *reason; /* NULL: none was given */
    const char *commit; /* NULL outside of git */
    const char *by;     /* NULL: unknown */
    const char *at;     /* UTC, ISO 8601 */
};

/* Replaces the values of the matching entry by those of the runs, or adds an entry. Keeps the
 * tolerances and anchors of the entry, gives new metrics the defaults, and drops stages that the
 * runs no longer have. Returns 0, or -1 with the reason and the fix, and the baseline unchanged, if
 *   - a run failed, is not verified or not measured, reached its memory limit or was OOM-killed;
 *   - the machine disturbed a run (disturbed.h), compared with the others;
 *   - the runs have different environments, did unlike work (measurement/likeness.h), or only some
 *     of them have a metric;
 *   - a run has less than a third of the memory of the entry, or more cached steps, without a
 *     reason;
 *   - the values of a metric of level fail are too noisy;
 *   - the median rises by more than half of the old slack, without allow_increase and a reason. A
 *     smaller rise needs no reason: `check` passes it without a second run. The anchor limits the
 *     growth by many such steps;
 *   - the median of a metric of level fail exceeds its anchor by more than 15 %. A lower median
 *     lowers the anchor; no refresh raises it. */
int baseline_accept(struct baseline *baseline, const struct measurement *runs, size_t run_count,
                    const struct acceptance *acceptance, struct bm_error *err);

#endif
