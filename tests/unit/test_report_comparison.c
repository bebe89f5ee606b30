#include "report/report.h"

#include "base/alloc.h"
#include "base/units.h"
#include "measurement/advice.h"
#include "unit/sample.h"
#include "unit/suite.h"

#include <check.h>
#include <string.h>

/* The runs of each side; the tests of one run use the first. */
#define RUNS 3
static struct measurement a[RUNS], b[RUNS];
static const char *name_a, *name_b;
static size_t count_a, count_b;

static void setup(void)
{
    for (int i = 0; i < RUNS; i++) {
        sample_measurement(&a[i]);
        sample_measurement(&b[i]);
    }
    sample_set(&a[0].label, "before");
    name_a = "before";
    name_b = "after";
    count_a = count_b = 1;
}

static void teardown(void)
{
    for (int i = 0; i < RUNS; i++) {
        measurement_release(&a[i]);
        measurement_release(&b[i]);
    }
}

static void compare(struct comparison *comparison)
{
    const struct comparison_side was = {.name = name_a, .runs = a, .count = count_a};
    const struct comparison_side is = {.name = name_b, .runs = b, .count = count_b};
    compare_sets(&was, &is, comparison);
}

static char *text_of_comparison(void)
{
    struct comparison comparison;
    compare(&comparison);
    char *text = compare_text(&comparison, false);
    comparison_release(&comparison);
    return text;
}

static char *markdown_of_comparison(void)
{
    struct comparison comparison;
    compare(&comparison);
    char *text = compare_markdown(&comparison);
    comparison_release(&comparison);
    return text;
}

static void expect_in(char *text, const char *part)
{
    ck_assert_msg(strstr(text, part), "no \"%s\" in\n%s", part, text);
    free(text);
}

static void expect(const char *part)
{
    expect_in(text_of_comparison(), part);
}

static void expect_none(const char *part)
{
    char *text = text_of_comparison();
    ck_assert_msg(!strstr(text, part), "unexpected \"%s\" in\n%s", part, text);
    free(text);
}

static void grow(void)
{
    a[0].peak.cgroup_bytes = 803 * MIB;
    a[0].peak.unreclaimable_bytes = UNMEASURED;
    a[0].build.duration_ms = 18000;
    sample_set(&a[0].stages[2].name, "prepare");
    a[0].stages[1].pss_peak_bytes = 296 * MIB;
    sample_set(&a[0].peak.at_peak.processes[2].name, "next trace");
    sample_set(&a[0].environment.kernel, "5.10.0");
}

START_TEST(test_text_matches_golden)
{
    grow();
    name_b = "results/after.json";
    char *text = text_of_comparison();
    char *golden = golden_text("compare.txt", text);
    ck_assert_str_eq(text, golden);
    free(golden);
    free(text);
}
END_TEST

START_TEST(test_markdown_matches_golden)
{
    grow();
    char *text = markdown_of_comparison();
    char *golden = golden_text("compare.md", text);
    ck_assert_str_eq(text, golden);
    free(golden);
    free(text);
}
END_TEST

START_TEST(test_heads)
{
    static const struct {
        const char *name_a, *name_b, *label_a, *legend;
    } cases[] = {
        {"before", "after", "x", "before: label x, "},
        {".build-mem/result-1.json", "after", "before", "before: .build-mem/result-1.json, label"},
        {".build-mem/result-1.json", "after", "after", "A: .build-mem/result-1.json, label after"},
        {"same", "same", "after", "A: same, label after"},
        {"same", "same", "a label that is long", "A: same, label a label that is long"},
    };
    sample_set(&a[0].label, cases[_i].label_a);
    name_a = cases[_i].name_a;
    name_b = cases[_i].name_b;
    char *text = text_of_comparison();
    ck_assert_msg(strncmp(text, cases[_i].legend, strlen(cases[_i].legend)) == 0, "%s", text);
    free(text);
}
END_TEST

START_TEST(test_like_runs_pass)
{
    expect("PASS  within the tolerances of before");
    expect_none("also different");
    expect_none("added");
    expect_none("spread");
}
END_TEST

START_TEST(test_each_environment_key_prevents_a_comparison)
{
    sample_set(&a[0].peak.source, "memory.max_usage_in_bytes");
    expect("NOT-COMPARABLE  source: memory.max_usage_in_bytes in before, memory.peak in\n");
    sample_set(&a[0].peak.source, b[0].peak.source);
    a[0].peak.limit_bytes++;
    expect("memory limit: 2147483649 bytes in before, 2147483648");
    a[0].peak.limit_bytes = UNMEASURED;
    expect("memory limit: none in before,");
    a[0].peak.limit_bytes = b[0].peak.limit_bytes;
    sample_set(&a[0].environment.architecture, "aarch64");
    expect("architecture: aarch64 in before, x86_64 in after");
    sample_set(&a[0].environment.architecture, b[0].environment.architecture);
    a[0].environment.cpus = 4;
    expect("NOT-COMPARABLE  cpus: 4 in before, 2 in after");
    a[0].environment.cpus = b[0].environment.cpus;
    sample_set(&a[0].environment.image, "host");
    expect("image: host in before, node:24-bookworm in after");
    sample_set(&a[0].environment.image, b[0].environment.image);
    a[0].environment.cache_policy = CACHE_COLD;
    expect("cache policy: cold in before, warm in after");
}
END_TEST

START_TEST(test_drift_is_reported_but_not_judged)
{
    strv_push(&b[0].environment.variables, "GOMAXPROCS=4");
    sample_set(&b[0].environment.kernel, "6.12.0");
    expect("also different: kernel: 6.1.0, then 6.12.0; GOMAXPROCS: not set, then 4");
    expect("PASS");
}
END_TEST

START_TEST(test_marks)
{
    b[0].peak.estimated = true;
    expect("ESTIMATED");
    b[0].peak.at_limit = true;
    expect("AT THE LIMIT: the usage reached");
    b[0].peak.unreclaimable_at_limit = true;
    expect("AT THE LIMIT: the peak of");
    expect("OVER-LIMIT");
    sample_set(&b[0].not_measured, "the record broke off");
    expect("NOT MEASURED: the record broke off");
    expect("INCONCLUSIVE");
}
END_TEST

START_TEST(test_first_side_that_cannot_be_a_baseline)
{
    a[0].peak.at_limit = a[0].peak.unreclaimable_at_limit = true;
    expect("INCONCLUSIVE  before cannot serve as a baseline:");
    a[0].peak.at_limit = false;
    a[0].build.exit_code = 2;
    expect("INCONCLUSIVE  before cannot serve as a baseline:");
    expect("cgroup_peak");
}
END_TEST

START_TEST(test_second_side_that_failed)
{
    b[0].build.exit_code = 2;
    expect("BUILD-FAILED  the build failed with exit status 2");
}
END_TEST

START_TEST(test_verdict)
{
    static const struct {
        int64_t step_mib;
        const char *verdict;
    } cases[] = {{0, "PASS"}, {300, "REGRESSED  cgroup_peak"}, {-300, "IMPROVED  cgroup_peak"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        b[0].peak.cgroup_bytes = a[0].peak.cgroup_bytes + cases[i].step_mib * MIB;
        expect(cases[i].verdict);
    }
    /* A comparison has no baseline file to refresh. */
    expect_none("run:");
}
END_TEST

START_TEST(test_stages_of_one_side)
{
    sample_set(&b[0].stages[0].name, "vite");
    expect("missing stage:next-build");
    expect("REGRESSED");
    expect("new     stage:vite");
}
END_TEST

START_TEST(test_process_groups)
{
    sample_set(&b[0].peak.at_peak.processes[2].name, "esbuild");
    expect("next worker ×2, now ×1");
    expect("added");
    sample_set(&b[0].peak.at_peak.processes[1].name, "esbuild");
    expect("removed");
}
END_TEST

/* The second set may grow by 3 * 1.4826 * 40 MiB: the scatter of the first one. */
START_TEST(test_sets_are_judged_by_their_medians_and_scatter)
{
    static const int64_t mib[] = {1040, 960, 1000}, later_mib[] = {1100, 1160, 1150};
    count_a = count_b = RUNS;
    for (int i = 0; i < RUNS; i++) {
        a[i].peak.cgroup_bytes = mib[i] * MIB;
        b[i].peak.cgroup_bytes = later_mib[i] * MIB;
    }
    struct comparison comparison;
    compare(&comparison);
    ck_assert_int_eq(comparison.judgement.verdict, VERDICT_PASS);
    const struct comparison_row *row = &comparison.metrics[0];
    ck_assert_str_eq(row->name, "cgroup_peak");
    ck_assert_int_eq(run_values_median(&row->sides[0]), 1000 * MIB);
    ck_assert_int_eq(run_values_median(&row->sides[1]), 1150 * MIB);
    ck_assert_int_eq(run_values_spread(&row->sides[0]), 80 * MIB);
    ck_assert_int_eq(run_values_spread(&row->sides[1]), 60 * MIB);
    ck_assert_int_eq(row_change(row), CHANGE_GREW);
    ck_assert_int_gt(row->check->allowed, 1177 * MIB);
    ck_assert_int_lt(row->check->allowed, 1178 * MIB);
    comparison_release(&comparison);
    expect(" 80.0 MiB   60.0 MiB\n");
    expect("3 runs (before, ");
    expect_in(markdown_of_comparison(), "(spread 80.0 MiB)");
    /* Without scatter, 10 % are allowed. */
    for (int i = 0; i < RUNS; i++)
        a[i].peak.cgroup_bytes = 1000 * MIB;
    expect("REGRESSED");
    /* Too much scatter in the first set. */
    a[1].peak.cgroup_bytes = 400 * MIB;
    a[2].peak.cgroup_bytes = 1700 * MIB;
    expect("INCONCLUSIVE  before cannot serve as a baseline: cgroup_peak is too noisy");
    a[2].environment.cpus = 64;
    expect("different");
}
END_TEST

static void set_peak(struct measurement *m, int64_t mib, int64_t at_most_mib)
{
    bool exact = at_most_mib == 0;
    m->peak.cgroup_bytes = mib * MIB;
    m->peak.estimated = !exact;
    m->peak.at_most_bytes = exact ? UNMEASURED : at_most_mib * MIB;
    sample_set(&m->peak.source, exact ? "memory.peak" : "memory.current");
}

/* Bounds are compared with exact peaks, whichever side has them. */
START_TEST(test_bounds_are_compared_on_both_sides)
{
    static const struct {
        int64_t a[2], b[2]; /* MiB: the peak, and the upper bound of an estimate */
        enum verdict verdict;
        const char *message;
    } cases[] = {
        {{1000}, {900, 1040}, VERDICT_PASS, "cgroup_peak is between 900.0 MiB and 1.02 GiB; the "},
        {{900, 1000},
         {930},
         VERDICT_PASS,
         "cgroup_peak is 930.0 MiB; the baseline is between 900.0 MiB and 1000.0 MiB; "},
        {{1000}, {1200, 1400}, VERDICT_REGRESSED, "grew by 200.0 MiB (+20.0 %) or more, to betw"},
        {{800, 1000},
         {1200},
         VERDICT_REGRESSED,
         "cgroup_peak grew by 200.0 MiB (+20.0 %) or more, to 1.17 GiB; the baseline is between "
         "800.0 MiB and 1000.0 MiB; "},
        {{1000}, {700, 800}, VERDICT_IMPROVED, "shrank by 200.0 MiB (-20.0 %) or more, to betw"},
        {{1000, 1200},
         {800},
         VERDICT_IMPROVED,
         "cgroup_peak shrank by 200.0 MiB (-20.0 %) or more, to 800.0 MiB; the baseline is between "
         "1000.0 MiB and 1.17 GiB"},
        {{1000}, {700, 1400}, VERDICT_INCONCLUSIVE, "the bounds are too far apart for a verdict"},
        {{700, 1400}, {1000}, VERDICT_INCONCLUSIVE, "the bounds are too far apart for a verdict"},
        /* Estimates alike are compared as such. */
        {{1000, 1400}, {1000, 1400}, VERDICT_PASS, "cgroup_peak is unchanged at 1000.0 MiB; "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct comparison comparison;
        set_peak(&a[0], cases[i].a[0], cases[i].a[1]);
        set_peak(&b[0], cases[i].b[0], cases[i].b[1]);
        compare(&comparison);
        const struct finding *finding = comparison.metrics[0].check;
        ck_assert_msg(finding && comparison.judgement.verdict == cases[i].verdict,
                      "case %zu: %s: %s", i, verdict_name(comparison.judgement.verdict),
                      comparison.judgement.reason);
        ck_assert_msg(strstr(finding->message, cases[i].message), "case %zu: %s", i,
                      finding->message);
        comparison_release(&comparison);
    }
}
END_TEST

/* A set of exact and estimated peaks, on both sides. */
START_TEST(test_a_set_with_some_bounds_is_compared)
{
    count_a = count_b = 2;
    set_peak(&a[0], 1000, 0);
    set_peak(&a[1], 980, 1000);
    set_peak(&b[0], 1200, 0);
    set_peak(&b[1], 1180, 1200);
    expect("REGRESSED  cgroup_peak grew by 180.0 MiB (+18.0 %) or more, to between");
    a[1].build.exit_code = 2;
    expect("INCONCLUSIVE  before cannot serve as a baseline: run \"after\" cannot be accepted");
    a[1].build.exit_code = 0;
    a[1].peak.at_most_bytes = UNMEASURED;
    expect("INCONCLUSIVE  before cannot serve as a baseline:");
}
END_TEST

static void expect_advice(enum advice advice)
{
    struct comparison comparison;
    char *text = advice_text(advice, NULL);
    compare(&comparison);
    ck_assert_pstr_eq(comparison.judgement.advice, text);
    comparison_release(&comparison);
    free(text);
}

/* --runs cannot add a run to imported figures. */
START_TEST(test_imported_builds_are_not_measured_again)
{
    for (int imported = 0; imported < 2; imported++) {
        for (int i = 0; i < RUNS && imported; i++) {
            sample_set(&a[i].peak.source, PEAK_SOURCE_BUILDKIT);
            sample_set(&b[i].peak.source, PEAK_SOURCE_BUILDKIT);
        }
        count_a = count_b = 1;
        a[0].peak.cgroup_bytes = b[0].peak.cgroup_bytes / 2;
        expect_advice(imported ? ADVICE_MORE_IMPORTS : ADVICE_SINGLE_RUNS);
        a[0].build.exit_code = 2;
        expect_advice(imported ? ADVICE_MORE_IMPORTS : ADVICE_MORE_RUNS);
        a[0].build.exit_code = 0;
        a[0].peak.cgroup_bytes = b[0].peak.cgroup_bytes;
        b[1].peak.cgroup_bytes = b[0].peak.cgroup_bytes * 2;
        count_b = 2;
        expect_advice(imported ? ADVICE_MORE_IMPORTS : ADVICE_STEADIER);
    }
}
END_TEST

START_TEST(test_markdown_is_inert)
{
    sample_set(&b[0].peak.at_peak.processes[2].name, "a|b <img> @all `x` [l](u)\n# *h*");
    char *text = markdown_of_comparison();
    const char *row = strstr(text, "a&#124;b");
    ck_assert_msg(row, "%s", text);
    size_t length = strcspn(row, "\n");
    char line[512];
    ck_assert_uint_lt(length, sizeof line);
    memcpy(line, row, length);
    line[length] = '\0';
    ck_assert_msg(!strpbrk(line, "<>@"), "%s", line);
    for (const char *at = line; (at = strpbrk(at, "`[]*")); at++)
        ck_assert_msg(at[-1] == '\\', "%s", line);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report compare");
    TCase *tests = tcase_create("compare");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, test_text_matches_golden);
    tcase_add_loop_test(tests, test_heads, 0, 5);
    tcase_add_test(tests, test_markdown_matches_golden);
    tcase_add_test(tests, test_like_runs_pass);
    tcase_add_test(tests, test_each_environment_key_prevents_a_comparison);
    tcase_add_test(tests, test_drift_is_reported_but_not_judged);
    tcase_add_test(tests, test_marks);
    tcase_add_test(tests, test_first_side_that_cannot_be_a_baseline);
    tcase_add_test(tests, test_second_side_that_failed);
    tcase_add_test(tests, test_verdict);
    tcase_add_test(tests, test_stages_of_one_side);
    tcase_add_test(tests, test_process_groups);
    tcase_add_test(tests, test_sets_are_judged_by_their_medians_and_scatter);
    tcase_add_test(tests, test_bounds_are_compared_on_both_sides);
    tcase_add_test(tests, test_a_set_with_some_bounds_is_compared);
    tcase_add_test(tests, test_imported_builds_are_not_measured_again);
    tcase_add_test(tests, test_markdown_is_inert);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
