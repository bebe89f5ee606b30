#include "baseline/noise.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

#define MAD_TO_DEVIATION 1.4826
#define Z_95 1.96 /* 95 % of normal values are within this many standard deviations */
#define LARGEST_ERROR 0.05

/* The MAD of few values is too low on average. Croux and Rousseeuw (1992), "Time-efficient
 * algorithms for two highly robust estimators of scale": factors for 2 to 9 values. */
static double mad_correction(size_t count)
{
    static const double factors[] = {0, 0, 1.196, 1.495, 1.363, 1.206, 1.200, 1.140, 1.129, 1.107};
    return count < sizeof factors / sizeof *factors ? factors[count]
                                                    : (double)count / ((double)count - 0.8);
}

/* The standard deviation of the median of `count` normal values, as a share of theirs, from 4
 * million draws. */
#define FEWEST_FOR_ORDER 12
static double median_error(size_t count)
{
    static const double errors[FEWEST_FOR_ORDER] = {0,      1,      0.7071, 0.6701, 0.5464, 0.5356,
                                                    0.4633, 0.4588, 0.4102, 0.4078, 0.3719, 0.3705};
    return errors[count];
}

static int by_value(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* The caller owns the array. */
static int64_t *sorted_values(const int64_t *values, size_t count)
{
    int64_t *sorted = xcalloc(count, sizeof *sorted);
    memcpy(sorted, values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_value);
    return sorted;
}

static int64_t median_of_sorted(const int64_t *sorted, size_t count)
{
    int64_t upper = sorted[count / 2];
    if (count % 2)
        return upper;
    int64_t lower = sorted[count / 2 - 1];
    return lower + (upper - lower) / 2;
}

int64_t median_of(const int64_t *values, size_t count)
{
    if (count == 0)
        BM_BUG("median of nothing");
    int64_t *sorted CLEANUP(cleanup_free) = sorted_values(values, count);
    return median_of_sorted(sorted, count);
}

double scatter_of(const int64_t *values, size_t count)
{
    if (count < 2)
        return 0;
    int64_t centre = median_of(values, count);
    int64_t *distances CLEANUP(cleanup_free) = xcalloc(count, sizeof *distances);
    for (size_t i = 0; i < count; i++)
        distances[i] = llabs(values[i] - centre);
    return MAD_TO_DEVIATION * mad_correction(count) * (double)median_of(distances, count);
}

/* The rank, from each end, of the values that bound the exact interval; 0 if there are too few
 * values for one. Each value is below the true median with a probability of one half, so their
 * number is binomial. Beyond 1000 values the normal distribution replaces it. */
static size_t order_rank(size_t count)
{
    if (count > 1000)
        return (size_t)(((double)count - Z_95 * sqrt((double)count)) / 2);
    size_t rank = 0;
    double chance = pow(0.5, (double)count), sum = chance;
    while (2 * sum <= LARGEST_ERROR) {
        rank++;
        chance = chance * (double)(count - rank + 1) / (double)rank;
        sum += chance;
    }
    return rank;
}

/* The exact interval; all values if there are too few for one. */
static struct interval order_interval(const int64_t *sorted, size_t count)
{
    size_t rank = order_rank(count);
    size_t first = rank ? rank - 1 : 0;
    return (struct interval){sorted[first], sorted[count - 1 - first]};
}

struct interval median_interval_with_outliers(const int64_t *values, size_t count)
{
    int64_t *sorted CLEANUP(cleanup_free) = sorted_values(values, count);
    return order_interval(sorted, count);
}

struct interval median_interval(const int64_t *values, size_t count)
{
    int64_t *sorted CLEANUP(cleanup_free) = sorted_values(values, count);
    struct interval interval = {sorted[0], sorted[count - 1]};
    if (count >= FEWEST_FOR_ORDER)
        return order_interval(sorted, count);
    int64_t centre = median_of_sorted(sorted, count);
    int64_t width = llround(Z_95 * median_error(count) * scatter_of(values, count));
    if (interval.lowest < centre - width)
        interval.lowest = centre - width;
    if (interval.highest > centre + width)
        interval.highest = centre + width;
    return interval;
}
