/* Watches daemons that may do the work of the build outside of its cgroup (known_daemons.h): finds
 * their processes, and counts the CPU time that they use during the build.
 *
 * It reads /proc of this machine. A container reaches no daemon of a user, because it has a
 * network, processes and files of its own; then only the commands that ask a daemon are known. */
#ifndef BM_ENGINE_DAEMON_WATCH_H
#define BM_ENGINE_DAEMON_WATCH_H

#include "cgroup/cgroup.h"
#include "engine/engine.h"
#include "engine/known_daemons.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct watched_process; /* private */

struct daemon_watch {
    bool has_processes;  /* the build can reach processes of this machine */
    uid_t user;          /* of the build */
    struct cgroup build; /* the processes in it are measured; version 0: the runner's descendants */
    char *asked_by[DAEMON_IDS]; /* "docker build"; NULL: no command is known */
    bool disabled[DAEMON_IDS];  /* by an option or a variable of the build */
    struct watched_process *processes;
    size_t count;
    int64_t next_look_ms; /* of the monotonic clock */
    uint64_t begun_ticks; /* since boot */
};

/* Looks for daemons and commands before the build of the spec starts. The caller releases it. */
void daemon_watch_open(struct daemon_watch *watch, const struct engine *engine,
                       const struct engine_spec *spec);
/* For CLEANUP. */
void daemon_watch_release(struct daemon_watch *watch);

/* The build begins now, in this cgroup: counts CPU time from here. Version 0: as before. */
void daemon_watch_begin(struct daemon_watch *watch, const struct cgroup *build);
/* Looks again if it is time to: a daemon may end before the build does. Uses at most 0.1 % of a
 * CPU.
 */
void daemon_watch_poll(struct daemon_watch *watch);
/* Looks again: also for daemons that the build has started outside of its cgroup. */
void daemon_watch_look(struct daemon_watch *watch);
/* A process of the build was seen. `command_line`: its arguments, separated by blanks. */
void daemon_watch_client(struct daemon_watch *watch, const char *command_line);

/* A daemon outside of the cgroup of the build. */
struct found_daemon {
    enum daemon_id id;
    int64_t processes; /* that were seen; 0: only a command asks it */
    int64_t cpu_ms;    /* that they and their descendants used since daemon_watch_begin; UNMEASURED
                        * without processes */
    const char *asked_by; /* borrowed; may be NULL */
};
/* Stores the daemons in order of report, and returns their number. A daemon that the build has
 * disabled counts only if it used CPU time. */
size_t daemon_watch_found(const struct daemon_watch *watch, struct found_daemon found[DAEMON_IDS]);

#endif
