/* The builds that the bench measures. Their true peaks are known. */
#ifndef BM_BENCH_WORKLOAD_H
#define BM_BENCH_WORKLOAD_H

/* Enters the cgroup at `cgroup` (v1), runs the workload `name`, and exits. The workload writes its
 * spikes to the file `log` (see spikes.h). The workload "map" counts its work (see rounds.h). */
_Noreturn void run_workload(const char *name, const char *log, const char *cgroup);

/* Moves the calling process into the cgroup. Exits if it cannot. */
void enter_cgroup(const char *cgroup);

#endif
