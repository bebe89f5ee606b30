/* The baseline file: accepted results and their tolerances (doc/baseline.schema.json), kept in
 * the user's repo and reviewed like code. */
#ifndef BM_BASELINE_BASELINE_H
#define BM_BASELINE_BASELINE_H

#include "base/error.h"
#include "base/strv.h"
#include "baseline/tolerance.h"
#include "measurement/measurement.h"
#include "measurement/metric.h"

#include <stdbool.h>
#include <stddef.h>

#define BASELINE_SCHEMA_VERSION 2

struct baseline_metric {
    char *name;
    struct tolerance tolerance;
    int64_t anchor; /* centre at the last reviewed acceptance: caps growth over many raises */
    /* "64MiB" where people wrote it so: it is theirs, and stays. Else NULL. */
    char *absolute_text, *budget_text, *anchor_text;
    int64_t *values; /* one of every accepted run, count > 0 */
    size_t count;
};

/* Two results can be compared when all of this is the same. */
struct environment_key {
    char *source;
    int64_t limit_bytes; /* UNMEASURED: no limit */
    char *architecture;
    int64_t cpus;
    char *image;
    enum cache_policy cache_policy;
};

struct baseline_environment {
    struct environment_key key;
    char *accepted_at;     /* UTC, ISO 8601 */
    char *accepted_commit; /* may be NULL */
    char *accepted_reason; /* may be NULL */
    char *accepted_by;     /* may be NULL */
    /* Where the runs were made, as far as it may drift; NULL in a file that does not say. */
    struct environment *measured_on;
    struct baseline_metric *metrics;
    size_t count;
};

struct baseline {
    char *schema; /* "$schema" as the file has it; may be NULL */
    struct baseline_environment *environments;
    size_t count;
};

/* Reads it from text (`origin` is for messages) or a file. `baseline` is initialised here and
 * released by the caller, also on error. */
int baseline_parse(const char *text, const char *origin, struct baseline *baseline,
                   struct bm_error *err);
int baseline_read(const char *path, struct baseline *baseline, struct bm_error *err);
/* Text with a stable order of keys and one value a line; the caller owns it. */
char *baseline_to_json(const struct baseline *baseline);
void baseline_release(struct baseline *baseline);
void baseline_environment_release(struct baseline_environment *entry);

/* The key of the measurement's environment; its texts are borrowed from the measurement. */
struct environment_key environment_key_of(const struct measurement *m);
bool environment_key_equal(const struct environment_key *a, const struct environment_key *b);
/* "node:24-bookworm, x86_64, 2 CPUs, no limit, page cache as-is, from memory.peak"; the caller
 * owns it. */
char *environment_key_text(const struct environment_key *key);
/* How two keys differ, or "" : "cpus: 4 here, 2 in the baseline; ...", with `here` and `there` in
 * the place of "here" and "in the baseline". `*differences`, where asked for, counts them. The
 * caller owns the text. */
char *environment_key_difference(const struct environment_key *a, const char *here,
                                 const struct environment_key *b, const char *there,
                                 size_t *differences);

/* The entry that this measurement can be compared with, or NULL. */
struct baseline_environment *baseline_find(const struct baseline *baseline,
                                           const struct measurement *m);
/* How the measurement's environment differs from an entry's: "cpus: 4 here, 2 in the baseline;
 * ..."; the caller owns it. "" where they are the same. */
char *baseline_difference(const struct baseline_environment *entry, const struct measurement *m);
/* The metric of that name in the entry, or NULL. */
struct baseline_metric *baseline_metric_find(const struct baseline_environment *entry,
                                             const char *name);

/* The highest value that passes: the centre and the slack, or the hard limit where that is lower.
 */
int64_t baseline_metric_allows(const struct baseline_metric *metric);

/* Adds a line for each metric that two baselines judge differently: "cgroup_peak: fail up to 880.0
 * MiB there, fail up to 1.17 GiB here", behind the environment where there are several;
 * and for each environment that only one of them has. */
void baseline_changes(const struct baseline *there, const struct baseline *here, struct strv *list);

/* What came from where, for a refresh. */
struct acceptance {
    bool allow_increase;
    const char *reason; /* NULL where none was given */
    const char *commit; /* NULL outside of git */
    const char *by;     /* NULL where it is not known */
    const char *at;     /* UTC, ISO 8601 */
};

/* Puts the runs' values in place of the matching entry's, or adds an entry; tolerances and
 * anchors that the entry holds are kept, new metrics get the defaults, a stage that the runs no
 * longer show is dropped. The baseline is unchanged on error. Refuses (-1, with the reason and the
 * fix):
 *   - runs that failed, were at_limit, OOM-killed, unverified, not measured, or of unlike
 *     environments, and a metric that only some of them have;
 *   - values of a failing metric that are too noisy;
 *   - a raise without allow_increase and a reason. A raise is a centre above the old one by more
 *     than half of the old slack: up to there `check` passes without a second look, and two
 *     refreshes of the same build must not need an excuse. What creeps below that is the anchor's;
 *   - a centre of a failing metric more than 15 % above its anchor, which no refresh moves. */
int baseline_accept(struct baseline *baseline, const struct measurement *runs, size_t run_count,
                    const struct acceptance *acceptance, struct bm_error *err);

#endif
