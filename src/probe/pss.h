/* PSS of processes on a budget.
 *
 * Reading PSS walks the pages of the process, some 10 us a MB, and holds its mmap lock meanwhile:
 * it must be rare. Between two readings a process's PSS follows from its statm: anonymous and
 * shared pages count with the shares that they had at the last reading. */
#ifndef BM_PROBE_PSS_H
#define BM_PROBE_PSS_H

#include "probe/process_table.h"

#include <stdint.h>

enum { BASIS_MEASURED = 0, BASIS_ESTIMATED = 1, BASIS_RSS = 2 };

struct pss_account {
    int64_t vanished, unreadable, reads;
};

void pss_init(struct pss_account *account);
int64_t pss_now_us(void);

/* Reads the PSS of those processes of the table whose size changed most since it was read, while
 * the budget (1 % of all time) lasts, for at most `limit_us` now. */
void pss_refresh(int64_t t_ms, int64_t limit_us);

/* Sets what `process` holds by its statm and its last reading. */
void pss_estimate(struct process *process);

/* Forks that share their parent's pages count them all in statm. Where the processes hold more
 * anonymous memory than the `anon_bytes` that are charged (-1: not known), reads the PSS of the
 * largest, or takes the excess off the estimates. Pages of files are left alone: other cgroups may
 * be charged for them. */
void pss_guard(int64_t anon_bytes, int64_t t_ms, bool may_read);

#endif
