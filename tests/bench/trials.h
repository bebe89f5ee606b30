/* Checks of the gate replayed on stored runs: a baseline is drawn and accepted, more runs are
 * drawn, made to grow, and judged as `build-mem check` does. */
#ifndef BM_TESTS_TRIALS_H
#define BM_TESTS_TRIALS_H

#include "baseline/tolerance.h"
#include "measurement/measurement.h"

#include <stddef.h>
#include <stdint.h>

/* Unchanged runs of one build in one environment. */
struct pool {
    struct measurement *runs;
    size_t count;
};

/* What is tried. */
struct gate {
    const char *metric; /* fails where it grew; where it is another, the headline does not */
    struct tolerance tolerance; /* its own; the level is not looked at */
    size_t baseline_runs;
};

/* What came of it, in shares of the trials. */
struct outcome {
    double regressed, inconclusive;
    double refused;    /* of the baselines that were drawn: too noisy to be accepted */
    double check_runs; /* mean number of a check */
};

/* `growth` is the share by which the metric of the checked runs is larger: for cgroup_peak the
 * whole build is, for unreclaimable_peak that much is added to the headline as well, for a stage
 * it is that stage alone. The same seed draws the same runs. */
struct outcome try_gate(const struct pool *pool, const struct gate *gate, double growth,
                        size_t trials, uint64_t seed);

/* The plain alternative: one run against one run, failing above `percent`. Returns the share of
 * trials that fail. */
double try_naive(const struct pool *pool, const char *metric, double percent, double growth,
                 size_t trials, uint64_t seed);

#endif
