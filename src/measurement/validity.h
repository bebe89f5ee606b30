/* Run validity: whether one run can be judged or accepted at all. */
#ifndef BM_MEASUREMENT_VALIDITY_H
#define BM_MEASUREMENT_VALIDITY_H

#include "measurement/measurement.h"

enum run_validity {
    RUN_VALID,        /* the build succeeded, its artifacts exist, and its memory peak is known */
    RUN_BUILD_FAILED, /* the build failed, or a required artifact is missing */
    /* The memory peak or the end of the build is unknown, or the work was done elsewhere. */
    RUN_NOT_MEASURED,
};

/* Returns the validity of the run. If it is RUN_VALID, `*reason` and `*advice` are NULL. Otherwise
 * `*reason` is a sentence and `*advice` an instruction (advice.h); the caller owns both. */
enum run_validity run_validity(const struct measurement *m, char **reason, char **advice);

/* Returns the CPU time of all outside daemons during the build if they did the work: the build's
 * own processes used less than a tenth of it. Else UNMEASURED. */
int64_t outside_cpu_ms(const struct measurement *m);
/* Returns whether the daemon did nothing for the build: no command asked for it, and it used no
 * more CPU time than an idle one. */
bool outside_daemon_is_idle(const struct measurement *m, const struct outside_daemon *daemon);
/* Returns a sentence about one outside daemon, with its fix. The caller owns it. */
char *outside_daemon_note(const struct outside_daemon *daemon);

/* Returns the limit that the run reached, or would reach first: "the memory limit of 200.0 MiB of
 * the ancestor /sys/fs/cgroup/job". The caller owns it; NULL if there is none. */
char *reached_limit(const struct measurement *m);

/* At a memory limit the kernel reclaims page cache, so the memory peak is a lower bound of what the
 * build would have used. The unreclaimable memory is not affected, unless it reached a limit
 * itself: then the build's need is unknown. */
bool peak_is_cut_off(const struct measurement *m);
bool need_is_unknown(const struct measurement *m);

/* Return a sentence about the limit that a run reached, and what it means for the figures; and the
 * reason that a run of unknown need cannot be judged. The caller owns them. */
char *cut_off_reason(const struct measurement *m);
char *at_limit_reason(const struct measurement *m);

#endif
