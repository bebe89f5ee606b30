/* The noise model: what a few runs of an unchanged build show about it. Refresh, check and compare
 * use it, derived in doc/explanation/statistics.md. Pure. */
#ifndef BM_BASELINE_NOISE_H
#define BM_BASELINE_NOISE_H

#include <stddef.h>
#include <stdint.h>

/* Returns the median; for an even count the mean of the middle two. `count` > 0. */
int64_t median_of(const int64_t *values, size_t count);

/* Returns the scatter of single values around their median: the standard deviation of normal values
 * with this MAD, with the correction for small samples. 0 for one value. */
double scatter_of(const int64_t *values, size_t count);

struct interval {
    int64_t lowest, highest;
};

/* Returns the interval that contains the median of all possible runs with a confidence of 95 %.
 *   from 12 values on  exact, for values of any distribution
 *   3 to 11 values     1.96 standard errors of the median on both sides, within the values, so that
 *                      one outlier does not decide
 *   1 and 2 values     the values: they have no interval of 95 %
 * `count` > 0. */
struct interval median_interval(const int64_t *values, size_t count);

/* Returns the same interval, but down to 6 values exact, and with all values if there are fewer: an
 * outlier widens it. `count` > 0. */
struct interval median_interval_with_outliers(const int64_t *values, size_t count);

#endif
