/* How far a sampler slows a process down: in short rounds, with the sampler and with it stopped
 * (SIGSTOP), in turn, so that other load on the machine falls on both.
 *
 * A round's speed is its work by the time in which the process ran or was blocked; time in which it
 * waited for a CPU is taken off: that is other load's, and what CPU the sampler takes has a figure
 * of its own. */
#ifndef BM_BENCH_ROUNDS_H
#define BM_BENCH_ROUNDS_H

#include <sys/types.h>

/* Shared between the process that works and the one that meters it. */
struct rounds {
    volatile pid_t worker; /* 0: not ready */
    volatile long long work;
    /* Of all pairs, in percent: the median, and the bounds of its 95 % confidence interval. */
    double slower, slower_low, slower_high;
    int pairs;
};

/* The file `log` with ".rounds" behind it, mapped; made where it does not exist. */
struct rounds *rounds_of(const char *log);

/* Forks a process that meters the worker against the sampler, for `seconds`, then ends the worker.
 * Returns its pid. */
pid_t start_rounds(struct rounds *rounds, pid_t sampler, int seconds);

#endif
