/* The cgroup that build-mem makes for a run: its files, its limit, and its removal. The engines
 * host and image use it. */
#ifndef BM_ENGINE_RUN_CGROUP_H
#define BM_ENGINE_RUN_CGROUP_H

#include "base/error.h"
#include "cgroup/cgroup.h"

#include <stdint.h>

/* Makes a cgroup `name`, from engine_unique_name, in which the memory controller counts, and
 * removes those of runs that were killed. It is as near to the runner's own cgroup as possible, so
 * that its limits apply; without root, and without rights there, in a scope of the user's service
 * manager. Sets `*made` to its directory, `*version` to its cgroup version, and `*moved`, if the
 * runner had to move into another cgroup for it, to that one's directory; the caller owns both.
 * Returns 0, or -1 with `err` set. */
int run_cgroup_make(const char *name, char **made, char **moved, int *version,
                    struct bm_error *err);

/* Moves the runner back to where it was before run_cgroup_make, after the cgroup was removed. Frees
 * `moved`, which can be NULL. */
void run_cgroup_move_back(char *moved);

/* Writes a text to a file of the cgroup. Returns 0, or -1 with errno. */
int run_cgroup_write(const char *directory, const char *name, const char *text);

/* Finds the version of the cgroup in a directory. Returns 0, or -1 if the path is too long. */
int run_cgroup_of(const char *directory, struct cgroup *cgroup);

/* Sets the limit of memory and swap together. Returns 0, or -1 with `err` set. */
int run_cgroup_limit(const char *directory, int version, int64_t limit_bytes, struct bm_error *err);

/* Kills all processes in the cgroup and below it, and removes it with the cgroups below: a build
 * can make cgroups in its own. Tries for at most 5 s. Returns 0, or -1 with errno. */
int run_cgroup_remove(const char *directory);

/* Removes the cgroups in `parent` whose runner was killed. */
void run_cgroup_remove_orphans(const char *parent);

#endif
