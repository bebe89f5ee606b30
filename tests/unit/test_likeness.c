/* Likeness: runs that did unlike work are refused by refresh and fit, and reported by check. */
#include "measurement/advice.h"
#include "measurement/likeness.h"

#include "base/alloc.h"
#include "base/units.h"
#include "fit/fit.h"
#include "gate/judge.h"
#include "unit/gate_sample.h"
#include "unit/suite.h"

#include <string.h>

static struct measurement runs[3];
static struct baseline baseline;
static struct judgement judgement;
static struct bm_error err = BM_ERROR_INIT;

static void setup(void)
{
    for (size_t i = 0; i < 3; i++)
        gate_run(&runs[i], "run", 800 * MIB);
    gate_baseline(&baseline);
    gate_add_metric(&baseline, METRIC_UNRECLAIMABLE_PEAK, 500 * MIB);
    judgement_init(&judgement);
}

static void teardown(void)
{
    gate_release_runs(runs, 3);
    baseline_release(&baseline);
    judgement_release(&judgement);
    bm_error_release(&err);
}

/* A replay holds little memory for a short time. */
static void replay(struct measurement *m)
{
    m->peak.cgroup_bytes = 40 * MIB;
    m->peak.unreclaimable_bytes = 10 * MIB;
    m->build.duration_ms = 900;
    m->build.cpu_ms = 300;
}

static void nothing(struct measurement *m)
{
    (void)m;
}

static void a_third_of_memory(struct measurement *m)
{
    m->peak.unreclaimable_bytes = 500 * MIB / 3 + 1;
}

static void less_memory(struct measurement *m)
{
    m->peak.unreclaimable_bytes = 500 * MIB / 3 - 1;
}

static void less_memory_without_a_figure(struct measurement *m)
{
    m->peak.unreclaimable_bytes = UNMEASURED;
    m->peak.cgroup_bytes = 200 * MIB;
}

static void less_memory_under_a_limit(struct measurement *m)
{
    less_memory(m);
    m->peak.limit_bytes = 600 * MIB;
}

static void less_memory_and_cpu_under_a_limit(struct measurement *m)
{
    less_memory_under_a_limit(m);
    m->build.cpu_ms = 50000;
}

static void shorter_with_the_same_cpu(struct measurement *m)
{
    m->build.duration_ms = 10000;
}

static void shorter_with_less_cpu(struct measurement *m)
{
    m->build.duration_ms = 10000;
    m->build.cpu_ms = 50000;
}

static void shorter_with_unknown_cpu(struct measurement *m)
{
    m->build.duration_ms = 10000;
    m->build.cpu_ms = UNMEASURED;
}

static void less_cpu(struct measurement *m)
{
    m->build.cpu_ms = 29000;
}

static void no_stage(struct measurement *m)
{
    gate_stage(m, "build-deps")->first_ms = UNMEASURED;
}

static void fewer_processes(struct measurement *m)
{
    m->ledger.source = PEAK_RSS_TASKSTATS;
    m->ledger.count = 20;
}

static void fewer_processes_in_scans(struct measurement *m)
{
    m->ledger.source = PEAK_RSS_SCAN;
    m->ledger.count = 20;
}

static void cached_steps(struct measurement *m)
{
    m->build.cached_steps = 2;
}

static void steps_without_samples(struct measurement *m)
{
    gate_set(&m->peak.source, PEAK_SOURCE_BUILDKIT);
    m->build.cached_steps = 2;
}

static const struct {
    const char *name;
    void (*change)(struct measurement *m);
    const char *figure; /* in the text; NULL: the runs are alike */
} figures[] = {
    {"nothing", nothing, NULL},
    {"a third of the memory", a_third_of_memory, NULL},
    {"less memory", less_memory, "166.7 MiB of unreclaimable memory against 500.0 MiB"},
    {"less memory, unreclaimable unknown", less_memory_without_a_figure, "of memory against"},
    {"less memory under a limit", less_memory_under_a_limit, NULL},
    {"less memory and CPU time under a limit", less_memory_and_cpu_under_a_limit, "166.7 MiB"},
    {"shorter, same CPU time", shorter_with_the_same_cpu, NULL},
    {"shorter, less CPU time", shorter_with_less_cpu, "10.0 s against 1m 00s"},
    {"shorter, unknown CPU time", shorter_with_unknown_cpu, "10.0 s against 1m 00s"},
    {"less CPU time", less_cpu, "of CPU time against"},
    {"no stage", no_stage, "stage build-deps was not seen"},
    {"fewer processes", fewer_processes, "20 processes against 100"},
    {"fewer processes in scans", fewer_processes_in_scans, NULL},
    {"cached steps", cached_steps, "2 cached RUN steps against 0"},
    {"steps without samples", steps_without_samples, "2 RUN steps without samples against 0"},
};

START_TEST(figures_of_less_work)
{
    gate_stage(&runs[0], "build-deps")->last_ms = 30000;
    runs[0].ledger.source = PEAK_RSS_TASKSTATS;
    runs[0].ledger.count = 100;
    figures[_i].change(&runs[1]);
    char *text CLEANUP(cleanup_free) = less_work(&runs[1], &runs[0]);
    char *reverse CLEANUP(cleanup_free) = less_work(&runs[0], &runs[1]);
    ck_assert_msg(!text == !figures[_i].figure, "%s: %s", figures[_i].name, text ? text : "alike");
    if (text)
        ck_assert_msg(strstr(text, figures[_i].figure) != NULL, "%s: %s", figures[_i].name, text);
    ck_assert_msg(!reverse, "%s", reverse);
}
END_TEST

/* A scan misses a stage of 800 ms by chance. */
START_TEST(a_short_stage_can_be_missed)
{
    no_stage(&runs[1]);
    ck_assert_ptr_null(less_work(&runs[1], &runs[0]));
}
END_TEST

/* 2 and 12 MiB: the engine's own memory is a large part. */
START_TEST(small_builds_are_alike)
{
    for (size_t i = 0; i < 2; i++) {
        runs[i].peak.unreclaimable_bytes = i ? 2 * MIB : 12 * MIB;
        runs[i].build.cpu_ms = i ? 50 : 800;
        runs[i].build.duration_ms = i ? 100 : 1000;
    }
    ck_assert_ptr_null(less_work(&runs[1], &runs[0]));
}
END_TEST

/* More workers hold more memory for a shorter time, and do the same work. */
START_TEST(other_settings_may_differ_in_memory)
{
    struct measurement *few = &runs[0], *many = &runs[1];
    few->build.cpu_ms = many->build.cpu_ms = 60000;
    many->peak.unreclaimable_bytes = 5 * few->peak.unreclaimable_bytes;
    few->build.duration_ms = 5 * many->build.duration_ms;
    ck_assert_ptr_null(less_work_with_other_settings(few, many));
    ck_assert_ptr_null(less_work_with_other_settings(many, few));
    many->build.cpu_ms = 19999;
    char *less CLEANUP(cleanup_free) = less_work_with_other_settings(many, few);
    ck_assert_ptr_nonnull(less);
    ck_assert_ptr_null(less_work_with_other_settings(few, many));
    many->build.cpu_ms = 60000;
    few->build.cached_steps = 1;
    char *cached CLEANUP(cleanup_free) = less_work_with_other_settings(few, many);
    ck_assert_ptr_nonnull(cached);
}
END_TEST

START_TEST(the_runs_are_named)
{
    replay(&runs[2]);
    char *text CLEANUP(cleanup_free) = unlike_runs(runs, 3);
    ck_assert_ptr_nonnull(text);
    ck_assert_msg(strstr(text, "run 3 of 3 did less than run 1") != NULL, "%s", text);
    ck_assert_ptr_null(unlike_runs(runs, 2));
    ck_assert_ptr_null(unlike_runs(&runs[2], 1));
}
END_TEST

static const struct acceptance unattended = {.at = "2026-11-28T12:00:00Z"};

START_TEST(refresh_refuses_a_replay)
{
    struct baseline empty = {0};
    replay(&runs[1]);
    replay(&runs[2]);
    ck_assert_int_eq(baseline_accept(&empty, runs, 3, &unattended, &err), -1);
    ck_assert_msg(strstr(err.message, "unlike work") && strstr(err.message, "TURBO_FORCE"), "%s",
                  err.message);
    ck_assert_uint_eq(empty.count, 0);
}
END_TEST

/* Each run replays the cache: only the old entry shows it. A reason accepts a real gain. */
START_TEST(refresh_of_replays_needs_a_reason)
{
    for (size_t i = 0; i < 3; i++)
        replay(&runs[i]);
    ck_assert_int_eq(baseline_accept(&baseline, runs, 3, &unattended, &err), -1);
    ck_assert_msg(strstr(err.message, "--reason") != NULL, "%s", err.message);
    bm_error_release(&err);
    err = (struct bm_error)BM_ERROR_INIT;
    struct acceptance with_reason = unattended;
    with_reason.reason = "the heavy stage was removed";
    ck_assert_msg(baseline_accept(&baseline, runs, 3, &with_reason, &err) == 0, "%s", err.message);
}
END_TEST

/* A new entry of cached steps needs a reason. Then runs with as many are like it. */
START_TEST(refresh_of_cached_steps_needs_a_reason)
{
    struct baseline fresh = {0};
    for (size_t i = 0; i < 3; i++)
        runs[i].build.cached_steps = 2;
    ck_assert_int_eq(baseline_accept(&fresh, runs, 3, &unattended, &err), -1);
    ck_assert_msg(strstr(err.message, "cached RUN steps is 2;") &&
                      strstr(err.message, "--skip-clear") && strstr(err.message, "--reason"),
                  "%s", err.message);
    bm_error_release(&err);
    err = (struct bm_error)BM_ERROR_INIT;
    struct acceptance with_reason = unattended;
    with_reason.reason = "CI keeps the cache of the packages";
    ck_assert_msg(baseline_accept(&fresh, runs, 3, &with_reason, &err) == 0, "%s", err.message);
    char *text CLEANUP(cleanup_free) = baseline_to_json(&fresh);
    struct baseline back;
    ck_assert_msg(baseline_parse(text, "b.json", &back, &err) == 0, "%s", err.message);
    ck_assert_int_eq(back.environments[0].cached_steps, 2);
    ck_assert_msg(baseline_accept(&back, runs, 3, &unattended, &err) == 0, "%s", err.message);
    judge(&back, "b.json", runs, 3, false, &judgement);
    ck_assert_str_eq(verdict_name(judgement.verdict), "pass");
    baseline_release(&back);
    baseline_release(&fresh);
}
END_TEST

START_TEST(more_cached_steps_than_the_baseline)
{
    runs[0].build.cached_steps = 1;
    judge(&baseline, "b.json", runs, 1, false, &judgement);
    ck_assert_str_eq(verdict_name(judgement.verdict), "inconclusive");
    ck_assert_ptr_nonnull(strstr(judgement.reason, "cached RUN steps is 1, and 0"));
}
END_TEST

START_TEST(a_replay_is_no_improvement)
{
    replay(&runs[0]);
    judgement.refresh_arguments = xstrdup(" --engine host");
    judge(&baseline, "b.json", runs, 1, false, &judgement);
    ck_assert_str_eq(verdict_name(judgement.verdict), "inconclusive");
    ck_assert_ptr_nonnull(strstr(judgement.reason, "less than a third"));
    char *advice CLEANUP(cleanup_free) =
        advice_text(ADVICE_CLEAR_CACHE_OR_ACCEPT, " --engine host");
    ck_assert_str_eq(judgement.advice, advice);
}
END_TEST

START_TEST(replays_among_the_runs_of_a_check)
{
    replay(&runs[1]);
    replay(&runs[2]);
    judge(&baseline, "b.json", runs, 3, true, &judgement);
    ck_assert_str_eq(verdict_name(judgement.verdict), "inconclusive");
    ck_assert_ptr_nonnull(strstr(judgement.reason, "unlike work"));
}
END_TEST

/* An old baseline has the memory peak only. */
START_TEST(the_memory_peak_counts_without_another_figure)
{
    struct baseline old;
    gate_baseline(&old);
    replay(&runs[0]);
    judge(&old, "b.json", runs, 1, false, &judgement);
    ck_assert_str_eq(verdict_name(judgement.verdict), "inconclusive");
    baseline_release(&old);
}
END_TEST

START_TEST(growth_stays_regressed)
{
    for (size_t i = 0; i < 3; i++)
        runs[i].peak.cgroup_bytes = 4000 * MIB;
    runs[0].peak.unreclaimable_bytes = 3800 * MIB;
    judge(&baseline, "b.json", runs, 3, false, &judgement);
    ck_assert_str_eq(verdict_name(judgement.verdict), "regressed");
    ck_assert_uint_eq(judgement.notes.count, 1);
    ck_assert_ptr_nonnull(strstr(judgement.notes.items[0], "unlike work"));
}
END_TEST

START_TEST(budgets_without_a_baseline_need_like_runs)
{
    struct baseline empty = {0};
    budgets_add(&empty.budgets, METRIC_CGROUP_PEAK, 1000 * MIB);
    empty.budgets.warn_at_percent = 90;
    judge(&empty, NULL, runs, 2, false, &judgement);
    ck_assert_str_eq(verdict_name(judgement.verdict), "pass");
    judgement_release(&judgement);
    replay(&runs[1]);
    judge(&empty, NULL, runs, 2, false, &judgement);
    ck_assert_str_eq(verdict_name(judgement.verdict), "inconclusive");
    baseline_release(&empty);
}
END_TEST

START_TEST(runs_without_a_baseline_have_a_note)
{
    replay(&runs[1]);
    judge_alone(runs, 2, &judgement);
    ck_assert_str_eq(verdict_name(judgement.verdict), "pass");
    ck_assert_uint_eq(judgement.notes.count, 1);
}
END_TEST

START_TEST(fit_does_not_count_a_replay)
{
    struct fit fit = {.unlimited = &runs[0]};
    fit_judge(&fit, &runs[1], &judgement);
    ck_assert_str_eq(verdict_name(judgement.verdict), "pass");
    judgement_release(&judgement);
    replay(&runs[1]);
    runs[1].peak.limit_bytes = 60 * MIB;
    fit_judge(&fit, &runs[1], &judgement);
    ck_assert_str_eq(verdict_name(judgement.verdict), "inconclusive");
    ck_assert_ptr_nonnull(strstr(judgement.reason, "CCACHE_DISABLE"));
    fit_add(&fit, 60 * MIB, &runs[1], &judgement, false);
    ck_assert_int_eq(fit.attempts[0].outcome, FIT_NOT_MEASURED);
    fit.unlimited = NULL;
    fit_release(&fit);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("likeness");
    TCase *test = tcase_create("likeness");
    tcase_add_checked_fixture(test, setup, teardown);
    tcase_add_loop_test(test, figures_of_less_work, 0, (int)(sizeof figures / sizeof *figures));
    tcase_add_test(test, a_short_stage_can_be_missed);
    tcase_add_test(test, small_builds_are_alike);
    tcase_add_test(test, other_settings_may_differ_in_memory);
    tcase_add_test(test, the_runs_are_named);
    tcase_add_test(test, refresh_refuses_a_replay);
    tcase_add_test(test, refresh_of_replays_needs_a_reason);
    tcase_add_test(test, refresh_of_cached_steps_needs_a_reason);
    tcase_add_test(test, more_cached_steps_than_the_baseline);
    tcase_add_test(test, a_replay_is_no_improvement);
    tcase_add_test(test, replays_among_the_runs_of_a_check);
    tcase_add_test(test, the_memory_peak_counts_without_another_figure);
    tcase_add_test(test, growth_stays_regressed);
    tcase_add_test(test, budgets_without_a_baseline_need_like_runs);
    tcase_add_test(test, runs_without_a_baseline_have_a_note);
    tcase_add_test(test, fit_does_not_count_a_replay);
    suite_add_tcase(suite, test);
    return run_suite(suite);
}
