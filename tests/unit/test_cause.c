/* The cause of a failed build: from its log, and from the kernel's figures; and heap ceilings. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/units.h"
#include "gate/judge.h"
#include "measurement/cause.h"
#include "measurement/heap_ceiling.h"
#include "measurement/validity.h"
#include "unit/gate_sample.h"
#include "unit/suite.h"

#include <signal.h>
#include <string.h>

static struct measurement m;
static struct log_cause cause;
static struct heap_ceilings ceilings;
static struct strv notes;
static char *reason, *advice;

static void setup(void)
{
    gate_run(&m, "build", 300 * MIB);
    m.peak.limit_bytes = UNMEASURED;
    m.pressure.oom_kills = m.pressure.inner_oom_kills = 0;
    cause = (struct log_cause)LOG_CAUSE_NONE;
}

static void teardown(void)
{
    gate_release_runs(&m, 1);
    log_cause_release(&cause);
    heap_ceilings_release(&ceilings);
    strv_release(&notes);
    free(reason);
    free(advice);
    reason = advice = NULL;
}

/* ---- the log ---- */

/* "good-v8-heap.node" is the end of a log with the cause "v8-heap". */
static void check_good(const char *path)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    size_t length;
    char *log CLEANUP(cleanup_free) = NULL;
    ck_assert_int_eq(file_read(path, LOG_TAIL_BYTES, &log, &length, &err), 0);
    const char *name = strstr(path, "good-") + strlen("good-");
    log_cause_find(log, length, &cause);
    const char *found = failure_cause_name(cause.cause);
    ck_assert_msg(found && strncmp(name, found, strlen(found)) == 0 && name[strlen(found)] == '.',
                  "%s: %s", name, found ? found : "no cause");
    ck_assert_ptr_nonnull(cause.line);
    log_cause_release(&cause);
}

static void check_bad(const char *path)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    size_t length;
    char *log CLEANUP(cleanup_free) = NULL;
    ck_assert_int_eq(file_read(path, LOG_TAIL_BYTES, &log, &length, &err), 0);
    log_cause_find(log, length, &cause);
    ck_assert_msg(cause.cause == CAUSE_UNKNOWN, "%s: %s", path, failure_cause_name(cause.cause));
    ck_assert_ptr_null(cause.line);
}

START_TEST(the_log_names_the_memory_that_ran_out)
{
    ck_assert_int_eq(for_fixtures("fixtures/log", "good-", check_good), 26);
}
END_TEST

START_TEST(another_log_names_none)
{
    ck_assert_int_eq(for_fixtures("fixtures/log", "bad-", check_bad), 5);
}
END_TEST

static const struct {
    const char *file;
    int64_t heap_bytes, request_bytes;
} figures[] = {
    {"good-v8-heap.node", 52323942, UNMEASURED}, {"good-go.compile", 67108864, 4194304},
    {"good-native.gcc", 18104320, 6000},         {"good-native.rustc", UNMEASURED, 10000000},
    {"good-native.bash", UNMEASURED, 200257536}, {"good-native.jvm", UNMEASURED, 1073741824},
    {"good-native.ld", UNMEASURED, UNMEASURED},
};

START_TEST(the_log_has_the_figures)
{
    char *name CLEANUP(cleanup_free) = xasprintf("fixtures/log/%s", figures[_i].file);
    char *log CLEANUP(cleanup_free) = test_text(name);
    log_cause_find(log, strlen(log), &cause);
    ck_assert_int_eq(cause.heap_bytes, figures[_i].heap_bytes);
    ck_assert_int_eq(cause.request_bytes, figures[_i].request_bytes);
}
END_TEST

START_TEST(a_figure_that_is_too_large_is_none)
{
    static const char log[] = "memory allocation of 99999999999999999999 bytes failed\n";
    log_cause_find(log, strlen(log), &cause);
    ck_assert_int_eq(cause.cause, CAUSE_NATIVE);
    ck_assert_int_eq(cause.request_bytes, UNMEASURED);
}
END_TEST

START_TEST(only_the_end_of_the_log_counts)
{
    static char log[LOG_TAIL_BYTES + 100];
    static const char line[] = "MemoryError\n";
    memset(log, '\n', sizeof log);
    memcpy(log, line, strlen(line));
    log_cause_find(log, sizeof log, &cause);
    ck_assert_int_eq(cause.cause, CAUSE_UNKNOWN);
    memcpy(log + sizeof log - strlen(line), line, strlen(line));
    log_cause_find(log, sizeof log, &cause);
    ck_assert_int_eq(cause.cause, CAUSE_PYTHON);
}
END_TEST

START_TEST(a_line_is_quoted_without_control_characters)
{
    char log[600];
    memset(log, 'x', sizeof log);
    strcpy(log + 300, "\033[31mLLVM ERROR: out of memory\t\001");
    log_cause_find(log, strlen(log), &cause);
    ck_assert_int_eq(cause.cause, CAUSE_NATIVE);
    ck_assert_ptr_nonnull(strstr(cause.line, "LLVM ERROR: out of memory"));
    ck_assert_ptr_null(strpbrk(cause.line, "\033\t\001"));
    ck_assert_uint_le(strlen(cause.line), LOG_LINE_MAX + 8);
}
END_TEST

/* ---- the cause of a run ---- */

static void set_log_cause(enum failure_cause logged)
{
    m.log_cause.cause = logged;
    m.log_cause.line = xstrdup("the line");
}

START_TEST(the_kernel_figures_come_first)
{
    set_log_cause(CAUSE_V8_HEAP);
    m.build.exit_code = 134;
    ck_assert_int_eq(failure_cause(&m), CAUSE_V8_HEAP);
    m.build.exit_code = 137;
    ck_assert_int_eq(failure_cause(&m), CAUSE_OUTSIDE_KILLER);
    m.build.timed_out = true;
    ck_assert_int_eq(failure_cause(&m), CAUSE_UNKNOWN);
    m.peak.unreclaimable_at_limit = true;
    ck_assert_int_eq(failure_cause(&m), CAUSE_LIMIT_LIVELOCK);
    m.build.guard.ended = true;
    ck_assert_int_eq(failure_cause(&m), CAUSE_GUARD);
    m.build.oom_killed = true;
    ck_assert_int_eq(failure_cause(&m), CAUSE_KERNEL_KILL);
}
END_TEST

START_TEST(a_build_that_succeeds_has_no_cause)
{
    set_log_cause(CAUSE_V8_HEAP);
    ck_assert_int_eq(failure_cause(&m), CAUSE_UNKNOWN);
}
END_TEST

START_TEST(a_kill_in_the_log_needs_the_count_of_the_kernel)
{
    set_log_cause(CAUSE_LOGGED_KILL);
    m.build.exit_code = 2;
    ck_assert_int_eq(failure_cause(&m), CAUSE_LOGGED_KILL);
    m.pressure.oom_kills = UNMEASURED;
    ck_assert_int_eq(failure_cause(&m), CAUSE_UNKNOWN);
    m.pressure.oom_kills = 0;
    m.pressure.inner_oom_kills = 1;
    ck_assert_int_eq(failure_cause(&m), CAUSE_UNKNOWN);
}
END_TEST

START_TEST(the_sentence_has_the_figures)
{
    set_log_cause(CAUSE_V8_HEAP);
    m.log_cause.heap_bytes = 40 * MIB;
    m.build.exit_code = UNMEASURED;
    m.build.signal = SIGABRT;
    m.peak.limit_bytes = 2048 * MIB;
    strv_push(&m.environment.variables, "NODE_OPTIONS=--max-old-space-size=40");
    ck_assert_int_eq(run_validity(&m, &reason, &advice), RUN_BUILD_FAILED);
    ck_assert_str_eq(reason, "signal 6 (SIGABRT) ended the build: the V8 heap of a Node.js process "
                             "is full (held 40.0 MiB, ceiling 40.0 MiB by --max-old-space-size in "
                             "NODE_OPTIONS, memory peak 300.0 MiB, memory limit 2.00 GiB); its log "
                             "reports: the line");
    char *expected CLEANUP(cleanup_free) = advice_text(ADVICE_RAISE_V8_HEAP, NULL);
    ck_assert_str_eq(advice, expected);
}
END_TEST

START_TEST(the_killed_step_is_named)
{
    struct stage_measurement *step = gate_stage(&m, "build-deps");
    step->oom_kills = 1;
    step->cgroup_peak_bytes = 199 * MIB;
    ck_assert_ptr_null(killed_process_text(&m)); /* at a limit that the build itself set */
    m.build.oom_killed = true;
    m.build.exit_code = 137;
    m.peak.limit_bytes = 200 * MIB;
    ck_assert_int_eq(run_validity(&m, &reason, &advice), RUN_BUILD_FAILED);
    ck_assert_str_eq(reason, "the build ran out of memory: the kernel killed a process of step "
                             "build-deps (peak 199.0 MiB) at the memory limit of 200.0 MiB");
    step->cgroup_peak_bytes = UNMEASURED;
    gate_stage(&m, "setup")->oom_kills = 2;
    char *text CLEANUP(cleanup_free) = killed_process_text(&m);
    ck_assert_str_eq(text, "a process of step build-deps, and of 1 more");
}
END_TEST

START_TEST(an_unmeasured_figure_is_not_in_the_sentence)
{
    set_log_cause(CAUSE_NATIVE);
    m.build.exit_code = 2;
    ck_assert_int_eq(run_validity(&m, &reason, &advice), RUN_BUILD_FAILED);
    ck_assert_str_eq(reason, "the build failed with exit status 2: an allocation of native memory "
                             "failed (memory peak 300.0 MiB, no memory limit); its log reports: "
                             "the line");
}
END_TEST

/* ---- heap ceilings ---- */

static const struct {
    const char *text;
    int64_t bytes; /* UNMEASURED: none */
} texts[] = {
    {"NODE_OPTIONS=--max-old-space-size=4096", 4096 * MIB},
    {"NODE_OPTIONS=--max_old_space_size=4096 --inspect", 4096 * MIB},
    {"node --max-old-space-size=1 --max-old-space-size=2 a.js", 2 * MIB},
    {"JAVA_TOOL_OPTIONS=-Xms1g -Xmx2G", 2048 * MIB},
    {"GRADLE_OPTS=-Dorg.gradle.jvmargs=-Xmx512m", 512 * MIB},
    {"java -Xmx1048576", 1 * MIB},
    {"java -XX:MaxHeapSize=4k", 4096},
    {"MAVEN_OPTS=-XX:MaxRAMPercentage=50.0", 512 * MIB},
    {"GOMEMLIMIT=3GiB", 3072 * MIB},
    {"GOMEMLIMIT=off", UNMEASURED},
    {"java -Xmx", UNMEASURED},
    {"java -Xmx0", UNMEASURED},
    {"java -XX:MaxRAMPercentage=500", UNMEASURED},
    {"java -Xmx99999999999999999999t", UNMEASURED},
    {"NODE_OPTIONS=--max-old-space-size=nan", UNMEASURED},
    {"make", UNMEASURED},
};

START_TEST(an_option_sets_a_ceiling)
{
    heap_ceilings_find("there", texts[_i].text, 1024 * MIB, &ceilings);
    ck_assert_uint_eq(ceilings.count, texts[_i].bytes < 0 ? 0 : 1);
    if (texts[_i].bytes >= 0)
        ck_assert_int_eq(ceilings.items[0].bytes, texts[_i].bytes);
}
END_TEST

START_TEST(a_percentage_needs_a_limit)
{
    heap_ceilings_find("there", "java -XX:MaxRAMPercentage=50", UNMEASURED, &ceilings);
    ck_assert_uint_eq(ceilings.count, 0);
}
END_TEST

START_TEST(a_ceiling_that_is_not_below_the_limit_is_noted_once)
{
    heap_ceilings_find("NODE_OPTIONS", "--max-old-space-size=1024", 1024 * MIB, &ceilings);
    heap_ceilings_note(&ceilings, 1025 * MIB, &notes);
    heap_ceilings_note(&ceilings, UNMEASURED, &notes);
    ck_assert_uint_eq(notes.count, 0);
    heap_ceilings_note(&ceilings, 1024 * MIB, &notes);
    heap_ceilings_note(&ceilings, 1024 * MIB, &notes);
    ck_assert_uint_eq(notes.count, 1);
    ck_assert_str_eq(notes.items[0],
                     "--max-old-space-size in NODE_OPTIONS allows a V8 heap of 1.00 GiB, but the "
                     "memory limit is 1.00 GiB: the kernel can kill the build before the heap "
                     "reaches its ceiling; set --max-old-space-size below the limit, with room for "
                     "the rest of the build, or raise the limit");
}
END_TEST

START_TEST(a_verdict_has_the_note)
{
    struct judgement judgement;
    judgement_init(&judgement);
    m.peak.limit_bytes = 512 * MIB;
    free(m.build.command);
    m.build.command = xstrdup("java -Xmx1g");
    judge_alone(&m, 1, &judgement);
    ck_assert_int_eq(judgement.verdict, VERDICT_PASS);
    ck_assert_uint_eq(judgement.notes.count, 1);
    ck_assert_ptr_nonnull(strstr(judgement.notes.items[0], "-Xmx in the build command"));
    judgement_release(&judgement);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cause");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, the_log_names_the_memory_that_ran_out);
    tcase_add_test(tests, another_log_names_none);
    tcase_add_loop_test(tests, the_log_has_the_figures, 0, sizeof figures / sizeof *figures);
    tcase_add_test(tests, a_figure_that_is_too_large_is_none);
    tcase_add_test(tests, only_the_end_of_the_log_counts);
    tcase_add_test(tests, a_line_is_quoted_without_control_characters);
    tcase_add_test(tests, the_kernel_figures_come_first);
    tcase_add_test(tests, a_build_that_succeeds_has_no_cause);
    tcase_add_test(tests, a_kill_in_the_log_needs_the_count_of_the_kernel);
    tcase_add_test(tests, the_sentence_has_the_figures);
    tcase_add_test(tests, the_killed_step_is_named);
    tcase_add_test(tests, an_unmeasured_figure_is_not_in_the_sentence);
    tcase_add_loop_test(tests, an_option_sets_a_ceiling, 0, sizeof texts / sizeof *texts);
    tcase_add_test(tests, a_percentage_needs_a_limit);
    tcase_add_test(tests, a_ceiling_that_is_not_below_the_limit_is_noted_once);
    tcase_add_test(tests, a_verdict_has_the_note);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
