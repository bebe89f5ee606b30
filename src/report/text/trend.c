#include "report/report.h"

#include "base/alloc.h"
#include "base/units.h"
#include "measurement/metric.h"
#include "report/text/layout.h"
#include "report/wording.h"

#include <string.h>

enum { NAME = 26, FIGURE = -12, CHANGE = -22 };

static void put_metric(struct layout *layout, const struct trend_metric *metric)
{
    int64_t plateau = trend_plateau(metric);
    char *anchor CLEANUP(cleanup_free) = metric_figure(metric->name, metric->anchor);
    char *now CLEANUP(cleanup_free) = metric_figure(metric->name, plateau);
    char *creep CLEANUP(cleanup_free) = plateau == metric->anchor
                                            ? xstrdup("same")
                                            : metric_step(metric->name, metric->anchor, plateau);
    layout_put(layout, PAINT_NONE, "  ");
    layout_name(layout, 2, NAME, PAINT_NONE, metric->name);
    layout_cell(layout, FIGURE, PAINT_NONE, anchor);
    layout_cell(layout, FIGURE, PAINT_BOLD, now);
    layout_cell(layout, CHANGE, PAINT_NONE, creep);
    layout_put(layout, PAINT_NONE, "\n");
}

static void put_change_points(struct layout *layout, const struct trend_series *series,
                              const struct trend_metric *metric)
{
    for (size_t s = 1; s < metric->segments.count; s++) {
        int64_t before = metric->plateaus[s - 1], after = metric->plateaus[s];
        char *commit CLEANUP(cleanup_free) =
            trend_commit_text(trend_change_point_commit(series, metric, s));
        char *change CLEANUP(cleanup_free) = metric_change(metric->name, before, after);
        char *to CLEANUP(cleanup_free) = metric_figure(metric->name, after);
        char *line CLEANUP(cleanup_free) =
            xasprintf("change point at %s: %s %s to %s", commit, metric->name, change, to);
        layout_put(layout, PAINT_NONE, "  ");
        layout_wrap(layout, 2, 4, after > before ? PAINT_RED : PAINT_GREEN, line);
    }
}

static void put_acceptances(struct layout *layout, const struct trend_series *series)
{
    for (size_t c = 0; c < series->commit_count; c++) {
        const struct baseline_environment *accepted = series->commits[c].accepted;
        if (!accepted)
            continue;
        char *commit CLEANUP(cleanup_free) = trend_commit_text(&series->commits[c]);
        char *line CLEANUP(cleanup_free) = xasprintf(
            "accepted as the baseline: %s%s%s", commit, accepted->accepted_reason ? ": " : "",
            accepted->accepted_reason ? accepted->accepted_reason : "");
        layout_put(layout, PAINT_NONE, "  ");
        layout_wrap(layout, 2, 4, PAINT_NONE, line);
    }
}

static void put_proposals(struct layout *layout, const struct trend_series *series)
{
    for (size_t i = 0; i < series->metric_count; i++) {
        const struct trend_metric *metric = &series->metrics[i];
        if (metric->proposed_percent < 0)
            continue;
        char *line CLEANUP(cleanup_free) =
            xasprintf("proposed tolerance: \"percent\": %g of %s, from %zu commits",
                      metric->proposed_percent, metric->name, metric->measured_count);
        layout_put(layout, PAINT_NONE, "  ");
        layout_wrap(layout, 2, 4, PAINT_DIM, line);
    }
}

static void put_series(struct layout *layout, const struct trend_series *series)
{
    char *title CLEANUP(cleanup_free) =
        xasprintf("%s: %zu commit%s%s", series->environment, series->commit_count,
                  series->commit_count == 1 ? "" : "s",
                  series->dropped_commits ? ", older ones are not shown" : "");
    layout_put(layout, PAINT_NONE, "\n");
    layout_wrap(layout, 0, 2, PAINT_BOLD, title);
    layout_put(layout, PAINT_NONE, "  ");
    layout_cell(layout, NAME, PAINT_BOLD, "");
    layout_cell(layout, FIGURE, PAINT_BOLD, "anchor");
    layout_cell(layout, FIGURE, PAINT_BOLD, "plateau");
    layout_cell(layout, CHANGE, PAINT_BOLD, "creep");
    layout_put(layout, PAINT_NONE, "\n");
    for (size_t i = 0; i < series->metric_count; i++)
        put_metric(layout, &series->metrics[i]);
    for (size_t i = 0; i < series->metric_count; i++)
        put_change_points(layout, series, &series->metrics[i]);
    put_acceptances(layout, series);
    put_proposals(layout, series);
}

char *trend_text(const struct trend *trend, bool colour)
{
    struct layout layout;
    layout_open(&layout, colour);
    for (size_t i = 0; i < trend->count; i++)
        put_series(&layout, &trend->series[i]);
    if (trend->failure_count)
        layout_put(&layout, PAINT_BOLD, "\nresults without figures\n");
    for (size_t i = 0; i < trend->failure_count; i++) {
        const struct trend_failure *failure = &trend->failures[i];
        char *line CLEANUP(cleanup_free) =
            xasprintf("%.12s %s: %s", failure->commit ? failure->commit : failure->started_at,
                      failure->label, failure->reason);
        layout_put(&layout, PAINT_NONE, "  ");
        layout_wrap(&layout, 2, 4, PAINT_YELLOW, line);
    }
    return layout_close(&layout);
}
