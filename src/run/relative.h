/* Measures two trees in turn: the base tree and the work tree of the repository. */
#ifndef BM_RUN_RELATIVE_H
#define BM_RUN_RELATIVE_H

#include "base/error.h"
#include "config/config.h"
#include "run/measure.h"

/* Decides after each pair of runs except the first whether to measure another one. */
typedef bool another_pair(const struct runs *base, const struct runs *runs, void *context);

/* Checks the commit out beside the repository (run/base_tree.h), and measures it and the work tree
 * in the order base, work, work, base, so that a slow change of the machine affects both alike.
 * Measures up to `most` runs of each (at least 2), while `another` returns true. Before the first
 * build of a tree, runs the command "setup" there, unmeasured. Stops after a run that failed, was
 * not measured or was interrupted. A work tree that has not been built yet is built once
 * nevertheless, because its own failure matters more than that of the base tree.
 *
 * The settings of the work tree apply to both. The files of the base tree have the labels
 * "LABEL-base-1", "LABEL-base-2"; those of the work tree "LABEL-1", "LABEL-2".
 *
 * Initialises `base` and `runs`; the caller releases both, also after an error. Without an error,
 * `runs` has at least one run; it is one of the base tree if an interrupt came before the work tree
 * was built. Removes the checkout. Returns -1, with an exit status in `*status`, as measure_runs
 * does, or if the commit cannot be checked out. */
int measure_relative(const struct config *config, const char *commit, size_t most,
                     another_pair *another, void *context, struct runs *base, struct runs *runs,
                     int *status, struct bm_error *err);

/* Runs the command "setup" in the work tree `repo`, unmeasured, where the build will run: it
 * executes code of the tree, too. Returns 1, also without such a command; 0 if it failed, and its
 * run becomes the run in `failed`, which is empty before; or -1 as measure_tree does. */
int set_up_tree(const struct config *config, const char *repo, const char *label,
                const struct engine **engine, struct runs *failed, int *status,
                struct bm_error *err);

/* Returns the label of the base tree: "LABEL-base". The caller owns it. */
char *relative_base_label(const struct config *config);

#endif
