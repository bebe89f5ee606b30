#include "bench/trials.h"

#include "base/alloc.h"
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
    else
        m.peak.cgroup_bytes += m.peak.unreclaimable_bytes - from->peak.unreclaimable_bytes;
    const char *stage = metric_stage_name(metric);
    for (size_t i = 0; i < m.stage_count; i++)
        if (whole || (stage && strcmp(stage, m.stages[i].name) == 0))
            scale(&m.stages[i].pss_peak_bytes, growth);
    return m;
}

/* Draws a baseline and applies the settings of the gate. Returns false if it is too noisy. */
static bool draw_baseline(const struct pool *pool, const struct gate *gate, uint64_t *state,
                          struct baseline *baseline)
{
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    const struct acceptance acceptance = {.at = "2026-01-01T00:00:00Z"};
    struct measurement *runs CLEANUP(cleanup_free) = xcalloc(gate->baseline_runs, sizeof *runs);
    for (size_t i = 0; i < gate->baseline_runs; i++)
        runs[i] = *draw(pool, state);
    if (baseline_accept(baseline, runs, gate->baseline_runs, &acceptance, &ignored) < 0)
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
    struct measurement runs[MAX_CHECK_RUNS];
    struct judgement judgement CLEANUP(judgement_release);
    judgement_init(&judgement);
    *count = 0;
    do
        runs[(*count)++] = grown(draw(pool, state), gate->metric, growth);
    while (needs_rerun(baseline, runs, *count));
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
