/* build-mem bisect GOOD [BAD]: the commit that raised a metric. */
#include "bisect/bisect.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/git.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "commands/commands.h"
#include "comparison/comparison.h"
#include "gate/relative.h"
#include "measurement/metric.h"
#include "report/report.h"
#include "run/base_tree.h"
#include "run/output.h"
#include "run/terminal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LARGEST_RECORD ((size_t)16 << 20)

/* One command. */
struct job {
    const struct config *config;
    struct bisection bisection;
    struct bisect_trees trees;
};

static void job_release(struct job *job)
{
    bisection_release(&job->bisection);
    bisect_trees_release(&job->trees);
}

/* ---- the question ---- */

static int resolve_end(const char *root, const char *name, const char *rev, char **commit,
                       struct bm_error *err)
{
    *commit = git_resolve(root, rev, err);
    return *commit ? 0 : bm_error_wrap(err, "%s", name);
}

static int ask(const struct config *config, const struct strv *operands,
               struct bisect_question *question, struct bm_error *err)
{
    char *root CLEANUP(cleanup_free) = git_root(config->repo, err);
    if (!root)
        return -1;
    const char *bad = operands->count > 1 ? operands->items[1] : "HEAD";
    if (resolve_end(root, "GOOD", operands->items[0], &question->good, err) < 0 ||
        resolve_end(root, "BAD", bad, &question->bad, err) < 0)
        return -1;
    if (strcmp(question->good, question->bad) == 0)
        return bm_error_set(err, "GOOD and BAD are the same commit, %.12s", question->good);
    if (git_expect_ancestor(root, question->good, question->bad, err) < 0)
        return bm_error_wrap(err, "GOOD must be an ancestor of BAD");
    question->metric = xstrdup(config->metric ? config->metric : METRIC_CGROUP_PEAK);
    question->settings = config_settings_text(config);
    return 0;
}

/* ---- the stored search ---- */

/* The caller owns the path. */
static char *record_path(const struct config *config)
{
    char *out CLEANUP(cleanup_free) = config_in_repo(config, config->out);
    return xasprintf("%s/bisect-%s.json", out, config->label);
}

static int save(const struct job *job, struct bm_error *err)
{
    char *out CLEANUP(cleanup_free) = output_make(job->config, err);
    char *path CLEANUP(cleanup_free) = record_path(job->config);
    char *text CLEANUP(cleanup_free) = bisect_to_json(&job->bisection);
    return out ? file_write_atomic(path, text, strlen(text), err) : -1;
}

/* Returns what differs between the questions; NULL: nothing. */
static const char *difference(const struct bisect_question *a, const struct bisect_question *b)
{
    return strcmp(a->good, b->good) != 0           ? "GOOD"
           : strcmp(a->bad, b->bad) != 0           ? "BAD"
           : strcmp(a->metric, b->metric) != 0     ? "the metric"
           : strcmp(a->settings, b->settings) != 0 ? "the command or a setting"
                                                   : NULL;
}

/* Results of another search must not be taken for those of this one. */
static int remove_results(const struct config *config, const struct bisect_record *record,
                          struct bm_error *err)
{
    char *out CLEANUP(cleanup_free) = config_in_repo(config, config->out);
    for (size_t i = 0; i < record->commits.count; i++) {
        char *label CLEANUP(cleanup_free) = bisect_label(config->label, record->commits.items[i]);
        if (output_remove_numbered(out, label, err) < 0)
            return -1;
    }
    return output_remove_old(xasprintf("%s/report-%s.html", out, config->label), err);
}

/* Takes the runs of an unfinished search for the same question. */
static int resume(struct job *job, struct bm_error *err)
{
    const struct config *config = job->config;
    char *path CLEANUP(cleanup_free) = record_path(config);
    char *text CLEANUP(cleanup_free) = NULL;
    struct bisect_record record CLEANUP(bisect_record_release) = {0};
    if (access(path, F_OK) != 0)
        return 0;
    if (file_read(path, LARGEST_RECORD, &text, NULL, err) < 0 ||
        bisect_record_parse(text, path, &record, err) < 0)
        return bm_error_wrap(err, "cannot resume; remove the file to start anew");
    const char *other = difference(&record.question, &job->bisection.question);
    if (record.finished || other) {
        if (!record.finished)
            fprintf(stderr, "build-mem: starting anew: %s differs from the search in %s\n", other,
                    path);
        return remove_results(config, &record, err);
    }
    char *out CLEANUP(cleanup_free) = config_in_repo(config, config->out);
    size_t kept = 0;
    for (size_t i = 0; i < record.commits.count; i++) {
        struct bisect_commit *commit = bisect_commit(&job->bisection, record.commits.items[i]);
        bisect_load_runs(out, config->label, commit->name, record.runs[i], &commit->runs);
        kept += commit->runs.count;
    }
    fprintf(stderr, "build-mem: resuming the search in %s: %zu runs are kept\n", path, kept);
    return 0;
}

/* ---- the laboratory ---- */

static int measure(void *context, const char *commit, struct runs *runs, char **reason, int *status,
                   struct bm_error *err)
{
    struct job *job = context;
    fprintf(stderr, "build-mem: run %zu of %.12s\n", runs->count + 1, commit);
    return bisect_trees_measure(&job->trees, commit, runs, reason, status, err);
}

static void leave(void *context, const char *commit)
{
    struct job *job = context;
    bisect_trees_leave(&job->trees, commit);
}

static int changed(void *context, const struct bisection *bisection,
                   const struct bisect_commit *commit, struct bm_error *err)
{
    struct job *job = context;
    if (commit->answer) {
        char *reason CLEANUP(cleanup_free) = text_one_line(commit->reason ? commit->reason : "");
        fprintf(stderr, "build-mem: %.12s: %s%s%s\n", commit->name,
                bisect_answer_name(commit->answer), *reason ? ": " : "", reason);
    }
    if (bisection->suspects.count)
        fprintf(stderr, "build-mem: %zu suspects are left\n", bisection->suspects.count);
    return save(job, err);
}

/* ---- the end ---- */

/* Returns the parent of the culprit if it was measured, else GOOD. */
static const struct bisect_commit *commit_before(const struct job *job, const char *culprit)
{
    char *first CLEANUP(cleanup_free) = xasprintf("%s^", culprit);
    char *parent CLEANUP(cleanup_free) = git_line(job->config->repo, "rev-parse", first);
    const struct bisection *bisection = &job->bisection;
    for (size_t i = 0; parent && i < bisection->count; i++)
        if (strcmp(bisection->commits[i].name, parent) == 0 &&
            bisection->commits[i].answer == BISECT_GOOD)
            return &bisection->commits[i];
    return &bisection->commits[0];
}

/* Writes the page of the culprit, with the commit before it in each chart and table. */
static int write_page(const struct config *config, const struct bisect_commit *before,
                      const struct bisect_commit *culprit, const struct judgement *judgement,
                      struct bm_error *err)
{
    const struct measurement *is = typical_run(culprit->runs.measurements, culprit->runs.count);
    const struct measurement *was = typical_run(before->runs.measurements, before->runs.count);
    struct series none = {0};
    const struct report_input report = {
        .m = is,
        .series =
            culprit->runs.series ? &culprit->runs.series[is - culprit->runs.measurements] : &none,
        .judgement = judgement,
        .before = was,
        .before_series =
            before->runs.series ? &before->runs.series[was - before->runs.measurements] : &none};
    char *out CLEANUP(cleanup_free) = output_make(config, err);
    char *page CLEANUP(cleanup_free) = html_text(&report);
    char *path CLEANUP(cleanup_free) =
        xasprintf("%s/report-%s.html", out ? out : "", config->label);
    if (!out || file_write_atomic(path, page, strlen(page), err) < 0)
        return -1;
    if (!config->json_only)
        printf("page: %s\n", path);
    return 0;
}

static char *commit_text(const struct config *config, const char *commit)
{
    char *subject CLEANUP(cleanup_free) = git_subject(config->repo, commit);
    char *line CLEANUP(cleanup_free) = text_one_line(subject);
    return xasprintf("%.12s %s", commit, line);
}

static int report_culprit(struct job *job, struct bm_error *err)
{
    const struct config *config = job->config;
    const struct bisect_commit *culprit =
        bisect_commit(&job->bisection, job->bisection.suspects.items[0]);
    const struct bisect_commit *before = commit_before(job, culprit->name);
    const struct relative_runs both = {.base = before->runs.measurements,
                                       .base_count = before->runs.count,
                                       .runs = culprit->runs.measurements,
                                       .count = culprit->runs.count};
    const struct budgets none = {0};
    struct judgement judgement CLEANUP(judgement_release);
    struct comparison comparison CLEANUP(comparison_release) = {0};
    char *was CLEANUP(cleanup_free) = xasprintf("%.12s", before->name);
    char *is CLEANUP(cleanup_free) = xasprintf("%.12s", culprit->name);
    const struct comparison_side sides[] = {
        {.name = was, .runs = both.base, .count = both.base_count},
        {.name = is, .runs = both.runs, .count = both.count}};
    judgement_init(&judgement);
    judge_relative(&both, &none, &judgement);
    if (write_page(config, before, culprit, &judgement, err) < 0)
        return -1;
    compare_judged(&sides[0], &sides[1], &judgement, &comparison);
    char *text CLEANUP(cleanup_free) =
        compare_text(&comparison, terminal_has_colour(STDOUT_FILENO));
    if (!config->json_only)
        fputs(text, stdout);
    return 0;
}

static void print_outcome(const struct job *job)
{
    const struct bisection *bisection = &job->bisection;
    const char *metric = bisection->question.metric;
    printf("bisect: %s; %zu commits measured\n", bisect_outcome_name(bisection->outcome),
           bisect_measured(bisection));
    if (bisection->reason) {
        char *reason CLEANUP(cleanup_free) = text_one_line(bisection->reason);
        printf("reason: %s\n", reason);
    }
    if (bisection->outcome == BISECT_ENDS_ALIKE)
        puts("hint: name ends that differ, or another metric with --metric");
    else if (bisection->outcome == BISECT_INCONCLUSIVE)
        puts("hint: raise --runs, or measure on a machine with less other work");
    for (size_t i = 0; i < bisection->suspects.count; i++) {
        char *commit CLEANUP(cleanup_free) = commit_text(job->config, bisection->suspects.items[i]);
        printf("%s %s: %s\n", metric,
               bisection->outcome == BISECT_FOUND ? "was raised by" : "may have been raised by",
               commit);
    }
}

static int finish(struct job *job)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    const struct bisection *bisection = &job->bisection;
    int status = bisect_exit_status(bisection->outcome);
    if (save(job, &err) < 0 ||
        (bisection->outcome == BISECT_FOUND && report_culprit(job, &err) < 0)) {
        bm_error_print(&err, 0);
        status = status ? status : EXIT_UNMEASURED;
    }
    char *line CLEANUP(cleanup_free) = bisect_to_line(bisection);
    if (!job->config->json_only)
        print_outcome(job);
    printf("[BUILD-MEM BISECT] %s\n", line);
    return status;
}

/* ---- the command ---- */

static int search(struct job *job, int *status, struct bm_error *err)
{
    const struct bisect_lab lab = {
        .measure = measure, .leave = leave, .changed = changed, .context = job};
    struct base_tree tree CLEANUP(base_tree_close) = BASE_TREE_NONE;
    if (measure_begin(job->config, status, err) < 0)
        return -1;
    *status = EXIT_USAGE;
    if (base_tree_open_empty(job->config, job->bisection.question.good, &tree, err) < 0)
        return -1;
    int result = bisect_search(&job->bisection, tree.tree, &lab, status, err);
    bisect_trees_release(&job->trees);
    return result;
}

static int bisect(const struct config *config, const struct strv *operands)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct job job CLEANUP(job_release) = {
        .config = config,
        .bisection = {.label = config->label, .most = (size_t)config->runs},
        .trees = {.config = config}};
    int status = EXIT_USAGE;
    if (expect_build(config, &err) < 0 || ask(config, operands, &job.bisection.question, &err) < 0)
        return bm_error_print(&err, status);
    if (output_lock(config, &status, &err) < 0)
        return bm_error_print(&err, status);
    status = EXIT_USAGE;
    if (resume(&job, &err) < 0 || save(&job, &err) < 0)
        return bm_error_print(&err, status);
    if (search(&job, &status, &err) < 0)
        return bm_error_print(&err, interrupt_signal() ? 128 + interrupt_signal() : status);
    return finish(&job);
}

int command_bisect(int argc, char **argv)
{
    static const char usage[] = "bisect [flags] GOOD [BAD] [-- COMMAND ARG...]";
    struct config config CLEANUP(config_release);
    struct strv operands CLEANUP(strv_release) = {0};
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    int status;
    if (command_begin(&config, FLAGS_BISECT, usage, argc, argv, &operands, &status) < 0)
        return status;
    if (operands.count == 1 || operands.count == 2)
        return bisect(&config, &operands);
    bm_error_set(&err, "bisect takes one or two commits: GOOD, and BAD (default: HEAD)");
    return bm_error_print(&err, EXIT_USAGE);
}
