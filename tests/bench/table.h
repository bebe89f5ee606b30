/* The bench's table: a row as it comes, figures with what they are held to. */
#ifndef BM_BENCH_TABLE_H
#define BM_BENCH_TABLE_H

#include "bench/run.h"

/* In percent; 0: no goal. CPU is of one core. */
struct goals {
    double cpu, rss_mib;       /* at most */
    double caught, caught_5ms; /* at least: spikes held for 20 ms and more, and for 5 ms */
    double over, slower;       /* at most */
};

void put_head(void);
/* `goals` NULL: none. */
void put_row(const char *build, const char *sampler, const struct outcome *outcome,
             const struct goals *goals);
/* How many goals were met, and all the spikes together. */
void put_foot(void);

#endif
