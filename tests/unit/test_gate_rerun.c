/* The rerun policy: which runs `check` measures again, and for which reason. */
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

static void stage_brief_and_fails(struct scene *scene)
{
    gate_stage(&scene->runs[0], "build-deps")->pss_peak_bytes = UNMEASURED;
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
    scene->runs[0].peak.at_limit = scene->runs[0].peak.unreclaimable_at_limit = true;
}

static void cut_off_and_grew(struct scene *scene)
{
    scene->runs[0].peak.at_limit = true;
    gate_add_metric(&scene->baseline, "unreclaimable_peak", 400 * MIB);
}

static void more_cpus(struct scene *scene)
{
    scene->runs[0].environment.cpus = 8;
}

static void empty_baseline(struct scene *scene)
{
    baseline_release(&scene->baseline);
}

/* Peaks in MiB, against a baseline of 800 +- 80. */
static const struct {
    int64_t peaks[3];
    void (*change)(struct scene *scene);
    const char *metric; /* the reason begins with it; NULL: no further run */
} cases[] = {
    {{800}, nothing, NULL},
    {{840}, nothing, NULL},
    {{841}, nothing, "cgroup_peak "},
    {{1200}, nothing, "cgroup_peak "},
    {{720}, nothing, NULL},
    {{719}, nothing, "cgroup_peak "},
    {{841, 870}, nothing, NULL}, /* both within */
    {{900, 910}, nothing, NULL}, /* both above */
    {{600, 610}, nothing, NULL}, /* both below */
    {{890, 860}, nothing, "cgroup_peak "},
    {{710, 740}, nothing, "cgroup_peak "},
    {{900, 800}, nothing, "cgroup_peak "}, /* far apart: a third run shows the outlier */
    {{1500, 1000}, nothing, NULL},         /* far apart, on the same side */
    {{600, 800}, nothing, "cgroup_peak "},
    {{890, 860, 880}, nothing, NULL}, /* the third run was the last */
    {{890, 870, 860}, nothing, NULL},
    {{900}, peak_warns, NULL},
    {{500}, peak_warns, NULL},
    {{900}, peak_off, NULL},
    {{900}, budget_850, NULL}, /* over budget: no rerun */
    {{845}, budget_850, "cgroup_peak "},
    {{845, 855}, budget_850, NULL},
    {{900}, build_failed, NULL},
    {{900}, out_of_memory, NULL},
    {{900, 860}, last_build_failed, NULL},
    {{900}, record_broke_off, NULL},
    {{900}, more_cpus, NULL},
    {{900}, empty_baseline, NULL},
    {{900}, at_limit, NULL},
    {{900}, cut_off_and_grew, "cgroup_peak "},
    {{500}, cut_off_and_grew, "unreclaimable_peak "}, /* the peak of 500 is a lower bound */
    {{800}, stage_grew, NULL},
    {{800}, stage_grew_and_fails, "stage build-deps "},
    {{800}, stage_brief_and_fails, NULL},
    {{800}, stage_gone_and_fails, NULL}, /* missing in one run is enough */
    {{800}, slow_and_judged, "duration "},
};

static char *reason_for(const int64_t peaks[3], void (*change)(struct scene *scene))
{
    struct scene scene = {0};
    gate_baseline(&scene.baseline);
    while (scene.run_count < 3 && peaks[scene.run_count]) {
        gate_run(&scene.runs[scene.run_count], "now", peaks[scene.run_count] * MIB);
        scene.run_count++;
    }
    change(&scene);
    char *reason = rerun_reason(&scene.baseline, scene.runs, scene.run_count);
    gate_release_runs(scene.runs, scene.run_count);
    baseline_release(&scene.baseline);
    return reason;
}

START_TEST(measures_again_if_one_run_could_mislead)
{
    const char *metric = cases[_i].metric;
    char *reason CLEANUP(cleanup_free) = reason_for(cases[_i].peaks, cases[_i].change);
    ck_assert_msg((reason != NULL) == (metric != NULL), "case %d: %s", _i, reason ? reason : "-");
    if (metric)
        ck_assert_msg(strncmp(reason, metric, strlen(metric)) == 0, "case %d: %s", _i, reason);
}
END_TEST

START_TEST(reasons)
{
    static const struct {
        int64_t peaks[3];
        const char *reason;
    } table[] = {
        {{841},
         "cgroup_peak of 841.0 MiB is above the baseline of 800.0 MiB by more than half of the "
         "tolerance of 80.0 MiB"},
        {{719},
         "cgroup_peak of 719.0 MiB is below the baseline of 800.0 MiB by more than the tolerance "
         "of 80.0 MiB"},
        {{890, 860},
         "cgroup_peak of 890.0 MiB and 860.0 MiB: only one run is above the end of the tolerance, "
         "880.0 MiB"},
        {{710, 740},
         "cgroup_peak of 710.0 MiB and 740.0 MiB: only one run is below the end of the tolerance, "
         "720.0 MiB"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char *reason CLEANUP(cleanup_free) = reason_for(table[i].peaks, nothing);
        ck_assert_pstr_eq(reason, table[i].reason);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gate/rerun");
    TCase *table = tcase_create("table");
    tcase_add_loop_test(table, measures_again_if_one_run_could_mislead, 0,
                        sizeof cases / sizeof *cases);
    tcase_add_test(table, reasons);
    suite_add_tcase(suite, table);
    return run_suite(suite);
}
