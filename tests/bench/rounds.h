/* Measures how much a sampler slows down a worker process.
 *
 * Short rounds alternate: in one the sampler runs, in the next it is stopped (SIGSTOP). Other load
 * on the machine therefore affects both.
 *
 * The speed of a round is the work, divided by the time in which the worker ran or was blocked.
 * Time in which the worker waited for a CPU does not count: other load causes it, and the table has
 * the CPU time of the sampler in another column. */
#ifndef BM_BENCH_ROUNDS_H
#define BM_BENCH_ROUNDS_H

#include <sys/types.h>

/* Memory that the worker and the metering process share. */
struct rounds {
    volatile pid_t worker; /* 0: not ready */
    volatile long long work;
    /* The slow-down in percent: the median of all pairs and its 95 % confidence interval. */
    double slower, slower_low, slower_high;
    int pairs;
};

/* Maps the file LOG.rounds. Creates it if it does not exist. */
struct rounds *map_rounds(const char *log);

/* Forks a process that runs rounds for `seconds` and then ends the worker. Returns its PID. */
pid_t start_rounds(struct rounds *rounds, pid_t sampler, int seconds);

#endif
