/* check --relative: the interval of a ratio, the verdict of two builds, and its error rates on
 * stored runs of a real build. */
#include "base/alloc.h"
#include "base/units.h"
#include "gate/ratio.h"
#include "gate/relative.h"
#include "measurement/metric.h"
#include "result/result.h"
#include "unit/gate_sample.h"
#include "unit/suite.h"

#include <string.h>

#define COUNT(values) (sizeof(values) / sizeof *(values))

/* ---- the interval ---- */

/* With 2 and 3 runs of each, all quotients count; with 4, the lowest and the highest one do not. */
START_TEST(the_interval_is_that_of_hodges_and_lehmann)
{
    const int64_t base[] = {100, 100, 100, 100}, values[] = {110, 104, 102, 103};
    struct ratio two = ratio_of(base, 2, values, 2);
    ck_assert_double_eq(two.lowest, 1.04);
    ck_assert_double_eq(two.highest, 1.10);
    struct ratio three = ratio_of(base, 3, values, 3);
    ck_assert_double_eq(three.lowest, 1.02);
    ck_assert_double_eq(three.highest, 1.10);
    /* With 5 runs of each, 4 of 25 quotients are left out at each end. */
    const int64_t five[] = {1, 10, 100, 1000, 10000}, ones[] = {1, 1, 1, 1, 1};
    struct ratio outer = ratio_of(ones, 5, five, 5);
    ck_assert_double_eq(outer.lowest, 1);
    ck_assert_double_eq(outer.highest, 10000);
    /* One outlier among 6 runs of each does not matter: 7 of 36 quotients are left out. */
    const int64_t outlier[] = {100, 101, 102, 103, 104, 900},
                  equal[] = {100, 100, 100, 100, 100, 100};
    struct ratio robust = ratio_of(equal, 6, outlier, 6);
    ck_assert_double_eq(robust.lowest, 1.01);
    ck_assert_double_eq(robust.highest, 1.04);
    struct ratio one = ratio_of(base, 1, values, 1);
    ck_assert_double_eq(one.lowest, one.highest);
}
END_TEST

START_TEST(the_whole_interval_decides)
{
    ck_assert_int_eq(ratio_position((struct ratio){1.051, 1.2}, 0.05), RATIO_ABOVE);
    ck_assert_int_eq(ratio_position((struct ratio){1.049, 1.2}, 0.05), RATIO_ACROSS);
    ck_assert_int_eq(ratio_position((struct ratio){0.9, 1.051}, 0.05), RATIO_ACROSS);
    ck_assert_int_eq(ratio_position((struct ratio){0.9, 1.049}, 0.05), RATIO_WITHIN);
    ck_assert_int_eq(ratio_position((struct ratio){0.9, 0.949}, 0.05), RATIO_BELOW);
    ck_assert_int_eq(ratio_position((struct ratio){0.9, 0.951}, 0.05), RATIO_WITHIN);
}
END_TEST

/* ---- the verdict ---- */

#define MOST RELATIVE_MOST_RUNS
/* Two builds with 2 runs each, of 800 MiB. A scene changes one thing. */
struct scene {
    struct measurement base[MOST], runs[MOST];
    size_t base_count, count;
    struct budgets budgets;
};

static void set_peaks(struct measurement *runs, const int64_t *mib, size_t count)
{
    for (size_t i = 0; i < count; i++)
        runs[i].peak.cgroup_bytes = mib[i] * MIB;
}
#define PEAKS(runs, ...)                                                                           \
    set_peaks(runs, (int64_t[]){__VA_ARGS__}, sizeof(int64_t[]){__VA_ARGS__} / sizeof(int64_t))

static void nothing(struct scene *scene)
{
    (void)scene;
}
static void grew(struct scene *scene)
{
    PEAKS(scene->runs, 860, 864);
}
static void shrank(struct scene *scene)
{
    PEAKS(scene->runs, 700, 710);
}
static void scatters(struct scene *scene)
{
    PEAKS(scene->runs, 800, 900);
}
/* 40 MiB are 5 %, and 32 MiB the least tolerance. */
static void grew_by_less_than_the_least(struct scene *scene)
{
    PEAKS(scene->base, 100, 100);
    PEAKS(scene->runs, 131, 131);
}
static void build_failed(struct scene *scene)
{
    scene->runs[1].build.exit_code = 2;
}
static void base_failed(struct scene *scene)
{
    scene->base[0].build.exit_code = 2;
}
static void base_is_missing(struct scene *scene)
{
    scene->base_count = 0;
}
static void set_limit(struct measurement *m)
{
    gate_add_constraint(m, "/build", 0, m->peak.cgroup_bytes);
    m->peak.at_limit = m->peak.unreclaimable_at_limit = true;
}
static void at_limit(struct scene *scene)
{
    set_limit(&scene->runs[0]);
}
static void base_at_limit(struct scene *scene)
{
    set_limit(&scene->base[0]);
}
static void other_environment(struct scene *scene)
{
    gate_set(&scene->base[1].environment.image, "node:22-bookworm");
}
static void over_budget(struct scene *scene)
{
    budgets_add(&scene->budgets, METRIC_CGROUP_PEAK, 799 * MIB);
}
static void unknown_budget(struct scene *scene)
{
    budgets_add(&scene->budgets, METRIC_STAGE_PREFIX "none", 799 * MIB);
}
static void in_budget(struct scene *scene)
{
    budgets_add(&scene->budgets, METRIC_CGROUP_PEAK, 801 * MIB);
}
static void stage_is_new(struct scene *scene)
{
    gate_add_stage(&scene->runs[0], "added", 100 * MIB);
    gate_add_stage(&scene->base[0], "gone", 100 * MIB);
}
static void set_stage(struct measurement *m, int64_t mib)
{
    gate_stage(m, "build-deps")->unreclaimable_peak_bytes = mib * MIB;
}
static void stage_grew_for_the_kernel(struct scene *scene)
{
    for (size_t i = 0; i < scene->count; i++) {
        set_stage(&scene->base[i], 700);
        set_stage(&scene->runs[i], 756);
    }
}
static void stage_scatters(struct scene *scene)
{
    for (size_t i = 0; i < scene->count; i++)
        set_stage(&scene->base[i], 700);
    set_stage(&scene->runs[0], 700);
    set_stage(&scene->runs[1], 770);
}
/* A scan can miss a short stage: then it does not count. */
static void stage_was_missed_once(struct scene *scene)
{
    stage_grew_for_the_kernel(scene);
    gate_stage(&scene->base[0], "build-deps")->unreclaimable_peak_bytes = UNMEASURED;
}
static void stage_was_missed_once_here(struct scene *scene)
{
    stage_grew_for_the_kernel(scene);
    gate_stage(&scene->runs[0], "build-deps")->unreclaimable_peak_bytes = UNMEASURED;
}
/* The figure of "setup" depends on the moments of the samples. */
static void setup_grew_for_the_kernel(struct scene *scene)
{
    stage_grew_for_the_kernel(scene);
    for (size_t i = 0; i < scene->count; i++) {
        gate_set(&gate_stage(&scene->base[i], "build-deps")->name, "setup");
        gate_set(&gate_stage(&scene->runs[i], "build-deps")->name, "setup");
    }
}
/* A gain in a stage does not decide for a peak that is undecided. */
static void stage_shrank_and_peak_scatters(struct scene *scene)
{
    scatters(scene);
    for (size_t i = 0; i < scene->count; i++) {
        set_stage(&scene->base[i], 700);
        set_stage(&scene->runs[i], 500);
    }
}
/* In one cgroup whose counter cannot be reset, only a run above all earlier ones has an exact peak.
 */
static void is_within_by_bounds(struct scene *scene)
{
    PEAKS(scene->base, 800, 780);
    PEAKS(scene->runs, 790, 770);
    gate_bound_peak(&scene->base[1], 800 * MIB);
    gate_bound_peak(&scene->runs[0], 800 * MIB);
    gate_bound_peak(&scene->runs[1], 800 * MIB);
}
/* All runs of the base came first, as bisect can measure them. */
static void grew_by_bounds(struct scene *scene)
{
    PEAKS(scene->base, 800, 790);
    PEAKS(scene->runs, 900, 890);
    gate_bound_peak(&scene->base[1], 800 * MIB);
    gate_bound_peak(&scene->runs[1], 900 * MIB);
}
/* The second run of the base came last, as check --relative measures it. */
static void bounds_are_too_wide(struct scene *scene)
{
    grew_by_bounds(scene);
    scene->base[1].peak.at_most_bytes = 900 * MIB;
}
static void estimate_without_bounds(struct scene *scene)
{
    gate_bound_peak(&scene->runs[1], UNMEASURED);
}
/* All are estimates alike, and are compared as such. */
static void estimates(struct scene *scene)
{
    for (size_t i = 0; i < scene->count; i++) {
        gate_bound_peak(&scene->base[i], 1500 * MIB);
        gate_bound_peak(&scene->runs[i], 1500 * MIB);
    }
}
static void stage_grew(struct scene *scene)
{
    for (size_t i = 0; i < scene->count; i++)
        gate_stage(&scene->runs[i], "build-deps")->pss_peak_bytes = 500 * MIB;
}

static const struct {
    void (*change)(struct scene *scene);
    enum verdict verdict;
    const char *reason; /* a part of it */
    bool rerun;
} scenes[] = {
    {nothing, VERDICT_PASS, NULL, false},
    {grew, VERDICT_REGRESSED, "grew by 62.0 MiB (+7.8 %) to 862.0 MiB (between +7.5 % and +8.0 %)",
     true}, /* two runs of each are too few to fail */
    {shrank, VERDICT_IMPROVED, "shrank by 95.0 MiB", false},
    {scatters, VERDICT_INCONCLUSIVE, "(between +0.0 % and +12.5 %)", true},
    {grew_by_less_than_the_least, VERDICT_PASS, NULL, false},
    {build_failed, VERDICT_BUILD_FAILED, "exit status 2", false},
    {base_failed, VERDICT_INCONCLUSIVE, "in the merge base: ", false},
    {base_is_missing, VERDICT_INCONCLUSIVE, "only one", false},
    {at_limit, VERDICT_OVER_LIMIT, "limit", false},
    {base_at_limit, VERDICT_INCONCLUSIVE, "in the merge base: ", false},
    {other_environment, VERDICT_NOT_COMPARABLE, "node:22-bookworm in the merge base", false},
    {is_within_by_bounds, VERDICT_PASS, NULL, false},
    {grew_by_bounds, VERDICT_REGRESSED,
     "cgroup_peak is between 890.0 MiB and 900.0 MiB, and in the merge base between 790.0 MiB and "
     "800.0 MiB (between +11.3 % and +13.9 %); +5.0 % is allowed",
     true},
    {bounds_are_too_wide, VERDICT_INCONCLUSIVE,
     "(between -1.1 % and +13.9 %); the bounds of the runs are too far apart for a verdict; +5.0 % "
     "is allowed",
     false},
    {estimate_without_bounds, VERDICT_NOT_COMPARABLE, "memory.current here", false},
    {estimates, VERDICT_PASS, NULL, false},
    {over_budget, VERDICT_OVER_LIMIT, "exceeds the budget", false},
    {in_budget, VERDICT_PASS, NULL, false},
    {unknown_budget, VERDICT_INCONCLUSIVE, "budget", false},
    {stage_is_new, VERDICT_PASS, NULL, false},
    {stage_grew, VERDICT_PASS, NULL, false},
    {stage_grew_for_the_kernel, VERDICT_REGRESSED, "build-deps grew by 56.0 MiB (+8.0 %)", true},
    {stage_scatters, VERDICT_PASS, NULL, true},
    {stage_was_missed_once, VERDICT_PASS, NULL, false},
    {stage_was_missed_once_here, VERDICT_PASS, NULL, false},
    {setup_grew_for_the_kernel, VERDICT_PASS, NULL, false},
    {stage_shrank_and_peak_scatters, VERDICT_INCONCLUSIVE, "(between +0.0 % and +12.5 %)", true},
};

static void open_scene(struct scene *scene)
{
    *scene = (struct scene){.base_count = 2, .count = 2};
    for (size_t i = 0; i < MOST; i++) {
        gate_run(&scene->base[i], "base", 800 * MIB);
        gate_run(&scene->runs[i], "run", 800 * MIB);
    }
}

static void close_scene(struct scene *scene)
{
    gate_release_runs(scene->base, MOST);
    gate_release_runs(scene->runs, MOST);
    budgets_release(&scene->budgets);
}

START_TEST(each_scene_has_its_verdict)
{
    struct scene scene;
    struct judgement judgement CLEANUP(judgement_release);
    judgement_init(&judgement);
    open_scene(&scene);
    scenes[_i].change(&scene);
    const struct relative_runs both = {scene.base, scene.base_count, scene.runs, scene.count};
    judge_relative(&both, &scene.budgets, &judgement);
    const char *reason = judgement.reason ? judgement.reason : "";
    ck_assert_msg(judgement.verdict == scenes[_i].verdict, "scene %d: %s: %s", _i,
                  verdict_name(judgement.verdict), reason);
    ck_assert_msg(!scenes[_i].reason || strstr(reason, scenes[_i].reason), "scene %d: %s", _i,
                  reason);
    ck_assert_int_eq(scenes[_i].reason != NULL, judgement.reason != NULL);
    char *rerun CLEANUP(cleanup_free) = relative_rerun_reason(&both);
    ck_assert_int_eq(rerun != NULL, scenes[_i].rerun);
    close_scene(&scene);
}
END_TEST

/* In one cgroup in which nothing else runs: an exact peak exceeds the counter, and an estimate has
 * the counter as its bound, more than 1 % above the highest sample. */
START_TEST(bounds_of_the_scenes_can_occur)
{
    static const struct {
        void (*change)(struct scene *scene);
        bool base_first; /* else the base is measured first and last */
    } table[] = {
        {is_within_by_bounds, false}, {grew_by_bounds, true}, {bounds_are_too_wide, false}};
    for (size_t i = 0; i < COUNT(table); i++) {
        struct scene scene;
        open_scene(&scene);
        table[i].change(&scene);
        const struct measurement *base = scene.base, *runs = scene.runs;
        const struct measurement *const order[] = {
            &base[0], table[i].base_first ? &base[1] : &runs[0],
            table[i].base_first ? &runs[0] : &runs[1], table[i].base_first ? &runs[1] : &base[1]};
        int64_t counter = 0;
        for (size_t k = 0; k < COUNT(order); k++) {
            const struct peak *peak = &order[k]->peak;
            ck_assert_msg(peak->estimated ? peak->at_most_bytes == counter &&
                                                peak->cgroup_bytes < counter - counter / 100
                                          : peak->cgroup_bytes > counter,
                          "scene %zu, run %zu", i, k);
            counter = peak->estimated ? counter : peak->cgroup_bytes;
        }
        close_scene(&scene);
    }
}
END_TEST

static const struct finding *finding_of(const struct judgement *judgement, const char *metric)
{
    for (size_t i = 0; i < judgement->finding_count; i++)
        if (strcmp(judgement->findings[i].metric, metric) == 0)
            return &judgement->findings[i];
    ck_abort_msg("no finding for %s", metric);
}

START_TEST(findings_have_both_sides)
{
    struct scene scene;
    struct judgement judgement CLEANUP(judgement_release);
    judgement_init(&judgement);
    open_scene(&scene);
    stage_is_new(&scene);
    stage_grew(&scene);
    grew(&scene);
    const struct relative_runs both = {scene.base, scene.base_count, scene.runs, scene.count};
    judge_relative(&both, &scene.budgets, &judgement);
    const struct finding *peak = finding_of(&judgement, METRIC_CGROUP_PEAK);
    ck_assert_int_eq(peak->baseline, 800 * MIB);
    ck_assert_int_eq(peak->actual, 862 * MIB);
    ck_assert_int_eq(peak->allowed, 840 * MIB);
    ck_assert_int_eq(peak->status, FINDING_FAILED);
    ck_assert_ptr_nonnull(peak->largest);
    ck_assert_int_eq(finding_of(&judgement, METRIC_DURATION)->status, FINDING_OFF);
    /* A stage is a warning. */
    ck_assert_int_eq(finding_of(&judgement, "stage:build-deps")->status, FINDING_WARNED);
    const struct finding *added = finding_of(&judgement, "stage:added");
    ck_assert_int_eq(added->status, FINDING_MISSING);
    ck_assert_int_eq(added->baseline, UNMEASURED);
    const struct finding *gone = finding_of(&judgement, "stage:gone");
    ck_assert_int_eq(gone->status, FINDING_MISSING);
    ck_assert_int_eq(gone->actual, UNMEASURED);
    close_scene(&scene);
}
END_TEST

/* A budget above the tolerance allows no more than the tolerance does. */
START_TEST(the_lower_of_budget_and_tolerance_is_allowed)
{
    static const int64_t budgets[] = {830 * MIB, 900 * MIB};
    static const int64_t allowed[] = {830 * MIB, 840 * MIB};
    struct scene scene;
    struct judgement judgement CLEANUP(judgement_release);
    judgement_init(&judgement);
    open_scene(&scene);
    budgets_add(&scene.budgets, METRIC_CGROUP_PEAK, budgets[_i]);
    const struct relative_runs both = {scene.base, scene.base_count, scene.runs, scene.count};
    judge_relative(&both, &scene.budgets, &judgement);
    const struct finding *peak = finding_of(&judgement, METRIC_CGROUP_PEAK);
    ck_assert_int_eq(peak->budget, budgets[_i]);
    ck_assert_int_eq(peak->allowed, allowed[_i]);
    close_scene(&scene);
}
END_TEST

/* At a limit that holds page cache only, the unreclaimable memory is judged. */
START_TEST(a_peak_that_was_cut_off_is_not_judged)
{
    struct scene scene;
    struct judgement judgement CLEANUP(judgement_release);
    judgement_init(&judgement);
    open_scene(&scene);
    set_limit(&scene.base[0]);
    scene.base[0].peak.unreclaimable_at_limit = false;
    for (size_t i = 0; i < scene.count; i++)
        scene.runs[i].peak.unreclaimable_bytes += 100 * MIB;
    const struct relative_runs both = {scene.base, scene.base_count, scene.runs, scene.count};
    judge_relative(&both, &scene.budgets, &judgement);
    ck_assert_int_eq(finding_of(&judgement, METRIC_CGROUP_PEAK)->status, FINDING_OFF);
    ck_assert_int_eq(finding_of(&judgement, METRIC_UNRECLAIMABLE_PEAK)->status, FINDING_FAILED);
    ck_assert_int_eq(judgement.verdict, VERDICT_REGRESSED);
    close_scene(&scene);
}
END_TEST

/* ---- error rates ---- */

#define POOL 24 /* at most */
static struct measurement pool[POOL];
static size_t pool_count;

static void add_to_pool(const char *path)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    ck_assert_uint_lt(pool_count, POOL);
    ck_assert_msg(result_read_measurement(path, &pool[pool_count++], &err) == 0, "%s", err.message);
}

/* The same numbers on every machine. */
static uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

static void grow(int64_t *bytes, double growth)
{
    *bytes = (int64_t)((double)*bytes * (1 + growth));
}

/* Copies the run, `growth` larger; only in the stage, if it is not NULL. Borrows all but the array
 * of stages. */
static struct measurement grown_run(const struct measurement *run, double growth, const char *stage)
{
    struct measurement m = *run;
    m.stages = xcalloc(m.stage_count, sizeof *m.stages);
    memcpy(m.stages, run->stages, m.stage_count * sizeof *m.stages);
    for (size_t i = 0; i < m.stage_count; i++)
        if (!stage || strcmp(m.stages[i].name, stage) == 0)
            grow(&m.stages[i].unreclaimable_peak_bytes, growth);
    if (!stage)
        grow(&m.peak.cgroup_bytes, growth);
    return m;
}

/* Draws the runs of both builds. The caller frees the stages of `runs`. */
static void draw(uint64_t *state, double growth, const char *stage, struct measurement *base,
                 struct measurement *runs)
{
    for (size_t i = 0; i < MOST; i++) {
        base[i] = pool[next_random(state) % pool_count];
        runs[i] = grown_run(&pool[next_random(state) % pool_count], growth, stage);
    }
}

/* Measures and judges as the command does. */
static enum verdict try_check(uint64_t *state, double growth, const char *stage, size_t *run_count)
{
    struct measurement base[MOST], runs[MOST];
    struct judgement judgement CLEANUP(judgement_release);
    const struct budgets none = {0};
    judgement_init(&judgement);
    draw(state, growth, stage, base, runs);
    struct relative_runs both = {.base = base, .runs = runs};
    for (bool another = true; another;) {
        both.base_count = ++both.count;
        char *reason CLEANUP(cleanup_free) =
            both.count < RELATIVE_LEAST_RUNS ? xstrdup("") : relative_rerun_reason(&both);
        another = reason && both.count < RELATIVE_MOST_RUNS;
    }
    *run_count += both.count;
    judge_relative(&both, &none, &judgement);
    for (size_t i = 0; i < MOST; i++)
        free(runs[i].stages);
    return judgement.verdict;
}

#define TRIALS 200
/* How many of 200 checks ended so. */
struct rates {
    int regressed, inconclusive, other;
    double runs; /* of each build, on average */
};

static struct rates rates_of(const char *prefix, double growth, const char *stage)
{
    struct rates rates = {0};
    uint64_t state = 1;
    size_t runs = 0;
    pool_count = 0;
    ck_assert_int_ge(for_fixtures("fixtures/evidence", prefix, add_to_pool), 10);
    for (int i = 0; i < TRIALS; i++) {
        enum verdict verdict = try_check(&state, growth, stage, &runs);
        rates.regressed += verdict == VERDICT_REGRESSED;
        rates.inconclusive += verdict == VERDICT_INCONCLUSIVE;
    }
    rates.other = TRIALS - rates.regressed - rates.inconclusive;
    rates.runs = (double)runs / TRIALS;
    gate_release_runs(pool, pool_count);
    printf("%s runs, growth %2.0f %% of %s: regressed %5.1f %%, inconclusive %5.1f %%, pass or "
           "improved "
           "%5.1f %%, %.1f runs of each\n",
           prefix, 100 * growth, stage ? stage : "all", 100.0 * rates.regressed / TRIALS,
           100.0 * rates.inconclusive / TRIALS, 100.0 * rates.other / TRIALS, rates.runs);
    return rates;
}

/* The two builds of a pair run within minutes, so other work affects both. */
static const char *const prefixes[] = {"warm-quiet", "cold-quiet"};

START_TEST(equal_builds_raise_no_alarm)
{
    struct rates rates = rates_of(prefixes[_i], 0, NULL);
    ck_assert_int_le(rates.regressed, TRIALS / 100);
    ck_assert_int_ge(rates.other, TRIALS * 99 / 100);
}
END_TEST

/* At the end of the tolerance either verdict is right; most checks stay undecided. */
START_TEST(growth_of_5_percent_is_at_the_end_of_the_tolerance)
{
    struct rates rates = rates_of(prefixes[_i], 0.05, NULL);
    ck_assert_int_le(rates.other, TRIALS * 30 / 100);
}
END_TEST

START_TEST(growth_of_10_percent_is_found)
{
    struct rates rates = rates_of(prefixes[_i], 0.10, NULL);
    ck_assert_int_ge(rates.regressed, TRIALS * 95 / 100);
    ck_assert_int_le(rates.other, TRIALS / 100);
}
END_TEST

/* The peak of the whole build does not change. The stage scatters by 3 %, so some checks do not
 * decide; these pass with a warning, because the whole build did not grow. */
START_TEST(growth_of_10_percent_in_a_stage_is_found)
{
    struct rates rates = rates_of(prefixes[_i], 0.10, "build-deps");
    ck_assert_int_ge(rates.regressed, TRIALS * 65 / 100);
    ck_assert_int_eq(rates.inconclusive, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("relative");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, the_interval_is_that_of_hodges_and_lehmann);
    tcase_add_test(all, the_whole_interval_decides);
    tcase_add_loop_test(all, each_scene_has_its_verdict, 0, (int)COUNT(scenes));
    tcase_add_test(all, bounds_of_the_scenes_can_occur);
    tcase_add_test(all, findings_have_both_sides);
    tcase_add_loop_test(all, the_lower_of_budget_and_tolerance_is_allowed, 0, 2);
    tcase_add_test(all, a_peak_that_was_cut_off_is_not_judged);
    suite_add_tcase(suite, all);
    TCase *large = tcase_create("large");
    tcase_set_tags(large, "large");
    tcase_set_timeout(large, 60);
    tcase_add_loop_test(large, equal_builds_raise_no_alarm, 0, (int)COUNT(prefixes));
    tcase_add_loop_test(large, growth_of_5_percent_is_at_the_end_of_the_tolerance, 0,
                        (int)COUNT(prefixes));
    tcase_add_loop_test(large, growth_of_10_percent_is_found, 0, (int)COUNT(prefixes));
    tcase_add_loop_test(large, growth_of_10_percent_in_a_stage_is_found, 0, (int)COUNT(prefixes));
    suite_add_tcase(suite, large);
    return run_suite(suite);
}
