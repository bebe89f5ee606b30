#include "bisect/bisect.h"

#include "base/alloc.h"
#include "base/interrupt.h"
#include "run/base_tree.h"
#include "run/output.h"
#include "run/publish.h"
#include "run/relative.h"

#include <string.h>

struct open_tree {
    char *commit;
    struct base_tree tree;
};

static void close_tree(struct open_tree *open)
{
    base_tree_close(&open->tree);
    free(open->commit);
}

void bisect_trees_leave(struct bisect_trees *trees, const char *commit)
{
    for (size_t i = 0; i < trees->count; i++)
        if (strcmp(trees->open[i].commit, commit) == 0) {
            close_tree(&trees->open[i]);
            trees->open[i] = trees->open[--trees->count];
            return;
        }
}

void bisect_trees_release(struct bisect_trees *trees)
{
    while (trees->count)
        close_tree(&trees->open[--trees->count]);
    free(trees->open);
    *trees = (struct bisect_trees){0};
}

/* Returns the path of the commit's work tree, borrowed, or NULL if it is not open. */
static const char *find_tree(const struct bisect_trees *trees, const char *commit)
{
    for (size_t i = 0; i < trees->count; i++)
        if (strcmp(trees->open[i].commit, commit) == 0)
            return trees->open[i].tree.repo;
    return NULL;
}

static const char *open_tree(struct bisect_trees *trees, const char *commit, struct bm_error *err)
{
    trees->open = xgrow(trees->open, trees->count, sizeof *trees->open);
    struct open_tree *open = &trees->open[trees->count++];
    *open = (struct open_tree){.commit = xstrdup(commit), .tree = BASE_TREE_NONE};
    return base_tree_open(trees->config, commit, &open->tree, err) < 0 ? NULL : open->tree.repo;
}

/* The run of a "setup" that failed has a label of its own. */
static int store_last(const char *out, const struct runs *runs, char *label, struct bm_error *err)
{
    const struct measurement *last = &runs->measurements[runs->count - 1];
    struct measurement m = *last;
    struct judgement judgement CLEANUP(judgement_release);
    judgement_init(&judgement);
    judge_alone(last, 1, &judgement);
    m.run = strcmp(m.label, label) == 0 ? m.run : m.label;
    m.label = label;
    return write_result(out, &m, &judgement, verdict_exit_status(judgement.verdict), err);
}

/* Runs "setup" in a new tree. If it fails, its run replaces all of the commit. */
static int prepare(struct bisect_trees *trees, const char *repo, const char *label,
                   struct runs *runs, int *status, struct bm_error *err)
{
    struct runs failed = {0};
    int ready = set_up_tree(trees->config, repo, label, &trees->engine, &failed, status, err);
    if (ready == 0) {
        runs_release(runs);
        *runs = failed;
    }
    return ready;
}

static int measure_in(struct bisect_trees *trees, const char *repo, const char *label, bool is_new,
                      struct runs *runs, int *status, struct bm_error *err)
{
    int ready = is_new ? prepare(trees, repo, label, runs, status, err) : 1;
    if (ready < 1)
        return ready;
    char *numbered CLEANUP(cleanup_free) = output_numbered_label(label, runs->count + 1);
    return measure_tree(trees->config, repo, numbered, NULL, &trees->engine, runs, status, err);
}

int bisect_trees_measure(struct bisect_trees *trees, const char *commit, struct runs *runs,
                         char **reason, int *status, struct bm_error *err)
{
    struct bm_error why CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *label CLEANUP(cleanup_free) = bisect_label(trees->config->label, commit);
    *status = EXIT_USAGE;
    char *out CLEANUP(cleanup_free) = output_make(trees->config, err);
    if (!out)
        return -1;
    const char *repo = find_tree(trees, commit);
    bool is_new = !repo;
    if (is_new)
        repo = open_tree(trees, commit, &why);
    if (!repo && !interrupt_signal()) {
        *reason = steal_ptr(why.message);
        return 0;
    }
    if (repo && measure_in(trees, repo, label, is_new, runs, status, err) < 0)
        return -1;
    *status = EXIT_UNMEASURED;
    if (repo && interrupt_signal())
        runs_drop_last(runs);
    if (interrupt_signal())
        return bm_error_set(err, "interrupted; the same command resumes the search");
    char *numbered CLEANUP(cleanup_free) = output_numbered_label(label, runs->count);
    return store_last(out, runs, numbered, err);
}
