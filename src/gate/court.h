/* From runs and a baseline entry to checks: each metric judged by itself. What they come to as a
 * whole is judge.c's. Inside of gate/ only. */
#ifndef BM_GATE_COURT_H
#define BM_GATE_COURT_H

#include "gate/baseline.h"
#include "gate/check_message.h"
#include "gate/verdict.h"

/* One judging: what is compared, and what weighed most so far. */
struct court {
    const struct baseline_environment *entry; /* NULL: none is comparable */
    const struct measurement *runs;
    size_t run_count;
    bool strict;
    struct judgement *judgement; /* takes the checks */
    enum finding heaviest;
    size_t heaviest_check; /* the first check with that finding */
    size_t heaviest_count; /* how many have it */
    bool improved;         /* some metric, of any level */
};

/* The accepted values' centre, and how far from it a run may lie. */
struct band {
    int64_t centre, slack;
};
struct band band_of(const struct baseline_metric *metric);

/* The first run that reached its memory limit, or NULL. */
const struct measurement *court_censored_run(const struct court *court);

/* Judges every metric that the runs or the entry have: what the runs show in the order of
 * report, then what only the entry has. */
void court_add_checks(struct court *court);

#endif
