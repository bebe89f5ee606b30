/* Aggregation of records into a measurement. */
#include "base/alloc.h"
#include "base/units.h"
#include "measurement/aggregate.h"
#include "measurement/process_name.h"
#include "unit/suite.h"

#include <stdio.h>
#include <string.h>

static struct measurement m;
static struct aggregate *aggregate;

static void begin(void)
{
    struct strv names CLEANUP(strv_release) = {0};
    strv_push(&names, "link");
    strv_push(&names, "compile");
    measurement_init(&m);
    aggregate = aggregate_new(&m, &names);
}

static void end(void)
{
    aggregate_free(aggregate);
    measurement_release(&m);
}

static void hello_of(const char *source, int64_t limit_bytes)
{
    aggregate_record(aggregate, &(struct wire_record){.type = WIRE_HELLO,
                                                      .hello = {.source = source,
                                                                .usage_source = "memory.current",
                                                                .cgroup_directory = "",
                                                                .peak_at_start_bytes = 10,
                                                                .limit_bytes = limit_bytes,
                                                                .cpu_percent = 200,
                                                                .memory_total_bytes = 1000,
                                                                .architecture = "x86_64",
                                                                .kernel = "6.12",
                                                                .thp = ""}});
}

static void hello(int64_t limit_bytes)
{
    hello_of("memory.peak", limit_bytes);
}

static void sample(int64_t t_ms, int64_t stage, int64_t cgroup_bytes, int64_t pss_bytes)
{
    aggregate_record(aggregate,
                     &(struct wire_record){.type = WIRE_SAMPLE,
                                           .sample = {.t_ms = t_ms,
                                                      .stage = stage,
                                                      .cgroup_bytes = cgroup_bytes,
                                                      .peak_bytes = cgroup_bytes,
                                                      .pss_bytes = pss_bytes,
                                                      .anon_bytes = cgroup_bytes / 2,
                                                      .file_bytes = -1,
                                                      .shmem_bytes = 0,
                                                      .kernel_bytes = 1,
                                                      .unreclaimable_bytes = cgroup_bytes / 2,
                                                      .processes = 1,
                                                      .cgroup_high_bytes = cgroup_bytes}});
}

static void boundary(int64_t t_ms, int64_t stage, int64_t peak_bytes)
{
    aggregate_record(aggregate, &(struct wire_record){.type = WIRE_STAGE,
                                                      .stage = {.t_ms = t_ms,
                                                                .stage = stage,
                                                                .peak_bytes = peak_bytes,
                                                                .ended_peak_bytes = -1}});
}

/* The same, but the counter could be reset. */
static void reset_boundary(int64_t t_ms, int64_t stage, int64_t ended_peak_bytes)
{
    aggregate_record(aggregate,
                     &(struct wire_record){.type = WIRE_STAGE,
                                           .stage = {.t_ms = t_ms,
                                                     .stage = stage,
                                                     .peak_bytes = ended_peak_bytes,
                                                     .ended_peak_bytes = ended_peak_bytes}});
}

static void snapshot(int64_t gauge, int64_t t_ms, int64_t stage, int64_t pss_bytes,
                     int64_t announced, const char *const *commands)
{
    aggregate_record(aggregate, &(struct wire_record){.type = WIRE_SNAPSHOT,
                                                      .snapshot = {.gauge = gauge,
                                                                   .t_ms = t_ms,
                                                                   .stage = stage,
                                                                   .cgroup_bytes = pss_bytes,
                                                                   .pss_bytes = pss_bytes,
                                                                   .anon_bytes = -1,
                                                                   .file_bytes = -1,
                                                                   .shmem_bytes = -1,
                                                                   .kernel_bytes = -1,
                                                                   .unreclaimable_bytes = -1,
                                                                   .processes = announced}});
    for (int64_t pid = 1; *commands; commands++, pid++)
        aggregate_record(aggregate, &(struct wire_record){.type = WIRE_PROCESS,
                                                          .process = {.pid = pid,
                                                                      .pss_bytes = 100 * pid,
                                                                      .hwm_bytes = -1,
                                                                      .basis = 0,
                                                                      .command = *commands}});
}

static void mappings(int64_t snapshot_ms, int64_t pid, int64_t unread, int64_t pss_bytes)
{
    aggregate_record(aggregate, &(struct wire_record){.type = WIRE_MAPPINGS,
                                                      .mappings = {.snapshot_ms = snapshot_ms,
                                                                   .pid = pid,
                                                                   .unread = unread,
                                                                   .t_ms = snapshot_ms + 10,
                                                                   .pss_bytes = pss_bytes,
                                                                   .huge_page_bytes = 0,
                                                                   .count = 3}});
}

static void mapping(int64_t kind, int64_t pss_bytes, const char *name)
{
    aggregate_record(
        aggregate,
        &(struct wire_record){.type = WIRE_MAPPING,
                              .mapping = {.kind = kind, .pss_bytes = pss_bytes, .name = name}});
}

static void constraint(int64_t ancestor, const char *directory, int64_t limit_bytes,
                       int64_t high_bytes, int64_t hits)
{
    aggregate_record(aggregate, &(struct wire_record){.type = WIRE_CONSTRAINT,
                                                      .constraint = {.ancestor = ancestor,
                                                                     .directory = directory,
                                                                     .limit_bytes = limit_bytes,
                                                                     .high_bytes = high_bytes,
                                                                     .swap_limit_bytes = -1,
                                                                     .limit_hits = hits,
                                                                     .high_hits = -1}});
}

static void finish_last(int64_t peak_bytes, int64_t ended_peak_bytes)
{
    aggregate_record(aggregate,
                     &(struct wire_record){.type = WIRE_END,
                                           .end = {.inner_oom_cgroup = "",
                                                   .exit_code = 0,
                                                   .duration_ms = 900,
                                                   .peak_bytes = peak_bytes,
                                                   .ended_peak_bytes = ended_peak_bytes}});
    aggregate_finish(aggregate);
}

/* The hits are of the cgroup itself. */
static void finish(int64_t peak_bytes, int64_t oom_kills, int64_t limit_hits)
{
    constraint(0, "/own", -1, -1, limit_hits);
    aggregate_record(aggregate, &(struct wire_record){.type = WIRE_END,
                                                      .end = {.inner_oom_cgroup = "",
                                                              .exit_code = 0,
                                                              .duration_ms = 900,
                                                              .peak_bytes = peak_bytes,
                                                              .ended_peak_bytes = -1,
                                                              .oom_kills = oom_kills,
                                                              .largest_process_bytes = 5000,
                                                              .build_cpu_ms = 70}});
    aggregate_finish(aggregate);
}

START_TEST(records_of_a_build)
{
    static const char *const compiler[] = {"cc1plus a.cc", "make all", NULL};
    static const char *const linker[] = {"ld -o a", NULL};
    begin();
    hello(-1);
    sample(0, 2, 20, 5);
    boundary(100, 1, 50);
    sample(100, 1, 400, 300);
    snapshot(0, 100, 1, 300, 2, compiler);
    snapshot(2, 100, 1, 300, 2, compiler);
    boundary(500, 0, 700);
    sample(500, 0, 600, 450);
    snapshot(0, 500, 0, 450, 1, linker);
    snapshot(0, 510, 0, 999, 2, linker); /* incomplete: one process never arrives */
    finish(700, 0, 0);

    ck_assert_uint_eq(m.stage_count, 3);
    ck_assert_str_eq(m.stages[0].name, "link");
    ck_assert_int_eq(m.stages[0].first_ms, 500);
    ck_assert_int_eq(m.stages[0].last_ms, 900);
    ck_assert_int_eq(m.stages[0].all_pss_peak_bytes, 450);
    /* The lifetime peak did not rise in this stage: a sampled lower bound. */
    ck_assert_int_eq(m.stages[0].cgroup_peak_bytes, 600);
    ck_assert(!m.stages[0].cgroup_peak_exact);
    /* The lifetime peak rose from 50 to 700 in this stage, between its samples. */
    ck_assert_int_eq(m.stages[1].cgroup_peak_bytes, 700);
    ck_assert(m.stages[1].cgroup_peak_exact);
    ck_assert_str_eq(m.stages[2].name, "setup");
    ck_assert_int_eq(m.stages[2].cgroup_peak_bytes, 50);

    ck_assert_int_eq(m.peak.cgroup_bytes, 700);
    ck_assert_str_eq(m.peak.source, "memory.peak");
    ck_assert(!m.peak.estimated && !m.peak.at_limit && !m.build.oom_killed);
    /* The highest snapshot is of the linker, but the kernel counted the peak before. */
    ck_assert_str_eq(m.peak.stage, "compile");
    ck_assert_int_eq(m.peak.at_peak.at_ms, 100);
    ck_assert_int_eq(m.peak.at_peak.pss_bytes, 300);
    ck_assert_int_eq(m.peak.unreclaimable_bytes, 300);
    /* Largest first. */
    ck_assert_uint_eq(m.stages[1].at_peak.count, 2);
    ck_assert_str_eq(m.stages[1].at_peak.processes[0].name, "make all");
    ck_assert_ptr_null(m.environment.thp);
    /* An upper bound for processes without a snapshot. No sum includes it. */
    ck_assert_int_eq(m.sampler.largest_process_bytes, 5000);
    ck_assert_int_eq(m.build.cpu_ms, 70);
    end();
}
END_TEST

static void expect_stage(size_t i, const char *name, int64_t cgroup_peak_bytes, bool exact)
{
    ck_assert_str_eq(m.stages[i].name, name);
    ck_assert_int_eq(m.stages[i].cgroup_peak_bytes, cgroup_peak_bytes);
    ck_assert_msg(m.stages[i].cgroup_peak_exact == exact, "%s", name);
}

START_TEST(reset_makes_every_stage_exact)
{
    begin();
    hello(-1);
    sample(0, 2, 20, 5);
    reset_boundary(100, 1, 50);
    sample(100, 1, 400, 300);
    reset_boundary(500, 0, 700);
    sample(500, 0, 90, 45);
    reset_boundary(600, 1, 100);
    sample(600, 1, 60, 45);
    finish_last(80, 80); /* v1: the counter since its last reset, not the build's peak */
    expect_stage(0, "link", 100, true);
    expect_stage(1, "compile", 700, true);
    expect_stage(2, "setup", 50, true);
    ck_assert_int_eq(m.peak.cgroup_bytes, 700);
    ck_assert(!m.peak.estimated);
    end();
}
END_TEST

START_TEST(stage_without_reset_is_not_exact)
{
    begin();
    hello(-1);
    reset_boundary(100, 1, 10); /* not above the peak at the start */
    sample(100, 1, 400, 300);
    boundary(500, 0, 700); /* the reset failed: another stage may have reached 700 */
    sample(500, 0, 90, 45);
    finish_last(700, -1);
    expect_stage(0, "link", 90, false);
    expect_stage(1, "compile", 400, false);
    ck_assert_int_eq(m.peak.cgroup_bytes, 700);
    end();

    begin(); /* v2, and the cgroup ended before its last peak could be read */
    hello(-1);
    sample(0, 2, 20, 5);
    reset_boundary(100, 1, 50);
    sample(100, 1, 400, 300);
    finish_last(700, -1);
    expect_stage(0, "compile", 400, false);
    expect_stage(1, "setup", 50, true);
    ck_assert_int_eq(m.peak.cgroup_bytes, 700);
    end();
}
END_TEST

/* A snapshot of one process. */
static void snapshot_of_one(int64_t gauge, int64_t cgroup_bytes, int64_t unreclaimable_bytes,
                            int64_t basis, const char *command)
{
    int64_t pss_bytes = unreclaimable_bytes - 30;
    aggregate_record(aggregate,
                     &(struct wire_record){.type = WIRE_SNAPSHOT,
                                           .snapshot = {.t_ms = cgroup_bytes,
                                                        .stage = 1,
                                                        .gauge = gauge,
                                                        .cgroup_bytes = cgroup_bytes,
                                                        .pss_bytes = pss_bytes,
                                                        .anon_bytes = pss_bytes - 20,
                                                        .file_bytes = 50,
                                                        .shmem_bytes = 10,
                                                        .kernel_bytes = 40,
                                                        .unreclaimable_bytes = unreclaimable_bytes,
                                                        .processes = 1}});
    aggregate_record(aggregate, &(struct wire_record){.type = WIRE_PROCESS,
                                                      .process = {.pid = 7,
                                                                  .pss_bytes = pss_bytes,
                                                                  .hwm_bytes = -1,
                                                                  .basis = basis,
                                                                  .command = command}});
}

START_TEST(each_gauge_has_its_snapshot)
{
    begin();
    hello(-1);
    sample(0, 1, 100, 10);
    snapshot_of_one(0, 1000, 400, 1, "reader");
    snapshot_of_one(1, 800, 600, 0, "holder");
    snapshot_of_one(0, 999, 401, 0, "reader that was measured");
    snapshot_of_one(0, 990, 700, 0, "too low");
    snapshot_of_one(1, 900, 598, 1, "not higher");
    finish(1010, 0, 0);
    ck_assert_str_eq(m.peak.at_peak.processes[0].command, "reader that was measured");
    ck_assert_int_eq(m.peak.at_peak.cgroup_bytes, 999);
    ck_assert_int_eq(m.peak.composition.file_bytes, 50);
    /* PSS, page cache that is not mapped (60 - 20), and kernel memory. */
    ck_assert_int_eq(m.peak.at_peak.attributed_bytes, 371 + 40 + 40);
    ck_assert_str_eq(m.peak.at_unreclaimable_peak.processes[0].command, "holder");
    ck_assert_int_eq(m.peak.at_unreclaimable_peak.unreclaimable_bytes, 600);
    ck_assert_str_eq(m.peak.unreclaimable_stage, "compile");
    ck_assert_int_eq(m.stages[0].all_pss_peak_bytes, 670);
    ck_assert_int_eq(m.stages[0].pss_peak_bytes, UNMEASURED);
    end();
}
END_TEST

/* The PSS of a stage is that of its own processes, and does not depend on the usage. */
START_TEST(own_processes_of_a_stage)
{
    begin();
    hello(-1);
    sample(0, 0, 2000, 900);
    snapshot_of_one(0, 1000, 900, 0, "all");
    snapshot_of_one(2, 700, 330, 0, "own");
    snapshot_of_one(2, 990, 230, 0, "own, smaller");
    finish(1010, 0, 0);
    const struct stage_measurement *stage = &m.stages[1];
    ck_assert_str_eq(stage->name, "compile");
    ck_assert_int_eq(stage->pss_peak_bytes, 300);
    ck_assert_int_eq(stage->at_peak.pss_bytes, 300);
    ck_assert_str_eq(stage->at_peak.processes[0].command, "own");
    ck_assert_int_eq(stage->first_ms, 700);
    ck_assert_int_eq(stage->last_ms, 990);
    ck_assert_str_eq(m.peak.at_peak.processes[0].command, "all");
    end();
}
END_TEST

START_TEST(unseen_stages_are_dropped)
{
    begin();
    hello(-1);
    sample(0, 2, 20, 5);
    finish(30, 0, 0);
    ck_assert_uint_eq(m.stage_count, 1);
    ck_assert_str_eq(m.stages[0].name, "setup");
    end();
}
END_TEST

/* A stage that ends before its first snapshot. */
START_TEST(stage_without_samples_has_no_figures)
{
    begin();
    hello(-1);
    sample(0, 2, 20, 5);
    aggregate_record(aggregate,
                     &(struct wire_record){.type = WIRE_STAGE_SEEN, .stage_seen = {7, 1}});
    aggregate_record(aggregate,
                     &(struct wire_record){.type = WIRE_STAGE_SEEN, .stage_seen = {9, 2}});
    aggregate_record(aggregate,
                     &(struct wire_record){.type = WIRE_STAGE_SEEN, .stage_seen = {25, 1}});
    finish(30, 0, 0);
    ck_assert_uint_eq(m.stage_count, 2);
    const struct stage_measurement *seen = &m.stages[0];
    ck_assert_str_ne(seen->name, "setup");
    ck_assert_int_eq(seen->first_ms, 7);
    ck_assert_int_eq(seen->last_ms, 25);
    ck_assert_int_eq(seen->pss_peak_bytes, UNMEASURED);
    ck_assert_int_eq(seen->all_pss_peak_bytes, UNMEASURED);
    ck_assert_int_eq(seen->cgroup_peak_bytes, UNMEASURED);
    ck_assert_int_eq(seen->unreclaimable_peak_bytes, UNMEASURED);
    /* A stage with samples keeps its first_ms. */
    ck_assert_int_eq(m.stages[1].first_ms, 0);
    end();
}
END_TEST

START_TEST(cgroup_that_was_read)
{
    struct wire_record record = {.type = WIRE_HELLO,
                                 .hello = {.source = "",
                                           .usage_source = "",
                                           .cgroup_directory = "/sys/fs/cgroup/job",
                                           .cgroup_version = 2,
                                           .cgroup_seen_by = WIRE_SEEN_BY_RUNNER,
                                           .architecture = "",
                                           .kernel = "",
                                           .thp = ""}};
    begin();
    aggregate_record(aggregate, &record);
    ck_assert_int_eq(m.cgroup.version, 2);
    ck_assert_str_eq(m.cgroup.directory, "/sys/fs/cgroup/job");
    ck_assert_str_eq(m.cgroup.seen_by, "runner");
    ck_assert_ptr_nonnull(m.cgroup.proof);
    record.hello.cgroup_version = 0;
    aggregate_record(aggregate, &record);
    ck_assert_ptr_null(m.cgroup.directory);
    ck_assert_ptr_null(m.cgroup.proof);
    ck_assert_int_eq(m.cgroup.version, UNMEASURED);
    end();
}
END_TEST

START_TEST(disturbance_of_the_run)
{
    begin();
    hello(-1);
    aggregate_record(aggregate, &(struct wire_record){.type = WIRE_DISTURBANCE,
                                                      .disturbance = {.cpu_some_us = -1,
                                                                      .throttled_us = 5,
                                                                      .other_cpu_us = INT64_MAX,
                                                                      .swap_out_bytes = 4096}});
    finish(30, 0, 0);
    ck_assert_int_eq(m.disturbance.cpu_some_us, UNMEASURED);
    ck_assert_int_eq(m.disturbance.throttled_us, 5);
    ck_assert_int_eq(m.disturbance.other_cpu_us, UNMEASURED); /* no file could hold it */
    ck_assert_int_eq(m.disturbance.swap_out_bytes, 4096);
    end();
}
END_TEST

/* A build may end before its first sample. */
START_TEST(no_process_no_pss)
{
    begin();
    hello(-1);
    aggregate_record(aggregate, &(struct wire_record){.type = WIRE_SAMPLE,
                                                      .sample = {.t_ms = 35,
                                                                 .stage = 2,
                                                                 .cgroup_bytes = 800,
                                                                 .cgroup_high_bytes = 800,
                                                                 .processes = 0}});
    finish(900, 0, 0);
    ck_assert_str_eq(m.stages[0].name, "setup");
    ck_assert_int_eq(m.stages[0].pss_peak_bytes, UNMEASURED);
    ck_assert_int_eq(m.stages[0].cgroup_peak_bytes, 900);
    end();
}
END_TEST

START_TEST(peak_at_the_limit)
{
    static const struct {
        int64_t peak_bytes, limit_hits;
        bool at_limit;
    } cases[] = {{989, 0, false}, {990, 0, true}, {500, 1, true}, {500, -1, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin();
        hello(1000);
        finish(cases[i].peak_bytes, 0, cases[i].limit_hits);
        ck_assert_msg(m.peak.at_limit == cases[i].at_limit, "case %zu", i);
        end();
    }
}
END_TEST

static void unreclaimable(int64_t bytes)
{
    aggregate_record(aggregate,
                     &(struct wire_record){.type = WIRE_SAMPLE,
                                           .sample = {.t_ms = 1, .unreclaimable_bytes = bytes}});
}

/* The first step of an image build comes later than the first sample: there is no peak of 0 bytes.
 */
START_TEST(no_charge_is_no_figure)
{
    begin();
    hello(5000);
    unreclaimable(0);
    finish(-1, 0, 0);
    ck_assert_int_eq(m.peak.cgroup_bytes, UNMEASURED);
    ck_assert_int_eq(m.peak.unreclaimable_bytes, UNMEASURED);
    end();
}
END_TEST

/* Each metric has its own rule. */
START_TEST(limits_of_ancestors)
{
    static const struct {
        int64_t unreclaimable_bytes, oom_kills, limit_bytes, high_bytes, hits;
        bool at_limit, unreclaimable_at_limit;
    } cases[] = {
        {100, 0, 1000, -1, 0, false, false}, {100, 0, 1000, -1, 5, true, false},
        {970, 0, 1000, -1, 5, true, true},   {969, 0, 1000, -1, 5, true, false},
        {970, 0, 1000, -1, 0, false, false}, {100, 1, 1000, -1, 5, true, true},
        {490, 0, 1000, 500, 5, true, false}, {100, 0, 504, -1, 0, true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin();
        hello(5000);
        unreclaimable(cases[i].unreclaimable_bytes);
        constraint(0, "/job/own", -1, -1, 0);
        constraint(1, "/job", cases[i].limit_bytes, cases[i].high_bytes, cases[i].hits);
        constraint(64, "/beyond", 1, 1, 1);
        constraint(-1, "/before", 1, 1, 1);
        finish(500, cases[i].oom_kills, 0);
        ck_assert_msg(m.peak.at_limit == cases[i].at_limit, "case %zu", i);
        ck_assert_msg(m.peak.unreclaimable_at_limit == cases[i].unreclaimable_at_limit, "case %zu",
                      i);
        ck_assert_uint_eq(m.constraint_count, 1);
        ck_assert_str_eq(m.constraints[0].cgroup, "/job");
        ck_assert_int_eq(m.constraints[0].ancestor, 1);
        ck_assert_int_eq(m.pressure.limit_hits, cases[i].hits);
        end();
    }
}
END_TEST

/* The runner sees the constraints of a container from outside, and more of them. */
START_TEST(levels_from_outside_complete_those_of_the_probe)
{
    begin();
    hello(1000);
    constraint(0, "/sys/fs/cgroup", 1000, -1, 2);
    constraint(0, "/sys/fs/cgroup/docker/1", 1000, -1, -1);
    constraint(1, "/sys/fs/cgroup/docker", 4000, -1, 7);
    finish(500, 0, 2);
    ck_assert_uint_eq(m.constraint_count, 2);
    ck_assert_int_eq(m.constraints[0].limit_hits, 2);
    ck_assert_int_eq(m.pressure.limit_hits, 9);
    const struct constraint *tightest = measurement_tightest(&m);
    ck_assert_str_eq(tightest->cgroup, "/sys/fs/cgroup/docker");
    end();
}
END_TEST

START_TEST(an_impossible_peak_is_not_measured)
{
    static const struct {
        int64_t peak_bytes, anon_bytes;
        const char *reason;
    } cases[] = {
        {1 << 30, 1 << 30, NULL},
        {1 << 30, (1 << 30) + (20 << 20), NULL},
        {1 << 29, 1 << 30, "less than the anonymous memory of 1.00 GiB"},
        {0, -1, "the memory peak is 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin();
        aggregate_record(aggregate, &(struct wire_record){.type = WIRE_HELLO,
                                                          .hello = {.source = "memory.peak",
                                                                    .usage_source = "",
                                                                    .cgroup_directory = "",
                                                                    .limit_bytes = -1,
                                                                    .architecture = "",
                                                                    .kernel = "",
                                                                    .thp = ""}});
        aggregate_record(aggregate,
                         &(struct wire_record){.type = WIRE_SNAPSHOT,
                                               .snapshot = {.t_ms = 1,
                                                            .cgroup_bytes = cases[i].peak_bytes,
                                                            .pss_bytes = 1,
                                                            .anon_bytes = cases[i].anon_bytes}});
        finish_last(cases[i].peak_bytes, -1);
        ck_assert_msg((m.not_measured == NULL) == (cases[i].reason == NULL), "case %zu: %s", i,
                      m.not_measured);
        ck_assert(!m.not_measured || strstr(m.not_measured, cases[i].reason));
        end();
    }
}
END_TEST

START_TEST(peak_is_estimated_without_a_counter)
{
    begin();
    hello_of("", -1);
    sample(0, 1, 640, 300);
    finish(-1, -1, -1);
    ck_assert(m.peak.estimated);
    ck_assert_int_eq(m.peak.cgroup_bytes, 640);
    ck_assert_str_eq(m.peak.source, "memory.current");
    ck_assert_int_eq(m.peak.at_most_bytes, UNMEASURED);
    ck_assert(!m.build.oom_killed);
    end();
}
END_TEST

START_TEST(peak_is_the_sum_of_pss_without_a_cgroup)
{
    static const char *const compiler[] = {"cc1 a.c", NULL};
    begin();
    aggregate_record(aggregate, &(struct wire_record){.type = WIRE_HELLO,
                                                      .hello = {
                                                          .source = "",
                                                          .usage_source = "",
                                                          .cgroup_directory = "",
                                                          .peak_at_start_bytes = -1,
                                                          .usage_at_start_bytes = -1,
                                                          .limit_bytes = -1,
                                                          .architecture = "",
                                                          .kernel = "",
                                                          .thp = "",
                                                      }});
    sample(0, 1, -1, 300);
    snapshot(0, 10, 1, 300, 1, compiler);
    finish(-1, -1, -1);
    ck_assert(m.peak.estimated && !m.peak.shared);
    ck_assert_str_eq(m.peak.source, "sum of PSS");
    ck_assert_int_eq(m.peak.cgroup_bytes, 300);
    end();
}
END_TEST

/* In a cgroup with other processes: 200 are charged, and the lifetime peak is 1000. */
static void begin_shared(int64_t was_reset)
{
    begin();
    aggregate_record(aggregate, &(struct wire_record){.type = WIRE_HELLO,
                                                      .hello = {
                                                          .source = "memory.peak",
                                                          .usage_source = "memory.current",
                                                          .cgroup_directory = "",
                                                          .shared = 1,
                                                          .peak_was_reset = was_reset,
                                                          .peak_at_start_bytes = 1000,
                                                          .usage_at_start_bytes = 200,
                                                          .limit_bytes = -1,
                                                          .architecture = "",
                                                          .kernel = "",
                                                          .thp = "",
                                                      }});
    ck_assert(m.peak.shared);
    ck_assert_int_eq(m.peak.at_start_bytes, 200);
}

static void expect_peak(int64_t bytes, const char *source, int64_t at_most_bytes)
{
    ck_assert_int_eq(m.peak.cgroup_bytes, bytes);
    ck_assert_str_eq(m.peak.source, source);
    ck_assert_int_eq(m.peak.at_most_bytes, at_most_bytes);
    ck_assert(m.peak.estimated == (strcmp(source, "memory.current") == 0));
}

START_TEST(shared_cgroup_with_reset)
{
    begin_shared(1);
    sample(0, 2, 250, 5);
    reset_boundary(100, 1, 300);
    sample(100, 1, 600, 400);
    reset_boundary(500, 0, 700);
    sample(500, 0, 500, 400);
    finish_last(1000, 650); /* v2: the lifetime peak is unchanged */
    expect_peak(700, "memory.peak", UNMEASURED);
    ck_assert_int_eq(m.stages[1].cgroup_peak_bytes, 700);
    ck_assert_int_eq(m.stages[0].cgroup_peak_bytes, 650);
    for (size_t i = 0; i < m.stage_count; i++)
        ck_assert(m.stages[i].cgroup_peak_exact);
    end();
}
END_TEST

START_TEST(shared_cgroup_whose_peak_rose)
{
    begin_shared(0);
    sample(0, 2, 250, 5);
    finish_last(1001, -1);
    expect_peak(1001, "memory.peak", UNMEASURED);
    end();
}
END_TEST

START_TEST(shared_cgroup_with_a_higher_old_peak)
{
    begin_shared(0);
    sample(0, 2, 250, 5);
    boundary(100, 1, 1000);
    sample(100, 1, 600, 400);
    finish_last(1000, -1);
    expect_peak(600, "memory.current", 1000);
    ck_assert(!m.stages[1].cgroup_peak_exact);
    end();
}
END_TEST

/* Such as of the second run of a check: the first one left its peak in the counter. */
START_TEST(shared_cgroup_with_an_equal_old_peak)
{
    begin_shared(0);
    sample(0, 2, 250, 5);
    sample(100, 2, 990, 400);
    finish_last(1000, -1);
    expect_peak(1000, "memory.peak", UNMEASURED);
    end();
    begin_shared(0);
    sample(0, 2, 250, 5);
    sample(100, 2, 989, 400);
    finish_last(1000, -1);
    expect_peak(989, "memory.current", 1000);
    end();
}
END_TEST

/* On cgroup v1, others can reset the counter during the run. */
START_TEST(shared_cgroup_whose_counter_fell)
{
    begin_shared(0);
    sample(0, 2, 250, 5);
    sample(100, 2, 600, 400);
    finish_last(605, -1);
    expect_peak(600, "memory.current", UNMEASURED);
    end();
}
END_TEST

START_TEST(shared_cgroup_whose_second_reset_failed)
{
    begin_shared(1);
    sample(0, 2, 250, 5);
    boundary(100, 1, 1000); /* the second reset failed */
    sample(100, 1, 600, 400);
    finish_last(1000, -1);
    expect_peak(600, "memory.current", UNMEASURED);
    end();
}
END_TEST

START_TEST(oom_by_the_kernel_counter)
{
    begin();
    hello(-1);
    finish(10, 1, 0);
    ck_assert(m.build.oom_killed);
    end();
}
END_TEST

START_TEST(incomplete_records)
{
    begin();
    hello(-1);
    sample(0, 99, 20, 5); /* no such stage */
    aggregate_finish(aggregate);
    ck_assert_int_eq(m.build.exit_code, UNMEASURED);
    ck_assert(!measurement_verified(&m));
    end();
}
END_TEST

/* Figures come from outside: none may overflow a sum, or make the result unreadable. */
START_TEST(extreme_figures)
{
    begin();
    hello(-1);
    aggregate_record(aggregate, &(struct wire_record){.type = WIRE_SNAPSHOT,
                                                      .snapshot = {.cgroup_bytes = INT64_MAX,
                                                                   .pss_bytes = INT64_MAX,
                                                                   .anon_bytes = INT64_MAX,
                                                                   .file_bytes = INT64_MAX,
                                                                   .shmem_bytes = INT64_MAX,
                                                                   .kernel_bytes = INT64_MAX}});
    aggregate_record(aggregate, &(struct wire_record){.type = WIRE_HELLO,
                                                      .hello = {.source = "",
                                                                .usage_source = "",
                                                                .cgroup_directory = "",
                                                                .architecture = "",
                                                                .kernel = "",
                                                                .thp = "",
                                                                .cpu_percent = INT64_MAX}});
    aggregate_record(
        aggregate,
        &(struct wire_record){.type = WIRE_END, .end = {.inner_oom_cgroup = "", .signal = 65}});
    aggregate_finish(aggregate);
    ck_assert_int_eq(m.peak.at_peak.attributed_bytes, INT64_MAX);
    ck_assert_double_eq(m.environment.cpus, UNMEASURED);
    ck_assert_int_eq(m.build.signal, 0);
    end();
}
END_TEST

static void long_commands(int64_t gauge, int64_t stage, int64_t pss_bytes, int64_t count)
{
    static char command[WIRE_STRING_MAX];
    memset(command, 'x', sizeof command - 1);
    aggregate_record(aggregate, &(struct wire_record){.type = WIRE_SNAPSHOT,
                                                      .snapshot = {.stage = stage,
                                                                   .gauge = gauge,
                                                                   .cgroup_bytes = pss_bytes,
                                                                   .pss_bytes = pss_bytes,
                                                                   .processes = count}});
    for (int64_t i = 0; i < count; i++)
        aggregate_record(
            aggregate,
            &(struct wire_record){.type = WIRE_PROCESS,
                                  .process = {.pid = i + 1, .pss_bytes = i, .command = command}});
}

START_TEST(processes_and_texts_are_bounded)
{
    begin();
    hello(-1);
    sample(0, 1, 5000, 5000);
    long_commands(0, 1, 5000, 1000);
    long_commands(2, 1, 5000, 1000);
    sample(0, 0, 4000, 4000);
    long_commands(2, 0, 4000, 20000);
    finish(5000, 0, 0);
    /* The build keeps all processes, a stage the largest ones; commands and names are truncated. */
    ck_assert_uint_eq(m.peak.at_peak.count, 1000);
    ck_assert_uint_eq(m.stages[0].at_peak.count, 64);
    ck_assert_int_eq(m.stages[0].pss_peak_bytes, 4000);
    ck_assert_uint_eq(m.stages[1].at_peak.count, 64);
    ck_assert_int_eq(m.stages[1].at_peak.processes[0].pss_bytes, 999);
    ck_assert_uint_eq(strlen(m.stages[1].at_peak.processes[0].command), 1024);
    ck_assert_uint_eq(strlen(m.stages[1].at_peak.processes[0].name), PROCESS_NAME_MAX);
    end();
}
END_TEST

START_TEST(variables_are_bounded)
{
    begin();
    hello(-1);
    for (int i = 0; i < 100000; i++) {
        char name[16];
        snprintf(name, sizeof name, "NAME_%d", i);
        aggregate_record(
            aggregate,
            &(struct wire_record){.type = WIRE_VARIABLE, .variable = {.name = name, .value = "1"}});
    }
    ck_assert_uint_eq(m.environment.variables.count, 64);
    ck_assert_str_eq(m.environment.variables.items[0], "NAME_0=1");
    end();
}
END_TEST

START_TEST(names_of_processes)
{
    static const struct {
        const char *command, *name;
    } cases[] = {
        {"node /work/node_modules/.bin/next build --turbo", "next build"},
        {"/usr/local/bin/node --max-old-space-size=4096 /w/.bin/tsc -p packages/models", "tsc"},
        {"npm run build:assemblyscript", "npm run build:assemblyscript"},
        {"node /work/dist/processChild.js", "processChild"},
        {"/usr/lib/gcc/cc1plus -quiet -O2 a.cc", "cc1plus"},
        {"/usr/bin/node /w/node_modules/next/dist/compiled/jest-worker/processChild.js",
         "next build (worker)"},
        {"node /w/node_modules/next/dist/bin/next build --turbo", "next build"},
        {"node --trace-gc /usr/lib/node_modules/npm/bin/npm-cli.js run build", "npm run build"},
        {"node /w/node_modules/nx/bin/run-executor.js {}", "nx (executor)"},
        {"rustc --crate-name serde --edition=2021 src/lib.rs", "rustc serde"},
        {"rustc --crate-name=serde src/lib.rs", "rustc serde"},
        {"rustc src/main.rs", "rustc"},
        {"rustc --crate-name", "rustc"},
        {"/opt/jdk/bin/java -Xmx4g -cp /a.jar:/b.jar org.gradle.launcher.GradleMain build",
         "java GradleMain"},
        {"java -jar /opt/tools/closure.jar --js a.js", "java closure.jar"},
        {"java", "java"},
        {"java -version", "java"},
        {"cc1plus main", "cc1plus"},
        {"ld.lld -o a", "ld.lld"},
        {"node", "node"},
        {"node -e 1", "node"},
        {"make -j2 all", "make"},
        {"/usr/libexec/qemu-binfmt/aarch64-binfmt-P /usr/bin/node node /w/.bin/next build",
         "next build"},
        {"/usr/bin/qemu-x86_64-static /usr/bin/make make all", "make all"},
        {"qemu-arm /usr/lib/cc1plus -quiet a.cc", "cc1plus"},
        {"/run/rosetta/rosetta /usr/bin/node node /w/.bin/tsc", "tsc"},
        {"qemu-system-x86_64 -m 2G", "qemu-system-x86_64"},
        {"qemu-arm", "qemu-arm"},
        {"sh", "sh"},
        {"", "?"},
        {"   ", "?"},
        {"/", "/"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *name CLEANUP(cleanup_free) = process_name(cases[i].command);
        ck_assert_str_eq(name, cases[i].name);
    }
}
END_TEST

static void step(int64_t t_ms, int64_t stage, int64_t ended, int64_t peak_bytes, int64_t exact)
{
    aggregate_record(aggregate,
                     &(struct wire_record){.type = WIRE_STEP,
                                           .step = {.t_ms = t_ms,
                                                    .stage = stage,
                                                    .cgroup = "/steps/x",
                                                    .ended = ended,
                                                    .peak_bytes = peak_bytes,
                                                    .peak_is_exact = exact,
                                                    .oom_kills = ended ? stage - 3 : -1}});
}

/* The cgroup of an image build. */
static void hello_of_steps(void)
{
    aggregate_record(aggregate,
                     &(struct wire_record){.type = WIRE_HELLO,
                                           .hello = {.source = "memory.peak",
                                                     .usage_source = "memory.current",
                                                     .cgroup_version = 2,
                                                     .cgroup_seen_by = WIRE_MADE_BY_RUNNER,
                                                     .cgroup_directory = "/run",
                                                     .peak_at_start_bytes = -1,
                                                     .limit_bytes = -1,
                                                     .cpu_percent = 200,
                                                     .memory_total_bytes = 1000,
                                                     .architecture = "x86_64",
                                                     .kernel = "6.12",
                                                     .thp = ""}});
}

/* Each step is a stage with the peak of its own cgroup. The second and the third run in parallel.
 */
START_TEST(steps_are_stages)
{
    begin();
    hello_of_steps();
    sample(90, -1, 4000, 0);
    step(100, 2, 0, -1, 0); /* after the two stages of the config */
    aggregate_name_stage(aggregate, 2, "[1/3] RUN a");
    boundary(100, 2, 5000);
    sample(110, 2, 5000, 100);
    snapshot(0, 120, 2, 100, 1, (const char *const[]){"a", NULL});
    step(200, 2, 1, 600, 1);
    step(300, 3, 0, -1, 0);
    step(310, 4, 0, -1, 0);
    boundary(300, 3, 9000);
    sample(320, 3, 9000, 90);
    snapshot(0, 320, 3, 900, 1, (const char *const[]){"b", NULL});
    step(400, 4, 1, 300, 0);
    step(450, 3, 1, 700, 1);
    aggregate_name_stage(aggregate, 3, "[2/3] RUN b");
    /* A stage of the config is not seen, and unknown steps are not added. */
    aggregate_record(aggregate, &(struct wire_record){.type = WIRE_STAGE_SEEN,
                                                      .stage_seen = {.t_ms = 7, .stage = 0}});
    step(460, 9, 0, -1, 0);
    step(460, 0, 1, 800, 1);
    step(460, 99, 1, 800, 1);
    aggregate_finish(aggregate);

    ck_assert_uint_eq(m.stage_count, 4);
    ck_assert_str_eq(m.stages[3].name, "setup");
    ck_assert_int_eq(m.stages[3].cgroup_peak_bytes, UNMEASURED);
    ck_assert_int_eq(m.stages[3].unreclaimable_peak_bytes, UNMEASURED);
    ck_assert_str_eq(m.stages[0].name, "[1/3] RUN a");
    ck_assert_int_eq(m.stages[0].cgroup_peak_bytes, 600);
    ck_assert(m.stages[0].cgroup_peak_exact);
    ck_assert_int_eq(m.stages[0].first_ms, 100);
    ck_assert_int_eq(m.stages[0].last_ms, 200);
    ck_assert_int_eq(m.stages[0].unreclaimable_peak_bytes, 2500);
    ck_assert_str_eq(m.stages[1].name, "[2/3] RUN b");
    ck_assert_int_eq(m.stages[1].cgroup_peak_bytes, 700);
    ck_assert_int_eq(m.stages[1].unreclaimable_peak_bytes, UNMEASURED);
    ck_assert_str_eq(m.stages[2].name, "step 3");
    ck_assert_int_eq(m.stages[2].cgroup_peak_bytes, 300);
    ck_assert(!m.stages[2].cgroup_peak_exact);
    ck_assert_int_eq(m.stages[0].oom_kills, 0); /* not counted */
    ck_assert_int_eq(m.stages[1].oom_kills, 0);
    ck_assert_int_eq(m.stages[2].oom_kills, 1);
    ck_assert_str_eq(m.peak.stage, "[2/3] RUN b");
    end();
}
END_TEST

/* The highest sample is of the first step; the kernel counted the peak in the second one, which
 * ended before a snapshot. */
START_TEST(the_peak_is_of_the_step_that_had_it)
{
    begin();
    hello_of_steps();
    step(100, 2, 0, -1, 0);
    boundary(100, 2, 400);
    sample(120, 2, 600, 100);
    snapshot(0, 120, 2, 590, 1, (const char *const[]){"a", NULL});
    step(200, 2, 1, 600, 1);
    step(300, 3, 0, -1, 0);
    step(400, 3, 1, 990, 1);
    finish(1000, 1, 1);
    ck_assert_str_eq(m.peak.stage, "step 2");
    ck_assert_int_eq(m.peak.at_peak.pss_bytes, UNMEASURED);
    ck_assert_uint_eq(m.peak.at_peak.count, 0);
    ck_assert_int_eq(m.peak.composition.anon_bytes, UNMEASURED);
    end();
}
END_TEST

/* Neither step alone has the peak of both: the highest snapshot decides. */
START_TEST(the_peak_of_steps_that_overlap)
{
    begin();
    hello_of_steps();
    step(100, 2, 0, -1, 0);
    step(110, 3, 0, -1, 0);
    boundary(110, 2, 400);
    snapshot(0, 120, 2, 590, 1, (const char *const[]){"a", NULL});
    step(200, 3, 1, 990, 1);
    step(210, 2, 1, 600, 1);
    finish(1000, 0, 0);
    ck_assert_str_eq(m.peak.stage, "step 1");
    ck_assert_int_eq(m.peak.at_peak.pss_bytes, 590);
    end();
}
END_TEST

/* The probe of another engine has no steps. */
START_TEST(steps_of_another_engine_are_ignored)
{
    begin();
    hello(-1);
    step(100, 2, 0, -1, 0);
    step(200, 2, 1, 600, 1);
    aggregate_finish(aggregate);
    ck_assert_uint_eq(m.stage_count, 0);
    end();
}
END_TEST

/* Mappings belong to a process of the best snapshot; a later read replaces an earlier one. */
START_TEST(mappings_of_the_best_snapshot)
{
    static const char *const commands[] = {"a", "b", NULL};
    begin();
    snapshot(0, 100, 9, 300, 2, commands);
    mappings(100, 2, MAPPINGS_READ, 150);
    mapping(MAPPING_HEAP, 150, "");
    mappings(100, 2, MAPPINGS_READ, 180);
    mapping(MAPPING_HEAP, 100, "");
    mapping(MAPPING_FILE, 50, "/lib/x.so");
    mapping(MAPPING_FILE, 30, "");
    mapping(MAPPING_KINDS, 1, "");
    mapping(-1, 1, "");
    mappings(100, 1, MAPPINGS_ENDED, -1);
    mapping(MAPPING_HEAP, 1, "");       /* it was not read */
    mappings(100, 7, MAPPINGS_READ, 1); /* no process of the snapshot */
    mapping(MAPPING_HEAP, 1, "");
    mappings(100, 2, 99, 1);
    snapshot(0, 200, 9, 200, 2, commands); /* lower: not kept */
    mappings(200, 2, MAPPINGS_READ, 1);
    mapping(MAPPING_HEAP, 1, "");
    finish(400, 0, 0);
    const struct process_usage *processes = m.peak.at_peak.processes;
    ck_assert_int_eq(processes[0].pid, 2);
    const struct process_mappings *read = processes[0].mappings;
    ck_assert_ptr_nonnull(read);
    ck_assert_int_eq(read->unread, MAPPINGS_READ);
    ck_assert_int_eq(read->at_ms, 110);
    ck_assert_int_eq(read->pss_bytes, 180);
    ck_assert_int_eq(read->count, 3);
    ck_assert_uint_eq(read->part_count, 3);
    ck_assert_str_eq(read->parts[1].name, "/lib/x.so");
    ck_assert_ptr_null(read->parts[2].name);
    ck_assert_int_eq(mappings_of_kind(read, MAPPING_FILE), 80);
    ck_assert_int_eq(mappings_of_kind(read, MAPPING_SHARED), 0);
    ck_assert_int_eq(processes[1].mappings->unread, MAPPINGS_ENDED);
    ck_assert_int_eq(processes[1].mappings->pss_bytes, UNMEASURED);
    ck_assert_uint_eq(processes[1].mappings->part_count, 0);
    end();
}
END_TEST

/* A better snapshot replaces the processes with their mappings. */
START_TEST(mappings_of_a_replaced_snapshot)
{
    static const char *const commands[] = {"a", NULL};
    begin();
    snapshot(0, 100, 9, 300, 1, commands);
    mappings(100, 1, MAPPINGS_READ, 100);
    mapping(MAPPING_HEAP, 100, "");
    snapshot(0, 200, 9, 400, 1, commands);
    mapping(MAPPING_HEAP, 100, "");
    finish(400, 0, 0);
    ck_assert_int_eq(m.peak.at_peak.at_ms, 200);
    ck_assert_ptr_null(m.peak.at_peak.processes[0].mappings);
    end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("measurement/aggregate");
    TCase *all = tcase_create("all");
    tcase_add_test(all, records_of_a_build);
    tcase_add_test(all, reset_makes_every_stage_exact);
    tcase_add_test(all, stage_without_reset_is_not_exact);
    tcase_add_test(all, each_gauge_has_its_snapshot);
    tcase_add_test(all, own_processes_of_a_stage);
    tcase_add_test(all, cgroup_that_was_read);
    tcase_add_test(all, disturbance_of_the_run);
    tcase_add_test(all, unseen_stages_are_dropped);
    tcase_add_test(all, stage_without_samples_has_no_figures);
    tcase_add_test(all, no_process_no_pss);
    tcase_add_test(all, peak_at_the_limit);
    tcase_add_test(all, no_charge_is_no_figure);
    tcase_add_test(all, limits_of_ancestors);
    tcase_add_test(all, an_impossible_peak_is_not_measured);
    tcase_add_test(all, levels_from_outside_complete_those_of_the_probe);
    tcase_add_test(all, peak_is_estimated_without_a_counter);
    tcase_add_test(all, peak_is_the_sum_of_pss_without_a_cgroup);
    tcase_add_test(all, shared_cgroup_with_reset);
    tcase_add_test(all, shared_cgroup_whose_peak_rose);
    tcase_add_test(all, shared_cgroup_with_a_higher_old_peak);
    tcase_add_test(all, shared_cgroup_with_an_equal_old_peak);
    tcase_add_test(all, shared_cgroup_whose_counter_fell);
    tcase_add_test(all, shared_cgroup_whose_second_reset_failed);
    tcase_add_test(all, oom_by_the_kernel_counter);
    tcase_add_test(all, incomplete_records);
    tcase_add_test(all, extreme_figures);
    tcase_add_test(all, processes_and_texts_are_bounded);
    tcase_add_test(all, variables_are_bounded);
    tcase_add_test(all, names_of_processes);
    tcase_add_test(all, steps_are_stages);
    tcase_add_test(all, the_peak_is_of_the_step_that_had_it);
    tcase_add_test(all, the_peak_of_steps_that_overlap);
    tcase_add_test(all, mappings_of_the_best_snapshot);
    tcase_add_test(all, mappings_of_a_replaced_snapshot);
    tcase_add_test(all, steps_of_another_engine_are_ignored);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
