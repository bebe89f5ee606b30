/* The series of a run: collected within bounds, stored as CSV, read, and divided into columns. */
#include "result/series.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/units.h"
#include "measurement/process_name.h"
#include "unit/suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "/tmp/build-mem-test-XXXXXX";
static char *path;
static struct process_series *process_series;
static struct series series;
static struct bm_error err = BM_ERROR_INIT;

static void setup(void)
{
    strcpy(dir + strlen(dir) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    path = xasprintf("%s/series.csv", dir);
    process_series = process_series_new();
}

static void teardown(void)
{
    file_remove_tree(AT_FDCWD, dir);
    free(path);
    cleanup_process_series(&process_series);
    series_release(&series);
    bm_error_release(&err);
}

static void expect_file(const char *expected)
{
    char *text CLEANUP(cleanup_free) = NULL;
    ck_assert_msg(file_read(path, 1 << 20, &text, NULL, &err) == 0, "%s", err.message);
    ck_assert_str_eq(text, expected);
}

/* ---- the timeline file ---- */

static const struct sample sample = {.t_ms = 150,
                                     .cgroup_bytes = INT64_C(9007199254740993),
                                     .pss_bytes = 2,
                                     .anon_bytes = 3,
                                     .file_bytes = 4,
                                     .shmem_bytes = 6,
                                     .kernel_bytes = 7,
                                     .processes = 5};
#define CELLS "9007199254740993,2,3,4,5,6,7"

START_TEST(each_line_is_in_the_file_at_once)
{
    struct timeline_csv *csv = timeline_csv_open(path, &err);
    ck_assert_ptr_nonnull(csv);
    expect_file(TIMELINE_CSV_HEAD);
    timeline_csv_add(csv, &sample, "build-deps");
    expect_file(TIMELINE_CSV_HEAD "150,build-deps," CELLS "\n");
    ck_assert_int_eq(timeline_csv_close(csv, &err), 0);
}
END_TEST

START_TEST(unmeasured_is_an_empty_cell)
{
    const struct sample gaps = {.cgroup_bytes = UNMEASURED,
                                .pss_bytes = UNMEASURED,
                                .anon_bytes = UNMEASURED,
                                .shmem_bytes = UNMEASURED,
                                .kernel_bytes = UNMEASURED};
    struct timeline_csv *csv = timeline_csv_open(path, &err);
    timeline_csv_add(csv, &gaps, NULL);
    ck_assert_int_eq(timeline_csv_close(csv, &err), 0);
    expect_file(TIMELINE_CSV_HEAD "0,,,,,0,0,,\n");
}
END_TEST

START_TEST(stage_names_are_quoted_if_needed)
{
    static const struct {
        const char *stage, *cell;
    } cases[] = {{"a b", "a b"},
                 {"a,b", "\"a,b\""},
                 {"the \"x\"", "\"the \"\"x\"\"\""},
                 {"two\nlines", "\"two\nlines\""},
                 {"cr\r", "\"cr\r\""}};
    struct timeline_csv *csv = timeline_csv_open(path, &err);
    timeline_csv_add(csv, &sample, cases[_i].stage);
    ck_assert_int_eq(timeline_csv_close(csv, &err), 0);
    char *expected CLEANUP(cleanup_free) =
        xasprintf(TIMELINE_CSV_HEAD "150,%s," CELLS "\n", cases[_i].cell);
    expect_file(expected);
}
END_TEST

START_TEST(an_old_file_is_emptied)
{
    ck_assert_int_eq(file_write_atomic(path, "old\nold\nold\n", 12, &err), 0);
    ck_assert_int_eq(timeline_csv_close(timeline_csv_open(path, &err), &err), 0);
    expect_file(TIMELINE_CSV_HEAD);
}
END_TEST

START_TEST(close_reports_a_full_disk)
{
    struct timeline_csv *csv = timeline_csv_open("/dev/full", &err);
    ck_assert_ptr_nonnull(csv);
    timeline_csv_add(csv, &sample, "setup");
    ck_assert_int_eq(timeline_csv_close(csv, &err), -1);
    ck_assert_str_eq(err.message, "writing /dev/full: No space left on device");
}
END_TEST

START_TEST(a_missing_directory_is_an_error)
{
    ck_assert_ptr_null(timeline_csv_open("/nowhere/timeline.csv", &err));
    ck_assert_ptr_nonnull(strstr(err.message, "/nowhere/timeline.csv"));
}
END_TEST

/* A build can leave a link in place of the file. */
START_TEST(a_link_is_not_followed)
{
    char *target CLEANUP(cleanup_free) = xasprintf("%s/precious", dir);
    ck_assert_int_eq(file_write_atomic(target, "precious\n", 9, &err), 0);
    ck_assert_int_eq(symlink(target, path), 0);
    ck_assert_ptr_null(timeline_csv_open(path, &err));
    expect_file("precious\n");
}
END_TEST

START_TEST(close_accepts_null)
{
    ck_assert_int_eq(timeline_csv_close(NULL, &err), 0);
}
END_TEST

/* ---- reading ---- */

START_TEST(good_files_are_read)
{
    char *timeline CLEANUP(cleanup_free) = test_path("fixtures/series/good-timeline.csv");
    char *processes CLEANUP(cleanup_free) = test_path("fixtures/series/good-processes.csv");
    ck_assert_msg(series_read(timeline, processes, &series, &err) == 0, "%s", err.message);
    ck_assert_uint_eq(series.count, 15);
    ck_assert_uint_eq(series.stages.count, 3);
    const struct sample *highest = &series.samples[12];
    ck_assert_str_eq(series.stages.items[highest->stage], "next-build");
    ck_assert_int_eq(highest->cgroup_bytes, 1001 * MIB);
    ck_assert_int_eq(highest->shmem_bytes, 8 * MIB);
    ck_assert_int_eq(highest->kernel_bytes, 40 * MIB);
    ck_assert_int_eq(highest->processes, 4);
    ck_assert_uint_eq(series.process_sample_count, 20);
    const struct process_sample *worker = &series.process_samples[12];
    ck_assert_str_eq(series.groups.items[worker->group], "next worker");
    ck_assert_int_eq(worker->count, 2);
    ck_assert_int_eq(worker->charged_bytes, 108 * MIB);
}
END_TEST

static void refuse(const char *bad)
{
    ck_assert_msg(series_read(bad, NULL, &series, &err) == -1, "accepted: %s", bad);
    char *place CLEANUP(cleanup_free) = xasprintf("%s:", bad);
    ck_assert_msg(strncmp(err.message, place, strlen(place)) == 0, "no place: %s", err.message);
    bm_error_release(&err);
    series_release(&series);
}

START_TEST(bad_files_are_refused)
{
    ck_assert_int_eq(for_fixtures("fixtures/series", "bad-", refuse), 11);
}
END_TEST

static void read_timeline(const char *text)
{
    ck_assert_int_eq(file_write_atomic(path, text, strlen(text), &err), 0);
    ck_assert_msg(series_read(path, NULL, &series, &err) == 0, "%s", err.message);
}

START_TEST(gaps_quotes_and_an_incomplete_line_are_accepted)
{
    read_timeline(
        TIMELINE_CSV_HEAD
        "0,\"a,\"\"b\"\"\nc\",,2,,4,5,,7\r\n1,plain,9007199254740993,2,3,4,5,6,7\n2,cut,1");
    ck_assert_uint_eq(series.count, 2);
    ck_assert_str_eq(series.stages.items[0], "a,\"b\"\nc");
    ck_assert_int_eq(series.samples[0].cgroup_bytes, UNMEASURED);
    ck_assert_int_eq(series.samples[0].anon_bytes, UNMEASURED);
    ck_assert_int_eq(series.samples[0].shmem_bytes, UNMEASURED);
    ck_assert_int_eq(sample_usage(&series.samples[0]), 2);
    ck_assert_int_eq(series.samples[1].cgroup_bytes, INT64_C(9007199254740993));
}
END_TEST

/* The time must not grow with the square of the number of names. */
START_TEST(a_file_can_have_a_name_per_line)
{
    char *text CLEANUP(cleanup_free) = NULL;
    size_t length, lines = 200000;
    FILE *out = xmemstream_open(&text, &length);
    fputs(TIMELINE_CSV_HEAD, out);
    for (size_t i = 0; i < lines; i++)
        fprintf(out, "%zu,stage-%zu,1,,,,,,\n", i, i);
    xmemstream_close(out);
    read_timeline(text);
    ck_assert_uint_eq(series.stages.count, lines);
    ck_assert_str_eq(series.stages.items[series.samples[lines - 1].stage], "stage-199999");
}
END_TEST

START_TEST(missing_files_are_an_empty_series)
{
    ck_assert_int_eq(series_read("/nowhere/a.csv", "/nowhere/b.csv", &series, &err), 0);
    ck_assert_uint_eq(series.count, 0);
    ck_assert_uint_eq(series.process_sample_count, 0);
}
END_TEST

/* ---- samples in memory ---- */

static void add_usage(int64_t t_ms, int64_t cgroup_bytes, const char *stage)
{
    const struct sample added = {
        .t_ms = t_ms, .cgroup_bytes = cgroup_bytes, .pss_bytes = UNMEASURED};
    series_add(&series, &added, stage);
}

START_TEST(samples_are_kept_as_added_while_they_are_few)
{
    for (int64_t i = 0; i < SERIES_SAMPLES; i++)
        add_usage(i, 1000 + i, i < 100 ? "setup" : i < 200 ? "compile" : "setup");
    ck_assert_uint_eq(series.count, SERIES_SAMPLES);
    ck_assert_uint_eq(series.stages.count, 2);
    for (size_t i = 0; i < series.count; i++) {
        ck_assert_int_eq(series.samples[i].t_ms, (int64_t)i);
        ck_assert_int_eq(series.samples[i].cgroup_bytes, 1000 + (int64_t)i);
        ck_assert_uint_eq(series.samples[i].stage, i >= 100 && i < 200);
    }
}
END_TEST

/* The highest and the lowest sample of the run are kept, and no gap is wider than four of the
 * SERIES_SAMPLES / 4 stretches. */
START_TEST(thinned_samples_keep_the_extremes)
{
    srand((unsigned)_i);
    int64_t samples = 2 * SERIES_SAMPLES + rand() % 300000, lowest = INT64_MAX, highest = 0;
    for (int64_t i = 0; i < samples; i++) {
        int64_t bytes = rand() % 50 == 0 ? UNMEASURED : 1 + rand();
        highest = bytes > highest ? bytes : highest;
        lowest = bytes >= 0 && bytes < lowest ? bytes : lowest;
        add_usage(i * 150, bytes, "setup");
    }
    ck_assert_uint_le(series.count, SERIES_SAMPLES);
    int64_t kept_lowest = INT64_MAX, kept_highest = 0, gap = 0;
    for (size_t i = 0; i < series.count; i++) {
        int64_t bytes = series.samples[i].cgroup_bytes;
        kept_highest = bytes > kept_highest ? bytes : kept_highest;
        kept_lowest = bytes >= 0 && bytes < kept_lowest ? bytes : kept_lowest;
        if (i) {
            int64_t wide = series.samples[i].t_ms - series.samples[i - 1].t_ms;
            ck_assert_int_gt(wide, 0);
            gap = wide > gap ? wide : gap;
        }
    }
    ck_assert_int_eq(kept_highest, highest);
    ck_assert_int_eq(kept_lowest, lowest);
    ck_assert_int_le(gap, 4 * (samples * 150 / (SERIES_SAMPLES / 4) + 1));
}
END_TEST

START_TEST(absurd_samples_are_bounded)
{
    static const int64_t times[] = {0, -1, INT64_MAX, INT64_MIN, 1000};
    for (size_t i = 0; i < (size_t)3 * SERIES_SAMPLES; i++)
        add_usage(times[i % 5], INT64_MAX, "setup");
    ck_assert_uint_le(series.count, SERIES_SAMPLES);
    for (size_t i = 0; i < series.count; i++) {
        ck_assert_int_eq(series.samples[i].cgroup_bytes, SERIES_FIGURE_MAX);
        ck_assert_int_le(series.samples[i].t_ms, SERIES_FIGURE_MAX);
        ck_assert(i == 0 || series.samples[i].t_ms >= series.samples[i - 1].t_ms);
    }
}
END_TEST

/* ---- process samples ---- */

/* Moves the samples into the series, writes them and reads them back. Both series must be equal. */
static void finish(void)
{
    struct series back CLEANUP(series_release) = {0};
    process_series_finish(process_series, &series);
    ck_assert_msg(processes_csv_write(&series, path, &err) == 0, "%s", err.message);
    ck_assert_msg(series_read("/nowhere", path, &back, &err) == 0, "%s", err.message);
    ck_assert_uint_eq(back.process_sample_count, series.process_sample_count);
    ck_assert_uint_eq(back.groups.count, series.groups.count);
    if (series.process_sample_count)
        ck_assert_mem_eq(back.process_samples, series.process_samples,
                         series.process_sample_count * sizeof *series.process_samples);
    for (size_t i = 0; i < series.groups.count; i++)
        ck_assert_str_eq(back.groups.items[i], series.groups.items[i]);
}

static void add_tool(int64_t number, int64_t pss_bytes)
{
    char *command CLEANUP(cleanup_free) = xasprintf("/opt/tool-%d --run", (int)number);
    process_series_add(process_series, 0, command, pss_bytes, UNMEASURED);
}

static const char *name_of(const struct process_sample *process_sample)
{
    return series.groups.items[process_sample->group];
}

/* Returns the line of that name among `count` lines of one moment, or NULL. */
static const struct process_sample *find(const struct process_sample *lines, size_t count,
                                         const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name_of(&lines[i]), name) == 0)
            return &lines[i];
    return NULL;
}

static void expect_of(const struct process_sample *lines, size_t lines_count, const char *name,
                      int64_t count, int64_t pss_bytes)
{
    const struct process_sample *line = find(lines, lines_count, name);
    ck_assert_msg(line, "no %s", name);
    ck_assert_int_eq(line->count, count);
    ck_assert_int_eq(line->pss_bytes, pss_bytes);
}

static void expect(const char *name, int64_t count, int64_t pss_bytes)
{
    expect_of(series.process_samples, series.process_sample_count, name, count, pss_bytes);
}

START_TEST(processes_are_grouped_by_name)
{
    process_series_add(process_series, 0, "node a/tsc -p x", 5, 4);
    process_series_add(process_series, 0, "tsc -p y", 6, 3);
    process_series_add(process_series, 0, "npm run build", 1, UNMEASURED);
    process_series_add(process_series, 0, "npm run build", 1, 1);
    process_series_add(process_series, 150, "npm run build", 2, 0);
    finish();
    ck_assert_uint_eq(series.process_sample_count, 3);
    ck_assert_str_eq(series.groups.items[0], "tsc");
    expect("tsc", 2, 11);
    ck_assert_int_eq(series.process_samples[0].charged_bytes, 7);
    expect("npm run build", 2, 2);
    ck_assert_int_eq(series.process_samples[1].charged_bytes, UNMEASURED);
    ck_assert_int_eq(series.process_samples[2].t_ms, 150);
    ck_assert_int_eq(series.process_samples[2].pss_bytes, 2);
    ck_assert_int_eq(series.process_samples[2].charged_bytes, 0);
}
END_TEST

START_TEST(moments_are_bounded_and_keep_the_peak)
{
    srand((unsigned)_i);
    int samples = 400 + rand() % 20000;
    int64_t highest = 0, gap = 0, t_ms = -1;
    for (int i = 0; i < samples; i++) {
        int64_t bytes = 1 + rand();
        highest = bytes > highest ? bytes : highest;
        process_series_add(process_series, i * INT64_C(150), "make", bytes, bytes / 2);
    }
    finish();
    ck_assert_uint_le(series.process_sample_count, PROCESS_SERIES_MOMENTS);
    int64_t kept = 0;
    for (size_t i = 0; i < series.process_sample_count; i++) {
        const struct process_sample *line = &series.process_samples[i];
        ck_assert_int_gt(line->t_ms, t_ms);
        gap = t_ms >= 0 && line->t_ms - t_ms > gap ? line->t_ms - t_ms : gap;
        kept = line->pss_bytes > kept ? line->pss_bytes : kept;
        t_ms = line->t_ms;
    }
    ck_assert_int_eq(kept, highest);
    /* Two of the widest stretches can lie between two kept moments. */
    ck_assert_int_le(gap, 4 * (samples * INT64_C(150) * 2 / PROCESS_SERIES_MOMENTS + 150));
}
END_TEST

START_TEST(all_names_are_kept_if_they_are_few)
{
    for (int64_t i = 1; i <= PROCESS_SERIES_NAMES; i++)
        add_tool(i, i);
    finish();
    ck_assert_uint_eq(series.process_sample_count, PROCESS_SERIES_NAMES);
    ck_assert_str_eq(name_of(&series.process_samples[0]), "tool-1");
    ck_assert_ptr_null(
        find(series.process_samples, series.process_sample_count, PROCESS_SERIES_OTHERS));
}
END_TEST

/* Each name is added twice, so that only the end shows which names are largest. */
START_TEST(the_largest_names_stay_and_the_others_are_summed)
{
    enum { MORE = 40 };
    for (int64_t i = 1; i <= PROCESS_SERIES_NAMES + MORE; i++)
        add_tool(i, 1);
    for (int64_t i = 1; i <= PROCESS_SERIES_NAMES + MORE; i++)
        add_tool(i, i);
    finish();
    ck_assert_uint_eq(series.process_sample_count, PROCESS_SERIES_NAMES + 1);
    ck_assert_ptr_null(find(series.process_samples, series.process_sample_count, "tool-40"));
    expect("tool-41", 2, 42);
    expect("tool-104", 2, 105);
    expect(PROCESS_SERIES_OTHERS, 2 * MORE, MORE + MORE * (MORE + 1) / 2);
}
END_TEST

/* A program can have this name. */
START_TEST(others_has_one_line)
{
    for (int64_t i = 1; i <= PROCESS_SERIES_NAMES + 1; i++)
        add_tool(i, 10);
    process_series_add(process_series, 0, PROCESS_SERIES_OTHERS, 1000, 1000);
    finish();
    ck_assert_uint_eq(series.process_sample_count, PROCESS_SERIES_NAMES + 1);
    expect(PROCESS_SERIES_OTHERS, 2, 1010);
}
END_TEST

/* ---- ten hours of programs with a new name each ---- */

#define NAMES 200000
#define NAMES_AT_ONCE 80
#define MOMENTS (NAMES / NAMES_AT_ONCE)
#define SMALL_BYTES 10

static int64_t time_of(int64_t moment)
{
    return moment * (INT64_C(10) * 3600 * 1000 / MOMENTS);
}

static void add_ever_new_names(void)
{
    for (int64_t i = 0; i < NAMES; i++) {
        int64_t t_ms = time_of(i / NAMES_AT_ONCE);
        char *command CLEANUP(cleanup_free) =
            xasprintf("/work/target/debug/deps/%060d --test-threads 1", (int)i);
        process_series_add(process_series, t_ms, command, SMALL_BYTES, SMALL_BYTES);
        if (i % NAMES_AT_ONCE == NAMES_AT_ONCE / 2) {
            process_series_add(process_series, t_ms, "ninja", 5000 + t_ms % 7, 1);
            process_series_add(process_series, t_ms, "ld.lld -o all", 9000, 1);
        }
    }
}

static void expect_moment(const struct process_sample *from, size_t count)
{
    int64_t t_ms = from->t_ms, sum = 0, processes = 0, charged = 0;
    for (size_t i = 0; i < count; i++) {
        sum += from[i].pss_bytes;
        charged += from[i].charged_bytes;
        processes += from[i].count;
    }
    ck_assert_uint_eq(count, PROCESS_SERIES_NAMES + 1);
    ck_assert_int_eq(processes, NAMES_AT_ONCE + 2);
    ck_assert_int_eq(sum, NAMES_AT_ONCE * SMALL_BYTES + 5000 + t_ms % 7 + 9000);
    ck_assert_int_eq(charged, NAMES_AT_ONCE * SMALL_BYTES + 2);
    expect_of(from, count, "ninja", 1, 5000 + t_ms % 7);
    expect_of(from, count, "ld.lld", 1, 9000);
}

START_TEST(new_names_are_bounded)
{
    size_t before = bytes_in_use();
    add_ever_new_names();
    size_t used = bytes_in_use() - before;
    finish();
    printf("%d names: %zu KiB in use, %zu lines of %zu names\n", NAMES, used / 1024,
           series.process_sample_count, series.groups.count);
    /* A name and its figures, as malloc rounds them. */
    ck_assert_uint_le(used, (PROCESS_SERIES_MOMENTS + 1) * PROCESS_SERIES_NAMES *
                                (size_t)(PROCESS_NAME_MAX + 24 + 32));
    ck_assert_uint_le(series.process_sample_count,
                      PROCESS_SERIES_MOMENTS * (PROCESS_SERIES_NAMES + 1));
    ck_assert_uint_ge(series.process_sample_count,
                      PROCESS_SERIES_MOMENTS / 4 * (PROCESS_SERIES_NAMES + 1));
    for (size_t at = 0, end; at < series.process_sample_count; at = end) {
        for (end = at; end < series.process_sample_count; end++)
            if (series.process_samples[end].t_ms != series.process_samples[at].t_ms)
                break;
        expect_moment(&series.process_samples[at], end - at);
    }
}
END_TEST

START_TEST(times_that_decrease_are_one_moment)
{
    static const int64_t times[] = {0, -1, INT64_C(1) << 54, INT64_MIN, 1000};
    for (size_t i = 0; i < 5000; i++)
        process_series_add(process_series, times[i % 5], "make", 1, 1);
    finish();
    ck_assert_uint_eq(series.process_sample_count, 2);
    expect("make", 2, 2);
    ck_assert_int_eq(series.process_samples[1].t_ms, INT64_C(1) << 54);
    ck_assert_int_eq(series.process_samples[1].count, 4998);
}
END_TEST

START_TEST(absurd_process_figures_are_bounded)
{
    for (int64_t i = 0; i < 5000; i++)
        process_series_add(process_series, i * (INT64_MAX / 5000), "make", INT64_MAX, INT64_MAX);
    process_series_add(process_series, INT64_MAX, "make", INT64_MAX, INT64_MIN);
    process_series_add(process_series, INT64_MAX, "make", -1, -1);
    finish();
    ck_assert_uint_le(series.process_sample_count, PROCESS_SERIES_MOMENTS);
    for (size_t i = 0; i < series.process_sample_count; i++)
        ck_assert_int_le(series.process_samples[i].pss_bytes, SERIES_FIGURE_MAX);
}
END_TEST

/* ---- columns: over random series ---- */

static void fill_at_random(size_t count, int64_t end_ms)
{
    series.samples = xcalloc(count, sizeof *series.samples);
    series.count = count;
    for (size_t i = 0; i < count; i++)
        series.samples[i] =
            (struct sample){.t_ms = (int64_t)i * end_ms / (int64_t)count,
                            .cgroup_bytes = rand() % 20 == 0 ? UNMEASURED : rand() % 1000000,
                            .pss_bytes = rand() % 10 == 0 ? UNMEASURED : rand() % 1000000};
}

static void expect_extremes(const struct series_column *columns, size_t count, int64_t end_ms)
{
    for (size_t c = 0; c < count; c++) {
        int64_t low = INT64_MAX, high = -1;
        for (size_t i = 0; i < series.count; i++) {
            int64_t usage = sample_usage(&series.samples[i]);
            size_t place =
                (size_t)((double)series.samples[i].t_ms / (double)end_ms * (double)count);
            if (usage < 0 || (place < count ? place : count - 1) != c)
                continue;
            low = usage < low ? usage : low;
            high = usage > high ? usage : high;
        }
        ck_assert_int_eq(columns[c].high ? sample_usage(columns[c].high) : -1, high);
        ck_assert_int_eq(columns[c].low ? sample_usage(columns[c].low) : INT64_MAX, low);
    }
}

START_TEST(columns_keep_the_extremes)
{
    srand((unsigned)_i);
    int64_t end_ms = 1 + rand() % 100000;
    fill_at_random((size_t)(rand() % 5000), end_ms + rand() % 100);
    size_t count = (size_t)(1 + rand() % 50);
    struct series_column *columns CLEANUP(cleanup_free) = series_columns(&series, end_ms, count);
    expect_extremes(columns, count, end_ms);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("series");
    TCase *csv = tcase_create("csv");
    tcase_add_checked_fixture(csv, setup, teardown);
    tcase_add_test(csv, each_line_is_in_the_file_at_once);
    tcase_add_test(csv, unmeasured_is_an_empty_cell);
    tcase_add_loop_test(csv, stage_names_are_quoted_if_needed, 0, 5);
    tcase_add_test(csv, an_old_file_is_emptied);
    tcase_add_test(csv, close_reports_a_full_disk);
    tcase_add_test(csv, a_missing_directory_is_an_error);
    tcase_add_test(csv, a_link_is_not_followed);
    tcase_add_test(csv, close_accepts_null);
    tcase_add_test(csv, good_files_are_read);
    tcase_add_test(csv, bad_files_are_refused);
    tcase_add_test(csv, gaps_quotes_and_an_incomplete_line_are_accepted);
    tcase_add_test(csv, missing_files_are_an_empty_series);
    suite_add_tcase(suite, csv);

    TCase *collection = tcase_create("collection");
    tcase_add_checked_fixture(collection, setup, teardown);
    tcase_set_timeout(collection, 30);
    tcase_add_test(collection, samples_are_kept_as_added_while_they_are_few);
    tcase_add_loop_test(collection, thinned_samples_keep_the_extremes, 0, 5);
    tcase_add_test(collection, absurd_samples_are_bounded);
    tcase_add_test(collection, processes_are_grouped_by_name);
    tcase_add_loop_test(collection, moments_are_bounded_and_keep_the_peak, 0, 10);
    tcase_add_test(collection, all_names_are_kept_if_they_are_few);
    tcase_add_test(collection, the_largest_names_stay_and_the_others_are_summed);
    tcase_add_test(collection, others_has_one_line);
    tcase_add_test(collection, times_that_decrease_are_one_moment);
    tcase_add_test(collection, absurd_process_figures_are_bounded);
    suite_add_tcase(suite, collection);

    TCase *large = tcase_create("large");
    tcase_set_tags(large, "large");
    tcase_add_checked_fixture(large, setup, teardown);
    tcase_set_timeout(large, 30);
    tcase_add_test(large, a_file_can_have_a_name_per_line);
    tcase_add_test(large, new_names_are_bounded);
    suite_add_tcase(suite, large);

    TCase *drawing = tcase_create("drawing");
    tcase_add_checked_fixture(drawing, setup, teardown);
    tcase_add_loop_test(drawing, columns_keep_the_extremes, 0, 40);
    suite_add_tcase(suite, drawing);
    return run_suite(suite);
}
