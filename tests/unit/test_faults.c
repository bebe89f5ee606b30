/* Full disks, broken disks and missing memory while a file is read or written. The linker replaces
 * the system calls and allocators (ld --wrap); the test selects the call that fails. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/units.h"
#include "commands/commands.h"
#include "gate/judge.h"
#include "result/result.h"
#include "result/series.h"
#include "run/measure.h"
#include "run/publish.h"
#include "unit/sample.h"
#include "unit/suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the calls that fail ---- */

static const char *failing; /* the call, or "malloc" for all that allocate; NULL: none */
static const char *target;  /* the file whose call fails; NULL: any */
static int calls_left;      /* until it fails */
static int failing_errno;

/* A full disk fails every later call. An allocation fails once. */
static bool fails(const char *call)
{
    if (!failing || strcmp(call, failing) != 0 || --calls_left > 0)
        return false;
    if (calls_left < 0 && failing_errno == ENOMEM)
        return false;
    errno = failing_errno;
    return true;
}

static void arm(const char *call, const char *file, int nth, int error)
{
    failing = call;
    target = file;
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

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Returns whether the file is the target or its temporary file. */
static bool is_target(const char *path)
{
    size_t length = target ? strlen(name_of(target)) : 0;
    const char *name = name_of(path);
    return !target || (strncmp(name, name_of(target), length) == 0 &&
                       (name[length] == '\0' || name[length] == '.'));
}

static bool fails_for(const char *call, int fd)
{
    char link[32], path[PATH_MAX];
    if (!failing || strcmp(call, failing) != 0)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    return is_target(path) && fails(call);
}

#define WRAP_DESCRIPTOR(result, name, parameters, arguments)                                       \
    result __real_##name parameters;                                                               \
    result __wrap_##name parameters;                                                               \
    result __wrap_##name parameters                                                                \
    {                                                                                              \
        if (fails_for(#name, fd))                                                                  \
            return -1;                                                                             \
        return __real_##name arguments;                                                            \
    }

WRAP_DESCRIPTOR(ssize_t, write, (int fd, const void *data, size_t length), (fd, data, length))
WRAP_DESCRIPTOR(ssize_t, read, (int fd, void *data, size_t length), (fd, data, length))
WRAP_DESCRIPTOR(int, fstat, (int fd, struct stat *status), (fd, status))
WRAP_DESCRIPTOR(int, fchmod, (int fd, mode_t mode), (fd, mode))
WRAP_DESCRIPTOR(int, fsync, (int fd), (fd))

/* A close(2) that fails closes the file, too. */
int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
    bool bad = fails_for("close", fd);
    int result = __real_close(fd);
    errno = bad ? failing_errno : errno;
    return bad ? -1 : result;
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    return is_target(to) && fails("rename") ? -1 : __real_rename(from, to);
}

int __real_mkostemp(char *template, int options);
int __wrap_mkostemp(char *template, int options);
int __wrap_mkostemp(char *template, int options)
{
    return is_target(template) && fails("mkostemp") ? -1 : __real_mkostemp(template, options);
}

/* ---- the writers ---- */

static char directory[] = "/tmp/build-mem-test-XXXXXX";
static struct measurement m;
static struct judgement judgement;

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

/* Adds a timeline of three samples, for the trace. */
static void put_timeline(void)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct timeline_csv *timeline = timeline_csv_open("timeline-after.csv", &err);
    ck_assert_ptr_nonnull(timeline);
    for (int i = 0; i < 3; i++)
        timeline_csv_add(timeline, &(struct sample){.t_ms = i * 150}, "setup");
    ck_assert_int_eq(timeline_csv_close(timeline, &err), 0);
}

static void enter_directory(void)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    strcpy(directory + strlen(directory) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    ck_assert_int_eq(chdir(directory), 0);
    json_init();
    sample_measurement(&m);
    sample_plain_judgement(&judgement);
    char *result CLEANUP(cleanup_free) = result_to_json(&m, &judgement, 0);
    ck_assert_int_eq(file_write_atomic("stored.json", result, strlen(result), &err), 0);
    put_timeline();
    put("Makefile", "all:\n"); /* a build file for init */
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
    return bm_error_print(&err, EXIT_USAGE);
}

/* Runs a command with its words, which blanks separate. */
static int command(int run(int argc, char **argv), const char *words)
{
    struct strv argv CLEANUP(strv_release) = {0};
    char *copy CLEANUP(cleanup_free) = xstrdup(words), *rest;
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        strv_push(&argv, word);
    optind = 0; /* restarts getopt_long(3) */
    return run((int)argv.count, argv.items);
}

static int write_baseline(void)
{
    return command(command_baseline,
                   "baseline refresh --baseline baseline.json --json-only stored.json");
}

static int show_baseline(void)
{
    return command(command_baseline, "baseline show --baseline accepted.json");
}

static int compare(void)
{
    return command(command_compare, "compare stored.json stored.json");
}

static int write_processes(void)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct process_series *process_series CLEANUP(cleanup_process_series) = process_series_new();
    struct series series CLEANUP(series_release) = {0};
    process_series_add(process_series, 0, "npm run build", MIB, MIB);
    process_series_add(process_series, 150, "node next build", 2 * MIB, MIB);
    process_series_finish(process_series, &series);
    return processes_csv_write(&series, "processes.csv", &err) == 0
               ? EXIT_PASS
               : bm_error_print(&err, EXIT_USAGE);
}

static int write_html(void)
{
    return command(command_report, "report stored.json --output stored.html");
}

static int write_markdown(void)
{
    return command(command_report, "report stored.json --format markdown --output stored.md");
}

static int write_openmetrics(void)
{
    return command(command_report, "report stored.json --format openmetrics --output metrics.txt");
}

static int write_bmf(void)
{
    return command(command_report, "report stored.json --format bmf --output bmf.json");
}

static int write_benchmark(void)
{
    return command(command_report,
                   "report stored.json --format github-action-benchmark --output benchmark.json");
}

static int write_trace(void)
{
    return command(command_report, "report stored.json --format chrome-trace --output trace.json");
}

static int write_starter(void)
{
    return command(command_init, "init");
}

/* Writes the file of a search that ends at once, because there is no engine. */
static int write_fit(void)
{
    setenv("PATH", "/nowhere", 1);
    return command(command_fit, "fit --engine docker --out . --label sample --json-only -- true");
}

/* Writes the result, then JUnit. */
static int write_reports(void)
{
    struct config config CLEANUP(config_release);
    config_init(&config);
    config.label = xstrdup("sample");
    free(config.out);
    config.out = xstrdup(".");
    struct series series = {0};
    return publish(&config, &(struct runs){.measurements = &m, .series = &series, .count = 1},
                   &judgement);
}

/* Runs the writer in a separate process, with its output in files. Returns the status of
 * waitpid(2).
 */
static int run(int writer(void), const char *call, const char *file, int nth, int error)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        int out = open("../build-mem-test-out", O_RDWR | O_CREAT | O_TRUNC, 0600);
        unlink("../build-mem-test-out");
        int err = open("stderr", O_RDWR | O_CREAT | O_TRUNC, 0600);
        dup2(out, STDOUT_FILENO);
        dup2(err, STDERR_FILENO);
        arm(call, file, nth, error);
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

static int count_entries(void)
{
    DIR *listing = opendir(".");
    int count = 0;
    while (readdir(listing))
        count++;
    closedir(listing);
    return count - 2;
}

/* ---- writing ---- */

static const struct writer {
    int (*write)(void);
    const char *path;
    int status, good_status; /* with the fault, and without */
    bool makes;              /* refuses an existing file */
    bool searches; /* prints other messages, too, and no file of an earlier search stays */
} writers[] = {
    {write_atomic, "file", EXIT_USAGE, EXIT_PASS, false, false},
    {write_baseline, "baseline.json", EXIT_USAGE, EXIT_PASS, false, false},
    {write_reports, "./result-sample.json", EXIT_UNMEASURED, EXIT_PASS, false, false},
    {write_reports, "./junit-sample.xml", EXIT_UNMEASURED, EXIT_PASS, false, false},
    {write_reports, "./report-sample.html", EXIT_UNMEASURED, EXIT_PASS, false, false},
    {write_processes, "processes.csv", EXIT_USAGE, EXIT_PASS, false, false},
    {write_html, "stored.html", EXIT_USAGE, EXIT_PASS, false, false},
    {write_markdown, "stored.md", EXIT_USAGE, EXIT_PASS, false, false},
    {write_openmetrics, "metrics.txt", EXIT_USAGE, EXIT_PASS, false, false},
    {write_bmf, "bmf.json", EXIT_USAGE, EXIT_PASS, false, false},
    {write_benchmark, "benchmark.json", EXIT_USAGE, EXIT_PASS, false, false},
    {write_trace, "trace.json", EXIT_USAGE, EXIT_PASS, false, false},
    {write_starter, "build-mem.json", EXIT_UNMEASURED, EXIT_PASS, true, false},
    {write_fit, "./fit-sample.json", EXIT_UNMEASURED, EXIT_UNMEASURED, false, true},
    {write_fit, "./result-sample-1.json", EXIT_UNMEASURED, EXIT_UNMEASURED, false, true},
};
static const char *const calls[] = {"write", "fchmod", "fsync", "close", "rename"};
static const int errors[] = {ENOSPC, EDQUOT, EIO};

/* The content of the file before the writer runs. */
static const char *old_of(int writer(void))
{
    return writer == write_baseline ? "{\"schema_version\": 2, \"environments\": []}\n" : "old\n";
}

/* Writes that content. Returns it, or NULL if there is no file. */
static const char *put_old(const struct writer *writer)
{
    if (writer->makes) {
        unlink(writer->path);
        return NULL;
    }
    put(writer->path, old_of(writer->write));
    return old_of(writer->write);
}

/* The directory has the other files of the writer, and the old content. Returns the number of
 * entries that it has after a fault. */
static int prepare(const struct writer *writer, const char **old)
{
    (void)run(writer->write, writer->searches ? "write" : NULL, writer->path, 1, ENOSPC);
    *old = put_old(writer);
    int entries = count_entries();
    if (writer->searches)
        *old = NULL;
    return writer->searches ? entries - 1 : entries;
}

START_TEST(writers_succeed_without_a_fault)
{
    const struct writer *writer = &writers[_i];
    const char *old = put_old(writer);
    int status = run(writer->write, NULL, NULL, 0, 0);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == writer->good_status, "%s: status %#x",
                  writer->path, (unsigned)status);
    char *text CLEANUP(cleanup_free) = text_of(writer->path);
    ck_assert(!old || strcmp(text, old) != 0);
}
END_TEST

/* Any call fails, with any error: the error is reported, the old file stays (that of a search does
 * not), and no other file is left. */
START_TEST(a_failed_write_leaves_the_old_file)
{
    const struct writer *writer = &writers[_i];
    for (size_t c = 0; c < sizeof calls / sizeof *calls; c++)
        for (size_t e = 0; e < sizeof errors / sizeof *errors; e++) {
            const char *old;
            int entries = prepare(writer, &old);
            int status = run(writer->write, calls[c], writer->path, 1, errors[e]);
            char *printed CLEANUP(cleanup_free) = text_of("stderr");
            char *expected CLEANUP(cleanup_free) =
                xasprintf("build-mem: %s: cannot write: %s\n", writer->path, strerror(errors[e]));
            ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == writer->status,
                          "%s of %s: status %#x: %s", calls[c], writer->path, (unsigned)status,
                          printed);
            if (writer->searches)
                ck_assert_msg(strstr(printed, expected) != NULL, "not reported: %s", printed);
            else
                ck_assert_str_eq(printed, expected);
            char *text CLEANUP(cleanup_free) = old ? text_of(writer->path) : NULL;
            ck_assert_pstr_eq(text, old);
            ck_assert_int_eq(access(writer->path, F_OK), old ? 0 : -1);
            ck_assert_int_eq(count_entries(), entries);
        }
}
END_TEST

/* The error is reported and the old file stays. */
START_TEST(a_temporary_file_that_cannot_be_created_is_an_error)
{
    const struct writer *writer = &writers[_i];
    const char *old;
    int entries = prepare(writer, &old);
    int status = run(writer->write, "mkostemp", writer->path, 1, EROFS);
    char *printed CLEANUP(cleanup_free) = text_of("stderr");
    char *expected CLEANUP(cleanup_free) =
        xasprintf("build-mem: %s: cannot write beside it: %s\n", writer->path, strerror(EROFS));
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == writer->status, "%s: status %#x: %s",
                  writer->path, (unsigned)status, printed);
    ck_assert_msg(strstr(printed, expected) != NULL, "not reported: %s", printed);
    char *text CLEANUP(cleanup_free) = old ? text_of(writer->path) : NULL;
    ck_assert_pstr_eq(text, old);
    ck_assert_int_eq(access(writer->path, F_OK), old ? 0 : -1);
    ck_assert_int_eq(count_entries(), entries);
}
END_TEST

/* A file that cannot be read to its end is not treated as a shorter one, and nothing is written. */
static const struct reader {
    int (*run)(void);
    const char *path, *output;
} readers[] = {
    {write_baseline, "stored.json", "baseline.json"},
    {write_baseline, "baseline.json", "baseline.json"},
    {show_baseline, "accepted.json", NULL},
    {compare, "stored.json", NULL},
    {write_html, "stored.json", "stored.html"},
    {write_html, "timeline-after.csv", "stored.html"},
    {write_markdown, "stored.json", "stored.md"},
    {write_openmetrics, "stored.json", "metrics.txt"},
    {write_bmf, "stored.json", "bmf.json"},
    {write_benchmark, "stored.json", "benchmark.json"},
    {write_trace, "stored.json", "trace.json"},
    {write_trace, "timeline-after.csv", "trace.json"},
};

/* Returns false if there was no such call. */
static bool read_fails(const struct reader *reader, const char *call, int nth, int error)
{
    const char *old = reader->output ? old_of(reader->run) : NULL;
    if (old)
        put(reader->output, old);
    int before = count_entries();
    int status = run(reader->run, call, reader->path, nth, error);
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_PASS)
        return false;
    char *printed CLEANUP(cleanup_free) = text_of("stderr");
    char *expected CLEANUP(cleanup_free) =
        xasprintf("build-mem: %s: %s\n", reader->path, strerror(error));
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_USAGE,
                  "%s of %s: status %#x: %s", call, reader->path, (unsigned)status, printed);
    ck_assert_str_eq(printed, expected);
    char *text CLEANUP(cleanup_free) = old ? text_of(reader->output) : NULL;
    ck_assert_pstr_eq(text, old);
    ck_assert_int_eq(count_entries(), before);
    return true;
}

START_TEST(a_failed_read_writes_nothing)
{
    const struct reader *reader = &readers[_i];
    static const int read_errors[] = {EIO, ESTALE};
    char *accepted CLEANUP(cleanup_free) = NULL;
    ck_assert_int_eq(run(write_baseline, NULL, NULL, 0, 0), 0);
    accepted = text_of("baseline.json");
    put("accepted.json", accepted);
    (void)run(reader->run, NULL, NULL, 0, 0);
    for (size_t e = 0; e < sizeof read_errors / sizeof *read_errors; e++) {
        int nth = 1;
        ck_assert(read_fails(reader, "fstat", 1, read_errors[e]));
        while (read_fails(reader, "read", nth, read_errors[e]))
            nth++;
        ck_assert_int_ge(nth, 3); /* in the middle, and at the end */
    }
}
END_TEST

/* The earlier rows stay. */
START_TEST(a_failed_row_is_reported_at_the_end)
{
    static const struct sample row = {.t_ms = 150, .processes = 1};
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct timeline_csv *timeline = timeline_csv_open("timeline.csv", &err);
    ck_assert_ptr_nonnull(timeline);
    timeline_csv_add(timeline, &row, "setup");
    char *before CLEANUP(cleanup_free) = text_of("timeline.csv");
    arm("fflush", NULL, 1, errors[_i]);
    timeline_csv_add(timeline, &row, "setup");
    timeline_csv_add(timeline, &row, "setup");
    failing = NULL;
    ck_assert_int_eq(timeline_csv_close(timeline, &err), -1);
    char *expected CLEANUP(cleanup_free) =
        xasprintf("writing timeline.csv: %s", strerror(errors[_i]));
    ck_assert_str_eq(err.message, expected);
    char *after CLEANUP(cleanup_free) = text_of("timeline.csv");
    ck_assert_int_eq(strncmp(after, before, strlen(before)), 0);
}
END_TEST

/* ---- missing memory ---- */

static const struct hungry {
    int (*write)(void);
    const char *paths[3];
    int streams; /* the minimum of memory streams that it opens */
} hungry[] = {
    {write_baseline, {"baseline.json"}, 1},
    {write_reports, {"result-sample.json", "junit-sample.xml", "report-sample.html"}, 1},
    {write_processes, {"processes.csv"}, 1},
    {write_html, {"stored.html"}, 1},
    {write_markdown, {"stored.md"}, 1},
    {write_openmetrics, {"metrics.txt"}, 1},
    {write_bmf, {"bmf.json"}, 0},
    {write_benchmark, {"benchmark.json"}, 0},
    {write_trace, {"trace.json"}, 1},
};
#define MOST_PATHS (sizeof hungry->paths / sizeof *hungry->paths)

static void put_olds(const struct hungry *writer)
{
    for (size_t i = 0; i < MOST_PATHS && writer->paths[i]; i++)
        put(writer->paths[i], old_of(writer->write));
}

/* A baseline contains the time of its acceptance, so any baseline that can be read is whole. */
static void check_whole(const struct hungry *writer, char *const *whole)
{
    for (size_t i = 0; i < MOST_PATHS && writer->paths[i]; i++) {
        char *text CLEANUP(cleanup_free) = text_of(writer->paths[i]);
        if (writer->write == write_baseline) {
            struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
            struct baseline back CLEANUP(baseline_release);
            ck_assert_msg(baseline_parse(text, writer->paths[i], &back, &err) == 0, "%s",
                          err.message);
        } else if (strcmp(text, old_of(writer->write)) != 0) {
            ck_assert_str_eq(text, whole[i]);
        }
    }
}

/* Fails the nth allocation: the process aborts with a message, and no file is half-written. Returns
 * false if there are fewer allocations. */
static bool aborts_with_whole_files(const struct hungry *writer, const char *call, int nth,
                                    char *const *whole)
{
    put_olds(writer);
    int before = count_entries();
    int status = run(writer->write, call, NULL, nth, ENOMEM);
    char *printed CLEANUP(cleanup_free) = text_of("stderr");
    check_whole(writer, whole);
    ck_assert_int_eq(count_entries(), before); /* no temporary file */
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_PASS)
        return false;
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "%s %d: status %#x: %s", call,
                  nth, (unsigned)status, printed);
    ck_assert_str_eq(printed, "build-mem: out of memory\n");
    return true;
}

START_TEST(missing_memory_aborts_and_leaves_whole_files)
{
    const struct hungry *writer = &hungry[_i];
    char *whole[MOST_PATHS] = {0};
    int allocations = 0, streams = 0;
    put_olds(writer);
    ck_assert_int_eq(run(writer->write, NULL, NULL, 0, 0), 0);
    for (size_t i = 0; i < MOST_PATHS && writer->paths[i]; i++)
        whole[i] = text_of(writer->paths[i]);
    /* Each of the first allocations, then some of the later ones. */
    for (int nth = 1; aborts_with_whole_files(writer, "malloc", nth, whole); nth += 1 + nth / 16)
        allocations++;
    while (aborts_with_whole_files(writer, "open_memstream", streams + 1, whole))
        streams++;
    ck_assert_int_ge(allocations, 10);
    ck_assert_int_ge(streams, writer->streams);
    for (size_t i = 0; i < MOST_PATHS; i++)
        free(whole[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("faults");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_checked_fixture(all, enter_directory, leave_directory);
    tcase_add_loop_test(all, a_failed_write_leaves_the_old_file, 0,
                        sizeof writers / sizeof *writers);
    tcase_add_loop_test(all, a_temporary_file_that_cannot_be_created_is_an_error, 0,
                        sizeof writers / sizeof *writers);
    tcase_add_loop_test(all, a_failed_read_writes_nothing, 0, sizeof readers / sizeof *readers);
    tcase_add_loop_test(all, writers_succeed_without_a_fault, 0, sizeof writers / sizeof *writers);
    tcase_add_loop_test(all, a_failed_row_is_reported_at_the_end, 0,
                        sizeof errors / sizeof *errors);
    tcase_add_loop_test(all, missing_memory_aborts_and_leaves_whole_files, 0,
                        sizeof hungry / sizeof *hungry);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
