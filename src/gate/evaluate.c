#include "gate/evaluate.h"

#include "base/alloc.h"
#include "base/units.h"

#include <string.h>

struct range accepted_range(const struct baseline_metric *metric)
{
    return (struct range){.centre = median_of(metric->values, metric->count),
                          .slack =
                              tolerance_slack(&metric->tolerance, metric->values, metric->count)};
}

static int64_t lowest(const int64_t *values, size_t count)
{
    int64_t least = values[0];
    for (size_t i = 1; i < count; i++)
        least = values[i] < least ? values[i] : least;
    return least;
}

static int64_t highest(const int64_t *values, size_t count)
{
    int64_t most = values[0];
    for (size_t i = 1; i < count; i++)
        most = values[i] > most ? values[i] : most;
    return most;
}

static void collect_values(const struct evaluation *evaluation, struct finding *finding)
{
    finding->values = xcalloc(evaluation->run_count, sizeof *finding->values);
    for (size_t i = 0; i < evaluation->run_count; i++) {
        int64_t value = metric_value(&evaluation->runs[i], finding->metric);
        if (value >= 0)
            finding->values[finding->value_count++] = value;
    }
    if (finding->value_count)
        finding->actual = median_of(finding->values, finding->value_count);
}

const struct measurement *run_at_limit(const struct evaluation *evaluation)
{
    for (size_t i = 0; i < evaluation->run_count; i++)
        if (evaluation->runs[i].peak.at_limit)
            return &evaluation->runs[i];
    return NULL;
}

/* Fills the finding's figures from the baseline's side. */
static void set_standard(struct finding *finding, const struct baseline_metric *metric,
                         struct range range)
{
    finding->level = metric->tolerance.level;
    finding->baseline = range.centre;
    finding->allowed = baseline_metric_allows(metric);
    if (finding->actual >= 0)
        finding->delta = finding->actual - range.centre;
}

static enum reason improvement(const struct evaluation *evaluation, const struct finding *finding)
{
    return evaluation->strict && finding->level == LEVEL_FAIL ? REASON_UNBANKED : REASON_IMPROVED;
}

static bool is_in_every_run(const struct evaluation *evaluation, const char *metric)
{
    for (size_t i = 0; i < evaluation->run_count; i++)
        if (!metric_is_shown(&evaluation->runs[i], metric))
            return false;
    return true;
}

static enum reason compare_values(const struct evaluation *evaluation, struct finding *finding,
                                  const struct baseline_metric *metric, struct range range)
{
    int64_t top = highest(finding->values, finding->value_count);
    int64_t bottom = lowest(finding->values, finding->value_count);
    if (metric->tolerance.budget >= 0 && top > metric->tolerance.budget) {
        finding->over_budget = true;
        return REASON_OVER_BUDGET;
    }
    /* Where every run is on the same side, the spread does not matter any more. */
    if (bottom > range.centre + range.slack)
        return REASON_REGRESSED;
    if (top < range.centre - range.slack)
        return improvement(evaluation, finding);
    if (top - bottom > range.slack && finding->level == LEVEL_FAIL)
        return REASON_NOISY;
    if (finding->actual > range.centre + range.slack)
        return REASON_REGRESSED;
    if (finding->actual < range.centre - range.slack)
        return improvement(evaluation, finding);
    return REASON_FINE;
}

static enum reason compare(const struct evaluation *evaluation, struct finding *finding,
                           const struct baseline_metric *metric, struct range range)
{
    if (finding->level == LEVEL_OFF)
        return REASON_OFF;
    if (!is_in_every_run(evaluation, finding->metric))
        return REASON_GONE;
    if (finding->value_count == 0)
        return REASON_BRIEF;
    enum reason reason = compare_values(evaluation, finding, metric, range);
    /* What gates does not pass by the runs in which it happened to be measured. */
    bool partly = finding->value_count < evaluation->run_count && finding->level == LEVEL_FAIL;
    return partly && reason < REASON_BRIEF ? REASON_BRIEF : reason;
}

static enum reason judge_against(const struct evaluation *evaluation, struct finding *finding,
                                 const struct baseline_metric *metric, int64_t *slack)
{
    struct range range = accepted_range(metric);
    *slack = range.slack;
    set_standard(finding, metric, range);
    return compare(evaluation, finding, metric, range);
}

/* In the result, but not in the baseline. */
static enum reason judge_unknown(const struct evaluation *evaluation, struct finding *finding)
{
    finding->level = tolerance_default(finding->metric).level;
    if (finding->level == LEVEL_OFF)
        return REASON_OFF;
    if (!evaluation->entry)
        return REASON_NOT_COMPARED;
    /* The reader refuses a baseline without the headline; here it would pass unjudged. */
    return strcmp(finding->metric, METRIC_CGROUP_PEAK) == 0 ? REASON_GONE : REASON_NEW;
}

static enum finding_status status_of(const struct finding *finding, enum reason reason)
{
    switch (reason) {
    case REASON_FINE:
        return FINDING_PASS;
    case REASON_OFF:
        return FINDING_OFF;
    case REASON_IMPROVED:
        return FINDING_IMPROVED;
    case REASON_NOT_COMPARED:
    case REASON_NEW:
    case REASON_GONE:
        return FINDING_MISSING;
    case REASON_AT_LIMIT:
        return FINDING_FAILED;
    case REASON_NOISY:
    case REASON_BRIEF:
    case REASON_UNBANKED:
    case REASON_REGRESSED:
    case REASON_OVER_BUDGET:
        return finding->level == LEVEL_FAIL ? FINDING_FAILED : FINDING_WARNED;
    }
    BM_BUG("reason out of range");
}

/* What a reason is worth for the verdict: at level warn it is said, and not more. A stage or a
 * metric that is gone is the exception: else a gate could be lost for good without a word. */
static enum reason effective_reason(const struct finding *finding, enum reason reason)
{
    if (reason == REASON_GONE || reason == REASON_AT_LIMIT)
        return reason;
    if (reason < REASON_IMPROVED || finding->level != LEVEL_FAIL)
        return REASON_FINE;
    return reason;
}

static void note_reason(struct evaluation *evaluation, const struct finding *finding,
                        enum reason reason)
{
    enum reason effective = effective_reason(finding, reason);
    evaluation->improved |= reason == REASON_IMPROVED || reason == REASON_UNBANKED;
    if (effective > evaluation->worst) {
        evaluation->worst = effective;
        evaluation->worst_finding = evaluation->judgement->finding_count;
        evaluation->worst_count = 0;
    }
    evaluation->worst_count += effective == evaluation->worst;
}

static void add_finding(struct evaluation *evaluation, const char *name)
{
    struct judgement *judgement = evaluation->judgement;
    const struct baseline_metric *metric =
        evaluation->entry ? baseline_metric_find(evaluation->entry, name) : NULL;
    struct finding finding = {
        .metric = xstrdup(name),
        .unit = metric_unit(name),
        .baseline = UNMEASURED,
        .allowed = UNMEASURED,
        .actual = UNMEASURED,
    };
    int64_t slack = UNMEASURED, budget = metric ? metric->tolerance.budget : UNMEASURED;
    collect_values(evaluation, &finding);
    enum reason reason = metric ? judge_against(evaluation, &finding, metric, &slack)
                                : judge_unknown(evaluation, &finding);
    if (strcmp(name, METRIC_CGROUP_PEAK) == 0 && run_at_limit(evaluation)) {
        reason = REASON_AT_LIMIT;
        finding.over_budget = true;
    }
    finding.status = status_of(&finding, reason);
    finding.message =
        finding_message(&finding, reason, slack, budget, evaluation->runs, evaluation->run_count);
    finding.largest = finding_largest(&finding, reason, evaluation->runs, evaluation->run_count);
    note_reason(evaluation, &finding, reason);

    judgement->findings = xgrow(judgement->findings, judgement->finding_count, sizeof finding);
    judgement->findings[judgement->finding_count++] = finding;
}

static void push_new(struct strv *names, const char *name)
{
    if (!strv_contains(names, name))
        strv_push(names, name);
}

void evaluate_metrics(struct evaluation *evaluation)
{
    struct strv names CLEANUP(strv_release) = {0};
    for (size_t i = 0; i < evaluation->run_count; i++) {
        struct strv of_run CLEANUP(strv_release) = {0};
        metric_names(&evaluation->runs[i], &of_run);
        for (size_t j = 0; j < of_run.count; j++)
            push_new(&names, of_run.items[j]);
    }
    for (size_t i = 0; evaluation->entry && i < evaluation->entry->count; i++)
        push_new(&names, evaluation->entry->metrics[i].name);
    for (size_t i = 0; i < names.count; i++)
        add_finding(evaluation, names.items[i]);
}
