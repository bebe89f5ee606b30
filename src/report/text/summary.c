#include "report/report.h"

#include "base/alloc.h"
#include "base/units.h"
#include "measurement/metric.h"
#include "report/text/layout.h"
#include "report/text/stage_bars.h"
#include "report/wording.h"

#include <string.h>

#define TOP_PROCESSES 8
/* A process is worth a word where it was this much, and a tenth, above all that the snapshots show.
 */
#define UNCAUGHT_BYTES (INT64_C(8) << 20)

/* Where the text of the head's lines starts: after a label and a figure. */
#define HEAD_LABEL 18
#define HEAD_FIGURE 12
#define HEAD_NOTE (2 + HEAD_LABEL + HEAD_FIGURE + 2)

/* "  label      figure  note", the note wrapped below itself. */
static void put_head_line(struct page *page, const char *label, enum paint paint,
                          const char *figure, const char *note)
{
    layout_put(page, PAINT_NONE, "  ");
    layout_cell(page, HEAD_LABEL, PAINT_NONE, label);
    layout_cell(page, -HEAD_FIGURE, paint, figure);
    layout_put(page, PAINT_NONE, "  ");
    layout_wrap(page, HEAD_NOTE, HEAD_NOTE, PAINT_NONE, note);
}

static void put_head_bytes(struct page *page, const char *label, enum paint paint, int64_t bytes,
                           const char *note)
{
    char *figure CLEANUP(cleanup_free) = format_bytes(bytes);
    put_head_line(page, label, paint, figure, note);
}

static void put_warning(struct page *page, enum paint paint, const char *text)
{
    if (!text)
        return;
    layout_put(page, PAINT_NONE, "  ");
    layout_wrap(page, 2, 4, paint, text);
}

static void put_title(struct page *page, const struct measurement *m)
{
    layout_put(page, PAINT_BOLD, "build-mem ");
    char *title CLEANUP(cleanup_free) =
        xasprintf("%s: %s", m->label ? m->label : "", m->build.command ? m->build.command : "");
    layout_wrap(page, 10, 4, PAINT_NONE, title);
}

/* What makes all the figures below worth less: first, since it is what must not be overlooked. */
static void put_troubles(struct page *page, const struct measurement *m)
{
    char *not_measured CLEANUP(cleanup_free) = format_not_measured(m);
    char *oom CLEANUP(cleanup_free) = format_oom(m);
    put_warning(page, PAINT_RED, not_measured);
    put_warning(page, PAINT_RED, oom);
    put_warning(page, PAINT_YELLOW, at_limit_note(&m->peak));
    char *estimated CLEANUP(cleanup_free) = format_estimated(&m->peak);
    put_warning(page, PAINT_YELLOW, estimated);
}

static void put_peak(struct page *page, const struct measurement *m)
{
    const struct peak *peak = &m->peak;
    char *limit CLEANUP(cleanup_free) = format_bytes(peak->limit_bytes);
    char *note CLEANUP(cleanup_free) = xasprintf(
        "%s%s%s%s%s", peak->source ? peak->source : "no source",
        peak->limit_bytes < 0 ? ", no limit" : ", limit ", peak->limit_bytes < 0 ? "" : limit,
        peak->estimated ? ", ESTIMATED" : "", peak->at_limit ? ", CENSORED" : "");
    put_head_bytes(page, "memory peak", PAINT_BOLD, peak->cgroup_bytes, note);

    if (peak->unreclaimable_bytes >= 0)
        put_head_bytes(page, "  unreclaimable", PAINT_NONE, peak->unreclaimable_bytes,
                       "the rest is cache that the kernel could drop");
    char *composition CLEANUP(cleanup_free) = format_composition(&peak->composition);
    if (composition)
        put_head_line(page, "  made of", PAINT_NONE, "", composition);
    if (peak->at_peak.attributed_bytes >= 0 && peak->cgroup_bytes > 0) {
        char *share CLEANUP(cleanup_free) =
            xasprintf("%.0f %% of the peak",
                      100 * (double)peak->at_peak.attributed_bytes / (double)peak->cgroup_bytes);
        put_head_bytes(page, "  explained", PAINT_NONE, peak->at_peak.attributed_bytes, share);
    }
    if (peak->at_start_bytes > 0)
        put_head_bytes(page, "  at the start", PAINT_NONE, peak->at_start_bytes,
                       at_start_note(peak));
}

static void put_head(struct page *page, const struct measurement *m)
{
    put_title(page, m);
    put_troubles(page, m);
    put_peak(page, m);
    char *duration CLEANUP(cleanup_free) = format_duration(m->build.duration_ms);
    char *end CLEANUP(cleanup_free) = format_build_end(&m->build);
    put_head_line(page, "duration", PAINT_NONE, duration, end);
}

static enum paint check_paint(const struct finding *check, const struct judgement *judgement)
{
    switch (check->status) {
    case FINDING_FAILED:
        return PAINT_RED;
    case FINDING_MISSING:
        return !was_compared(judgement) ? PAINT_NONE : has_gone(check) ? PAINT_RED : PAINT_YELLOW;
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

/* A table's columns, ended by one of width 0; widths as for layout_cell. */
struct column {
    int width;
    const char *title;
};

static const struct column stage_columns[] = {
    {22, "stage"}, {-12, "PSS peak"}, {-13, "cgroup peak"}, {-17, "when"}, {-14, "PSS delta"}, {0},
};

static const struct column check_columns[] = {
    {5, ""},        {20, "check"}, {-11, "baseline"}, {-11, "actual"},
    {-12, "delta"}, {-8, ""},      {-11, "allowed"},  {0},
};

static void put_table_head(struct page *page, const struct column *column, bool with_last)
{
    layout_put(page, PAINT_NONE, "\n  ");
    for (; column->width; column++)
        if (with_last || column[1].width)
            layout_cell(page, column->width, PAINT_BOLD, column->title);
    layout_put(page, PAINT_NONE, "\n");
}

/* One row of the table of stages. `with_delta`: there is a column for the change. */
static void put_stage(struct page *page, const struct stage_measurement *stage,
                      const struct judgement *judgement, bool with_delta)
{
    char *pss CLEANUP(cleanup_free) = format_bytes(stage->pss_peak_bytes);
    char *bytes CLEANUP(cleanup_free) = format_bytes(stage->cgroup_peak_bytes);
    bool lower_bound = !stage->cgroup_peak_exact && stage->cgroup_peak_bytes >= 0;
    char *cgroup CLEANUP(cleanup_free) = xasprintf("%s%s", lower_bound ? "~" : "", bytes);
    char *span CLEANUP(cleanup_free) = format_span(stage->first_ms, stage->last_ms);
    const struct column *column = stage_columns;
    layout_put(page, PAINT_NONE, "  ");
    layout_cell(page, (column++)->width, PAINT_NONE, stage->name);
    layout_cell(page, (column++)->width, PAINT_NONE, pss);
    layout_cell(page, (column++)->width, PAINT_NONE, cgroup);
    layout_cell(page, (column++)->width, PAINT_NONE, span);

    char *metric CLEANUP(cleanup_free) = xasprintf(METRIC_STAGE_PREFIX "%s", stage->name);
    const struct finding *check = find_check(judgement, metric);
    if (with_delta) {
        char *delta CLEANUP(cleanup_free) = check && check->baseline >= 0 && check->actual >= 0
                                                ? format_bytes_delta(check->delta)
                                                : xstrdup(check && check->actual >= 0 ? "new" : "");
        layout_cell(page, column->width, check ? check_paint(check, judgement) : PAINT_NONE, delta);
    }
    layout_put(page, PAINT_NONE, "\n");
}

static bool any_stage_judged(const struct judgement *judgement)
{
    for (size_t i = 0; i < judgement->finding_count; i++)
        if (metric_stage_name(judgement->findings[i].metric) &&
            judgement->findings[i].baseline >= 0)
            return true;
    return false;
}

static void put_stages(struct page *page, const struct measurement *m,
                       const struct judgement *judgement)
{
    if (!m->stage_count)
        return;
    bool with_delta = any_stage_judged(judgement);
    bool lower_bounds = false;
    put_table_head(page, stage_columns, with_delta);
    for (size_t i = 0; i < m->stage_count; i++) {
        put_stage(page, &m->stages[i], judgement, with_delta);
        lower_bounds |= !m->stages[i].cgroup_peak_exact && m->stages[i].cgroup_peak_bytes >= 0;
    }
    if (lower_bounds)
        layout_put(page, PAINT_DIM, "  ~ highest sample, a lower bound\n");
}

static size_t count_by_rss(const struct snapshot *snapshot)
{
    size_t count = 0;
    for (size_t i = 0; i < snapshot->count; i++)
        count += snapshot->processes[i].basis == PSS_RSS;
    return count;
}

static void put_processes(struct page *page, const struct measurement *m)
{
    const struct snapshot *snapshot = &m->peak.at_peak;
    if (!snapshot->count)
        return;
    char *at CLEANUP(cleanup_free) = format_duration(snapshot->at_ms);
    char *title CLEANUP(cleanup_free) =
        xasprintf("processes at the peak, %s, in %s", at, m->peak.stage ? m->peak.stage : "-");
    layout_put(page, PAINT_NONE, "\n  ");
    layout_cell(page, 58, PAINT_BOLD, title);
    layout_cell(page, -14, PAINT_BOLD, "PSS");
    layout_put(page, PAINT_NONE, "\n");

    size_t count;
    struct process_group *groups CLEANUP(cleanup_free) = snapshot_groups(snapshot, &count);
    for (size_t i = 0; i < count && i < TOP_PROCESSES; i++) {
        char *name CLEANUP(cleanup_free) = format_group(&groups[i]);
        char *pss CLEANUP(cleanup_free) = format_bytes(groups[i].pss_bytes);
        layout_put(page, PAINT_NONE, "  ");
        layout_cell(page, 58, PAINT_NONE, name);
        layout_cell(page, -14, PAINT_NONE, pss);
        layout_put(page, PAINT_NONE, "\n");
    }
    char *rest CLEANUP(cleanup_free) = xasprintf("  and %zu more\n", count - TOP_PROCESSES);
    if (count > TOP_PROCESSES)
        layout_put(page, PAINT_DIM, rest);
    size_t by_rss = count_by_rss(snapshot);
    char *note CLEANUP(cleanup_free) =
        xasprintf("  %zu of %zu by RSS, an upper bound: their PSS could not be read\n", by_rss,
                  snapshot->count);
    if (by_rss)
        layout_put(page, PAINT_DIM, note);
}

static void raise_to_held(int64_t *highest, const struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct process_usage *process = &snapshot->processes[i];
        int64_t held =
            process->hwm_bytes > process->pss_bytes ? process->hwm_bytes : process->pss_bytes;
        if (held > *highest)
            *highest = held;
    }
}

/* What may have come and gone between two looks. */
static void put_uncaught(struct page *page, const struct measurement *m)
{
    int64_t caught = 0, largest = m->sampler.largest_process_bytes;
    raise_to_held(&caught, &m->peak.at_peak);
    raise_to_held(&caught, &m->peak.at_unreclaimable_peak);
    for (size_t i = 0; i < m->stage_count; i++)
        raise_to_held(&caught, &m->stages[i].at_peak);
    if (largest <= caught + caught / 10 + UNCAUGHT_BYTES)
        return;
    char *bytes CLEANUP(cleanup_free) = format_bytes(largest);
    char *text CLEANUP(cleanup_free) =
        xasprintf("  one process held up to %s; no snapshot shows as much\n", bytes);
    layout_put(page, PAINT_DIM, text);
}

static void put_verify(struct page *page, const struct measurement *m)
{
    if (!m->check_count)
        return;
    layout_put(page, PAINT_BOLD, "\n  verify\n");
    for (size_t i = 0; i < m->check_count; i++) {
        const struct verify_check *check = &m->checks[i];
        layout_put(page, PAINT_NONE, "  ");
        if (check->ok)
            layout_cell(page, 6, PAINT_GREEN, "ok");
        else
            layout_cell(page, 6, check->required ? PAINT_RED : PAINT_YELLOW,
                        check->required ? "FAIL" : "lacks");
        layout_cell(page, 36, PAINT_NONE, check->path ? check->path : check->check);
        layout_put(page, PAINT_NONE, " ");
        layout_wrap(page, 45, 45, PAINT_NONE, check->detail ? check->detail : "");
    }
}

/* A row of the table of checks: what grew, from what to what, and up to what it may. */
static void put_check_row(struct page *page, const struct finding *check,
                          const struct judgement *judgement)
{
    char *baseline CLEANUP(cleanup_free) = format_figure(check->unit, check->baseline);
    char *actual CLEANUP(cleanup_free) = format_figure(check->unit, check->actual);
    bool both = check->baseline >= 0 && check->actual >= 0;
    char *delta CLEANUP(cleanup_free) =
        both ? format_delta(check->unit, check->delta) : xstrdup("");
    char *percent CLEANUP(cleanup_free) = format_percent(check->baseline, check->actual);
    char *allowed CLEANUP(cleanup_free) =
        check->status == FINDING_OFF ? xstrdup("-") : format_figure(check->unit, check->allowed);
    enum paint paint = check_paint(check, judgement);
    const struct column *column = check_columns;
    layout_put(page, PAINT_NONE, "  ");
    layout_cell(page, (column++)->width, paint, format_status(check, judgement));
    layout_cell(page, (column++)->width, PAINT_NONE, check->metric);
    layout_cell(page, (column++)->width, PAINT_NONE, baseline);
    layout_cell(page, (column++)->width, PAINT_NONE, actual);
    layout_cell(page, (column++)->width, paint, delta);
    layout_cell(page, (column++)->width, paint, percent);
    layout_cell(page, column->width, PAINT_NONE, allowed);
    layout_put(page, PAINT_NONE, "\n");
}

/* The message is left out where the reason at the end tells it anyway. */
static bool wants_message(const struct finding *check, const struct judgement *judgement)
{
    bool trouble = check->status == FINDING_FAILED || check->status == FINDING_WARNED ||
                   (check->status == FINDING_MISSING && was_compared(judgement));
    if (!trouble || !check->message)
        return false;
    return !judgement->reason ||
           strncmp(judgement->reason, check->message, strlen(check->message)) != 0;
}

/* What each run measured, where the message does not tell it anyway. */
static void put_runs(struct page *page, const struct finding *check)
{
    struct strv values CLEANUP(strv_release) = {0};
    for (size_t i = 0; i < check->value_count; i++) {
        char *value CLEANUP(cleanup_free) = format_figure(check->unit, check->values[i]);
        strv_push(&values, value);
    }
    char *list CLEANUP(cleanup_free) = strv_join(&values, ", ");
    char *line CLEANUP(cleanup_free) = xasprintf("median of %zu runs: %s", values.count, list);
    layout_put(page, PAINT_NONE, "       ");
    layout_wrap(page, 7, 7, PAINT_DIM, line);
}

static void put_checks(struct page *page, const struct judgement *judgement)
{
    if (!judgement->finding_count)
        return;
    put_table_head(page, check_columns, true);
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct finding *check = &judgement->findings[i];
        put_check_row(page, check, judgement);
        if (wants_message(check, judgement)) {
            layout_put(page, PAINT_NONE, "       ");
            layout_wrap(page, 7, 7, PAINT_NONE, check->message);
        } else if (check->value_count > 1 && check->status != FINDING_OFF) {
            put_runs(page, check);
        }
    }
}

static void put_verdict(struct page *page, const struct judgement *judgement)
{
    char *reason CLEANUP(cleanup_free) = format_reason(judgement);
    bool good = verdict_exit_status(judgement->verdict) == 0;
    layout_verdict(page, verdict_name(judgement->verdict), good, reason, &judgement->notes,
                   judgement->advice);
}

char *summary_text(const struct measurement *m, const struct judgement *judgement, bool colour)
{
    struct page page;
    layout_open(&page, colour);
    put_head(&page, m);
    put_stages(&page, m, judgement);
    put_stage_bars(&page, m, judgement);
    put_processes(&page, m);
    put_uncaught(&page, m);
    put_verify(&page, m);
    put_checks(&page, judgement);
    put_verdict(&page, judgement);
    return layout_close(&page);
}
