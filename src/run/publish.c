#include "run/publish.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/trace.h"
#include "gate/judge.h"
#include "report/report.h"
#include "result/result.h"
#include "run/measure.h"
#include "run/output.h"
#include "run/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_TAIL_BYTES ((off_t)64 * 1024)

/* Returns the end of the run's log for the JUnit file, owned by the caller; "" if it is not a
 * readable regular file. */
static char *read_log_tail(const char *out, const char *label, size_t *length)
{
    char *path CLEANUP(cleanup_free) = xasprintf("%s/build-%s.log", out, label);
    char *tail = xcalloc(1, (size_t)LOG_TAIL_BYTES + 1);
    int fd CLEANUP(cleanup_fd) = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat status;
    *length = 0;
    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return tail;
    off_t from = status.st_size > LOG_TAIL_BYTES ? status.st_size - LOG_TAIL_BYTES : 0;
    ssize_t got = pread(fd, tail, (size_t)LOG_TAIL_BYTES, from);
    *length = got > 0 ? (size_t)got : 0;
    return tail;
}

int write_result(const char *out, const struct measurement *m, const struct judgement *judgement,
                 int exit_code, struct bm_error *err)
{
    char *path CLEANUP(cleanup_free) = xasprintf("%s/result-%s.json", out, m->label);
    char *text CLEANUP(cleanup_free) = result_to_json(m, judgement, exit_code);
    return file_write_atomic(path, text, strlen(text), err);
}

static int write_junit(const struct config *config, const char *out, const struct measurement *m,
                       const struct judgement *judgement, struct bm_error *err)
{
    size_t length;
    char *tail CLEANUP(cleanup_free) = read_log_tail(out, measurement_files_label(m), &length);
    char *text CLEANUP(cleanup_free) = junit_text(m, judgement, tail, length);
    char *path CLEANUP(cleanup_free) =
        config->junit ? xstrdup(config->junit) : xasprintf("%s/junit-%s.xml", out, config->label);
    if (config->junit && output_check_file(config, path, err) < 0)
        return -1;
    return file_write_atomic(path, text, strlen(text), err);
}

static int write_page(const char *out, const struct measurement *m, const struct series *series,
                      const struct judgement *judgement, struct bm_error *err)
{
    char *path CLEANUP(cleanup_free) = xasprintf("%s/report-%s.html", out, m->label);
    char *page CLEANUP(cleanup_free) =
        html_text(&(struct report_input){.m = m, .series = series, .judgement = judgement});
    return file_write_atomic(path, page, strlen(page), err);
}

static void print_result(const struct config *config, const struct measurement *m,
                         const struct judgement *judgement, int exit_code)
{
    char *line CLEANUP(cleanup_free) = result_to_line(m, judgement, exit_code);
    if (!config->json_only) {
        char *summary CLEANUP(cleanup_free) =
            summary_text(m, judgement, terminal_has_colour(STDOUT_FILENO));
        fputs(summary, stdout);
    }
    printf("[BUILD-MEM RESULT] %s\n", line);
}

/* Returns the typical run with the label of the whole command, by which readers of the reports
 * identify checks. Borrows from both. */
static struct measurement under_label(const struct measurement *typical,
                                      const struct config *config)
{
    struct measurement whole = *typical;
    whole.label = config->label;
    whole.run = strcmp(typical->label, config->label) ? typical->label : NULL;
    return whole;
}

/* Of several runs, each result is written, too: `baseline refresh` can accept them later. */
static int write_files(const struct config *config, const struct runs *runs,
                       const struct judgement *judgement, int exit_code, struct bm_error *err)
{
    char *out CLEANUP(cleanup_free) = output_make(config, err);
    const struct measurement *typical = typical_run(runs->measurements, runs->count);
    const struct measurement whole = under_label(typical, config);
    if (!out)
        return -1;
    for (size_t i = 0; runs->count > 1 && i < runs->count; i++)
        if (write_result(out, &runs->measurements[i], judgement, exit_code, err) < 0)
            return -1;
    /* The result before JUnit and the page: if it fails, they are skipped. */
    if (write_result(out, &whole, judgement, exit_code, err) < 0 ||
        write_junit(config, out, &whole, judgement, err) < 0)
        return -1;
    return write_page(out, &whole, &runs->series[typical - runs->measurements], judgement, err);
}

/* ---- GitHub Actions ---- */

/* Appends to the file that the environment variable names. A failure is a warning. */
static void append_to(const char *variable, const char *text)
{
    const char *path = getenv(variable);
    if (!path || !*path)
        return;
    FILE *file = fopen(path, "ae");
    bool bad = !file || fputs(text, file) == EOF;
    bad = (file && fclose(file) != 0) || bad;
    if (bad)
        fprintf(stderr, "build-mem: warning: cannot write $%s, %s: %s\n", variable, path,
                strerror(errno));
}

static void report_to_github(const struct measurement *m, const struct judgement *judgement,
                             const char *result_path)
{
    const char *github = getenv("GITHUB_ACTIONS");
    if (!github || strcmp(github, "true") != 0)
        return;
    char *annotations CLEANUP(cleanup_free) = github_annotations(m, judgement);
    char *summary CLEANUP(cleanup_free) = markdown_text(m, judgement);
    fputs(annotations, stderr);
    append_to("GITHUB_STEP_SUMMARY", summary);
    char *peak CLEANUP(cleanup_free) =
        m->peak.cgroup_bytes < 0 ? xstrdup("") : xasprintf("%" PRId64, m->peak.cgroup_bytes);
    /* Absolute: later steps may have another directory. A line break would begin another output. */
    char *path CLEANUP(cleanup_free) = realpath(result_path, NULL);
    char *outputs CLEANUP(cleanup_free) =
        xasprintf("verdict=%s\npeak-bytes=%s\nresult=%s\n", verdict_name(judgement->verdict), peak,
                  path && !strpbrk(path, "\r\n") ? path : "");
    append_to("GITHUB_OUTPUT", outputs);
}

int publish(const struct config *config, const struct runs *runs, const struct judgement *judgement)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    int exit_code =
        interrupt_signal() ? 128 + interrupt_signal() : verdict_exit_status(judgement->verdict);
    trace("verdict: %s, exit status %d", verdict_name(judgement->verdict), exit_code);
    /* The files first: the summary is printed only after the attempt to write them. */
    if (write_files(config, runs, judgement, exit_code, &err) < 0) {
        bm_error_print(&err, 0);
        exit_code = exit_code ? exit_code : EXIT_UNMEASURED;
    }
    const struct measurement whole =
        under_label(typical_run(runs->measurements, runs->count), config);
    char *out CLEANUP(cleanup_free) = config_in_repo(config, config->out);
    char *result CLEANUP(cleanup_free) = xasprintf("%s/result-%s.json", out, config->label);
    print_result(config, &whole, judgement, exit_code);
    report_to_github(&whole, judgement, result);
    return exit_code;
}
