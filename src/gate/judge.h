/* The gate: computes a verdict from runs and a baseline. Pure: it reads no file and prints nothing.
 *
 * judge.c determines the verdict, its exit status, and whether another run is needed; finding.c
 * evaluates each metric; measurement/validity.c decides whether a run can be judged at all. */
#ifndef BM_GATE_JUDGE_H
#define BM_GATE_JUDGE_H

#include "base/error.h"
#include "base/strv.h"
#include "gate/finding.h"

#include <stdbool.h>
#include <stddef.h>

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
const char *verdict_name(enum verdict verdict); /* "over-limit"; static */
/* 0 pass and improved, 1 regressed and over-limit, 2 no-baseline, 3 build-failed, 4 the rest. */
int verdict_exit_status(enum verdict verdict);

/* All texts are owned and one line each. */
struct judgement {
    /* The arguments of `baseline refresh` for these runs, with a leading blank; the caller of
     * judge() sets it. NULL: there is no baseline that could be refreshed. Not stored. */
    char *refresh_arguments;
    enum verdict verdict;
    char *baseline_path; /* as the user wrote it; NULL: not compared with a baseline */
    char *base_commit;   /* the merge base that was measured beside the runs; NULL: none */
    char *base_ref;      /* the ref that it is shared with; NULL without base_commit */
    char *reason;        /* of the verdict; NULL if it is pass */
    char *advice;        /* what to do next (measurement/advice.h); NULL only before judging */
    struct strv notes;   /* what the user should know beside the verdict, a sentence each */
    struct finding *findings;
    size_t finding_count;
    /* The run that decided: the one at the limit, the highest one over a budget, else that of the
     * median of the metric in `reason`. One of the judged runs; NULL: none in particular. Not
     * stored. */
    const struct measurement *decided_by;
};
void judgement_init(struct judgement *judgement);
void judgement_release(struct judgement *judgement);

/* Judges one or more runs against the baseline; `baseline_path` is for messages. `strict`: an
 * improvement fails until the baseline records it. Fills `judgement`, which the caller has
 * initialised. Never passes if the entry or a judged metric of the baseline is missing, or if a
 * judged stage is gone. A stage that was missed, because it is too short to be seen or measured, is
 * only reported.
 *
 * The first condition that holds determines the verdict:
 *   build-failed    a run's build failed, or is not verified     (no findings)
 *   inconclusive    a run was not measured, or daemons did its work elsewhere   (no findings)
 *   over-limit      a run's unreclaimable memory reached the memory limit: the build's need is
 *                   unknown
 *   over-limit      the highest run exceeds a budget, whatever the level of the metric
 *   inconclusive    the machine disturbed every run (baseline/disturbed.h). If it disturbed only
 *                   some, the others are judged
 *   inconclusive    regressed, but the machine disturbed every run of the baseline
 *   no-baseline, not-comparable
 *                   there is no entry; the findings have values, but no baseline
 *   regressed       the interval of the median (baseline/noise.h) is above the allowed value; a
 *                   metric or stage is gone; with `strict`, a metric of level fail improved
 *   inconclusive    the runs did unlike work, or a run has less than a third of the memory of the
 *                   baseline (measurement/likeness.h): a build tool may have replayed its cache.
 *                   This precedes a missing metric or stage and, with `strict`,
 *                   an improvement, which a replay explains
 *   inconclusive    the interval contains the allowed value; or a metric that is not of a stage, or
 *                   that has a budget, was not measured in every run
 *   improved        the interval is lower than the baseline by more than the tolerance
 *   pass
 * Only metrics of level fail count, but a missing one counts at level warn too, and a budget at
 * every level. A baseline without an entry but with budgets is not missing: the budgets decide. If
 * the memory peak of a run is known only by its bounds (baseline_find_common), the interval of the
 * memory peak reaches from the lowest lower bound to the highest upper bound. */
void judge(const struct baseline *baseline, const char *baseline_path,
           const struct measurement *runs, size_t run_count, bool strict,
           struct judgement *judgement);

/* Judges runs without a baseline: pass, build-failed, or inconclusive as above. */
void judge_alone(const struct measurement *runs, size_t run_count, struct judgement *judgement);

/* The rerun policy: returns the reason for another run before the verdict, or NULL. The caller owns
 * the text, a clause. Runs that the machine disturbed do not count: up to MAX_JUDGED_RUNS others
 * are measured, and up to MAX_CHECK_RUNS in all. Once the builds took long
 * (builds_took_long()), MAX_JUDGED_RUNS in all are enough. A metric of level fail requires another
 * run
 *   - if the only run exceeds the baseline by more than half of the slack: another run may exceed
 *     all of it,
 *   - if the only run is lower by more than the slack: a single low run may be chance,
 *   - if one of two runs is within the tolerance and the other is not.
 * If the machine disturbed every run so far, that is a reason by itself, unless MAX_JUDGED_RUNS of
 * them show growth, which counts.
 * NULL if another run cannot change the verdict: a build failed, or a run exceeds a budget. */
#define MAX_JUDGED_RUNS 3
#define MAX_CHECK_RUNS (3 * MAX_JUDGED_RUNS)
char *rerun_reason(const struct baseline *baseline, const struct measurement *runs,
                   size_t run_count);

#endif
