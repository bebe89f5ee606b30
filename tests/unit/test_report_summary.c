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
    ck_assert_msg(!strstr(text, part), "there is \"%s\" in\n%s", part, text);
}

/* Counts characters; all of the samples' are one column wide. */
static void expect_80_columns(const char *text)
{
    size_t columns = 0;
    for (const char *at = text; *at; at++) {
        columns = *at == '\n' ? 0 : columns + (((unsigned char)*at & 0xC0) != 0x80);
        ck_assert_msg(columns <= 80, "a line is too wide:\n%s", text);
        ck_assert_msg(*at != '\n' || at == text || at[-1] != ' ', "blanks end a line:\n%s", text);
    }
}

static void expect_golden(const char *name, char *text)
{
    char *golden = golden_text(name, text);
    ck_assert_str_eq(text, golden);
    expect_80_columns(text);
    free(golden);
    free(text);
}

START_TEST(test_regressed_is_as_golden)
{
    expect_golden("summary-regressed.txt", summary_text(&m, &judgement, false));
}
END_TEST

START_TEST(test_plain_run_is_as_golden)
{
    use_plain_judgement();
    expect_golden("summary-plain.txt", summary_text(&m, &judgement, false));
}
END_TEST

/* Everything that can go wrong at once: none of it may be overlooked. */
START_TEST(test_troubled_run_is_as_golden)
{
    use_plain_judgement();
    judgement.verdict = VERDICT_BUILD_FAILED;
    sample_set(&judgement.reason, "the build ran out of memory: the kernel killed a process of it "
                                  "at the memory limit of 2.00 GiB");
    sample_set(&judgement.advice, "raise --memory");
    m.build.oom_killed = m.peak.at_limit = m.peak.estimated = true;
    m.checks[1].ok = false;
    sample_set(&m.checks[1].detail, "is older than the build's start: left by an earlier build");
    sample_set(&m.peak.source, "memory.current");
    sample_set(&m.not_measured, "the record broke off after 18 s");
    expect_golden("summary-troubled.txt", summary_text(&m, &judgement, false));
}
END_TEST

static void expect_same_without_colour(void)
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

START_TEST(test_colour_only_where_asked)
{
    expect_same_without_colour();
}
END_TEST

START_TEST(test_marks)
{
    struct {
        bool *flag;
        const char *mark;
    } marks[] = {{&m.peak.estimated, "ESTIMATED"},
                 {&m.peak.at_limit, "CENSORED"},
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

/* Only where it is well above what a snapshot shows, and never in a sum. */
START_TEST(test_a_process_that_was_too_short)
{
    char *without = summary_text(&m, &judgement, false);
    expect_none(without, "no snapshot shows");
    m.sampler.largest_process_bytes = (int64_t)512 << 20;
    char *with = summary_text(&m, &judgement, false);
    expect(with, "one process held up to 512.0 MiB; no snapshot shows as much");
    free(with);
    free(without);
}
END_TEST

START_TEST(test_what_a_shared_cgroup_means)
{
    char *own = summary_text(&m, &judgement, false);
    expect_none(own, "what else lives in");
    m.peak.shared = m.peak.estimated = true;
    m.peak.at_most_bytes = 4096 * MIB;
    char *shared = summary_text(&m, &judgement, false);
    expect(shared, "what else lives in");
    expect(shared, "lies between this and 4.00");
    free(shared);
    free(own);
}
END_TEST

START_TEST(test_nothing_measured_is_never_zero)
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

/* Without a baseline all metrics lack one: nothing has gone, and nothing is new. */
START_TEST(test_no_baseline_blames_no_metric)
{
    judgement.verdict = VERDICT_NO_BASELINE;
    for (size_t i = 0; i < judgement.finding_count; i++) {
        judgement.findings[i].status = FINDING_MISSING;
        judgement.findings[i].baseline = judgement.findings[i].allowed = UNMEASURED;
    }
    char *text = summary_text(&m, &judgement, false);
    expect(text, "NO-BASELINE");
    expect_none(text, "GONE");
    expect_none(text, "new");
    expect_none(text, "PSS delta");
    free(text);
}
END_TEST

START_TEST(test_new_stage_is_called_new)
{
    struct finding *setup_check = &judgement.findings[judgement.finding_count - 1];
    setup_check->status = FINDING_MISSING;
    setup_check->baseline = UNMEASURED;
    char *text = summary_text(&m, &judgement, false);
    expect(text, "  new  stage:setup");
    expect(text, "  GONE stage:lint");
    free(text);
}
END_TEST

/* A stage that was next to nothing before: its columns stay apart. */
START_TEST(test_a_growth_of_any_size_keeps_its_column)
{
    static const struct {
        int64_t baseline, actual;
        const char *percent;
    } cases[] = {
        {1000, 10994, " +999.4%"}, {1000, 11000 + 5, "  +1000%"}, {1, 1000 * MIB, " >99999%"}};
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

/* What a build chose ends no line early, starts none as a CI's command, and steers no terminal. */
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
    tcase_add_test(tests, test_regressed_is_as_golden);
    tcase_add_test(tests, test_plain_run_is_as_golden);
    tcase_add_test(tests, test_troubled_run_is_as_golden);
    tcase_add_test(tests, test_colour_only_where_asked);
    tcase_add_test(tests, test_marks);
    tcase_add_test(tests, test_a_process_that_was_too_short);
    tcase_add_test(tests, test_what_a_shared_cgroup_means);
    tcase_add_test(tests, test_nothing_measured_is_never_zero);
    tcase_add_test(tests, test_no_baseline_blames_no_metric);
    tcase_add_test(tests, test_new_stage_is_called_new);
    tcase_add_test(tests, test_a_growth_of_any_size_keeps_its_column);
    tcase_add_test(tests, test_many_process_groups_are_cut);
    tcase_add_test(tests, test_hostile_text_is_harmless);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
