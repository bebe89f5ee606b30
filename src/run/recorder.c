#include "run/recorder.h"

#include "base/alloc.h"
#include "base/strv.h"
#include "base/text.h"
#include "base/trace.h"
#include "base/units.h"
#include "baseline/tolerance.h"
#include "engine/step_log.h"
#include "measurement/cause.h"
#include "run/output.h"
#include "run/terminal.h"
#include "wire/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A step of an image build. */
struct recorded_step {
    int64_t stage;
    char *cgroup;
    char *command; /* a command line of its processes; NULL: none yet */
    bool named;
};

/* A sample whose stage has no name yet, or that follows one. */
struct held_sample {
    struct sample row;
    int64_t stage;
};

struct recorder {
    const struct config *config;
    struct measurement *m;
    struct workspace_start *start;
    struct aggregate *aggregate;
    struct series *series;
    struct timeline_csv *timeline;
    struct process_series *process_series;
    char *processes_path;
    struct ledger *ledger;
    char *ledger_path;
    struct terminal *terminal;
    struct progress progress;
    const struct baseline *baseline; /* or NULL */
    struct step_log *step_log;       /* NULL: the stages are not steps of an image build */
    struct recorded_step *steps;
    size_t step_count;
    int64_t snapshot_stage; /* of the own processes that arrive; -1: of all processes */
    struct held_sample *held;
    size_t held_count;
    bool started;
    char tail[2 * LOG_TAIL_BYTES]; /* the end of the output */
    size_t tail_length;
    int log;       /* build-LABEL.log */
    int log_errno; /* of the first write to the log that failed; 0: none */
};

static void write_log(struct recorder *recorder, const char *bytes, size_t length)
{
    while (length && !recorder->log_errno) {
        ssize_t put = write(recorder->log, bytes, length);
        if (put < 0 && errno != EINTR)
            recorder->log_errno = errno;
        if (put > 0) {
            bytes += put;
            length -= (size_t)put;
        }
    }
}

/* Keeps at least the last LOG_TAIL_BYTES of the output. */
static void keep_tail(struct recorder *recorder, const char *bytes, size_t length)
{
    size_t put = length < LOG_TAIL_BYTES ? length : LOG_TAIL_BYTES;
    if (recorder->tail_length + put > sizeof recorder->tail) {
        memmove(recorder->tail, recorder->tail + recorder->tail_length - LOG_TAIL_BYTES,
                LOG_TAIL_BYTES);
        recorder->tail_length = LOG_TAIL_BYTES;
    }
    memcpy(recorder->tail + recorder->tail_length, bytes + length - put, put);
    recorder->tail_length += put;
}

/* ---- the steps of an image build ---- */

static bool is_named(const struct recorder *recorder, int64_t stage)
{
    for (size_t i = 0; i < recorder->step_count; i++)
        if (recorder->steps[i].stage == stage)
            return recorder->steps[i].named;
    return true;
}

/* Writes the samples whose stages have names by now, or all. */
static void write_held(struct recorder *recorder, bool all)
{
    size_t count = 0;
    while (count < recorder->held_count &&
           (all || is_named(recorder, recorder->held[count].stage))) {
        const struct held_sample *held = &recorder->held[count++];
        const char *stage = aggregate_stage_name(recorder->aggregate, held->stage);
        series_add(recorder->series, &held->row, stage);
        timeline_csv_add(recorder->timeline, &held->row, stage);
    }
    recorder->held_count -= count;
    if (count)
        memmove(recorder->held, recorder->held + count,
                recorder->held_count * sizeof *recorder->held);
}

static struct recorded_step *unnamed_step(const struct recorder *recorder, int64_t stage)
{
    for (size_t i = 0; i < recorder->step_count; i++)
        if (recorder->steps[i].stage == stage && !recorder->steps[i].named)
            return &recorder->steps[i];
    return NULL;
}

static void name_step(struct recorder *recorder, struct recorded_step *step, const char *name)
{
    if (!name)
        return;
    step->named = true;
    trace("steps: %s runs in %s", name, step->cgroup);
    aggregate_name_stage(recorder->aggregate, step->stage, name);
}

/* The output of the builder can arrive before or after the cgroup of its step. */
static void name_steps(struct recorder *recorder, bool complete)
{
    struct recorded_step *unnamed = NULL;
    size_t count = 0;
    for (size_t i = 0; i < recorder->step_count; i++) {
        struct recorded_step *step = &recorder->steps[i];
        if (!step->named)
            name_step(recorder, step,
                      step_log_take(recorder->step_log, step->cgroup,
                                    step->command ? step->command : ""));
        if (!step->named) {
            unnamed = step;
            count++;
        }
    }
    if (count == 1)
        name_step(recorder, unnamed, step_log_take_only(recorder->step_log, complete));
    write_held(recorder, complete);
}

/* A step without a name needs the command line of a process to get one. */
static void take_own_process(struct recorder *recorder, const struct wire_record *record)
{
    if (record->type == WIRE_SNAPSHOT)
        recorder->snapshot_stage =
            record->snapshot.gauge == WIRE_GAUGE_OWN_PROCESSES ? record->snapshot.stage : -1;
    struct recorded_step *step =
        record->type == WIRE_PROCESS ? unnamed_step(recorder, recorder->snapshot_stage) : NULL;
    if (!step)
        return;
    free(step->command);
    step->command = xstrdup(record->process.command);
    name_steps(recorder, false);
}

static void take_step(struct recorder *recorder, const struct wire_step *step)
{
    if (!recorder->step_log || step->ended || recorder->step_count == STEPS_MAX)
        return;
    recorder->steps = xgrow(recorder->steps, recorder->step_count, sizeof *recorder->steps);
    recorder->steps[recorder->step_count++] =
        (struct recorded_step){.stage = step->stage, .cgroup = xstrdup(step->cgroup)};
    name_steps(recorder, false);
}

static void release_steps(struct recorder *recorder)
{
    for (size_t i = 0; i < recorder->step_count; i++) {
        free(recorder->steps[i].cgroup);
        free(recorder->steps[i].command);
    }
    free(recorder->steps);
    free(recorder->held);
    step_log_free(recorder->step_log);
}

/* ---- the records ---- */

static void record_sample(struct recorder *recorder, const struct wire_sample *sample)
{
    struct progress *progress = &recorder->progress;
    const char *stage = aggregate_stage_name(recorder->aggregate, sample->stage);
    const struct sample row = {.t_ms = sample->t_ms,
                               .cgroup_bytes = sample->cgroup_bytes,
                               .pss_bytes = sample->pss_bytes,
                               .anon_bytes = sample->anon_bytes,
                               .file_bytes = sample->file_bytes,
                               .shmem_bytes = sample->shmem_bytes,
                               .kernel_bytes = sample->kernel_bytes,
                               .processes = sample->processes};
    recorder->held = xgrow(recorder->held, recorder->held_count, sizeof *recorder->held);
    recorder->held[recorder->held_count++] =
        (struct held_sample){.row = row, .stage = sample->stage};
    write_held(recorder, false);
    progress->stage = stage;
    progress->elapsed_ms = sample->t_ms;
    progress->now_bytes = sample->cgroup_bytes;
    if (sample->cgroup_high_bytes > progress->peak_bytes)
        progress->peak_bytes = sample->cgroup_high_bytes;
    terminal_progress(recorder->terminal, progress);
}

static void trace_entry(const struct measurement *m, const struct baseline_environment *entry)
{
    if (!trace_is_on())
        return;
    const struct environment_key key = environment_key_of(m);
    char *text CLEANUP(cleanup_free) = environment_key_text(&key);
    if (entry)
        trace("baseline: entry for %s, accepted %s", text, entry->accepted_at);
    else
        trace("baseline: no entry for %s", text);
}

/* Sets the allowed value and the expected duration of the progress line, from the budget and from
 * the entry of the baseline for this environment. The probe's first record reports the environment.
 */
static void apply_baseline(struct recorder *recorder)
{
    struct progress *progress = &recorder->progress;
    const struct baseline_environment *entry = baseline_find(recorder->baseline, recorder->m);
    trace_entry(recorder->m, entry);
    int64_t budget = budgets_find(&recorder->baseline->budgets, METRIC_CGROUP_PEAK);
    if (budget >= 0 && (progress->allowed_bytes < 0 || budget < progress->allowed_bytes))
        progress->allowed_bytes = budget;
    if (!entry)
        return;
    const struct baseline_metric *peak = baseline_metric_find(entry, METRIC_CGROUP_PEAK);
    const struct baseline_metric *duration = baseline_metric_find(entry, METRIC_DURATION);
    if (peak && peak->tolerance.level == LEVEL_FAIL) {
        int64_t allowed = baseline_metric_allows(peak);
        if (progress->allowed_bytes < 0 || allowed < progress->allowed_bytes)
            progress->allowed_bytes = allowed;
    }
    if (duration)
        progress->expected_ms = median_of(duration->values, duration->count);
}

void recorder_pulling(void *context, int64_t elapsed_ms)
{
    struct recorder *recorder = context;
    char *image CLEANUP(cleanup_free) = text_one_line(recorder->config->image);
    char *what CLEANUP(cleanup_free) = xasprintf("pulling the image %s", image);
    terminal_waiting(recorder->terminal, what, elapsed_ms);
}

void recorder_take(void *context, const struct wire_record *record)
{
    struct recorder *recorder = context;
    workspace_watch_clock(recorder->start);
    if (record->type == WIRE_OUTPUT) {
        write_log(recorder, record->output.bytes, record->output.length);
        keep_tail(recorder, record->output.bytes, record->output.length);
        terminal_output(recorder->terminal, record->output.bytes, record->output.length);
        if (recorder->step_log) {
            step_log_add(recorder->step_log, record->output.stream, record->output.bytes,
                         record->output.length);
            name_steps(recorder, false);
        }
        return;
    }
    recorder->started = true;
    if (record->type == WIRE_PROCESS_SAMPLE)
        process_series_add(recorder->process_series, record->process_sample.t_ms,
                           record->process_sample.command, record->process_sample.pss_bytes,
                           record->process_sample.charged_bytes);
    aggregate_record(recorder->aggregate, record);
    if (record->type == WIRE_HELLO && record->hello.cgroup_seen_by == WIRE_MADE_BY_RUNNER)
        recorder->step_log = step_log_new();
    if (record->type == WIRE_STEP)
        take_step(recorder, &record->step);
    if (recorder->step_log)
        take_own_process(recorder, record);
    if (record->type == WIRE_HELLO && recorder->baseline)
        apply_baseline(recorder);
    if (record->type == WIRE_SAMPLE)
        record_sample(recorder, &record->sample);
}

struct ledger *recorder_ledger(const struct recorder *recorder)
{
    return recorder->ledger;
}

bool recorder_started(const struct recorder *recorder)
{
    return recorder->started;
}

static int open_log(const char *out, const char *label, struct bm_error *err)
{
    char *path CLEANUP(cleanup_free) = xasprintf("%s/build-%s.log", out, label);
    /* A previous build can have replaced the file: O_NOFOLLOW refuses a link, O_NONBLOCK a pipe
     * without a reader. */
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    return fd < 0 ? bm_error_errno(err, "%s", path) : fd;
}

struct recorder *recorder_open(const struct config *config, const struct baseline *baseline,
                               const char *out, const char *label, struct workspace_start *start,
                               struct measurement *m, struct series *series, struct bm_error *err)
{
    struct strv stages CLEANUP(strv_release) = {0};
    char *path CLEANUP(cleanup_free) = xasprintf("%s/timeline-%s.csv", out, label);
    int log = open_log(out, label, err);
    struct timeline_csv *timeline = log < 0 ? NULL : timeline_csv_open(path, err);
    if (!timeline) {
        if (log >= 0)
            close(log);
        return NULL;
    }
    for (size_t i = 0; i < config->stage_count; i++)
        strv_push(&stages, config->stages[i].name);
    struct recorder *recorder = xcalloc(1, sizeof *recorder);
    *recorder = (struct recorder){
        .config = config,
        .m = m,
        .start = start,
        .aggregate = aggregate_new(m, &stages),
        .series = series,
        .timeline = timeline,
        .process_series = process_series_new(),
        .processes_path = xasprintf("%s/processes-%s.csv", out, label),
        .ledger = ledger_new(),
        .ledger_path = xasprintf("%s/ledger-%s.csv", out, label),
        .terminal = terminal_open(config->quiet, config->timeout_ms > 0 ? config->timeout_ms : -1),
        .progress = {.now_bytes = UNMEASURED,
                     .peak_bytes = UNMEASURED,
                     .allowed_bytes = config->memory_limit_bytes,
                     .expected_ms = UNMEASURED},
        .baseline = baseline,
        .log = log,
    };
    for (size_t i = 0; i < config->process_count; i++)
        ledger_watch_for(recorder->ledger, config->processes[i].name, config->processes[i].match);
    for (size_t i = 0; i < config->stage_count; i++)
        ledger_watch_stage(recorder->ledger, config->stages[i].match);
    return recorder;
}

/* The ledger sees each program that is executed, so also a stage that ends between two scans. */
static void add_stages_of_ledger(struct recorder *recorder)
{
    for (size_t i = 0; i < recorder->config->stage_count; i++) {
        int64_t seen_ms[2];
        if (!ledger_stage_seen(recorder->ledger, i, &seen_ms[0], &seen_ms[1]))
            continue;
        for (size_t k = 0; k < 2; k++)
            aggregate_record(
                recorder->aggregate,
                &(struct wire_record){.type = WIRE_STAGE_SEEN,
                                      .stage_seen = {.t_ms = seen_ms[k], .stage = (int64_t)i}});
    }
}

void recorder_close(struct recorder *recorder)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    if (!recorder)
        return;
    struct measurement *m = recorder->m;
    workspace_watch_clock(recorder->start);
    terminal_close(recorder->terminal);
    add_stages_of_ledger(recorder);
    if (recorder->step_log) {
        name_steps(recorder, true);
        m->build.cached_steps = (int64_t)step_log_cached(recorder->step_log);
    }
    aggregate_finish(recorder->aggregate);
    process_series_finish(recorder->process_series, recorder->series);
    int failed = timeline_csv_close(recorder->timeline, &err);
    char *out CLEANUP(cleanup_free) = failed ? NULL : output_make(recorder->config, &err);
    failed = out ? 0 : -1;
    if (!failed)
        failed = processes_csv_write(recorder->series, recorder->processes_path, &err);
    ledger_summarise(recorder->ledger, &m->ledger);
    if (m->build.exit_code != 0)
        log_cause_find(recorder->tail, recorder->tail_length, &m->log_cause);
    if (!failed)
        failed = ledger_write_csv(recorder->ledger, recorder->ledger_path, &err);
    close(recorder->log);
    if (recorder->log_errno) {
        errno = recorder->log_errno;
        failed = bm_error_errno(&err, "cannot write build-%s.log", m->label);
    }
    if (failed && !m->not_measured)
        m->not_measured = xstrdup(err.message);
    cleanup_process_series(&recorder->process_series);
    cleanup_aggregate(&recorder->aggregate);
    release_steps(recorder);
    free(recorder->processes_path);
    ledger_free(recorder->ledger);
    free(recorder->ledger_path);
    free(recorder);
}
