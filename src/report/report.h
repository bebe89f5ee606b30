/* The reports: each is a function of measurement and judgement to text. The caller owns every
 * text; nothing here opens a file but timeline.c. */
#ifndef BM_REPORT_REPORT_H
#define BM_REPORT_REPORT_H

#include "gate/verdict.h"
#include "measurement/measurement.h"

#include <stdbool.h>

/* The human summary: headline, stages, top processes at the peak, duration, verify, verdict with
 * deltas, what to do next. At most 80 columns where names allow. `colour`: ANSI colours. */
char *summary_text(const struct measurement *m, const struct judgement *judgement, bool colour);

/* JUnit XML by the rules of Jenkins' junit-10 schema: one testcase per check: the build's end,
 * each artifact, the headline, each stage and other judged metric. `log_tail`, the end of the
 * build's log (raw bytes, `log_length`), becomes system-out, its last 64 KiB. */
char *junit_text(const struct measurement *m, const struct judgement *judgement,
                 const char *log_tail, size_t log_length);

/* Two or more measurements side by side: headline, stages, processes with deltas. `names` are
 * what the user called the two sides. */
char *compare_text(const char *name_a, const struct measurement *a, const char *name_b,
                   const struct measurement *b);

/* The summary as GitHub-flavoured Markdown. */
char *markdown_text(const struct measurement *m, const struct judgement *judgement);

/* Workflow commands for GitHub Actions, a line each: what failed as errors, what is only told as
 * warnings, the worst first, ten at most; "" where all is well. */
char *github_annotations(const struct measurement *m, const struct judgement *judgement);

/* What `build-mem doctor` found out about one subject, and how to mend it (or NULL). */
char *finding_text(const char *state, const char *subject, const char *found, const char *mend);

#endif
