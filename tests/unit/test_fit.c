/* The search for the smallest limit, on simulated builds. */
#include "base/alloc.h"
#include "base/json.h"
#include "base/units.h"
#include "fit/search.h"
#include "report/report.h"
#include "unit/gate_sample.h"
#include "unit/suite.h"

#include <string.h>

#define USUAL_MS 60000
#define MOST_BUILDS 40

/* A simulated build, in MiB: `predicted` is its unreclaimable peak, `peak` its memory peak, `need`
 * the smallest limit that passes, `full_speed` the smallest limit with full speed (0: the need). */
struct build {
    const char *what;
    int64_t predicted, peak, need, full_speed;
    size_t most_builds;        /* including the first, without a limit */
    int64_t full_speed_within; /* accepted MiB above `full_speed`; 0: 5 % */
    bool adapts;               /* under a limit, its unreclaimable peak is the need */
};

struct run {
    struct fit fit;
    struct fit_search search;
};

static void add(struct fit *fit, int64_t limit_bytes, enum fit_outcome outcome, int64_t ms)
{
    fit->attempts = xgrow(fit->attempts, fit->count, sizeof *fit->attempts);
    fit->attempts[fit->count++] = (struct fit_attempt){
        .label = xstrdup("fit"), .limit_bytes = limit_bytes, .outcome = outcome, .duration_ms = ms};
}

static void add_unlimited(struct fit *fit, int64_t predicted_bytes, int64_t peak_bytes)
{
    add(fit, UNMEASURED, FIT_PASSED, USUAL_MS);
    fit->attempts[0].unreclaimable_bytes = predicted_bytes;
    fit->attempts[0].cgroup_bytes = peak_bytes;
}

static void next(struct run *run)
{
    run->search = fit_search(run->fit.attempts, run->fit.count);
    ck_assert_uint_le(run->fit.count, MOST_BUILDS);
    if (run->search.state == FIT_TRY && run->search.next_bytes >= 0)
        ck_assert_int_ge(run->search.next_bytes, LEAST_LIMIT_BYTES);
}

/* Runs the search on a deterministic build. */
static void follow(struct run *run, const struct build *build)
{
    next(run);
    ck_assert_int_eq(run->search.state, FIT_TRY);
    ck_assert_int_eq(run->search.next_bytes, UNMEASURED);
    add_unlimited(&run->fit, build->predicted < 0 ? UNMEASURED : build->predicted * MIB,
                  build->peak * MIB);
    for (next(run); run->search.state == FIT_TRY; next(run)) {
        int64_t limit = run->search.next_bytes;
        bool pass = limit >= build->need * MIB;
        bool slow = limit < build->full_speed * MIB;
        add(&run->fit, limit, pass ? FIT_PASSED : FIT_OOM_KILLED, slow ? 2 * USUAL_MS : USUAL_MS);
        if (build->adapts)
            run->fit.attempts[run->fit.count - 1].unreclaimable_bytes = build->need * MIB;
    }
}

static const struct build builds[] = {
    {"predicted to the byte", 500, 560, 500, 0, 3, 0, false},
    {"2 % more than predicted", 500, 560, 510, 0, 3, 0, false},
    {"2 % less than predicted", 500, 560, 490, 0, 3, 0, false},
    {"a tenth less: its heap goes by the limit", 560, 586, 505, 0, 5, 0, false},
    {"a fifth less", 560, 586, 450, 0, 7, 0, false},
    {"half of it", 800, 900, 400, 0, 9, 0, false},
    {"half of it, and takes no more", 800, 900, 400, 0, 4, 0, true},
    {"a tenth of it, and takes no more", 800, 900, 80, 0, 4, 0, true},
    {"a tenth more", 500, 900, 550, 0, 5, 0, false},
    {"a third more", 500, 900, 665, 0, 7, 0, false},
    {"a tenth more, its memory peak", 500, 560, 550, 0, 4, 0, false},
    {"a quarter more, just below its memory peak", 500, 650, 640, 0, 6, 0, false},
    {"no unreclaimable peak: from the memory peak", -1, 600, 400, 0, 9, 0, false},
    {"a wrong one above the memory peak", 2000, 600, 590, 0, 4, 0, false},
    {"mostly page cache", 300, 2350, 301, 0, 3, 0, false},
    {"predicted far too low", 20, 2000, 1500, 0, 15, 0, false},
    {"more than its memory peak: dirty pages that are not written in time", 500, 560, 620, 0, 8, 0,
     false},
    {"terabytes", 3000000, 3100000, 3000000, 0, 3, 0, false},
    {"crawls up to a fifth above", 500, 900, 500, 600, 9, 60, false},
    {"slow up to its memory peak", 500, 560, 500, 555, 7, 5, false},
    {"crawls, and is tiny", 30, 80, 30, 45, 10, 5, false},
};

START_TEST(finds_the_need)
{
    const struct build *build = &builds[_i];
    struct run run = {0};
    follow(&run, build);
    const struct fit_search *found = &run.search;
    ck_assert_msg(found->state == FIT_FOUND, "%s: state %d", build->what, found->state);
    ck_assert_msg(run.fit.count <= build->most_builds, "%s: %zu builds", build->what,
                  run.fit.count);
    ck_assert_int_lt(found->failing_bytes, build->need * MIB);
    ck_assert_int_ge(found->passing_bytes, build->need * MIB);
    ck_assert_double_le((double)found->passing_bytes,
                        (1 + FIT_RESOLUTION) * (double)found->failing_bytes + 8192);
    if (!build->full_speed) {
        ck_assert_int_eq(found->full_speed_bytes, found->passing_bytes);
        ck_assert_int_eq(found->full_speed_ms, USUAL_MS);
    } else {
        ck_assert_int_eq(found->passing_ms, 2 * USUAL_MS);
        ck_assert_int_ge(found->full_speed_bytes, build->full_speed * MIB);
        ck_assert_int_le(found->full_speed_bytes,
                         (build->full_speed + build->full_speed_within) * MIB);
    }
    fit_release(&run.fit);
}
END_TEST

START_TEST(stops_at_the_floor)
{
    struct run run = {0};
    follow(&run, &(struct build){"needs nothing", 8, 9, 0, 0, 0, 0, false});
    ck_assert_int_eq(run.search.state, FIT_FOUND);
    ck_assert_int_eq(run.search.passing_bytes, LEAST_LIMIT_BYTES);
    ck_assert_int_eq(run.search.failing_bytes, UNMEASURED);
    fit_release(&run.fit);
}
END_TEST

START_TEST(none_passes)
{
    struct run run = {0};
    follow(&run,
           &(struct build){"a limit of any size kills it", 500, 560, 1 << 20, 0, 0, 0, false});
    ck_assert_int_eq(run.search.state, FIT_NONE_PASSES);
    ck_assert_int_eq(run.search.passing_bytes, UNMEASURED);
    ck_assert_int_eq(run.search.failing_bytes, 2 * 560 * MIB);
    ck_assert_uint_le(run.fit.count, 7);
    /* The advice names the file of the last attempt. */
    free(run.fit.attempts[run.fit.count - 1].label);
    run.fit.attempts[run.fit.count - 1].label = xstrdup("fit-last");
    char *text CLEANUP(cleanup_free) = fit_text(&run.fit, false);
    ck_assert_ptr_nonnull(strstr(text, "build-fit-last.log"));
    fit_release(&run.fit);
}
END_TEST

/* Adds this outcome for the next limit, and checks whether the search repeats that limit. */
#define SAME_LIMIT true
static void add_outcome(struct run *run, enum fit_outcome outcome, bool repeats)
{
    int64_t limit = run->search.next_bytes;
    ck_assert_int_eq(run->search.state, FIT_TRY);
    add(&run->fit, limit, outcome, USUAL_MS);
    next(run);
    if (repeats)
        ck_assert_int_eq(run->search.state, FIT_TRY);
    ck_assert(repeats == (run->search.next_bytes == limit && run->search.state == FIT_TRY));
}

static void begin(struct run *run)
{
    *run = (struct run){0};
    add_unlimited(&run->fit, 500 * MIB, 560 * MIB);
    next(run);
}

START_TEST(failure_without_oom_is_repeated)
{
    static const enum fit_outcome doubtful[] = {FIT_BUILD_FAILED, FIT_NO_ARTIFACT, FIT_TIMED_OUT};
    struct run run;
    for (size_t i = 0; i < 3; i++) {
        /* A second failure ends the attempts. */
        begin(&run);
        add_outcome(&run, doubtful[i], SAME_LIMIT);
        int64_t limit = run.search.next_bytes;
        add_outcome(&run, doubtful[i], !SAME_LIMIT);
        ck_assert_int_eq(run.search.failing_bytes, limit);
        fit_release(&run.fit);
        /* A pass: a third attempt is needed. */
        begin(&run);
        add_outcome(&run, doubtful[i], SAME_LIMIT);
        add_outcome(&run, FIT_PASSED, SAME_LIMIT);
        add_outcome(&run, FIT_PASSED, !SAME_LIMIT);
        ck_assert_int_eq(run.search.passing_bytes, limit);
        fit_release(&run.fit);
        begin(&run);
        add_outcome(&run, doubtful[i], SAME_LIMIT);
        add_outcome(&run, FIT_PASSED, SAME_LIMIT);
        add_outcome(&run, FIT_OOM_KILLED, !SAME_LIMIT);
        ck_assert_int_eq(run.search.failing_bytes, limit);
        fit_release(&run.fit);
    }
}
END_TEST

START_TEST(oom_is_not_repeated)
{
    static const enum fit_outcome certain[] = {FIT_OOM_KILLED, FIT_TOO_SLOW};
    struct run run;
    for (size_t i = 0; i < 2; i++) {
        begin(&run);
        add_outcome(&run, certain[i], !SAME_LIMIT);
        fit_release(&run.fit);
    }
}
END_TEST

START_TEST(two_unmeasured_runs_end_the_search)
{
    struct run run;
    begin(&run);
    add_outcome(&run, FIT_NOT_MEASURED, SAME_LIMIT);
    add_outcome(&run, FIT_PASSED, !SAME_LIMIT);
    fit_release(&run.fit);
    begin(&run);
    add_outcome(&run, FIT_NOT_MEASURED, SAME_LIMIT);
    add(&run.fit, run.search.next_bytes, FIT_NOT_MEASURED, UNMEASURED);
    next(&run);
    ck_assert_int_eq(run.search.state, FIT_UNMEASURED);
    fit_release(&run.fit);
}
END_TEST

/* The limit of 600 MiB passes by chance, but slowly. The search tries higher limits for full speed.
 */
static void pass_by_luck(struct run *run)
{
    *run = (struct run){0};
    add_unlimited(&run->fit, 600 * MIB, 1200 * MIB);
    add(&run->fit, 600 * MIB, FIT_PASSED, 2 * USUAL_MS);
    add(&run->fit, 580 * MIB, FIT_OOM_KILLED, USUAL_MS);
    next(run);
    ck_assert_int_eq(run->search.next_bytes, 600 * MIB); /* slow: repeated */
    add(&run->fit, 600 * MIB, FIT_PASSED, 2 * USUAL_MS);
    next(run);
    ck_assert_int_gt(run->search.next_bytes, 600 * MIB);
}

START_TEST(failure_above_a_pass_is_repeated)
{
    struct run run;
    pass_by_luck(&run);
    int64_t above = run.search.next_bytes;
    add_outcome(&run, FIT_OOM_KILLED, SAME_LIMIT);
    add_outcome(&run, FIT_OOM_KILLED, !SAME_LIMIT);
    /* The pass below it no longer counts. */
    ck_assert_int_eq(run.search.failing_bytes, above);
    ck_assert_int_eq(run.search.passing_bytes, UNMEASURED);
    ck_assert_int_gt(run.search.next_bytes, above);
    fit_release(&run.fit);

    pass_by_luck(&run);
    add_outcome(&run, FIT_OOM_KILLED, SAME_LIMIT);
    add_outcome(&run, FIT_PASSED, SAME_LIMIT);
    add_outcome(&run, FIT_PASSED, !SAME_LIMIT);
    ck_assert_int_eq(run.search.failing_bytes, 580 * MIB);
    ck_assert_int_eq(run.search.passing_bytes, 600 * MIB);
    fit_release(&run.fit);
}
END_TEST

START_TEST(pass_below_a_failure_is_repeated)
{
    struct run run = {0};
    add_unlimited(&run.fit, 600 * MIB, 1200 * MIB);
    add(&run.fit, 600 * MIB, FIT_OOM_KILLED, USUAL_MS);
    add(&run.fit, 590 * MIB, FIT_PASSED, USUAL_MS);
    next(&run);
    ck_assert_int_eq(run.search.next_bytes, 590 * MIB);
    add_outcome(&run, FIT_PASSED, !SAME_LIMIT);
    ck_assert_int_gt(run.search.next_bytes, 600 * MIB);
    fit_release(&run.fit);
}
END_TEST

START_TEST(slow_pass_is_repeated)
{
    struct run run;
    begin(&run);
    int64_t limit = run.search.next_bytes;
    add(&run.fit, limit, FIT_PASSED, 2 * USUAL_MS);
    next(&run);
    add(&run.fit, run.search.next_bytes, FIT_OOM_KILLED, USUAL_MS);
    next(&run);
    ck_assert_int_eq(run.search.next_bytes, limit);
    add(&run.fit, limit, FIT_PASSED, USUAL_MS + USUAL_MS / 20);
    next(&run);
    ck_assert_int_eq(run.search.state, FIT_FOUND);
    ck_assert_int_eq(run.search.full_speed_bytes, limit);
    ck_assert_int_eq(run.search.passing_ms, USUAL_MS + USUAL_MS / 20);
    fit_release(&run.fit);
}
END_TEST

START_TEST(slow_above_the_memory_peak_is_full_speed)
{
    struct run run = {0};
    add_unlimited(&run.fit, 500 * MIB, 560 * MIB);
    add(&run.fit, 600 * MIB, FIT_PASSED, 2 * USUAL_MS);
    add(&run.fit, 580 * MIB, FIT_OOM_KILLED, USUAL_MS);
    add(&run.fit, 600 * MIB, FIT_PASSED, 2 * USUAL_MS);
    next(&run);
    ck_assert_int_eq(run.search.state, FIT_FOUND);
    ck_assert_int_eq(run.search.full_speed_bytes, 600 * MIB);
    fit_release(&run.fit);
}
END_TEST

START_TEST(first_run_must_pass)
{
    static const struct {
        enum fit_outcome outcome;
        enum fit_state state;
        int status;
    } cases[] = {{FIT_BUILD_FAILED, FIT_BROKEN, 3},
                 {FIT_OOM_KILLED, FIT_BROKEN, 3},
                 {FIT_NO_ARTIFACT, FIT_BROKEN, 3},
                 {FIT_TIMED_OUT, FIT_BROKEN, 3},
                 {FIT_NOT_MEASURED, FIT_UNMEASURED, 4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run run = {0};
        add(&run.fit, UNMEASURED, cases[i].outcome, USUAL_MS);
        next(&run);
        ck_assert_int_eq(run.search.state, cases[i].state);
        ck_assert_int_eq(fit_exit_status(&run.fit), cases[i].status);
        run.fit.signal = 15;
        ck_assert_int_eq(fit_exit_status(&run.fit), 143);
        fit_release(&run.fit);
    }
}
END_TEST

START_TEST(recommended_limit)
{
    static const struct {
        int64_t mib, recommended_mib;
    } cases[] = {{6, 7}, {84, 90}, {500, 528}, {576, 608}, {1000, 1056}, {8192, 8704}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_int_eq(fit_recommended_bytes(cases[i].mib * MIB), cases[i].recommended_mib * MIB);
}
END_TEST

/* ---- the outcome of a run ---- */

START_TEST(outcomes_of_runs)
{
    struct measurement m;
    struct judgement judgement;
    gate_run(&m, "fit-1", 500 * MIB);
    static const struct {
        const char *what;
        enum verdict verdict;
        bool oom, timed_out, impatient;
        int64_t exit_code;
        enum fit_outcome outcome;
    } cases[] = {
        {"it went well", VERDICT_PASS, false, false, false, 0, FIT_PASSED},
        {"a child was killed, and the shell exited 0", VERDICT_BUILD_FAILED, true, false, false, 0,
         FIT_OOM_KILLED},
        {"137 alone is no OOM", VERDICT_BUILD_FAILED, false, false, false, 137, FIT_BUILD_FAILED},
        {"an artifact is missing", VERDICT_BUILD_FAILED, false, false, false, 0, FIT_NO_ARTIFACT},
        {"the user's time", VERDICT_BUILD_FAILED, false, true, false, 143, FIT_TIMED_OUT},
        {"our patience", VERDICT_BUILD_FAILED, false, true, true, 143, FIT_TOO_SLOW},
        {"the record broke off", VERDICT_INCONCLUSIVE, false, false, false, UNMEASURED,
         FIT_NOT_MEASURED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fit fit = {0};
        judgement_init(&judgement);
        judgement.verdict = cases[i].verdict;
        m.build.oom_killed = cases[i].oom;
        m.build.timed_out = cases[i].timed_out;
        m.build.exit_code = cases[i].exit_code;
        fit_add(&fit, 64 * MIB, &m, &judgement, cases[i].impatient);
        ck_assert_msg(fit.attempts[0].outcome == cases[i].outcome, "%s: %s", cases[i].what,
                      fit_outcome_name(fit.attempts[0].outcome));
        ck_assert_int_eq(fit.attempts[0].cgroup_bytes, 500 * MIB);
        fit_release(&fit);
        judgement_release(&judgement);
    }
    measurement_release(&m);
}
END_TEST

START_TEST(json_fields)
{
    struct run run;
    struct bm_error err = BM_ERROR_INIT;
    begin(&run);
    run.fit.label = "fit\x1b\xc2\x9b";
    run.fit.signal = 2;
    char *line = fit_to_line(&run.fit);
    for (const char *at = line; *at; at++)
        ck_assert_msg((unsigned char)*at >= 0x20 && (unsigned char)*at < 0x7f, "%s", line);
    struct json_document *document = json_parse(line, "line", &err);
    ck_assert_msg(document != NULL, "%s", err.message);
    const struct json *root = json_root(document);
    const char *verdict;
    ck_assert_int_eq(json_expect_string(json_member(root, "verdict"), &verdict, &err), 0);
    ck_assert_str_eq(verdict, "interrupted");
    ck_assert(json_is_null(json_member(root, "recommended_bytes")));
    ck_assert(json_is_null(json_member(root, "passing_bytes")));
    json_document_free(document);
    free(line);
    fit_release(&run.fit);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fit");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, finds_the_need, 0, (int)(sizeof builds / sizeof *builds));
    tcase_add_test(all, stops_at_the_floor);
    tcase_add_test(all, none_passes);
    tcase_add_test(all, failure_without_oom_is_repeated);
    tcase_add_test(all, oom_is_not_repeated);
    tcase_add_test(all, two_unmeasured_runs_end_the_search);
    tcase_add_test(all, failure_above_a_pass_is_repeated);
    tcase_add_test(all, pass_below_a_failure_is_repeated);
    tcase_add_test(all, slow_pass_is_repeated);
    tcase_add_test(all, slow_above_the_memory_peak_is_full_speed);
    tcase_add_test(all, first_run_must_pass);
    tcase_add_test(all, recommended_limit);
    tcase_add_test(all, outcomes_of_runs);
    tcase_add_test(all, json_fields);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
