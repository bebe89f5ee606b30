/* The page of `build-mem trend`: a chart of each metric over the commits, its change points, and
 * the results without figures. It has no script. */
#include "base/alloc.h"
#include "base/units.h"
#include "measurement/metric.h"
#include "report/html/html.h"
#include "report/wording.h"

#include <stdio.h>
#include <string.h>

#define CHART_WIDTH 960
#define CHART_HEIGHT 200

/* The scale of a chart. It does not begin at 0: a change of some percent must be visible. */
struct scale {
    size_t count; /* commits */
    int64_t bottom, top;
};

static double x_of(const struct scale *scale, size_t commit)
{
    return CHART_WIDTH * ((double)commit + 0.5) / (double)scale->count;
}

static double y_of(const struct scale *scale, int64_t value)
{
    return CHART_HEIGHT * (double)(scale->top - value) / (double)(scale->top - scale->bottom);
}

static struct scale scale_of(const struct trend_series *series, const struct trend_metric *metric)
{
    struct scale scale = {
        .count = series->commit_count, .bottom = metric->anchor, .top = metric->anchor};
    for (size_t i = 0; i < metric->measured_count; i++) {
        const struct trend_value *value = &metric->values[metric->measured[i]];
        scale.top = value->high > scale.top ? value->high : scale.top;
        scale.bottom = value->low < scale.bottom ? value->low : scale.bottom;
    }
    int64_t margin = (scale.top - scale.bottom) / 8 + scale.top / 50 + 1;
    scale.top = add_figures(scale.top, margin);
    scale.bottom = scale.bottom > margin ? scale.bottom - margin : 0;
    return scale;
}

/* ---- the chart ---- */

static void put_plateaus(struct xml *xml, const struct scale *scale,
                         const struct trend_metric *metric)
{
    char *shape CLEANUP(cleanup_free) = NULL;
    size_t length;
    FILE *out = xmemstream_open(&shape, &length);
    for (size_t s = 0; s < metric->segments.count; s++) {
        size_t end = s + 1 < metric->segments.count ? metric->segments.starts[s + 1]
                                                    : metric->measured_count;
        double half = CHART_WIDTH * 0.4 / (double)scale->count;
        fprintf(out, "M%.1f %.1fH%.1f",
                x_of(scale, metric->measured[metric->segments.starts[s]]) - half,
                y_of(scale, metric->plateaus[s]), x_of(scale, metric->measured[end - 1]) + half);
    }
    xmemstream_close(out);
    html_path(xml, "line usage", shape);
}

/* A dot for the median of each commit, and a line for the range of its runs. */
static void put_values(struct xml *xml, const struct scale *scale,
                       const struct trend_metric *metric)
{
    char *ranges CLEANUP(cleanup_free) = NULL, *dots CLEANUP(cleanup_free) = NULL;
    size_t ranges_length, dots_length;
    FILE *range = xmemstream_open(&ranges, &ranges_length);
    FILE *dot = xmemstream_open(&dots, &dots_length);
    for (size_t i = 0; i < metric->measured_count; i++) {
        const struct trend_value *value = &metric->values[metric->measured[i]];
        double x = x_of(scale, metric->measured[i]);
        fprintf(range, "M%.1f %.1fV%.1f", x, y_of(scale, value->high), y_of(scale, value->low));
        fprintf(dot, "M%.1f %.1fh.01", x, y_of(scale, value->median));
    }
    xmemstream_close(range);
    xmemstream_close(dot);
    html_path(xml, "line value", ranges);
    html_path(xml, "line value dot", dots);
}

static void put_drawing(struct xml *xml, const struct scale *scale,
                        const struct trend_series *series, const struct trend_metric *metric)
{
    char *label CLEANUP(cleanup_free) = metric_label(metric->name);
    char *anchor CLEANUP(cleanup_free) =
        xasprintf("M0 %.1fH%d", y_of(scale, metric->anchor), CHART_WIDTH);
    xml_start(xml, "svg");
    xml_attributef(xml, "viewBox", "0 0 %d %d", CHART_WIDTH, CHART_HEIGHT);
    xml_attribute(xml, "preserveAspectRatio", "none");
    xml_attribute(xml, "role", "img");
    xml_attributef(xml, "aria-label", "%s over %zu commits; the table below has the change points",
                   label, series->commit_count);
    html_path(xml, "line baseline", anchor);
    for (size_t c = 0; c < series->commit_count; c++) {
        char *edge CLEANUP(cleanup_free) = xasprintf("M%.1f 0V%d", x_of(scale, c), CHART_HEIGHT);
        if (series->commits[c].accepted)
            html_path(xml, "line accepted", edge);
    }
    for (size_t s = 1; s < metric->segments.count; s++) {
        size_t commit = metric->measured[metric->segments.starts[s]];
        char *edge CLEANUP(cleanup_free) =
            xasprintf("M%.1f 0V%d", x_of(scale, commit) - CHART_WIDTH * 0.5 / (double)scale->count,
                      CHART_HEIGHT);
        html_path(xml, "edge", edge);
    }
    put_values(xml, scale, metric);
    put_plateaus(xml, scale, metric);
    html_close(xml);
}

static void put_ticks(struct xml *xml, const struct scale *scale, const struct trend_series *series,
                      const struct trend_metric *metric)
{
    const int64_t figures[] = {scale->bottom, scale->bottom + (scale->top - scale->bottom) / 2,
                               scale->top};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        char *text CLEANUP(cleanup_free) = metric_figure(metric->name, figures[i]);
        html_tick(xml, "tick y", "top", 100 * y_of(scale, figures[i]) / CHART_HEIGHT, text);
    }
    const size_t commits[] = {0, series->commit_count - 1};
    for (size_t i = 0; i < (series->commit_count > 1 ? 2 : 1); i++) {
        char *text CLEANUP(cleanup_free) = trend_commit_text(&series->commits[commits[i]]);
        html_tick(xml, "tick x", "left", 100 * x_of(scale, commits[i]) / CHART_WIDTH, text);
    }
}

static void put_chart(struct xml *xml, const struct trend_series *series,
                      const struct trend_metric *metric)
{
    const struct scale scale = scale_of(series, metric);
    char *label CLEANUP(cleanup_free) = metric_label(metric->name);
    html_open(xml, "figure", "chart trend");
    html_element(xml, "figcaption", NULL, label);
    html_open(xml, "div", "plot");
    html_open(xml, "div", "canvas");
    put_drawing(xml, &scale, series, metric);
    put_ticks(xml, &scale, series, metric);
    html_close(xml);
    html_close(xml);
    html_open(xml, "ul", "legend");
    html_legend_item(xml, "line usage", "plateau");
    html_legend_item(xml, "line value", "median and range of the runs of a commit");
    html_legend_item(xml, "line baseline",
                     metric->anchor_is_accepted ? "anchor of the baseline" : "first plateau");
    for (size_t c = 0; c < series->commit_count; c++)
        if (series->commits[c].accepted) {
            html_legend_item(xml, "line accepted", "accepted as the baseline");
            break;
        }
    html_close(xml);
    html_close(xml);
}

/* ---- tables ---- */

static void put_summary(struct xml *xml, const struct trend_series *series)
{
    html_table(xml, "Metrics, from the anchor to the present plateau",
               (const char *const[]){"metric", ">anchor", ">plateau", ">creep", ">change points",
                                     ">proposed tolerance", NULL});
    for (size_t i = 0; i < series->metric_count; i++) {
        const struct trend_metric *metric = &series->metrics[i];
        const char *unit = metric_unit(metric->name);
        char *label CLEANUP(cleanup_free) = metric_label(metric->name);
        char *change_points CLEANUP(cleanup_free) = xasprintf("%zu", metric->segments.count - 1);
        char *proposed CLEANUP(cleanup_free) = metric->proposed_percent < 0
                                                   ? xstrdup("–")
                                                   : xasprintf("%.1f %%", metric->proposed_percent);
        xml_start(xml, "tr");
        html_row_head(xml, label);
        html_figure_cell(xml, unit, metric->anchor);
        html_figure_cell(xml, unit, trend_plateau(metric));
        html_delta_cell(xml, unit, metric->anchor, trend_plateau(metric),
                        trend_plateau(metric) > metric->anchor   ? "bad"
                        : trend_plateau(metric) < metric->anchor ? "good"
                                                                 : NULL);
        html_element(xml, "td", "n", change_points);
        html_element(xml, "td", "n", proposed);
        html_close(xml);
    }
    html_table_end(xml);
}

static void put_change_points(struct xml *xml, const struct trend_series *series)
{
    size_t change_points = 0;
    for (size_t i = 0; i < series->metric_count; i++)
        change_points += series->metrics[i].segments.count - 1;
    if (!change_points)
        return;
    html_table(xml, "Change points: the first commit of each new plateau",
               (const char *const[]){"commit", "metric", ">before", ">after", ">change", NULL});
    for (size_t i = 0; i < series->metric_count; i++) {
        const struct trend_metric *metric = &series->metrics[i];
        const char *unit = metric_unit(metric->name);
        char *label CLEANUP(cleanup_free) = metric_label(metric->name);
        for (size_t s = 1; s < metric->segments.count; s++) {
            char *commit CLEANUP(cleanup_free) =
                trend_commit_text(trend_change_point_commit(series, metric, s));
            bool grew = metric->plateaus[s] > metric->plateaus[s - 1];
            xml_start(xml, "tr");
            html_row_head(xml, commit);
            html_element(xml, "td", NULL, label);
            html_figure_cell(xml, unit, metric->plateaus[s - 1]);
            html_figure_cell(xml, unit, metric->plateaus[s]);
            html_delta_cell(xml, unit, metric->plateaus[s - 1], metric->plateaus[s],
                            grew ? "bad" : "good");
            html_close(xml);
        }
    }
    html_table_end(xml);
}

static void put_acceptances(struct xml *xml, const struct trend_series *series)
{
    for (size_t c = 0; c < series->commit_count; c++) {
        const struct trend_commit *commit = &series->commits[c];
        if (!commit->accepted)
            continue;
        char *name CLEANUP(cleanup_free) = trend_commit_text(commit);
        const char *reason = commit->accepted->accepted_reason;
        html_open(xml, "p", "note");
        xml_textf(xml, "Accepted as the baseline: %s, at %s%s%s", name,
                  commit->accepted->accepted_at, reason ? ": " : "", reason ? reason : "");
        html_close(xml);
    }
}

static void put_series(struct xml *xml, const struct trend_series *series, size_t number)
{
    char *id CLEANUP(cleanup_free) = xasprintf("series-%zu", number + 1);
    html_section(xml, id, series->environment);
    put_summary(xml, series);
    put_change_points(xml, series);
    put_acceptances(xml, series);
    if (series->dropped_commits) {
        html_open(xml, "p", "note");
        xml_textf(xml, "%zu older commits are not shown.", series->dropped_commits);
        html_close(xml);
    }
    for (size_t i = 0; i < series->metric_count; i++)
        put_chart(xml, series, &series->metrics[i]);
    html_close(xml);
}

static void put_failures(struct xml *xml, const struct trend *trend)
{
    if (!trend->failure_count)
        return;
    html_section(xml, "failures", "Results without figures");
    html_table(xml, "Failed and unmeasured runs; the charts omit them",
               (const char *const[]){"commit", "started", "label", "reason", NULL});
    for (size_t i = 0; i < trend->failure_count; i++) {
        const struct trend_failure *failure = &trend->failures[i];
        char *commit CLEANUP(cleanup_free) =
            failure->commit ? xasprintf("%.12s", failure->commit) : xstrdup("–");
        xml_start(xml, "tr");
        html_row_head(xml, commit);
        html_element(xml, "td", NULL, failure->started_at);
        html_element(xml, "td", NULL, failure->label);
        html_element(xml, "td", NULL, failure->reason);
        html_close(xml);
    }
    html_table_end(xml);
    html_close(xml);
}

char *trend_html(const struct trend *trend)
{
    struct xml *xml = xml_new(XML_HTML);
    html_put_head(xml, "build-mem trend");
    xml_start(xml, "body");
    xml_start(xml, "main");
    xml_raw(xml, "\n");
    html_element(xml, "h1", NULL, "Memory of the build over commits");
    for (size_t i = 0; i < trend->count; i++)
        put_series(xml, &trend->series[i], i);
    put_failures(xml, trend);
    html_close(xml);
    html_close(xml);
    return xml_finish(xml);
}
