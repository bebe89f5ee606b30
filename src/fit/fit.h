/* Searches for the smallest memory limit under which a build still passes.
 *
 * fit.c holds the attempts, the verdict and the result file (doc/fit.schema.json); search.c decides
 * which limit to try next. */
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
    FIT_TOO_SLOW, /* ended after fit_patience_ms() */
    FIT_BUILD_FAILED,
    FIT_NO_ARTIFACT,
    FIT_TIMED_OUT, /* ended after --timeout */
    FIT_NOT_MEASURED,
};
const char *fit_outcome_name(enum fit_outcome outcome); /* "oom-killed" */

/* One build under one limit. Figures are those of the measurement; each may be UNMEASURED. */
struct fit_attempt {
    char *label;         /* of the files of this run; owned */
    int64_t limit_bytes; /* UNMEASURED: no limit */
    enum fit_outcome outcome;
    char *detail; /* the reason of a failure, one line; NULL: it passed; owned */
    char *advice; /* if there is no image for the build; else NULL; owned */
    int64_t duration_ms;
    int64_t cgroup_bytes; /* memory peak */
    int64_t unreclaimable_bytes;
    struct pressure pressure;
};

struct fit {
    const char *label;                   /* borrowed */
    const struct measurement *unlimited; /* the first run, borrowed; NULL before it */
    int signal;                          /* interrupted the search; 0: none */
    char *unfinished; /* the reason that the search has not ended; NULL: it has; owned */
    struct fit_attempt *attempts; /* in order of time; the first has no limit; owned */
    size_t count;
};
void fit_release(struct fit *fit);

/* Judges one attempt. One that passed with less work than the run without a limit is inconclusive:
 * a build tool may have replayed its cache. Fills `judgement`, which the caller has initialised. */
void fit_judge(const struct fit *fit, const struct measurement *m, struct judgement *judgement);

/* Adds a run under this limit (UNMEASURED: none). `judgement` comes from fit_judge().
 * `impatient`: the timeout of the run was fit_patience_ms(), not --timeout. */
void fit_add(struct fit *fit, int64_t limit_bytes, const struct measurement *m,
             const struct judgement *judgement, bool impatient);

/* Returns the timeout of a build under a limit, in ms: 3 times its duration without a limit, plus
 * 10 s. */
int64_t fit_patience_ms(int64_t unlimited_ms);

/* The end of the search. */
enum fit_verdict {
    FIT_VERDICT_FOUND,
    FIT_VERDICT_BUILD_FAILED, /* even without a limit */
    FIT_VERDICT_NONE_PASSES,  /* it passes without a limit, but under no limit that was tried */
    FIT_VERDICT_NOT_MEASURED,
    FIT_VERDICT_INTERRUPTED,
};
enum fit_verdict fit_verdict_of(const struct fit *fit);
const char *fit_verdict_name(enum fit_verdict verdict); /* "none-passes" */
/* 0 found, 3 build-failed, 4 none-passes and not-measured, 128+N interrupted. */
int fit_exit_status(const struct fit *fit);

/* Return the fit as JSON: indented, with a newline at the end; and on one line, without a newline.
 * Control characters are escaped. The caller owns the texts. */
char *fit_to_json(const struct fit *fit);
char *fit_to_line(const struct fit *fit);

#endif
