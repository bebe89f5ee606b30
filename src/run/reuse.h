/* Copies untracked paths, such as node_modules, from one work tree into another. */
#ifndef BM_RUN_REUSE_H
#define BM_RUN_REUSE_H

#include "base/error.h"
#include "base/strv.h"

/* Copies the paths, which are relative to both repositories and can have the wildcards of
 * workspace_clear. Copies share their blocks (reflink) if the file system can do that. Otherwise
 * they are hard links or, on another file system, full copies. Links are copied as links. Keeps
 * owners, modes and times. Returns -1 if a path is missing, leads out of the repository, or exists
 * in `to` already; or after an interrupt. */
int reuse_paths(const char *from, const char *to, const struct strv *paths, struct bm_error *err);

#endif
