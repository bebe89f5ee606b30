#include "result/timeline.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/units.h"
#include "unit/suite.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HEAD "t_ms,stage,cgroup_bytes,pss_bytes,anon_bytes,file_bytes,processes\n"

static char dir[] = "/tmp/build-mem-test-XXXXXX";
static char *path;
static struct bm_error err = BM_ERROR_INIT;

static const struct timeline_row row = {.t_ms = 150,
                                        .stage = "build-deps",
                                        .cgroup_bytes = INT64_C(9007199254740993),
                                        .pss_bytes = 2,
                                        .anon_bytes = 3,
                                        .file_bytes = 4,
                                        .processes = 5};

static void setup(void)
{
    strcpy(dir + strlen(dir) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    path = xasprintf("%s/timeline.csv", dir);
}

static void teardown(void)
{
    file_remove_tree(AT_FDCWD, dir);
    free(path);
    bm_error_release(&err);
}

static void expect_file(const char *expected)
{
    char *text;
    ck_assert_int_eq(file_read(path, 1 << 20, &text, NULL, &err), 0);
    ck_assert_str_eq(text, expected);
    free(text);
}

/* A crash loses nothing: each row is in the file when timeline_add returns. */
START_TEST(test_rows_are_there_at_once)
{
    struct timeline *timeline = timeline_open(path, &err);
    ck_assert_ptr_nonnull(timeline);
    expect_file(HEAD);
    timeline_add(timeline, &row);
    expect_file(HEAD "150,build-deps,9007199254740993,2,3,4,5\n");
    ck_assert_int_eq(timeline_close(timeline, &err), 0);
}
END_TEST

START_TEST(test_unmeasured_is_an_empty_cell)
{
    struct timeline_row gaps = {.t_ms = 0,
                                .cgroup_bytes = UNMEASURED,
                                .pss_bytes = UNMEASURED,
                                .anon_bytes = UNMEASURED,
                                .file_bytes = 0,
                                .processes = 0};
    struct timeline *timeline = timeline_open(path, &err);
    timeline_add(timeline, &gaps);
    ck_assert_int_eq(timeline_close(timeline, &err), 0);
    expect_file(HEAD "0,,,,,0,0\n");
}
END_TEST

START_TEST(test_stage_is_quoted_where_it_must)
{
    static const struct {
        const char *stage, *cell;
    } cases[] = {{"a b", "a b"},
                 {"a,b", "\"a,b\""},
                 {"say \"x\"", "\"say \"\"x\"\"\""},
                 {"two\nlines", "\"two\nlines\""},
                 {"cr\r", "\"cr\r\""}};
    struct timeline_row named = row;
    named.stage = cases[_i].stage;
    struct timeline *timeline = timeline_open(path, &err);
    timeline_add(timeline, &named);
    ck_assert_int_eq(timeline_close(timeline, &err), 0);
    char *expected = xasprintf(HEAD "150,%s,9007199254740993,2,3,4,5\n", cases[_i].cell);
    expect_file(expected);
    free(expected);
}
END_TEST

START_TEST(test_an_old_file_is_emptied)
{
    ck_assert_int_eq(file_write_atomic(path, "old\nold\nold\n", 12, &err), 0);
    struct timeline *timeline = timeline_open(path, &err);
    ck_assert_int_eq(timeline_close(timeline, &err), 0);
    expect_file(HEAD);
}
END_TEST

START_TEST(test_full_disk_is_told_at_the_end)
{
    struct timeline *timeline = timeline_open("/dev/full", &err);
    ck_assert_ptr_nonnull(timeline);
    timeline_add(timeline, &row);
    ck_assert_int_eq(timeline_close(timeline, &err), -1);
    ck_assert_str_eq(err.message, "writing /dev/full: No space left on device");
}
END_TEST

START_TEST(test_no_directory)
{
    ck_assert_ptr_null(timeline_open("/nowhere/timeline.csv", &err));
    ck_assert_ptr_nonnull(strstr(err.message, "/nowhere/timeline.csv"));
}
END_TEST

/* A build that leaves a link in its place must not make us write elsewhere. */
START_TEST(test_link_is_not_followed)
{
    char *target = xasprintf("%s/precious", dir);
    ck_assert_int_eq(file_write_atomic(target, "precious\n", 9, &err), 0);
    ck_assert_int_eq(symlink(target, path), 0);
    ck_assert_ptr_null(timeline_open(path, &err));
    expect_file("precious\n");
    free(target);
}
END_TEST

START_TEST(test_close_takes_null)
{
    ck_assert_int_eq(timeline_close(NULL, &err), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report timeline");
    TCase *tests = tcase_create("timeline");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, test_rows_are_there_at_once);
    tcase_add_test(tests, test_unmeasured_is_an_empty_cell);
    tcase_add_loop_test(tests, test_stage_is_quoted_where_it_must, 0, 5);
    tcase_add_test(tests, test_an_old_file_is_emptied);
    tcase_add_test(tests, test_full_disk_is_told_at_the_end);
    tcase_add_test(tests, test_no_directory);
    tcase_add_test(tests, test_link_is_not_followed);
    tcase_add_test(tests, test_close_takes_null);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
