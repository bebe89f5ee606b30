/* The build's workspace: what is cleared before the run, and what must stand there after it. */
#ifndef BM_RUN_WORKSPACE_H
#define BM_RUN_WORKSPACE_H

#include "base/error.h"
#include "measurement/measurement.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Removes the paths (relative to the repo), whole trees too. A path that leads out of the repo
 * ("..", a link on the way) is an error and nothing outside is touched; a missing one is none. */
int workspace_clear(const char *repo, const struct strv *paths, struct bm_error *err);

/* When a run began, in the time that its files are dated with. */
struct workspace_start {
    struct timespec since;
    int64_t lead_ns; /* of the clock that can be set before the one that cannot, the least seen */
};

/* Now is the start. `out` is a directory of ours: where it is on the file system of the repo, a
 * file that is made and removed there tells that file system's own idea of now, which over a
 * network is another machine's; else this machine's clock counts. */
struct workspace_start workspace_begin(const char *repo, const char *out);

/* To be called again and again during the run: the start moves along where the clock is set back,
 * so that what is made after that is not taken for old. */
void workspace_watch_clock(struct workspace_start *start);

/* An artifact at one moment; in a directory of all that lies below it. */
struct artifact_state {
    bool exists;
    struct timespec newest; /* change */
    uint64_t changes;       /* the sum of what tells them apart */
};
struct artifact_state artifact_state_of(const char *repo, const char *path);

/* Adds the checks of the build's end and of an artifact to the measurement. An artifact is good
 * when it lies inside the repo, is not empty, is not as it was `before`, and its inode changed
 * since `since`: unlike the modification time that cannot be set at will, so an old file cannot
 * pass for a new one. */
void verify_build_end(struct measurement *m);
void verify_artifact(struct measurement *m, const char *repo, const char *path, bool required,
                     struct timespec since, const struct artifact_state *before);

#endif
