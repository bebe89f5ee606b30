/* The process watch: reads the kernel's events about processes, and feeds the ledger.
 *
 * It needs the rights of root in the first PID, user and network namespace, and Linux 5.18. Without
 * them the ledger has only what the probe's scans show.
 *
 * The kernel queues the events. The watch reads the queues at most every 10 ms: if each event woke
 * the runner, the cost would be four times as high. An exit record precedes the reuse of its pid
 * and follows the fork, so the watch reads the records first and applies them last. */
#ifndef BM_LEDGER_WATCH_H
#define BM_LEDGER_WATCH_H

#include "ledger/ledger.h"

#include <stdint.h>

struct process_watch;

/* Starts to watch the descendants of the probe for `ledger`, which must live longer. Never fails:
 * if the kernel refuses, the ledger has the reason as its fallback. `same_pids` is as in
 * ledger_begin. Call it before the build starts. */
struct process_watch *process_watch_open(struct ledger *ledger, int probe, bool same_pids);

/* Returns a descriptor that is readable if there are events, or -1 if the kernel refused. Do not
 * wait for it while the watch rests. Accepts NULL. */
int process_watch_fd(const struct process_watch *watch);
/* Returns how long the watch rests, in ms; -1: it does not. Accepts NULL. */
int64_t process_watch_rest_ms(const struct process_watch *watch);
/* Reads all events, then rests for 10 ms. Accepts NULL. */
void process_watch_read(struct process_watch *watch);

/* Reads the last events and finishes the ledger. Call it after all processes of the build have
 * ended. Accepts NULL. */
void process_watch_close(struct process_watch *watch);

#endif
