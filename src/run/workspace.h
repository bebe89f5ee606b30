/* The workspace: clears outputs before a build, and verifies the artifacts after it. */
#ifndef BM_RUN_WORKSPACE_H
#define BM_RUN_WORKSPACE_H

#include "base/error.h"
#include "measurement/measurement.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Removes files and trees. `paths` are relative to the repository. A path that leads out ("..", or
 * a link in it) is an error, and nothing outside is touched. A missing path is no error. */
int workspace_clear(const char *repo, const struct strv *paths, struct bm_error *err);

/* The start of a run, on the clock that sets the timestamps of its files. */
struct workspace_start {
    struct timespec since;
    int64_t lead_ns; /* the smallest value of realtime_lead_ns() so far */
};

/* Returns the current time as the start. If `out` is on the file system of the repository, this is
 * the timestamp of a new file there: a network file system uses the clock of another machine.
 * Otherwise it is the clock of this machine. */
struct workspace_start workspace_begin(const char *repo, const char *out);

/* Moves the start back if the clock was set back since the last call: files that are created later
 * must not count as old. Call it with each record. */
void workspace_watch_clock(struct workspace_start *start);

/* The state of an artifact at one moment. The state of a directory includes all files below it. */
struct artifact_state {
    bool exists;
    struct timespec newest; /* the newest inode change time */
    uint64_t changes;       /* a sum over inodes and change times, to compare two states */
};
struct artifact_state artifact_state_of(const char *repo, const char *path);

/* Adds the check "exit-status" to the measurement. */
void verify_build_end(struct measurement *m);

/* Adds the check of an artifact to the measurement. It passes if the artifact is inside the
 * repository, is not empty, differs from its state `before` the run, and its inode has changed
 * since `since`. A program can set the modification time to any value, but not the inode change
 * time. */
void verify_artifact(struct measurement *m, const char *repo, const char *path, bool required,
                     struct timespec since, const struct artifact_state *before);

#endif
