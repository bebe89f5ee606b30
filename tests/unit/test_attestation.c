/* What BuildKit recorded of an image build. The fixtures are attestations of a real BuildKit. */
#include "base/alloc.h"
#include "base/units.h"
#include "measurement/attestation.h"
#include "measurement/validity.h"
#include "unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void parse(const char *name, struct measurement *m)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *path CLEANUP(cleanup_free) = xasprintf("fixtures/attestation/%s", name);
    char *text CLEANUP(cleanup_free) = test_text(path);
    int result = attestation_parse(text, name, m, &err);
    ck_assert_msg(result == 0, "%s", err.message);
}

/* The steps hold 20, 60, 30 and 40 MiB; the second and the third can run at the same time. */
static void check_known_steps(const struct measurement *m)
{
    static const struct {
        const char *name;
        int64_t mib;
    } steps[] = {
        {"RUN /hold anon=20 sleep=1000", 20},
        {"RUN /hold anon=60 sleep=6000", 60},
        {"RUN /hold anon=30 sleep=6000", 30},
        {"RUN /hold anon=40 sleep=3000", 40},
    };
    ck_assert_uint_eq(m->stage_count, 4);
    for (size_t i = 0; i < 4; i++) {
        const struct stage_measurement *stage = &m->stages[i];
        ck_assert_str_eq(stage->name, steps[i].name);
        ck_assert_int_ge(stage->cgroup_peak_bytes, steps[i].mib * MIB);
        ck_assert_int_le(stage->cgroup_peak_bytes, (steps[i].mib + 3) * MIB);
        ck_assert(!stage->cgroup_peak_exact);
        ck_assert_int_le(stage->first_ms, stage->last_ms);
        ck_assert_int_le(stage->last_ms, m->build.duration_ms);
        ck_assert_int_eq(stage->pss_peak_bytes, UNMEASURED);
        ck_assert_int_eq(stage->oom_kills, 0);
    }
    ck_assert_int_eq(m->peak.cgroup_bytes, m->stages[1].cgroup_peak_bytes);
    ck_assert_str_eq(m->peak.stage, steps[1].name);
}

static void check_source(const struct measurement *m)
{
    char *reason CLEANUP(cleanup_free) = NULL, *advice CLEANUP(cleanup_free) = NULL;
    ck_assert(measurement_is_imported(m));
    ck_assert(m->peak.estimated);
    ck_assert(!m->peak.at_limit);
    ck_assert_int_eq(m->peak.unreclaimable_bytes, UNMEASURED);
    ck_assert_str_eq(m->peak.source, "buildkit");
    ck_assert_str_eq(m->environment.engine, "buildkit");
    ck_assert_str_eq(m->environment.architecture, "x86_64");
    ck_assert_double_eq(m->environment.cpus, UNMEASURED);
    ck_assert_int_eq(m->environment.memory_total_bytes, INT64_C(2020516) * 1024);
    ck_assert_int_eq(m->build.exit_code, 0);
    ck_assert_int_gt(m->build.cpu_ms, 0);
    ck_assert_int_eq(run_validity(m, &reason, &advice), RUN_VALID);
}

/* As in an image: an in-toto statement with SLSA 0.2. */
START_TEST(a_statement_gives_the_peak_of_each_step)
{
    struct measurement m CLEANUP(measurement_release);
    parse("good-statement.json", &m);
    check_known_steps(&m);
    check_source(&m);
    ck_assert_int_eq(m.build.cached_steps, 0);
    ck_assert_str_eq(m.build.command, "docker build --file Dockerfile");
    ck_assert_uint_eq(strlen(m.started_at), strlen("2026-01-31T12:00:00Z"));
}
END_TEST

/* The metadata file of buildx, with SLSA 1. */
START_TEST(a_metadata_file_gives_the_same)
{
    struct measurement statement CLEANUP(measurement_release);
    struct measurement m CLEANUP(measurement_release);
    parse("good-statement.json", &statement);
    parse("good-metadata-file.json", &m);
    check_known_steps(&m);
    check_source(&m);
    ck_assert_int_eq(m.peak.cgroup_bytes, statement.peak.cgroup_bytes);
    ck_assert_int_eq(m.build.duration_ms, statement.build.duration_ms);
    ck_assert_str_eq(m.started_at, statement.started_at);
    ck_assert_str_eq(m.build.command, statement.build.command);
}
END_TEST

/* One step of three came from the cache; another has the text of an earlier one, and was killed. */
START_TEST(cached_and_killed_steps_are_marked)
{
    struct measurement m CLEANUP(measurement_release);
    parse("good-small.json", &m);
    ck_assert_uint_eq(m.stage_count, 2);
    ck_assert_int_eq(m.build.cached_steps, 1);
    ck_assert_str_eq(m.stages[0].name, "RUN make");
    ck_assert_str_eq(m.stages[1].name, "RUN make (2)");
    ck_assert_int_eq(m.stages[0].cgroup_peak_bytes, 30 * MIB);
    ck_assert_int_eq(m.stages[1].oom_kills, 1);
    ck_assert(m.peak.at_limit && need_is_unknown(&m));
    ck_assert_str_eq(m.started_at, "2026-11-29T22:59:59Z"); /* at +01:00 */
    ck_assert_int_eq(m.build.duration_ms, 7250);
    ck_assert_int_eq(m.stages[0].first_ms, 2001);
    ck_assert_int_eq(m.stages[0].last_ms, 3000);
    ck_assert_int_eq(m.build.cpu_ms, 3500);
    ck_assert_int_eq(m.environment.memory_total_bytes, 16000 * MIB);
    ck_assert_str_eq(m.environment.architecture, "aarch64");
    ck_assert_str_eq(m.commit, "0123456789abcdef0123456789abcdef01234567-dirty");
    ck_assert_str_eq(m.build.command, "docker build --file docker/app.Dockerfile --target 'a b'");
}
END_TEST

static const struct {
    const char *file, *message;
} refused[] = {
    {"bad-no-usage.json", "no resourceUsage in any RUN step: build with --no-cache"},
    {"bad-cached.json", "no resourceUsage in any RUN step: build with --no-cache"},
    {"bad-mode-min.json", "no build steps: build with --provenance=mode=max"},
    {"bad-no-cgroup.json", "no memoryStat: BuildKit did not find the cgroup of the step"},
    {"bad-no-peak.json", "no memory.peak: the kernel of the builder is older"},
    {"bad-negative.json", ".memoryStat.peak: must be a whole number from 0"},
    {"bad-time.json", ".timestamp: must be a time such as"},
    {"bad-no-end.json", "the start or the end of the build is missing"},
    {"bad-two-platforms.json", "a second provenance; build one platform at a time"},
    {"bad-not-provenance.json", "not a provenance of BuildKit"},
    {"bad-cut-off.json", ""},
};

START_TEST(what_has_no_figures_is_refused)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct measurement m CLEANUP(measurement_release);
    const char *file = refused[_i].file;
    char *path CLEANUP(cleanup_free) = xasprintf("fixtures/attestation/%s", file);
    char *text CLEANUP(cleanup_free) = test_text(path);
    ck_assert_int_eq(attestation_parse(text, file, &m, &err), -1);
    ck_assert_msg(strncmp(err.message, file, strlen(file)) == 0, "%s", err.message);
    ck_assert_msg(strstr(err.message, refused[_i].message) != NULL, "%s", err.message);
}
END_TEST

/* A text of any length and content gives a name of bounded length on one line. */
START_TEST(names_are_bounded)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct measurement m CLEANUP(measurement_release);
    char *text = NULL;
    size_t length;
    FILE *out = xmemstream_open(&text, &length);
    fputs("{\"metadata\":{\"buildStartedOn\":\"2026-01-31T12:00:00Z\","
          "\"buildFinishedOn\":\"2026-01-31T12:00:01Z\"},\"buildConfig\":{\"llbDefinition\":["
          "{\"op\":{\"Op\":{\"exec\":{\"meta\":{\"args\":[\"\\u001b[31m\\n",
          out);
    for (int i = 0; i < ATTESTATION_NAME_MAX; i++)
        fputs("é", out);
    fputs("\"]}}}},\"resourceUsage\":{\"samples\":[{\"timestamp\":\"2026-01-31T12:00:01Z\","
          "\"memoryStat\":{\"peak\":1}}]}}]}}",
          out);
    xmemstream_close(out);
    ck_assert_msg(attestation_parse(text, "x", &m, &err) == 0, "%s", err.message);
    free(text);
    ck_assert_uint_le(strlen(m.stages[0].name), ATTESTATION_NAME_MAX + strlen("RUN "));
    ck_assert_uint_ge(strlen(m.stages[0].name), ATTESTATION_NAME_MAX);
    ck_assert_ptr_null(strpbrk(m.stages[0].name, "\n\033"));
    /* No character is cut in two. */
    ck_assert_str_eq(m.stages[0].name + strlen(m.stages[0].name) - strlen("é"), "é");
    ck_assert_int_eq(m.environment.memory_total_bytes, UNMEASURED);
    ck_assert_ptr_null(m.environment.architecture);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("attestation");
    TCase *tests = tcase_create("attestation");
    tcase_add_test(tests, a_statement_gives_the_peak_of_each_step);
    tcase_add_test(tests, a_metadata_file_gives_the_same);
    tcase_add_test(tests, cached_and_killed_steps_are_marked);
    tcase_add_loop_test(tests, what_has_no_figures_is_refused, 0, sizeof refused / sizeof *refused);
    tcase_add_test(tests, names_are_bounded);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
