/* The figures of the deep run: what processes of the build wrote, and the lines about them. */
#include "base/alloc.h"
#include "base/units.h"
#include "measurement/aggregate.h"
#include "measurement/runtime.h"
#include "report/wording.h"
#include "unit/suite.h"

#include <string.h>

#define KIB INT64_C(1024)

static struct runtime_process process;

static int parse(enum runtime_kind kind, const char *text)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    int result = runtime_parse(kind, text, 682000, &process, &err);
    ck_assert_msg(result == 0 || err.message, "an error without a message");
    return result;
}

static enum runtime_kind kind_of(const char *path)
{
    return strcmp(strrchr(path, '.'), ".v8") == 0 ? RUNTIME_V8 : RUNTIME_JVM;
}

static char *text_of(const char *path)
{
    char *name CLEANUP(cleanup_free) = xasprintf("fixtures/runtime/%s", strrchr(path, '/') + 1);
    return test_text(name);
}

static void good(const char *path)
{
    char *text CLEANUP(cleanup_free) = text_of(path);
    ck_assert_msg(parse(kind_of(path), text) == 0, "%s is refused", path);
    ck_assert_int_ge(process.native_bytes, 0);
    runtime_process_release(&process);
}

static void bad(const char *path)
{
    char *text CLEANUP(cleanup_free) = text_of(path);
    ck_assert_msg(parse(kind_of(path), text) == -1, "%s is accepted", path);
    runtime_process_release(&process);
}

START_TEST(fixtures)
{
    ck_assert_int_ge(for_fixtures("fixtures/runtime", "good-", good), 4);
    ck_assert_int_ge(for_fixtures("fixtures/runtime", "bad-", bad), 18);
}
END_TEST

START_TEST(figures_of_v8)
{
    char *text CLEANUP(cleanup_free) = test_text("fixtures/runtime/good-node.v8");
    ck_assert_int_eq(parse(RUNTIME_V8, text), 0);
    ck_assert_str_eq(process.name, "build");
    ck_assert_int_eq(process.at_ms, 191);
    ck_assert_int_eq(process.rss_bytes, 652996608);
    ck_assert_int_eq(process.heap_bytes, 365518848);
    ck_assert_int_eq(process.heap_used_bytes, 327392192);
    ck_assert_int_eq(process.external_bytes, 211104973);
    ck_assert_int_eq(process.array_buffers_bytes, 209725855);
    ck_assert_int_eq(process.native_bytes, 652996608 - 365518848);
    ck_assert_int_eq(process.threads, 1);
    ck_assert_uint_eq(process.part_count, 4); /* without the empty ones */
    ck_assert_str_eq(process.parts[0].name, "old_space");
    ck_assert_int_eq(process.parts[0].bytes, 296222720);
    ck_assert_int_eq(process.parts[0].used_bytes, 290881664);
    char *line CLEANUP(cleanup_free) = format_runtime(&process);
    ck_assert_str_eq(line, "build (pid 0): 622.7 MiB, of which the V8 heap is 348.6 MiB "
                           "and native memory is 274.2 MiB (array buffers 200.0 MiB)");
    runtime_process_release(&process);
}
END_TEST

START_TEST(figures_of_a_jvm)
{
    char *text CLEANUP(cleanup_free) = test_text("fixtures/runtime/good-java-17.jvm");
    ck_assert_int_eq(parse(RUNTIME_JVM, text), 0);
    ck_assert_int_eq(process.heap_bytes, 209715200);
    ck_assert_int_eq(process.heap_committed_bytes, 204800 * KIB);
    ck_assert_int_eq(process.native_bytes, process.rss_bytes - process.heap_bytes);
    ck_assert_int_eq(process.heap_used_bytes, UNMEASURED);
    ck_assert_int_eq(process.external_bytes, UNMEASURED);
    ck_assert_str_eq(process.parts[1].name, "Other");
    ck_assert_int_eq(process.parts[1].bytes, 102400 * KIB);
    runtime_process_release(&process);
}
END_TEST

/* The resident part of the heap is unknown, and more is committed than is resident. */
START_TEST(an_unknown_heap)
{
    static const char text[] = "1048576 -1 682000\njava -cp . Main\n"
                               "-   Java Heap (reserved=4096KB, committed=2048KB)\n"
                               "-       Class (reserved=9KB, committed=0KB)\n"
                               "-       Other (reserved=8KB, committed=8KB)\n";
    ck_assert_int_eq(parse(RUNTIME_JVM, text), 0);
    ck_assert_int_eq(process.native_bytes, 0);
    ck_assert_int_eq(process.at_ms, 0);
    ck_assert_uint_eq(process.part_count, 2);
    char *line CLEANUP(cleanup_free) = format_runtime(&process);
    ck_assert_str_eq(line, "java Main (pid 0): 1.0 MiB, of which the Java heap is at most 1.0 MiB "
                           "and native memory is at least 0 B (committed: Other 8.0 KiB)");
    runtime_process_release(&process);
}
END_TEST

static void take(struct aggregate *aggregate, int64_t kind, int64_t pid, const char *text)
{
    aggregate_record(
        aggregate,
        &(struct wire_record){.type = WIRE_RUNTIME,
                              .runtime = {.kind = kind, .pid = pid, .began_ms = 0, .text = text}});
}

START_TEST(the_largest_are_kept)
{
    struct measurement m CLEANUP(measurement_release);
    struct strv stages CLEANUP(strv_release) = {0};
    measurement_init(&m);
    struct aggregate *aggregate CLEANUP(cleanup_aggregate) = aggregate_new(&m, &stages);
    for (int pid = 1; pid <= 12; pid++) {
        char *text CLEANUP(cleanup_free) =
            xasprintf("%d -1 5\njava\n-   Java Heap (reserved=1KB, committed=1KB)\n", pid * 1000);
        take(aggregate, WIRE_RUNTIME_JVM, pid, text);
    }
    take(aggregate, WIRE_RUNTIME_JVM, 13, "hostile");
    take(aggregate, WIRE_RUNTIME_V8, 13, "[[[[");
    take(aggregate, 2, 13, "99999 -1 5\njava\n-   Java Heap (reserved=1KB, committed=1KB)\n");
    take(aggregate, -1, 13, "99999 -1 5\njava\n-   Java Heap (reserved=1KB, committed=1KB)\n");
    ck_assert_int_eq(m.deep->reported, 12);
    ck_assert_uint_eq(m.deep->count, RUNTIME_PROCESSES_MAX);
    ck_assert_int_eq(m.deep->processes[0].pid, 12);
    ck_assert_int_eq(m.deep->processes[RUNTIME_PROCESSES_MAX - 1].pid, 3);
}
END_TEST

static size_t gaps_of(struct deep_run *deep, const char *part)
{
    struct strv gaps CLEANUP(strv_release) = {0};
    format_deep_gaps(deep, &gaps);
    char *text CLEANUP(cleanup_free) = strv_join(&gaps, "\n");
    ck_assert_msg(strstr(text, part), "no \"%s\" in %s", part, text);
    return gaps.count;
}

START_TEST(gaps)
{
    struct deep_run *deep = deep_run_new();
    ck_assert_uint_eq(gaps_of(deep, "neither Node.js nor"), 1);
    strv_push(&deep->silent, "node x.js (pid 7)");
    ck_assert_uint_eq(gaps_of(deep, "node x.js (pid 7)"), 1);
    deep->failure = xstrdup("it failed");
    ck_assert_uint_eq(gaps_of(deep, "it failed"), 2);
    strv_release(&deep->silent);
    free(deep->failure);
    deep->failure = NULL;
    deep->reported = 1;
    ck_assert_uint_eq(gaps_of(deep, ""), 0);
    deep_run_free(deep);
}
END_TEST

START_TEST(known_runtimes)
{
    static const char *const known[] = {"node", "/usr/bin/node build.js", "nodejs x",
                                        "/opt/jdk/bin/java -jar x.jar"};
    static const char *const others[] = {"", "nodemon", "sh -c node", "/usr/bin/node-gyp", "javac"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        ck_assert_msg(runtime_is_known(known[i]), "%s", known[i]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ck_assert_msg(!runtime_is_known(others[i]), "%s", others[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("runtime");
    TCase *all = tcase_create("all");
    tcase_add_test(all, fixtures);
    tcase_add_test(all, figures_of_v8);
    tcase_add_test(all, figures_of_a_jvm);
    tcase_add_test(all, an_unknown_heap);
    tcase_add_test(all, the_largest_are_kept);
    tcase_add_test(all, gaps);
    tcase_add_test(all, known_runtimes);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
