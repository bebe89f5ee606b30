#include "run/relative.h"

#include "base/alloc.h"
#include "base/interrupt.h"
#include "base/trace.h"
#include "base/units.h"
#include "run/base_tree.h"
#include "run/output.h"

#include <stdio.h>
#include <stdlib.h>

/* One of the two trees. */
struct tree {
    const struct config *config;
    const char *repo;
    const char *label;
    struct runs *runs;
    const struct engine **engine; /* of both trees */
};

char *relative_base_label(const struct config *config)
{
    return xasprintf("%s-base", config->label);
}

int set_up_tree(const struct config *of_build, const char *repo, const char *label,
                const struct engine **engine, struct runs *failed, int *status,
                struct bm_error *err)
{
    struct runs runs = {0};
    /* Borrows all from the config. */
    struct config config = *of_build;
    char *own_label CLEANUP(cleanup_free) = xasprintf("%s-setup", label);
    if (!config.setup)
        return 1;
    if (!config.quiet)
        fprintf(stderr, "build-mem: running \"setup\" in %s: %s\n", repo, config.setup);
    config.build_command = config.setup;
    config.build_argv = (struct strv){0};
    config.clear = (struct strv){0};
    config.artifact_count = config.stage_count = config.process_count = 0;
    config.memory_limit_bytes = UNMEASURED;
    if (measure_tree(&config, repo, own_label, NULL, engine, &runs, status, err) < 0) {
        runs_release(&runs);
        return -1;
    }
    const struct build_end *end = &runs.measurements[0].build;
    if (end->exit_code == 0 && !end->timed_out && !end->oom_killed && !end->guard.ended &&
        !interrupt_signal()) {
        runs_release(&runs);
        return 1;
    }
    *failed = runs;
    return 0;
}

/* Returns 1, 0 if the run cannot be judged, or -1. */
static int measure_next(const struct tree *tree, int *status, struct bm_error *err)
{
    *status = EXIT_USAGE;
    /* Checks it each time, because the build before can have replaced the directory. */
    char *out CLEANUP(cleanup_free) = output_make(tree->config, err);
    if (!out)
        return -1;
    int ready = tree->runs->count ? 1
                                  : set_up_tree(tree->config, tree->repo, tree->label, tree->engine,
                                                tree->runs, status, err);
    if (ready < 1)
        return ready;
    char *label CLEANUP(cleanup_free) = output_numbered_label(tree->label, tree->runs->count + 1);
    if (measure_tree(tree->config, tree->repo, label, NULL, tree->engine, tree->runs, status, err) <
        0)
        return -1;
    return measured_well(&tree->runs->measurements[tree->runs->count - 1]);
}

/* `trees`: the base and the work tree. */
static int measure_pairs(const struct tree trees[2], size_t most, another_pair *another,
                         void *context, int *status, struct bm_error *err)
{
    const struct runs *base = trees[0].runs, *runs = trees[1].runs;
    for (size_t pair = 0; pair < most; pair++) {
        for (size_t half = 0; half < 2; half++) {
            int well = measure_next(&trees[(pair + half) % 2], status, err);
            if (well == 0 && !runs->count && !interrupt_signal())
                well = measure_next(&trees[1], status, err) < 0 ? -1 : 0;
            if (well < 1)
                return well;
        }
        if (pair > 0 && pair + 1 < most && !another(base, runs, context))
            break;
    }
    return 0;
}

int measure_relative(const struct config *config, const char *commit, size_t most,
                     another_pair *another, void *context, struct runs *base, struct runs *runs,
                     int *status, struct bm_error *err)
{
    *base = *runs = (struct runs){0};
    *status = EXIT_USAGE;
    char *repo CLEANUP(cleanup_free) = realpath(config->repo, NULL);
    if (!repo)
        return bm_error_errno(err, "--repo %s", config->repo);
    if (measure_begin(config, status, err) < 0)
        return -1;
    struct base_tree base_tree CLEANUP(base_tree_close) = BASE_TREE_NONE;
    *status = EXIT_USAGE;
    if (base_tree_open(config, commit, &base_tree, err) < 0)
        return -1;
    char *base_label CLEANUP(cleanup_free) = relative_base_label(config);
    const struct engine *engine = NULL;
    const struct tree trees[] = {
        {config, base_tree.repo, base_label, base, &engine},
        {config, repo, config->label, runs, &engine},
    };
    if (measure_pairs(trees, most, another, context, status, err) < 0)
        return -1;
    trace("runs: %zu of the merge base, %zu of the work tree", base->count, runs->count);
    if (!runs->count) {
        *runs = *base;
        *base = (struct runs){0};
    }
    *status = EXIT_PASS;
    return 0;
}
