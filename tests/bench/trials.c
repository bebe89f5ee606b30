#include "bench/trials.h"

#include "base/alloc.h"
#include "baseline/disturbed.h"
#include "gate/judge.h"

#include <math.h>
#include <string.h>

/* SplitMix64 (Steele, Lea and Flood, 2014): the same draws on every machine. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static double uniform(uint64_t *state)
{
    return (double)(next_random(state) >> 11) / (double)(UINT64_C(1) << 53);
}

/* Box and Muller (1958). */
static double normal(uint64_t *state)
{
    double radius = sqrt(-2 * log(1 - uniform(state)));
    return radius * cos(2 * 3.14159265358979323846 * uniform(state));
}

#define SKEW 0.5 /* of the log-normal distribution, whose standard deviation follows */
#define SKEWED_DEVIATION 0.604
#define HIGH_SHARE 0.2 /* of the bimodal runs */
#define STARVED_SHARE 0.15

/* Returns the peak of one run, as a share of the usual one. */
static double draw_share(enum shape shape, double scatter, uint64_t *state)
{
    double z = normal(state), u = uniform(state);
    switch (shape) {
    case SHAPE_SKEWED:
        return 1 + scatter * (exp(SKEW * z) - 1) / SKEWED_DEVIATION;
    case SHAPE_BIMODAL: /* the peaks are 2.5 standard deviations apart */
        return 1 + scatter * ((u < HIGH_SHARE ? 2 : -0.5) + 0.3 * z);
    case SHAPE_STARVED:
        return 1 + scatter * z - (u < STARVED_SHARE ? 0.05 + u : 0);
    default:
        return 1 + scatter * z;
    }
}

const char *shape_name(enum shape shape)
{
    static const char *const names[] = {"normal", "skewed", "bimodal", "starved"};
    return names[shape];
}

void draw_pool(enum shape shape, double scatter, size_t count, uint64_t seed, struct pool *pool)
{
    *pool = (struct pool){.runs = xcalloc(count, sizeof *pool->runs), .count = count};
    for (size_t i = 0; i < count; i++) {
        struct measurement *m = &pool->runs[i];
        measurement_init(m);
        m->build.exit_code = 0;
        m->build.duration_ms = 60000;
        m->peak.cgroup_bytes = llround(1024.0 * 1048576 * draw_share(shape, scatter, &seed));
        m->peak.source = xstrdup("memory.peak");
        m->environment.architecture = xstrdup("x86_64");
        m->environment.image = xstrdup("drawn");
        m->environment.cpus = 2;
    }
}

static const struct measurement *draw(const struct pool *pool, uint64_t *state)
{
    return &pool->runs[next_random(state) % pool->count];
}

static void scale(int64_t *figure, double growth)
{
    if (*figure >= 0)
        *figure = llround((double)*figure * (1 + growth));
}

/* Returns a copy of a run with a larger metric. The caller frees its array of stages; the rest
 * belongs to the original. */
static struct measurement grown(const struct measurement *from, const char *metric, double growth)
{
    struct measurement m = *from;
    m.stages = xcalloc(m.stage_count, sizeof *m.stages);
    memcpy(m.stages, from->stages, m.stage_count * sizeof *m.stages);
    bool whole = strcmp(metric, METRIC_CGROUP_PEAK) == 0;
    if (whole || strcmp(metric, METRIC_UNRECLAIMABLE_PEAK) == 0)
        scale(&m.peak.unreclaimable_bytes, growth);
    if (whole)
        scale(&m.peak.cgroup_bytes, growth);
    else if (m.peak.unreclaimable_bytes >= 0)
        m.peak.cgroup_bytes += m.peak.unreclaimable_bytes - from->peak.unreclaimable_bytes;
    const char *stage = metric_pss_stage(metric);
    const char *either = metric_stage(metric);
    for (size_t i = 0; i < m.stage_count; i++) {
        if (whole || (stage && strcmp(stage, m.stages[i].name) == 0))
            scale(&m.stages[i].pss_peak_bytes, growth);
        if (whole || (either && !stage && strcmp(either, m.stages[i].name) == 0))
            scale(&m.stages[i].unreclaimable_peak_bytes, growth);
    }
    return m;
}

/* Draws runs like `build-mem baseline refresh`, which measures again if the machine disturbed a
 * run. `*runs` is the caller's. Returns the number of runs to accept. */
static size_t draw_accepted(const struct pool *pool, size_t wanted, uint64_t *state,
                            struct measurement **runs)
{
    struct measurement *drawn CLEANUP(cleanup_free) = NULL;
    size_t count = 0;
    char *reason CLEANUP(cleanup_free) = NULL;
    do {
        drawn = xgrow(drawn, count, sizeof *drawn);
        drawn[count++] = *draw(pool, state);
        free(reason);
        reason = refresh_rerun_reason(drawn, count, wanted);
    } while (count < wanted || reason);
    *runs = xcalloc(count, sizeof **runs);
    return runs_to_accept(drawn, count, *runs, &reason);
}

/* Draws a baseline and applies the settings of the gate. Returns false if a refresh would refuse
 * it: it is too noisy, or the machine disturbed too many runs. */
static bool draw_baseline(const struct pool *pool, const struct gate *gate, uint64_t *state,
                          struct baseline *baseline)
{
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    const struct acceptance acceptance = {.at = "2026-01-01T00:00:00Z"};
    struct measurement *runs CLEANUP(cleanup_free) = NULL;
    size_t count = draw_accepted(pool, gate->baseline_runs, state, &runs);
    if (count < gate->baseline_runs ||
        baseline_accept(baseline, runs, count, &acceptance, &ignored) < 0)
        return false;
    struct baseline_environment *entry = &baseline->environments[0];
    baseline_metric_find(entry, METRIC_CGROUP_PEAK)->tolerance.level = LEVEL_OFF;
    struct baseline_metric *metric = baseline_metric_find(entry, gate->metric);
    metric->tolerance = gate->tolerance;
    metric->tolerance.level = LEVEL_FAIL;
    return !tolerance_too_noisy(&metric->tolerance, metric->values, metric->count);
}

static bool needs_rerun(const struct baseline *baseline, const struct measurement *runs,
                        size_t count)
{
    char *reason CLEANUP(cleanup_free) = rerun_reason(baseline, runs, count);
    return reason != NULL;
}

/* Draws and judges runs like `build-mem check`. */
static enum verdict check(const struct pool *pool, const struct gate *gate, double growth,
                          const struct baseline *baseline, uint64_t *state, size_t *count)
{
    size_t most = gate->check_runs ? gate->check_runs : MAX_CHECK_RUNS;
    struct measurement *runs CLEANUP(cleanup_free) = xcalloc(most, sizeof *runs);
    struct judgement judgement CLEANUP(judgement_release);
    judgement_init(&judgement);
    *count = 0;
    do
        runs[(*count)++] = grown(draw(pool, state), gate->metric, growth);
    while (gate->check_runs ? *count < most : needs_rerun(baseline, runs, *count));
    judge(baseline, NULL, runs, *count, false, &judgement);
    for (size_t i = 0; i < *count; i++)
        free(runs[i].stages);
    return judgement.verdict;
}

struct outcome try_gate(const struct pool *pool, const struct gate *gate, double growth,
                        size_t trials, uint64_t seed)
{
    size_t regressed = 0, inconclusive = 0, refused = 0, checks = 0, runs = 0;
    for (size_t drawn = 0; drawn < trials; drawn++) {
        struct baseline baseline CLEANUP(baseline_release) = {0};
        size_t count;
        if (!draw_baseline(pool, gate, &seed, &baseline)) {
            refused++;
            continue;
        }
        enum verdict verdict = check(pool, gate, growth, &baseline, &seed, &count);
        regressed += verdict == VERDICT_REGRESSED;
        inconclusive += verdict == VERDICT_INCONCLUSIVE;
        runs += count;
        checks++;
    }
    return (struct outcome){.regressed = (double)regressed / (double)checks,
                            .inconclusive = (double)inconclusive / (double)checks,
                            .refused = (double)refused / (double)trials,
                            .check_runs = (double)runs / (double)checks};
}

double try_naive(const struct pool *pool, const char *metric, double percent, double growth,
                 size_t trials, uint64_t seed)
{
    size_t failed = 0;
    for (size_t i = 0; i < trials; i++) {
        int64_t before = metric_value(draw(pool, &seed), metric);
        struct measurement now = grown(draw(pool, &seed), metric, growth);
        failed += (double)metric_value(&now, metric) > (double)before * (1 + percent / 100);
        free(now.stages);
    }
    return (double)failed / (double)trials;
}
