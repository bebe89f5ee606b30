/* The search for the smallest memory limit in which a build still passes: what was tried, and the
 * file that tells of it (doc/fit.schema.json). What to try next is fit/search.h's. */
#ifndef BM_FIT_FIT_H
#define BM_FIT_FIT_H

#include "gate/judge.h"
#include "measurement/measurement.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIT_SCHEMA_VERSION 2

enum fit_outcome {
    FIT_PASSED,
    FIT_OOM_KILLED,
    FIT_TOO_SLOW, /* ended after fit_patience_ms(): the limit makes it crawl */
    FIT_BUILD_FAILED,
    FIT_NO_ARTIFACT,
    FIT_TIMED_OUT, /* ended after the user's own --timeout */
    FIT_NOT_MEASURED,
};
const char *fit_outcome_name(enum fit_outcome outcome); /* "oom-killed" */

/* One build under one limit. Figures as in the measurement, each may be UNMEASURED. */
struct fit_attempt {
    char *label;         /* of the run's own files; owned */
    int64_t limit_bytes; /* UNMEASURED: no limit */
    enum fit_outcome outcome;
    char *detail; /* what went wrong, one line; NULL where it passed; owned */
    int64_t duration_ms;
    int64_t cgroup_bytes; /* the headline */
    int64_t unreclaimable_bytes;
    struct pressure pressure;
};

struct fit {
    const char *label;                   /* borrowed */
    const struct measurement *unlimited; /* the first run, borrowed; NULL before it */
    int signal;                          /* that interrupted the search, or 0 */
    struct fit_attempt *attempts;        /* in the order of time, the first without a limit */
    size_t count;
};
void fit_release(struct fit *fit);

/* Adds a run under this limit. `judgement` is judge_alone()'s. `impatient`: had it timed out, then
 * after fit_patience_ms(), not after the user's own time. */
void fit_add(struct fit *fit, int64_t limit_bytes, const struct measurement *m,
             const struct judgement *judgement, bool impatient);

/* How long a build may take under a limit, when without one it took `unlimited_ms`: 3 times as
 * long, and 10 s. */
int64_t fit_patience_ms(int64_t unlimited_ms);

/* How the search ended. */
enum fit_verdict {
    FIT_VERDICT_FOUND,
    FIT_VERDICT_BUILD_FAILED, /* already without a limit */
    FIT_VERDICT_NONE_PASSES,  /* it passes without a limit, but under none that was tried */
    FIT_VERDICT_NOT_MEASURED,
    FIT_VERDICT_INTERRUPTED,
};
enum fit_verdict fit_verdict_of(const struct fit *fit);
const char *fit_verdict_name(enum fit_verdict verdict); /* "none-passes" */
/* 0 found, 3 build-failed, 4 none-passes and not-measured, 128+N interrupted. */
int fit_exit_status(const struct fit *fit);

/* The fit as JSON, indented and ended by a newline; and on one line without one, every control
 * character escaped. The caller owns the texts. */
char *fit_to_json(const struct fit *fit);
char *fit_to_line(const struct fit *fit);

#endif
