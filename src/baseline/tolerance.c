#include "baseline/tolerance.h"

#include "base/alloc.h"
#include "base/units.h"
#include "measurement/metric.h"

#include <math.h>
#include <string.h>

#define NOISIEST_SHARE 0.20
#define DEVIATIONS 3.0
#define MAD_TO_DEVIATION 1.4826
#define FEWEST_VALUES_FOR_MAD 3

const char *level_name(enum level level)
{
    switch (level) {
    case LEVEL_OFF:
        return "off";
    case LEVEL_WARN:
        return "warn";
    case LEVEL_FAIL:
        return "fail";
    }
    BM_BUG("level out of range");
}

struct tolerance tolerance_default(const char *metric)
{
    struct tolerance tolerance = {
        .level = LEVEL_OFF, .percent = 5, .absolute = 32 * MIB, .budget = UNMEASURED};
    if (strcmp(metric, METRIC_CGROUP_PEAK) == 0) {
        tolerance.level = LEVEL_FAIL;
    } else if (strcmp(metric, METRIC_DURATION) == 0) {
        tolerance.percent = 25;
        tolerance.absolute = 30000;
    } else if (strncmp(metric, METRIC_PROCESS_PREFIX, strlen(METRIC_PROCESS_PREFIX)) == 0) {
        tolerance.level = LEVEL_WARN;
    } else if (metric_stage_name(metric)) {
        bool setup = strcmp(metric_stage_name(metric), "setup") == 0;
        tolerance.level = setup ? LEVEL_OFF : LEVEL_WARN;
        tolerance.percent = 20;
        tolerance.absolute = 64 * MIB;
    }
    return tolerance;
}

static int by_value(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

int64_t median_of(const int64_t *values, size_t count)
{
    if (count == 0)
        BM_BUG("median of nothing");
    int64_t *sorted CLEANUP(cleanup_free) = xcalloc(count, sizeof *sorted);
    memcpy(sorted, values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_value);
    int64_t upper = sorted[count / 2];
    if (count % 2)
        return upper;
    int64_t lower = sorted[count / 2 - 1];
    return lower + (upper - lower) / 2;
}

int64_t noise_of(const int64_t *values, size_t count)
{
    if (count < FEWEST_VALUES_FOR_MAD)
        return 0;
    int64_t centre = median_of(values, count);
    int64_t *deviations CLEANUP(cleanup_free) = xcalloc(count, sizeof *deviations);
    for (size_t i = 0; i < count; i++)
        deviations[i] = llabs(values[i] - centre);
    return llround(DEVIATIONS * MAD_TO_DEVIATION * (double)median_of(deviations, count));
}

int64_t tolerance_slack(const struct tolerance *tolerance, const int64_t *values, size_t count)
{
    int64_t slack = llround(tolerance->percent / 100 * (double)median_of(values, count));
    int64_t noise = noise_of(values, count);
    if (slack < tolerance->absolute)
        slack = tolerance->absolute;
    return slack < noise ? noise : slack;
}

bool tolerance_too_noisy(const struct tolerance *tolerance, const int64_t *values, size_t count)
{
    int64_t noise = noise_of(values, count);
    return noise > tolerance->absolute &&
           (double)noise > NOISIEST_SHARE * (double)median_of(values, count);
}
