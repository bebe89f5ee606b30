/* The OOM watch on the kernel of this machine. The test creates its cgroups, and exits 77 if it
 * cannot. */
#include "base/alloc.h"
#include "cgroup/cgroup.h"
#include "engine/oom_watch.h"
#include "unit/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIMIT "16777216"
#define TOO_MUCH ((size_t)64 << 20)

static struct cgroup parent; /* contains cgroups, but no processes */
static struct cgroup one, other;

static bool put(const struct cgroup *cgroup, const char *name, const char *text)
{
    char *path CLEANUP(cleanup_free) = xasprintf("%s/%s", cgroup->directory, name);
    int fd CLEANUP(cleanup_fd) = open(path, O_WRONLY | O_CLOEXEC);
    return fd >= 0 && write(fd, text, strlen(text)) > 0;
}

static struct cgroup below(const struct cgroup *cgroup, const char *name)
{
    struct cgroup child = {.version = cgroup->version};
    snprintf(child.directory, sizeof child.directory, "%.2000s/%s", cgroup->directory, name);
    return child;
}

static bool make_parent(void)
{
    struct cgroup own;
    char name[32];
    snprintf(name, sizeof name, "test-oom-watch-%d", (int)getpid());
    if (cgroup_of_self("", &own) < 0)
        return false;
    parent = below(&own, name);
    one = below(&parent, "one");
    other = below(&parent, "other");
    if (own.version == 2)
        put(&own, "cgroup.subtree_control", "+memory");
    if (mkdir(parent.directory, 0755) < 0)
        return false;
    return own.version == 1 || put(&parent, "cgroup.subtree_control", "+memory");
}

/* A cgroup can stay busy for a moment after its last process has ended. */
static void remove_cgroup(const struct cgroup *cgroup)
{
    for (int round = 0; round < 1000 && rmdir(cgroup->directory) < 0 && errno == EBUSY; round++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

struct container {
    const struct cgroup *cgroup;
    pid_t pid;
    int lifeline; /* a byte makes the process exceed its limit */
};

static struct container start(const struct cgroup *cgroup)
{
    struct container container = {.cgroup = cgroup};
    int lifeline[2], ready[2];
    char byte = 0;
    ck_assert_int_eq(mkdir(cgroup->directory, 0755), 0);
    ck_assert(put(cgroup, cgroup->version == 2 ? "memory.max" : "memory.limit_in_bytes", LIMIT));
    /* The file is missing if the kernel has no swap accounting. */
    (void)put(cgroup, cgroup->version == 2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes",
              cgroup->version == 2 ? "0" : LIMIT);
    ck_assert_int_eq(pipe2(lifeline, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
    container.pid = fork();
    if (container.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (!put(cgroup, "cgroup.procs", "0") || write(ready[1], &byte, 1) != 1 ||
            read(lifeline[0], &byte, 1) != 1)
            _exit(1);
        (void)mmap(NULL, TOO_MUCH, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        pause();
        _exit(1);
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    close(lifeline[0]);
    container.lifeline = lifeline[1];
    return container;
}

static void run_out_of_memory(const struct container *container)
{
    ck_assert_int_eq(write(container->lifeline, "", 1), 1);
}

static void expect_killed(struct container *container)
{
    int status = 0;
    ck_assert_int_eq(waitpid(container->pid, &status, 0), container->pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    close(container->lifeline);
}

/* Polls until the end of the container, as an idle runner does. */
static void poll_until_end(struct oom_watch *watch)
{
    while (watch->ended >= 0) {
        struct pollfd fds[] = {{.fd = watch->ended, .events = POLLIN},
                               {.fd = watch->above, .events = POLLPRI}};
        ck_assert_int_gt(poll(fds, 2, 10000), 0);
        oom_watch_poll(watch);
    }
}

static bool reports_kill(struct oom_watch *watch)
{
    bool killed = oom_watch_reports(watch);
    oom_watch_close(watch);
    return killed;
}

START_TEST(a_kill_is_read_from_the_cgroup)
{
    struct oom_watch watch;
    struct container container = start(&one);
    oom_watch_open(&watch, &one);
    run_out_of_memory(&container);
    poll_until_end(&watch);
    expect_killed(&container);
    remove_cgroup(&one);
    ck_assert_int_ge(watch.kills, 1);
    ck_assert(reports_kill(&watch));
}
END_TEST

START_TEST(a_kill_is_reported_after_the_cgroup_is_removed)
{
    struct oom_watch watch;
    struct container container = start(&one);
    oom_watch_open(&watch, &one);
    run_out_of_memory(&container);
    expect_killed(&container);
    remove_cgroup(&one);
    ck_assert(reports_kill(&watch));
    ck_assert_int_eq(watch.kills, -1);
}
END_TEST

START_TEST(a_signal_is_not_a_kill_for_lack_of_memory)
{
    for (int gone = 0; gone < 2; gone++) {
        struct oom_watch watch;
        struct container container = start(&one);
        oom_watch_open(&watch, &one);
        kill(container.pid, SIGKILL);
        if (!gone)
            poll_until_end(&watch);
        expect_killed(&container);
        remove_cgroup(&one);
        ck_assert(!reports_kill(&watch));
        ck_assert_int_eq(watch.kills, gone ? -1 : 0);
    }
}
END_TEST

START_TEST(the_kill_of_a_sibling_does_not_count)
{
    struct oom_watch watch;
    struct container container = start(&one), neighbour = start(&other);
    oom_watch_open(&watch, &one);
    int64_t before = watch.others_kills;
    run_out_of_memory(&neighbour);
    expect_killed(&neighbour);
    remove_cgroup(&other);
    struct pollfd news = {.fd = watch.above, .events = POLLPRI};
    if (watch.above >= 0) {
        ck_assert_int_eq(poll(&news, 1, 10000), 1);
        oom_watch_poll(&watch);
        ck_assert_int_eq(watch.others_kills, before + 1);
        /* The kernel can report the same change twice, the second time after 10 ms. */
        while (poll(&news, 1, 50) > 0)
            oom_watch_poll(&watch);
        ck_assert_int_eq(watch.others_kills, before + 1);
    }
    kill(container.pid, SIGKILL);
    expect_killed(&container);
    remove_cgroup(&one);
    ck_assert(!reports_kill(&watch));
}
END_TEST

START_TEST(without_a_cgroup_no_kill_is_reported)
{
    struct oom_watch watch = OOM_WATCH_NONE;
    ck_assert(!reports_kill(&watch));
    oom_watch_open(&watch, &one);
    ck_assert_int_eq(watch.ended, -1);
    ck_assert(!reports_kill(&watch));
}
END_TEST

int main(void)
{
    if (!make_parent()) {
        puts("skipped: cannot create a cgroup (requires root or a delegated cgroup)");
        remove_cgroup(&parent);
        return 77;
    }
    Suite *suite = suite_create("oom_watch");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, a_kill_is_read_from_the_cgroup);
    tcase_add_test(all, a_kill_is_reported_after_the_cgroup_is_removed);
    tcase_add_test(all, a_signal_is_not_a_kill_for_lack_of_memory);
    tcase_add_test(all, the_kill_of_a_sibling_does_not_count);
    tcase_add_test(all, without_a_cgroup_no_kill_is_reported);
    suite_add_tcase(suite, all);
    int status = run_suite(suite);
    /* If a check failed, its processes have died with it. */
    remove_cgroup(&one);
    remove_cgroup(&other);
    remove_cgroup(&parent);
    return status;
}
