/* Gauges: the cgroup's memory usage, and the part of it that cannot be reclaimed.
 *
 * The sampler polls them 20 times per second, and up to 200 times while memory grows, so their
 * files stay open. A gauge has a new high if it exceeds its value at the last snapshot by one step
 * (1 to 3 %). */
#ifndef BM_PROBE_GAUGES_H
#define BM_PROBE_GAUGES_H

#include "cgroup/cgroup.h"

#include <stdbool.h>
#include <stdint.h>

struct gauge {
    int64_t now_bytes;      /* -1: unknown */
    int64_t high_bytes;     /* the highest of this stage */
    int64_t snapshot_bytes; /* the highest of this stage at a snapshot; -1: no snapshot yet */
};

struct gauges {
    const struct cgroup *cgroup;
    int usage_fd, peak_fd, stat_fd;
    int extra_fd;   /* kernel memory on v1, swap on v2 */
    bool sum_below; /* v1: all processes are in cgroups below (cgroup_stat_sum) */
    int64_t limit_bytes;
    int64_t fastest_bytes_per_ms; /* the assumed maximum rate of allocation */
    struct gauge usage, unreclaimable;
    int64_t step_permille;    /* between one new high and the next */
    struct cgroup_stat stat;  /* read when the usage was stat_usage_bytes */
    int64_t stat_usage_bytes; /* -1: never read */
    /* The highest of the whole run: swap in use, and memory of compressed swap; -1: unknown. */
    int64_t swap_high_bytes, zswap_high_bytes;
    int64_t flat_usage_bytes, flat_since_ms; /* the usage that has not changed since then */
    int64_t polled_ms;                       /* the last poll */
    int64_t growth_bytes_per_ms;             /* the highest of the last few polls */
    int64_t growth_wait_us; /* the wait that this growth allows, see gauges_wait_ms */
};

/* `cgroup` must outlive the gauges. If its version is 0, all values stay unknown. */
void gauges_open(struct gauges *gauges, const struct cgroup *cgroup);

/* Reads the usage at `t_ms`, which must not fall. Also reads memory.stat if `whole` is true, if the
 * usage is near the memory limit, or if the unreclaimable memory may have a new high: the usage
 * exceeds that high, and has changed by more than 0.5 %, and by more than is missing to that high.
 */
void gauges_poll(struct gauges *gauges, int64_t t_ms, bool whole);
/* Return the usage, and the kernel's peak of the cgroup; -1 if unknown. */
int64_t gauges_read_usage(const struct gauges *gauges);
int64_t gauges_read_peak(const struct gauges *gauges);

/* Returns whether a gauge has a new high, so that a snapshot is due. */
bool gauges_have_new_high(const struct gauges *gauges);
/* Records that a snapshot of `processes` processes was taken. More processes mean a larger step,
 * up to 3 %, because a snapshot of them costs more. */
void gauges_note_snapshot(struct gauges *gauges, int64_t processes);
/* Starts a stage: its highs start from the current values. */
void gauges_start_stage(struct gauges *gauges, int64_t t_ms);

/* Returns whether the usage has not changed for some time. */
bool gauges_are_flat(const struct gauges *gauges);
/* Returns whether the usage is near the memory limit. The caller must not read PSS then: a read
 * delays the release of the memory of a process that the kernel has killed. */
bool gauges_near_limit(const struct gauges *gauges);

/* Returns how long the caller can sleep after a poll, in ms (5 to 50). If the usage grows at twice
 * its recent rate, it exceeds its highest by at most 2.5 % or 8 MiB meanwhile, whichever is more; a
 * faster growth is seen at the next poll. The wait becomes longer slowly: after growth, by 1/10 of
 * the time that passes. With huge pages: 5 to 20 ms, and 1/20. */
int64_t gauges_wait_ms(const struct gauges *gauges);

#endif
