/* What the gate found: data for the reports and for the exit status. */
#ifndef BM_GATE_VERDICT_H
#define BM_GATE_VERDICT_H

#include "base/strv.h"
#include "baseline/tolerance.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verdict {
    VERDICT_PASS,
    VERDICT_IMPROVED,
    VERDICT_REGRESSED,
    VERDICT_OVER_LIMIT,
    VERDICT_BUILD_FAILED,
    VERDICT_INCONCLUSIVE,
    VERDICT_NOT_COMPARABLE,
    VERDICT_NO_BASELINE,
};

enum finding_status {
    FINDING_PASS,
    FINDING_IMPROVED,
    FINDING_WARNED,  /* over its tolerance, at level warn */
    FINDING_FAILED,  /* regressed or over its hard limit, at level fail */
    FINDING_MISSING, /* in the baseline, not in the result (or the other way round): its level says
                      */
    FINDING_OFF,
};

/* One metric, judged. Figures in the metric's unit; UNMEASURED where there is none. */
struct finding {
    char *metric;     /* "cgroup_peak", "stage:build-deps", "duration" */
    const char *unit; /* "bytes" or "ms" */
    enum level level;
    enum finding_status status;
    int64_t baseline; /* the centre (median) of the accepted values */
    int64_t allowed;  /* the highest value that passes */
    int64_t actual;   /* median of `values` */
    int64_t delta;    /* actual - baseline; meaningful where both are measured */
    int64_t *values;  /* of every run that was judged */
    size_t value_count;
    bool over_budget;
    char *message; /* one line: what changed, by how much, against what; owned */
    char *largest; /* "tsc ×2, 469.0 MiB": the largest processes at the peak; NULL: unknown or
                    * without need; owned */
};

struct judgement {
    enum verdict verdict;
    char *baseline_path; /* as the user wrote it; NULL where none was asked for */
    char *reason;        /* why, for verdicts other than pass; NULL for pass */
    char *advice;        /* what to do next; may be NULL */
    struct strv notes;   /* what else is to be known: measured again and why, drift; a line each */
    struct finding *findings;
    size_t finding_count;
};

void judgement_init(struct judgement *judgement);
void judgement_release(struct judgement *judgement);

const char *verdict_name(enum verdict verdict);              /* "over-limit" */
const char *finding_status_name(enum finding_status status); /* "failed" */
/* 0 pass and improved, 1 regressed and over-limit, 2 no-baseline, 3 build-failed, 4 the rest. */
int verdict_exit_status(enum verdict verdict);

#endif
