#include "measurement/measurement.h"

#include "measurement/disturbance.h"

#include "base/alloc.h"
#include "base/units.h"

#include <string.h>

static void mappings_free(struct process_mappings *mappings)
{
    for (size_t i = 0; mappings && i < mappings->part_count; i++)
        free(mappings->parts[i].name);
    if (mappings)
        free(mappings->parts);
    free(mappings);
}

struct process_mappings *process_add_mappings(struct process_usage *process)
{
    mappings_free(process->mappings);
    process->mappings = xcalloc(1, sizeof *process->mappings);
    *process->mappings = (struct process_mappings){.at_ms = UNMEASURED,
                                                   .pss_bytes = UNMEASURED,
                                                   .huge_page_bytes = UNMEASURED,
                                                   .count = UNMEASURED};
    return process->mappings;
}

void mappings_add(struct process_mappings *mappings, enum mapping_kind kind, int64_t pss_bytes,
                  const char *name)
{
    mappings->parts = xgrow(mappings->parts, mappings->part_count, sizeof *mappings->parts);
    mappings->parts[mappings->part_count++] = (struct mapped){
        .kind = kind, .pss_bytes = pss_bytes, .name = name && *name ? xstrdup(name) : NULL};
}

int64_t mappings_of_kind(const struct process_mappings *mappings, enum mapping_kind kind)
{
    int64_t sum = 0;
    for (size_t i = 0; i < mappings->part_count; i++)
        if (mappings->parts[i].kind == kind && mappings->parts[i].pss_bytes > 0)
            sum = add_figures(sum, mappings->parts[i].pss_bytes);
    return sum;
}

const char *mapping_kind_name(enum mapping_kind kind)
{
    static const char *const names[] = {
        [MAPPING_HEAP] = "heap",  [MAPPING_ANONYMOUS] = "anonymous", [MAPPING_STACK] = "stacks",
        [MAPPING_CODE] = "code",  [MAPPING_NAMED] = "named",         [MAPPING_SHARED] = "shared",
        [MAPPING_FILE] = "files",
    };
    return names[kind];
}

const char *mappings_unread_name(enum mappings_unread unread)
{
    static const char *const names[] = {
        [MAPPINGS_READ] = "",           [MAPPINGS_ENDED] = "ended",
        [MAPPINGS_BUDGET] = "budget",   [MAPPINGS_NEAR_LIMIT] = "near-limit",
        [MAPPINGS_REFUSED] = "refused",
    };
    return names[unread];
}

void snapshot_init(struct snapshot *snapshot)
{
    *snapshot = (struct snapshot){
        .at_ms = UNMEASURED,
        .cgroup_bytes = UNMEASURED,
        .pss_bytes = UNMEASURED,
        .unreclaimable_bytes = UNMEASURED,
        .attributed_bytes = UNMEASURED,
        .composition = {UNMEASURED, UNMEASURED, UNMEASURED, UNMEASURED},
    };
}

void snapshot_release(struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->count; i++) {
        free(snapshot->processes[i].name);
        free(snapshot->processes[i].command);
        mappings_free(snapshot->processes[i].mappings);
    }
    free(snapshot->processes);
    snapshot_init(snapshot);
}

static void peak_init(struct peak *peak)
{
    *peak = (struct peak){
        .cgroup_bytes = UNMEASURED,
        .at_most_bytes = UNMEASURED,
        .limit_bytes = UNMEASURED,
        .at_start_bytes = UNMEASURED,
        .unreclaimable_bytes = UNMEASURED,
        .composition = {UNMEASURED, UNMEASURED, UNMEASURED, UNMEASURED},
    };
    snapshot_init(&peak->at_peak);
    snapshot_init(&peak->at_unreclaimable_peak);
}

void measurement_init(struct measurement *m)
{
    *m = (struct measurement){
        .build = {.exit_code = UNMEASURED,
                  .duration_ms = UNMEASURED,
                  .cpu_ms = UNMEASURED,
                  .guard = GUARD_END_NONE},
        .cgroup = {.version = UNMEASURED},
        .environment = {.cpus = UNMEASURED, .memory_total_bytes = UNMEASURED},
        .sampler = {.interval_ms = UNMEASURED,
                    .cpu_ms = UNMEASURED,
                    .rss_peak_bytes = UNMEASURED,
                    .largest_process_bytes = UNMEASURED},
        .pressure = {UNMEASURED, UNMEASURED, UNMEASURED, UNMEASURED, UNMEASURED, UNMEASURED,
                     UNMEASURED, UNMEASURED},
        .ledger = PROCESS_LEDGER_NONE,
        .log_cause = LOG_CAUSE_NONE,
    };
    disturbance_init(&m->disturbance);
    peak_init(&m->peak);
}

static void peak_release(struct peak *peak)
{
    free(peak->source);
    free(peak->stage);
    snapshot_release(&peak->at_peak);
    free(peak->unreclaimable_stage);
    snapshot_release(&peak->at_unreclaimable_peak);
}

char *name_with_item(const char *name, const char *item)
{
    size_t length = strlen(name), end = item ? strlen(item) : 0;
    bool repeats = end == 0 || (end < length && name[length - end - 1] == ' ' &&
                                strcmp(name + length - end, item) == 0);
    return repeats ? xstrdup(name) : xasprintf("%s %s", name, item);
}

void ledger_process_release(struct ledger_process *process)
{
    free(process->name);
    free(process->item);
}

void process_ledger_release(struct process_ledger *ledger)
{
    for (size_t i = 0; i < ledger->largest_count; i++)
        ledger_process_release(&ledger->largest[i]);
    free(ledger->largest);
    for (size_t i = 0; i < ledger->group_count; i++)
        free(ledger->groups[i].name);
    free(ledger->groups);
    for (size_t i = 0; i < ledger->watched_count; i++) {
        free(ledger->watched[i].name);
        free(ledger->watched[i].largest);
    }
    free(ledger->watched);
    free(ledger->fallback);
    *ledger = (struct process_ledger)PROCESS_LEDGER_NONE;
}

const char *peak_rss_source_name(enum peak_rss_source source)
{
    static const char *const names[] = {
        [PEAK_RSS_UNKNOWN] = "", [PEAK_RSS_TASKSTATS] = "taskstats", [PEAK_RSS_SCAN] = "scan"};
    return names[source];
}

static void stages_release(struct measurement *m)
{
    for (size_t i = 0; i < m->stage_count; i++) {
        free(m->stages[i].name);
        snapshot_release(&m->stages[i].at_peak);
    }
    free(m->stages);
}

static void checks_release(struct measurement *m)
{
    for (size_t i = 0; i < m->check_count; i++) {
        free(m->checks[i].check);
        free(m->checks[i].path);
        free(m->checks[i].detail);
    }
    free(m->checks);
}

void environment_release(struct environment *environment)
{
    free(environment->image);
    free(environment->architecture);
    free(environment->engine);
    free(environment->engine_version);
    free(environment->image_digest);
    free(environment->kernel);
    free(environment->thp);
    strv_release(&environment->variables);
}

void source_cgroup_release(struct source_cgroup *cgroup)
{
    free(cgroup->directory);
    free(cgroup->seen_by);
    free(cgroup->proof);
    free(cgroup->inner_oom);
    *cgroup = (struct source_cgroup){.version = UNMEASURED};
}

static void constraints_release(struct measurement *m)
{
    for (size_t i = 0; i < m->constraint_count; i++)
        free(m->constraints[i].cgroup);
    free(m->constraints);
}

static void outside_daemons_release(struct measurement *m)
{
    for (size_t i = 0; i < m->outside_daemon_count; i++) {
        free(m->outside_daemons[i].name);
        free(m->outside_daemons[i].asked_by);
        free(m->outside_daemons[i].fix);
    }
    free(m->outside_daemons);
}

void log_cause_release(struct log_cause *cause)
{
    free(cause->line);
    *cause = (struct log_cause)LOG_CAUSE_NONE;
}

void measurement_release(struct measurement *m)
{
    free(m->label);
    free(m->run);
    free(m->started_at);
    free(m->commit);
    free(m->build.command);
    peak_release(&m->peak);
    stages_release(m);
    checks_release(m);
    environment_release(&m->environment);
    source_cgroup_release(&m->cgroup);
    constraints_release(m);
    outside_daemons_release(m);
    process_ledger_release(&m->ledger);
    log_cause_release(&m->log_cause);
    free(m->sweep.settings);
    strv_release(&m->sweep.knobs);
    deep_run_free(m->deep);
    free(m->not_measured);
    measurement_init(m);
}

bool measurement_is_imported(const struct measurement *m)
{
    return m->peak.source && strcmp(m->peak.source, PEAK_SOURCE_BUILDKIT) == 0;
}

const char *cached_steps_words(const struct measurement *m)
{
    return measurement_is_imported(m) ? "RUN steps without samples" : "cached RUN steps";
}

void measurement_set_engine(struct measurement *m, const char *engine, const char *image)
{
    free(m->environment.engine);
    free(m->environment.image);
    m->environment.engine = xstrdup(engine);
    m->environment.image = xstrdup(image);
}

struct outside_daemon *measurement_add_daemon(struct measurement *m)
{
    m->outside_daemons =
        xgrow(m->outside_daemons, m->outside_daemon_count, sizeof *m->outside_daemons);
    struct outside_daemon *daemon = &m->outside_daemons[m->outside_daemon_count++];
    *daemon = (struct outside_daemon){.cpu_ms = UNMEASURED};
    return daemon;
}

const char *measurement_files_label(const struct measurement *m)
{
    return m->run ? m->run : m->label;
}

bool measurement_is_same_run(const struct measurement *a, const struct measurement *b)
{
    return a->started_at && b->started_at && strcmp(a->started_at, b->started_at) == 0 &&
           a->build.duration_ms == b->build.duration_ms &&
           a->peak.cgroup_bytes == b->peak.cgroup_bytes;
}

bool measurement_verified(const struct measurement *m)
{
    const struct build_end *build = &m->build;
    if (build->exit_code != 0 || build->signal || build->oom_killed || build->timed_out ||
        build->guard.ended)
        return false;
    for (size_t i = 0; i < m->check_count; i++)
        if (m->checks[i].required && !m->checks[i].ok)
            return false;
    return true;
}

int64_t constraint_hits(const struct constraint *constraint)
{
    if (constraint->limit_hits < 0)
        return constraint->high_hits;
    return add_figures(constraint->limit_hits,
                       constraint->high_hits < 0 ? 0 : constraint->high_hits);
}

int64_t constraint_bytes(const struct constraint *constraint)
{
    bool high = constraint->high_bytes >= 0 &&
                (constraint->limit_bytes < 0 || constraint->high_bytes < constraint->limit_bytes);
    return high ? constraint->high_bytes : constraint->limit_bytes;
}

static int64_t hits_of(const struct constraint *constraint, bool max_only)
{
    return max_only ? constraint->limit_hits : constraint_hits(constraint);
}

const struct constraint *measurement_tightest(const struct measurement *m)
{
    /* memory.high does not make the kernel kill. */
    bool max_only = m->build.oom_killed;
    const struct constraint *tightest = NULL;
    int64_t least = UNMEASURED, most_hits = 0;
    for (size_t i = 0; i < m->constraint_count; i++) {
        const struct constraint *constraint = &m->constraints[i];
        int64_t bytes = max_only ? constraint->limit_bytes : constraint_bytes(constraint);
        int64_t hits = hits_of(constraint, max_only);
        if (bytes < 0 || hits < most_hits || (hits <= 0 && most_hits > 0))
            continue;
        if (hits > most_hits || !tightest || bytes < least) {
            tightest = constraint;
            least = bytes;
            most_hits = hits > 0 ? hits : 0;
        }
    }
    return tightest;
}

static struct process_group *group_named(struct process_group *groups, size_t *count,
                                         const char *name)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(groups[i].name, name) == 0)
            return &groups[i];
    groups[*count] = (struct process_group){.name = name, .pss_bytes = UNMEASURED};
    return &groups[(*count)++];
}

static int by_size_then_name(const void *left, const void *right)
{
    const struct process_group *a = left, *b = right;
    if (a->pss_bytes != b->pss_bytes)
        return a->pss_bytes < b->pss_bytes ? 1 : -1;
    return strcmp(a->name, b->name);
}

struct process_group *snapshot_groups(const struct snapshot *snapshot, size_t *count)
{
    struct process_group *groups = xcalloc(snapshot->count, sizeof *groups);
    *count = 0;
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct process_usage *process = &snapshot->processes[i];
        struct process_group *group = group_named(groups, count, process->name);
        group->count++;
        if (process->pss_bytes >= 0)
            group->pss_bytes =
                add_figures(group->pss_bytes < 0 ? 0 : group->pss_bytes, process->pss_bytes);
    }
    qsort(groups, *count, sizeof *groups, by_size_then_name);
    return groups;
}
