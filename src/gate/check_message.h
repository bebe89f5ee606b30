/* What a check says to people: one line with what, how much, against what, and who. Inside of
 * gate/ only. */
#ifndef BM_GATE_CHECK_MESSAGE_H
#define BM_GATE_CHECK_MESSAGE_H

#include "gate/verdict.h"
#include "measurement/measurement.h"

#include <stdbool.h>

/* What judging one metric came to, from the lightest to the one that decides the verdict. */
enum finding {
    FINDING_FINE,
    FINDING_OFF,
    FINDING_NOT_COMPARED, /* there is no entry */
    FINDING_NEW,          /* in the result, not in the baseline */
    FINDING_IMPROVED,
    FINDING_NOISY,    /* the runs spread wider than the slack */
    FINDING_BRIEF,    /* a stage that was seen in every run, but not measured in each */
    FINDING_GONE,     /* in the baseline, not in every run */
    FINDING_UNBANKED, /* improved, and strict */
    FINDING_REGRESSED,
    FINDING_OVER_LIMIT,
    FINDING_CENSORED,
};

/* The message for a check whose figures are filled in. `slack` and `hard_limit` are in the
 * metric's unit; `hard_limit` is UNMEASURED where there is none. The caller owns the text. */
char *check_message(const struct gate_check *check, enum finding finding, int64_t slack,
                    int64_t hard_limit, const struct measurement *runs, size_t run_count);

#endif
