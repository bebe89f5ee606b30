/* The output of engines, the names of runs, child processes, and the page cache. */
#include "base/alloc.h"
#include "base/units.h"
#include "engine/engine.h"
#include "engine/page_cache.h"
#include "unit/suite.h"

#include <stdio.h>
#include <string.h>

static void good_inspect(const char *path)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct engine_facts facts CLEANUP(engine_facts_release) = {0};
    char *text CLEANUP(cleanup_free) = test_text(strstr(path, "fixtures/"));
    ck_assert_msg(parse_inspect(text, &facts, &err) == 0, "%s: %s", path, err.message);
    ck_assert_msg(facts.oom_killed == (strstr(strrchr(path, '/'), "oom") != NULL), "%s", path);
    ck_assert_ptr_nonnull(facts.image_digest);
}

static void bad_inspect(const char *path)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct engine_facts facts CLEANUP(engine_facts_release) = {0};
    char *text CLEANUP(cleanup_free) = test_text(strstr(path, "fixtures/"));
    ck_assert_msg(parse_inspect(text, &facts, &err) == -1, "%s is accepted", path);
}

START_TEST(inspect_output)
{
    ck_assert_int_ge(for_fixtures("fixtures/inspect", "good-", good_inspect), 2);
    ck_assert_int_ge(for_fixtures("fixtures/inspect", "bad-", bad_inspect), 3);
}
END_TEST

START_TEST(a_name_shows_whether_its_runner_is_dead)
{
    char *mine CLEANUP(cleanup_free) = engine_unique_name();
    char *other CLEANUP(cleanup_free) = engine_unique_name();
    ck_assert_str_ne(mine, other);
    ck_assert(!engine_name_is_orphan(mine));
    /* Of this boot and namespace: a free pid, and one that another process has now. */
    int pid, number;
    unsigned long long start, domain;
    ck_assert_int_eq(sscanf(mine, "build-mem-%d-%llu-%llx-%d", &pid, &start, &domain, &number), 4);
    char *gone CLEANUP(cleanup_free) = xasprintf("build-mem-999999999-5-%llx-1", domain);
    char *reused CLEANUP(cleanup_free) = xasprintf("build-mem-%d-1-%llx-1", pid, domain);
    char *elsewhere CLEANUP(cleanup_free) = xasprintf("build-mem-999999999-5-%llx-1", domain + 1);
    ck_assert(engine_name_is_orphan(gone));
    ck_assert(engine_name_is_orphan(reused));
    ck_assert(!engine_name_is_orphan(elsewhere));
    ck_assert(!engine_name_is_orphan("build-mem-tiny"));
    ck_assert(!engine_name_is_orphan("somebody-elses"));
    ck_assert(!engine_name_is_orphan(""));
}
END_TEST

START_TEST(probe_arguments)
{
    struct strv stages CLEANUP(strv_release) = {0}, command CLEANUP(strv_release) = {0};
    struct strv arguments CLEANUP(strv_release) = {0};
    strv_push(&stages, "a b");
    strv_push(&command, "sh");
    struct engine_spec spec = {.interval_ms = 20, .stages = &stages, .command = &command};
    engine_probe_arguments(&spec, "/probe", true, &arguments);
    static const char *const expected[] = {
        "/probe", "--interval-ms=20", "--stage=a b", "--own-cgroup", "--", "sh"};
    ck_assert_uint_eq(arguments.count, 6);
    for (size_t i = 0; i < 6; i++)
        ck_assert_str_eq(arguments.items[i], expected[i]);
    /* In a shared cgroup, the probe must not count other processes as the build. */
    strv_release(&arguments);
    engine_probe_arguments(&spec, "/probe", false, &arguments);
    ck_assert_uint_eq(arguments.count, 5);
    ck_assert_str_eq(arguments.items[3], "--");
}
END_TEST

static int capture(const char *script, int64_t timeout_ms, struct captured *captured,
                   struct bm_error *err)
{
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, xstrdup(script), NULL};
    int result = child_capture(argv, timeout_ms, captured, err);
    free(argv[2]);
    return result;
}

START_TEST(capture_returns_output_and_status)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct captured captured CLEANUP(captured_release) = {0};
    ck_assert_int_eq(capture("echo out; echo err >&2; exit 3", 10000, &captured, &err), 0);
    ck_assert_int_eq(captured.exit_status, 3);
    ck_assert_str_eq(captured.output, "out\n");
    ck_assert_str_eq(captured.diagnostics, "err");
    captured_release(&captured);
    ck_assert_int_eq(capture("kill -9 $$", 10000, &captured, &err), 0);
    ck_assert_int_eq(captured.exit_status, 128 + 9);
    captured_release(&captured);
    ck_assert_int_eq(capture("sleep 600", 50, &captured, &err), -1);
    char *argv[] = {(char[]){"/there/is/no/such"}, NULL};
    ck_assert_int_eq(child_capture(argv, 1000, &captured, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "/there/is/no/such"));
}
END_TEST

/* Makes a file of `length` bytes. */
static void put(const char *directory, const char *name, size_t length)
{
    char *path CLEANUP(cleanup_free) = xasprintf("%s/%s", directory, name);
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    for (size_t i = 0; i < length; i++)
        fputc('x', out);
    fclose(out);
}

START_TEST(a_warm_run_reads_the_workspace_and_nothing_else)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct captured captured CLEANUP(captured_release) = {0};
    struct page_cache cache CLEANUP(page_cache_release) = {0};
    char repo[] = "/tmp/build-mem-test-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(repo));
    char *out CLEANUP(cleanup_free) = xasprintf("%s/out", repo);
    char *script CLEANUP(cleanup_free) = xasprintf(
        "cd %s && mkdir -p deep/er .git out deep/.git && mkfifo pipe && ln -s /usr/bin all && "
        "ln -s ../source deep/link",
        repo);
    ck_assert_int_eq(capture(script, 10000, &captured, &err), 0);
    ck_assert_int_eq(captured.exit_status, 0);
    put(repo, "source", 1);
    put(repo, "deep/er/large", (3 << 20) + 10);
    put(repo, ".git/pack", 100);
    put(repo, "deep/.git/pack", 1000);
    put(repo, "out/log", 10000);

    ck_assert_msg(page_cache_prepare(&cache, CACHE_WARM, repo, out, &err) == 0, "%s", err.message);
    ck_assert_int_eq(cache.workspace_bytes, (3 << 20) + 11);
    ck_assert_ptr_null(cache.shortfall);
    ck_assert_int_gt(cache.budget_bytes, 0);

    captured_release(&captured);
    char *rm CLEANUP(cleanup_free) = xasprintf("rm -r %s", repo);
    ck_assert_int_eq(capture(rm, 10000, &captured, &err), 0);
}
END_TEST

static void warm_image(struct page_cache *cache, const char *script)
{
    char *copy CLEANUP(cleanup_free) = xstrdup(script);
    page_cache_warm_image(cache, (char *[]){(char[]){"sh"}, (char[]){"-c"}, copy, NULL});
}

START_TEST(an_image_is_read_within_the_budget)
{
    struct page_cache cache CLEANUP(page_cache_release) = {.budget_bytes = 4 * MIB};
    warm_image(&cache, "head -c 3145728 /dev/zero");
    ck_assert_int_eq(cache.image_bytes, 3 * MIB);
    ck_assert_ptr_null(cache.shortfall);
    warm_image(&cache, "cat /dev/zero");
    ck_assert_int_eq(cache.image_bytes, 4 * MIB);
    ck_assert_ptr_nonnull(strstr(cache.shortfall, "stopped at half"));

    page_cache_release(&cache);
    cache.budget_bytes = MIB;
    warm_image(&cache, "echo part; exit 1");
    ck_assert_ptr_nonnull(strstr(cache.shortfall, "did not print all files"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine");
    TCase *all = tcase_create("all");
    tcase_add_test(all, inspect_output);
    tcase_add_test(all, a_name_shows_whether_its_runner_is_dead);
    tcase_add_test(all, probe_arguments);
    tcase_add_test(all, capture_returns_output_and_status);
    tcase_add_test(all, a_warm_run_reads_the_workspace_and_nothing_else);
    tcase_add_test(all, an_image_is_read_within_the_budget);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
