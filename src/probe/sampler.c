#include "probe/sampler.h"

#include "probe/emit.h"
#include "probe/process_table.h"
#include "probe/processes.h"
#include "probe/snapshot.h"
#include "probe/stages.h"

/* Surveys: where what is charged has changed at all (a process is nothing less) at most so often,
 * and for at most 0.25 % of all time; else on the beat. */
#define SURVEY_MIN_MS 20
#define SURVEY_MS_PER_1000_US 400
#define SAME_BYTES INT64_C(65536)
/* What was found is told for at most 0.05 % of all time, and so is who holds it. */
#define TELL_MS_PER_US 2
/* At a beat those processes are told that hold at least this part of all. */
#define TELL_SHARE 200
/* One that is cheaper than this is also made for a look, if the last one is so old: for at most
 * 0.5 % of all time. */
#define CHEAP_SURVEY_US 2000
#define FRESH_MIN_MS 10
#define FRESH_MS_PER_100_US 20
/* Where nothing has changed, the beat tells what the last look found, until that is so old. */
#define LOOK_IDLE_MS 1000
/* How long a look may read PSS, out of the budget of all readings. */
#define LOOK_READS_US 3000
#define TICK_READS_US 1

static int pids[PROCESSES_MAX];

void sampler_init(struct sampler *sampler, const char *root, const struct cgroup *cgroup,
                  bool own_cgroup, int64_t interval_ms)
{
    *sampler = (struct sampler){
        .root = root,
        .cgroup = cgroup,
        .own_cgroup = own_cgroup,
        .interval_ms = interval_ms,
        .stage = stages_count(),
        .surveyed_ms = -FRESH_MIN_MS,
        .surveyed_bytes = -1,
        .looked_bytes = -1,
        .looked_unreclaimable_bytes = -1,
    };
    levels_open(&sampler->levels, cgroup);
    table_init(sampler->root);
    snapshots_init();
    pss_init(&sampler->pss);
}

/* ---- what is told ---- */

/* What is charged, and what the processes were estimated to hold. */
static struct wire_snapshot present(const struct sampler *sampler, int64_t t_ms)
{
    const struct levels *levels = &sampler->levels;
    struct wire_snapshot now = {
        .t_ms = t_ms,
        .stage = sampler->stage,
        .cgroup_bytes = levels->usage.now_bytes,
        .anon_bytes = levels->stat.anon_bytes,
        .file_bytes = levels->stat.file_bytes,
        .shmem_bytes = levels->stat.shmem_bytes,
        .kernel_bytes = levels->stat.kernel_bytes,
        .unreclaimable_bytes = levels->unreclaimable.now_bytes,
    };
    for (size_t i = 0; i < table_end(); i++) {
        const struct process *process = table_at(i);
        if (process->pid && !process->gone && process->rss_bytes > 0) {
            now.pss_bytes += process->pss_bytes;
            now.processes++;
        }
    }
    return now;
}

static void tell_sample(struct sampler *sampler, int64_t t_ms)
{
    const struct wire_snapshot now = present(sampler, t_ms);
    sampler->samples++;
    emit_record(&(struct wire_record){
        .type = WIRE_SAMPLE,
        .sample = {
            .t_ms = now.t_ms,
            .stage = now.stage,
            .cgroup_bytes = now.cgroup_bytes,
            .peak_bytes = cgroup_peak(sampler->cgroup),
            .pss_bytes = now.pss_bytes,
            .anon_bytes = now.anon_bytes,
            .file_bytes = now.file_bytes,
            .shmem_bytes = now.shmem_bytes,
            .kernel_bytes = now.kernel_bytes,
            .unreclaimable_bytes = now.unreclaimable_bytes,
            .processes = now.processes,
            .cgroup_high_bytes = sampler->levels.usage.high_bytes,
            .unreclaimable_high_bytes = sampler->levels.unreclaimable.high_bytes,
        }});
}

/* Who holds the memory, for the course over time. It is not worth waiting for the runner, nor more
 * than it is given. */
static void tell_holdings(struct sampler *sampler, int64_t t_ms)
{
    int64_t before = pss_cpu_us(), all_bytes = 0;
    for (size_t i = 0; i < table_end(); i++)
        if (table_at(i)->pid && !table_at(i)->gone)
            all_bytes += table_at(i)->pss_bytes;
    for (size_t i = 0; i < table_end() && emit_has_room(); i++) {
        const struct process *process = table_at(i);
        if (!process->pid || process->gone || process->pss_bytes < all_bytes / TELL_SHARE ||
            process->pss_bytes <= 0)
            continue;
        emit_record(&(struct wire_record){.type = WIRE_HOLDING,
                                          .holding = {.t_ms = t_ms,
                                                      .pss_bytes = process->pss_bytes,
                                                      .command = process_command(process)}});
    }
    sampler->next_holdings_ms = t_ms + (pss_cpu_us() - before) * TELL_MS_PER_US;
}

static void tell_snapshots(struct sampler *sampler, int64_t t_ms)
{
    int64_t before = pss_cpu_us();
    sampler->snapshots += snapshots_tell();
    sampler->next_tell_ms = t_ms + (pss_cpu_us() - before) * TELL_MS_PER_US;
}

/* ---- survey: which processes, which stage ---- */

static void tell_sighting(struct sampler *sampler, int stage, int64_t t_ms)
{
    if (stage == stages_count() || sampler->sighted[stage])
        return;
    sampler->sighted[stage] = true;
    emit_record(
        &(struct wire_record){.type = WIRE_SIGHTING, .sighting = {.t_ms = t_ms, .stage = stage}});
}

/* Returns the stage that the live processes tell of. */
static int survey(struct sampler *sampler, int64_t t_ms)
{
    int64_t before = pss_cpu_us();
    int stage = stages_count();
    size_t count =
        build_processes(sampler->root, sampler->cgroup, sampler->own_cgroup, pids, PROCESSES_MAX);
    sampler->survey++;
    for (size_t i = 0; i < count; i++) {
        struct process *process = table_take(pids[i], t_ms);
        if (!process) {
            sampler->pss.vanished++;
            continue;
        }
        process->survey = sampler->survey;
        process_check_command(process, t_ms, sampler->interval_ms);
        tell_sighting(sampler, process->stage, t_ms);
        stage = process->stage < stage ? process->stage : stage;
    }
    table_sweep(sampler->survey);
    sampler->survey_us = pss_cpu_us() - before;
    int64_t gap = sampler->survey_us * SURVEY_MS_PER_1000_US / 1000;
    sampler->surveyed_ms = t_ms;
    sampler->surveyed_bytes = sampler->levels.usage.now_bytes;
    /* A stage that lasts for a beat is seen, whatever that costs. */
    gap = gap < sampler->interval_ms ? gap : sampler->interval_ms;
    sampler->next_survey_ms = t_ms + (gap > SURVEY_MIN_MS ? gap : SURVEY_MIN_MS);
    return stage;
}

/* ---- look: what they hold ---- */

static void read_sizes(struct sampler *sampler)
{
    for (size_t i = 0; i < table_end(); i++) {
        struct process *process = table_at(i);
        if (process->pid && !process->gone && !process_read_statm(process)) {
            table_drop(process);
            sampler->pss.vanished++;
        }
    }
}

/* Anonymous pages are charged where they are touched: the processes can't hold more of them. What
 * has no smaps_rollup may be gVisor, and that is charged for them as shmem. */
static int64_t anon_charged(const struct sampler *sampler)
{
    const struct levels *levels = &sampler->levels;
    int64_t usage = levels->usage.now_bytes, anon = levels->stat.anon_bytes;
    if (anon < 0 || usage < 0)
        return usage;
    if (sampler->pss.no_rollup && levels->stat.shmem_bytes > 0)
        anon += levels->stat.shmem_bytes;
    return anon + usage / 100 < usage ? anon + usage / 100 : usage;
}

static void estimate_all(void)
{
    for (size_t i = 0; i < table_end(); i++)
        if (table_at(i)->pid && !table_at(i)->gone)
            pss_estimate(table_at(i));
}

static void look(struct sampler *sampler, int64_t t_ms)
{
    struct levels *levels = &sampler->levels;
    bool may_read = !levels_near_limit(levels);
    read_sizes(sampler);
    int64_t usage_after = levels_read_usage(levels);
    if (may_read)
        (void)pss_refresh(t_ms, LOOK_READS_US, !levels_are_flat(levels));
    sampler->unread = true;
    estimate_all();
    pss_guard(anon_charged(sampler), t_ms, may_read);

    const struct wire_snapshot now = present(sampler, t_ms);
    levels_looked(levels, now.processes);
    sampler->looked_ms = t_ms;
    sampler->looked_bytes = now.cgroup_bytes;
    sampler->looked_unreclaimable_bytes = now.unreclaimable_bytes;
    /* What is freed while the sizes are read is in some of them: no such snapshot is sound. */
    if (now.processes == 0 || usage_after < now.cgroup_bytes - now.cgroup_bytes / 50)
        return;
    snapshot_offer(BY_USAGE, now.cgroup_bytes >= 0 ? now.cgroup_bytes : now.pss_bytes, &now);
    snapshot_offer(BY_UNRECLAIMABLE, now.unreclaimable_bytes, &now);
}

/* ---- the story ---- */

static void enter_stage(struct sampler *sampler, int stage, int64_t t_ms)
{
    tell_sample(sampler, t_ms);
    tell_snapshots(sampler, t_ms);
    sampler->stage = stage;
    emit_record(&(struct wire_record){.type = WIRE_STAGE,
                                      .stage = {.t_ms = t_ms,
                                                .stage = stage,
                                                .peak_bytes = cgroup_peak(sampler->cgroup),
                                                .ended_peak_bytes = -1}});
    emit_some();
    snapshots_forget();
    levels_restart(&sampler->levels);
}

static bool same(int64_t before_bytes, int64_t now_bytes)
{
    int64_t by = now_bytes - before_bytes;
    return before_bytes >= 0 && by < SAME_BYTES && by > -SAME_BYTES;
}

static bool survey_is_due(const struct sampler *sampler, int64_t t_ms, bool before_look)
{
    int64_t fresh_ms = sampler->survey_us * FRESH_MS_PER_100_US / 100;
    if (before_look && sampler->survey_us < CHEAP_SURVEY_US &&
        t_ms >= sampler->surveyed_ms + (fresh_ms > FRESH_MIN_MS ? fresh_ms : FRESH_MIN_MS))
        return true;
    bool idle = same(sampler->surveyed_bytes, sampler->levels.usage.now_bytes);
    return t_ms >= sampler->next_survey_ms &&
           (!idle || t_ms >= sampler->surveyed_ms + sampler->interval_ms);
}

static bool look_is_due(const struct sampler *sampler, int64_t t_ms, bool beat)
{
    const struct levels *levels = &sampler->levels;
    bool idle = same(sampler->looked_bytes, levels->usage.now_bytes) &&
                same(sampler->looked_unreclaimable_bytes, levels->unreclaimable.now_bytes);
    return levels_are_new(levels) || (beat && (!idle || t_ms >= sampler->looked_ms + LOOK_IDLE_MS));
}

int64_t sampler_tick(struct sampler *sampler, int64_t t_ms)
{
    bool beat = t_ms >= sampler->next_beat_ms;
    levels_poll(&sampler->levels, beat);
    bool worth = look_is_due(sampler, t_ms, beat);
    if (survey_is_due(sampler, t_ms, worth)) {
        int stage = survey(sampler, t_ms);
        /* Between two stages the last one goes on: a gap has no name of its own. */
        if (stage != stages_count() && stage != sampler->stage) {
            enter_stage(sampler, stage, t_ms);
            worth = true;
        }
    }
    if (worth)
        look(sampler, t_ms);
    else if (sampler->unread && !levels_near_limit(&sampler->levels))
        sampler->unread = pss_refresh(t_ms, TICK_READS_US, !levels_are_flat(&sampler->levels));
    if (beat) {
        sampler->next_beat_ms = t_ms + sampler->interval_ms;
        tell_sample(sampler, t_ms);
        if (t_ms >= sampler->next_holdings_ms)
            tell_holdings(sampler, t_ms);
        if (t_ms >= sampler->next_tell_ms)
            tell_snapshots(sampler, t_ms);
    }
    /* Waking up is what costs most while nothing happens: a beat that is near is waited for. */
    int64_t wait_ms = levels_wait_ms(&sampler->levels);
    return t_ms + wait_ms + wait_ms / 2 < sampler->next_beat_ms ? t_ms + wait_ms
                                                                : sampler->next_beat_ms;
}

void sampler_finish(struct sampler *sampler, int64_t t_ms)
{
    levels_poll(&sampler->levels, true);
    (void)survey(sampler, t_ms);
    read_sizes(sampler);
    estimate_all();
    tell_sample(sampler, t_ms);
    tell_snapshots(sampler, t_ms);
}
