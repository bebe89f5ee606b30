#include "run/workspace.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/trace.h"
#include "base/units.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)

/* ---- wildcards ---- */

static bool has_wildcard(const char *path)
{
    return strpbrk(path, "*?") != NULL;
}

/* Escapes what fnmatch(3) would read as more than a character: "[slug]" is the name of a directory
 * in many Next.js projects. */
static char *level_pattern(const char *level, size_t length)
{
    char *pattern = xcalloc(2, length + 1), *to = pattern;
    for (size_t i = 0; i < length; i++) {
        if (level[i] == '[' || level[i] == '\\')
            *to++ = '\\';
        *to++ = level[i];
    }
    return pattern;
}

static int match_below(int repo_fd, const char *base, const char *rest, struct strv *found);

/* Matches the entries of the directory `base` with one level of the path, and goes on with `rest`
 * below each of them. */
static int match_entries(int repo_fd, const char *base, const char *pattern, const char *rest,
                         struct strv *found)
{
    int fd = file_open_beneath(repo_fd, *base ? base : ".", O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
    DIR *directory = fdopendir(fd);
    int result = 0;
    for (struct dirent *entry; result == 0 && (entry = readdir(directory));) {
        if (fnmatch(pattern, entry->d_name, FNM_PERIOD) != 0)
            continue;
        char *path CLEANUP(cleanup_free) =
            xasprintf("%s%s%s", base, *base ? "/" : "", entry->d_name);
        result = match_below(repo_fd, path, rest, found);
    }
    int reason = errno;
    closedir(directory);
    errno = reason;
    return result;
}

/* `base` is the part of the path that is already matched: "" is the repository. */
static int match_below(int repo_fd, const char *base, const char *rest, struct strv *found)
{
    rest += strspn(rest, "/");
    if (!*rest) {
        int fd CLEANUP(cleanup_fd) = file_open_beneath(repo_fd, base, O_PATH | O_NOFOLLOW);
        if (fd >= 0)
            strv_push(found, base);
        return fd >= 0 || errno == ENOENT || errno == ENOTDIR ? 0 : -1;
    }
    size_t length = strcspn(rest, "/");
    char *level CLEANUP(cleanup_free) = xstrndup(rest, length);
    if (has_wildcard(level)) {
        char *pattern CLEANUP(cleanup_free) = level_pattern(level, length);
        return match_entries(repo_fd, base, pattern, rest + length, found);
    }
    char *path CLEANUP(cleanup_free) = xasprintf("%s%s%s", base, *base ? "/" : "", level);
    return match_below(repo_fd, path, rest + length, found);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int workspace_find(int repo_fd, const char *path, struct strv *found)
{
    if (!has_wildcard(path)) {
        strv_push(found, path);
        return 0;
    }
    if (match_below(repo_fd, "", path, found) < 0)
        return -1;
    if (found->count)
        qsort(found->items, found->count, sizeof *found->items, by_name);
    return 0;
}

/* ---- before the build ---- */

static int clear_one(int repo_fd, const char *path)
{
    trace("clear: removing %s", path);
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

static int clear_all(int repo_fd, const char *path)
{
    struct strv found CLEANUP(strv_release) = {0};
    if (workspace_find(repo_fd, path, &found) < 0)
        return -1;
    if (!found.count)
        trace("clear: no file matches %s", path);
    for (size_t i = 0; i < found.count; i++)
        if (clear_one(repo_fd, found.items[i]) < 0)
            return -1;
    return 0;
}

int workspace_clear(const char *repo, const struct strv *paths, struct bm_error *err)
{
    int repo_fd CLEANUP(cleanup_fd) = open(repo, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (repo_fd < 0)
        return bm_error_errno(err, "%s", repo);
    for (size_t i = 0; i < paths->count; i++) {
        if (clear_all(repo_fd, paths->items[i]) < 0) {
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
    check->ok = build->exit_code == 0 && !build->signal && !build->timed_out &&
                !build->oom_killed && !build->guard.ended;
    if (build->guard.ended)
        check->detail = xstrdup("ended by the guard");
    else if (build->timed_out)
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

void verify_built(struct measurement *m, const char *path, bool required, bool ok,
                  const char *detail)
{
    struct verify_check *check = add_check(m, "artifact", path, required);
    check->ok = ok;
    check->detail = xstrdup(detail);
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

static struct artifact_state artifact_state_of(const char *repo, const char *path)
{
    struct stat status;
    struct artifact_state absent = {0};
    int fd CLEANUP(cleanup_fd) = open_artifact(repo, path, &status);
    return fd < 0 ? absent : walk_artifact(fd, &status);
}

struct artifact_files artifact_find(const char *repo, const char *path)
{
    struct artifact_files files = {0};
    int repo_fd CLEANUP(cleanup_fd) = open(repo, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (workspace_find(repo_fd, path, &files.paths) < 0)
        strv_release(&files.paths);
    files.states = xcalloc(files.paths.count, sizeof *files.states);
    for (size_t i = 0; i < files.paths.count; i++)
        files.states[i] = artifact_state_of(repo, files.paths.items[i]);
    return files;
}

void artifact_files_release(struct artifact_files *files)
{
    strv_release(&files->paths);
    free(files->states);
    *files = (struct artifact_files){0};
}

/* A file that did not exist before has a state without times. */
static struct artifact_state state_in(const struct artifact_files *files, const char *path)
{
    for (size_t i = 0; i < files->paths.count; i++)
        if (strcmp(files->paths.items[i], path) == 0)
            return files->states[i];
    return (struct artifact_state){0};
}

static bool is_new(const struct artifact_state *now, const struct artifact_state *before,
                   struct timespec since)
{
    bool same = before->exists && before->changes == now->changes;
    return !same && !earlier(now->newest, since);
}

/* Returns the fault of one file, or NULL. The caller owns it. */
static char *file_fault(const char *repo, const char *path, struct timespec since,
                        const struct artifact_files *before, struct stat *status)
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
    const struct artifact_state now = walk_artifact(fd, status), then = state_in(before, path);
    if (!is_new(&now, &then, since))
        return xstrdup("stale: it is older than this run");
    return NULL;
}

/* One new file is enough: a bundler leaves its earlier outputs, whose names contain a hash. */
static void verify_matches(struct verify_check *check, const char *repo,
                           const struct artifact_files *before, struct timespec since)
{
    struct artifact_files now CLEANUP(artifact_files_release) = artifact_find(repo, check->path);
    char *first CLEANUP(cleanup_free) = NULL;
    size_t good = 0;
    for (size_t i = 0; i < now.paths.count; i++) {
        struct stat status = {0};
        char *fault CLEANUP(cleanup_free) =
            file_fault(repo, now.paths.items[i], since, before, &status);
        good += !fault;
        if (fault && !first)
            first = xasprintf("%s: %s", now.paths.items[i], fault);
    }
    check->ok = good > 0;
    if (good)
        check->detail = xasprintf("%zu new %s", good, good == 1 ? "file" : "files");
    else
        check->detail = first ? steal_ptr(first) : xstrdup("no file matches");
}

void verify_artifact(struct measurement *m, const char *repo, const char *path, bool required,
                     struct timespec since, const struct artifact_files *before)
{
    struct stat status = {0};
    struct verify_check *check = add_check(m, "artifact", path, required);
    if (has_wildcard(path)) {
        verify_matches(check, repo, before, since);
        return;
    }
    char *fault = file_fault(repo, path, since, before, &status);
    check->ok = !fault;
    if (fault) {
        check->detail = fault;
    } else if (S_ISDIR(status.st_mode)) {
        check->detail = xstrdup("directory");
    } else {
        check->detail = format_bytes(status.st_size);
    }
}
