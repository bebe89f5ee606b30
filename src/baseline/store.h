/* The baseline as the flags name it: a file of the repo, or that file at a git ref. */
#ifndef BM_BASELINE_STORE_H
#define BM_BASELINE_STORE_H

#include "baseline/baseline.h"
#include "config/config.h"

/* With --baseline-ref, and no --baseline: puts into `config` the baseline that build-mem.json names
 * at that ref, so that a change can't choose another one. A file of --config outside of the repo's
 * work tree is the caller's own and counts as it is. -1 where the ref does not tell. */
int baseline_settle(struct config *config, struct bm_error *err);

/* Reads it; a missing one is an error that says how to make one. `baseline` is initialised here
 * and released by the caller, also on error. */
int baseline_load(const struct config *config, struct baseline *baseline, struct bm_error *err);

/* Its path; the caller owns it. */
char *baseline_path(const struct config *config);

/* With --baseline-ref: what there is to say where the file in the work tree, which does not count,
 * is not the one that does (`counts`). NULL where they are alike, or without --baseline-ref. The
 * caller owns it. */
char *baseline_tree_note(const struct config *config, const struct baseline *counts);

/* Reads the file, or begins a new baseline where there is none, lets `change` change it, and writes
 * it; nobody else who comes this way does in between. -1 with nothing written where `change`
 * returns -1. `baseline` is initialised here and released by the caller, also on error. */
typedef int baseline_change(struct baseline *baseline, void *context, struct bm_error *err);
int baseline_update(const char *path, baseline_change *change, void *context,
                    struct baseline *baseline, struct bm_error *err);

#endif
