#include "fit/fit.h"

#include "base/alloc.h"
#include "base/units.h"
#include "fit/search.h"

const char *fit_outcome_name(enum fit_outcome outcome)
{
    static const char *const names[] = {[FIT_PASSED] = "passed",
                                        [FIT_OOM_KILLED] = "oom-killed",
                                        [FIT_TOO_SLOW] = "too-slow",
                                        [FIT_BUILD_FAILED] = "build-failed",
                                        [FIT_NO_ARTIFACT] = "no-artifact",
                                        [FIT_TIMED_OUT] = "timed-out",
                                        [FIT_NOT_MEASURED] = "not-measured"};
    return names[outcome];
}

const char *fit_verdict_name(enum fit_verdict verdict)
{
    static const char *const names[] = {[FIT_VERDICT_FOUND] = "found",
                                        [FIT_VERDICT_BUILD_FAILED] = "build-failed",
                                        [FIT_VERDICT_NONE_PASSES] = "none-passes",
                                        [FIT_VERDICT_NOT_MEASURED] = "not-measured",
                                        [FIT_VERDICT_INTERRUPTED] = "interrupted"};
    return names[verdict];
}

void fit_release(struct fit *fit)
{
    for (size_t i = 0; i < fit->count; i++) {
        free(fit->attempts[i].label);
        free(fit->attempts[i].detail);
    }
    free(fit->attempts);
    *fit = (struct fit){0};
}

static enum fit_outcome outcome_of(const struct measurement *m, enum verdict verdict,
                                   bool impatient)
{
    if (verdict == VERDICT_PASS)
        return FIT_PASSED;
    if (m->build.oom_killed)
        return FIT_OOM_KILLED;
    if (m->build.timed_out)
        return impatient ? FIT_TOO_SLOW : FIT_TIMED_OUT;
    if (verdict != VERDICT_BUILD_FAILED)
        return FIT_NOT_MEASURED;
    return m->build.exit_code == 0 && !m->build.signal ? FIT_NO_ARTIFACT : FIT_BUILD_FAILED;
}

void fit_add(struct fit *fit, int64_t limit_bytes, const struct measurement *m,
             const struct judgement *judgement, bool impatient)
{
    fit->attempts = xgrow(fit->attempts, fit->count, sizeof *fit->attempts);
    fit->attempts[fit->count++] = (struct fit_attempt){
        .label = xstrdup(m->label),
        .limit_bytes = limit_bytes,
        .outcome = outcome_of(m, judgement->verdict, impatient),
        .detail = judgement->reason ? xstrdup(judgement->reason) : NULL,
        .duration_ms = m->build.duration_ms,
        .cgroup_bytes = m->peak.cgroup_bytes,
        .unreclaimable_bytes = m->peak.unreclaimable_bytes,
        .pressure = m->pressure,
    };
}

int64_t fit_patience_ms(int64_t unlimited_ms)
{
    return 3 * unlimited_ms + 10000;
}

enum fit_verdict fit_verdict_of(const struct fit *fit)
{
    if (fit->signal)
        return FIT_VERDICT_INTERRUPTED;
    switch (fit_search(fit->attempts, fit->count).state) {
    case FIT_FOUND:
        return FIT_VERDICT_FOUND;
    case FIT_BROKEN:
        return FIT_VERDICT_BUILD_FAILED;
    case FIT_NONE_PASSES:
        return FIT_VERDICT_NONE_PASSES;
    case FIT_UNMEASURED:
        return FIT_VERDICT_NOT_MEASURED;
    case FIT_TRY:
        break;
    }
    BM_BUG("a search that is not at its end has no verdict");
}

int fit_exit_status(const struct fit *fit)
{
    switch (fit_verdict_of(fit)) {
    case FIT_VERDICT_FOUND:
        return 0;
    case FIT_VERDICT_BUILD_FAILED:
        return 3;
    case FIT_VERDICT_NONE_PASSES:
    case FIT_VERDICT_NOT_MEASURED:
        return 4;
    case FIT_VERDICT_INTERRUPTED:
        return 128 + fit->signal;
    }
    BM_BUG("verdict out of range");
}
