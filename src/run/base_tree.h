/* The base tree: a git worktree of another commit, which is built beside the repository.
 *
 * It lies in a directory of its own beside the work tree, ".NAME-build-mem-XXXXXX": on the same
 * file system, so that files can be shared, and outside of the work tree, so that the tools of the
 * build do not find one tree in the other. If that place is not writable, it is in .git. A lock
 * shows that its process lives: the next run removes what a killed process left. */
#ifndef BM_RUN_BASE_TREE_H
#define BM_RUN_BASE_TREE_H

#include "base/error.h"
#include "config/config.h"

/* All members are owned. */
struct base_tree {
    char *root;   /* of the work tree of the repository, where git runs */
    char *holder; /* the directory with the tree and the lock; NULL: none */
    char *tree;   /* the worktree, below the holder */
    char *repo;   /* what --repo is in the worktree */
    int lock;     /* a descriptor */
};
#define BASE_TREE_NONE {.lock = -1}

/* Removes the trees that killed processes left, makes the tree of the commit, and copies the paths
 * of "reuse" into it. The caller calls base_tree_close, also after an error. Call interrupt_init
 * first: an interrupt ends the function with an error. */
int base_tree_open(const struct config *config, const char *commit, struct base_tree *tree,
                   struct bm_error *err);

/* The same without files: a place for `git bisect`. */
int base_tree_open_empty(const struct config *config, const char *commit, struct base_tree *tree,
                         struct bm_error *err);

/* Removes the tree, and what git keeps about it. If that fails, prints a warning that names what
 * remains. For CLEANUP. */
void base_tree_close(struct base_tree *tree);

#endif
