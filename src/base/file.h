/* Files: read whole, written whole or not at all, and reached without leaving a directory. */
#ifndef BM_BASE_FILE_H
#define BM_BASE_FILE_H

#include "base/error.h"

#include <stddef.h>

/* Reads all of a regular file. `*text` is owned by the caller and ended by NUL; `*length`, where
 * asked for, counts the bytes before it. A file longer than `max_bytes` is an error. */
int file_read(const char *path, size_t max_bytes, char **text, size_t *length,
              struct bm_error *err);

/* Writes the file so that a reader, a crash or a full disk sees the old content or the new one:
 * a temporary file beside it, fsync, rename. On failure the old file stands and nothing is left. */
int file_write_atomic(const char *path, const char *data, size_t length, struct bm_error *err);

/* Locks the directory until the returned descriptor is closed, against all who lock it so; waits
 * for them. -1 on error. Some network file systems have no such lock: there it is not held. */
int file_lock_directory(const char *path, struct bm_error *err);

/* Creates the directory and its missing parents. */
int file_make_dirs(const char *path, struct bm_error *err);

/* Opens `path` below the directory `root_fd` and never outside of it: "..", absolute paths and
 * links that lead out fail with EXDEV (openat2(2), RESOLVE_BENEATH; where a sandbox or an old
 * kernel has no such call, what was opened is looked at before it is used). Returns a descriptor
 * or -1 with errno. `flags` as for open(2) but without O_CREAT; O_CLOEXEC is added. */
int file_open_beneath(int root_fd, const char *path, int flags);

/* Creates the directory and its missing parents below the directory `root_fd` and never outside of
 * it, as above. Returns 0, or -1 with errno. */
int file_make_dirs_beneath(int root_fd, const char *path);

/* Removes a file or a whole tree `name` in the directory `dir_fd`; links are removed, not
 * followed. A missing one is no error. Returns 0, or -1 with errno. */
int file_remove_tree(int dir_fd, const char *name);

#endif
