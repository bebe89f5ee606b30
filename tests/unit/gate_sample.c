#include "unit/gate_sample.h"

#include "base/alloc.h"
#include "base/units.h"

#include <string.h>

void gate_set(char **text, const char *value)
{
    free(*text);
    *text = value ? xstrdup(value) : NULL;
}

void gate_add_process(struct snapshot *snapshot, const char *name, int64_t pss_bytes)
{
    snapshot->processes = xgrow(snapshot->processes, snapshot->count, sizeof *snapshot->processes);
    snapshot->processes[snapshot->count++] = (struct process_usage){
        .pid = 100 + (int64_t)snapshot->count,
        .pss_bytes = pss_bytes,
        .hwm_bytes = UNMEASURED,
        .name = xstrdup(name),
        .command = xstrdup(name),
    };
    snapshot->pss_bytes = add_figures(snapshot->pss_bytes < 0 ? 0 : snapshot->pss_bytes, pss_bytes);
}

void gate_bound_peak(struct measurement *m, int64_t at_most_bytes)
{
    gate_set(&m->peak.source, "memory.current");
    m->peak.estimated = true;
    m->peak.at_most_bytes = at_most_bytes;
}

void gate_add_stage(struct measurement *m, const char *name, int64_t pss_bytes)
{
    m->stages = xgrow(m->stages, m->stage_count, sizeof *m->stages);
    struct stage_measurement *stage = &m->stages[m->stage_count++];
    *stage = (struct stage_measurement){.name = xstrdup(name),
                                        .first_ms = 100,
                                        .last_ms = 900,
                                        .pss_peak_bytes = pss_bytes,
                                        .all_pss_peak_bytes = pss_bytes,
                                        .cgroup_peak_bytes = UNMEASURED};
    snapshot_init(&stage->at_peak);
}

struct stage_measurement *gate_stage(struct measurement *m, const char *name)
{
    for (size_t i = 0; i < m->stage_count; i++)
        if (strcmp(m->stages[i].name, name) == 0)
            return &m->stages[i];
    BM_BUG("no such stage");
}

static void add_check(struct measurement *m, const char *check, const char *path, bool required)
{
    m->checks = xgrow(m->checks, m->check_count, sizeof *m->checks);
    m->checks[m->check_count++] = (struct verify_check){.check = xstrdup(check),
                                                        .path = path ? xstrdup(path) : NULL,
                                                        .required = required,
                                                        .ok = true,
                                                        .detail = xstrdup("found")};
}

void gate_run(struct measurement *m, const char *label, int64_t peak_bytes)
{
    measurement_init(m);
    gate_set(&m->label, label);
    m->build.exit_code = 0;
    m->build.duration_ms = 60000;
    m->build.cpu_ms = 90000;
    m->peak.cgroup_bytes = peak_bytes;
    m->peak.unreclaimable_bytes = 500 * MIB;
    gate_set(&m->peak.source, "memory.peak");
    gate_set(&m->environment.architecture, "x86_64");
    gate_set(&m->environment.image, "node:24-bookworm");
    m->environment.cpus = 2;
    gate_add_process(&m->peak.at_peak, "next build", 400 * MIB);
    gate_add_process(&m->peak.at_peak, "npm", 20 * MIB);

    gate_add_stage(m, "build-deps", 300 * MIB);
    struct snapshot *snapshot = &gate_stage(m, "build-deps")->at_peak;
    for (int i = 0; i < 3; i++)
        gate_add_process(snapshot, "node nx", 70 * MIB);
    gate_add_process(snapshot, "npm", 20 * MIB);
    gate_add_process(snapshot, "tsc", 70 * MIB);
    gate_add_stage(m, "setup", 50 * MIB);

    add_check(m, "artifact", "server/.next/BUILD_ID", true);
    add_check(m, "artifact", "server/.next/routes-manifest.json", false);
}

void gate_release_runs(struct measurement *runs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        measurement_release(&runs[i]);
}

void gate_set_values(struct baseline_metric *metric, const int64_t *values, size_t count)
{
    free(metric->values);
    metric->values = xcalloc(count, sizeof *values);
    memcpy(metric->values, values, count * sizeof *values);
    metric->count = count;
    metric->anchor = median_of(values, count);
}

static void add_metric(struct baseline_environment *entry, const char *name, int64_t value)
{
    entry->metrics = xgrow(entry->metrics, entry->count, sizeof *entry->metrics);
    struct baseline_metric *metric = &entry->metrics[entry->count++];
    *metric = (struct baseline_metric){.name = xstrdup(name), .tolerance = tolerance_default(name)};
    if (strcmp(name, METRIC_CGROUP_PEAK) == 0) {
        metric->tolerance.percent = 10;
        metric->tolerance.absolute = 64 * MIB;
    }
    gate_set_values(metric, (int64_t[]){value, value, value}, 3);
}

void gate_add_processes(struct measurement *m, const char *name, int64_t peak_rss_bytes)
{
    struct process_ledger *ledger = &m->ledger;
    ledger->source = PEAK_RSS_TASKSTATS;
    ledger->count = 1;
    ledger->lost = ledger->overruns = ledger->cpu_ms = 0;
    ledger->watched = xgrow(ledger->watched, ledger->watched_count, sizeof *ledger->watched);
    ledger->watched[ledger->watched_count++] =
        (struct watched_processes){.name = xstrdup(name),
                                   .count = 1,
                                   .peak_rss_bytes = peak_rss_bytes,
                                   .largest = xstrdup("cc1plus a.cpp")};
}

void gate_add_metric(struct baseline *baseline, const char *name, int64_t value)
{
    add_metric(&baseline->environments[0], name, value);
}

void gate_add_constraint(struct measurement *m, const char *cgroup, int64_t ancestor,
                         int64_t limit_bytes)
{
    m->constraints = xgrow(m->constraints, m->constraint_count, sizeof *m->constraints);
    m->constraints[m->constraint_count++] = (struct constraint){.cgroup = xstrdup(cgroup),
                                                                .ancestor = ancestor,
                                                                .limit_bytes = limit_bytes,
                                                                .high_bytes = UNMEASURED,
                                                                .swap_limit_bytes = UNMEASURED,
                                                                .limit_hits = 3,
                                                                .high_hits = UNMEASURED};
}

void gate_add_daemon(struct measurement *m, const char *name, int64_t cpu_ms)
{
    *measurement_add_daemon(m) = (struct outside_daemon){
        .name = xstrdup(name), .processes = 1, .cpu_ms = cpu_ms, .fix = xasprintf("stop %s", name)};
}

void gate_baseline(struct baseline *baseline)
{
    struct baseline_environment *entry = xcalloc(1, sizeof *entry);
    *baseline = (struct baseline){.environments = entry, .count = 1};
    entry->key = (struct environment_key){.source = xstrdup("memory.peak"),
                                          .limit_bytes = UNMEASURED,
                                          .architecture = xstrdup("x86_64"),
                                          .cpus = 2,
                                          .image = xstrdup("node:24-bookworm")};
    entry->accepted_at = xstrdup("2026-01-02T03:04:05Z");
    add_metric(entry, "cgroup_peak", 800 * MIB);
    add_metric(entry, "duration", 60000);
    add_metric(entry, "stage:build-deps", 300 * MIB);
    add_metric(entry, "stage:setup", 50 * MIB);
}

struct baseline_metric *gate_metric(struct baseline *baseline, const char *name)
{
    struct baseline_metric *metric = baseline_metric_find(&baseline->environments[0], name);
    if (!metric)
        BM_BUG("no such metric");
    return metric;
}
