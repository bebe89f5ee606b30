/* The process ledger: one entry for each process of the build, with its peak RSS.
 *
 * This module is pure: process_watch feeds it with the kernel's events, tests with invented ones.
 *
 * A process belongs to the build if the probe or a process of the build forked it. An exit record
 * gives it its peak RSS. Peaks are never summed: processes share pages.
 *
 * A pid can be reused. An entry takes only a record whose age leads back to the start of the entry;
 * a fork with the pid of a live entry shows that the record of that entry was lost. */
#ifndef BM_LEDGER_LEDGER_H
#define BM_LEDGER_LEDGER_H

#include "base/error.h"
#include "ledger/netlink.h"
#include "measurement/measurement.h"

#include <stdbool.h>
#include <stdint.h>

/* The kernel allows no higher pid (PID_MAX_LIMIT). */
#define LEDGER_PID_MAX 4194304

struct ledger;

struct ledger *ledger_new(void);
void ledger_free(struct ledger *ledger); /* accepts NULL */
void cleanup_ledger(struct ledger **ledger);

/* Watches the processes whose command lines match a regular expression, which pattern_check has
 * accepted. At most LEDGER_PATTERNS_MAX. Copies `name`. Call it before the first event. */
#define LEDGER_PATTERNS_MAX 32
void ledger_watch_for(struct ledger *ledger, const char *name, const char *pattern);

/* Watches for a stage, the pattern of which pattern_check has accepted. Call it for all stages, in
 * order of precedence, before the first event. */
void ledger_watch_stage(struct ledger *ledger, const char *pattern);

/* ---- events ---- */

/* The build starts now. `probe` is the parent of its first process. From here on the source is
 * taskstats. `same_pids`: the probe is in the PID namespace of this process, so that ledger_scan
 * can find the process that has set a new title. */
void ledger_begin(struct ledger *ledger, int probe, bool same_pids, int64_t now_ns);
/* The reason that taskstats cannot be used. Copies it. */
void ledger_set_fallback(struct ledger *ledger, const char *reason);

/* Returns whether the pid is of a live process of the build. */
bool ledger_has(const struct ledger *ledger, int pid);
void ledger_fork(struct ledger *ledger, int parent, int pid, int64_t at_ns);
/* A process of the build executed a program. `command` is its command line, read at `read_ns`;
 * NULL: it could not be read. */
void ledger_exec(struct ledger *ledger, int pid, const char *command, int64_t read_ns);
/* The last task of a process ended between `from_ns` and `to_ns`. Processes that are not of the
 * build are ignored. */
void ledger_exit(struct ledger *ledger, const struct exit_record *record, int64_t from_ns,
                 int64_t to_ns);
/* The kernel dropped records. */
void ledger_overrun(struct ledger *ledger);
/* Adds to the CPU time that the ledger costs. */
void ledger_add_cost(struct ledger *ledger, int64_t cpu_ns);
/* Adds a live process of the build whose fork was dropped. Has no effect if it is known. */
void ledger_adopt(struct ledger *ledger, int pid, int parent);
/* A snapshot of the probe shows a process. `peak_bytes` is its VmHWM, or UNMEASURED. */
void ledger_scan(struct ledger *ledger, int64_t pid, const char *command, int64_t peak_bytes);

/* ---- results ---- */

/* All processes have ended: those without an exit record are lost, unless `lives` returns true. */
typedef bool ledger_lives(int pid);
void ledger_finish(struct ledger *ledger, ledger_lives *lives);
/* Returns whether a process of the stage (0: the first of ledger_watch_stage) executed a program,
 * and when it first and last did so, in ms since the start of the build; else UNMEASURED. If its
 * command line could not be read, the name in its exit record has to match. */
bool ledger_stage_seen(const struct ledger *ledger, size_t stage, int64_t *first_ms,
                       int64_t *last_ms);
/* Replaces the summary, which the caller owns. */
void ledger_summarise(const struct ledger *ledger, struct process_ledger *summary);
/* Writes one line for each process, in the order of their starts. Returns 0 or -1. */
int ledger_write_csv(const struct ledger *ledger, const char *path, struct bm_error *err);

/* ---- groups.c ---- */

struct named_peak {
    const char *name; /* of a process; borrowed */
    int64_t bytes;    /* its peak RSS */
};
/* Adds the groups of the processes to a summary that has none. Sorts `peaks`. */
void ledger_add_groups(struct process_ledger *summary, struct named_peak *peaks, size_t count);

#endif
