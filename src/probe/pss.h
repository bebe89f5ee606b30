/* Reads the PSS of processes within a budget, and estimates it between two reads.
 *
 * A read makes the kernel walk the pages of the process, about 10 us per MiB, under its mmap lock.
 * It must be rare. Between two reads, the estimate takes the sizes from statm. It multiplies
 * anonymous pages, and other pages, by their shares (PSS / RSS) at the last read. If the sizes show
 * that no anonymous page is shared (pss_compare), most processes need no read at all. */
#ifndef BM_PROBE_PSS_H
#define BM_PROBE_PSS_H

#include "probe/process_table.h"

#include <stdbool.h>
#include <stdint.h>

struct pss_account {
    int64_t vanished, unreadable, reads;
    bool no_rollup; /* a live process has no smaps_rollup: the kernel does not report PSS */
};

void pss_init(struct pss_account *account);
/* Returns the CPU time of the sampler in us. Unlike elapsed time, it measures the cost of reads on
 * a busy machine too. */
int64_t pss_cpu_us(void);

/* Compares the sizes of the processes from statm with the charged `anon_bytes` (-1: unknown, or it
 * includes other processes). If they agree to 1 MiB and 1 %, no process shares its anonymous
 * memory: its size is its PSS, and only its mapped files and shmem need a read. Call it after all
 * sizes are read. */
void pss_compare(int64_t anon_bytes);

/* Reads the PSS of the processes whose size changed most since their last read. It stops when the
 * budget (0.1 % of the time) or `limit_us` is used up. While memory changes (`growing`), a process
 * that shared nothing at its last read is read again only after a larger change, and a new process
 * not at all. Returns false if no process needs a read. */
bool pss_refresh(int64_t t_ms, int64_t limit_us, bool growing);

/* Estimates the PSS of `process` from its statm and its last read. */
void pss_estimate(struct process *process);
/* Returns the part of the estimate that is charged as memory of processes: its anonymous
 * memory, plus the shared memory (shmem) of the last read. Mapped files are page cache, which may
 * be charged to another cgroup. */
int64_t pss_charged_bytes(const struct process *process);

/* Corrects the estimates of anonymous memory if their sum differs from the charged `anon_bytes`
 * (-1: unknown) by more than 3 %, and by more than 8 MiB above it or 2 MiB below it.
 *
 * statm counts pages that forked processes share once for each of them. If the sum is too high,
 * this function reads the PSS of the largest processes, provided that `may_read` is true. If that
 * is not enough, it reduces the estimates of the processes that it did not read. If the sum is too
 * low, it raises them, at most to their sizes. It does not change mapped files: other cgroups may
 * be charged for them. */
void pss_guard(int64_t anon_bytes, int64_t t_ms, bool may_read);

#endif
