/* The record format between probe and runner, compiled into both. libc only, no allocation.
 *
 * A stream is a sequence of frames: magic 'B' 'M', version, type, payload length (32 bits), then
 * the payload: the record's fields in the order of its table in wire.c. Integers are 64 bits,
 * two's complement; strings are a 16-bit length, the bytes and a NUL, so that a decoded string
 * points into the payload. All little-endian.
 *
 * A figure that was not measured is -1. Times (`t_ms`) count from the build's start. */
#ifndef BM_WIRE_WIRE_H
#define BM_WIRE_WIRE_H

#include <stddef.h>
#include <stdint.h>

#define WIRE_VERSION 2
#define WIRE_HEADER_BYTES 8
/* No valid payload is longer; a longer one is a broken stream. */
#define WIRE_PAYLOAD_MAX ((size_t)64 * 1024)
/* Strings are cut to this length by the encoder. */
#define WIRE_STRING_MAX 4096

enum wire_type {
    WIRE_HELLO = 1, /* first: what the probe sees of its surroundings */
    WIRE_OUTPUT,    /* bytes that the build printed: stream (1 or 2), then the bytes as they are */
    WIRE_STAGE,     /* a stage begins */
    WIRE_SAMPLE,    /* the timeline's beat */
    WIRE_SNAPSHOT,  /* the stage's best snapshot so far; `processes` WIRE_PROCESS records follow */
    WIRE_PROCESS,
    WIRE_END,            /* the build has ended; last record of a good stream */
    WIRE_FAILURE,        /* the probe could not do its work; last record */
    WIRE_VARIABLE,       /* behind the hello: a variable of the build's environment */
    WIRE_PROCESS_SAMPLE, /* what a process holds at a beat; only those that hold much are told */
    WIRE_FIRST_SEEN, /* the first time that a process of a stage is seen, whatever stage it is then
                      */
};

struct wire_hello {
    const char *source;       /* the file of the peak: "memory.peak"... "" where there is none */
    const char *usage_source; /* and of what is charged now */
    int64_t shared;           /* 1: others live in the cgroup too, and did before; else 0 */
    /* 1: the peak was reset for this run. The probe sends 0; the runner fills it in. */
    int64_t peak_was_reset;
    int64_t peak_at_start_bytes, usage_at_start_bytes;
    int64_t limit_bytes;
    int64_t cpus;
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
    int64_t stage;      /* index into the stage rules; their count means "setup" */
    int64_t peak_bytes; /* the lifetime peak at this boundary, as far as nobody resets it */
    /* The exact peak of the stage that ends here. The probe sends -1; the runner fills it in. */
    int64_t ended_peak_bytes;
};

struct wire_sample {
    int64_t t_ms;
    int64_t stage;
    int64_t cgroup_bytes; /* charged now */
    int64_t peak_bytes;   /* the lifetime peak so far */
    int64_t pss_bytes;    /* sum over the build's processes */
    int64_t anon_bytes, file_bytes, shmem_bytes, kernel_bytes;
    int64_t unreclaimable_bytes;
    int64_t processes;
    /* The highest that were polled in this stage. */
    int64_t cgroup_high_bytes, unreclaimable_high_bytes;
};

struct wire_snapshot {
    int64_t t_ms;
    int64_t stage;
    int64_t gauge; /* taken at a high of: 0 what is charged, 1 the unreclaimable part of it */
    int64_t cgroup_bytes;
    int64_t pss_bytes;
    int64_t anon_bytes, file_bytes, shmem_bytes, kernel_bytes;
    int64_t unreclaimable_bytes;
    int64_t processes; /* how many WIRE_PROCESS records follow */
};

struct wire_process {
    int64_t pid;
    int64_t pss_bytes;
    int64_t hwm_bytes;
    int64_t basis;       /* enum pss_basis of the measurement: 0 measured, 1 estimated, 2 RSS */
    const char *command; /* the arguments, separated by blanks */
};

struct wire_end {
    int64_t exit_code; /* -1 where a signal ended it */
    int64_t signal;    /* 0: none */
    int64_t duration_ms;
    int64_t peak_bytes;       /* as in struct wire_stage, and so */
    int64_t ended_peak_bytes; /* is this */
    int64_t oom_kills;        /* -1 where the kernel does not count them */
    int64_t limit_hits;       /* memory.events:max, or v1's failcnt */
    int64_t pressure_some_us, pressure_full_us, refaults;
    int64_t samples, snapshots, vanished, unreadable;
    int64_t cpu_ms, rss_peak_bytes; /* of the probe itself */
    int64_t largest_process_bytes;  /* no process that was waited for was resident with more */
};

struct wire_process_sample {
    int64_t t_ms;
    int64_t pss_bytes; /* measured or estimated, as in the sample of that moment */
    /* The part of it that is charged as memory of processes: anonymous and shared memory, without
     * mapped files. -1: unknown. */
    int64_t charged_bytes;
    const char *command;
};

struct wire_first_seen {
    int64_t t_ms;
    int64_t stage;
};

struct wire_failure {
    const char *message;
};

/* A decoded frame. For WIRE_OUTPUT the bytes stand in `output`. Pointers reach into the payload. */
struct wire_record {
    enum wire_type type;
    union {
        struct wire_hello hello;
        struct wire_stage stage;
        struct wire_sample sample;
        struct wire_snapshot snapshot;
        struct wire_process process;
        struct wire_end end;
        struct wire_failure failure;
        struct wire_variable variable;
        struct wire_process_sample process_sample;
        struct wire_first_seen first_seen;
        struct {
            int stream;
            const char *bytes;
            size_t length;
        } output;
    };
};

/* Encodes `record` as one frame. Returns the frame's length, or 0 where `capacity` is too small. */
size_t wire_encode(const struct wire_record *record, uint8_t *frame, size_t capacity);

/* Decodes the frame at the start of `bytes`. Returns the bytes used; 0: more are needed;
 * -1: this is no frame of this version. `record` points into `bytes`. */
int64_t wire_decode(const uint8_t *bytes, size_t length, struct wire_record *record);

#endif
