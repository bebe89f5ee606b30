/* Disks that are full or broken, and memory that is gone, while something is written: the calls
 * of the writers are ours here (ld --wrap), and the one that is asked for fails. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/units.h"
#include "commands/commands.h"
#include "commands/measure.h"
#include "gate/judge.h"
#include "measurement/result.h"
#include "report/timeline.h"
#include "sample.h"
#include "suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- what fails --- */

static const char *failing; /* the call, or "malloc" for all that allocate; NULL: none */
static int calls_left;      /* until it fails */
static int failing_errno;

/* A disk stays full; memory is short just once, so that nobody else notices. */
static bool fails(const char *call)
{
    if (!failing || strcmp(call, failing) != 0 || --calls_left > 0)
        return false;
    if (calls_left < 0 && failing_errno == ENOMEM)
        return false;
    errno = failing_errno;
    return true;
}

static void arm(const char *call, int nth, int error)
{
    failing = call;
    calls_left = nth;
    failing_errno = error;
}

#define WRAP(result, name, failure, parameters, arguments)                                         \
    result __real_##name parameters;                                                               \
    result __wrap_##name parameters;                                                               \
    result __wrap_##name parameters                                                                \
    {                                                                                              \
        if (fails(#name))                                                                          \
            return failure;                                                                        \
        return __real_##name arguments;                                                            \
    }
#define WRAP_ALLOCATION(result, name, failure, parameters, arguments)                              \
    result __real_##name parameters;                                                               \
    result __wrap_##name parameters;                                                               \
    result __wrap_##name parameters                                                                \
    {                                                                                              \
        if (fails("malloc"))                                                                       \
            return failure;                                                                        \
        return __real_##name arguments;                                                            \
    }

WRAP(ssize_t, write, -1, (int fd, const void *data, size_t length), (fd, data, length))
WRAP(int, fchmod, -1, (int fd, mode_t mode), (fd, mode))
WRAP(int, rename, -1, (const char *from, const char *to), (from, to))
WRAP(int, fflush, EOF, (FILE * file), (file))
WRAP_ALLOCATION(void *, malloc, NULL, (size_t size), (size))
WRAP_ALLOCATION(void *, calloc, NULL, (size_t count, size_t size), (count, size))
WRAP_ALLOCATION(void *, realloc, NULL, (void *old, size_t size), (old, size))
WRAP_ALLOCATION(void *, reallocarray, NULL, (void *old, size_t count, size_t size),
                (old, count, size))
WRAP_ALLOCATION(char *, strdup, NULL, (const char *text), (text))
WRAP_ALLOCATION(char *, strndup, NULL, (const char *text, size_t length), (text, length))
WRAP_ALLOCATION(int, vasprintf, -1, (char **text, const char *format, va_list arguments),
                (text, format, arguments))
WRAP(FILE *, open_memstream, NULL, (char **text, size_t *length), (text, length))

/* Of the file that is written alone: what else is synced or closed does not count. */
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    return (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY && fails("fsync") ? -1 : __real_fsync(fd);
}

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
    bool written = failing && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
    int result = __real_close(fd);
    return written && fails("close") ? -1 : result;
}

/* --- what is written --- */

static char directory[] = "/tmp/build-mem-test-XXXXXX";
static struct measurement m;
static struct judgement judgement;

static void enter_directory(void)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    strcpy(directory + strlen(directory) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    ck_assert_int_eq(chdir(directory), 0);
    json_init();
    sample_measurement(&m);
    sample_plain_judgement(&judgement);
    char *result CLEANUP(cleanup_free) = result_to_json(&m, "pass", 0, NULL);
    ck_assert_int_eq(file_write_atomic("stored.json", result, strlen(result), &err), 0);
}

static void leave_directory(void)
{
    failing = NULL;
    judgement_release(&judgement);
    measurement_release(&m);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, directory), 0);
}

static int write_atomic(void)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    if (file_write_atomic("file", "new", 3, &err) == 0)
        return EXIT_PASS;
    return command_failed(&err, EXIT_USAGE);
}

static int write_baseline(void)
{
    struct strv argv CLEANUP(strv_release) = {0};
    strv_push(&argv, "baseline");
    strv_push(&argv, "refresh");
    strv_push(&argv, "--baseline");
    strv_push(&argv, "baseline.json");
    strv_push(&argv, "--json-only");
    strv_push(&argv, "stored.json");
    optind = 0; /* getopt_long(3): anew */
    return command_baseline((int)argv.count, argv.items);
}

/* The result, then JUnit. */
static int write_reports(void)
{
    struct config config CLEANUP(config_release);
    config_init(&config);
    config.label = xstrdup("sample");
    free(config.out);
    config.out = xstrdup(".");
    return publish(&config, &m, 1, &judgement);
}

/* Runs the writer in a process of its own, with its output in files. Returns its status as
 * waitpid(2) has it. */
static int run(int writer(void), const char *call, int nth, int error)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        int out = open("../build-mem-test-out", O_RDWR | O_CREAT | O_TRUNC, 0600);
        unlink("../build-mem-test-out");
        int err = open("said", O_RDWR | O_CREAT | O_TRUNC, 0600);
        dup2(out, STDOUT_FILENO);
        dup2(err, STDERR_FILENO);
        arm(call, nth, error);
        int status = writer();
        failing = NULL;
        fflush(stderr);
        _exit(status);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status;
}

static char *text_of(const char *path)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *text;
    ck_assert_msg(file_read(path, 1 << 20, &text, NULL, &err) == 0, "%s", err.message);
    return text;
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

static int count_entries(void)
{
    DIR *listing = opendir(".");
    int count = 0;
    while (readdir(listing))
        count++;
    closedir(listing);
    return count - 2;
}

/* --- */

static const struct writer {
    int (*write)(void);
    const char *path;
    int nth; /* which of a call that all its files need */
    int status;
} writers[] = {
    {write_atomic, "file", 1, EXIT_USAGE},
    {write_baseline, "baseline.json", 1, EXIT_USAGE},
    {write_reports, "./result-sample.json", 1, EXIT_UNMEASURED},
    {write_reports, "./junit-sample.xml", 2, EXIT_UNMEASURED},
    {write_reports, "./report-sample.html", 3, EXIT_UNMEASURED},
};
static const char *const calls[] = {"write", "fchmod", "fsync", "close", "rename"};
static const int errors[] = {ENOSPC, EDQUOT, EIO};

/* Whatever call of it fails, and why: it is said, the old file stands, nothing else is left. */
START_TEST(a_write_that_fails_leaves_the_old_file)
{
    const struct writer *writer = &writers[_i];
    const char *old = writer->write == write_baseline
                          ? "{\"schema_version\": 1, \"environments\": []}\n"
                          : "old\n";
    for (size_t c = 0; c < sizeof calls / sizeof *calls; c++)
        for (size_t e = 0; e < sizeof errors / sizeof *errors; e++) {
            put(writer->path, old);
            put("said", "");
            int before = count_entries();
            int status = run(writer->write, calls[c], writer->nth, errors[e]);
            char *said CLEANUP(cleanup_free) = text_of("said");
            char *expected CLEANUP(cleanup_free) =
                xasprintf("build-mem: %s: cannot write: %s\n", writer->path, strerror(errors[e]));
            ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == writer->status,
                          "%s of %s: status %#x: %s", calls[c], writer->path, (unsigned)status,
                          said);
            ck_assert_str_eq(said, expected);
            char *text CLEANUP(cleanup_free) = text_of(writer->path);
            ck_assert_str_eq(text, old);
            /* Those that are written before it stand. */
            ck_assert_int_eq(count_entries(), before + (c + e == 0 ? writer->nth - 1 : 0));
        }
}
END_TEST

START_TEST(what_does_not_fail_is_written)
{
    for (size_t i = 0; i < sizeof writers / sizeof *writers; i++) {
        int status = run(writers[i].write, NULL, 0, 0);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_PASS, "%s: status %#x",
                      writers[i].path, (unsigned)status);
        ck_assert_int_eq(access(writers[i].path, F_OK), 0);
    }
}
END_TEST

/* The rows before it stay. */
START_TEST(a_row_that_fails_is_told_at_the_end)
{
    static const struct timeline_row row = {.t_ms = 150, .stage = "a", .processes = 1};
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct timeline *timeline = timeline_open("timeline.csv", &err);
    ck_assert_ptr_nonnull(timeline);
    timeline_add(timeline, &row);
    char *before CLEANUP(cleanup_free) = text_of("timeline.csv");
    arm("fflush", 1, errors[_i]);
    timeline_add(timeline, &row);
    timeline_add(timeline, &row);
    failing = NULL;
    ck_assert_int_eq(timeline_close(timeline, &err), -1);
    char *expected CLEANUP(cleanup_free) =
        xasprintf("writing timeline.csv: %s", strerror(errors[_i]));
    ck_assert_str_eq(err.message, expected);
    char *after CLEANUP(cleanup_free) = text_of("timeline.csv");
    ck_assert_int_eq(strncmp(after, before, strlen(before)), 0);
}
END_TEST

/* A whole document of the old or the new content; a file that is not there is neither. */
static void check_whole(const char *path)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    if (access(path, F_OK) < 0)
        return;
    char *text CLEANUP(cleanup_free) = text_of(path);
    size_t length = strlen(text);
    ck_assert_uint_gt(length, 3);
    if (strstr(path, ".xml")) {
        ck_assert_ptr_nonnull(strstr(text, "</testsuites>"));
    } else if (strstr(path, ".html")) {
        ck_assert_ptr_nonnull(strstr(text, "</html>"));
    } else if (strstr(path, "result")) {
        struct measurement back CLEANUP(measurement_release);
        ck_assert_msg(result_parse(text, path, &back, &err) == 0, "%s", err.message);
    } else {
        struct baseline back CLEANUP(baseline_release);
        ck_assert_msg(baseline_parse(text, path, &back, &err) == 0, "%s", err.message);
        ck_assert_uint_eq(back.count, 1);
    }
}

/* Memory that is gone at the nth allocation: it dies of that and says so, and no file is half
 * written. */
static bool dies_whole(int writer(void), const char *call, int nth)
{
    int status = run(writer, call, nth, ENOMEM);
    char *said CLEANUP(cleanup_free) = text_of("said");
    check_whole("baseline.json");
    check_whole("./result-sample.json");
    check_whole("./report-sample.html");
    check_whole("./junit-sample.xml");
    ck_assert_int_le(count_entries(), 5); /* and no temporary file */
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_PASS)
        return false;
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "%s %d: status %#x: %s", call,
                  nth, (unsigned)status, said);
    ck_assert_str_eq(said, "build-mem: out of memory\n");
    return true;
}

START_TEST(without_memory_it_dies_and_leaves_whole_files)
{
    static int (*const all[])(void) = {write_baseline, write_reports};
    /* Near the beginning each, then samples. */
    for (int nth = 1; dies_whole(all[_i], "malloc", nth); nth += 1 + nth / 16)
        ;
    for (int nth = 1; dies_whole(all[_i], "open_memstream", nth); nth++)
        ;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("faults");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_checked_fixture(all, enter_directory, leave_directory);
    tcase_add_loop_test(all, a_write_that_fails_leaves_the_old_file, 0,
                        sizeof writers / sizeof *writers);
    tcase_add_test(all, what_does_not_fail_is_written);
    tcase_add_loop_test(all, a_row_that_fails_is_told_at_the_end, 0,
                        sizeof errors / sizeof *errors);
    tcase_add_loop_test(all, without_memory_it_dies_and_leaves_whole_files, 0, 2);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
