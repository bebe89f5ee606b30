#include "bench/rounds.h"

#include "bench/workers.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Two samples of the samplers with an interval of 150 ms. */
#define ROUND_MS 300
#define PAIRS_MAX 256

struct rounds *map_rounds(const char *log)
{
    char path[512];
    snprintf(path, sizeof path, "%s.rounds", log);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof(struct rounds)) < 0)
        abort();
    void *memory = mmap(NULL, sizeof(struct rounds), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (memory == MAP_FAILED)
        abort();
    return memory;
}

/* Returns how long the process has waited for a CPU. */
static double waited_us(pid_t pid)
{
    char path[64];
    double waited_ns = 0;
    snprintf(path, sizeof path, "/proc/%d/schedstat", (int)pid);
    FILE *in = fopen(path, "re");
    if (!in || fscanf(in, "%*f %lf", &waited_ns) != 1)
        abort();
    fclose(in);
    return waited_ns / 1000;
}

static double speed_of_round(const struct rounds *rounds)
{
    long long work = rounds->work, begin = now_us();
    double waited = waited_us(rounds->worker);
    sleep_ms(ROUND_MS);
    double us = (double)(now_us() - begin) - (waited_us(rounds->worker) - waited);
    return (double)(rounds->work - work) / us;
}

static int smaller_first(const void *a, const void *b)
{
    const double *one = a, *other = b;
    return (*one > *other) - (*one < *other);
}

/* Computes the median and its confidence interval. The bounds are order statistics, by the normal
 * approximation of the binomial distribution. */
static void summarize(struct rounds *rounds, double *slower, int count)
{
    qsort(slower, (size_t)count, sizeof *slower, smaller_first);
    int reach = (int)ceil(0.98 * sqrt(count));
    int low = count / 2 - reach, high = (count - 1) / 2 + reach;
    rounds->pairs = count;
    rounds->slower = (slower[count / 2] + slower[(count - 1) / 2]) / 2;
    rounds->slower_low = slower[low > 0 ? low : 0];
    rounds->slower_high = slower[high < count ? high : count - 1];
}

static void meter(struct rounds *rounds, pid_t sampler, int seconds)
{
    static double slower[PAIRS_MAX];
    int count = 0;
    while (!rounds->worker)
        sleep_ms(20);
    sleep_ms(500);
    for (long long until = now_us() + seconds * 1000000LL; now_us() < until && count < PAIRS_MAX;) {
        /* The order within a pair alternates too. */
        double speeds[2];
        for (int i = 0; i < 2; i++) {
            int stopped = (i + count) % 2;
            kill(sampler, stopped ? SIGSTOP : SIGCONT);
            speeds[stopped] = speed_of_round(rounds);
        }
        slower[count++] = 100 - 100 * speeds[0] / speeds[1];
    }
    kill(sampler, SIGCONT);
    summarize(rounds, slower, count);
    kill(rounds->worker, SIGKILL);
}

pid_t start_rounds(struct rounds *rounds, pid_t sampler, int seconds)
{
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        meter(rounds, sampler, seconds);
        _exit(0);
    }
    return pid;
}
