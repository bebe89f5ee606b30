/* Tolerances: the amount by which a metric may exceed its baseline. */
#ifndef BM_BASELINE_TOLERANCE_H
#define BM_BASELINE_TOLERANCE_H

#include "baseline/noise.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The consequence if the metric exceeds its tolerance. */
enum level { LEVEL_OFF, LEVEL_WARN, LEVEL_FAIL };
const char *level_name(enum level level); /* "warn"; static */

struct tolerance {
    enum level level;
    double percent;   /* of the median of the accepted values */
    int64_t absolute; /* in the metric's unit */
    int64_t budget;   /* absolute cap in the metric's unit; UNMEASURED: none */
};

/* Returns the defaults for a metric:
 *   cgroup_peak          fail   5 %, at least 32 MiB
 *   stage:NAME           warn  20 %, at least 64 MiB
 *   stage:setup          off   20 %, at least 64 MiB
 *   stage_unreclaimable:NAME
 *                        off    5 %, at least 32 MiB
 *   process:NAME         warn   5 %, at least 32 MiB
 *   unreclaimable_peak   off    5 %, at least 32 MiB
 *   duration             off   25 %, at least 30 s
 * stage:setup is off because its value depends on the moments of the samples. Stages have wider
 * tolerances because their PSS is sampled, and scatters more than the kernel's counters do
 * (doc/explanation/default-tolerances.md). */
struct tolerance tolerance_default(const char *metric);

/* Returns the larger of percent and absolute as a share of the median `base`: 0.05. */
double tolerance_share(const struct tolerance *tolerance, int64_t base);

/* Returns the noise of the values: twice their scatter. 0 for one value. */
int64_t noise_of(const int64_t *values, size_t count);

/* Returns the slack around the median of the accepted values: the largest of percent, absolute and
 * noise. */
int64_t tolerance_slack(const struct tolerance *tolerance, const int64_t *values, size_t count);

/* Returns the noise that decides whether a refresh accepts the values: also the width of the
 * interval of their median, with outliers. Three runs of 800, 801 and 1200 have little scatter, but
 * two of them do not show which value is typical. */
int64_t noise_for_acceptance(const int64_t *values, size_t count);

/* Returns whether that noise exceeds 20 % of the median, and the absolute tolerance: 20 MiB +- 5
 * MiB under an absolute tolerance of 64 MiB is not too noisy. */
bool tolerance_too_noisy(const struct tolerance *tolerance, const int64_t *values, size_t count);

#endif
