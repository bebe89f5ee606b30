/* The sampler detects the stage of the build and measures the memory of its processes.
 *
 * The main loop calls sampler_poll at the time that the last call returned. The sampler sends its
 * results as records (probe/emit.h). It decides when to do each of these:
 *
 *   poll      read the gauges (probe/gauges.h), every 5 to 50 ms
 *   scan      list the processes; detect new ones and the stage
 *   snapshot  scan and estimate the PSS of each process. Taken at a new high, when a stage begins,
 *             and on a tick if something has changed. The best one of a stage is kept.
 */
#ifndef BM_PROBE_SAMPLER_H
#define BM_PROBE_SAMPLER_H

#include "cgroup/cgroup.h"
#include "probe/gauges.h"
#include "probe/pss.h"
#include "probe/stages.h"

#include <stdbool.h>
#include <stdint.h>

struct sampler {
    const char *root;            /* prefixed to /proc; "" outside of tests */
    const struct cgroup *cgroup; /* the source of the counters; version 0: none */
    bool own_cgroup;             /* it holds only processes of the build (probe/processes.h) */
    int64_t interval_ms;         /* from one tick to the next */
    struct gauges gauges;
    struct pss_account pss;
    int stage;                         /* index of the current stage, or NO_STAGE */
    int64_t stage_seen_ms[STAGES_MAX]; /* when a process of the stage was last seen; -1: never */
    int64_t scanned_ms;
    uint32_t scan;               /* number of the last scan */
    int64_t scan_us;             /* CPU time of the last scan */
    int64_t scanned_usage_bytes; /* usage at the last scan */
    bool unread;                 /* some processes may need a read of their PSS */
    bool lacks_owner; /* the last snapshot does not show whose memory is new: a scan can */
    int64_t snapshot_ms;
    int64_t process_samples_ms; /* snapshot_ms of the process samples that were sent last */
    int64_t snapshot_us;        /* CPU time of reading the sizes for the last snapshot */
    int64_t snapshot_usage_bytes, snapshot_unreclaimable_bytes; /* at snapshot_ms */
    int64_t next_tick_ms, next_scan_ms, next_send_ms, next_process_samples_ms;
    int64_t samples, snapshots;
};

/* `root` is prefixed to /proc; it is "" outside of tests. `root` and `cgroup` must outlive the
 * sampler. */
void sampler_init(struct sampler *sampler, const char *root, const struct cgroup *cgroup,
                  bool own_cgroup, int64_t interval_ms);

/* Polls, and takes a scan or a snapshot if one is due. `t_ms` counts from the start of the build.
 * Returns the time of the next poll. */
int64_t sampler_poll(struct sampler *sampler, int64_t t_ms);

/* Sends a last sample and the unsent snapshots after the end of the build. */
void sampler_finish(struct sampler *sampler, int64_t t_ms);

#endif
