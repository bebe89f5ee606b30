/* Records out: a bounded queue in front of the probe's stdout.
 *
 * The runner may be slow (a paused terminal). Sampling must not stop for that, so records wait in
 * the queue; only a full queue makes emit_record wait. */
#ifndef BM_PROBE_EMIT_H
#define BM_PROBE_EMIT_H

#include "wire/wire.h"

#include <stdbool.h>

/* Makes stdout non-blocking. */
void emit_init(void);
/* Queues a record; waits for the runner where the queue is full. */
void emit_record(const struct wire_record *record);
/* Whether the queue has room for a whole output record and more: else leave the build's output in
 * its pipe. */
bool emit_has_room(void);
/* Whether records are waiting: then poll stdout for POLLOUT and call emit_some. */
bool emit_pending(void);
/* Writes what stdout takes now. */
void emit_some(void);
/* Writes all that waits, for at most `timeout_ms`. */
void emit_flush(int timeout_ms);

#endif
