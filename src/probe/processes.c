#include "probe/processes.h"

#include "kernel/procfs.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t without(int pid, int *pids, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (pids[i] != pid)
            pids[kept++] = pids[i];
    return kept;
}

static bool contains(const int *pids, size_t count, int pid)
{
    for (size_t i = 0; i < count; i++)
        if (pids[i] == pid)
            return true;
    return false;
}

/* Adds the live processes whose parent is known and which are not known yet. */
static size_t add_children(const char *root, int *pids, size_t count, size_t capacity)
{
    char path[512], text[1024];
    snprintf(path, sizeof path, "%s/proc", root);
    DIR *directory = opendir(path);
    struct dirent *entry;
    while (directory && (entry = readdir(directory)) && count < capacity) {
        int pid = atoi(entry->d_name);
        struct proc_stat stat;
        if (pid > 0 && !contains(pids, count, pid) &&
            read_proc(root, pid, "stat", text, sizeof text) > 0 &&
            parse_proc_stat(text, &stat) == 0 && contains(pids, count, stat.parent))
            pids[count++] = pid;
    }
    if (directory)
        closedir(directory);
    return count;
}

size_t build_processes(const char *root, const struct cgroup *members, int *pids, size_t capacity)
{
    ssize_t listed = members->version ? cgroup_processes(members, pids, capacity) : -1;
    size_t count = listed < 0 ? 0 : (size_t)listed;
    if (count > capacity)
        count = capacity;
    if (listed < 0) {
        pids[0] = getpid();
        for (size_t before = 0, now = 1; before != now; count = now) {
            before = now;
            now = add_children(root, pids, now, capacity);
        }
    }
    return without(getpid(), pids, count);
}
