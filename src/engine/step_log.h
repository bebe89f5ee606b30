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

/* The next two functions return the name of the step that runs in a cgroup, and mark the step, so
 * that no other cgroup gets its name. They return NULL if the output does not show the name yet.
 * Borrowed; valid until the log is freed. */

/* Finds the step by the id of its container, with which the last part of `cgroup` begins. If the
 * builder prints no ids, finds it by `command`: the command line of a process of the step, or "".
 */
const char *step_log_take(struct step_log *log, const char *cgroup, const char *command);
/* Call it only for the last cgroup without a name. Returns the only step that has begun and has no
 * cgroup. `complete`: all output was added. BuildKit prints the start of a step late, so its steps
 * are not returned before: another one can have begun unseen. */
const char *step_log_take_only(struct step_log *log, bool complete);

/* Returns the number of RUN steps that came from the cache. */
size_t step_log_cached(const struct step_log *log);

#endif
