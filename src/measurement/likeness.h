/* Likeness: whether runs of one build did the same work.
 *
 * A build tool that replays its cache exits 0 and makes its artifacts, but compiles nothing: its
 * figures describe another build. */
#ifndef BM_MEASUREMENT_LIKENESS_H
#define BM_MEASUREMENT_LIKENESS_H

#include "measurement/measurement.h"

/* Figures of two runs are unlike if one is more than this factor larger. */
#define UNLIKE_FACTOR 3

/* Returns whether the unreclaimable memory (or, without one, the memory peak) is less than a third
 * of the other. A difference below 16 MiB does not count: it can be the engine's own memory. Not if
 * one of them is UNMEASURED. */
bool memory_is_unlike(int64_t bytes, int64_t than_bytes);

/* Returns a clause that names the figures by which `m` did less work than `than`: "1.2 MiB of
 * unreclaimable memory against 121.0 MiB, stage tsc was not seen". The caller owns it; NULL if it
 * did not. The figures are:
 *   - the unreclaimable memory. Runs under different memory limits can differ in it although they
 *     did the same work, because some programs size their heap by the limit: between these, it
 *     counts only if the CPU time is lower by a third, too;
 *   - the number of processes, if the kernel counted both, and they differ by more than 10;
 *   - the CPU time, if it differs by more than 1 s;
 *   - the duration, if it differs by more than 1 s and the CPU time is lower by a third, too, or is
 *     unknown. A build that waits for a CPU takes longer for the same work;
 *   - the stages: `than` ran some for at least 1 s, and `m` none at all;
 *   - the cached steps of an image build: `m` has more of them. */
char *less_work(const struct measurement *m, const struct measurement *than);

/* Returns a sentence about the first two runs of which one did less work, or NULL. The caller owns
 * it. */
char *unlike_runs(const struct measurement *runs, size_t count);

/* As less_work, for runs with different workers or heaps, which rightly differ in memory, processes
 * and duration: the figures are the CPU time, the stages and the cached steps. */
char *less_work_with_other_settings(const struct measurement *m, const struct measurement *than);

#endif
