#include "report/report.h"

#include "base/alloc.h"
#include "base/units.h"
#include "measurement/disturbance.h"
#include "measurement/metric.h"
#include "report/text/layout.h"
#include "report/wording.h"

#include <string.h>

#define LARGEST_SHOWN 4
#define TOP_PROCESSES 8
/* A process is reported if it exceeds each snapshot by 10 % and by this much. */
#define UNCAUGHT_BYTES (INT64_C(8) << 20)

/* The columns of the lines of the head: label, figure, note. */
#define HEAD_LABEL 18
#define HEAD_FIGURE 12
#define HEAD_NOTE (2 + HEAD_LABEL + HEAD_FIGURE + 2)

/* Writes "  label      figure  note", with the note wrapped below itself. */
static void put_head_line(struct layout *layout, const char *label, enum paint paint,
                          const char *figure, const char *note)
{
    layout_put(layout, PAINT_NONE, "  ");
    layout_cell(layout, HEAD_LABEL, PAINT_NONE, label);
    layout_cell(layout, -HEAD_FIGURE, paint, figure);
    layout_put(layout, PAINT_NONE, "  ");
    layout_wrap(layout, HEAD_NOTE, HEAD_NOTE, PAINT_NONE, note);
}

static void put_head_bytes(struct layout *layout, const char *label, enum paint paint,
                           int64_t bytes, const char *note)
{
    char *figure CLEANUP(cleanup_free) = format_bytes(bytes);
    put_head_line(layout, label, paint, figure, note);
}

static void put_warning(struct layout *layout, enum paint paint, const char *text)
{
    if (!text)
        return;
    layout_put(layout, PAINT_NONE, "  ");
    layout_wrap(layout, 2, 4, paint, text);
}

static void put_title(struct layout *layout, const struct measurement *m)
{
    layout_put(layout, PAINT_BOLD, "build-mem ");
    char *title CLEANUP(cleanup_free) =
        xasprintf("%s: %s", m->label ? m->label : "", m->build.command ? m->build.command : "");
    layout_wrap(layout, 10, 4, PAINT_NONE, title);
}

/* Writes what makes the figures below less reliable: first, so that it is not overlooked. */
static void put_warnings(struct layout *layout, const struct measurement *m)
{
    char *not_measured CLEANUP(cleanup_free) = format_not_measured(m);
    char *oom CLEANUP(cleanup_free) = format_oom(m);
    put_warning(layout, PAINT_RED, not_measured);
    put_warning(layout, PAINT_RED, oom);
    char *at_limit CLEANUP(cleanup_free) = format_at_limit(m);
    put_warning(layout, PAINT_YELLOW, at_limit);
    char *inner_oom CLEANUP(cleanup_free) = format_inner_oom(m);
    put_warning(layout, PAINT_YELLOW, inner_oom);
    char *cached CLEANUP(cleanup_free) = format_cached_steps(m);
    put_warning(layout, PAINT_YELLOW, cached);
    char *estimated CLEANUP(cleanup_free) = format_estimated(m);
    put_warning(layout, PAINT_YELLOW, estimated);
}

static void put_peak(struct layout *layout, const struct measurement *m)
{
    const struct peak *peak = &m->peak;
    char *limit CLEANUP(cleanup_free) = format_bytes(peak->limit_bytes);
    char *note CLEANUP(cleanup_free) = xasprintf(
        "%s%s%s%s%s", peak->source ? peak->source : "no source",
        peak->limit_bytes < 0 ? ", no limit" : ", limit ", peak->limit_bytes < 0 ? "" : limit,
        !peak->estimated || m->not_measured ? ""
        : measurement_is_imported(m)        ? ", IMPORTED"
                                            : ", ESTIMATED",
        peak->at_limit ? ", AT THE LIMIT" : "");
    put_head_bytes(layout, "memory peak", PAINT_BOLD, peak->cgroup_bytes, note);

    if (peak->unreclaimable_bytes >= 0)
        put_head_bytes(layout, "  unreclaimable", PAINT_NONE, peak->unreclaimable_bytes,
                       m->pressure.swap_peak_bytes > 0
                           ? "with the swap in use"
                           : "the rest is cache that the kernel can reclaim");
    if (m->pressure.swap_peak_bytes > 0)
        put_head_bytes(layout, "  swapped out", PAINT_YELLOW, m->pressure.swap_peak_bytes,
                       "counts as unreclaimable, but not in the memory peak");
    char *composition CLEANUP(cleanup_free) = format_composition(&peak->composition);
    if (composition)
        put_head_line(layout, "  made of", PAINT_NONE, "", composition);
    if (peak->at_peak.attributed_bytes >= 0 && peak->cgroup_bytes > 0) {
        char *share CLEANUP(cleanup_free) =
            xasprintf("%.0f %% of the memory peak",
                      100 * (double)peak->at_peak.attributed_bytes / (double)peak->cgroup_bytes);
        put_head_bytes(layout, "  attributed", PAINT_NONE, peak->at_peak.attributed_bytes, share);
    }
    if (peak->at_start_bytes > 0)
        put_head_bytes(layout, "  at the start", PAINT_NONE, peak->at_start_bytes,
                       at_start_note(peak));
}

static void put_head(struct layout *layout, const struct measurement *m)
{
    put_title(layout, m);
    put_warnings(layout, m);
    put_peak(layout, m);
    char *duration CLEANUP(cleanup_free) = format_duration(m->build.duration_ms);
    char *end CLEANUP(cleanup_free) = format_build_end(&m->build);
    put_head_line(layout, "duration", PAINT_NONE, duration, end);
    char *disturbance CLEANUP(cleanup_free) =
        disturbance_text(&m->disturbance, m->build.duration_ms);
    if (disturbance)
        put_head_line(layout, "  disturbed", PAINT_YELLOW, "", disturbance);
}

static enum paint finding_paint(const struct finding *finding, const struct judgement *judgement)
{
    switch (finding->status) {
    case FINDING_FAILED:
        return PAINT_RED;
    case FINDING_MISSING:
        return !was_compared(judgement) ? PAINT_NONE : has_gone(finding) ? PAINT_RED : PAINT_YELLOW;
    case FINDING_WARNED:
        return PAINT_YELLOW;
    case FINDING_IMPROVED:
        return PAINT_GREEN;
    case FINDING_PASS:
    case FINDING_OFF:
        break;
    }
    return PAINT_NONE;
}

/* The columns of a table; widths as for layout_cell. */
struct column {
    int width;
    const char *title;
};

static void put_table_head(struct layout *layout, const struct column *columns, size_t count)
{
    layout_put(layout, PAINT_NONE, "\n  ");
    for (size_t i = 0; i < count; i++)
        layout_cell(layout, columns[i].width, PAINT_BOLD, columns[i].title);
    layout_put(layout, PAINT_NONE, "\n");
}

/* ---- the stages ---- */

static const struct column stage_columns[] = {
    {22, "stage"}, {-12, "PSS peak"}, {-13, "cgroup peak"}, {-17, "when"}, {-14, "PSS delta"},
};
#define STAGE_COLUMNS (sizeof stage_columns / sizeof *stage_columns)

/* `with_delta`: the table has the column of the change. */
static void put_stage(struct layout *layout, const struct stage_measurement *stage,
                      const struct judgement *judgement, bool with_delta)
{
    char *pss CLEANUP(cleanup_free) = format_bytes(stage->pss_peak_bytes);
    char *bytes CLEANUP(cleanup_free) = format_bytes(stage->cgroup_peak_bytes);
    bool lower_bound = !stage->cgroup_peak_exact && stage->cgroup_peak_bytes >= 0;
    char *cgroup CLEANUP(cleanup_free) = xasprintf("%s%s", lower_bound ? "≥ " : "", bytes);
    char *span CLEANUP(cleanup_free) = format_span(stage->first_ms, stage->last_ms);
    const struct column *column = stage_columns;
    layout_put(layout, PAINT_NONE, "  ");
    layout_name(layout, 2, (column++)->width, PAINT_NONE, stage->name);
    layout_cell(layout, (column++)->width, PAINT_NONE, pss);
    layout_cell(layout, (column++)->width, PAINT_NONE, cgroup);
    layout_cell(layout, (column++)->width, PAINT_NONE, span);

    char *metric CLEANUP(cleanup_free) = xasprintf(METRIC_STAGE_PREFIX "%s", stage->name);
    const struct finding *finding = find_finding(judgement, metric);
    if (with_delta) {
        char *delta CLEANUP(cleanup_free) =
            finding && finding->baseline >= 0 && finding->actual >= 0
                ? format_bytes_delta(finding->delta)
                : xstrdup(finding && finding->actual >= 0 ? "new" : "");
        layout_cell(layout, column->width, finding ? finding_paint(finding, judgement) : PAINT_NONE,
                    delta);
    }
    layout_put(layout, PAINT_NONE, "\n");
}

static bool any_stage_judged(const struct judgement *judgement)
{
    for (size_t i = 0; i < judgement->finding_count; i++)
        if (metric_pss_stage(judgement->findings[i].metric) && judgement->findings[i].baseline >= 0)
            return true;
    return false;
}

static void put_stages(struct layout *layout, const struct measurement *m,
                       const struct judgement *judgement)
{
    if (!m->stage_count)
        return;
    bool with_delta = any_stage_judged(judgement);
    bool lower_bounds = false;
    put_table_head(layout, stage_columns, STAGE_COLUMNS - !with_delta);
    for (size_t i = 0; i < m->stage_count; i++) {
        put_stage(layout, &m->stages[i], judgement, with_delta);
        lower_bounds |= !m->stages[i].cgroup_peak_exact && m->stages[i].cgroup_peak_bytes >= 0;
    }
    if (lower_bounds)
        layout_put(layout, PAINT_DIM, "  ≥ highest sample, a lower bound\n");
}

/* ---- the stages as bars ---- */

#define NAME_COLUMNS 22
#define BAR_COLUMNS 54

struct scale {
    int64_t full_bytes; /* of a bar of full width */
    /* A vertical line: what the gate allows, else the memory limit. */
    const char *line;
    int64_t line_bytes;
    size_t line_column; /* BAR_COLUMNS: none */
};

static int64_t highest_stage(const struct measurement *m)
{
    int64_t highest = UNMEASURED;
    for (size_t i = 0; i < m->stage_count; i++)
        if (m->stages[i].cgroup_peak_bytes > highest)
            highest = m->stages[i].cgroup_peak_bytes;
    return highest;
}

/* Rounds up, so that a small figure is visible. */
static size_t columns_of(const struct scale *scale, int64_t bytes, size_t columns)
{
    double share = (double)bytes / (double)scale->full_bytes * (double)columns;
    size_t whole = (size_t)share;
    return whole + ((double)whole < share);
}

static struct scale make_scale(int64_t highest_bytes, const struct measurement *m,
                               const struct judgement *judgement)
{
    const struct finding *finding = find_finding(judgement, METRIC_CGROUP_PEAK);
    bool judged = finding && finding->status != FINDING_OFF && finding->allowed >= 0;
    struct scale scale = {
        .line = judged ? "allowed" : "limit",
        .line_bytes = judged ? finding->allowed : m->peak.limit_bytes,
        .line_column = BAR_COLUMNS,
    };
    scale.full_bytes = highest_bytes > scale.line_bytes ? highest_bytes : scale.line_bytes;
    if (scale.line_bytes >= 0)
        scale.line_column = columns_of(&scale, scale.line_bytes, BAR_COLUMNS - 1);
    return scale;
}

static void put_columns(struct layout *layout, enum paint paint, const char *column, size_t count)
{
    while (count--)
        layout_put(layout, paint, column);
}

static void put_bar(struct layout *layout, const struct scale *scale, int64_t bytes)
{
    size_t length = columns_of(scale, bytes, BAR_COLUMNS - 1);
    size_t line = scale->line_column;
    size_t within = length < line ? length : line;
    put_columns(layout, PAINT_NONE, "█", within);
    if (line < BAR_COLUMNS) {
        put_columns(layout, PAINT_NONE, " ", line - within);
        layout_put(layout, PAINT_NONE, "│");
    }
    put_columns(layout, PAINT_RED, "█", length - within);
}

static void put_scale_head(struct layout *layout, const struct scale *scale)
{
    char *bytes CLEANUP(cleanup_free) = format_bytes(scale->line_bytes);
    char *line CLEANUP(cleanup_free) = xasprintf("%s %s", scale->line, bytes);
    layout_put(layout, PAINT_NONE, "\n  ");
    layout_cell(layout, NAME_COLUMNS, PAINT_BOLD, "cgroup peak");
    if (scale->line_bytes >= 0)
        layout_cell(layout, -(int)scale->line_column - 1, PAINT_DIM, line);
    layout_put(layout, PAINT_NONE, "\n");
}

/* Draws a bar for the cgroup peak of each stage, on one scale with what the whole build is allowed:
 * by the gate, else by its memory limit. */
static void put_stage_bars(struct layout *layout, const struct measurement *m,
                           const struct judgement *judgement)
{
    int64_t highest = highest_stage(m);
    if (highest <= 0)
        return;
    struct scale scale = make_scale(highest, m, judgement);
    put_scale_head(layout, &scale);
    for (size_t i = 0; i < m->stage_count; i++) {
        if (m->stages[i].cgroup_peak_bytes < 0)
            continue;
        layout_put(layout, PAINT_NONE, "  ");
        layout_name(layout, 2, NAME_COLUMNS, PAINT_NONE, m->stages[i].name);
        put_bar(layout, &scale, m->stages[i].cgroup_peak_bytes);
        layout_put(layout, PAINT_NONE, "\n");
    }
}

/* ---- processes ---- */

static size_t count_by_rss(const struct snapshot *snapshot)
{
    size_t count = 0;
    for (size_t i = 0; i < snapshot->count; i++)
        count += snapshot->processes[i].basis == PSS_RSS;
    return count;
}

/* `inside`: what the largest process holds, on a line of its own; NULL: none. */
static void put_processes(struct layout *layout, const struct measurement *m, const char *inside)
{
    const struct snapshot *snapshot = &m->peak.at_peak;
    if (!snapshot->count)
        return;
    char *at CLEANUP(cleanup_free) = format_duration(snapshot->at_ms);
    char *title CLEANUP(cleanup_free) =
        xasprintf("processes at the peak, %s, in %s", at, m->peak.stage ? m->peak.stage : "-");
    layout_put(layout, PAINT_NONE, "\n  ");
    layout_cell(layout, 58, PAINT_BOLD, title);
    layout_cell(layout, -14, PAINT_BOLD, "PSS");
    layout_put(layout, PAINT_NONE, "\n");

    size_t count;
    struct process_group *groups CLEANUP(cleanup_free) = snapshot_groups(snapshot, &count);
    for (size_t i = 0; i < count && i < TOP_PROCESSES; i++) {
        char *name CLEANUP(cleanup_free) = format_group(&groups[i]);
        char *pss CLEANUP(cleanup_free) = format_bytes(groups[i].pss_bytes);
        layout_put(layout, PAINT_NONE, "  ");
        layout_cell(layout, 58, PAINT_NONE, name);
        layout_cell(layout, -14, PAINT_NONE, pss);
        layout_put(layout, PAINT_NONE, "\n");
    }
    char *rest CLEANUP(cleanup_free) = xasprintf("  and %zu more\n", count - TOP_PROCESSES);
    if (count > TOP_PROCESSES)
        layout_put(layout, PAINT_DIM, rest);
    size_t by_rss = count_by_rss(snapshot);
    char *note CLEANUP(cleanup_free) =
        xasprintf("  %zu of %zu by RSS, an upper bound: the PSS could not be read\n", by_rss,
                  snapshot->count);
    if (by_rss)
        layout_put(layout, PAINT_DIM, note);
    put_warning(layout, PAINT_DIM, inside);
}

static void raise_to_largest(int64_t *highest, const struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct process_usage *process = &snapshot->processes[i];
        int64_t size =
            process->hwm_bytes > process->pss_bytes ? process->hwm_bytes : process->pss_bytes;
        if (size > *highest)
            *highest = size;
    }
}

/* Reports a process that was larger than in each snapshot: it grew and ended between two. */
static void put_uncaught(struct layout *layout, const struct measurement *m)
{
    int64_t caught = 0, largest = m->sampler.largest_process_bytes;
    raise_to_largest(&caught, &m->peak.at_peak);
    raise_to_largest(&caught, &m->peak.at_unreclaimable_peak);
    for (size_t i = 0; i < m->stage_count; i++)
        raise_to_largest(&caught, &m->stages[i].at_peak);
    if (largest <= caught + caught / 10 + UNCAUGHT_BYTES)
        return;
    char *bytes CLEANUP(cleanup_free) = format_bytes(largest);
    char *text CLEANUP(cleanup_free) =
        xasprintf("  the largest process reached %s, more than in any snapshot\n", bytes);
    layout_put(layout, PAINT_DIM, text);
}

static void put_largest(struct layout *layout, const struct measurement *m)
{
    const struct process_ledger *ledger = &m->ledger;
    if (!ledger->largest_count)
        return;
    char *title CLEANUP(cleanup_free) = format_ledger_title(ledger);
    layout_put(layout, PAINT_NONE, "\n  ");
    layout_cell(layout, 58, PAINT_BOLD, title);
    layout_cell(layout, -14, PAINT_BOLD, "peak RSS");
    layout_put(layout, PAINT_NONE, "\n");
    for (size_t i = 0; i < ledger->largest_count && i < LARGEST_SHOWN; i++) {
        char *name CLEANUP(cleanup_free) = format_ledger_process(&ledger->largest[i]);
        char *peak CLEANUP(cleanup_free) = format_bytes(ledger->largest[i].peak_rss_bytes);
        layout_put(layout, PAINT_NONE, "  ");
        layout_cell(layout, 58, PAINT_NONE, name);
        layout_cell(layout, -14, PAINT_NONE, peak);
        layout_put(layout, PAINT_NONE, "\n");
    }
    char *gaps CLEANUP(cleanup_free) = format_ledger_gaps(ledger);
    if (!gaps)
        return;
    layout_put(layout, PAINT_NONE, "  ");
    layout_wrap(layout, 2, 2, PAINT_DIM, gaps);
}

static void put_deep(struct layout *layout, const struct deep_run *deep)
{
    struct strv gaps CLEANUP(strv_release) = {0};
    if (!deep)
        return;
    layout_put(layout, PAINT_BOLD, "\n  " DEEP_TITLE "\n");
    for (size_t i = 0; i < deep->count && i < LARGEST_SHOWN; i++) {
        char *line CLEANUP(cleanup_free) = format_runtime(&deep->processes[i]);
        layout_put(layout, PAINT_NONE, "  ");
        layout_wrap(layout, 2, 4, PAINT_NONE, line);
    }
    format_deep_gaps(deep, &gaps);
    for (size_t i = 0; i < gaps.count; i++) {
        layout_put(layout, PAINT_NONE, "  ");
        layout_wrap(layout, 2, 4, PAINT_DIM, gaps.items[i]);
    }
}

static void put_verify(struct layout *layout, const struct measurement *m)
{
    if (!m->check_count)
        return;
    layout_put(layout, PAINT_BOLD, "\n  verify\n");
    for (size_t i = 0; i < m->check_count; i++) {
        const struct verify_check *item = &m->checks[i];
        const char *status = item->ok ? "ok" : item->required ? "FAIL" : "missing";
        enum paint paint = item->ok ? PAINT_GREEN : item->required ? PAINT_RED : PAINT_YELLOW;
        layout_put(layout, PAINT_NONE, "  ");
        layout_cell(layout, 8, paint, status);
        layout_cell(layout, 34, PAINT_NONE, item->path ? item->path : item->check);
        layout_put(layout, PAINT_NONE, " ");
        layout_wrap(layout, 45, 45, PAINT_NONE, item->detail ? item->detail : "");
    }
}

/* ---- the metrics ---- */

/* A row is 78 columns wide: the name takes what the status leaves of its 28. */
enum { STATUS_AND_NAME = 28 };
static const struct column finding_columns[] = {
    {0, ""},        {0, "metric"}, {-10, "baseline"}, {-11, "actual"},
    {-11, "delta"}, {-7, ""},      {-11, "allowed"},
};
#define FINDING_COLUMNS (sizeof finding_columns / sizeof *finding_columns)

static void put_finding_row(struct layout *layout, const struct column *column,
                            const struct finding *finding, const struct judgement *judgement)
{
    bool both = finding->baseline >= 0 && finding->actual >= 0;
    char *baseline CLEANUP(cleanup_free) = format_figure(finding->unit, finding->baseline);
    char *actual CLEANUP(cleanup_free) = format_figure(finding->unit, finding->actual);
    char *delta CLEANUP(cleanup_free) =
        both ? format_delta(finding->unit, finding->delta) : xstrdup("");
    char *percent CLEANUP(cleanup_free) = format_percent(finding->baseline, finding->actual);
    char *allowed CLEANUP(cleanup_free) = format_allowed(finding);
    enum paint paint = finding_paint(finding, judgement);
    layout_put(layout, PAINT_NONE, "  ");
    layout_cell(layout, column->width, paint, format_status(finding, judgement));
    layout_name(layout, 2 + column[0].width, column[1].width, PAINT_NONE, finding->metric);
    column += 2;
    layout_cell(layout, (column++)->width, PAINT_NONE, baseline);
    layout_cell(layout, (column++)->width, PAINT_NONE, actual);
    layout_cell(layout, (column++)->width, paint, delta);
    layout_cell(layout, (column++)->width, paint, percent);
    layout_cell(layout, column->width, PAINT_NONE, allowed);
    layout_put(layout, PAINT_NONE, "\n");
}

/* The message is left out if the reason of the verdict repeats it. */
static bool wants_message(const struct finding *finding, const struct judgement *judgement)
{
    bool faulty = finding->status == FINDING_FAILED || finding->status == FINDING_WARNED ||
                  (finding->status == FINDING_MISSING && was_compared(judgement));
    if (!faulty || !finding->message)
        return false;
    return !judgement->reason ||
           strncmp(judgement->reason, finding->message, strlen(finding->message)) != 0;
}

/* Writes a line below the name of a finding, which is at column `indent`. */
static void put_detail(struct layout *layout, int indent, enum paint paint, const char *text)
{
    layout_cell(layout, indent, PAINT_NONE, "");
    layout_wrap(layout, (size_t)indent, (size_t)indent + 2, paint, text);
}

static void put_message(struct layout *layout, int indent, const struct finding *finding)
{
    put_detail(layout, indent, PAINT_NONE, finding->message);
    char *largest CLEANUP(cleanup_free) =
        finding->largest ? xasprintf("largest: %s", finding->largest) : NULL;
    if (largest)
        put_detail(layout, indent, PAINT_NONE, largest);
}

static void put_runs(struct layout *layout, int indent, const struct finding *finding)
{
    struct strv values CLEANUP(strv_release) = {0};
    for (size_t i = 0; i < finding->value_count; i++) {
        char *value CLEANUP(cleanup_free) = format_figure(finding->unit, finding->values[i]);
        strv_push(&values, value);
    }
    char *list CLEANUP(cleanup_free) = strv_join(&values, ", ");
    char *line CLEANUP(cleanup_free) = xasprintf("median of %zu runs: %s", values.count, list);
    put_detail(layout, indent, PAINT_DIM, line);
}

static void put_headroom(struct layout *layout, int indent, const struct finding *finding)
{
    char *headroom CLEANUP(cleanup_free) = format_headroom(finding);
    char *line CLEANUP(cleanup_free) = xasprintf("budget: %s", headroom ? headroom : "");
    if (headroom)
        put_detail(layout, indent, PAINT_DIM, line);
}

static void put_findings(struct layout *layout, const struct judgement *judgement)
{
    if (!judgement->finding_count)
        return;
    struct column columns[FINDING_COLUMNS];
    memcpy(columns, finding_columns, sizeof columns);
    size_t longest = strlen("FAIL");
    for (size_t i = 0; i < judgement->finding_count; i++) {
        size_t length = strlen(format_status(&judgement->findings[i], judgement));
        longest = length > longest ? length : longest;
    }
    columns[0].width = (int)longest + 1;
    columns[1].width = STATUS_AND_NAME - columns[0].width;
    put_table_head(layout, columns, FINDING_COLUMNS);
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct finding *finding = &judgement->findings[i];
        put_finding_row(layout, columns, finding, judgement);
        if (wants_message(finding, judgement))
            put_message(layout, 2 + columns[0].width, finding);
        else if (finding->value_count > 1 && finding->status != FINDING_OFF)
            put_runs(layout, 2 + columns[0].width, finding);
        put_headroom(layout, 2 + columns[0].width, finding);
    }
}

char *summary_text(const struct measurement *m, const struct judgement *judgement, bool colour)
{
    struct layout layout;
    layout_open(&layout, colour);
    put_head(&layout, m);
    put_stages(&layout, m, judgement);
    put_stage_bars(&layout, m, judgement);
    char *of_verdict CLEANUP(cleanup_free) = reason_inside(m, judgement);
    char *inside CLEANUP(cleanup_free) = of_verdict ? NULL : format_inside(m);
    put_processes(&layout, m, inside);
    put_uncaught(&layout, m);
    put_largest(&layout, m);
    put_deep(&layout, m->deep);
    put_verify(&layout, m);
    put_findings(&layout, judgement);
    char *reason CLEANUP(cleanup_free) = format_reason(judgement);
    layout_verdict(&layout, &(struct layout_verdict){
                                .verdict = verdict_name(judgement->verdict),
                                .good = verdict_exit_status(judgement->verdict) == 0,
                                .reason = reason,
                                .largest = reason_largest(judgement),
                                .inside = of_verdict,
                                .notes = &judgement->notes,
                                .advice = judgement->advice,
                            });
    return layout_close(&layout);
}
