/* A plain sampler for the comparison: it reads the PSS of each process at a fixed interval. */
#include "bench/plain.h"

#include "cgroup/cgroup.h"
#include "proc/proc.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void sample(const struct cgroup *cgroup)
{
    static int pids[PROCESSES_MAX];
    char text[4096];
    long long begin = now_us(), sum = 0;
    ssize_t count = cgroup_processes(cgroup, pids, PROCESSES_MAX);
    for (ssize_t i = 0; i < count && i < PROCESSES_MAX; i++) {
        struct proc_rollup rollup;
        (void)read_proc("", pids[i], "cmdline", text, sizeof text);
        if (read_proc("", pids[i], "smaps_rollup", text, sizeof text) > 0 &&
            parse_smaps_rollup(text, &rollup) == 0)
            sum += rollup.pss_bytes;
    }
    printf("sample %lld %lld %lld %lld\n", begin, now_us(), sum, (long long)cgroup_usage(cgroup));
}

int run_plain(int interval_ms, const char *directory, char **command)
{
    struct cgroup cgroup = {.version = 1};
    struct rusage own;
    snprintf(cgroup.directory, sizeof cgroup.directory, "%s", directory);
    pid_t pid = fork();
    if (pid == 0) {
        execv(command[0], command);
        _exit(127);
    }
    long long next = now_us(), started = next;
    while (waitpid(pid, NULL, WNOHANG) == 0) {
        sample(&cgroup);
        next += interval_ms * 1000LL;
        long long left = next - now_us();
        if (left > 0)
            usleep((useconds_t)left);
        else
            next = now_us();
    }
    getrusage(RUSAGE_SELF, &own);
    printf("end %lld %lld %ld\n",
           (long long)(own.ru_utime.tv_sec + own.ru_stime.tv_sec) * 1000000 + own.ru_utime.tv_usec +
               own.ru_stime.tv_usec,
           now_us() - started, own.ru_maxrss);
    return 0;
}
