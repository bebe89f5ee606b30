/* The guard: ends a build shortly before its memory is used up (--guard), so that the kernel does
 * not kill the probe, the pod or the desktop together with it, and all reports can be written.
 *
 * It compares the unreclaimable memory, never the page cache, with the room: what the build can
 * hold until memory is used up. A build whose memory is too small can also hang, because it waits
 * for reclaim all the time; the pressure (PSI) of v2 shows that. */
#ifndef BM_PROBE_GUARD_H
#define BM_PROBE_GUARD_H

#include "cgroup/cgroup.h"
#include "wire/wire.h"

#include <stdbool.h>
#include <stdint.h>

struct guard {
    const struct cgroup *cgroup;
    int64_t percent;                     /* of the room; 0: the guard is off */
    int64_t room_bytes;                  /* -1: unknown */
    int64_t checked_ms, checked_full_us; /* the last read of the pressure; -1: none */
    int64_t stalled_since_ms;            /* -1: the build is not stalled */
    enum wire_guard ended;               /* why it ended the build */
    int64_t ended_bytes;                 /* the unreclaimable memory then, or -1 */
};

/* Starts the guard; `percent` 0 leaves it off. `constraints` are those that the probe sees, and
 * `outer_room_bytes` is the room that the runner sees from outside (-1: none). If there is no
 * limit at all, the room is the memory that the machine has available now. `root` is prefixed to
 * /proc; it is "" outside of tests. `cgroup` must outlive the guard. */
void guard_start(struct guard *guard, const char *root, const struct cgroup *cgroup,
                 int64_t percent, const struct cgroup_constraints *constraints,
                 int64_t outer_room_bytes);

/* Returns true once, when the build must be ended. `unreclaimable_bytes` is the present value, or
 * -1. `t_ms` does not decrease from call to call. */
bool guard_must_end(struct guard *guard, int64_t unreclaimable_bytes, int64_t t_ms);

#endif
