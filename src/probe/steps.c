#include "probe/steps.h"

#include "probe/emit.h"
#include "probe/stages.h"
#include "proc/proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Steps that run at the same time. A builder runs as many as the machine has CPUs at most. */
#define LIVE_MAX 64
/* From one search for new steps to the next: the start of a container takes longer. */
#define SEARCH_MS 20

struct step {
    int64_t peak_bytes;
    int64_t oom_kills; /* -1: not counted */
    int stage;         /* NO_STAGE: there are too many */
    int peak_fd;       /* -1: the kernel has no counter */
    int kills_fd;      /* -1: the kernel does not count kills */
    int pidfd;         /* of its first process; -1: none */
    struct cgroup cgroup;
    bool exact; /* the last process had ended when the counter was read last */
};

static const struct cgroup *parent; /* NULL: no steps */
static struct step live[LIVE_MAX];
static size_t live_count;
static int64_t next_search_ms;
static int ends = -1; /* an epoll of the pidfds */

void steps_start(const struct cgroup *cgroup)
{
    parent = cgroup;
    live_count = 0;
    next_search_ms = 0;
    ends = epoll_create1(EPOLL_CLOEXEC);
}

bool steps_are_on(void)
{
    return parent != NULL;
}

int steps_fd(void)
{
    return ends;
}

static void send(const struct step *step, int64_t t_ms, bool ended)
{
    if (step->stage == NO_STAGE)
        return;
    emit_record(
        &(struct wire_record){.type = WIRE_STEP,
                              .step = {.t_ms = t_ms,
                                       .stage = step->stage,
                                       .cgroup = step->cgroup.directory + strlen(parent->directory),
                                       .ended = ended,
                                       .peak_bytes = step->peak_bytes,
                                       .peak_is_exact = step->exact,
                                       .oom_kills = step->oom_kills}});
}

/* ---- the counters of a step ---- */

/* `name` can be NULL. */
static int open_counter(const struct cgroup *cgroup, const char *name)
{
    char path[CGROUP_PATH_MAX + 64];
    if (!name)
        return -1;
    snprintf(path, sizeof path, "%s/%s", cgroup->directory, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* v1 counts the kills by the cgroup of the victim; v2 here and below. */
static const char *kills_source(const struct cgroup *cgroup)
{
    return cgroup->version == 1 ? "memory.oom_control" : "memory.events";
}

/* The kernel counts a kill before the victim ends. A removed cgroup keeps the last value. */
static void read_kills(struct step *step)
{
    char text[1024];
    if (step->kills_fd < 0 || read_again(step->kills_fd, text, sizeof text) <= 0)
        return;
    int64_t kills = parse_keyed(text, "oom_kill");
    if (kills > step->oom_kills)
        step->oom_kills = kills;
}

/* Returns false if the cgroup is removed. */
static bool read_peak(struct step *step)
{
    char text[64];
    int64_t bytes;
    if (step->peak_fd < 0) {
        bytes = cgroup_usage(&step->cgroup); /* a lower bound */
    } else if (read_again(step->peak_fd, text, sizeof text) <= 0 ||
               parse_cgroup_number(text, &bytes) < 0) {
        bytes = -1;
    }
    if (bytes > step->peak_bytes)
        step->peak_bytes = bytes;
    read_kills(step);
    return bytes >= 0;
}

/* Reads the counter, and whether it is final. Returns false if the cgroup is removed. */
static bool read_end(struct step *step)
{
    int pid;
    bool empty = cgroup_all_processes(&step->cgroup, &pid, 1) == 0;
    if (!read_peak(step))
        return false;
    step->exact = empty && step->peak_fd >= 0;
    return true;
}

/* The first process of a container ends last. A process that only starts the container can precede
 * it: then this is called again. */
static void watch_first_process(struct step *step)
{
    int pid;
    if (cgroup_all_processes(&step->cgroup, &pid, 1) < 1 || pid <= 0)
        return;
    step->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (step->pidfd >= 0)
        (void)epoll_ctl(ends, EPOLL_CTL_ADD, step->pidfd,
                        &(struct epoll_event){.events = EPOLLIN, .data.fd = step->pidfd});
}

static void close_pidfd(struct step *step)
{
    if (step->pidfd >= 0)
        close(step->pidfd);
    step->pidfd = -1;
}

void steps_take_ends(void)
{
    struct epoll_event event;
    while (epoll_wait(ends, &event, 1, 0) == 1)
        for (size_t i = 0; i < live_count; i++)
            if (live[i].pidfd == event.data.fd) {
                close_pidfd(&live[i]);
                (void)read_end(&live[i]);
            }
}

/* ---- the search for steps ---- */

static bool is_known(const char *directory)
{
    for (size_t i = 0; i < live_count; i++) {
        size_t length = strlen(live[i].cgroup.directory);
        if (strncmp(directory, live[i].cgroup.directory, length) == 0 &&
            (directory[length] == '\0' || directory[length] == '/'))
            return true;
    }
    return false;
}

/* A cgroup with processes is that of a step, with those below it. */
static void take_cgroup(const struct cgroup *cgroup, void *context)
{
    const int64_t *t_ms = context;
    int pid;
    if (live_count == LIVE_MAX || is_known(cgroup->directory) ||
        cgroup_processes(cgroup, &pid, 1) <= 0)
        return;
    struct step *step = &live[live_count++];
    *step = (struct step){.stage = stages_add_step(),
                          .cgroup = *cgroup,
                          .peak_fd = open_counter(cgroup, cgroup_peak_source(cgroup)),
                          .kills_fd = open_counter(cgroup, kills_source(cgroup)),
                          .pidfd = -1,
                          .peak_bytes = -1,
                          .oom_kills = -1};
    send(step, *t_ms, false);
}

static void drop(size_t at, int64_t t_ms)
{
    struct step *step = &live[at];
    send(step, t_ms, true);
    close_pidfd(step);
    if (step->peak_fd >= 0)
        close(step->peak_fd);
    if (step->kills_fd >= 0)
        close(step->kills_fd);
    live[at] = live[--live_count];
}

void steps_poll(int64_t t_ms)
{
    for (size_t i = live_count; i-- > 0;) {
        struct step *step = &live[i];
        /* The builder can make a new cgroup of the same name at once, so an open file counts. */
        if (step->pidfd < 0 ? !read_end(step) : !read_peak(step))
            drop(i, t_ms);
        else if (step->pidfd < 0)
            watch_first_process(step);
    }
    if (t_ms < next_search_ms)
        return;
    next_search_ms = t_ms + SEARCH_MS;
    cgroup_each_below(parent, take_cgroup, &t_ms);
}

size_t steps_processes(int *pids, int *stages, size_t capacity)
{
    size_t count = 0;
    for (size_t i = 0; i < live_count; i++) {
        ssize_t listed = cgroup_all_processes(&live[i].cgroup, pids + count, capacity - count);
        size_t end = listed < 0                          ? count
                     : (size_t)listed > capacity - count ? capacity
                                                         : count + (size_t)listed;
        for (; count < end; count++)
            stages[count] = live[i].stage;
    }
    return count;
}

void steps_finish(int64_t t_ms)
{
    for (size_t i = live_count; i-- > 0;) {
        (void)read_end(&live[i]);
        drop(i, t_ms);
    }
    if (ends >= 0)
        close(ends);
    ends = -1;
}
