/* The build's workspace: what is cleared before the run, and what must stand there after it. */
#ifndef BM_MEASUREMENT_WORKSPACE_H
#define BM_MEASUREMENT_WORKSPACE_H

#include "base/error.h"
#include "measurement/measurement.h"

#include <time.h>

/* Removes the paths (relative to the repo), whole trees too. A path that leads out of the repo
 * ("..", a link on the way) is an error and nothing outside is touched; a missing one is none. */
int workspace_clear(const char *repo, const struct strv *paths, struct bm_error *err);

/* The file system's idea of now: what the kernel would write as a change time at this moment. */
struct timespec workspace_now(void);

/* Adds the checks of the build's end and of an artifact to the measurement. An artifact is good
 * when it lies inside the repo, is not empty, and its inode changed since `since`: unlike the
 * modification time that cannot be set at will, so an old file cannot pass for a new one. */
void verify_build_end(struct measurement *m);
void verify_artifact(struct measurement *m, const char *repo, const char *path, bool required,
                     struct timespec since);

#endif
