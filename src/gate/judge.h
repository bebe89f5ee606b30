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
    enum verdict verdict;
    char *baseline_path; /* as the user wrote it; NULL: not compared with a baseline */
    char *reason;        /* of the verdict; NULL if it is pass */
    char *advice;        /* what to do next; may be NULL */
    struct strv notes;   /* outside daemons, reasons for reruns, drift, durations that differ */
    struct finding *findings;
    size_t finding_count;
};
void judgement_init(struct judgement *judgement);
void judgement_release(struct judgement *judgement);

/* Judges one or more runs against the baseline; `baseline_path` is for messages. `strict`: an
 * improvement fails until the baseline records it. Fills `judgement`, which the caller has
 * initialised. Never passes if a judged metric or stage of the baseline, or the entry, is missing.
 *
 * The first condition that holds determines the verdict:
 *   build-failed    a run's build failed, or is not verified     (no findings)
 *   inconclusive    a run was not measured, or daemons did its work elsewhere   (no findings)
 *   over-limit      a run's peak reached the memory limit, so the build's need is unknown
 *   no-baseline, not-comparable
 *                   there is no entry; the findings have values, but no baseline
 *   over-limit      the highest run exceeds a budget
 *   regressed       every run exceeds the tolerance, or the median does and the runs differ by
 *                   at most the slack; a metric or stage is gone; with `strict`, a metric of level
 *                   fail improved
 *   inconclusive    the runs differ by more than the slack and are not all on one side of its end;
 *                   or a stage was seen in every run, but not measured in each
 *   improved        the median is lower than the baseline by more than the tolerance
 *   pass
 * Only metrics of level fail count, but a missing one counts at level warn too. */
void judge(const struct baseline *baseline, const char *baseline_path,
           const struct measurement *runs, size_t run_count, bool strict,
           struct judgement *judgement);

/* Judges runs without a baseline: pass, build-failed, or inconclusive as above. */
void judge_alone(const struct measurement *runs, size_t run_count, struct judgement *judgement);

/* Judges the budgets of "processes" in build-mem.json, after judge or judge_alone: they need no
 * baseline. The verdict becomes over-limit if a run exceeds one, unless a build failed. A pass
 * becomes inconclusive if a run does not have all exit records. */
void judge_process_budgets(const struct measurement *runs, size_t run_count,
                           struct judgement *judgement);

/* The rerun policy: returns the reason for another run before the verdict, or NULL. The caller owns
 * the text, a clause. At most MAX_CHECK_RUNS runs. A metric of level fail requires another run
 *   - if the only run exceeds the baseline by more than half of the slack: another run may exceed
 *     all of it,
 *   - if the only run is lower by more than the slack: a single low run may be chance,
 *   - if one of two runs is within the tolerance and the other is not.
 * NULL if another run cannot change the verdict: a build failed, a run exceeds a budget, or the
 * two runs already differ by more than the slack. */
#define MAX_CHECK_RUNS 3
char *rerun_reason(const struct baseline *baseline, const struct measurement *runs,
                   size_t run_count);

#endif
