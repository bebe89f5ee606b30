/* The noise model: medians, scatter and intervals. */
#include "base/alloc.h"
#include "baseline/noise.h"
#include "baseline/tolerance.h"
#include "unit/suite.h"

#include <string.h>

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

START_TEST(scatter_is_corrected_for_few_values)
{
    /* Deviations from 1000: 100, 100, 0, 200, 50; their median is 100. */
    static const int64_t values[] = {900, 1100, 1000, 1200, 950};
    static const struct {
        size_t count;
        double scatter;
    } cases[] = {{1, 0}, {2, 177.32}, {3, 221.65}, {5, 178.80}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_double_eq_tol(scatter_of(values, cases[i].count), cases[i].scatter, 0.01);
    ck_assert_int_eq(noise_of(values, 5), 358);
    /* One outlier of five values does not change it. */
    ck_assert_double_eq(scatter_of((int64_t[]){1000, 1000, 1000, 1000, 9000}, 5), 0);
    int64_t many[10];
    for (size_t i = 0; i < 10; i++)
        many[i] = 1000 + (i % 2 ? 100 : -100);
    ck_assert_double_eq_tol(scatter_of(many, 10), 148.26 * 10 / 9.2, 0.01);
}
END_TEST

static void expect(struct interval interval, int64_t lowest, int64_t highest)
{
    ck_assert_int_eq(interval.lowest, lowest);
    ck_assert_int_eq(interval.highest, highest);
}

START_TEST(interval_of_few_values)
{
    expect(median_interval((int64_t[]){700}, 1), 700, 700);
    expect(median_interval((int64_t[]){900, 700}, 2), 700, 900);
    /* 1.96 * 0.6701 * 1.4826 * 1.495 * 2 = 5.8 */
    expect(median_interval((int64_t[]){150, 148, 100}, 3), 142, 150);
    expect(median_interval((int64_t[]){102, 150, 100}, 3), 100, 108);
    expect(median_interval((int64_t[]){100, 125, 150}, 3), 100, 150);
    /* 1.96 * 0.5356 * 1.4826 * 1.206 * 10 = 18.8 */
    expect(median_interval((int64_t[]){100, 110, 120, 300, 0}, 5), 91, 129);
    expect(median_interval_with_outliers((int64_t[]){150, 148, 100}, 3), 100, 150);
    expect(median_interval_with_outliers((int64_t[]){100, 110, 120, 300, 0}, 5), 0, 300);
    expect(median_interval_with_outliers((int64_t[]){700}, 1), 700, 700);
}
END_TEST

/* The ranks of the tables of order statistics, such as Conover (1999), table A3. */
START_TEST(interval_of_many_values_is_exact)
{
    static const struct {
        size_t count;
        int64_t rank; /* from 1 */
    } cases[] = {{12, 3}, {15, 4}, {20, 6}, {25, 8}, {30, 10}, {50, 18}, {100, 40}};
    int64_t values[2000];
    for (size_t i = 0; i < 2000; i++)
        values[i] = (int64_t)i + 1;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(median_interval(values, cases[i].count), cases[i].rank,
               (int64_t)cases[i].count + 1 - cases[i].rank);
    expect(median_interval_with_outliers(values, 5), 1, 5);
    expect(median_interval_with_outliers(values, 8), 1, 8);
    expect(median_interval_with_outliers(values, 9), 2, 8);
    expect(median_interval(values, 1000), 469, 532);
    expect(median_interval(values, 1001), 469, 533);
    expect(median_interval(values, 2000), 956, 1045);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("baseline/noise");
    TCase *all = tcase_create("all");
    tcase_add_test(all, median);
    tcase_add_test(all, scatter_is_corrected_for_few_values);
    tcase_add_test(all, interval_of_few_values);
    tcase_add_test(all, interval_of_many_values_is_exact);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
