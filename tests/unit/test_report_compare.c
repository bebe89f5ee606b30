#include "report/report.h"

#include "base/alloc.h"
#include "base/units.h"
#include "sample.h"
#include "suite.h"

#include <check.h>
#include <string.h>

static struct measurement a, b;

static void setup(void)
{
    sample_measurement(&a);
    sample_measurement(&b);
    sample_set(&a.label, "before");
}

static void teardown(void)
{
    measurement_release(&a);
    measurement_release(&b);
}

static void expect(const char *part)
{
    char *text = compare_text("before", &a, "after", &b);
    ck_assert_msg(strstr(text, part), "no \"%s\" in\n%s", part, text);
    free(text);
}

static void expect_none(const char *part)
{
    char *text = compare_text("before", &a, "after", &b);
    ck_assert_msg(!strstr(text, part), "there is \"%s\" in\n%s", part, text);
    free(text);
}

START_TEST(test_as_golden)
{
    a.peak.cgroup_bytes = 803 * MIB;
    a.peak.unreclaimable_bytes = UNMEASURED;
    a.build.duration_ms = 18000;
    sample_set(&a.stages[2].name, "prepare");
    a.stages[1].pss_peak_bytes = 296 * MIB;
    sample_set(&a.peak.at_peak.processes[2].name, "next trace");
    sample_set(&a.environment.kernel, "5.10.0");
    a.environment.cpus = 4;
    char *text = compare_text("before", &a, "results/after.json", &b);
    char *golden = golden_text("compare.txt", text);
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
    sample_set(&a.label, cases[_i].label_a);
    char *text = compare_text(cases[_i].name_a, &a, cases[_i].name_b, &b);
    ck_assert_msg(strncmp(text, cases[_i].legend, strlen(cases[_i].legend)) == 0, "%s", text);
    free(text);
}
END_TEST

START_TEST(test_like_runs_are_comparable)
{
    expect_none("NOT COMPARABLE");
    expect_none("also different");
    expect_none("only in");
}
END_TEST

START_TEST(test_each_condition_counts)
{
    sample_set(&a.peak.source, "memory.max_usage_in_bytes");
    expect("NOT COMPARABLE  source: memory.max_usage_in_bytes, then memory.peak");
    sample_set(&a.peak.source, b.peak.source);
    a.peak.limit_bytes++;
    expect("NOT COMPARABLE  memory limit: 2.00 GiB (2147483649 bytes), then 2.00 GiB");
    a.peak.limit_bytes = UNMEASURED;
    expect("memory limit: none, then");
    a.peak.limit_bytes = b.peak.limit_bytes;
    sample_set(&a.environment.architecture, "aarch64");
    expect("architecture: aarch64, then x86_64");
    sample_set(&a.environment.architecture, b.environment.architecture);
    a.environment.cpus = UNMEASURED;
    expect("CPUs: not known, then 2");
    a.environment.cpus = b.environment.cpus;
    sample_set(&a.environment.image, "host");
    expect("image: host, then node:24-bookworm");
    sample_set(&a.environment.image, b.environment.image);
    a.environment.cache_policy = CACHE_COLD;
    expect("NOT COMPARABLE  cache policy: cold, then warm");
}
END_TEST

START_TEST(test_drift_is_said_and_not_judged)
{
    strv_push(&b.environment.variables, "GOMAXPROCS=4");
    sample_set(&b.environment.kernel, "6.12.0");
    expect("also different: kernel: 6.1.0, then 6.12.0; GOMAXPROCS: not set, then 4");
    expect_none("NOT COMPARABLE");
}
END_TEST

START_TEST(test_marks)
{
    a.peak.censored = true;
    expect("CENSORED");
    b.peak.estimated = true;
    expect("ESTIMATED");
    sample_set(&b.not_measured, "the record broke off");
    expect("NOT MEASURED: the record broke off");
}
END_TEST

START_TEST(test_stages_of_one_side)
{
    sample_set(&b.stages[0].name, "vite");
    expect("only in before");
    expect("only in after");
}
END_TEST

START_TEST(test_process_groups)
{
    sample_set(&b.peak.at_peak.processes[2].name, "esbuild");
    expect("next worker ×2, now ×1");
    expect("new in after");
    sample_set(&b.peak.at_peak.processes[1].name, "esbuild");
    expect("gone, was in before");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report compare");
    TCase *tests = tcase_create("compare");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, test_as_golden);
    tcase_add_loop_test(tests, test_heads, 0, 5);
    tcase_add_test(tests, test_like_runs_are_comparable);
    tcase_add_test(tests, test_each_condition_counts);
    tcase_add_test(tests, test_drift_is_said_and_not_judged);
    tcase_add_test(tests, test_marks);
    tcase_add_test(tests, test_stages_of_one_side);
    tcase_add_test(tests, test_process_groups);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
