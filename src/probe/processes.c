#include "probe/processes.h"

#include "proc/proc.h"

#include <unistd.h>

/* A descendant stays a descendant: its orphans become our children. */
struct listed {
    int pid;
    bool ours;
};
struct list {
    struct listed processes[PROCESSES_MAX];
    size_t count;
    size_t next; /* where to search first: the kernel keeps the order */
};

static const struct listed *find(struct list *list, int pid)
{
    for (size_t i = 0; i < list->count; i++) {
        size_t at = (list->next + i) % list->count;
        if (list->processes[at].pid == pid) {
            list->next = at + 1;
            return &list->processes[at];
        }
    }
    return NULL;
}

/* Follows the parents until a known process. Returns 1 if the process is a descendant, 0 if not, -1
 * if a process on the way has ended or cannot be read. */
static int is_ours(const char *root, struct list *last, int self, int pid)
{
    while (pid != self) {
        const struct listed *known = find(last, pid);
        if (known)
            return known->ours;
        if (pid == 0)
            return 0;
        pid = process_parent(root, pid);
        if (pid < 0)
            return -1;
    }
    return 1;
}

/* Keeps the descendants of the caller in the list, and records the others. */
static size_t keep_ours(const char *root, int self, int *pids, size_t count)
{
    static struct list lists[2];
    static int which;
    struct list *last = &lists[which], *now = &lists[which ^= 1];
    size_t kept = 0;
    now->count = now->next = 0;
    for (size_t i = 0; i < count; i++) {
        int ours = is_ours(root, last, self, pids[i]);
        if (ours >= 0 && now->count < PROCESSES_MAX)
            now->processes[now->count++] = (struct listed){.pid = pids[i], .ours = ours};
        if (ours == 1)
            pids[kept++] = pids[i];
    }
    return kept;
}

static size_t without(int pid, int *pids, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (pids[i] != pid)
            pids[kept++] = pids[i];
    return kept;
}

size_t build_processes(const char *root, const struct cgroup *cgroup, bool own, int *pids,
                       size_t capacity)
{
    static int self; /* getpid(2) is a system call */
    if (!self)
        self = getpid();
    ssize_t listed = cgroup->version ? cgroup_all_processes(cgroup, pids, capacity) : -1;
    size_t count = listed < 0                  ? list_processes(root, pids, capacity)
                   : (size_t)listed > capacity ? capacity
                                               : (size_t)listed;
    if (listed < 0 || !own)
        count = keep_ours(root, self, pids, count);
    return without(self, pids, count);
}
