/* How the reports name things: the same words in the summary, in JUnit and in a comparison.
 * Texts are owned by the caller unless a comment says so. Inside of report/ only. */
#ifndef BM_REPORT_WORDING_H
#define BM_REPORT_WORDING_H

#include "gate/judge.h"
#include "measurement/measurement.h"

#include <stdbool.h>

/* "803.2 MiB" or "20.3 s" by the unit ("bytes", "ms"); "n/a" where unmeasured. */
char *format_figure(const char *unit, int64_t figure);
/* "+204.1 MiB", "-1.2 s". */
char *format_delta(const char *unit, int64_t delta);
/* "+25.4%", of 7 columns at most; "" where there is nothing to compare with, or it is 0. */
char *format_percent(int64_t from, int64_t to);
/* "0.0 s-3.2 s"; "not seen". */
char *format_span(int64_t first_ms, int64_t last_ms);

/* Whether the build ran to its end with status 0. It may still lack artifacts. */
bool build_ended_well(const struct build_end *build);
/* "exit status 2"; "killed for lack of memory (OOM), exit status 137"; "timed out". */
char *format_build_end(const struct build_end *build);

/* "anon 600.0 MiB, file 150.0 MiB"; NULL where nothing of it was measured. */
char *format_composition(const struct composition *composition);
/* A sentence on what makes the headline less than a plain measurement, or NULL. */
char *format_estimated(const struct peak *peak);
const char *at_limit_note(const struct peak *peak); /* static */
/* What was charged at the start is. Static. */
const char *at_start_note(const struct peak *peak);

/* "peak of the cgroup (memory.peak)", "PSS peak of stage build-deps": the metric for people. */
char *format_metric(const char *metric, const struct measurement *m);
/* What ran when the metric was at its highest; NULL where no snapshot tells. Borrowed. */
const struct snapshot *metric_snapshot(const struct measurement *m, const char *metric);

/* The check on this metric, or NULL. Borrowed. */
const struct finding *find_check(const struct judgement *judgement, const char *metric);
const struct stage_measurement *find_stage(const struct measurement *m, const char *name);

/* Whether there was something to compare with. Else all checks are FINDING_MISSING, and that is no
 * fault of theirs. */
bool was_compared(const struct judgement *judgement);
/* Whether a FINDING_MISSING is a metric of the baseline that the build no longer shows; else it is
 * one that the baseline does not know. */
bool has_gone(const struct finding *check);

/* "ok", "FAIL", "GONE": one word for tables. Static. */
const char *format_status(const struct finding *check, const struct judgement *judgement);
/* What makes all figures worth less, in a sentence; NULL where it is not so. */
char *format_not_measured(const struct measurement *m);
char *format_oom(const struct measurement *m);
/* Why the verdict is what it is; never NULL. */
char *format_reason(const struct judgement *judgement);

/* "tsc ×3", or "tsc" where it is one; the name is printable and on one line. */
char *format_group(const struct process_group *group);

#endif
