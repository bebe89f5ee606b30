/* build-mem fit: finds the smallest memory limit with which the build passes. */
#include "fit/fit.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/trace.h"
#include "base/units.h"
#include "commands/commands.h"
#include "fit/search.h"
#include "gate/judge.h"
#include "report/report.h"
#include "run/measure.h"
#include "run/output.h"
#include "run/publish.h"
#include "run/terminal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One search. The config is changed from attempt to attempt. */
struct fitting {
    struct config *config;
    char *label;
    int64_t timeout_ms; /* of the user; 0: none */
    struct fit fit;
    struct runs first; /* the run without a limit; empty before it */
};

static void fitting_release(struct fitting *fitting)
{
    free(fitting->label);
    fit_release(&fitting->fit);
    runs_release(&fitting->first);
}

static void print_attempt(const struct fit_attempt *attempt)
{
    char *limit CLEANUP(cleanup_free) =
        attempt->limit_bytes < 0 ? xstrdup("no limit") : format_bytes(attempt->limit_bytes);
    char *duration CLEANUP(cleanup_free) = format_duration(attempt->duration_ms);
    fprintf(stderr, "build-mem: %s: %s: %s, %s\n", attempt->label, limit,
            fit_outcome_name(attempt->outcome), duration);
}

/* Prepares the config for an attempt under this limit. Returns true if the timeout is the search's
 * own and not the user's. */
static bool prepare_attempt(struct fitting *fitting, int64_t limit_bytes)
{
    struct config *config = fitting->config;
    free(config->label);
    config->label = output_numbered_label(fitting->label, fitting->fit.count + 1);
    config->memory_limit_bytes = limit_bytes;
    config->timeout_ms = fitting->timeout_ms;
    if (!fitting->first.count)
        return false;
    int64_t patience_ms = fit_patience_ms(fitting->first.measurements->build.duration_ms);
    if (config->timeout_ms > 0 && config->timeout_ms <= patience_ms)
        return false;
    config->timeout_ms = patience_ms;
    return true;
}

/* Keeps the first run, and its engine for all attempts. */
static int keep_first(struct fitting *fitting, struct runs *runs, struct bm_error *err)
{
    fitting->first = *runs;
    *runs = (struct runs){0};
    fitting->fit.unlimited = fitting->first.measurements;
    const char *engine = fitting->fit.unlimited->environment.engine;
    return engine ? config_set(fitting->config, "engine", engine, err) : 0;
}

/* Measures the build under the limit and adds the outcome. */
static int attempt(struct fitting *fitting, int64_t limit_bytes, int *status, struct bm_error *err)
{
    struct judgement judgement CLEANUP(judgement_release);
    struct runs runs CLEANUP(runs_release) = {0};
    judgement_init(&judgement);
    bool impatient = prepare_attempt(fitting, limit_bytes);
    int result = measure_runs(fitting->config, NULL, &runs, status, err);
    if (result == 0) {
        fit_judge(&fitting->fit, runs.measurements, &judgement);
        fit_add(&fitting->fit, limit_bytes, runs.measurements, &judgement, impatient);
        fitting->fit.signal = interrupt_signal();
        print_attempt(&fitting->fit.attempts[fitting->fit.count - 1]);
        *status = EXIT_UNMEASURED;
        char *out CLEANUP(cleanup_free) = output_make(fitting->config, err);
        if (!out || write_result(out, runs.measurements, &judgement,
                                 verdict_exit_status(judgement.verdict), err) < 0)
            result = -1;
        if (result == 0 && !fitting->first.count)
            result = keep_first(fitting, &runs, err);
    }
    return result;
}

/* ---- the file ---- */

static int write_fit(const struct fitting *fitting, struct bm_error *err)
{
    char *out CLEANUP(cleanup_free) = output_make(fitting->config, err);
    if (!out)
        return -1;
    char *path CLEANUP(cleanup_free) = xasprintf("%s/fit-%s.json", out, fitting->label);
    char *text CLEANUP(cleanup_free) = fit_to_json(&fitting->fit);
    return file_write_atomic(path, text, strlen(text), err);
}

static void set_unfinished(struct fit *fit, const char *reason)
{
    free(fit->unfinished);
    fit->unfinished = reason ? xstrdup(reason) : NULL;
}

/* Locks the label, and replaces the file of an earlier search by one that reports "not finished".
 * If it cannot be written, removes the earlier one. Returns -1, with an exit status in `*status`,
 * if a file of an earlier search remains. */
static int begin(struct fitting *fitting, int *status, struct bm_error *err)
{
    struct bm_error why CLEANUP(bm_error_release) = BM_ERROR_INIT;
    if (output_lock(fitting->config, status, err) < 0)
        return -1;
    char *out CLEANUP(cleanup_free) = config_in_repo(fitting->config, fitting->config->out);
    *status = EXIT_UNMEASURED;
    set_unfinished(&fitting->fit, NOT_FINISHED);
    if (output_remove_numbered(out, fitting->label, err) < 0)
        return -1;
    if (write_fit(fitting, &why) == 0)
        return 0;
    trace("not finished: %s", why.message);
    return output_remove_old(xasprintf("%s/fit-%s.json", out, fitting->label), err);
}

/* Prints the failure, and writes it into the file, with the attempts so far. Returns `status`. */
static int fail(struct fitting *fitting, const struct bm_error *failure, int status)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    bm_error_print(failure, status);
    set_unfinished(&fitting->fit, failure->message);
    return write_fit(fitting, &err) < 0 ? bm_error_print(&err, status) : status;
}

/* ---- the search ---- */

static void print_fit(const struct fitting *fitting)
{
    char *line CLEANUP(cleanup_free) = fit_to_line(&fitting->fit);
    if (!fitting->config->json_only) {
        char *text CLEANUP(cleanup_free) =
            fit_text(&fitting->fit, terminal_has_colour(STDOUT_FILENO));
        fputs(text, stdout);
    }
    printf("[BUILD-MEM FIT] %s\n", line);
}

static int fit(struct fitting *fitting)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct fit *fit = &fitting->fit;
    int status;
    if (begin(fitting, &status, &err) < 0)
        return bm_error_print(&err, status);
    for (;;) {
        const struct fit_search search = fit_search(fit->attempts, fit->count);
        if (search.state != FIT_TRY || fit->signal)
            break;
        if (attempt(fitting, search.next_bytes, &status, &err) < 0)
            return fail(fitting, &err, status);
    }
    set_unfinished(fit, NULL);
    status = fit_exit_status(fit);
    if (write_fit(fitting, &err) < 0) {
        bm_error_print(&err, 0);
        status = status ? status : EXIT_UNMEASURED;
    }
    print_fit(fitting);
    return status;
}

static void fitting_init(struct fitting *fitting, struct config *config)
{
    *fitting = (struct fitting){
        .config = config, .label = xstrdup(config->label), .timeout_ms = config->timeout_ms};
    /* A build at its limit is what the search looks for. */
    config->guard_percent = 0;
    fitting->fit.label = fitting->label;
}

int fit_config_error(struct config *config, const struct bm_error *failure, int status)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct fitting fitting CLEANUP(fitting_release);
    int ignored;
    fitting_init(&fitting, config);
    if (begin(&fitting, &ignored, &err) == 0)
        return fail(&fitting, failure, status);
    bm_error_print(failure, status);
    return bm_error_print(&err, status);
}

int command_fit(int argc, char **argv)
{
    struct config config CLEANUP(config_release);
    int status;
    if (command_begin_without_operands(&config, FLAGS_FIT, "fit [flags] [-- COMMAND ARG...]", argc,
                                       argv, &status) < 0)
        return status;
    struct fitting fitting CLEANUP(fitting_release);
    fitting_init(&fitting, &config);
    return fit(&fitting);
}
