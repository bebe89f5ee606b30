#include "measurement/budget.h"

#include "base/alloc.h"
#include "base/units.h"

#include <string.h>

void budgets_add(struct budgets *budgets, const char *metric, int64_t most)
{
    budgets->items = xgrow(budgets->items, budgets->count, sizeof *budgets->items);
    budgets->items[budgets->count++] = (struct budget){.metric = xstrdup(metric), .most = most};
}

int64_t budgets_find(const struct budgets *budgets, const char *metric)
{
    for (size_t i = 0; i < budgets->count; i++)
        if (strcmp(budgets->items[i].metric, metric) == 0)
            return budgets->items[i].most;
    return UNMEASURED;
}

void budgets_copy(const struct budgets *budgets, struct budgets *copy)
{
    copy->warn_at_percent = budgets->warn_at_percent;
    for (size_t i = 0; i < budgets->count; i++)
        budgets_add(copy, budgets->items[i].metric, budgets->items[i].most);
}

void budgets_release(struct budgets *budgets)
{
    for (size_t i = 0; i < budgets->count; i++)
        free(budgets->items[i].metric);
    free(budgets->items);
    *budgets = (struct budgets){0};
}
