/* Two sets of runs side by side, or a set and a baseline: what grew, shrank, came and went, judged
 * by the rules of the gate, the first side being the baseline. Its JSON is
 * doc/compare.schema.json's. Pure: reads no file, prints nothing. */
#ifndef BM_COMPARISON_COMPARISON_H
#define BM_COMPARISON_COMPARISON_H

#include "baseline/baseline.h"
#include "gate/judge.h"
#include "measurement/measurement.h"

#include <stddef.h>
#include <stdint.h>

#define COMPARISON_SCHEMA_VERSION 2

/* All borrowed. */
struct comparison_side {
    const char *name; /* what the user called it */
    const struct measurement *runs;
    size_t count;                             /* of the runs; 0 for a baseline */
    const struct baseline_environment *entry; /* of a baseline; NULL where none is comparable */
};

/* The values of one figure on one side, in the order of the runs; none where it is not there. */
struct run_values {
    int64_t *values;
    size_t count;
};
int64_t run_values_median(const struct run_values *series); /* UNMEASURED of none */
/* From the lowest value to the highest; UNMEASURED where there are fewer than two. */
int64_t run_values_spread(const struct run_values *series);

struct comparison_row {
    char *name;       /* the metric's, or that of a group of processes */
    const char *unit; /* "bytes", "ms" */
    struct run_values sides[2];
    int64_t processes[2];        /* how many the group has; UNMEASURED for a metric */
    const struct finding *check; /* how the metric was judged, borrowed; NULL: it was not */
};

enum change { CHANGE_NONE, CHANGE_GREW, CHANGE_SHRANK, CHANGE_CAME, CHANGE_WENT };
enum change row_change(const struct comparison_row *row);
const char *change_name(enum change change); /* "same", "grew", "shrank", "came", "went" */

struct comparison {
    struct comparison_side sides[2];
    struct comparison_row *metrics; /* in their order of report: cgroup_peak, ..., stage:... */
    size_t metric_count;
    struct comparison_row
        *processes; /* at the peak of PSS, by name; those of the first side first */
    size_t process_count;
    char *drift; /* what differs, but is not judged; NULL: nothing, or nothing is known */
    struct judgement judgement;
};

/* `sides` have at least one run each. Where the first side cannot serve as a baseline (a run of it
 * failed, reached its limit, or its runs scatter too much) the verdict is inconclusive.
 * `comparison` is initialised here and released by the caller. */
void compare_sets(const struct comparison_side *a, const struct comparison_side *b,
                  struct comparison *comparison);
/* `baseline_path` names the first side; it is borrowed, like all of the others. */
void compare_with_baseline(const struct baseline *baseline, const char *baseline_path,
                           const struct comparison_side *b, struct comparison *comparison);
void comparison_release(struct comparison *comparison);

/* As JSON, indented and ended by a newline; the caller owns it. */
char *comparison_to_json(const struct comparison *comparison);

#endif
