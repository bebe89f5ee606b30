/* Starts, signals, reaps and finally kills the processes of the build. */
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

/* Starts the command with stdin from /dev/null. `sh_fallback`: if its program is missing, starts
 * `sh` with its arguments. Returns 0, or -1 with errno if it cannot be executed. */
int build_start(struct build *build, char **command, bool sh_fallback);

/* Reaps every child that has ended; as PID 1, the orphans too. */
void build_reap(struct build *build);

/* Returns the largest RSS of any reaped process and of the processes that those waited for, in
 * bytes (ru_maxrss of getrusage(2)). A forked child starts with the RSS of its parent. Returns -1
 * if getrusage fails. */
int64_t build_largest_process_bytes(void);

/* Sends the signal to the process group of the build. */
void build_signal(const struct build *build, int signal);

/* Kills and reaps every process of the build except the caller. As PID 1, these are all processes.
 * Otherwise they are those in `own`, a cgroup that holds only the build, or, if `own` is NULL, the
 * descendants of the caller. */
void build_kill_all(struct build *build, const struct cgroup *own);

#endif
