#include "trend/change_points.h"

#include "base/alloc.h"
#include "baseline/tolerance.h"

#include <math.h>
#include <string.h>

/* asv uses 4, which misses half of all raises of 6 % in 30 commits with a scatter of 1 %. With 2.5
 * they are found, and 0 of 200 series of 30 normal values have a change point, 3 of 200 of 10
 * values. */
#define PENALTY_OF_SEGMENT 2.5
#define PENALTIES 60
#define PENALTY_RATIO 1.25 /* of two penalties that are tried */

void segments_release(struct segments *segments)
{
    free(segments->starts);
    *segments = (struct segments){0};
}

/* costs[at(l, r)]: the sum of the distances of the values l to r from their median; l <= r. */
static size_t at(size_t l, size_t r)
{
    return r * (r + 1) / 2 + l;
}

/* Inserts a value into a sorted array of `count` values, and returns its place. */
static size_t insert_sorted(int64_t *sorted, size_t count, int64_t value)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (sorted[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    memmove(sorted + low + 1, sorted + low, (count - low) * sizeof *sorted);
    sorted[low] = value;
    return low;
}

/* With the lower median as the centre, a new value adds its distance from the old centre. If the
 * centre then moves by one place, an even number of values was split in halves, and the sum of the
 * distances does not change. */
static double *all_costs(const int64_t *values, size_t count)
{
    double *costs = xcalloc(at(0, count), sizeof *costs);
    int64_t *sorted CLEANUP(cleanup_free) = xcalloc(count, sizeof *sorted);
    for (size_t l = 0; l < count; l++) {
        double cost = 0;
        for (size_t r = l; r < count; r++) {
            size_t length = r - l;
            int64_t low = length ? sorted[(length - 1) / 2] : values[r];
            int64_t high = length ? sorted[length / 2] : values[r];
            if (values[r] < low)
                cost += (double)low - (double)values[r];
            else if (values[r] > high)
                cost += (double)values[r] - (double)high;
            insert_sorted(sorted, length, values[r]);
            costs[at(l, r)] = cost;
        }
    }
    return costs;
}

static struct segments segments_of(const double *costs, size_t count, double gamma)
{
    struct segments segments = {0};
    double *best CLEANUP(cleanup_free) = xcalloc(count + 1, sizeof *best);
    size_t *start CLEANUP(cleanup_free) = xcalloc(count + 1, sizeof *start);
    best[0] = -gamma;
    for (size_t end = 1; end <= count; end++) {
        best[end] = INFINITY;
        for (size_t l = 0; l < end; l++) {
            double cost = best[l] + gamma + costs[at(l, end - 1)];
            if (cost < best[end]) {
                best[end] = cost;
                start[end] = l;
            }
        }
    }
    for (size_t end = count; end > 0; end = start[end])
        segments.count++;
    segments.starts = xcalloc(segments.count, sizeof *segments.starts);
    size_t place = segments.count;
    for (size_t end = count; end > 0; end = start[end])
        segments.starts[--place] = start[end];
    return segments;
}

/* The sum of the distances, without penalties. */
static double distance_of(const double *costs, size_t count, const struct segments *segments)
{
    double distance = 0;
    for (size_t i = 0; i < segments->count; i++) {
        size_t end = i + 1 < segments->count ? segments->starts[i + 1] : count;
        distance += costs[at(segments->starts[i], end - 1)];
    }
    return distance;
}

struct segments potts_segments(const int64_t *values, size_t count, double gamma)
{
    double *costs CLEANUP(cleanup_free) = all_costs(values, count);
    return segments_of(costs, count, gamma);
}

double potts_cost(const int64_t *values, size_t count, const struct segments *segments,
                  double gamma)
{
    double *costs CLEANUP(cleanup_free) = all_costs(values, count);
    return distance_of(costs, count, segments) + gamma * (double)(segments->count - 1);
}

/* See find_segments. */
static double scatter_floor(const int64_t *values, size_t count)
{
    int64_t *distances CLEANUP(cleanup_free) = xcalloc(count, sizeof *distances);
    for (size_t i = 1; i < count; i++)
        distances[i - 1] = llabs(values[i] - values[i - 1]);
    double level = 0.001 * (double)median_of(values, count);
    double neighbours = count > 1 ? 0.25 * (double)median_of(distances, count - 1) : 0;
    return fmax(1, fmax(level, neighbours));
}

struct segments find_segments(const int64_t *values, size_t count)
{
    struct segments best = {0};
    if (!count)
        return best;
    double *costs CLEANUP(cleanup_free) = all_costs(values, count);
    double floor = scatter_floor(values, count), lowest = INFINITY;
    double gamma = 2 * costs[at(0, count - 1)] + 1; /* one segment */
    for (int i = 0; i < PENALTIES; i++, gamma /= PENALTY_RATIO) {
        struct segments segments = segments_of(costs, count, gamma);
        double scatter = distance_of(costs, count, &segments) / (double)count + floor;
        double criterion = log(scatter) + PENALTY_OF_SEGMENT * (double)segments.count *
                                              log((double)count) / (double)count;
        if (criterion < lowest) {
            lowest = criterion;
            segments_release(&best);
            best = segments;
        } else {
            segments_release(&segments);
        }
    }
    return best;
}
