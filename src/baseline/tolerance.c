#include "baseline/tolerance.h"

#include "base/alloc.h"
#include "base/units.h"
#include "measurement/metric.h"

#include <math.h>
#include <string.h>

#define NOISIEST_SHARE 0.20
#define DEVIATIONS 2.0

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
    } else if (metric_pss_stage(metric)) {
        bool setup = strcmp(metric_pss_stage(metric), "setup") == 0;
        tolerance.level = setup ? LEVEL_OFF : LEVEL_WARN;
        tolerance.percent = 20;
        tolerance.absolute = 64 * MIB;
    }
    return tolerance;
}

int64_t noise_of(const int64_t *values, size_t count)
{
    return llround(DEVIATIONS * scatter_of(values, count));
}

double tolerance_share(const struct tolerance *tolerance, int64_t base)
{
    double share = tolerance->percent / 100;
    double least = (double)tolerance->absolute / (double)base;
    return share < least ? least : share;
}

int64_t tolerance_slack(const struct tolerance *tolerance, const int64_t *values, size_t count)
{
    int64_t slack = llround(tolerance->percent / 100 * (double)median_of(values, count));
    int64_t noise = noise_of(values, count);
    if (slack < tolerance->absolute)
        slack = tolerance->absolute;
    return slack < noise ? noise : slack;
}

int64_t noise_for_acceptance(const int64_t *values, size_t count)
{
    const struct interval interval = median_interval_with_outliers(values, count);
    int64_t width = interval.highest - interval.lowest;
    int64_t noise = noise_of(values, count);
    return width > noise ? width : noise;
}

bool tolerance_too_noisy(const struct tolerance *tolerance, const int64_t *values, size_t count)
{
    int64_t noise = noise_for_acceptance(values, count);
    return noise > tolerance->absolute &&
           (double)noise > NOISIEST_SHARE * (double)median_of(values, count);
}
