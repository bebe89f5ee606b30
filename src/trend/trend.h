/* The trend: the figures of stored results over commits, with the commits that changed them.
 *
 * trend.c groups results by environment and commit, change_points.c finds the change points. Pure:
 * it reads no file and prints nothing. doc/trend.schema.json describes the JSON. */
#ifndef BM_TREND_TREND_H
#define BM_TREND_TREND_H

#include "base/strv.h"
#include "baseline/baseline.h"
#include "measurement/measurement.h"
#include "trend/change_points.h"

#include <stddef.h>
#include <stdint.h>

#define TREND_SCHEMA_VERSION 1
/* Of an environment, the last commits that are shown. */
#define TREND_COMMITS_MAX 1000
/* The fewest commits for a proposed tolerance. */
#define TREND_COMMITS_FOR_TOLERANCE 20

/* One figure of one commit: the median of its runs, and their range. UNMEASURED: none has it. */
struct trend_value {
    int64_t median, low, high;
};

struct trend_commit {
    char *name;       /* full commit name; NULL: the results have none */
    char *started_at; /* of its first run */
    size_t runs;
    const struct baseline_environment *accepted; /* the baseline accepted this commit; or NULL */
};

/* A metric over the commits of an environment. */
struct trend_metric {
    char *name;
    struct trend_value *values; /* one for each commit */
    size_t *measured;           /* indices of the commits that have the metric */
    size_t measured_count;      /* at least one */
    struct segments segments;   /* of the measured commits */
    int64_t *plateaus;          /* median of each segment */
    int64_t anchor;             /* of the baseline, or the first plateau */
    bool anchor_is_accepted;    /* it is that of the baseline */
    /* The tolerance in percent that these values need; negative: too few commits. */
    double proposed_percent;
};

/* The results of one environment. */
struct trend_series {
    char *environment;
    struct trend_commit *commits; /* in order */
    size_t commit_count;
    size_t dropped_commits; /* older ones, beyond TREND_COMMITS_MAX */
    struct trend_metric *metrics;
    size_t metric_count;
};

/* A result that has no figures to show. */
struct trend_failure {
    char *commit; /* may be NULL */
    char *started_at;
    char *label;
    char *reason;
};

struct trend {
    struct trend_series *series;
    size_t count;
    struct trend_failure *failures;
    size_t failure_count;
};

/* Fills `trend`, which the caller releases. `order` lists commits from the oldest to the newest; it
 * may be empty. Commits that it does not have are ordered by time. `baseline` may be NULL; it must
 * live as long as `trend`. */
void trend_make(const struct measurement *runs, size_t run_count, const struct strv *order,
                const struct baseline *baseline, struct trend *trend);
void trend_release(struct trend *trend);

/* The commit that begins a segment after the first. */
const struct trend_commit *trend_change_point_commit(const struct trend_series *series,
                                                     const struct trend_metric *metric,
                                                     size_t segment);
/* The plateau of the last segment. */
int64_t trend_plateau(const struct trend_metric *metric);
/* "a1b2c3d4e5f6", or the time if there is no commit. The caller owns it. */
char *trend_commit_text(const struct trend_commit *commit);

/* Returns the trend as JSON, indented, with a newline at the end. The caller owns it. */
char *trend_to_json(const struct trend *trend);

#endif
