/* Prints the table of the bench row by row. Figures that have a goal show if they meet it. */
#ifndef BM_BENCH_TABLE_H
#define BM_BENCH_TABLE_H

#include "bench/run.h"

/* Percentages, except rss_mib. 0: no goal. */
struct goals {
    double cpu, rss_mib;       /* maxima; cpu is a share of one core */
    double caught, caught_5ms; /* minima: spikes of 20 ms and more, and of 5 ms */
    double over, slower;       /* maxima */
};

void put_head(void);
/* `goals` can be NULL. */
void put_row(const char *build, const char *sampler, const struct outcome *outcome,
             const struct goals *goals);
/* Prints the number of goals that were met, and the totals of all spikes. */
void put_foot(void);

#endif
