/* The best snapshots of the stage: held in memory, told only now and then.
 *
 * A build that grows steadily makes a new best every few milliseconds; reading the command lines
 * and high-water marks of all its processes each time would cost more than finding it. */
#ifndef BM_PROBE_SNAPSHOT_H
#define BM_PROBE_SNAPSHOT_H

#include "wire/wire.h"

#include <stdbool.h>
#include <stdint.h>

/* As in struct wire_snapshot. */
enum { BY_USAGE, BY_UNRECLAIMABLE, SNAPSHOT_GAUGES };

void snapshots_init(void);
/* Whether a take_snapshot at this gauge would be kept. */
bool snapshot_is_best(int gauge, int64_t bytes);
/* Keeps the processes of the table, as they were just estimated, where that is better than what is
 * held: at a higher gauge, or at the same one with more of it measured. `bytes` is the gauge. */
void snapshot_offer(int gauge, int64_t bytes, const struct wire_snapshot *head);
/* Emits what is held and was not told yet. Returns how many. */
int snapshots_send(void);
/* The next stage begins. */
void snapshots_forget(void);

#endif
