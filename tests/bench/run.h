/* Runs a workload with one sampler. */
#ifndef BM_BENCH_RUN_H
#define BM_BENCH_RUN_H

#include "bench/spikes.h"

enum sampler { NONE, OURS, PLAIN_150, PLAIN_20, NODE_150, SAMPLERS };
extern const char *const sampler_names[SAMPLERS];

struct spike {
    long long begin_us, end_us, peak_bytes;
    int hold_ms;
    long long best_bytes; /* the highest snapshot of this spike */
};

struct outcome {
    struct spike spikes[SPIKES_MAX];
    int spike_count;
    double cpu_us, rss_mib; /* of the sampler */
    double wall_us;
    double over_percent; /* maximum of snapshot / usage; 0: the sampler reports no usage */
    double slower_percent, slower_low, slower_high; /* see rounds.h */
    int pairs;                                      /* 0: no rounds */
};

/* Sets the paths of build-mem-probe and sampler.mjs. Each run creates a cgroup below `parent`, and
 * exits 77 if it cannot. */
void runs_init(const char *probe, const char *script, const char *parent);

/* Runs the workload. If `rounds_s` is not 0, measures the slow-down for that many seconds. */
void run(enum sampler sampler, const char *workload, int rounds_s, struct outcome *outcome);

#endif
