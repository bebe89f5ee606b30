/* The cgroup's levels: what is charged, and what of it cannot be reclaimed.
 *
 * They are polled up to 200 times a second, so that their files stay open. A level is new when it
 * is a step, 1 % or more, above the highest at which the build's processes were looked at. */
#ifndef BM_PROBE_LEVELS_H
#define BM_PROBE_LEVELS_H

#include "kernel/cgroup.h"

#include <stdbool.h>
#include <stdint.h>

struct level {
    int64_t now_bytes;    /* -1: not known */
    int64_t high_bytes;   /* the highest of this stage */
    int64_t looked_bytes; /* the highest of this stage when the processes were last looked at */
};

struct levels {
    const struct cgroup *cgroup;
    int usage_fd, stat_fd, kernel_fd;
    int64_t limit_bytes;
    int64_t fastest_bytes_per_ms; /* what the build may allocate at most */
    struct level usage, unreclaimable;
    int64_t step_permille;    /* from one new level to the next */
    struct cgroup_stat stat;  /* as it was at stat_usage_bytes */
    int64_t stat_usage_bytes; /* -1: never read */
    int flat_polls;           /* how many in a row saw no change */
    int64_t flat_usage_bytes;
};

/* `cgroup` must outlive the levels; its version may be 0: then nothing is ever known. */
void levels_open(struct levels *levels, const struct cgroup *cgroup);

/* Reads the usage, and memory.stat where the usage has moved, is near the limit, or `whole`. */
void levels_poll(struct levels *levels, bool whole);
int64_t levels_read_usage(const struct levels *levels);

/* Whether one of the levels is worth a look at the processes. */
bool levels_are_new(const struct levels *levels);
/* So many processes were looked at. Steps are larger the more there are: up to 3 %. */
void levels_looked(struct levels *levels, int64_t processes);
/* A stage begins: its highs start from what is. */
void levels_restart(struct levels *levels);

/* Whether the usage has stayed where it is for a while. */
bool levels_are_flat(const struct levels *levels);
/* At the limit the kernel kills: nothing may hold on to a dying process's memory then. */
bool levels_near_limit(const struct levels *levels);

/* How long no new high can come unseen. */
int64_t levels_wait_ms(const struct levels *levels);

#endif
