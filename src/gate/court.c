#include "gate/court.h"

#include "base/alloc.h"
#include "base/units.h"

#include <string.h>

struct band band_of(const struct baseline_metric *metric)
{
    return (struct band){.centre = median_of(metric->values, metric->count),
                         .slack = policy_slack(&metric->tolerance, metric->values, metric->count)};
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

static void collect_values(const struct court *court, struct gate_check *check)
{
    check->values = xcalloc(court->run_count, sizeof *check->values);
    for (size_t i = 0; i < court->run_count; i++) {
        int64_t value = metric_value(&court->runs[i], check->metric);
        if (value >= 0)
            check->values[check->value_count++] = value;
    }
    if (check->value_count)
        check->actual = median_of(check->values, check->value_count);
}

const struct measurement *court_censored_run(const struct court *court)
{
    for (size_t i = 0; i < court->run_count; i++)
        if (court->runs[i].peak.censored)
            return &court->runs[i];
    return NULL;
}

/* Fills the check's figures from the baseline's side. */
static void set_standard(struct gate_check *check, const struct baseline_metric *metric,
                         struct band band)
{
    check->level = metric->tolerance.level;
    check->baseline = band.centre;
    check->limit = baseline_metric_allows(metric);
    if (check->actual >= 0)
        check->delta = check->actual - band.centre;
}

static enum finding improvement(const struct court *court, const struct gate_check *check)
{
    return court->strict && check->level == LEVEL_FAIL ? FINDING_UNBANKED : FINDING_IMPROVED;
}

static bool is_in_every_run(const struct court *court, const char *metric)
{
    for (size_t i = 0; i < court->run_count; i++)
        if (!metric_is_shown(&court->runs[i], metric))
            return false;
    return true;
}

static enum finding compare_values(const struct court *court, struct gate_check *check,
                                   const struct baseline_metric *metric, struct band band)
{
    int64_t top = highest(check->values, check->value_count);
    int64_t bottom = lowest(check->values, check->value_count);
    if (metric->tolerance.limit >= 0 && top > metric->tolerance.limit) {
        check->over_hard_limit = true;
        return FINDING_OVER_LIMIT;
    }
    /* Where every run is on the same side, the spread does not matter any more. */
    if (bottom > band.centre + band.slack)
        return FINDING_REGRESSED;
    if (top < band.centre - band.slack)
        return improvement(court, check);
    if (top - bottom > band.slack && check->level == LEVEL_FAIL)
        return FINDING_NOISY;
    if (check->actual > band.centre + band.slack)
        return FINDING_REGRESSED;
    if (check->actual < band.centre - band.slack)
        return improvement(court, check);
    return FINDING_FINE;
}

static enum finding compare(const struct court *court, struct gate_check *check,
                            const struct baseline_metric *metric, struct band band)
{
    if (check->level == LEVEL_OFF)
        return FINDING_OFF;
    if (!is_in_every_run(court, check->metric))
        return FINDING_GONE;
    if (check->value_count == 0)
        return FINDING_BRIEF;
    enum finding finding = compare_values(court, check, metric, band);
    /* What gates does not pass by the runs in which it happened to be measured. */
    bool partly = check->value_count < court->run_count && check->level == LEVEL_FAIL;
    return partly && finding < FINDING_BRIEF ? FINDING_BRIEF : finding;
}

static enum finding judge_against(const struct court *court, struct gate_check *check,
                                  const struct baseline_metric *metric, int64_t *slack)
{
    struct band band = band_of(metric);
    *slack = band.slack;
    set_standard(check, metric, band);
    return compare(court, check, metric, band);
}

/* In the result, but not in the baseline. */
static enum finding judge_unknown(const struct court *court, struct gate_check *check)
{
    check->level = policy_default(check->metric).level;
    if (check->level == LEVEL_OFF)
        return FINDING_OFF;
    if (!court->entry)
        return FINDING_NOT_COMPARED;
    /* The reader refuses a baseline without the headline; here it would pass unjudged. */
    return strcmp(check->metric, METRIC_CGROUP_PEAK) == 0 ? FINDING_GONE : FINDING_NEW;
}

static enum check_status status_of(const struct gate_check *check, enum finding finding)
{
    switch (finding) {
    case FINDING_FINE:
        return CHECK_PASS;
    case FINDING_OFF:
        return CHECK_OFF;
    case FINDING_IMPROVED:
        return CHECK_IMPROVED;
    case FINDING_NOT_COMPARED:
    case FINDING_NEW:
    case FINDING_GONE:
        return CHECK_MISSING;
    case FINDING_CENSORED:
        return CHECK_FAILED;
    case FINDING_NOISY:
    case FINDING_BRIEF:
    case FINDING_UNBANKED:
    case FINDING_REGRESSED:
    case FINDING_OVER_LIMIT:
        return check->level == LEVEL_FAIL ? CHECK_FAILED : CHECK_WARNED;
    }
    BM_BUG("finding out of range");
}

/* What a finding is worth for the verdict: at level warn it is said, and not more. A stage or a
 * metric that is gone is the exception: else a gate could be lost for good without a word. */
static enum finding weight_of(const struct gate_check *check, enum finding finding)
{
    if (finding == FINDING_GONE || finding == FINDING_CENSORED)
        return finding;
    if (finding < FINDING_IMPROVED || check->level != LEVEL_FAIL)
        return FINDING_FINE;
    return finding;
}

static void weigh(struct court *court, const struct gate_check *check, enum finding finding)
{
    enum finding weight = weight_of(check, finding);
    court->improved |= finding == FINDING_IMPROVED || finding == FINDING_UNBANKED;
    if (weight > court->heaviest) {
        court->heaviest = weight;
        court->heaviest_check = court->judgement->check_count;
        court->heaviest_count = 0;
    }
    court->heaviest_count += weight == court->heaviest;
}

static void add_check(struct court *court, const char *name)
{
    struct judgement *judgement = court->judgement;
    const struct baseline_metric *metric =
        court->entry ? baseline_metric_find(court->entry, name) : NULL;
    struct gate_check check = {
        .metric = xstrdup(name),
        .unit = policy_unit(name),
        .baseline = UNMEASURED,
        .limit = UNMEASURED,
        .actual = UNMEASURED,
    };
    int64_t slack = UNMEASURED, hard_limit = metric ? metric->tolerance.limit : UNMEASURED;
    collect_values(court, &check);
    enum finding finding =
        metric ? judge_against(court, &check, metric, &slack) : judge_unknown(court, &check);
    if (strcmp(name, METRIC_CGROUP_PEAK) == 0 && court_censored_run(court)) {
        finding = FINDING_CENSORED;
        check.over_hard_limit = true;
    }
    check.status = status_of(&check, finding);
    check.message =
        check_message(&check, finding, slack, hard_limit, court->runs, court->run_count);
    weigh(court, &check, finding);

    judgement->checks = xgrow(judgement->checks, judgement->check_count, sizeof check);
    judgement->checks[judgement->check_count++] = check;
}

static void push_new(struct strv *names, const char *name)
{
    if (!strv_contains(names, name))
        strv_push(names, name);
}

void court_add_checks(struct court *court)
{
    struct strv names CLEANUP(strv_release) = {0};
    for (size_t i = 0; i < court->run_count; i++) {
        struct strv of_run CLEANUP(strv_release) = {0};
        metric_names(&court->runs[i], &of_run);
        for (size_t j = 0; j < of_run.count; j++)
            push_new(&names, of_run.items[j]);
    }
    for (size_t i = 0; court->entry && i < court->entry->count; i++)
        push_new(&names, court->entry->metrics[i].name);
    for (size_t i = 0; i < names.count; i++)
        add_check(court, names.items[i]);
}
