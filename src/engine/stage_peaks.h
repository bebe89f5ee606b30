/* The exact peak of each stage, by resetting the kernel's counter between them.
 *
 * In most containers the counter is read-only; the runner may be able to write it from outside.
 * v1: writing memory.max_usage_in_bytes resets it for all readers, so that the build's peak is the
 * highest of all values. v2 since 6.12: a write to memory.peak resets what this one descriptor
 * reads, and with it the unread peaks of others, so that there must be no other that writes. */
#ifndef BM_ENGINE_STAGE_PEAKS_H
#define BM_ENGINE_STAGE_PEAKS_H

#include "cgroup/cgroup.h"

#include <stdint.h>
#include <sys/types.h>

struct stage_peaks {
    int fd;      /* -1: the counter can't be reset here */
    int version; /* of the cgroup */
    int resets;
};
#define STAGE_PEAKS_NONE {.fd = -1}

/* Opens the counter where it may be written. */
void stage_peaks_open(struct stage_peaks *peaks, const struct cgroup *cgroup);
/* A stage ends: the peak since the last one ended, and a reset. -1 where that is not to be had. */
int64_t stage_peaks_take(struct stage_peaks *peaks);
/* The last stage has ended: its peak. `own_bytes` is what the probe itself read at its end. */
int64_t stage_peaks_last(const struct stage_peaks *peaks, int64_t own_bytes);
void stage_peaks_close(struct stage_peaks *peaks);

/* Finds the cgroup of the probe that this machine knows as `pid`, and makes sure that it is one:
 * in a container, or with an engine on another machine, that number can be anything. */
int probe_cgroup(pid_t pid, const char *command, struct cgroup *cgroup);

#endif
