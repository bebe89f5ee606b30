/* Compares two sets of runs, or a baseline and a set. The gate judges the second side with the
 * first as the baseline. doc/compare.schema.json describes the JSON. Pure: it reads no file and
 * prints nothing. */
#ifndef BM_COMPARISON_COMPARISON_H
#define BM_COMPARISON_COMPARISON_H

#include "baseline/baseline.h"
#include "gate/judge.h"
#include "measurement/measurement.h"

#include <stddef.h>
#include <stdint.h>

#define COMPARISON_SCHEMA_VERSION 2

/* One side; all members are borrowed. */
struct comparison_side {
    const char *name; /* as the user wrote it */
    const struct measurement *runs;
    size_t count;                             /* of the runs; 0 for a baseline */
    const struct baseline_environment *entry; /* of a baseline; NULL: none is comparable */
};

/* The values of one figure on one side, in the order of the runs. Runs without the figure are
 * skipped. */
struct run_values {
    int64_t *values;
    size_t count;
};
int64_t run_values_median(const struct run_values *values); /* UNMEASURED: no value */
/* Returns the highest value less the lowest; UNMEASURED for fewer than two values. */
int64_t run_values_spread(const struct run_values *values);

struct comparison_row {
    char *name;       /* of the metric, or of the processes */
    const char *unit; /* "bytes", "ms" */
    struct run_values sides[2];
    int64_t processes[2];        /* number of processes of that name; UNMEASURED for a metric */
    const struct finding *check; /* finding of the metric; borrowed; NULL: not judged */
};

enum change { CHANGE_NONE, CHANGE_GREW, CHANGE_SHRANK, CHANGE_ADDED, CHANGE_REMOVED };
enum change row_change(const struct comparison_row *row);
const char *change_name(enum change change); /* "same", "grew", "shrank", "added", "removed" */

struct comparison {
    struct comparison_side sides[2];
    struct comparison_row *metrics; /* in order of report: cgroup_peak, ..., stage:... */
    size_t metric_count;
    struct comparison_row
        *processes; /* at the memory peak, by name; first the names of the first side */
    size_t process_count;
    char *drift; /* differences that are not judged; NULL: none, or unknown */
    struct judgement judgement;
};

/* Compares two sets of at least one run each. The verdict is inconclusive if the first side cannot
 * be a baseline: a run failed or reached its limit, or the runs are too noisy. Initialises
 * `comparison`, which the caller releases and which borrows the sides. */
void compare_sets(const struct comparison_side *a, const struct comparison_side *b,
                  struct comparison *comparison);
/* Compares a set with a baseline; `baseline_path` names the first side. Everything is borrowed. */
void compare_with_baseline(const struct baseline *baseline, const char *baseline_path,
                           const char *refresh_arguments, const struct comparison_side *b,
                           struct comparison *comparison);
/* Compares two sets, of which the first may be empty, that the caller has judged. Takes the content
 * of `judgement`, which is empty then. */
void compare_judged(const struct comparison_side *a, const struct comparison_side *b,
                    struct judgement *judgement, struct comparison *comparison);
void comparison_release(struct comparison *comparison);

/* Returns the comparison as JSON, indented, with a newline at the end; the caller owns it. */
char *comparison_to_json(const struct comparison *comparison);

#endif
