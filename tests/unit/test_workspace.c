/* Clearing of paths and verification of artifacts, in a real directory. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/units.h"
#include "run/workspace.h"
#include "unit/suite.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[] = "/tmp/build-mem-test-XXXXXX";

static void make(const char *path, const char *content)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *directory CLEANUP(cleanup_free) = xstrndup(path, (size_t)(strrchr(path, '/') - path));
    ck_assert_int_eq(file_make_dirs(directory, &err), 0);
    ck_assert_int_eq(file_write_atomic(path, content, strlen(content), &err), 0);
}

static void setup(void)
{
    strcpy(top, "/tmp/build-mem-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(top));
    ck_assert_int_eq(chdir(top), 0);
    make("./repo/out/made", "x");
    make("./repo/keep", "x");
    make("./outside/precious", "x");
    ck_assert_int_eq(symlink("../outside", "repo/link"), 0);
    ck_assert_int_eq(symlink("../../outside", "repo/out/link"), 0);
}

static void teardown(void)
{
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, top), 0);
}

static int clear(const char *path, struct bm_error *err)
{
    struct strv paths CLEANUP(strv_release) = {0};
    strv_push(&paths, path);
    return workspace_clear("repo", &paths, err);
}

START_TEST(clears_inside_the_repo_only)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    ck_assert_int_eq(clear("out", &err), 0);
    ck_assert_int_ne(access("repo/out", F_OK), 0);
    ck_assert_int_eq(clear("never/was", &err), 0);
    ck_assert_int_eq(clear("link/precious", &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "leads out of the repo"));
    ck_assert_int_eq(clear("../outside/precious", &err), -1);
    ck_assert_int_eq(clear("link", &err), 0); /* removes the link itself */
    ck_assert_int_eq(access("outside/precious", F_OK), 0);
    ck_assert_int_eq(access("repo/keep", F_OK), 0);
}
END_TEST

/* "[slug]" is a literal name; a leading dot needs a literal dot. */
START_TEST(wildcards_clear_what_matches)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    ck_assert_int_eq(mkdir("repo/p", 0755) + mkdir("repo/p/one", 0755) + mkdir("repo/p/two", 0755) +
                         mkdir("repo/p/.hidden", 0755) + mkdir("repo/p/[slug]", 0755),
                     0);
    make("./repo/p/one/dist", "x");
    make("./repo/p/two/dist", "x");
    make("./repo/p/two/source", "x");
    make("./repo/p/.hidden/dist", "x");
    make("./repo/p/[slug]/s", "x");
    make("./repo/p/s", "x");
    ck_assert_int_eq(clear("p/*/dist", &err), 0);
    ck_assert_int_ne(access("repo/p/one/dist", F_OK), 0);
    ck_assert_int_ne(access("repo/p/two/dist", F_OK), 0);
    ck_assert_int_eq(access("repo/p/two/source", F_OK), 0);
    ck_assert_int_eq(access("repo/p/.hidden/dist", F_OK), 0);
    ck_assert_int_eq(clear("p/[slug]/?", &err), 0);
    ck_assert_int_ne(access("repo/p/[slug]/s", F_OK), 0);
    ck_assert_int_eq(access("repo/p/s", F_OK), 0);
    ck_assert_int_eq(clear("nothing/*/here", &err), 0);
    ck_assert_int_eq(clear("lin?/precious", &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "leads out of the repo"));
    ck_assert_int_eq(clear("../outs*/precious", &err), -1);
    ck_assert_int_eq(clear("lin?", &err), 0); /* removes the link itself */
    ck_assert_int_eq(access("outside/precious", F_OK), 0);
}
END_TEST

static void verifies_after(const char *path, struct timespec since,
                           const struct artifact_files *before, bool ok, const char *detail)
{
    struct measurement m;
    measurement_init(&m);
    verify_artifact(&m, "repo", path, true, since, before);
    ck_assert_uint_eq(m.check_count, 1);
    ck_assert_msg(m.checks[0].ok == ok, "%s: %s", path, m.checks[0].detail);
    ck_assert_msg(strstr(m.checks[0].detail, detail) != NULL, "%s: %s", path, m.checks[0].detail);
    measurement_release(&m);
}

static void verifies(const char *path, struct timespec since, bool ok, const char *detail)
{
    verifies_after(path, since, &(struct artifact_files){0}, ok, detail);
}

static void rewrite_in_place(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

/* Waits longer than the resolution of change times. */
static void wait_for_a_new_change_time(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

START_TEST(only_a_new_artifact_passes)
{
    struct timespec now = workspace_begin("repo", "repo").since, later = now, long_ago = {0};
    later.tv_sec++;
    verifies("out/made", long_ago, true, "1 B");
    verifies("out", long_ago, true, "directory");
    verifies("out/made", later, false, "stale");
    /* A program can set the modification time to any value. */
    struct timespec future[2] = {later, {.tv_sec = later.tv_sec + 1000}};
    ck_assert_int_eq(utimensat(AT_FDCWD, "repo/out/made", future, 0), 0);
    verifies("out/made", later, false, "stale");
    verifies("out", later, false, "stale");
    wait_for_a_new_change_time();
    now = workspace_begin("repo", "repo").since;
    verifies("out", now, false, "stale");
    rewrite_in_place("repo/out/made", "y"); /* the directory does not change */
    verifies("out", now, true, "directory");
    verifies("out/absent", long_ago, false, "missing");
    verifies("link/precious", long_ago, false, "leads out");
    make("./repo/empty", "");
    verifies("empty", long_ago, false, "empty");
}
END_TEST

/* If the clock is set back, the start moves back, too. An old artifact can then be newer than the
 * start, so it must differ from its state before the run. */
START_TEST(an_unchanged_artifact_is_stale)
{
    struct timespec long_ago = {0};
    struct artifact_files file CLEANUP(
        artifact_files_release) = artifact_find("repo", "out/made"),
        directory CLEANUP(artifact_files_release) = artifact_find("repo", "out"),
                  absent CLEANUP(artifact_files_release) = artifact_find("repo", "out/absent"),
                  outside CLEANUP(artifact_files_release) = artifact_find("repo", "link/precious");
    ck_assert(file.states[0].exists && directory.states[0].exists && !absent.states[0].exists &&
              !outside.states[0].exists);
    verifies_after("out/made", long_ago, &file, false, "stale");
    verifies_after("out", long_ago, &directory, false, "stale");
    verifies_after("out/made", long_ago, &absent, true, "1 B");
    wait_for_a_new_change_time();
    rewrite_in_place("repo/out/made", "y");
    verifies_after("out/made", long_ago, &file, true, "1 B");
    verifies_after("out", long_ago, &directory, true, "directory");
}
END_TEST

/* One new file is enough, because bundlers leave their earlier outputs. */
START_TEST(wildcards_verify_new_files)
{
    struct timespec long_ago = {0};
    make("./repo/out/app-1.js", "old");
    struct artifact_files before CLEANUP(artifact_files_release) =
        artifact_find("repo", "out/app-*.js");
    ck_assert_uint_eq(before.paths.count, 1);
    verifies_after("out/app-*.js", long_ago, &before, false, "out/app-1.js: stale");
    verifies_after("out/*.css", long_ago, &before, false, "no file matches");
    make("./repo/out/app-2.js", "new");
    verifies_after("out/app-*.js", long_ago, &before, true, "1 new file");
    make("./repo/out/app-3.js", "");
    verifies_after("out/app-?.js", long_ago, &before, true, "1 new file");
    wait_for_a_new_change_time();
    rewrite_in_place("repo/out/app-1.js", "newer");
    verifies_after("out/app-?.js", long_ago, &before, true, "2 new files");
    verifies_after("lin?/precious", long_ago, &before, false, "no file matches");
}
END_TEST

START_TEST(the_start_uses_the_clock_of_the_file_system)
{
    struct workspace_start start = workspace_begin("repo", "repo");
    make("./repo/after", "x");
    verifies("after", start.since, true, "1 B");
    glob_t left;
    ck_assert_int_eq(glob("repo/clock*", 0, NULL, &left), GLOB_NOMATCH);
    wait_for_a_new_change_time();
    start = workspace_begin("repo", "repo/missing"); /* falls back to this machine's clock */
    verifies("after", start.since, false, "stale");
}
END_TEST

START_TEST(the_start_follows_a_clock_that_is_set_back)
{
    struct workspace_start start = workspace_begin("repo", "repo"), moved = start;
    moved.lead_ns +=
        INT64_C(3600999999999); /* as if the clock had been ahead by an hour and most of a second */
    workspace_watch_clock(&moved);
    /* Tolerance: the two clocks are not read at the same moment. */
    ck_assert_int_ge(start.since.tv_sec - moved.since.tv_sec, 3590);
    ck_assert_int_le(start.since.tv_sec - moved.since.tv_sec, 3610);
    ck_assert_int_ge(moved.since.tv_nsec, 0);
    /* A clock that is set forward does not move the start. */
    struct timespec since = moved.since;
    moved.lead_ns -= INT64_C(3600000000000);
    workspace_watch_clock(&moved);
    ck_assert_int_eq(moved.since.tv_sec, since.tv_sec);
    ck_assert_int_eq(moved.since.tv_nsec, since.tv_nsec);
}
END_TEST

START_TEST(exit_status_check)
{
    static const struct {
        struct build_end end;
        bool ok;
        const char *detail;
    } cases[] = {
        {{.exit_code = 0}, true, "exit 0"},
        {{.exit_code = 2}, false, "exit 2"},
        {{.exit_code = UNMEASURED}, false, "unknown"},
        {{.exit_code = UNMEASURED, .signal = 11}, false, "signal 11"},
        {{.exit_code = 0, .oom_killed = true}, false, "lack of memory"},
        {{.exit_code = 0, .timed_out = true}, false, "timed out"},
        {{.exit_code = 137}, false, "exit 137"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct measurement m;
        measurement_init(&m);
        m.build = cases[i].end;
        verify_build_end(&m);
        ck_assert_msg(m.checks[0].ok == cases[i].ok, "case %zu", i);
        ck_assert_ptr_nonnull(strstr(m.checks[0].detail, cases[i].detail));
        measurement_release(&m);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("measurement/workspace");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, clears_inside_the_repo_only);
    tcase_add_test(all, wildcards_clear_what_matches);
    tcase_add_test(all, only_a_new_artifact_passes);
    tcase_add_test(all, wildcards_verify_new_files);
    tcase_add_test(all, an_unchanged_artifact_is_stale);
    tcase_add_test(all, the_start_uses_the_clock_of_the_file_system);
    tcase_add_test(all, the_start_follows_a_clock_that_is_set_back);
    tcase_add_test(all, exit_status_check);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
