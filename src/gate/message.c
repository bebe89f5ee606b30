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

/* "1007.0 MiB (median of 3 runs: 1005.0 MiB, 1007.0 MiB, 1009.0 MiB)". */
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

/* "stage build-deps grew by 182.4 MiB (+26.2 %) to 878.1 MiB". */
static void put_change(FILE *out, const struct finding *finding, size_t run_count)
{
    char *label CLEANUP(cleanup_free) = metric_label(finding->metric);
    if (!finding->value_count) {
        fprintf(out, "%s was not %s", label,
                metric_stage_name(finding->metric) ? "seen" : "measured");
        return;
    }
    if (finding->baseline < 0 || finding->delta == 0) {
        fprintf(out, "%s is %s", label, finding->baseline < 0 ? "" : "unchanged at ");
    } else {
        char *change CLEANUP(cleanup_free) =
            metric_change(finding->metric, finding->baseline, finding->actual);
        fprintf(out, "%s %s to ", label, change);
    }
    put_actual(out, finding, run_count);
}

static void put_gone(FILE *out, const struct finding *finding, const struct measurement *runs,
                     size_t run_count)
{
    size_t shown = 0;
    for (size_t i = 0; i < run_count; i++)
        shown += metric_is_shown(&runs[i], finding->metric);
    bool stage = metric_stage_name(finding->metric);
    char *label CLEANUP(cleanup_free) = metric_label(finding->metric);
    if (finding->baseline < 0) {
        put_change(out, finding, run_count);
        fputs("; the baseline has no value for it", out);
        return;
    }
    fprintf(out, "%s was %s", label, shown ? "" : "not ");
    fputs(stage ? "seen" : "measured", out);
    if (shown)
        fprintf(out, " in only %zu of %zu runs", shown, run_count);
    put_figure(out, "; the baseline is ", finding->metric, finding->baseline);
}

/* The stage's processes were seen, so it is not gone: its memory was counted for another stage. */
static void put_brief(FILE *out, const struct finding *finding, size_t run_count)
{
    char *label CLEANUP(cleanup_free) = metric_label(finding->metric);
    if (finding->value_count)
        fprintf(out, "%s was measured in only %zu of %zu runs", label, finding->value_count,
                run_count);
    else
        fprintf(out, "%s was seen but not measured", label);
    fputs(": it ended too soon, or ran beside a stage that precedes it", out);
    put_figure(out, "; the baseline is ", finding->metric, finding->baseline);
}

static void put_noisy(FILE *out, const struct finding *finding, int64_t slack)
{
    int64_t lowest = finding->values[0], highest = finding->values[0];
    for (size_t i = 1; i < finding->value_count; i++) {
        lowest = finding->values[i] < lowest ? finding->values[i] : lowest;
        highest = finding->values[i] > highest ? finding->values[i] : highest;
    }
    put_figure(out, "; the runs differ by ", finding->metric, highest - lowest);
    put_figure(out, ", more than the tolerance of ", finding->metric, slack);
}

static void put_finding(FILE *out, const struct finding *finding, enum reason reason, int64_t slack,
                        int64_t budget, const struct measurement *runs, size_t run_count)
{
    const char *metric = finding->metric;
    if (reason == REASON_GONE) {
        put_gone(out, finding, runs, run_count);
        return;
    }
    if (reason == REASON_BRIEF) {
        put_brief(out, finding, run_count);
        return;
    }
    put_change(out, finding, run_count);
    switch (reason) {
    case REASON_FINE:
    case REASON_REGRESSED:
        put_figure(out, "; ", metric, finding->allowed);
        fputs(" is allowed", out);
        return;
    case REASON_OVER_BUDGET:
        fputs(run_count > 1 ? "; the highest run" : "; it", out);
        put_figure(out, " exceeds the budget of ", metric, budget);
        return;
    case REASON_NOISY:
        put_noisy(out, finding, slack);
        return;
    case REASON_IMPROVED:
        put_figure(out, ", more than the tolerance of ", metric, slack);
        return;
    case REASON_UNBANKED:
        put_figure(out, ", more than the tolerance of ", metric, slack);
        fputs("; --strict requires the gain in the baseline", out);
        return;
    case REASON_OFF:
        fputs(" (reported only)", out);
        return;
    case REASON_AT_LIMIT:
        fputs("; it reached the memory limit, so the build's need is unknown", out);
        return;
    case REASON_NOT_COMPARED:
        fputs("; there is no baseline to compare it with", out);
        return;
    case REASON_NEW:
        fputs("; it is not in the baseline: to add it, run build-mem baseline refresh", out);
        return;
    case REASON_BRIEF:
    case REASON_GONE:
        return;
    }
}

char *finding_message(const struct finding *finding, enum reason reason, int64_t slack,
                      int64_t budget, const struct measurement *runs, size_t run_count)
{
    char *text CLEANUP(cleanup_free) = NULL;
    size_t size;
    FILE *out = xmemstream_open(&text, &size);
    put_finding(out, finding, reason, slack, budget, runs, run_count);
    xmemstream_close(out);
    /* Stage names come from outside. */
    return text_one_line(text);
}

char *finding_largest(const struct finding *finding, enum reason reason,
                      const struct measurement *runs, size_t run_count)
{
    if (reason != REASON_REGRESSED && reason != REASON_OVER_BUDGET && reason != REASON_AT_LIMIT &&
        reason != REASON_NOISY)
        return NULL;
    const struct measurement *highest = highest_run(finding->metric, runs, run_count);
    char *text CLEANUP(cleanup_free) = metric_largest(highest, finding->metric);
    /* Process names come from outside. */
    return text ? text_one_line(text) : NULL;
}
