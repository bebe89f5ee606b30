/* PSS of processes on a budget.
 *
 * Reading PSS walks the pages of the process, some 10 us a MB, and holds its mmap lock meanwhile:
 * it must be rare. Between two readings a process's PSS follows from its statm: anonymous and
 * shared pages count with the shares that they had at the last reading. */
#ifndef BM_PROBE_PSS_H
#define BM_PROBE_PSS_H

#include "probe/process_table.h"

#include <stdbool.h>
#include <stdint.h>

enum { BASIS_MEASURED = 0, BASIS_ESTIMATED = 1, BASIS_RSS = 2 };

struct pss_account {
    int64_t vanished, unreadable, reads;
    bool no_rollup; /* a living process had none: this kernel does not tell PSS */
};

void pss_init(struct pss_account *account);
/* The CPU time that the sampler has used: what readings cost, however busy the machine. */
int64_t pss_cpu_us(void);

/* Reads the PSS of those processes of the table whose size changed most since it was read, while
 * the budget (0.3 % of all time) lasts, for at most `limit_us` now. While memory is `growing`, a
 * process that shared nothing at its last reading will hardly share what it just allocated.
 * Returns false where, by the sizes as they were read last, there is nothing more to read. */
bool pss_refresh(int64_t t_ms, int64_t limit_us, bool growing);

/* Sets what `process` holds by its statm and its last reading. */
void pss_estimate(struct process *process);
/* Returns the part of the estimate that is charged as memory of processes: anonymous memory, and
 * the shared memory of the last reading. Mapped files are page cache, and may be charged elsewhere.
 */
int64_t pss_charged_bytes(const struct process *process);

/* Forks that share their parent's pages count them all in statm, and what they shared is the
 * parent's own again when they end. Where the processes hold more anonymous memory than the
 * `anon_bytes` that are charged (-1: not known), reads the PSS of the largest; what then is still
 * too much, or too little, is made up for by those that were not read. Pages of files are left
 * alone: other cgroups may be charged for them. */
void pss_guard(int64_t anon_bytes, int64_t t_ms, bool may_read);

#endif
