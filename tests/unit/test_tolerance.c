/* Tolerances. */
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
        {"stage_unreclaimable:build-deps", "bytes", LEVEL_OFF, 5, 32 * MIB},
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

START_TEST(slack_is_the_largest_of_three)
{
    static const int64_t quiet[] = {1000, 1000, 1000}, noisy[] = {900, 1000, 1100};
    ck_assert_int_eq(tolerance_slack(&(struct tolerance){.percent = 10, .absolute = 50}, quiet, 3),
                     100);
    ck_assert_int_eq(tolerance_slack(&(struct tolerance){.percent = 10, .absolute = 150}, quiet, 3),
                     150);
    ck_assert_int_eq(tolerance_slack(&(struct tolerance){.percent = 10, .absolute = 150}, noisy, 3),
                     443);
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
    /* MAD 44: 195.1 of 1000; MAD 46: 203.9 */
    ck_assert(!tolerance_too_noisy(&tolerance, (int64_t[]){956, 1000, 1044}, 3));
    ck_assert(tolerance_too_noisy(&tolerance, (int64_t[]){954, 1000, 1046}, 3));
    ck_assert(tolerance_too_noisy(&tolerance, (int64_t[]){100, 2000}, 2));
    ck_assert(!tolerance_too_noisy(&tolerance, (int64_t[]){100}, 1));
    /* The absolute tolerance covers it. */
    const struct tolerance wide = {.percent = 10, .absolute = 205};
    ck_assert(!tolerance_too_noisy(&wide, (int64_t[]){954, 1000, 1046}, 3));
}
END_TEST

/* The MAD of few values does not show an outlier; a fifth of 801 is 160. */
START_TEST(an_outlier_is_too_noisy)
{
    const struct tolerance tolerance = {.percent = 5, .absolute = 32};
    ck_assert(tolerance_too_noisy(&tolerance, (int64_t[]){800, 801, 1200}, 3));
    ck_assert(tolerance_too_noisy(&tolerance, (int64_t[]){800, 801, 961}, 3));
    ck_assert(!tolerance_too_noisy(&tolerance, (int64_t[]){800, 801, 960}, 3));
    /* Of nine values, one on each side is outside of the interval. */
    const int64_t nine[] = {800, 801, 802, 803, 804, 805, 806, 807, 1200};
    ck_assert(!tolerance_too_noisy(&tolerance, nine, 9));
    ck_assert(tolerance_too_noisy(&tolerance, nine + 1, 8));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("baseline/tolerance");
    TCase *all = tcase_create("all");
    tcase_add_test(all, defaults_by_metric);
    tcase_add_test(all, slack_is_the_largest_of_three);
    tcase_add_test(all, too_noisy_above_a_fifth);
    tcase_add_test(all, an_outlier_is_too_noisy);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
