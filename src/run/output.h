/* The output directory: its path, its lock, and the check that no link redirects it.
 *
 * A build can write to its repository, and so can the change that is measured. A path inside the
 * repository must not lead out of it through a link. Otherwise the build or the change could
 * redirect a file of the runner. A path outside of the repository is the user's choice; the runner
 * uses it as it is. */
#ifndef BM_RUN_OUTPUT_H
#define BM_RUN_OUTPUT_H

#include "base/error.h"
#include "config/config.h"

/* Creates the directory --out if it is missing, and returns its path, which the caller owns. NULL
 * on error. Call it again after a build, because the build can remove or replace the directory. */
char *output_make(const struct config *config, struct bm_error *err);

/* Checks the directory of `path` (--junit or the baseline): if its name is inside the repository,
 * no link may lead out. A relative path starts from the repository. Returns 0, or -1. */
int output_check_file(const struct config *config, const char *path, struct bm_error *err);

/* Returns "LABEL-N", the label of one run of several. The caller owns it. */
char *output_numbered_label(const char *label, size_t number);

/* Removes the file of an earlier run. Takes ownership of `path`. Returns 0, also if there is none.
 */
int output_remove_old(char *path, struct bm_error *err);

/* Removes the results of the runs "LABEL-N" of an earlier command. Returns 0, or -1. */
int output_remove_numbered(const char *out, const char *label, struct bm_error *err);

/* Creates --out and locks the label in it until the process ends: two runs with one label would
 * write the same files. The lock of "LABEL" includes "LABEL-1", "LABEL-2"... Call it once in a
 * process. Returns -1, with an exit status in `*status`, if another process has the lock, or on
 * error. Some network file systems have no such lock: then the function succeeds without one. */
int output_lock(const struct config *config, int *status, struct bm_error *err);

#endif
