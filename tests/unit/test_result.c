#include "result/result.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/units.h"
#include "gate/judge.h"
#include "unit/gate_sample.h"
#include "unit/sample.h"
#include "unit/suite.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct judgement pass = {.verdict = VERDICT_PASS};

static int read_text(const char *text, struct measurement *m, struct bm_error *err)
{
    char path[] = "/tmp/build-mem-test-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    int result = result_read_measurement(path, m, err);
    unlink(path);
    return result;
}

/* Writes, reads and writes again: both texts must be the same. */
static void assert_round_trip(const struct measurement *m)
{
    struct measurement back;
    struct bm_error err = BM_ERROR_INIT;
    char *text = result_to_json(m, &pass, 0);
    ck_assert_msg(read_text(text, &back, &err) == 0, "%s", err.message);
    char *again = result_to_json(&back, &pass, 0);
    ck_assert_str_eq(again, text);
    free(text);
    free(again);
    measurement_release(&back);
}

static void expect_golden(const char *name,
                          char *write(const struct measurement *, const struct judgement *, int))
{
    struct measurement m;
    struct judgement judgement;
    sample_measurement(&m);
    sample_judgement(&judgement);
    char *text = write(&m, &judgement, 1);
    char *golden = golden_text(name, text);
    ck_assert_str_eq(text, golden);
    free(golden);
    free(text);
    judgement_release(&judgement);
    measurement_release(&m);
}

START_TEST(test_file_is_as_golden)
{
    expect_golden("result.json", result_to_json);
}
END_TEST

START_TEST(test_line_is_as_golden)
{
    expect_golden("result-line.json", result_to_line);
}
END_TEST

START_TEST(test_round_trip)
{
    struct measurement m;
    sample_measurement(&m);
    assert_round_trip(&m);
    measurement_release(&m);
}
END_TEST

START_TEST(test_round_trip_of_a_failed_run)
{
    struct measurement m;
    sample_measurement(&m);
    m.build.exit_code = UNMEASURED;
    m.build.signal = 9;
    m.build.oom_killed = m.build.timed_out = true;
    m.build.guard = (struct guard_end){true, true, UNMEASURED, 6 * MIB};
    m.build.cached_steps = 4;
    m.stages[0].oom_kills = 2;
    m.peak.estimated = m.peak.at_limit = m.peak.shared = true;
    m.peak.unreclaimable_at_limit = true;
    m.peak.at_most_bytes = 5 * MIB;
    gate_add_constraint(&m, "/job", 1, 7 * MIB);
    gate_add_daemon(&m, "Gradle daemon", 80);
    sample_set(&m.not_measured, "the record broke off");
    sample_set(&m.commit, NULL);
    strv_push(&m.environment.variables, "GOGC=");
    strv_push(&m.environment.variables, "MAKEFLAGS=-j4 --jobs=4");
    assert_round_trip(&m);

    struct measurement back;
    struct bm_error err = BM_ERROR_INIT;
    char *text = result_to_json(&m, &pass, 3);
    ck_assert_int_eq(read_text(text, &back, &err), 0);
    ck_assert_int_eq(back.build.signal, 9);
    ck_assert(back.build.oom_killed && back.build.timed_out);
    ck_assert_int_eq(back.build.cached_steps, 4);
    ck_assert_int_eq(back.stages[0].oom_kills, 2);
    ck_assert_int_eq(back.stages[1].oom_kills, 0);
    ck_assert(back.build.guard.ended && back.build.guard.stalled);
    ck_assert_int_eq(back.build.guard.unreclaimable_bytes, UNMEASURED);
    ck_assert_int_eq(back.build.guard.room_bytes, 6 * MIB);
    ck_assert(back.peak.estimated && back.peak.at_limit && back.peak.shared);
    ck_assert(back.peak.unreclaimable_at_limit);
    ck_assert_int_eq(back.peak.at_most_bytes, 5 * MIB);
    ck_assert_uint_eq(back.constraint_count, 1);
    ck_assert_str_eq(back.constraints[0].cgroup, "/job");
    ck_assert_int_eq(back.constraints[0].limit_bytes, 7 * MIB);
    ck_assert_int_eq(back.constraints[0].high_hits, UNMEASURED);
    ck_assert_str_eq(back.outside_daemons[back.outside_daemon_count - 1].name, "Gradle daemon");
    ck_assert_int_eq(back.outside_daemons[back.outside_daemon_count - 1].processes, 1);
    ck_assert_int_eq(back.outside_daemons[back.outside_daemon_count - 1].cpu_ms, 80);
    ck_assert_ptr_null(back.outside_daemons[back.outside_daemon_count - 1].asked_by);
    ck_assert_str_eq(back.outside_daemons[back.outside_daemon_count - 1].fix, "stop Gradle daemon");
    ck_assert_str_eq(back.not_measured, "the record broke off");
    ck_assert_ptr_null(back.commit);
    free(text);
    measurement_release(&back);
    measurement_release(&m);
}
END_TEST

START_TEST(test_every_figure_is_read_back)
{
    struct measurement m, back;
    struct bm_error err = BM_ERROR_INIT;
    sample_measurement(&m);
    char *text = result_to_json(&m, &pass, 0);
    ck_assert_int_eq(read_text(text, &back, &err), 0);
    ck_assert_int_eq(back.peak.at_peak.cgroup_bytes, m.peak.at_peak.cgroup_bytes);
    ck_assert_int_eq(back.peak.at_peak.pss_bytes, m.peak.at_peak.pss_bytes);
    ck_assert_int_eq(back.peak.composition.kernel_bytes, m.peak.composition.kernel_bytes);
    ck_assert_int_eq(back.peak.at_peak.processes[2].basis, PSS_ESTIMATED);
    ck_assert_int_eq(back.peak.at_peak.processes[3].hwm_bytes, UNMEASURED);
    ck_assert_str_eq(back.peak.at_peak.processes[3].command, "npm run build");
    ck_assert_int_eq(back.environment.cache_policy, CACHE_WARM);
    ck_assert_uint_eq(back.stage_count, 3);
    ck_assert_int_eq(back.stages[1].at_peak.at_ms, m.stages[1].at_peak.at_ms);
    ck_assert_uint_eq(back.stages[1].at_peak.count, 3);
    ck_assert(!back.stages[1].cgroup_peak_exact && back.stages[2].cgroup_peak_exact);
    ck_assert_ptr_null(back.checks[0].path);
    ck_assert(back.checks[1].required && !back.checks[2].required);
    free(text);
    measurement_release(&back);
    measurement_release(&m);
}
END_TEST

START_TEST(test_unmeasured_is_null_and_read_back)
{
    struct measurement m, back;
    struct bm_error err = BM_ERROR_INIT;
    measurement_init(&m);
    sample_set(&m.label, "main");
    sample_set(&m.started_at, "2026-03-04T05:06:07Z");
    sample_set(&m.build.command, "true");
    sample_set(&m.not_measured, "docker is not there");
    char *text = result_to_json(&m, &pass, 4);
    ck_assert_ptr_nonnull(strstr(text, "\"cgroup_bytes\":\tnull"));
    ck_assert_ptr_nonnull(strstr(text, "\"cpus\":\tnull"));
    ck_assert_msg(read_text(text, &back, &err) == 0, "%s", err.message);
    ck_assert_int_eq(back.peak.cgroup_bytes, UNMEASURED);
    ck_assert_int_eq(back.peak.at_peak.pss_bytes, UNMEASURED);
    ck_assert_int_eq(back.build.exit_code, UNMEASURED);
    free(text);
    measurement_release(&back);
    measurement_release(&m);
}
END_TEST

START_TEST(test_large_integers_keep_their_digits)
{
    struct measurement m, back;
    struct bm_error err = BM_ERROR_INIT;
    sample_measurement(&m);
    m.peak.cgroup_bytes = INT64_C(9007199254740993);
    char *text = result_to_json(&m, &pass, 0);
    ck_assert_int_eq(read_text(text, &back, &err), 0);
    ck_assert_int_eq(back.peak.cgroup_bytes, INT64_C(9007199254740993));
    free(text);
    measurement_release(&back);
    measurement_release(&m);
}
END_TEST

START_TEST(test_line_cannot_be_broken)
{
    struct measurement m;
    struct judgement judgement;
    struct bm_error err = BM_ERROR_INIT;
    sample_measurement(&m);
    sample_judgement(&judgement);
    sample_make_hostile(&m, &judgement);
    char *line = result_to_line(&m, &judgement, 1);
    for (const char *at = line; *at; at++)
        ck_assert_msg((unsigned char)*at >= 0x20 && *at != 0x7F, "a control byte in the line");
    ck_assert_ptr_null(strstr(line, "\xc2\x9b"));
    ck_assert_ptr_null(strstr(line, "\xe2\x80\xa8"));
    ck_assert_ptr_nonnull(strstr(line, "\\u007f"));
    ck_assert_ptr_nonnull(strstr(line, "\\u009b"));
    ck_assert_ptr_nonnull(strstr(line, "\\u2028"));
    ck_assert_ptr_nonnull(strstr(line, "caf\xc3\xa9"));

    struct json_document *document = json_parse(line, "line", &err);
    ck_assert_msg(document != NULL, "%s", err.message);
    const struct json *root = json_root(document);
    ck_assert_ptr_null(json_member(root, "processes_at_peak"));
    ck_assert_ptr_null(json_member(json_first(json_member(root, "stages")), "processes_at_peak"));
    ck_assert(json_is_object(json_member(root, "gate")));
    json_document_free(document);
    free(line);
    judgement_release(&judgement);
    measurement_release(&m);
}
END_TEST

/* Bytes that are not UTF-8 are replaced; the file stays readable. */
START_TEST(test_hostile_text_round_trips_once_written)
{
    struct measurement m, back;
    struct judgement judgement;
    struct bm_error err = BM_ERROR_INIT;
    sample_measurement(&m);
    sample_judgement(&judgement);
    sample_make_hostile(&m, &judgement);
    char *text = result_to_json(&m, &pass, 0);
    ck_assert_msg(read_text(text, &back, &err) == 0, "%s", err.message);
    assert_round_trip(&back);
    free(text);
    measurement_release(&back);
    judgement_release(&judgement);
    measurement_release(&m);
}
END_TEST

START_TEST(test_cause_round_trips)
{
    struct measurement m, back;
    struct bm_error err = BM_ERROR_INIT;
    sample_measurement(&m);
    m.build.exit_code = 134;
    m.log_cause = (struct log_cause){CAUSE_V8_HEAP, xstrdup("a line"), 40 * MIB, UNMEASURED};
    char *text = result_to_json(&m, &pass, 3);
    ck_assert_msg(read_text(text, &back, &err) == 0, "%s", err.message);
    ck_assert_int_eq(back.log_cause.cause, CAUSE_V8_HEAP);
    ck_assert_str_eq(back.log_cause.line, "a line");
    ck_assert_int_eq(back.log_cause.heap_bytes, 40 * MIB);
    ck_assert_int_eq(back.log_cause.request_bytes, UNMEASURED);
    free(text);
    measurement_release(&back);
    measurement_release(&m);
}
END_TEST

static const char *const good[] = {
    "good-full.json",       "good-not-measured.json", "good-of-several.json",
    "good-schema-key.json", "good-constraints.json",  "good-outside-daemons.json",
    "good-cause.json",      "good-guard.json",        "good-image-build.json",
    "good-sweep.json",      "good-deep.json"};

START_TEST(test_good_files)
{
    struct measurement m;
    struct bm_error err = BM_ERROR_INIT;
    char *name = xasprintf("fixtures/result/%s", good[_i]);
    char *path = tests_path(name);
    ck_assert_msg(result_read_measurement(path, &m, &err) == 0, "%s", err.message);
    ck_assert_int_eq(m.environment.cache_policy, CACHE_AS_IS); /* these files have none */
    measurement_release(&m);
    free(path);
    free(name);
}
END_TEST

static const struct {
    const char *file, *message;
} bad[] = {
    {"bad-version.json",
     ":2: $.schema_version: written by a newer build-mem; this one reads version 2"},
    {"bad-version-older.json",
     ":2: $.schema_version: recorded by an older build-mem; measure again"},
    {"bad-unknown-key.json", ":4: $.start: unknown key"},
    {"bad-unknown-nested-key.json", ":20: $.peak.swap_bytes: unknown key"},
    {"bad-string-for-figure.json", ":19: $.peak.cgroup_bytes: must be a whole number"},
    {"bad-fraction.json", ":19: $.peak.cgroup_bytes: must be a whole number"},
    {"bad-negative.json", ":13: $.build.duration_ms: must be a whole number"},
    {"bad-flag.json", ":15: $.build.oom_killed: must be true or false"},
    {"bad-cached-steps.json", ":16: $.build.cached_steps: must be a whole number from 1"},
    {"bad-mapping-kind.json",
     "$.processes_at_peak[0].mappings.parts[1].kind: unknown value \"file\""},
    {"bad-mappings-unread.json", "$.processes_at_peak[0].mappings.unread: unknown value \"\""},
    {"bad-missing.json", ":9: $.build: \"signal\" is missing"},
    {"bad-basis.json", "$.processes_at_peak[0].basis: must be \"measured\", \"estimated\" or"},
    {"bad-cache-policy.json", "$.environment.cache_policy: must be \"as-is\", \"warm\" or"},
    {"bad-cause.json", "$.cause.name: is not the name of a cause"},
    {"bad-deep-runtime.json", "$.deep.processes[1].runtime: unknown value \"hotspot\""},
    {"bad-deep-silent.json", "$.deep.silent[0]: must be a string"},
    {"bad-ledger-group.json", "$.processes.groups[0].count: must be a whole number"},
    {"bad-guard.json", "$.build.guard.stalled: must be true or false"},
    {"bad-guard-figures.json", "$.build.guard: has no figures"},
    {"bad-constraint.json", "$.constraints[1].ancestor: must be a whole number"},
    {"bad-outside-daemon.json", "$.outside_daemons[1].name: must be a string"},
    {"bad-stage.json", "$.stages[1].name: must be a string"},
    {"bad-stages.json", "$.stages: must be an array"},
    {"bad-sweep.json", "$.sweep.knobs.jobs: must be a string"},
    {"bad-sweep-settings.json", "$.sweep: \"settings\" is missing"},
    {"bad-label.json", ":3: $.label: must be a string"},
    {"bad-gate.json", "$.gate: must be an object"},
    {"bad-duplicate-key.json", "duplicate key"},
    {"bad-cut-off.json", "not valid JSON"},
    {"bad-array.json", ":1: $: must be an object"},
};

START_TEST(test_bad_files)
{
    struct measurement m;
    struct bm_error err = BM_ERROR_INIT;
    char *name = xasprintf("fixtures/result/%s", bad[_i].file);
    char *path = tests_path(name);
    ck_assert_int_eq(result_read_measurement(path, &m, &err), -1);
    ck_assert_msg(strstr(err.message, bad[_i].message), "%s: %s", bad[_i].file, err.message);
    ck_assert_msg(strstr(err.message, bad[_i].file), "no file's name: %s", err.message);
    bm_error_release(&err);
    measurement_release(&m);
    free(path);
    free(name);
}
END_TEST

/* Each line is required: without it the reader refuses the file. */
START_TEST(test_every_line_is_needed)
{
    char *path = tests_path("fixtures/result/good-full.json");
    char *text;
    struct bm_error err = BM_ERROR_INIT;
    ck_assert_int_eq(file_read(path, 1 << 20, &text, NULL, &err), 0);
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        struct measurement m;
        const char *end = strchr(line, '\n') + 1;
        char *without = xasprintf("%.*s%s", (int)(line - text), text, end);
        ck_assert_msg(read_text(without, &m, &err) == -1, "not needed: %.*s", (int)(end - line),
                      line);
        bm_error_release(&err);
        measurement_release(&m);
        free(without);
    }
    free(text);
    free(path);
}
END_TEST

START_TEST(test_no_file)
{
    struct measurement m;
    struct bm_error err = BM_ERROR_INIT;
    ck_assert_int_eq(result_read_measurement("/nowhere/result.json", &m, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "/nowhere/result.json"));
    bm_error_release(&err);
    measurement_release(&m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("result");
    TCase *writing = tcase_create("writing");
    tcase_add_test(writing, test_file_is_as_golden);
    tcase_add_test(writing, test_line_is_as_golden);
    tcase_add_test(writing, test_line_cannot_be_broken);
    suite_add_tcase(suite, writing);

    TCase *both = tcase_create("both ways");
    tcase_add_test(both, test_round_trip);
    tcase_add_test(both, test_round_trip_of_a_failed_run);
    tcase_add_test(both, test_every_figure_is_read_back);
    tcase_add_test(both, test_unmeasured_is_null_and_read_back);
    tcase_add_test(both, test_large_integers_keep_their_digits);
    tcase_add_test(both, test_hostile_text_round_trips_once_written);
    tcase_add_test(both, test_cause_round_trips);
    suite_add_tcase(suite, both);

    TCase *reading = tcase_create("reading");
    tcase_add_loop_test(reading, test_good_files, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(reading, test_bad_files, 0, sizeof bad / sizeof *bad);
    tcase_add_test(reading, test_every_line_is_needed);
    tcase_add_test(reading, test_no_file);
    suite_add_tcase(suite, reading);

    return run_suite(suite);
}
