/* Keeps the best snapshot of the current stage for each gauge, and that of each stage's own
 * processes, and sends them from time to time.
 *
 * A build that grows steadily has a new best snapshot every few milliseconds. To read the command
 * lines and VmHWM of all processes each time would cost more than the snapshot itself. */
#ifndef BM_PROBE_SNAPSHOT_H
#define BM_PROBE_SNAPSHOT_H

#include "probe/process_table.h"
#include "wire/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void snapshots_init(void);
/* Keeps the current estimates of the table as the snapshot of `gauge`, WIRE_GAUGE_USAGE or
 * WIRE_GAUGE_UNRECLAIMABLE, if they are better. They are better if `bytes`, the value of the gauge,
 * is higher. They are also better if it is about the same, and more of the PSS is measured, or more
 * of the memory is that of known processes. Returns false if they are better, but 5 % more of the
 * memory than before is of no known process: of a new one, or of one that has just ended. */
bool snapshot_offer(enum wire_gauge gauge, int64_t bytes, const struct wire_snapshot *head);
/* The same for the own processes of each stage and their PSS. Keeps the largest processes. */
void snapshot_offer_stages(const struct wire_snapshot *head);
/* Sends the snapshots that changed since they were last sent. Returns their number. */
int snapshots_send(void);
/* Finds the `count` largest processes of the snapshot of the current stage by usage, each with at
 * least 1/`part` of its PSS. Sets the head of the snapshot. Returns how many were found; the
 * snapshot keeps their entries. */
size_t snapshot_largest(struct process **largest, size_t count, int64_t part,
                        struct wire_snapshot *head);
/* Drops those by usage and by unreclaimable memory when a stage begins. */
void snapshots_forget(void);

#endif
