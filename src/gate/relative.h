/* Judges the work tree against the base tree, which was measured in turn with it. Pure.
 *
 * Each metric has its default tolerance (baseline/tolerance.h). The interval of its ratio decides
 * (gate/ratio.h). stage_unreclaimable:NAME has level fail if it was measured in every run of both
 * trees, except for the stage setup. */
#ifndef BM_GATE_RELATIVE_H
#define BM_GATE_RELATIVE_H

#include "gate/judge.h"
#include "measurement/measurement.h"

/* Runs of each tree, unless --runs sets the highest number. */
#define RELATIVE_LEAST_RUNS 2
#define RELATIVE_MOST_RUNS 8
/* Fewer are not enough to decide that one of them grew. */
#define RELATIVE_RUNS_TO_FAIL 3

/* The runs of both trees, in the order of measuring; borrowed. */
struct relative_runs {
    const struct measurement *base;
    size_t base_count;
    const struct measurement *runs;
    size_t count;
};

/* Returns the reason to measure another pair, a clause that the caller owns; or NULL if every
 * metric of level fail is decided, or if the runs cannot be judged. Two runs of each tree are too
 * few to decide that one of them grew. */
char *relative_rerun_reason(const struct relative_runs *both);

/* Judges the runs. Fills `judgement`, which the caller has initialised; `budgets` are those of
 * build-mem.json. The `baseline` of each finding is the median of the base tree. The first
 * condition that holds determines the verdict:
 *   build-failed    a run's build failed, or is not verified     (no findings)
 *   inconclusive    a run, or a run of the base tree, cannot be judged (no findings)
 *   over-limit      a run's unreclaimable memory reached the memory limit; inconclusive if only
 *                   that of a run of the base tree did
 *   over-limit      a run exceeds a budget
 *   not-comparable  the two trees were measured in different environments
 *   regressed       the interval of a metric of level fail is above its tolerance
 *   inconclusive    such an interval contains the end of its tolerance; for a stage, that is only a
 *                   warning
 *                   or a metric with a budget was not measured
 *   improved        such an interval is lower by more than the tolerance
 *   pass
 * A memory peak that is known only by its bounds is compared by both of them.
 * A metric that only one of the trees has is reported, and does not count: only a baseline requires
 * a stage. */
void judge_relative(const struct relative_runs *both, const struct budgets *budgets,
                    struct judgement *judgement);

#endif
