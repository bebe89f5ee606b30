/* When `check` measures once more, and what it says of that. */
#include "base/alloc.h"
#include "base/units.h"
#include "gate/judge.h"
#include "unit/gate_sample.h"
#include "unit/suite.h"

#include <string.h>

struct scene {
    struct measurement runs[3];
    size_t run_count;
    struct baseline baseline;
};

static void nothing(struct scene *scene)
{
    (void)scene;
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

static void stage_fails(struct scene *scene)
{
    gate_metric(&scene->baseline, "stage:build-deps")->tolerance.level = LEVEL_FAIL;
}

static void stage_grew(struct scene *scene)
{
    gate_stage(&scene->runs[0], "build-deps")->pss_peak_bytes = 500 * MIB;
}

static void stage_grew_and_fails(struct scene *scene)
{
    stage_grew(scene);
    stage_fails(scene);
}

static void stage_gone_and_fails(struct scene *scene)
{
    gate_stage(&scene->runs[0], "build-deps")->first_ms = UNMEASURED;
    stage_fails(scene);
}

static void slow_and_judged(struct scene *scene)
{
    scene->runs[0].build.duration_ms = 600000;
    gate_metric(&scene->baseline, "duration")->tolerance.level = LEVEL_FAIL;
}

static void build_failed(struct scene *scene)
{
    scene->runs[0].build.exit_code = 2;
}

static void out_of_memory(struct scene *scene)
{
    scene->runs[0].build.oom_killed = true;
}

static void last_build_failed(struct scene *scene)
{
    scene->runs[scene->run_count - 1].build.exit_code = 2;
}

static void record_broke_off(struct scene *scene)
{
    gate_set(&scene->runs[0].not_measured, "the record broke off");
}

static void at_limit(struct scene *scene)
{
    scene->runs[0].peak.at_limit = true;
}

static void more_cpus(struct scene *scene)
{
    scene->runs[0].environment.cpus = 8;
}

static void empty_baseline(struct scene *scene)
{
    baseline_release(&scene->baseline);
}

/* Headlines in MiB, against 800 +- 80. `why`: what is said; NULL: there is no other run. */
static const struct {
    int64_t headline[3];
    void (*change)(struct scene *scene);
    const char *why;
} cases[] = {
    {{800}, nothing, NULL},
    {{840}, nothing, NULL},
    {{841},
     nothing,
     "cgroup_peak of 841.0 MiB is above the baseline of 800.0 MiB by more than half of the "
     "tolerance of 80.0 MiB"},
    {{1200}, nothing, "above"},
    {{720}, nothing, NULL},
    {{719},
     nothing,
     "cgroup_peak of 719.0 MiB is below the baseline of 800.0 MiB by more than the tolerance of "
     "80.0 MiB"},
    {{841, 870}, nothing, NULL}, /* both within */
    {{900, 910}, nothing, NULL}, /* both over */
    {{600, 610}, nothing, NULL}, /* both below */
    {{890, 860},
     nothing,
     "cgroup_peak of 890.0 MiB and 860.0 MiB: one run is above the tolerance, which ends at 880.0 "
     "MiB, the other is not"},
    {{710, 740}, nothing, "one run is below the tolerance, which ends at 720.0 MiB"},
    {{900, 800}, nothing, NULL}, /* too far apart: a third run can't fix that */
    {{600, 800}, nothing, NULL},
    {{890, 860, 880}, nothing, NULL}, /* that was the third */
    {{890, 870, 860}, nothing, NULL},
    {{900}, headline_warns, NULL},
    {{500}, headline_warns, NULL},
    {{900}, headline_off, NULL},
    {{900}, hard_limit_850, NULL}, /* decided */
    {{845}, hard_limit_850, "above"},
    {{845, 855}, hard_limit_850, NULL},
    {{900}, build_failed, NULL},
    {{900}, out_of_memory, NULL},
    {{900, 860}, last_build_failed, NULL},
    {{900}, record_broke_off, NULL},
    {{900}, more_cpus, NULL},
    {{900}, empty_baseline, NULL},
    {{900}, at_limit, NULL},
    {{800}, stage_grew, NULL},
    {{800}, stage_grew_and_fails, "stage build-deps of 500.0 MiB is above"},
    {{800}, stage_gone_and_fails, NULL}, /* gone in one run is gone */
    {{800}, slow_and_judged, "duration of 10m 00s is above the baseline of 1m 00s"},
};

START_TEST(measures_again_when_in_doubt)
{
    struct scene scene = {0};
    gate_baseline(&scene.baseline);
    while (scene.run_count < 3 && cases[_i].headline[scene.run_count]) {
        gate_run(&scene.runs[scene.run_count], "now", cases[_i].headline[scene.run_count] * MIB);
        scene.run_count++;
    }
    cases[_i].change(&scene);
    char *why = rerun_reason(&scene.baseline, scene.runs, scene.run_count);
    ck_assert_msg((why != NULL) == (cases[_i].why != NULL), "case %d: %s", _i, why ? why : "no");
    if (why)
        ck_assert_msg(strstr(why, cases[_i].why) != NULL, "\"%s\" lacks \"%s\"", why,
                      cases[_i].why);
    free(why);
    gate_release_runs(scene.runs, scene.run_count);
    baseline_release(&scene.baseline);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gate/doubt");
    TCase *table = tcase_create("table");
    tcase_add_loop_test(table, measures_again_when_in_doubt, 0, sizeof cases / sizeof *cases);
    suite_add_tcase(suite, table);
    return run_suite(suite);
}
