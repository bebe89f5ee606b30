/* Where a run's files go, and that they go nowhere else. Inside of commands/ only.
 *
 * A build can write to its repository, and so can the change that is measured: what lies in there
 * by its name has to lie there in truth, else what we write would go where somebody's link leads.
 * Paths outside of the repo are the user's own and taken as they are. */
#ifndef BM_RUN_OUTPUT_H
#define BM_RUN_OUTPUT_H

#include "base/error.h"
#include "config/config.h"

/* The directory --out, made where it is missing: to be called anew after a build, which may have
 * removed or replaced it. The caller owns the path; NULL on error. */
char *output_make(const struct config *config, struct bm_error *err);

/* Whether the directory of `path`, as --junit or the baseline has it, lies where its name says.
 * A relative path counts from the repo. Returns 0, or -1 with the reason. */
int output_check_file(const struct config *config, const char *path, struct bm_error *err);

/* The label of one run of several: "LABEL-N". The caller owns it. */
char *output_numbered_label(const char *label, size_t number);

/* Makes --out and takes the label in it, until the process ends in whatever way: two runs would
 * write the same files. The label of several runs is taken with those of each, "LABEL-1" and so on.
 * Returns 0, or -1 where another process has one of them, or on error, with an exit status in
 * `*status`. Some network file systems have no such lock: there it is not held. Once a process. */
int output_lock(const struct config *config, int *status, struct bm_error *err);

#endif
