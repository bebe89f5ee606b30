#include "report/report.h"

#include "base/alloc.h"
#include "base/units.h"
#include "report/comparison_wording.h"
#include "report/text/layout.h"
#include "report/wording.h"

#include <inttypes.h>

/* The widths of the cells, as layout_cell takes them. */
enum { STATUS = 5, NAME = 20, FIGURE = -11, DELTA = -12, PERCENT = -8, ALLOWED = -11 };

static void put_side(struct page *page, const struct comparison *comparison, int at)
{
    const struct comparison_side *side = &comparison->sides[at];
    char *text CLEANUP(cleanup_free) = format_side(comparison, at);
    layout_wrap(page, 0, 4, PAINT_NONE, text);
    const char *at_limit = NULL, *broken = NULL;
    char *estimated CLEANUP(cleanup_free) = NULL;
    for (size_t i = 0; i < side->count; i++) {
        const struct measurement *m = &side->runs[i];
        at_limit = at_limit ? at_limit : at_limit_note(&m->peak);
        estimated = estimated ? estimated : format_estimated(&m->peak);
        broken = broken ? broken : m->not_measured;
    }
    char *not_measured CLEANUP(cleanup_free) =
        broken ? xasprintf("NOT MEASURED: %s", broken) : NULL;
    const char *notes[] = {at_limit, estimated, not_measured};
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
        if (notes[i]) {
            layout_put(page, PAINT_NONE, "    ");
            layout_wrap(page, 4, 4, PAINT_YELLOW, notes[i]);
        }
}

static void put_head(struct page *page, const struct comparison *comparison, const char *title,
                     bool judged)
{
    layout_put(page, PAINT_NONE, "\n  ");
    layout_cell(page, judged ? STATUS : 0, PAINT_NONE, "");
    layout_cell(page, judged ? NAME : STATUS + NAME, PAINT_BOLD, title);
    for (int side = 0; side < 2; side++) {
        layout_put(page, PAINT_NONE, " ");
        layout_cell(page, FIGURE + 1, PAINT_BOLD, side_head(comparison, side));
    }
    layout_cell(page, DELTA, PAINT_BOLD, "delta");
    if (judged)
        layout_cell(page, PERCENT + ALLOWED, PAINT_BOLD, "allowed");
    layout_put(page, PAINT_NONE, "\n");
}

/* Two figures and what is between them. */
static void put_figures(struct page *page, const struct comparison_row *row)
{
    int64_t a = run_values_median(&row->sides[0]), b = run_values_median(&row->sides[1]);
    char *text_a CLEANUP(cleanup_free) = a < 0 ? xstrdup("-") : format_figure(row->unit, a);
    char *text_b CLEANUP(cleanup_free) = b < 0 ? xstrdup("-") : format_figure(row->unit, b);
    char *delta CLEANUP(cleanup_free) = format_row_delta(row);
    char *percent CLEANUP(cleanup_free) = a == b ? xstrdup("") : format_percent(a, b);
    layout_cell(page, FIGURE, PAINT_NONE, text_a);
    layout_cell(page, FIGURE, PAINT_NONE, text_b);
    layout_cell(page, DELTA, PAINT_NONE, delta);
    layout_cell(page, PERCENT, PAINT_NONE, percent);
}

/* Below a row of medians: how far the runs of each side lie apart. */
static void put_spread(struct page *page, const struct comparison_row *row)
{
    if (row->sides[0].count < 2 && row->sides[1].count < 2)
        return;
    layout_put(page, PAINT_NONE, "  ");
    layout_cell(page, STATUS, PAINT_NONE, "");
    layout_cell(page, NAME, PAINT_DIM, "  spread");
    for (int side = 0; side < 2; side++) {
        int64_t spread = run_values_spread(&row->sides[side]);
        char *text CLEANUP(cleanup_free) =
            spread < 0 ? xstrdup("") : format_figure(row->unit, spread);
        layout_cell(page, FIGURE, PAINT_DIM, text);
    }
    layout_put(page, PAINT_NONE, "\n");
}

static void put_metrics(struct page *page, const struct comparison *comparison)
{
    put_head(page, comparison, "", true);
    for (size_t i = 0; i < comparison->metric_count; i++) {
        const struct comparison_row *row = &comparison->metrics[i];
        char *allowed CLEANUP(cleanup_free) = format_row_allowed(row);
        layout_put(page, PAINT_NONE, "  ");
        layout_cell(page, STATUS, PAINT_NONE, row_status(row, comparison));
        layout_cell(page, NAME, PAINT_NONE, row->name);
        put_figures(page, row);
        layout_cell(page, ALLOWED, PAINT_NONE, allowed);
        layout_put(page, PAINT_NONE, "\n");
        put_spread(page, row);
    }
}

static void put_processes(struct page *page, const struct comparison *comparison)
{
    if (!comparison->process_count)
        return;
    put_head(page, comparison, "process at the PSS peak", false);
    for (size_t i = 0; i < comparison->process_count; i++) {
        char *name CLEANUP(cleanup_free) = format_row_processes(&comparison->processes[i]);
        layout_put(page, PAINT_NONE, "  ");
        layout_cell(page, STATUS + NAME, PAINT_NONE, name);
        put_figures(page, &comparison->processes[i]);
        layout_put(page, PAINT_NONE, "\n");
    }
}

char *compare_text(const struct comparison *comparison, bool colour)
{
    const struct judgement *judgement = &comparison->judgement;
    struct page page;
    layout_open(&page, colour);
    put_side(&page, comparison, 0);
    put_side(&page, comparison, 1);
    put_metrics(&page, comparison);
    put_processes(&page, comparison);
    if (comparison->drift) {
        layout_put(&page, PAINT_NONE, "\nalso different: ");
        layout_wrap(&page, 16, 2, PAINT_NONE, comparison->drift);
    }
    char *reason CLEANUP(cleanup_free) = format_reason(judgement);
    layout_verdict(&page, verdict_name(judgement->verdict),
                   verdict_exit_status(judgement->verdict) == 0, reason, NULL,
                   judgement->advice); /* what drifted stands above */
    return layout_close(&page);
}
