/* Which processes belong to the build. */
#ifndef BM_PROBE_PROCESSES_H
#define BM_PROBE_PROCESSES_H

#include "cgroup/cgroup.h"

#include <stdbool.h>
#include <stddef.h>

/* Lists the build's processes in the cgroup (version 0: on the machine, as root/proc shows it)
 * without the caller. `own`: nothing but the build lives in the cgroup; else, and without one, the
 * build's are the caller's descendants.
 *
 * A pid that the last call listed counts as the same process. The list is therefore good enough to
 * measure processes, but not to kill them. Returns the number of pids stored. */
size_t build_processes(const char *root, const struct cgroup *cgroup, bool own, int *pids,
                       size_t capacity);

#endif
