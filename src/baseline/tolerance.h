/* How much a metric may grow before the gate says so. */
#ifndef BM_BASELINE_TOLERANCE_H
#define BM_BASELINE_TOLERANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What happens if the metric exceeds its tolerance. */
enum level { LEVEL_OFF, LEVEL_WARN, LEVEL_FAIL };
const char *level_name(enum level level); /* "warn"; static */

struct tolerance {
    enum level level;
    double percent;   /* of the centre */
    int64_t absolute; /* in the metric's unit */
    int64_t budget;   /* absolute cap in the metric's unit; UNMEASURED: none */
};

/* The defaults for a metric by its name: cgroup_peak fails at 5 % / 32 MiB, stages warn at 20 %
 * / 64 MiB, unreclaimable_peak (5 % / 32 MiB) and duration (25 % / 30 s) are off, that is only
 * reported. So is stage:setup: what is seen before, between and after the stages depends on when
 * the samples happen to fall, and would come and go from run to run. make gate-power shows what
 * these come to on real runs: a stage's PSS is sampled, and scatters more than the kernel's own
 * counters. */
struct tolerance tolerance_default(const char *metric);

/* "bytes", or "ms" for duration. Static. */
const char *metric_unit(const char *metric);

/* What the values' own scatter asks for: 3 * 1.4826 * MAD, that is three standard deviations
 * were they normal (Rousseeuw and Croux, 1993). 0 for fewer than 3 values. */
int64_t noise_of(const int64_t *values, size_t count);

/* Slack around the centre of the accepted values: max(percent of centre, absolute, noise). */
int64_t tolerance_slack(const struct tolerance *tolerance, const int64_t *values, size_t count);

/* A baseline whose noise alone asks for more than 20 % of its centre is of no use. Noise that the
 * absolute tolerance covers asks for nothing: 20 MiB +- 5 MiB under 64 MiB is fine. */
bool tolerance_too_noisy(const struct tolerance *tolerance, const int64_t *values, size_t count);

/* Median; of an even count the mean of the middle two. `count` > 0. */
int64_t median_of(const int64_t *values, size_t count);

#endif
