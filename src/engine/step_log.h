/* The output of an image builder: which RUN steps it began, by name, and which came from its cache.
 *
 * The names are those of BuildKit, "[2/3] RUN npm ci", whatever the builder prints:
 *
 *   classic builder   "Step 2/3 : RUN npm ci", then " ---> Running in 0123456789ab"
 *   Podman, Buildah   "STEP 2/3: RUN npm ci", or "[1/2] STEP 2/3: RUN npm ci"
 *   BuildKit          "#7 [2/3] RUN npm ci", or "#7 [build 2/3] RUN npm ci"
 *
 * Pure: it takes the text of the output. */
#ifndef BM_ENGINE_STEP_LOG_H
#define BM_ENGINE_STEP_LOG_H

#include <stdbool.h>
#include <stddef.h>

struct step_log;

struct step_log *step_log_new(void);
/* For CLEANUP. Accepts NULL. */
void step_log_free(struct step_log *log);

/* Adds a piece of the output of stream 1 or 2. */
void step_log_add(struct step_log *log, int stream, const char *bytes, size_t length);

/* Both return the name of the step that runs in a cgroup, and give it to no other one. NULL if the
 * output does not show it so far. Borrowed; valid until the log is released. */

/* Finds it by the container of the cgroup or, of builders that print none, by `command`: a command
 * line of the step, or "". */
const char *step_log_take(struct step_log *log, const char *cgroup, const char *command);
/* If each other cgroup has a name: takes the only step that has begun and has no cgroup yet.
 * `complete`: all output was added. BuildKit prints the begin of a step late, so before, another
 * step can have begun. */
const char *step_log_take_only(struct step_log *log, bool complete);

/* Returns the number of RUN steps that came from the cache. */
size_t step_log_cached(const struct step_log *log);

#endif
