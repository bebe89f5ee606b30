/* Tolerances, medians and noise. */
#include "base/alloc.h"
#include "base/units.h"
#include "baseline/tolerance.h"
#include "measurement/metric.h"
#include "unit/gate_sample.h"
#include "unit/suite.h"

#include <string.h>

START_TEST(defaults_by_metric)
{
    static const struct {
        const char *metric, *unit;
        enum level level;
        double percent;
        int64_t absolute;
    } cases[] = {
        {"cgroup_peak", "bytes", LEVEL_FAIL, 5, 32 * MIB},
        {"unreclaimable_peak", "bytes", LEVEL_OFF, 5, 32 * MIB},
        {"duration", "ms", LEVEL_OFF, 25, 30000},
        {"stage:build-deps", "bytes", LEVEL_WARN, 20, 64 * MIB},
        {"stage:duration", "bytes", LEVEL_WARN, 20, 64 * MIB},
        {"stage:setup", "bytes", LEVEL_OFF, 20, 64 * MIB},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tolerance tolerance = tolerance_default(cases[i].metric);
        ck_assert_int_eq(tolerance.level, cases[i].level);
        ck_assert_double_eq(tolerance.percent, cases[i].percent);
        ck_assert_int_eq(tolerance.absolute, cases[i].absolute);
        ck_assert_int_eq(tolerance.budget, UNMEASURED);
        ck_assert_str_eq(metric_unit(cases[i].metric), cases[i].unit);
    }
}
END_TEST

START_TEST(median)
{
    static const struct {
        int64_t values[5];
        size_t count;
        int64_t median;
    } cases[] = {
        {{7}, 1, 7},
        {{9, 1}, 2, 5},
        {{10, 5}, 2, 7}, /* rounded down */
        {{3, 9, 1}, 3, 3},
        {{4, 1, 3, 2}, 4, 2},
        {{5, 5, 1, 9, 5}, 5, 5},
        {{INT64_MAX, INT64_MAX - 2}, 2, INT64_MAX - 1}, /* their sum would overflow */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t before[5];
        memcpy(before, cases[i].values, sizeof before);
        ck_assert_int_eq(median_of(cases[i].values, cases[i].count), cases[i].median);
        ck_assert_mem_eq(before, cases[i].values, sizeof before);
    }
}
END_TEST

START_TEST(noise_is_three_deviations)
{
    /* Deviations from 1000: 100, 100, 0, 200, 50; their median is 100: 3 * 1.4826 * 100. */
    static const int64_t values[] = {900, 1100, 1000, 1200, 950};
    ck_assert_int_eq(noise_of(values, 5), 445);
    ck_assert_int_eq(noise_of(values, 3), 445);
    ck_assert_int_eq(noise_of(values, 2), 0);
    ck_assert_int_eq(noise_of(values, 1), 0);
    /* One outlier of five values does not change it. */
    ck_assert_int_eq(noise_of((int64_t[]){1000, 1000, 1000, 1000, 9000}, 5), 0);
}
END_TEST

START_TEST(slack_is_the_largest_of_three)
{
    static const int64_t quiet[] = {1000, 1000, 1000}, noisy[] = {900, 1000, 1100};
    ck_assert_int_eq(tolerance_slack(&(struct tolerance){.percent = 10, .absolute = 50}, quiet, 3),
                     100);
    ck_assert_int_eq(tolerance_slack(&(struct tolerance){.percent = 10, .absolute = 150}, quiet, 3),
                     150);
    ck_assert_int_eq(tolerance_slack(&(struct tolerance){.percent = 10, .absolute = 150}, noisy, 3),
                     445);
    ck_assert_int_eq(tolerance_slack(&(struct tolerance){.percent = 50, .absolute = 150}, noisy, 3),
                     500);
    ck_assert_int_eq(tolerance_slack(&(struct tolerance){.percent = 0.05}, quiet, 3), 1);
    ck_assert_int_eq(tolerance_slack(&(struct tolerance){0}, quiet, 3), 0);
    /* Terabytes keep all digits. */
    ck_assert_int_eq(tolerance_slack(&(struct tolerance){.percent = 100},
                                     (int64_t[]){INT64_C(1099511627777)}, 1),
                     INT64_C(1099511627777));
}
END_TEST

START_TEST(too_noisy_above_a_fifth)
{
    const struct tolerance tolerance = {.percent = 10, .absolute = 50};
    /* MAD 44: 195.7 of 1000; MAD 46: 204.6 */
    ck_assert(!tolerance_too_noisy(&tolerance, (int64_t[]){956, 1000, 1044}, 3));
    ck_assert(tolerance_too_noisy(&tolerance, (int64_t[]){954, 1000, 1046}, 3));
    ck_assert(!tolerance_too_noisy(&tolerance, (int64_t[]){100, 2000}, 2));
    /* The absolute tolerance covers it. */
    const struct tolerance wide = {.percent = 10, .absolute = 205};
    ck_assert(!tolerance_too_noisy(&wide, (int64_t[]){954, 1000, 1046}, 3));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("baseline/tolerance");
    TCase *all = tcase_create("all");
    tcase_add_test(all, defaults_by_metric);
    tcase_add_test(all, median);
    tcase_add_test(all, noise_is_three_deviations);
    tcase_add_test(all, slack_is_the_largest_of_three);
    tcase_add_test(all, too_noisy_above_a_fifth);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
