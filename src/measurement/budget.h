/* Budgets: absolute caps that a person set for metrics. They need no baseline.
 *
 * Those of build-mem.json and that of a metric in the baseline file are judged alike, by
 * gate/finding.c. */
#ifndef BM_MEASUREMENT_BUDGET_H
#define BM_MEASUREMENT_BUDGET_H

#include <stddef.h>
#include <stdint.h>

struct budget {
    char *metric;
    int64_t most; /* the highest value that passes, in the metric's unit */
};

/* Can be copied with budgets_copy; {0} has no budget. */
struct budgets {
    struct budget *items;
    size_t count;
    double warn_at_percent; /* of a budget: a higher value is a warning; 0: none */
};

/* Adds the budget of one metric, which has none yet. Copies the name. */
void budgets_add(struct budgets *budgets, const char *metric, int64_t most);
/* Returns the budget of the metric, or UNMEASURED. */
int64_t budgets_find(const struct budgets *budgets, const char *metric);
/* `copy` must be empty. */
void budgets_copy(const struct budgets *budgets, struct budgets *copy);
void budgets_release(struct budgets *budgets);

#endif
