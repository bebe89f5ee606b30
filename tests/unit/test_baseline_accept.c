/* Accepting runs into a baseline: what is kept, what is refused, and that a refusal changes
 * nothing. */
#include "base/alloc.h"
#include "base/units.h"
#include "baseline/baseline.h"
#include "unit/gate_sample.h"
#include "unit/suite.h"

#include <string.h>

struct scene {
    struct measurement runs[3];
    struct baseline baseline;
    struct acceptance acceptance;
};

static void set_scene(struct scene *scene, int64_t a_mib, int64_t b_mib, int64_t c_mib)
{
    gate_run(&scene->runs[0], "one", a_mib * MIB);
    gate_run(&scene->runs[1], "two", b_mib * MIB);
    gate_run(&scene->runs[2], "three", c_mib * MIB);
    gate_baseline(&scene->baseline);
    scene->acceptance =
        (struct acceptance){.at = "2026-02-02T00:00:00Z", .commit = "abc", .by = "me"};
}

static void release_scene(struct scene *scene)
{
    gate_release_runs(scene->runs, 3);
    baseline_release(&scene->baseline);
}

static void accept_runs(struct scene *scene)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    int result = baseline_accept(&scene->baseline, scene->runs, 3, &scene->acceptance, &err);
    ck_assert_msg(result == 0, "%s", err.message);
}

/* The message must contain this text, and the baseline must be unchanged. */
static void refuse_runs(struct scene *scene, const char *name, const char *message)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *before CLEANUP(cleanup_free) = baseline_to_json(&scene->baseline);
    int result = baseline_accept(&scene->baseline, scene->runs, 3, &scene->acceptance, &err);
    ck_assert_msg(result == -1, "%s: accepted", name);
    ck_assert_msg(strstr(err.message, message) != NULL, "%s: \"%s\" does not contain \"%s\"", name,
                  err.message, message);
    char *after CLEANUP(cleanup_free) = baseline_to_json(&scene->baseline);
    ck_assert_str_eq(before, after);
}

START_TEST(first_acceptance_has_the_defaults)
{
    struct scene scene;
    set_scene(&scene, 800, 820, 810);
    baseline_release(&scene.baseline);
    gate_set(&scene.runs[2].environment.kernel, "6.1.0");
    for (size_t i = 0; i < 3; i++)
        scene.runs[i].environment.cache_policy = CACHE_WARM;
    accept_runs(&scene);
    ck_assert_uint_eq(scene.baseline.count, 1);
    const struct baseline_environment *entry = &scene.baseline.environments[0];
    ck_assert_str_eq(entry->key.source, "memory.peak");
    ck_assert_str_eq(entry->key.architecture, "x86_64");
    ck_assert_str_eq(entry->key.image, "node:24-bookworm");
    ck_assert_int_eq(entry->key.cache_policy, CACHE_WARM);
    ck_assert_int_eq(entry->key.limit_bytes, UNMEASURED);
    ck_assert_double_eq(entry->key.cpus, 2);
    ck_assert_str_eq(entry->accepted_at, "2026-02-02T00:00:00Z");
    ck_assert_str_eq(entry->accepted_commit, "abc");
    ck_assert_str_eq(entry->accepted_by, "me");
    ck_assert_ptr_null(entry->accepted_reason);
    ck_assert_str_eq(entry->measured_on->kernel, "6.1.0");

    static const char *const names[] = {"cgroup_peak",
                                        "unreclaimable_peak",
                                        "duration",
                                        "stage:build-deps",
                                        "stage:setup",
                                        "stage_unreclaimable:build-deps",
                                        "stage_unreclaimable:setup"};
    ck_assert_uint_eq(entry->count, 7);
    for (size_t i = 0; i < 7; i++)
        ck_assert_str_eq(entry->metrics[i].name, names[i]);
    const struct baseline_metric *metric = &entry->metrics[0];
    ck_assert_int_eq(metric->tolerance.level, LEVEL_FAIL);
    ck_assert_uint_eq(metric->count, 3);
    ck_assert_int_eq(metric->values[0], 800 * MIB); /* raw, in the order of the runs */
    ck_assert_int_eq(metric->values[1], 820 * MIB);
    ck_assert_int_eq(metric->values[2], 810 * MIB);
    ck_assert_int_eq(metric->anchor, 810 * MIB);

    char *text CLEANUP(cleanup_free) = baseline_to_json(&scene.baseline);
    struct baseline again CLEANUP(baseline_release);
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    ck_assert_msg(baseline_parse(text, "written", &again, &err) == 0, "%s", err.message);
    release_scene(&scene);
}
END_TEST

START_TEST(lower_values_keep_tolerances_and_lower_the_anchor)
{
    struct scene scene;
    set_scene(&scene, 600, 610, 605);
    struct baseline_metric *peak = gate_metric(&scene.baseline, "cgroup_peak");
    peak->tolerance = (struct tolerance){LEVEL_FAIL, 5, 32 * MIB, 900 * MIB};
    gate_metric(&scene.baseline, "stage:build-deps")->tolerance.level = LEVEL_FAIL;
    gate_set(&scene.baseline.schema, "x.json");
    gate_set(&peak->absolute_text, "32MiB");
    gate_set(&peak->budget_text, "900MiB");
    gate_set(&peak->anchor_text, "800MiB");
    accept_runs(&scene);
    ck_assert_uint_eq(scene.baseline.count, 1);
    peak = gate_metric(&scene.baseline, "cgroup_peak");
    ck_assert_int_eq(median_of(peak->values, peak->count), 605 * MIB);
    ck_assert_double_eq(peak->tolerance.percent, 5);
    ck_assert_int_eq(peak->tolerance.absolute, 32 * MIB);
    ck_assert_int_eq(peak->tolerance.budget, 900 * MIB);
    ck_assert_str_eq(peak->absolute_text, "32MiB");
    ck_assert_str_eq(peak->budget_text, "900MiB");
    ck_assert_ptr_null(peak->anchor_text);
    ck_assert_int_eq(peak->anchor, 605 * MIB);
    ck_assert_int_eq(gate_metric(&scene.baseline, "stage:build-deps")->tolerance.level, LEVEL_FAIL);
    ck_assert_str_eq(scene.baseline.schema, "x.json");
    ck_assert_str_eq(scene.baseline.environments[0].accepted_at, "2026-02-02T00:00:00Z");
    release_scene(&scene);
}
END_TEST

START_TEST(noise_is_no_raise)
{
    struct scene scene;
    set_scene(&scene, 835, 840, 845); /* half of the slack: 40 MiB */
    accept_runs(&scene);
    release_scene(&scene);
}
END_TEST

START_TEST(raise_needs_a_flag_and_a_reason)
{
    struct scene scene;
    set_scene(&scene, 841, 841, 841);
    refuse_runs(&scene, "neither",
                "cgroup_peak rises from 800.0 MiB to 841.0 MiB, +41.0 MiB (+5.1 %); if this "
                "increase is intended, add --allow-increase --reason TEXT");
    scene.acceptance.allow_increase = true;
    refuse_runs(&scene, "no reason", "add --reason TEXT");
    scene.acceptance.reason = "";
    refuse_runs(&scene, "empty reason", "add --reason TEXT");
    scene.acceptance.allow_increase = false;
    scene.acceptance.reason = "more pages";
    refuse_runs(&scene, "reason alone", "add --allow-increase");
    scene.acceptance.allow_increase = true;
    accept_runs(&scene);
    ck_assert_str_eq(scene.baseline.environments[0].accepted_reason, "more pages");
    ck_assert_int_eq(gate_metric(&scene.baseline, "cgroup_peak")->anchor, 800 * MIB);
    release_scene(&scene);
}
END_TEST

START_TEST(stage_raise_needs_a_flag_too)
{
    struct scene scene;
    set_scene(&scene, 800, 800, 800);
    for (size_t i = 0; i < 3; i++)
        gate_stage(&scene.runs[i], "build-deps")->pss_peak_bytes = 500 * MIB;
    refuse_runs(&scene, "stage", "stage build-deps rises");
    gate_metric(&scene.baseline, "stage:build-deps")->tolerance.level = LEVEL_OFF;
    accept_runs(&scene);
    release_scene(&scene);
}
END_TEST

START_TEST(anchor_caps_many_small_raises)
{
    struct scene scene;
    set_scene(&scene, 920, 920, 920); /* 800 + 15 % */
    scene.acceptance.allow_increase = true;
    scene.acceptance.reason = "more pages";
    accept_runs(&scene);
    gate_release_runs(scene.runs, 3);
    for (size_t i = 0; i < 3; i++)
        gate_run(&scene.runs[i], "later", 921 * MIB);
    refuse_runs(
        &scene, "over the anchor",
        "cgroup_peak of 921.0 MiB exceeds the anchor of 800.0 MiB by more than 15 %: +121.0 "
        "MiB (+15.1 %); a refresh cannot raise the anchor: if this increase is intended, "
        "set \"anchor\" of cgroup_peak to 965738496 in the baseline file");
    /* Also if this step alone is within half of the slack. */
    scene.acceptance.allow_increase = false;
    refuse_runs(&scene, "over the anchor by a small step", "exceeds the anchor");
    gate_metric(&scene.baseline, "cgroup_peak")->anchor = 921 * MIB;
    accept_runs(&scene);
    release_scene(&scene);
}
END_TEST

/* A gain from 800 to 400, then steps of 2 %, which need no reason. */
START_TEST(anchor_follows_a_gain)
{
    struct scene scene;
    set_scene(&scene, 400, 400, 400);
    gate_set(&gate_metric(&scene.baseline, "cgroup_peak")->anchor_text, "800MiB");
    accept_runs(&scene);
    for (int64_t mib = 408; mib <= 460; mib += 8) {
        for (size_t i = 0; i < 3; i++)
            scene.runs[i].peak.cgroup_bytes = mib * MIB;
        accept_runs(&scene);
        ck_assert_int_eq(gate_metric(&scene.baseline, "cgroup_peak")->anchor, 400 * MIB);
    }
    for (size_t i = 0; i < 3; i++)
        scene.runs[i].peak.cgroup_bytes = 461 * MIB;
    refuse_runs(&scene, "above the lower anchor", "exceeds the anchor of 400.0 MiB");
    release_scene(&scene);
}
END_TEST

/* The text of an anchor stays as a person wrote it. */
START_TEST(anchor_of_an_unjudged_metric_stays)
{
    struct scene scene;
    set_scene(&scene, 400, 400, 400);
    struct baseline_metric *peak = gate_metric(&scene.baseline, "cgroup_peak");
    peak->tolerance.level = LEVEL_OFF;
    gate_set(&peak->anchor_text, "800MiB");
    accept_runs(&scene);
    peak = gate_metric(&scene.baseline, "cgroup_peak");
    ck_assert_int_eq(peak->anchor, 800 * MIB);
    ck_assert_str_eq(peak->anchor_text, "800MiB");
    release_scene(&scene);
}
END_TEST

START_TEST(other_environment_is_added)
{
    struct scene scene;
    set_scene(&scene, 2000, 2000, 2000);
    for (size_t i = 0; i < 3; i++)
        scene.runs[i].environment.cpus = 16;
    accept_runs(&scene);
    ck_assert_uint_eq(scene.baseline.count, 2);
    ck_assert_double_eq(scene.baseline.environments[0].key.cpus, 2);
    ck_assert_double_eq(scene.baseline.environments[1].key.cpus, 16);
    ck_assert_int_eq(gate_metric(&scene.baseline, "cgroup_peak")->values[0], 800 * MIB);
    release_scene(&scene);
}
END_TEST

START_TEST(renamed_stage_replaces_the_old_one)
{
    struct scene scene;
    set_scene(&scene, 800, 800, 800);
    for (size_t i = 0; i < 3; i++)
        gate_set(&gate_stage(&scene.runs[i], "build-deps")->name, "deps");
    accept_runs(&scene);
    ck_assert_ptr_null(baseline_metric_find(&scene.baseline.environments[0], "stage:build-deps"));
    const struct baseline_metric *metric = gate_metric(&scene.baseline, "stage:deps");
    ck_assert_int_eq(metric->tolerance.level, LEVEL_WARN);
    ck_assert_int_eq(metric->anchor, 300 * MIB);
    release_scene(&scene);
}
END_TEST

/* If no run measured the stage, the old values stay. */
START_TEST(stage_may_be_too_brief_to_be_measured)
{
    struct scene scene;
    set_scene(&scene, 800, 800, 800);
    gate_stage(&scene.runs[1], "build-deps")->pss_peak_bytes = UNMEASURED;
    accept_runs(&scene);
    ck_assert_uint_eq(gate_metric(&scene.baseline, "stage:build-deps")->count, 2);

    for (size_t i = 0; i < 3; i++)
        gate_stage(&scene.runs[i], "build-deps")->pss_peak_bytes = UNMEASURED;
    accept_runs(&scene);
    ck_assert_uint_eq(gate_metric(&scene.baseline, "stage:build-deps")->count, 2);
    ck_assert_int_eq(gate_metric(&scene.baseline, "stage:build-deps")->values[1], 300 * MIB);
    for (size_t i = 0; i < 3; i++)
        gate_stage(&scene.runs[i], "build-deps")->first_ms = UNMEASURED;
    accept_runs(&scene);
    ck_assert_ptr_null(baseline_metric_find(&scene.baseline.environments[0], "stage:build-deps"));
    release_scene(&scene);
}
END_TEST

START_TEST(off_metric_may_be_intermittent)
{
    struct scene scene;
    set_scene(&scene, 800, 800, 800);
    gate_stage(&scene.runs[1], "setup")->first_ms = UNMEASURED;
    accept_runs(&scene);
    ck_assert_uint_eq(gate_metric(&scene.baseline, "stage:setup")->count, 2);
    release_scene(&scene);
}
END_TEST

/* Noise and the anchor matter for level fail only. */
START_TEST(warning_metric_may_be_noisy_and_above_its_anchor)
{
    struct scene scene;
    set_scene(&scene, 1000, 1100, 1200);
    gate_metric(&scene.baseline, "cgroup_peak")->tolerance.level = LEVEL_WARN;
    scene.acceptance.allow_increase = true;
    scene.acceptance.reason = "more pages";
    accept_runs(&scene);
    release_scene(&scene);
}
END_TEST

START_TEST(off_metric_may_be_lost)
{
    struct scene scene;
    set_scene(&scene, 800, 800, 800);
    gate_set(&gate_metric(&scene.baseline, "duration")->name, "unreclaimable_peak");
    for (size_t i = 0; i < 3; i++)
        scene.runs[i].peak.unreclaimable_bytes = UNMEASURED;
    accept_runs(&scene);
    ck_assert_ptr_null(baseline_metric_find(&scene.baseline.environments[0], "unreclaimable_peak"));
    release_scene(&scene);
}
END_TEST

/* --- refusals: one thing wrong with the second run, or with the baseline --- */

static void failed(struct scene *scene)
{
    scene->runs[1].build.exit_code = 1;
}

static void oom(struct scene *scene)
{
    scene->runs[1].build.oom_killed = true;
}

static void timed_out(struct scene *scene)
{
    scene->runs[1].build.timed_out = true;
}

static void unverified(struct scene *scene)
{
    scene->runs[1].checks[0].ok = false;
}

static void work_elsewhere(struct scene *scene)
{
    scene->runs[1].build.cpu_ms = 10;
    gate_add_daemon(&scene->runs[1], "Gradle daemon", 20000);
}

static void not_measured(struct scene *scene)
{
    gate_set(&scene->runs[1].not_measured, "the record broke off");
}

static void no_memory_peak(struct scene *scene)
{
    scene->runs[1].peak.cgroup_bytes = UNMEASURED;
}

static void at_limit(struct scene *scene)
{
    scene->runs[1].peak.at_limit = scene->runs[1].peak.unreclaimable_at_limit = true;
    scene->runs[1].peak.limit_bytes = 800 * MIB;
}

static void cut_off(struct scene *scene)
{
    scene->runs[1].peak.at_limit = true;
    gate_add_constraint(&scene->runs[1], "/job", 2, 800 * MIB);
}

static void unlike(struct scene *scene)
{
    scene->runs[1].environment.cpus = 4;
}

static void bounded(struct scene *scene)
{
    gate_bound_peak(&scene->runs[1], 810 * MIB);
}

static void first_is_bounded(struct scene *scene)
{
    gate_bound_peak(&scene->runs[0], 810 * MIB);
}

static void unknown_environment(struct scene *scene)
{
    for (size_t i = 0; i < 3; i++)
        gate_set(&scene->runs[i].environment.image, NULL);
}

static void unknown_source(struct scene *scene)
{
    for (size_t i = 0; i < 3; i++)
        gate_set(&scene->runs[i].peak.source, NULL);
}

static void unknown_architecture(struct scene *scene)
{
    for (size_t i = 0; i < 3; i++)
        gate_set(&scene->runs[i].environment.architecture, NULL);
}

static void unknown_cpus(struct scene *scene)
{
    for (size_t i = 0; i < 3; i++)
        scene->runs[i].environment.cpus = UNMEASURED;
}

static void unlabelled(struct scene *scene)
{
    for (size_t i = 0; i < 3; i++)
        gate_set(&scene->runs[i].label, NULL);
}

static void failed_unlabelled(struct scene *scene)
{
    failed(scene);
    unlabelled(scene);
}

static void unlike_unlabelled(struct scene *scene)
{
    unlike(scene);
    unlabelled(scene);
}

static void unknown_unlabelled(struct scene *scene)
{
    unknown_environment(scene);
    unlabelled(scene);
}

static void intermittent(struct scene *scene)
{
    gate_stage(&scene->runs[1], "build-deps")->first_ms = UNMEASURED;
}

static void noisy(struct scene *scene)
{
    scene->runs[0].peak.cgroup_bytes = 700 * MIB;
    scene->runs[1].peak.cgroup_bytes = 760 * MIB;
    scene->runs[2].peak.cgroup_bytes = 820 * MIB;
}

/* Its MAD is 1 MiB. */
static void outlier(struct scene *scene)
{
    scene->runs[1].peak.cgroup_bytes = 801 * MIB;
    scene->runs[2].peak.cgroup_bytes = 1200 * MIB;
}

static void lost_metric(struct scene *scene)
{
    struct baseline_metric *metric = gate_metric(&scene->baseline, "duration");
    gate_set(&metric->name, "unreclaimable_peak");
    metric->tolerance.level = LEVEL_WARN;
    for (size_t i = 0; i < 3; i++)
        scene->runs[i].peak.unreclaimable_bytes = UNMEASURED;
}

static const struct {
    const char *name;
    void (*change)(struct scene *scene);
    const char *message;
} refusals[] = {
    {"failed", failed, "run \"two\" cannot be accepted: the build failed with exit status 1"},
    {"OOM", oom, "run \"two\" cannot be accepted: the build ran out of memory"},
    {"timed out", timed_out, "the build timed out"},
    {"unverified", unverified, "server/.next/BUILD_ID"},
    {"work elsewhere", work_elsewhere, "the work was done outside of the cgroup of the build"},
    {"not measured", not_measured, "not measured: the record broke off"},
    {"no memory peak", no_memory_peak, "the memory peak is missing"},
    {"at the limit", at_limit, "reached the memory limit of 800.0 MiB"},
    {"cut off", cut_off, "reached the memory limit of 800.0 MiB of the ancestor /job"},
    {"unlike", unlike, "cpus: 2 in \"one\", 4 in \"two\""},
    {"bounded", bounded, "could not be reset before run \"two\""},
    {"first is bounded", first_is_bounded, "could not be reset before run \"one\""},
    {"unknown environment", unknown_environment, "does not name the environment"},
    {"unknown source", unknown_source, "does not name the environment"},
    {"unknown architecture", unknown_architecture, "does not name the environment"},
    {"unknown CPUs", unknown_cpus, "does not name the environment"},
    {"failed, unlabelled", failed_unlabelled, "run \"\" cannot be accepted"},
    {"unlike, unlabelled", unlike_unlabelled, "cpus: 2 in \"the first\", 4 in \"another\""},
    {"unknown, unlabelled", unknown_unlabelled, "run \"\" cannot be accepted: its result"},
    {"intermittent", intermittent, "stage build-deps was seen in only 2 of 3 runs"},
    {"noisy", noisy,
     "cgroup_peak is too noisy for a baseline: the runs would need a tolerance of 266.0 MiB (35.0 "
     "%) around 760.0 MiB; make the build steadier (--cache warm, a fixed number of workers, a "
     "--memory limit), then measure again"},
    {"outlier", outlier, "a tolerance of 400.0 MiB (49.9 %) around 801.0 MiB"},
    {"lost metric", lost_metric,
     "the baseline judges unreclaimable_peak, but the runs have no value for it; to stop judging "
     "it, set its level to \"off\""},
};

START_TEST(first_acceptance_at_a_limit_judges_the_unreclaimable_peak)
{
    struct scene scene;
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    set_scene(&scene, 800, 800, 800);
    baseline_release(&scene.baseline);
    for (size_t i = 0; i < 3; i++)
        scene.runs[i].peak.at_limit = true;
    ck_assert_int_eq(baseline_accept(&scene.baseline, scene.runs, 3, &scene.acceptance, &err), 0);
    ck_assert_int_eq(gate_metric(&scene.baseline, "cgroup_peak")->tolerance.level, LEVEL_OFF);
    ck_assert_int_eq(gate_metric(&scene.baseline, "unreclaimable_peak")->tolerance.level,
                     LEVEL_FAIL);
    /* The levels stay. */
    ck_assert_int_eq(baseline_accept(&scene.baseline, scene.runs, 3, &scene.acceptance, &err), 0);
    ck_assert_int_eq(gate_metric(&scene.baseline, "cgroup_peak")->tolerance.level, LEVEL_OFF);
    release_scene(&scene);
}
END_TEST

START_TEST(bad_runs_are_refused)
{
    struct scene scene;
    set_scene(&scene, 800, 800, 800);
    refusals[_i].change(&scene);
    refuse_runs(&scene, refusals[_i].name, refusals[_i].message);
    release_scene(&scene);
}
END_TEST

START_TEST(nothing_to_accept_is_an_error)
{
    struct scene scene;
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    set_scene(&scene, 800, 800, 800);
    ck_assert_int_eq(baseline_accept(&scene.baseline, scene.runs, 0, &scene.acceptance, &err), -1);
    release_scene(&scene);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("baseline/accept");
    TCase *all = tcase_create("all");
    tcase_add_test(all, first_acceptance_has_the_defaults);
    tcase_add_test(all, lower_values_keep_tolerances_and_lower_the_anchor);
    tcase_add_test(all, anchor_follows_a_gain);
    tcase_add_test(all, anchor_of_an_unjudged_metric_stays);
    tcase_add_test(all, noise_is_no_raise);
    tcase_add_test(all, raise_needs_a_flag_and_a_reason);
    tcase_add_test(all, stage_raise_needs_a_flag_too);
    tcase_add_test(all, anchor_caps_many_small_raises);
    tcase_add_test(all, other_environment_is_added);
    tcase_add_test(all, renamed_stage_replaces_the_old_one);
    tcase_add_test(all, stage_may_be_too_brief_to_be_measured);
    tcase_add_test(all, off_metric_may_be_intermittent);
    tcase_add_test(all, warning_metric_may_be_noisy_and_above_its_anchor);
    tcase_add_test(all, off_metric_may_be_lost);
    tcase_add_test(all, first_acceptance_at_a_limit_judges_the_unreclaimable_peak);
    tcase_add_loop_test(all, bad_runs_are_refused, 0, sizeof refusals / sizeof *refusals);
    tcase_add_test(all, nothing_to_accept_is_an_error);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
