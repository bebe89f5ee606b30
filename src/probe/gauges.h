/* The cgroup's gauges: what is charged, and what of it cannot be reclaimed.
 *
 * They are polled up to 200 times a second, so that their files stay open. A gauge is new when it
 * is a step, 1 % or more, above the highest at which the build's processes were looked at. */
#ifndef BM_PROBE_GAUGES_H
#define BM_PROBE_GAUGES_H

#include "cgroup/cgroup.h"

#include <stdbool.h>
#include <stdint.h>

struct gauge {
    int64_t now_bytes;  /* -1: not known */
    int64_t high_bytes; /* the highest of this stage */
    int64_t
        snapshot_usage_bytes; /* the highest of this stage when the processes were last looked at */
};

struct gauges {
    const struct cgroup *cgroup;
    int usage_fd, stat_fd, kernel_fd;
    int64_t limit_bytes;
    int64_t fastest_bytes_per_ms; /* what the build may allocate at most */
    struct gauge usage, unreclaimable;
    int64_t step_permille;    /* from one new gauge to the next */
    struct cgroup_stat stat;  /* as it was at stat_usage_bytes */
    int64_t stat_usage_bytes; /* -1: never read */
    int flat_polls;           /* how many in a row saw no change */
    int64_t flat_usage_bytes;
};

/* `cgroup` must outlive the gauges; its version may be 0: then nothing is ever known. */
void gauges_open(struct gauges *gauges, const struct cgroup *cgroup);

/* Reads the usage, and memory.stat where the usage has moved, is near the limit, or `whole`. */
void gauges_poll(struct gauges *gauges, bool whole);
int64_t gauges_read_usage(const struct gauges *gauges);

/* Whether one of the gauges is worth a take_snapshot at the processes. */
bool gauges_have_new_high(const struct gauges *gauges);
/* So many processes were looked at. Steps are larger the more there are: up to 3 %. */
void gauges_note_snapshot(struct gauges *gauges, int64_t processes);
/* A stage begins: its highs start from what is. */
void gauges_start_stage(struct gauges *gauges);

/* Whether the usage has stayed where it is for a while. */
bool gauges_are_flat(const struct gauges *gauges);
/* At the limit the kernel kills: nothing may hold on to a dying process's memory then. */
bool gauges_near_limit(const struct gauges *gauges);

/* How long no new high can come unseen. */
int64_t gauges_wait_ms(const struct gauges *gauges);

#endif
