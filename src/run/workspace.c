#include "run/workspace.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/trace.h"
#include "base/units.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)

static int clear_one(int repo_fd, const char *path)
{
    char *copy CLEANUP(cleanup_free) = xstrdup(path);
    size_t length = strlen(copy);
    while (length && copy[length - 1] == '/')
        copy[--length] = '\0';
    char *slash = strrchr(copy, '/');
    const char *parent = ".", *name = copy;
    if (slash) {
        *slash = '\0';
        parent = copy;
        name = slash + 1;
    }
    int parent_fd CLEANUP(cleanup_fd) = file_open_beneath(repo_fd, parent, O_RDONLY | O_DIRECTORY);
    if (parent_fd < 0)
        return errno == ENOENT ? 0 : -1;
    return file_remove_tree(parent_fd, name);
}

int workspace_clear(const char *repo, const struct strv *paths, struct bm_error *err)
{
    int repo_fd CLEANUP(cleanup_fd) = open(repo, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (repo_fd < 0)
        return bm_error_errno(err, "%s", repo);
    for (size_t i = 0; i < paths->count; i++) {
        trace("clear: removing %s", paths->items[i]);
        if (clear_one(repo_fd, paths->items[i]) < 0) {
            if (errno == EXDEV)
                return bm_error_set(err, "cannot clear %s: the path leads out of the repository %s",
                                    paths->items[i], repo);
            return bm_error_errno(err, "cannot clear %s", paths->items[i]);
        }
    }
    return 0;
}

/* Returns false if `out` is not on the file system of the repository, or is not writable. */
static bool date_of_new_file(const char *repo, const char *out, struct timespec *date)
{
    char *path CLEANUP(cleanup_free) = xasprintf("%s/clock.XXXXXX", out);
    int fd CLEANUP(cleanup_fd) = mkostemp(path, O_CLOEXEC);
    struct stat file, root;
    if (fd < 0)
        return false;
    (void)unlink(path);
    if (fstat(fd, &file) < 0 || stat(repo, &root) < 0 || file.st_dev != root.st_dev)
        return false;
    *date = file.st_ctim;
    return true;
}

struct workspace_start workspace_begin(const char *repo, const char *out)
{
    struct workspace_start start = {.lead_ns = realtime_lead_ns()};
    if (!date_of_new_file(repo, out, &start.since))
        start.since = file_time_now();
    return start;
}

void workspace_watch_clock(struct workspace_start *start)
{
    int64_t lead_ns = realtime_lead_ns();
    if (lead_ns >= start->lead_ns)
        return;
    int64_t since_ns = timespec_ns(start->since) - (start->lead_ns - lead_ns);
    start->since = (struct timespec){.tv_sec = since_ns / NS_PER_S, .tv_nsec = since_ns % NS_PER_S};
    start->lead_ns = lead_ns;
}

static struct verify_check *add_check(struct measurement *m, const char *check, const char *path,
                                      bool required)
{
    m->checks = xgrow(m->checks, m->check_count, sizeof *m->checks);
    struct verify_check *added = &m->checks[m->check_count++];
    *added = (struct verify_check){
        .check = xstrdup(check), .path = path ? xstrdup(path) : NULL, .required = required};
    return added;
}

void verify_build_end(struct measurement *m)
{
    const struct build_end *build = &m->build;
    struct verify_check *check = add_check(m, "exit-status", NULL, true);
    check->ok = build->exit_code == 0 && !build->signal && !build->timed_out && !build->oom_killed;
    if (build->timed_out)
        check->detail = xstrdup("timed out");
    else if (build->oom_killed)
        check->detail = build->exit_code == 0
                            ? xstrdup("exit 0, but the kernel killed a process for lack of memory")
                            : xstrdup("the kernel killed a process for lack of memory");
    else if (build->signal)
        check->detail = xasprintf("ended by signal %lld (%s)", (long long)build->signal,
                                  strsignal((int)build->signal));
    else if (build->exit_code < 0)
        check->detail = xstrdup("the exit status is unknown");
    else
        check->detail = xasprintf("exit %lld", (long long)build->exit_code);
}

static bool earlier(struct timespec a, struct timespec b)
{
    return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

/* Visits a directory with all that is below it, without following links: a file that is overwritten
 * in place does not change the directory itself. nftw(3) has no argument for a context. */
static struct artifact_state walked;
static int note_change(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)path, (void)type, (void)walk;
    if (earlier(walked.newest, status->st_ctim))
        walked.newest = status->st_ctim;
    /* A sum does not depend on the order in which a directory is read. */
    walked.changes += (uint64_t)status->st_ino + (uint64_t)timespec_ns(status->st_ctim);
    return 0;
}

static struct artifact_state walk_artifact(int fd, const struct stat *status)
{
    char path[64];
    walked = (struct artifact_state){.exists = true};
    /* "/." makes nftw follow the link of the descriptor. */
    snprintf(path, sizeof path, "/proc/self/fd/%d/.", fd);
    (void)note_change(NULL, status, 0, NULL);
    if (S_ISDIR(status->st_mode))
        (void)nftw(path, note_change, 32, FTW_PHYS | FTW_MOUNT);
    return walked;
}

/* Returns a descriptor, or -1 with errno. */
static int open_artifact(const char *repo, const char *path, struct stat *status)
{
    int repo_fd CLEANUP(cleanup_fd) = open(repo, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = repo_fd < 0 ? -1 : file_open_beneath(repo_fd, path, O_PATH);
    if (fd < 0 || fstat(fd, status) == 0)
        return fd;
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

struct artifact_state artifact_state_of(const char *repo, const char *path)
{
    struct stat status;
    struct artifact_state absent = {0};
    int fd CLEANUP(cleanup_fd) = open_artifact(repo, path, &status);
    return fd < 0 ? absent : walk_artifact(fd, &status);
}

static bool is_new(const struct artifact_state *now, const struct artifact_state *before,
                   struct timespec since)
{
    bool same = before->exists && before->changes == now->changes;
    return !same && !earlier(now->newest, since);
}

static char *artifact_fault(const char *repo, const char *path, struct timespec since,
                            const struct artifact_state *before, struct stat *status)
{
    int fd CLEANUP(cleanup_fd) = open_artifact(repo, path, status);
    if (fd < 0) {
        if (errno == ENOENT)
            return xstrdup("missing");
        if (errno == EXDEV)
            return xstrdup("a link that leads out of the repository");
        return xstrdup(strerror(errno));
    }
    if (!S_ISREG(status->st_mode) && !S_ISDIR(status->st_mode))
        return xstrdup("neither a file nor a directory");
    if (S_ISREG(status->st_mode) && status->st_size == 0)
        return xstrdup("empty");
    const struct artifact_state now = walk_artifact(fd, status);
    if (!is_new(&now, before, since))
        return xstrdup("stale: it is older than this run");
    return NULL;
}

void verify_artifact(struct measurement *m, const char *repo, const char *path, bool required,
                     struct timespec since, const struct artifact_state *before)
{
    struct stat status = {0};
    struct verify_check *check = add_check(m, "artifact", path, required);
    char *fault = artifact_fault(repo, path, since, before, &status);
    check->ok = !fault;
    if (fault) {
        check->detail = fault;
    } else if (S_ISDIR(status.st_mode)) {
        check->detail = xstrdup("directory");
    } else {
        check->detail = format_bytes(status.st_size);
    }
}
