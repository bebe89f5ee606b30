/* build-mem report: what runs have stored, as a page for people or as other tools read it. */
#include "report/report.h"
#include "base/alloc.h"
#include "base/file.h"
#include "commands/commands.h"
#include "gate/judge.h"
#include "result/result.h"

#include <stdio.h>
#include <string.h>

/* Uses the stored judgement; if a baseline is given, judges the measurement again. */
static int settle_judgement(const char *baseline_file, struct result *result, struct bm_error *err)
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
    judge(&baseline, baseline_file, &result->measurement, 1, false, &result->judgement);
    return 0;
}

static int read_with_series(const char *path, struct result *result, struct bm_error *err)
{
    return result_read(path, result, err) < 0 ? -1 : result_read_series(path, result, err);
}

/* ---- of one result; NULL on error ---- */

static char *page(const struct config *config, const char *path, struct bm_error *err)
{
    struct result run CLEANUP(result_release) = {0}, before CLEANUP(result_release) = {0};
    if (read_with_series(path, &run, err) < 0 ||
        (config->against && read_with_series(config->against, &before, err) < 0) ||
        settle_judgement(config->baseline, &run, err) < 0)
        return NULL;
    return html_text(&(struct html_report){.m = &run.measurement,
                                           .series = &run.series,
                                           .judgement = &run.judgement,
                                           .before = config->against ? &before.measurement : NULL,
                                           .before_series = &before.series});
}

static char *markdown(const struct config *config, const char *path, struct bm_error *err)
{
    struct result run CLEANUP(result_release) = {0};
    if (result_read(path, &run, err) < 0 || settle_judgement(config->baseline, &run, err) < 0)
        return NULL;
    return markdown_text(&run.measurement, &run.judgement);
}

static char *trace(const struct config *config, const char *path, struct bm_error *err)
{
    struct result run CLEANUP(result_release) = {0};
    (void)config;
    if (read_with_series(path, &run, err) < 0)
        return NULL;
    if (!run.series.count) {
        bm_error_set(err,
                     "%s: the timeline-NAME.csv that the run left beside it is not there: without "
                     "it there is nothing to trace",
                     path);
        return NULL;
    }
    return trace_text(&run.measurement, &run.series);
}

/* ---- the formats ---- */

enum {
    WITH_BASELINE = 1,
    WITH_AGAINST = 2,
    IS_TREND = 4, /* in it the figures of a failed build would look like a gain */
};

static const struct format {
    const char *name;
    const char *prefix, *suffix; /* of the file beside result-NAME.json */
    /* One of the two. */
    char *(*of_one)(const struct config *config, const char *path, struct bm_error *err);
    char *(*of_all)(const struct measurement *runs, size_t count);
    unsigned traits;
} formats[] = {
    {"html", "report-", ".html", page, NULL, WITH_BASELINE | WITH_AGAINST},
    {"markdown", "report-", ".md", markdown, NULL, WITH_BASELINE},
    {"openmetrics", "metrics-", ".txt", NULL, openmetrics_text, 0},
    {"bmf", "bmf-", ".json", NULL, bmf_text, IS_TREND},
    {"github-action-benchmark", "benchmark-", ".json", NULL, benchmark_action_text, IS_TREND},
    {"chrome-trace", "trace-", ".json", trace, NULL, 0},
};

static const struct format *find_format(const char *name, struct bm_error *err)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    bm_error_set(err,
                 "--format: \"%s\": must be html, markdown, openmetrics, bmf, "
                 "github-action-benchmark or chrome-trace",
                 name);
    return NULL;
}

static int check_usage(const struct config *config, const struct format *format,
                       const struct strv *operands, struct bm_error *err)
{
    if (operands->count != 1 && format->of_one)
        return bm_error_set(err, "report takes one file, a result: .build-mem/result-NAME.json");
    if (!operands->count)
        return bm_error_set(err, "report takes results: .build-mem/result-NAME.json ...");
    if (operands->count > 1 && !config->output)
        return bm_error_set(err, "several results go into one file: name it with --output FILE, or "
                                 "- for standard output");
    if (config->baseline && !(format->traits & WITH_BASELINE))
        return bm_error_set(err, "--baseline: --format %s has no verdict in it", format->name);
    if (config->against && !(format->traits & WITH_AGAINST))
        return bm_error_set(err, "--against: --format %s shows one run", format->name);
    return 0;
}

/* ---- of several results ---- */

struct result_list {
    struct measurement *runs;
    size_t count;
};

static void result_list_release(struct result_list *result_list)
{
    for (size_t i = 0; i < result_list->count; i++)
        measurement_release(&result_list->runs[i]);
    free(result_list->runs);
}

static int refuse_failed(const char *path, const struct measurement *m, struct bm_error *err)
{
    struct judgement judgement CLEANUP(judgement_release);
    judgement_init(&judgement);
    judge_alone(m, 1, &judgement);
    if (judgement.verdict == VERDICT_PASS)
        return 0;
    return bm_error_set(err, "%s: %s; its figures belong into no trend", path, judgement.reason);
}

/* `result_list` has the runs before the last, which is `path`. */
static int refuse_same_label(const char *path, const struct result_list *result_list,
                             struct bm_error *err)
{
    const char *label = result_list->runs[result_list->count - 1].label;
    for (size_t i = 0; i + 1 < result_list->count; i++)
        if (strcmp(result_list->runs[i].label, label) == 0)
            return bm_error_set(err,
                                "%s: another of these results has the label \"%s\" too; measure "
                                "each with a --label of its own",
                                path, label);
    return 0;
}

static int result_list_read(const struct strv *paths, const struct format *format,
                            struct result_list *result_list, struct bm_error *err)
{
    result_list->runs = xcalloc(paths->count, sizeof *result_list->runs);
    for (size_t i = 0; i < paths->count; i++) {
        const char *path = paths->items[i];
        struct measurement *m = &result_list->runs[result_list->count++];
        if (result_read_measurement(path, m, err) < 0 ||
            refuse_same_label(path, result_list, err) < 0 ||
            ((format->traits & IS_TREND) && refuse_failed(path, m, err) < 0))
            return -1;
    }
    return 0;
}

static char *render(const struct config *config, const struct format *format,
                    const struct strv *operands, struct bm_error *err)
{
    struct result_list result_list CLEANUP(result_list_release) = {0};
    if (format->of_one)
        return format->of_one(config, operands->items[0], err);
    return result_list_read(operands, format, &result_list, err) < 0
               ? NULL
               : format->of_all(result_list.runs, result_list.count);
}

/* ---- where it goes ---- */

/* "DIR/result-NAME.json" becomes "DIR/report-NAME.html". */
static char *output_beside(const char *path, const struct format *format)
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

static int put(const char *output, const char *text, struct bm_error *err)
{
    if (strcmp(output, "-") == 0) {
        fputs(text, stdout);
        return 0;
    }
    if (file_write_atomic(output, text, strlen(text), err) < 0)
        return -1;
    puts(output);
    return 0;
}

int command_report(int argc, char **argv)
{
    struct config config CLEANUP(config_release);
    struct strv operands CLEANUP(strv_release) = {0};
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    int status;
    if (command_begin(&config, FLAGS_REPORT, "report RESULT... [flags]", argc, argv, &operands,
                      &status) < 0)
        return status;
    const struct format *format = find_format(config.format ? config.format : "html", &err);
    if (!format || check_usage(&config, format, &operands, &err) < 0)
        return bm_error_print(&err, EXIT_USAGE);
    char *text CLEANUP(cleanup_free) = render(&config, format, &operands, &err);
    char *output CLEANUP(cleanup_free) =
        config.output ? xstrdup(config.output) : output_beside(operands.items[0], format);
    if (!text || put(output, text, &err) < 0)
        return bm_error_print(&err, EXIT_USAGE);
    return EXIT_PASS;
}
