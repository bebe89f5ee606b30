/* One run of a build with one sampler beside it. */
#ifndef BM_BENCH_RUN_H
#define BM_BENCH_RUN_H

#include "bench/spikes.h"

enum sampler { NONE, OURS, PLAIN_150, PLAIN_20, NODE_150, SAMPLERS };
extern const char *const sampler_names[SAMPLERS];

struct spike {
    long long begin_us, end_us, peak_bytes;
    int hold_ms;
    long long best_bytes; /* of the sampler's snapshots */
};

struct outcome {
    struct spike spikes[SPIKES_MAX];
    int spike_count;
    double cpu_us, rss_mib; /* of the sampler */
    double wall_us;
    double over_percent; /* the highest snapshot by the usage then; 0: no usage is told */
    double slower_percent, slower_low, slower_high; /* rounds.h; `pairs` 0: not metered */
    int pairs;
};

/* `probe`: build-mem-probe; `script`: sampler.mjs. Makes a cgroup for each run below `parent`.
 * Exits with 77 where none can be made. */
void runs_init(const char *probe, const char *script, const char *parent);

/* Runs the workload; where `rounds_s` is not 0, meters the slow-down for so many seconds. */
void run(enum sampler sampler, const char *workload, int rounds_s, struct outcome *outcome);

#endif
