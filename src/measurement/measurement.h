/* One run of a build, measured: what the commands judge, store and report.
 *
 * Units: `_bytes` are bytes, `_ms` milliseconds; `at_ms`, `first_ms`, `last_ms` count from the
 * build's start. A figure that was not measured is UNMEASURED (base/units.h), never 0. All
 * pointers are owned by the measurement and may be NULL only where a comment says so. */
#ifndef BM_MEASUREMENT_MEASUREMENT_H
#define BM_MEASUREMENT_MEASUREMENT_H

#include "base/cache_policy.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the build ended. It succeeded when exit_code is 0 and nothing else is set. */
struct build_end {
    char *command;       /* as a person would type it */
    int64_t exit_code;   /* UNMEASURED where it ended by a signal or its end is not known */
    int64_t signal;      /* 0: none */
    int64_t duration_ms; /* of the build alone, without the engine's own work */
    bool oom_killed;     /* told by the kernel's counter or the engine's flag, never by 137 */
    bool timed_out;
};

/* What charged memory consisted of, from memory.stat. Any may be UNMEASURED. */
struct composition {
    int64_t anon_bytes, file_bytes, shmem_bytes, kernel_bytes;
};

/* Where a process's PSS comes from. */
enum pss_basis {
    PSS_MEASURED,  /* smaps_rollup was read for this snapshot */
    PSS_ESTIMATED, /* derived from statm and the process's last measured ratio */
    PSS_RSS,       /* smaps_rollup could not be read: RSS stands in its place, an upper bound */
};

struct process_usage {
    int64_t pid; /* as the build sees it */
    int64_t pss_bytes;
    int64_t hwm_bytes; /* VmHWM: the most that it ever held resident; may be UNMEASURED */
    enum pss_basis basis;
    char *name;    /* for people: "next build", "tsc", "cc1plus" */
    char *command; /* its command line, cut where it is very long */
};

/* PSS of every process of the build at one moment, largest first; of a stage the 64 largest. */
struct snapshot {
    int64_t at_ms;
    int64_t cgroup_bytes;        /* charged to the cgroup at that moment */
    int64_t pss_bytes;           /* sum over the processes; UNMEASURED: there is no snapshot */
    int64_t unreclaimable_bytes; /* of what was charged, what the kernel could not have dropped */
    int64_t attributed_bytes;    /* of what was charged: by processes, caches and the kernel */
    struct composition composition;
    struct process_usage *processes;
    size_t count;
};

struct stage_measurement {
    char *name;
    int64_t first_ms, last_ms; /* UNMEASURED: the stage was not seen */
    int64_t pss_peak_bytes;    /* the highest sampled sum of PSS; UNMEASURED: no process was seen */
    int64_t cgroup_peak_bytes; /* the cgroup's own peak while the stage ran */
    bool cgroup_peak_exact;    /* else a sampled lower bound */
    int64_t unreclaimable_peak_bytes;
    struct snapshot at_peak;
};

struct peak {
    int64_t cgroup_bytes;   /* the headline */
    char *source;           /* "memory.peak", "memory.max_usage_in_bytes", "memory.current" */
    bool estimated;         /* no counter of the kernel's tells it: the highest sample */
    int64_t at_most_bytes;  /* of an estimate: what the counter does tell; else UNMEASURED */
    bool at_limit;          /* it reached the limit: what the build would take is not known */
    int64_t limit_bytes;    /* UNMEASURED: no limit */
    bool shared;            /* others live in the cgroup: what they hold is in all its figures */
    int64_t at_start_bytes; /* before the build's first instruction: the counter, or if shared the
                               usage */
    int64_t unreclaimable_bytes;
    struct composition composition;
    char *stage; /* of the highest snapshot; NULL where there is none */
    struct snapshot at_peak;
    /* What a limit has to hold: page cache can be dropped, this cannot. */
    char *unreclaimable_stage;
    struct snapshot at_unreclaimable_peak;
};

/* What memory pressure cost the build. Any may be UNMEASURED. */
struct pressure {
    int64_t some_us, full_us; /* PSI: some of its tasks, all of them, waited for memory */
    int64_t refaults;         /* pages that were reclaimed and needed again */
    int64_t limit_hits, oom_kills;
};

struct verify_check {
    char *check; /* "exit-status" or "artifact" */
    char *path;  /* of the artifact, relative to the repo; NULL for other checks */
    bool required;
    bool ok;
    char *detail; /* what was found, one line */
};

/* What decides whether two results can be compared, and what merely drifts. */
struct environment {
    /* compared */
    char *image;        /* image reference; "host" or "inplace" without a container */
    char *architecture; /* "x86_64" */
    int64_t cpus;       /* seen by the build */
    enum cache_policy cache_policy;
    /* drift */
    char *engine;         /* "docker" */
    char *engine_version; /* may be NULL */
    char *image_digest;   /* may be NULL */
    char *kernel;
    int64_t memory_total_bytes;
    char *thp; /* "always", "madvise", "never"; may be NULL */
    /* What sets the build's workers and heaps, as it saw them: "NAME=VALUE", those that are set. */
    struct strv variables;
};

/* The cost and the gaps of sampling. */
struct sampler_account {
    int64_t interval_ms;
    int64_t samples, snapshots;
    int64_t cpu_ms;
    int64_t rss_peak_bytes;
    int64_t vanished;   /* processes that ended while they were read: normal */
    int64_t unreadable; /* smaps_rollup refused or lacking, RSS was taken */
    /* No process of the build was ever resident with more: an upper bound also for those that were
     * too short-lived to be sampled. In no sum. UNMEASURED where the record broke off. */
    int64_t largest_process_bytes;
};

struct measurement {
    char *label;
    char *run;        /* of several runs the one that this is: its files bear that label; or NULL */
    char *started_at; /* UTC, ISO 8601 */
    char *commit;     /* git commit of the repo; NULL outside of git */
    struct build_end build;
    struct peak peak;
    struct stage_measurement *stages; /* in the order of their precedence, "setup" last */
    size_t stage_count;
    struct verify_check *checks;
    size_t check_count;
    struct environment environment;
    struct sampler_account sampler;
    struct pressure pressure;
    /* NULL, or why the figures cannot be trusted (the record broke off, the engine failed). */
    char *not_measured;
};

/* All figures UNMEASURED, nothing seen. */
void measurement_init(struct measurement *m);
void measurement_release(struct measurement *m);

void environment_release(struct environment *environment);

void snapshot_init(struct snapshot *snapshot);
void snapshot_release(struct snapshot *snapshot);

/* Which engine runs the build, and the image that results are compared by. */
void measurement_set_engine(struct measurement *m, const char *engine, const char *image);

/* The label that the log and the series of this run bear; borrowed, NULL in an unlabelled one. */
const char *measurement_files_label(const struct measurement *m);

/* Whether the build ended well and every required check of verify holds. */
bool measurement_verified(const struct measurement *m);

/* The processes of a snapshot rolled up by name, largest first. */
struct process_group {
    const char *name; /* borrowed from the snapshot */
    size_t count;
    int64_t pss_bytes;
};
/* The caller owns the array (`snapshot->count` entries at most; `*count` are used). */
struct process_group *snapshot_groups(const struct snapshot *snapshot, size_t *count);

#endif
