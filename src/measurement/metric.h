/* The metrics that the gate judges: their names, their values in a measurement, and their texts. */
#ifndef BM_MEASUREMENT_METRIC_H
#define BM_MEASUREMENT_METRIC_H

#include "base/strv.h"
#include "measurement/measurement.h"

#include <stdbool.h>
#include <stdint.h>

#define METRIC_CGROUP_PEAK "cgroup_peak"
#define METRIC_UNRECLAIMABLE_PEAK "unreclaimable_peak"
#define METRIC_DURATION "duration"
/* With the name of a pattern in the config; the value is the largest peak RSS of a process. */
#define METRIC_PROCESS_PREFIX "process:"
#define METRIC_STAGE_PREFIX "stage:" /* and the name of the stage; the value is its PSS peak */
/* And the name of the stage: the highest unreclaimable memory of the cgroup while the stage was
 * current. */
#define METRIC_STAGE_UNRECLAIMABLE_PREFIX "stage_unreclaimable:"

/* The names, for messages. */
#define METRIC_NAMES                                                                               \
    "cgroup_peak, unreclaimable_peak, duration, stage:NAME, stage_unreclaimable:NAME and "         \
    "process:NAME"

/* Returns whether there is a metric of that name. A stage and processes can have any name. */
bool metric_is_known(const char *metric);
/* Returns the stage in "stage:NAME", whose value is a PSS peak, borrowed; NULL for other metrics.
 */
const char *metric_pss_stage(const char *metric);
/* Returns the stage in "stage:NAME" or "stage_unreclaimable:NAME", borrowed; else NULL. */
const char *metric_stage(const char *metric);

/* Returns the name in "process:NAME", borrowed; NULL for other metrics. */
const char *metric_process_name(const char *metric);
/* Returns the processes of "process:NAME", or NULL. Borrowed. */
const struct watched_processes *metric_processes(const struct measurement *m, const char *metric);

/* Returns "bytes", or "ms" for duration. Static. */
const char *metric_unit(const char *metric);
/* Returns the value of a metric, or UNMEASURED. */
int64_t metric_value(const struct measurement *m, const char *metric);
/* Returns the highest value that the metric can have. It exceeds metric_value for an estimated
 * memory peak with an upper bound (peak.at_most_bytes). */
int64_t metric_at_most(const struct measurement *m, const char *metric);
/* Returns whether the build had the metric. A stage that was seen but not measured has no value. */
bool run_has_metric(const struct measurement *m, const char *metric);
/* Adds the names of all metrics with a value, in order of report: cgroup_peak, unreclaimable_peak,
 * duration, stage:..., stage_unreclaimable:..., process:... */
void metric_names(const struct measurement *m, struct strv *names);

/* Texts for people: "stage build-deps"; "803.2 MiB"; "+12.0 s". The caller owns them. */
char *metric_label(const char *metric);
char *metric_figure(const char *metric, int64_t value);
char *metric_delta(const char *metric, int64_t delta);
/* "between 600.0 MiB and 900.0 MiB"; "600.0 MiB" if the bounds are equal. */
char *metric_bounds(const char *metric, int64_t lowest, int64_t highest);
/* "+204.1 MiB (+25.4 %)". The caller owns it. */
char *metric_step(const char *metric, int64_t from, int64_t to);

/* "grew by 204.1 MiB (+25.4 %)", or "shrank by ...". The caller owns it. */
char *metric_change(const char *metric, int64_t from, int64_t to);

/* Returns the processes when the metric was highest; of a stage, at the PSS peak of its own
 * processes. NULL for duration and "process:NAME", and if there is no snapshot. Borrowed. */
const struct snapshot *metric_snapshot(const struct measurement *m, const char *metric);
/* Returns the processes of one name with the most PSS in metric_snapshot: "node nx ×3, 402.0 MiB";
 * of "process:NAME" the largest process. The caller owns it; NULL: unknown. */
char *metric_largest(const struct measurement *m, const char *metric);

#endif
