#include "gate/check_message.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"
#include "gate/metric.h"

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

static void put_actual(FILE *out, const struct gate_check *check, size_t run_count)
{
    put_figure(out, "", check->metric, check->actual);
    if (check->value_count && check->value_count < run_count)
        fprintf(out, " (measured in %zu of %zu runs", check->value_count, run_count);
    else if (check->value_count < 2)
        return;
    else
        fprintf(out, " (median of %zu runs", check->value_count);
    for (size_t i = 0; i < check->value_count; i++)
        put_figure(out, i ? ", " : ": ", check->metric, check->values[i]);
    fputc(')', out);
}

static void put_comparison(FILE *out, const struct gate_check *check)
{
    if (check->baseline < 0)
        return;
    char *step CLEANUP(cleanup_free) = metric_step(check->metric, check->baseline, check->actual);
    put_figure(out, ", baseline ", check->metric, check->baseline);
    fprintf(out, ", %s", step);
}

static void put_top_process(FILE *out, const struct gate_check *check,
                            const struct measurement *runs, size_t run_count)
{
    const struct measurement *highest = highest_run(check->metric, runs, run_count);
    char *top CLEANUP(cleanup_free) = metric_top_process(highest, check->metric);
    if (top)
        fprintf(out, "; %s", top);
}

static void put_gone(FILE *out, const struct gate_check *check, const struct measurement *runs,
                     size_t run_count)
{
    size_t shown = 0;
    for (size_t i = 0; i < run_count; i++)
        shown += metric_is_shown(&runs[i], check->metric);
    bool stage = metric_stage_name(check->metric);
    if (check->baseline < 0) {
        put_figure(out, "", check->metric, check->actual);
        fputs(", and the baseline has no value for it", out);
        return;
    }
    if (shown)
        fprintf(out, "%s in only %zu of %zu runs", stage ? "seen" : "measured", shown, run_count);
    else
        fputs(stage ? "not seen in this build" : "not measured in this build", out);
    put_figure(out, ", baseline ", check->metric, check->baseline);
    if (stage)
        fputs("; where it was removed or renamed on purpose, accept that with build-mem baseline "
              "refresh",
              out);
}

/* Its name still matches, so it is not gone: what it held is in the stage that ran beside it. */
static void put_brief(FILE *out, const struct gate_check *check, size_t run_count)
{
    if (check->value_count)
        fprintf(out, "measured in only %zu of %zu runs", check->value_count, run_count);
    else
        fputs("seen in this build, but not measured", out);
    fputs(": it was over too soon, or ran beside stages that precede it", out);
    put_figure(out, "; baseline ", check->metric, check->baseline);
}

static void put_new(FILE *out, const struct gate_check *check)
{
    char *label CLEANUP(cleanup_free) = metric_label(check->metric);
    fprintf(out, "new %s", label);
    put_figure(out, " (", check->metric, check->actual);
    fputs(") is not in the baseline; accept it with build-mem baseline refresh", out);
}

static void put_finding(FILE *out, const struct gate_check *check, enum finding finding,
                        int64_t slack, int64_t hard_limit, const struct measurement *runs,
                        size_t run_count)
{
    switch (finding) {
    case FINDING_FINE:
    case FINDING_REGRESSED:
        put_figure(out, ", allowed up to ", check->metric, check->limit);
        return;
    case FINDING_OVER_LIMIT:
        put_figure(out, ", over the hard limit of ", check->metric, hard_limit);
        return;
    case FINDING_NOISY:
        put_figure(out, "; inconclusive: the runs spread wider than the tolerance of ",
                   check->metric, slack);
        return;
    case FINDING_IMPROVED:
        put_figure(out, ": improved by more than the tolerance of ", check->metric, slack);
        return;
    case FINDING_UNBANKED:
        put_figure(out, ": improved by more than the tolerance of ", check->metric, slack);
        fputs(", and --strict wants the gain in the baseline", out);
        return;
    case FINDING_OFF:
        fputs(" (reported only)", out);
        return;
    case FINDING_CENSORED:
        fputs("; it reached the memory limit, so what the build would take is not known", out);
        return;
    case FINDING_NOT_COMPARED:
        fputs(", and there is nothing to compare it with", out);
        return;
    case FINDING_NEW:
        put_new(out, check);
        return;
    case FINDING_BRIEF:
        put_brief(out, check, run_count);
        return;
    case FINDING_GONE:
        put_gone(out, check, runs, run_count);
        return;
    }
}

static bool deserves_a_culprit(enum finding finding)
{
    return finding == FINDING_REGRESSED || finding == FINDING_OVER_LIMIT ||
           finding == FINDING_CENSORED || finding == FINDING_NOISY;
}

char *check_message(const struct gate_check *check, enum finding finding, int64_t slack,
                    int64_t hard_limit, const struct measurement *runs, size_t run_count)
{
    char *text CLEANUP(cleanup_free) = NULL;
    size_t size;
    FILE *out = xmemstream_open(&text, &size);
    char *label CLEANUP(cleanup_free) = metric_label(check->metric);
    if (finding != FINDING_NEW)
        fprintf(out, "%s: ", label);
    if (finding != FINDING_NEW && finding != FINDING_BRIEF && finding != FINDING_GONE) {
        put_actual(out, check, run_count);
        put_comparison(out, check);
    }
    put_finding(out, check, finding, slack, hard_limit, runs, run_count);
    if (deserves_a_culprit(finding))
        put_top_process(out, check, runs, run_count);
    xmemstream_close(out);
    /* Names of stages and processes come from outside. */
    return text_one_line(text);
}
