/* The judgement as a table: each row changes the good run, or the baseline, in one respect. */
#include "base/alloc.h"
#include "base/units.h"
#include "gate/judge.h"
#include "measurement/environment.h"
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
    int64_t headline[3]; /* of the runs, in MiB; 0 ends the list; none: one run of 800 */
    bool strict;
    enum verdict verdict;
    const char *metric; /* the check that is looked at */
    enum finding_status status;
    const char *says[4]; /* must stand in its message, or in the reason where there is no check */
};

/* --- what differs --- */

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
    /* MAD 25 MiB: 3 * 1.4826 * 25 = 111.2 MiB of slack */
    gate_set_values(gate_metric(&scene->baseline, "cgroup_peak"),
                    (int64_t[]){775 * MIB, 800 * MIB, 825 * MIB, 775 * MIB, 825 * MIB}, 5);
}

static void two_noisy_values(struct scene *scene)
{
    gate_set_values(gate_metric(&scene->baseline, "cgroup_peak"), (int64_t[]){700 * MIB, 900 * MIB},
                    2);
}

static void headline_warns(struct scene *scene)
{
    gate_metric(&scene->baseline, "cgroup_peak")->tolerance.level = LEVEL_WARN;
}

static void headline_off(struct scene *scene)
{
    gate_metric(&scene->baseline, "cgroup_peak")->tolerance.level = LEVEL_OFF;
}

static void hard_limit_850(struct scene *scene)
{
    gate_metric(&scene->baseline, "cgroup_peak")->tolerance.budget = 850 * MIB;
}

static void hard_limit_warns(struct scene *scene)
{
    hard_limit_850(scene);
    headline_warns(scene);
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

static void stage_gone(struct scene *scene)
{
    for (size_t i = 0; i < scene->run_count; i++) {
        struct stage_measurement *stage = gate_stage(&scene->runs[i], "build-deps");
        stage->first_ms = stage->last_ms = stage->pss_peak_bytes = UNMEASURED;
    }
}

static void stage_gone_from_one_run(struct scene *scene)
{
    gate_stage(&scene->runs[1], "build-deps")->first_ms = UNMEASURED;
}

/* Seen, but over too soon to be measured, or beside stages that precede it. */
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
    gate_stage(&scene->runs[1], "build-deps")->first_ms = UNMEASURED;
}

static void stage_renamed(struct scene *scene)
{
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

static void headline_not_in_baseline(struct scene *scene)
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

static void headline_not_measured(struct scene *scene)
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

static void killed_by_no_known_signal(struct scene *scene)
{
    build_killed(scene);
    scene->runs[0].build.signal = 120;
    gate_set(&scene->runs[0].label, NULL);
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

static void artifact_missing(struct scene *scene)
{
    scene->runs[0].checks[0].ok = false;
    gate_set(&scene->runs[0].checks[0].detail, "older than the build");
}

static void two_artifacts_missing(struct scene *scene)
{
    struct measurement *m = &scene->runs[0];
    for (size_t i = 0; i < 2; i++) {
        m->checks[i].required = true;
        m->checks[i].ok = false;
    }
    gate_set(&m->checks[0].path, NULL);
    gate_set(&m->checks[0].detail, NULL);
}

static void informative_artifact_missing(struct scene *scene)
{
    scene->runs[0].checks[1].ok = false;
}

static void at_limit(struct scene *scene)
{
    scene->runs[0].peak.at_limit = true;
    scene->runs[0].peak.limit_bytes = 800 * MIB;
    scene->baseline.environments[0].key.limit_bytes = 800 * MIB;
}

static void censored_and_off(struct scene *scene)
{
    at_limit(scene);
    headline_off(scene);
}

static void censored_without_entry(struct scene *scene)
{
    at_limit(scene);
    scene->baseline.environments[0].key.limit_bytes = UNMEASURED;
}

static void more_cpus(struct scene *scene)
{
    scene->runs[0].environment.cpus = 8;
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

/* --- the table --- */

#define HEADLINE "cgroup_peak"
#define DEPS "stage:build-deps"

/* clang-format off */
static const struct judge_case cases[] = {
    {"same as the baseline", nothing, {800}, false, VERDICT_PASS,
     HEADLINE, FINDING_PASS,
     {"cgroup_peak: 800.0 MiB, baseline 800.0 MiB, +0 B (+0.0 %), allowed up to 880.0 MiB"}},
    {"at the edge", nothing, {880}, false, VERDICT_PASS, HEADLINE, FINDING_PASS, {"+80.0 MiB"}},
    {"one byte over", one_byte_over, {0}, false, VERDICT_REGRESSED,
     HEADLINE, FINDING_FAILED,
     {"(+10.0 %), allowed up to 880.0 MiB; most of it: next build 400.0 MiB"}},
    {"at the lower edge", nothing, {720}, false, VERDICT_PASS, HEADLINE, FINDING_PASS, {NULL}},
    {"below it", one_byte_below_slack, {0}, false, VERDICT_IMPROVED,
     HEADLINE, FINDING_IMPROVED,
     {"-80.0 MiB (-10.0 %)",
      "improved by more than the tolerance of 80.0 MiB"}},
    {"the median below it, the highest not", nothing, {700, 710, 725}, false, VERDICT_IMPROVED,
     HEADLINE, FINDING_IMPROVED, {"710.0 MiB"}},
    {"below it, strict", one_byte_below_slack, {0}, true, VERDICT_REGRESSED,
     HEADLINE, FINDING_FAILED, {"improved", "--strict"}},
    {"same, strict", nothing, {800}, true, VERDICT_PASS, HEADLINE, FINDING_PASS, {NULL}},
    {"small: the absolute tolerance holds", small_baseline, {164}, false, VERDICT_PASS,
     HEADLINE, FINDING_PASS, {"allowed up to 164.0 MiB"}},
    {"small: over it", small_baseline, {165}, false, VERDICT_REGRESSED,
     HEADLINE, FINDING_FAILED, {NULL}},
    {"noise widens the slack", noisy_baseline, {911}, false, VERDICT_PASS,
     HEADLINE, FINDING_PASS, {"allowed up to 911.2 MiB"}},
    {"over the noise", noisy_baseline, {912}, false, VERDICT_REGRESSED,
     HEADLINE, FINDING_FAILED, {NULL}},
    {"two values have no MAD", two_noisy_values, {881}, false, VERDICT_REGRESSED,
     HEADLINE, FINDING_FAILED, {"baseline 800.0 MiB", "allowed up to 880.0 MiB"}},

    {"level warn", headline_warns, {1000}, false, VERDICT_PASS, HEADLINE, FINDING_WARNED, {NULL}},
    {"level warn, improved, strict", headline_warns, {500}, true, VERDICT_PASS,
     HEADLINE, FINDING_IMPROVED, {NULL}},
    {"level off", headline_off, {5000}, false, VERDICT_PASS,
     HEADLINE, FINDING_OFF, {"+4.10 GiB", "(reported only)"}},

    {"at the hard limit", hard_limit_850, {850}, false, VERDICT_PASS,
     HEADLINE, FINDING_PASS, {"allowed up to 850.0 MiB"}},
    {"over the hard limit", hard_limit_850, {851}, false, VERDICT_OVER_LIMIT,
     HEADLINE, FINDING_FAILED, {"over the hard limit of 850.0 MiB; most of it: next build"}},
    {"over both", hard_limit_850, {1000}, false, VERDICT_OVER_LIMIT,
     HEADLINE, FINDING_FAILED, {NULL}},
    {"hard limit: the highest run counts", hard_limit_850, {800, 805, 851}, false, VERDICT_OVER_LIMIT,
     HEADLINE, FINDING_FAILED, {"805.0 MiB (median of 3 runs: 800.0 MiB, 805.0 MiB, 851.0 MiB)"}},
    {"hard limit at level warn", hard_limit_warns, {851}, false, VERDICT_PASS,
     HEADLINE, FINDING_WARNED, {"over the hard limit"}},

    {"median of three within", nothing, {881, 860, 850}, false, VERDICT_PASS,
     HEADLINE, FINDING_PASS, {"860.0 MiB (median of 3 runs"}},
    {"median of three over", nothing, {890, 879, 885}, false, VERDICT_REGRESSED,
     HEADLINE, FINDING_FAILED, {"885.0 MiB (median"}},
    {"median of two is their mean", nothing, {850, 900}, false, VERDICT_PASS,
     HEADLINE, FINDING_PASS, {"875.0 MiB (median of 2 runs"}},
    {"spread as wide as the slack", nothing, {790, 820, 870}, false, VERDICT_PASS,
     HEADLINE, FINDING_PASS, {NULL}},
    {"spread wider than the slack", nothing, {790, 820, 871}, false, VERDICT_INCONCLUSIVE,
     HEADLINE, FINDING_FAILED, {"inconclusive", "spread wider than the tolerance of 80.0 MiB"}},
    {"spread wide, median over", nothing, {800, 900, 1000}, false, VERDICT_INCONCLUSIVE,
     HEADLINE, FINDING_FAILED, {"inconclusive"}},
    {"spread wide, but all over", nothing, {900, 1000, 1100}, false, VERDICT_REGRESSED,
     HEADLINE, FINDING_FAILED, {"allowed up to"}},
    {"spread wide, but all below", nothing, {500, 600, 700}, false, VERDICT_IMPROVED,
     HEADLINE, FINDING_IMPROVED, {NULL}},
    {"spread wide at level warn", headline_warns, {700, 800, 870}, false, VERDICT_PASS,
     HEADLINE, FINDING_PASS, {NULL}},

    {"stage over, level warn", stage_grew, {0}, false, VERDICT_PASS,
     DEPS, FINDING_WARNED,
     {"stage build-deps: 500.0 MiB, baseline 300.0 MiB, +200.0 MiB (+66.7 %), allowed up "
      "to 364.0 MiB; most of it: node nx ×3 210.0 MiB"}},
    {"stage over, level fail", stage_grew_and_fails, {0}, false, VERDICT_REGRESSED,
     DEPS, FINDING_FAILED, {"node nx ×3 210.0 MiB"}},
    {"stage below, level warn", stage_shrank, {0}, true, VERDICT_PASS,
     DEPS, FINDING_IMPROVED, {NULL}},
    {"stage gone, level warn", stage_gone, {0}, false, VERDICT_REGRESSED,
     DEPS, FINDING_MISSING,
     {"stage build-deps: not seen in this build, baseline 300.0 MiB",
      "build-mem baseline refresh"}},
    {"stage gone from one run", stage_gone_from_one_run, {800, 800}, false, VERDICT_REGRESSED,
     DEPS, FINDING_MISSING, {"seen in only 1 of 2 runs"}},
    {"stage too brief", stage_brief, {800, 800}, false, VERDICT_PASS,
     DEPS, FINDING_WARNED,
     {"stage build-deps: seen in this build, but not measured: it was over too soon",
      "baseline 300.0 MiB"}},
    {"stage too brief, level fail", stage_brief_and_fails, {0}, false, VERDICT_INCONCLUSIVE,
     DEPS, FINDING_FAILED, {"seen in this build, but not measured"}},
    {"stage too brief in one run", stage_brief_in_one_run, {800, 800}, false, VERDICT_PASS,
     DEPS, FINDING_PASS,
     {"stage build-deps: 300.0 MiB (measured in 1 of 2 runs: 300.0 MiB), baseline 300.0 MiB"}},
    {"stage too brief in one run, level fail", stage_brief_in_one_run_and_fails, {800, 800}, false,
     VERDICT_INCONCLUSIVE, DEPS, FINDING_FAILED, {"measured in only 1 of 2 runs: it was over"}},
    {"stage too brief in one run, over in the other", stage_brief_in_one_run_and_grew, {800, 800},
     false, VERDICT_REGRESSED, DEPS, FINDING_FAILED, {"measured in 1 of 2 runs: 500.0 MiB"}},
    {"stage too brief, or gone", stage_brief_or_gone, {800, 800}, false, VERDICT_REGRESSED,
     DEPS, FINDING_MISSING, {"seen in only 1 of 2 runs"}},
    {"stage renamed: gone", stage_renamed, {0}, false, VERDICT_REGRESSED,
     DEPS, FINDING_MISSING, {NULL}},
    {"stage renamed: new", stage_renamed, {0}, false, VERDICT_REGRESSED,
     "stage:deps", FINDING_MISSING, {"new stage deps"}},
    {"stage off and gone", off_stage_gone, {0}, false, VERDICT_PASS,
     "stage:setup", FINDING_OFF, {NULL}},
    {"new stage warns", stage_new, {0}, false, VERDICT_PASS,
     "stage:lint", FINDING_MISSING,
     {"new stage lint (40.0 MiB) is not in the baseline; accept it with build-mem baseline "
      "refresh"}},
    {"headline not in the baseline", headline_not_in_baseline, {0}, false, VERDICT_REGRESSED,
     HEADLINE, FINDING_MISSING, {"the baseline has no value for it"}},

    {"unreclaimable is off by default", nothing, {0}, false, VERDICT_PASS,
     "unreclaimable_peak", FINDING_OFF, {"500.0 MiB (reported only)"}},
    {"unreclaimable judged", unreclaimable_judged, {0}, false, VERDICT_REGRESSED,
     "unreclaimable_peak", FINDING_FAILED, {"500.0 MiB, baseline 400.0 MiB", "next build"}},
    {"unreclaimable judged, but lost", unreclaimable_lost, {0}, false, VERDICT_REGRESSED,
     "unreclaimable_peak", FINDING_MISSING, {"not measured in this build"}},
    {"slow, reported only", slow, {0}, false, VERDICT_PASS,
     "duration", FINDING_OFF, {"duration: 10m 00s, baseline 1m 00s, +9m 00s (+900.0 %)"}},
    {"slow, judged", slow_and_judged, {0}, false, VERDICT_REGRESSED,
     "duration", FINDING_FAILED, {"allowed up to 1m 30s"}},

    {"drift is not judged", drifted, {0}, false, VERDICT_PASS, HEADLINE, FINDING_PASS, {NULL}},
    {"more CPUs", more_cpus, {0}, false, VERDICT_NOT_COMPARABLE,
     HEADLINE, FINDING_MISSING, {"nothing to compare it with"}},
    {"more CPUs: reason", more_cpus, {0}, false, VERDICT_NOT_COMPARABLE,
     NULL, 0, {"b.json is of another environment: cpus: 8 here, 2 in the baseline"}},
    {"each run has an entry, but not the same", each_run_has_its_entry, {800, 800}, false,
     VERDICT_NOT_COMPARABLE, NULL, 0,
     {"the runs were measured in different environments"}},
    {"one run elsewhere", second_run_elsewhere, {800, 800}, false, VERDICT_NOT_COMPARABLE,
     NULL, 0, {"cpus: 8 here, 2 in the baseline"}},
    {"other source", other_source, {0}, false, VERDICT_NOT_COMPARABLE,
     NULL, 0, {"source: memory.current here, memory.peak in the baseline"}},
    {"source unknown", source_unknown, {0}, false, VERDICT_NOT_COMPARABLE,
     NULL, 0, {"source: unknown here"}},
    {"other image", other_image, {0}, false, VERDICT_NOT_COMPARABLE,
     NULL, 0, {"image: node:22 here, node:24-bookworm in the baseline"}},
    {"other architecture", other_architecture, {0}, false, VERDICT_NOT_COMPARABLE,
     NULL, 0, {"architecture: aarch64 here, x86_64 in the baseline"}},
    {"with a limit", limited, {0}, false, VERDICT_NOT_COMPARABLE,
     NULL, 0, {"memory limit: 2.00 GiB here, none in the baseline"}},
    {"limits that look alike", limit_off_by_a_page, {0}, false, VERDICT_NOT_COMPARABLE,
     NULL, 0, {"memory limit: 2147483648 bytes here, 2147487744 bytes in the baseline"}},
    {"empty baseline", empty_baseline, {0}, false, VERDICT_NO_BASELINE,
     NULL, 0, {"b.json has no accepted result"}},
    {"empty baseline: the check", empty_baseline, {0}, false, VERDICT_NO_BASELINE,
     HEADLINE, FINDING_MISSING, {"800.0 MiB"}},

    {"at_limit", at_limit, {0}, false, VERDICT_OVER_LIMIT,
     HEADLINE, FINDING_FAILED, {"it reached the memory limit"}},
    {"at_limit: reason", at_limit, {0}, false, VERDICT_OVER_LIMIT,
     NULL, 0, {"the peak of 800.0 MiB reached the memory limit of 800.0 MiB", "not known"}},
    {"at_limit, level off", censored_and_off, {0}, false, VERDICT_OVER_LIMIT, NULL, 0, {NULL}},
    {"at_limit, no entry", censored_without_entry, {0}, false, VERDICT_OVER_LIMIT, NULL, 0, {NULL}},

    {"build failed", build_failed, {0}, false, VERDICT_BUILD_FAILED,
     NULL, 0, {"the build failed with exit status 2"}},
    {"second build failed", second_build_failed, {800, 800}, false, VERDICT_BUILD_FAILED,
     NULL, 0, {"run 2 of 2: the build failed"}},
    {"failed and not measured", build_failed_unmeasured, {0}, false, VERDICT_BUILD_FAILED,
     NULL, 0, {"exit status 2"}},
    {"killed", build_killed, {0}, false, VERDICT_BUILD_FAILED, NULL, 0, {"signal 11, SIGSEGV"}},
    {"killed by no known signal", killed_by_no_known_signal, {0}, false, VERDICT_BUILD_FAILED,
     NULL, 0, {"ended by signal 120"}},
    {"OOM though exit 0", oom_but_exit_0, {0}, false, VERDICT_BUILD_FAILED,
     NULL, 0, {"ran out of memory", "limit of 700.0 MiB"}},
    {"timed out", timed_out, {0}, false, VERDICT_BUILD_FAILED, NULL, 0, {"timed out after 1m 00s"}},
    {"required artifact", artifact_missing, {0}, false, VERDICT_BUILD_FAILED,
     NULL, 0, {"artifact server/.next/BUILD_ID: older than the build"}},
    {"two required artifacts", two_artifacts_missing, {0}, false, VERDICT_BUILD_FAILED,
     NULL, 0, {"what it must: artifact: not found (and 1 more)"}},
    {"informative artifact", informative_artifact_missing, {0}, false, VERDICT_PASS,
     HEADLINE, FINDING_PASS, {NULL}},
    {"record broke off", record_broke_off, {0}, false, VERDICT_INCONCLUSIVE,
     NULL, 0, {"not measured: the probe's record broke off"}},
    {"end unknown", end_unknown, {0}, false, VERDICT_INCONCLUSIVE, NULL, 0, {"not known"}},
    {"no headline", headline_not_measured, {0}, false, VERDICT_INCONCLUSIVE,
     NULL, 0, {"the peak of the cgroup is missing"}},
    {"names from outside", control_characters, {0}, false, VERDICT_REGRESSED,
     HEADLINE, FINDING_FAILED, {"most of it: a b 400.0 MiB"}},
};
/* clang-format on */

static void set_scene(struct scene *scene, const struct judge_case *one)
{
    *scene = (struct scene){0};
    gate_baseline(&scene->baseline);
    do {
        int64_t mib = one->headline[scene->run_count] ? one->headline[scene->run_count] : 800;
        gate_run(&scene->runs[scene->run_count++], "now", mib * MIB);
    } while (scene->run_count < 3 && one->headline[scene->run_count]);
    one->change(scene);
}

static void release_scene(struct scene *scene)
{
    gate_release_runs(scene->runs, scene->run_count);
    baseline_release(&scene->baseline);
}

static const struct finding *find_check(const struct judgement *judgement, const char *metric)
{
    for (size_t i = 0; i < judgement->finding_count; i++)
        if (strcmp(judgement->findings[i].metric, metric) == 0)
            return &judgement->findings[i];
    return NULL;
}

static void check_texts(const struct judge_case *one, const char *text)
{
    for (size_t i = 0; i < 4 && one->says[i]; i++)
        ck_assert_msg(text && strstr(text, one->says[i]), "%s: \"%s\" lacks \"%s\"", one->name,
                      text ? text : "(null)", one->says[i]);
}

START_TEST(judges_as_the_table_says)
{
    const struct judge_case *one = &cases[_i];
    struct scene scene;
    struct judgement judgement;
    set_scene(&scene, one);
    judgement_init(&judgement);
    judge(&scene.baseline, "b.json", scene.runs, scene.run_count, one->strict, &judgement);

    ck_assert_msg(judgement.verdict == one->verdict, "%s: %s (%s), not %s", one->name,
                  verdict_name(judgement.verdict), judgement.reason ? judgement.reason : "",
                  verdict_name(one->verdict));
    ck_assert_msg((judgement.reason == NULL) == (one->verdict == VERDICT_PASS), "%s: reason: %s",
                  one->name, judgement.reason ? judgement.reason : "(null)");
    if (one->metric) {
        const struct finding *check = find_check(&judgement, one->metric);
        ck_assert_msg(check != NULL, "%s: no check of %s", one->name, one->metric);
        ck_assert_msg(check->status == one->status, "%s: %s is %s: %s", one->name, one->metric,
                      finding_status_name(check->status), check->message);
        check_texts(one, check->message);
    } else {
        check_texts(one, judgement.reason);
    }
    judgement_release(&judgement);
    release_scene(&scene);
}
END_TEST

/* One case's judgement; released by the caller together with the scene. */
static void judge_scene(struct scene *scene, void (*change)(struct scene *),
                        struct judgement *judgement)
{
    set_scene(scene, &(struct judge_case){.change = change});
    judgement_init(judgement);
    judge(&scene->baseline, "b.json", scene->runs, scene->run_count, false, judgement);
}

START_TEST(check_carries_its_figures)
{
    struct scene scene;
    struct judgement judgement;
    judge_scene(&scene, one_byte_over, &judgement);
    const struct finding *check = find_check(&judgement, HEADLINE);
    ck_assert_str_eq(check->unit, "bytes");
    ck_assert_int_eq(check->level, LEVEL_FAIL);
    ck_assert_int_eq(check->baseline, 800 * MIB);
    ck_assert_int_eq(check->allowed, 880 * MIB);
    ck_assert_int_eq(check->actual, 880 * MIB + 1);
    ck_assert_int_eq(check->delta, 80 * MIB + 1);
    ck_assert_uint_eq(check->value_count, 1);
    ck_assert_int_eq(check->values[0], 880 * MIB + 1);
    ck_assert(!check->over_budget);
    ck_assert_str_eq(judgement.reason, check->message);
    ck_assert_str_eq(judgement.baseline_path, "b.json");
    ck_assert_ptr_nonnull(strstr(judgement.advice, "build-mem baseline refresh --baseline b.json "
                                                   "--allow-increase --reason TEXT"));
    judgement_release(&judgement);
    release_scene(&scene);
}
END_TEST

START_TEST(hard_limit_is_told_apart)
{
    struct scene scene;
    struct judgement judgement;
    set_scene(&scene, &(struct judge_case){.change = hard_limit_850, .headline = {851}});
    judgement_init(&judgement);
    judge(&scene.baseline, "b.json", scene.runs, 1, false, &judgement);
    ck_assert(find_check(&judgement, HEADLINE)->over_budget);
    ck_assert(!find_check(&judgement, DEPS)->over_budget);
    ck_assert_int_eq(find_check(&judgement, HEADLINE)->allowed, 850 * MIB);
    judgement_release(&judgement);
    release_scene(&scene);

    judge_scene(&scene, at_limit, &judgement);
    ck_assert(find_check(&judgement, HEADLINE)->over_budget);
    judgement_release(&judgement);
    release_scene(&scene);
}
END_TEST

/* Of several runs the highest has the process to blame. */
START_TEST(culprit_is_of_the_highest_run)
{
    struct scene scene;
    struct judgement judgement;
    set_scene(&scene, &(struct judge_case){.change = nothing, .headline = {900, 930, 910}});
    gate_set(&scene.runs[1].peak.at_peak.processes[0].name, "leaky");
    judgement_init(&judgement);
    judge(&scene.baseline, "b.json", scene.runs, 3, false, &judgement);
    ck_assert_ptr_nonnull(strstr(judgement.reason, "most of it: leaky 400.0 MiB"));
    judgement_release(&judgement);
    release_scene(&scene);
}
END_TEST

START_TEST(missing_figures_are_unmeasured)
{
    struct scene scene;
    struct judgement judgement;
    judge_scene(&scene, stage_gone, &judgement);
    const struct finding *check = find_check(&judgement, DEPS);
    ck_assert_int_eq(check->actual, UNMEASURED);
    ck_assert_uint_eq(check->value_count, 0);
    ck_assert_int_eq(check->level, LEVEL_WARN);
    judgement_release(&judgement);
    release_scene(&scene);

    judge_scene(&scene, stage_new, &judgement);
    check = find_check(&judgement, "stage:lint");
    ck_assert_int_eq(check->baseline, UNMEASURED);
    ck_assert_int_eq(check->allowed, UNMEASURED);
    ck_assert_int_eq(check->level, LEVEL_WARN);
    judgement_release(&judgement);
    release_scene(&scene);
}
END_TEST

START_TEST(reason_counts_the_others)
{
    struct scene scene;
    struct judgement judgement;
    set_scene(&scene, &(struct judge_case){.change = stage_grew_and_fails, .headline = {1000}});
    judgement_init(&judgement);
    judge(&scene.baseline, "b.json", scene.runs, 1, false, &judgement);
    ck_assert_int_eq(judgement.verdict, VERDICT_REGRESSED);
    ck_assert_ptr_nonnull(strstr(judgement.reason, "cgroup_peak: 1000.0 MiB"));
    ck_assert_ptr_nonnull(strstr(judgement.reason, "(and 1 more)"));
    judgement_release(&judgement);
    release_scene(&scene);
}
END_TEST

static void stage_fails_beside_an_improvement(struct scene *scene)
{
    one_byte_below_slack(scene);
    stage_grew_and_fails(scene);
}

static void required_and_informative_missing(struct scene *scene)
{
    artifact_missing(scene);
    informative_artifact_missing(scene);
}

START_TEST(reason_counts_only_what_is_alike)
{
    static void (*const changes[])(struct scene *) = {stage_fails_beside_an_improvement,
                                                      required_and_informative_missing};
    for (size_t i = 0; i < 2; i++) {
        struct scene scene;
        struct judgement judgement;
        judge_scene(&scene, changes[i], &judgement);
        ck_assert_int_ne(verdict_exit_status(judgement.verdict), 0);
        ck_assert_ptr_null(strstr(judgement.reason, " more)"));
        judgement_release(&judgement);
        release_scene(&scene);
    }
}
END_TEST

START_TEST(improvement_names_the_command_to_bank_it)
{
    struct scene scene;
    struct judgement judgement;
    judge_scene(&scene, one_byte_below_slack, &judgement);
    ck_assert_ptr_nonnull(strstr(judgement.advice, "build-mem baseline refresh --baseline b.json"));
    judgement_release(&judgement);
    release_scene(&scene);
}
END_TEST

/* A build that got little CPU has a lower peak: told from twice and 30 s on, where that may have
 * made the verdict. */
START_TEST(unlike_durations_are_noted)
{
    static const struct {
        void (*change)(struct scene *);
        int64_t then_ms, now_ms;
        const char *said;
    } durations[] = {
        {nothing, 60000, 150000, NULL},
        {one_byte_over, 60000, 150001, NULL},
        {nothing, 60000, 150001,
         "took 2m 30s, in the baseline 1m 00s: a build that gets little CPU has a lower peak; "
         "measure it where nothing else runs, else a growth may not show"},
        {one_byte_over, 150000, 60000, NULL},
        {nothing, 150001, 60000, NULL},
        {one_byte_over, 150001, 60000,
         "took 1m 00s, in the baseline 2m 30s: a build that gets little CPU has a lower peak; "
         "where that was the baseline, record it anew"},
        {nothing, 60000, UNMEASURED, NULL},
    };
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
        struct scene scene;
        struct judgement judgement;
        set_scene(&scene, &(struct judge_case){.change = durations[i].change});
        gate_set_values(gate_metric(&scene.baseline, "duration"), &durations[i].then_ms, 1);
        scene.runs[0].build.duration_ms = durations[i].now_ms;
        judgement_init(&judgement);
        judge(&scene.baseline, "b.json", scene.runs, 1, false, &judgement);
        ck_assert_uint_eq(judgement.notes.count, durations[i].said ? 1 : 0);
        if (durations[i].said)
            ck_assert_str_eq(judgement.notes.items[0], durations[i].said);
        judgement_release(&judgement);
        release_scene(&scene);
    }
}
END_TEST

/* The baseline says where it was measured: what is another now is told beside any verdict. */
START_TEST(drift_is_noted)
{
    static const char said[] = "drifted since the baseline was measured: kernel: 6.1.0, then 6.99; "
                               "NODE_OPTIONS: -a, then not set; GOMAXPROCS: not set, then 2";
    for (size_t with_drift = 0; with_drift < 2; with_drift++) {
        struct scene scene;
        struct judgement judgement;
        set_scene(&scene, &(struct judge_case){.change = one_byte_over});
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
        judgement_init(&judgement);
        judge(&scene.baseline, "b.json", scene.runs, 1, false, &judgement);
        ck_assert_int_eq(judgement.verdict, VERDICT_REGRESSED);
        ck_assert_uint_eq(judgement.notes.count, with_drift);
        if (with_drift)
            ck_assert_str_eq(judgement.notes.items[0], said);
        judgement_release(&judgement);
        release_scene(&scene);
    }
}
END_TEST

START_TEST(several_environments_name_the_nearest)
{
    struct scene scene;
    struct judgement judgement;
    struct baseline other;
    set_scene(&scene, &(struct judge_case){.change = other_image});
    gate_baseline(&other);
    gate_set(&other.environments[0].key.source, "memory.current");
    other.environments[0].key.cpus = 64;
    scene.baseline.environments =
        xgrow(scene.baseline.environments, scene.baseline.count, sizeof *other.environments);
    scene.baseline.environments[scene.baseline.count++] = other.environments[0];
    free(other.environments);

    judgement_init(&judgement);
    judge(&scene.baseline, "b.json", scene.runs, 1, false, &judgement);
    ck_assert_int_eq(judgement.verdict, VERDICT_NOT_COMPARABLE);
    ck_assert_str_eq(judgement.reason,
                     "none of the 2 environments in b.json is this one; the nearest differs: "
                     "image: node:22 here, node:24-bookworm in the baseline");
    judgement_release(&judgement);

    /* A second entry that does match is found. */
    gate_set(&scene.baseline.environments[1].key.source, "memory.peak");
    gate_set(&scene.baseline.environments[1].key.image, "node:22");
    scene.baseline.environments[1].key.cpus = 2;
    judgement_init(&judgement);
    judge(&scene.baseline, "b.json", scene.runs, 1, false, &judgement);
    ck_assert_int_eq(judgement.verdict, VERDICT_PASS);
    judgement_release(&judgement);
    release_scene(&scene);
}
END_TEST

START_TEST(alone_passes_or_says_why_not)
{
    static const struct {
        void (*change)(struct scene *scene);
        enum verdict verdict;
    } alone[] = {
        {nothing, VERDICT_PASS},
        {build_failed, VERDICT_BUILD_FAILED},
        {artifact_missing, VERDICT_BUILD_FAILED},
        {record_broke_off, VERDICT_INCONCLUSIVE},
        {headline_not_measured, VERDICT_INCONCLUSIVE},
        {at_limit, VERDICT_PASS},
    };
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++) {
        struct scene scene;
        struct judgement judgement;
        set_scene(&scene, &(struct judge_case){.change = alone[i].change});
        judgement_init(&judgement);
        judge_alone(scene.runs, scene.run_count, &judgement);
        ck_assert_int_eq(judgement.verdict, alone[i].verdict);
        ck_assert_ptr_null(judgement.baseline_path);
        ck_assert_uint_eq(judgement.finding_count, 0);
        ck_assert((judgement.reason == NULL) == (alone[i].verdict == VERDICT_PASS));
        if (alone[i].change == at_limit)
            ck_assert_ptr_nonnull(strstr(judgement.advice, "--memory"));
        judgement_release(&judgement);
        release_scene(&scene);
    }
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

START_TEST(json_has_every_fact)
{
    struct scene scene;
    struct judgement judgement;
    judge_scene(&scene, stage_gone, &judgement);
    strv_push(&judgement.notes, "measured again");
    char *json = result_to_json(&scene.runs[0], &judgement, 1);
    static const char *const parts[] = {
        "\"baseline\":\t\"b.json\"",
        "\"verdict\":\t\"regressed\"",
        "\"metric\":\t\"cgroup_peak\"",
        "\"unit\":\t\"bytes\"",
        "\"level\":\t\"fail\"",
        "\"status\":\t\"pass\"",
        "\"baseline\":\t838860800",
        "\"allowed\":\t922746880",
        "\"actual\":\t838860800",
        "\"delta\":\t0",
        "\"values\":\t[838860800]",
        "\"over_budget\":\tfalse",
        "\"metric\":\t\"stage:build-deps\"",
        "\"status\":\t\"missing\"",
        "\"actual\":\tnull",
        "\"delta\":\tnull",
        "\"values\":\t[]",
        "\"notes\":\t[\"measured again\"]",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        ck_assert_msg(strstr(json, parts[i]) != NULL, "%s lacks %s", json, parts[i]);
    free(json);
    judgement_release(&judgement);
    release_scene(&scene);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gate/judge");
    TCase *table = tcase_create("table");
    tcase_add_loop_test(table, judges_as_the_table_says, 0, sizeof cases / sizeof *cases);
    suite_add_tcase(suite, table);
    TCase *rest = tcase_create("rest");
    tcase_add_test(rest, check_carries_its_figures);
    tcase_add_test(rest, hard_limit_is_told_apart);
    tcase_add_test(rest, culprit_is_of_the_highest_run);
    tcase_add_test(rest, missing_figures_are_unmeasured);
    tcase_add_test(rest, reason_counts_the_others);
    tcase_add_test(rest, reason_counts_only_what_is_alike);
    tcase_add_test(rest, improvement_names_the_command_to_bank_it);
    tcase_add_test(rest, drift_is_noted);
    tcase_add_test(rest, unlike_durations_are_noted);
    tcase_add_test(rest, several_environments_name_the_nearest);
    tcase_add_test(rest, alone_passes_or_says_why_not);
    tcase_add_test(rest, exit_status_by_verdict);
    tcase_add_test(rest, json_has_every_fact);
    suite_add_tcase(suite, rest);
    return run_suite(suite);
}
