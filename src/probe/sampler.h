/* The sampler: which stage the build is in, and which processes hold its memory.
 *
 * The main loop calls sampler_poll whenever the time that it last returned has come; what is worth
 * telling leaves as records. Everything else about how and when to take_snapshot is the sampler's
 * own:
 *
 *   poll    read the gauges (probe/gauges.h); every 5 to 50 ms
 *   scan  list the processes, recognise new ones and the stage
 *   take_snapshot    scan, what each of them holds, and keep it where it is the stage's best: at a
 * new high, when a stage begins, and on the timeline's tick unless nothing has changed
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
    const char *root;            /* of /proc: "" but in tests */
    const struct cgroup *cgroup; /* whose counters are read; version 0: there is none */
    bool own_cgroup;             /* all its processes are the build's (probe/processes.h) */
    int64_t interval_ms;         /* the timeline's tick */
    struct gauges gauges;
    struct pss_account pss;
    int stage;                   /* index of the present stage; stages_count(): "setup" */
    bool stage_seen[STAGES_MAX]; /* a process of the stage was seen */
    int64_t scanned_ms;
    uint32_t scan;               /* the number of the last one */
    int64_t scan_us;             /* what it cost */
    int64_t scanned_usage_bytes; /* charged then */
    bool unread;                 /* there may be processes whose PSS is worth reading */
    int64_t snapshot_ms;
    int64_t snapshot_usage_bytes, snapshot_unreclaimable_bytes; /* charged then */
    int64_t next_tick_ms, next_scan_ms, next_send_ms, next_process_samples_ms;
    int64_t samples, snapshots;
};

/* `root` is of /proc: "" but in tests. It and the cgroup must outlive the sampler. */
void sampler_init(struct sampler *sampler, const char *root, const struct cgroup *cgroup,
                  bool own_cgroup, int64_t interval_ms);

/* Looks at the build, `t_ms` after its start. Returns the time of the next take_snapshot. */
int64_t sampler_poll(struct sampler *sampler, int64_t t_ms);

/* The build has ended: tells what is still held. */
void sampler_finish(struct sampler *sampler, int64_t t_ms);

#endif
