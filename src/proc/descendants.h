/* Who descends from whom, by the parents that /proc tells. libc only, nothing is allocated;
 * compiled into the runner and the probe. */
#ifndef BM_PROC_DESCENDANTS_H
#define BM_PROC_DESCENDANTS_H

#include <stddef.h>

/* Lists the pids in root/proc. Returns how many were stored. */
size_t list_processes(const char *root, int *pids, size_t capacity);

/* Lists the live descendants of `ancestor`, without itself. Where it is a subreaper, orphans
 * below it are among them. Returns how many were stored. */
size_t descendants_of(const char *root, int ancestor, int *pids, size_t capacity);

#endif
