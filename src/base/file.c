#include "base/file.h"

#include "base/alloc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int file_read(const char *path, size_t max_bytes, char **text, size_t *length, struct bm_error *err)
{
    int fd CLEANUP(cleanup_fd) = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0)
        return bm_error_errno(err, "%s", path);
    if (!S_ISREG(status.st_mode))
        return bm_error_set(err, "%s: not a regular file", path);

    char *content CLEANUP(cleanup_free) = NULL;
    size_t used = 0, capacity = (size_t)status.st_size + 1;
    for (;;) {
        /* Reads one byte more than allowed to detect a longer file: files of /proc have size 0. */
        if (capacity > max_bytes + 1)
            capacity = max_bytes + 1;
        if (used > max_bytes)
            return bm_error_set(err, "%s: larger than %zu bytes", path, max_bytes);
        content = xrealloc(content, capacity + 1);
        ssize_t got = read(fd, content + used, capacity - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return bm_error_errno(err, "%s", path);
        if (got == 0)
            break;
        used += (size_t)got;
        if (used == capacity)
            capacity *= 2;
    }
    content[used] = '\0';
    if (length)
        *length = used;
    *text = steal_ptr(content);
    return 0;
}

static int write_all(int fd, const char *data, size_t length)
{
    while (length) {
        ssize_t put = write(fd, data, length);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        data += put;
        length -= (size_t)put;
    }
    return 0;
}

/* Syncs the directory: only then is the rename on disk. */
static void sync_directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *directory CLEANUP(cleanup_free) =
        slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");
    int fd CLEANUP(cleanup_fd) = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        (void)fsync(fd);
}

int file_write_atomic(const char *path, const char *data, size_t length, struct bm_error *err)
{
    char *temporary CLEANUP(cleanup_free) = xasprintf("%s.XXXXXX", path);
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return bm_error_errno(err, "%s: cannot write beside it", path);

    /* A replaced file keeps its mode; a new file gets the mode that open(2) would give it. */
    struct stat old;
    mode_t mask = umask(0);
    umask(mask);
    mode_t mode = stat(path, &old) == 0 ? old.st_mode & 07777 : 0666 & ~mask;
    int failed = write_all(fd, data, length) < 0 || fchmod(fd, mode) < 0 || fsync(fd) < 0;
    int saved = errno;
    if (close(fd) < 0 && !failed) {
        failed = 1;
        saved = errno;
    }
    if (!failed && rename(temporary, path) < 0) {
        failed = 1;
        saved = errno;
    }
    if (failed) {
        unlink(temporary);
        errno = saved;
        return bm_error_errno(err, "%s: cannot write", path);
    }
    sync_directory_of(path);
    return 0;
}

char *file_beside_program(const char *relative)
{
    char self[PATH_MAX] = "";
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash = length > 0 ? strrchr(self, '/') : NULL;
    if (slash)
        *slash = '\0';
    return xasprintf("%s/%s", self, relative);
}

int file_lock_directory(const char *path, struct bm_error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return bm_error_errno(err, "%s", path);
    while (flock(fd, LOCK_EX) < 0 && errno == EINTR)
        continue;
    return fd;
}

int file_make_dirs(const char *path, struct bm_error *err)
{
    char *partial CLEANUP(cleanup_free) = xstrdup(path);
    for (char *slash = partial; slash;) {
        slash = strchr(slash + 1, '/');
        if (slash)
            *slash = '\0';
        if (mkdir(partial, 0777) < 0 && errno != EEXIST)
            return bm_error_errno(err, "%s: cannot create the directory", partial);
        if (slash)
            *slash = '/';
    }
    struct stat status;
    if (stat(path, &status) < 0)
        return bm_error_errno(err, "%s", path);
    if (!S_ISDIR(status.st_mode))
        return bm_error_set(err, "%s: not a directory", path);
    return 0;
}

/* Returns the current path of the open file, or NULL with errno. The caller owns it. */
static char *path_of_descriptor(int fd)
{
    char link[32], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path);
    if (length < 0)
        return NULL;
    if ((size_t)length == sizeof path) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    return xstrndup(path, (size_t)length);
}

static bool is_beneath(int root_fd, int fd)
{
    char *root CLEANUP(cleanup_free) = path_of_descriptor(root_fd);
    char *path CLEANUP(cleanup_free) = path_of_descriptor(fd);
    if (!root || !path)
        return false;
    size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);
    return strncmp(path, root, length) == 0 && (path[length] == '/' || !path[length]);
}

/* Opens with O_PATH first, which has no effect on the file, and checks its path. Unlike openat2(2),
 * this accepts a path that leaves the directory and returns to it. */
static int open_then_poll(int root_fd, const char *path, int flags)
{
    int found CLEANUP(cleanup_fd) =
        openat(root_fd, path, O_PATH | O_CLOEXEC | (flags & (O_NOFOLLOW | O_DIRECTORY)));
    if (found < 0)
        return -1;
    if (*path == '/' || !is_beneath(root_fd, found)) {
        errno = EXDEV;
        return -1;
    }
    if (flags & O_PATH)
        return fcntl(found, F_DUPFD_CLOEXEC, 0);
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", found);
    return open(link, (flags & ~O_NOFOLLOW) | O_CLOEXEC);
}

int file_open_beneath(int root_fd, const char *path, int flags)
{
    struct open_how how = {.flags = (unsigned)(flags | O_CLOEXEC), .resolve = RESOLVE_BENEATH};
    int fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof how);
    /* Old container engines refuse unknown system calls with EPERM. */
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        return open_then_poll(root_fd, path, flags);
    return fd;
}

int file_make_dirs_beneath(int root_fd, const char *path)
{
    char *partial CLEANUP(cleanup_free) = xstrdup(path);
    for (char *slash = partial; slash;) {
        slash = strchr(slash + 1, '/');
        if (slash)
            *slash = '\0';
        /* The parent was just found beneath the root. */
        if (mkdirat(root_fd, partial, 0777) < 0 && errno != EEXIST)
            return -1;
        int found CLEANUP(cleanup_fd) = file_open_beneath(root_fd, partial, O_PATH | O_DIRECTORY);
        if (found < 0)
            return -1;
        if (slash)
            *slash = '/';
    }
    return 0;
}

/* Removes the content of the directory `fd`, and closes it. Uses one descriptor per level. */
static int remove_entries(int fd)
{
    DIR *directory = fdopendir(fd);
    if (!directory) {
        close(fd);
        return -1;
    }
    int result = 0;
    struct dirent *entry;
    while (result == 0 && (errno = 0, entry = readdir(directory)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            result = file_remove_tree(fd, entry->d_name);
    if (result == 0 && errno)
        result = -1;
    int saved = errno;
    closedir(directory);
    errno = saved;
    return result;
}

int file_remove_tree(int dir_fd, const char *name)
{
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        if (errno == ENOENT)
            return 0;
        if (errno == ENOTDIR || errno == ELOOP)
            return unlinkat(dir_fd, name, 0);
        return -1;
    }
    if (remove_entries(fd) < 0)
        return -1;
    return unlinkat(dir_fd, name, AT_REMOVEDIR);
}
