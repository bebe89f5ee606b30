/* What the bench measures: builds whose true peaks are known. */
#ifndef BM_BENCH_WORKLOAD_H
#define BM_BENCH_WORKLOAD_H

/* Enters the cgroup, runs the workload `name`, and exits. Spikes are told to the file at `log`, a
 * line each: "spike BEGIN_US END_US HOLD_MS TRUE_PEAK_BYTES", the work done as "work CHUNKS". Times
 * are of CLOCK_MONOTONIC. The peak is the kernel's, of the cgroup at `cgroup` (v1), reset before
 * each. */
_Noreturn void run_workload(const char *name, const char *log, const char *cgroup);

#endif
