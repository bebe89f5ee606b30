/* The format of the records that the probe sends to the runner. Both programs compile it in, so
 * it uses only libc and allocates nothing.
 *
 * A stream is a sequence of frames: magic 'B' 'M', version, type, payload length (32 bits), then
 * the payload: the record's fields in the order of its table in wire.c. Integers are 64 bits,
 * two's complement; strings are a 16-bit length, the bytes and a NUL, so that a decoded string
 * points into the payload. All little-endian.
 *
 * A figure is -1 if it was not measured. `t_ms` counts from the start of the build. */
#ifndef BM_WIRE_WIRE_H
#define BM_WIRE_WIRE_H

#include "cgroup/cgroup.h"

#include <stddef.h>
#include <stdint.h>

#define WIRE_VERSION 9
#define WIRE_HEADER_BYTES 8
/* A longer payload is a broken stream. */
#define WIRE_PAYLOAD_MAX ((size_t)64 * 1024)
/* The encoder truncates strings to this many bytes. */
#define WIRE_STRING_MAX 4096

/* The advice if the engine has other files than the runner. Either program can notice it. */
#define WIRE_MOUNT_REPOSITORY                                                                      \
    "If the engine is on another machine, or build-mem is in a container beside it, mount the "    \
    "repository at the same path on both sides, or use --engine inplace"

enum wire_type {
    WIRE_HELLO = 1, /* the first record: the machine and the cgroup */
    WIRE_OUTPUT,    /* output of the build: a stream number (1 or 2), then the raw bytes */
    WIRE_STAGE,     /* a stage begins */
    WIRE_SAMPLE,    /* sent on every tick */
    WIRE_SNAPSHOT,  /* the best snapshot of the stage so far; `processes` WIRE_PROCESS follow */
    WIRE_PROCESS,
    WIRE_END,            /* the build has ended; the last record of a complete stream */
    WIRE_FAILURE,        /* the probe failed; the last record */
    WIRE_VARIABLE,       /* follows WIRE_HELLO: a variable of the build's environment */
    WIRE_PROCESS_SAMPLE, /* the memory of one of the larger processes at a tick */
    WIRE_CONSTRAINT,     /* a cgroup whose limits apply to the build; all come before WIRE_END */
    /* A process of a stage was seen, even if that stage is not current: sent at its first moment,
     * and for the last one at the end of the build. */
    WIRE_STAGE_SEEN,
    WIRE_DISTURBANCE, /* what slowed the build; comes before WIRE_END */
    WIRE_STEP,        /* a step of an image build begins or ends (probe/steps.h) */
    /* What a process of the snapshot by usage maps; its WIRE_MAPPING follow. It replaces an earlier
     * one of the same process and snapshot. */
    WIRE_MAPPINGS,
    WIRE_MAPPING,
    WIRE_RUNTIME, /* what a process of a deep run reported; comes before WIRE_END */
};

/* Who has seen the cgroup, and what proves that it is the right one. */
enum {
    WIRE_SEEN_BY_PROBE,  /* its cgroup.procs lists the probe */
    WIRE_SEEN_BY_RUNNER, /* the same */
    WIRE_MADE_BY_RUNNER, /* for the steps of an image build; the probe is not in it */
};

struct wire_hello {
    const char *source;       /* the file of the memory peak, such as "memory.peak"; "": none */
    const char *usage_source; /* the file of the memory usage */
    /* The cgroup that lists the probe in its cgroup.procs: 1 or 2, and its directory; 0 and "" if
     * none was found. The probe sends it as it sees it. The runner replaces it by what it sees. */
    int64_t cgroup_version;
    int64_t cgroup_seen_by; /* the probe sends WIRE_SEEN_BY_PROBE; the runner replaces it */
    const char *cgroup_directory;
    int64_t shared; /* 1: the cgroup also holds processes of others; else 0 */
    /* 1: the peak was reset for this run. The probe sends 0; the runner fills it in. */
    int64_t peak_was_reset;
    int64_t peak_at_start_bytes, usage_at_start_bytes;
    int64_t limit_bytes;
    int64_t cpu_percent; /* that the build can use: 200 is two CPUs; a quota of 0.25 is 25 */
    int64_t memory_total_bytes;
    const char *architecture;
    const char *kernel;
    const char *thp;
};

struct wire_variable {
    const char *name, *value;
};

struct wire_stage {
    int64_t t_ms;
    int64_t
        stage; /* index into the stages: the rules, then the steps; another number means "setup" */
    int64_t peak_bytes; /* the memory peak since the last reset of the counter */
    /* The exact peak of the stage that ends here. The probe sends -1; the runner fills it in. */
    int64_t ended_peak_bytes;
};

struct wire_sample {
    int64_t t_ms;
    int64_t stage;
    int64_t cgroup_bytes; /* memory usage */
    int64_t peak_bytes;   /* the memory peak so far */
    int64_t pss_bytes;    /* sum over the processes of the build */
    int64_t anon_bytes, file_bytes, shmem_bytes, kernel_bytes;
    int64_t unreclaimable_bytes;
    int64_t processes;
    /* The highest values that were polled in this stage. */
    int64_t cgroup_high_bytes, unreclaimable_high_bytes;
};

/* The figure that had a new high: a gauge of the cgroup, or the PSS of a stage's own processes. */
enum wire_gauge {
    WIRE_GAUGE_USAGE,
    WIRE_GAUGE_UNRECLAIMABLE,
    WIRE_GAUGE_OWN_PROCESSES,
};

struct wire_snapshot {
    int64_t t_ms;
    int64_t stage;
    /* enum wire_gauge. Of a gauge of the cgroup, `stage` is the current stage. Otherwise the
     * snapshot has only the own processes of `stage`, which may not be current. */
    int64_t gauge;
    int64_t cgroup_bytes;
    int64_t pss_bytes;
    int64_t anon_bytes, file_bytes, shmem_bytes, kernel_bytes;
    int64_t unreclaimable_bytes;
    int64_t processes; /* how many WIRE_PROCESS follow: all, or the largest own processes */
};

/* The source of a process's PSS. */
enum pss_basis {
    PSS_MEASURED,  /* smaps_rollup was read, or the process shares nothing: its size is its PSS */
    PSS_ESTIMATED, /* derived from statm and the process's last measured ratio */
    PSS_RSS,       /* RSS, an upper bound: smaps_rollup could not be read */
};

struct wire_process {
    int64_t pid;
    int64_t pss_bytes;
    int64_t hwm_bytes;   /* VmHWM */
    int64_t basis;       /* of pss_bytes: enum pss_basis */
    const char *command; /* the arguments, separated by spaces */
};

/* Why the guard ended the build (probe/guard.h). */
enum wire_guard {
    WIRE_GUARD_NONE,    /* it did not */
    WIRE_GUARD_FULL,    /* its unreclaimable memory reached the percentage of the room */
    WIRE_GUARD_STALLED, /* its processes waited for memory most of the time */
};

struct wire_end {
    int64_t exit_code; /* -1 if a signal ended the build */
    int64_t signal;    /* 0: none */
    int64_t duration_ms;
    int64_t peak_bytes;       /* as in struct wire_stage */
    int64_t ended_peak_bytes; /* as in struct wire_stage */
    int64_t oom_kills;        /* -1 if the kernel does not count them */
    /* Kills at limits that the build itself set on cgroups below its own, and one of these; "":
     * unknown. */
    int64_t inner_oom_kills;
    const char *inner_oom_cgroup;
    int64_t pressure_some_us, pressure_full_us, refaults;
    int64_t swap_peak_bytes, zswap_peak_bytes;
    int64_t samples, snapshots, vanished, unreadable;
    int64_t cpu_ms, rss_peak_bytes; /* of the probe itself */
    int64_t largest_process_bytes;  /* the largest RSS of any reaped process (ru_maxrss) */
    int64_t build_cpu_ms;           /* the CPU time of the build, without the probe */
    int64_t guard;                  /* enum wire_guard */
    /* If the guard ended the build: the unreclaimable memory then, and the room; else -1. */
    int64_t guard_bytes, guard_room_bytes;
};

struct wire_process_sample {
    int64_t t_ms;
    int64_t pss_bytes; /* measured or estimated */
    /* The part of pss_bytes that the cgroup is charged for as anonymous and shared memory. Mapped
     * files are page cache and do not count. */
    int64_t charged_bytes;
    const char *command;
};

/* Totals during the build, as in struct disturbance (measurement/measurement.h). */
struct wire_disturbance {
    int64_t cpu_some_us, io_some_us, io_full_us, run_delay_us, throttled_us;
    int64_t steal_us, other_cpu_us, cpu_capacity_us;
    int64_t swap_in_bytes, swap_out_bytes;
};

/* The steps of an image build. Further ones have neither a stage nor a name. */
#define STEPS_MAX 256

/* Each step is a new stage, which begins with this record. */
struct wire_step {
    int64_t t_ms;
    int64_t stage;
    const char *cgroup;    /* its path below the cgroup of the run */
    int64_t ended;         /* 0: it begins, and has no figures yet */
    int64_t peak_bytes;    /* of its cgroup */
    int64_t peak_is_exact; /* 1: the counter was read after its last process had ended */
    int64_t oom_kills;     /* of its processes, for lack of memory; -1: not counted */
};

/* If they were not read, the figures are -1. */
struct wire_mappings {
    int64_t snapshot_ms; /* t_ms of the snapshot, which was sent before */
    int64_t pid;
    int64_t unread; /* enum mappings_unread (proc/smaps.h) */
    int64_t t_ms;   /* when they were read */
    int64_t pss_bytes;
    int64_t huge_page_bytes; /* the resident part in transparent huge pages */
    int64_t count;           /* mappings */
};

/* A part of the PSS of the last WIRE_MAPPINGS. */
struct wire_mapping {
    int64_t kind; /* enum mapping_kind (proc/smaps.h) */
    int64_t pss_bytes;
    const char *name; /* "": the rest of this kind */
};

enum wire_runtime_kind { WIRE_RUNTIME_V8, WIRE_RUNTIME_JVM };

/* The figures of a process at its highest RSS, in the words of its runtime. The build can write any
 * text (measurement/runtime.h). */
struct wire_runtime {
    int64_t kind; /* enum wire_runtime_kind */
    int64_t pid;
    int64_t began_ms; /* when the build began, on the clock that `text` has its time from */
    const char *text;
};

struct wire_stage_seen {
    int64_t t_ms;
    int64_t stage;
};

/* See struct cgroup_constraint. The hits are those during the build. */
struct wire_constraint {
    int64_t ancestor; /* 0: the cgroup of the build; 1: its parent */
    const char *directory;
    int64_t limit_bytes, high_bytes, swap_limit_bytes;
    int64_t limit_hits, high_hits;
};

struct wire_failure {
    const char *message;
};

/* A decoded frame. Its pointers point into the frame. */
struct wire_record {
    enum wire_type type;
    union {
        struct wire_hello hello;
        struct wire_stage stage;
        struct wire_sample sample;
        struct wire_snapshot snapshot;
        struct wire_process process;
        struct wire_end end;
        struct wire_constraint constraint;
        struct wire_failure failure;
        struct wire_variable variable;
        struct wire_process_sample process_sample;
        struct wire_stage_seen stage_seen;
        struct wire_disturbance disturbance;
        struct wire_step step;
        struct wire_mappings mappings;
        struct wire_mapping mapping;
        struct wire_runtime runtime;
        struct {
            int stream;
            const char *bytes;
            size_t length;
        } output;
    };
};

/* Returns the record of one constraint of `cgroup`: `ancestor` is its number in struct
 * cgroup_constraints. The record points to `directory`, which has CGROUP_PATH_MAX bytes. */
struct wire_record wire_constraint_of(const struct cgroup *cgroup,
                                      const struct cgroup_constraint *constraint, size_t ancestor,
                                      char *directory);

/* Encodes `record` as one frame. Returns its length in bytes, or 0 if `capacity` is too small. */
size_t wire_encode(const struct wire_record *record, uint8_t *frame, size_t capacity);

/* Decodes the frame at the start of `bytes`. Returns its length in bytes, 0 if it is
 * incomplete, or -1 if it is not a frame of this version. `record` points into `bytes`, which the
 * caller must keep. */
int64_t wire_decode(const uint8_t *bytes, size_t length, struct wire_record *record);

#endif
