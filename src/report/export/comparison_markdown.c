#include "report/report.h"

#include "base/alloc.h"
#include "base/text.h"
#include "report/comparison_wording.h"
#include "report/wording.h"

#include <stdio.h>
#include <string.h>

/* Text from outside: on one line, and every character that Markdown, HTML or a mention of people
 * is made with as an entity. */
static void put_text(FILE *out, const char *text)
{
    char *line CLEANUP(cleanup_free) = text_one_line(text);
    for (const char *at = line; *at; at++) {
        if (strchr("\\`*~[]<>|&#@!", *at))
            fprintf(out, "&#%d;", *at);
        else
            fputc(*at, out);
    }
}

static void put_cell(FILE *out, const char *text)
{
    fputs(" ", out);
    put_text(out, text);
    fputs(" |", out);
}

/* A median, and the spread of the runs where there are several. */
static void put_run_values(FILE *out, const char *unit, const struct run_values *series)
{
    int64_t median = run_values_median(series), spread = run_values_spread(series);
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

static void put_head(FILE *out, const struct comparison *comparison, const char *title, bool judged)
{
    fputs("\n|", out);
    put_cell(out, title);
    for (int side = 0; side < 2; side++)
        put_cell(out, side_head(comparison, side));
    fputs(judged ? " delta | | allowed | |\n|---|--:|--:|--:|--:|--:|---|\n"
                 : " delta | |\n|---|--:|--:|--:|--:|\n",
          out);
}

static void put_metrics(FILE *out, const struct comparison *comparison)
{
    put_head(out, comparison, "metric", true);
    for (size_t i = 0; i < comparison->metric_count; i++) {
        const struct comparison_row *row = &comparison->metrics[i];
        char *allowed CLEANUP(cleanup_free) = format_row_allowed(row);
        put_row(out, row->name, row);
        put_cell(out, allowed);
        put_cell(out, row_status(row, comparison));
        fputs("\n", out);
    }
}

static void put_processes(FILE *out, const struct comparison *comparison)
{
    if (!comparison->process_count)
        return;
    put_head(out, comparison, "process at the PSS peak", false);
    for (size_t i = 0; i < comparison->process_count; i++) {
        char *name CLEANUP(cleanup_free) = format_row_processes(&comparison->processes[i]);
        put_row(out, name, &comparison->processes[i]);
        fputs("\n", out);
    }
}

char *compare_markdown(const struct comparison *comparison)
{
    char *text = NULL;
    size_t size;
    FILE *out = xmemstream_open(&text, &size);
    char *reason CLEANUP(cleanup_free) = format_reason(&comparison->judgement);
    fprintf(out, "**build-mem: %s**: ", verdict_name(comparison->judgement.verdict));
    put_text(out, reason);
    fputs("\n", out);
    put_metrics(out, comparison);
    put_processes(out, comparison);
    for (int side = 0; side < 2; side++) {
        char *what CLEANUP(cleanup_free) = format_side(comparison, side);
        fputs("\n", out);
        put_text(out, what);
        fputs("\n", out);
    }
    if (comparison->drift) {
        fputs("\nAlso different: ", out);
        put_text(out, comparison->drift);
        fputs("\n", out);
    }
    xmemstream_close(out);
    return text;
}
