/* The lines of a JUnit case's text: "name: figure (exact figure)". Several CIs show this text and
 * nothing else, so it carries every fact. Inside of report/ only. */
#ifndef BM_REPORT_JUNIT_FACTS_H
#define BM_REPORT_JUNIT_FACTS_H

#include "gate/judge.h"
#include "measurement/measurement.h"

#include <stdint.h>
#include <stdio.h>

/* `name` is padded by the caller. The text, "n/a" for NULL, stays on its line, whatever the build
 * put into it. */
void facts_put_text(FILE *out, const char *name, const char *text);
void facts_put_bytes(FILE *out, const char *name, int64_t bytes);
/* The peak, what it is made of, and what makes it less than a plain measurement. */
void facts_put_memory_peak(FILE *out, const struct measurement *m);
/* The largest process groups; nothing where there is no snapshot. */
void facts_put_processes(FILE *out, const struct snapshot *snapshot);
/* What is measured, and in which stage. */
void facts_put_metric(FILE *out, const char *metric, const struct measurement *m);
/* The metric, baseline, actual, delta, what is allowed, and every run. */
void facts_put_check(FILE *out, const struct finding *check, const struct measurement *m,
                     const struct judgement *judgement);

#endif
