/* A measurement: all figures of one run of a build.
 *
 * aggregate.c fills it from the probe's records. metric.c has the figures that the gate judges.
 * validity.c decides whether the run can be judged.
 *
 * Units: `_bytes` are bytes, `_ms` milliseconds; `at_ms`, `first_ms` and `last_ms` count from the
 * start of the build. A figure that was not measured is UNMEASURED (base/units.h), never 0. The
 * measurement owns all pointers; they are NULL only if a comment allows it. */
#ifndef BM_MEASUREMENT_MEASUREMENT_H
#define BM_MEASUREMENT_MEASUREMENT_H

#include "base/cache_policy.h"
#include "base/strv.h"
#include "measurement/runtime.h"
#include "proc/smaps.h"
#include "wire/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What ended a build that failed (measurement/cause.h). */
enum failure_cause {
    CAUSE_UNKNOWN,
    /* from the kernel's figures */
    CAUSE_KERNEL_KILL,
    CAUSE_LIMIT_LIVELOCK, /* it timed out at its limit */
    CAUSE_OUTSIDE_KILLER,
    CAUSE_GUARD, /* build-mem itself (--guard) */
    /* from the build's log */
    CAUSE_LOGGED_KILL, /* of a process below the build, from outside */
    CAUSE_V8_HEAP,
    CAUSE_JVM_HEAP,
    CAUSE_JVM_METASPACE,
    CAUSE_GO,
    CAUSE_PYTHON,
    CAUSE_NATIVE, /* an allocation of a compiler, a linker or other native code failed */
    CAUSE_SHM_FULL,
    CAUSE_DISK_FULL,
    CAUSE_COUNT,
};

#define LOG_LINE_MAX 200

/* What the build's log reports about memory that ran out. */
struct log_cause {
    enum failure_cause cause; /* CAUSE_UNKNOWN: nothing */
    char *line;               /* printable, at most LOG_LINE_MAX bytes; NULL: none */
    int64_t heap_bytes;       /* that the heap held; may be UNMEASURED */
    int64_t request_bytes;    /* of the allocation that failed; may be UNMEASURED */
};
#define LOG_CAUSE_NONE {.heap_bytes = UNMEASURED, .request_bytes = UNMEASURED}
/* Releases the text, and makes it that of a log without a cause. */
void log_cause_release(struct log_cause *cause);

/* Why the guard ended the build (probe/guard.h). */
struct guard_end {
    bool ended;
    bool stalled;                /* its processes waited for memory; else it was full */
    int64_t unreclaimable_bytes; /* then; may be UNMEASURED */
    int64_t room_bytes;          /* what the build could hold; may be UNMEASURED */
};
#define GUARD_END_NONE {.unreclaimable_bytes = UNMEASURED, .room_bytes = UNMEASURED}

/* How the build ended. It succeeded if exit_code is 0 and nothing else is set. */
struct build_end {
    char *command;       /* as a person would type it */
    int64_t exit_code;   /* UNMEASURED: it ended by a signal, or its end is unknown */
    int64_t signal;      /* 0: none */
    int64_t duration_ms; /* of the build alone, without the engine's work */
    int64_t cpu_ms;      /* CPU time of its processes */
    bool oom_killed;     /* by the kernel's counter or the engine's flag, never by status 137 */
    bool timed_out;
    /* Of an image build: RUN steps that came from the builder's cache. If the figures are imported,
     * also those that ended before BuildKit took a sample: it does not record which it was. */
    int64_t cached_steps;
    struct guard_end guard;
};

/* The parts of the charged memory, from memory.stat. Each may be UNMEASURED. */
struct composition {
    int64_t anon_bytes, file_bytes, shmem_bytes, kernel_bytes;
};

/* The PSS of the mappings of one kind, or of those with one name. */
struct mapped {
    enum mapping_kind kind;
    int64_t pss_bytes;
    char *name; /* a file, or as the program named them; NULL: the rest of this kind */
};

/* What a process maps: the parts of its PSS when they were read. */
struct process_mappings {
    enum mappings_unread unread;
    int64_t at_ms;           /* beside the snapshot; UNMEASURED if they were not read */
    int64_t pss_bytes;       /* of all mappings then */
    int64_t huge_page_bytes; /* the resident part in transparent huge pages */
    int64_t count;           /* mappings */
    struct mapped *parts;    /* largest first */
    size_t part_count;
};

struct process_usage {
    int64_t pid; /* in the build's PID namespace */
    int64_t pss_bytes;
    int64_t hwm_bytes; /* VmHWM, its highest RSS, or a lower bound; may be UNMEASURED */
    enum pss_basis basis;
    char *name;    /* for people: "next build", "tsc", "cc1plus" */
    char *command; /* its command line, truncated if very long */
    /* Of the largest processes at the memory peak; else NULL. */
    struct process_mappings *mappings;
};

/* PSS of each process of the build at one moment, largest first; of a stage the 64 largest. */
struct snapshot {
    int64_t at_ms;
    int64_t cgroup_bytes;        /* charged to the cgroup at that moment */
    int64_t pss_bytes;           /* sum of all processes; UNMEASURED: there is no snapshot */
    int64_t unreclaimable_bytes; /* of cgroup_bytes, the part that the kernel could not free */
    int64_t attributed_bytes; /* of cgroup_bytes, attributed to processes, page cache and kernel */
    struct composition composition;
    struct process_usage *processes;
    size_t count;
};

struct stage_measurement {
    char *name;
    int64_t first_ms, last_ms; /* UNMEASURED: the stage was not seen */
    /* The highest sampled PSS of its own processes. UNMEASURED: none was measured. */
    int64_t pss_peak_bytes;
    struct snapshot at_peak; /* of its own processes, at that moment; the sum includes all */
    /* While it was the current stage: the highest PSS of all processes, and the peaks of the
     * cgroup. UNMEASURED: it was never current, because other stages precede it. */
    int64_t all_pss_peak_bytes;
    int64_t cgroup_peak_bytes;
    bool cgroup_peak_exact; /* false: a sampled lower bound */
    int64_t unreclaimable_peak_bytes;
    /* Of a step of an image build: its processes that the kernel killed for lack of memory, as far
     * as its cgroup shows them. */
    int64_t oom_kills;
};

/* The source of a peak that BuildKit recorded, and build-mem imported (attestation.h). */
#define PEAK_SOURCE_BUILDKIT "buildkit"

struct peak {
    int64_t cgroup_bytes; /* the memory peak */
    /* "memory.peak", "memory.max_usage_in_bytes", "memory.current"; PEAK_SOURCE_BUILDKIT */
    char *source;
    /* The highest sample: the kernel has no counter for it. Or imported: the highest step. */
    bool estimated;
    int64_t at_most_bytes;  /* of an estimate: the counter's upper bound; else UNMEASURED */
    bool at_limit;          /* the usage reached a limit, so the kernel may have reclaimed cache */
    int64_t limit_bytes;    /* the lowest of all constraints; UNMEASURED: no limit */
    bool shared;            /* other processes use the cgroup, and count in its figures */
    int64_t at_start_bytes; /* when the build started: the counter, or the usage if shared */
    int64_t unreclaimable_bytes;
    /* The unreclaimable memory reached a limit: the build's need is unknown. */
    bool unreclaimable_at_limit;
    struct composition composition;
    /* The stage that had the peak: of the highest snapshot, unless the kernel counted the peak in
     * another stage. Its snapshot may be missing. NULL: unknown. */
    char *stage;
    struct snapshot at_peak;
    /* At the peak of the unreclaimable memory. The stage may be NULL. */
    char *unreclaimable_stage;
    struct snapshot at_unreclaimable_peak;
};

/* A cgroup whose limits apply to the build: its own cgroup, or an ancestor. A figure is UNMEASURED
 * if there is no such limit, or if its hits are not counted. */
struct constraint {
    char *cgroup;     /* its directory, as the runner or else the probe sees it */
    int64_t ancestor; /* 0: the cgroup of the build; 1: its parent */
    int64_t limit_bytes, high_bytes, swap_limit_bytes;
    int64_t limit_hits, high_hits; /* during the build */
};

/* The cgroup whose counters were read. The texts are NULL, and the version is UNMEASURED, if there
 * is none: the figures then come from the processes alone. */
struct source_cgroup {
    int64_t version; /* 1 or 2 */
    char *directory; /* as the runner sees it, or else the probe */
    char *seen_by;   /* "runner" or "probe" */
    char *proof;     /* how it was verified that the build is in it */
    /* A cgroup below it, made by the build, at whose limit the kernel killed a process:
     * "/sandbox". NULL: none that still existed at the end. */
    char *inner_oom;
};

/* Memory pressure during the build. Each may be UNMEASURED. */
struct pressure {
    int64_t some_us, full_us; /* PSI: some tasks, all tasks waited for memory */
    int64_t refaults;         /* reclaimed pages that were needed again */
    int64_t limit_hits;       /* of all constraints: how often the usage reached a limit */
    int64_t oom_kills;
    int64_t inner_oom_kills;  /* at limits that the build itself set on cgroups below its own */
    int64_t swap_peak_bytes;  /* the highest sample of the swap in use; a part of unreclaimable */
    int64_t zswap_peak_bytes; /* of the memory that holds compressed pages of swap (v2) */
};

/* What slowed or disturbed the build: totals during the run. Each may be UNMEASURED. */
struct disturbance {
    /* PSI of the cgroup: some tasks waited for a CPU; some, or all, waited for I/O. */
    int64_t cpu_some_us, io_some_us, io_full_us;
    /* The waiting time for a CPU, of the main threads of all processes. Only without PSI. */
    int64_t run_delay_us;
    int64_t throttled_us; /* CPU quotas stopped the build */
    /* Of the CPUs that the build may use: taken by the hypervisor, used by other work, and their
     * number times the duration. */
    int64_t steal_us, other_cpu_us, cpu_capacity_us;
    int64_t swap_in_bytes, swap_out_bytes; /* of the whole machine */
};

struct verify_check {
    char *check; /* "exit-status" or "artifact" */
    char *path;  /* of the artifact, relative to the repository; NULL for other checks */
    bool required;
    bool ok;
    char *detail; /* the observed state, one line */
};

/* The parts of the environment that are compared, and those that may drift (see the glossary). */
struct environment {
    /* compared */
    char *image;        /* image reference; "host" or "inplace" without a container */
    char *architecture; /* "x86_64" */
    double cpus;        /* that the build can use: the lower of its affinity and its quota */
    enum cache_policy cache_policy;
    /* drift */
    char *engine;         /* "docker" */
    char *engine_version; /* may be NULL */
    char *image_digest;   /* may be NULL */
    char *kernel;
    int64_t memory_total_bytes;
    char *thp; /* "always", "madvise", "never"; may be NULL */
    /* The variables that set workers and heaps, if they are set: "NAME=VALUE". */
    struct strv variables;
};

/* A daemon outside of the cgroup of the build that may work for it: its memory is not measured. */
struct outside_daemon {
    char *name;        /* "Gradle daemon" */
    int64_t processes; /* that were seen; 0: only a command asks for it */
    int64_t cpu_ms; /* CPU time of them and their descendants during the build; may be UNMEASURED */
    char *asked_by; /* the command of the build that asks it: "docker build"; may be NULL */
    char *fix;      /* an imperative: how to build without it */
};

/* The cost and the gaps of sampling. */
struct sampler_account {
    int64_t interval_ms;
    int64_t samples, snapshots;
    int64_t cpu_ms;
    int64_t rss_peak_bytes;
    int64_t vanished;   /* processes that ended while they were read: normal */
    int64_t unreadable; /* smaps_rollup could not be read; RSS was used */
    /* The highest RSS of any process of the build, including processes too short-lived for a
     * sample. No sum includes it. UNMEASURED if the records are incomplete. */
    int64_t largest_process_bytes;
};

/* The source of a process's peak RSS. */
enum peak_rss_source {
    PEAK_RSS_UNKNOWN,   /* it is UNMEASURED */
    PEAK_RSS_TASKSTATS, /* the kernel's exit record: exact and final */
    PEAK_RSS_SCAN,      /* VmHWM at a snapshot: a lower bound */
};

/* A process of the build, from its start to its end. */
struct ledger_process {
    int64_t pid;              /* taskstats: as the runner sees it; scan: as the build sees it */
    int64_t parent;           /* may be UNMEASURED */
    int64_t start_ms, end_ms; /* each may be UNMEASURED */
    int64_t peak_rss_bytes;   /* never part of a sum: processes share pages */
    enum peak_rss_source source;
    char *name; /* for people: "cc1plus"; without a command line, the kernel's short name */
    char *item; /* that it worked on: a source file, crate or project; NULL: unknown */
};

#define LARGEST_PROCESSES_MAX 10

/* The processes of one kind, by a pattern of the config. */
struct watched_processes {
    char *name;
    int64_t count;          /* processes that match */
    int64_t peak_rss_bytes; /* of the largest one; UNMEASURED: no exit record matches */
    char *largest;          /* that one: "cc1plus src/a.cpp"; NULL if there is none */
};

#define LEDGER_GROUPS_MAX 10

/* The processes of the whole run with the same name. */
struct ledger_group {
    char *name;
    int64_t count;         /* processes whose peak RSS is known, at least 2 */
    int64_t p95_rss_bytes; /* at least 95 % of them have at most this peak RSS */
};

/* The summary of the process ledger; ledger-LABEL.csv has all processes. */
struct process_ledger {
    enum peak_rss_source source; /* PEAK_RSS_UNKNOWN: there is no ledger, and no figure */
    char *fallback;              /* the reason that taskstats was not used; NULL: it was used */
    int64_t count;               /* processes in the ledger */
    /* Of taskstats only, else UNMEASURED: */
    int64_t lost;     /* of these, the processes that ended without an exit record */
    int64_t overruns; /* how often the kernel dropped records: further processes may be missing */
    /* The highest sum of the peak RSS of processes that lived at the same time and whose command
     * lines were not read, because they ended too soon. They can be a stage that was not seen. */
    int64_t unnamed_rss_bytes;
    int64_t cpu_ms;                 /* that the runner used for the ledger */
    struct ledger_process *largest; /* by peak RSS, at most LARGEST_PROCESSES_MAX */
    size_t largest_count;
    struct ledger_group *groups; /* by p95_rss_bytes, at most LEDGER_GROUPS_MAX */
    size_t group_count;
    struct watched_processes *watched; /* in the order of the config */
    size_t watched_count;
};

/* A ledger without figures. */
#define PROCESS_LEDGER_NONE                                                                        \
    {.count = UNMEASURED,                                                                          \
     .lost = UNMEASURED,                                                                           \
     .overruns = UNMEASURED,                                                                       \
     .unnamed_rss_bytes = UNMEASURED,                                                              \
     .cpu_ms = UNMEASURED}

/* Of a build of `sweep`: what decides its figures. */
struct sweep_build {
    char *settings;    /* all but the knobs, with the commit; NULL: not a build of sweep */
    struct strv knobs; /* "NAME=VALUE", in the order of --vary */
};

struct measurement {
    char *label;
    char *run;        /* label of the files of this run, if it is one of several; else NULL */
    char *started_at; /* UTC, ISO 8601 */
    char *commit;     /* git commit of the repository; NULL outside git */
    struct build_end build;
    struct peak peak;
    struct stage_measurement *stages; /* in order of precedence, "setup" last */
    size_t stage_count;
    struct verify_check *checks;
    size_t check_count;
    struct environment environment;
    struct source_cgroup cgroup;
    struct sampler_account sampler;
    struct pressure pressure;
    struct disturbance disturbance;
    struct process_ledger ledger;
    /* The cgroups that have a limit, from that of the build upwards. */
    struct constraint *constraints;
    size_t constraint_count;
    struct outside_daemon *outside_daemons;
    size_t outside_daemon_count;
    struct log_cause log_cause; /* of a build that failed */
    struct sweep_build sweep;
    struct deep_run *deep; /* NULL: there was none */
    /* The reason that the figures cannot be trusted (records incomplete, engine failed); NULL: they
     * can. */
    char *not_measured;
};

/* Sets all figures to UNMEASURED. */
void measurement_init(struct measurement *m);
void measurement_release(struct measurement *m);

void environment_release(struct environment *environment);
void source_cgroup_release(struct source_cgroup *cgroup);

/* "cc1plus src/a.cpp": the name of a process and its item, which is omitted if it is NULL or if the
 * name ends with it. The caller owns it. */
char *name_with_item(const char *name, const char *item);

/* Releases the texts of the process. */
void ledger_process_release(struct ledger_process *process);
/* Releases the summary, and makes it that of a run without a ledger. */
void process_ledger_release(struct process_ledger *ledger);
/* Returns "taskstats", "scan", or "" if the peak is unknown. Static. */
const char *peak_rss_source_name(enum peak_rss_source source);

/* Adds mappings that were not read; the caller sets the rest. Replaces earlier ones. Borrowed. */
struct process_mappings *process_add_mappings(struct process_usage *process);
/* Copies the name; NULL or "" is the rest of this kind. */
void mappings_add(struct process_mappings *mappings, enum mapping_kind kind, int64_t pss_bytes,
                  const char *name);
/* Returns the PSS of all mappings of a kind. */
int64_t mappings_of_kind(const struct process_mappings *mappings, enum mapping_kind kind);
/* Return the name of a kind ("heap") and of a reason ("ended"; "" if they were read). Static. */
const char *mapping_kind_name(enum mapping_kind kind);
const char *mappings_unread_name(enum mappings_unread unread);

void snapshot_init(struct snapshot *snapshot);
void snapshot_release(struct snapshot *snapshot);

/* Returns whether the figures are those of another program, and were imported. They are never
 * compared with measured ones. */
bool measurement_is_imported(const struct measurement *m);

/* Returns what build.cached_steps counts: "cached RUN steps". Static. */
const char *cached_steps_words(const struct measurement *m);

/* Sets the engine, and the image of the environment key. Copies both. */
void measurement_set_engine(struct measurement *m, const char *engine, const char *image);

/* Adds a daemon; the caller sets its members. Borrowed until the next call. */
struct outside_daemon *measurement_add_daemon(struct measurement *m);

/* Returns the label that the file names of this run's log and series contain. Borrowed; may be
 * NULL. */
const char *measurement_files_label(const struct measurement *m);

/* Returns how often the usage reached the limits of a constraint, or UNMEASURED. */
int64_t constraint_hits(const struct constraint *constraint);
/* Returns the lower of its memory limit and its memory.high, or UNMEASURED. */
int64_t constraint_bytes(const struct constraint *constraint);
/* Returns the constraint that the usage reached most often or, if none counts, the one with the
 * lowest limit. NULL if there is no limit. Borrowed. */
const struct constraint *measurement_tightest(const struct measurement *m);

/* Returns whether both are the same run, which can be stored under several labels. */
bool measurement_is_same_run(const struct measurement *a, const struct measurement *b);

/* Returns whether the build succeeded and every required check passed. */
bool measurement_verified(const struct measurement *m);

/* The processes of a snapshot with the same name. */
struct process_group {
    const char *name; /* borrowed from the snapshot */
    size_t count;
    int64_t pss_bytes;
};
/* Returns the groups of a snapshot, largest first, and sets `*count`. The caller owns the array. */
struct process_group *snapshot_groups(const struct snapshot *snapshot, size_t *count);

#endif
