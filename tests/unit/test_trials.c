/* The simulated checks of make gate-power, on runs with a known outcome. */
#include "base/alloc.h"
#include "base/units.h"
#include "bench/trials.h"
#include "measurement/metric.h"
#include "unit/gate_sample.h"
#include "unit/suite.h"

#include <check.h>

#define TRIALS 100

static const struct tolerance five_percent = {.percent = 5, .budget = UNMEASURED};

/* Returns runs with these memory peaks, in MiB. The caller releases them. */
#define POOL(...)                                                                                  \
    pool_of((int64_t[]){__VA_ARGS__}, sizeof(int64_t[]){__VA_ARGS__} / sizeof(int64_t))
static struct pool pool_of(const int64_t *headlines, size_t count)
{
    struct pool pool = {.runs = xcalloc(count, sizeof *pool.runs), .count = count};
    for (size_t i = 0; i < count; i++)
        gate_run(&pool.runs[i], "evidence", headlines[i] * MIB);
    return pool;
}

static void release_pool(struct pool *pool)
{
    gate_release_runs(pool->runs, pool->count);
    free(pool->runs);
}

static void expect(const struct pool *pool, const char *metric, double growth, double regressed,
                   double check_runs)
{
    struct gate gate = {.metric = metric, .tolerance = five_percent, .baseline_runs = 3};
    struct outcome outcome = try_gate(pool, &gate, growth, 3, 1);
    ck_assert_double_eq(outcome.regressed, regressed);
    ck_assert_double_eq(outcome.inconclusive, 0);
    ck_assert_double_eq(outcome.refused, 0);
    ck_assert_double_eq(outcome.check_runs, check_runs);
}

START_TEST(equal_runs_have_one_outcome)
{
    static const char *const metrics[] = {METRIC_CGROUP_PEAK, METRIC_UNRECLAIMABLE_PEAK,
                                          METRIC_STAGE_PREFIX "build-deps"};
    struct pool pool = POOL(800);
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
        expect(&pool, metrics[i], 0, 0, 1);
        expect(&pool, metrics[i], 0.024, 0, 1); /* half of the slack */
        expect(&pool, metrics[i], 0.026, 0, 2);
        expect(&pool, metrics[i], 0.049, 0, 2);
        expect(&pool, metrics[i], 0.051, 1, 2);
        ck_assert_double_eq(try_naive(&pool, metrics[i], 10, 0.099, 3, 1), 0);
        ck_assert_double_eq(try_naive(&pool, metrics[i], 10, 0.101, 3, 1), 1);
    }
    release_pool(&pool);
}
END_TEST

START_TEST(the_seed_determines_the_outcome)
{
    struct pool pool = POOL(800, 810, 850);
    struct gate gate = {
        .metric = METRIC_CGROUP_PEAK, .tolerance = five_percent, .baseline_runs = 3};
    struct outcome one = try_gate(&pool, &gate, 0.02, TRIALS, 1);
    struct outcome again = try_gate(&pool, &gate, 0.02, TRIALS, 1);
    struct outcome other = try_gate(&pool, &gate, 0.02, TRIALS, 3);
    ck_assert_double_eq(one.regressed, again.regressed);
    ck_assert_double_eq(one.check_runs, again.check_runs);
    ck_assert(one.check_runs != other.check_runs || one.regressed != other.regressed);
    ck_assert_double_gt(one.regressed, 0);
    ck_assert_double_lt(one.regressed, 1);
    release_pool(&pool);
}
END_TEST

/* Only a baseline of three equal runs is steady: 3 of 27 draws. */
START_TEST(noisy_baselines_are_counted)
{
    struct pool pool = POOL(400, 800, 1200);
    struct gate gate = {
        .metric = METRIC_CGROUP_PEAK, .tolerance = five_percent, .baseline_runs = 3};
    struct outcome outcome = try_gate(&pool, &gate, 0, TRIALS, 1);
    ck_assert_double_eq_tol(outcome.refused, 24.0 / 27, 0.1);
    release_pool(&pool);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trials");
    TCase *all = tcase_create("all");
    tcase_add_test(all, equal_runs_have_one_outcome);
    tcase_add_test(all, the_seed_determines_the_outcome);
    tcase_add_test(all, noisy_baselines_are_counted);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
