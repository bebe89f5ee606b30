/* Disturbed runs: which are, what a check and a refresh do with them. */
#include "base/alloc.h"
#include "base/units.h"
#include "baseline/disturbed.h"
#include "gate/judge.h"
#include "measurement/disturbance.h"
#include "unit/gate_sample.h"
#include "unit/suite.h"

#include <string.h>

/* A run of 60 s on 2 CPUs is usual. */
#define SLOW_MS 200000

/* Sets shares in percent. */
static void disturb(struct measurement *m, int64_t duration_ms, int64_t busy, int64_t throttled)
{
    m->build.duration_ms = duration_ms;
    m->disturbance.cpu_capacity_us = duration_ms * 2000;
    m->disturbance.other_cpu_us = busy < 0 ? UNMEASURED : duration_ms * 20 * busy;
    m->disturbance.steal_us = 0;
    m->disturbance.throttled_us = throttled < 0 ? UNMEASURED : duration_ms * 10 * throttled;
}

static const struct {
    int64_t duration_ms, busy, throttled; /* of the run */
    int64_t usual_busy, usual_throttled;  /* negative: unknown */
    const char *reason;                   /* contains this text; NULL: not disturbed */
} cases[] = {
    {60000, 95, 0, 0, 0, NULL}, /* a busy machine alone */
    {60000, 0, 95, 0, 0, NULL},
    {84000, 95, 0, 0, 0, NULL}, /* 40 % longer */
    {84001, 95, 0, 0, 0, "the build took 1m 24s instead of 1m 00s, because other work used 95 %"},
    {SLOW_MS, 0, 0, 0, 0, NULL}, /* it does more work */
    {SLOW_MS, -1, -1, -1, -1, NULL},
    {SLOW_MS, 10, 0, 0, 0, NULL},
    {SLOW_MS, 11, 0, 0, 0, "used 11 % of the CPUs"},
    {SLOW_MS, 70, 0, 60, 0, NULL}, /* usual here */
    {SLOW_MS, 71, 0, 60, 0, "used 71 % of the CPUs"},
    {SLOW_MS, 35, 0, -1, -1, NULL}, /* a baseline without figures */
    {SLOW_MS, 36, 0, -1, -1, "used 36 % of the CPUs"},
    {SLOW_MS, 0, 10, 0, 0, NULL},
    {SLOW_MS, 0, 11, 0, 0, "a CPU quota stopped it for 11 % of the time"},
    {SLOW_MS, 0, 60, 0, 55, NULL},
    {SLOW_MS, 0, 21, -1, -1, "a CPU quota"},
    {SLOW_MS, 88, 95, 0, 0,
     "used 88 % of the CPUs and a CPU quota stopped it for 95 % of the time"},
};

START_TEST(starved_runs)
{
    struct measurement m CLEANUP(measurement_release);
    gate_run(&m, "now", 800 * MIB);
    disturb(&m, cases[_i].duration_ms, cases[_i].busy, cases[_i].throttled);
    const struct usual_run usual = {.duration_ms = 60000,
                                    .busy_share = (double)cases[_i].usual_busy / 100,
                                    .throttled_share = (double)cases[_i].usual_throttled / 100};
    char *reason CLEANUP(cleanup_free) = disturbed_reason(&usual, &m);
    ck_assert_msg((reason != NULL) == (cases[_i].reason != NULL), "%d: %s", _i,
                  reason ? reason : "-");
    if (reason)
        ck_assert_msg(strstr(reason, cases[_i].reason) != NULL, "%d: %s", _i, reason);
}
END_TEST

/* The duration of a short build shows little: it must be longer by 10 s, too. */
START_TEST(short_builds)
{
    struct measurement m CLEANUP(measurement_release);
    gate_run(&m, "now", 800 * MIB);
    const struct usual_run usual = {.duration_ms = 2000};
    disturb(&m, 12000, 95, 0);
    ck_assert_ptr_null(disturbed_reason(&usual, &m));
    disturb(&m, 12001, 95, 0);
    char *reason CLEANUP(cleanup_free) = disturbed_reason(&usual, &m);
    ck_assert_ptr_nonnull(reason);
}
END_TEST

/* A build that usually uses 1.5 CPUs. */
static const struct {
    int64_t duration_ms, cpu_ms, busy;
    const char *reason; /* contains this text; NULL: not disturbed */
} slower[] = {
    {60000, 72001, 90, NULL}, /* 20 % less */
    {60000, 71990, 90, "the build used 1.2 CPUs instead of 1.5, because other work used 90 %"},
    {60000, 71990, 10, NULL}, /* it overlaps less of its work */
    {60000, 71990, 30, NULL}, /* a tenth of the CPUs is idle */
    {60000, 71990, 31, "because other work used 31 % of the CPUs"},
    {60000, -1, 90, NULL},
    {20000, 20000, 90, NULL}, /* 10 s less */
    {20000, 19990, 90, "the build used 1.0 CPUs instead of 1.5"},
    {60000, 120000, 90, NULL},
    {SLOW_MS, 90000, 90, "the build took 3m 20s instead of 1m 00s"},
};

START_TEST(runs_that_got_less_cpu)
{
    struct measurement m CLEANUP(measurement_release);
    gate_run(&m, "now", 800 * MIB);
    disturb(&m, slower[_i].duration_ms, slower[_i].busy, 0);
    m.build.cpu_ms = slower[_i].cpu_ms;
    const struct usual_run usual = {.duration_ms = 60000, .cpus = 1.5};
    char *reason CLEANUP(cleanup_free) = disturbed_reason(&usual, &m);
    ck_assert_msg((reason != NULL) == (slower[_i].reason != NULL), "%d: %s", _i,
                  reason ? reason : "-");
    if (reason)
        ck_assert_msg(strstr(reason, slower[_i].reason) != NULL, "%d: %s", _i, reason);
    const struct usual_run unknown = {.duration_ms = 60000, .cpus = -1};
    char *longer CLEANUP(cleanup_free) = disturbed_reason(&unknown, &m);
    ck_assert((longer != NULL) == (slower[_i].duration_ms == SLOW_MS));
}
END_TEST

/* One decimal does not show that a small number of CPUs is smaller. */
START_TEST(numbers_of_cpus_differ)
{
    static const struct {
        int64_t cpu_ms;
        double usual;
        const char *reason;
    } table[] = {
        {52000, 0.34, "the build used 0.26 CPUs instead of 0.34, because"},
        {0, 0.051, "the build used 0.0 CPUs instead of 0.1, because"},
        {2000000, 15, "the build used 10.0 CPUs instead of 15.0, because"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct measurement m CLEANUP(measurement_release);
        gate_run(&m, "now", 800 * MIB);
        disturb(&m, 200000, 95, 0);
        m.build.cpu_ms = table[i].cpu_ms;
        const struct usual_run usual = {.duration_ms = 200000, .cpus = table[i].usual};
        char *reason CLEANUP(cleanup_free) = disturbed_reason(&usual, &m);
        ck_assert_msg(reason && strstr(reason, table[i].reason), "%zu: %s", i, reason);
    }
}
END_TEST

START_TEST(swapped_runs)
{
    struct measurement m CLEANUP(measurement_release);
    gate_run(&m, "now", 800 * MIB);
    const struct usual_run usual = {.duration_ms = UNMEASURED, .swapped_bytes = 100 * MIB};
    m.disturbance.swap_in_bytes = 20 * MIB;
    m.disturbance.swap_out_bytes = 120 * MIB;
    m.pressure.swap_peak_bytes = 1;
    ck_assert_ptr_null(disturbed_reason(&usual, &m)); /* 5 % of 800 MiB */
    m.disturbance.swap_in_bytes++;
    m.disturbance.swap_in_bytes += 100;
    char *reason CLEANUP(cleanup_free) = disturbed_reason(&usual, &m);
    ck_assert_pstr_eq(reason, "the machine swapped 140.0 MiB");
    m.pressure.swap_peak_bytes = 0; /* memory of others */
    ck_assert_ptr_null(disturbed_reason(&usual, &m));
}
END_TEST

START_TEST(usual_figures)
{
    struct measurement runs[3];
    for (size_t i = 0; i < 3; i++)
        gate_run(&runs[i], "one", 800 * MIB);
    struct usual_run unknown = usual_of_runs(runs, 3);
    ck_assert_double_lt(unknown.busy_share, 0);
    ck_assert_double_lt(unknown.throttled_share, 0);
    ck_assert_int_eq(unknown.duration_ms, 60000);
    disturb(&runs[0], 50000, 10, 20);
    disturb(&runs[1], 60000, 30, 40);
    disturb(&runs[2], 300000, 90, 0);
    runs[2].disturbance.swap_in_bytes = 5;
    struct usual_run usual = usual_of_runs(runs, 3);
    ck_assert_int_eq(usual.duration_ms, 50000);
    ck_assert_double_eq_tol(usual.cpus, 1.8, 0.001);
    ck_assert_double_eq_tol(usual.busy_share, 0.1, 0.001);
    ck_assert_double_eq_tol(usual.throttled_share, 0.2, 0.001);
    ck_assert_int_eq(usual.swapped_bytes, 0);

    struct measurement kept[3];
    char *reason CLEANUP(cleanup_free) = NULL;
    ck_assert_uint_eq(keep_undisturbed(&usual, runs, 3, kept, &reason), 2);
    ck_assert_int_eq(kept[1].build.duration_ms, 60000);
    ck_assert_ptr_nonnull(strstr(reason, "the build took 5m 00s instead of 50.0 s"));

    struct baseline baseline CLEANUP(baseline_release);
    gate_baseline(&baseline);
    struct baseline_environment *entry = &baseline.environments[0];
    entry->disturbance = xcalloc(3, sizeof *entry->disturbance);
    for (size_t i = 0; i < 3; i++)
        entry->disturbance[entry->disturbance_count++] = runs[i].disturbance;
    usual = usual_of_entry(entry);
    ck_assert_double_lt(usual.cpus, 0);
    entry->cpu_ms = xcalloc(3, sizeof *entry->cpu_ms);
    for (size_t i = 0; i < 3; i++)
        entry->cpu_ms[entry->cpu_count++] = 90000 - 30000 * (i == 1);
    usual = usual_of_entry(entry);
    ck_assert_int_eq(usual.duration_ms, 60000);
    ck_assert_double_eq_tol(usual.cpus, 1, 0.001);
    ck_assert_double_eq_tol(usual.busy_share, 0.9, 0.001);
    ck_assert_double_eq_tol(usual.throttled_share, 0.4, 0.001);
    ck_assert_int_eq(usual.swapped_bytes, 5);
    entry->cpu_count = 2; /* of other runs than the durations */
    ck_assert_double_lt(usual_of_entry(entry).cpus, 0);
    gate_release_runs(runs, 3);
}
END_TEST

/* Peaks in MiB, against a baseline of 800 +- 80; a negative peak is of a starved run. */
static const struct {
    int64_t peaks[MAX_CHECK_RUNS];
    enum verdict verdict;
    bool rerun;
} checks[] = {
    {{800}, VERDICT_PASS, false},
    {{-800}, VERDICT_INCONCLUSIVE, true}, /* growth may hide */
    {{-600}, VERDICT_INCONCLUSIVE, true},
    {{-800, -810}, VERDICT_INCONCLUSIVE, true},
    {{-800, -810, -805}, VERDICT_INCONCLUSIVE, true},
    {{-800, -810, -805, -800, -800, -800, -800, -800}, VERDICT_INCONCLUSIVE, true},
    {{-800, -810, -805, -800, -800, -800, -800, -800, -800}, VERDICT_INCONCLUSIVE, false},
    {{-800, -810, -805, -800, -800, -800, -800, -800, 800}, VERDICT_PASS, false},
    {{-800, -810, -805, 800}, VERDICT_PASS, false},
    {{-800, -810, -805, 900}, VERDICT_REGRESSED, true},
    {{900, -800, -810, 860}, VERDICT_INCONCLUSIVE, true}, /* two runs that count */
    {{900, -800, -810, 860, -800, 890}, VERDICT_INCONCLUSIVE, false},
    {{-900}, VERDICT_REGRESSED, true}, /* a quiet run would be higher still */
    {{-900, -910}, VERDICT_REGRESSED, true},
    {{-900, -910, -905}, VERDICT_REGRESSED, false},
    {{-900, -910, 800}, VERDICT_PASS, false},
    {{-800, 800}, VERDICT_PASS, false},
    {{-800, 900}, VERDICT_REGRESSED, true}, /* one run that counts */
    {{-800, 900, 910}, VERDICT_REGRESSED, false},
    {{900, -800, 910}, VERDICT_REGRESSED, false},
};

START_TEST(checks_with_starved_runs)
{
    struct measurement runs[MAX_CHECK_RUNS];
    struct baseline baseline CLEANUP(baseline_release);
    struct judgement judgement CLEANUP(judgement_release);
    size_t count = 0, starved = 0;
    gate_baseline(&baseline);
    judgement_init(&judgement);
    for (; count < MAX_CHECK_RUNS && checks[_i].peaks[count]; count++) {
        int64_t peak = checks[_i].peaks[count];
        gate_run(&runs[count], "now", llabs(peak) * MIB);
        if (peak < 0)
            disturb(&runs[count], SLOW_MS, 90, 0);
        starved += peak < 0;
    }
    judge(&baseline, "b.json", runs, count, false, &judgement);
    char *reason CLEANUP(cleanup_free) = rerun_reason(&baseline, runs, count);
    ck_assert_int_eq(judgement.verdict, checks[_i].verdict);
    ck_assert_msg((reason != NULL) == checks[_i].rerun, "%s", reason ? reason : "-");
    if (starved == count && judgement.verdict == VERDICT_INCONCLUSIVE)
        ck_assert_ptr_nonnull(
            strstr(judgement.reason, "the machine disturbed every run: the build"));
    else if (starved < count)
        ck_assert_uint_eq(judgement.findings[0].value_count, count - starved);
    const struct measurement *decided_by = judgement.decided_by;
    bool decided = judgement.verdict == VERDICT_REGRESSED;
    ck_assert(decided_by ? decided_by >= runs && decided_by < runs + count : !decided);
    if (decided && starved < count)
        ck_assert_int_ne(decided_by->build.duration_ms, SLOW_MS);
    gate_release_runs(runs, count);
}
END_TEST

START_TEST(long_builds_are_not_replaced)
{
    struct measurement runs[MAX_JUDGED_RUNS];
    struct baseline baseline CLEANUP(baseline_release);
    gate_baseline(&baseline);
    for (size_t count = 1; count <= MAX_JUDGED_RUNS; count++) {
        gate_run(&runs[count - 1], "now", 800 * MIB);
        disturb(&runs[count - 1], LONG_BUILDS_MS / 2, 90, 0);
        char *reason CLEANUP(cleanup_free) = rerun_reason(&baseline, runs, count);
        ck_assert((reason != NULL) == (count < MAX_JUDGED_RUNS));
    }
    gate_release_runs(runs, MAX_JUDGED_RUNS);
}
END_TEST

/* Checks of 900 MiB against a baseline of 800 MiB, whose runs took 60 s on 2 CPUs. */
static const struct {
    int64_t duration_ms, busy;
    int64_t accepted_busy[2]; /* negative: without figures */
    enum verdict verdict;
} late[] = {
    {60000, 10, {90, 90}, VERDICT_REGRESSED}, /* the other work did not slow it down */
    {42858, 10, {90, 90}, VERDICT_REGRESSED},    {42857, 10, {-1, -1}, VERDICT_REGRESSED},
    {30000, 10, {90, 15}, VERDICT_REGRESSED}, /* one of them was quiet */
    {30000, 80, {90, 90}, VERDICT_REGRESSED}, /* as busy as ever */
    {30000, 10, {90, 90}, VERDICT_INCONCLUSIVE},
};

START_TEST(growth_against_starved_runs)
{
    struct measurement runs[2], accepted;
    struct baseline baseline CLEANUP(baseline_release);
    struct judgement judgement CLEANUP(judgement_release);
    gate_baseline(&baseline);
    judgement_init(&judgement);
    struct baseline_environment *entry = &baseline.environments[0];
    entry->disturbance = xcalloc(2, sizeof *entry->disturbance);
    gate_run(&accepted, "then", 800 * MIB);
    for (size_t i = 0; i < 2; i++) {
        disturb(&accepted, 60000, late[_i].accepted_busy[i], 0);
        entry->disturbance[entry->disturbance_count++] = accepted.disturbance;
        gate_run(&runs[i], "now", 900 * MIB);
        disturb(&runs[i], late[_i].duration_ms + (int64_t)i, late[_i].busy, 0);
    }
    judge(&baseline, "b.json", runs, 2, false, &judgement);
    ck_assert_int_eq(judgement.verdict, late[_i].verdict);
    if (judgement.verdict == VERDICT_INCONCLUSIVE)
        ck_assert_ptr_nonnull(strstr(judgement.reason, "every run of the baseline: the build took "
                                                       "1m 00s instead of 30.0 s, because other"));
    gate_release_runs(runs, 2);
    measurement_release(&accepted);
}
END_TEST

/* Both runs of the entry got a third less CPU than this one, in the same time. */
START_TEST(growth_against_runs_that_got_less_cpu)
{
    struct measurement run, accepted;
    struct baseline baseline CLEANUP(baseline_release);
    gate_baseline(&baseline);
    struct baseline_environment *entry = &baseline.environments[0];
    entry->disturbance = xcalloc(3, sizeof *entry->disturbance);
    entry->cpu_ms = xcalloc(3, sizeof *entry->cpu_ms);
    gate_run(&accepted, "then", 800 * MIB);
    disturb(&accepted, 60000, 90, 0);
    for (size_t i = 0; i < 3; i++) {
        entry->disturbance[entry->disturbance_count++] = accepted.disturbance;
        entry->cpu_ms[entry->cpu_count++] = 60000;
    }
    gate_run(&run, "now", 900 * MIB);
    disturb(&run, 60000, 10, 0);
    char *reason CLEANUP(cleanup_free) = disturbed_entry_reason(entry, &run, 1);
    ck_assert_pstr_eq(reason, "the build used 1.0 CPUs instead of 1.5, because other work used "
                              "90 % of the CPUs");
    gate_set_values(gate_metric(&baseline, "duration"), (int64_t[]){90000, 90000, 90000}, 3);
    entry->cpu_ms[1] = 120000; /* the highest one counts, not the durations */
    ck_assert_ptr_null(disturbed_entry_reason(entry, &run, 1));
    entry->cpu_ms[1] = 60000;
    char *again CLEANUP(cleanup_free) = disturbed_entry_reason(entry, &run, 1);
    ck_assert_ptr_nonnull(again);
    disturb(&accepted, 60000, 30, 0);
    entry->disturbance[2] = accepted.disturbance; /* it left CPUs idle, so it needed no more */
    ck_assert_ptr_null(disturbed_entry_reason(entry, &run, 1));
    measurement_release(&run);
    measurement_release(&accepted);
}
END_TEST

/* A limit is a limit, also for a starved run. */
START_TEST(budgets_apply_to_starved_runs)
{
    struct measurement m CLEANUP(measurement_release);
    struct baseline baseline CLEANUP(baseline_release);
    struct judgement judgement CLEANUP(judgement_release);
    gate_baseline(&baseline);
    judgement_init(&judgement);
    gate_metric(&baseline, "cgroup_peak")->tolerance.budget = 700 * MIB;
    gate_run(&m, "now", 750 * MIB);
    disturb(&m, SLOW_MS, 90, 0);
    judge(&baseline, "b.json", &m, 1, false, &judgement);
    ck_assert_int_eq(judgement.verdict, VERDICT_OVER_LIMIT);
}
END_TEST

START_TEST(refresh_refuses_a_starved_run)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct measurement runs[3];
    struct baseline baseline CLEANUP(baseline_release) = {0};
    const struct acceptance acceptance = {.at = "2026-02-02T00:00:00Z"};
    for (size_t i = 0; i < 3; i++) {
        gate_run(&runs[i], "one", 800 * MIB);
        disturb(&runs[i], i == 1 ? SLOW_MS : 60000, i == 1 ? 90 : 20, 0);
    }
    ck_assert_int_eq(baseline_accept(&baseline, runs, 3, &acceptance, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "the machine disturbed it: the build took"));
    gate_set(&runs[1].label, NULL);
    bm_error_release(&err);
    ck_assert_int_eq(baseline_accept(&baseline, runs, 3, &acceptance, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "run \"\" cannot"));
    bm_error_release(&err);
    disturb(&runs[1], 60000, 90, 0);
    ck_assert_int_eq(baseline_accept(&baseline, runs, 3, &acceptance, &err), 0);
    ck_assert_uint_eq(baseline.environments[0].cpu_count, 3);
    ck_assert_int_eq(baseline.environments[0].cpu_ms[2], 90000);
    runs[1].build.cpu_ms = UNMEASURED; /* the others would not belong to the durations */
    ck_assert_int_eq(baseline_accept(&baseline, runs, 3, &acceptance, &err), 0);
    ck_assert_uint_eq(baseline.environments[0].cpu_count, 0);
    gate_release_runs(runs, 3);
}
END_TEST

/* The shares of other work, in percent, in runs that took 60 s; negative: 120 s. The build uses 30
 * % of the CPUs, so that 60 % fill them. */
static const struct {
    int64_t busy[9];
    size_t kept;
    bool rerun;
    const char *crowded; /* contains this text */
} refreshes[] = {
    {{0}, 1, false, NULL}, /* before the wanted number */
    {{95, 95}, 2, false, NULL},
    {{5, 5, 5}, 3, false, NULL},
    {{5, -95, 5}, 2, true, NULL},
    {{5, -95, 5, 5}, 3, false, NULL},
    {{5, -95, -95, -95, -95, -95, -95, 5}, 2, true, NULL},
    {{5, -95, -95, -95, -95, -95, -95, -95, 5}, 2, false, NULL}, /* the last one */
    {{70, 95, 70}, 3, true, "at least 70 % of the CPUs in every run"},
    {{70, 59, 70}, 3, false, NULL}, /* the CPUs were idle for a time */
    {{36, 36, 36}, 3, false, NULL},
    {{-95, -95, -95, 5}, 1, true, NULL},
    {{-95, -95, -95, 5, 5, 5}, 3, false, NULL},
    {{70, 70, 70, 70, 70, 70, 70, 70}, 8, true, "70 %"},
    {{70, 70, 70, 70, 70, 70, 70, 70, 70}, 9, false, "70 %"}, /* it is usual here */
};

START_TEST(refreshes_with_starved_runs)
{
    struct measurement runs[9], kept[9];
    size_t count = 0;
    while (count < 9 && (refreshes[_i].busy[count] || count == 0)) {
        int64_t busy = refreshes[_i].busy[count];
        gate_run(&runs[count], "one", 800 * MIB);
        disturb(&runs[count], busy < 0 ? 120000 : 60000, llabs(busy), 0);
        runs[count].build.cpu_ms = runs[count].build.duration_ms * 2 * 30 / 100 + 30;
        count++;
    }
    char *disturbed CLEANUP(cleanup_free) = NULL;
    ck_assert_uint_eq(runs_to_accept(runs, count, kept, &disturbed), refreshes[_i].kept);
    char *crowded CLEANUP(cleanup_free) = crowded_reason(runs, count);
    char *rerun CLEANUP(cleanup_free) = refresh_rerun_reason(runs, count, 3);
    ck_assert_msg((rerun != NULL) == refreshes[_i].rerun, "%d: %s", _i, rerun ? rerun : "-");
    if (count >= 3)
        ck_assert((crowded != NULL) == (refreshes[_i].crowded != NULL));
    if (refreshes[_i].crowded)
        ck_assert_ptr_nonnull(strstr(crowded, refreshes[_i].crowded));
    struct strv notes CLEANUP(strv_release) = {0};
    note_refresh(runs, count, refreshes[_i].kept, disturbed, &notes);
    size_t notes_wanted = refreshes[_i].kept < count;
    notes_wanted += crowded != NULL;
    ck_assert_uint_eq(notes.count, notes_wanted);
    int64_t other_us = runs[0].disturbance.other_cpu_us;
    runs[0].disturbance.other_cpu_us = 10000000; /* short builds */
    runs[0].disturbance.cpu_capacity_us = 12500000;
    ck_assert_ptr_null(crowded_reason(runs, 1));
    runs[0].disturbance.other_cpu_us += 1000000;
    char *longer CLEANUP(cleanup_free) = crowded_reason(runs, 1);
    ck_assert_ptr_nonnull(longer);
    runs[0].disturbance.other_cpu_us = other_us;
    runs[0].build.cpu_ms = UNMEASURED;
    ck_assert_ptr_null(crowded_reason(runs, count));
    gate_release_runs(runs, count);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("baseline/disturbed");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, starved_runs, 0, sizeof cases / sizeof *cases);
    tcase_add_test(all, short_builds);
    tcase_add_loop_test(all, runs_that_got_less_cpu, 0, sizeof slower / sizeof *slower);
    tcase_add_test(all, numbers_of_cpus_differ);
    tcase_add_test(all, swapped_runs);
    tcase_add_test(all, usual_figures);
    tcase_add_loop_test(all, checks_with_starved_runs, 0, sizeof checks / sizeof *checks);
    tcase_add_test(all, long_builds_are_not_replaced);
    tcase_add_loop_test(all, growth_against_starved_runs, 0, sizeof late / sizeof *late);
    tcase_add_test(all, growth_against_runs_that_got_less_cpu);
    tcase_add_test(all, budgets_apply_to_starved_runs);
    tcase_add_test(all, refresh_refuses_a_starved_run);
    tcase_add_loop_test(all, refreshes_with_starved_runs, 0, sizeof refreshes / sizeof *refreshes);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
