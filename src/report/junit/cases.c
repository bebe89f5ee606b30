#include "report/junit/cases.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"
#include "measurement/cause.h"
#include "measurement/metric.h"
#include "measurement/validity.h"
#include "report/wording.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TOP_PROCESSES 10

/* ---- facts: lines of a case's text ---- */

static void put_fact(FILE *out, const char *name, const char *text)
{
    char *line CLEANUP(cleanup_free) = text_one_line(text ? text : "n/a");
    fprintf(out, "%s %s\n", name, line);
}

static void put_bytes(FILE *out, const char *name, int64_t bytes)
{
    char *size CLEANUP(cleanup_free) = format_bytes(bytes);
    if (bytes >= 0)
        fprintf(out, "%s %s (%" PRId64 " bytes)\n", name, size, bytes);
    else
        fprintf(out, "%s n/a\n", name);
}

/* Writes the largest process groups; nothing without a snapshot. */
static void put_processes(FILE *out, const struct snapshot *snapshot)
{
    if (!snapshot || !snapshot->count)
        return;
    char *at CLEANUP(cleanup_free) = format_duration(snapshot->at_ms);
    char *sum CLEANUP(cleanup_free) = format_bytes(snapshot->pss_bytes);
    fprintf(out, "processes:     %s of PSS at %s\n", sum, at);
    size_t count;
    struct process_group *groups CLEANUP(cleanup_free) = snapshot_groups(snapshot, &count);
    for (size_t i = 0; i < count && i < TOP_PROCESSES; i++) {
        char *name CLEANUP(cleanup_free) = format_group(&groups[i]);
        char *pss CLEANUP(cleanup_free) = format_bytes(groups[i].pss_bytes);
        fprintf(out, "process:       %s, %s\n", name, pss);
    }
    if (count > TOP_PROCESSES)
        fprintf(out, "more:          %zu\n", count - TOP_PROCESSES);
}

static void put_memory_peak(FILE *out, const struct measurement *m)
{
    const struct peak *peak = &m->peak;
    put_bytes(out, "peak:         ", peak->cgroup_bytes);
    put_fact(out, "source:       ", peak->source);
    if (peak->limit_bytes >= 0)
        put_bytes(out, "memory limit: ", peak->limit_bytes);
    else
        fputs("memory limit:  none\n", out);
    put_bytes(out, "unreclaimable:", peak->unreclaimable_bytes);
    if (m->pressure.swap_peak_bytes > 0)
        put_bytes(out, "swapped out:  ", m->pressure.swap_peak_bytes);
    char *composition CLEANUP(cleanup_free) = format_composition(&peak->composition);
    if (composition)
        fprintf(out, "made of:       %s\n", composition);
    if (peak->shared) {
        put_bytes(out, "at the start: ", peak->at_start_bytes);
        fprintf(out, "note:          %s\n", at_start_note(peak));
    }
    char *estimated CLEANUP(cleanup_free) = format_estimated(m);
    char *inner_oom CLEANUP(cleanup_free) = format_inner_oom(m);
    if (inner_oom)
        put_fact(out, "note:         ", inner_oom);
    char *at_limit CLEANUP(cleanup_free) = format_at_limit(m);
    char *cached CLEANUP(cleanup_free) = format_cached_steps(m);
    const char *notes[] = {at_limit, cached, estimated};
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
        if (notes[i])
            fprintf(out, "note:          %s\n", notes[i]);
    if (m->not_measured)
        put_fact(out, "not measured: ", m->not_measured);
}

static void put_figure(FILE *out, const char *name, const char *unit, int64_t figure,
                       const char *note)
{
    char *text CLEANUP(cleanup_free) = format_figure(unit, figure);
    if (figure >= 0)
        fprintf(out, "%s %s (%" PRId64 " %s)%s\n", name, text, figure, unit, note);
    else
        fprintf(out, "%s n/a\n", name);
}

static void put_change(FILE *out, const struct finding *finding)
{
    if (finding->baseline < 0 || finding->actual < 0)
        return;
    char *delta CLEANUP(cleanup_free) = format_delta(finding->unit, finding->delta);
    char *percent CLEANUP(cleanup_free) = format_percent(finding->baseline, finding->actual);
    fprintf(out, "delta:         %s%s%s\n", delta, *percent ? ", " : "", percent);
}

static void put_runs(FILE *out, const struct finding *finding)
{
    fputs("runs:         ", out);
    for (size_t i = 0; i < finding->value_count; i++) {
        char *value CLEANUP(cleanup_free) = format_figure(finding->unit, finding->values[i]);
        fprintf(out, "%s %s (%" PRId64 " %s)", i ? "," : "", value, finding->values[i],
                finding->unit);
    }
    fputs(finding->value_count ? "\n" : " none\n", out);
}

static void put_metric(FILE *out, const char *metric, const struct measurement *m)
{
    char *what CLEANUP(cleanup_free) = format_metric(metric, m);
    put_fact(out, "metric:       ", metric);
    put_fact(out, "description:  ", what);
    const char *stage = metric_stage(metric);
    if (!stage && strcmp(metric, "duration") != 0)
        stage = m->peak.stage;
    if (stage)
        put_fact(out, "stage:        ", stage);
}

/* The largest process of the deep run. */
static void put_deep(FILE *out, const struct measurement *m)
{
    char *line CLEANUP(cleanup_free) =
        m->deep && m->deep->count ? format_runtime(&m->deep->processes[0]) : NULL;
    if (line)
        put_fact(out, "deep run:     ", line);
}

/* Writes the metric, baseline, actual value, delta, allowed value, each run, largest processes. */
static void put_finding(FILE *out, const struct finding *finding, const struct measurement *m,
                        const struct judgement *judgement)
{
    put_metric(out, finding->metric, m);
    char *from CLEANUP(cleanup_free) =
        judgement->base_commit
            ? xasprintf(", median of the runs of the merge base %.12s", judgement->base_commit)
        : judgement->baseline_path
            ? xasprintf(", median of the accepted runs in %s", judgement->baseline_path)
            : xstrdup("");
    put_figure(out, "baseline:     ", finding->unit, finding->baseline, from);
    put_figure(out, "actual:       ", finding->unit, finding->actual,
               finding->value_count > 1 ? ", median of the runs" : "");
    put_change(out, finding);
    put_figure(out, "allowed:      ", finding->unit, finding->allowed, "");
    char *headroom CLEANUP(cleanup_free) = format_headroom(finding);
    if (headroom)
        put_figure(out, "budget:       ", finding->unit, finding->budget, "");
    if (headroom)
        put_fact(out, "headroom:     ", headroom);
    fprintf(out, "level:         %s\n",
            finding->status == FINDING_OFF ? "off (reported only)" : level_name(finding->level));
    put_runs(out, finding);
    if (finding->largest)
        put_fact(out, "largest:      ", finding->largest);
    char *inside CLEANUP(cleanup_free) = metric_inside(m, finding->metric);
    if (inside && finding->status == FINDING_FAILED)
        put_fact(out, "inside:       ", inside);
    if (strcmp(finding->unit, "bytes") == 0 && finding->status == FINDING_FAILED)
        put_deep(out, m);
}

/* ---- cases ---- */

static struct junit_case *add_case(struct junit_cases *cases, const char *classname,
                                   const char *name)
{
    cases->items = xgrow(cases->items, cases->count, sizeof *cases->items);
    struct junit_case *item = &cases->items[cases->count++];
    *item = (struct junit_case){.classname = classname, .name = xstrdup(name)};
    return item;
}

/* Takes ownership of `message`. */
static void set_outcome(struct junit_case *item, enum outcome outcome, const char *type,
                        char *message)
{
    item->outcome = outcome;
    item->type = type;
    item->message = message;
}

/* Opens a stream to the text of the case. It holds the address of the case: close it before another
 * case is added. */
static FILE *open_facts(struct junit_case *item)
{
    return xmemstream_open(&item->facts, &item->facts_length);
}

static void put_notes(FILE *out, const struct judgement *judgement)
{
    for (size_t i = 0; i < judgement->notes.count; i++)
        put_fact(out, "note:         ", judgement->notes.items[i]);
}

static void put_advice(FILE *out, const struct judgement *judgement)
{
    if (judgement->advice)
        fprintf(out, "advice:        %s\n", judgement->advice);
}

/* Returns the failed check of the exit status, or NULL. */
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
    char *killed CLEANUP(cleanup_free) = killed_process_text(m);
    const struct verify_check *failed = failed_exit_check(m);
    bool ended =
        m->build.exit_code >= 0 || m->build.signal > 0 || m->build.oom_killed || m->build.timed_out;
    if (!build_ended_well(&m->build) && (ended || !m->not_measured))
        set_outcome(item, OUTCOME_ERROR,
                    m->build.oom_killed    ? "oom"
                    : m->build.guard.ended ? "guard"
                    : m->build.timed_out   ? "timed-out"
                                           : "build-failed",
                    xasprintf("the build failed: %s%s%s", end, killed ? "; the kernel killed " : "",
                              killed ? killed : ""));
    else if (m->not_measured)
        set_outcome(item, OUTCOME_ERROR, "not-measured",
                    xasprintf("the build could not be measured: %s", m->not_measured));
    else if (failed)
        set_outcome(item, OUTCOME_ERROR, "build-failed",
                    xasprintf("%s: %s", failed->check, failed->detail ? failed->detail : ""));
}

/* The reason of the verdict has it as a sentence. */
static void put_cause(FILE *out, const struct measurement *m)
{
    enum failure_cause cause = failure_cause(m);
    if (cause == CAUSE_UNKNOWN)
        return;
    put_fact(out, "cause:        ", failure_cause_name(cause));
    if (cause_is_logged(cause))
        put_fact(out, "log:          ", m->log_cause.line);
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
    put_fact(out, "command:      ", m->build.command);
    fprintf(out, "end:           %s\n", end);
    fprintf(out, "duration:      %s\n", duration);
    put_memory_peak(out, m);
    if (item->outcome == OUTCOME_ERROR) {
        put_cause(out, m);
        put_processes(out, &m->peak.at_peak);
        char *inside CLEANUP(cleanup_free) = format_inside(m);
        if (inside)
            put_fact(out, "inside:       ", inside);
        put_deep(out, m);
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
                    xasprintf("optional artifact %s: %s", check->path, detail));

    FILE *out = open_facts(item);
    put_fact(out, "artifact:     ", check->path);
    put_fact(out, "required:     ", check->required ? "yes" : "no");
    put_fact(out, "found:        ", detail);
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

static void write_finding_facts(struct junit_case *item, const struct finding *finding,
                                const struct measurement *m, const struct judgement *judgement)
{
    FILE *out = open_facts(item);
    if (item->outcome == OUTCOME_PASSED &&
        (finding->status == FINDING_WARNED || finding->status == FINDING_MISSING))
        fprintf(out, "warning: %s\n", finding->message ? finding->message : finding->metric);
    else if (finding->message)
        fprintf(out, "%s\n", finding->message);
    put_finding(out, finding, m, judgement);
    bool is_memory_peak = strcmp(finding->metric, METRIC_CGROUP_PEAK) == 0;
    if (is_memory_peak)
        put_memory_peak(out, m);
    if (is_memory_peak || item->outcome != OUTCOME_PASSED)
        put_notes(out, judgement);
    put_processes(out, metric_snapshot(m, finding->metric));
    if (item->outcome != OUTCOME_PASSED)
        put_advice(out, judgement);
    xmemstream_close(out);
}

static bool fails_the_gate(enum verdict verdict)
{
    return verdict == VERDICT_REGRESSED || verdict == VERDICT_OVER_LIMIT;
}

/* Whether the gate failed on this finding. A metric that is gone fails it at level warn, too; a new
 * one fails it if the verdict is a failure. */
static bool finding_fails(const struct finding *finding, const struct judgement *judgement)
{
    if (finding->level == LEVEL_OFF)
        return false;
    if (finding->status == FINDING_MISSING)
        return has_gone(finding) ||
               (finding->level == LEVEL_FAIL && fails_the_gate(judgement->verdict));
    return finding->status == FINDING_FAILED;
}

static const char *failure_type(const struct finding *finding)
{
    if (finding->status == FINDING_MISSING)
        return "missing";
    return finding->over_budget ? "over-limit" : "regressed";
}

static void judge_finding(struct junit_case *item, const struct finding *finding,
                          const struct judgement *judgement)
{
    char *message = finding->message ? xstrdup(finding->message)
                                     : xasprintf("%s: %s", finding->metric,
                                                 finding_status_name(finding->status));
    if (finding->status == FINDING_MISSING && !was_compared(judgement))
        set_outcome(item, OUTCOME_SKIPPED, "not-compared", message);
    else if (!finding_fails(finding, judgement))
        free(message);
    else if (judgement->verdict == VERDICT_INCONCLUSIVE)
        set_outcome(item, OUTCOME_ERROR, "inconclusive", message);
    else
        set_outcome(item, OUTCOME_FAILED, failure_type(finding), message);
}

static void add_finding(struct junit_cases *cases, const struct finding *finding,
                        const struct measurement *m, const struct judgement *judgement)
{
    struct junit_case *item = add_case(cases, "build-mem.memory", finding->metric);
    judge_finding(item, finding, judgement);
    write_finding_facts(item, finding, m, judgement);
}

/* Adds a metric that was not judged, for information. */
static struct junit_case *add_unjudged(struct junit_cases *cases, const char *metric,
                                       int64_t figure, const struct measurement *m)
{
    struct junit_case *item = add_case(cases, "build-mem.memory", metric);
    if (m->not_measured)
        set_outcome(item, OUTCOME_SKIPPED, "not-measured",
                    xasprintf("not measured: %s", m->not_measured));
    else if (outside_cpu_ms(m) >= 0)
        set_outcome(item, OUTCOME_SKIPPED, "not-measured",
                    xstrdup("not measured: outside daemons did the work of the build"));
    else if (figure < 0)
        set_outcome(item, OUTCOME_SKIPPED, "not-measured",
                    xstrdup(run_has_metric(m, metric) ? "the stage was seen but not measured"
                            : metric_stage(metric)    ? "the stage was not seen"
                                                      : "not measured"));
    return item;
}

static void add_memory_peak(struct junit_cases *cases, const struct measurement *m,
                            const struct judgement *judgement)
{
    const struct finding *finding = find_finding(judgement, METRIC_CGROUP_PEAK);
    if (finding) {
        add_finding(cases, finding, m, judgement);
        return;
    }
    struct junit_case *item = add_unjudged(cases, METRIC_CGROUP_PEAK, m->peak.cgroup_bytes, m);
    FILE *out = open_facts(item);
    fputs("not judged: there is no baseline\n", out);
    put_metric(out, METRIC_CGROUP_PEAK, m);
    put_memory_peak(out, m);
    put_notes(out, judgement);
    put_processes(out, metric_snapshot(m, METRIC_CGROUP_PEAK));
    xmemstream_close(out);
}

static void add_stage(struct junit_cases *cases, const struct stage_measurement *stage,
                      const struct measurement *m, const struct judgement *judgement)
{
    char *metric CLEANUP(cleanup_free) = xasprintf(METRIC_STAGE_PREFIX "%s", stage->name);
    struct junit_case *item = add_unjudged(cases, metric, metric_value(m, metric), m);
    char *span CLEANUP(cleanup_free) = format_span(stage->first_ms, stage->last_ms);
    FILE *out = open_facts(item);
    fputs(was_compared(judgement) ? "not judged: not measured, and not in the baseline\n"
                                  : "not judged: there is no baseline\n",
          out);
    put_metric(out, metric, m);
    put_bytes(out, "PSS peak:     ", stage->pss_peak_bytes);
    put_bytes(out, "PSS of all:   ", stage->all_pss_peak_bytes);
    put_bytes(out, stage->cgroup_peak_exact ? "cgroup peak:  " : "cgroup peak, at least:",
              stage->cgroup_peak_bytes);
    fprintf(out, "seen:          %s\n", span);
    put_processes(out, metric_snapshot(m, metric));
    xmemstream_close(out);
}

/* Adds the metrics other than the memory peak. A metric at level off has no case, unless it is a
 * stage. */
static void add_other_metrics(struct junit_cases *cases, const struct measurement *m,
                              const struct judgement *judgement)
{
    for (size_t i = 0; i < m->stage_count; i++) {
        char *metric CLEANUP(cleanup_free) = xasprintf(METRIC_STAGE_PREFIX "%s", m->stages[i].name);
        if (!find_finding(judgement, metric))
            add_stage(cases, &m->stages[i], m, judgement);
    }
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct finding *finding = &judgement->findings[i];
        bool shown = finding->status != FINDING_OFF || metric_pss_stage(finding->metric);
        if (shown && strcmp(finding->metric, METRIC_CGROUP_PEAK) != 0)
            add_finding(cases, finding, m, judgement);
    }
}

/* Adds a case if the gate could not judge, or failed and no other case shows it. */
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
    const char *reason = judgement->reason ? judgement->reason : "no reason is known";
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
