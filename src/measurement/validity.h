/* Run validity: whether one run can be judged or accepted at all. */
#ifndef BM_MEASUREMENT_VALIDITY_H
#define BM_MEASUREMENT_VALIDITY_H

#include "measurement/measurement.h"

enum run_validity {
    RUN_VALID,        /* the build succeeded, its artifacts exist, and its memory peak is known */
    RUN_BUILD_FAILED, /* the build failed, or a required artifact is missing */
    RUN_NOT_MEASURED, /* the memory peak or the end of the build is unknown */
};

/* Returns the validity of the run. If it is RUN_VALID, `*reason` and `*advice` are NULL. Otherwise
 * `*reason` is a sentence and `*advice` is an instruction or NULL; the caller owns both. */
enum run_validity run_validity(const struct measurement *m, char **reason, char **advice);

/* Return the reason that a run at the limit cannot be judged, and the advice. The caller owns them.
 */
char *at_limit_reason(const struct measurement *m);
char *at_limit_advice(void);

#endif
