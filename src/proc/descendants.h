/* Process trees, from the parents in /proc. libc only, without allocation: the runner and the probe
 * use it. */
#ifndef BM_PROC_DESCENDANTS_H
#define BM_PROC_DESCENDANTS_H

#include <stddef.h>

/* Lists the pids in root/proc. Returns the number of pids stored. */
size_t list_processes(const char *root, int *pids, size_t capacity);

/* Lists the live descendants of `ancestor`, without itself. If it is a subreaper, the list includes
 * its orphaned descendants. Returns the number of pids stored. */
size_t descendants_of(const char *root, int ancestor, int *pids, size_t capacity);

#endif
