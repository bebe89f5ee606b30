/* Workloads with short memory peaks of known height. Each peak is a stage. */
#ifndef BM_BENCH_SPIKES_H
#define BM_BENCH_SPIKES_H

#include <stddef.h>
#include <stdio.h>

/* The number of spikes that run_spikes makes. Their stages are "stage-0-" to "stage-23-". */
#define SPIKES_MAX 24

/* Makes spikes of 200 to 500 MiB, which last 5 to 150 ms. Half of them are in one of eight workers
 * that hold `base_mib` each, the others in new processes. `cache_mib` of page cache stays charged.
 *
 * Writes a line "spike BEGIN_US END_US HOLD_MS TRUE_PEAK_BYTES" to `log` for each spike. The true
 * peak is the counter of the cgroup at `cgroup` (v1), reset before each spike, less the page cache.
 */
void run_spikes(const char *cgroup, FILE *log, size_t base_mib, size_t cache_mib);

/* Makes spikes by copy-on-write: children share the pages of a large parent and write to some. */
void run_copy_on_write(const char *cgroup, FILE *log);

#endif
