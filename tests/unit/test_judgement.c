/* The judgement in a result file: written and read. */
#include "result/result.h"

#include "base/alloc.h"
#include "unit/sample.h"
#include "unit/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct bm_error err = BM_ERROR_INIT;
static struct judgement judgement;
static struct result result;

static void setup(void)
{
    sample_judgement(&judgement);
}

static void teardown(void)
{
    judgement_release(&judgement);
    result_release(&result);
    bm_error_release(&err);
}

/* Returns the text of a result with this judgement; the caller owns it. */
static char *result_of(const struct judgement *with)
{
    struct measurement m CLEANUP(measurement_release);
    sample_measurement(&m);
    return result_to_json(&m, with, 1);
}

static void expect_round_trip(void)
{
    char *text CLEANUP(cleanup_free) = result_of(&judgement);
    ck_assert_msg(result_parse(text, "result.json", &result, &err) == 0, "%s", err.message);
    ck_assert(result.is_judged);
    char *again CLEANUP(cleanup_free) = result_of(&result.judgement);
    ck_assert_str_eq(text, again);
}

START_TEST(a_judgement_is_read_as_written)
{
    judgement.findings[0].over_budget = true;
    expect_round_trip();
}
END_TEST

START_TEST(a_judgement_without_findings_is_read_as_written)
{
    judgement_release(&judgement);
    sample_plain_judgement(&judgement);
    expect_round_trip();
}
END_TEST

/* Returns `text` with its first `piece` replaced by `other`; the caller owns it. */
static char *replace(const char *text, const char *piece, const char *other)
{
    const char *at = strstr(text, piece);
    ck_assert_msg(at != NULL, "no %s in the result", piece);
    return xasprintf("%.*s%s%s", (int)(at - text), text, other, at + strlen(piece));
}

START_TEST(a_result_file_without_a_judgement)
{
    char *path CLEANUP(cleanup_free) = test_path("fixtures/result/good-not-measured.json");
    ck_assert_msg(result_read(path, &result, &err) == 0, "%s", err.message);
    ck_assert(!result.is_judged);
    ck_assert_uint_eq(result.judgement.finding_count, 0);
}
END_TEST

START_TEST(a_result_file_has_both_parts)
{
    char *path CLEANUP(cleanup_free) = test_path("fixtures/golden/result.json");
    ck_assert_msg(result_read(path, &result, &err) == 0, "%s", err.message);
    ck_assert(result.is_judged);
    ck_assert_int_eq(result.judgement.verdict, VERDICT_REGRESSED);
    ck_assert_uint_eq(result.measurement.stage_count, 3);
    ck_assert_uint_eq(result.series.count, 0);
}
END_TEST

START_TEST(a_file_that_is_not_json)
{
    char *path CLEANUP(cleanup_free) = test_path("fixtures/README.md");
    ck_assert_int_eq(result_read(path, &result, &err), -1);
    ck_assert_msg(strncmp(err.message, path, strlen(path)) == 0, "%s", err.message);
    ck_assert(!result.is_judged);
}
END_TEST

START_TEST(notes_may_be_absent)
{
    char *text CLEANUP(cleanup_free) = result_of(&judgement);
    char *start = strstr(text, "\"notes\":"), *end = strstr(text, "\"findings\":");
    memmove(start, end, strlen(end) + 1);
    ck_assert_msg(result_parse(text, "result.json", &result, &err) == 0, "%s", err.message);
    ck_assert(result.is_judged);
    ck_assert_uint_eq(result.judgement.notes.count, 0);
}
END_TEST

static const struct {
    const char *piece, *other, *message;
} bad[] = {
    {"\"verdict\":\t\"regressed\",\n\t\t\"reason", "\"verdict\": \"fine\", \"reason",
     "$.gate.verdict: unknown value \"fine\""},
    {"\"verdict\":\t\"regressed\",\n\t\t\"reason", "\"verdict\": 1, \"reason",
     "$.gate.verdict: must be a string"},
    {"\"verdict\":", "\"sentence\":", "$.gate: \"verdict\" is missing"},
    {"\"baseline\":", "\"base\":", "$.gate: \"baseline\" is missing"},
    {"\"advice\":", "\"advise\":", "$.gate: \"advice\" is missing"},
    {"\"reason\":", "\"reason\": 7, \"because\":", "$.gate.reason: must be a string"},
    {"\"notes\":", "\"notes\": 7, \"notices\":", "$.gate.notes: must be an array"},
    {"\"notes\":\t[", "\"notes\": [7, ", "$.gate.notes[0]: must be a string"},
    {"\"findings\":\t[{", "\"findings\": 7, \"x\": [{", "$.gate.findings: must be an array"},
    {"\"findings\":\t[{", "\"findings\": [7, {", "$.gate.findings[0]: must be an object"},
    {"\"metric\":", "\"meter\":", "$.gate.findings[0]: \"metric\" is missing"},
    {"\"level\":\t\"fail\"", "\"level\": \"die\"",
     "$.gate.findings[0].level: unknown value \"die\""},
    {"\"status\":\t\"failed\"", "\"status\": \"so-so\"",
     "$.gate.findings[0].status: unknown value \"so-so\""},
    {"\"metric\":\t\"", "\"metric\": 7, \"meter\": \"",
     "$.gate.findings[0].metric: must be a string"},
    {"\"level\":", "\"height\":", "$.gate.findings[0]: \"level\" is missing"},
    {"\"status\":\t\"failed\"", "\"status\": 1", "$.gate.findings[0].status: must be a string"},
    {"\"actual\":", "\"actual\": true, \"x\":", "$.gate.findings[0].actual: must be a whole"},
    {"\"over_budget\":", "\"over\":", "$.gate.findings[0]: \"over_budget\" is missing"},
    {"\"values\":", "\"value\":", "$.gate.findings[0]: \"values\" is missing"},
    {"\"message\":\t", "\"message\": 7, \"x\": ", "$.gate.findings[0].message: must be a string"},
    {"\"largest\":\t", "\"largest\": 7, \"x\": ", "$.gate.findings[0].largest: must be a string"},
    {"\"largest\":", "\"large\":", "$.gate.findings[0]: \"largest\" is missing"},
    {"\"findings\":", "\"tests\":", "$.gate: \"findings\" is missing"},
    {"\"baseline\":\t8", "\"baseline\": -8", "$.gate.findings[0].baseline: must be a whole number"},
    {"\"allowed\":\t9", "\"limits\": 9", "$.gate.findings[0]: \"allowed\" is missing"},
    {"\"over_budget\":\tfalse", "\"over_budget\": 0",
     "$.gate.findings[0].over_budget: must be true or false"},
    {"\"values\":\t[", "\"values\": [-1, ", "$.gate.findings[0].values[0]: must be a whole number"},
    {"\"values\":\t[", "\"values\": 1, \"value\": [",
     "$.gate.findings[0].values: must be an array"},
};

START_TEST(bad_judgements_are_refused)
{
    char *good CLEANUP(cleanup_free) = result_of(&judgement);
    char *gate = strstr(good, "\"gate\":");
    ck_assert_ptr_nonnull(gate);
    char *changed CLEANUP(cleanup_free) = replace(gate, bad[_i].piece, bad[_i].other);
    char *text CLEANUP(cleanup_free) = xasprintf("%.*s%s", (int)(gate - good), good, changed);
    ck_assert_int_eq(result_parse(text, "result.json", &result, &err), -1);
    ck_assert_msg(strstr(err.message, bad[_i].message) != NULL, "%s", err.message);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("judgement");
    TCase *tests = tcase_create("stored");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_judgement_is_read_as_written);
    tcase_add_test(tests, a_judgement_without_findings_is_read_as_written);
    tcase_add_test(tests, a_result_file_without_a_judgement);
    tcase_add_test(tests, a_result_file_has_both_parts);
    tcase_add_test(tests, a_file_that_is_not_json);
    tcase_add_test(tests, notes_may_be_absent);
    tcase_add_loop_test(tests, bad_judgements_are_refused, 0, sizeof bad / sizeof *bad);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
