/* From runs and a baseline entry to findings: each metric judged by itself. What they come to as a
 * whole is judge.c's. Inside of gate/ only. */
#ifndef BM_GATE_EVALUATE_H
#define BM_GATE_EVALUATE_H

#include "baseline/baseline.h"
#include "gate/message.h"
#include "gate/verdict.h"

/* One judging: what is compared, and what weighed most so far. */
struct evaluation {
    const struct baseline_environment *entry; /* NULL: none is comparable */
    const struct measurement *runs;
    size_t run_count;
    bool strict;
    struct judgement *judgement; /* takes the findings */
    enum reason worst;
    size_t worst_finding; /* the first finding with that reason */
    size_t worst_count;   /* how many have it */
    bool improved;        /* some metric, of any level */
};

/* The accepted values' centre, and how far from it a run may lie. */
struct range {
    int64_t centre, slack;
};
struct range accepted_range(const struct baseline_metric *metric);

/* The first run that reached its memory limit, or NULL. */
const struct measurement *run_at_limit(const struct evaluation *evaluation);

/* Judges every metric that the runs or the entry have: what the runs show in the order of
 * report, then what only the entry has. */
void evaluate_metrics(struct evaluation *evaluation);

#endif
