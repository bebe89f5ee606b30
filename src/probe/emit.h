/* Sends records through a bounded queue in front of the probe's stdout.
 *
 * The runner may be slow, for example if its terminal is paused. The queue holds the records, so
 * that sampling continues. emit_record blocks only if the queue is full. */
#ifndef BM_PROBE_EMIT_H
#define BM_PROBE_EMIT_H

#include "wire/wire.h"

#include <stdbool.h>

/* Makes stdout non-blocking. */
void emit_init(void);
/* Queues a record. Blocks if the queue is full. */
void emit_record(const struct wire_record *record);
/* Returns whether the queue has room for a whole output record and more. If not, the caller leaves
 * the output of the build in its pipe. */
bool emit_has_room(void);
/* Returns whether records are queued. If so, poll stdout for POLLOUT and call emit_some. */
bool emit_pending(void);
/* Writes as much as stdout accepts without blocking. */
void emit_some(void);
/* Writes all queued records, for at most `timeout_ms`. */
void emit_flush(int timeout_ms);

#endif
