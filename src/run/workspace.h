/* The workspace: clears outputs before a build, and verifies the artifacts after it. */
#ifndef BM_RUN_WORKSPACE_H
#define BM_RUN_WORKSPACE_H

#include "base/error.h"
#include "base/strv.h"
#include "measurement/measurement.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Removes files and trees. `paths` are relative to the repository. In a path, "*" stands for any
 * characters of a name and "?" for one, except for a leading "."; all other characters, as those of
 * "[slug]", are literal. A path that leads out ("..", or a link in it) is an error, and nothing
 * outside is touched. A missing path is no error. */
int workspace_clear(const char *repo, const struct strv *paths, struct bm_error *err);

/* Appends the path itself, or with wildcards as those of workspace_clear the paths that exist,
 * sorted. `repo_fd` is the repository. Returns 0, or -1 with errno: EXDEV if a link leads out. */
int workspace_find(int repo_fd, const char *path, struct strv *found);

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

/* The files of one artifact at one moment: those that match its path, or the path itself if it has
 * no wildcard. None if the files cannot be listed. */
struct artifact_files {
    struct strv paths;             /* relative to the repository */
    struct artifact_state *states; /* owned; one for each path */
};
struct artifact_files artifact_find(const char *repo, const char *path);
void artifact_files_release(struct artifact_files *files);

/* Adds the check "exit-status" to the measurement. */
void verify_build_end(struct measurement *m);

/* Adds the check of an artifact that an engine has looked at: an image, or a path in it. */
void verify_built(struct measurement *m, const char *path, bool required, bool ok,
                  const char *detail);

/* Adds the check of an artifact to the measurement. It passes if the artifact is inside the
 * repository, is not empty, differs from its state `before` the run, and its inode has changed
 * since `since`. A program can set the modification time to any value, but not the inode change
 * time. If the path has a wildcard, one such file is enough. */
void verify_artifact(struct measurement *m, const char *repo, const char *path, bool required,
                     struct timespec since, const struct artifact_files *before);

#endif
