/* The test cases of a JUnit file, before they are XML: one per check. Private to junit/.
 *
 * Several CIs show only the text of a case, so the text has a line "name: value" for each fact. */
#ifndef BM_REPORT_JUNIT_CASES_H
#define BM_REPORT_JUNIT_CASES_H

#include "gate/judge.h"
#include "measurement/measurement.h"

#include <stddef.h>
#include <stdint.h>

enum outcome {
    OUTCOME_PASSED,
    OUTCOME_FAILED,  /* the gate's verdict on a metric */
    OUTCOME_ERROR,   /* the build failed, or it could not be measured or judged */
    OUTCOME_SKIPPED, /* not judged, and not an error */
};

struct junit_case {
    const char *classname; /* static */
    char *name;
    enum outcome outcome;
    const char *type; /* "regressed"; static; NULL if it passed */
    char *message;    /* one line; NULL if it passed */
    char *facts;      /* the lines "name: value"; never NULL */
    size_t facts_length;
    int64_t time_ms; /* 0 except for the case of the build */
};

struct junit_cases {
    struct junit_case *items;
    size_t count;
};

/* Collects the cases of a run. Unless the verdict is a pass, at least one case failed or is an
 * error. The caller releases `cases`. */
void junit_cases_collect(struct junit_cases *cases, const struct measurement *m,
                         const struct judgement *judgement);
void junit_cases_release(struct junit_cases *cases);
size_t junit_cases_count(const struct junit_cases *cases, enum outcome outcome);

#endif
