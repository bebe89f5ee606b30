/* build-mem trend RESULT...: stored results over commits. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/git.h"
#include "commands/commands.h"
#include "report/report.h"
#include "result/result.h"
#include "run/measure.h"
#include "run/terminal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Of several runs, the typical one is also stored under the common label: it counts once. */
static void add(struct runs *results, struct measurement *m)
{
    for (size_t i = 0; i < results->count; i++)
        if (measurement_is_same_run(&results->measurements[i], m)) {
            measurement_release(m);
            return;
        }
    results->measurements =
        xgrow(results->measurements, results->count, sizeof *results->measurements);
    results->measurements[results->count++] = *m;
}

static int read_files(const struct strv *operands, struct runs *results, struct bm_error *err)
{
    struct strv paths CLEANUP(strv_release) = {0};
    for (size_t i = 0; i < operands->count; i++)
        if (result_paths(operands->items[i], &paths, err) < 0)
            return -1;
    for (size_t i = 0; i < paths.count; i++) {
        struct measurement m;
        if (result_read_measurement(paths.items[i], &m, err) < 0) {
            measurement_release(&m);
            return -1;
        }
        add(results, &m);
    }
    return 0;
}

/* `git notes append` separates results by an empty line, which no result has. */
static int read_note(const char *origin, char *text, struct runs *results, struct bm_error *err)
{
    for (char *next; text; text = next) {
        struct result result CLEANUP(result_release) = {0};
        next = strstr(text, "\n\n");
        if (next) {
            next[1] = '\0';
            next += 2;
        }
        if (text[strspn(text, " \n")] == '\0')
            continue;
        if (result_parse(text, origin, &result, err) < 0)
            return -1;
        add(results, &result.measurement);
        measurement_init(&result.measurement);
    }
    return 0;
}

static int read_notes(const struct config *config, struct runs *results, struct bm_error *err)
{
    struct strv objects CLEANUP(strv_release) = {0}, commits CLEANUP(strv_release) = {0};
    if (git_notes(config->repo, config->git_notes, &objects, &commits, err) < 0)
        return -1;
    for (size_t i = 0; i < objects.count; i++) {
        char *origin CLEANUP(cleanup_free) =
            xasprintf("note of %.12s in %s", commits.items[i], config->git_notes);
        char *text CLEANUP(cleanup_free) = git_blob(config->repo, objects.items[i], err);
        if (!text || read_note(origin, text, results, err) < 0)
            return -1;
    }
    return objects.count ? 0
                         : bm_error_set(err,
                                        "%s: no notes in %s; to fetch them, run: git fetch REMOTE "
                                        "refs/notes/%s:refs/notes/%s",
                                        config->repo, config->git_notes, config->git_notes,
                                        config->git_notes);
}

/* The baseline that is named, or that of the repository if there is one. */
static int read_baseline(const struct config *config, struct baseline *baseline,
                         struct bm_error *err)
{
    char *path CLEANUP(cleanup_free) = config->baseline
                                           ? xstrdup(config->baseline)
                                           : config_in_repo(config, "baselines/build-mem.json");
    if (!config->baseline && access(path, F_OK) != 0)
        return 0;
    return baseline_read(path, baseline, err);
}

static int put(const struct config *config, const char *text, struct bm_error *err)
{
    if (config->output && strcmp(config->output, "-") != 0)
        return file_write_atomic(config->output, text, strlen(text), err);
    fputs(text, stdout);
    return 0;
}

static char *terminal_text(const struct trend *trend)
{
    return trend_text(trend, terminal_has_colour(STDOUT_FILENO));
}

/* The first is the default. */
static const struct trend_format {
    const char *name;
    char *(*write)(const struct trend *trend);
} formats[] = {
    {"text", terminal_text},
    {"html", trend_html},
    {"json", trend_to_json},
};

static const struct trend_format *find_format(const char *name, struct bm_error *err)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (!name || strcmp(formats[i].name, name) == 0)
            return &formats[i];
    bm_error_set(err, "--format: \"%s\": must be one of text, html, json", name);
    return NULL;
}

int command_trend(int argc, char **argv)
{
    struct config config CLEANUP(config_release);
    struct strv operands CLEANUP(strv_release) = {0}, order CLEANUP(strv_release) = {0};
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct runs results CLEANUP(runs_release) = {0};
    struct baseline baseline CLEANUP(baseline_release) = {0};
    struct trend trend CLEANUP(trend_release) = {0};
    int status;
    if (command_begin(&config, FLAGS_TREND, "trend [flags] RESULT... | trend --git-notes REF", argc,
                      argv, &operands, &status) < 0)
        return status;
    const struct trend_format *format = find_format(config.format, &err);
    if (format && !operands.count && !config.git_notes)
        bm_error_set(&err, "trend takes results: files, directories of result-NAME.json, or "
                           "--git-notes REF");
    if (!format || (!operands.count && !config.git_notes) ||
        read_files(&operands, &results, &err) < 0 ||
        (config.git_notes && read_notes(&config, &results, &err) < 0) ||
        read_baseline(&config, &baseline, &err) < 0)
        return bm_error_print(&err, EXIT_USAGE);
    git_commits(config.repo, &order);
    trend_make(results.measurements, results.count, &order, &baseline, &trend);
    char *text CLEANUP(cleanup_free) = format->write(&trend);
    return put(&config, text, &err) < 0 ? bm_error_print(&err, EXIT_USAGE) : EXIT_PASS;
}
