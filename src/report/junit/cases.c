#include "report/junit/cases.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"
#include "measurement/metric.h"
#include "report/junit/facts.h"
#include "report/wording.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct junit_case *add_case(struct junit_cases *cases, const char *classname,
                                   const char *name)
{
    cases->items = xgrow(cases->items, cases->count, sizeof *cases->items);
    struct junit_case *item = &cases->items[cases->count++];
    *item = (struct junit_case){.classname = classname, .name = xstrdup(name)};
    return item;
}

/* Takes over `message`. */
static void set_outcome(struct junit_case *item, enum outcome outcome, const char *type,
                        char *message)
{
    item->outcome = outcome;
    item->type = type;
    item->message = message;
}

/* Facts are written line by line into the case's own text. No case may be added before the stream
 * is closed: it holds the case's address. */
static FILE *open_facts(struct junit_case *item)
{
    return xmemstream_open(&item->facts, &item->facts_length);
}

static void put_notes(FILE *out, const struct judgement *judgement)
{
    for (size_t i = 0; i < judgement->notes.count; i++)
        facts_put_text(out, "note:", judgement->notes.items[i]);
}

static void put_advice(FILE *out, const struct judgement *judgement)
{
    if (judgement->advice)
        fprintf(out, "next: %s\n", judgement->advice);
}

/* What verify says of the exit status, where it is not content; or NULL. */
static const struct verify_check *failed_exit_check(const struct measurement *m)
{
    for (size_t i = 0; i < m->check_count; i++)
        if (!m->checks[i].path && m->checks[i].required && !m->checks[i].ok)
            return &m->checks[i];
    return NULL;
}

static void judge_build(struct junit_case *item, const struct measurement *m)
{
    char *end CLEANUP(cleanup_free) = format_build_end(&m->build);
    const struct verify_check *failed = failed_exit_check(m);
    if (!build_ended_well(&m->build))
        set_outcome(item, OUTCOME_ERROR,
                    m->build.oom_killed  ? "oom"
                    : m->build.timed_out ? "timed-out"
                                         : "build-failed",
                    xasprintf("the build failed: %s", end));
    else if (m->not_measured)
        set_outcome(item, OUTCOME_ERROR, "not-measured",
                    xasprintf("the build could not be measured: %s", m->not_measured));
    else if (failed)
        set_outcome(item, OUTCOME_ERROR, "build-failed",
                    xasprintf("%s: %s", failed->check, failed->detail ? failed->detail : ""));
}

static void add_build(struct junit_cases *cases, const struct measurement *m,
                      const struct judgement *judgement)
{
    struct junit_case *item = add_case(cases, "build-mem.build", "build");
    if (m->build.duration_ms > 0)
        item->time_ms = m->build.duration_ms;
    judge_build(item, m);

    char *end CLEANUP(cleanup_free) = format_build_end(&m->build);
    char *duration CLEANUP(cleanup_free) = format_duration(m->build.duration_ms);
    FILE *out = open_facts(item);
    facts_put_text(out, "command:      ", m->build.command);
    fprintf(out, "end:           %s\n", end);
    fprintf(out, "duration:      %s\n", duration);
    facts_put_memory_peak(out, m);
    if (item->outcome == OUTCOME_ERROR) {
        facts_put_processes(out, &m->peak.at_peak);
        put_notes(out, judgement);
        put_advice(out, judgement);
    }
    xmemstream_close(out);
}

static void add_artifact(struct junit_cases *cases, const struct verify_check *check,
                         const struct judgement *judgement)
{
    struct junit_case *item = add_case(cases, "build-mem.artifact", check->path);
    const char *detail = check->detail ? check->detail : "";
    if (!check->ok && check->required)
        set_outcome(item, OUTCOME_ERROR, "artifact",
                    xasprintf("required artifact %s: %s", check->path, detail));
    else if (!check->ok)
        set_outcome(item, OUTCOME_SKIPPED, "artifact",
                    xasprintf("informative artifact %s: %s", check->path, detail));

    FILE *out = open_facts(item);
    facts_put_text(out, "artifact:     ", check->path);
    facts_put_text(out, "it is:        ", check->required ? "required" : "informative");
    facts_put_text(out, "found:        ", detail);
    if (item->outcome == OUTCOME_ERROR)
        put_advice(out, judgement);
    xmemstream_close(out);
}

static void add_artifacts(struct junit_cases *cases, const struct measurement *m,
                          const struct judgement *judgement)
{
    for (size_t i = 0; i < m->check_count; i++)
        if (m->checks[i].path)
            add_artifact(cases, &m->checks[i], judgement);
}

static void write_check_facts(struct junit_case *item, const struct finding *check,
                              const struct measurement *m, const struct judgement *judgement)
{
    FILE *out = open_facts(item);
    if (item->outcome == OUTCOME_PASSED &&
        (check->status == FINDING_WARNED || check->status == FINDING_MISSING))
        fprintf(out, "warning: %s\n", check->message ? check->message : check->metric);
    else if (check->message)
        fprintf(out, "%s\n", check->message);
    facts_put_check(out, check, m, judgement);
    bool headline = strcmp(check->metric, METRIC_CGROUP_PEAK) == 0;
    if (headline)
        facts_put_memory_peak(out, m);
    if (headline || item->outcome != OUTCOME_PASSED)
        put_notes(out, judgement);
    facts_put_processes(out, metric_snapshot(m, check->metric));
    if (item->outcome != OUTCOME_PASSED)
        put_advice(out, judgement);
    xmemstream_close(out);
}

static bool fails_the_gate(enum verdict verdict)
{
    return verdict == VERDICT_REGRESSED || verdict == VERDICT_OVER_LIMIT;
}

/* Whether the check is what the gate failed on. A metric that has gone fails it at level warn too;
 * a new one does where the verdict says so. */
static bool check_fails(const struct finding *check, const struct judgement *judgement)
{
    if (check->level == LEVEL_OFF)
        return false;
    if (check->status == FINDING_MISSING)
        return has_gone(check) ||
               (check->level == LEVEL_FAIL && fails_the_gate(judgement->verdict));
    return check->status == FINDING_FAILED;
}

static const char *failure_type(const struct finding *check)
{
    if (check->status == FINDING_MISSING)
        return "missing";
    return check->over_budget ? "over-limit" : "regressed";
}

static void judge_check(struct junit_case *item, const struct finding *check,
                        const struct judgement *judgement)
{
    char *message = check->message
                        ? xstrdup(check->message)
                        : xasprintf("%s: %s", check->metric, finding_status_name(check->status));
    if (check->status == FINDING_MISSING && !was_compared(judgement))
        set_outcome(item, OUTCOME_SKIPPED, "not-compared", message);
    else if (!check_fails(check, judgement))
        free(message);
    else if (judgement->verdict == VERDICT_INCONCLUSIVE)
        set_outcome(item, OUTCOME_ERROR, "inconclusive", message);
    else
        set_outcome(item, OUTCOME_FAILED, failure_type(check), message);
}

static void add_check(struct junit_cases *cases, const struct finding *check,
                      const struct measurement *m, const struct judgement *judgement)
{
    struct junit_case *item = add_case(cases, "build-mem.memory", check->metric);
    judge_check(item, check, judgement);
    write_check_facts(item, check, m, judgement);
}

/* A metric that nobody judged: it is there to be seen. Takes over nothing. */
static struct junit_case *add_unjudged(struct junit_cases *cases, const char *metric,
                                       int64_t figure, const struct measurement *m)
{
    struct junit_case *item = add_case(cases, "build-mem.memory", metric);
    if (m->not_measured)
        set_outcome(item, OUTCOME_SKIPPED, "not-measured",
                    xasprintf("not measured: %s", m->not_measured));
    else if (figure < 0)
        set_outcome(item, OUTCOME_SKIPPED, "not-measured",
                    xstrdup(metric_is_shown(m, metric)  ? "this stage was seen, but not measured"
                            : metric_stage_name(metric) ? "this stage was not seen in the build"
                                                        : "there is no figure for it"));
    return item;
}

static void add_memory_peak(struct junit_cases *cases, const struct measurement *m,
                            const struct judgement *judgement)
{
    const struct finding *check = find_check(judgement, METRIC_CGROUP_PEAK);
    if (check) {
        add_check(cases, check, m, judgement);
        return;
    }
    struct junit_case *item = add_unjudged(cases, METRIC_CGROUP_PEAK, m->peak.cgroup_bytes, m);
    FILE *out = open_facts(item);
    fputs("not judged: compared with no baseline\n", out);
    facts_put_metric(out, METRIC_CGROUP_PEAK, m);
    facts_put_memory_peak(out, m);
    facts_put_processes(out, metric_snapshot(m, METRIC_CGROUP_PEAK));
    xmemstream_close(out);
}

static void add_stage(struct junit_cases *cases, const struct stage_measurement *stage,
                      const struct measurement *m, const struct judgement *judgement)
{
    char *metric CLEANUP(cleanup_free) = xasprintf(METRIC_STAGE_PREFIX "%s", stage->name);
    struct junit_case *item = add_unjudged(cases, metric, metric_value(m, metric), m);
    char *span CLEANUP(cleanup_free) = format_span(stage->first_ms, stage->last_ms);
    FILE *out = open_facts(item);
    fputs(was_compared(judgement) ? "not judged: it was not measured, and is not in the baseline\n"
                                  : "not judged: compared with no baseline\n",
          out);
    facts_put_metric(out, metric, m);
    facts_put_bytes(out, "PSS peak:     ", stage->pss_peak_bytes);
    facts_put_bytes(out, stage->cgroup_peak_exact ? "cgroup peak:  " : "cgroup peak, at least:",
                    stage->cgroup_peak_bytes);
    fprintf(out, "seen:          %s\n", span);
    facts_put_processes(out, metric_snapshot(m, metric));
    xmemstream_close(out);
}

/* Metrics other than the headline, which has been added. What is switched off is no case of its
 * own, but a stage is always one. */
static void add_other_metrics(struct junit_cases *cases, const struct measurement *m,
                              const struct judgement *judgement)
{
    for (size_t i = 0; i < m->stage_count; i++) {
        char *metric CLEANUP(cleanup_free) = xasprintf(METRIC_STAGE_PREFIX "%s", m->stages[i].name);
        if (!find_check(judgement, metric))
            add_stage(cases, &m->stages[i], m, judgement);
    }
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct finding *check = &judgement->findings[i];
        bool shown = check->status != FINDING_OFF || metric_stage_name(check->metric);
        if (shown && strcmp(check->metric, METRIC_CGROUP_PEAK) != 0)
            add_check(cases, check, m, judgement);
    }
}

/* A case for what no other case can say: the gate could not judge, or failed as a whole. */
static void add_gate(struct junit_cases *cases, const struct judgement *judgement)
{
    enum verdict verdict = judgement->verdict;
    bool unjudged = verdict == VERDICT_NO_BASELINE || verdict == VERDICT_NOT_COMPARABLE ||
                    verdict == VERDICT_INCONCLUSIVE;
    bool good = verdict == VERDICT_PASS || verdict == VERDICT_IMPROVED;
    bool carried =
        junit_cases_count(cases, OUTCOME_FAILED) || junit_cases_count(cases, OUTCOME_ERROR);
    if (good || (carried && !unjudged))
        return;
    struct junit_case *item = add_case(cases, "build-mem.gate", "verdict");
    const char *reason = judgement->reason ? judgement->reason : "no reason was given";
    set_outcome(item, fails_the_gate(verdict) ? OUTCOME_FAILED : OUTCOME_ERROR,
                verdict_name(verdict), xasprintf("%s: %s", verdict_name(verdict), reason));
    FILE *out = open_facts(item);
    fprintf(out, "verdict:       %s\n", verdict_name(verdict));
    fprintf(out, "reason:        %s\n", reason);
    if (judgement->baseline_path)
        fprintf(out, "baseline:      %s\n", judgement->baseline_path);
    put_notes(out, judgement);
    put_advice(out, judgement);
    xmemstream_close(out);
}

void junit_cases_collect(struct junit_cases *cases, const struct measurement *m,
                         const struct judgement *judgement)
{
    *cases = (struct junit_cases){0};
    add_build(cases, m, judgement);
    add_artifacts(cases, m, judgement);
    add_memory_peak(cases, m, judgement);
    add_other_metrics(cases, m, judgement);
    add_gate(cases, judgement);
}

void junit_cases_release(struct junit_cases *cases)
{
    for (size_t i = 0; i < cases->count; i++) {
        free(cases->items[i].name);
        free(cases->items[i].message);
        free(cases->items[i].facts);
    }
    free(cases->items);
    *cases = (struct junit_cases){0};
}

size_t junit_cases_count(const struct junit_cases *cases, enum outcome outcome)
{
    size_t count = 0;
    for (size_t i = 0; i < cases->count; i++)
        count += cases->items[i].outcome == outcome;
    return count;
}
