/* What the bench measures: builds whose true peaks are known. */
#ifndef BM_BENCH_WORKLOAD_H
#define BM_BENCH_WORKLOAD_H

/* Enters the cgroup at `cgroup` (v1), runs the workload `name`, telling `log` what is to be known
 * of it (spikes.h; "map" counts its work as rounds.h says), and exits. */
_Noreturn void run_workload(const char *name, const char *log, const char *cgroup);

/* Moves the calling process there; exits where it cannot. */
void enter_cgroup(const char *cgroup);

#endif
