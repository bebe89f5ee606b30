/* GitHub Actions: annotations, and the Markdown of the job page. */
#include "report/report.h"

#include "base/alloc.h"
#include "base/units.h"
#include "unit/sample.h"
#include "unit/suite.h"

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

static void expect_golden(const char *name, char *text)
{
    char *golden CLEANUP(cleanup_free) = golden_text(name, text);
    ck_assert_str_eq(text, golden);
    free(text);
}

static size_t count_lines(const char *text, const char *start)
{
    size_t count = 0;
    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        count += *line && strncmp(line, start, strlen(start)) == 0;
    }
    return count;
}

START_TEST(matches_golden)
{
    expect_golden("github.txt", github_annotations(&m, &judgement));
    expect_golden("markdown.md", markdown_text(&m, &judgement));
}
END_TEST

START_TEST(plain_run_has_no_annotation)
{
    judgement_release(&judgement);
    sample_plain_judgement(&judgement);
    char *text CLEANUP(cleanup_free) = github_annotations(&m, &judgement);
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(plain_markdown_has_no_metrics_table)
{
    judgement_release(&judgement);
    sample_plain_judgement(&judgement);
    char *text CLEANUP(cleanup_free) = markdown_text(&m, &judgement);
    ck_assert_uint_eq(count_lines(text, "### ✅ build-mem pass"), 1);
    ck_assert_uint_eq(count_lines(text, "| | metric"), 0);
    ck_assert_uint_eq(count_lines(text, "| stage"), 1);
}
END_TEST

START_TEST(failed_build_comes_first)
{
    judgement.verdict = VERDICT_BUILD_FAILED;
    sample_set(&judgement.reason, "the build ended with exit status 2");
    char *text CLEANUP(cleanup_free) = github_annotations(&m, &judgement);
    ck_assert_msg(strncmp(text,
                          "::error title=build-mem%3A build-failed::the build ended with exit "
                          "status 2\n",
                          75) == 0,
                  "%s", text);
}
END_TEST

static void add_failed_check(int64_t actual)
{
    judgement.findings =
        xgrow(judgement.findings, judgement.finding_count, sizeof *judgement.findings);
    judgement.findings[judgement.finding_count++] =
        (struct finding){.metric = xstrdup("stage:more"),
                         .budget = UNMEASURED,
                         .unit = "bytes",
                         .level = LEVEL_FAIL,
                         .status = FINDING_FAILED,
                         .baseline = MIB,
                         .allowed = 2 * MIB,
                         .actual = actual,
                         .message = xstrdup("grew")};
}

START_TEST(at_most_ten_and_errors_before_warnings)
{
    for (int i = 0; i < 20; i++)
        add_failed_check((10 + i) * MIB);
    char *text CLEANUP(cleanup_free) = github_annotations(&m, &judgement);
    ck_assert_uint_eq(count_lines(text, "::"), 10);
    ck_assert_uint_eq(count_lines(text, "::warning"), 0);
    ck_assert_uint_eq(count_lines(text, "::error title=build-mem%3A PSS peak of stage lint"), 1);
}
END_TEST

START_TEST(not_comparable_has_one_annotation)
{
    judgement.verdict = VERDICT_NOT_COMPARABLE;
    char *text CLEANUP(cleanup_free) = github_annotations(&m, &judgement);
    ck_assert_uint_eq(count_lines(text, "::"), 1);
}
END_TEST

/* Text from the build cannot end or start a command, and is no markup. */
START_TEST(hostile_text_is_harmless)
{
    sample_make_hostile(&m, &judgement);
    char *text CLEANUP(cleanup_free) = github_annotations(&m, &judgement);
    ck_assert_uint_eq(count_lines(text, ""),
                      count_lines(text, "::error title=") + count_lines(text, "::warning title="));
    char *markdown CLEANUP(cleanup_free) = markdown_text(&m, &judgement);
    for (const char *at = markdown; (at = strchr(at, '<')); at++)
        ck_assert_msg(strncmp(at, "<details>", 9) == 0 || strncmp(at, "<summary>", 9) == 0 ||
                          strncmp(at, "</", 2) == 0,
                      "markup of the build: %.40s", at);
    ck_assert_ptr_null(strchr(markdown, '\x1b'));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("github");
    TCase *test = tcase_create("github");
    tcase_add_checked_fixture(test, setup, teardown);
    tcase_add_test(test, matches_golden);
    tcase_add_test(test, plain_run_has_no_annotation);
    tcase_add_test(test, plain_markdown_has_no_metrics_table);
    tcase_add_test(test, failed_build_comes_first);
    tcase_add_test(test, at_most_ten_and_errors_before_warnings);
    tcase_add_test(test, not_comparable_has_one_annotation);
    tcase_add_test(test, hostile_text_is_harmless);
    suite_add_tcase(suite, test);
    return run_suite(suite);
}
