/* The judgement: measurement + baseline -> verdict. Pure: reads no file, prints nothing. */
#ifndef BM_GATE_JUDGE_H
#define BM_GATE_JUDGE_H

#include "baseline/baseline.h"
#include "gate/verdict.h"

/* Judges the runs of one finding (at least one) against the baseline; `baseline_path` is for
 * messages. `strict` fails an improvement, so that gains are banked. Fills `judgement`, which
 * the caller has initialised. Never passes where a metric, a stage or the entry is missing.
 *
 * The first of these that holds is the verdict:
 *   build-failed    a run's build failed, or is not verified     (no findings)
 *   inconclusive    a run was not measured                       (no findings)
 *   over-limit      a run's peak reached the memory limit: the build's need is not known
 *   no-baseline, not-comparable
 *                   no entry; the findings have values, but no baseline
 *   over-limit      the highest run is over a hard limit
 *   regressed       the median is over the tolerance; a metric or stage is gone; with `strict`,
 *                   it improved
 *   inconclusive    the runs spread wider than the slack, and not all of them are over it
 *   improved        the median is below the tolerance
 *   pass
 * Only metrics of level fail count, but a missing one counts at level warn too. */
void judge(const struct baseline *baseline, const char *baseline_path,
           const struct measurement *runs, size_t run_count, bool strict,
           struct judgement *judgement);

/* Whether `finding` should measure once more before it judges (at most MAX_CHECK_RUNS in all): a
 * metric of level fail
 *   - lies above half of its slack in a single run: it may be the slack's upper half by chance,
 *   - or below all of its slack: a gain is not claimed from one lucky run,
 *   - or two runs disagree on which side of the slack it lies.
 * Not where more runs could not change the verdict: a build failed, a hard limit was passed, two
 * runs already spread wider than the slack. Then NULL, else why, in one line that the caller
 * owns. */
#define MAX_CHECK_RUNS 3
char *rerun_reason(const struct baseline *baseline, const struct measurement *runs,
                   size_t run_count);

/* The verdict on runs that are not compared with anything: pass, or build-failed, or
 * inconclusive where they were not measured. */
void judge_alone(const struct measurement *runs, size_t run_count, struct judgement *judgement);

#endif
