/* The outcome of a measured run, and the rule that all runs of a sweep can be compared. */
#include "base/alloc.h"
#include "base/text.h"
#include "baseline/baseline.h"
#include "measurement/advice.h"
#include "measurement/likeness.h"
#include "measurement/validity.h"
#include "sweep/sweep.h"

/* "run 2", or its file; the caller owns it. */
static char *name_of(const struct sweep *sweep, size_t run)
{
    return sweep->results ? xstrdup(sweep->results->items[run]) : xasprintf("run %zu", run + 1);
}

/* Returns the differences between the environments, or NULL; the caller owns them. */
static char *unlike_environment(const struct measurement *m, const char *name,
                                const struct measurement *other, const char *other_name)
{
    const struct environment_key was = environment_key_of(other), is = environment_key_of(m);
    if (environment_key_equal(&was, &is))
        return NULL;
    char *in_other CLEANUP(cleanup_free) = xasprintf("in %s", other_name);
    char *in_this CLEANUP(cleanup_free) = xasprintf("in %s", name);
    return environment_key_difference(&was, in_other, &is, in_this, NULL);
}

/* Returns how much less one of the runs did than the other, or NULL; the caller owns it. */
static char *unlike_work(const struct measurement *m, const char *name,
                         const struct measurement *other, const char *other_name)
{
    char *less CLEANUP(cleanup_free) = less_work_with_other_settings(m, other);
    char *more CLEANUP(cleanup_free) = less_work_with_other_settings(other, m);
    if (!less && !more)
        return NULL;
    char *advice CLEANUP(cleanup_free) = advice_text(ADVICE_CLEAR_CACHE, NULL);
    return xasprintf("the runs did unlike work: %s did less than %s: %s; %s",
                     less ? name : other_name, less ? other_name : name, less ? less : more,
                     advice);
}

/* Returns the reason that the next run cannot be compared with an earlier one, or NULL; the caller
 * owns it. A build that failed can end early, so only runs that passed must have done like work.
 * The machine of a result counts in any case. */
static char *difference(const struct sweep *sweep, const struct measurement *runs, bool confirms,
                        enum sweep_outcome outcome)
{
    const struct measurement *m = &runs[sweep->count];
    char *name CLEANUP(cleanup_free) = name_of(sweep, sweep->count);
    for (size_t i = 0; i < sweep->count; i++) {
        const struct sweep_run *run = &sweep->runs[i];
        char *other_name CLEANUP(cleanup_free) = name_of(sweep, i);
        char *reason = NULL;
        bool both_passed = outcome == SWEEP_PASSED && run->outcome == SWEEP_PASSED;
        /* A limit is part of the environment. */
        if (confirms == run->confirms && (both_passed || sweep->results))
            reason = unlike_environment(m, name, &runs[i], other_name);
        if (!reason && both_passed)
            reason = unlike_work(m, name, &runs[i], other_name);
        if (reason)
            return reason;
    }
    return NULL;
}

static enum sweep_outcome outcome_of(const struct sweep *sweep, const struct measurement *m,
                                     bool confirms, enum run_validity validity)
{
    if (m->build.oom_killed)
        return SWEEP_OOM_KILLED;
    if (validity != RUN_VALID)
        return SWEEP_BUILD_FAILED;
    bool is_cut_off = sweep->within_bytes >= 0 ? need_is_unknown(m) : peak_is_cut_off(m);
    return !confirms && is_cut_off ? SWEEP_AT_LIMIT : SWEEP_PASSED;
}

int sweep_take_run(struct sweep *sweep, const struct measurement *runs, size_t point, bool confirms,
                   struct bm_error *err)
{
    const struct measurement *m = &runs[sweep->count];
    char *reason CLEANUP(cleanup_free) = NULL, *advice CLEANUP(cleanup_free) = NULL;
    enum run_validity validity = run_validity(m, &reason, &advice);
    if (validity == RUN_NOT_MEASURED)
        return bm_error_set(err, "%s; %s", reason, advice);
    enum sweep_outcome outcome = outcome_of(sweep, m, confirms, validity);
    char *unlike CLEANUP(cleanup_free) = difference(sweep, runs, confirms, outcome);
    if (unlike)
        return bm_error_set(err, "%s", unlike);
    if (outcome == SWEEP_AT_LIMIT && !reason)
        reason = cut_off_reason(m);
    sweep->runs = xgrow(sweep->runs, sweep->count, sizeof *sweep->runs);
    sweep->runs[sweep->count++] = (struct sweep_run){
        .point = point,
        .confirms = confirms,
        .outcome = outcome,
        .detail = reason ? text_one_line(reason) : NULL,
        .memory_bytes = m->peak.cgroup_bytes,
        .unreclaimable_bytes = m->peak.unreclaimable_bytes,
        .duration_ms = m->build.duration_ms,
    };
    return 0;
}
