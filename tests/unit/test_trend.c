/* The trend: change points, and the grouping of results by environment and commit. */
#include "trend/trend.h"

#include "base/alloc.h"
#include "base/units.h"
#include "baseline/tolerance.h"
#include "measurement/metric.h"
#include "report/report.h"
#include "unit/gate_sample.h"
#include "unit/suite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define COMMITS 30
#define CHANGED_AT {8, 15, 23}

/* A reproducible pseudo-random number from 0 to 1. */
static double uniform(unsigned *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return (*seed >> 8) / 16777216.0;
}

static double normal(unsigned *seed)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += uniform(seed);
    return sum;
}

static struct segments segments_of_mask(unsigned mask, size_t count)
{
    struct segments segments = {.starts = xcalloc(count, sizeof *segments.starts), .count = 1};
    for (size_t i = 1; i < count; i++)
        if (mask & (1U << (i - 1)))
            segments.starts[segments.count++] = i;
    return segments;
}

/* The functional, by its definition. */
static double cost_of(const int64_t *values, size_t count, const struct segments *segments,
                      double gamma)
{
    double cost = gamma * (double)(segments->count - 1);
    for (size_t s = 0; s < segments->count; s++) {
        size_t start = segments->starts[s];
        size_t end = s + 1 < segments->count ? segments->starts[s + 1] : count;
        int64_t median = median_of(values + start, end - start);
        for (size_t i = start; i < end; i++)
            cost += (double)llabs(values[i] - median);
    }
    return cost;
}

START_TEST(potts_is_exact)
{
    unsigned seed = 1;
    for (int round = 0; round < 300; round++) {
        size_t count = 1 + (size_t)(uniform(&seed) * 9);
        double gamma = 200 * uniform(&seed);
        int64_t values[10];
        for (size_t i = 0; i < count; i++)
            values[i] = 100 + 2 * (int64_t)(uniform(&seed) * 60);
        double lowest = INFINITY;
        for (unsigned mask = 0; mask < 1U << (count - 1); mask++) {
            struct segments segments = segments_of_mask(mask, count);
            lowest = fmin(lowest, cost_of(values, count, &segments, gamma));
            segments_release(&segments);
        }
        struct segments found = potts_segments(values, count, gamma);
        ck_assert_double_eq_tol(potts_cost(values, count, &found, gamma), lowest, 1e-6);
        ck_assert_double_eq_tol(cost_of(values, count, &found, gamma), lowest, 1e-6);
        segments_release(&found);
    }
}
END_TEST

static void planted(int64_t *values, unsigned seed, double scatter)
{
    static const double levels[] = {800, 848, 780, 830};
    static const size_t changed_at[] = CHANGED_AT;
    size_t level = 0;
    for (size_t i = 0; i < COMMITS; i++) {
        while (level < 3 && i >= changed_at[level])
            level++;
        values[i] = (int64_t)((levels[level] + scatter * normal(&seed)) * (double)MIB);
    }
}

/* Changes of 6, 8 and 6.4 %, scatter of 1 %. */
START_TEST(planted_change_points_are_found)
{
    static const size_t changed_at[] = CHANGED_AT;
    int64_t values[COMMITS];
    planted(values, 7, 8);
    struct segments found = find_segments(values, COMMITS);
    ck_assert_uint_eq(found.count, 4);
    for (size_t s = 0; s < 3; s++)
        ck_assert_uint_eq(found.starts[s + 1], changed_at[s]);
    segments_release(&found);
}
END_TEST

START_TEST(noise_has_no_change_points)
{
    size_t alarms = 0, missed = 0;
    for (unsigned seed = 1; seed <= 200; seed++) {
        int64_t values[COMMITS];
        unsigned state = seed * 7919;
        for (size_t i = 0; i < COMMITS; i++)
            values[i] = (int64_t)((800 + 8 * normal(&state)) * (double)MIB);
        struct segments found = find_segments(values, COMMITS);
        alarms += found.count > 1;
        segments_release(&found);
        planted(values, seed * 104729, 8);
        found = find_segments(values, COMMITS);
        missed += found.count != 4;
        segments_release(&found);
    }
    printf(
        "of 200 series of noise, %zu have a change point; of 200 with 3, %zu have another number\n",
        alarms, missed);
    ck_assert_uint_le(alarms, 2);
    ck_assert_uint_le(missed, 4);
}
END_TEST

START_TEST(small_series)
{
    const int64_t values[] = {5, 5, 5};
    for (size_t count = 0; count <= 3; count++) {
        struct segments found = find_segments(values, count);
        ck_assert_uint_eq(found.count, count > 0);
        segments_release(&found);
    }
}
END_TEST

/* The scatter of three runs is no change: their floor is that of neighbours. */
START_TEST(three_runs_that_scatter_are_one_plateau)
{
    const int64_t values[] = {800 * MIB, 850 * MIB, 790 * MIB};
    struct segments found = find_segments(values, 3);
    ck_assert_uint_eq(found.count, 1);
    segments_release(&found);
}
END_TEST

/* One run that a neighbour disturbed is no plateau. */
START_TEST(an_outlier_is_no_change_point)
{
    int64_t values[COMMITS];
    unsigned seed = 3;
    for (size_t i = 0; i < COMMITS; i++)
        values[i] = (int64_t)((800 + 8 * normal(&seed)) * (double)MIB);
    values[12] += 120 * MIB;
    struct segments found = find_segments(values, COMMITS);
    ck_assert_uint_eq(found.count, 1);
    segments_release(&found);
}
END_TEST

/* ---- results ---- */

static struct measurement runs[COMMITS + 2];
static struct baseline baseline;
static struct strv order;
static struct trend trend;

static void setup(void)
{
    int64_t values[COMMITS];
    planted(values, 7, 8);
    memset(&order, 0, sizeof order);
    for (size_t i = 0; i < COMMITS + 2; i++) {
        gate_run(&runs[i], "check", i < COMMITS ? values[i] : 800 * MIB);
        runs[i].commit = xasprintf("%040zx", i % COMMITS + 1);
        /* The clock of the machine runs backwards: the order of the commits counts. */
        runs[i].started_at = xasprintf("2026-11-28T12:%02zu:00.000Z", 59 - i);
    }
    for (size_t i = 0; i < COMMITS; i++)
        strv_pushf(&order, "%040zx", i + 1);
    gate_baseline(&baseline);
    gate_set(&baseline.environments[0].accepted_commit, runs[8].commit);
    gate_set(&baseline.environments[0].accepted_reason, "a new dependency");
}

static void teardown(void)
{
    gate_release_runs(runs, COMMITS + 2);
    baseline_release(&baseline);
    strv_release(&order);
    trend_release(&trend);
}

static const struct trend_metric *metric_of(const struct trend_series *series, const char *name)
{
    for (size_t i = 0; i < series->metric_count; i++)
        if (strcmp(series->metrics[i].name, name) == 0)
            return &series->metrics[i];
    ck_abort_msg("no metric %s", name);
    return NULL;
}

START_TEST(change_points_name_their_commits)
{
    static const size_t changed_at[] = CHANGED_AT;
    trend_make(runs, COMMITS, &order, &baseline, &trend);
    ck_assert_uint_eq(trend.count, 1);
    ck_assert_uint_eq(trend.series[0].commit_count, COMMITS);
    const struct trend_metric *peak = metric_of(&trend.series[0], METRIC_CGROUP_PEAK);
    ck_assert_uint_eq(peak->segments.count, 4);
    for (size_t s = 1; s < 4; s++)
        ck_assert_str_eq(trend_change_point_commit(&trend.series[0], peak, s)->name,
                         runs[changed_at[s - 1]].commit);
    ck_assert(peak->anchor_is_accepted);
    ck_assert_int_eq(peak->anchor, 800 * MIB);
    ck_assert(trend_plateau(peak) > 815 * MIB && trend_plateau(peak) < 845 * MIB);
    ck_assert(peak->proposed_percent >= 2 && peak->proposed_percent <= 6);
    ck_assert_ptr_eq(trend.series[0].commits[8].accepted, &baseline.environments[0]);
}
END_TEST

START_TEST(few_commits_propose_no_tolerance)
{
    trend_make(runs, 19, &order, NULL, &trend);
    const struct trend_metric *peak = metric_of(&trend.series[0], METRIC_CGROUP_PEAK);
    ck_assert(peak->proposed_percent < 0);
    ck_assert(!peak->anchor_is_accepted);
    ck_assert_int_eq(peak->anchor, peak->plateaus[0]);
}
END_TEST

START_TEST(equal_values_propose_one_percent)
{
    for (size_t i = 0; i < 20; i++)
        runs[i].peak.cgroup_bytes = 800 * MIB;
    trend_make(runs, 20, &order, NULL, &trend);
    const struct trend_metric *peak = metric_of(&trend.series[0], METRIC_CGROUP_PEAK);
    ck_assert_double_eq(peak->proposed_percent, 1);
}
END_TEST

/* A state after the 6th commit, which is not committed. */
START_TEST(a_dirty_tree_has_the_place_of_its_commit)
{
    char *dirty CLEANUP(cleanup_free) = xasprintf("%s-dirty", order.items[5]);
    gate_set(&runs[5].commit, dirty);
    trend_make(runs, COMMITS, &order, NULL, &trend);
    ck_assert_str_eq(trend.series[0].commits[0].name, order.items[0]);
    ck_assert_str_eq(trend.series[0].commits[5].name, dirty);
}
END_TEST

/* Places and times together would be no order. */
START_TEST(a_commit_of_another_branch_orders_all_by_time)
{
    gate_set(&runs[5].commit, "ffffffffffffffffffffffffffffffffffffffff");
    trend_make(runs, COMMITS, &order, NULL, &trend);
    for (size_t i = 0; i < COMMITS; i++)
        ck_assert_str_eq(trend.series[0].commits[i].name, runs[COMMITS - 1 - i].commit);
}
END_TEST

START_TEST(runs_of_one_commit_are_one_value)
{
    gate_set(&runs[COMMITS].commit, runs[0].commit);
    gate_set(&runs[COMMITS + 1].commit, runs[0].commit);
    runs[COMMITS].peak.cgroup_bytes = 900 * MIB;
    runs[COMMITS + 1].peak.cgroup_bytes = 950 * MIB;
    trend_make(runs, COMMITS + 2, &order, NULL, &trend);
    ck_assert_uint_eq(trend.series[0].commit_count, COMMITS);
    ck_assert_uint_eq(trend.series[0].commits[0].runs, 3);
    const struct trend_value *value = &metric_of(&trend.series[0], METRIC_CGROUP_PEAK)->values[0];
    ck_assert_int_eq(value->median, 900 * MIB);
    ck_assert_int_eq(value->high, 950 * MIB);
    ck_assert_int_eq(value->low, runs[0].peak.cgroup_bytes);
}
END_TEST

START_TEST(without_an_order_time_counts)
{
    struct strv none = {0};
    trend_make(runs, COMMITS, &none, NULL, &trend);
    ck_assert_str_eq(trend.series[0].commits[0].name, runs[COMMITS - 1].commit);
}
END_TEST

START_TEST(other_environments_are_other_series)
{
    runs[3].environment.cpus = 4;
    runs[4].peak.limit_bytes = 2000 * MIB;
    trend_make(runs, COMMITS, &order, NULL, &trend);
    ck_assert_uint_eq(trend.count, 3);
    ck_assert_uint_eq(trend.series[0].commit_count, COMMITS - 2);
}
END_TEST

START_TEST(failed_runs_are_listed_and_not_drawn)
{
    runs[5].build.exit_code = 2;
    gate_set(&runs[6].not_measured, "the records broke off");
    trend_make(runs, COMMITS, &order, NULL, &trend);
    ck_assert_uint_eq(trend.failure_count, 2);
    ck_assert_str_eq(trend.failures[0].commit, runs[5].commit);
    ck_assert_uint_eq(trend.series[0].commit_count, COMMITS - 2);
    char *page CLEANUP(cleanup_free) = trend_html(&trend);
    ck_assert_ptr_nonnull(strstr(page, "the records broke off"));
}
END_TEST

/* The figures of a run at its limit are not the need of the build. */
START_TEST(a_run_at_its_limit_is_listed)
{
    gate_add_constraint(&runs[5], "/build", 0, runs[5].peak.cgroup_bytes);
    runs[5].peak.at_limit = runs[5].peak.unreclaimable_at_limit = true;
    trend_make(runs, COMMITS, &order, NULL, &trend);
    ck_assert_uint_eq(trend.failure_count, 1);
    ck_assert_str_eq(trend.failures[0].commit, runs[5].commit);
    ck_assert_uint_eq(trend.series[0].commit_count, COMMITS - 1);
}
END_TEST

START_TEST(an_unmeasured_figure_is_a_gap)
{
    runs[5].peak.unreclaimable_bytes = UNMEASURED;
    trend_make(runs, COMMITS, &order, NULL, &trend);
    const struct trend_metric *metric = metric_of(&trend.series[0], METRIC_UNRECLAIMABLE_PEAK);
    ck_assert_uint_eq(metric->measured_count, COMMITS - 1);
    ck_assert_int_eq(metric->values[5].median, UNMEASURED);
    char *json CLEANUP(cleanup_free) = trend_to_json(&trend);
    ck_assert_ptr_nonnull(strstr(json, "\"median\":\tnull"));
}
END_TEST

START_TEST(names_are_escaped)
{
    gate_set(&baseline.environments[0].accepted_reason, "<script>alert(1)</script>\x1b[31m");
    gate_set(&runs[5].not_measured, "</td><script>");
    trend_make(runs, COMMITS, &order, &baseline, &trend);
    char *page CLEANUP(cleanup_free) = trend_html(&trend);
    char *text CLEANUP(cleanup_free) = trend_text(&trend, false);
    ck_assert_ptr_null(strstr(page, "<script"));
    ck_assert_ptr_null(strchr(page, '\x1b'));
    ck_assert_ptr_null(strchr(text, '\x1b'));
}
END_TEST

START_TEST(nothing_to_show)
{
    trend_make(runs, 0, &order, NULL, &trend);
    char *page CLEANUP(cleanup_free) = trend_html(&trend);
    char *text CLEANUP(cleanup_free) = trend_text(&trend, false);
    ck_assert_uint_eq(trend.count, 0);
    ck_assert_str_eq(text, "");
    ck_assert_ptr_null(strstr(page, "<section"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trend");
    TCase *change_points = tcase_create("change_points");
    tcase_add_test(change_points, potts_is_exact);
    tcase_add_test(change_points, planted_change_points_are_found);
    tcase_add_test(change_points, noise_has_no_change_points);
    tcase_add_test(change_points, small_series);
    tcase_add_test(change_points, three_runs_that_scatter_are_one_plateau);
    tcase_add_test(change_points, an_outlier_is_no_change_point);
    suite_add_tcase(suite, change_points);
    TCase *results = tcase_create("results");
    tcase_add_checked_fixture(results, setup, teardown);
    tcase_add_test(results, change_points_name_their_commits);
    tcase_add_test(results, few_commits_propose_no_tolerance);
    tcase_add_test(results, equal_values_propose_one_percent);
    tcase_add_test(results, a_dirty_tree_has_the_place_of_its_commit);
    tcase_add_test(results, a_commit_of_another_branch_orders_all_by_time);
    tcase_add_test(results, runs_of_one_commit_are_one_value);
    tcase_add_test(results, without_an_order_time_counts);
    tcase_add_test(results, other_environments_are_other_series);
    tcase_add_test(results, failed_runs_are_listed_and_not_drawn);
    tcase_add_test(results, a_run_at_its_limit_is_listed);
    tcase_add_test(results, an_unmeasured_figure_is_a_gap);
    tcase_add_test(results, names_are_escaped);
    tcase_add_test(results, nothing_to_show);
    suite_add_tcase(suite, results);
    return run_suite(suite);
}
