/* The summary as GitHub-flavoured Markdown, for the page of a CI's job or a comment. */
#include "report/report.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"
#include "measurement/metric.h"
#include "report/wording.h"

#include <stdio.h>
#include <string.h>

#define TOP_PROCESSES 8

/* Names come from builds: nothing in them may become markup, a mention or a link. */
static void put_text(FILE *out, const char *text)
{
    char *line CLEANUP(cleanup_free) = text_one_line(text);
    for (const char *at = line; *at; at++) {
        if (strchr("\\`*_{}[]()#+!|~@:", *at))
            fputc('\\', out);
        if (*at == '<' || *at == '>' || *at == '&')
            fputs(*at == '<' ? "&lt;" : *at == '>' ? "&gt;" : "&amp;", out);
        else
            fputc(*at, out);
    }
}

static const char *verdict_sign(enum verdict verdict)
{
    return verdict_exit_status(verdict) == 0 ? "✅" : "❌";
}

static void put_head(FILE *out, const struct measurement *m, const struct judgement *judgement)
{
    char *peak CLEANUP(cleanup_free) = format_bytes(m->peak.cgroup_bytes);
    char *duration CLEANUP(cleanup_free) = format_duration(m->build.duration_ms);
    fprintf(out, "### %s build-mem %s: ", verdict_sign(judgement->verdict),
            verdict_name(judgement->verdict));
    put_text(out, m->label ? m->label : "");
    fprintf(out, ", %s in %s\n\n", peak, duration);
    if (judgement->reason) {
        put_text(out, judgement->reason);
        fputs("\n\n", out);
    }
    for (size_t i = 0; i < judgement->notes.count; i++) {
        fputs("Note: ", out);
        put_text(out, judgement->notes.items[i]);
        fputs("\n\n", out);
    }
    if (m->not_measured) {
        fputs("**Not measured**: ", out);
        put_text(out, m->not_measured);
        fputs("\n\n", out);
    }
}

static void put_check(FILE *out, const struct finding *check, const struct judgement *judgement)
{
    char *baseline CLEANUP(cleanup_free) = format_figure(check->unit, check->baseline);
    char *actual CLEANUP(cleanup_free) = format_figure(check->unit, check->actual);
    bool both = check->baseline >= 0 && check->actual >= 0;
    char *delta CLEANUP(cleanup_free) =
        both ? format_delta(check->unit, check->delta) : xstrdup("");
    char *percent CLEANUP(cleanup_free) = format_percent(check->baseline, check->actual);
    char *allowed CLEANUP(cleanup_free) =
        check->status == FINDING_OFF ? xstrdup("") : format_figure(check->unit, check->allowed);
    bool bad = check->status == FINDING_FAILED || (was_compared(judgement) && has_gone(check));
    fprintf(out, "| %s%s%s | ", bad ? "**" : "", format_status(check, judgement), bad ? "**" : "");
    put_text(out, check->metric);
    fprintf(out, " | %s | %s | %s %s | %s |\n", baseline, actual, delta, percent, allowed);
}

static void put_checks(FILE *out, const struct judgement *judgement)
{
    if (!judgement->finding_count)
        return;
    fputs("| | check | baseline | actual | delta | allowed |\n"
          "|---|---|---:|---:|---:|---:|\n",
          out);
    for (size_t i = 0; i < judgement->finding_count; i++)
        put_check(out, &judgement->findings[i], judgement);
    fputc('\n', out);
}

static void put_stages(FILE *out, const struct measurement *m)
{
    if (!m->stage_count)
        return;
    fputs("| stage | cgroup peak | PSS peak | when |\n|---|---:|---:|---:|\n", out);
    for (size_t i = 0; i < m->stage_count; i++) {
        const struct stage_measurement *stage = &m->stages[i];
        char *cgroup CLEANUP(cleanup_free) = format_bytes(stage->cgroup_peak_bytes);
        char *pss CLEANUP(cleanup_free) = format_bytes(stage->pss_peak_bytes);
        char *span CLEANUP(cleanup_free) = format_span(stage->first_ms, stage->last_ms);
        fputs("| ", out);
        put_text(out, stage->name);
        fprintf(out, " | %s%s | %s | %s |\n",
                stage->cgroup_peak_exact || stage->cgroup_peak_bytes < 0 ? "" : "≥ ", cgroup, pss,
                span);
    }
    fputc('\n', out);
}

static void put_processes(FILE *out, const struct measurement *m)
{
    size_t count;
    if (!m->peak.at_peak.count)
        return;
    struct process_group *groups CLEANUP(cleanup_free) = snapshot_groups(&m->peak.at_peak, &count);
    fputs("<details><summary>processes at the peak</summary>\n\n| process | PSS |\n|---|---:|\n",
          out);
    for (size_t i = 0; i < count && i < TOP_PROCESSES; i++) {
        char *name CLEANUP(cleanup_free) = format_group(&groups[i]);
        char *pss CLEANUP(cleanup_free) = format_bytes(groups[i].pss_bytes);
        fputs("| ", out);
        put_text(out, name);
        fprintf(out, " | %s |\n", pss);
    }
    fputs("\n</details>\n\n", out);
}

char *markdown_text(const struct measurement *m, const struct judgement *judgement)
{
    char *text = NULL;
    size_t length;
    FILE *out = xmemstream_open(&text, &length);
    put_head(out, m, judgement);
    put_checks(out, judgement);
    put_stages(out, m);
    put_processes(out, m);
    if (judgement->advice) {
        fputs("Next: ", out);
        put_text(out, judgement->advice);
        fputc('\n', out);
    }
    xmemstream_close(out);
    return text;
}
