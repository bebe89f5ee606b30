/* The summary and the comparison as GitHub-flavoured Markdown. */
#include "report/report.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"
#include "report/wording.h"

#include <stdio.h>
#include <string.h>

#define TOP_PROCESSES 8

/* Writes text that a build can choose, on one line, so that it cannot become markup or a link. A
 * colon before a blank starts neither a link nor an emoji. */
static void put_text(FILE *out, const char *text)
{
    char *line CLEANUP(cleanup_free) = text_one_line(text);
    for (const char *at = line; *at; at++) {
        if (strchr("<>&|@", *at))
            fprintf(out, "&#%d;", *at);
        else if (strchr("\\`*_~[]#!", *at) || (*at == ':' && at[1] != ' '))
            fprintf(out, "\\%c", *at);
        else
            fputc(*at, out);
    }
}

static void put_paragraph(FILE *out, const char *before, const char *text)
{
    fputs(before, out);
    put_text(out, text);
    fputs("\n\n", out);
}

static void put_cell(FILE *out, const char *text)
{
    fputs(" ", out);
    put_text(out, text);
    fputs(" |", out);
}

/* Fixed text, which may be markup. */
static void put_status(FILE *out, const char *status, bool failed)
{
    fprintf(out, " %s%s%s |", failed ? "**" : "", status, failed ? "**" : "");
}

/* ---- the summary ---- */

static void put_head(FILE *out, const struct measurement *m, const struct judgement *judgement)
{
    char *peak CLEANUP(cleanup_free) = format_bytes(m->peak.cgroup_bytes);
    char *duration CLEANUP(cleanup_free) = format_duration(m->build.duration_ms);
    fprintf(out,
            "### %s build-mem %s: ", verdict_exit_status(judgement->verdict) == 0 ? "✅" : "❌",
            verdict_name(judgement->verdict));
    put_text(out, m->label ? m->label : "");
    fprintf(out, ", %s in %s\n\n", peak, duration);
    if (judgement->reason)
        put_paragraph(out, "", judgement->reason);
    const char *largest = reason_largest(judgement);
    if (largest)
        put_paragraph(out, "Largest: ", largest);
    char *inside CLEANUP(cleanup_free) = reason_inside(m, judgement);
    if (inside)
        put_paragraph(out, "Inside: ", inside);
    for (size_t i = 0; i < judgement->notes.count; i++)
        put_paragraph(out, "Note: ", judgement->notes.items[i]);
    if (m->not_measured)
        put_paragraph(out, "**Not measured**: ", m->not_measured);
    char *estimated CLEANUP(cleanup_free) = format_estimated(m);
    if (estimated)
        put_paragraph(out, "", estimated);
}

static void put_finding(FILE *out, const struct finding *finding, const struct judgement *judgement)
{
    char *baseline CLEANUP(cleanup_free) = format_figure(finding->unit, finding->baseline);
    char *actual CLEANUP(cleanup_free) = format_figure(finding->unit, finding->actual);
    bool both = finding->baseline >= 0 && finding->actual >= 0;
    char *delta CLEANUP(cleanup_free) =
        both ? format_delta(finding->unit, finding->delta) : xstrdup("");
    char *percent CLEANUP(cleanup_free) = format_percent(finding->baseline, finding->actual);
    char *change CLEANUP(cleanup_free) = xasprintf("%s%s%s", delta, *percent ? " " : "", percent);
    char *allowed CLEANUP(cleanup_free) = format_allowed(finding);
    bool failed =
        finding->status == FINDING_FAILED || (was_compared(judgement) && has_gone(finding));
    fputs("|", out);
    put_status(out, format_status(finding, judgement), failed);
    put_cell(out, finding->metric);
    put_cell(out, baseline);
    put_cell(out, actual);
    put_cell(out, change);
    put_cell(out, allowed);
    fputs("\n", out);
}

static void put_findings(FILE *out, const struct judgement *judgement)
{
    if (!judgement->finding_count)
        return;
    fputs("| | metric | baseline | actual | delta | allowed |\n"
          "|---|---|--:|--:|--:|--:|\n",
          out);
    for (size_t i = 0; i < judgement->finding_count; i++)
        put_finding(out, &judgement->findings[i], judgement);
    fputc('\n', out);
}

static void put_stages(FILE *out, const struct measurement *m)
{
    if (!m->stage_count)
        return;
    fputs("| stage | cgroup peak | PSS peak | when |\n|---|--:|--:|--:|\n", out);
    for (size_t i = 0; i < m->stage_count; i++) {
        const struct stage_measurement *stage = &m->stages[i];
        bool lower_bound = !stage->cgroup_peak_exact && stage->cgroup_peak_bytes >= 0;
        char *bytes CLEANUP(cleanup_free) = format_bytes(stage->cgroup_peak_bytes);
        char *cgroup CLEANUP(cleanup_free) = xasprintf("%s%s", lower_bound ? "≥ " : "", bytes);
        char *pss CLEANUP(cleanup_free) = format_bytes(stage->pss_peak_bytes);
        char *span CLEANUP(cleanup_free) = format_span(stage->first_ms, stage->last_ms);
        fputs("|", out);
        put_cell(out, stage->name);
        put_cell(out, cgroup);
        put_cell(out, pss);
        put_cell(out, span);
        fputs("\n", out);
    }
    fputc('\n', out);
}

static void put_processes(FILE *out, const struct measurement *m)
{
    size_t count;
    if (!m->peak.at_peak.count)
        return;
    struct process_group *groups CLEANUP(cleanup_free) = snapshot_groups(&m->peak.at_peak, &count);
    fputs("<details><summary>processes at the peak</summary>\n\n| process | PSS |\n|---|--:|\n",
          out);
    for (size_t i = 0; i < count && i < TOP_PROCESSES; i++) {
        char *name CLEANUP(cleanup_free) = format_group(&groups[i]);
        char *pss CLEANUP(cleanup_free) = format_bytes(groups[i].pss_bytes);
        fputs("|", out);
        put_cell(out, name);
        put_cell(out, pss);
        fputs("\n", out);
    }
    fputs("\n</details>\n\n", out);
}

static void put_largest(FILE *out, const struct process_ledger *ledger)
{
    char *gaps CLEANUP(cleanup_free) = format_ledger_gaps(ledger);
    if (!ledger->largest_count)
        return;
    char *title CLEANUP(cleanup_free) = format_ledger_title(ledger);
    fprintf(out, "<details><summary>%s</summary>\n\n| process | peak RSS |\n|---|--:|\n", title);
    for (size_t i = 0; i < ledger->largest_count; i++) {
        char *name CLEANUP(cleanup_free) = format_ledger_process(&ledger->largest[i]);
        char *peak CLEANUP(cleanup_free) = format_bytes(ledger->largest[i].peak_rss_bytes);
        fputs("|", out);
        put_cell(out, name);
        put_cell(out, peak);
        fputs("\n", out);
    }
    fputs("\n", out);
    if (gaps)
        put_paragraph(out, "", gaps);
    fputs("</details>\n\n", out);
}

static void put_deep(FILE *out, const struct deep_run *deep)
{
    struct strv gaps CLEANUP(strv_release) = {0};
    if (!deep)
        return;
    fputs("<details><summary>" DEEP_TITLE "</summary>\n\n", out);
    for (size_t i = 0; i < deep->count; i++) {
        char *line CLEANUP(cleanup_free) = format_runtime(&deep->processes[i]);
        put_paragraph(out, "", line);
    }
    format_deep_gaps(deep, &gaps);
    for (size_t i = 0; i < gaps.count; i++)
        put_paragraph(out, "", gaps.items[i]);
    fputs("</details>\n\n", out);
}

/* A command is a code block, so that it can be copied. */
static void put_advice(FILE *out, const char *advice)
{
    const char *command = advice_command(advice);
    if (!command) {
        put_paragraph(out, "", advice);
        return;
    }
    char *lead CLEANUP(cleanup_free) = xstrndup(advice, (size_t)(command - advice) - 1);
    char *line CLEANUP(cleanup_free) = text_one_line(command);
    put_paragraph(out, "", lead);
    fprintf(out, "    %s\n", line);
}

char *markdown_text(const struct measurement *m, const struct judgement *judgement)
{
    char *text = NULL;
    size_t length;
    FILE *out = xmemstream_open(&text, &length);
    put_head(out, m, judgement);
    put_findings(out, judgement);
    put_stages(out, m);
    put_processes(out, m);
    put_largest(out, &m->ledger);
    put_deep(out, m->deep);
    if (judgement->advice)
        put_advice(out, judgement->advice);
    xmemstream_close(out);
    return text;
}

/* ---- the comparison ---- */

/* Writes the median, and the spread if there are several runs. */
static void put_run_values(FILE *out, const char *unit, const struct run_values *values)
{
    int64_t median = run_values_median(values), spread = run_values_spread(values);
    char *figure CLEANUP(cleanup_free) = median < 0 ? xstrdup("-") : format_figure(unit, median);
    char *apart CLEANUP(cleanup_free) = format_figure(unit, spread);
    char *both CLEANUP(cleanup_free) =
        spread < 0 ? xstrdup(figure) : xasprintf("%s (spread %s)", figure, apart);
    put_cell(out, both);
}

static void put_row(FILE *out, const char *name, const struct comparison_row *row)
{
    int64_t a = run_values_median(&row->sides[0]), b = run_values_median(&row->sides[1]);
    char *delta CLEANUP(cleanup_free) = format_row_delta(row);
    char *percent CLEANUP(cleanup_free) = a == b ? xstrdup("") : format_percent(a, b);
    fputs("|", out);
    put_cell(out, name);
    put_run_values(out, row->unit, &row->sides[0]);
    put_run_values(out, row->unit, &row->sides[1]);
    put_cell(out, delta);
    put_cell(out, percent);
}

static void put_table_head(FILE *out, const struct comparison *comparison, const char *title,
                           bool judged)
{
    fputs("\n|", out);
    put_cell(out, title);
    for (int side = 0; side < 2; side++)
        put_cell(out, side_head(comparison, side));
    fputs(judged ? " delta | | allowed | |\n|---|--:|--:|--:|--:|--:|---|\n"
                 : " delta | |\n|---|--:|--:|--:|--:|\n",
          out);
}

static void put_metric_rows(FILE *out, const struct comparison *comparison)
{
    put_table_head(out, comparison, "metric", true);
    for (size_t i = 0; i < comparison->metric_count; i++) {
        const struct comparison_row *row = &comparison->metrics[i];
        char *allowed CLEANUP(cleanup_free) = format_row_allowed(row);
        put_row(out, row->name, row);
        put_cell(out, allowed);
        put_status(out, row_status(row, comparison), false);
        fputs("\n", out);
    }
}

static void put_process_rows(FILE *out, const struct comparison *comparison)
{
    if (!comparison->process_count)
        return;
    put_table_head(out, comparison, "process at the PSS peak", false);
    for (size_t i = 0; i < comparison->process_count; i++) {
        char *name CLEANUP(cleanup_free) = format_row_processes(&comparison->processes[i]);
        put_row(out, name, &comparison->processes[i]);
        fputs("\n", out);
    }
}

char *compare_markdown(const struct comparison *comparison)
{
    const struct judgement *judgement = &comparison->judgement;
    char *text = NULL;
    size_t size;
    FILE *out = xmemstream_open(&text, &size);
    char *reason CLEANUP(cleanup_free) = format_reason(judgement);
    fprintf(out, "**build-mem: %s**: ", verdict_name(judgement->verdict));
    put_text(out, reason);
    fputs("\n", out);
    if (reason_largest(judgement)) {
        fputs("\nLargest: ", out);
        put_text(out, reason_largest(judgement));
        fputs("\n", out);
    }
    put_metric_rows(out, comparison);
    put_process_rows(out, comparison);
    for (int side = 0; side < 2; side++) {
        char *description CLEANUP(cleanup_free) = format_side(comparison, side);
        fputs("\n", out);
        put_text(out, description);
        fputs("\n", out);
        char *estimated CLEANUP(cleanup_free) = format_estimated_side(comparison, side);
        if (estimated) {
            fputs("\n", out);
            put_text(out, estimated);
            fputs("\n", out);
        }
    }
    if (comparison->drift) {
        fputs("\nAlso different: ", out);
        put_text(out, comparison->drift);
        fputs("\n", out);
    }
    xmemstream_close(out);
    return text;
}
