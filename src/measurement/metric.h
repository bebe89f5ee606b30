/* The metrics that the gate knows: their names, their values in a measurement, and how they are
 * said to people. */
#ifndef BM_MEASUREMENT_METRIC_H
#define BM_MEASUREMENT_METRIC_H

#include "base/strv.h"
#include "measurement/measurement.h"

#include <stdbool.h>
#include <stdint.h>

#define METRIC_CGROUP_PEAK "cgroup_peak"
#define METRIC_UNRECLAIMABLE_PEAK "unreclaimable_peak"
#define METRIC_DURATION "duration"
#define METRIC_STAGE_PREFIX "stage:" /* followed by the stage's name: its highest PSS */

/* Whether there is a metric of that name; any stage's name will do. */
bool metric_is_known(const char *metric);
/* The stage in "stage:NAME", borrowed; NULL for other metrics. */
const char *metric_stage_name(const char *metric);

/* The value of a metric in a measurement, or UNMEASURED. */
int64_t metric_value(const struct measurement *m, const char *metric);
/* Whether the build had it. A stage that was over too soon, or that others preceded all the time,
 * is shown without a value. */
bool metric_is_shown(const struct measurement *m, const char *metric);
/* The names of all metrics that the measurement has a value for, in their order of report:
 * cgroup_peak, unreclaimable_peak, duration, stage:... */
void metric_names(const struct measurement *m, struct strv *names);

/* For people; the caller owns the texts. "stage build-deps"; "803.2 MiB"; "+12.0 s". */
char *metric_label(const char *metric);
char *metric_figure(const char *metric, int64_t value);
char *metric_delta(const char *metric, int64_t delta);
/* "+204.1 MiB (+25.4 %)" of the step between two values. */
char *metric_step(const char *metric, int64_t from, int64_t to);

/* "grew by 204.1 MiB (+25.4 %)" or "shrank by ...". */
char *metric_change(const char *metric, int64_t from, int64_t to);

/* The processes, grouped by name, with the most PSS when the metric was at its peak: "node nx ×3,
 * 402.0 MiB". The caller owns it; NULL if no snapshot knows. */
char *metric_largest(const struct measurement *m, const char *metric);

#endif
