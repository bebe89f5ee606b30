/* Whether one run can be judged or accepted at all. Inside of gate/ only. */
#ifndef BM_GATE_RUN_END_H
#define BM_GATE_RUN_END_H

#include "gate/verdict.h"
#include "measurement/measurement.h"

/* VERDICT_PASS where the build ended well, was verified and has a headline. Else
 * VERDICT_BUILD_FAILED or VERDICT_INCONCLUSIVE, with `*reason` (never NULL) and `*advice` (may be
 * NULL), both owned by the caller; both are NULL on pass. */
enum verdict run_verdict(const struct measurement *m, char **reason, char **advice);

/* Why a censored run tells nothing of the build's need, and the mend; the caller owns them. */
char *censored_reason(const struct measurement *m);
char *censored_advice(void);

#endif
