/* The exact peak of each stage: resets the kernel's counter between two stages.
 *
 * Most containers cannot write the counter; the runner may be able to from outside.
 * - cgroup v1: a write to memory.max_usage_in_bytes resets it for all readers. The peak of the
 *   build is then the highest of all values.
 * - cgroup v2 since Linux 6.12: a write to memory.peak resets the value that this descriptor reads.
 *   It also resets the unread peaks of other descriptors, so no other may write.
 * Source: Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst. */
#ifndef BM_ENGINE_STAGE_PEAKS_H
#define BM_ENGINE_STAGE_PEAKS_H

#include "cgroup/cgroup.h"

#include <stdint.h>

struct stage_peaks {
    int fd;      /* of the counter; -1: it cannot be reset here */
    int version; /* of the cgroup */
    int resets;  /* how often it was reset */
};
#define STAGE_PEAKS_NONE {.fd = -1}

/* Opens the counter if it is writable. Initialises `peaks`. */
void stage_peaks_open(struct stage_peaks *peaks, const struct cgroup *cgroup);

/* At the end of a stage: returns its peak in bytes and resets the counter. -1: not available. */
int64_t stage_peaks_take(struct stage_peaks *peaks);

/* At the end of the last stage: returns its peak in bytes, or -1. `probe_bytes` is the counter as
 * the probe read it at the end; it replaces the counter on v1 if the cgroup is removed. */
int64_t stage_peaks_last(const struct stage_peaks *peaks, int64_t probe_bytes);

/* Closes the counter; `resets` becomes 0. */
void stage_peaks_close(struct stage_peaks *peaks);

#endif
