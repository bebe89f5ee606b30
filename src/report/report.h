/* The reports: each is a function of measurement and judgement to text. The caller owns every
 * text; only timeline.c writes a file, and only series.c reads one. */
#ifndef BM_REPORT_REPORT_H
#define BM_REPORT_REPORT_H

#include "comparison/comparison.h"
#include "fit/fit.h"
#include "gate/judge.h"
#include "measurement/measurement.h"
#include "result/series.h"

#include <stdbool.h>

/* The human summary: headline, stages, top processes at the peak, duration, verify, verdict with
 * deltas, what to do next. At most 80 columns where names allow. `colour`: ANSI colours. */
char *summary_text(const struct measurement *m, const struct judgement *judgement, bool colour);

/* JUnit XML by the rules of Jenkins' junit-10 schema: one testcase per check: the build's end,
 * each artifact, the headline, each stage and other judged metric. `log_tail`, the end of the
 * build's log (raw bytes, `log_length`), becomes system-out, its last 64 KiB. */
char *junit_text(const struct measurement *m, const struct judgement *judgement,
                 const char *log_tail, size_t log_length);

/* Two sides of a comparison in a table: metrics and how they are judged, processes, the verdict. */
char *compare_text(const struct comparison *comparison, bool colour);
/* The same as Markdown, for a comment on a change. */
char *compare_markdown(const struct comparison *comparison);

/* The table of what was tried, the smallest limit that passes, and the one to set. `colour`: ANSI
 * colours. */
char *fit_text(const struct fit *fit, bool colour);

/* The summary as GitHub-flavoured Markdown. */
char *markdown_text(const struct measurement *m, const struct judgement *judgement);

/* Workflow commands for GitHub Actions, a line each: what failed as errors, what is only told as
 * warnings, the worst first, ten at most; "" where all is well. */
char *github_annotations(const struct measurement *m, const struct judgement *judgement);

/* What the HTML page tells of; all is borrowed. */
struct html_report {
    const struct measurement *m;
    const struct series *series; /* may be empty */
    const struct judgement *judgement;
    const struct measurement *before; /* a run to set beside it; NULL: none */
    const struct series *before_series;
};

/* The page, one file that needs no other: verdict and headline, the timeline, stages and processes
 * with deltas, composition, environment. */
char *html_text(const struct html_report *report);

/* What other tools read. What was not measured is left out. Of several runs, whose labels differ,
 * all go into one text. */
/* Bencher Metric Format: JSON for `bencher run --adapter json`. */
char *bmf_text(const struct measurement *runs, size_t count);
/* JSON for github-action-benchmark with `tool: customSmallerIsBetter`. */
char *benchmark_action_text(const struct measurement *runs, size_t count);
/* OpenMetrics 1.0 text: gauges, labelled. */
char *openmetrics_text(const struct measurement *runs, size_t count);
/* Trace events, JSON as chrome://tracing brought it up and Perfetto reads it: what the series
 * tells, as counters, its stages as slices. */
char *trace_text(const struct measurement *m, const struct series *series);

/* What `build-mem doctor` found out about one subject, and how to fix it (or NULL). */
char *diagnosis_text(const char *state, const char *subject, const char *found, const char *fix);

#endif
