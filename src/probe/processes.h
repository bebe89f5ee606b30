/* Finds the processes of the build. */
#ifndef BM_PROBE_PROCESSES_H
#define BM_PROBE_PROCESSES_H

#include "cgroup/cgroup.h"

#include <stdbool.h>
#include <stddef.h>

/* Lists the processes of the build, without the caller. `own` means that the cgroup holds only the
 * build: then the list has every process of the cgroup. Otherwise the list has only those that
 * descend from the caller. If there is no cgroup (version 0), searches root/proc for them.
 *
 * Assumes that a pid from the last call is still the same process. Use the list to measure
 * processes, never to kill them. Returns the number of pids stored. */
size_t build_processes(const char *root, const struct cgroup *cgroup, bool own, int *pids,
                       size_t capacity);

#endif
