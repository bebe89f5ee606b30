/* The sampler: which stage the build is in, and which processes hold its memory.
 *
 * The main loop calls sampler_tick whenever the time that it last returned has come; what is worth
 * telling leaves as records. Everything else about how and when to look is the sampler's own. */
#ifndef BM_PROBE_SAMPLER_H
#define BM_PROBE_SAMPLER_H

#include "kernel/cgroup.h"

#include <stdint.h>

struct sampler {
    const char *root;             /* of /proc: "" but in tests */
    const struct cgroup *cgroup;  /* whose counters are read; version 0: there is none */
    const struct cgroup *members; /* whose processes are the build's (probe/processes.h) */
    int64_t interval_ms;          /* the timeline's beat */
    int stage;                    /* index of the present stage; stages_count(): "setup" */
    int64_t best_pss_bytes;       /* of the present stage's best snapshot */
    int64_t samples, snapshots, vanished, unreadable;
};

void sampler_init(struct sampler *sampler, const struct cgroup *cgroup,
                  const struct cgroup *members, int64_t interval_ms);

/* Looks at the build, `t_ms` after its start. Returns the time of the next look. */
int64_t sampler_tick(struct sampler *sampler, int64_t t_ms);

#endif
