/*
 * attack STEP...: a build that attacks its probe.
 *
 * It must be the first process of the build, so that its parent is the probe. It runs the steps
 * from left to right:
 *
 *   descriptors  write to the open files of the probe, through /proc
 *   memory       read and write the memory of the probe, through /proc, ptrace(2),
 *                process_vm_readv(2) and process_vm_writev(2)
 *   steal        copy the descriptors of the probe, with pidfd_getfd(2)
 *   signals      send the probe every signal, except SIGKILL and those that stop a process
 *   stop         send the probe SIGSTOP
 *   kill         send the probe SIGKILL
 *   starve       set the descriptor limit of the probe to 0, with prlimit(2)
 *   squeeze      set it to 5: the probe can wait for the build, but cannot open a file
 *   score        raise the OOM score of the probe, so that the kernel kills it first
 *   grow         hold 100 MiB for 0.5 s
 *   hold         the same in four processes
 *   write        write the artifact of the build, the file "made"
 *   pause        wait for a signal
 *
 * Prints one line for each attack of descriptors, memory, steal and score that succeeded. Exits 9
 * if one of these succeeded, and 0 otherwise.
 *   cc -std=gnu17 -D_GNU_SOURCE -O2 -static -o attack attack.c
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define DESCRIPTORS 64

static pid_t probe;
static bool any_succeeded;

static void report_success(const char *attack)
{
    printf("attack succeeded: %s\n", attack);
    any_succeeded = true;
}

__attribute__((format(printf, 2, 3))) static int open_of_probe(int flags, const char *format, ...)
{
    char file[64], path[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(file, sizeof file, format, arguments);
    va_end(arguments);
    snprintf(path, sizeof path, "/proc/%d/%s", (int)probe, file);
    return open(path, flags | O_CLOEXEC | O_NONBLOCK);
}

static void descriptors(void)
{
    for (int number = 0; number < DESCRIPTORS; number++) {
        int fd = open_of_probe(O_WRONLY, "fd/%d", number);
        if (fd >= 0) {
            report_success("descriptors");
            (void)!write(fd, "forged", 6);
        }
    }
}

static void memory(void)
{
    char byte = 0;
    struct iovec here = {.iov_base = &byte, .iov_len = 1};
    struct iovec there = {.iov_base = (void *)0x400000, .iov_len = 1};
    if (open_of_probe(O_RDWR, "mem") >= 0)
        report_success("/proc/PID/mem");
    if (open_of_probe(O_RDONLY, "environ") >= 0)
        report_success("/proc/PID/environ");
    if (ptrace(PTRACE_SEIZE, probe, NULL, NULL) == 0)
        report_success("ptrace");
    if (process_vm_readv(probe, &here, 1, &there, 1, 0) >= 0 || errno != EPERM)
        report_success("process_vm_readv");
    if (process_vm_writev(probe, &here, 1, &there, 1, 0) >= 0 || errno != EPERM)
        report_success("process_vm_writev");
}

static void steal(void)
{
    int pidfd = (int)syscall(SYS_pidfd_open, probe, 0);
    for (int number = 0; pidfd >= 0 && number < DESCRIPTORS; number++)
        if (syscall(SYS_pidfd_getfd, pidfd, number, 0) >= 0)
            report_success("pidfd_getfd");
}

/* The probe forwards some of these signals to the build, so this process ignores them. */
static void signals(void)
{
    for (int number = 1; number < SIGRTMIN; number++)
        if (number != SIGKILL && number != SIGSTOP && number != SIGTSTP && number != SIGTTIN &&
            number != SIGTTOU) {
            signal(number, SIG_IGN);
            (void)kill(probe, number);
        }
}

static void limit_descriptors(rlim_t count)
{
    struct rlimit limit = {count, count};
    if (prlimit(probe, RLIMIT_NOFILE, &limit, NULL) < 0)
        perror("prlimit");
}

static void score(void)
{
    int fd = open_of_probe(O_WRONLY, "oom_score_adj");
    if (fd >= 0 && write(fd, "1000", 4) == 4)
        report_success("oom_score_adj");
}

static void grow(size_t mib)
{
    if (mmap(NULL, mib << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
             -1, 0) == MAP_FAILED)
        perror("mmap");
    usleep(500000);
}

/* The kernel selects the process to kill by size and by score. Small processes ensure that it kills
 * the probe. They allocate only after all are forked: a User-Mode-Linux can panic if a process is
 * killed while it forks. */
static void hold(void)
{
    int gate[2];
    char none;
    if (pipe(gate) < 0)
        perror("pipe");
    for (int part = 0; part < 4; part++)
        if (fork() == 0) {
            close(gate[1]);
            (void)!read(gate[0], &none, 1);
            grow(25);
            _exit(0);
        }
    close(gate[0]);
    close(gate[1]);
    while (wait(NULL) > 0)
        ;
}

static void make(void)
{
    FILE *made = fopen("made", "w");
    if (!made || fputs("made\n", made) == EOF || fclose(made) == EOF)
        perror("made");
}

static void do_step(const char *step)
{
    if (strcmp(step, "descriptors") == 0)
        descriptors();
    else if (strcmp(step, "memory") == 0)
        memory();
    else if (strcmp(step, "steal") == 0)
        steal();
    else if (strcmp(step, "signals") == 0)
        signals();
    else if (strcmp(step, "stop") == 0)
        kill(probe, SIGSTOP);
    else if (strcmp(step, "kill") == 0)
        kill(probe, SIGKILL);
    else if (strcmp(step, "starve") == 0)
        limit_descriptors(0);
    else if (strcmp(step, "squeeze") == 0)
        limit_descriptors(5);
    else if (strcmp(step, "score") == 0)
        score();
    else if (strcmp(step, "grow") == 0)
        grow(100);
    else if (strcmp(step, "hold") == 0)
        hold();
    else if (strcmp(step, "write") == 0)
        make();
    else if (strcmp(step, "pause") == 0)
        pause();
    else
        fprintf(stderr, "attack: unknown step %s\n", step);
}

int main(int argc, char **argv)
{
    probe = getppid();
    setvbuf(stdout, NULL, _IOLBF, 0); /* each line survives a SIGKILL of this process */
    for (int i = 1; i < argc; i++)
        do_step(argv[i]);
    return any_succeeded ? 9 : 0;
}
