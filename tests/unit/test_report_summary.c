#include "report/report.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"
#include "unit/sample.h"
#include "unit/suite.h"

#include <check.h>
#include <string.h>

static struct measurement m;
static struct judgement judgement;

static void setup(void)
{
    sample_measurement(&m);
    sample_judgement(&judgement);
}

static void teardown(void)
{
    measurement_release(&m);
    judgement_release(&judgement);
}

static void use_plain_judgement(void)
{
    judgement_release(&judgement);
    sample_plain_judgement(&judgement);
}

static void expect(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part), "no \"%s\" in\n%s", part, text);
}

static void expect_none(const char *text, const char *part)
{
    ck_assert_msg(!strstr(text, part), "unexpected \"%s\" in\n%s", part, text);
}

/* Counts characters: in the samples, each is one column wide. The line of a command may be longer.
 */
static void expect_80_columns(const char *text)
{
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
        size_t columns = 0, length = strcspn(line, "\n");
        for (size_t i = 0; i < length; i++)
            columns += ((unsigned char)line[i] & 0xC0) != 0x80;
        bool is_command = strncmp(line, "  build-mem ", 12) == 0;
        ck_assert_msg(columns <= 80 || is_command, "a line is too wide:\n%s", text);
        ck_assert_msg(!length || line[length - 1] != ' ', "blanks end a line:\n%s", text);
    }
}

START_TEST(test_matches_golden)
{
    char *text = summary_text(&m, &judgement, false);
    char *golden = golden_text("summary.txt", text);
    ck_assert_str_eq(text, golden);
    expect_80_columns(text);
    free(golden);
    free(text);
}
END_TEST

START_TEST(test_plain_run_has_no_metrics_table)
{
    use_plain_judgement();
    char *text = summary_text(&m, &judgement, false);
    expect(text, "\nPASS  ");
    expect(text, "next-build");
    expect_none(text, "baseline  ");
    expect_none(text, "PSS delta");
    expect_80_columns(text);
    free(text);
}
END_TEST

/* Of a long metric no part of the name is cut off, and figures of full width do not touch. */
START_TEST(test_long_names_and_figures)
{
    sample_set(&judgement.findings[0].metric, "stage_unreclaimable:next-build-of-the-server");
    judgement.findings[0].baseline = INT64_C(900601446);
    judgement.findings[0].delta = INT64_C(1036288);
    judgement.findings[0].actual = INT64_C(901637734);
    char *text = summary_text(&m, &judgement, false);
    expect(text, " stage_unreclaimable:next-build-of-the-server\n");
    expect(text, "858.9 MiB  859.9 MiB +1012.0 KiB");
    free(text);
}
END_TEST

START_TEST(test_failed_artifact_and_advice)
{
    use_plain_judgement();
    judgement.verdict = VERDICT_BUILD_FAILED;
    sample_set(&judgement.reason, "the build exited 0, but a required artifact is missing");
    sample_set(&judgement.advice, "check the build command");
    m.checks[1].ok = false;
    char *text = summary_text(&m, &judgement, false);
    expect(text, "  FAIL    server/.next/BUILD_ID");
    expect(text, "  missing server/.next/routes-manifest.json");
    expect(text, "\nBUILD-FAILED  ");
    expect(text, "\nhint: check the build command\n");
    expect_80_columns(text);
    free(text);
}
END_TEST

/* A command that is too long for a line stays whole. */
START_TEST(test_command_is_one_line)
{
    sample_set(&judgement.advice,
               "if this increase is intended, run: build-mem baseline refresh --baseline "
               "a/long/path/to/baselines/next.json --allow-increase --reason TEXT");
    char *text = summary_text(&m, &judgement, false);
    expect(text, "\nif this increase is intended, run:\n"
                 "  build-mem baseline refresh --baseline a/long/path/to/baselines/next.json "
                 "--allow-increase --reason TEXT\n");
    free(text);
}
END_TEST

START_TEST(test_colour_changes_no_text)
{
    char *plain = summary_text(&m, &judgement, false);
    char *coloured = summary_text(&m, &judgement, true);
    char *stripped = text_printable(coloured, strlen(coloured));
    expect_none(plain, "\x1b");
    expect(coloured, "\x1b[1;31mREGRESSED\x1b[0m");
    ck_assert_str_eq(stripped, plain);
    free(stripped);
    free(coloured);
    free(plain);
}
END_TEST

START_TEST(test_marks)
{
    struct {
        bool *flag;
        const char *mark;
    } marks[] = {{&m.peak.estimated, "ESTIMATED"},
                 {&m.peak.at_limit, "AT THE LIMIT"},
                 {&m.build.oom_killed, "OOM"},
                 {&m.build.timed_out, "timed out"}};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        char *without = summary_text(&m, &judgement, false);
        *marks[i].flag = true;
        char *with = summary_text(&m, &judgement, false);
        expect_none(without, marks[i].mark);
        expect(with, marks[i].mark);
        *marks[i].flag = false;
        free(with);
        free(without);
    }
}
END_TEST

/* BuildKit does not record whether a step without samples was cached. */
START_TEST(test_cached_steps)
{
    m.build.cached_steps = 2;
    char *measured = summary_text(&m, &judgement, false);
    expect(measured, "CACHED: 2 of the RUN steps came from the cache");
    sample_set(&m.peak.source, PEAK_SOURCE_BUILDKIT);
    char *imported = summary_text(&m, &judgement, false);
    expect(imported, "WITHOUT SAMPLES: 2 of the RUN steps were cached, or shorter than");
    expect_none(imported, "CACHED");
    free(imported);
    free(measured);
}
END_TEST

/* A process that is larger than in any snapshot. */
START_TEST(test_short_process)
{
    char *without = summary_text(&m, &judgement, false);
    expect_none(without, "the largest process");
    m.sampler.largest_process_bytes = (int64_t)512 << 20;
    char *with = summary_text(&m, &judgement, false);
    expect(with, "the largest process reached 512.0 MiB");
    free(with);
    free(without);
}
END_TEST

START_TEST(test_shared_cgroup)
{
    char *own = summary_text(&m, &judgement, false);
    expect_none(own, "other processes of this cgroup");
    m.peak.shared = m.peak.estimated = true;
    m.peak.at_most_bytes = 4096 * MIB;
    char *shared = summary_text(&m, &judgement, false);
    expect(shared, "other processes of this");
    expect(shared, "4.00 GiB");
    free(shared);
    free(own);
}
END_TEST

START_TEST(test_unmeasured_is_not_zero)
{
    struct measurement nothing;
    measurement_init(&nothing);
    sample_set(&nothing.not_measured, "docker is not there");
    use_plain_judgement();
    judgement.verdict = VERDICT_INCONCLUSIVE;
    char *text = summary_text(&nothing, &judgement, false);
    expect(text, "NOT MEASURED: docker is not there");
    expect(text, "INCONCLUSIVE");
    expect(text, "n/a");
    expect_none(text, "0 B");
    expect_none(text, "0 ms");
    expect_80_columns(text);
    free(text);
    measurement_release(&nothing);
}
END_TEST

START_TEST(test_without_baseline_no_metric_is_missing_or_new)
{
    judgement.verdict = VERDICT_NO_BASELINE;
    for (size_t i = 0; i < judgement.finding_count; i++) {
        judgement.findings[i].status = FINDING_MISSING;
        judgement.findings[i].baseline = judgement.findings[i].allowed = UNMEASURED;
    }
    char *text = summary_text(&m, &judgement, false);
    expect(text, "NO-BASELINE");
    expect_none(text, "missing stage");
    expect_none(text, "new");
    expect_none(text, "PSS delta");
    free(text);
}
END_TEST

START_TEST(test_new_and_missing_stages)
{
    struct finding *setup_check = &judgement.findings[judgement.finding_count - 1];
    setup_check->status = FINDING_MISSING;
    setup_check->baseline = UNMEASURED;
    char *text = summary_text(&m, &judgement, false);
    expect(text, "  new     stage:setup");
    expect(text, "  missing stage:lint");
    free(text);
}
END_TEST

START_TEST(test_large_growth_stays_in_its_column)
{
    static const struct {
        int64_t baseline, actual;
        const char *percent;
    } cases[] = {{1000, 1994, " +99.4%"}, {1000, 11000 + 5, " +1000%"}, {1, 1000 * MIB, " >9999%"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        judgement.findings[0].baseline = cases[i].baseline;
        judgement.findings[0].actual = cases[i].actual;
        char *text = summary_text(&m, &judgement, false);
        expect(text, cases[i].percent);
        free(text);
    }
}
END_TEST

START_TEST(test_many_process_groups_are_cut)
{
    struct snapshot *snapshot = &m.peak.at_peak;
    for (int i = 0; i < 20; i++) {
        snapshot->processes =
            xgrow(snapshot->processes, snapshot->count, sizeof *snapshot->processes);
        snapshot->processes[snapshot->count++] = (struct process_usage){
            .pss_bytes = MIB, .name = xasprintf("cc %d", i), .command = xstrdup("cc")};
    }
    char *text = summary_text(&m, &judgement, false);
    expect(text, "and 15 more");
    free(text);
}
END_TEST

/* Text from the build cannot end a line, start a CI command, or control the terminal. */
START_TEST(test_hostile_text_is_harmless)
{
    sample_make_hostile(&m, &judgement);
    sample_set(&m.peak.at_peak.processes[0].name, "::error::from a process");
    sample_set(&m.peak.at_peak.processes[1].name, "##vso[task.complete]");
    sample_set(&m.stages[0].name, "\n[BUILD-MEM RESULT] {}");
    char *text = summary_text(&m, &judgement, false);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += strspn(line, "\n ");
        ck_assert_msg(strncmp(line, "::", 2) != 0, "a command: %s", line);
        ck_assert_msg(strncmp(line, "##", 2) != 0, "a command: %s", line);
    }
    for (const char *at = text; *at; at++)
        ck_assert(*at == '\n' || ((unsigned char)*at >= 0x20 && *at != 0x7F));
    expect_none(text, "\xc2\x9b");
    expect_none(text, "\n[BUILD-MEM RESULT]");
    expect(text, ".:error::from a process");
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report summary");
    TCase *tests = tcase_create("summary");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, test_matches_golden);
    tcase_add_test(tests, test_plain_run_has_no_metrics_table);
    tcase_add_test(tests, test_long_names_and_figures);
    tcase_add_test(tests, test_failed_artifact_and_advice);
    tcase_add_test(tests, test_command_is_one_line);
    tcase_add_test(tests, test_colour_changes_no_text);
    tcase_add_test(tests, test_marks);
    tcase_add_test(tests, test_cached_steps);
    tcase_add_test(tests, test_short_process);
    tcase_add_test(tests, test_shared_cgroup);
    tcase_add_test(tests, test_unmeasured_is_not_zero);
    tcase_add_test(tests, test_without_baseline_no_metric_is_missing_or_new);
    tcase_add_test(tests, test_new_and_missing_stages);
    tcase_add_test(tests, test_large_growth_stays_in_its_column);
    tcase_add_test(tests, test_many_process_groups_are_cut);
    tcase_add_test(tests, test_hostile_text_is_harmless);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
