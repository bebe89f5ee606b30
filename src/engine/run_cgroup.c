/* See run_cgroup.h. */
#include "engine/run_cgroup.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/trace.h"
#include "engine/engine.h"
#include "engine/user_scope.h"
#include "proc/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int run_cgroup_write(const char *directory, const char *name, const char *text)
{
    char *path CLEANUP(cleanup_free) = xasprintf("%s/%s", directory, name);
    int fd CLEANUP(cleanup_fd) = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    return write(fd, text, strlen(text)) < 0 ? -1 : 0;
}

int run_cgroup_of(const char *directory, struct cgroup *cgroup)
{
    int length = snprintf(cgroup->directory, sizeof cgroup->directory, "%s", directory);
    if ((size_t)length >= sizeof cgroup->directory)
        return -1;
    cgroup->version = 2;
    if (!cgroup_has_file(cgroup, "memory.current"))
        cgroup->version = 1;
    return 0;
}

static void kill_processes(const char *directory)
{
    static int pids[PROCESSES_MAX];
    struct cgroup cgroup = {0};
    if (run_cgroup_of(directory, &cgroup) < 0)
        return;
    ssize_t count = cgroup_processes(&cgroup, pids, PROCESSES_MAX);
    for (ssize_t i = 0; i < count && i < PROCESSES_MAX; i++)
        kill(pids[i], SIGKILL);
}

/* Kills all processes in the cgroup and below it, and removes the cgroups that are empty by now: a
 * build can make cgroups in its own. Returns 0 if the cgroup is removed, else -1 with errno. */
static int empty_and_remove(const char *directory)
{
    if (rmdir(directory) == 0 || errno == ENOENT)
        return 0;
    if (errno != EBUSY)
        return -1;
    kill_processes(directory);
    DIR *open = opendir(directory);
    struct dirent *entry;
    while (open && (entry = readdir(open)))
        if (entry->d_type == DT_DIR && *entry->d_name != '.') {
            char *below CLEANUP(cleanup_free) = xasprintf("%s/%s", directory, entry->d_name);
            (void)empty_and_remove(below);
        }
    if (open)
        closedir(open);
    errno = EBUSY;
    return -1;
}

int run_cgroup_remove(const char *directory)
{
    for (int round = 0; round < 500; round++) {
        if (empty_and_remove(directory) == 0)
            return 0;
        if (errno != EBUSY)
            return -1;
        sleep_ms(10);
    }
    errno = EBUSY;
    return -1;
}

void run_cgroup_remove_orphans(const char *parent)
{
    DIR *directory = opendir(parent);
    struct dirent *entry;
    while (directory && (entry = readdir(directory)))
        if (engine_name_is_orphan(entry->d_name)) {
            char *path CLEANUP(cleanup_free) = xasprintf("%s/%s", parent, entry->d_name);
            (void)run_cgroup_remove(path);
        }
    if (directory)
        closedir(directory);
}

int run_cgroup_limit(const char *directory, int version, int64_t limit_bytes, struct bm_error *err)
{
    char bytes[32];
    snprintf(bytes, sizeof bytes, "%lld", (long long)limit_bytes);
    const char *name = version == 2 ? "memory.max" : "memory.limit_in_bytes";
    if (run_cgroup_write(directory, name, bytes) < 0)
        return bm_error_errno(err, "%s/%s", directory, name);
    trace("limits: %s of %s is %s", name, directory, bytes);
    /* A kernel without swap accounting has neither file. */
    if (version == 2)
        (void)run_cgroup_write(directory, "memory.swap.max", "0");
    else
        (void)run_cgroup_write(directory, "memory.memsw.limit_in_bytes", bytes);
    return 0;
}

/* ---- the place of the cgroup ---- */

/* Returns whether the memory controller counts in the new cgroups of this directory. */
static bool has_controller_below(const struct cgroup *cgroup)
{
    char enabled[1024] = "";
    char *path CLEANUP(cleanup_free) = xasprintf("%s/cgroup.subtree_control", cgroup->directory);
    (void)run_cgroup_write(cgroup->directory, "cgroup.subtree_control", "+memory");
    return read_text(path, enabled, sizeof enabled) > 0 && strstr(enabled, "memory");
}

/* Returns whether the cgroup itself limits memory, swap or CPU time. */
static bool has_limits(const struct cgroup *cgroup)
{
    static const char *const files[] = {"memory.max", "memory.high", "memory.swap.max"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (cgroup_read_number(cgroup, files[i]) >= 0)
            return true;
    char quota[64];
    char *path CLEANUP(cleanup_free) = xasprintf("%s/cpu.max", cgroup->directory);
    return read_text(path, quota, sizeof quota) > 0 && strncmp(quota, "max", 3) != 0;
}

/* A v2 cgroup with processes cannot have the controller below it. If the runner is alone in its
 * cgroup, as in a scope of its own, it moves into a cgroup below. Returns 0, or -1 with errno. */
static int move_below(const struct cgroup *own, const char *name, char **moved)
{
    int pids[2];
    if (cgroup_processes(own, pids, 2) != 1 || pids[0] != getpid()) {
        errno = EBUSY;
        return -1;
    }
    char *directory CLEANUP(cleanup_free) = xasprintf("%s/%s-runner", own->directory, name);
    if (mkdir(directory, 0755) < 0 && errno != EEXIST)
        return -1;
    if (run_cgroup_write(directory, "cgroup.procs", "0") < 0) {
        rmdir(directory);
        return -1;
    }
    *moved = steal_ptr(directory);
    return 0;
}

void run_cgroup_move_back(char *moved)
{
    if (!moved)
        return;
    char *own CLEANUP(cleanup_free) = xstrndup(moved, (size_t)(strrchr(moved, '/') - moved));
    (void)run_cgroup_write(own, "cgroup.subtree_control", "-memory");
    (void)run_cgroup_write(own, "cgroup.procs", "0");
    rmdir(moved);
    free(moved);
}

/* Returns the directory in which a cgroup for the build can be made; the caller owns it. On v1 that
 * is the runner's own cgroup. On v2 it is the first of these: the own cgroup, if it has no
 * processes (the root may have some); the own cgroup, after the runner has moved out of it:
 * `*moved` is the place to which it moved; the one above, if the own cgroup has no limits, which
 * would be lost. */
static char *parent_directory(const struct cgroup *own, const char *name, char **moved,
                              struct bm_error *err)
{
    if (own->version == 1 || has_controller_below(own) || cgroup_is_root(own))
        return xstrdup(own->directory);
    bool alone = move_below(own, name, moved) == 0 || errno != EBUSY;
    if (*moved && has_controller_below(own))
        return xstrdup(own->directory);
    char *above CLEANUP(cleanup_free) =
        xstrndup(own->directory, (size_t)(strrchr(own->directory, '/') - own->directory));
    struct cgroup parent = {.version = 2};
    snprintf(parent.directory, sizeof parent.directory, "%s", above);
    bool limits = has_limits(own);
    if (!limits && access(above, W_OK) == 0 && cgroup_has_file(&parent, "cgroup.controllers"))
        return steal_ptr(above);
    bm_error_set(err,
                 "no cgroup can be made for the build below %s%s: use --engine inplace, or start "
                 "build-mem alone in a delegated scope (systemd-run --user --scope -p "
                 "Delegate=yes)",
                 own->directory,
                 !alone   ? ", which has other processes"
                 : limits ? ", which has limits that the build must keep"
                          : "");
    return NULL;
}

static int make_directory(const struct cgroup *own, const char *parent, const char *name,
                          char **made, struct bm_error *err)
{
    char *directory CLEANUP(cleanup_free) = xasprintf("%s/%s", parent, name);
    if (mkdir(directory, 0755) < 0)
        return bm_error_errno(err, "cannot create the cgroup %s%s", directory,
                              errno == EROFS   ? " (use --engine inplace)"
                              : geteuid() == 0 ? ""
                                               : " (requires root or a delegated cgroup)");
    struct cgroup cgroup = {0};
    if (own->version == 2 && (run_cgroup_of(directory, &cgroup) < 0 || cgroup.version != 2)) {
        rmdir(directory);
        return bm_error_set(err,
                            "the memory controller is not enabled in %s: write +memory to its "
                            "cgroup.subtree_control",
                            parent);
    }
    *made = steal_ptr(directory);
    return 0;
}

/* The memory hierarchy of the user ends at the slice of the user: the limits of that slice and
 * above apply to the scopes of the user's service manager as well. */
static bool is_slice_of_user(const char *directory)
{
    char *end CLEANUP(cleanup_free) = xasprintf("/user-%u.slice", (unsigned)geteuid());
    size_t length = strlen(directory), suffix = strlen(end);
    return length >= suffix && strcmp(directory + length - suffix, end) == 0;
}

/* Returns the nearest cgroup whose limits a process would lose if it moved from `own` into a scope
 * of the user's service manager. The caller owns it. NULL if there is none. */
static char *limits_that_a_move_loses(const struct cgroup *own)
{
    struct cgroup at = *own;
    char *slash;
    while (!is_slice_of_user(at.directory) && !cgroup_is_root(&at) &&
           cgroup_has_file(&at, "cgroup.procs")) {
        if (has_limits(&at))
            return xstrdup(at.directory);
        if (!(slash = strrchr(at.directory, '/')))
            break;
        *slash = '\0';
    }
    return NULL;
}

/* A user without root can make no cgroup beside a login session, which root owns. A scope of the
 * user's own service manager is delegated. Updates `own`. */
static int move_to_scope(const char *name, struct cgroup *own, struct bm_error *err)
{
    char *limited CLEANUP(cleanup_free) = limits_that_a_move_loses(own);
    if (limited)
        return bm_error_set(err,
                            "no cgroup can be made for the build below %s, and the limits of %s "
                            "would not apply to a scope of your service manager: use --engine "
                            "inplace",
                            own->directory, limited);
    if (user_scope_enter(name, err) < 0)
        return bm_error_wrap(err,
                             "no cgroup can be made for the build below %s, and no scope of "
                             "your service manager either",
                             own->directory);
    return cgroup_of_self("", own) < 0
               ? bm_error_set(err, "the scope of your service manager has no memory controller")
               : 0;
}

int run_cgroup_make(const char *name, char **made, char **moved, int *version, struct bm_error *err)
{
    struct cgroup own;
    struct bm_error reason CLEANUP(bm_error_release) = BM_ERROR_INIT;
    if (cgroup_of_self("", &own) < 0)
        return bm_error_set(err, "no mounted cgroup with a memory controller lists this process in "
                                 "its cgroup.procs");
    char *parent CLEANUP(cleanup_free) = parent_directory(&own, name, moved, &reason);
    if (!parent && geteuid() != 0) {
        if (move_to_scope(name, &own, err) < 0)
            return -1;
        parent = parent_directory(&own, name, moved, &reason);
    }
    if (!parent)
        return bm_error_set(err, "%s", reason.message);
    run_cgroup_remove_orphans(parent);
    *version = own.version;
    return make_directory(&own, parent, name, made, err);
}
