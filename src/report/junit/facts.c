#include "report/junit/facts.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"
#include "measurement/metric.h"
#include "report/wording.h"

#include <inttypes.h>
#include <string.h>

#define TOP_PROCESSES 10

void facts_put_text(FILE *out, const char *name, const char *text)
{
    char *line CLEANUP(cleanup_free) = text_one_line(text ? text : "n/a");
    fprintf(out, "%s %s\n", name, line);
}

void facts_put_bytes(FILE *out, const char *name, int64_t bytes)
{
    char *size CLEANUP(cleanup_free) = format_bytes(bytes);
    if (bytes >= 0)
        fprintf(out, "%s %s (%" PRId64 " bytes)\n", name, size, bytes);
    else
        fprintf(out, "%s n/a\n", name);
}

void facts_put_processes(FILE *out, const struct snapshot *snapshot)
{
    if (!snapshot || !snapshot->count)
        return;
    char *at CLEANUP(cleanup_free) = format_duration(snapshot->at_ms);
    char *sum CLEANUP(cleanup_free) = format_bytes(snapshot->pss_bytes);
    fprintf(out, "processes at its PSS peak (%s, %s in all):\n", at, sum);
    size_t count;
    struct process_group *groups CLEANUP(cleanup_free) = snapshot_groups(snapshot, &count);
    for (size_t i = 0; i < count && i < TOP_PROCESSES; i++) {
        char *name CLEANUP(cleanup_free) = format_group(&groups[i]);
        char *pss CLEANUP(cleanup_free) = format_bytes(groups[i].pss_bytes);
        fprintf(out, "  %s  PSS %s\n", name, pss);
    }
    if (count > TOP_PROCESSES)
        fprintf(out, "  and %zu more\n", count - TOP_PROCESSES);
}

void facts_put_memory_peak(FILE *out, const struct measurement *m)
{
    const struct peak *peak = &m->peak;
    facts_put_bytes(out, "peak:         ", peak->cgroup_bytes);
    facts_put_text(out, "source:       ", peak->source);
    if (peak->limit_bytes >= 0)
        facts_put_bytes(out, "memory limit: ", peak->limit_bytes);
    else
        fputs("memory limit:  none\n", out);
    facts_put_bytes(out, "unreclaimable:", peak->unreclaimable_bytes);
    char *composition CLEANUP(cleanup_free) = format_composition(&peak->composition);
    if (composition)
        fprintf(out, "made of:       %s\n", composition);
    if (peak->shared) {
        facts_put_bytes(out, "at the start: ", peak->at_start_bytes);
        fprintf(out, "               %s\n", at_start_note(peak));
    }
    char *estimated CLEANUP(cleanup_free) = format_estimated(peak);
    const char *notes[] = {at_limit_note(peak), estimated};
    for (size_t i = 0; i < 2; i++)
        if (notes[i])
            fprintf(out, "note:          %s\n", notes[i]);
    if (m->not_measured)
        facts_put_text(out, "not measured: ", m->not_measured);
}

static void put_figure(FILE *out, const char *name, const char *unit, int64_t figure,
                       const char *note)
{
    char *text CLEANUP(cleanup_free) = format_figure(unit, figure);
    if (figure >= 0)
        fprintf(out, "%s %s (%" PRId64 " %s)%s\n", name, text, figure, unit, note);
    else
        fprintf(out, "%s n/a\n", name);
}

static void put_change(FILE *out, const struct finding *check)
{
    if (check->baseline < 0 || check->actual < 0)
        return;
    char *delta CLEANUP(cleanup_free) = format_delta(check->unit, check->delta);
    char *percent CLEANUP(cleanup_free) = format_percent(check->baseline, check->actual);
    fprintf(out, "delta:         %s%s%s\n", delta, *percent ? ", " : "", percent);
}

static void put_runs(FILE *out, const struct finding *check)
{
    fputs("runs:         ", out);
    for (size_t i = 0; i < check->value_count; i++) {
        char *value CLEANUP(cleanup_free) = format_figure(check->unit, check->values[i]);
        fprintf(out, "%s %s (%" PRId64 " %s)", i ? "," : "", value, check->values[i], check->unit);
    }
    fputs(check->value_count ? "\n" : " none\n", out);
}

void facts_put_metric(FILE *out, const char *metric, const struct measurement *m)
{
    char *what CLEANUP(cleanup_free) = format_metric(metric, m);
    facts_put_text(out, "metric:       ", metric);
    facts_put_text(out, "that is:      ", what);
    const char *stage = metric_stage_name(metric);
    if (!stage && strcmp(metric, "duration") != 0)
        stage = m->peak.stage;
    if (stage)
        facts_put_text(out, "stage:        ", stage);
}

void facts_put_check(FILE *out, const struct finding *check, const struct measurement *m,
                     const struct judgement *judgement)
{
    facts_put_metric(out, check->metric, m);
    char *from CLEANUP(cleanup_free) =
        judgement->baseline_path
            ? xasprintf(", median of the accepted runs in %s", judgement->baseline_path)
            : xstrdup("");
    put_figure(out, "baseline:     ", check->unit, check->baseline, from);
    put_figure(out, "actual:       ", check->unit, check->actual,
               check->value_count > 1 ? ", median of the runs" : "");
    put_change(out, check);
    put_figure(out, "allowed up to:", check->unit, check->allowed, "");
    fprintf(out, "level:         %s\n",
            check->status == FINDING_OFF ? "off: reported, not judged" : level_name(check->level));
    put_runs(out, check);
}
