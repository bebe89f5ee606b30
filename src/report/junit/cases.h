/* What a JUnit file says, before it is XML: one case per check. Inside of report/ only. */
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
    OUTCOME_SKIPPED, /* nothing to judge, and that is no fault */
};

struct junit_case {
    const char *classname; /* static */
    char *name;
    enum outcome outcome;
    const char *type; /* "regressed"; static; NULL where it passed */
    char *message;    /* one line; NULL where it passed */
    char *facts;      /* all that is known, for people; never NULL */
    size_t facts_length;
    int64_t time_ms; /* 0 for all but the build's own case */
};

struct junit_cases {
    struct junit_case *items;
    size_t count;
};

/* A judgement that is no pass always leaves at least one failed or erroneous case. The caller
 * releases `cases`. */
void junit_cases_collect(struct junit_cases *cases, const struct measurement *m,
                         const struct judgement *judgement);
void junit_cases_release(struct junit_cases *cases);
size_t junit_cases_count(const struct junit_cases *cases, enum outcome outcome);

#endif
