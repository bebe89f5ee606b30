/* The steps of an image build: a daemon runs each RUN step in a cgroup of its own below that of the
 * run. Each step is a stage, and its memory peak is the counter of its cgroup. So is the number of
 * its processes that the kernel killed for lack of memory.
 *
 * The daemon removes the cgroup soon after the last process of the step has ended. The first
 * process of a container ends last, and a pidfd reports its end at once. In most cases, the probe
 * can therefore read the counter before the cgroup is removed, and the peak is exact. */
#ifndef BM_PROBE_STEPS_H
#define BM_PROBE_STEPS_H

#include "cgroup/cgroup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Looks for steps below `cgroup`, which must stay valid. */
void steps_start(const struct cgroup *cgroup);
/* Returns whether steps_start was called. */
bool steps_are_on(void);

/* Finds new steps, and reads the counters of all. Sends a record for each that began or ended. */
void steps_poll(int64_t t_ms);

/* Returns a descriptor that is readable if the first process of a step has ended; -1: there is
 * none.
 */
int steps_fd(void);
/* Reads the counters of these steps. Call it if steps_fd is readable. */
void steps_take_ends(void);

/* Lists the processes of all steps, and the stage of each. Stores at most `capacity`, and returns
 * the number stored. */
size_t steps_processes(int *pids, int *stages, size_t capacity);

/* Sends the records of the steps that remain at the end of the build. */
void steps_finish(int64_t t_ms);

#endif
