#include "report/text/stage_bars.h"

#include "base/alloc.h"
#include "base/units.h"
#include "measurement/metric.h"
#include "report/wording.h"

#define NAME_COLUMNS 22
#define BAR_COLUMNS 54

struct scale {
    int64_t full_bytes; /* of a bar that fills its columns */
    int64_t budget_bytes;
    size_t budget_column; /* of the line across; BAR_COLUMNS: none */
};

static int64_t budget_of(const struct measurement *m, const struct judgement *judgement)
{
    const struct finding *check = find_check(judgement, METRIC_CGROUP_PEAK);
    bool judged = check && check->status != FINDING_OFF && check->allowed >= 0;
    return judged ? check->allowed : m->peak.limit_bytes;
}

static int64_t highest_stage(const struct measurement *m)
{
    int64_t highest = UNMEASURED;
    for (size_t i = 0; i < m->stage_count; i++)
        if (m->stages[i].cgroup_peak_bytes > highest)
            highest = m->stages[i].cgroup_peak_bytes;
    return highest;
}

/* Columns that a figure takes: rounded up, so that nothing that is there looks like nothing. */
static size_t columns_of(const struct scale *scale, int64_t bytes, size_t columns)
{
    double share = (double)bytes / (double)scale->full_bytes * (double)columns;
    size_t whole = (size_t)share;
    return whole + ((double)whole < share);
}

static struct scale make_scale(int64_t highest_bytes, int64_t budget_bytes)
{
    struct scale scale = {
        .full_bytes = highest_bytes > budget_bytes ? highest_bytes : budget_bytes,
        .budget_bytes = budget_bytes,
        .budget_column = BAR_COLUMNS,
    };
    if (budget_bytes >= 0)
        scale.budget_column = columns_of(&scale, budget_bytes, BAR_COLUMNS - 1);
    return scale;
}

static void put_columns(struct page *page, enum paint paint, const char *column, size_t count)
{
    while (count--)
        layout_put(page, paint, column);
}

static void put_bar(struct page *page, const struct scale *scale, int64_t bytes)
{
    size_t length = columns_of(scale, bytes, BAR_COLUMNS - 1);
    size_t line = scale->budget_column;
    size_t within = length < line ? length : line;
    put_columns(page, PAINT_NONE, "█", within);
    if (line < BAR_COLUMNS) {
        put_columns(page, PAINT_NONE, " ", line - within);
        layout_put(page, PAINT_NONE, "│");
    }
    put_columns(page, PAINT_RED, "█", length - within);
}

static void put_head(struct page *page, const struct scale *scale)
{
    char *budget CLEANUP(cleanup_free) = format_bytes(scale->budget_bytes);
    char *allowed CLEANUP(cleanup_free) = xasprintf("allowed %s", budget);
    layout_put(page, PAINT_NONE, "\n  ");
    layout_cell(page, NAME_COLUMNS, PAINT_BOLD, "cgroup peak");
    if (scale->budget_bytes >= 0)
        layout_cell(page, -(int)scale->budget_column - 1, PAINT_DIM, allowed);
    layout_put(page, PAINT_NONE, "\n");
}

void put_stage_bars(struct page *page, const struct measurement *m,
                    const struct judgement *judgement)
{
    int64_t highest = highest_stage(m);
    if (highest <= 0)
        return;
    struct scale scale = make_scale(highest, budget_of(m, judgement));
    put_head(page, &scale);
    for (size_t i = 0; i < m->stage_count; i++) {
        if (m->stages[i].cgroup_peak_bytes < 0)
            continue;
        layout_put(page, PAINT_NONE, "  ");
        layout_cell(page, NAME_COLUMNS, PAINT_NONE, m->stages[i].name);
        put_bar(page, &scale, m->stages[i].cgroup_peak_bytes);
        layout_put(page, PAINT_NONE, "\n");
    }
}
