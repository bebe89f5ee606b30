/* Initialising, releasing and verifying a measurement; grouping processes by name. */
#include "base/alloc.h"
#include "base/units.h"
#include "measurement/disturbance.h"
#include "measurement/image_name.h"
#include "unit/gate_sample.h"
#include "unit/suite.h"

#include <string.h>

START_TEST(new_measurement_is_unmeasured)
{
    struct measurement m CLEANUP(measurement_release);
    memset(&m, 0x5A, sizeof m);
    measurement_init(&m);
    ck_assert_int_eq(m.build.exit_code, UNMEASURED);
    ck_assert_int_eq(m.build.signal, 0);
    ck_assert_int_eq(m.build.duration_ms, UNMEASURED);
    ck_assert_int_eq(m.build.cpu_ms, UNMEASURED);
    ck_assert_int_eq(m.peak.cgroup_bytes, UNMEASURED);
    ck_assert_int_eq(m.peak.limit_bytes, UNMEASURED);
    ck_assert_int_eq(m.peak.at_start_bytes, UNMEASURED);
    ck_assert_int_eq(m.peak.unreclaimable_bytes, UNMEASURED);
    ck_assert_int_eq(m.peak.composition.anon_bytes, UNMEASURED);
    ck_assert_int_eq(m.peak.composition.file_bytes, UNMEASURED);
    ck_assert_int_eq(m.peak.composition.shmem_bytes, UNMEASURED);
    ck_assert_int_eq(m.peak.composition.kernel_bytes, UNMEASURED);
    ck_assert_int_eq(m.peak.at_peak.pss_bytes, UNMEASURED);
    ck_assert_int_eq(m.peak.at_peak.at_ms, UNMEASURED);
    ck_assert_int_eq(m.peak.at_peak.cgroup_bytes, UNMEASURED);
    ck_assert_double_eq(m.environment.cpus, UNMEASURED);
    ck_assert_int_eq(m.environment.memory_total_bytes, UNMEASURED);
    ck_assert_int_eq(m.sampler.interval_ms, UNMEASURED);
    ck_assert_int_eq(m.sampler.samples, 0);
    ck_assert_ptr_null(m.label);
    ck_assert_ptr_null(m.not_measured);
    ck_assert_uint_eq(m.stage_count, 0);
    ck_assert(!measurement_verified(&m));
}
END_TEST

/* ASan and valgrind check that all memory is released and that a second release is harmless. */
START_TEST(released_measurement_is_new)
{
    struct measurement m;
    gate_run(&m, "now", 800 * MIB);
    gate_set(&m.started_at, "2026-01-02T03:04:05Z");
    gate_set(&m.commit, "abc");
    gate_set(&m.build.command, "npm run build");
    gate_set(&m.peak.stage, "build-deps");
    gate_set(&m.environment.engine, "docker");
    gate_set(&m.environment.engine_version, "20");
    gate_set(&m.environment.image_digest, "sha256:1");
    gate_set(&m.environment.kernel, "6.1");
    gate_set(&m.environment.thp, "always");
    strv_push(&m.environment.variables, "NODE_OPTIONS=-x");
    gate_set(&m.not_measured, "why");
    gate_add_daemon(&m, "Gradle daemon", 90);
    measurement_release(&m);
    ck_assert_ptr_null(m.stages);
    ck_assert_int_eq(m.peak.cgroup_bytes, UNMEASURED);
    measurement_release(&m);
}
END_TEST

static void untouched(struct measurement *m)
{
    (void)m;
}

static void exited_1(struct measurement *m)
{
    m->build.exit_code = 1;
}

static void end_unknown(struct measurement *m)
{
    m->build.exit_code = UNMEASURED;
}

static void killed(struct measurement *m)
{
    m->build.signal = 9;
}

static void oom(struct measurement *m)
{
    m->build.oom_killed = true;
}

static void timed_out(struct measurement *m)
{
    m->build.timed_out = true;
}

static void required_broken(struct measurement *m)
{
    m->checks[0].ok = false;
}

static void informative_broken(struct measurement *m)
{
    m->checks[1].ok = false;
}

static const struct {
    void (*change)(struct measurement *m);
    bool verified;
} verified_cases[] = {
    {untouched, true}, {exited_1, false},  {end_unknown, false},     {killed, false},
    {oom, false},      {timed_out, false}, {required_broken, false}, {informative_broken, true},
};

START_TEST(verified_if_built_and_required_checks_pass)
{
    struct measurement m CLEANUP(measurement_release);
    gate_run(&m, "now", 800 * MIB);
    verified_cases[_i].change(&m);
    ck_assert_int_eq(measurement_verified(&m), verified_cases[_i].verified);
}
END_TEST

static void check_group(const struct process_group *group, const char *name, size_t count,
                        int64_t pss_bytes)
{
    ck_assert_str_eq(group->name, name);
    ck_assert_uint_eq(group->count, count);
    ck_assert_int_eq(group->pss_bytes, pss_bytes);
}

START_TEST(groups_by_name)
{
    struct snapshot snapshot CLEANUP(snapshot_release);
    snapshot_init(&snapshot);
    gate_add_process(&snapshot, "npm", 100);
    gate_add_process(&snapshot, "tsc", 60);
    gate_add_process(&snapshot, "next", 50);
    gate_add_process(&snapshot, "tsc", 60);
    gate_add_process(&snapshot, "bash", 50);
    gate_add_process(&snapshot, "bash", 0);
    gate_add_process(&snapshot, "gone", 0);
    gate_add_process(&snapshot, "tsc", 0);
    snapshot.processes[5].pss_bytes = UNMEASURED; /* of a group with other values: adds nothing */
    snapshot.processes[6].pss_bytes = UNMEASURED; /* of a group without values: not 0 */

    size_t count;
    struct process_group *groups CLEANUP(cleanup_free) = snapshot_groups(&snapshot, &count);
    ck_assert_uint_eq(count, 5);
    check_group(&groups[0], "tsc", 3, 120);
    check_group(&groups[1], "npm", 1, 100);
    check_group(&groups[2], "bash", 2, 50); /* equal size: by name */
    check_group(&groups[3], "next", 1, 50);
    check_group(&groups[4], "gone", 1, UNMEASURED);
}
END_TEST

START_TEST(groups_do_not_overflow)
{
    struct snapshot snapshot CLEANUP(snapshot_release);
    snapshot_init(&snapshot);
    gate_add_process(&snapshot, "tsc", INT64_MAX);
    gate_add_process(&snapshot, "tsc", INT64_MAX);
    size_t count;
    struct process_group *groups CLEANUP(cleanup_free) = snapshot_groups(&snapshot, &count);
    ck_assert_uint_eq(count, 1);
    check_group(&groups[0], "tsc", 2, INT64_MAX);
}
END_TEST

START_TEST(no_processes_no_groups)
{
    struct snapshot snapshot;
    size_t count = 7;
    snapshot_init(&snapshot);
    struct process_group *groups CLEANUP(cleanup_free) = snapshot_groups(&snapshot, &count);
    ck_assert_ptr_nonnull(groups);
    ck_assert_uint_eq(count, 0);
}
END_TEST

static const struct {
    struct disturbance disturbance;
    const char *text;
} disturbed_cases[] = {
    {{.cpu_capacity_us = 2000000, .other_cpu_us = 199999, .swap_in_bytes = UNMEASURED}, NULL},
    {{.cpu_capacity_us = 2000000, .other_cpu_us = 960000}, "other work used 48 % of the CPUs"},
    {{.cpu_capacity_us = 2000000, .steal_us = 300000, .throttled_us = 100000},
     "the hypervisor took 15 % of the CPUs, a CPU quota stopped the build for 100 ms"},
    {{.io_full_us = 500000, .swap_in_bytes = 4 << 20, .swap_out_bytes = 4 << 20},
     "all of it waited for I/O for 500 ms, the machine swapped 8.0 MiB"},
    {{.cpu_capacity_us = 50, .other_cpu_us = 7, .steal_us = 7, .swap_in_bytes = 4096}, NULL},
    {{.cpu_capacity_us = UNMEASURED, .other_cpu_us = 960000, .run_delay_us = 9000000}, NULL},
};

START_TEST(disturbance_is_notable)
{
    char *text CLEANUP(cleanup_free) = disturbance_text(&disturbed_cases[_i].disturbance, 1000);
    if (disturbed_cases[_i].text)
        ck_assert_str_eq(text, disturbed_cases[_i].text);
    else
        ck_assert_ptr_null(text);
}
END_TEST

static const struct {
    const char *image, *full, *registry;
    bool has_registry;
} image_names[] = {
    {"gcc", "docker.io/library/gcc", "docker.io", false},
    {"node:24-bookworm", "docker.io/library/node:24-bookworm", "docker.io", false},
    {"oven/bun:1", "docker.io/oven/bun:1", "docker.io", false},
    {"gcc@sha256:0123", "docker.io/library/gcc@sha256:0123", "docker.io", false},
    {"docker.io/gcc:14", "docker.io/library/gcc:14", "docker.io", true},
    {"docker.io/library/gcc:14", "docker.io/library/gcc:14", "docker.io", true},
    {"docker.io/oven/bun:1", "docker.io/oven/bun:1", "docker.io", true},
    {"localhost/app:1", "localhost/app:1", "localhost", true},
    {"localhost:5000/app", "localhost:5000/app", "localhost:5000", true},
    {"build:5000/a/b:1", "build:5000/a/b:1", "build:5000", true},
    {"ghcr.io/astral-sh/uv:python3.13", "ghcr.io/astral-sh/uv:python3.13", "ghcr.io", true},
    {"", "docker.io/library/", "docker.io", false},
};

START_TEST(image_name_has_a_registry)
{
    char *full CLEANUP(cleanup_free) = image_full_name(image_names[_i].image);
    char *registry CLEANUP(cleanup_free) = image_registry(image_names[_i].image);
    ck_assert_str_eq(full, image_names[_i].full);
    ck_assert_str_eq(registry, image_names[_i].registry);
    ck_assert(image_has_registry(image_names[_i].image) == image_names[_i].has_registry);
    ck_assert(image_names_equal(image_names[_i].image, full));
    ck_assert(!image_names_equal(full, "docker.io/library/gcc:13"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("measurement");
    TCase *all = tcase_create("all");
    tcase_add_test(all, new_measurement_is_unmeasured);
    tcase_add_test(all, released_measurement_is_new);
    tcase_add_loop_test(all, verified_if_built_and_required_checks_pass, 0,
                        sizeof verified_cases / sizeof *verified_cases);
    tcase_add_test(all, groups_by_name);
    tcase_add_test(all, groups_do_not_overflow);
    tcase_add_test(all, no_processes_no_groups);
    tcase_add_loop_test(all, disturbance_is_notable, 0,
                        sizeof disturbed_cases / sizeof *disturbed_cases);
    tcase_add_loop_test(all, image_name_has_a_registry, 0,
                        sizeof image_names / sizeof *image_names);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
