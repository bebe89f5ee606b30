#include "run/publish.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/trace.h"
#include "gate/judge.h"
#include "measurement/advice.h"
#include "report/report.h"
#include "result/result.h"
#include "run/measure.h"
#include "run/output.h"
#include "run/relative.h"
#include "run/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define JUNIT_LOG_BYTES ((off_t)64 * 1024)

/* Returns the end of the run's log for the JUnit file, owned by the caller; "" if it is not a
 * readable regular file. */
static char *read_log_tail(const char *out, const char *label, size_t *length)
{
    char *path CLEANUP(cleanup_free) = xasprintf("%s/build-%s.log", out, label);
    char *tail = xcalloc(1, (size_t)JUNIT_LOG_BYTES + 1);
    int fd CLEANUP(cleanup_fd) = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat status;
    *length = 0;
    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return tail;
    off_t from = status.st_size > JUNIT_LOG_BYTES ? status.st_size - JUNIT_LOG_BYTES : 0;
    ssize_t got = pread(fd, tail, (size_t)JUNIT_LOG_BYTES, from);
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

/* The series is NULL for a run that has not finished. */
static int write_page(const char *out, const struct report_input *report, struct bm_error *err)
{
    char *path CLEANUP(cleanup_free) = xasprintf("%s/report-%s.html", out, report->m->label);
    char *page CLEANUP(cleanup_free) =
        report->series ? html_text(report) : html_unfinished_text(report->m);
    return file_write_atomic(path, page, strlen(page), err);
}

/* `both`: NULL without --relative. */
static void print_result(const struct config *config, const struct measurement *m,
                         const struct judgement *judgement, const struct comparison *both,
                         int exit_code)
{
    char *line CLEANUP(cleanup_free) = result_to_line(m, judgement, exit_code);
    if (!config->json_only) {
        bool colour = terminal_has_colour(STDOUT_FILENO);
        char *summary CLEANUP(cleanup_free) =
            both ? compare_text(both, colour) : summary_text(m, judgement, colour);
        fputs(summary, stdout);
    }
    printf("[BUILD-MEM RESULT] %s\n", line);
}

/* Returns the run with the label of the whole command, by which readers of the reports identify
 * checks, and with the deep run, which may be NULL. Borrows from all. */
static struct measurement under_label(const struct measurement *run, char *label,
                                      struct deep_run *deep)
{
    struct measurement whole = *run;
    whole.label = label;
    whole.deep = deep;
    whole.run = strcmp(run->label, label) ? run->label : NULL;
    return whole;
}

/* The run that decided the verdict, so that its figures and the reason agree. */
static const struct measurement *shown_run(const struct runs *runs,
                                           const struct judgement *judgement)
{
    return judgement->decided_by ? judgement->decided_by
                                 : typical_run(runs->measurements, runs->count);
}

/* Writes the result of each run, because `baseline refresh` can accept it later, and that of the
 * run that decided under the common label. */
static int write_results(const char *out, const struct runs *runs, const struct measurement *whole,
                         const struct judgement *judgement, int exit_code, struct bm_error *err)
{
    for (size_t i = 0; whole->run && i < runs->count; i++)
        if (write_result(out, &runs->measurements[i], judgement, exit_code, err) < 0)
            return -1;
    return write_result(out, whole, judgement, exit_code, err);
}

/* The results of the base tree have no verdict of their own: they were not judged. */
static int write_base(const struct config *config, const char *out, const struct runs *base,
                      const struct comparison *both, struct bm_error *err)
{
    struct judgement alone CLEANUP(judgement_release);
    judgement_init(&alone);
    judge_alone(base->measurements, base->count, &alone);
    char *label CLEANUP(cleanup_free) = relative_base_label(config);
    const struct measurement whole =
        under_label(typical_run(base->measurements, base->count), label, NULL);
    char *path CLEANUP(cleanup_free) = xasprintf("%s/comparison-%s.json", out, config->label);
    char *text CLEANUP(cleanup_free) = comparison_to_json(both);
    if (write_results(out, base, &whole, &alone, verdict_exit_status(alone.verdict), err) < 0)
        return -1;
    return file_write_atomic(path, text, strlen(text), err);
}

/* `base` and `both`: of --relative, or NULL. */
static int write_files(const struct config *config, const struct runs *base,
                       const struct runs *runs, const struct comparison *both,
                       const struct judgement *judgement, int exit_code, struct bm_error *err)
{
    char *out CLEANUP(cleanup_free) = output_make(config, err);
    const struct measurement *shown = shown_run(runs, judgement);
    const struct measurement whole = under_label(shown, config->label, runs->deep);
    struct report_input report = {.m = &whole,
                                  .series = runs->series ? &runs->series[shown - runs->measurements]
                                                         : NULL,
                                  .judgement = judgement};
    if (!out || (base && write_base(config, out, base, both, err) < 0))
        return -1;
    if (base) {
        report.before = typical_run(base->measurements, base->count);
        report.before_series = &base->series[report.before - base->measurements];
    }
    /* The result before JUnit and the page: if it fails, they are skipped. */
    if (write_results(out, runs, &whole, judgement, exit_code, err) < 0 ||
        write_junit(config, out, &whole, judgement, err) < 0)
        return -1;
    return write_page(out, &report, err);
}

/* ---- a run that has not finished ---- */

/* Removes what an earlier check with --relative wrote about the base tree. */
static int remove_base(const struct config *config, const char *out, struct bm_error *err)
{
    char *label CLEANUP(cleanup_free) = relative_base_label(config);
    return output_remove_old(xasprintf("%s/comparison-%s.json", out, config->label), err) < 0 ||
                   output_remove_old(xasprintf("%s/result-%s.json", out, label), err) < 0 ||
                   output_remove_numbered(out, label, err) < 0
               ? -1
               : 0;
}

/* Writes the files of a run without figures, with the reason, what to do next, and the exit status.
 * Returns 0, or -1 if a file of an earlier run remains. */
static int write_unfinished(const struct config *config, const char *reason, enum advice advice,
                            int status, struct bm_error *err)
{
    struct bm_error why CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct measurement m CLEANUP(measurement_release);
    struct judgement judgement CLEANUP(judgement_release);
    judgement_init(&judgement);
    measurement_init(&m);
    m.label = xstrdup(config->label);
    m.started_at = utc_now();
    m.build.command = config_command_text(config);
    m.environment.cache_policy = config->cache;
    m.not_measured = xstrdup(reason);
    judge_alone(&m, 1, &judgement);
    free(judgement.advice);
    judgement.advice = advice_text(advice, NULL);
    const struct runs runs = {.measurements = &m, .count = 1};
    char *out CLEANUP(cleanup_free) = config_in_repo(config, config->out);
    if (output_remove_numbered(out, config->label, err) < 0 || remove_base(config, out, err) < 0)
        return -1;
    if (write_files(config, NULL, &runs, NULL, &judgement, status, &why) == 0)
        return 0;
    /* The end of the run reports the fault again. Until then, no file is better than an old one. */
    trace("not finished: %s", why.message);
    if (output_remove_old(xasprintf("%s/result-%s.json", out, config->label), err) < 0 ||
        output_remove_old(xasprintf("%s/report-%s.html", out, config->label), err) < 0)
        return -1;
    return output_remove_old(config->junit ? xstrdup(config->junit)
                                           : xasprintf("%s/junit-%s.xml", out, config->label),
                             err);
}

int publish_begin(const struct config *config, int *status, struct bm_error *err)
{
    if (output_lock(config, status, err) < 0)
        return -1;
    *status = EXIT_UNMEASURED;
    return write_unfinished(config, NOT_FINISHED, ADVICE_UNFINISHED, *status, err);
}

int publish_failure(const struct config *config, const struct bm_error *failure, int status)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    bm_error_print(failure, status);
    enum advice advice = status == EXIT_USAGE ? ADVICE_CORRECT_ERROR : ADVICE_DOCTOR;
    if (write_unfinished(config, failure->message, advice, status, &err) < 0)
        bm_error_print(&err, status);
    return status;
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

static int publish_all(const struct config *config, const struct runs *base,
                       const struct runs *runs, const struct comparison *both,
                       const struct judgement *judgement)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    int exit_code =
        interrupt_signal() ? 128 + interrupt_signal() : verdict_exit_status(judgement->verdict);
    trace("verdict: %s, exit status %d", verdict_name(judgement->verdict), exit_code);
    /* The files first: the summary is printed only after the attempt to write them. */
    if (write_files(config, base, runs, both, judgement, exit_code, &err) < 0) {
        bm_error_print(&err, 0);
        exit_code = exit_code ? exit_code : EXIT_UNMEASURED;
    }
    const struct measurement whole =
        under_label(shown_run(runs, judgement), config->label, runs->deep);
    char *out CLEANUP(cleanup_free) = config_in_repo(config, config->out);
    char *result CLEANUP(cleanup_free) = xasprintf("%s/result-%s.json", out, config->label);
    print_result(config, &whole, judgement, both, exit_code);
    report_to_github(&whole, judgement, result);
    return exit_code;
}

int publish(const struct config *config, const struct runs *runs, const struct judgement *judgement)
{
    return publish_all(config, NULL, runs, NULL, judgement);
}

int publish_relative(const struct config *config, const struct runs *base, const struct runs *runs,
                     const struct comparison *both)
{
    return publish_all(config, base->count ? base : NULL, runs, both, &both->judgement);
}
