#include "run/reuse.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/trace.h"
#include "run/workspace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

/* All functions here return 0, or -1 with errno. */

/* Only root can give a file to another owner; then a failure matters. */
static int set_owner(int fd, const struct stat *status)
{
    return geteuid() == 0 ? fchown(fd, status->st_uid, status->st_gid) : 0;
}

static int set_attributes(int fd, const struct stat *status)
{
    const struct timespec times[] = {status->st_atim, status->st_mtim};
    return set_owner(fd, status) < 0 || fchmod(fd, status->st_mode & 07777) < 0 ||
                   futimens(fd, times) < 0
               ? -1
               : 0;
}

static int copy_content(int from, int to, off_t size)
{
    while (size > 0) {
        ssize_t sent = sendfile(to, from, NULL, size > INT_MAX ? INT_MAX : (size_t)size);
        if (sent <= 0)
            return -1;
        size -= sent;
    }
    return 0;
}

/* Makes the file anew: with shared blocks, or with `whole`, with a copy of its content. */
static int clone_file(int from_dir, int to_dir, const char *name, const struct stat *status,
                      bool whole)
{
    int from CLEANUP(cleanup_fd) = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int to CLEANUP(cleanup_fd) =
        from < 0 ? -1 : openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (to < 0)
        return -1;
    if ((whole ? copy_content(from, to, status->st_size) : ioctl(to, FICLONE, from)) == 0 &&
        set_attributes(to, status) == 0)
        return 0;
    int reason = errno;
    (void)unlinkat(to_dir, name, 0);
    errno = reason;
    return -1;
}

/* `can_clone`: whether the file system has shown that it can share blocks, or has not been tried
 * yet. */
static int copy_file(int from_dir, int to_dir, const char *name, const struct stat *status,
                     bool *can_clone)
{
    if (*can_clone && clone_file(from_dir, to_dir, name, status, false) == 0)
        return 0;
    *can_clone = false;
    if (linkat(from_dir, name, to_dir, name, 0) == 0)
        return 0;
    return errno == EXDEV || errno == EPERM || errno == EMLINK
               ? clone_file(from_dir, to_dir, name, status, true)
               : -1;
}

static int copy_link(int from_dir, int to_dir, const char *name)
{
    char target[PATH_MAX];
    ssize_t length = readlinkat(from_dir, name, target, sizeof target - 1);
    if (length < 0)
        return -1;
    target[length] = '\0';
    return symlinkat(target, to_dir, name);
}

static int copy_entry(int from_dir, int to_dir, const char *name, bool *can_clone);

/* Copies what is in the directory. */
static int copy_entries(int from, int to, bool *can_clone)
{
    int copy = fcntl(from, F_DUPFD_CLOEXEC, 0);
    DIR *directory = copy < 0 ? NULL : fdopendir(copy);
    struct dirent *entry;
    int result = 0;
    if (!directory)
        return -1;
    while (result == 0 && (errno = 0, entry = readdir(directory)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            result = copy_entry(from, to, entry->d_name, can_clone);
    int reason = errno;
    closedir(directory);
    errno = reason;
    return result < 0 || reason ? -1 : 0;
}

static int copy_directory(int from_dir, int to_dir, const char *name, const struct stat *status,
                          bool *can_clone)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int from CLEANUP(cleanup_fd) = openat(from_dir, name, flags);
    if (from < 0 || mkdirat(to_dir, name, 0700) < 0)
        return -1;
    int to CLEANUP(cleanup_fd) = openat(to_dir, name, flags);
    return to < 0 || copy_entries(from, to, can_clone) < 0 ? -1 : set_attributes(to, status);
}

static int copy_entry(int from_dir, int to_dir, const char *name, bool *can_clone)
{
    struct stat status;
    if (interrupt_signal()) {
        errno = EINTR;
        return -1;
    }
    if (fstatat(from_dir, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return -1;
    if (S_ISDIR(status.st_mode))
        return copy_directory(from_dir, to_dir, name, &status, can_clone);
    if (S_ISLNK(status.st_mode))
        return copy_link(from_dir, to_dir, name);
    /* Sockets and pipes belong to running processes. */
    return S_ISREG(status.st_mode) ? copy_file(from_dir, to_dir, name, &status, can_clone) : 0;
}

static int reuse_one(int from, int to, const char *path, bool *can_clone)
{
    char *parent CLEANUP(cleanup_free) = xstrdup(path);
    size_t length = strlen(parent);
    while (length && parent[length - 1] == '/')
        parent[--length] = '\0';
    char *slash = strrchr(parent, '/');
    char *name CLEANUP(cleanup_free) = xstrdup(slash ? slash + 1 : parent);
    if (slash)
        *slash = '\0';
    const char *directory = slash ? parent : ".";
    /* Refuses a link at the end of the path that leads out. */
    int found CLEANUP(cleanup_fd) = file_open_beneath(from, path, O_PATH);
    int from_dir CLEANUP(cleanup_fd) =
        found < 0 ? -1 : file_open_beneath(from, directory, O_RDONLY | O_DIRECTORY);
    if (from_dir < 0 || (slash && file_make_dirs_beneath(to, directory) < 0))
        return -1;
    int to_dir CLEANUP(cleanup_fd) = file_open_beneath(to, directory, O_RDONLY | O_DIRECTORY);
    return to_dir < 0 ? -1 : copy_entry(from_dir, to_dir, name, can_clone);
}

/* Returns 0, or -1 with errno; then `*culprit`, which the caller owns, is the path that failed. */
static int reuse_matches(int from, int to, const char *pattern, bool *can_clone, char **culprit)
{
    struct strv found CLEANUP(strv_release) = {0};
    int result = workspace_find(from, pattern, &found);
    if (result == 0 && !found.count) {
        errno = ENOENT;
        result = -1;
    }
    for (size_t i = 0; i < found.count && result == 0; i++) {
        result = reuse_one(from, to, found.items[i], can_clone);
        if (result < 0)
            *culprit = xstrdup(found.items[i]);
        else
            trace("reuse: copied %s%s", found.items[i], *can_clone ? " with shared blocks" : "");
    }
    return result;
}

int reuse_paths(const char *from, const char *to, const struct strv *paths, struct bm_error *err)
{
    int from_fd CLEANUP(cleanup_fd) = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int to_fd CLEANUP(cleanup_fd) = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (from_fd < 0 || to_fd < 0)
        return bm_error_errno(err, "%s", from_fd < 0 ? from : to);
    bool can_clone = true;
    for (size_t i = 0; i < paths->count; i++) {
        char *culprit CLEANUP(cleanup_free) = NULL;
        if (reuse_matches(from_fd, to_fd, paths->items[i], &can_clone, &culprit) == 0)
            continue;
        const char *path = culprit ? culprit : paths->items[i];
        if (errno == EXDEV)
            return bm_error_set(err, "cannot reuse %s: the path leads out of the repository %s",
                                path, from);
        if (errno == EEXIST)
            return bm_error_set(err,
                                "cannot reuse %s: it is in the merge base already; name only "
                                "untracked paths",
                                path);
        if (errno == ENOENT)
            return bm_error_set(err,
                                "cannot reuse %s: %s does not have it; make it first, or remove "
                                "it from \"reuse\" in build-mem.json",
                                path, from);
        return bm_error_errno(err, "cannot reuse %s", path);
    }
    return 0;
}
