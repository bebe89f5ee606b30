/* The build's processes: started, signalled, reaped, and all gone at the end. */
#ifndef BM_PROBE_BUILD_H
#define BM_PROBE_BUILD_H

#include "cgroup/cgroup.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct build {
    pid_t pid;     /* its first process, leader of its session and process group */
    int output[2]; /* read ends of its stdout and stderr; -1 once they are closed */
    bool ended;
    int wait_status; /* of the first process, once ended */
};

/* Starts the command with stdin from /dev/null. Returns 0, or -1 with errno where it cannot be
 * executed. */
int build_start(struct build *build, char *const *command);

/* Collects every child that has ended (as PID 1 also the orphans). */
void build_reap(struct build *build);

/* The most that any one process was ever resident with, of those that were collected and those that
 * they waited for, however short they lived. A child starts with what its parent has: the parent's
 * figure stands for it. */
int64_t build_largest_process_bytes(void);

/* Sends the signal to the build's process group. */
void build_signal(const struct build *build, int signal);

/* Kills every process of the build but the caller, and collects them. As PID 1 that is everything;
 * else those of `own`, a cgroup that holds nothing but the build; where that is NULL, the caller's
 * descendants. */
void build_kill_all(struct build *build, const struct cgroup *own);

#endif
