/* The sampler: which stage the build is in, and which processes hold its memory.
 *
 * The main loop calls sampler_tick whenever the time that it last returned has come; what is worth
 * telling leaves as records. Everything else about how and when to look is the sampler's own:
 *
 *   poll    read the levels (probe/levels.h); every 5 to 50 ms
 *   survey  list the processes, recognise new ones and the stage
 *   look    survey, what each of them holds, and keep it where it is the stage's best: at a new
 *           high, when a stage begins, and on the timeline's beat unless nothing has changed
 */
#ifndef BM_PROBE_SAMPLER_H
#define BM_PROBE_SAMPLER_H

#include "kernel/cgroup.h"
#include "probe/levels.h"
#include "probe/pss.h"
#include "probe/stages.h"

#include <stdbool.h>
#include <stdint.h>

struct sampler {
    const char *root;            /* of /proc: "" but in tests */
    const struct cgroup *cgroup; /* whose counters are read; version 0: there is none */
    bool own_cgroup;             /* all its processes are the build's (probe/processes.h) */
    int64_t interval_ms;         /* the timeline's beat */
    struct levels levels;
    struct pss_account pss;
    int stage;                /* index of the present stage; stages_count(): "setup" */
    bool sighted[STAGES_MAX]; /* a process of the stage was seen */
    int64_t surveyed_ms;
    uint32_t survey;        /* the number of the last one */
    int64_t survey_us;      /* what it cost */
    int64_t surveyed_bytes; /* charged then */
    bool unread;            /* there may be processes whose PSS is worth reading */
    int64_t looked_ms;
    int64_t looked_bytes, looked_unreclaimable_bytes; /* charged then */
    int64_t next_beat_ms, next_survey_ms, next_tell_ms, next_holdings_ms;
    int64_t samples, snapshots;
};

/* `root` is of /proc: "" but in tests. It and the cgroup must outlive the sampler. */
void sampler_init(struct sampler *sampler, const char *root, const struct cgroup *cgroup,
                  bool own_cgroup, int64_t interval_ms);

/* Looks at the build, `t_ms` after its start. Returns the time of the next look. */
int64_t sampler_tick(struct sampler *sampler, int64_t t_ms);

/* The build has ended: tells what is still held. */
void sampler_finish(struct sampler *sampler, int64_t t_ms);

#endif
