/* build-mem sweep --vary NAME=VALUE,...: memory against time over the values of some knobs. With
 * RESULT..., other machines measured the points; with RESULT and --within, a forecast. */
#include "sweep/sweep.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/git.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "base/trace.h"
#include "base/units.h"
#include "commands/commands.h"
#include "fit/fit.h"
#include "gate/judge.h"
#include "report/report.h"
#include "report/wording.h"
#include "result/result.h"
#include "run/measure.h"
#include "run/output.h"
#include "run/publish.h"
#include "run/terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LARGEST_RECORD ((size_t)16 << 20)

/* One command. */
struct job {
    const struct config *config;
    char *settings;
    struct sweep sweep;
    struct runs runs;             /* of sweep.runs, in their order */
    struct sweep_results results; /* instead of runs, if other machines measured; else empty */
    const struct engine *engine;  /* of all runs; NULL before the first */
};

static void job_release(struct job *job)
{
    sweep_release(&job->sweep);
    runs_release(&job->runs);
    sweep_results_release(&job->results);
    free(job->settings);
}

/* ---- the build of a point ---- */

/* What differs between the points. All are owned. */
struct variant {
    struct strv build_argv, env, knobs;
    char *build_command;
};

static void variant_release(struct variant *variant)
{
    strv_release(&variant->build_argv);
    strv_release(&variant->env);
    strv_release(&variant->knobs);
    free(variant->build_command);
}

/* Returns the text with `value` in the place of each "{NAME}". Takes ownership of `text`. */
static char *replace(char *text, const char *name, const char *value)
{
    char *old CLEANUP(cleanup_free) = text, *result = NULL;
    char *placeholder CLEANUP(cleanup_free) = xasprintf("{%s}", name);
    const char *rest = old;
    size_t length;
    FILE *out = xmemstream_open(&result, &length);
    for (const char *place; (place = strstr(rest, placeholder)); rest = place + strlen(placeholder))
        fprintf(out, "%.*s%s", (int)(place - rest), rest, value);
    fputs(rest, out);
    xmemstream_close(out);
    return result;
}

static bool is_in_command(const struct config *config, const char *name)
{
    char *command CLEANUP(cleanup_free) = config_command_text(config);
    char *placeholder CLEANUP(cleanup_free) = xasprintf("{%s}", name);
    return strstr(command, placeholder);
}

static void set_point(const struct job *job, size_t point, struct variant *variant)
{
    const struct config *config = job->config;
    strv_push_all(&variant->build_argv, &config->build_argv);
    strv_push_all(&variant->env, &config->env);
    variant->build_command = xstrdup(config->build_command);
    for (size_t k = 0; k < job->sweep.knob_count; k++) {
        const char *name = job->sweep.knobs[k].name, *value = sweep_value(&job->sweep, point, k);
        strv_pushf(&variant->knobs, "%s=%s", name, value);
        if (!is_in_command(config, name)) {
            strv_pushf(&variant->env, "%s=%s", name, value);
            continue;
        }
        variant->build_command = replace(variant->build_command, name, value);
        for (size_t i = 0; i < variant->build_argv.count; i++)
            variant->build_argv.items[i] = replace(variant->build_argv.items[i], name, value);
    }
}

/* Returns the longest duration of the runs of the point. */
static int64_t duration_of(const struct sweep *sweep, size_t point)
{
    int64_t longest = 0;
    for (size_t i = 0; i < sweep->count; i++)
        if (sweep->runs[i].point == point && sweep->runs[i].duration_ms > longest)
            longest = sweep->runs[i].duration_ms;
    return longest;
}

static int build_point(struct job *job, size_t point, bool confirms, int *status,
                       struct bm_error *err)
{
    struct variant variant CLEANUP(variant_release) = {0};
    struct config config = *job->config; /* borrows all */
    char *repo CLEANUP(cleanup_free) = realpath(config.repo, NULL);
    char *label CLEANUP(cleanup_free) = output_numbered_label(config.label, job->sweep.count + 1);
    *status = EXIT_USAGE;
    if (!repo)
        return bm_error_errno(err, "--repo %s", config.repo);
    set_point(job, point, &variant);
    config.build_argv = variant.build_argv;
    config.env = variant.env;
    config.build_command = variant.build_command;
    if (confirms) {
        int64_t patience_ms = fit_patience_ms(duration_of(&job->sweep, point));
        config.memory_limit_bytes = job->sweep.within_bytes;
        /* A build at its limit is what this run is for. */
        config.guard_percent = 0;
        if (!config.timeout_ms || config.timeout_ms > patience_ms)
            config.timeout_ms = patience_ms;
    }
    char *out CLEANUP(cleanup_free) = output_make(&config, err);
    if (!out || measure_tree(&config, repo, label, NULL, &job->engine, &job->runs, status, err) < 0)
        return -1;
    *status = EXIT_UNMEASURED;
    struct measurement *m = &job->runs.measurements[job->runs.count - 1];
    m->sweep.settings = xstrdup(job->settings);
    strv_push_all(&m->sweep.knobs, &variant.knobs);
    if (!interrupt_signal())
        return 0;
    runs_drop_last(&job->runs);
    return bm_error_set(err, "interrupted; the same command resumes the sweep");
}

/* ---- its result ---- */

static void print_run(const struct job *job)
{
    size_t last = job->sweep.count - 1;
    char *text CLEANUP(cleanup_free) =
        format_sweep_run(&job->sweep, last, &job->runs.measurements[last].disturbance);
    fprintf(stderr, "build-mem: %s-%zu: %s\n", job->sweep.label, job->sweep.count, text);
}

static int store_result(const struct job *job, struct bm_error *err)
{
    const struct measurement *last = &job->runs.measurements[job->runs.count - 1];
    struct judgement judgement CLEANUP(judgement_release);
    judgement_init(&judgement);
    judge_alone(last, 1, &judgement);
    char *out CLEANUP(cleanup_free) = output_make(job->config, err);
    return out ? write_result(out, last, &judgement, verdict_exit_status(judgement.verdict), err)
               : -1;
}

/* ---- the stored sweep ---- */

/* The caller owns the path. */
static char *record_path(const struct config *config)
{
    char *out CLEANUP(cleanup_free) = config_in_repo(config, config->out);
    return xasprintf("%s/sweep-%s.json", out, config->label);
}

/* `unfinished`: the reason that the sweep has not ended; NULL: it has. */
static int save(struct job *job, const char *unfinished, struct bm_error *err)
{
    /* The array moves when it grows. */
    if (!job->sweep.results)
        job->sweep.first = job->sweep.count ? job->runs.measurements : NULL;
    free(job->sweep.unfinished);
    job->sweep.unfinished = unfinished ? xstrdup(unfinished) : NULL;
    char *out CLEANUP(cleanup_free) = output_make(job->config, err);
    char *path CLEANUP(cleanup_free) = record_path(job->config);
    char *text CLEANUP(cleanup_free) = sweep_to_json(&job->sweep);
    return out ? file_write_atomic(path, text, strlen(text), err) : -1;
}

/* The page is that of a finished sweep. */
static int remove_page(const struct config *config, struct bm_error *err)
{
    char *out CLEANUP(cleanup_free) = config_in_repo(config, config->out);
    return output_remove_old(xasprintf("%s/report-%s.html", out, config->label), err);
}

/* Reads the result of a run, and adds it to the sweep. */
static int load_run(struct job *job, const char *out, const struct sweep_run *run,
                    struct bm_error *err)
{
    char *label CLEANUP(cleanup_free) =
        output_numbered_label(job->config->label, job->sweep.count + 1);
    if (run->point >= sweep_point_count(&job->sweep))
        return bm_error_set(err, "run %s: not a point of this sweep", label);
    if (runs_load(&job->runs, out, label, err) < 0)
        return -1;
    if (sweep_take_run(&job->sweep, job->runs.measurements, run->point, run->confirms, err) == 0)
        return 0;
    runs_drop_last(&job->runs);
    return -1;
}

/* Takes the runs of an unfinished sweep of the same points; else removes the results of another. */
static int resume(struct job *job, struct bm_error *err)
{
    const struct config *config = job->config;
    char *out CLEANUP(cleanup_free) = config_in_repo(config, config->out);
    char *path CLEANUP(cleanup_free) = record_path(config);
    char *knobs CLEANUP(cleanup_free) = sweep_knobs_text(&job->sweep);
    char *text CLEANUP(cleanup_free) = NULL;
    struct sweep_record record CLEANUP(sweep_record_release) = {0};
    if (access(path, F_OK) != 0)
        return output_remove_numbered(out, config->label, err);
    if (file_read(path, LARGEST_RECORD, &text, NULL, err) < 0 ||
        sweep_record_parse(text, path, &record, err) < 0)
        return bm_error_wrap(err, "cannot resume; remove the file to start anew");
    bool same = strcmp(record.settings, job->settings) == 0 && strcmp(record.knobs, knobs) == 0;
    if (!record.can_resume || !same || !record.count) {
        if (record.can_resume && record.count)
            fprintf(stderr,
                    "build-mem: starting anew: the knobs, the commit, the command or a "
                    "setting differ from the sweep in %s\n",
                    path);
        return output_remove_numbered(out, config->label, err);
    }
    for (size_t i = 0; i < record.count; i++) {
        struct bm_error why CLEANUP(bm_error_release) = BM_ERROR_INIT;
        if (load_run(job, out, &record.runs[i], &why) < 0) {
            trace("sweep: not kept: %s", why.message);
            break;
        }
    }
    fprintf(stderr, "build-mem: resuming the sweep in %s: %zu runs are kept\n", path,
            job->sweep.count);
    return 0;
}

/* ---- the command ---- */

static int follow_plan(struct job *job, int *status, struct bm_error *err)
{
    for (;;) {
        const struct sweep_plan plan = sweep_next(&job->sweep);
        bool confirms = plan.state == SWEEP_CONFIRM;
        if (plan.state != SWEEP_BUILD && !confirms)
            return 0;
        if (build_point(job, plan.point, confirms, status, err) < 0 || store_result(job, err) < 0 ||
            sweep_take_run(&job->sweep, job->runs.measurements, plan.point, confirms, err) < 0)
            return -1;
        print_run(job);
        if (save(job, NOT_FINISHED, err) < 0)
            return -1;
    }
}

static int write_page(const struct job *job, struct bm_error *err)
{
    char *out CLEANUP(cleanup_free) = output_make(job->config, err);
    char *path CLEANUP(cleanup_free) =
        xasprintf("%s/report-%s.html", out ? out : "", job->config->label);
    char *page CLEANUP(cleanup_free) = sweep_html(&job->sweep);
    if (!out || file_write_atomic(path, page, strlen(page), err) < 0)
        return -1;
    if (!job->config->json_only)
        printf("page: %s\n", path);
    return 0;
}

static int finish(struct job *job)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    int status = EXIT_UNMEASURED;
    if (save(job, NULL, &err) < 0 || write_page(job, &err) < 0)
        bm_error_print(&err, status);
    else
        status = sweep_exit_status(sweep_verdict_of(&job->sweep));
    char *line CLEANUP(cleanup_free) = sweep_to_line(&job->sweep);
    if (!job->config->json_only) {
        char *text CLEANUP(cleanup_free) =
            sweep_text(&job->sweep, terminal_has_colour(STDOUT_FILENO));
        fputs(text, stdout);
    }
    printf("[BUILD-MEM SWEEP] %s\n", line);
    return status;
}

/* Prints the failure, and writes it into the file, with the runs so far. Returns `status`. */
static int fail(struct job *job, const struct bm_error *failure, int status)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    status = interrupt_signal() ? 128 + interrupt_signal() : status;
    bm_error_print(failure, status);
    return save(job, failure->message, &err) < 0 ? bm_error_print(&err, status) : status;
}

static int take_knobs(struct job *job, struct bm_error *err)
{
    const struct config *config = job->config;
    if (!config->vary.count)
        return bm_error_set(err, "sweep needs a knob: --vary NAME=VALUE,VALUE...");
    for (size_t i = 0; i < config->vary.count; i++)
        if (sweep_add_knob(&job->sweep, config->vary.items[i], err) < 0)
            return bm_error_wrap(err, "--vary");
    if (job->sweep.within_bytes >= 0 && config->engine == ENGINE_INPLACE)
        return bm_error_set(err, "--within: --engine inplace cannot set a memory limit: set "
                                 "another engine");
    if (job->sweep.within_bytes >= 0 && job->sweep.knob_count > 1)
        return bm_error_set(err, "--within needs exactly one --vary");
    char *commit CLEANUP(cleanup_free) = git_commit(config->repo);
    char *text CLEANUP(cleanup_free) = config_settings_text(config);
    job->settings = xasprintf("%s; commit %s", text, commit ? commit : "unknown");
    job->sweep.settings = job->settings;
    return 0;
}

static int print_plan(const struct config *config, struct job *job)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *text CLEANUP(cleanup_free) = NULL;
    if (config->builds || config->within_bytes >= 0)
        bm_error_set(&err, "--plan prints all points: remove --builds and --within");
    else if (strcmp(config->plan, "kubernetes") == 0 && config->memory_limit_bytes > 0)
        bm_error_set(&err, "--plan kubernetes: set the memory limit in the Job, not with --memory");
    else
        text =
            sweep_jobs(&job->sweep, config->plan, config->image, config->refresh_arguments, &err);
    if (!text)
        return bm_error_print(&err, EXIT_USAGE);
    fputs(text, stdout);
    return EXIT_PASS;
}

static int sweep(const struct config *config)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct job job CLEANUP(job_release) = {
        .config = config,
        .sweep = {.label = config->label,
                  .within_bytes = config->within_bytes,
                  .most_builds = config->builds ? (size_t)config->builds : SWEEP_MOST_BUILDS}};
    int status = EXIT_USAGE;
    if (take_knobs(&job, &err) < 0)
        return bm_error_print(&err, status);
    if (config->plan)
        return print_plan(config, &job);
    if (expect_build(config, &err) < 0)
        return bm_error_print(&err, status);
    if (output_lock(config, &status, &err) < 0)
        return bm_error_print(&err, status);
    status = EXIT_USAGE;
    if (remove_page(config, &err) < 0 || resume(&job, &err) < 0 ||
        save(&job, NOT_FINISHED, &err) < 0)
        return bm_error_print(&err, status);
    if (measure_begin(config, &status, &err) < 0 || follow_plan(&job, &status, &err) < 0)
        return fail(&job, &err, status);
    return finish(&job);
}

/* ---- results of other machines ---- */

static int expect_no_build(const struct config *config, const struct strv *operands,
                           struct bm_error *err)
{
    if (!config->vary.count && !config->builds && !config->plan && !config->build_argv.count)
        return 0;
    return bm_error_set(err,
                        "%s: the results have the knobs and the builds: remove --vary, --builds, "
                        "--plan and the command; to build, write the command after --",
                        operands->items[0]);
}

static int read_results(struct job *job, const struct strv *operands, int *status,
                        struct bm_error *err)
{
    const struct config *config = job->config;
    *status = EXIT_USAGE;
    if (expect_no_build(config, operands, err) < 0)
        return -1;
    if (sweep_read_results(&job->sweep, operands, &job->results, status, err) < 0)
        return -1;
    for (size_t i = 0; i < job->results.notes.count; i++)
        fprintf(stderr, "build-mem: note: %s\n", job->results.notes.items[i]);
    return 0;
}

/* If the results cannot be drawn, no sweep of other results remains. */
static int sweep_results(const struct config *config, const struct strv *operands)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct job job CLEANUP(job_release) = {
        .config = config, .sweep = {.label = config->label, .within_bytes = UNMEASURED}};
    int status = EXIT_USAGE;
    if (read_results(&job, operands, &status, &err) < 0) {
        /* The message can contain text of a file. */
        char *line CLEANUP(cleanup_free) = text_one_line(err.message);
        bm_error_set(&err, "%s", line);
        return bm_error_print(&err, status);
    }
    if (output_lock(config, &status, &err) < 0)
        return bm_error_print(&err, status);
    return finish(&job);
}

/* ---- a forecast from one result ---- */

static int read_forecast(const struct config *config, const struct strv *operands,
                         struct measurement *m, struct sweep_forecast *forecast, int *status,
                         struct bm_error *err)
{
    *status = EXIT_USAGE;
    if (expect_no_build(config, operands, err) < 0)
        return -1;
    if (operands->count > 1)
        return bm_error_set(err,
                            "--within forecasts from one result, not from %zu: name one result, or "
                            "remove --within to compare them",
                            operands->count);
    if (result_read_measurement(operands->items[0], m, err) < 0)
        return -1;
    *status = EXIT_UNMEASURED;
    if (sweep_forecast(m, config->within_bytes, forecast, err) < 0)
        return bm_error_wrap(err, "%s: no forecast", operands->items[0]);
    if (forecast->jobs)
        *status = EXIT_PASS;
    return 0;
}

static int print_forecast(const struct config *config, const struct strv *operands)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct measurement m CLEANUP(measurement_release);
    struct sweep_forecast forecast;
    int status;
    measurement_init(&m);
    if (read_forecast(config, operands, &m, &forecast, &status, &err) < 0) {
        /* The message can contain text of a file. */
        char *text CLEANUP(cleanup_free) = text_one_line(err.message);
        bm_error_set(&err, "%s", text);
        return bm_error_print(&err, status);
    }
    char *line CLEANUP(cleanup_free) = sweep_forecast_to_line(&forecast);
    if (!config->json_only) {
        char *text CLEANUP(cleanup_free) =
            sweep_forecast_text(&forecast, terminal_has_colour(STDOUT_FILENO));
        fputs(text, stdout);
    }
    printf("[BUILD-MEM FORECAST] %s\n", line);
    return status;
}

int command_sweep(int argc, char **argv)
{
    static const char usage[] =
        "sweep --vary NAME=VALUE,... [flags] [-- COMMAND ARG...] | sweep [flags] RESULT...";
    struct config config CLEANUP(config_release);
    struct strv operands CLEANUP(strv_release) = {0};
    int status;
    if (command_begin(&config, FLAGS_SWEEP, usage, argc, argv, &operands, &status) < 0)
        return status;
    if (!operands.count)
        return sweep(&config);
    return config.within_bytes >= 0 ? print_forecast(&config, &operands)
                                    : sweep_results(&config, &operands);
}
