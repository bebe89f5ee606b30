/* Memory of known size, and worker processes that hold it. */
#ifndef BM_BENCH_WORKERS_H
#define BM_BENCH_WORKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define MIB ((size_t)1 << 20)

/* CLOCK_MONOTONIC. */
long long now_us(void);
void sleep_ms(long ms);

/* Enables or disables huge pages for later calls of map_mib. */
void use_huge_pages(bool huge);
/* Maps anonymous memory. The caller must touch it to allocate its pages. */
char *map_mib(size_t mib);
void touch(char *memory, size_t mib);

/* An order for a process: allocate memory, hold it, free it. */
struct order {
    int mib, hold_ms;
};
void run_order(const struct order *order);

/* Starts workers, which hold `base_mib` each and wait for orders. The kernel kills them when the
 * caller ends. */
void start_workers(int count, size_t base_mib);
/* Ends the workers and waits for each of them. If the probe waited for them instead, these waits
 * would increase its CPU time: waitpid(2) for any child examines all children. */
void end_workers(void);
/* Sends an order to a worker and waits until the worker has run it. */
void order_worker(int number, const struct order *order);

#endif
