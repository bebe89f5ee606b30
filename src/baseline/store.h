/* Finds the baseline that the flags name: a file of the repository, or that file at a git ref. */
#ifndef BM_BASELINE_STORE_H
#define BM_BASELINE_STORE_H

#include "base/git.h"
#include "baseline/baseline.h"
#include "config/config.h"

/* With --baseline-ref: sets the baseline's path (unless --baseline names it) and the budgets in
 * `config` to those in build-mem.json at the merge base of HEAD and the ref. A change must not
 * select its own baseline, nor raise its own budgets.
 * A --config file outside the work tree belongs to the caller, so the function uses it as it is.
 * Returns 0, or -1 if the merge base does not determine the path. */
int baseline_settle(struct config *config, struct bm_error *err);

/* Reads the baseline; if it is missing, the message has the command that creates it. With
 * --baseline-ref, reads it at the merge base of HEAD and the ref, and fills `base`. If the baseline
 * is in another repository, reads it at the ref of that repository; `base` stays empty then.
 * Initialises `baseline` and `base`, which the caller releases, also on error. Returns 0 or -1. */
int baseline_load(const struct config *config, struct baseline *baseline, struct git_base *base,
                  struct bm_error *err);

/* The same for a check, which budgets alone can decide: adds the budgets of `config`. If there are
 * any and --baseline names no file, a missing file is an empty baseline. */
int baseline_load_for_check(const struct config *config, struct baseline *baseline,
                            struct git_base *base, struct bm_error *err);

/* Returns the path of the baseline; the caller owns it. */
char *baseline_path(const struct config *config);

/* With --baseline-ref, adds notes: which commit's baseline judges the runs, whether the ref has
 * moved on since, and whether the unused file in the work tree differs. `used` and `base` are those
 * of baseline_load. */
void baseline_add_notes(const struct config *config, const struct baseline *used,
                        const struct git_base *base, struct strv *notes);

/* Reads the file, or starts an empty baseline if there is none; calls `change`; writes the file. A
 * lock excludes other callers meanwhile. Returns 0, or -1 with nothing written, also if `change`
 * returns -1. Initialises `baseline`, which the caller releases, also on error. */
typedef int baseline_change(struct baseline *baseline, void *context, struct bm_error *err);
int baseline_update(const char *path, baseline_change *change, void *context,
                    struct baseline *baseline, struct bm_error *err);

#endif
