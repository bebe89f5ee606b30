/* Which processes belong to the build. */
#ifndef BM_PROBE_PROCESSES_H
#define BM_PROBE_PROCESSES_H

#include "kernel/cgroup.h"

#include <stddef.h>

/* Lists the build's processes without the caller. `members` is a cgroup that holds nothing but the
 * build; with version 0 (the cgroup is shared with others, or there is none) it is the caller's
 * descendants below root/proc. Returns how many were stored. */
size_t build_processes(const char *root, const struct cgroup *members, int *pids, size_t capacity);

#endif
