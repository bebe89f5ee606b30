/* Each row of the tables changes the good run, or the baseline, in one respect. */
#include "base/alloc.h"
#include "base/units.h"
#include "gate/judge.h"
#include "measurement/advice.h"
#include "measurement/environment.h"
#include "measurement/validity.h"
#include "result/result.h"
#include "unit/gate_sample.h"
#include "unit/suite.h"

#include <string.h>

struct scene {
    struct measurement runs[3];
    size_t run_count;
    struct baseline baseline;
};

struct judge_case {
    const char *name;
    void (*change)(struct scene *scene);
    int64_t peaks[3]; /* of the runs, in MiB; 0 ends the list; none: one run of 800 */
    bool strict;
    enum verdict verdict;
    const char *metric; /* whose finding is checked; NULL: none */
    enum finding_status status;
    int64_t allowed; /* of the finding; 0: not checked */
};

/* --- changes to the scene --- */

static void nothing(struct scene *scene)
{
    (void)scene;
}

static void one_byte_over(struct scene *scene)
{
    scene->runs[0].peak.cgroup_bytes = 880 * MIB + 1;
}

static void one_byte_below_slack(struct scene *scene)
{
    scene->runs[0].peak.cgroup_bytes = 720 * MIB - 1;
}

static void small_baseline(struct scene *scene)
{
    gate_set_values(gate_metric(&scene->baseline, "cgroup_peak"), (int64_t[]){100 * MIB}, 1);
}

static void noisy_baseline(struct scene *scene)
{
    /* MAD 25 MiB: 2 * 1.4826 * 1.206 * 25 = 89.4 MiB of slack */
    gate_set_values(gate_metric(&scene->baseline, "cgroup_peak"),
                    (int64_t[]){775 * MIB, 800 * MIB, 825 * MIB, 775 * MIB, 825 * MIB}, 5);
}

static void two_noisy_values(struct scene *scene)
{
    gate_set_values(gate_metric(&scene->baseline, "cgroup_peak"), (int64_t[]){700 * MIB, 900 * MIB},
                    2);
}

static void peak_warns(struct scene *scene)
{
    gate_metric(&scene->baseline, "cgroup_peak")->tolerance.level = LEVEL_WARN;
}

static void peak_off(struct scene *scene)
{
    gate_metric(&scene->baseline, "cgroup_peak")->tolerance.level = LEVEL_OFF;
}

static void budget_850(struct scene *scene)
{
    gate_metric(&scene->baseline, "cgroup_peak")->tolerance.budget = 850 * MIB;
}

static void budget_off(struct scene *scene)
{
    budget_850(scene);
    gate_metric(&scene->baseline, "cgroup_peak")->tolerance.level = LEVEL_OFF;
}

static void budget_warns(struct scene *scene)
{
    budget_850(scene);
    peak_warns(scene);
}

static void stage_grew(struct scene *scene)
{
    gate_stage(&scene->runs[0], "build-deps")->pss_peak_bytes = 500 * MIB;
}

static void stage_grew_and_fails(struct scene *scene)
{
    stage_grew(scene);
    gate_metric(&scene->baseline, "stage:build-deps")->tolerance.level = LEVEL_FAIL;
}

static void stage_shrank(struct scene *scene)
{
    gate_stage(&scene->runs[0], "build-deps")->pss_peak_bytes = 100 * MIB;
}

/* The ledger has read the command line of each program that the run executed. */
static void name_all(struct measurement *run)
{
    run->ledger.source = PEAK_RSS_TASKSTATS;
    run->ledger.overruns = run->ledger.unnamed_rss_bytes = 0;
}

static void stage_gone(struct scene *scene)
{
    for (size_t i = 0; i < scene->run_count; i++) {
        name_all(&scene->runs[i]);
        struct stage_measurement *stage = gate_stage(&scene->runs[i], "build-deps");
        stage->first_ms = stage->last_ms = stage->pss_peak_bytes = UNMEASURED;
    }
}

/* A program whose command line was not read may have been the stage. */
static void stage_missed(struct scene *scene)
{
    stage_gone(scene);
    gate_metric(&scene->baseline, "stage:build-deps")->tolerance.level = LEVEL_FAIL;
    scene->runs[0].ledger.unnamed_rss_bytes = 150 * MIB;
}

static void stage_too_large_to_be_missed(struct scene *scene)
{
    stage_missed(scene);
    scene->runs[0].ledger.unnamed_rss_bytes = 149 * MIB;
}

/* It includes the memory of other processes, so it does not show how large the stage was. */
static void unreclaimable_stage_missed(struct scene *scene)
{
    stage_missed(scene);
    scene->runs[0].ledger.unnamed_rss_bytes = 0;
    gate_set(&gate_metric(&scene->baseline, "stage:build-deps")->name,
             "stage_unreclaimable:build-deps");
}

static void stage_missed_by_scans(struct scene *scene)
{
    stage_missed(scene);
    scene->runs[0].ledger.unnamed_rss_bytes = 0;
    scene->runs[0].ledger.source = PEAK_RSS_SCAN;
}

static void stage_missed_with_lost_records(struct scene *scene)
{
    stage_missed(scene);
    scene->runs[0].ledger.unnamed_rss_bytes = 0;
    scene->runs[0].ledger.overruns = 1;
}

static void stage_missed_in_one_run_and_grew(struct scene *scene)
{
    gate_metric(&scene->baseline, "stage:build-deps")->tolerance.level = LEVEL_FAIL;
    gate_stage(&scene->runs[0], "build-deps")->pss_peak_bytes = 500 * MIB;
    gate_stage(&scene->runs[1], "build-deps")->first_ms = UNMEASURED;
    gate_stage(&scene->runs[1], "build-deps")->pss_peak_bytes = UNMEASURED;
}

static void stage_gone_from_one_run(struct scene *scene)
{
    name_all(&scene->runs[1]);
    gate_stage(&scene->runs[1], "build-deps")->first_ms = UNMEASURED;
}

/* Seen but not measured: its processes ended too soon. */
static void stage_brief(struct scene *scene)
{
    for (size_t i = 0; i < scene->run_count; i++)
        gate_stage(&scene->runs[i], "build-deps")->pss_peak_bytes = UNMEASURED;
}

static void stage_brief_and_fails(struct scene *scene)
{
    stage_brief(scene);
    gate_metric(&scene->baseline, "stage:build-deps")->tolerance.level = LEVEL_FAIL;
}

static void stage_brief_in_one_run(struct scene *scene)
{
    gate_stage(&scene->runs[1], "build-deps")->pss_peak_bytes = UNMEASURED;
}

static void stage_brief_in_one_run_and_fails(struct scene *scene)
{
    stage_brief_in_one_run(scene);
    gate_metric(&scene->baseline, "stage:build-deps")->tolerance.level = LEVEL_FAIL;
}

static void stage_brief_in_one_run_and_grew(struct scene *scene)
{
    stage_brief_in_one_run_and_fails(scene);
    gate_stage(&scene->runs[0], "build-deps")->pss_peak_bytes = 500 * MIB;
}

static void stage_brief_or_gone(struct scene *scene)
{
    stage_brief(scene);
    name_all(&scene->runs[1]);
    gate_stage(&scene->runs[1], "build-deps")->first_ms = UNMEASURED;
}

static void stage_renamed(struct scene *scene)
{
    name_all(&scene->runs[0]);
    gate_set(&gate_stage(&scene->runs[0], "build-deps")->name, "deps");
}

static void off_stage_gone(struct scene *scene)
{
    gate_stage(&scene->runs[0], "setup")->first_ms = UNMEASURED;
}

static void stage_new(struct scene *scene)
{
    gate_add_stage(&scene->runs[0], "lint", 40 * MIB);
}

static void peak_not_in_baseline(struct scene *scene)
{
    gate_set(&gate_metric(&scene->baseline, "cgroup_peak")->name, "unreclaimable_peak");
}

static void unreclaimable_judged(struct scene *scene)
{
    struct baseline_metric *metric = gate_metric(&scene->baseline, "duration");
    gate_set(&metric->name, "unreclaimable_peak");
    metric->tolerance = tolerance_default("cgroup_peak");
    gate_set_values(metric, (int64_t[]){400 * MIB}, 1);
}

static void unreclaimable_lost(struct scene *scene)
{
    unreclaimable_judged(scene);
    scene->runs[0].peak.unreclaimable_bytes = UNMEASURED;
}

static void slow(struct scene *scene)
{
    scene->runs[0].build.duration_ms = 600000;
}

static void slow_and_judged(struct scene *scene)
{
    slow(scene);
    gate_metric(&scene->baseline, "duration")->tolerance.level = LEVEL_FAIL;
}

/* A run of 60 s, so that a daemon worked if it used 1.2 s. */
static void work_is_elsewhere(struct scene *scene)
{
    scene->runs[0].build.cpu_ms = 4999;
    gate_add_daemon(&scene->runs[0], "Gradle daemon", 20000);
    gate_add_daemon(&scene->runs[0], "Kotlin daemon", 30000);
    gate_add_daemon(&scene->runs[0], "watchman", UNMEASURED);
}

static void a_tenth_is_its_own(struct scene *scene)
{
    work_is_elsewhere(scene);
    scene->runs[0].build.cpu_ms = 5000;
}

static void daemon_is_idle(struct scene *scene)
{
    scene->runs[0].build.cpu_ms = 1;
    gate_add_daemon(&scene->runs[0], "Gradle daemon", 1199);
}

static void daemon_worked_in_a_short_build(struct scene *scene)
{
    scene->runs[0].build.duration_ms = 1000;
    scene->runs[0].build.cpu_ms = 9;
    gate_add_daemon(&scene->runs[0], "Gradle daemon", 100);
}

static void daemon_is_idle_in_a_short_build(struct scene *scene)
{
    scene->runs[0].build.duration_ms = 1000;
    scene->runs[0].build.cpu_ms = 0;
    gate_add_daemon(&scene->runs[0], "Gradle daemon", 99);
}

static void own_cpu_time_is_unknown(struct scene *scene)
{
    work_is_elsewhere(scene);
    scene->runs[0].build.cpu_ms = UNMEASURED;
}

static void build_failed_elsewhere(struct scene *scene)
{
    work_is_elsewhere(scene);
    scene->runs[0].build.exit_code = 1;
}

static void peak_not_measured(struct scene *scene)
{
    scene->runs[0].peak.cgroup_bytes = UNMEASURED;
}

static void record_broke_off(struct scene *scene)
{
    gate_set(&scene->runs[0].not_measured, "the probe's record broke off");
}

static void end_unknown(struct scene *scene)
{
    scene->runs[0].build.exit_code = UNMEASURED;
}

static void build_failed(struct scene *scene)
{
    scene->runs[0].build.exit_code = 2;
}

static void second_build_failed(struct scene *scene)
{
    scene->runs[1].build.exit_code = 2;
}

static void build_failed_unmeasured(struct scene *scene)
{
    build_failed(scene);
    record_broke_off(scene);
}

static void build_killed(struct scene *scene)
{
    scene->runs[0].build.exit_code = UNMEASURED;
    scene->runs[0].build.signal = 11;
}

static void killed_by_unknown_signal(struct scene *scene)
{
    build_killed(scene);
    scene->runs[0].build.signal = 120;
    gate_set(&scene->runs[0].label, NULL);
}

static void killed_from_outside(struct scene *scene)
{
    build_killed(scene);
    scene->runs[0].build.signal = 9;
    scene->runs[0].pressure.oom_kills = 0;
}

/* A shell exits 137 if its command was killed. */
static void killed_below_a_shell(struct scene *scene)
{
    scene->runs[0].build.exit_code = 137;
    scene->runs[0].pressure.oom_kills = 0;
}

/* Without the kernel's count, the killer may be the kernel. */
static void killed_uncounted(struct scene *scene)
{
    killed_from_outside(scene);
    scene->runs[0].pressure.oom_kills = UNMEASURED;
}

static void oom_but_exit_0(struct scene *scene)
{
    scene->runs[0].build.oom_killed = true;
    scene->runs[0].peak.limit_bytes = 700 * MIB;
    scene->runs[0].peak.at_limit = true;
}

static void timed_out(struct scene *scene)
{
    scene->runs[0].build.timed_out = true;
    scene->runs[0].build.signal = 15;
}

/* The shell of the build survives the kill of its child, and exits 0. */
static void ended_by_guard(struct scene *scene)
{
    scene->runs[0].build.guard = (struct guard_end){true, false, 582 * MIB, 600 * MIB};
}

static void stalled(struct scene *scene)
{
    scene->runs[0].build.guard = (struct guard_end){true, true, 300 * MIB, 600 * MIB};
    scene->runs[0].build.signal = 9;
    scene->runs[0].build.exit_code = UNMEASURED;
}

/* A livelock at the limit. */
static void timed_out_at_limit(struct scene *scene)
{
    timed_out(scene);
    scene->runs[0].peak.limit_bytes = 700 * MIB;
    scene->runs[0].peak.at_limit = scene->runs[0].peak.unreclaimable_at_limit = true;
    scene->runs[0].pressure.limit_hits = 5937;
}

static void artifact_missing(struct scene *scene)
{
    scene->runs[0].checks[0].ok = false;
    gate_set(&scene->runs[0].checks[0].detail, "older than the build");
}

static void two_checks_failed(struct scene *scene)
{
    struct measurement *m = &scene->runs[0];
    for (size_t i = 0; i < 2; i++) {
        m->checks[i].required = true;
        m->checks[i].ok = false;
    }
    gate_set(&m->checks[0].path, NULL);
    gate_set(&m->checks[0].detail, NULL);
}

static void optional_artifact_missing(struct scene *scene)
{
    scene->runs[0].checks[1].ok = false;
}

static void at_limit(struct scene *scene)
{
    scene->runs[0].peak.at_limit = scene->runs[0].peak.unreclaimable_at_limit = true;
    scene->runs[0].peak.limit_bytes = 800 * MIB;
    scene->baseline.environments[0].key.limit_bytes = 800 * MIB;
}

/* The limit is full of page cache; the unreclaimable peak of 500 MiB is far below it. */
static void cut_off(struct scene *scene)
{
    at_limit(scene);
    scene->runs[0].peak.unreclaimable_at_limit = false;
    gate_add_metric(&scene->baseline, "unreclaimable_peak", 500 * MIB);
}

static void cut_off_and_off(struct scene *scene)
{
    cut_off(scene);
    peak_off(scene);
    gate_metric(&scene->baseline, "unreclaimable_peak")->tolerance.level = LEVEL_FAIL;
}

/* Its PSS does not include what was swapped out. */
static void cut_off_and_stage_shrank(struct scene *scene)
{
    cut_off(scene);
    gate_stage(&scene->runs[0], "build-deps")->pss_peak_bytes = 100 * MIB;
}

static void first_cut_off(struct scene *scene)
{
    cut_off(scene);
    scene->runs[1].peak.limit_bytes = 800 * MIB;
}

static void cut_off_and_both_off(struct scene *scene)
{
    cut_off(scene);
    peak_off(scene);
    scene->runs[0].peak.unreclaimable_bytes = 700 * MIB;
}

static void cut_off_and_shrank(struct scene *scene)
{
    cut_off(scene);
    scene->runs[0].peak.unreclaimable_bytes = 300 * MIB;
}

static void cut_off_and_grew(struct scene *scene)
{
    cut_off(scene);
    scene->runs[0].peak.unreclaimable_bytes = 700 * MIB;
}

static void cut_off_without_unreclaimable(struct scene *scene)
{
    at_limit(scene);
    scene->runs[0].peak.unreclaimable_at_limit = false;
}

static void cut_off_and_unreclaimable_unknown(struct scene *scene)
{
    cut_off(scene);
    scene->runs[0].peak.unreclaimable_bytes = UNMEASURED;
}

static void cut_off_without_entry(struct scene *scene)
{
    cut_off(scene);
    scene->baseline.environments[0].key.limit_bytes = UNMEASURED;
}

static void cut_off_by_an_ancestor(struct scene *scene)
{
    cut_off(scene);
    gate_add_constraint(&scene->runs[0], "/sys/fs/cgroup/job", 1, 800 * MIB);
}

static void at_limit_and_off(struct scene *scene)
{
    at_limit(scene);
    peak_off(scene);
}

static void at_limit_without_entry(struct scene *scene)
{
    at_limit(scene);
    scene->baseline.environments[0].key.limit_bytes = UNMEASURED;
}

static void more_cpus(struct scene *scene)
{
    scene->runs[0].environment.cpus = 8;
}

static void a_quarter_of_a_cpu(struct scene *scene)
{
    scene->runs[0].environment.cpus = 0.25;
}

static void second_run_elsewhere(struct scene *scene)
{
    scene->runs[1].environment.cpus = 8;
}

static void each_run_has_its_entry(struct scene *scene)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct acceptance acceptance = {.at = "2026-01-02T03:04:05Z"};
    second_run_elsewhere(scene);
    ck_assert_msg(baseline_accept(&scene->baseline, &scene->runs[1], 1, &acceptance, &err) == 0,
                  "%s", err.message);
}

static void other_source(struct scene *scene)
{
    gate_set(&scene->runs[0].peak.source, "memory.current");
}

static void source_unknown(struct scene *scene)
{
    gate_set(&scene->runs[0].peak.source, NULL);
}

static void other_image(struct scene *scene)
{
    gate_set(&scene->runs[0].environment.image, "node:22");
}

static void other_architecture(struct scene *scene)
{
    gate_set(&scene->runs[0].environment.architecture, "aarch64");
}

static void limited(struct scene *scene)
{
    scene->runs[0].peak.limit_bytes = 2048 * MIB;
}

static void limit_off_by_a_page(struct scene *scene)
{
    scene->runs[0].peak.limit_bytes = 2048 * MIB;
    scene->baseline.environments[0].key.limit_bytes = 2048 * MIB + 4096;
}

static void drifted(struct scene *scene)
{
    gate_set(&scene->runs[0].environment.kernel, "6.99");
    gate_set(&scene->runs[0].environment.engine, "podman");
    gate_set(&scene->runs[0].environment.image_digest, "sha256:1");
    gate_set(&scene->runs[0].environment.thp, "never");
    scene->runs[0].environment.memory_total_bytes = 1;
}

static void empty_baseline(struct scene *scene)
{
    baseline_release(&scene->baseline);
}

static void control_characters(struct scene *scene)
{
    one_byte_over(scene);
    gate_set(&scene->runs[0].peak.at_peak.processes[0].name, "a\nb\x1b[31m");
}

static void stage_fails_beside_an_improvement(struct scene *scene)
{
    one_byte_below_slack(scene);
    stage_grew_and_fails(scene);
}

static void required_and_optional_missing(struct scene *scene)
{
    artifact_missing(scene);
    optional_artifact_missing(scene);
}

static void oom_without_limit(struct scene *scene)
{
    scene->runs[0].build.oom_killed = true;
}

/* Differs from the run more than the first entry: in source and CPUs. */
static void second_environment(struct scene *scene)
{
    struct baseline other;
    other_image(scene);
    gate_baseline(&other);
    gate_set(&other.environments[0].key.source, "memory.current");
    other.environments[0].key.cpus = 64;
    scene->baseline.environments =
        xgrow(scene->baseline.environments, scene->baseline.count, sizeof *other.environments);
    scene->baseline.environments[scene->baseline.count++] = other.environments[0];
    free(other.environments);
}

/* --- the tables --- */

#define PEAK "cgroup_peak"
#define DEPS "stage:build-deps"

/* clang-format off */
static const struct judge_case cases[] = {
    {"same as the baseline", nothing, {800}, false, VERDICT_PASS, PEAK, FINDING_PASS, 880 * MIB},
    {"at the edge", nothing, {880}, false, VERDICT_PASS, PEAK, FINDING_PASS, 880 * MIB},
    {"one byte over", one_byte_over, {0}, false, VERDICT_REGRESSED, PEAK, FINDING_FAILED, 880 * MIB},
    {"at the lower edge", nothing, {720}, false, VERDICT_PASS, PEAK, FINDING_PASS, 0},
    {"below it", one_byte_below_slack, {0}, false, VERDICT_IMPROVED, PEAK, FINDING_IMPROVED, 0},
    {"the median below it, the highest not", nothing, {700, 710, 725}, false, VERDICT_PASS,
     PEAK, FINDING_PASS, 0},
    {"the highest an outlier", nothing, {700, 702, 725}, false, VERDICT_IMPROVED,
     PEAK, FINDING_IMPROVED, 0},
    {"below it, strict", one_byte_below_slack, {0}, true, VERDICT_REGRESSED,
     PEAK, FINDING_FAILED, 0},
    {"same, strict", nothing, {800}, true, VERDICT_PASS, PEAK, FINDING_PASS, 0},
    {"small: the absolute tolerance holds", small_baseline, {164}, false, VERDICT_PASS,
     PEAK, FINDING_PASS, 164 * MIB},
    {"small: over it", small_baseline, {165}, false, VERDICT_REGRESSED, PEAK, FINDING_FAILED, 0},
    {"noise widens the slack", noisy_baseline, {889}, false, VERDICT_PASS,
     PEAK, FINDING_PASS, 800 * MIB + 93743512},
    {"over the noise", noisy_baseline, {890}, false, VERDICT_REGRESSED, PEAK, FINDING_FAILED, 0},
    {"two values have a scatter, too", two_noisy_values, {881}, false, VERDICT_PASS,
     PEAK, FINDING_PASS, 800 * MIB + 371864812},

    {"level warn", peak_warns, {1000}, false, VERDICT_PASS, PEAK, FINDING_WARNED, 0},
    {"level warn, improved, strict", peak_warns, {500}, true, VERDICT_PASS,
     PEAK, FINDING_IMPROVED, 0},
    {"level off", peak_off, {5000}, false, VERDICT_PASS, PEAK, FINDING_OFF, 0},

    {"at the budget", budget_850, {850}, false, VERDICT_PASS, PEAK, FINDING_PASS, 850 * MIB},
    {"over the budget", budget_850, {851}, false, VERDICT_OVER_LIMIT, PEAK, FINDING_FAILED, 0},
    {"over both", budget_850, {1000}, false, VERDICT_OVER_LIMIT, PEAK, FINDING_FAILED, 0},
    {"budget: the highest run counts", budget_850, {800, 805, 851}, false, VERDICT_OVER_LIMIT,
     PEAK, FINDING_FAILED, 0},
    {"budget at level warn", budget_warns, {851}, false, VERDICT_OVER_LIMIT, PEAK, FINDING_FAILED,
     0},
    {"budget at level off", budget_off, {851}, false, VERDICT_OVER_LIMIT, PEAK, FINDING_FAILED, 0},
    {"level off within the budget", budget_off, {850}, false, VERDICT_PASS, PEAK, FINDING_PASS,
     850 * MIB},

    {"three runs within", nothing, {880, 860, 850}, false, VERDICT_PASS, PEAK, FINDING_PASS, 0},
    {"one of three over, near the others", nothing, {881, 860, 850}, false, VERDICT_INCONCLUSIVE,
     PEAK, FINDING_FAILED, 0},
    {"one of three over, an outlier", nothing, {1200, 801, 800}, false, VERDICT_PASS,
     PEAK, FINDING_PASS, 0},
    {"one of three within, near the others", nothing, {890, 879, 885}, false, VERDICT_INCONCLUSIVE,
     PEAK, FINDING_FAILED, 0},
    {"one of three within, an outlier", nothing, {900, 800, 898}, false, VERDICT_REGRESSED,
     PEAK, FINDING_FAILED, 0},
    {"one of two over", nothing, {850, 900}, false, VERDICT_INCONCLUSIVE,
     PEAK, FINDING_FAILED, 0},
    {"spread wide, all within", nothing, {730, 800, 870}, false, VERDICT_PASS,
     PEAK, FINDING_PASS, 0},
    {"spread wide, median over", nothing, {800, 900, 1000}, false, VERDICT_INCONCLUSIVE,
     PEAK, FINDING_FAILED, 0},
    {"spread wide, but all over", nothing, {900, 1000, 1100}, false, VERDICT_REGRESSED,
     PEAK, FINDING_FAILED, 0},
    {"spread wide, but all below", nothing, {500, 600, 700}, false, VERDICT_IMPROVED,
     PEAK, FINDING_IMPROVED, 0},
    {"level warn: the median decides", peak_warns, {700, 800, 950}, false, VERDICT_PASS,
     PEAK, FINDING_PASS, 0},
    {"level warn: the median is over", peak_warns, {800, 900, 1000}, false, VERDICT_PASS,
     PEAK, FINDING_WARNED, 0},

    {"stage over, level warn", stage_grew, {0}, false, VERDICT_PASS,
     DEPS, FINDING_WARNED, 364 * MIB},
    {"stage over, level fail", stage_grew_and_fails, {0}, false, VERDICT_REGRESSED,
     DEPS, FINDING_FAILED, 364 * MIB},
    {"stage below, level warn", stage_shrank, {0}, true, VERDICT_PASS, DEPS, FINDING_IMPROVED, 0},
    {"stage gone, level warn", stage_gone, {0}, false, VERDICT_REGRESSED,
     DEPS, FINDING_MISSING, 364 * MIB},
    {"stage gone from one run", stage_gone_from_one_run, {800, 800}, false, VERDICT_REGRESSED,
     DEPS, FINDING_MISSING, 0},
    {"stage too brief", stage_brief, {800, 800}, false, VERDICT_PASS, DEPS, FINDING_WARNED, 0},
    {"stage missed by the ledger, level fail", stage_missed, {0}, false, VERDICT_PASS,
     DEPS, FINDING_WARNED, 0},
    {"stage too large to be missed", stage_too_large_to_be_missed, {0}, false, VERDICT_REGRESSED,
     DEPS, FINDING_MISSING, 0},
    {"unreclaimable memory of a missed stage", unreclaimable_stage_missed, {0}, false,
     VERDICT_PASS, "stage_unreclaimable:build-deps", FINDING_WARNED, 0},
    {"stage missed by scans, level fail", stage_missed_by_scans, {0}, false, VERDICT_PASS,
     DEPS, FINDING_WARNED, 0},
    {"stage missed, records lost", stage_missed_with_lost_records, {0}, false, VERDICT_PASS,
     DEPS, FINDING_WARNED, 0},
    {"stage missed in one run, over in the other", stage_missed_in_one_run_and_grew, {800, 800},
     false, VERDICT_REGRESSED, DEPS, FINDING_FAILED, 0},
    {"stage too brief, level fail", stage_brief_and_fails, {0}, false, VERDICT_PASS,
     DEPS, FINDING_WARNED, 0},
    {"stage too brief in one run", stage_brief_in_one_run, {800, 800}, false, VERDICT_PASS,
     DEPS, FINDING_PASS, 0},
    {"stage too brief in one run, level fail", stage_brief_in_one_run_and_fails, {800, 800}, false,
     VERDICT_PASS, DEPS, FINDING_WARNED, 0},
    {"stage too brief in one run, over in the other", stage_brief_in_one_run_and_grew, {800, 800},
     false, VERDICT_REGRESSED, DEPS, FINDING_FAILED, 0},
    {"stage too brief, or gone", stage_brief_or_gone, {800, 800}, false, VERDICT_REGRESSED,
     DEPS, FINDING_MISSING, 0},
    {"stage renamed: gone", stage_renamed, {0}, false, VERDICT_REGRESSED,
     DEPS, FINDING_MISSING, 0},
    {"stage renamed: new", stage_renamed, {0}, false, VERDICT_REGRESSED,
     "stage:deps", FINDING_MISSING, UNMEASURED},
    {"stage off and gone", off_stage_gone, {0}, false, VERDICT_PASS,
     "stage:setup", FINDING_OFF, 0},
    {"new stage", stage_new, {0}, false, VERDICT_PASS, "stage:lint", FINDING_MISSING, UNMEASURED},
    {"memory peak not in the baseline", peak_not_in_baseline, {0}, false, VERDICT_REGRESSED,
     PEAK, FINDING_MISSING, UNMEASURED},

    {"unreclaimable is off by default", nothing, {0}, false, VERDICT_PASS,
     "unreclaimable_peak", FINDING_OFF, UNMEASURED},
    {"unreclaimable judged", unreclaimable_judged, {0}, false, VERDICT_REGRESSED,
     "unreclaimable_peak", FINDING_FAILED, 432 * MIB},
    {"unreclaimable judged, but not measured", unreclaimable_lost, {0}, false, VERDICT_REGRESSED,
     "unreclaimable_peak", FINDING_MISSING, 432 * MIB},
    {"slow, reported only", slow, {0}, false, VERDICT_PASS, "duration", FINDING_OFF, 0},
    {"slow, judged", slow_and_judged, {0}, false, VERDICT_REGRESSED,
     "duration", FINDING_FAILED, 90000},

    {"drift is not judged", drifted, {0}, false, VERDICT_PASS, PEAK, FINDING_PASS, 0},
    {"more CPUs", more_cpus, {0}, false, VERDICT_NOT_COMPARABLE,
     PEAK, FINDING_MISSING, UNMEASURED},
    {"a quota", a_quarter_of_a_cpu, {0}, false, VERDICT_NOT_COMPARABLE,
     PEAK, FINDING_MISSING, UNMEASURED},
    {"each run has an entry, but not the same", each_run_has_its_entry, {800, 800}, false,
     VERDICT_NOT_COMPARABLE, PEAK, FINDING_MISSING, UNMEASURED},
    {"one run elsewhere", second_run_elsewhere, {800, 800}, false, VERDICT_NOT_COMPARABLE,
     PEAK, FINDING_MISSING, UNMEASURED},
    {"other source", other_source, {0}, false, VERDICT_NOT_COMPARABLE, NULL, 0, 0},
    {"source unknown", source_unknown, {0}, false, VERDICT_NOT_COMPARABLE, NULL, 0, 0},
    {"other image", other_image, {0}, false, VERDICT_NOT_COMPARABLE, NULL, 0, 0},
    {"other architecture", other_architecture, {0}, false, VERDICT_NOT_COMPARABLE, NULL, 0, 0},
    {"with a limit", limited, {0}, false, VERDICT_NOT_COMPARABLE, NULL, 0, 0},
    {"limits one page apart", limit_off_by_a_page, {0}, false, VERDICT_NOT_COMPARABLE, NULL, 0, 0},
    {"empty baseline", empty_baseline, {0}, false, VERDICT_NO_BASELINE,
     PEAK, FINDING_MISSING, UNMEASURED},

    {"at the limit", at_limit, {0}, false, VERDICT_OVER_LIMIT, PEAK, FINDING_FAILED, 0},
    {"at the limit, level off", at_limit_and_off, {0}, false, VERDICT_OVER_LIMIT,
     PEAK, FINDING_FAILED, 0},
    {"at the limit, no entry", at_limit_without_entry, {0}, false, VERDICT_OVER_LIMIT,
     PEAK, FINDING_FAILED, UNMEASURED},

    {"cut off", cut_off, {0}, false, VERDICT_PASS, PEAK, FINDING_OFF, 0},
    {"cut off, less than the baseline", cut_off, {300}, false, VERDICT_PASS,
     PEAK, FINDING_OFF, 0},
    {"cut off, more than allowed", cut_off, {1000}, false, VERDICT_REGRESSED,
     PEAK, FINDING_FAILED, 0},
    {"cut off, level off", cut_off_and_off, {0}, false, VERDICT_PASS, PEAK, FINDING_OFF, 0},
    {"cut off, unreclaimable grew", cut_off_and_grew, {0}, false, VERDICT_REGRESSED,
     "unreclaimable_peak", FINDING_FAILED, 0},
    {"cut off, unreclaimable not in the baseline", cut_off_without_unreclaimable, {0}, false,
     VERDICT_OVER_LIMIT, PEAK, FINDING_FAILED, 0},
    {"cut off, unreclaimable unknown", cut_off_and_unreclaimable_unknown, {0}, false,
     VERDICT_OVER_LIMIT, PEAK, FINDING_FAILED, 0},
    {"cut off, one run above", first_cut_off, {500, 1000}, false, VERDICT_INCONCLUSIVE,
     PEAK, FINDING_FAILED, 0},
    {"cut off, unreclaimable shrank, strict", cut_off_and_shrank, {0}, true, VERDICT_IMPROVED,
     "unreclaimable_peak", FINDING_IMPROVED, 0},
    {"cut off, both off", cut_off_and_both_off, {0}, false, VERDICT_PASS,
     "unreclaimable_peak", FINDING_OFF, 0},
    {"cut off, a stage shrank", cut_off_and_stage_shrank, {0}, false, VERDICT_PASS,
     "stage:build-deps", FINDING_PASS, 0},
    {"cut off, no entry", cut_off_without_entry, {0}, false, VERDICT_NOT_COMPARABLE,
     PEAK, FINDING_MISSING, UNMEASURED},

    {"build failed", build_failed, {0}, false, VERDICT_BUILD_FAILED, NULL, 0, 0},
    {"second build failed", second_build_failed, {800, 800}, false, VERDICT_BUILD_FAILED,
     NULL, 0, 0},
    {"failed and not measured", build_failed_unmeasured, {0}, false, VERDICT_BUILD_FAILED,
     NULL, 0, 0},
    {"killed", build_killed, {0}, false, VERDICT_BUILD_FAILED, NULL, 0, 0},
    {"killed by an unknown signal", killed_by_unknown_signal, {0}, false, VERDICT_BUILD_FAILED,
     NULL, 0, 0},
    {"OOM though exit 0", oom_but_exit_0, {0}, false, VERDICT_BUILD_FAILED, NULL, 0, 0},
    {"timed out", timed_out, {0}, false, VERDICT_BUILD_FAILED, NULL, 0, 0},
    {"ended by the guard", ended_by_guard, {0}, false, VERDICT_BUILD_FAILED, NULL, 0, 0},
    {"stalled", stalled, {0}, false, VERDICT_BUILD_FAILED, NULL, 0, 0},
    {"required artifact", artifact_missing, {0}, false, VERDICT_BUILD_FAILED, NULL, 0, 0},
    {"two required checks", two_checks_failed, {0}, false, VERDICT_BUILD_FAILED, NULL, 0, 0},
    {"optional artifact", optional_artifact_missing, {0}, false, VERDICT_PASS,
     PEAK, FINDING_PASS, 0},
    {"record broke off", record_broke_off, {0}, false, VERDICT_INCONCLUSIVE, NULL, 0, 0},
    {"end unknown", end_unknown, {0}, false, VERDICT_INCONCLUSIVE, NULL, 0, 0},
    {"memory peak not measured", peak_not_measured, {0}, false, VERDICT_INCONCLUSIVE, NULL, 0, 0},
    {"work elsewhere", work_is_elsewhere, {0}, false, VERDICT_INCONCLUSIVE, NULL, 0, 0},
    {"a tenth of the work", a_tenth_is_its_own, {0}, false, VERDICT_PASS, NULL, 0, 0},
    {"idle daemon", daemon_is_idle, {0}, false, VERDICT_PASS, NULL, 0, 0},
    {"short work elsewhere", daemon_worked_in_a_short_build, {0}, false, VERDICT_INCONCLUSIVE,
     NULL, 0, 0},
    {"idle, short", daemon_is_idle_in_a_short_build, {0}, false, VERDICT_PASS, NULL, 0, 0},
    {"own CPU time unknown", own_cpu_time_is_unknown, {0}, false, VERDICT_PASS, NULL, 0, 0},
    {"failed elsewhere", build_failed_elsewhere, {0}, false, VERDICT_BUILD_FAILED, NULL, 0, 0},
};

#define ARGUMENTS " --baseline b.json"
#define MISSED "not judged, because build-mem can miss a stage that is this short"
#define LOG ", build-now.log beside its result"

/* Each message is asserted once. */
static const struct {
    void (*change)(struct scene *scene);
    int64_t peaks[3];
    bool strict;
    const char *metric; /* whose finding has the message; NULL: it is the reason */
    const char *message, *largest;
    enum advice advice;
    const char *detail; /* of the advice */
} messages[] = {
    {nothing, {800}, false, PEAK,
     "cgroup_peak is unchanged at 800.0 MiB; 880.0 MiB is allowed", NULL, ADVICE_SEE_PAGE, NULL},
    {nothing, {900}, false, PEAK,
     "cgroup_peak grew by 100.0 MiB (+12.5 %) to 900.0 MiB; 880.0 MiB is allowed",
     "next build, 400.0 MiB",
     ADVICE_ACCEPT_INCREASE, ARGUMENTS},
    {nothing, {890, 881, 885}, false, PEAK,
     "cgroup_peak grew by 85.0 MiB (+10.6 %) to 885.0 MiB (median of 3 runs: 890.0 MiB, 881.0 MiB, "
     "885.0 MiB); 880.0 MiB is allowed", "next build, 400.0 MiB",
     ADVICE_ACCEPT_INCREASE, ARGUMENTS},
    {nothing, {700}, false, PEAK,
     "cgroup_peak shrank by 100.0 MiB (-12.5 %) to 700.0 MiB, more than the tolerance of 80.0 MiB",
     NULL, ADVICE_KEEP_GAIN, ARGUMENTS},
    {nothing, {700}, true, PEAK,
     "cgroup_peak shrank by 100.0 MiB (-12.5 %) to 700.0 MiB, more than the tolerance of 80.0 MiB; "
     "--strict requires that the baseline records it", NULL, ADVICE_KEEP_GAIN, ARGUMENTS},
    {peak_off, {5000}, false, PEAK,
     "cgroup_peak grew by 4.10 GiB (+525.0 %) to 4.88 GiB (reported only)", NULL, ADVICE_SEE_PAGE, NULL},
    {budget_850, {851}, false, PEAK,
     "cgroup_peak grew by 51.0 MiB (+6.4 %) to 851.0 MiB; it exceeds the budget of 850.0 MiB",
     "next build, 400.0 MiB",
     ADVICE_OVER_BUDGET, "b.json"},
    {budget_850, {800, 805, 851}, false, PEAK,
     "cgroup_peak grew by 5.0 MiB (+0.6 %) to 805.0 MiB (median of 3 runs: 800.0 MiB, 805.0 MiB, "
     "851.0 MiB); the highest run exceeds the budget of 850.0 MiB", "next build, 400.0 MiB",
     ADVICE_OVER_BUDGET, "b.json"},
    {nothing, {800, 900}, false, PEAK,
     "cgroup_peak grew by 50.0 MiB (+6.2 %) to 850.0 MiB (median of 2 runs: 800.0 MiB, 900.0 MiB); "
     "the runs show only that the median is between 800.0 MiB and 900.0 MiB; 880.0 MiB is allowed",
     "next build, 400.0 MiB", ADVICE_STEADIER, NULL},
    {control_characters, {0}, false, PEAK,
     "cgroup_peak grew by 80.0 MiB (+10.0 %) to 880.0 MiB; 880.0 MiB is allowed",
     "a b, 400.0 MiB",
     ADVICE_ACCEPT_INCREASE, ARGUMENTS},
    {peak_not_in_baseline, {0}, false, PEAK,
     "cgroup_peak is 800.0 MiB; the baseline has no value for it", NULL,
     ADVICE_ACCEPT_LOSS, ARGUMENTS},
    {stage_grew, {0}, false, DEPS,
     "stage build-deps grew by 200.0 MiB (+66.7 %) to 500.0 MiB; 364.0 MiB is allowed",
     "node nx ×3, 210.0 MiB", ADVICE_SEE_PAGE, NULL},
    {stage_gone, {0}, false, DEPS,
     "stage build-deps was not seen; the baseline is 300.0 MiB", NULL,
     ADVICE_ACCEPT_LOSS, ARGUMENTS},
    {stage_gone_from_one_run, {800, 800}, false, DEPS,
     "stage build-deps was seen in only 1 of 2 runs; the baseline is 300.0 MiB", NULL,
     ADVICE_ACCEPT_LOSS, ARGUMENTS},
    {unreclaimable_lost, {0}, false, "unreclaimable_peak",
     "unreclaimable_peak was not measured; the baseline is 400.0 MiB", NULL,
     ADVICE_ACCEPT_LOSS, ARGUMENTS},
    {stage_brief_and_fails, {0}, false, DEPS,
     "stage build-deps was seen but not measured: its processes ended too soon; the baseline is "
     "300.0 MiB; " MISSED, NULL, ADVICE_SEE_ALL_STAGES, NULL},
    {stage_missed, {0}, false, DEPS,
     "stage build-deps was not seen; the baseline is 300.0 MiB; " MISSED, NULL, ADVICE_SEE_ALL_STAGES, NULL},
    {stage_brief_in_one_run_and_fails, {800, 800}, false, DEPS,
     "stage build-deps was measured in only 1 of 2 runs: its processes ended too soon; the baseline "
     "is 300.0 MiB; " MISSED, NULL, ADVICE_SEE_ALL_STAGES, NULL},
    {stage_brief_in_one_run, {800, 800}, false, DEPS,
     "stage build-deps is unchanged at 300.0 MiB (measured in 1 of 2 runs: 300.0 MiB); 364.0 MiB "
     "is allowed", NULL, ADVICE_SEE_PAGE, NULL},
    {off_stage_gone, {0}, false, "stage:setup", "stage setup was not seen (reported only)",
     NULL, ADVICE_SEE_PAGE, NULL},
    {stage_new, {0}, false, "stage:lint",
     "stage lint is 40.0 MiB; it is not in the baseline: to add it, run build-mem baseline refresh",
     NULL, ADVICE_ADD_TO_BASELINE, ARGUMENTS},
    {slow, {0}, false, "duration",
     "duration grew by 9m 00s (+900.0 %) to 10m 00s (reported only)", NULL, ADVICE_SEE_PAGE, NULL},
    {more_cpus, {0}, false, PEAK,
     "cgroup_peak is 800.0 MiB; there is no baseline to compare it with", NULL, ADVICE_OTHER_ENVIRONMENT, ARGUMENTS},
    {at_limit, {0}, false, PEAK,
     "cgroup_peak is unchanged at 800.0 MiB; it reached the memory limit, so the build's need is "
     "unknown", "next build, 400.0 MiB", ADVICE_RAISE_LIMIT, NULL},
    {cut_off, {300}, false, PEAK,
     "cgroup_peak shrank by 500.0 MiB (-62.5 %) to 300.0 MiB (not judged, because the usage reached "
     "a memory limit; unreclaimable_peak is judged instead)", NULL, ADVICE_SEE_PAGE, NULL},

    {stage_grew_and_fails, {1000}, false, NULL,
     "cgroup_peak grew by 200.0 MiB (+25.0 %) to 1000.0 MiB; 880.0 MiB is allowed (and 1 more)",
     NULL, ADVICE_ACCEPT_INCREASE, ARGUMENTS},
    {stage_fails_beside_an_improvement, {0}, false, NULL,
     "stage build-deps grew by 200.0 MiB (+66.7 %) to 500.0 MiB; 364.0 MiB is allowed",
     NULL, ADVICE_ACCEPT_INCREASE, ARGUMENTS},
    {more_cpus, {0}, false, NULL,
     "b.json was measured in a different environment: cpus: 8 here, 2 in the baseline",
     NULL, ADVICE_OTHER_ENVIRONMENT, ARGUMENTS},
    {a_quarter_of_a_cpu, {0}, false, NULL,
     "b.json was measured in a different environment: cpus: 0.25 here, 2 in the baseline",
     NULL, ADVICE_OTHER_ENVIRONMENT, ARGUMENTS},
    {second_run_elsewhere, {800, 800}, false, NULL,
     "b.json was measured in a different environment: cpus: 8 here, 2 in the baseline",
     NULL, ADVICE_OTHER_ENVIRONMENT, ARGUMENTS},
    {each_run_has_its_entry, {800, 800}, false, NULL,
     "the runs were measured in different environments", NULL, ADVICE_OTHER_ENVIRONMENT, ARGUMENTS},
    {other_source, {0}, false, NULL,
     "b.json was measured in a different environment: source: memory.current here, memory.peak in "
     "the baseline", NULL, ADVICE_OTHER_ENVIRONMENT, ARGUMENTS},
    {source_unknown, {0}, false, NULL,
     "b.json was measured in a different environment: source: unknown here, memory.peak in the "
     "baseline", NULL, ADVICE_OTHER_ENVIRONMENT, ARGUMENTS},
    {other_image, {0}, false, NULL,
     "b.json was measured in a different environment: image: node:22 here, node:24-bookworm in the "
     "baseline", NULL, ADVICE_OTHER_ENVIRONMENT, ARGUMENTS},
    {other_architecture, {0}, false, NULL,
     "b.json was measured in a different environment: architecture: aarch64 here, x86_64 in the "
     "baseline", NULL, ADVICE_OTHER_ENVIRONMENT, ARGUMENTS},
    {limited, {0}, false, NULL,
     "b.json was measured in a different environment: memory limit: 2.00 GiB here, none in the "
     "baseline", NULL, ADVICE_OTHER_ENVIRONMENT, ARGUMENTS},
    {limit_off_by_a_page, {0}, false, NULL,
     "b.json was measured in a different environment: memory limit: 2147483648 bytes here, "
     "2147487744 bytes in the baseline", NULL, ADVICE_OTHER_ENVIRONMENT, ARGUMENTS},
    {second_environment, {0}, false, NULL,
     "none of the 2 environments in b.json matches; the nearest differs: image: node:22 here, "
     "node:24-bookworm in the baseline", NULL, ADVICE_OTHER_ENVIRONMENT, ARGUMENTS},
    {empty_baseline, {0}, false, NULL, "b.json has no accepted results", NULL,
     ADVICE_RECORD_BASELINE, ARGUMENTS},
    {at_limit, {0}, false, NULL,
     "the peak of 800.0 MiB reached the memory limit of 800.0 MiB, so the build's need is unknown",
     NULL, ADVICE_RAISE_LIMIT, NULL},

    {build_failed, {0}, false, NULL, "the build failed with exit status 2", NULL, ADVICE_SEE_LOG, LOG},
    {second_build_failed, {800, 800}, false, NULL,
     "run 2 of 2: the build failed with exit status 2", NULL, ADVICE_SEE_LOG, LOG},
    {build_killed, {0}, false, NULL, "signal 11 (SIGSEGV) ended the build", NULL, ADVICE_SEE_LOG, LOG},
    {killed_by_unknown_signal, {0}, false, NULL, "signal 120 ended the build", NULL,
     ADVICE_SEE_LOG, NULL},
    {killed_from_outside, {0}, false, NULL,
     "signal 9 (SIGKILL) ended the build, and the kernel counted no out-of-memory kill", NULL,
     ADVICE_FIND_KILLER, LOG},
    {killed_below_a_shell, {0}, false, NULL,
     "the build failed with exit status 137, and the kernel counted no out-of-memory kill", NULL,
     ADVICE_FIND_KILLER, LOG},
    {killed_uncounted, {0}, false, NULL, "signal 9 (SIGKILL) ended the build", NULL, ADVICE_SEE_LOG, LOG},
    {oom_but_exit_0, {0}, false, NULL,
     "the build ran out of memory: the kernel killed one of its processes at the memory limit of "
     "700.0 MiB", NULL,
     ADVICE_OUT_OF_MEMORY, NULL},
    {oom_without_limit, {0}, false, NULL,
     "the build ran out of memory: the kernel killed one of its processes, although no memory "
     "limit is set", NULL,
     ADVICE_OUT_OF_MEMORY_WITHOUT_LIMIT, NULL},
    {ended_by_guard, {0}, false, NULL,
     "build-mem ended the build before its memory ran out (--guard): its unreclaimable memory of "
     "582.0 MiB was 97 % of the 600.0 MiB that it can have", NULL,
     ADVICE_OUT_OF_MEMORY, NULL},
    {stalled, {0}, false, NULL,
     "build-mem ended the build before its memory ran out (--guard): for 30 s, its processes "
     "waited for memory most of the time; it held 300.0 MiB of the 600.0 MiB that it can have", NULL,
     ADVICE_OUT_OF_MEMORY, NULL},
    {timed_out, {0}, false, NULL, "the build timed out after 1m 00s", NULL,
     ADVICE_RAISE_TIMEOUT, NULL},
    {timed_out_at_limit, {0}, false, NULL,
     "the build reached the memory limit of 700.0 MiB 5937 times, until it timed out after 1m 00s",
     NULL,
     ADVICE_RAISE_LIMIT_THEN_TIMEOUT, NULL},
    {artifact_missing, {0}, false, NULL,
     "the build exited 0, but a required artifact is missing: server/.next/BUILD_ID: older than "
     "the build", NULL, ADVICE_CORRECT_ARTIFACTS, LOG},
    {required_and_optional_missing, {0}, false, NULL,
     "the build exited 0, but a required artifact is missing: server/.next/BUILD_ID: older than "
     "the build", NULL, ADVICE_CORRECT_ARTIFACTS, LOG},
    {two_checks_failed, {0}, false, NULL,
     "the build exited 0, but a required check failed: artifact: not found (and 1 more)",
     NULL, ADVICE_CORRECT_ARTIFACTS, LOG},
    {record_broke_off, {0}, false, NULL, "not measured: the probe's record broke off", NULL, ADVICE_DOCTOR, NULL},
    {end_unknown, {0}, false, NULL, "not measured: the end of the build is unknown", NULL, ADVICE_DOCTOR, NULL},
    {peak_not_measured, {0}, false, NULL,
     "not measured: the memory peak is missing from the result", NULL, ADVICE_DOCTOR, NULL},
};
/* clang-format on */

static const int64_t no_peaks[3];

/* One run per peak (in MiB); one of 800 MiB if there is none. */
static void set_scene(struct scene *scene, void (*change)(struct scene *), const int64_t peaks[3])
{
    *scene = (struct scene){0};
    gate_baseline(&scene->baseline);
    do {
        int64_t mib = peaks[scene->run_count] ? peaks[scene->run_count] : 800;
        gate_run(&scene->runs[scene->run_count++], "now", mib * MIB);
    } while (scene->run_count < 3 && peaks[scene->run_count]);
    change(scene);
}

static void release_scene(struct scene *scene)
{
    gate_release_runs(scene->runs, scene->run_count);
    baseline_release(&scene->baseline);
}

static const struct finding *finding_of(const struct judgement *judgement, const char *metric)
{
    for (size_t i = 0; i < judgement->finding_count; i++)
        if (strcmp(judgement->findings[i].metric, metric) == 0)
            return &judgement->findings[i];
    return NULL;
}

static void judge_scene(struct scene *scene, bool strict, struct judgement *judgement)
{
    judgement_init(judgement);
    judgement->refresh_arguments = xstrdup(ARGUMENTS);
    judge(&scene->baseline, "b.json", scene->runs, scene->run_count, strict, judgement);
}

START_TEST(verdicts_and_statuses)
{
    const struct judge_case *one = &cases[_i];
    struct scene scene CLEANUP(release_scene);
    struct judgement judgement CLEANUP(judgement_release);
    set_scene(&scene, one->change, one->peaks);
    judge_scene(&scene, one->strict, &judgement);

    ck_assert_msg(judgement.verdict == one->verdict, "%s: %s (%s), not %s", one->name,
                  verdict_name(judgement.verdict), judgement.reason ? judgement.reason : "",
                  verdict_name(one->verdict));
    ck_assert_msg((judgement.reason == NULL) == (one->verdict == VERDICT_PASS), "%s: reason: %s",
                  one->name, judgement.reason ? judgement.reason : "(null)");
    const struct finding *finding = one->metric ? finding_of(&judgement, one->metric) : NULL;
    ck_assert_msg((finding != NULL) == (one->metric != NULL), "%s: no finding", one->name);
    ck_assert_msg(!finding || finding->status == one->status, "%s: %s", one->name,
                  finding ? finding_status_name(finding->status) : "");
    ck_assert_msg(!finding || !one->allowed || finding->allowed == one->allowed,
                  "%s: allowed: %lld", one->name, finding ? (long long)finding->allowed : 0);
}
END_TEST

static void expect_text(const char *text, const char *expected)
{
    if (expected)
        ck_assert_pstr_eq(text, expected);
    else
        ck_assert_ptr_null(text);
}

START_TEST(messages_and_advice)
{
    struct scene scene CLEANUP(release_scene);
    struct judgement judgement CLEANUP(judgement_release);
    set_scene(&scene, messages[_i].change, messages[_i].peaks);
    judge_scene(&scene, messages[_i].strict, &judgement);
    const struct finding *finding =
        messages[_i].metric ? finding_of(&judgement, messages[_i].metric) : NULL;
    expect_text(finding ? finding->message : judgement.reason, messages[_i].message);
    expect_text(finding ? finding->largest : NULL, messages[_i].largest);
    char *advice CLEANUP(cleanup_free) = advice_text(messages[_i].advice, messages[_i].detail);
    expect_text(judgement.advice, advice);
}
END_TEST

START_TEST(finding_has_its_figures)
{
    struct scene scene CLEANUP(release_scene);
    struct judgement judgement CLEANUP(judgement_release);
    set_scene(&scene, one_byte_over, no_peaks);
    judge_scene(&scene, false, &judgement);
    const struct finding *finding = finding_of(&judgement, PEAK);
    ck_assert_str_eq(finding->unit, "bytes");
    ck_assert_int_eq(finding->level, LEVEL_FAIL);
    ck_assert_int_eq(finding->baseline, 800 * MIB);
    ck_assert_int_eq(finding->allowed, 880 * MIB);
    ck_assert_int_eq(finding->actual, 880 * MIB + 1);
    ck_assert_int_eq(finding->delta, 80 * MIB + 1);
    ck_assert_uint_eq(finding->value_count, 1);
    ck_assert_int_eq(finding->values[0], 880 * MIB + 1);
    ck_assert(!finding->over_budget);
    ck_assert_str_eq(judgement.reason, finding->message);
    ck_assert_str_eq(judgement.baseline_path, "b.json");
}
END_TEST

START_TEST(over_budget_is_marked)
{
    static const struct {
        void (*change)(struct scene *scene);
        int64_t peaks[3];
        bool over_budget;
    } table[] = {{budget_850, {850}, false}, {budget_850, {851}, true}, {at_limit, {0}, true}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct scene scene CLEANUP(release_scene);
        struct judgement judgement CLEANUP(judgement_release);
        set_scene(&scene, table[i].change, table[i].peaks);
        judge_scene(&scene, false, &judgement);
        ck_assert(finding_of(&judgement, PEAK)->over_budget == table[i].over_budget);
        ck_assert(!finding_of(&judgement, DEPS)->over_budget);
    }
}
END_TEST

START_TEST(largest_is_of_the_highest_run)
{
    struct scene scene CLEANUP(release_scene);
    struct judgement judgement CLEANUP(judgement_release);
    set_scene(&scene, nothing, (int64_t[]){900, 930, 910});
    gate_set(&scene.runs[1].peak.at_peak.processes[0].name, "leaky");
    judge_scene(&scene, false, &judgement);
    ck_assert_str_eq(finding_of(&judgement, PEAK)->largest, "leaky, 400.0 MiB");
}
END_TEST

START_TEST(missing_figures_are_unmeasured)
{
    static const struct {
        void (*change)(struct scene *scene);
        const char *metric;
        int64_t baseline, actual;
        size_t value_count;
    } table[] = {{stage_gone, DEPS, 300 * MIB, UNMEASURED, 0},
                 {stage_new, "stage:lint", UNMEASURED, 40 * MIB, 1}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct scene scene CLEANUP(release_scene);
        struct judgement judgement CLEANUP(judgement_release);
        set_scene(&scene, table[i].change, no_peaks);
        judge_scene(&scene, false, &judgement);
        const struct finding *finding = finding_of(&judgement, table[i].metric);
        ck_assert_int_eq(finding->baseline, table[i].baseline);
        ck_assert_int_eq(finding->actual, table[i].actual);
        ck_assert_uint_eq(finding->value_count, table[i].value_count);
        ck_assert_int_eq(finding->level, LEVEL_WARN);
    }
}
END_TEST

/* Noted if the duration differs by more than a factor of 2 and 30 s, and may explain the verdict.
 */
START_TEST(durations_that_differ_are_noted)
{
    static const struct {
        void (*change)(struct scene *scene);
        int64_t baseline_ms, actual_ms;
        const char *note;
    } durations[] = {
        {nothing, 60000, 150000, NULL},
        {one_byte_over, 60000, 150001, NULL},
        {nothing, 60000, 150001,
         "the build took 2m 30s, against 1m 00s in the baseline: a build that gets little CPU has "
         "a lower peak; measure on a quiet machine, or an increase may not show"},
        {one_byte_over, 150000, 60000, NULL},
        {nothing, 150001, 60000, NULL},
        {one_byte_over, 150001, 60000,
         "the build took 1m 00s, against 2m 30s in the baseline: a build that gets little CPU has "
         "a lower peak; if the baseline was measured on a busy machine, refresh it"},
        {nothing, 60000, UNMEASURED, NULL},
    };
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
        struct scene scene CLEANUP(release_scene);
        struct judgement judgement CLEANUP(judgement_release);
        set_scene(&scene, durations[i].change, no_peaks);
        gate_set_values(gate_metric(&scene.baseline, "duration"), &durations[i].baseline_ms, 1);
        scene.runs[0].build.duration_ms = durations[i].actual_ms;
        judge_scene(&scene, false, &judgement);
        ck_assert_uint_eq(judgement.notes.count, durations[i].note ? 1 : 0);
        if (durations[i].note)
            ck_assert_str_eq(judgement.notes.items[0], durations[i].note);
    }
}
END_TEST

START_TEST(one_accepted_run_is_noted)
{
    static const int64_t accepted[] = {800 * MIB, 800 * MIB};
    static const struct {
        void (*change)(struct scene *scene);
        size_t accepted_count;
        bool noted;
    } table[] = {{one_byte_over, 1, true}, {one_byte_over, 2, false}, {nothing, 1, false}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct scene scene CLEANUP(release_scene);
        struct judgement judgement CLEANUP(judgement_release);
        set_scene(&scene, table[i].change, no_peaks);
        gate_set_values(gate_metric(&scene.baseline, PEAK), accepted, table[i].accepted_count);
        judge_scene(&scene, false, &judgement);
        ck_assert_uint_eq(judgement.notes.count, table[i].noted ? 1 : 0);
        if (table[i].noted)
            ck_assert_ptr_nonnull(strstr(judgement.notes.items[0], "the baseline has one run"));
    }
}
END_TEST

START_TEST(drift_is_noted)
{
    static const char note[] = "drifted since the baseline was measured: kernel: 6.1.0, then 6.99; "
                               "NODE_OPTIONS: -a, then not set; GOMAXPROCS: not set, then 2";
    for (size_t with_drift = 0; with_drift < 2; with_drift++) {
        struct scene scene CLEANUP(release_scene);
        struct judgement judgement CLEANUP(judgement_release);
        set_scene(&scene, one_byte_over, no_peaks);
        struct environment *now = &scene.runs[0].environment;
        struct environment *then = xcalloc(1, sizeof *then);
        gate_set(&now->kernel, "6.1.0");
        strv_push(&now->variables, "GOGC=50");
        drift_copy(now, then);
        scene.baseline.environments[0].measured_on = then;
        if (with_drift) {
            gate_set(&now->kernel, "6.99");
            strv_push(&then->variables, "NODE_OPTIONS=-a");
            strv_push(&now->variables, "GOMAXPROCS=2");
        }
        judge_scene(&scene, false, &judgement);
        ck_assert_int_eq(judgement.verdict, VERDICT_REGRESSED);
        ck_assert_uint_eq(judgement.notes.count, with_drift);
        if (with_drift)
            ck_assert_str_eq(judgement.notes.items[0], note);
    }
}
END_TEST

START_TEST(second_entry_is_found)
{
    struct scene scene CLEANUP(release_scene);
    struct judgement judgement CLEANUP(judgement_release);
    set_scene(&scene, second_environment, no_peaks);
    gate_set(&scene.baseline.environments[1].key.source, "memory.peak");
    gate_set(&scene.baseline.environments[1].key.image, "node:22");
    scene.baseline.environments[1].key.cpus = 2;
    judge_scene(&scene, false, &judgement);
    ck_assert_int_eq(judgement.verdict, VERDICT_PASS);
}
END_TEST

/* In a cgroup whose counter cannot be reset, a run that does not exceed all earlier ones has a peak
 * between its highest sample and the counter. `again`: the policy measures another run. */
START_TEST(a_peak_between_bounds_is_judged_by_them)
{
    static const struct {
        int64_t mib[3], at_most_mib[3]; /* at_most_mib 0: exact */
        enum verdict verdict;
        bool again;
    } table[] = {
        /* The second run of a check, after one with a higher peak. */
        {{870, 700}, {0, 870}, VERDICT_PASS, false},
        {{900, 890}, {0, 900}, VERDICT_REGRESSED, false},
        {{900, 700}, {0, 900}, VERDICT_INCONCLUSIVE, false},
        {{700, 600}, {0, 700}, VERDICT_IMPROVED, false},
        {{700, 790, 600}, {0, 0, 790}, VERDICT_PASS, false},
        {{860, 900, 870}, {0, 0, 900}, VERDICT_INCONCLUSIVE, false},
        {{900, 890, 881}, {0, 900, 900}, VERDICT_REGRESSED, false},
        /* Exact figures like the lower or the upper bounds would be decided; these are not. */
        {{890, 889, 875}, {0, 1500, 1500}, VERDICT_INCONCLUSIVE, false},
        {{860, 861, 862}, {0, 0, 900}, VERDICT_INCONCLUSIVE, false},
        /* The first run, after a step with a higher peak. */
        {{600}, {830}, VERDICT_PASS, false},
        {{600}, {850}, VERDICT_PASS, true}, /* it can be above half of the tolerance */
        {{600}, {700}, VERDICT_IMPROVED, true},
        {{900}, {1500}, VERDICT_REGRESSED, true},
        {{600}, {1500}, VERDICT_INCONCLUSIVE, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct scene scene CLEANUP(release_scene);
        struct judgement judgement CLEANUP(judgement_release);
        set_scene(&scene, nothing, no_peaks);
        gate_release_runs(scene.runs, scene.run_count);
        for (scene.run_count = 0; scene.run_count < 3; scene.run_count++) {
            struct measurement *m = &scene.runs[scene.run_count];
            if (!table[i].mib[scene.run_count])
                break;
            gate_run(m, "now", table[i].mib[scene.run_count] * MIB);
            if (table[i].at_most_mib[scene.run_count])
                gate_bound_peak(m, table[i].at_most_mib[scene.run_count] * MIB);
        }
        judge_scene(&scene, false, &judgement);
        ck_assert_msg(judgement.verdict == table[i].verdict, "case %zu: %s: %s", i,
                      verdict_name(judgement.verdict), judgement.reason);
        ck_assert_uint_eq(judgement.notes.count, 1);
        char *advice CLEANUP(cleanup_free) = advice_text(ADVICE_NEW_CGROUP, NULL);
        ck_assert_int_eq(strcmp(judgement.advice, advice) == 0,
                         judgement.verdict == VERDICT_INCONCLUSIVE);
        char *again CLEANUP(cleanup_free) =
            rerun_reason(&scene.baseline, scene.runs, scene.run_count);
        ck_assert_msg((again != NULL) == table[i].again, "case %zu: %s", i, again ? again : "-");
    }
}
END_TEST

START_TEST(bounds_are_in_the_reason)
{
    struct scene scene CLEANUP(release_scene);
    struct judgement judgement CLEANUP(judgement_release);
    set_scene(&scene, nothing, no_peaks);
    scene.runs[0].peak.cgroup_bytes = 600 * MIB;
    gate_bound_peak(&scene.runs[0], 1500 * MIB);
    judge_scene(&scene, false, &judgement);
    ck_assert_str_eq(judgement.reason,
                     "cgroup_peak is between 600.0 MiB and 1.46 GiB; the baseline is 800.0 MiB; "
                     "the bounds are too far apart for a verdict; 880.0 MiB is allowed");
    gate_bound_peak(&scene.runs[0], 850 * MIB);
    char *again CLEANUP(cleanup_free) = rerun_reason(&scene.baseline, scene.runs, 1);
    ck_assert_str_eq(again,
                     "cgroup_peak of at most 850.0 MiB is above the baseline of 800.0 MiB by "
                     "more than half of the tolerance of 80.0 MiB");
}
END_TEST

/* The change is the least that the bounds allow. */
START_TEST(the_change_of_a_bounded_peak_is_a_bound)
{
    static const struct {
        int64_t mib, at_most_mib;
        const char *message;
    } table[] = {
        {600, 700,
         "cgroup_peak shrank by 100.0 MiB (-12.5 %) or more, to between 600.0 MiB and 700.0 MiB, "
         "more than the tolerance of 80.0 MiB"},
        {900, 1000,
         "cgroup_peak grew by 100.0 MiB (+12.5 %) or more, to between 900.0 MiB and 1000.0 MiB; "
         "880.0 MiB is allowed"},
        {700, 850,
         "cgroup_peak is between 700.0 MiB and 850.0 MiB; the baseline is 800.0 MiB; 880.0 MiB is "
         "allowed"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct scene scene CLEANUP(release_scene);
        struct judgement judgement CLEANUP(judgement_release);
        set_scene(&scene, nothing, no_peaks);
        scene.runs[0].peak.cgroup_bytes = table[i].mib * MIB;
        gate_bound_peak(&scene.runs[0], table[i].at_most_mib * MIB);
        judge_scene(&scene, false, &judgement);
        ck_assert_str_eq(finding_of(&judgement, METRIC_CGROUP_PEAK)->message, table[i].message);
    }
}
END_TEST

START_TEST(bounds_of_each_run_are_in_the_reason)
{
    struct scene scene CLEANUP(release_scene);
    struct judgement judgement CLEANUP(judgement_release);
    const int64_t mib[] = {900, 890};
    set_scene(&scene, nothing, no_peaks);
    gate_release_runs(scene.runs, scene.run_count);
    for (scene.run_count = 0; scene.run_count < 2; scene.run_count++)
        gate_run(&scene.runs[scene.run_count], "now", mib[scene.run_count] * MIB);
    gate_bound_peak(&scene.runs[1], 900 * MIB);
    judge_scene(&scene, false, &judgement);
    ck_assert_str_eq(judgement.reason,
                     "cgroup_peak grew by 90.0 MiB (+11.2 %) or more, to between 890.0 MiB and "
                     "900.0 MiB (900.0 MiB, between 890.0 MiB and 900.0 MiB); 880.0 MiB is "
                     "allowed");
}
END_TEST

START_TEST(note_names_the_limit)
{
    struct scene scene CLEANUP(release_scene);
    struct judgement judgement CLEANUP(judgement_release);
    set_scene(&scene, cut_off_by_an_ancestor, no_peaks);
    judgement_init(&judgement);
    judge(&scene.baseline, "b.json", scene.runs, scene.run_count, false, &judgement);
    ck_assert_uint_eq(judgement.notes.count, 1);
    ck_assert_str_eq(judgement.notes.items[0],
                     "unreclaimable_peak is judged instead of cgroup_peak: the usage reached the "
                     "memory limit of 800.0 MiB of the ancestor /sys/fs/cgroup/job, where the "
                     "kernel reclaims page cache: the memory peak of 800.0 MiB is too low, the "
                     "unreclaimable peak is right");
}
END_TEST

/* Such as the Gradle daemon of an editor, beside a build that does not use it. */
START_TEST(idle_daemons_are_not_noted)
{
    static const struct {
        int64_t cpu_ms, duration_ms;
        const char *asked_by;
        unsigned notes;
    } daemons[] = {
        {170, 8500, NULL, 1},   {169, 8500, NULL, 0},   {99, 1000, NULL, 0},
        {100, 1000, NULL, 1},   {0, 1000, NULL, 0},     {0, 1000, "gradle", 1},
        {1199, 60000, NULL, 0}, {1200, 60000, NULL, 1}, {UNMEASURED, 60000, NULL, 1},
    };
    for (size_t i = 0; i < sizeof daemons / sizeof *daemons; i++) {
        struct scene scene CLEANUP(release_scene);
        struct judgement judgement CLEANUP(judgement_release);
        set_scene(&scene, nothing, (int64_t[3]){800});
        struct measurement *m = &scene.runs[0];
        m->build.duration_ms = daemons[i].duration_ms;
        gate_add_daemon(m, "Gradle daemon", daemons[i].cpu_ms);
        if (daemons[i].asked_by)
            m->outside_daemons[0].asked_by = xstrdup(daemons[i].asked_by);
        judgement_init(&judgement);
        judge(&scene.baseline, NULL, scene.runs, 1, false, &judgement);
        ck_assert_int_eq(judgement.verdict, VERDICT_PASS);
        ck_assert_msg(judgement.notes.count == daemons[i].notes, "row %zu: %zu notes", i,
                      judgement.notes.count);
    }
}
END_TEST

START_TEST(outside_daemons_are_noted_once)
{
    struct scene scene CLEANUP(release_scene);
    struct judgement judgement CLEANUP(judgement_release);
    set_scene(&scene, nothing, (int64_t[3]){800, 800});
    for (size_t i = 0; i < 2; i++)
        gate_add_daemon(&scene.runs[i], "nx daemon", 1200);
    gate_add_daemon(&scene.runs[1], "Docker Engine", UNMEASURED);
    struct outside_daemon *asked = &scene.runs[1].outside_daemons[1];
    asked->asked_by = xstrdup("docker build");
    judgement_init(&judgement);
    judge(&scene.baseline, NULL, scene.runs, 2, false, &judgement);
    ck_assert_int_eq(judgement.verdict, VERDICT_PASS);
    ck_assert_uint_eq(judgement.notes.count, 2);
    ck_assert_ptr_nonnull(strstr(judgement.notes.items[0], "stop nx daemon"));
    ck_assert_ptr_nonnull(
        strstr(judgement.notes.items[1],
               "docker build leaves work to a daemon (Docker Engine), which runs outside"));
    ck_assert_ptr_nonnull(strstr(judgement.notes.items[1], "stop Docker Engine"));

    /* Perhaps no such daemon runs. */
    asked->processes = 0;
    char *unsure CLEANUP(cleanup_free) = outside_daemon_note(asked);
    ck_assert_ptr_nonnull(strstr(unsure, "(Docker Engine): if that runs outside"));

    /* The reason has both figures, the advice the fix of the busiest daemon. */
    struct scene elsewhere CLEANUP(release_scene);
    struct judgement inconclusive CLEANUP(judgement_release);
    set_scene(&elsewhere, work_is_elsewhere, (int64_t[3]){800});
    judgement_init(&inconclusive);
    judge_alone(elsewhere.runs, 1, &inconclusive);
    ck_assert_uint_eq(inconclusive.notes.count, 3);
    ck_assert_ptr_nonnull(
        strstr(inconclusive.reason, "(Gradle daemon, Kotlin daemon) used 50.0 s"));
    ck_assert_ptr_nonnull(strstr(inconclusive.reason, "its own processes 5.0 s"));
    ck_assert_ptr_nonnull(strstr(inconclusive.advice, "stop Kotlin daemon"));
}
END_TEST

START_TEST(runs_without_a_baseline)
{
    static const struct {
        void (*change)(struct scene *scene);
        enum verdict verdict;
        enum advice advice;
        const char *detail;
    } alone[] = {
        {nothing, VERDICT_PASS, ADVICE_SEE_PAGE, NULL},
        {build_failed, VERDICT_BUILD_FAILED, ADVICE_SEE_LOG, LOG},
        {artifact_missing, VERDICT_BUILD_FAILED, ADVICE_CORRECT_ARTIFACTS, LOG},
        {record_broke_off, VERDICT_INCONCLUSIVE, ADVICE_DOCTOR, NULL},
        {peak_not_measured, VERDICT_INCONCLUSIVE, ADVICE_DOCTOR, NULL},
        {work_is_elsewhere, VERDICT_INCONCLUSIVE, ADVICE_MEASURE_DAEMON, "stop Kotlin daemon"},
        {daemon_is_idle, VERDICT_PASS, ADVICE_SEE_PAGE, NULL},
        {at_limit, VERDICT_PASS, ADVICE_RAISE_LIMIT, NULL},
        {cut_off, VERDICT_PASS, ADVICE_SEE_PAGE, NULL},
    };
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++) {
        struct scene scene CLEANUP(release_scene);
        struct judgement judgement CLEANUP(judgement_release);
        set_scene(&scene, alone[i].change, no_peaks);
        judgement_init(&judgement);
        judge_alone(scene.runs, scene.run_count, &judgement);
        ck_assert_int_eq(judgement.verdict, alone[i].verdict);
        ck_assert_ptr_null(judgement.baseline_path);
        ck_assert_uint_eq(judgement.finding_count, 0);
        ck_assert((judgement.reason == NULL) == (alone[i].verdict == VERDICT_PASS));
        char *advice CLEANUP(cleanup_free) = advice_text(alone[i].advice, alone[i].detail);
        ck_assert_pstr_eq(judgement.advice, advice);
    }
}
END_TEST

/* ---- the budgets of build-mem.json ---- */

/* Judges one run by one budget, without a baseline. */
static enum verdict judge_budget(const struct measurement *m, const char *metric, int64_t most,
                                 struct judgement *judgement)
{
    struct baseline baseline CLEANUP(baseline_release) = {0};
    budgets_add(&baseline.budgets, metric, most);
    baseline.budgets.warn_at_percent = 90;
    judgement_release(judgement);
    judge(&baseline, "b.json", m, 1, false, judgement);
    return judgement->verdict;
}

START_TEST(budgets_need_no_baseline)
{
    static const struct {
        const char *metric;
        int64_t most;
        enum verdict verdict;
        enum finding_status status;
        enum advice advice;
    } table[] = {
        {"cgroup_peak", 1000 * MIB, VERDICT_PASS, FINDING_PASS, ADVICE_SEE_PAGE},
        {"cgroup_peak", 889 * MIB, VERDICT_PASS, FINDING_PASS, ADVICE_SEE_PAGE},
        /* 90.1 % */
        {"cgroup_peak", 888 * MIB, VERDICT_PASS, FINDING_WARNED, ADVICE_NEAR_BUDGET},
        {"cgroup_peak", 800 * MIB, VERDICT_PASS, FINDING_WARNED, ADVICE_NEAR_BUDGET},
        {"cgroup_peak", 799 * MIB, VERDICT_OVER_LIMIT, FINDING_FAILED, ADVICE_OVER_BUDGET},
        {"unreclaimable_peak", 499 * MIB, VERDICT_OVER_LIMIT, FINDING_FAILED, ADVICE_OVER_BUDGET},
        {"unreclaimable_peak", 600 * MIB, VERDICT_PASS, FINDING_PASS, ADVICE_SEE_PAGE},
        {"stage:build-deps", 299 * MIB, VERDICT_OVER_LIMIT, FINDING_FAILED, ADVICE_OVER_BUDGET},
        {"duration", 59999, VERDICT_OVER_LIMIT, FINDING_FAILED, ADVICE_OVER_BUDGET},
        {"stage:gone", 299 * MIB, VERDICT_INCONCLUSIVE, FINDING_FAILED, ADVICE_UNCHECKED_STAGE},
        {"process:gone", 299 * MIB, VERDICT_INCONCLUSIVE, FINDING_FAILED, ADVICE_UNCHECKED_PROCESS},
    };
    struct measurement m CLEANUP(measurement_release);
    struct judgement judgement CLEANUP(judgement_release) = {0};
    gate_run(&m, "now", 800 * MIB);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ck_assert_int_eq(judge_budget(&m, table[i].metric, table[i].most, &judgement),
                         table[i].verdict);
        const struct finding *finding = finding_of(&judgement, table[i].metric);
        ck_assert_int_eq(finding->status, table[i].status);
        ck_assert_int_eq(finding->budget, table[i].most);
        ck_assert_int_eq(finding->allowed, table[i].most);
        ck_assert(finding->over_budget == (table[i].verdict == VERDICT_OVER_LIMIT));
        ck_assert_ptr_null(judgement.baseline_path);
        ck_assert_str_eq(judgement.notes.items[0],
                         "there is no baseline: only the budgets are judged");
        char *advice CLEANUP(cleanup_free) = advice_text(
            table[i].advice, table[i].advice == ADVICE_SEE_PAGE ? NULL : "build-mem.json");
        ck_assert_pstr_eq(judgement.advice, advice);
    }
}
END_TEST

/* Who has no question about the memory gets no answer. */
START_TEST(the_peak_is_explained_if_someone_asks)
{
    static const struct {
        int64_t peak_bytes;
        bool at_limit, killed, artifact_missing, not_measured;
        bool noted;
    } table[] = {
        {.peak_bytes = 800 * MIB},
        {.peak_bytes = 1024 * MIB, .noted = true},
        {.peak_bytes = 800 * MIB, .at_limit = true, .noted = true},
        {.peak_bytes = 800 * MIB, .killed = true, .noted = true},
        {.peak_bytes = 800 * MIB, .artifact_missing = true},
        {.peak_bytes = 1024 * MIB, .not_measured = true},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct measurement m CLEANUP(measurement_release);
        struct judgement judgement CLEANUP(judgement_release) = {0};
        struct baseline none CLEANUP(baseline_release) = {0};
        gate_run(&m, "now", table[i].peak_bytes);
        m.peak.composition.file_bytes = table[i].peak_bytes / 2;
        m.peak.unreclaimable_at_limit = m.peak.at_limit = table[i].at_limit;
        m.build.oom_killed = table[i].killed;
        m.build.exit_code = table[i].artifact_missing ? 1 : 0;
        m.not_measured = table[i].not_measured ? xstrdup("the records are incomplete") : NULL;
        judge(&none, NULL, &m, 1, false, &judgement);
        bool noted = false;
        for (size_t k = 0; k < judgement.notes.count; k++)
            noted |= strncmp(judgement.notes.items[k], "page cache was", 14) == 0;
        ck_assert_msg(noted == table[i].noted, "row %zu", i);
    }
}
END_TEST

/* What held the peak of the whole build does not explain a stage that grew below it. */
START_TEST(a_stage_is_not_explained_by_the_peak)
{
    static const struct {
        int64_t peak_bytes, stage_bytes, unreclaimable_bytes;
        size_t notes;
    } table[] = {
        {800 * MIB, 400 * MIB, 250 * MIB, 0},
        {800 * MIB, 300 * MIB, 350 * MIB, 0},
        {900 * MIB, 300 * MIB, 250 * MIB, 1},
        {900 * MIB, 400 * MIB, 250 * MIB, 1},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct measurement m CLEANUP(measurement_release);
        struct judgement judgement CLEANUP(judgement_release) = {0};
        struct baseline baseline CLEANUP(baseline_release);
        gate_baseline(&baseline);
        gate_metric(&baseline, "stage:build-deps")->tolerance.level = LEVEL_FAIL;
        gate_add_metric(&baseline, "stage_unreclaimable:build-deps", 250 * MIB);
        gate_metric(&baseline, "stage_unreclaimable:build-deps")->tolerance.level = LEVEL_FAIL;
        gate_run(&m, "now", table[i].peak_bytes);
        gate_stage(&m, "build-deps")->pss_peak_bytes = table[i].stage_bytes;
        gate_stage(&m, "build-deps")->unreclaimable_peak_bytes = table[i].unreclaimable_bytes;
        m.peak.composition.file_bytes = table[i].peak_bytes / 2;
        judge(&baseline, "b.json", &m, 1, false, &judgement);
        ck_assert_int_eq(judgement.verdict, VERDICT_REGRESSED);
        ck_assert_uint_eq(judgement.notes.count, table[i].notes);
    }
}
END_TEST

/* Between the bounds of a memory peak, the runs do not show whether it is within the budget. */
START_TEST(a_budget_between_bounds_is_unchecked)
{
    static const struct {
        int64_t sampled_mib, at_most_mib;
        enum verdict verdict;
    } table[] = {{810, 850, VERDICT_PASS},
                 {810, 851, VERDICT_INCONCLUSIVE},
                 {807, 5000, VERDICT_PASS}}; /* more than 5 % below the budget */
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct scene scene CLEANUP(release_scene);
        struct judgement judgement CLEANUP(judgement_release), alone CLEANUP(judgement_release);
        set_scene(&scene, budget_850, no_peaks);
        scene.runs[0].peak.cgroup_bytes = table[i].sampled_mib * MIB;
        gate_bound_peak(&scene.runs[0], table[i].at_most_mib * MIB);
        judgement_init(&alone);
        ck_assert_int_eq(judge_budget(&scene.runs[0], PEAK, 850 * MIB, &alone), table[i].verdict);
        if (table[i].verdict == VERDICT_PASS) {
            judgement_init(&judgement);
            continue;
        }
        judge_scene(&scene, false, &judgement);
        ck_assert_int_eq(judgement.verdict, table[i].verdict);
        char *advice CLEANUP(cleanup_free) = advice_text(ADVICE_NEW_CGROUP, NULL);
        ck_assert_str_eq(judgement.advice, advice);
        ck_assert_str_eq(judgement.reason,
                         "the budget of cgroup_peak, 850.0 MiB, cannot be checked: the peak "
                         "counter of the cgroup could not be reset, so the memory peak is between "
                         "810.0 MiB and 851.0 MiB");
    }
}
END_TEST

/* In the order of: value, budget of build-mem.json, budget of the baseline. The lower one counts.
 */
START_TEST(the_lower_budget_counts)
{
    static const struct {
        int64_t value, of_config, of_baseline;
        enum verdict verdict;
        const char *file; /* in the advice */
    } table[] = {
        {860, 900, 850, VERDICT_OVER_LIMIT, "b.json"},
        {860, 850, 900, VERDICT_OVER_LIMIT, "build-mem.json"},
        {840, 850, 845, VERDICT_PASS, NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct measurement m CLEANUP(measurement_release);
        struct baseline baseline CLEANUP(baseline_release);
        struct judgement judgement CLEANUP(judgement_release) = {0};
        gate_run(&m, "now", table[i].value * MIB);
        gate_baseline(&baseline);
        budgets_add(&baseline.budgets, PEAK, table[i].of_config * MIB);
        gate_metric(&baseline, PEAK)->tolerance.budget = table[i].of_baseline * MIB;
        judge(&baseline, "b.json", &m, 1, false, &judgement);
        ck_assert_int_eq(judgement.verdict, table[i].verdict);
        ck_assert(!table[i].file || strstr(judgement.advice, table[i].file));
    }
}
END_TEST

/* At a full limit the memory peak is a lower bound; only the unreclaimable peak shows the need. */
START_TEST(budget_of_a_peak_that_was_cut_off)
{
    struct measurement m CLEANUP(measurement_release);
    struct judgement judgement CLEANUP(judgement_release) = {0};
    gate_run(&m, "now", 800 * MIB);
    gate_add_constraint(&m, "/sys/fs/cgroup/job", 0, 800 * MIB);
    m.peak.at_limit = true;
    ck_assert_int_eq(judge_budget(&m, PEAK, 900 * MIB, &judgement), VERDICT_INCONCLUSIVE);
    ck_assert_int_eq(judge_budget(&m, PEAK, 799 * MIB, &judgement), VERDICT_OVER_LIMIT);

    struct baseline baseline CLEANUP(baseline_release) = {0};
    budgets_add(&baseline.budgets, PEAK, 900 * MIB);
    budgets_add(&baseline.budgets, "unreclaimable_peak", 501 * MIB);
    judgement_release(&judgement);
    judge(&baseline, NULL, &m, 1, false, &judgement);
    ck_assert_int_eq(judgement.verdict, VERDICT_PASS);
    ck_assert_int_eq(finding_of(&judgement, PEAK)->status, FINDING_OFF);
    baseline.budgets.items[1].most = 499 * MIB;
    judgement_release(&judgement);
    judge(&baseline, NULL, &m, 1, false, &judgement);
    ck_assert_int_eq(judgement.verdict, VERDICT_OVER_LIMIT);
}
END_TEST

START_TEST(process_budgets_need_all_exit_records)
{
    const char *metric = "process:cxx";
    struct measurement m CLEANUP(measurement_release);
    struct judgement judgement CLEANUP(judgement_release) = {0};
    gate_run(&m, "now", 800 * MIB);
    gate_add_processes(&m, "cxx", 100 * MIB);
    ck_assert_int_eq(judge_budget(&m, metric, 100 * MIB, &judgement), VERDICT_PASS);
    m.ledger.watched[0].peak_rss_bytes++;
    ck_assert_int_eq(judge_budget(&m, metric, 100 * MIB, &judgement), VERDICT_OVER_LIMIT);
    ck_assert_str_eq(finding_of(&judgement, metric)->largest, "cc1plus a.cpp, 100.0 MiB");
    /* A lost process could be larger than the budget. */
    m.ledger.watched[0].peak_rss_bytes--;
    m.ledger.lost = 1;
    ck_assert_int_eq(judge_budget(&m, metric, 100 * MIB, &judgement), VERDICT_INCONCLUSIVE);
    m.ledger.lost = 0;
    m.ledger.overruns = 1;
    ck_assert_int_eq(judge_budget(&m, metric, 100 * MIB, &judgement), VERDICT_INCONCLUSIVE);
    m.ledger.overruns = 0;
    m.ledger.source = PEAK_RSS_SCAN;
    m.ledger.watched[0].peak_rss_bytes = UNMEASURED;
    ck_assert_int_eq(judge_budget(&m, metric, 100 * MIB, &judgement), VERDICT_INCONCLUSIVE);
    m.build.exit_code = 1;
    ck_assert_int_eq(judge_budget(&m, metric, 1, &judgement), VERDICT_BUILD_FAILED);
}
END_TEST

/* The run without a value could have exceeded the budget. */
START_TEST(a_budget_needs_a_value_of_each_run)
{
    struct measurement runs[2];
    struct baseline baseline CLEANUP(baseline_release) = {0};
    struct judgement judgement CLEANUP(judgement_release) = {0};
    gate_run(&runs[0], "now-1", 800 * MIB);
    gate_run(&runs[1], "now-2", 800 * MIB);
    budgets_add(&baseline.budgets, "unreclaimable_peak", 900 * MIB);
    judge(&baseline, NULL, runs, 2, false, &judgement);
    ck_assert_int_eq(judgement.verdict, VERDICT_PASS);
    runs[1].peak.unreclaimable_bytes = UNMEASURED;
    judgement_release(&judgement);
    judge(&baseline, NULL, runs, 2, false, &judgement);
    ck_assert_int_eq(judgement.verdict, VERDICT_INCONCLUSIVE);
    ck_assert_msg(strstr(judgement.reason, "only 1 of 2 runs") != NULL, "%s", judgement.reason);
    measurement_release(&runs[0]);
    measurement_release(&runs[1]);
}
END_TEST

START_TEST(processes_are_judged_as_other_metrics)
{
    struct measurement m CLEANUP(measurement_release);
    struct baseline baseline CLEANUP(baseline_release);
    struct judgement judgement CLEANUP(judgement_release) = {0};
    gate_run(&m, "now", 800 * MIB);
    gate_baseline(&baseline);
    gate_add_metric(&baseline, "process:cxx", 100 * MIB);
    gate_metric(&baseline, "process:cxx")->tolerance.level = LEVEL_FAIL;
    gate_add_processes(&m, "cxx", 400 * MIB);
    judge(&baseline, "b", &m, 1, false, &judgement);
    ck_assert_int_eq(judgement.verdict, VERDICT_REGRESSED);
    const struct finding *finding = finding_of(&judgement, "process:cxx");
    ck_assert_int_eq(finding->status, FINDING_FAILED);
    ck_assert_int_eq(finding->actual, 400 * MIB);
    ck_assert_str_eq(finding->largest, "cc1plus a.cpp, 400.0 MiB");
    /* None was seen: that shows no regression, and does not pass. */
    m.ledger.watched[0].peak_rss_bytes = UNMEASURED;
    m.ledger.watched[0].count = 0;
    judgement_release(&judgement);
    judge(&baseline, "b", &m, 1, false, &judgement);
    ck_assert_int_eq(judgement.verdict, VERDICT_INCONCLUSIVE);
    gate_metric(&baseline, "process:cxx")->tolerance.level = LEVEL_WARN;
    judgement_release(&judgement);
    judge(&baseline, "b", &m, 1, false, &judgement);
    ck_assert_int_eq(judgement.verdict, VERDICT_PASS);
    ck_assert_int_eq(finding_of(&judgement, "process:cxx")->status, FINDING_WARNED);
    gate_metric(&baseline, "process:cxx")->tolerance.level = LEVEL_FAIL;
    /* A config without the processes must not pass unnoticed. */
    process_ledger_release(&m.ledger);
    judgement_release(&judgement);
    judge(&baseline, "b", &m, 1, false, &judgement);
    ck_assert_int_eq(judgement.verdict, VERDICT_REGRESSED);
    ck_assert_int_eq(finding_of(&judgement, "process:cxx")->status, FINDING_MISSING);
    /* The budget of the config comes before a baseline without an entry. */
    gate_add_processes(&m, "cxx", 400 * MIB);
    baseline.environments[0].key.cpus = 64;
    budgets_add(&baseline.budgets, "process:cxx", 400 * MIB);
    judgement_release(&judgement);
    judge(&baseline, "b", &m, 1, false, &judgement);
    ck_assert_int_eq(judgement.verdict, VERDICT_NOT_COMPARABLE);
    baseline.budgets.items[0].most--;
    judgement_release(&judgement);
    judge(&baseline, "b", &m, 1, false, &judgement);
    ck_assert_int_eq(judgement.verdict, VERDICT_OVER_LIMIT);
}
END_TEST

START_TEST(exit_status_by_verdict)
{
    static const struct {
        enum verdict verdict;
        const char *name;
        int exit_status;
    } table[] = {
        {VERDICT_PASS, "pass", 0},
        {VERDICT_IMPROVED, "improved", 0},
        {VERDICT_REGRESSED, "regressed", 1},
        {VERDICT_OVER_LIMIT, "over-limit", 1},
        {VERDICT_NO_BASELINE, "no-baseline", 2},
        {VERDICT_BUILD_FAILED, "build-failed", 3},
        {VERDICT_INCONCLUSIVE, "inconclusive", 4},
        {VERDICT_NOT_COMPARABLE, "not-comparable", 4},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ck_assert_str_eq(verdict_name(table[i].verdict), table[i].name);
        ck_assert_int_eq(verdict_exit_status(table[i].verdict), table[i].exit_status);
    }
    ck_assert_str_eq(finding_status_name(FINDING_IMPROVED), "improved");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gate/judge");
    TCase *tables = tcase_create("tables");
    tcase_add_loop_test(tables, verdicts_and_statuses, 0, sizeof cases / sizeof *cases);
    tcase_add_loop_test(tables, messages_and_advice, 0, sizeof messages / sizeof *messages);
    suite_add_tcase(suite, tables);
    TCase *rest = tcase_create("rest");
    tcase_add_test(rest, finding_has_its_figures);
    tcase_add_test(rest, over_budget_is_marked);
    tcase_add_test(rest, largest_is_of_the_highest_run);
    tcase_add_test(rest, missing_figures_are_unmeasured);
    tcase_add_test(rest, durations_that_differ_are_noted);
    tcase_add_test(rest, one_accepted_run_is_noted);
    tcase_add_test(rest, drift_is_noted);
    tcase_add_test(rest, second_entry_is_found);
    tcase_add_test(rest, a_peak_between_bounds_is_judged_by_them);
    tcase_add_test(rest, a_budget_between_bounds_is_unchecked);
    tcase_add_test(rest, bounds_are_in_the_reason);
    tcase_add_test(rest, the_change_of_a_bounded_peak_is_a_bound);
    tcase_add_test(rest, bounds_of_each_run_are_in_the_reason);
    tcase_add_test(rest, note_names_the_limit);
    tcase_add_test(rest, idle_daemons_are_not_noted);
    tcase_add_test(rest, outside_daemons_are_noted_once);
    tcase_add_test(rest, runs_without_a_baseline);
    tcase_add_test(rest, budgets_need_no_baseline);
    tcase_add_test(rest, the_peak_is_explained_if_someone_asks);
    tcase_add_test(rest, a_stage_is_not_explained_by_the_peak);
    tcase_add_test(rest, the_lower_budget_counts);
    tcase_add_test(rest, budget_of_a_peak_that_was_cut_off);
    tcase_add_test(rest, process_budgets_need_all_exit_records);
    tcase_add_test(rest, a_budget_needs_a_value_of_each_run);
    tcase_add_test(rest, processes_are_judged_as_other_metrics);
    tcase_add_test(rest, exit_status_by_verdict);
    suite_add_tcase(suite, rest);
    return run_suite(suite);
}
