/* See run_cgroup.h. */
#include "engine/run_cgroup.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/trace.h"
#include "engine/engine.h"
#include "proc/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
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
