/* Where a run's files go, and that they go nowhere else. Inside of commands/ only.
 *
 * A build can write to its repository, and so can the change that is measured: what lies in there
 * by its name has to lie there in truth, else what we write would go where somebody's link leads.
 * Paths outside of the repo are the user's own and taken as they are. */
#ifndef BM_COMMANDS_OUT_H
#define BM_COMMANDS_OUT_H

#include "base/error.h"
#include "config/config.h"

/* The directory --out, made where it is missing: to be called anew after a build, which may have
 * removed or replaced it. The caller owns the path; NULL on error. */
char *out_make(const struct config *config, struct bm_error *err);

/* Whether the directory of `path`, as --junit or the baseline has it, lies where its name says.
 * A relative path counts from the repo. Returns 0, or -1 with the reason. */
int out_check_file(const struct config *config, const char *path, struct bm_error *err);

/* Makes --out and takes the label in it: two runs would write the same files. Held until the
 * descriptor is closed or the process is gone, however that ends. -1 where another run has it, or
 * on error, with an exit status in `*status`. Some network file systems have no such lock: there
 * it is not held. */
int out_lock(const struct config *config, int *status, struct bm_error *err);

#endif
