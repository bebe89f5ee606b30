#include "measurement/aggregate.h"
#include "measurement/environment.h"

#include "base/alloc.h"
#include "base/units.h"
#include "measurement/process_name.h"

#include <signal.h>
#include <string.h>

/* Bounds for the measurement and its file. */
#define SNAPSHOT_PROCESSES_MAX 8192 /* twice what the probe sends */
#define STAGE_PROCESSES_KEPT 64     /* the largest ones; the sum includes all */
#define COMMAND_MAX 1024            /* bytes */
#define VARIABLES_MAX 64            /* four times what the probe sends */
#define STAT_AHEAD_BYTES (16 << 20) /* by which memory.stat can exceed the counter */
#define CONSTRAINTS_MAX 64          /* twice what the probe sends */
#define MAPPED_MAX 32               /* twice what the probe sends for a process */
/* From here on, a figure counts as at the limit: the kernel charges memory in batches, and starts
 * to reclaim before the limit. Memory that cannot be reclaimed stops further below it. */
#define AT_LIMIT 0.99
#define UNRECLAIMABLE_AT_LIMIT 0.97

/* The state of a stage while its records arrive. */
struct stage_state {
    bool sampled;    /* a part of it has no exact peak */
    bool step;       /* a step of an image build */
    bool runs;       /* a step that has not ended */
    bool overlapped; /* another step ran at the same time */
};

struct aggregate {
    struct measurement *m;
    struct snapshot pending;      /* its processes are still arriving */
    int64_t pending_stage;        /* -1: none */
    int64_t pending_gauge;        /* enum wire_gauge */
    int64_t pending_processes;    /* number of processes that are still to arrive */
    int64_t highest_cgroup_bytes; /* of all samples */
    char *usage_source;           /* the file that the probe samples; NULL: none */
    bool reset_at_start;          /* the kernel's counter was reset, in a shared cgroup */
    int64_t peak_at_start_bytes;  /* the lifetime peak */
    /* The current stage, and the lifetime peak when it began. */
    int64_t stage, peak_at_boundary_bytes;
    bool was_reset;                /* the kernel's counter was reset when the stage began */
    struct stage_state *states;    /* of each stage */
    bool of_steps;                 /* the stages are the steps of an image build */
    int64_t highest_counter_bytes; /* of all values, also before resets */
    /* Of the last record WIRE_MAPPINGS, while its parts arrive; borrowed; else NULL. */
    struct process_mappings *mappings;
};

static struct stage_measurement new_stage(char *name)
{
    struct stage_measurement stage = {
        .name = name,
        .first_ms = UNMEASURED,
        .last_ms = UNMEASURED,
        .pss_peak_bytes = UNMEASURED,
        .all_pss_peak_bytes = UNMEASURED,
        .cgroup_peak_bytes = UNMEASURED,
        .unreclaimable_peak_bytes = UNMEASURED,
    };
    snapshot_init(&stage.at_peak);
    return stage;
}

struct aggregate *aggregate_new(struct measurement *m, const struct strv *stage_names)
{
    struct aggregate *aggregate = xcalloc(1, sizeof *aggregate);
    aggregate->m = m;
    aggregate->pending_stage = -1;
    aggregate->highest_cgroup_bytes = UNMEASURED;
    aggregate->peak_at_boundary_bytes = UNMEASURED;
    aggregate->stage = INT64_MAX; /* setup */
    aggregate->highest_counter_bytes = UNMEASURED;
    aggregate->states = xcalloc(stage_names->count + 1, sizeof *aggregate->states);
    snapshot_init(&aggregate->pending);

    m->stage_count = stage_names->count + 1;
    m->stages = xcalloc(m->stage_count, sizeof *m->stages);
    for (size_t i = 0; i < m->stage_count; i++)
        m->stages[i] = new_stage(xstrdup(i < stage_names->count ? stage_names->items[i] : "setup"));
    return aggregate;
}

void aggregate_free(struct aggregate *aggregate)
{
    if (aggregate) {
        snapshot_release(&aggregate->pending);
        free(aggregate->states);
        free(aggregate->usage_source);
    }
    free(aggregate);
}

void cleanup_aggregate(struct aggregate **aggregate)
{
    aggregate_free(*aggregate);
}

/* Records come from outside: an invalid index means "setup". */
static struct stage_measurement *stage_at(const struct aggregate *aggregate, int64_t stage)
{
    size_t last = aggregate->m->stage_count - 1;
    return &aggregate->m->stages[stage >= 0 && (size_t)stage < last ? (size_t)stage : last];
}

const char *aggregate_stage_name(const struct aggregate *aggregate, int64_t stage)
{
    return stage_at(aggregate, stage)->name;
}

static void raise_to(int64_t *figure, int64_t value)
{
    if (value > *figure)
        *figure = value;
}

static char *text_or_null(const char *text)
{
    return *text ? xstrdup(text) : NULL;
}

/* Records come from outside: a number that no result file can hold is unmeasured. */
static double cpus_of(int64_t percent)
{
    return percent < 1 || percent > 100 * (int64_t)INT32_MAX ? UNMEASURED : (double)percent / 100;
}

static void take_cgroup(struct source_cgroup *cgroup, const struct wire_hello *hello)
{
    source_cgroup_release(cgroup);
    if (hello->cgroup_version != 1 && hello->cgroup_version != 2)
        return;
    cgroup->version = hello->cgroup_version;
    cgroup->directory = xstrdup(hello->cgroup_directory);
    cgroup->seen_by = xstrdup(hello->cgroup_seen_by == WIRE_SEEN_BY_PROBE ? "probe" : "runner");
    cgroup->proof = xstrdup(hello->cgroup_seen_by == WIRE_MADE_BY_RUNNER
                                ? "it was made for this run, and its counter was 0 before the steps"
                                : "its cgroup.procs lists the probe");
}

static void take_hello(struct aggregate *aggregate, const struct wire_hello *hello)
{
    struct measurement *m = aggregate->m;
    take_cgroup(&m->cgroup, hello);
    free(m->peak.source);
    free(aggregate->usage_source);
    m->peak.source = text_or_null(hello->source);
    aggregate->usage_source = text_or_null(hello->usage_source);
    m->peak.limit_bytes = hello->limit_bytes;
    m->peak.shared = hello->shared;
    m->peak.at_start_bytes =
        hello->shared ? hello->usage_at_start_bytes : hello->peak_at_start_bytes;
    aggregate->peak_at_start_bytes = hello->peak_at_start_bytes;
    aggregate->peak_at_boundary_bytes = aggregate->highest_counter_bytes =
        hello->peak_at_start_bytes;
    aggregate->reset_at_start = aggregate->was_reset = hello->peak_was_reset;
    aggregate->of_steps = hello->cgroup_seen_by == WIRE_MADE_BY_RUNNER;
    if (aggregate->reset_at_start)
        aggregate->highest_counter_bytes = hello->usage_at_start_bytes;
    m->environment.cpus = cpus_of(hello->cpu_percent);
    m->environment.memory_total_bytes = hello->memory_total_bytes;
    free(m->environment.architecture);
    free(m->environment.kernel);
    free(m->environment.thp);
    strv_release(&m->environment.variables);
    m->environment.architecture = xstrdup(hello->architecture);
    m->environment.kernel = xstrdup(hello->kernel);
    m->environment.thp = text_or_null(hello->thp);
}

static void take_variable(struct aggregate *aggregate, const struct wire_variable *variable)
{
    struct strv *variables = &aggregate->m->environment.variables;
    bool is_name = *variable->name && !strchr(variable->name, '=');
    if (is_name && variables->count < VARIABLES_MAX && !variables_find(variables, variable->name))
        strv_pushf(variables, "%s=%s", variable->name, variable->value);
}

/* Sets the peak of the stage that ends. It is exact if the counter was reset when the stage began,
 * or if the lifetime peak rose while it ran; otherwise its highest sample is a lower bound.
 * `counter_bytes` is the counter now; `reset`: it is reset now. */
static void settle_stage_peak(struct aggregate *aggregate, int64_t counter_bytes, bool reset)
{
    struct stage_measurement *stage = stage_at(aggregate, aggregate->stage);
    bool *sampled = &aggregate->states[stage - aggregate->m->stages].sampled;
    bool rose =
        aggregate->peak_at_boundary_bytes >= 0 && counter_bytes > aggregate->peak_at_boundary_bytes;
    if (aggregate->of_steps) {
        /* The counter is that of all steps. Each one has its own (take_step). */
    } else if (counter_bytes >= 0 && (aggregate->was_reset || rose)) {
        raise_to(&stage->cgroup_peak_bytes, counter_bytes);
        /* A lifetime peak that rose exceeds all samples. */
        *sampled &= aggregate->was_reset;
    } else {
        *sampled = true;
    }
    if (!aggregate->of_steps)
        stage->cgroup_peak_exact = !*sampled;
    raise_to(&aggregate->highest_counter_bytes, counter_bytes);
    aggregate->peak_at_boundary_bytes = counter_bytes;
    aggregate->was_reset = reset;
}

static void take_stage(struct aggregate *aggregate, const struct wire_stage *record)
{
    if (record->ended_peak_bytes >= 0)
        settle_stage_peak(aggregate, record->ended_peak_bytes, true);
    else
        settle_stage_peak(aggregate, aggregate->was_reset ? UNMEASURED : record->peak_bytes, false);
    aggregate->stage = record->stage;
    struct stage_measurement *stage = stage_at(aggregate, record->stage);
    if (stage->first_ms == UNMEASURED)
        stage->first_ms = record->t_ms;
    raise_to(&stage->last_ms, record->t_ms);
}

/* A stage may run only beside stages that precede it, and is never current then. It may end before
 * its first snapshot: then it was seen, and its figures are unmeasured. */
static void take_stage_seen(struct aggregate *aggregate, const struct wire_stage_seen *seen)
{
    struct stage_measurement *stage = stage_at(aggregate, seen->stage);
    if (aggregate->of_steps && !aggregate->states[stage - aggregate->m->stages].step)
        return; /* a stage of the config */
    if (stage->first_ms == UNMEASURED)
        stage->first_ms = seen->t_ms;
    raise_to(&stage->last_ms, seen->t_ms);
}

/* "setup" stays the last stage. */
static void add_step(struct aggregate *aggregate)
{
    struct measurement *m = aggregate->m;
    size_t last = m->stage_count - 1, number = 1;
    for (size_t i = 0; i < last; i++)
        number += aggregate->states[i].step;
    m->stage_count++;
    m->stages = xrealloc(m->stages, m->stage_count * sizeof *m->stages);
    aggregate->states = xrealloc(aggregate->states, m->stage_count * sizeof *aggregate->states);
    m->stages[last + 1] = m->stages[last];
    aggregate->states[last + 1] = aggregate->states[last];
    m->stages[last] = new_stage(xasprintf("step %zu", number));
    aggregate->states[last] = (struct stage_state){.step = true};
}

static void begin_step(struct aggregate *aggregate, const struct wire_step *step)
{
    size_t last = aggregate->m->stage_count - 1;
    if (step->stage != (int64_t)last || last >= STEPS_MAX)
        return;
    add_step(aggregate);
    aggregate->states[last].runs = true;
    aggregate->m->stages[last].first_ms = aggregate->m->stages[last].last_ms = step->t_ms;
    for (size_t i = 0; i < last; i++)
        if (aggregate->states[i].runs)
            aggregate->states[i].overlapped = aggregate->states[last].overlapped = true;
}

static void take_step(struct aggregate *aggregate, const struct wire_step *step)
{
    if (!aggregate->of_steps)
        return;
    if (!step->ended) {
        begin_step(aggregate, step);
        return;
    }
    struct stage_measurement *stage = stage_at(aggregate, step->stage);
    struct stage_state *state = &aggregate->states[stage - aggregate->m->stages];
    if (!state->step)
        return;
    state->runs = false;
    raise_to(&stage->last_ms, step->t_ms);
    if (step->peak_bytes > 0) {
        stage->cgroup_peak_bytes = step->peak_bytes;
        stage->cgroup_peak_exact = step->peak_is_exact == 1;
    }
    if (step->oom_kills > 0 && step->oom_kills < INT32_MAX)
        stage->oom_kills = step->oom_kills;
}

static void rename_to(char **name, const char *from, const char *to)
{
    if (*name && strcmp(*name, from) == 0) {
        free(*name);
        *name = xstrdup(to);
    }
}

void aggregate_name_stage(struct aggregate *aggregate, int64_t stage, const char *name)
{
    struct peak *peak = &aggregate->m->peak;
    struct stage_measurement *named = stage_at(aggregate, stage);
    char *before CLEANUP(cleanup_free) = named->name;
    named->name = xstrdup(name);
    rename_to(&peak->stage, before, name);
    rename_to(&peak->unreclaimable_stage, before, name);
}

static void take_sample(struct aggregate *aggregate, const struct wire_sample *sample)
{
    struct measurement *m = aggregate->m;
    struct stage_measurement *stage = stage_at(aggregate, sample->stage);
    if (stage->first_ms == UNMEASURED)
        stage->first_ms = sample->t_ms;
    raise_to(&stage->last_ms, sample->t_ms);
    /* Without a process there is no PSS. */
    if (sample->processes > 0)
        raise_to(&stage->all_pss_peak_bytes, sample->pss_bytes);
    int64_t highest = sample->cgroup_bytes;
    raise_to(&highest, sample->cgroup_high_bytes);
    /* Nothing was charged: no process of the build ran yet. */
    if (highest == 0 && sample->unreclaimable_bytes <= 0)
        return;
    if (!aggregate->of_steps && highest > stage->cgroup_peak_bytes) {
        stage->cgroup_peak_bytes = highest;
        stage->cgroup_peak_exact = false;
    }
    raise_to(&stage->unreclaimable_peak_bytes, sample->unreclaimable_bytes);
    raise_to(&stage->unreclaimable_peak_bytes, sample->unreclaimable_high_bytes);
    raise_to(&m->peak.unreclaimable_bytes, stage->unreclaimable_peak_bytes);
    if (highest > aggregate->highest_cgroup_bytes) {
        aggregate->highest_cgroup_bytes = highest;
        if (m->peak.at_peak.composition.anon_bytes < 0)
            m->peak.composition = (struct composition){.anon_bytes = sample->anon_bytes,
                                                       .file_bytes = sample->file_bytes,
                                                       .shmem_bytes = sample->shmem_bytes,
                                                       .kernel_bytes = sample->kernel_bytes};
    }
}

static int larger_first(const void *a, const void *b)
{
    const struct process_usage *one = a, *other = b;
    return (one->pss_bytes < other->pss_bytes) - (one->pss_bytes > other->pss_bytes);
}

/* A copy with at most `most` processes, the first ones. */
static struct snapshot copy_of(const struct snapshot *snapshot, size_t most)
{
    struct snapshot copy = *snapshot;
    copy.count = snapshot->count < most ? snapshot->count : most;
    copy.processes = xcalloc(copy.count, sizeof *copy.processes);
    for (size_t i = 0; i < copy.count; i++) {
        copy.processes[i] = snapshot->processes[i];
        copy.processes[i].name = xstrdup(snapshot->processes[i].name);
        copy.processes[i].command = xstrdup(snapshot->processes[i].command);
        copy.processes[i].mappings = NULL; /* they follow the snapshot */
    }
    return copy;
}

static int64_t or_zero(int64_t bytes)
{
    return bytes > 0 ? bytes : 0;
}

/* The memory of the processes, the page cache that none of them maps, and kernel memory. */
static int64_t attributed_bytes(const struct snapshot *snapshot)
{
    const struct composition *made_of = &snapshot->composition;
    if (snapshot->cgroup_bytes < 0 || snapshot->pss_bytes < 0)
        return UNMEASURED;
    int64_t mapped =
        made_of->anon_bytes < 0 ? 0 : or_zero(snapshot->pss_bytes - made_of->anon_bytes);
    int64_t cache = add_figures(or_zero(made_of->file_bytes), or_zero(made_of->shmem_bytes));
    int64_t sum = add_figures(snapshot->pss_bytes, or_zero(cache - mapped));
    sum = add_figures(sum, or_zero(made_of->kernel_bytes));
    return sum < snapshot->cgroup_bytes ? sum : snapshot->cgroup_bytes;
}

static int64_t gauge_of(const struct snapshot *snapshot, int64_t gauge)
{
    int64_t bytes = gauge == WIRE_GAUGE_OWN_PROCESSES   ? UNMEASURED
                    : gauge == WIRE_GAUGE_UNRECLAIMABLE ? snapshot->unreclaimable_bytes
                                                        : snapshot->cgroup_bytes;
    return bytes >= 0 ? bytes : snapshot->pss_bytes;
}

static int64_t measured_bytes(const struct snapshot *snapshot)
{
    int64_t sum = 0;
    for (size_t i = 0; i < snapshot->count; i++)
        if (snapshot->processes[i].basis == PSS_MEASURED)
            sum = add_figures(sum, or_zero(snapshot->processes[i].pss_bytes));
    return sum;
}

/* Higher; or as high within 0.5 %, with more of it measured. */
static bool is_better(const struct snapshot *one, const struct snapshot *other, int64_t gauge)
{
    int64_t bytes = gauge_of(one, gauge), kept = gauge_of(other, gauge);
    if (other->pss_bytes < 0 || bytes > kept)
        return true;
    return bytes >= kept - kept / 200 && measured_bytes(one) > measured_bytes(other);
}

static bool keep_if_better(struct snapshot *kept, const struct snapshot *snapshot, int64_t gauge,
                           size_t most_processes)
{
    if (!is_better(snapshot, kept, gauge))
        return false;
    snapshot_release(kept);
    *kept = copy_of(snapshot, most_processes);
    return true;
}

static void keep_name(char **kept, const char *name)
{
    free(*kept);
    *kept = xstrdup(name);
}

/* Keeps the complete snapshot if it is the best of its stage, or of the build. */
static void keep_snapshot(struct aggregate *aggregate)
{
    struct peak *peak = &aggregate->m->peak;
    const struct snapshot *snapshot = &aggregate->pending;
    struct stage_measurement *stage = stage_at(aggregate, aggregate->pending_stage);
    if (snapshot->count)
        qsort(snapshot->processes, snapshot->count, sizeof *snapshot->processes, larger_first);
    if (aggregate->pending_gauge == WIRE_GAUGE_OWN_PROCESSES) {
        if (stage->first_ms == UNMEASURED)
            stage->first_ms = snapshot->at_ms;
        raise_to(&stage->last_ms, snapshot->at_ms);
        raise_to(&stage->pss_peak_bytes, snapshot->pss_bytes);
        (void)keep_if_better(&stage->at_peak, snapshot, aggregate->pending_gauge,
                             STAGE_PROCESSES_KEPT);
    } else if (aggregate->pending_gauge == WIRE_GAUGE_UNRECLAIMABLE) {
        raise_to(&stage->all_pss_peak_bytes, snapshot->pss_bytes);
        if (keep_if_better(&peak->at_unreclaimable_peak, snapshot, aggregate->pending_gauge,
                           SNAPSHOT_PROCESSES_MAX))
            keep_name(&peak->unreclaimable_stage, stage->name);
    } else {
        raise_to(&stage->all_pss_peak_bytes, snapshot->pss_bytes);
        if (keep_if_better(&peak->at_peak, snapshot, aggregate->pending_gauge,
                           SNAPSHOT_PROCESSES_MAX)) {
            keep_name(&peak->stage, stage->name);
            if (snapshot->composition.anon_bytes >= 0)
                peak->composition = snapshot->composition;
        }
    }
    snapshot_release(&aggregate->pending);
    aggregate->pending_stage = -1;
}

static void take_snapshot(struct aggregate *aggregate, const struct wire_snapshot *snapshot)
{
    snapshot_release(&aggregate->pending);
    snapshot_init(&aggregate->pending);
    aggregate->pending.at_ms = snapshot->t_ms;
    aggregate->pending.cgroup_bytes = snapshot->cgroup_bytes;
    aggregate->pending.pss_bytes = snapshot->pss_bytes;
    aggregate->pending.unreclaimable_bytes = snapshot->unreclaimable_bytes;
    aggregate->pending.composition = (struct composition){.anon_bytes = snapshot->anon_bytes,
                                                          .file_bytes = snapshot->file_bytes,
                                                          .shmem_bytes = snapshot->shmem_bytes,
                                                          .kernel_bytes = snapshot->kernel_bytes};
    aggregate->pending.attributed_bytes = attributed_bytes(&aggregate->pending);
    aggregate->pending_gauge = snapshot->gauge;
    aggregate->pending_stage = snapshot->stage;
    aggregate->pending_processes = snapshot->processes;
    if (aggregate->pending_processes <= 0)
        keep_snapshot(aggregate);
}

static void add_process(struct snapshot *snapshot, const struct wire_process *process)
{
    if (snapshot->count == SNAPSHOT_PROCESSES_MAX)
        return;
    snapshot->processes = xgrow(snapshot->processes, snapshot->count, sizeof *snapshot->processes);
    snapshot->processes[snapshot->count++] = (struct process_usage){
        .pid = process->pid,
        .pss_bytes = process->pss_bytes,
        .hwm_bytes = process->hwm_bytes,
        .basis = process->basis == PSS_MEASURED    ? PSS_MEASURED
                 : process->basis == PSS_ESTIMATED ? PSS_ESTIMATED
                                                   : PSS_RSS,
        .name = process_name(process->command),
        .command = xstrndup(process->command, COMMAND_MAX),
    };
}

static void take_process(struct aggregate *aggregate, const struct wire_process *process)
{
    if (aggregate->pending_stage < 0)
        return;
    add_process(&aggregate->pending, process);
    if (--aggregate->pending_processes == 0)
        keep_snapshot(aggregate);
}

/* Records come from outside: a number that no file can hold is unmeasured. */
static int64_t stored(int64_t figure)
{
    return figure < 0 || figure > INT64_C(1) << 53 ? UNMEASURED : figure;
}

/* Those of a snapshot that was not kept are ignored. */
static void take_mappings(struct aggregate *aggregate, const struct wire_mappings *record)
{
    struct snapshot *snapshot = &aggregate->m->peak.at_peak;
    if (record->snapshot_ms != snapshot->at_ms || record->unread < MAPPINGS_READ ||
        record->unread >= MAPPINGS_UNREAD_COUNT)
        return;
    for (size_t i = 0; i < snapshot->count; i++) {
        if (snapshot->processes[i].pid != record->pid)
            continue;
        struct process_mappings *mappings = process_add_mappings(&snapshot->processes[i]);
        mappings->unread = (enum mappings_unread)record->unread;
        if (record->unread != MAPPINGS_READ)
            return;
        mappings->at_ms = stored(record->t_ms);
        mappings->pss_bytes = stored(record->pss_bytes);
        mappings->huge_page_bytes = stored(record->huge_page_bytes);
        mappings->count = stored(record->count);
        aggregate->mappings = mappings;
        return;
    }
}

static void take_mapping(struct process_mappings *mappings, const struct wire_mapping *mapping)
{
    if (mappings && mappings->part_count < MAPPED_MAX && mapping->kind >= 0 &&
        mapping->kind < MAPPING_KINDS && stored(mapping->pss_bytes) >= 0)
        mappings_add(mappings, (enum mapping_kind)mapping->kind, mapping->pss_bytes, mapping->name);
}

/* This run's peak by the kernel's counter, or UNMEASURED. `end_bytes` is the counter at the end: on
 * cgroup v1 since its last reset, on v2 of the cgroup's lifetime. */
static int64_t counted_peak(const struct aggregate *aggregate, int64_t end_bytes,
                            bool reset_to_the_end)
{
    if (end_bytes < 0)
        return UNMEASURED;
    if (!aggregate->m->peak.shared)
        return end_bytes > aggregate->highest_counter_bytes ? end_bytes
                                                            : aggregate->highest_counter_bytes;
    /* Other processes used the cgroup before: its lifetime peak is this run's only if it rose. */
    if (aggregate->reset_at_start)
        return reset_to_the_end ? aggregate->highest_counter_bytes : UNMEASURED;
    return end_bytes > aggregate->peak_at_start_bytes ? end_bytes : UNMEASURED;
}

/* An end because memory was full needs its figures: they are the reason. */
static struct guard_end guard_end_of(const struct wire_end *end)
{
    bool full = end->guard == WIRE_GUARD_FULL && end->guard_bytes >= 0 && end->guard_room_bytes > 0;
    bool stalled = end->guard == WIRE_GUARD_STALLED;
    return (struct guard_end){.ended = full || stalled,
                              .stalled = stalled,
                              .unreclaimable_bytes = end->guard_bytes,
                              .room_bytes = end->guard_room_bytes};
}

static void take_end(struct aggregate *aggregate, const struct wire_end *end)
{
    struct measurement *m = aggregate->m;
    bool reset_to_the_end = aggregate->was_reset && end->ended_peak_bytes >= 0;
    settle_stage_peak(aggregate, aggregate->was_reset ? end->ended_peak_bytes : end->peak_bytes,
                      false);
    m->peak.cgroup_bytes = counted_peak(aggregate, end->peak_bytes, reset_to_the_end);
    /* A lifetime peak that fell was reset by someone else: it is no bound. */
    if (m->peak.shared && m->peak.cgroup_bytes < 0 && !aggregate->reset_at_start &&
        end->peak_bytes >= aggregate->peak_at_start_bytes)
        m->peak.at_most_bytes = end->peak_bytes;
    m->build.exit_code = end->exit_code;
    m->build.signal = end->signal > 0 && end->signal < NSIG ? end->signal : 0;
    m->build.duration_ms = end->duration_ms;
    m->build.cpu_ms = end->build_cpu_ms;
    m->pressure = (struct pressure){.some_us = end->pressure_some_us,
                                    .full_us = end->pressure_full_us,
                                    .refaults = end->refaults,
                                    .limit_hits = m->pressure.limit_hits,
                                    .oom_kills = end->oom_kills,
                                    .inner_oom_kills = end->inner_oom_kills,
                                    .swap_peak_bytes = end->swap_peak_bytes,
                                    .zswap_peak_bytes = end->zswap_peak_bytes};
    m->build.guard = guard_end_of(end);
    free(m->cgroup.inner_oom);
    m->cgroup.inner_oom = text_or_null(end->inner_oom_cgroup);
    m->sampler.samples = end->samples;
    m->sampler.snapshots = end->snapshots;
    m->sampler.vanished = end->vanished;
    m->sampler.unreadable = end->unreadable;
    m->sampler.cpu_ms = end->cpu_ms;
    m->sampler.rss_peak_bytes = end->rss_peak_bytes;
    m->sampler.largest_process_bytes = end->largest_process_bytes;
    raise_to(&stage_at(aggregate, aggregate->stage)->last_ms, end->duration_ms);
}

static void take_disturbance(struct measurement *m, const struct wire_disturbance *disturbance)
{
    m->disturbance = (struct disturbance){
        .cpu_some_us = stored(disturbance->cpu_some_us),
        .io_some_us = stored(disturbance->io_some_us),
        .io_full_us = stored(disturbance->io_full_us),
        .run_delay_us = stored(disturbance->run_delay_us),
        .throttled_us = stored(disturbance->throttled_us),
        .steal_us = stored(disturbance->steal_us),
        .other_cpu_us = stored(disturbance->other_cpu_us),
        .cpu_capacity_us = stored(disturbance->cpu_capacity_us),
        .swap_in_bytes = stored(disturbance->swap_in_bytes),
        .swap_out_bytes = stored(disturbance->swap_out_bytes),
    };
}

static struct constraint *constraint_of(struct measurement *m, int64_t ancestor)
{
    for (size_t i = 0; i < m->constraint_count; i++)
        if (m->constraints[i].ancestor == ancestor)
            return &m->constraints[i];
    m->constraints = xgrow(m->constraints, m->constraint_count, sizeof *m->constraints);
    struct constraint *constraint = &m->constraints[m->constraint_count++];
    *constraint = (struct constraint){.ancestor = ancestor,
                                      .limit_bytes = UNMEASURED,
                                      .high_bytes = UNMEASURED,
                                      .swap_limit_bytes = UNMEASURED,
                                      .limit_hits = UNMEASURED,
                                      .high_hits = UNMEASURED};
    return constraint;
}

static void take_known(int64_t *figure, int64_t value)
{
    if (value >= 0)
        *figure = value;
}

/* A cgroup without limits is left out. The runner's record of a constraint comes after the probe's,
 * and replaces the figures that the runner could read. */
static void take_constraint(struct measurement *m, const struct wire_constraint *seen)
{
    bool limits = seen->limit_bytes >= 0 || seen->high_bytes >= 0 || seen->swap_limit_bytes >= 0;
    if (seen->limit_hits >= 0 || seen->high_hits >= 0)
        raise_to(&m->pressure.limit_hits, 0);
    if (seen->ancestor < 0 || seen->ancestor >= CONSTRAINTS_MAX ||
        (!limits && seen->limit_hits <= 0 && seen->high_hits <= 0))
        return;
    struct constraint *constraint = constraint_of(m, seen->ancestor);
    free(constraint->cgroup);
    constraint->cgroup = xstrdup(seen->directory);
    take_known(&constraint->limit_bytes, seen->limit_bytes);
    take_known(&constraint->high_bytes, seen->high_bytes);
    take_known(&constraint->swap_limit_bytes, seen->swap_limit_bytes);
    raise_to(&constraint->limit_hits, seen->limit_hits);
    raise_to(&constraint->high_hits, seen->high_hits);
}

static void take_failure(struct aggregate *aggregate, const struct wire_failure *failure)
{
    free(aggregate->m->not_measured);
    aggregate->m->not_measured = xasprintf("the build could not be started: %s", failure->message);
}

void aggregate_record(struct aggregate *aggregate, const struct wire_record *record)
{
    if (record->type != WIRE_MAPPING)
        aggregate->mappings = NULL;
    switch (record->type) {
    case WIRE_HELLO:
        take_hello(aggregate, &record->hello);
        break;
    case WIRE_STAGE:
        take_stage(aggregate, &record->stage);
        break;
    case WIRE_SAMPLE:
        take_sample(aggregate, &record->sample);
        break;
    case WIRE_SNAPSHOT:
        take_snapshot(aggregate, &record->snapshot);
        break;
    case WIRE_PROCESS:
        take_process(aggregate, &record->process);
        break;
    case WIRE_END:
        take_end(aggregate, &record->end);
        break;
    case WIRE_STAGE_SEEN:
        take_stage_seen(aggregate, &record->stage_seen);
        break;
    case WIRE_STEP:
        take_step(aggregate, &record->step);
        break;
    case WIRE_DISTURBANCE:
        take_disturbance(aggregate->m, &record->disturbance);
        break;
    case WIRE_CONSTRAINT:
        take_constraint(aggregate->m, &record->constraint);
        break;
    case WIRE_VARIABLE:
        take_variable(aggregate, &record->variable);
        break;
    case WIRE_FAILURE:
        take_failure(aggregate, &record->failure);
        break;
    case WIRE_MAPPINGS:
        take_mappings(aggregate, &record->mappings);
        break;
    case WIRE_MAPPING:
        take_mapping(aggregate->mappings, &record->mapping);
        break;
    case WIRE_RUNTIME:
        if (!aggregate->m->deep)
            aggregate->m->deep = deep_run_new();
        deep_run_take(aggregate->m->deep, &record->runtime);
        break;
    case WIRE_OUTPUT:
    case WIRE_PROCESS_SAMPLE:
        break;
    }
}

static void drop_unseen_stages(struct measurement *m)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->stage_count; i++) {
        struct stage_measurement *stage = &m->stages[i];
        if (stage->first_ms != UNMEASURED) {
            m->stages[kept++] = *stage;
        } else {
            free(stage->name);
            snapshot_release(&stage->at_peak);
        }
    }
    m->stage_count = kept;
}

/* A counter that was as high before the build is an upper bound, and the highest sample is a lower
 * bound. If they are this close, the counter is the peak: such as of a second run of one build. */
#define SAME_BOUNDS 100

static bool counter_is_the_peak(const struct aggregate *aggregate)
{
    int64_t at_most = aggregate->m->peak.at_most_bytes;
    return at_most >= 0 && aggregate->highest_cgroup_bytes >= at_most - at_most / SAME_BOUNDS;
}

/* Without a high-water mark of the kernel, the highest sample is an estimate of the peak. */
static void settle_memory_peak(struct aggregate *aggregate)
{
    struct peak *peak = &aggregate->m->peak;
    if (counter_is_the_peak(aggregate)) {
        peak->cgroup_bytes = peak->at_most_bytes;
        peak->at_most_bytes = UNMEASURED;
    }
    if (peak->cgroup_bytes >= 0)
        return;
    peak->estimated = true;
    if (aggregate->highest_cgroup_bytes >= 0) {
        peak->cgroup_bytes = aggregate->highest_cgroup_bytes;
        free(peak->source);
        peak->source = steal_ptr(aggregate->usage_source);
    } else if (peak->at_peak.pss_bytes >= 0) {
        peak->cgroup_bytes = peak->at_peak.pss_bytes;
        free(peak->source);
        peak->source = xstrdup("sum of PSS");
    }
}

/* Figures that differ by less than this part are the same peak: a step of an image build has a
 * cgroup below that of the build. */
#define SAME_PEAK 50

static bool is_memory_peak(const struct measurement *m, int64_t bytes)
{
    return bytes >= m->peak.cgroup_bytes - m->peak.cgroup_bytes / SAME_PEAK;
}

/* Returns the stage whose own peak is the memory peak, or NULL: none, or `named` is one. Steps that
 * ran at the same time share the peak of the build. */
static const struct stage_measurement *stage_with_peak(const struct aggregate *aggregate,
                                                       const char *named)
{
    const struct stage_measurement *highest = NULL;
    for (size_t i = 0; i < aggregate->m->stage_count; i++) {
        const struct stage_measurement *stage = &aggregate->m->stages[i];
        if (aggregate->states[i].overlapped ||
            !is_memory_peak(aggregate->m, stage->cgroup_peak_bytes))
            continue;
        if (named && strcmp(stage->name, named) == 0)
            return NULL;
        if (!highest || stage->cgroup_peak_bytes > highest->cgroup_peak_bytes)
            highest = stage;
    }
    return highest;
}

/* The kernel also counts a peak between two snapshots. If that one is of another stage than the
 * highest snapshot, the processes at the peak are those of its stage, at the stage's own peak. */
static void settle_peak_stage(struct aggregate *aggregate)
{
    struct peak *peak = &aggregate->m->peak;
    if (peak->cgroup_bytes < 0 || is_memory_peak(aggregate->m, peak->at_peak.cgroup_bytes))
        return;
    const struct stage_measurement *stage = stage_with_peak(aggregate, peak->stage);
    if (!stage)
        return;
    keep_name(&peak->stage, stage->name);
    snapshot_release(&peak->at_peak);
    peak->at_peak = copy_of(&stage->at_peak, SNAPSHOT_PROCESSES_MAX);
    peak->composition = peak->at_peak.composition;
}

static bool reached(int64_t bytes, double share, int64_t limit_bytes)
{
    return limit_bytes > 0 && (double)bytes >= share * (double)limit_bytes;
}

static int64_t lower_limit(int64_t a, int64_t b)
{
    return b >= 0 && (a < 0 || b < a) ? b : a;
}

/* At a limit the kernel reclaims page cache, so the memory peak stays below what the build would
 * have used. The unreclaimable memory is reduced only if the build itself gives way. It can exceed
 * memory.high, which slows a build and does not stop it. */
static void settle_limits(struct measurement *m)
{
    struct peak *peak = &m->peak;
    int64_t lowest_max = peak->limit_bytes;
    int64_t lowest = lowest_max; /* memory.high included */
    for (size_t i = 0; i < m->constraint_count; i++) {
        int64_t bytes = constraint_bytes(&m->constraints[i]);
        int64_t hits = constraint_hits(&m->constraints[i]);
        lowest = lower_limit(lowest, bytes);
        lowest_max = lower_limit(lowest_max, m->constraints[i].limit_bytes);
        if (hits >= 0)
            m->pressure.limit_hits = add_figures(m->pressure.limit_hits, hits);
    }
    peak->at_limit = m->pressure.limit_hits > 0 || reached(peak->cgroup_bytes, AT_LIMIT, lowest);
    peak->unreclaimable_at_limit =
        peak->at_limit && (m->build.oom_killed ||
                           reached(peak->unreclaimable_bytes, UNRECLAIMABLE_AT_LIMIT, lowest_max));
}

/* Returns the reason that the memory peak cannot be true, or NULL. memory.stat may be ahead of the
 * counter. */
static char *implausible(const struct peak *peak)
{
    int64_t anon = peak->at_peak.composition.anon_bytes;
    if (peak->estimated || peak->cgroup_bytes < 0)
        return NULL;
    if (peak->cgroup_bytes == 0)
        return xstrdup("the memory peak is 0");
    if (peak->cgroup_bytes >= anon - anon / 50 - STAT_AHEAD_BYTES)
        return NULL;
    char *bytes CLEANUP(cleanup_free) = format_bytes(peak->cgroup_bytes);
    char *held CLEANUP(cleanup_free) = format_bytes(anon);
    return xasprintf("the memory peak of %s is less than the anonymous memory of %s that the "
                     "cgroup held: its counter was reset by someone else, or is wrong",
                     bytes, held);
}

void aggregate_finish(struct aggregate *aggregate)
{
    struct measurement *m = aggregate->m;
    /* Steps that ran at the same time have the memory of each other, too. Before the first step is
     * seen, all memory is its own. */
    for (size_t i = 0; i < m->stage_count; i++)
        if (aggregate->of_steps && (aggregate->states[i].overlapped || !aggregate->states[i].step))
            m->stages[i].unreclaimable_peak_bytes = UNMEASURED;
    settle_memory_peak(aggregate);
    m->build.oom_killed |= m->pressure.oom_kills > 0;
    settle_limits(m);
    if (!m->not_measured)
        m->not_measured = implausible(&m->peak);
    settle_peak_stage(aggregate);
    drop_unseen_stages(m);
}
