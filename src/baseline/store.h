/* Finds the baseline that the flags name: a file of the repository, or that file at a git ref. */
#ifndef BM_BASELINE_STORE_H
#define BM_BASELINE_STORE_H

#include "baseline/baseline.h"
#include "config/config.h"

/* With --baseline-ref but without --baseline: sets the baseline's path in `config` to the path in
 * build-mem.json at that ref. A change must not select its own baseline. A --config file outside
 * the work tree belongs to the caller, so the function uses it as it is. Returns 0, or -1 if the
 * ref does not determine the path. */
int baseline_settle(struct config *config, struct bm_error *err);

/* Reads the baseline; if it is missing, the message has the command that creates it. Initialises
 * `baseline`, which the caller releases, also on error. Returns 0 or -1. */
int baseline_load(const struct config *config, struct baseline *baseline, struct bm_error *err);

/* Returns the path of the baseline; the caller owns it. */
char *baseline_path(const struct config *config);

/* Returns a note if the unused file in the work tree differs from the file at the ref (`at_ref`).
 * NULL if they are equal, or without --baseline-ref. The caller owns it. */
char *baseline_tree_note(const struct config *config, const struct baseline *at_ref);

/* Reads the file, or starts an empty baseline if there is none; calls `change`; writes the file. A
 * lock excludes other callers meanwhile. Returns 0, or -1 with nothing written, also if `change`
 * returns -1. Initialises `baseline`, which the caller releases, also on error. */
typedef int baseline_change(struct baseline *baseline, void *context, struct bm_error *err);
int baseline_update(const char *path, baseline_change *change, void *context,
                    struct baseline *baseline, struct bm_error *err);

#endif
