/* How many jobs fit, forecast from one run. */
#include "base/alloc.h"
#include "base/json_write.h"
#include "base/units.h"
#include "measurement/validity.h"
#include "sweep/sweep.h"

#include <math.h>
#include <string.h>

/* Fails if the need of the run, or the memory of its processes, is unknown. */
static int expect_known_need(const struct measurement *m, struct bm_error *err)
{
    char *reason CLEANUP(cleanup_free) = NULL, *advice CLEANUP(cleanup_free) = NULL;
    const struct snapshot *at_peak = &m->peak.at_unreclaimable_peak;
    if (run_validity(m, &reason, &advice) != RUN_VALID)
        return bm_error_set(err, "%s; %s", reason, advice);
    if (need_is_unknown(m)) {
        reason = at_limit_reason(m);
        return bm_error_set(err, "%s; measure without a limit", reason);
    }
    if (m->peak.unreclaimable_bytes < 0 || at_peak->composition.anon_bytes < 0 ||
        at_peak->pss_bytes <= 0 || !at_peak->count)
        return bm_error_set(err, "the processes at the unreclaimable peak are unknown; measure "
                                 "the build with: build-mem run");
    if (m->pressure.swap_peak_bytes > 0)
        return bm_error_set(err, "the build used swap, so the memory that each process needs is "
                                 "unknown; measure without swap");
    return 0;
}

/* Returns NULL if the ledger does not have the group. */
static const struct ledger_group *group_in_ledger(const struct process_ledger *ledger,
                                                  const char *name, struct bm_error *err)
{
    for (size_t i = 0; i < ledger->group_count; i++)
        if (strcmp(ledger->groups[i].name, name) == 0)
            return &ledger->groups[i];
    if (!ledger->group_count)
        bm_error_set(err, "the result has no groups of processes; measure again with this version");
    else if (ledger->group_count == LEDGER_GROUPS_MAX)
        bm_error_set(err,
                     "the result does not have the group %s, the largest at the unreclaimable "
                     "peak: it has only the %d groups with the largest processes; find the jobs "
                     "with --vary",
                     name, LEDGER_GROUPS_MAX);
    else
        bm_error_set(err,
                     "the result does not have the group %s, the largest at the unreclaimable "
                     "peak: its process ledger is not complete; %s",
                     name,
                     ledger->source == PEAK_RSS_TASKSTATS
                         ? "find the jobs with --vary"
                         : "run build-mem as root outside of a container");
    return NULL;
}

/* Returns the sum of the peak RSS of the processes with this name, or UNMEASURED. */
static int64_t peak_rss_sum(const struct snapshot *snapshot, const char *name)
{
    int64_t sum = 0;
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct process_usage *process = &snapshot->processes[i];
        if (strcmp(process->name, name) != 0)
            continue;
        if (process->hwm_bytes < 0)
            return UNMEASURED;
        sum = add_figures(sum, process->hwm_bytes);
    }
    return sum;
}

/* A file can contain any figure. */
static int64_t whole(double figure)
{
    return figure < 9e18 ? (int64_t)figure : INT64_MAX;
}

int sweep_forecast(const struct measurement *m, int64_t within_bytes,
                   struct sweep_forecast *forecast, struct bm_error *err)
{
    if (expect_known_need(m, err) < 0)
        return -1;
    const struct snapshot *at_peak = &m->peak.at_unreclaimable_peak;
    size_t count;
    struct process_group *groups CLEANUP(cleanup_free) = snapshot_groups(at_peak, &count);
    const struct process_group *jobs = &groups[0];
    if (jobs->count < 2)
        return bm_error_set(err,
                            "the largest process at the unreclaimable peak, %s, ran alone, so more "
                            "jobs may not raise the peak; measure with at least 2 jobs",
                            jobs->name);
    const struct ledger_group *all = group_in_ledger(&m->ledger, jobs->name, err);
    if (!all)
        return -1;
    int64_t rss_bytes = peak_rss_sum(at_peak, jobs->name);
    if (all->p95_rss_bytes <= 0 || all->count < 1 || rss_bytes <= 0 ||
        m->ledger.source == PEAK_RSS_UNKNOWN)
        return bm_error_set(err,
                            "the peak RSS of the processes of %s is unknown; run build-mem as "
                            "root outside of a container",
                            jobs->name);
    /* The kernel can free the file pages that are part of the PSS. */
    double share = fmin(1, (double)at_peak->composition.anon_bytes / (double)at_peak->pss_bytes);
    double held = share * (double)jobs->pss_bytes;
    double job = (double)all->p95_rss_bytes * fmin(1, held / (double)rss_bytes);
    double rest = fmax(0, (double)m->peak.unreclaimable_bytes - held);
    if (job < 1)
        return bm_error_set(err,
                            "the processes of %s hold no anonymous memory at the unreclaimable "
                            "peak; find the jobs with --vary",
                            jobs->name);
    *forecast = (struct sweep_forecast){
        .name = all->name,
        .within_bytes = within_bytes,
        .jobs = whole(fmax(0, ((double)within_bytes - rest) / job)),
        .job_bytes = whole(job),
        .rest_bytes = whole(rest),
        .processes = all->count,
        .p95_rss_bytes = all->p95_rss_bytes,
        .source = m->ledger.source,
        .measured_jobs = (int64_t)jobs->count,
        .measured_bytes = m->peak.unreclaimable_bytes,
    };
    /* The largest jobs, which ran together, can need more than the p95; jobs that do not reach
     * their peaks at once need less. */
    bool fitted = within_bytes >= forecast->measured_bytes;
    if (!fitted && forecast->jobs >= forecast->measured_jobs)
        forecast->jobs = forecast->measured_jobs - 1;
    if (fitted && forecast->jobs < forecast->measured_jobs)
        forecast->jobs = forecast->measured_jobs;
    return 0;
}

char *sweep_forecast_to_line(const struct sweep_forecast *forecast)
{
    cJSON *root CLEANUP(cleanup_cjson) = cJSON_CreateObject();
    json_add_integer(root, "within_bytes", forecast->within_bytes);
    json_add_integer(root, "jobs", forecast->jobs);
    json_add_text(root, "name", forecast->name);
    json_add_integer(root, "job_bytes", forecast->job_bytes);
    json_add_integer(root, "rest_bytes", forecast->rest_bytes);
    json_add_integer(root, "processes", forecast->processes);
    json_add_integer(root, "p95_rss_bytes", forecast->p95_rss_bytes);
    json_add_text(root, "source", peak_rss_source_name(forecast->source));
    json_add_integer(root, "measured_jobs", forecast->measured_jobs);
    json_add_integer(root, "measured_bytes", forecast->measured_bytes);
    return json_print_line(root);
}
