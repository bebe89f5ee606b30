/* Who held the memory over time: rolled up by name, thinned out, and bounded whatever comes. */
#include "result/process_series.h"
#include "result/series.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/units.h"
#include "measurement/process_name.h"
#include "unit/suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static struct process_series *process_series;
static struct series series;
static struct bm_error err = BM_ERROR_INIT;

static char dir[] = "/tmp/build-mem-test-XXXXXX";
static char *path;

static void setup(void)
{
    strcpy(dir + strlen(dir) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    path = xasprintf("%s/processes.csv", dir);
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

static void write_and_read(void)
{
    ck_assert_msg(process_series_write(process_series, path, &err) == 0, "%s", err.message);
    ck_assert_msg(series_read("/nowhere", path, &series, &err) == 0, "%s", err.message);
}

static void take_tool(int64_t number, int64_t pss_bytes)
{
    char *command CLEANUP(cleanup_free) = xasprintf("/opt/tool-%d --run", (int)number);
    process_series_take(process_series, 0, command, pss_bytes);
}

static const char *name_of(const struct process_sample *process_sample)
{
    return series.groups.items[process_sample->group];
}

/* What is read back of that name, among `count` lines of one sample; NULL: nothing. */
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

START_TEST(test_holders_are_rolled_up_by_name)
{
    process_series_take(process_series, 0, "node a/tsc -p x", 5);
    process_series_take(process_series, 0, "tsc -p y", 6);
    process_series_take(process_series, 0, "npm run build", 1);
    process_series_take(process_series, 150, "npm run build", 2);
    write_and_read();
    ck_assert_uint_eq(series.process_sample_count, 3);
    ck_assert_str_eq(series.groups.items[0], "tsc");
    expect("tsc", 2, 11);
    expect("npm run build", 1, 1);
    ck_assert_int_eq(series.process_samples[2].t_ms, 150);
    ck_assert_int_eq(series.process_samples[2].pss_bytes, 2);
}
END_TEST

/* However many samples: few are kept, they are spread over the whole, and the highest is there. */
START_TEST(test_moments_stay_bounded_and_keep_the_peak)
{
    srand((unsigned)_i);
    int samples = 400 + rand() % 20000;
    int64_t highest = 0, gap = 0, t_ms = -1;
    for (int i = 0; i < samples; i++) {
        int64_t bytes = 1 + rand();
        highest = bytes > highest ? bytes : highest;
        process_series_take(process_series, i * INT64_C(150), "make", bytes);
    }
    write_and_read();
    ck_assert_uint_le(series.process_sample_count, PROCESS_SERIES_SAMPLES);
    int64_t kept = 0;
    for (size_t i = 0; i < series.process_sample_count; i++) {
        const struct process_sample *process_sample = &series.process_samples[i];
        ck_assert_int_gt(process_sample->t_ms, t_ms);
        gap = t_ms >= 0 && process_sample->t_ms - t_ms > gap ? process_sample->t_ms - t_ms : gap;
        kept = process_sample->pss_bytes > kept ? process_sample->pss_bytes : kept;
        t_ms = process_sample->t_ms;
    }
    ck_assert_int_eq(kept, highest);
    /* Four stretches of the coarsest: two of them may lie between two kept samples. */
    ck_assert_int_le(gap, 4 * (samples * INT64_C(150) * 2 / PROCESS_SERIES_SAMPLES + 150));
}
END_TEST

/* ---- names ---- */

START_TEST(test_as_many_names_as_are_kept_are_all_there)
{
    for (int64_t i = 1; i <= PROCESS_SERIES_NAMES; i++)
        take_tool(i, i);
    write_and_read();
    ck_assert_uint_eq(series.process_sample_count, PROCESS_SERIES_NAMES);
    ck_assert_str_eq(name_of(&series.process_samples[0]), "tool-1");
    ck_assert_ptr_null(
        find(series.process_samples, series.process_sample_count, PROCESS_SERIES_OTHERS));
}
END_TEST

/* Each comes twice, so that which are the largest is known at the end only. */
START_TEST(test_the_largest_names_stay_and_the_others_are_summed)
{
    enum { MORE = 40 };
    for (int64_t i = 1; i <= PROCESS_SERIES_NAMES + MORE; i++)
        take_tool(i, 1);
    for (int64_t i = 1; i <= PROCESS_SERIES_NAMES + MORE; i++)
        take_tool(i, i);
    write_and_read();
    ck_assert_uint_eq(series.process_sample_count, PROCESS_SERIES_NAMES + 1);
    ck_assert_ptr_null(find(series.process_samples, series.process_sample_count, "tool-40"));
    expect("tool-41", 2, 42);
    expect("tool-104", 2, 105);
    expect(PROCESS_SERIES_OTHERS, 2 * MORE, MORE + MORE * (MORE + 1) / 2);
}
END_TEST

/* A program may be called so. */
START_TEST(test_others_has_one_line)
{
    for (int64_t i = 1; i <= PROCESS_SERIES_NAMES + 1; i++)
        take_tool(i, 10);
    process_series_take(process_series, 0, PROCESS_SERIES_OTHERS, 1000);
    write_and_read();
    ck_assert_uint_eq(series.process_sample_count, PROCESS_SERIES_NAMES + 1);
    expect(PROCESS_SERIES_OTHERS, 2, 1010);
}
END_TEST

/* ---- ten hours of programs whose names never come again ---- */

#define NAMES 200000
#define NAMES_AT_ONCE 80
#define MOMENTS (NAMES / NAMES_AT_ONCE)
#define SMALL_BYTES 10

static int64_t time_of(int64_t sample)
{
    return sample * (INT64_C(10) * 3600 * 1000 / MOMENTS);
}

static void take_ever_new_names(void)
{
    for (int64_t i = 0; i < NAMES; i++) {
        int64_t t_ms = time_of(i / NAMES_AT_ONCE);
        char *command CLEANUP(cleanup_free) =
            xasprintf("/work/target/debug/deps/%060d --test-threads 1", (int)i);
        process_series_take(process_series, t_ms, command, SMALL_BYTES);
        if (i % NAMES_AT_ONCE == NAMES_AT_ONCE / 2) {
            process_series_take(process_series, t_ms, "ninja", 5000 + t_ms % 7);
            process_series_take(process_series, t_ms, "ld.lld -o all", 9000);
        }
    }
}

static void expect_moment(const struct process_sample *from, size_t count)
{
    int64_t t_ms = from->t_ms, sum = 0, processes = 0;
    for (size_t i = 0; i < count; i++) {
        sum += from[i].pss_bytes;
        processes += from[i].count;
    }
    ck_assert_uint_eq(count, PROCESS_SERIES_NAMES + 1);
    ck_assert_int_eq(processes, NAMES_AT_ONCE + 2);
    ck_assert_int_eq(sum, NAMES_AT_ONCE * SMALL_BYTES + 5000 + t_ms % 7 + 9000);
    expect_of(from, count, "ninja", 1, 5000 + t_ms % 7);
    expect_of(from, count, "ld.lld", 1, 9000);
}

START_TEST(test_ever_new_names_stay_bounded)
{
    size_t before = bytes_in_use();
    take_ever_new_names();
    size_t held = bytes_in_use() - before;
    write_and_read();
    printf("%d names: %zu KiB held, %zu lines of %zu names\n", NAMES, held / 1024,
           series.process_sample_count, series.groups.count);
    /* A name and its figures, as malloc rounds them. */
    ck_assert_uint_le(held, (PROCESS_SERIES_SAMPLES + 1) * PROCESS_SERIES_NAMES *
                                (size_t)(PROCESS_NAME_MAX + 24 + 24));
    ck_assert_uint_le(series.process_sample_count,
                      PROCESS_SERIES_SAMPLES * (PROCESS_SERIES_NAMES + 1));
    ck_assert_uint_ge(series.process_sample_count,
                      PROCESS_SERIES_SAMPLES / 4 * (PROCESS_SERIES_NAMES + 1));
    for (size_t at = 0, end; at < series.process_sample_count; at = end) {
        for (end = at; end < series.process_sample_count; end++)
            if (series.process_samples[end].t_ms != series.process_samples[at].t_ms)
                break;
        expect_moment(&series.process_samples[at], end - at);
    }
}
END_TEST

/* ---- figures that no probe tells ---- */

START_TEST(test_times_that_go_back_are_one_moment)
{
    static const int64_t times[] = {0, -1, INT64_C(1) << 54, INT64_MIN, 1000};
    for (size_t i = 0; i < 5000; i++)
        process_series_take(process_series, times[i % 5], "make", 1);
    write_and_read();
    ck_assert_uint_eq(series.process_sample_count, 2);
    expect("make", 2, 2);
    ck_assert_int_eq(series.process_samples[1].t_ms, INT64_C(1) << 54);
    ck_assert_int_eq(series.process_samples[1].count, 4998);
}
END_TEST

START_TEST(test_absurd_figures_are_figures)
{
    for (int64_t i = 0; i < 5000; i++)
        process_series_take(process_series, i * (INT64_MAX / 5000), "make", INT64_MAX);
    process_series_take(process_series, INT64_MAX, "make", INT64_MAX);
    process_series_take(process_series, INT64_MAX, "make", INT64_MAX);
    process_series_take(process_series, INT64_MAX, "make", -1);
    ck_assert_msg(process_series_write(process_series, path, &err) == 0, "%s", err.message);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report process_series");
    TCase *tests = tcase_create("process_series");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, test_holders_are_rolled_up_by_name);
    tcase_add_loop_test(tests, test_moments_stay_bounded_and_keep_the_peak, 0, 10);
    tcase_add_test(tests, test_as_many_names_as_are_kept_are_all_there);
    tcase_add_test(tests, test_the_largest_names_stay_and_the_others_are_summed);
    tcase_add_test(tests, test_others_has_one_line);
    tcase_add_test(tests, test_ever_new_names_stay_bounded);
    tcase_add_test(tests, test_times_that_go_back_are_one_moment);
    tcase_add_test(tests, test_absurd_figures_are_figures);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
