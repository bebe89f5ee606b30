#include "engine/oom_watch.h"

#include "base/alloc.h"
#include "proc/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel signals the removal from a work queue, usually about 10 ms later. */
#define REMOVAL_MS 2000

static int open_file(const struct cgroup *cgroup, const char *name, int flags)
{
    char *path CLEANUP(cleanup_free) = xasprintf("%s/%s", cgroup->directory, name);
    return open(path, flags | O_CLOEXEC);
}

static void close_file(int *fd)
{
    cleanup_fd(fd);
    *fd = -1;
}

static int open_first_process(const struct cgroup *cgroup)
{
    int pid;
    return cgroup_processes(cgroup, &pid, 1) == 1 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
}

/* Both files have the same permissions for each user. */
static int open_events(const struct cgroup *cgroup)
{
    int file CLEANUP(cleanup_fd) = open_file(cgroup, "memory.oom_control", O_RDONLY);
    int control CLEANUP(cleanup_fd) = open_file(cgroup, "cgroup.event_control", O_WRONLY);
    int events = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (events >= 0 && file >= 0 && control >= 0 && dprintf(control, "%d %d", events, file) > 0)
        return events;
    close_file(&events);
    return -1;
}

static int open_above(const struct cgroup *cgroup)
{
    struct cgroup parent = *cgroup;
    char *slash = strrchr(parent.directory, '/');
    if (!slash)
        return -1;
    *slash = '\0';
    return open_file(&parent, "memory.events", O_RDONLY);
}

/* Reads the parent's count. The read also arms POLLPRI for the next change. */
static int64_t kills_above(const struct oom_watch *watch)
{
    char text[1024];
    if (watch->above < 0 || read_again(watch->above, text, sizeof text) <= 0)
        return -1;
    return parse_keyed(text, "oom_kill");
}

void oom_watch_open(struct oom_watch *watch, const struct cgroup *cgroup)
{
    *watch = (struct oom_watch)OOM_WATCH_NONE;
    watch->cgroup = *cgroup;
    watch->ended = open_first_process(cgroup);
    if (cgroup->version == 1)
        watch->events = open_events(cgroup);
    else
        watch->above = open_above(cgroup);
    watch->others_kills = kills_above(watch);
}

static bool has_ended(const struct oom_watch *watch)
{
    struct pollfd fd = {.fd = watch->ended, .events = POLLIN};
    return poll(&fd, 1, 0) > 0;
}

/* The signal can then be for a failure above, which killed a process of another cgroup. */
static bool has_limit_above(const struct cgroup *cgroup)
{
    static struct cgroup_constraints constraints;
    cgroup_read_constraints(cgroup, &constraints);
    for (size_t i = 1; i < constraints.count; i++)
        if (constraints.items[i].limit_bytes >= 0)
            return true;
    return false;
}

/* Returns the kills that end the build; -1: the cgroup is gone. On v1 a process in a cgroup that
 * the build has removed leaves no count. But the eventfd is signalled for failures at this cgroup
 * and above it, and not for those below. The removal of this cgroup signals it, too, so read it
 * first. The count of limit hits is no proof: Linux 6.18 leaves memory.failcnt at 0. */
static int64_t fatal_kills(const struct oom_watch *watch)
{
    static struct cgroup_oom oom;
    struct pollfd events = {.fd = watch->events, .events = POLLIN};
    bool signalled = poll(&events, 1, 0) > 0;
    cgroup_read_oom(&watch->cgroup, &oom);
    int64_t fatal = cgroup_kills_since(NULL, &oom).fatal;
    bool limited = cgroup_read_number(&watch->cgroup, "memory.limit_in_bytes") >= 0;
    return fatal == 0 && signalled && limited && !has_limit_above(&watch->cgroup) ? 1 : fatal;
}

void oom_watch_poll(struct oom_watch *watch)
{
    if (watch->cgroup.version == 0)
        return;
    /* The order matters: if the own count is 0 after the parent's was read, then all kills in the
     * parent's count are of siblings, or at limits that the build set itself. */
    bool ended = has_ended(watch);
    int64_t above = kills_above(watch);
    int64_t kills = fatal_kills(watch);
    if (kills > 0 || (kills == 0 && ended))
        watch->kills = kills;
    else if (kills == 0)
        watch->others_kills = above;
    if (ended)
        close_file(&watch->ended);
    if (above < 0)
        close_file(&watch->above);
}

/* One signal is for the removal; each further one is for a lack of memory. */
static bool was_signalled(int events)
{
    uint64_t signals = 0, more;
    struct pollfd fd = {.fd = events, .events = POLLIN};
    while (signals < 2 && poll(&fd, 1, REMOVAL_MS) != 0)
        if (read(events, &more, sizeof more) == (ssize_t)sizeof more)
            signals += more;
    return signals >= 2;
}

bool oom_watch_reports(struct oom_watch *watch)
{
    if (watch->kills < 0)
        oom_watch_poll(watch);
    if (watch->kills >= 0)
        return watch->kills > 0;
    if (watch->events >= 0)
        return was_signalled(watch->events);
    return watch->others_kills >= 0 && kills_above(watch) > watch->others_kills;
}

void oom_watch_close(struct oom_watch *watch)
{
    close_file(&watch->ended);
    close_file(&watch->events);
    close_file(&watch->above);
}
