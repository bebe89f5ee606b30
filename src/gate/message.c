#include "gate/message.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"
#include "measurement/metric.h"

#include <stdio.h>

static const struct measurement *highest_run(const char *metric, const struct measurement *runs,
                                             size_t run_count)
{
    const struct measurement *highest = &runs[0];
    for (size_t i = 1; i < run_count; i++)
        if (metric_value(&runs[i], metric) > metric_value(highest, metric))
            highest = &runs[i];
    return highest;
}

static void put_figure(FILE *out, const char *before, const char *metric, int64_t figure)
{
    char *text CLEANUP(cleanup_free) = metric_figure(metric, figure);
    fprintf(out, "%s%s", before, text);
}

static void put_actual(FILE *out, const struct finding *finding, size_t run_count)
{
    put_figure(out, "", finding->metric, finding->actual);
    if (finding->value_count && finding->value_count < run_count)
        fprintf(out, " (measured in %zu of %zu runs", finding->value_count, run_count);
    else if (finding->value_count < 2)
        return;
    else
        fprintf(out, " (median of %zu runs", finding->value_count);
    for (size_t i = 0; i < finding->value_count; i++)
        put_figure(out, i ? ", " : ": ", finding->metric, finding->values[i]);
    fputc(')', out);
}

static void put_comparison(FILE *out, const struct finding *finding)
{
    if (finding->baseline < 0)
        return;
    char *step CLEANUP(cleanup_free) =
        metric_step(finding->metric, finding->baseline, finding->actual);
    put_figure(out, ", baseline ", finding->metric, finding->baseline);
    fprintf(out, ", %s", step);
}

static void put_top_process(FILE *out, const struct finding *finding,
                            const struct measurement *runs, size_t run_count)
{
    const struct measurement *highest = highest_run(finding->metric, runs, run_count);
    char *top CLEANUP(cleanup_free) = metric_top_process(highest, finding->metric);
    if (top)
        fprintf(out, "; %s", top);
}

static void put_gone(FILE *out, const struct finding *finding, const struct measurement *runs,
                     size_t run_count)
{
    size_t shown = 0;
    for (size_t i = 0; i < run_count; i++)
        shown += metric_is_shown(&runs[i], finding->metric);
    bool stage = metric_stage_name(finding->metric);
    if (finding->baseline < 0) {
        put_figure(out, "", finding->metric, finding->actual);
        fputs(", and the baseline has no value for it", out);
        return;
    }
    if (shown)
        fprintf(out, "%s in only %zu of %zu runs", stage ? "seen" : "measured", shown, run_count);
    else
        fputs(stage ? "not seen in this build" : "not measured in this build", out);
    put_figure(out, ", baseline ", finding->metric, finding->baseline);
    if (stage)
        fputs("; where it was removed or renamed on purpose, accept that with build-mem baseline "
              "refresh",
              out);
}

/* Its name still matches, so it is not gone: what it held is in the stage that ran beside it. */
static void put_brief(FILE *out, const struct finding *finding, size_t run_count)
{
    if (finding->value_count)
        fprintf(out, "measured in only %zu of %zu runs", finding->value_count, run_count);
    else
        fputs("seen in this build, but not measured", out);
    fputs(": it was over too soon, or ran beside stages that precede it", out);
    put_figure(out, "; baseline ", finding->metric, finding->baseline);
}

static void put_new(FILE *out, const struct finding *finding)
{
    char *label CLEANUP(cleanup_free) = metric_label(finding->metric);
    fprintf(out, "new %s", label);
    put_figure(out, " (", finding->metric, finding->actual);
    fputs(") is not in the baseline; accept it with build-mem baseline refresh", out);
}

static void put_finding(FILE *out, const struct finding *finding, enum reason reason, int64_t slack,
                        int64_t budget, const struct measurement *runs, size_t run_count)
{
    switch (reason) {
    case REASON_FINE:
    case REASON_REGRESSED:
        put_figure(out, ", allowed up to ", finding->metric, finding->allowed);
        return;
    case REASON_OVER_BUDGET:
        put_figure(out, ", over the hard limit of ", finding->metric, budget);
        return;
    case REASON_NOISY:
        put_figure(out, "; inconclusive: the runs spread wider than the tolerance of ",
                   finding->metric, slack);
        return;
    case REASON_IMPROVED:
        put_figure(out, ": improved by more than the tolerance of ", finding->metric, slack);
        return;
    case REASON_UNBANKED:
        put_figure(out, ": improved by more than the tolerance of ", finding->metric, slack);
        fputs(", and --strict wants the gain in the baseline", out);
        return;
    case REASON_OFF:
        fputs(" (reported only)", out);
        return;
    case REASON_AT_LIMIT:
        fputs("; it reached the memory limit, so what the build would take is not known", out);
        return;
    case REASON_NOT_COMPARED:
        fputs(", and there is nothing to compare it with", out);
        return;
    case REASON_NEW:
        put_new(out, finding);
        return;
    case REASON_BRIEF:
        put_brief(out, finding, run_count);
        return;
    case REASON_GONE:
        put_gone(out, finding, runs, run_count);
        return;
    }
}

static bool deserves_a_culprit(enum reason reason)
{
    return reason == REASON_REGRESSED || reason == REASON_OVER_BUDGET ||
           reason == REASON_AT_LIMIT || reason == REASON_NOISY;
}

char *finding_message(const struct finding *finding, enum reason reason, int64_t slack,
                      int64_t budget, const struct measurement *runs, size_t run_count)
{
    char *text CLEANUP(cleanup_free) = NULL;
    size_t size;
    FILE *out = xmemstream_open(&text, &size);
    char *label CLEANUP(cleanup_free) = metric_label(finding->metric);
    if (reason != REASON_NEW)
        fprintf(out, "%s: ", label);
    if (reason != REASON_NEW && reason != REASON_BRIEF && reason != REASON_GONE) {
        put_actual(out, finding, run_count);
        put_comparison(out, finding);
    }
    put_finding(out, finding, reason, slack, budget, runs, run_count);
    if (deserves_a_culprit(reason))
        put_top_process(out, finding, runs, run_count);
    xmemstream_close(out);
    /* Names of stages and processes come from outside. */
    return text_one_line(text);
}
