/* The reports: each one is a function from a measurement and its judgement to a text.
 *
 * text/ writes for a terminal, html/ the page, junit/ the JUnit file, and export/ the formats of
 * other tools. wording.h has their common words. The caller owns each returned text. No report
 * fails: a figure that was not measured is written as "n/a" or left out, never as 0. */
#ifndef BM_REPORT_REPORT_H
#define BM_REPORT_REPORT_H

#include "comparison/comparison.h"
#include "fit/fit.h"
#include "gate/judge.h"
#include "measurement/measurement.h"
#include "result/series.h"
#include "sweep/sweep.h"
#include "trend/trend.h"

#include <stdbool.h>

/* ---- for a terminal, at most 80 columns unless a name is longer; `colour`: ANSI colours ---- */

/* The summary of a run: memory peak, stages, processes, required files, metrics, verdict. */
char *summary_text(const struct measurement *m, const struct judgement *judgement, bool colour);

/* Two sides in a table: metrics, how each is judged, processes, verdict. */
char *compare_text(const struct comparison *comparison, bool colour);

/* The limits that were tried, the smallest one that passes, and the recommended one. */
char *fit_text(const struct fit *fit, bool colour);

/* The page of a sweep: a picture of memory against time, and the tables. It has no script. */
char *sweep_html(const struct sweep *sweep);

/* The points that were measured, the front, the effect of each knob, and the recommended point. */
char *sweep_text(const struct sweep *sweep, bool colour);

/* How many jobs fit, and how to confirm it. */
char *sweep_forecast_text(const struct sweep_forecast *forecast, bool colour);

/* The trend of each metric: anchor, plateau, creep, change points, proposed tolerances, failed
 * results. */
char *trend_text(const struct trend *trend, bool colour);

/* ---- for CI ---- */

/* JUnit XML by the rules of Jenkins' junit-10 schema. One test case for each of: the build, each
 * artifact, the memory peak, each stage, each other judged metric. `log_tail` is the end of the
 * build's log: `log_length` raw bytes, of which at most 64 KiB become system-out. */
char *junit_text(const struct measurement *m, const struct judgement *judgement,
                 const char *log_tail, size_t log_length);

/* Workflow commands for GitHub Actions, one per line: failures as errors, the rest as warnings.
 * Ordered from the worst, at most ten; "" if there is nothing to report. */
char *github_annotations(const struct measurement *m, const struct judgement *judgement);

/* GitHub-flavoured Markdown, for the page of a CI job or a comment on a change. */
char *markdown_text(const struct measurement *m, const struct judgement *judgement);
char *compare_markdown(const struct comparison *comparison);

/* ---- the page ---- */

struct report_input {
    /* All are borrowed. */
    const struct measurement *m;
    const struct series *series; /* may be empty */
    const struct judgement *judgement;
    const struct measurement *before; /* another run, to draw beside it; NULL: none */
    const struct series *before_series;
};

/* Returns one HTML file that loads no other file. */
char *html_text(const struct report_input *report);
/* The same for a run that has no figures yet: small, so that it fits on a disk that is nearly full.
 * It shows the command and `m->not_measured`. */
char *html_unfinished_text(const struct measurement *m);

/* The same for a trend: a chart of each metric over commits. */
char *trend_html(const struct trend *trend);

/* ---- for other tools ---- */

/* Bencher Metric Format: JSON for `bencher run --adapter json`. */
char *bmf_text(const struct measurement *runs, size_t count);
/* JSON for github-action-benchmark with `tool: customSmallerIsBetter`. */
char *benchmark_action_text(const struct measurement *runs, size_t count);
/* OpenMetrics 1.0 text: labelled gauges. */
char *openmetrics_text(const struct measurement *runs, size_t count);
/* Trace events in JSON for Perfetto and chrome://tracing: the series as counters, the stages as
 * slices. */
char *trace_text(const struct measurement *m, const struct series *series);

/* ---- the formats of `build-mem report` ---- */

struct report_format {
    const char *name;            /* the value of --format */
    const char *prefix, *suffix; /* of the file name: "report-NAME.html" for result-NAME.json */
    /* One of the two: a report of one run, or the figures of several runs. */
    char *(*write_one)(const struct report_input *report);
    char *(*write_all)(const struct measurement *runs, size_t count);
    bool shows_verdict; /* reads `judgement` */
    bool shows_before;  /* reads `before` */
    bool reads_series;  /* reads `series` */
    bool is_trend;      /* refuses failed builds: in a chart over time they would look like an
                           improvement */
};

/* The first is the default. Ends with a format without a name. */
extern const struct report_format report_formats[];

/* Returns the format with this name; NULL names the default. Returns NULL with `err` set if there
 * is none. */
const struct report_format *report_format_find(const char *name, struct bm_error *err);
/* Returns the names, separated by `separator`. The caller owns the text. */
char *report_format_names(const char *separator);

#endif
