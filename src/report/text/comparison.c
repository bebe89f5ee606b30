#include "report/report.h"

#include "base/alloc.h"
#include "base/units.h"
#include "report/text/layout.h"
#include "report/wording.h"

#include <string.h>

/* The widths of the cells, as for layout_cell. A row is 78 columns wide: the name takes what the
 * status leaves of its 28. */
enum { STATUS_AND_NAME = 28, FIRST = -10, SECOND = -11, DELTA = -11, PERCENT = -7, ALLOWED = -11 };

/* Fits the longest status of the table. */
static int status_columns(const struct comparison *comparison)
{
    size_t longest = strlen("FAIL");
    for (size_t i = 0; i < comparison->metric_count; i++) {
        size_t length = strlen(row_status(&comparison->metrics[i], comparison));
        longest = length > longest ? length : longest;
    }
    return (int)longest + 1;
}

static void put_side(struct layout *layout, const struct comparison *comparison, int at)
{
    const struct comparison_side *side = &comparison->sides[at];
    char *text CLEANUP(cleanup_free) = format_side(comparison, at);
    layout_wrap(layout, 0, 4, PAINT_NONE, text);
    const char *failure = NULL;
    char *at_limit CLEANUP(cleanup_free) = NULL;
    char *estimated CLEANUP(cleanup_free) = format_estimated_side(comparison, at);
    for (size_t i = 0; i < side->count; i++) {
        const struct measurement *m = &side->runs[i];
        at_limit = at_limit ? at_limit : format_at_limit(m);
        failure = failure ? failure : m->not_measured;
    }
    char *not_measured CLEANUP(cleanup_free) =
        failure ? xasprintf("NOT MEASURED: %s", failure) : NULL;
    const char *notes[] = {at_limit, estimated, not_measured};
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
        if (notes[i]) {
            layout_put(layout, PAINT_NONE, "    ");
            layout_wrap(layout, 4, 4, PAINT_YELLOW, notes[i]);
        }
}

static void put_head(struct layout *layout, const struct comparison *comparison, const char *title,
                     bool judged)
{
    int status = judged ? status_columns(comparison) : 0;
    layout_put(layout, PAINT_NONE, "\n  ");
    layout_cell(layout, status, PAINT_NONE, "");
    layout_cell(layout, STATUS_AND_NAME - status, PAINT_BOLD, title);
    layout_cell(layout, FIRST, PAINT_BOLD, side_head(comparison, 0));
    layout_put(layout, PAINT_NONE, " ");
    layout_cell(layout, SECOND + 1, PAINT_BOLD, side_head(comparison, 1));
    layout_cell(layout, DELTA, PAINT_BOLD, "delta");
    if (judged)
        layout_cell(layout, PERCENT + ALLOWED, PAINT_BOLD, "allowed");
    layout_put(layout, PAINT_NONE, "\n");
}

/* Writes two figures and their difference. */
static void put_figures(struct layout *layout, const struct comparison_row *row)
{
    int64_t a = run_values_median(&row->sides[0]), b = run_values_median(&row->sides[1]);
    char *text_a CLEANUP(cleanup_free) = a < 0 ? xstrdup("-") : format_figure(row->unit, a);
    char *text_b CLEANUP(cleanup_free) = b < 0 ? xstrdup("-") : format_figure(row->unit, b);
    char *delta CLEANUP(cleanup_free) = format_row_delta(row);
    char *percent CLEANUP(cleanup_free) = a == b ? xstrdup("") : format_percent(a, b);
    layout_cell(layout, FIRST, PAINT_NONE, text_a);
    layout_cell(layout, SECOND, PAINT_NONE, text_b);
    layout_cell(layout, DELTA, PAINT_NONE, delta);
    layout_cell(layout, PERCENT, PAINT_NONE, percent);
}

/* Writes the spread of the runs of each side below the row of medians. */
static void put_spread(struct layout *layout, const struct comparison_row *row, int status)
{
    if (row->sides[0].count < 2 && row->sides[1].count < 2)
        return;
    layout_put(layout, PAINT_NONE, "  ");
    layout_cell(layout, status, PAINT_NONE, "");
    layout_cell(layout, STATUS_AND_NAME - status, PAINT_DIM, "  spread");
    for (int side = 0; side < 2; side++) {
        int64_t spread = run_values_spread(&row->sides[side]);
        char *text CLEANUP(cleanup_free) =
            spread < 0 ? xstrdup("") : format_figure(row->unit, spread);
        layout_cell(layout, side ? SECOND : FIRST, PAINT_DIM, text);
    }
    layout_put(layout, PAINT_NONE, "\n");
}

static void put_metrics(struct layout *layout, const struct comparison *comparison)
{
    int status = status_columns(comparison);
    put_head(layout, comparison, "", true);
    for (size_t i = 0; i < comparison->metric_count; i++) {
        const struct comparison_row *row = &comparison->metrics[i];
        char *allowed CLEANUP(cleanup_free) = format_row_allowed(row);
        layout_put(layout, PAINT_NONE, "  ");
        layout_cell(layout, status, PAINT_NONE, row_status(row, comparison));
        layout_name(layout, 2 + status, STATUS_AND_NAME - status, PAINT_NONE, row->name);
        put_figures(layout, row);
        layout_cell(layout, ALLOWED, PAINT_NONE, allowed);
        layout_put(layout, PAINT_NONE, "\n");
        put_spread(layout, row, status);
    }
}

static void put_processes(struct layout *layout, const struct comparison *comparison)
{
    if (!comparison->process_count)
        return;
    put_head(layout, comparison, "process at the PSS peak", false);
    for (size_t i = 0; i < comparison->process_count; i++) {
        char *name CLEANUP(cleanup_free) = format_row_processes(&comparison->processes[i]);
        layout_put(layout, PAINT_NONE, "  ");
        layout_cell(layout, STATUS_AND_NAME, PAINT_NONE, name);
        put_figures(layout, &comparison->processes[i]);
        layout_put(layout, PAINT_NONE, "\n");
    }
}

char *compare_text(const struct comparison *comparison, bool colour)
{
    const struct judgement *judgement = &comparison->judgement;
    struct layout layout;
    layout_open(&layout, colour);
    put_side(&layout, comparison, 0);
    put_side(&layout, comparison, 1);
    put_metrics(&layout, comparison);
    put_processes(&layout, comparison);
    if (comparison->drift) {
        layout_put(&layout, PAINT_NONE, "\nalso different: ");
        layout_wrap(&layout, 16, 2, PAINT_NONE, comparison->drift);
    }
    char *reason CLEANUP(cleanup_free) = format_reason(judgement);
    layout_verdict(&layout, &(struct layout_verdict){
                                .verdict = verdict_name(judgement->verdict),
                                .good = verdict_exit_status(judgement->verdict) == 0,
                                .reason = reason,
                                .largest = reason_largest(judgement),
                                .notes = judgement->base_commit ? &judgement->notes : NULL,
                                .advice = judgement->advice,
                            });
    return layout_close(&layout);
}
