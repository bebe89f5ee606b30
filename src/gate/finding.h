/* Findings: evaluates each metric by itself, against the accepted values in the baseline.
 *
 * finding.c computes the figures, the reason and the sentence of each finding; judge.c determines
 * the verdict from all of them. Reports use struct finding alone. */
#ifndef BM_GATE_FINDING_H
#define BM_GATE_FINDING_H

#include "baseline/baseline.h"
#include "baseline/tolerance.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum finding_status {
    FINDING_PASS,
    FINDING_IMPROVED,
    FINDING_WARNED,  /* a remark that does not fail the check */
    FINDING_FAILED,  /* prevents a pass: it failed, or could not be decided */
    FINDING_MISSING, /* the baseline has the metric and the runs do not, or the reverse; or there
                      * was nothing to compare with */
    FINDING_OFF,
};
const char *finding_status_name(enum finding_status status); /* "failed"; static */

/* The outcome for one metric. Figures are in the metric's unit, or UNMEASURED. */
struct finding {
    char *metric;     /* "cgroup_peak", "stage:build-deps", "duration" */
    const char *unit; /* "bytes" or "ms" */
    enum level level;
    enum finding_status status;
    int64_t baseline; /* median of the accepted values */
    int64_t allowed;  /* the highest value that passes, by the tolerance and by the budget */
    int64_t budget;   /* the lower one of build-mem.json and of the baseline; UNMEASURED: none */
    int64_t actual;   /* median of `values` */
    int64_t delta;    /* actual - baseline, if both are measured */
    int64_t *values;  /* of every run that was judged; owned */
    size_t value_count;
    /* The interval of actual / baseline, with check --relative; 0: not computed. */
    double ratio_lowest, ratio_highest;
    bool over_budget; /* a run exceeds the budget, or reached the memory limit */
    char *message;    /* a sentence: what changed, by how much, against what; owned */
    char *largest;    /* "tsc ×2, 469.0 MiB", the largest processes at the peak; NULL: unknown, or
                       * the finding has no fault; owned */
};
void finding_release(struct finding *finding);
/* Returns the highest value, which a budget applies to; UNMEASURED if there is none. */
int64_t finding_highest(const struct finding *finding);

/* ---- for judge.c ---- */

/* The reason of a finding. Those before REASON_IMPROVED count as a pass. From there on, they are in
 * increasing order of severity, and the most severe one determines the verdict. */
enum reason {
    REASON_WITHIN,      /* within the tolerance */
    REASON_IN_BUDGET,   /* judged by its budget alone, and within it */
    REASON_NEAR_BUDGET, /* the highest run is within the budget, but above its warn_at */
    REASON_OFF,
    REASON_CUT_OFF,      /* the memory peak at a limit, and no more than is allowed */
    REASON_NOT_COMPARED, /* the baseline has no entry for this environment */
    REASON_NEW,          /* the runs have the metric, the baseline does not */
    REASON_MISSED,       /* a stage without a value: it may be so short that build-mem missed it */
    REASON_IMPROVED,
    REASON_NOISY,            /* the interval of the median contains the allowed value */
    REASON_NOT_MEASURED,     /* processes that no run, or only some runs, measured */
    REASON_UNCHECKED_BUDGET, /* the runs do not show whether the metric is within its budget */
    REASON_GONE,             /* the baseline has the metric, a run does not */
    REASON_IMPROVED_STRICT,  /* improved, and --strict requires a refresh of the baseline */
    REASON_REGRESSED,
    REASON_OVER_BUDGET,
    REASON_AT_LIMIT,
};

/* The accepted values: their median, and the slack on both sides of it. */
struct range {
    int64_t centre, slack;
};
enum position { BELOW, WITHIN, ABOVE };

struct range accepted_range(const struct baseline_metric *metric);
enum position range_position(struct range range, int64_t value);

/* The evaluation of all metrics of some runs. The caller sets the first group of members. */
struct evaluation {
    const struct baseline_environment *entry; /* NULL: the baseline has none for these runs */
    bool by_bounds;                /* a memory peak is between two bounds (baseline_find_common) */
    const struct budgets *budgets; /* of build-mem.json */
    const struct measurement *runs;
    size_t run_count; /* at least one */
    bool strict;

    struct finding *findings; /* in order of report; owned by the caller */
    size_t finding_count;
    enum reason worst;    /* of the metrics that count for the verdict */
    size_t worst_finding; /* the first finding with that reason */
    size_t worst_count;   /* number of findings with that reason */
    /* At any level: a metric improved, is not in the baseline, or is of a stage that may have been
     * missed. */
    bool improved, is_new, is_missed;
    const char *near_budget; /* the first metric close to its budget; NULL: none; borrowed */
};

/* Evaluates first the metrics of the runs, in order of report, then those that only the entry or
 * the budgets have. */
void evaluate_metrics(struct evaluation *evaluation);

/* The first run whose need is unknown, because it reached a memory limit; or NULL. */
const struct measurement *run_at_limit(const struct measurement *runs, size_t run_count);
/* The first run whose memory peak was cut off at a limit, although its need is known; or NULL. */
const struct measurement *run_cut_off(const struct measurement *runs, size_t run_count);

/* The first run that can exceed the budget of the finding: the upper bound of its memory peak does,
 * and the lower one, the highest sample, is within 5 % of the budget. NULL: none. */
const struct measurement *run_possibly_over(const struct evaluation *evaluation,
                                            const struct finding *finding);

/* The level at which the metric counts for these runs. If the memory peak of a run was cut off, the
 * unreclaimable peak is judged instead, at the level of cgroup_peak if its own is lower. */
enum level level_for_runs(const struct baseline_environment *entry,
                          const struct baseline_metric *metric, const struct measurement *runs,
                          size_t run_count);
/* Whether the unreclaimable peak is judged in place of a memory peak that was cut off. */
bool unreclaimable_is_judged(const struct evaluation *evaluation);

#endif
