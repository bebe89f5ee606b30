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
 * It is made to be called again and again: a pid that was listed the last time is taken for the
 * same process. So it is fit to take_snapshot at processes, not to kill them. Returns how many were
 * stored.
 */
size_t build_processes(const char *root, const struct cgroup *cgroup, bool own, int *pids,
                       size_t capacity);

#endif
