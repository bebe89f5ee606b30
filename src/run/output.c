#include "run/output.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has_dotdot(const char *path)
{
    for (const char *part = path; (part = strstr(part, "..")); part += 2)
        if ((part == path || part[-1] == '/') && (part[2] == '/' || !part[2]))
            return true;
    return false;
}

/* Returns the path from the repository if it is inside by its name, else NULL. Borrowed from
 * `path`. */
static const char *name_in_repo(const struct config *config, const char *path)
{
    if (has_dotdot(path))
        return NULL;
    if (*path != '/')
        return path;
    char *repo CLEANUP(cleanup_free) = realpath(config->repo, NULL);
    size_t length = repo ? strlen(repo) : 0;
    if (!repo || strncmp(path, repo, length) != 0 || path[length] != '/')
        return NULL;
    return path + length + strspn(path + length, "/");
}

static int refuse(const struct config *config, const char *path, struct bm_error *err)
{
    if (errno != EXDEV)
        return bm_error_errno(err, "%s", path);
    return bm_error_set(err,
                        "%s: a link in the path leads out of the repository %s: remove the link, "
                        "or use the path that it leads to",
                        path, config->repo);
}

static int open_repo(const struct config *config, struct bm_error *err)
{
    int fd = open(config->repo, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? bm_error_errno(err, "--repo %s", config->repo) : fd;
}

char *output_make(const struct config *config, struct bm_error *err)
{
    char *out CLEANUP(cleanup_free) = config_in_repo(config, config->out);
    const char *inner = name_in_repo(config, config->out);
    if (!inner)
        return file_make_dirs(out, err) < 0 ? NULL : steal_ptr(out);
    int repo CLEANUP(cleanup_fd) = open_repo(config, err);
    if (repo < 0)
        return NULL;
    if (file_make_dirs_beneath(repo, inner) < 0) {
        refuse(config, out, err);
        return NULL;
    }
    return steal_ptr(out);
}

int output_check_file(const struct config *config, const char *path, struct bm_error *err)
{
    const char *inner = name_in_repo(config, path);
    const char *slash = inner ? strrchr(inner, '/') : NULL;
    if (!slash)
        return 0;
    int repo CLEANUP(cleanup_fd) = open_repo(config, err);
    if (repo < 0)
        return -1;
    char *directory CLEANUP(cleanup_free) = xstrndup(inner, (size_t)(slash - inner));
    int found CLEANUP(cleanup_fd) = file_open_beneath(repo, directory, O_PATH | O_DIRECTORY);
    /* The writer creates a missing directory, or reports it. */
    return found < 0 && errno != ENOENT ? refuse(config, path, err) : 0;
}

char *output_numbered_label(const char *label, size_t number)
{
    return xasprintf("%s-%zu", label, number);
}

int output_remove_old(char *path, struct bm_error *err)
{
    char *old CLEANUP(cleanup_free) = path;
    if (unlink(old) == 0 || errno == ENOENT)
        return 0;
    return bm_error_errno(err, "%s is the report of an earlier run and cannot be replaced", old);
}

/* "LABEL-N" can also be the label of another command, which writes a page, too. */
int output_remove_numbered(const char *out, const char *label, struct bm_error *err)
{
    for (size_t i = 1; i <= MAX_RUNS; i++) {
        char *numbered CLEANUP(cleanup_free) = output_numbered_label(label, i);
        char *page CLEANUP(cleanup_free) = xasprintf("%s/report-%s.html", out, numbered);
        if (access(page, F_OK) == 0)
            continue;
        if (output_remove_old(xasprintf("%s/result-%s.json", out, numbered), err) < 0)
            return -1;
    }
    return 0;
}

/* Takes the lock. Returns 0 also if the file system has no locks, and -1 if another process has it;
 * then `lock` describes the holder. It is a POSIX lock (fcntl(2)): the kernel drops it with its
 * process, and the content of the file does not matter. */
static int lock_file(int fd, struct flock *lock)
{
    const struct flock wanted = *lock;
    do {
        *lock = wanted;
        if (fcntl(fd, F_SETLK, lock) == 0 || (errno != EACCES && errno != EAGAIN))
            return 0;
        /* The holder may have ended between the two calls. */
    } while (fcntl(fd, F_GETLK, lock) < 0 || lock->l_type == F_UNLCK);
    return -1;
}

static int refuse_label(const char *out, const char *label, const struct flock *held,
                        struct bm_error *err)
{
    /* A process of another container or machine has no pid here. */
    char *holder CLEANUP(cleanup_free) =
        held->l_pid > 0 ? xasprintf("process %d", (int)held->l_pid) : xstrdup("another process");
    char *its_label CLEANUP(cleanup_free) =
        held->l_len == 1 ? output_numbered_label(label, (size_t)held->l_start) : xstrdup(label);
    return bm_error_set(err,
                        "%s already measures with the label %s in %s: wait for it to end, or set "
                        "another --label",
                        holder, its_label, out);
}

/* The whole file lock-LABEL is the lock of LABEL; its byte N is the lock of "LABEL-N". */
static int lock_label(const char *out, const char *label, struct flock lock, struct bm_error *err)
{
    char *path CLEANUP(cleanup_free) = xasprintf("%s/lock-%s", out, label);
    /* The descriptor stays open: its close would release the lock. */
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    if (fd < 0)
        return bm_error_errno(err, "%s", path);
    if (lock_file(fd, &lock) < 0)
        return refuse_label(out, label, &lock, err);
    trace("lock: holding %s", path);
    return 0;
}

/* Parses a label of the form "LABEL-N": returns the place of its "-" and sets `*number`; else NULL.
 */
static const char *number_of(const char *label, size_t *number)
{
    const char *dash = strrchr(label, '-');
    if (!dash || dash == label || dash[1] < '1' || strlen(dash + 1) > 9 ||
        dash[1 + strspn(dash + 1, "0123456789")])
        return NULL;
    *number = strtoul(dash + 1, NULL, 10);
    return dash;
}

int output_lock(const struct config *config, int *status, struct bm_error *err)
{
    *status = EXIT_USAGE;
    char *out CLEANUP(cleanup_free) = output_make(config, err);
    if (!out)
        return -1;
    *status = EXIT_UNMEASURED;
    const struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (lock_label(out, config->label, all, err) < 0)
        return -1;
    size_t number;
    const char *dash = number_of(config->label, &number);
    if (!dash)
        return 0;
    struct flock one = all;
    one.l_start = (off_t)number;
    one.l_len = 1;
    char *series CLEANUP(cleanup_free) = xstrndup(config->label, (size_t)(dash - config->label));
    return lock_label(out, series, one, err);
}
