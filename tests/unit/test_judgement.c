#include "gate/judge.h"

#include "base/alloc.h"
#include "result/result.h"
#include "unit/sample.h"
#include "unit/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static int read_result(const char *text, struct judgement *judgement, bool *found,
                       struct bm_error *err)
{
    judgement_init(judgement);
    return judgement_parse(text, "result.json", judgement, found, err);
}

/* The text of a result with this judgement; the caller owns it. */
static char *result_of(const struct judgement *judgement)
{
    struct measurement m;
    sample_measurement(&m);
    char *gate = judgement_to_json(judgement);
    char *text = result_to_json(&m, verdict_name(judgement->verdict), 1, gate);
    free(gate);
    measurement_release(&m);
    return text;
}

static void expect_round_trip(const struct judgement *judgement)
{
    struct bm_error err = BM_ERROR_INIT;
    struct judgement again;
    bool found;
    char *text = result_of(judgement);
    ck_assert_msg(read_result(text, &again, &found, &err) == 0, "%s", err.message);
    ck_assert(found);
    char *before = judgement_to_json(judgement), *after = judgement_to_json(&again);
    ck_assert_str_eq(before, after);
    free(before);
    free(after);
    free(text);
    judgement_release(&again);
}

START_TEST(test_what_is_written_is_read)
{
    struct judgement judgement;
    sample_judgement(&judgement);
    judgement.findings[0].over_budget = true;
    expect_round_trip(&judgement);
    judgement_release(&judgement);
    sample_plain_judgement(&judgement);
    expect_round_trip(&judgement);
    judgement_release(&judgement);
}
END_TEST

static char *with(const char *text, const char *piece, const char *other)
{
    const char *at = strstr(text, piece);
    ck_assert_msg(at != NULL, "no %s in the result", piece);
    return xasprintf("%.*s%s%s", (int)(at - text), text, other, at + strlen(piece));
}

START_TEST(test_a_result_without_a_judgement)
{
    struct bm_error err = BM_ERROR_INIT;
    struct judgement judgement;
    bool found = true;
    ck_assert_int_eq(read_result("{\"gate\": null}", &judgement, &found, &err), 0);
    ck_assert(!found);
    judgement_release(&judgement);
}
END_TEST

START_TEST(test_a_result_file)
{
    struct bm_error err = BM_ERROR_INIT;
    struct judgement judgement;
    bool found;
    char *good = test_path("fixtures/golden/result.json"), *bad = test_path("fixtures/README.md");
    judgement_init(&judgement);
    ck_assert_msg(judgement_read(good, &judgement, &found, &err) == 0, "%s", err.message);
    ck_assert(found && judgement.verdict == VERDICT_REGRESSED);
    judgement_release(&judgement);
    judgement_init(&judgement);
    ck_assert_int_eq(judgement_read(bad, &judgement, &found, &err), -1);
    ck_assert_msg(strncmp(err.message, bad, strlen(bad)) == 0 && !found, "%s", err.message);
    judgement_release(&judgement);
    bm_error_release(&err);
    free(good);
    free(bad);
}
END_TEST

START_TEST(test_a_result_that_is_no_object)
{
    struct bm_error err = BM_ERROR_INIT;
    struct judgement judgement;
    bool found = true;
    ck_assert_int_eq(read_result("[]", &judgement, &found, &err), -1);
    ck_assert(!found);
    judgement_release(&judgement);
    bm_error_release(&err);
}
END_TEST

/* The notes came later. */
START_TEST(test_a_judgement_of_before_there_were_notes)
{
    struct bm_error err = BM_ERROR_INIT;
    struct judgement judgement;
    bool found;
    ck_assert_int_eq(
        read_result("{\"gate\": {\"baseline\": null, \"verdict\": \"pass\", \"reason\": "
                    "null, \"advice\": null, \"findings\": []}}",
                    &judgement, &found, &err),
        0);
    ck_assert(found && judgement.verdict == VERDICT_PASS);
    judgement_release(&judgement);
}
END_TEST

/* What a hand or another program made of a result. */
static const struct {
    const char *piece, *other, *message;
} bad[] = {
    {"\"gate\":", "\"evaluation\":", "$: \"gate\" is missing"},
    {"\"gate\":\t{", "\"gate\": 1, \"x\": {", "$.gate: must be an object"},
    {"\"verdict\":\t\"regressed\",\n\t\t\"reason", "\"verdict\": \"fine\", \"reason",
     "$.gate.verdict: \"fine\" is none of this build-mem's"},
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
    {"\"level\":\t\"fail\"", "\"level\": \"die\"", "$.gate.findings[0].level: \"die\" is none"},
    {"\"status\":\t\"failed\"", "\"status\": \"so-so\"", "$.gate.findings[0].status: \"so-so\" is"},
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

START_TEST(test_bad_judgements)
{
    struct bm_error err = BM_ERROR_INIT;
    struct judgement judgement;
    bool found;
    sample_judgement(&judgement);
    char *good = result_of(&judgement);
    judgement_release(&judgement);
    char *gate = strstr(good, "\"gate\":");
    ck_assert_ptr_nonnull(gate);
    char *changed = with(gate, bad[_i].piece, bad[_i].other);
    char *text = xasprintf("{%s", changed);
    ck_assert_int_eq(read_result(text, &judgement, &found, &err), -1);
    ck_assert_msg(strstr(err.message, bad[_i].message) != NULL, "%s", err.message);
    judgement_release(&judgement);
    bm_error_release(&err);
    free(text);
    free(changed);
    free(good);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gate judgement");
    TCase *tests = tcase_create("stored");
    tcase_add_test(tests, test_what_is_written_is_read);
    tcase_add_test(tests, test_a_result_without_a_judgement);
    tcase_add_test(tests, test_a_result_file);
    tcase_add_test(tests, test_a_result_that_is_no_object);
    tcase_add_test(tests, test_a_judgement_of_before_there_were_notes);
    tcase_add_loop_test(tests, test_bad_judgements, 0, sizeof bad / sizeof *bad);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
