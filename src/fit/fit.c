#include "fit/fit.h"

#include "base/alloc.h"
#include "base/json_write.h"
#include "base/units.h"
#include "fit/search.h"
#include "measurement/advice.h"
#include "measurement/likeness.h"
#include "measurement/no_image.h"

#include <math.h>

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
        free(fit->attempts[i].advice);
    }
    free(fit->attempts);
    free(fit->unfinished);
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

void fit_judge(const struct fit *fit, const struct measurement *m, struct judgement *judgement)
{
    judge_alone(m, 1, judgement);
    char *less CLEANUP(cleanup_free) =
        fit->unlimited && judgement->verdict == VERDICT_PASS ? less_work(m, fit->unlimited) : NULL;
    if (!less)
        return;
    char *advice CLEANUP(cleanup_free) = advice_text(ADVICE_CLEAR_CACHE, NULL);
    judgement->verdict = VERDICT_INCONCLUSIVE;
    judgement->reason =
        xasprintf("the build did less work than without a limit: %s; %s", less, advice);
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
        .advice = no_image_advice(m),
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
    if (fit->unfinished)
        return FIT_VERDICT_NOT_MEASURED;
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
    BM_BUG("a search that has not ended has no verdict");
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

/* ---- the file ---- */

static void add_environment(cJSON *root, const struct measurement *m)
{
    if (!m) {
        cJSON_AddNullToObject(root, "environment");
        return;
    }
    cJSON *object = json_add_object(root, "environment");
    json_add_text(object, "engine", m->environment.engine);
    json_add_text(object, "engine_version", m->environment.engine_version);
    json_add_text(object, "image", m->environment.image);
    json_add_text(object, "architecture", m->environment.architecture);
    json_add_number(object, "cpus", m->environment.cpus);
    json_add_text(object, "kernel", m->environment.kernel);
    json_add_measured(object, "memory_total_bytes", m->environment.memory_total_bytes);
}

static void add_attempt(cJSON *array, const struct fit_attempt *attempt)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddItemToArray(array, object);
    json_add_text(object, "label", attempt->label);
    json_add_measured(object, "limit_bytes", attempt->limit_bytes);
    json_add_text(object, "outcome", fit_outcome_name(attempt->outcome));
    json_add_text(object, "detail", attempt->detail);
    json_add_measured(object, "duration_ms", attempt->duration_ms);
    json_add_measured(object, "cgroup_bytes", attempt->cgroup_bytes);
    json_add_measured(object, "unreclaimable_bytes", attempt->unreclaimable_bytes);
    cJSON *pressure = json_add_object(object, "pressure");
    json_add_measured(pressure, "some_us", attempt->pressure.some_us);
    json_add_measured(pressure, "full_us", attempt->pressure.full_us);
    json_add_measured(pressure, "refaults", attempt->pressure.refaults);
    json_add_measured(pressure, "limit_hits", attempt->pressure.limit_hits);
    json_add_measured(pressure, "oom_kills", attempt->pressure.oom_kills);
}

static void add_recommendation(cJSON *root, const struct fit_search *search)
{
    if (search->state != FIT_FOUND) {
        cJSON_AddNullToObject(root, "recommended_bytes");
        return;
    }
    json_add_integer(root, "recommended_bytes", fit_recommended_bytes(search->full_speed_bytes));
}

static cJSON *fit_object(const struct fit *fit)
{
    const struct fit_search search = fit_search(fit->attempts, fit->count);
    const struct measurement *m = fit->unlimited;
    cJSON *root = cJSON_CreateObject();
    json_add_integer(root, "schema_version", FIT_SCHEMA_VERSION);
    json_add_text(root, "label", fit->label);
    json_add_text(root, "started_at", m ? m->started_at : NULL);
    json_add_text(root, "commit", m ? m->commit : NULL);
    json_add_text(root, "command", m ? m->build.command : NULL);
    json_add_text(root, "verdict", fit_verdict_name(fit_verdict_of(fit)));
    json_add_text(root, "unfinished", fit->unfinished);
    json_add_integer(root, "exit_code", fit_exit_status(fit));
    json_add_integer(root, "resolution_percent", lround(100 * FIT_RESOLUTION));
    json_add_measured(root, "failing_bytes", search.failing_bytes);
    json_add_measured(root, "passing_bytes", search.passing_bytes);
    json_add_measured(root, "passing_ms", search.passing_ms);
    json_add_measured(root, "full_speed_bytes", search.full_speed_bytes);
    json_add_measured(root, "full_speed_ms", search.full_speed_ms);
    add_recommendation(root, &search);
    cJSON *attempts = json_add_array(root, "attempts");
    for (size_t i = 0; i < fit->count; i++)
        add_attempt(attempts, &fit->attempts[i]);
    add_environment(root, m);
    return root;
}

char *fit_to_json(const struct fit *fit)
{
    cJSON *root CLEANUP(cleanup_cjson) = fit_object(fit);
    return json_print(root, 1);
}

char *fit_to_line(const struct fit *fit)
{
    cJSON *root CLEANUP(cleanup_cjson) = fit_object(fit);
    return json_print_line(root);
}
