/* Memory to hold, and processes that hold it. */
#ifndef BM_BENCH_WORKERS_H
#define BM_BENCH_WORKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define MIB ((size_t)1 << 20)

/* Times are of CLOCK_MONOTONIC. */
long long now_us(void);
void sleep_ms(long ms);

/* Anonymous memory, from now on in pages of 2 MiB where `huge`, else never in such. */
void use_huge_pages(bool huge);
char *map_mib(size_t mib);
void touch(char *memory, size_t mib);

/* What a process is told to do: allocate, hold, free. */
struct order {
    int mib, hold_ms;
};
void obey(const struct order *order);

/* Starts workers that hold `base_mib` each and obey, one after the other; they die with the
 * caller. */
void start_workers(int count, size_t base_mib);
/* Ends them and waits for each, as builds do: left to the probe, its waits would count as its own
 * (one for any of a thousand children looks at them all). */
void end_workers(void);
/* Returns when the worker has obeyed. */
void order_worker(int number, const struct order *order);

#endif
