/* The baseline as the flags name it: a file of the repo, or that file at a git ref. */
#ifndef BM_COMMANDS_BASELINE_FILE_H
#define BM_COMMANDS_BASELINE_FILE_H

#include "config/config.h"
#include "gate/baseline.h"

/* Reads it; a missing one is an error that says how to make one. `baseline` is initialised here
 * and released by the caller, also on error. */
int baseline_load(const struct config *config, struct baseline *baseline, struct bm_error *err);

/* Its path; the caller owns it. */
char *baseline_path(const struct config *config);

#endif
