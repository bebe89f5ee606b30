/* Short peaks, each a stage of its own and with its true height. */
#ifndef BM_BENCH_SPIKES_H
#define BM_BENCH_SPIKES_H

#include <stddef.h>
#include <stdio.h>

/* How many spikes run_spikes makes, and so stages "stage-N-". */
#define SPIKES_MAX 24

/* 200 to 500 MB, held for 5 to 150 ms, in one of eight workers of `base_mib` each or in a fresh
 * process, over `cache_mib` of page cache. Each is told to `log`, a line: "spike BEGIN_US END_US
 * HOLD_MS TRUE_PEAK_BYTES"; the peak is the kernel's, of the cgroup at `cgroup` (v1), reset before
 * each, without the cache. */
void run_spikes(const char *cgroup, FILE *log, size_t base_mib, size_t cache_mib);

/* A large parent forks children that share its pages and write to some of them. */
void run_copy_on_write(const char *cgroup, FILE *log);

#endif
