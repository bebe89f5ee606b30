#include "probe/build.h"

#include "proc/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* If memory runs out, the kernel must kill the build and not the probe, which reports it. A process
 * may raise its score without privilege, but root owns the file while the process is not dumpable.
 */
static void offer_to_oom_killer(void)
{
    (void)prctl(PR_SET_DUMPABLE, 1);
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)!write(fd, "500", 3);
        close(fd);
    }
}

static _Noreturn void run_command(char **command, bool sh_fallback, const int *output, int report)
{
    static char sh[] = "sh";
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setsid();
    offer_to_oom_killer();
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 && dup2(output[0], STDOUT_FILENO) >= 0 &&
        dup2(output[1], STDERR_FILENO) >= 0) {
        if (nothing > STDERR_FILENO)
            close(nothing);
        execvp(command[0], command);
        if (errno == ENOENT && sh_fallback) {
            command[0] = sh;
            execvp(sh, command);
        }
    }
    int reason = errno;
    (void)!write(report, &reason, sizeof reason);
    _exit(127);
}

/* Returns 0 after exec(2), or the errno that the child reports. */
static int wait_for_exec(int report)
{
    int reason = 0;
    ssize_t got;
    do
        got = read(report, &reason, sizeof reason);
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof reason ? reason : 0;
}

int build_start(struct build *build, char **command, bool sh_fallback)
{
    int standard_output[2], standard_error[2], report[2];
    *build = (struct build){.output = {-1, -1}};
    if (pipe2(standard_output, O_CLOEXEC) < 0 || pipe2(standard_error, O_CLOEXEC) < 0 ||
        pipe2(report, O_CLOEXEC) < 0)
        return -1;
    build->pid = fork();
    if (build->pid < 0)
        return -1;
    if (build->pid == 0)
        run_command(command, sh_fallback, (int[]){standard_output[1], standard_error[1]},
                    report[1]);
    close(standard_output[1]);
    close(standard_error[1]);
    close(report[1]);
    build->output[0] = standard_output[0];
    build->output[1] = standard_error[0];
    int reason = wait_for_exec(report[0]);
    close(report[0]);
    if (reason) {
        waitpid(build->pid, NULL, 0);
        errno = reason;
        return -1;
    }
    return 0;
}

void build_reap(struct build *build)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (pid == build->pid) {
            build->ended = true;
            build->wait_status = status;
        }
}

int64_t build_largest_process_bytes(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_CHILDREN, &usage) == 0 ? (int64_t)usage.ru_maxrss * 1024 : -1;
}

void build_signal(const struct build *build, int signal)
{
    if (!build->ended)
        kill(-build->pid, signal);
}

/* Returns the number of processes that it found. */
static int kill_once(const struct cgroup *own)
{
    static int pids[PROCESSES_MAX];
    if (getpid() == 1)
        return kill(-1, SIGKILL) == 0;
    int killed = 0;
    ssize_t listed = own ? cgroup_all_processes(own, pids, PROCESSES_MAX) : -1;
    size_t count = listed < 0 ? descendants_of("", getpid(), pids, PROCESSES_MAX)
                   : (size_t)listed > PROCESSES_MAX ? PROCESSES_MAX
                                                    : (size_t)listed;
    for (size_t i = 0; i < count; i++)
        if (pids[i] != getpid())
            killed += kill(pids[i], SIGKILL) == 0;
    return killed;
}

void build_kill_all(struct build *build, const struct cgroup *own)
{
    /* At once, so that a shell does not start its next command, which needs memory. */
    build_signal(build, SIGKILL);
    /* A process that forks while it is killed leaves a child: repeat until none is left, for at
     * most 5 s. The engine ends a process that hangs in the kernel. */
    for (int round = 0; round < 500 && kill_once(own) > 0; round++) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        build_reap(build);
    }
    build_reap(build);
}
