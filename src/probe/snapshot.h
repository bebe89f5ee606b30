/* Keeps the best snapshot of the stage for each gauge, and sends it from time to time.
 *
 * A build that grows steadily has a new best snapshot every few milliseconds. To read the command
 * lines and VmHWM of all processes each time would cost more than the snapshot itself. */
#ifndef BM_PROBE_SNAPSHOT_H
#define BM_PROBE_SNAPSHOT_H

#include "wire/wire.h"

#include <stdbool.h>
#include <stdint.h>

/* As in struct wire_snapshot. */
enum { BY_USAGE, BY_UNRECLAIMABLE, SNAPSHOT_GAUGES };

void snapshots_init(void);
/* Returns whether `bytes` is higher than the best snapshot of `gauge`. */
bool snapshot_is_best(int gauge, int64_t bytes);
/* Keeps the current estimates of the table as the snapshot of `gauge` if they are better. They are
 * better if `bytes`, the value of the gauge, is higher. They are also better if it is about the
 * same and more of the PSS is measured. */
void snapshot_offer(int gauge, int64_t bytes, const struct wire_snapshot *head);
/* Sends the snapshots that changed since they were last sent. Returns their number. */
int snapshots_send(void);
/* Drops the snapshots when a stage begins. */
void snapshots_forget(void);

#endif
