/* A delegated scope of the user's service manager (systemd --user): a cgroup in which a user
 * without root may make further cgroups. */
#ifndef BM_ENGINE_USER_SCOPE_H
#define BM_ENGINE_USER_SCOPE_H

#include "base/error.h"

#include <stdbool.h>

/* Moves this process into a new scope NAME.scope of the invoking user's service manager, and waits
 * until it is there. The process stays what it is: pid, parent, terminal and signals do not change.
 * The manager removes the scope after its last process has ended. `name` is from
 * engine_unique_name. Returns -1 if the user has no service manager, or if it refuses. */
int user_scope_enter(const char *name, struct bm_error *err);

/* Returns whether the text of /proc/PID/cgroup shows a process in the scope `name` of cgroup v2,
 * or below it. */
bool user_scope_contains(const char *text, const char *name);

#endif
