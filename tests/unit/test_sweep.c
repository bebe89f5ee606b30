/* The plan of a sweep, on simulated builds. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/json_write.h"
#include "base/units.h"
#include "measurement/disturbance.h"
#include "report/report.h"
#include "report/wording.h"
#include "sweep/sweep.h"
#include "unit/suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS 20

/* ---- simulated builds ---- */

/* A build with workers, each of which has a heap. Sizes are MiB. */
struct surface {
    double base, worker, heap_share; /* memory of the main process, and of a worker */
    double serial_s, work_s;         /* time that workers do not share, and that they do */
    double cores;                    /* more workers than this do not save time */
    double collection; /* garbage collection: this share of the time with a heap of 1024 */
    double extra_memory, extra_time; /* factors of the third knob's second value */
    double noise;                    /* of each figure, as a share */
    uint64_t state;
};

/* splitmix64; from 0 to 1. */
static double draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

static double between(uint64_t *state, double low, double high)
{
    return low + (high - low) * draw(state);
}

static double noisy(struct surface *surface, double value)
{
    double sum = 0;
    for (int i = 0; i < 12; i++)
        sum += draw(&surface->state);
    return value * (1 + surface->noise * (sum - 6));
}

static struct surface random_surface(uint64_t seed)
{
    struct surface surface = {.state = seed * UINT64_C(0x9e3779b97f4a7c15)};
    uint64_t *state = &surface.state;
    surface.base = between(state, 100, 800);
    surface.worker = between(state, 50, 600);
    surface.heap_share = between(state, 0, 0.4);
    surface.serial_s = between(state, 5, 60);
    surface.work_s = between(state, 60, 600);
    surface.cores = between(state, 1.5, 12);
    surface.collection = between(state, 0, 0.6);
    surface.extra_memory = between(state, 0.8, 1.3);
    surface.extra_time = between(state, 0.8, 1.3);
    surface.noise = between(state, 0.001, 0.02);
    return surface;
}

struct truth {
    double memory, time;
};

static double number_at(const struct sweep *sweep, size_t point, size_t knob)
{
    return atof(sweep_value(sweep, point, knob));
}

static struct truth truth_at(const struct surface *surface, const struct sweep *sweep, size_t point)
{
    double jobs = number_at(sweep, point, 0), heap = number_at(sweep, point, 1);
    bool extra = number_at(sweep, point, 2) > 0;
    double collection = surface->collection * pow(1024 / heap, 2);
    struct truth truth = {surface->base + jobs * (surface->worker + surface->heap_share * heap),
                          surface->serial_s +
                              surface->work_s / fmin(jobs, surface->cores) * (1 + collection) +
                              0.2 * fmax(0, jobs - surface->cores)};
    if (extra) {
        truth.memory *= surface->extra_memory;
        truth.time *= surface->extra_time;
    }
    return truth;
}

static void add_run(struct sweep *sweep, size_t point, double mib, double seconds)
{
    int64_t bytes = llround(mib * (double)MIB);
    sweep->runs = xgrow(sweep->runs, sweep->count, sizeof *sweep->runs);
    sweep->runs[sweep->count++] = (struct sweep_run){.point = point,
                                                     .memory_bytes = bytes,
                                                     .unreclaimable_bytes = bytes,
                                                     .duration_ms = llround(seconds * 1000)};
}

static void add_knobs(struct sweep *sweep, const char *const *knobs)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    for (; *knobs; knobs++)
        ck_assert_int_eq(sweep_add_knob(sweep, *knobs, &err), 0);
}

/* The worst share by which the found front misses a point of the true one: each true point must
 * have a found one that needs at most this much more memory and time. */
static double miss_of(const struct surface *surface, const struct sweep *sweep,
                      const struct sweep_point *points)
{
    double worst = 0;
    for (size_t i = 0, count = sweep_point_count(sweep); i < count; i++) {
        const struct truth aim = truth_at(surface, sweep, i);
        double best = HUGE_VAL;
        for (size_t k = 0; k < count; k++) {
            const struct truth found = truth_at(surface, sweep, k);
            if (points[k].on_front)
                best = fmin(best, fmax(found.memory / aim.memory, found.time / aim.time) - 1);
        }
        worst = fmax(worst, best);
    }
    return worst;
}

static const char *const three_knobs[] = {"jobs=1,2,4,8,16", "heap=1024,2048,4096,8192",
                                          "extra=0,1", NULL};

static void build(struct sweep *sweep, struct surface *surface, size_t point)
{
    const struct truth truth = truth_at(surface, sweep, point);
    add_run(sweep, point, noisy(surface, truth.memory), noisy(surface, truth.time));
}

/* ---- 20 seeds ---- */

#define MOST_BUILDS 36 /* with repeats; of 40 points */
#define MOST_MEASURED 22
#define WORST_MISS 0.12

/* Returns the number of builds. */
static size_t follow(uint64_t seed)
{
    struct surface surface = random_surface(seed);
    struct sweep sweep CLEANUP(sweep_release) = {.within_bytes = UNMEASURED,
                                                 .most_builds = SWEEP_MOST_BUILDS};
    add_knobs(&sweep, three_knobs);
    struct sweep_plan plan = sweep_next(&sweep);
    for (; plan.state == SWEEP_BUILD; plan = sweep_next(&sweep))
        build(&sweep, &surface, plan.point);
    ck_assert_int_eq(plan.state, SWEEP_FOUND);
    struct sweep_point *points CLEANUP(cleanup_free) = sweep_points(&sweep);
    double miss = miss_of(&surface, &sweep, points);
    size_t front = 0, measured = 0;
    for (size_t i = 0; i < sweep_point_count(&sweep); i++) {
        front += points[i].on_front;
        measured += points[i].runs > 0;
    }
    printf("seed %2d, noise %.1f %%: %2zu builds of %2zu of 40 points; %2zu on the front; it "
           "misses the true front by %.1f %%\n",
           (int)seed, 100 * surface.noise, sweep.count, measured, front, 100 * miss);
    ck_assert_uint_le(sweep.count, MOST_BUILDS);
    ck_assert_uint_le(measured, MOST_MEASURED);
    ck_assert_double_le(miss, WORST_MISS);
    return sweep.count;
}

/* A build of each point would need 40 builds, each with one run. */
START_TEST(finds_the_front_with_few_builds)
{
    size_t builds = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        builds += follow(seed);
    printf("%zu builds of %d\n", builds, SEEDS * 40);
    ck_assert_uint_le(builds, SEEDS * 22);
}
END_TEST

/* ---- the front ---- */

struct scene {
    struct sweep sweep;
    struct sweep_plan plan;
};

static struct scene open_scene(int64_t within_mib, const char *knobs)
{
    struct scene scene = {.sweep = {.label = "sweep",
                                    .settings = "make",
                                    .within_bytes = within_mib < 0 ? UNMEASURED : within_mib * MIB,
                                    .most_builds = SWEEP_MOST_BUILDS}};
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    ck_assert_int_eq(sweep_add_knob(&scene.sweep, knobs, &err), 0);
    scene.plan = sweep_next(&scene.sweep);
    return scene;
}

static void add(struct scene *scene, double mib, double seconds)
{
    struct sweep *sweep = &scene->sweep;
    add_run(sweep, scene->plan.point, mib, seconds);
    sweep->runs[sweep->count - 1].confirms = scene->plan.state == SWEEP_CONFIRM;
    scene->plan = sweep_next(sweep);
}

static void add_failure(struct scene *scene, enum sweep_outcome outcome)
{
    struct sweep *sweep = &scene->sweep;
    add_run(sweep, scene->plan.point, 10, 1);
    struct sweep_run *run = &sweep->runs[sweep->count - 1];
    run->outcome = outcome;
    run->detail = xstrdup("heap out of memory");
    run->confirms = scene->plan.state == SWEEP_CONFIRM;
    scene->plan = sweep_next(sweep);
}

static void expect_build(const struct scene *scene, size_t point)
{
    ck_assert_int_eq(scene->plan.state, SWEEP_BUILD);
    ck_assert_uint_eq(scene->plan.point, point);
}

START_TEST(a_knob_without_effect_needs_three_builds)
{
    struct scene scene = open_scene(-1, "jobs=1,2,3,4,5,6,7,8");
    expect_build(&scene, 0);
    add(&scene, 100, 60);
    expect_build(&scene, 7);
    add(&scene, 101, 60.5);
    expect_build(&scene, 4);
    add(&scene, 101, 60.5);
    ck_assert_int_eq(scene.plan.state, SWEEP_FOUND);
    sweep_release(&scene.sweep);
}
END_TEST

/* With more jobs than CPUs, the build slows down. */
START_TEST(finds_an_optimum_between_the_ends)
{
    struct scene scene = open_scene(-1, "jobs=1,2,4,8,16");
    static const double seconds[] = {60, 40, 30, 50, 70};
    size_t best, fastest;
    while (scene.plan.state == SWEEP_BUILD)
        add(&scene, 100 + 2 * (double)scene.plan.point, seconds[scene.plan.point]);
    struct sweep_point *points CLEANUP(cleanup_free) = sweep_points(&scene.sweep);
    ck_assert(sweep_recommend(&scene.sweep, points, &best, &fastest));
    ck_assert_uint_eq(best, 2);
    sweep_release(&scene.sweep);
}
END_TEST

/* Above 4 jobs, the time stays the same. */
START_TEST(a_saturated_knob)
{
    struct scene scene = open_scene(-1, "jobs=1,2,4,8,16");
    static const double seconds[] = {100, 55, 30, 30, 30};
    size_t best, fastest;
    while (scene.plan.state == SWEEP_BUILD)
        add(&scene, 100.0 * pow(2, (double)scene.plan.point), seconds[scene.plan.point]);
    struct sweep_point *points CLEANUP(cleanup_free) = sweep_points(&scene.sweep);
    for (size_t i = 0; i < 5; i++)
        ck_assert_int_eq(points[i].on_front, i < 3);
    ck_assert(sweep_recommend(&scene.sweep, points, &best, &fastest));
    ck_assert_uint_eq(best, 2);
    sweep_release(&scene.sweep);
}
END_TEST

START_TEST(reports_that_the_fastest_point_has_the_least_memory)
{
    struct scene scene = open_scene(-1, "jobs=1,2,4");
    while (scene.plan.state == SWEEP_BUILD)
        add(&scene, 100.0 * pow(2, (double)scene.plan.point), 60);
    struct sweep_point *points CLEANUP(cleanup_free) = sweep_points(&scene.sweep);
    char *reason CLEANUP(cleanup_free) = format_sweep_reason(&scene.sweep, points);
    ck_assert_str_eq(reason,
                     "jobs=1 is the fastest: 100.0 MiB, 1m 00s; no point needs less memory");
    sweep_release(&scene.sweep);
}
END_TEST

START_TEST(reports_what_disturbed_a_run)
{
    struct scene scene = open_scene(-1, "jobs=1,2");
    struct disturbance disturbance;
    add(&scene, 100, 10);
    disturbance_init(&disturbance);
    char *quiet CLEANUP(cleanup_free) = format_sweep_run(&scene.sweep, 0, &disturbance);
    ck_assert_str_eq(quiet, "jobs=1: passed, 100.0 MiB, 10.0 s");
    disturbance.other_cpu_us = 12000000;
    disturbance.cpu_capacity_us = 20000000;
    char *busy CLEANUP(cleanup_free) = format_sweep_run(&scene.sweep, 0, &disturbance);
    ck_assert_str_eq(busy, "jobs=1: passed, 100.0 MiB, 10.0 s; other work used 60 % of the CPUs");
    sweep_release(&scene.sweep);
}
END_TEST

START_TEST(recommends_less_memory_for_little_time)
{
    struct scene scene = open_scene(-1, "jobs=1,2,4");
    static const double seconds[] = {100, 55, 51};
    size_t best, fastest;
    while (scene.plan.state == SWEEP_BUILD)
        add(&scene, 100.0 * pow(2, (double)scene.plan.point), seconds[scene.plan.point]);
    struct sweep_point *points CLEANUP(cleanup_free) = sweep_points(&scene.sweep);
    ck_assert(sweep_recommend(&scene.sweep, points, &best, &fastest));
    ck_assert_uint_eq(best, 1);
    ck_assert_uint_eq(fastest, 2);
    struct sweep_model model CLEANUP(sweep_model_release);
    double memory, time;
    sweep_model_init(&model, &scene.sweep, points);
    ck_assert(sweep_effect(&model, 0, 2, &memory, &time));
    ck_assert_double_eq_tol(memory, 4, 1e-6);
    ck_assert_double_eq_tol(time, 0.51, 1e-6);
    sweep_release(&scene.sweep);
}
END_TEST

/* Which one is faster matters, because it needs twice the memory; the scatter of the repeats
 * decides how often. */
START_TEST(repeats_points_whose_intervals_overlap)
{
    struct scene scene = open_scene(-1, "jobs=1,2");
    add(&scene, 100, 60);
    add(&scene, 200, 57);
    expect_build(&scene, 0);
    ck_assert(scene.plan.is_repeat);
    add(&scene, 100, 58.4);
    expect_build(&scene, 1);
    add(&scene, 200, 57);
    struct sweep_point *points CLEANUP(cleanup_free) = sweep_points(&scene.sweep);
    ck_assert_int_eq(scene.plan.state, SWEEP_FOUND);
    ck_assert(points[0].on_front && !points[1].on_front);
    sweep_release(&scene.sweep);
}
END_TEST

/* Two runs of a point that scatter widen the intervals of all points. */
START_TEST(intervals)
{
    struct scene scene = open_scene(-1, "jobs=1,2");
    add_run(&scene.sweep, 0, 100, 60);
    struct sweep_point *points = sweep_points(&scene.sweep);
    ck_assert_int_eq(points[0].memory.median, 100 * MIB);
    ck_assert_int_eq(points[0].memory.lowest, llround(98.04 * (double)MIB));
    ck_assert_int_eq(points[0].duration.highest, 62352);
    ck_assert_int_eq(points[1].memory.median, UNMEASURED);
    free(points);
    for (double seconds = 48; seconds < 80; seconds += 24)
        add_run(&scene.sweep, 1, 100, seconds);
    points = sweep_points(&scene.sweep);
    ck_assert_int_gt(points[0].duration.highest, 72000);
    ck_assert_int_le(points[1].duration.lowest, 48000);
    free(points);
    sweep_release(&scene.sweep);
}
END_TEST

START_TEST(a_point_that_fails_is_not_on_the_front)
{
    struct scene scene = open_scene(-1, "heap=1,2,4");
    add_failure(&scene, SWEEP_BUILD_FAILED);
    add(&scene, 400, 50);
    expect_build(&scene, 1);
    add(&scene, 200, 60);
    ck_assert_int_eq(scene.plan.state, SWEEP_FOUND);
    struct sweep_point *points CLEANUP(cleanup_free) = sweep_points(&scene.sweep);
    ck_assert(!points[0].on_front && points[1].on_front && points[2].on_front);
    ck_assert_str_eq(points[0].detail, "heap out of memory");
    sweep_release(&scene.sweep);
}
END_TEST

START_TEST(ends_that_fail_end_the_sweep)
{
    struct scene scene = open_scene(-1, "heap=1,2,4,8");
    add_failure(&scene, SWEEP_BUILD_FAILED);
    add_failure(&scene, SWEEP_OOM_KILLED);
    ck_assert_int_eq(scene.plan.state, SWEEP_BROKEN);
    ck_assert_int_eq(sweep_exit_status(sweep_verdict_of(&scene.sweep)), 3);
    sweep_release(&scene.sweep);
}
END_TEST

START_TEST(stops_after_the_most_builds)
{
    struct scene scene = open_scene(-1, "jobs=1,2,4,8");
    scene.sweep.most_builds = 2;
    add(&scene, 100, 100);
    add(&scene, 800, 20);
    ck_assert_int_eq(scene.plan.state, SWEEP_STOPPED);
    ck_assert_uint_eq(scene.plan.open, 2);
    ck_assert_int_eq(sweep_verdict_of(&scene.sweep), SWEEP_VERDICT_STOPPED);
    sweep_release(&scene.sweep);
}
END_TEST

/* ---- --within ---- */

static const struct within {
    const char *what, *knob;
    double base, each; /* MiB */
    int64_t budget;
    const char *largest; /* NULL: none */
    size_t most_builds;
} within[] = {
    {"in the middle", "jobs=1,2,3,4,5,6,7,8,9,10,11,12", 100, 100, 750, "6", 5},
    {"all", "jobs=1,2,4,8", 100, 100, 2000, "8", 4},
    {"none", "jobs=1,2,4,8", 100, 100, 150, NULL, 1},
    {"the first", "jobs=1,2,4,8", 100, 100, 250, "1", 3},
    {"powers", "jobs=1,2,4,8,16,32,64", 100, 100, 2000, "16", 5},
    {"names", "mode=tiny,small,large,huge", 100, 100, 350, "small", 4},
    {"many values",
     "jobs=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30", 10,
     33, 500, "14", 6},
};

START_TEST(finds_the_largest_value_that_fits)
{
    const struct within *test = &within[_i];
    struct scene scene = open_scene(test->budget, test->knob);
    while (scene.plan.state == SWEEP_BUILD || scene.plan.state == SWEEP_CONFIRM) {
        const char *value = sweep_value(&scene.sweep, scene.plan.point, 0);
        double jobs = atof(value) > 0 ? atof(value) : (double)scene.plan.point + 1;
        add(&scene, test->base + test->each * jobs, 60);
        ck_assert_msg(scene.sweep.count <= test->most_builds, "%s: %zu builds", test->what,
                      scene.sweep.count);
    }
    ck_assert_int_eq(scene.plan.state, test->largest ? SWEEP_FOUND : SWEEP_NONE_FITS);
    if (test->largest) {
        ck_assert_str_eq(sweep_value(&scene.sweep, scene.plan.point, 0), test->largest);
        ck_assert(scene.sweep.runs[scene.sweep.count - 1].confirms);
    }
    sweep_release(&scene.sweep);
}
END_TEST

/* Under the limit, the value that seemed to fit fails: the next lower one is confirmed instead. */
START_TEST(a_limit_that_is_too_small_in_truth)
{
    struct scene scene = open_scene(350, "jobs=1,2,3");
    while (scene.plan.state == SWEEP_BUILD)
        add(&scene, 100.0 * ((double)scene.plan.point + 1), 60);
    ck_assert_int_eq(scene.plan.state, SWEEP_CONFIRM);
    ck_assert_uint_eq(scene.plan.point, 2);
    add_failure(&scene, SWEEP_OOM_KILLED);
    ck_assert_int_eq(scene.plan.state, SWEEP_CONFIRM);
    ck_assert_uint_eq(scene.plan.point, 1);
    add(&scene, 200, 60);
    ck_assert_int_eq(scene.plan.state, SWEEP_FOUND);
    ck_assert_uint_eq(scene.plan.point, 1);
    sweep_release(&scene.sweep);
}
END_TEST

/* The budget is within the interval of a value: it is built up to 3 times, and does not fit. */
START_TEST(a_value_at_the_budget_does_not_fit)
{
    struct scene scene = open_scene(200, "jobs=1,2");
    add(&scene, 100, 60);
    add(&scene, 198, 60);
    expect_build(&scene, 1);
    add(&scene, 202, 60);
    expect_build(&scene, 1);
    add(&scene, 200, 60);
    ck_assert_int_eq(scene.plan.state, SWEEP_CONFIRM);
    ck_assert_uint_eq(scene.plan.point, 0);
    sweep_release(&scene.sweep);
}
END_TEST

/* ---- reports ---- */

static size_t occurrences(const char *text, const char *word)
{
    size_t count = 0;
    for (; (text = strstr(text, word)); text += strlen(word))
        count++;
    return count;
}

START_TEST(the_page_has_each_point_that_was_built)
{
    struct scene scene = open_scene(-1, "jobs=1,2,4,<b>");
    add(&scene, 100, 100);
    add(&scene, 110, 110);
    scene.plan.point = 1;
    add(&scene, 800, 20);
    scene.plan.point = 2;
    add_failure(&scene, SWEEP_OOM_KILLED);
    char *page CLEANUP(cleanup_free) = sweep_html(&scene.sweep);
    ck_assert_uint_eq(occurrences(page, "class=\"line value dot\""), 2);
    ck_assert_uint_eq(occurrences(page, "class=\"line before dot\""), 1);
    ck_assert_uint_eq(occurrences(page, "heap out of memory"), 1);
    ck_assert_ptr_null(strstr(page, "<b>"));
    char *text CLEANUP(cleanup_free) = sweep_text(&scene.sweep, false);
    ck_assert_uint_eq(occurrences(text, "heap out of memory"), 1);
    sweep_release(&scene.sweep);
}
END_TEST

/* Page cache does not count for --within, so the table must not show it. */
START_TEST(the_table_shows_the_memory_that_must_fit)
{
    struct scene scene = open_scene(500, "jobs=1,2");
    add(&scene, 100, 10);
    scene.sweep.runs[0].memory_bytes = 600 * (INT64_C(1) << 20);
    char *text CLEANUP(cleanup_free) = sweep_text(&scene.sweep, false);
    ck_assert_ptr_nonnull(strstr(text, "unreclaimable"));
    ck_assert_ptr_nonnull(strstr(text, "100.0 MiB"));
    ck_assert_ptr_null(strstr(text, "600.0 MiB"));
    ck_assert_ptr_null(strstr(text, "front"));
    sweep_release(&scene.sweep);
}
END_TEST

START_TEST(reports_without_a_build_that_passed)
{
    struct scene scene = open_scene(500, "jobs=1,2");
    for (int i = 0; i < 2; i++) {
        char *page CLEANUP(cleanup_free) = sweep_html(&scene.sweep);
        char *text CLEANUP(cleanup_free) = sweep_text(&scene.sweep, false);
        ck_assert_ptr_null(strstr(page, "<svg"));
        ck_assert_ptr_null(strstr(page, "nan"));
        ck_assert_ptr_null(strstr(text, "nan"));
        add_failure(&scene, SWEEP_BUILD_FAILED);
    }
    sweep_release(&scene.sweep);
}
END_TEST

/* ---- knobs and the file ---- */

START_TEST(knobs)
{
    static const char *const bad[] = {"jobs",     "=1",      "jobs=", "jobs=1,,2",
                                      "jobs=1,1", "1jobs=1", "a b=1", "jobs=1,"};
    struct sweep sweep CLEANUP(sweep_release) = {.within_bytes = UNMEASURED};
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_int_eq(sweep_add_knob(&sweep, bad[i], &err), -1);
        ck_assert_ptr_nonnull(strchr(err.message, '"'));
        sweep_release(&sweep);
    }
    ck_assert_int_eq(sweep_add_knob(&sweep, "jobs=1,2", &err), 0);
    ck_assert_int_eq(sweep_add_knob(&sweep, "jobs=3", &err), -1);
    ck_assert_int_eq(sweep_add_knob(&sweep, "heap=a,b,c", &err), 0);
    ck_assert_uint_eq(sweep_point_count(&sweep), 6);
    char *text CLEANUP(cleanup_free) = sweep_point_text(&sweep, 4);
    ck_assert_str_eq(text, "jobs=2 heap=b");
}
END_TEST

/* ---- results and jobs ---- */

static void set_point(struct strv *point, const char *one, const char *other)
{
    strv_push(point, one);
    if (other)
        strv_push(point, other);
}

/* Numbers are sorted as numbers; names keep the order of the results. */
START_TEST(points_of_results)
{
    struct sweep sweep CLEANUP(sweep_release) = {.within_bytes = UNMEASURED};
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct strv points[4] = {0};
    size_t numbers[4], wrong;
    set_point(&points[0], "jobs=10", "mode=small");
    set_point(&points[1], "jobs=9", "mode=large");
    set_point(&points[2], "jobs=10", "mode=large");
    set_point(&points[3], "jobs=10", "mode=small");
    ck_assert_int_eq(sweep_take_points(&sweep, points, 4, numbers, &wrong, &err), 0);
    char *text CLEANUP(cleanup_free) = sweep_knobs_text(&sweep);
    ck_assert_str_eq(text, "jobs=9,10 mode=small,large");
    static const size_t expected[] = {2, 1, 3, 2};
    for (size_t i = 0; i < 4; i++) {
        ck_assert_uint_eq(numbers[i], expected[i]);
        strv_release(&points[i]);
    }
}
END_TEST

START_TEST(results_with_other_knobs)
{
    static const char *const bad[][2] = {
        {"heap=1", NULL}, {"jobs=1", "heap=2"}, {"jobs=", NULL}, {"jobs=1,2", NULL}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sweep sweep CLEANUP(sweep_release) = {.within_bytes = UNMEASURED};
        struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
        struct strv points[2] = {0};
        size_t numbers[2], wrong;
        set_point(&points[0], "jobs=4", NULL);
        set_point(&points[1], bad[i][0], bad[i][1]);
        ck_assert_int_eq(sweep_take_points(&sweep, points, 2, numbers, &wrong, &err), -1);
        ck_assert_uint_eq(wrong, 1);
        ck_assert_ptr_nonnull(err.message);
        strv_release(&points[0]);
        strv_release(&points[1]);
    }
    struct sweep sweep CLEANUP(sweep_release) = {.within_bytes = UNMEASURED};
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct strv none = {0};
    size_t number, wrong;
    ck_assert_int_eq(sweep_take_points(&sweep, &none, 1, &number, &wrong, &err), -1);
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

/* The ends were measured, but not the middle, which may be better. A later sweep must not resume
 * this one: the numbered results in its directory are not those of these runs. */
START_TEST(a_sweep_of_results_names_the_missing_point)
{
    struct scene scene = open_scene(-1, "jobs=1,2,4");
    struct strv files CLEANUP(strv_release) = {0};
    struct sweep_record record CLEANUP(sweep_record_release);
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    strv_push(&files, "a.json");
    strv_push(&files, "b.json");
    add(&scene, 100, 100);
    add(&scene, 400, 50);
    scene.sweep.results = &files;
    scene.sweep.most_builds = scene.sweep.count;
    char *text CLEANUP(cleanup_free) = sweep_text(&scene.sweep, false);
    ck_assert_ptr_nonnull(strstr(text, "jobs=2 too"));
    char *json CLEANUP(cleanup_free) = sweep_to_json(&scene.sweep);
    ck_assert_int_eq(sweep_record_parse(json, "sweep.json", &record, &err), 0);
    ck_assert(!record.can_resume);
    cJSON *root CLEANUP(cleanup_cjson) = cJSON_Parse(json);
    const cJSON *results = cJSON_GetObjectItem(root, "results");
    ck_assert_str_eq(cJSON_GetArrayItem(results, 1)->valuestring, "b.json");
    sweep_release(&scene.sweep);
}
END_TEST

static char *jobs_of(const char *system, const char *arguments, const char *const *vary)
{
    struct sweep sweep CLEANUP(sweep_release) = {.within_bytes = UNMEASURED};
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    add_knobs(&sweep, vary);
    char *text = sweep_jobs(&sweep, system, "image:1", arguments, &err);
    ck_assert_ptr_nonnull(text);
    return text;
}

static const char *const two_knobs[] = {"jobs=1,2", "heap=a\"b,$(x) y", NULL};

START_TEST(jobs_for_github)
{
    char *text CLEANUP(cleanup_free) = jobs_of("github", "", two_knobs);
    ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
    cJSON *root CLEANUP(cleanup_cjson) = cJSON_Parse(text);
    const cJSON *include = cJSON_GetObjectItem(root, "include");
    ck_assert_int_eq(cJSON_GetArraySize(include), 4);
    const cJSON *job = cJSON_GetArrayItem(include, 2);
    ck_assert_str_eq(cJSON_GetObjectItem(job, "jobs")->valuestring, "2");
    ck_assert_str_eq(cJSON_GetObjectItem(job, "heap")->valuestring, "a\"b");
}
END_TEST

START_TEST(jobs_for_gitlab)
{
    char *text CLEANUP(cleanup_free) = jobs_of("gitlab", "", two_knobs);
    ck_assert_str_eq(text, ".sweep:\n"
                           "  parallel:\n"
                           "    matrix:\n"
                           "      - \"jobs\": [\"1\",\"2\"]\n"
                           "        \"heap\": [\"a\\\"b\",\"$(x) y\"]\n");
}
END_TEST

/* Kubernetes makes one dollar of two. */
START_TEST(jobs_for_kubernetes)
{
    char *text CLEANUP(cleanup_free) = jobs_of("kubernetes", " -- make '$x'", two_knobs);
    cJSON *root CLEANUP(cleanup_cjson) = cJSON_Parse(text);
    const cJSON *spec = cJSON_GetObjectItem(root, "spec");
    ck_assert_int_eq(cJSON_GetObjectItem(spec, "completions")->valueint, 4);
    const cJSON *pod = cJSON_GetObjectItem(cJSON_GetObjectItem(spec, "template"), "spec");
    const cJSON *container = cJSON_GetArrayItem(cJSON_GetObjectItem(pod, "containers"), 0);
    const cJSON *args = cJSON_GetObjectItem(container, "args");
    ck_assert_int_eq(cJSON_GetArraySize(args), 4);
    ck_assert_str_eq(cJSON_GetArrayItem(args, 3)->valuestring,
                     "--vary jobs=2 --vary 'heap=$$(x) y'");
    const char *script =
        cJSON_GetArrayItem(cJSON_GetObjectItem(container, "command"), 2)->valuestring;
    ck_assert_ptr_nonnull(strstr(script, "shift \"$$JOB_COMPLETION_INDEX\""));
}
END_TEST

START_TEST(too_many_jobs)
{
    struct sweep sweep CLEANUP(sweep_release) = {.within_bytes = UNMEASURED};
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    static const char *const vary[] = {"a=1,2,3,4,5,6,7,8,9,10", "b=1,2,3,4,5,6,7,8,9,10,11", NULL};
    add_knobs(&sweep, vary);
    ck_assert_ptr_null(sweep_jobs(&sweep, "github", "image", "", &err));
    ck_assert_ptr_nonnull(strstr(err.message, "110"));
}
END_TEST

START_TEST(a_sweep_can_be_read_back)
{
    struct scene scene = open_scene(-1, "jobs=1,2,4,8");
    struct sweep_record record CLEANUP(sweep_record_release);
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    scene.sweep.unfinished = xstrdup("not finished");
    add(&scene, 100, 100);
    add(&scene, 800, 20);
    char *text CLEANUP(cleanup_free) = sweep_to_json(&scene.sweep);
    ck_assert_int_eq(sweep_record_parse(text, "sweep.json", &record, &err), 0);
    ck_assert_str_eq(record.knobs, "jobs=1,2,4,8");
    ck_assert_str_eq(record.settings, "make");
    ck_assert(record.can_resume);
    ck_assert_uint_eq(record.count, 2);
    ck_assert_uint_eq(record.runs[1].point, 3);
    sweep_release(&scene.sweep);
}
END_TEST

static void expect_good(const char *path)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct sweep_record record CLEANUP(sweep_record_release);
    char *text CLEANUP(cleanup_free) = NULL;
    ck_assert_int_eq(file_read(path, 1 << 20, &text, NULL, &err), 0);
    ck_assert_msg(sweep_record_parse(text, path, &record, &err) == 0, "%s", err.message);
}

static void expect_bad(const char *path)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct sweep_record record CLEANUP(sweep_record_release);
    char *text CLEANUP(cleanup_free) = NULL;
    ck_assert_int_eq(file_read(path, 1 << 20, &text, NULL, &err), 0);
    ck_assert_msg(sweep_record_parse(text, "sweep.json", &record, &err) < 0, "%s", path);
    ck_assert_int_eq(strncmp(err.message, "sweep.json:", 11), 0);
}

START_TEST(stored_sweeps)
{
    ck_assert_int_ge(for_fixtures("fixtures/sweep", "good-", expect_good), 1);
    ck_assert_int_ge(for_fixtures("fixtures/sweep", "bad-", expect_bad), 6);
}
END_TEST

/* ---- forecasts ---- */

/* Sizes are MiB. Two jobs hold 200 and 180 of PSS at the peak, a driver 20. All have 400 of PSS, of
 * which 300 are anonymous: the jobs hold 285 of 315 unreclaimable, the rest 30. They had a peak RSS
 * of 210 and 190, so a job needs 285/400 of the p95. */
static void open_forecast(struct measurement *m)
{
    static const struct {
        const char *name;
        int64_t pss, hwm;
    } processes[] = {{"cc1", 200, 210}, {"cc1", 180, 190}, {"make", 20, 40}};
    struct snapshot *snapshot = &m->peak.at_unreclaimable_peak;
    measurement_init(m);
    m->build.exit_code = 0;
    m->build.cpu_ms = m->build.duration_ms = 9000;
    m->peak.cgroup_bytes = 500 * MIB;
    m->peak.source = xstrdup("memory.peak");
    m->peak.unreclaimable_bytes = 315 * MIB;
    snapshot->pss_bytes = 400 * MIB;
    snapshot->composition.anon_bytes = 300 * MIB;
    snapshot->processes = xcalloc(3, sizeof *snapshot->processes);
    for (; snapshot->count < 3; snapshot->count++)
        snapshot->processes[snapshot->count] =
            (struct process_usage){.pss_bytes = processes[snapshot->count].pss * MIB,
                                   .hwm_bytes = processes[snapshot->count].hwm * MIB,
                                   .name = xstrdup(processes[snapshot->count].name),
                                   .command = xstrdup(processes[snapshot->count].name)};
    m->ledger.source = PEAK_RSS_TASKSTATS;
    m->ledger.groups = xcalloc(1, sizeof *m->ledger.groups);
    m->ledger.group_count = 1;
    m->ledger.groups[0] = (struct ledger_group){xstrdup("cc1"), 48, 240 * MIB};
}

/* 30 + jobs * 171: 5 jobs need 885 MiB. */
START_TEST(forecasts_the_jobs_that_fit)
{
    static const struct {
        int64_t within, jobs;
    } rows[] = {{20, 0},  {200, 0}, {202, 1},  {314, 1}, {316, 2}, /* 2 ran in 315 MiB */
                {884, 4}, {886, 5}, {8192, 47}};
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct measurement m CLEANUP(measurement_release);
    struct sweep_forecast forecast;
    open_forecast(&m);
    ck_assert_int_eq(sweep_forecast(&m, 20 * MIB, &forecast, &err), 0);
    char *none CLEANUP(cleanup_free) = sweep_forecast_text(&forecast, false);
    ck_assert_ptr_nonnull(strstr(none, "raise --within to 20")); /* 201 MiB, rounded up */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert_msg(sweep_forecast(&m, rows[i].within * MIB, &forecast, &err) == 0, "%s",
                      err.message);
        ck_assert_int_eq(forecast.jobs, rows[i].jobs);
    }
    ck_assert_int_le(llabs(forecast.job_bytes - 171 * MIB), 1);
    ck_assert_int_le(llabs(forecast.rest_bytes - 30 * MIB), 1);
    char *text CLEANUP(cleanup_free) = sweep_forecast_text(&forecast, false);
    ck_assert_ptr_nonnull(strstr(text, "FORECAST  jobs of cc1 that fit in 8.00 GiB: 47;"));
    ck_assert_ptr_nonnull(strstr(text, "--within 8192m --vary NAME=46,47,48\n"));
    char *line CLEANUP(cleanup_free) = sweep_forecast_to_line(&forecast);
    ck_assert_ptr_nonnull(strstr(line, "\"jobs\":47,\"name\":\"cc1\""));
    ck_assert_ptr_nonnull(strstr(line, "\"source\":\"taskstats\""));
}
END_TEST

static void expect_no_forecast(const struct measurement *m, const char *words)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct sweep_forecast forecast;
    ck_assert_int_eq(sweep_forecast(m, 8192 * MIB, &forecast, &err), -1);
    ck_assert_msg(strstr(err.message, words), "%s", err.message);
}

START_TEST(some_runs_have_no_forecast)
{
    struct measurement m CLEANUP(measurement_release);
    open_forecast(&m);
    m.peak.at_limit = m.peak.unreclaimable_at_limit = true;
    expect_no_forecast(&m, "need is unknown");
    m.peak.at_limit = m.peak.unreclaimable_at_limit = false;
    m.build.exit_code = 1;
    expect_no_forecast(&m, "failed");
    m.build.exit_code = 0;
    m.pressure.swap_peak_bytes = MIB;
    expect_no_forecast(&m, "swap");
    m.pressure.swap_peak_bytes = 0;
    m.peak.at_unreclaimable_peak.processes[1].hwm_bytes = UNMEASURED;
    expect_no_forecast(&m, "peak RSS");
    m.peak.at_unreclaimable_peak.processes[1].hwm_bytes = 190 * MIB;
    m.ledger.groups[0].p95_rss_bytes = UNMEASURED;
    expect_no_forecast(&m, "peak RSS");
    m.ledger.groups[0].p95_rss_bytes = 240 * MIB;
    m.ledger.groups[0].count = UNMEASURED;
    expect_no_forecast(&m, "peak RSS");
    m.ledger.groups[0].count = 48;
    m.ledger.source = PEAK_RSS_UNKNOWN;
    expect_no_forecast(&m, "peak RSS");
    m.ledger.source = PEAK_RSS_TASKSTATS;
    m.ledger.groups[0].name[0] = 'C'; /* "Cc1" */
    expect_no_forecast(&m,
                       "does not have the group cc1, the largest at the unreclaimable peak: its "
                       "process ledger is not complete; find the jobs with --vary");
    m.ledger.source = PEAK_RSS_SCAN;
    expect_no_forecast(&m, "not complete; run build-mem as root outside of a container");
    m.ledger.source = PEAK_RSS_TASKSTATS;
    struct ledger_group *one = m.ledger.groups, ten[LEDGER_GROUPS_MAX];
    for (size_t i = 0; i < LEDGER_GROUPS_MAX; i++)
        ten[i] = one[0];
    m.ledger.groups = ten;
    m.ledger.group_count = LEDGER_GROUPS_MAX;
    expect_no_forecast(&m, "does not have the group cc1, the largest at the unreclaimable peak: it "
                           "has only the 10 groups with the largest processes; find the jobs with "
                           "--vary");
    m.ledger.groups = one;
    m.ledger.group_count = 1;
    m.ledger.groups[0].name[0] = 'c';
    m.ledger.group_count = 0;
    expect_no_forecast(&m, "no groups of processes");
    m.ledger.group_count = 1;
    m.peak.at_unreclaimable_peak.processes[1].name[0] = 'k'; /* "kc1" */
    expect_no_forecast(&m, "cc1, ran alone");
    m.peak.at_unreclaimable_peak.processes[1].name[0] = 'c';
    m.peak.at_unreclaimable_peak.composition.anon_bytes = 0;
    expect_no_forecast(&m, "no anonymous memory");
    m.peak.at_unreclaimable_peak.composition.anon_bytes = UNMEASURED;
    expect_no_forecast(&m, "unknown");
}
END_TEST

/* The two jobs that ran held 315 MiB, but one of all 48 needs 15 MiB by the p95. */
START_TEST(a_forecast_does_not_contradict_the_run)
{
    static const struct {
        int64_t within, jobs;
    } rows[] = {{314, 1}, {316, 20}, {44, 0}};
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct measurement m CLEANUP(measurement_release);
    struct sweep_forecast forecast;
    open_forecast(&m);
    m.ledger.groups[0].p95_rss_bytes = 20 * MIB;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert_int_eq(sweep_forecast(&m, rows[i].within * MIB, &forecast, &err), 0);
        ck_assert_int_eq(forecast.jobs, rows[i].jobs);
    }
    char *text CLEANUP(cleanup_free) = sweep_forecast_text(&forecast, false);
    ck_assert_ptr_nonnull(strstr(text, "measured: 2 jobs with 315.0 MiB"));
    char *line CLEANUP(cleanup_free) = sweep_forecast_to_line(&forecast);
    ck_assert_ptr_nonnull(strstr(line, "\"measured_jobs\":2,\"measured_bytes\":330301440}"));
}
END_TEST

/* The jobs hold no more than all of their RSS, and figures of a file can be any. */
START_TEST(a_forecast_of_odd_figures)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct measurement m CLEANUP(measurement_release);
    struct sweep_forecast forecast;
    open_forecast(&m);
    m.peak.at_unreclaimable_peak.composition.anon_bytes = INT64_MAX;
    m.peak.at_unreclaimable_peak.processes[0].pss_bytes = INT64_MAX;
    ck_assert_int_eq(sweep_forecast(&m, INT64_MAX, &forecast, &err), 0);
    ck_assert_int_eq(forecast.job_bytes, 240 * MIB);
    ck_assert_int_eq(forecast.rest_bytes, 0);
    m.ledger.groups[0].p95_rss_bytes = 2;
    m.peak.unreclaimable_bytes = INT64_MAX;
    m.peak.at_unreclaimable_peak.processes[0].pss_bytes = 200 * MIB;
    ck_assert_int_eq(sweep_forecast(&m, INT64_MAX, &forecast, &err), 0);
    ck_assert_int_eq(forecast.rest_bytes, INT64_MAX);
    ck_assert_int_eq(sweep_forecast(&m, 1, &forecast, &err), 0);
    ck_assert_int_eq(forecast.jobs, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sweep");
    TCase *seeds = tcase_create("seeds"), *front = tcase_create("front"),
          *budget = tcase_create("within"), *file = tcase_create("file"),
          *reports = tcase_create("reports"), *forecasts = tcase_create("forecasts");
    tcase_add_test(seeds, finds_the_front_with_few_builds);
    tcase_add_test(front, a_knob_without_effect_needs_three_builds);
    tcase_add_test(front, finds_an_optimum_between_the_ends);
    tcase_add_test(front, a_saturated_knob);
    tcase_add_test(front, recommends_less_memory_for_little_time);
    tcase_add_test(front, reports_that_the_fastest_point_has_the_least_memory);
    tcase_add_test(front, reports_what_disturbed_a_run);
    tcase_add_test(front, repeats_points_whose_intervals_overlap);
    tcase_add_test(front, intervals);
    tcase_add_test(front, a_point_that_fails_is_not_on_the_front);
    tcase_add_test(front, ends_that_fail_end_the_sweep);
    tcase_add_test(front, stops_after_the_most_builds);
    tcase_add_loop_test(budget, finds_the_largest_value_that_fits, 0,
                        sizeof within / sizeof *within);
    tcase_add_test(budget, a_limit_that_is_too_small_in_truth);
    tcase_add_test(budget, a_value_at_the_budget_does_not_fit);
    tcase_add_test(file, knobs);
    tcase_add_test(file, points_of_results);
    tcase_add_test(file, results_with_other_knobs);
    tcase_add_test(file, a_sweep_of_results_names_the_missing_point);
    tcase_add_test(file, jobs_for_github);
    tcase_add_test(file, jobs_for_gitlab);
    tcase_add_test(file, jobs_for_kubernetes);
    tcase_add_test(file, too_many_jobs);
    tcase_add_test(file, a_sweep_can_be_read_back);
    tcase_add_test(file, stored_sweeps);
    tcase_add_test(reports, the_page_has_each_point_that_was_built);
    tcase_add_test(reports, reports_without_a_build_that_passed);
    tcase_add_test(reports, the_table_shows_the_memory_that_must_fit);
    tcase_add_test(forecasts, forecasts_the_jobs_that_fit);
    tcase_add_test(forecasts, some_runs_have_no_forecast);
    tcase_add_test(forecasts, a_forecast_does_not_contradict_the_run);
    tcase_add_test(forecasts, a_forecast_of_odd_figures);
    suite_add_tcase(suite, forecasts);
    suite_add_tcase(suite, reports);
    suite_add_tcase(suite, seeds);
    suite_add_tcase(suite, front);
    suite_add_tcase(suite, budget);
    suite_add_tcase(suite, file);
    return run_suite(suite);
}
