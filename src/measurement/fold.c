#include "measurement/fold.h"
#include "measurement/drift.h"

#include "base/alloc.h"
#include "base/units.h"
#include "measurement/process_name.h"

#include <signal.h>
#include <string.h>

/* What bounds the measurement and its file, however many stages and processes a build has. */
#define PROCESSES_MOST 8192     /* of a snapshot; the probe has no more than half of it */
#define STAGE_PROCESSES_KEPT 64 /* the largest of a stage; its sum counts them all */
#define COMMAND_KEPT 1024       /* bytes of a command line */
#define VARIABLES_MOST 64       /* the probe knows a quarter of it */

struct fold {
    struct measurement *m;
    struct snapshot pending;      /* whose processes are still coming */
    int64_t pending_stage;        /* -1: none */
    int64_t pending_level;        /* as in struct wire_snapshot */
    int64_t pending_processes;    /* how many are still to come */
    int64_t highest_cgroup_bytes; /* of all samples */
    char *usage_source;           /* the file that is sampled; NULL: there is none */
    bool reset_at_start;          /* the kernel's counter, in a shared cgroup */
    int64_t peak_at_start_bytes;  /* the lifetime peak */
    /* The stage that runs, and the lifetime peak when it began. */
    int64_t stage, peak_at_boundary_bytes;
    bool was_reset;                /* the kernel's counter, at that boundary */
    bool *sampled;                 /* of each stage: a part of it had no exact peak */
    int64_t highest_counter_bytes; /* of all values before resets */
};

struct fold *fold_new(struct measurement *m, const struct strv *stage_names)
{
    struct fold *fold = xcalloc(1, sizeof *fold);
    fold->m = m;
    fold->pending_stage = -1;
    fold->highest_cgroup_bytes = UNMEASURED;
    fold->peak_at_boundary_bytes = UNMEASURED;
    fold->stage = (int64_t)stage_names->count;
    fold->highest_counter_bytes = UNMEASURED;
    fold->sampled = xcalloc(stage_names->count + 1, sizeof *fold->sampled);
    snapshot_init(&fold->pending);

    m->stage_count = stage_names->count + 1;
    m->stages = xcalloc(m->stage_count, sizeof *m->stages);
    for (size_t i = 0; i < m->stage_count; i++) {
        m->stages[i] = (struct stage_measurement){
            .name = xstrdup(i < stage_names->count ? stage_names->items[i] : "setup"),
            .first_ms = UNMEASURED,
            .last_ms = UNMEASURED,
            .pss_peak_bytes = UNMEASURED,
            .cgroup_peak_bytes = UNMEASURED,
            .unreclaimable_peak_bytes = UNMEASURED,
        };
        snapshot_init(&m->stages[i].at_peak);
    }
    return fold;
}

void fold_free(struct fold *fold)
{
    if (fold) {
        snapshot_release(&fold->pending);
        free(fold->sampled);
        free(fold->usage_source);
    }
    free(fold);
}

void cleanup_fold(struct fold **fold)
{
    fold_free(*fold);
}

/* Records come from outside: an index that is none is taken for "setup". */
static struct stage_measurement *stage_at(const struct fold *fold, int64_t stage)
{
    size_t last = fold->m->stage_count - 1;
    return &fold->m->stages[stage >= 0 && (size_t)stage < last ? (size_t)stage : last];
}

const char *fold_stage_name(const struct fold *fold, int64_t stage)
{
    return stage_at(fold, stage)->name;
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

static void take_hello(struct fold *fold, const struct wire_hello *hello)
{
    struct measurement *m = fold->m;
    free(m->peak.source);
    free(fold->usage_source);
    m->peak.source = text_or_null(hello->source);
    fold->usage_source = text_or_null(hello->usage_source);
    m->peak.limit_bytes = hello->limit_bytes;
    m->peak.shared = hello->shared;
    m->peak.at_start_bytes =
        hello->shared ? hello->usage_at_start_bytes : hello->peak_at_start_bytes;
    fold->peak_at_start_bytes = hello->peak_at_start_bytes;
    fold->peak_at_boundary_bytes = fold->highest_counter_bytes = hello->peak_at_start_bytes;
    fold->reset_at_start = fold->was_reset = hello->peak_was_reset;
    if (fold->reset_at_start)
        fold->highest_counter_bytes = hello->usage_at_start_bytes;
    m->environment.cpus = hello->cpus;
    m->environment.memory_total_bytes = hello->memory_total_bytes;
    free(m->environment.architecture);
    free(m->environment.kernel);
    free(m->environment.thp);
    strv_release(&m->environment.variables);
    m->environment.architecture = xstrdup(hello->architecture);
    m->environment.kernel = xstrdup(hello->kernel);
    m->environment.thp = text_or_null(hello->thp);
}

static void take_variable(struct fold *fold, const struct wire_variable *variable)
{
    struct strv *variables = &fold->m->environment.variables;
    bool is_name = *variable->name && !strchr(variable->name, '=');
    if (is_name && variables->count < VARIABLES_MOST && !variables_find(variables, variable->name))
        strv_pushf(variables, "%s=%s", variable->name, variable->value);
}

/* A stage ends. Its peak is exact where the counter was reset when it began, and where the lifetime
 * peak rose while it ran; else its highest sample stands, a lower bound. `counter_bytes` is the
 * counter now, `reset`: and it starts anew. */
static void settle_stage_peak(struct fold *fold, int64_t counter_bytes, bool reset)
{
    struct stage_measurement *stage = stage_at(fold, fold->stage);
    bool *sampled = &fold->sampled[stage - fold->m->stages];
    bool rose = fold->peak_at_boundary_bytes >= 0 && counter_bytes > fold->peak_at_boundary_bytes;
    if (counter_bytes >= 0 && (fold->was_reset || rose)) {
        raise_to(&stage->cgroup_peak_bytes, counter_bytes);
        /* What rose above all before it is above all that was merely sampled. */
        *sampled &= fold->was_reset;
    } else {
        *sampled = true;
    }
    stage->cgroup_peak_exact = !*sampled;
    raise_to(&fold->highest_counter_bytes, counter_bytes);
    fold->peak_at_boundary_bytes = counter_bytes;
    fold->was_reset = reset;
}

static void take_stage(struct fold *fold, const struct wire_stage *record)
{
    if (record->ended_peak_bytes >= 0)
        settle_stage_peak(fold, record->ended_peak_bytes, true);
    else
        settle_stage_peak(fold, fold->was_reset ? UNMEASURED : record->peak_bytes, false);
    fold->stage = record->stage;
    struct stage_measurement *stage = stage_at(fold, record->stage);
    if (stage->first_ms == UNMEASURED)
        stage->first_ms = record->t_ms;
    raise_to(&stage->last_ms, record->t_ms);
}

/* A stage that others precede all the time, or that is over before a figure of it is read, was in
 * the build all the same: its figures are what is not measured. */
static void take_sighting(struct fold *fold, const struct wire_sighting *sighting)
{
    struct stage_measurement *stage = stage_at(fold, sighting->stage);
    if (stage->first_ms != UNMEASURED)
        return;
    stage->first_ms = sighting->t_ms;
    raise_to(&stage->last_ms, sighting->t_ms);
}

static void take_sample(struct fold *fold, const struct wire_sample *sample)
{
    struct measurement *m = fold->m;
    struct stage_measurement *stage = stage_at(fold, sample->stage);
    if (stage->first_ms == UNMEASURED)
        stage->first_ms = sample->t_ms;
    raise_to(&stage->last_ms, sample->t_ms);
    /* Where no process lives any more, or not yet, none was measured. */
    if (sample->processes > 0)
        raise_to(&stage->pss_peak_bytes, sample->pss_bytes);
    int64_t highest = sample->cgroup_bytes;
    raise_to(&highest, sample->cgroup_high_bytes);
    if (highest > stage->cgroup_peak_bytes) {
        stage->cgroup_peak_bytes = highest;
        stage->cgroup_peak_exact = false;
    }
    raise_to(&stage->unreclaimable_peak_bytes, sample->unreclaimable_bytes);
    raise_to(&stage->unreclaimable_peak_bytes, sample->unreclaimable_high_bytes);
    raise_to(&m->peak.unreclaimable_bytes, stage->unreclaimable_peak_bytes);
    if (highest > fold->highest_cgroup_bytes) {
        fold->highest_cgroup_bytes = highest;
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

/* With the first `most` of its processes. */
static struct snapshot copy_of(const struct snapshot *snapshot, size_t most)
{
    struct snapshot copy = *snapshot;
    copy.count = snapshot->count < most ? snapshot->count : most;
    copy.processes = xcalloc(copy.count, sizeof *copy.processes);
    for (size_t i = 0; i < copy.count; i++) {
        copy.processes[i] = snapshot->processes[i];
        copy.processes[i].name = xstrdup(snapshot->processes[i].name);
        copy.processes[i].command = xstrdup(snapshot->processes[i].command);
    }
    return copy;
}

static int64_t known(int64_t bytes)
{
    return bytes > 0 ? bytes : 0;
}

/* What the processes hold, the page cache that none of them maps, and the kernel's own. */
static int64_t explained(const struct snapshot *snapshot)
{
    const struct composition *made_of = &snapshot->composition;
    if (snapshot->cgroup_bytes < 0 || snapshot->pss_bytes < 0)
        return UNMEASURED;
    int64_t mapped = made_of->anon_bytes < 0 ? 0 : known(snapshot->pss_bytes - made_of->anon_bytes);
    int64_t cache = add_figures(known(made_of->file_bytes), known(made_of->shmem_bytes));
    int64_t sum = add_figures(snapshot->pss_bytes, known(cache - mapped));
    sum = add_figures(sum, known(made_of->kernel_bytes));
    return sum < snapshot->cgroup_bytes ? sum : snapshot->cgroup_bytes;
}

static int64_t level_of(const struct snapshot *snapshot, int64_t level)
{
    int64_t bytes = level ? snapshot->unreclaimable_bytes : snapshot->cgroup_bytes;
    return bytes >= 0 ? bytes : snapshot->pss_bytes;
}

static int64_t measured_bytes(const struct snapshot *snapshot)
{
    int64_t sum = 0;
    for (size_t i = 0; i < snapshot->count; i++)
        if (snapshot->processes[i].basis == PSS_MEASURED)
            sum = add_figures(sum, known(snapshot->processes[i].pss_bytes));
    return sum;
}

/* Higher, or as high and with more of it measured. */
static bool is_better(const struct snapshot *one, const struct snapshot *other, int64_t level)
{
    int64_t bytes = level_of(one, level), kept = level_of(other, level);
    if (other->pss_bytes < 0 || bytes > kept)
        return true;
    return bytes >= kept - kept / 200 && measured_bytes(one) > measured_bytes(other);
}

static bool keep_if_better(struct snapshot *kept, const struct snapshot *snapshot, int64_t level,
                           size_t most_processes)
{
    if (!is_better(snapshot, kept, level))
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

/* A whole snapshot is kept where it is its stage's best, and the build's. */
static void keep_snapshot(struct fold *fold)
{
    struct peak *peak = &fold->m->peak;
    const struct snapshot *snapshot = &fold->pending;
    struct stage_measurement *stage = stage_at(fold, fold->pending_stage);
    if (snapshot->count)
        qsort(snapshot->processes, snapshot->count, sizeof *snapshot->processes, larger_first);
    raise_to(&stage->pss_peak_bytes, snapshot->pss_bytes);
    if (fold->pending_level) {
        if (keep_if_better(&peak->at_unreclaimable_peak, snapshot, fold->pending_level,
                           PROCESSES_MOST))
            keep_name(&peak->unreclaimable_stage, stage->name);
    } else {
        (void)keep_if_better(&stage->at_peak, snapshot, fold->pending_level, STAGE_PROCESSES_KEPT);
        if (keep_if_better(&peak->at_peak, snapshot, fold->pending_level, PROCESSES_MOST)) {
            keep_name(&peak->stage, stage->name);
            if (snapshot->composition.anon_bytes >= 0)
                peak->composition = snapshot->composition;
        }
    }
    snapshot_release(&fold->pending);
    fold->pending_stage = -1;
}

static void take_snapshot(struct fold *fold, const struct wire_snapshot *snapshot)
{
    snapshot_release(&fold->pending);
    snapshot_init(&fold->pending);
    fold->pending.at_ms = snapshot->t_ms;
    fold->pending.cgroup_bytes = snapshot->cgroup_bytes;
    fold->pending.pss_bytes = snapshot->pss_bytes;
    fold->pending.unreclaimable_bytes = snapshot->unreclaimable_bytes;
    fold->pending.composition = (struct composition){.anon_bytes = snapshot->anon_bytes,
                                                     .file_bytes = snapshot->file_bytes,
                                                     .shmem_bytes = snapshot->shmem_bytes,
                                                     .kernel_bytes = snapshot->kernel_bytes};
    fold->pending.explained_bytes = explained(&fold->pending);
    fold->pending_level = snapshot->level;
    fold->pending_stage = snapshot->stage;
    fold->pending_processes = snapshot->processes;
    if (fold->pending_processes <= 0)
        keep_snapshot(fold);
}

static void add_process(struct snapshot *snapshot, const struct wire_process *process)
{
    if (snapshot->count == PROCESSES_MOST)
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
        .command = xstrndup(process->command, COMMAND_KEPT),
    };
}

static void take_process(struct fold *fold, const struct wire_process *process)
{
    if (fold->pending_stage < 0)
        return;
    add_process(&fold->pending, process);
    if (--fold->pending_processes == 0)
        keep_snapshot(fold);
}

/* What the kernel's counter tells of this run's peak, or UNMEASURED. `end_bytes` is the counter at
 * the end: of v1 since it was last reset, of v2 the lifetime's, beside the one that is reset. */
static int64_t counted_peak(const struct fold *fold, int64_t end_bytes, bool reset_to_the_end)
{
    if (end_bytes < 0)
        return UNMEASURED;
    if (!fold->m->peak.shared)
        return end_bytes > fold->highest_counter_bytes ? end_bytes : fold->highest_counter_bytes;
    /* Others lived in the cgroup before: the lifetime's peak is ours only if it rose. */
    if (fold->reset_at_start)
        return reset_to_the_end ? fold->highest_counter_bytes : UNMEASURED;
    return end_bytes > fold->peak_at_start_bytes ? end_bytes : UNMEASURED;
}

static void take_end(struct fold *fold, const struct wire_end *end)
{
    struct measurement *m = fold->m;
    bool reset_to_the_end = fold->was_reset && end->ended_peak_bytes >= 0;
    settle_stage_peak(fold, fold->was_reset ? end->ended_peak_bytes : end->peak_bytes, false);
    m->peak.cgroup_bytes = counted_peak(fold, end->peak_bytes, reset_to_the_end);
    if (m->peak.shared && m->peak.cgroup_bytes < 0 && !fold->reset_at_start)
        m->peak.at_most_bytes = end->peak_bytes;
    m->build.exit_code = end->exit_code;
    m->build.signal = end->signal > 0 && end->signal < NSIG ? end->signal : 0;
    m->build.duration_ms = end->duration_ms;
    m->pressure = (struct pressure){.some_us = end->pressure_some_us,
                                    .full_us = end->pressure_full_us,
                                    .refaults = end->refaults,
                                    .limit_hits = end->limit_hits,
                                    .oom_kills = end->oom_kills};
    m->sampler.samples = end->samples;
    m->sampler.snapshots = end->snapshots;
    m->sampler.vanished = end->vanished;
    m->sampler.unreadable = end->unreadable;
    m->sampler.cpu_ms = end->cpu_ms;
    m->sampler.rss_peak_bytes = end->rss_peak_bytes;
    m->sampler.largest_process_bytes = end->largest_process_bytes;
    raise_to(&stage_at(fold, fold->stage)->last_ms, end->duration_ms);
}

static void take_failure(struct fold *fold, const struct wire_failure *failure)
{
    free(fold->m->not_measured);
    fold->m->not_measured = xasprintf("the build could not be started: %s", failure->message);
}

void fold_record(struct fold *fold, const struct wire_record *record)
{
    switch (record->type) {
    case WIRE_HELLO:
        take_hello(fold, &record->hello);
        break;
    case WIRE_STAGE:
        take_stage(fold, &record->stage);
        break;
    case WIRE_SAMPLE:
        take_sample(fold, &record->sample);
        break;
    case WIRE_SNAPSHOT:
        take_snapshot(fold, &record->snapshot);
        break;
    case WIRE_PROCESS:
        take_process(fold, &record->process);
        break;
    case WIRE_END:
        take_end(fold, &record->end);
        break;
    case WIRE_SIGHTING:
        take_sighting(fold, &record->sighting);
        break;
    case WIRE_VARIABLE:
        take_variable(fold, &record->variable);
        break;
    case WIRE_FAILURE:
        take_failure(fold, &record->failure);
        break;
    case WIRE_OUTPUT:
    case WIRE_HOLDING:
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

/* Where no high-water mark of the kernel's tells the highest reading stands in, and says so. */
static void settle_headline(struct fold *fold)
{
    struct peak *peak = &fold->m->peak;
    if (peak->cgroup_bytes >= 0)
        return;
    peak->estimated = true;
    if (fold->highest_cgroup_bytes >= 0) {
        peak->cgroup_bytes = fold->highest_cgroup_bytes;
        free(peak->source);
        peak->source = steal_ptr(fold->usage_source);
    } else if (peak->at_peak.pss_bytes >= 0) {
        peak->cgroup_bytes = peak->at_peak.pss_bytes;
        free(peak->source);
        peak->source = xstrdup("sum of PSS");
    }
}

void fold_finish(struct fold *fold)
{
    struct measurement *m = fold->m;
    drop_unseen_stages(m);
    settle_headline(fold);
    m->build.oom_killed |= m->pressure.oom_kills > 0;
    /* At 99 % of its limit a cgroup reclaims: what the build would have taken is not known. */
    if (m->peak.limit_bytes > 0)
        m->peak.censored = m->pressure.limit_hits > 0 ||
                           (double)m->peak.cgroup_bytes >= 0.99 * (double)m->peak.limit_bytes;
}
