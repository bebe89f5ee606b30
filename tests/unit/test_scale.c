/* A long build of many stages and processes, made up: what the runner holds and writes is bounded
 * by them, not by how long the build takes. */
#include "base/alloc.h"
#include "base/units.h"
#include "gate/judge.h"
#include "measurement/fold.h"
#include "measurement/result.h"
#include "report/report.h"
#include "report/timeline.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
/* With ASan the allocator is another, which keeps what was freed, and all takes ten times as long.
 */
#if defined __SANITIZE_ADDRESS__ || __has_feature(address_sanitizer)
#define HOURS 2
#define IS_PLAIN_ALLOCATOR false
#else
#define HOURS 10
#define IS_PLAIN_ALLOCATOR true
#endif

#define STAGES 200
#define PROCESSES 1000
#define ENVIRONMENTS 50
#define HOUR_MS 3600000
#define STAGE_MS (HOUR_MS / STAGES)
#define INTERVAL_MS 150

static struct measurement m;
static struct fold *fold;
static struct timeline *timeline;

/* As it comes from the probe: through the wire. */
static void send(const struct wire_record *record)
{
    static uint8_t frame[WIRE_HEADER_BYTES + WIRE_PAYLOAD_MAX];
    struct wire_record received;
    size_t length = wire_encode(record, frame, sizeof frame);
    ck_assert_int_eq(wire_decode(frame, length, &received), (int64_t)length);
    fold_record(fold, &received);
    if (received.type == WIRE_SAMPLE)
        timeline_add(timeline,
                     &(struct timeline_row){.t_ms = received.sample.t_ms,
                                            .stage = fold_stage_name(fold, received.sample.stage),
                                            .cgroup_current_bytes = received.sample.cgroup_bytes,
                                            .pss_bytes = received.sample.pss_bytes,
                                            .anon_bytes = received.sample.anon_bytes,
                                            .file_bytes = received.sample.file_bytes,
                                            .processes = received.sample.processes});
}

/* Each is a little higher than all before it, so that all of them replace what is kept. */
static void send_snapshot(int64_t t_ms, int64_t stage)
{
    char command[400];
    for (int64_t level = 0; level < 2; level++) {
        send(&(struct wire_record){.type = WIRE_SNAPSHOT,
                                   .snapshot = {.t_ms = t_ms,
                                                .stage = stage,
                                                .level = level,
                                                .cgroup_bytes = 4096 * MIB + t_ms,
                                                .pss_bytes = 4000 * MIB + t_ms,
                                                .anon_bytes = 3000 * MIB,
                                                .file_bytes = 900 * MIB,
                                                .shmem_bytes = 0,
                                                .kernel_bytes = 100 * MIB,
                                                .unreclaimable_bytes = 3100 * MIB + t_ms,
                                                .processes = PROCESSES}});
        for (int64_t i = 0; i < PROCESSES; i++) {
            snprintf(command, sizeof command,
                     "/usr/lib/gcc/x86_64-linux-gnu/12/cc1plus -quiet -O2 "
                     "-I/work/third_party/include -D_GNU_SOURCE /work/src/stage-%03d/unit-%04d.cc "
                     "-o /tmp/cc-%08d.s",
                     (int)stage, (int)i, (int)t_ms);
            send(&(struct wire_record){.type = WIRE_PROCESS,
                                       .process = {.pid = 100 + i,
                                                   .pss_bytes = 4 * MIB + i,
                                                   .hwm_bytes = 5 * MIB,
                                                   .command = command}});
        }
    }
}

static void run_stage(int64_t from_ms, int64_t stage)
{
    send(&(struct wire_record){.type = WIRE_STAGE,
                               .stage = {.t_ms = from_ms,
                                         .stage = stage,
                                         .peak_bytes = 4096 * MIB + from_ms,
                                         .ended_peak_bytes = -1}});
    send_snapshot(from_ms, stage);
    for (int64_t t_ms = from_ms; t_ms < from_ms + STAGE_MS; t_ms += INTERVAL_MS)
        send(&(struct wire_record){.type = WIRE_SAMPLE,
                                   .sample = {.t_ms = t_ms,
                                              .stage = stage,
                                              .cgroup_bytes = 4000 * MIB,
                                              .peak_bytes = 4096 * MIB + from_ms,
                                              .pss_bytes = 3900 * MIB,
                                              .anon_bytes = 3000 * MIB,
                                              .file_bytes = 900 * MIB,
                                              .shmem_bytes = 0,
                                              .kernel_bytes = 100 * MIB,
                                              .unreclaimable_bytes = 3000 * MIB,
                                              .processes = PROCESSES}});
}

static void begin(void)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct strv names CLEANUP(strv_release) = {0};
    for (int i = 0; i < STAGES; i++)
        strv_pushf(&names, "stage-%03d", i);
    measurement_init(&m);
    m.label = xstrdup("long");
    m.started_at = xstrdup("2026-01-01T00:00:00Z");
    m.build.command = xstrdup("make world");
    measurement_set_engine(&m, "docker", "debian:bookworm");
    fold = fold_new(&m, &names);
    timeline = timeline_open("/dev/null", &err);
    ck_assert_ptr_nonnull(timeline);
    send(&(struct wire_record){.type = WIRE_HELLO,
                               .hello = {
                                   .source = "memory.peak",
                                   .peak_at_start_bytes = MIB,
                                   .limit_bytes = -1,
                                   .cpus = 64,
                                   .memory_total_bytes = 65536 * MIB,
                                   .architecture = "x86_64",
                                   .kernel = "6.12",
                                   .thp = "madvise",
                               }});
}

/* Every hour each of the stages comes once. */
static void run_hour(int64_t hour)
{
    for (int64_t stage = 0; stage < STAGES; stage++)
        run_stage(hour * HOUR_MS + stage * STAGE_MS, stage);
}

static void end(void)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    send(&(struct wire_record){.type = WIRE_END,
                               .end = {.duration_ms = (int64_t)HOURS * HOUR_MS,
                                       .peak_bytes = 4200 * MIB,
                                       .ended_peak_bytes = -1}});
    fold_finish(fold);
    ck_assert_int_eq(timeline_close(timeline, &err), 0);
    fold_free(fold);
}

static long rss_peak_mib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

START_TEST(ten_hours_take_what_one_takes)
{
    begin();
    run_hour(0);
    size_t first = bytes_in_use();
    long first_rss_mib = rss_peak_mib();
    for (int64_t hour = 1; hour < HOURS; hour++)
        run_hour(hour);
    size_t last = bytes_in_use();
    printf("%d stages, %d processes: %zu KiB held after 1 hour, %zu KiB after %d; RSS at most %ld "
           "MiB and %ld MiB\n",
           STAGES, PROCESSES, first / 1024, last / 1024, HOURS, first_rss_mib, rss_peak_mib());
    end();
    measurement_release(&m);
    if (IS_PLAIN_ALLOCATOR) {
        /* malloc's own rounding of what is replaced; a snapshot that is kept would be megabytes. */
        ck_assert_uint_le(last, first + first / 16);
        ck_assert_uint_le(last, 8 * MIB);
        ck_assert_int_le(rss_peak_mib(), first_rss_mib + 1);
    }
}
END_TEST

/* The reports of such a build, and that others can read them. */
START_TEST(its_reports_are_bounded)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct measurement back CLEANUP(measurement_release);
    struct judgement judgement CLEANUP(judgement_release);
    begin();
    run_hour(0);
    end();
    judgement_init(&judgement);
    judge_alone(&m, 1, &judgement);
    char *result CLEANUP(cleanup_free) = result_to_json(&m, "pass", 0, NULL);
    char *line CLEANUP(cleanup_free) = result_to_line(&m, "pass", 0, NULL);
    char *summary CLEANUP(cleanup_free) = summary_text(&m, &judgement, false);
    char *junit CLEANUP(cleanup_free) = junit_text(&m, &judgement, "", 0);
    printf("result %zu KiB, line %zu KiB, summary %zu KiB, JUnit %zu KiB\n", strlen(result) / 1024,
           strlen(line) / 1024, strlen(summary) / 1024, strlen(junit) / 1024);
    ck_assert_uint_le(strlen(result), 8 * MIB);
    ck_assert_uint_le(strlen(line), MIB / 4);
    ck_assert_uint_le(strlen(summary), MIB / 16);
    ck_assert_uint_le(strlen(junit), MIB);
    ck_assert_msg(result_parse(result, "result", &back, &err) == 0, "%s", err.message);
    ck_assert_uint_eq(back.stage_count, STAGES);
    ck_assert_uint_eq(back.peak.at_peak.count, PROCESSES);
    measurement_release(&m);
}
END_TEST

START_TEST(a_baseline_of_many_environments)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct acceptance acceptance = {.at = "2026-01-01T00:00:00Z"};
    struct baseline baseline = {0}, back;
    begin();
    run_hour(0);
    end();
    for (int64_t cpus = 1; cpus <= ENVIRONMENTS; cpus++) {
        m.environment.cpus = cpus;
        ck_assert_msg(baseline_accept(&baseline, &m, 1, &acceptance, &err) == 0, "%s", err.message);
    }
    char *text CLEANUP(cleanup_free) = baseline_to_json(&baseline);
    printf("baseline %zu KiB\n", strlen(text) / 1024);
    ck_assert_uint_le(strlen(text), 4 * MIB);
    ck_assert_msg(baseline_parse(text, "baseline", &back, &err) == 0, "%s", err.message);
    ck_assert_uint_eq(back.count, ENVIRONMENTS);
    for (int64_t cpus = 1; cpus <= ENVIRONMENTS + 1; cpus++) {
        struct judgement judgement CLEANUP(judgement_release);
        m.environment.cpus = cpus;
        judgement_init(&judgement);
        judge(&back, "baseline", &m, 1, false, &judgement);
        ck_assert_int_eq(judgement.verdict,
                         cpus <= ENVIRONMENTS ? VERDICT_PASS : VERDICT_NOT_COMPARABLE);
    }
    baseline_release(&back);
    baseline_release(&baseline);
    measurement_release(&m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scale");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 300);
    tcase_add_test(all, ten_hours_take_what_one_takes);
    tcase_add_test(all, its_reports_are_bounded);
    tcase_add_test(all, a_baseline_of_many_environments);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
