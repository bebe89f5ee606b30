/* The build's processes that are known, by pid: a static table; only command lines are allocated.
 *
 * A process is identified by its open /proc directory: what is read through it is never the pid's
 * next owner. Where RLIMIT_NOFILE leaves no descriptor, pid and start time identify it. */
#ifndef BM_PROBE_PROCESS_TABLE_H
#define BM_PROBE_PROCESS_TABLE_H

#include "proc/proc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct process {
    int pid;              /* 0: the place is free */
    int next;             /* of its hash chain, or of the free places; -1: the last */
    int directory, statm; /* descriptors; -1: none is kept */
    uint64_t start_ticks; /* where none is */
    int64_t seen_ms;      /* first */
    uint32_t scan;        /* that last saw it */
    unsigned pins;        /* kept although it is gone, for snapshots that name it: one bit each */
    bool gone;

    int stage;     /* that its command line tells of */
    char *command; /* cut; NULL: not known yet */
    uint64_t command_hash;
    int64_t check_at_ms, check_gap_ms; /* when to take_snapshot at its command line again */

    int64_t rss_bytes, shared_bytes; /* by the last statm; 0: a zombie */
    int64_t hwm_bytes;               /* VmHWM when it was last read; -1: never */

    bool refused;    /* its PSS may not be read, or this kernel does not tell it */
    bool guessed;    /* the last reading came to nothing: its RSS stands below */
    int64_t read_ms; /* when its PSS was last read; -1: never */
    int64_t read_rss_bytes, read_pss_bytes, read_pss_anon_bytes;
    int64_t read_pss_shmem_bytes;   /* 0 if the kernel does not report it (before Linux 5.4) */
    float anon_share, shared_share; /* PSS / RSS of its anonymous and its other pages then */
    float cost_us_per_mib;          /* of that reading */

    int64_t pss_bytes, pss_anon_bytes; /* as of the last take_snapshot */
    int basis;                         /* as in struct wire_process */
};

/* `root` is of /proc: "" but in tests. */
void table_init(const char *root);

/* The table's places: walk them from 0 to table_end() and skip those that are free. */
struct process *table_at(size_t place);
size_t table_end(void);
size_t table_place(const struct process *process);

/* The process of that pid which is there now; NULL where it has vanished or the table is full. */
struct process *table_take(int pid, int64_t t_ms);

/* Drops all that the scan did not see, unless they are pinned. */
void table_sweep(uint32_t scan);
/* Drops one that is gone and not pinned any more. */
void table_drop(struct process *process);

/* Reads rss and shared. Returns false where the process has vanished. */
bool process_read_statm(struct process *process);
/* Reads the process's file into `text`. Returns its length, or -1 with errno. */
int64_t process_read(const struct process *process, const char *name, char *text, size_t capacity);
/* Reads the command line again where it is time to: an exec or a new title shows there. `tick_ms`
 * bounds how late that is seen. */
void process_check_command(struct process *process, int64_t t_ms, int64_t tick_ms);
/* The command line, cut, as it was last seen. */
const char *process_command(const struct process *process);

#endif
