/* The ratio of two builds that were measured in turn, and what its interval decides. Pure. */
#ifndef BM_GATE_RATIO_H
#define BM_GATE_RATIO_H

#include <stddef.h>
#include <stdint.h>

/* The most runs of each build. */
#define RATIO_MOST_RUNS 20

/* The interval of the true ratio: the median of all runs like `values`, divided by that of all runs
 * like `base`. */
struct ratio {
    double lowest, highest;
};

/* Returns the interval of Hodges and Lehmann: it is bounded by quotients of a value and a base
 * value. The true ratio is below it, or above it, with a probability of at most 5 % each, whatever
 * the distribution of the runs; with 2 runs of each build 17 %. One outlier among 4 runs does not
 * widen it without bound. Both counts are 1 to RATIO_MOST_RUNS; all values are positive. */
struct ratio ratio_of(const int64_t *base, size_t base_count, const int64_t *values, size_t count);

enum ratio_position {
    RATIO_WITHIN, /* the whole interval is at most what is allowed */
    RATIO_BELOW,  /* the whole interval is lower by more than the tolerance */
    RATIO_ABOVE,  /* the whole interval is above what is allowed */
    RATIO_ACROSS, /* the interval contains the end of the tolerance: undecided */
};
/* `slack` is the tolerance as a share of the base: 0.05. */
enum ratio_position ratio_position(struct ratio ratio, double slack);

#endif
