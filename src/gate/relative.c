#include "gate/relative.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"
#include "baseline/tolerance.h"
#include "gate/ratio.h"
#include "measurement/advice.h"
#include "measurement/metric.h"
#include "measurement/validity.h"

#include <stdio.h>
#include <string.h>

/* The values of one metric in some runs, and their upper bounds, which differ from them only for
 * estimated memory peaks; runs without it are skipped. */
struct metric_values {
    int64_t *items, *at_most;
    size_t count;
};

static void metric_values_release(struct metric_values *values)
{
    free(values->items);
    free(values->at_most);
}

static struct metric_values values_of(const struct measurement *runs, size_t count,
                                      const char *metric)
{
    struct metric_values values = {.items = xcalloc(count, sizeof *values.items),
                                   .at_most = xcalloc(count, sizeof *values.at_most)};
    for (size_t i = 0; i < count; i++) {
        int64_t value = metric_value(&runs[i], metric);
        if (value <= 0)
            continue;
        values.at_most[values.count] = metric_at_most(&runs[i], metric);
        values.items[values.count++] = value;
    }
    return values;
}

/* The kernel's figure of a stage decides, because its interval separates scatter from growth. Not
 * that of "setup", which depends on the moments of the samples, and not that of a stage which a run
 * missed.
 */
static bool stage_counts(const struct relative_runs *both, const char *metric,
                         const struct metric_values *base, const struct metric_values *values)
{
    size_t length = strlen(METRIC_STAGE_UNRECLAIMABLE_PREFIX);
    return strncmp(metric, METRIC_STAGE_UNRECLAIMABLE_PREFIX, length) == 0 &&
           strcmp(metric + length, "setup") != 0 && base->count == both->base_count &&
           values->count == both->count;
}

/* If page cache was reclaimed at a limit in a run of either build, the unreclaimable peak is judged
 * instead of the memory peak. */
static enum level level_of(const struct relative_runs *both, const char *metric,
                           const struct metric_values *base, const struct metric_values *values)
{
    if (stage_counts(both, metric, base, values))
        return LEVEL_FAIL;
    bool cut_off =
        run_cut_off(both->base, both->base_count) || run_cut_off(both->runs, both->count);
    if (cut_off && strcmp(metric, METRIC_CGROUP_PEAK) == 0)
        return LEVEL_OFF;
    if (cut_off && strcmp(metric, METRIC_UNRECLAIMABLE_PEAK) == 0)
        return tolerance_default(METRIC_CGROUP_PEAK).level;
    return tolerance_default(metric).level;
}

/* The lowest value and the highest upper bound. The caller owns it. */
static char *bounds_text(const char *metric, const struct metric_values *values)
{
    int64_t lowest = values->items[0], highest = values->at_most[0];
    for (size_t i = 1; i < values->count; i++) {
        lowest = values->items[i] < lowest ? values->items[i] : lowest;
        highest = values->at_most[i] > highest ? values->at_most[i] : highest;
    }
    return metric_bounds(metric, lowest, highest);
}

/* "cgroup_peak is between 890.0 MiB and 900.0 MiB, and in the merge base between 800.0 MiB and
 * 820.0 MiB". The caller owns it. */
static char *change_by_bounds(const char *metric, const struct metric_values *base,
                              const struct metric_values *values)
{
    char *was CLEANUP(cleanup_free) = bounds_text(metric, base);
    char *is CLEANUP(cleanup_free) = bounds_text(metric, values);
    return xasprintf("%s is %s, and in the merge base %s", metric, is, was);
}

/* "cgroup_peak grew by 60.0 MiB (+8.1 %) to 800.0 MiB". The caller owns it. */
static char *change_of(const struct finding *finding)
{
    char *label CLEANUP(cleanup_free) = metric_label(finding->metric);
    char *actual CLEANUP(cleanup_free) = metric_figure(finding->metric, finding->actual);
    if (finding->delta == 0)
        return xasprintf("%s is unchanged at %s", label, actual);
    char *change CLEANUP(cleanup_free) =
        metric_change(finding->metric, finding->baseline, finding->actual);
    return xasprintf("%s %s to %s", label, change, actual);
}

static const char *clause_of(enum ratio_position position, bool by_bounds)
{
    switch (position) {
    case RATIO_ABOVE:
    case RATIO_WITHIN:
        break;
    case RATIO_BELOW:
        return ", which is more than the tolerance";
    case RATIO_ACROSS:
        return by_bounds ? "; the bounds of the runs are too far apart for a verdict"
                         : "; the runs scatter too much for a verdict";
    }
    return "";
}

/* "cgroup_peak grew by 60.0 MiB (+8.1 %) to 800.0 MiB (between +7.0 % and +9.0 %); 777.0 MiB is
 * allowed". `by_bounds`: the change if the peaks are between bounds. The caller owns it. */
static char *message_of(const struct finding *finding, struct ratio ratio,
                        enum ratio_position position, double slack, const char *by_bounds)
{
    char *change CLEANUP(cleanup_free) = by_bounds ? xstrdup(by_bounds) : change_of(finding);
    char *figure CLEANUP(cleanup_free) = metric_figure(finding->metric, finding->allowed);
    char *allowed CLEANUP(cleanup_free) =
        by_bounds ? xasprintf("%+.1f %%", 100 * slack) : steal_ptr(figure);
    char *text CLEANUP(cleanup_free) = xasprintf(
        "%s (between %+.1f %% and %+.1f %%)%s; %s is allowed", change, 100 * (ratio.lowest - 1),
        100 * (ratio.highest - 1), clause_of(position, by_bounds != NULL), allowed);
    return text_one_line(text);
}

static char *message_of_one_side(const struct finding *finding)
{
    char *label CLEANUP(cleanup_free) = metric_label(finding->metric);
    bool gone = finding->actual < 0;
    char *figure CLEANUP(cleanup_free) =
        metric_figure(finding->metric, gone ? finding->baseline : finding->actual);
    char *text CLEANUP(cleanup_free) =
        xasprintf(gone ? "%s was not measured; it is %s in the merge base"
                       : "%s is %s; it was not measured in the merge base",
                  label, figure);
    return text_one_line(text);
}

/* The largest processes of the run with the highest value; NULL: unknown. */
static char *largest_of(const struct relative_runs *both, const char *metric)
{
    const struct measurement *highest = &both->runs[0];
    for (size_t i = 1; i < both->count; i++)
        if (metric_value(&both->runs[i], metric) > metric_value(highest, metric))
            highest = &both->runs[i];
    char *text CLEANUP(cleanup_free) = metric_largest(highest, metric);
    return text ? text_one_line(text) : NULL;
}

static enum finding_status status_of(enum level level, bool is_stage, enum ratio_position position)
{
    if (level == LEVEL_OFF)
        return FINDING_OFF;
    switch (position) {
    case RATIO_WITHIN:
        return FINDING_PASS;
    case RATIO_BELOW:
        return FINDING_IMPROVED;
    case RATIO_ABOVE:
        return level == LEVEL_FAIL ? FINDING_FAILED : FINDING_WARNED;
    case RATIO_ACROSS:
        return level != LEVEL_FAIL ? FINDING_PASS : is_stage ? FINDING_WARNED : FINDING_FAILED;
    }
    BM_BUG("ratio position out of range");
}

/* Whether the memory peaks of some of the runs are exact, and those of others are between bounds.
 */
static bool is_by_bounds(const struct relative_runs *both)
{
    const struct environment_key first = environment_key_of(&both->base[0]);
    for (size_t i = 0; i < both->base_count + both->count; i++) {
        const struct environment_key key = environment_key_of(
            i < both->base_count ? &both->base[i] : &both->runs[i - both->base_count]);
        if (!environment_key_equal(&first, &key))
            return true;
    }
    return false;
}

/* Every ratio that is possible between the bounds of the values. */
static struct ratio ratio_by_bounds(const struct metric_values *base,
                                    const struct metric_values *values)
{
    return (struct ratio){
        .lowest = ratio_of(base->at_most, base->count, values->items, values->count).lowest,
        .highest = ratio_of(base->items, base->count, values->at_most, values->count).highest};
}

/* Fills the finding. Returns the position of the metric; RATIO_WITHIN if a build does not have it.
 */
static enum ratio_position evaluate(const struct relative_runs *both, const char *metric,
                                    struct finding *finding)
{
    struct metric_values base CLEANUP(metric_values_release) =
        values_of(both->base, both->base_count, metric);
    struct metric_values values CLEANUP(metric_values_release) =
        values_of(both->runs, both->count, metric);
    const struct tolerance tolerance = tolerance_default(metric);
    *finding = (struct finding){.metric = xstrdup(metric),
                                .unit = metric_unit(metric),
                                .level = level_of(both, metric, &base, &values),
                                .status = FINDING_MISSING,
                                .baseline = UNMEASURED,
                                .allowed = UNMEASURED,
                                .budget = UNMEASURED,
                                .actual = UNMEASURED};
    if (base.count)
        finding->baseline = median_of(base.items, base.count);
    if (values.count)
        finding->actual = median_of(values.items, values.count);
    bool has_both = base.count && values.count;
    bool by_bounds = strcmp(metric, METRIC_CGROUP_PEAK) == 0 && is_by_bounds(both);
    char *change CLEANUP(cleanup_free) = NULL;
    struct ratio ratio = {0};
    if (has_both && by_bounds) {
        ratio = ratio_by_bounds(&base, &values);
        change = change_by_bounds(metric, &base, &values);
    } else if (has_both)
        ratio = ratio_of(base.items, base.count, values.items, values.count);
    finding->value_count = values.count;
    finding->values = steal_ptr(values.items);
    if (!has_both) {
        finding->message = message_of_one_side(finding);
        return RATIO_WITHIN;
    }
    double slack = tolerance_share(&tolerance, finding->baseline);
    finding->delta = finding->actual - finding->baseline;
    finding->allowed = (int64_t)((double)finding->baseline * (1 + slack));
    enum ratio_position position = ratio_position(ratio, slack);
    finding->ratio_lowest = ratio.lowest;
    finding->ratio_highest = ratio.highest;
    finding->status = status_of(finding->level, metric_stage(metric) != NULL, position);
    finding->message = message_of(finding, ratio, position, slack, change);
    if (position == RATIO_ABOVE || position == RATIO_ACROSS)
        finding->largest = largest_of(both, metric);
    return position;
}

static void push_names(const struct measurement *runs, size_t count, struct strv *names)
{
    for (size_t i = 0; i < count; i++) {
        struct strv of_run CLEANUP(strv_release) = {0};
        metric_names(&runs[i], &of_run);
        for (size_t j = 0; j < of_run.count; j++)
            if (!strv_contains(names, of_run.items[j]))
                strv_push(names, of_run.items[j]);
    }
}

/* ---- runs that cannot be compared ---- */

/* Sets the verdict if a run cannot be judged. `build`: what failed, for the reason. */
static bool all_valid(const struct measurement *runs, size_t count, bool is_base,
                      struct judgement *judgement)
{
    for (size_t i = 0; i < count; i++) {
        char *reason CLEANUP(cleanup_free) = NULL, *advice CLEANUP(cleanup_free) = NULL;
        enum run_validity validity = run_validity(&runs[i], &reason, &advice);
        if (validity == RUN_VALID)
            continue;
        judgement->verdict =
            validity == RUN_BUILD_FAILED && !is_base ? VERDICT_BUILD_FAILED : VERDICT_INCONCLUSIVE;
        judgement->reason =
            is_base ? xasprintf("in the merge base: %s", reason) : steal_ptr(reason);
        judgement->advice = steal_ptr(advice);
        return false;
    }
    return true;
}

static void conclude(enum verdict verdict, char *reason, char *advice, struct judgement *judgement)
{
    judgement->verdict = verdict;
    judgement->reason = reason;
    judgement->advice = advice;
}

/* Returns whether the builds can be compared; if not, sets the verdict. */
static bool comparable(const struct relative_runs *both, struct judgement *judgement)
{
    if (!all_valid(both->runs, both->count, false, judgement) ||
        !all_valid(both->base, both->base_count, true, judgement))
        return false;
    if (!both->count || !both->base_count) {
        conclude(VERDICT_INCONCLUSIVE, xstrdup("only one of the two builds was measured"),
                 advice_text(ADVICE_MEASURE_BOTH, NULL), judgement);
        return false;
    }
    const struct measurement *at_limit = run_at_limit(both->runs, both->count);
    if (at_limit) {
        conclude(VERDICT_OVER_LIMIT, at_limit_reason(at_limit),
                 advice_text(ADVICE_RAISE_LIMIT, NULL), judgement);
        return false;
    }
    at_limit = run_at_limit(both->base, both->base_count);
    if (at_limit) {
        char *reason CLEANUP(cleanup_free) = at_limit_reason(at_limit);
        conclude(VERDICT_INCONCLUSIVE, xasprintf("in the merge base: %s", reason),
                 advice_text(ADVICE_RAISE_LIMIT, NULL), judgement);
        return false;
    }
    for (size_t i = 0; i < both->count; i++)
        for (size_t j = 0; j < both->base_count; j++) {
            const struct environment_key is = environment_key_of(&both->runs[i]);
            const struct environment_key was = environment_key_of(&both->base[j]);
            if (environment_key_equal(&was, &is) ||
                environment_matches_by_bounds(&was, &both->runs[i]) ||
                environment_matches_by_bounds(&is, &both->base[j]))
                continue;
            conclude(VERDICT_NOT_COMPARABLE,
                     environment_key_difference(&was, "in the merge base", &is, "here", NULL),
                     advice_text(ADVICE_SAME_ENVIRONMENT, NULL), judgement);
            return false;
        }
    return true;
}

/* ---- the judgement ---- */

static enum advice advice_for(enum verdict verdict)
{
    return verdict == VERDICT_REGRESSED      ? ADVICE_SEE_TABLES
           : verdict == VERDICT_INCONCLUSIVE ? ADVICE_STEADIER_OR_MORE_RUNS
                                             : ADVICE_SEE_PAGE;
}

static enum verdict verdict_for(enum ratio_position position)
{
    switch (position) {
    case RATIO_WITHIN:
        return VERDICT_PASS;
    case RATIO_BELOW:
        return VERDICT_IMPROVED;
    case RATIO_ABOVE:
        return VERDICT_REGRESSED;
    case RATIO_ACROSS:
        return VERDICT_INCONCLUSIVE;
    }
    BM_BUG("ratio position out of range");
}

/* From the least severe one. */
static int severity(enum ratio_position position)
{
    static const int severities[] = {
        [RATIO_WITHIN] = 0, [RATIO_BELOW] = 1, [RATIO_ACROSS] = 2, [RATIO_ABOVE] = 3};
    return severities[position];
}

/* A stage of which the runs scatter too much is a reason to measure again, if `stages_count`. It is
 * no reason against a build whose own memory is decided. */
static void judge_metrics(const struct relative_runs *both, bool stages_count,
                          struct judgement *judgement)
{
    struct strv names CLEANUP(strv_release) = {0};
    enum ratio_position worst = RATIO_WITHIN;
    size_t worst_at = 0;
    push_names(both->runs, both->count, &names);
    push_names(both->base, both->base_count, &names);
    judgement->findings = xcalloc(names.count, sizeof *judgement->findings);
    for (size_t i = 0; i < names.count; i++) {
        struct finding *finding = &judgement->findings[judgement->finding_count++];
        enum ratio_position position = evaluate(both, names.items[i], finding);
        bool counts = finding->level == LEVEL_FAIL &&
                      (stages_count || position != RATIO_ACROSS || !metric_stage(finding->metric));
        if (!counts || severity(position) <= severity(worst))
            continue;
        worst = position;
        worst_at = i;
    }
    conclude(verdict_for(worst),
             worst == RATIO_WITHIN ? NULL : xstrdup(judgement->findings[worst_at].message),
             advice_text(advice_for(verdict_for(worst)), NULL), judgement);
}

static struct finding *finding_of(struct judgement *judgement, const char *metric)
{
    for (size_t i = 0; i < judgement->finding_count; i++)
        if (strcmp(judgement->findings[i].metric, metric) == 0)
            return &judgement->findings[i];
    return NULL;
}

/* Whether the bounds of the memory peak leave the verdict open. Another run in the same cgroup
 * cannot lower an upper bound. */
static bool bounds_are_too_wide(const struct relative_runs *both, struct judgement *judgement)
{
    const struct finding *peak = finding_of(judgement, METRIC_CGROUP_PEAK);
    return judgement->verdict == VERDICT_INCONCLUSIVE && peak && peak->status == FINDING_FAILED &&
           is_by_bounds(both);
}

char *relative_rerun_reason(const struct relative_runs *both)
{
    struct judgement judgement CLEANUP(judgement_release);
    judgement_init(&judgement);
    if (!comparable(both, &judgement))
        return NULL;
    judge_metrics(both, true, &judgement);
    if (bounds_are_too_wide(both, &judgement))
        return NULL;
    /* Of equal builds with two runs each, one in six has both runs above those of the other. */
    bool too_few = judgement.verdict == VERDICT_REGRESSED && both->count < RELATIVE_RUNS_TO_FAIL;
    return too_few || judgement.verdict == VERDICT_INCONCLUSIVE ? steal_ptr(judgement.reason)
                                                                : NULL;
}

/* ---- budgets ---- */

static void take_text(char **text, char **from)
{
    free(*text);
    *text = steal_ptr(*from);
}

/* Adds the budget to the finding of the same metric. A budget that is exceeded is its outcome. */
static void add_budget(struct judgement *judgement, struct finding *of_budget)
{
    struct finding *finding = finding_of(judgement, of_budget->metric);
    if (!finding || of_budget->budget < 0)
        return;
    finding->budget = of_budget->budget;
    if (finding->allowed < 0 || finding->allowed > finding->budget)
        finding->allowed = finding->budget;
    if (!of_budget->over_budget)
        return;
    finding->over_budget = true;
    finding->level = of_budget->level;
    finding->status = of_budget->status;
    take_text(&finding->message, &of_budget->message);
    take_text(&finding->largest, &of_budget->largest);
}

/* The gate judges the budgets as it does without a baseline. */
static void judge_budgets(const struct relative_runs *both, const struct budgets *budgets,
                          struct judgement *judgement)
{
    struct judgement alone CLEANUP(judgement_release);
    /* Borrows the budgets. */
    const struct baseline none = {.budgets = *budgets};
    judgement_init(&alone);
    if (!budgets->count)
        return;
    judge(&none, NULL, both->runs, both->count, false, &alone);
    for (size_t i = 0; i < alone.finding_count; i++)
        add_budget(judgement, &alone.findings[i]);
    bool over = alone.verdict == VERDICT_OVER_LIMIT;
    bool unknown =
        verdict_exit_status(alone.verdict) != 0 && verdict_exit_status(judgement->verdict) == 0;
    if (!over && !unknown)
        return;
    judgement->verdict = alone.verdict;
    take_text(&judgement->reason, &alone.reason);
    take_text(&judgement->advice, &alone.advice);
}

void judge_relative(const struct relative_runs *both, const struct budgets *budgets,
                    struct judgement *judgement)
{
    if (!comparable(both, judgement))
        return;
    judge_metrics(both, false, judgement);
    if (bounds_are_too_wide(both, judgement)) {
        free(judgement->advice);
        judgement->advice = advice_text(ADVICE_RESET_COUNTER, NULL);
    }
    judge_budgets(both, budgets, judgement);
}
