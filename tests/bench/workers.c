#include "bench/workers.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS_MAX 1000

struct worker {
    pid_t pid;
    int order, answer; /* pipes */
};
static struct worker workers[WORKERS_MAX];
static bool huge_pages;

long long now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void sleep_ms(long ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&left, &left) < 0)
        ;
}

void use_huge_pages(bool huge)
{
    huge_pages = huge;
}

char *map_mib(size_t mib)
{
    char *memory =
        mmap(NULL, mib * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        abort();
    (void)madvise(memory, mib * MIB, huge_pages ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    return memory;
}

void touch(char *memory, size_t mib)
{
    for (size_t at = 0; at < mib * MIB; at += 4096)
        ((volatile char *)memory)[at] = 1;
}

void run_order(const struct order *order)
{
    char *memory = map_mib((size_t)order->mib);
    touch(memory, (size_t)order->mib);
    sleep_ms(order->hold_ms);
    munmap(memory, (size_t)order->mib * MIB);
}

static _Noreturn void work(size_t base_mib, int orders, int answers)
{
    struct order one;
    char done = 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    touch(map_mib(base_mib), base_mib);
    for (;;) {
        (void)!write(answers, &done, 1);
        if (read(orders, &one, sizeof one) != (ssize_t)sizeof one)
            _exit(0);
        run_order(&one);
    }
}

static void start_worker(struct worker *worker, size_t base_mib)
{
    int order[2], answer[2];
    char ready;
    if (pipe2(order, O_CLOEXEC) < 0 || pipe2(answer, O_CLOEXEC) < 0)
        abort();
    pid_t pid = fork();
    if (pid < 0)
        abort();
    if (pid == 0)
        work(base_mib, order[0], answer[1]);
    close(order[0]);
    close(answer[1]);
    *worker = (struct worker){pid, .order = order[1], .answer = answer[0]};
    (void)!read(worker->answer, &ready, 1);
}

void start_workers(int count, size_t base_mib)
{
    for (int i = 0; i < count && i < WORKERS_MAX; i++)
        start_worker(&workers[i], base_mib);
}

void end_workers(void)
{
    for (int i = 0; i < WORKERS_MAX && workers[i].pid; i++) {
        kill(workers[i].pid, SIGKILL);
        waitpid(workers[i].pid, NULL, 0);
    }
}

void order_worker(int number, const struct order *order)
{
    char done;
    (void)!write(workers[number].order, order, sizeof *order);
    (void)!read(workers[number].answer, &done, 1);
}
