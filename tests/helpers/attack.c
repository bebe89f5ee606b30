/*
 * attack: a build that turns against its probe. It is run as the build's first process, so that
 * the probe is its parent.
 *
 *   attack STEP...
 *
 * The steps, done from left to right:
 *   descriptors  write into what the probe has open, through /proc
 *   memory       read and write its memory, through /proc, ptrace(2) and process_vm_writev(2)
 *   steal        take its descriptors, with pidfd_getfd(2)
 *   signals      send it whatever can be sent but SIGKILL and SIGSTOP
 *   stop, kill   SIGSTOP, SIGKILL
 *   starve       leave it not one descriptor, with prlimit(2)
 *   squeeze      leave it those that it waits for, and none to open a file with
 *   score        offer it to the kernel when memory runs out, in our place
 *   grow, hold   hold 100 MiB for half a second, alone or in four processes
 *   write        write what the build has to make: the file "made"
 *   pause        for as long as it lasts
 *
 * Prints each of the first three that came through, and score. Exits 0 where none did, else 9.
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
static bool came_through;

static void report(const char *what)
{
    printf("came through: %s\n", what);
    came_through = true;
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
            report("descriptors");
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
        report("/proc/PID/mem");
    if (open_of_probe(O_RDONLY, "environ") >= 0)
        report("/proc/PID/environ");
    if (ptrace(PTRACE_SEIZE, probe, NULL, NULL) == 0)
        report("ptrace");
    if (process_vm_readv(probe, &here, 1, &there, 1, 0) >= 0 || errno != EPERM)
        report("process_vm_readv");
    if (process_vm_writev(probe, &here, 1, &there, 1, 0) >= 0 || errno != EPERM)
        report("process_vm_writev");
}

static void steal(void)
{
    int pidfd = (int)syscall(SYS_pidfd_open, probe, 0);
    for (int number = 0; pidfd >= 0 && number < DESCRIPTORS; number++)
        if (syscall(SYS_pidfd_getfd, pidfd, number, 0) >= 0)
            report("pidfd_getfd");
}

/* The probe passes some of these on to the build: to us. */
static void signals(void)
{
    for (int number = 1; number < SIGRTMIN; number++)
        if (number != SIGKILL && number != SIGSTOP && number != SIGTSTP && number != SIGTTIN &&
            number != SIGTTOU) {
            signal(number, SIG_IGN);
            (void)kill(probe, number);
        }
}

static void leave_descriptors(rlim_t count)
{
    struct rlimit limit = {count, count};
    if (prlimit(probe, RLIMIT_NOFILE, &limit, NULL) < 0)
        perror("prlimit");
}

static void score(void)
{
    int fd = open_of_probe(O_WRONLY, "oom_score_adj");
    if (fd >= 0 && write(fd, "1000", 4) == 4)
        report("oom_score_adj");
}

static void grow(size_t mib)
{
    if (mmap(NULL, mib << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
             -1, 0) == MAP_FAILED)
        perror("mmap");
    usleep(500000);
}

/* In parts: when memory runs out the kernel weighs size as well as score. None takes its part
 * before all are there: a User-Mode-Linux can panic where a process is killed while it forks. */
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
        leave_descriptors(0);
    else if (strcmp(step, "squeeze") == 0)
        leave_descriptors(5);
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
    setvbuf(stdout, NULL, _IOLBF, 0); /* what is printed is not lost with us */
    for (int i = 1; i < argc; i++)
        do_step(argv[i]);
    return came_through ? 9 : 0;
}
