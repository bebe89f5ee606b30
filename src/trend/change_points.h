/* Change points: the places at which the plateau of a series of values changes. Pure.
 *
 * The plateaus minimise the L1-Potts functional (Storath, Weinmann, Unser: Jump-penalized least
 * absolute values estimation of scalar or circle-valued signals, 2014; asv uses it, too):
 *
 *     gamma * (segments - 1) + sum of |value - median of its segment|
 *
 * An outlier moves no median, so it is no change point. */
#ifndef BM_TREND_CHANGE_POINTS_H
#define BM_TREND_CHANGE_POINTS_H

#include <stddef.h>
#include <stdint.h>

/* The segments of a series. */
struct segments {
    size_t *starts; /* index of the first value of each; starts[0] is 0; owned */
    size_t count;   /* 0 for an empty series */
};
void segments_release(struct segments *segments);

/* The exact minimum of the functional for a penalty, by dynamic programming. */
struct segments potts_segments(const int64_t *values, size_t count, double gamma);
/* The value of the functional for these segments. */
double potts_cost(const int64_t *values, size_t count, const struct segments *segments,
                  double gamma);

/* The segments for the penalty that minimises an information criterion. asv does the same with
 * another factor:
 *
 *     log(scatter) + 2.5 * segments * log(count) / count
 *
 * The scatter is the mean distance from the median of the segment, plus a floor: a quarter of the
 * median distance of two neighbours, or 0.1 % of the median. Without a floor, a segment for each
 * value would have no scatter. Needs O(count^2) memory. */
struct segments find_segments(const int64_t *values, size_t count);

#endif
