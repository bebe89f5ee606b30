#include "workload.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)
#define WORKERS_MAX 100

static FILE *log_file;
static const char *cgroup_directory;

static long long now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void sleep_ms(long ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&left, &left) < 0)
        ;
}

static char *map_mib(size_t mib)
{
    char *memory =
        mmap(NULL, mib * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        abort();
    return memory;
}

static void touch(char *memory, size_t mib)
{
    for (size_t at = 0; at < mib * MIB; at += 4096)
        ((volatile char *)memory)[at] = 1;
}

static long long peak_counter(const char *reset)
{
    char path[4200], text[64] = "";
    snprintf(path, sizeof path, "%s/memory.max_usage_in_bytes", cgroup_directory);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || (reset && write(fd, reset, 1) < 0) || pread(fd, text, sizeof text - 1, 0) < 0)
        abort();
    close(fd);
    return atoll(text);
}

/* A worker holds its base and allocates more on demand: two pipes each. */
struct worker {
    pid_t pid;
    int order, answer;
};
static struct worker workers[WORKERS_MAX];

struct order {
    int mib, hold_ms;
};

static void obey(const struct order *order)
{
    char *memory = map_mib((size_t)order->mib);
    touch(memory, (size_t)order->mib);
    sleep_ms(order->hold_ms);
    munmap(memory, (size_t)order->mib * MIB);
}

static void start_worker(struct worker *worker, size_t base_mib)
{
    int order[2], answer[2];
    char byte = 0;
    if (pipe2(order, O_CLOEXEC) < 0 || pipe2(answer, O_CLOEXEC) < 0)
        abort();
    worker->pid = fork();
    if (worker->pid == 0) {
        struct order one;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        touch(map_mib(base_mib), base_mib);
        for (;;) {
            (void)!write(answer[1], &byte, 1);
            if (read(order[0], &one, sizeof one) != (ssize_t)sizeof one)
                _exit(0);
            obey(&one);
        }
    }
    close(order[0]);
    close(answer[1]);
    worker->order = order[1];
    worker->answer = answer[0];
    (void)!read(worker->answer, &byte, 1);
}

static void start_workers(int count, size_t base_mib)
{
    for (int i = 0; i < count; i++)
        start_worker(&workers[i], base_mib);
}

/* A process that does nothing but begin a stage. */
static pid_t begin_stage(int number)
{
    char name[32];
    snprintf(name, sizeof name, "stage-%d-", number);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl("/proc/self/exe", name, "--nothing", (char *)NULL);
        _exit(1);
    }
    sleep_ms(150);
    return pid;
}

static void end_stage(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* Each spike is a stage of its own: its best snapshot is to explain its peak. */
static void spike(int number, int mib, int hold_ms, int in_workers)
{
    struct order order = {mib, hold_ms};
    char byte;
    pid_t stage = begin_stage(number);
    (void)peak_counter("0");
    long long begin = now_us();
    if (in_workers) {
        struct worker *worker = &workers[number % in_workers];
        (void)!write(worker->order, &order, sizeof order);
        (void)!read(worker->answer, &byte, 1);
    } else {
        pid_t pid = fork();
        if (pid == 0) {
            obey(&order);
            _exit(0);
        }
        waitpid(pid, NULL, 0);
    }
    fprintf(log_file, "spike %lld %lld %d %lld\n", begin, now_us(), hold_ms, peak_counter(NULL));
    end_stage(stage);
}

static void spikes(size_t base_mib)
{
    static const int holds[] = {5, 20, 50, 100, 150}, sizes[] = {200, 300, 400, 500};
    int number = 0;
    start_workers(8, base_mib);
    for (int size = 0; size < 4; size++)
        for (int hold = 0; hold < 5; hold++, number++)
            spike(number, sizes[size], holds[hold], number % 2 ? 8 : 0);
}

/* A large parent forks children that share its pages and write to some of them. */
static void copy_on_write(void)
{
    char *memory = map_mib(300);
    touch(memory, 300);
    for (int number = 0; number < 6; number++) {
        pid_t stage = begin_stage(number);
        (void)peak_counter("0");
        long long begin = now_us();
        for (int i = 0; i < 4; i++)
            if (fork() == 0) {
                touch(memory + (size_t)i * 60 * MIB, (size_t)(10 * (number + 1)));
                sleep_ms(200);
                _exit(0);
            }
        for (int i = 0; i < 4; i++)
            waitpid(-1, NULL, 0);
        fprintf(log_file, "spike %lld %lld 200 %lld\n", begin, now_us(), peak_counter(NULL));
        end_stage(stage);
    }
}

/* Works on its mappings without end: what holds their lock shows. */
static void map_and_unmap(void)
{
    touch(map_mib(1024), 1024);
    sleep_ms(300);
    long long until = now_us() + 4000000, chunks = 0;
    while (now_us() < until)
        for (int i = 0; i < 20; i++, chunks++) {
            char *chunk = map_mib(1);
            for (size_t at = 0; at < 8 * 4096; at += 4096)
                ((volatile char *)chunk)[at] = 1;
            munmap(chunk, MIB);
        }
    fprintf(log_file, "work %lld\n", chunks);
}

void run_workload(const char *name, const char *log, const char *cgroup)
{
    cgroup_directory = cgroup;
    char path[4200];
    snprintf(path, sizeof path, "%s/cgroup.procs", cgroup);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    log_file = fopen(log, "we");
    if (!log_file || fd < 0 || write(fd, "0", 1) < 0)
        abort();
    close(fd);
    if (strcmp(name, "10x100") == 0) {
        start_workers(10, 100);
        sleep_ms(8000);
    } else if (strcmp(name, "100x10") == 0) {
        start_workers(100, 10);
        sleep_ms(8000);
    } else if (strcmp(name, "spikes-600") == 0) {
        spikes(75);
    } else if (strcmp(name, "spikes-2400") == 0) {
        spikes(300);
    } else if (strcmp(name, "cow") == 0) {
        copy_on_write();
    } else if (strcmp(name, "map") == 0) {
        map_and_unmap();
    } else {
        abort();
    }
    fclose(log_file);
    exit(0);
}
