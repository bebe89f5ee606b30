/* Reads files whole, replaces them atomically, and opens paths that cannot leave a directory. */
#ifndef BM_BASE_FILE_H
#define BM_BASE_FILE_H

#include "base/error.h"

#include <stddef.h>

/* Reads all of a regular file. The caller owns `*text`, which ends with NUL. `*length`, if not
 * NULL, receives the number of bytes before it. A file longer than `max_bytes` is an error. */
int file_read(const char *path, size_t max_bytes, char **text, size_t *length,
              struct bm_error *err);

/* Replaces the content of the file at once: writes a temporary file beside it, calls fsync, and
 * renames it. After a failure or a crash, the file has its old content or the new one. A failure
 * leaves no temporary file. */
int file_write_atomic(const char *path, const char *data, size_t length, struct bm_error *err);

/* Returns `relative`, resolved from the directory of the running program, such as
 * "../share/build-mem". The caller owns it. */
char *file_beside_program(const char *relative);

/* Takes an exclusive lock on the directory; waits if another process has it. Returns a descriptor,
 * or -1. Closing the descriptor releases the lock. Some network file systems have no such lock:
 * then the function succeeds without one. */
int file_lock_directory(const char *path, struct bm_error *err);

/* Creates the directory and its missing parents. */
int file_make_dirs(const char *path, struct bm_error *err);

/* Opens `path` below the directory `root_fd`, never outside of it. "..", absolute paths and links
 * that lead out fail with EXDEV (openat2(2), RESOLVE_BENEATH). If the kernel has no openat2, the
 * function checks the path of the opened file instead. `flags` are those of open(2) without
 * O_CREAT; O_CLOEXEC is added. Returns a descriptor, or -1 with errno. */
int file_open_beneath(int root_fd, const char *path, int flags);

/* Creates the directory and its missing parents below the directory `root_fd`, never outside of it.
 * Returns 0, or -1 with errno. */
int file_make_dirs_beneath(int root_fd, const char *path);

/* Removes the file or the tree `name` in the directory `dir_fd`. Links are removed, not followed. A
 * missing file is not an error. Returns 0, or -1 with errno. */
int file_remove_tree(int dir_fd, const char *name);

#endif
