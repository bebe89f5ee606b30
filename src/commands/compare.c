/* build-mem compare A B: stored results against stored results, or against a baseline. */
#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "commands/commands.h"
#include "comparison/comparison.h"
#include "report/report.h"
#include "result/result.h"
#include "run/terminal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One side: a set of results, or a baseline. */
struct side {
    const char *name;
    struct measurement *runs;
    size_t count;
    struct strv paths; /* of the runs */
    bool is_baseline;
    struct baseline baseline;
};

static void side_release(struct side *side)
{
    for (size_t i = 0; i < side->count; i++)
        measurement_release(&side->runs[i]);
    free(side->runs);
    strv_release(&side->paths);
    baseline_release(&side->baseline);
}

/* A baseline has the member "environments"; any other file must be a result. */
static int is_baseline(const char *path, bool *answer, struct bm_error *err)
{
    struct json_document *document CLEANUP(cleanup_json_document) = json_parse_file(path, err);
    if (!document)
        return -1;
    *answer =
        json_is_object(json_root(document)) && json_member(json_root(document), "environments");
    return 0;
}

/* Of several runs, the typical one is also stored under the common label: it counts once. */
static bool is_duplicate(const struct side *side, const struct measurement *m)
{
    for (size_t i = 0; i < side->count; i++)
        if (strcmp(side->runs[i].label, m->label) == 0 &&
            strcmp(side->runs[i].started_at, m->started_at) == 0)
            return true;
    return false;
}

static int add_result(const char *path, struct side *side, struct bm_error *err)
{
    struct measurement m;
    int result = result_read_measurement(path, &m, err);
    if (result < 0 || is_duplicate(side, &m)) {
        measurement_release(&m);
        return result;
    }
    side->runs = xgrow(side->runs, side->count, sizeof *side->runs);
    side->runs[side->count++] = m;
    strv_push(&side->paths, path);
    return 0;
}

/* Reads the files and directories of one side, at least one. */
static int side_read(const struct strv *operands, struct side *side, struct bm_error *err)
{
    struct strv paths CLEANUP(strv_release) = {0};
    side->name = operands->items[0];
    for (size_t i = 0; i < operands->count; i++)
        if (result_paths(operands->items[i], &paths, err) < 0)
            return -1;
    for (size_t i = 0; i < paths.count; i++) {
        const char *path = paths.items[i];
        bool baseline;
        if (is_baseline(path, &baseline, err) < 0)
            return -1;
        if (baseline && paths.count > 1)
            return bm_error_set(err, "%s: a baseline must be the only file of its side", path);
        side->is_baseline = baseline;
        if (baseline ? baseline_read(path, &side->baseline, err) < 0
                     : add_result(path, side, err) < 0)
            return -1;
    }
    return 0;
}

/* Two operands are two sides; "--" separates sets of files. */
static int read_sides(const struct config *config, const struct strv *operands, struct side *a,
                      struct side *b, struct bm_error *err)
{
    const struct strv *first = operands, *second = &config->build_argv;
    struct strv one, other;
    if (!second->count && operands->count == 2) {
        one = (struct strv){.items = &operands->items[0], .count = 1};
        other = (struct strv){.items = &operands->items[1], .count = 1};
        first = &one;
        second = &other;
    }
    if (!first->count || !second->count)
        return bm_error_set(err, "compare takes two sides, each a result, a directory of results "
                                 "or a baseline; separate sets of files with --");
    if (side_read(first, a, err) < 0 || side_read(second, b, err) < 0)
        return -1;
    if (a->is_baseline && b->is_baseline)
        return bm_error_set(err, "%s and %s: both are baselines; one must be a result", a->name,
                            b->name);
    return 0;
}

/* " --baseline FILE RESULT...", for `baseline refresh`. The caller owns it. */
static char *refresh_arguments(const struct side *accepted, const struct side *judged)
{
    struct strv words CLEANUP(strv_release) = {0};
    strv_push(&words, " --baseline");
    for (size_t i = 0; i <= judged->paths.count; i++) {
        char *word CLEANUP(cleanup_free) =
            text_shell_word(i ? judged->paths.items[i - 1] : accepted->name);
        strv_push(&words, word);
    }
    return strv_join(&words, " ");
}

static void compare_sides(const struct side *a, const struct side *b, struct comparison *comparison)
{
    const struct side *accepted = b->is_baseline ? b : a;
    const struct side *judged = b->is_baseline ? a : b;
    const struct comparison_side was = {
        .name = accepted->name, .runs = accepted->runs, .count = accepted->count};
    const struct comparison_side is = {
        .name = judged->name, .runs = judged->runs, .count = judged->count};
    char *arguments CLEANUP(cleanup_free) = refresh_arguments(accepted, judged);
    if (accepted->is_baseline)
        compare_with_baseline(&accepted->baseline, accepted->name, arguments, &is, comparison);
    else
        compare_sets(&was, &is, comparison);
}

static char *terminal_text(const struct comparison *comparison)
{
    return compare_text(comparison, terminal_has_colour(STDOUT_FILENO));
}

/* The first is the default. */
static const struct compare_format {
    const char *name;
    char *(*write)(const struct comparison *comparison);
} formats[] = {
    {"text", terminal_text},
    {"json", comparison_to_json},
    {"markdown", compare_markdown},
};

/* Returns NULL with `err` set if there is no such format. */
static const struct compare_format *find_format(const char *name, struct bm_error *err)
{
    struct strv names CLEANUP(strv_release) = {0};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (!name || strcmp(formats[i].name, name) == 0)
            return &formats[i];
        strv_push(&names, formats[i].name);
    }
    char *list CLEANUP(cleanup_free) = strv_join(&names, ", ");
    bm_error_set(err, "--format: \"%s\": must be one of %s", name, list);
    return NULL;
}

int command_compare(int argc, char **argv)
{
    struct config config CLEANUP(config_release);
    struct strv operands CLEANUP(strv_release) = {0};
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct side a CLEANUP(side_release) = {0}, b CLEANUP(side_release) = {0};
    struct comparison comparison CLEANUP(comparison_release) = {0};
    int status;
    if (command_begin(&config, FLAGS_COMPARE, "compare [flags] A B | A... -- B...", argc, argv,
                      &operands, &status) < 0)
        return status;
    const struct compare_format *format = find_format(config.format, &err);
    if (!format || read_sides(&config, &operands, &a, &b, &err) < 0)
        return bm_error_print(&err, EXIT_USAGE);
    compare_sides(&a, &b, &comparison);
    char *text CLEANUP(cleanup_free) = format->write(&comparison);
    fputs(text, stdout);
    return verdict_exit_status(comparison.judgement.verdict);
}
