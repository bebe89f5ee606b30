/* The known processes of the build, by pid. The table is static; only command lines are allocated.
 *
 * An open /proc directory identifies a process: a read through it never reaches a later owner of
 * the pid. If RLIMIT_NOFILE leaves no descriptor, pid and start time identify the process. */
#ifndef BM_PROBE_PROCESS_TABLE_H
#define BM_PROBE_PROCESS_TABLE_H

#include "proc/proc.h"
#include "wire/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct process {
    int pid;              /* 0: this entry is free */
    int next;             /* entry in its hash chain or in the free list; -1: the last one */
    int directory, statm; /* open descriptors; -1: none */
    uint64_t start_ticks; /* set only if there are no descriptors */
    int64_t seen_ms;      /* when it was first seen */
    uint32_t scan;        /* the last scan that listed it */
    unsigned pins;        /* number of snapshots that refer to it and keep its entry */
    bool gone;

    int parent;             /* when it was first seen; 0: unknown */
    int stage;              /* of its command line, or of its step; NO_STAGE: none */
    int own_stage;          /* its stage, else that of its nearest ancestor that has one */
    uint32_t assigned_scan; /* the scan that set own_stage */
    char *command;          /* truncated; NULL: unknown yet */
    uint64_t command_hash;
    int64_t check_at_ms, check_gap_ms; /* when to check for an exec again */
    int64_t read_command_ms;           /* last read of its command line */
    int64_t command_rss_bytes;         /* rss_bytes at that read */
    uint64_t statm_hash;               /* at the last check */
    int64_t run_delay_us;              /* at the last read */
    int64_t read_run_delay_ms;         /* the last read */

    int64_t rss_bytes, shared_bytes; /* from the last statm; 0: a zombie */
    int64_t hwm_bytes;               /* VmHWM at its last read; -1: never read */
    uint32_t hwm_round;              /* the last sending of snapshots that read it */

    bool refused;    /* its PSS is not permitted or not available */
    bool guessed;    /* the last read failed: the read_ fields hold its RSS */
    int64_t read_ms; /* last read of its PSS; -1: never */
    int64_t read_rss_bytes, read_pss_bytes, read_pss_anon_bytes;
    int64_t read_pss_shmem_bytes;   /* 0 if the kernel does not report it */
    int64_t read_shared_bytes;      /* RSS without anonymous memory */
    float anon_share, shared_share; /* PSS / RSS of its anonymous and other pages at that read */
    float cost_us_per_mib;          /* of that read */

    int64_t pss_bytes, pss_anon_bytes; /* estimated at the last snapshot */
    enum pss_basis basis;
};

/* `root` is prefixed to /proc; it is "" outside of tests. */
void table_init(const char *root);

/* Iterate from 0 to table_end() and skip the free entries (pid 0). */
struct process *table_at(size_t place);
size_t table_end(void);
size_t table_place(const struct process *process);

/* Returns the entry of the live process `pid`, which it adds if necessary. Returns NULL if the
 * process has vanished or the table is full. */
struct process *table_take(int pid, int64_t t_ms);

/* Sets own_stage of all processes of `scan`. A process whose parent has ended keeps its stage. */
void table_assign_stages(uint32_t scan);

/* Drops the processes that `scan` did not list. An entry that a snapshot pins stays, marked gone.
 */
void table_sweep(uint32_t scan);
/* Marks the process gone, and frees its entry unless a snapshot pins it. */
void table_drop(struct process *process);

/* Reads rss_bytes and shared_bytes from statm. Returns false if the process has vanished. */
bool process_read_statm(struct process *process);
/* Reads /proc/PID/name into `text`. Returns the length in bytes, or -1 with errno. */
int64_t process_read(const struct process *process, const char *name, char *text, size_t capacity);
/* Opens /proc/PID/name for reading. Returns the descriptor, or -1 with errno. */
int process_open(const struct process *process, const char *name);
/* Reads the command line again if it is due, to detect an exec or a new title. The interval grows
 * with the age of the process, up to `tick_ms` plus a part that grows with the table. If the sizes
 * of the process have not changed since, the interval is at least 3000 ms. Returns whether its
 * stage changed. */
bool process_check_command(struct process *process, int64_t t_ms, int64_t tick_ms);
/* Returns whether the process is large, and at least twice as large as when its command line was
 * read: it may have called exec(2) since. The next process_check_command() then reads it again. */
bool process_outgrew_command(struct process *process);
/* Makes process_check_command() read how long each process waited for a CPU, too: for kernels that
 * do not report the CPU pressure of the cgroup. Call it after table_init(). */
void table_count_run_delay(void);
/* Returns the sum over all processes at their last read, in microseconds; -1 if the kernel does not
 * count it. It has only the main thread of each process. */
int64_t table_run_delay_us(void);
/* Returns the truncated command line at its last read; "" if it is unknown. */
const char *process_command(const struct process *process);
/* The same, but reads one that was truncated again, if the process lives. Valid until the next
 * call. */
const char *process_whole_command(const struct process *process);

#endif
