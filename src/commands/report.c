/* build-mem report: a page, or an export for other tools, from stored results. */
#include "report/report.h"
#include "base/alloc.h"
#include "base/text.h"
#include "commands/commands.h"
#include "gate/judge.h"
#include "result/result.h"
#include "run/measure.h"

#include <string.h>

/* Uses the stored judgement; if a baseline is given, judges the measurement again. */
static int settle_judgement(const char *baseline_file, const char *path, struct result *result,
                            struct bm_error *err)
{
    struct baseline baseline CLEANUP(baseline_release) = {0};
    if (result->is_judged && !baseline_file)
        return 0;
    judgement_release(&result->judgement);
    if (!baseline_file) {
        judge_alone(&result->measurement, 1, &result->judgement);
        return 0;
    }
    if (baseline_read(baseline_file, &baseline, err) < 0)
        return -1;
    char *baseline_word CLEANUP(cleanup_free) = text_shell_word(baseline_file);
    char *path_word CLEANUP(cleanup_free) = text_shell_word(path);
    result->judgement.refresh_arguments = xasprintf(" --baseline %s %s", baseline_word, path_word);
    judge(&baseline, baseline_file, &result->measurement, 1, false, &result->judgement);
    return 0;
}

static int read_with_series(const char *path, struct result *result, struct bm_error *err)
{
    return result_read(path, result, err) < 0 ? -1 : result_read_series(path, result, err);
}

/* ---- one result ---- */

static int refuse_unlike_sources(const struct config *config, const struct measurement *run,
                                 const struct measurement *before, struct bm_error *err)
{
    if (measurement_is_imported(run) == measurement_is_imported(before))
        return 0;
    return bm_error_set(err, "--against %s: imported figures cannot be compared with measured ones",
                        config->against);
}

/* Returns NULL on error. */
static char *render_one(const struct config *config, const struct report_format *format,
                        const char *path, struct bm_error *err)
{
    struct result run CLEANUP(result_release) = {0}, before CLEANUP(result_release) = {0};
    if ((format->reads_series ? read_with_series(path, &run, err) : result_read(path, &run, err)) <
            0 ||
        (config->against &&
         (read_with_series(config->against, &before, err) < 0 ||
          refuse_unlike_sources(config, &run.measurement, &before.measurement, err) < 0)) ||
        (format->shows_verdict && settle_judgement(config->baseline, path, &run, err) < 0))
        return NULL;
    if (format->reads_series && !format->shows_verdict && !run.series.count) {
        bm_error_set(err,
                     "%s: the timeline-NAME.csv of the run is not beside it; --format %s needs it",
                     path, format->name);
        return NULL;
    }
    return format->write_one(
        &(struct report_input){.m = &run.measurement,
                               .series = &run.series,
                               .judgement = &run.judgement,
                               .before = config->against ? &before.measurement : NULL,
                               .before_series = &before.series});
}

/* ---- several results ---- */

static int refuse_failed(const char *path, const struct measurement *m, struct bm_error *err)
{
    struct judgement judgement CLEANUP(judgement_release);
    judgement_init(&judgement);
    judge_alone(m, 1, &judgement);
    if (judgement.verdict == VERDICT_PASS)
        return 0;
    return bm_error_set(err, "%s: a failed run cannot be exported: %s", path, judgement.reason);
}

/* The last run of `results` is the one of `path`. */
static int refuse_same_label(const char *path, const struct runs *results, struct bm_error *err)
{
    const char *label = results->measurements[results->count - 1].label;
    for (size_t i = 0; i + 1 < results->count; i++)
        if (strcmp(results->measurements[i].label, label) == 0)
            return bm_error_set(err,
                                "%s: duplicate label \"%s\"; measure each run with a --label of "
                                "its own",
                                path, label);
    return 0;
}

static int results_read(const struct strv *paths, const struct report_format *format,
                        struct runs *results, struct bm_error *err)
{
    results->measurements = xcalloc(paths->count, sizeof *results->measurements);
    for (size_t i = 0; i < paths->count; i++) {
        const char *path = paths->items[i];
        struct measurement *m = &results->measurements[results->count++];
        if (result_read_measurement(path, m, err) < 0 ||
            refuse_same_label(path, results, err) < 0 ||
            (format->is_trend && refuse_failed(path, m, err) < 0))
            return -1;
    }
    return 0;
}

static char *render(const struct config *config, const struct report_format *format,
                    const struct strv *operands, struct bm_error *err)
{
    struct runs results CLEANUP(runs_release) = {0};
    if (format->write_one)
        return render_one(config, format, operands->items[0], err);
    return results_read(operands, format, &results, err) < 0
               ? NULL
               : format->write_all(results.measurements, results.count);
}

/* ---- the output ---- */

/* "DIR/result-NAME.json" becomes "DIR/report-NAME.html". */
static char *output_beside(const char *path, const struct report_format *format)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t length = strlen(name);
    if (length > 5 && strcmp(name + length - 5, ".json") == 0)
        length -= 5;
    bool plain = strncmp(name, "result-", 7) != 0;
    return xasprintf("%.*s%s%.*s%s", (int)(name - path), path, format->prefix,
                     (int)(plain ? length : length - 7), plain ? name : name + 7, format->suffix);
}

static int check_usage(const struct config *config, const struct report_format *format,
                       const struct strv *operands, struct bm_error *err)
{
    if (operands->count != 1 && format->write_one)
        return bm_error_set(err, "report takes one result: .build-mem/result-NAME.json");
    if (!operands->count)
        return bm_error_set(err, "report takes results: .build-mem/result-NAME.json ...");
    if (operands->count > 1 && !config->output)
        return bm_error_set(err, "several results make one file: name it with --output FILE, or - "
                                 "for stdout");
    if (config->baseline && !format->shows_verdict)
        return bm_error_set(err, "--baseline: --format %s shows no verdict", format->name);
    if (config->against && !format->shows_before)
        return bm_error_set(err, "--against: --format %s shows one run", format->name);
    return 0;
}

int command_report(int argc, char **argv)
{
    struct config config CLEANUP(config_release);
    struct strv operands CLEANUP(strv_release) = {0};
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    int status;
    char *names CLEANUP(cleanup_free) = report_format_names("|");
    char *usage CLEANUP(cleanup_free) = xasprintf("report RESULT... [--format %s] [flags]", names);
    if (command_begin(&config, FLAGS_REPORT, usage, argc, argv, &operands, &status) < 0)
        return status;
    const struct report_format *format = report_format_find(config.format, &err);
    if (!format || check_usage(&config, format, &operands, &err) < 0)
        return bm_error_print(&err, EXIT_USAGE);
    char *text CLEANUP(cleanup_free) = render(&config, format, &operands, &err);
    char *output CLEANUP(cleanup_free) =
        config.output ? xstrdup(config.output) : output_beside(operands.items[0], format);
    if (!text || write_output(output, text, &err) < 0)
        return bm_error_print(&err, EXIT_USAGE);
    return EXIT_PASS;
}
