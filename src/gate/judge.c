#include "gate/judge.h"

#include "base/alloc.h"
#include "base/units.h"
#include "baseline/disturbed.h"
#include "baseline/tolerance.h"
#include "measurement/advice.h"
#include "measurement/cause.h"
#include "measurement/environment.h"
#include "measurement/heap_ceiling.h"
#include "measurement/likeness.h"
#include "measurement/peak_notes.h"
#include "measurement/validity.h"

#include <stdlib.h>
#include <string.h>

void judgement_init(struct judgement *judgement)
{
    *judgement = (struct judgement){.verdict = VERDICT_PASS};
}

void judgement_release(struct judgement *judgement)
{
    for (size_t i = 0; i < judgement->finding_count; i++)
        finding_release(&judgement->findings[i]);
    free(judgement->findings);
    free(judgement->baseline_path);
    free(judgement->base_commit);
    free(judgement->base_ref);
    free(judgement->reason);
    free(judgement->advice);
    free(judgement->refresh_arguments);
    strv_release(&judgement->notes);
    judgement_init(judgement);
}

static const struct {
    const char *name;
    int exit_status;
} verdicts[] = {
    [VERDICT_PASS] = {"pass", EXIT_PASS},
    [VERDICT_IMPROVED] = {"improved", EXIT_PASS},
    [VERDICT_REGRESSED] = {"regressed", EXIT_GATE},
    [VERDICT_OVER_LIMIT] = {"over-limit", EXIT_GATE},
    [VERDICT_BUILD_FAILED] = {"build-failed", EXIT_BUILD},
    [VERDICT_INCONCLUSIVE] = {"inconclusive", EXIT_UNMEASURED},
    [VERDICT_NOT_COMPARABLE] = {"not-comparable", EXIT_UNMEASURED},
    [VERDICT_NO_BASELINE] = {"no-baseline", EXIT_USAGE},
};

const char *verdict_name(enum verdict verdict)
{
    return verdicts[verdict].name;
}

int verdict_exit_status(enum verdict verdict)
{
    return verdicts[verdict].exit_status;
}

/* ---- the verdict from the findings ---- */

/* The file that has the budget of the metric: the lower budget counts. */
static const char *budget_file(const struct evaluation *evaluation, const char *metric,
                               const char *baseline_path)
{
    const struct baseline_metric *accepted =
        evaluation->entry ? baseline_metric_find(evaluation->entry, metric) : NULL;
    int64_t of_config = budgets_find(evaluation->budgets, metric);
    int64_t of_baseline = accepted ? accepted->tolerance.budget : UNMEASURED;
    bool is_config = of_baseline < 0 || (of_config >= 0 && of_config <= of_baseline);
    return is_config || !baseline_path ? "build-mem.json" : baseline_path;
}

/* `refresh`: the advice with the command that accepts the runs; `otherwise`: if there is no
 * baseline to refresh. */
static char *refresh_or(enum advice refresh, enum advice otherwise,
                        const struct judgement *judgement)
{
    return judgement->refresh_arguments ? advice_text(refresh, judgement->refresh_arguments)
                                        : advice_text(otherwise, NULL);
}

static enum advice advice_for_unchecked(const struct evaluation *evaluation,
                                        const struct finding *finding)
{
    return metric_process_name(finding->metric)                   ? ADVICE_UNCHECKED_PROCESS
           : metric_stage(finding->metric)                        ? ADVICE_UNCHECKED_STAGE
           : run_cut_off(evaluation->runs, evaluation->run_count) ? ADVICE_UNCHECKED_PEAK
           : run_possibly_over(evaluation, finding)               ? ADVICE_NEW_CGROUP
                                                                  : ADVICE_UNCHECKED_PEAK;
}

static enum advice advice_for_noise(const struct evaluation *evaluation, const char *metric)
{
    if (measurement_is_imported(&evaluation->runs[0]))
        return ADVICE_MORE_IMPORTS;
    return evaluation->by_bounds && strcmp(metric, METRIC_CGROUP_PEAK) == 0 ? ADVICE_NEW_CGROUP
                                                                            : ADVICE_STEADIER;
}

/* Of a pass: the first remark that applies. */
static char *advice_for_pass(const struct evaluation *evaluation, const struct judgement *judgement)
{
    if (evaluation->near_budget)
        return advice_text(ADVICE_NEAR_BUDGET, budget_file(evaluation, evaluation->near_budget,
                                                           judgement->baseline_path));
    if (evaluation->improved)
        return refresh_or(ADVICE_KEEP_GAIN, ADVICE_SEE_PAGE, judgement);
    if (evaluation->is_missed)
        return advice_text(ADVICE_SEE_ALL_STAGES, NULL);
    if (evaluation->is_new)
        return refresh_or(ADVICE_ADD_TO_BASELINE, ADVICE_SEE_PAGE, judgement);
    if (!evaluation->entry)
        return refresh_or(ADVICE_RECORD_BASELINE, ADVICE_SEE_PAGE, judgement);
    return advice_text(ADVICE_SEE_PAGE, NULL);
}

static char *advice_for(const struct evaluation *evaluation, const struct judgement *judgement)
{
    const struct finding *finding = &judgement->findings[evaluation->worst_finding];
    const char *metric = finding->metric;
    const char *file = budget_file(evaluation, metric, judgement->baseline_path);
    switch (evaluation->worst) {
    case REASON_OVER_BUDGET:
        return advice_text(ADVICE_OVER_BUDGET, file);
    case REASON_UNCHECKED_BUDGET:
        return advice_text(advice_for_unchecked(evaluation, finding), file);
    case REASON_REGRESSED:
        return refresh_or(ADVICE_ACCEPT_INCREASE, ADVICE_SEE_TABLES, judgement);
    case REASON_GONE:
        return refresh_or(ADVICE_ACCEPT_LOSS, ADVICE_SEE_TABLES, judgement);
    case REASON_IMPROVED:
    case REASON_IMPROVED_STRICT:
        return refresh_or(ADVICE_KEEP_GAIN, ADVICE_SEE_PAGE, judgement);
    case REASON_NOISY:
        return advice_text(advice_for_noise(evaluation, metric), NULL);
    case REASON_NOT_MEASURED:
        return advice_text(ADVICE_MORE_RIGHTS, NULL);
    case REASON_AT_LIMIT:
        return advice_text(ADVICE_RAISE_LIMIT, NULL);
    default:
        return advice_for_pass(evaluation, judgement);
    }
}

static enum verdict verdict_for(enum reason worst)
{
    switch (worst) {
    case REASON_WITHIN:
    case REASON_IN_BUDGET:
    case REASON_NEAR_BUDGET:
    case REASON_OFF:
    case REASON_CUT_OFF:
    case REASON_NOT_COMPARED:
    case REASON_NEW:
    case REASON_MISSED:
        return VERDICT_PASS;
    case REASON_IMPROVED:
        return VERDICT_IMPROVED;
    case REASON_NOISY:
    case REASON_NOT_MEASURED:
    case REASON_UNCHECKED_BUDGET:
        return VERDICT_INCONCLUSIVE;
    case REASON_GONE:
    case REASON_IMPROVED_STRICT:
    case REASON_REGRESSED:
        return VERDICT_REGRESSED;
    case REASON_OVER_BUDGET:
    case REASON_AT_LIMIT:
        return VERDICT_OVER_LIMIT;
    }
    BM_BUG("reason out of range");
}

/* Of an even number of runs, the lower of the middle two. */
static const struct measurement *deciding_run(const struct evaluation *evaluation,
                                              const struct finding *finding)
{
    int64_t wanted =
        evaluation->worst == REASON_OVER_BUDGET ? finding_highest(finding) : finding->actual;
    const struct measurement *nearest = NULL;
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < evaluation->run_count; i++) {
        int64_t value = metric_value(&evaluation->runs[i], finding->metric);
        int64_t distance = llabs(value - wanted);
        if (value < 0 || distance > least ||
            (distance == least && value > metric_value(nearest, finding->metric)))
            continue;
        least = distance;
        nearest = &evaluation->runs[i];
    }
    return nearest;
}

static void conclude(const struct evaluation *evaluation, struct judgement *judgement)
{
    judgement->verdict = verdict_for(evaluation->worst);
    judgement->advice = advice_for(evaluation, judgement);
    if (judgement->verdict == VERDICT_PASS)
        return;
    const struct finding *worst = &judgement->findings[evaluation->worst_finding];
    const char *message = worst->message;
    judgement->decided_by = deciding_run(evaluation, worst);
    judgement->reason = evaluation->worst_count > 1
                            ? xasprintf("%s (and %zu more)", message, evaluation->worst_count - 1)
                            : xstrdup(message);
}

/* A replayed cache must not pass as an improvement. Growth that every run shows stays regressed:
 * less work explains lower figures only. */
static void conclude_unlike(const struct evaluation *evaluation, struct judgement *judgement)
{
    const struct measurement *runs = evaluation->runs;
    char *unlike CLEANUP(cleanup_free) = unlike_runs(runs, evaluation->run_count);
    char *less CLEANUP(cleanup_free) =
        unlike || !evaluation->entry
            ? NULL
            : baseline_less_work(evaluation->entry, runs, evaluation->run_count);
    if (!unlike && !less)
        return;
    if (evaluation->worst >= REASON_REGRESSED) {
        strv_push(&judgement->notes, unlike ? unlike : less);
        return;
    }
    free(judgement->reason);
    free(judgement->advice);
    judgement->verdict = VERDICT_INCONCLUSIVE;
    judgement->advice =
        less ? refresh_or(ADVICE_CLEAR_CACHE_OR_ACCEPT, ADVICE_CLEAR_CACHE, judgement)
             : advice_text(ADVICE_CLEAR_CACHE, NULL);
    judgement->reason = unlike ? steal_ptr(unlike) : steal_ptr(less);
}

static void conclude_at_limit(const struct measurement *run, struct judgement *judgement)
{
    judgement->verdict = VERDICT_OVER_LIMIT;
    judgement->decided_by = run;
    judgement->reason = at_limit_reason(run);
    judgement->advice = advice_text(ADVICE_RAISE_LIMIT, NULL);
}

/* ---- without an entry ---- */

/* How the run differs from the entry that is most like it. `baseline` has at least one entry. */
static char *nearest_difference(const struct baseline *baseline, const struct measurement *m)
{
    const struct environment_key key = environment_key_of(m);
    char *nearest = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < baseline->count; i++) {
        size_t differences;
        char *text CLEANUP(cleanup_free) = environment_key_difference(
            &key, "here", &baseline->environments[i].key, "in the baseline", &differences);
        if (differences >= least)
            continue;
        least = differences;
        free(nearest);
        nearest = steal_ptr(text);
    }
    return nearest;
}

/* The first run without an entry, or NULL if each run has one. */
static const struct measurement *run_without_entry(const struct baseline *baseline,
                                                   const struct measurement *runs, size_t run_count)
{
    for (size_t i = 0; i < run_count; i++)
        if (!baseline_find(baseline, &runs[i]))
            return &runs[i];
    return NULL;
}

static char *not_comparable_reason(const struct baseline *baseline, const char *path,
                                   const struct measurement *runs, size_t run_count)
{
    const struct measurement *m = run_without_entry(baseline, runs, run_count);
    if (!m)
        return xstrdup("the runs were measured in different environments");
    char *nearest CLEANUP(cleanup_free) = nearest_difference(baseline, m);
    if (baseline->count == 1)
        return xasprintf("%s was measured in a different environment: %s", path, nearest);
    return xasprintf("none of the %zu environments in %s matches; the nearest differs: %s",
                     baseline->count, path, nearest);
}

static void conclude_without_entry(const struct baseline *baseline, const struct measurement *runs,
                                   size_t run_count, struct judgement *judgement)
{
    const char *path = judgement->baseline_path ? judgement->baseline_path : "the baseline";
    if (baseline->count == 0) {
        judgement->verdict = VERDICT_NO_BASELINE;
        judgement->reason = xasprintf("%s has no accepted results", path);
        judgement->advice = refresh_or(ADVICE_RECORD_BASELINE, ADVICE_SEE_PAGE, judgement);
        return;
    }
    judgement->verdict = VERDICT_NOT_COMPARABLE;
    judgement->reason = not_comparable_reason(baseline, path, runs, run_count);
    judgement->advice = refresh_or(ADVICE_OTHER_ENVIRONMENT, ADVICE_SAME_ENVIRONMENT, judgement);
}

/* ---- notes ---- */

static void note_cut_off(const struct evaluation *evaluation, struct judgement *judgement)
{
    const struct measurement *run = run_cut_off(evaluation->runs, evaluation->run_count);
    if (!run || !unreclaimable_is_judged(evaluation) || judgement->verdict == VERDICT_OVER_LIMIT)
        return;
    char *reason CLEANUP(cleanup_free) = cut_off_reason(run);
    strv_pushf(&judgement->notes, "unreclaimable_peak is judged instead of cgroup_peak: %s",
               reason);
}

static void note_drift(const struct baseline_environment *entry, const struct measurement *m,
                       struct strv *notes)
{
    struct strv drift CLEANUP(strv_release) = {0};
    if (!entry || !entry->measured_on)
        return;
    drift_list(entry->measured_on, &m->environment, &drift);
    char *list CLEANUP(cleanup_free) = strv_join(&drift, "; ");
    if (drift.count)
        strv_pushf(notes, "drifted since the baseline was measured: %s", list);
}

/* Once for each daemon that may have worked, whichever run saw it. */
static void note_outside_daemons(const struct measurement *runs, size_t run_count,
                                 struct strv *notes)
{
    for (size_t i = 0; i < run_count; i++)
        for (size_t k = 0; k < runs[i].outside_daemon_count; k++) {
            const struct outside_daemon *daemon = &runs[i].outside_daemons[k];
            if (outside_daemon_is_idle(&runs[i], daemon))
                continue;
            char *note CLEANUP(cleanup_free) = outside_daemon_note(daemon);
            if (!strv_contains(notes, note))
                strv_push(notes, note);
        }
}

/* Once for each ceiling, whichever run has it. */
static void note_heap_ceilings(const struct measurement *runs, size_t run_count, struct strv *notes)
{
    for (size_t i = 0; i < run_count; i++) {
        struct heap_ceilings ceilings CLEANUP(heap_ceilings_release) = {0};
        heap_ceilings_of_run(&runs[i], &ceilings);
        heap_ceilings_note(&ceilings, runs[i].peak.limit_bytes, notes);
    }
}

/* Of a smaller build that passes, nobody asks where its memory went. */
#define LARGE_PEAK_BYTES (INT64_C(1) << 30)

/* A stage or a process can grow below the peak of the whole build. Then what held that peak is no
 * place to begin. */
static bool only_a_part_grew(const struct judgement *judgement)
{
    bool part = false;
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct finding *finding = &judgement->findings[i];
        bool is_part = metric_stage(finding->metric) || metric_process_name(finding->metric);
        if (finding->status == FINDING_FAILED && !is_part)
            return false;
        part |= finding->status == FINDING_FAILED;
    }
    return part;
}

/* Of the run that failed, or of the one with the highest peak. */
static void note_peak(const struct measurement *runs, size_t run_count, struct judgement *judgement)
{
    const struct measurement *shown = &runs[run_count - 1];
    bool failed = judgement->verdict == VERDICT_BUILD_FAILED;
    for (size_t i = 0; !failed && i < run_count; i++)
        if (runs[i].peak.cgroup_bytes > shown->peak.cgroup_bytes)
            shown = &runs[i];
    bool asked = judgement->verdict == VERDICT_REGRESSED ||
                 judgement->verdict == VERDICT_OVER_LIMIT ||
                 (failed && failure_cause(shown) != CAUSE_UNKNOWN);
    bool large = shown->peak.cgroup_bytes >= LARGE_PEAK_BYTES;
    if (only_a_part_grew(judgement))
        return;
    if (asked || (large && judgement->verdict != VERDICT_INCONCLUSIVE))
        peak_notes_add(shown, &judgement->notes);
}

/* More than twice as long, and 30 s longer. */
static bool is_much_longer(int64_t span_ms, int64_t than_ms)
{
    /* The terms are ordered so that none overflows. */
    return span_ms > than_ms && span_ms - than_ms > than_ms &&
           span_ms - than_ms - than_ms > tolerance_default(METRIC_DURATION).absolute;
}

/* A build that gets little CPU overlaps less of its work, and needs less memory at once: runs that
 * took nine times as long had peaks lower by up to a fifth (tests/fixtures/evidence). So an
 * increase may hide in slow runs, and a baseline of slow runs may cause a false alarm. */
static void note_duration(struct judgement *judgement)
{
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct finding *finding = &judgement->findings[i];
        if (strcmp(finding->metric, METRIC_DURATION) != 0 || finding->baseline < 0 ||
            finding->actual < 0)
            continue;
        bool slower = is_much_longer(finding->actual, finding->baseline);
        bool faster = is_much_longer(finding->baseline, finding->actual);
        if (judgement->verdict == VERDICT_REGRESSED ? !faster : !slower)
            continue;
        char *actual CLEANUP(cleanup_free) = metric_figure(finding->metric, finding->actual);
        char *baseline CLEANUP(cleanup_free) = metric_figure(finding->metric, finding->baseline);
        strv_pushf(&judgement->notes,
                   "the build took %s, against %s in the baseline: a build that gets little CPU "
                   "has a lower peak; %s",
                   actual, baseline,
                   slower ? "measure on a quiet machine, or an increase may not show"
                          : "if the baseline was measured on a busy machine, refresh it");
    }
}

/* One accepted run does not show how much the runs differ: if it was an unusual one, growth against
 * it is a false alarm. */
static void note_single_run(const struct baseline_environment *entry, struct judgement *judgement)
{
    bool single = false;
    for (size_t i = 0; entry && i < judgement->finding_count; i++) {
        const struct finding *finding = &judgement->findings[i];
        const struct baseline_metric *metric = baseline_metric_find(entry, finding->metric);
        single |= finding->status == FINDING_FAILED && metric && metric->count == 1;
    }
    if (single && judgement->verdict == VERDICT_REGRESSED)
        strv_push(&judgement->notes,
                  "the baseline has one run, which can be an unusual one: if nothing explains the "
                  "growth, refresh the baseline with three runs of the accepted commit");
}

/* ---- the judgement ---- */

static enum verdict verdict_of_run(enum run_validity validity)
{
    switch (validity) {
    case RUN_VALID:
        return VERDICT_PASS;
    case RUN_BUILD_FAILED:
        return VERDICT_BUILD_FAILED;
    case RUN_NOT_MEASURED:
        return VERDICT_INCONCLUSIVE;
    }
    BM_BUG("run validity out of range");
}

/* Returns whether all runs can be judged; if not, sets the verdict. */
static bool all_runs_valid(const struct measurement *runs, size_t run_count,
                           struct judgement *judgement)
{
    if (run_count == 0)
        BM_BUG("no run to judge");
    for (size_t i = 0; i < run_count; i++) {
        char *reason CLEANUP(cleanup_free) = NULL;
        judgement->verdict = verdict_of_run(run_validity(&runs[i], &reason, &judgement->advice));
        if (judgement->verdict == VERDICT_PASS)
            continue;
        judgement->reason = run_count > 1
                                ? xasprintf("run %zu of %zu: %s", i + 1, run_count, reason)
                                : xstrdup(reason);
        return false;
    }
    return true;
}

static void release_findings(struct evaluation *evaluation)
{
    for (size_t i = 0; i < evaluation->finding_count; i++)
        finding_release(&evaluation->findings[i]);
    free(evaluation->findings);
    evaluation->findings = NULL;
    evaluation->finding_count = 0;
}

/* Evaluates the undisturbed runs again, without the others. Returns whether there are any; if not,
 * the verdict is inconclusive. A disturbed run has a lower peak, so it can hide growth; growth that
 * it shows counts nevertheless, and so do a budget and a limit. */
static bool evaluate_undisturbed(struct evaluation *evaluation, struct measurement *kept,
                                 struct judgement *judgement)
{
    char *reason CLEANUP(cleanup_free) = NULL;
    const struct usual_run usual = usual_of_entry(evaluation->entry);
    size_t count = keep_undisturbed(&usual, evaluation->runs, evaluation->run_count, kept, &reason);
    if (!reason)
        return true;
    if (count == 0 && evaluation->worst == REASON_REGRESSED)
        return true;
    if (count == 0) {
        judgement->verdict = VERDICT_INCONCLUSIVE;
        judgement->reason = xasprintf("the machine disturbed every run: %s", reason);
        judgement->advice = advice_text(ADVICE_QUIET_MACHINE, NULL);
        return false;
    }
    strv_pushf(&judgement->notes,
               "%zu of %zu runs are not judged, because the machine disturbed "
               "them: %s",
               evaluation->run_count - count, evaluation->run_count, reason);
    release_findings(evaluation);
    *evaluation = (struct evaluation){.entry = evaluation->entry,
                                      .by_bounds = evaluation->by_bounds,
                                      .budgets = evaluation->budgets,
                                      .runs = kept,
                                      .run_count = count,
                                      .strict = evaluation->strict};
    evaluate_metrics(evaluation);
    return true;
}

/* Growth against accepted runs that the machine disturbed can be the error of the baseline. Then
 * the verdict is inconclusive. */
static bool baseline_was_undisturbed(const struct evaluation *evaluation,
                                     struct judgement *judgement)
{
    if (evaluation->worst != REASON_REGRESSED)
        return true;
    char *reason CLEANUP(cleanup_free) =
        disturbed_entry_reason(evaluation->entry, evaluation->runs, evaluation->run_count);
    if (!reason)
        return true;
    judgement->verdict = VERDICT_INCONCLUSIVE;
    judgement->reason = xasprintf("the machine disturbed every run of the baseline: %s", reason);
    judgement->advice = refresh_or(ADVICE_REFRESH_QUIET, ADVICE_QUIET_MACHINE, judgement);
    return false;
}

/* Returns the run of the caller of which `copy` is one: the label belongs to one run alone. */
static const struct measurement *run_of(const struct measurement *copy,
                                        const struct measurement *runs, size_t run_count)
{
    for (size_t i = 0; copy && i < run_count; i++)
        if (runs[i].label == copy->label)
            return &runs[i];
    return NULL;
}

static void judge_against(const struct baseline *baseline, const char *baseline_path,
                          const struct measurement *runs, size_t run_count, bool strict,
                          struct judgement *judgement)
{
    bool has_baseline = baseline->count || !baseline->budgets.count;
    judgement->baseline_path = baseline_path && has_baseline ? xstrdup(baseline_path) : NULL;
    note_outside_daemons(runs, run_count, &judgement->notes);
    note_heap_ceilings(runs, run_count, &judgement->notes);
    if (baseline_path && !has_baseline)
        strv_push(&judgement->notes, "there is no baseline: only the budgets are judged");
    if (!all_runs_valid(runs, run_count, judgement))
        return;

    struct evaluation evaluation = {
        .budgets = &baseline->budgets,
        .runs = runs,
        .run_count = run_count,
        .strict = strict,
    };
    evaluation.entry = baseline_find_common(baseline, runs, run_count, &evaluation.by_bounds);
    evaluate_metrics(&evaluation);
    struct measurement *kept CLEANUP(cleanup_free) = xcalloc(run_count, sizeof *kept);
    const struct measurement *at_limit = run_at_limit(runs, run_count);
    bool judged = at_limit || !evaluation.entry || evaluation.worst == REASON_OVER_BUDGET ||
                  (evaluate_undisturbed(&evaluation, kept, judgement) &&
                   baseline_was_undisturbed(&evaluation, judgement));
    judgement->findings = evaluation.findings;
    judgement->finding_count = evaluation.finding_count;
    if (at_limit) {
        conclude_at_limit(at_limit, judgement);
    } else if (!evaluation.entry && has_baseline && evaluation.worst != REASON_OVER_BUDGET) {
        conclude_without_entry(baseline, runs, run_count, judgement);
    } else if (judged) {
        conclude(&evaluation, judgement);
        conclude_unlike(&evaluation, judgement);
    }
    judgement->decided_by = run_of(judgement->decided_by, runs, run_count);
    note_cut_off(&evaluation, judgement);
    if (evaluation.by_bounds)
        strv_push(&judgement->notes,
                  "cgroup_peak is judged by its bounds, the highest sample and the peak counter of "
                  "the cgroup, because the counter could not be reset before each run");
    note_drift(evaluation.entry, &runs[0], &judgement->notes);
    note_duration(judgement);
    if (judgement->baseline_path)
        note_single_run(evaluation.entry, judgement);
}

void judge(const struct baseline *baseline, const char *baseline_path,
           const struct measurement *runs, size_t run_count, bool strict,
           struct judgement *judgement)
{
    judge_against(baseline, baseline_path, runs, run_count, strict, judgement);
    note_peak(runs, run_count, judgement);
}

static void judge_without_baseline(const struct measurement *runs, size_t run_count,
                                   struct judgement *judgement)
{
    note_outside_daemons(runs, run_count, &judgement->notes);
    note_heap_ceilings(runs, run_count, &judgement->notes);
    if (!all_runs_valid(runs, run_count, judgement))
        return;
    judgement->advice = run_at_limit(runs, run_count)
                            ? advice_text(ADVICE_RAISE_LIMIT, NULL)
                            : refresh_or(ADVICE_RECORD_BASELINE, ADVICE_SEE_PAGE, judgement);
    char *unlike CLEANUP(cleanup_free) = unlike_runs(runs, run_count);
    if (unlike)
        strv_push(&judgement->notes, unlike);
}

void judge_alone(const struct measurement *runs, size_t run_count, struct judgement *judgement)
{
    judge_without_baseline(runs, run_count, judgement);
    note_peak(runs, run_count, judgement);
}

/* ---- the rerun policy ---- */

/* Returns the value by which a run counts. A memory peak that is known only by its bounds counts by
 * the upper one, which another run in the same cgroup cannot lower. */
static int64_t value_for_rerun(const struct baseline_metric *metric, const struct measurement *m,
                               bool by_bounds)
{
    return by_bounds ? metric_at_most(m, metric->name) : metric_value(m, metric->name);
}

static char *reason_for_second_run(const struct baseline_metric *metric, int64_t value,
                                   bool is_bound)
{
    struct range range = accepted_range(metric);
    bool below = range_position(range, value) == BELOW;
    if (!below && value <= range.centre + range.slack / 2)
        return NULL;
    char *label CLEANUP(cleanup_free) = metric_label(metric->name);
    char *actual CLEANUP(cleanup_free) = metric_figure(metric->name, value);
    char *centre CLEANUP(cleanup_free) = metric_figure(metric->name, range.centre);
    char *slack CLEANUP(cleanup_free) = metric_figure(metric->name, range.slack);
    return xasprintf("%s of %s%s is %s the baseline of %s by more than %sthe tolerance of %s",
                     label, is_bound ? "at most " : "", actual, below ? "below" : "above", centre,
                     below ? "" : "half of ", slack);
}

/* Two runs have no scatter that could exclude one of them: they disagree if they are on different
 * sides of an end of the tolerance. */
static char *reason_for_third_run(const struct baseline_metric *metric, int64_t first,
                                  int64_t second)
{
    struct range range = accepted_range(metric);
    enum position one = range_position(range, first), other = range_position(range, second);
    if (one == other)
        return NULL;
    bool above = one == ABOVE || other == ABOVE;
    int64_t end = above ? range.centre + range.slack : range.centre - range.slack;
    char *label CLEANUP(cleanup_free) = metric_label(metric->name);
    char *a CLEANUP(cleanup_free) = metric_figure(metric->name, first);
    char *b CLEANUP(cleanup_free) = metric_figure(metric->name, second);
    char *between CLEANUP(cleanup_free) = metric_figure(metric->name, end);
    return xasprintf("%s of %s and %s: only one run is %s the end of the tolerance, %s", label, a,
                     b, above ? "above" : "below", between);
}

/* A memory peak that was cut off does not show that the build shrank. Above the tolerance it counts
 * like any other. */
static bool is_lower_bound(const struct baseline_metric *metric, const struct measurement *runs,
                           size_t run_count)
{
    const struct range range = accepted_range(metric);
    bool high = false;
    for (size_t i = 0; i < run_count; i++)
        high |= metric_value(&runs[i], metric->name) > range.centre + range.slack / 2;
    return strcmp(metric->name, METRIC_CGROUP_PEAK) == 0 && run_cut_off(runs, run_count) && !high;
}

static bool may_run_again(const struct measurement *runs, size_t run_count)
{
    return run_count < (builds_took_long(runs, run_count) ? MAX_JUDGED_RUNS : MAX_CHECK_RUNS);
}

char *rerun_reason(const struct baseline *baseline, const struct measurement *runs,
                   size_t run_count)
{
    bool by_bounds;
    const struct baseline_environment *entry =
        baseline_find_common(baseline, runs, run_count, &by_bounds);
    if (!entry || !may_run_again(runs, run_count))
        return NULL;
    struct judgement judgement CLEANUP(judgement_release);
    judgement_init(&judgement);
    judge(baseline, NULL, runs, run_count, false, &judgement);
    bool inconclusive = judgement.verdict == VERDICT_INCONCLUSIVE && judgement.finding_count > 0;
    if (judgement.verdict == VERDICT_OVER_LIMIT ||
        (verdict_exit_status(judgement.verdict) > 1 && !inconclusive))
        return NULL;

    struct measurement kept[MAX_CHECK_RUNS];
    char *disturbed CLEANUP(cleanup_free) = NULL;
    const struct usual_run usual = usual_of_entry(entry);
    size_t kept_count = keep_undisturbed(&usual, runs, run_count, kept, &disturbed);
    if (kept_count == 0) {
        bool grew = run_count >= MAX_JUDGED_RUNS && judgement.verdict == VERDICT_REGRESSED;
        return grew ? NULL : xasprintf("the machine disturbed the run: %s", disturbed);
    }
    /* A third run can settle runs that disagree, but not runs that did unlike work. */
    char *unlike CLEANUP(cleanup_free) = unlike_runs(kept, kept_count);
    if (kept_count >= MAX_JUDGED_RUNS || (inconclusive && (kept_count == 1 || unlike)))
        return NULL;

    char *reason = NULL;
    for (size_t i = 0; i < entry->count && !reason; i++) {
        const struct baseline_metric *metric = &entry->metrics[i];
        int64_t first = value_for_rerun(metric, &kept[0], by_bounds);
        int64_t last = value_for_rerun(metric, &kept[kept_count - 1], by_bounds);
        if (level_for_runs(entry, metric, kept, kept_count) != LEVEL_FAIL || first < 0 ||
            last < 0 || is_lower_bound(metric, kept, kept_count))
            continue;
        reason =
            kept_count == 1
                ? reason_for_second_run(metric, first, first > metric_value(&kept[0], metric->name))
                : reason_for_third_run(metric, first, last);
    }
    return reason;
}
