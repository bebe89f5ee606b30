/* What a finding says to people: one line with what, how much, against what, and who. Inside of
 * gate/ only. */
#ifndef BM_GATE_MESSAGE_H
#define BM_GATE_MESSAGE_H

#include "gate/verdict.h"
#include "measurement/measurement.h"

#include <stdbool.h>

/* What judging one metric came to, from the lightest to the one that decides the verdict. */
enum reason {
    REASON_FINE,
    REASON_OFF,
    REASON_NOT_COMPARED, /* there is no entry */
    REASON_NEW,          /* in the result, not in the baseline */
    REASON_IMPROVED,
    REASON_NOISY,    /* the runs spread wider than the slack */
    REASON_BRIEF,    /* a stage that was seen in every run, but not measured in each */
    REASON_GONE,     /* in the baseline, not in every run */
    REASON_UNBANKED, /* improved, and strict */
    REASON_REGRESSED,
    REASON_OVER_BUDGET,
    REASON_AT_LIMIT,
};

/* The message for a finding whose figures are filled in. `slack` and `budget` are in the
 * metric's unit; `budget` is UNMEASURED where there is none. The caller owns the text. */
char *finding_message(const struct finding *finding, enum reason reason, int64_t slack,
                      int64_t budget, const struct measurement *runs, size_t run_count);

/* The largest processes of the highest run, "tsc ×2, 469.0 MiB", for a finding with a fault; else,
 * or if no snapshot knows, NULL. The caller owns the text. */
char *finding_largest(const struct finding *finding, enum reason reason,
                      const struct measurement *runs, size_t run_count);

#endif
