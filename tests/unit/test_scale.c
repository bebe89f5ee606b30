/* A synthetic long build with many stages and processes, recorded as the runner records it. The
 * memory and the files depend on the stages and processes, not on the length of the build. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/units.h"
#include "gate/judge.h"
#include "measurement/process_name.h"
#include "report/report.h"
#include "result/result.h"
#include "run/recorder.h"
#include "unit/suite.h"
#include "wire/wire.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
/* ASan keeps freed memory and makes the test ten times slower. */
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
#define SAMPLES ((size_t)HOURS * HOUR_MS / INTERVAL_MS)
/* Process samples per moment, and the time between two of them. */
#define PROCESS_SAMPLES 100
#define PROCESS_SAMPLES_MS (10 * INTERVAL_MS)

static char dir[] = "/tmp/build-mem-test-XXXXXX";
static int standard_error;
static struct config config;
static struct workspace_start start;
static struct measurement m;
static struct series series;
static struct recorder *recorder;

/* ---- the build ---- */

/* Sends a record through the wire format. No ck_assert: Check writes each one to its file. */
static void send(const struct wire_record *record)
{
    static uint8_t frame[WIRE_HEADER_BYTES + WIRE_PAYLOAD_MAX];
    struct wire_record received;
    size_t length = wire_encode(record, frame, sizeof frame);
    if (wire_decode(frame, length, &received) != (int64_t)length)
        ck_abort_msg("a frame is not decoded as encoded");
    recorder_take(recorder, &received);
}

/* Each snapshot is a little higher than those before it, so that it replaces them. */
static void send_snapshot(int64_t t_ms, int64_t stage)
{
    char command[400];
    for (int64_t gauge = 0; gauge < 2; gauge++) {
        send(&(struct wire_record){.type = WIRE_SNAPSHOT,
                                   .snapshot = {.t_ms = t_ms,
                                                .stage = stage,
                                                .gauge = gauge,
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

static void send_output(int64_t t_ms, int64_t stage)
{
    char line[128];
    int length = snprintf(line, sizeof line, "[%3d%%] Building CXX object src/stage-%03d/%d.o\n",
                          (int)(t_ms / HOUR_MS), (int)stage, (int)t_ms);
    send(&(struct wire_record){
        .type = WIRE_OUTPUT,
        .output = {.stream = 1, .bytes = line, .length = (size_t)length},
    });
}

/* One large process, some of one name, and tests with a new name each. */
static void send_process_samples(int64_t t_ms)
{
    char command[200];
    for (int64_t i = 0; i < PROCESS_SAMPLES; i++) {
        if (i == 0)
            snprintf(command, sizeof command, "/usr/bin/ld.lld -o all");
        else if (i % 5 == 0)
            snprintf(command, sizeof command, "/usr/lib/gcc/cc1plus -quiet %d.cc", (int)i);
        else
            snprintf(command, sizeof command, "/work/tests/test-of-a-unit-%d-%d --all", (int)t_ms,
                     (int)i);
        send(&(struct wire_record){
            .type = WIRE_PROCESS_SAMPLE,
            .process_sample = {.t_ms = t_ms,
                               .pss_bytes = i == 0 ? 900 * MIB : 30 * MIB + i,
                               .charged_bytes = i == 0 ? 800 * MIB : 25 * MIB + i,
                               .command = command}});
    }
}

static void send_sample(int64_t t_ms, int64_t stage, int64_t peak_bytes)
{
    /* The figures differ and have as many digits as those of a real build. */
    int64_t more = t_ms * 7919 % (200 * MIB);
    send(&(struct wire_record){.type = WIRE_SAMPLE,
                               .sample = {.t_ms = t_ms,
                                          .stage = stage,
                                          .cgroup_bytes = 3800 * MIB + more,
                                          .peak_bytes = peak_bytes,
                                          .pss_bytes = 3700 * MIB + more,
                                          .anon_bytes = 2800 * MIB + more,
                                          .file_bytes = 900 * MIB + more % 4096,
                                          .shmem_bytes = 0,
                                          .kernel_bytes = 100 * MIB,
                                          .unreclaimable_bytes = 2900 * MIB + more,
                                          .processes = PROCESSES}});
}

static void run_stage(int64_t from_ms, int64_t stage)
{
    int64_t peak_bytes = 4096 * MIB + from_ms;
    send(&(struct wire_record){
        .type = WIRE_STAGE,
        .stage = {
            .t_ms = from_ms, .stage = stage, .peak_bytes = peak_bytes, .ended_peak_bytes = -1}});
    send_snapshot(from_ms, stage);
    for (int64_t t_ms = from_ms; t_ms < from_ms + STAGE_MS; t_ms += INTERVAL_MS) {
        send_output(t_ms, stage);
        send_sample(t_ms, stage, peak_bytes);
        if (t_ms % PROCESS_SAMPLES_MS == 0)
            send_process_samples(t_ms);
    }
}

/* Runs each stage once per hour. Returns the highest memory in use. */
static size_t run_hours(int64_t from, int64_t to)
{
    size_t most = 0;
    for (int64_t i = from * STAGES; i < to * STAGES; i++) {
        run_stage(i * STAGE_MS, i % STAGES);
        size_t now = bytes_in_use();
        most = now > most ? now : most;
    }
    return most;
}

/* ---- the run ---- */

static void make_config(void)
{
    config = (struct config){.repo = xstrdup(dir),
                             .out = xstrdup(dir),
                             .memory_limit_bytes = UNMEASURED,
                             .stages = xcalloc(STAGES, sizeof *config.stages),
                             .stage_count = STAGES};
    for (int i = 0; i < STAGES; i++)
        config.stages[i] = (struct stage_rule){.name = xasprintf("stage-%03d", i),
                                               .match = xasprintf("^stage-%03d ", i)};
}

static void begin(void)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    make_config();
    measurement_init(&m);
    m.label = xstrdup("long");
    m.started_at = xstrdup("2026-01-01T00:00:00Z");
    m.build.command = xstrdup("make world");
    measurement_set_engine(&m, "docker", "debian:bookworm");
    /* The output of the build goes to standard error. */
    standard_error = dup(STDERR_FILENO);
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    ck_assert_int_ge(dup2(nowhere, STDERR_FILENO), 0);
    close(nowhere);
    start = workspace_begin(dir, dir);
    recorder = recorder_open(&config, NULL, dir, m.label, &start, &m, &series, &err);
    ck_assert_msg(recorder, "%s", err.message);
    send(&(struct wire_record){.type = WIRE_HELLO,
                               .hello = {
                                   .source = "memory.peak",
                                   .peak_at_start_bytes = MIB,
                                   .limit_bytes = -1,
                                   .cpu_percent = 6400,
                                   .memory_total_bytes = 65536 * MIB,
                                   .architecture = "x86_64",
                                   .kernel = "6.12",
                                   .thp = "madvise",
                               }});
}

static void end(int64_t hours)
{
    send(&(struct wire_record){
        .type = WIRE_END,
        .end = {.duration_ms = hours * HOUR_MS, .peak_bytes = 4200 * MIB, .ended_peak_bytes = -1}});
    recorder_close(recorder);
    dup2(standard_error, STDERR_FILENO);
    close(standard_error);
    config_release(&config);
    ck_assert_msg(!m.not_measured, "%s", m.not_measured);
}

/* Runs outside the process of the test, so that a failed test leaves nothing. */
static void make_dir(void)
{
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void remove_dir(void)
{
    file_remove_tree(AT_FDCWD, dir);
}

/* ---- figures ---- */

static long rss_peak_mib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

static double cpu_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static size_t size_of(const char *name)
{
    struct stat status;
    char *path CLEANUP(cleanup_free) = xasprintf("%s/%s", dir, name);
    ck_assert_int_eq(stat(path, &status), 0);
    return (size_t)status.st_size;
}

static void expect_files(void)
{
    size_t timeline = size_of("timeline-long.csv"), processes = size_of("processes-long.csv");
    printf("timeline %zu KiB, processes %zu KiB, log %zu KiB\n", timeline / 1024, processes / 1024,
           size_of("build-long.log") / 1024);
    /* The timeline grows with the build: 9 short cells per sample. */
    ck_assert_uint_ge(timeline, SAMPLES * 40);
    ck_assert_uint_le(timeline, SAMPLES * 100);
    ck_assert_uint_ge(processes, (size_t)PROCESS_SERIES_MOMENTS / 4 * PROCESS_SERIES_NAMES * 40);
    ck_assert_uint_le(processes, (size_t)PROCESS_SERIES_MOMENTS * (PROCESS_SERIES_NAMES + 1) *
                                     (PROCESS_NAME_MAX + 40));
}

/* Draws a series. The page is bounded: its chart has a fixed number of columns and moments, and it
 * lists only the processes at the peak. */
static void expect_page(const struct series *drawn)
{
    struct judgement judgement CLEANUP(judgement_release);
    double from_s = cpu_s();
    judgement_init(&judgement);
    judge_alone(&m, 1, &judgement);
    char *page CLEANUP(cleanup_free) =
        html_text(&(struct report_input){.m = &m, .series = drawn, .judgement = &judgement});
    printf("page %zu KiB, %.1f s\n", strlen(page) / 1024, cpu_s() - from_s);
    ck_assert_uint_eq(drawn->stages.count, STAGES);
    ck_assert_ptr_nonnull(strstr(page, "</i>ld.lld<"));
    ck_assert_ptr_nonnull(strstr(page, "</i>other processes<"));
    ck_assert_ptr_nonnull(strstr(page, "</html>"));
    ck_assert_uint_le(strlen(page), 2 * MIB);
}

/* The series in memory, as check draws it. */
static void expect_live_page(void)
{
    ck_assert_uint_ge(series.count, SERIES_SAMPLES / 2);
    ck_assert_uint_le(series.count, SERIES_SAMPLES);
    expect_page(&series);
}

/* The series from the files, as report draws it. */
static void expect_stored_page(void)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct series stored CLEANUP(series_release) = {0};
    char *timeline CLEANUP(cleanup_free) = xasprintf("%s/timeline-long.csv", dir);
    char *processes CLEANUP(cleanup_free) = xasprintf("%s/processes-long.csv", dir);
    size_t before = bytes_in_use();
    ck_assert_msg(series_read(timeline, processes, &stored, &err) == 0, "%s", err.message);
    size_t read = bytes_in_use() - before;
    printf("stored series %zu KiB\n", read / 1024);
    ck_assert_uint_eq(stored.count, SAMPLES);
    expect_page(&stored);
    /* One sample per line; the array grows by doubling. */
    if (IS_PLAIN_ALLOCATOR)
        ck_assert_uint_le(read, SAMPLES * 2 * sizeof(struct sample) + 8 * MIB);
}

/* After two hours all stages have been seen and both series are full. */
START_TEST(ten_hours_need_the_memory_of_two)
{
    begin();
    size_t first = run_hours(0, 2);
    long first_rss_mib = rss_peak_mib();
    size_t last = run_hours(2, HOURS);
    long last_rss_mib = rss_peak_mib();
    end(HOURS);
    printf("%d stages, %d processes: at most %zu KiB in 2 hours, %zu KiB in %d; RSS at most %ld, "
           "%ld and at the end %ld MiB; %.1f s\n",
           STAGES, PROCESSES, first / 1024, last / 1024, HOURS, first_rss_mib, last_rss_mib,
           rss_peak_mib(), cpu_s());
    if (IS_PLAIN_ALLOCATOR) {
        /* malloc rounds sizes; one snapshot too many would be megabytes. */
        ck_assert_uint_le(last, first + first / 16);
        ck_assert_uint_le(last, 8 * MIB);
        ck_assert_int_le(last_rss_mib, first_rss_mib + 1);
        /* At the end the processes file is formatted in memory. */
        ck_assert_int_le(rss_peak_mib(), 16);
    }
    expect_files();
    expect_live_page();
    expect_stored_page();
    series_release(&series);
    measurement_release(&m);
}
END_TEST

START_TEST(reports_are_bounded)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct result back CLEANUP(result_release) = {0};
    struct judgement judgement CLEANUP(judgement_release);
    begin();
    (void)run_hours(0, 1);
    end(1);
    judgement_init(&judgement);
    judge_alone(&m, 1, &judgement);
    char *result CLEANUP(cleanup_free) = result_to_json(&m, &judgement, 0);
    char *line CLEANUP(cleanup_free) = result_to_line(&m, &judgement, 0);
    char *summary CLEANUP(cleanup_free) = summary_text(&m, &judgement, false);
    char *junit CLEANUP(cleanup_free) = junit_text(&m, &judgement, "", 0);
    printf("result %zu KiB, line %zu KiB, summary %zu KiB, JUnit %zu KiB\n", strlen(result) / 1024,
           strlen(line) / 1024, strlen(summary) / 1024, strlen(junit) / 1024);
    ck_assert_uint_le(strlen(result), 8 * MIB);
    ck_assert_uint_le(strlen(line), MIB / 4);
    ck_assert_uint_le(strlen(summary), MIB / 16);
    ck_assert_uint_le(strlen(junit), MIB);
    ck_assert_msg(result_parse(result, "result", &back, &err) == 0, "%s", err.message);
    ck_assert_uint_eq(back.measurement.stage_count, STAGES);
    ck_assert_uint_eq(back.measurement.peak.at_peak.count, PROCESSES);
    series_release(&series);
    measurement_release(&m);
}
END_TEST

START_TEST(a_baseline_of_many_environments)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct acceptance acceptance = {.at = "2026-01-01T00:00:00Z"};
    struct baseline baseline = {0}, back;
    begin();
    (void)run_hours(0, 1);
    end(1);
    for (int64_t cpus = 1; cpus <= ENVIRONMENTS; cpus++) {
        m.environment.cpus = (double)cpus;
        ck_assert_msg(baseline_accept(&baseline, &m, 1, &acceptance, &err) == 0, "%s", err.message);
    }
    char *text CLEANUP(cleanup_free) = baseline_to_json(&baseline);
    printf("baseline %zu KiB\n", strlen(text) / 1024);
    ck_assert_uint_le(strlen(text), 4 * MIB);
    ck_assert_msg(baseline_parse(text, "baseline", &back, &err) == 0, "%s", err.message);
    ck_assert_uint_eq(back.count, ENVIRONMENTS);
    for (int64_t cpus = 1; cpus <= ENVIRONMENTS + 1; cpus++) {
        struct judgement judgement CLEANUP(judgement_release);
        m.environment.cpus = (double)cpus;
        judgement_init(&judgement);
        judge(&back, "baseline", &m, 1, false, &judgement);
        ck_assert_int_eq(judgement.verdict,
                         cpus <= ENVIRONMENTS ? VERDICT_PASS : VERDICT_NOT_COMPARABLE);
    }
    baseline_release(&back);
    baseline_release(&baseline);
    series_release(&series);
    measurement_release(&m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scale");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 300);
    tcase_add_unchecked_fixture(all, make_dir, remove_dir);
    tcase_add_test(all, ten_hours_need_the_memory_of_two);
    tcase_add_test(all, reports_are_bounded);
    tcase_add_test(all, a_baseline_of_many_environments);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
