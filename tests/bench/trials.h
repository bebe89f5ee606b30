/* Simulates checks with stored or drawn runs. A trial draws runs and accepts them as the baseline.
 * It then draws more runs, increases a metric of them, and judges them like `build-mem check`. */
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

/* The settings of a simulated gate. */
struct gate {
    const char *metric;         /* the only metric with the level `fail` */
    struct tolerance tolerance; /* of the metric; its level is ignored */
    size_t baseline_runs;
    size_t check_runs; /* as --runs; 0: the rerun policy decides */
};

/* The result of all trials. */
struct outcome {
    double regressed, inconclusive; /* shares of the checks */
    double refused;                 /* share of the drawn baselines that a refresh refuses */
    double check_runs;              /* mean number of runs per check */
};

/* `growth` is the share by which the metric of the checked runs is larger. The metric determines
 * which figures grow:
 * - cgroup_peak: all figures
 * - unreclaimable_peak: this figure, and the memory peak by the same number of bytes
 * - stage:NAME: only this stage
 *
 * The same seed draws the same runs. */
struct outcome try_gate(const struct pool *pool, const struct gate *gate, double growth,
                        size_t trials, uint64_t seed);

/* The distributions of drawn runs: doc/explanation/statistics.md describes them. */
enum shape { SHAPE_NORMAL, SHAPE_SKEWED, SHAPE_BIMODAL, SHAPE_STARVED, SHAPES };
const char *shape_name(enum shape shape); /* static */

/* Fills `pool` with runs of 1 GiB that have no stages. `scatter` is the standard deviation, as a
 * share. The caller releases the runs and frees their array. */
void draw_pool(enum shape shape, double scatter, size_t count, uint64_t seed, struct pool *pool);

/* Compares one run with one run, for reference: the trial fails if the metric grew by more than
 * `percent`. Returns the share of trials that fail. */
double try_naive(const struct pool *pool, const char *metric, double percent, double growth,
                 size_t trials, uint64_t seed);

#endif
