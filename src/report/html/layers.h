/* What is stacked in the timeline: the processes by name, or the kinds of memory. Inside of report/
 * only. */
#ifndef BM_REPORT_HTML_LAYERS_H
#define BM_REPORT_HTML_LAYERS_H

#include "result/series.h"

#include <stdbool.h>

#define MOST_LAYERS 8

struct layers {
    const char *palette;      /* the prefix of their classes; static */
    bool of_pss;              /* else of what is charged */
    char *names[MOST_LAYERS]; /* from the bottom to the top; owned */
    size_t count;
    int64_t *at_ms; /* of each point in time */
    size_t points;
    int64_t *bytes; /* see layer_at */
};

/* What that layer holds at that point. */
int64_t *layer_at(const struct layers *layers, size_t layer, size_t point);
void layers_release(struct layers *layers);

/* The largest groups, the rest of them in one layer. No points where the series has none. */
struct layers layers_by_process(const struct series *series);
/* Anonymous memory, page cache, and the rest of what was charged, at each column's high. */
struct layers layers_by_kind(const struct series_column *columns, size_t count);

#endif
