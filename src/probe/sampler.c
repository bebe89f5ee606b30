#include "probe/sampler.h"

#include "probe/emit.h"
#include "probe/mappings.h"
#include "probe/process_table.h"
#include "probe/processes.h"
#include "probe/snapshot.h"
#include "probe/stages.h"
#include "probe/steps.h"

/* Limits of scans between ticks: at most one per SCAN_MIN_MS, and at most 0.17 % of the time. They
 * run only if the usage has changed by SAME_BYTES, since no process uses less. If it has not, there
 * is a scan per tick, for at most 0.1 % of the time, but one at least every SCAN_SAME_MAX_MS. */
#define SCAN_MIN_MS 20
#define SCAN_MS_PER_1000_US 600
#define SAME_BYTES INT64_C(65536)
#define SCAN_SAME_MS_PER_1000_US 1000
#define SCAN_SAME_MAX_MS 500
/* Snapshots and process samples each take at most 0.05 % of the time to send. */
#define SEND_MS_PER_US 2
/* A process sample is sent if the process has at least 1/200 of the PSS of all processes. */
#define PROCESS_SAMPLE_SHARE 200
/* A scan that is cheaper than this also precedes a snapshot, if the last scan is old enough: for at
 * most 0.33 % of the time; at once if a snapshot shows memory without a known owner. */
#define CHEAP_SCAN_US 2000
#define FRESH_MIN_MS 10
#define FRESH_MS_PER_100_US 30
/* If nothing has changed, a tick repeats the figures of the last snapshot up to this age. */
#define SNAPSHOT_IDLE_MS 1000
/* A snapshot that costs more than this, with some 150 processes, is taken for at most 2 % of the
 * time: while the memory of hundreds of processes grows, each replaces the one before. */
#define SNAPSHOT_CHEAP_US 300
#define SNAPSHOT_MS_PER_100_US 5
/* The longest time of PSS reads for one snapshot, within the budget of all reads. */
#define SNAPSHOT_READS_US 3000
#define POLL_READS_US 1
/* The pause between two pieces of a read of mappings. */
#define MAPPINGS_PAUSE_MS 3

static int pids[PROCESSES_MAX], steps[PROCESSES_MAX];

void sampler_init(struct sampler *sampler, const char *root, const struct cgroup *cgroup,
                  bool own_cgroup, int64_t interval_ms)
{
    *sampler = (struct sampler){
        .root = root,
        .cgroup = cgroup,
        .own_cgroup = own_cgroup,
        .interval_ms = interval_ms,
        .stage = NO_STAGE,
        .scanned_ms = -FRESH_MIN_MS,
        .scanned_usage_bytes = -1,
        .process_samples_ms = -1,
        .snapshot_usage_bytes = -1,
        .snapshot_unreclaimable_bytes = -1,
    };
    for (int i = 0; i < STAGES_MAX; i++)
        sampler->stage_seen_ms[i] = -1;
    gauges_open(&sampler->gauges, cgroup);
    table_init(sampler->root);
    snapshots_init();
    pss_init(&sampler->pss);
    mappings_init();
}

/* ---- records ---- */

/* Returns the values of the gauges and the sums of the estimates. */
static struct wire_snapshot present(const struct sampler *sampler, int64_t t_ms)
{
    const struct gauges *gauges = &sampler->gauges;
    struct wire_snapshot now = {
        .t_ms = t_ms,
        .stage = sampler->stage,
        .cgroup_bytes = gauges->usage.now_bytes,
        .anon_bytes = gauges->stat.anon_bytes,
        .file_bytes = gauges->stat.file_bytes,
        .shmem_bytes = gauges->stat.shmem_bytes,
        .kernel_bytes = gauges->stat.kernel_bytes,
        .unreclaimable_bytes = gauges->unreclaimable.now_bytes,
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

static void send_sample(struct sampler *sampler, int64_t t_ms)
{
    const struct wire_snapshot now = present(sampler, t_ms);
    sampler->samples++;
    emit_record(&(struct wire_record){
        .type = WIRE_SAMPLE,
        .sample = {
            .t_ms = now.t_ms,
            .stage = now.stage,
            .cgroup_bytes = now.cgroup_bytes,
            .peak_bytes = gauges_read_peak(&sampler->gauges),
            .pss_bytes = now.pss_bytes,
            .anon_bytes = now.anon_bytes,
            .file_bytes = now.file_bytes,
            .shmem_bytes = now.shmem_bytes,
            .kernel_bytes = now.kernel_bytes,
            .unreclaimable_bytes = now.unreclaimable_bytes,
            .processes = now.processes,
            .cgroup_high_bytes = sampler->gauges.usage.high_bytes,
            .unreclaimable_high_bytes = sampler->gauges.unreclaimable.high_bytes,
        }});
}

/* Sends the process samples of a tick: the estimates of the last snapshot, which ticks without one
 * would repeat. Drops the rest if the queue is full: they must not block the sampler. */
static void send_process_samples(struct sampler *sampler, int64_t t_ms)
{
    int64_t before = pss_cpu_us(), all_bytes = 0;
    sampler->process_samples_ms = sampler->snapshot_ms;
    for (size_t i = 0; i < table_end(); i++)
        if (table_at(i)->pid && !table_at(i)->gone)
            all_bytes += table_at(i)->pss_bytes;
    for (size_t i = 0; i < table_end() && emit_has_room(); i++) {
        const struct process *process = table_at(i);
        if (!process->pid || process->gone ||
            process->pss_bytes < all_bytes / PROCESS_SAMPLE_SHARE || process->pss_bytes <= 0)
            continue;
        emit_record(
            &(struct wire_record){.type = WIRE_PROCESS_SAMPLE,
                                  .process_sample = {.t_ms = t_ms,
                                                     .pss_bytes = process->pss_bytes,
                                                     .charged_bytes = pss_charged_bytes(process),
                                                     .command = process_command(process)}});
    }
    sampler->next_process_samples_ms = t_ms + (pss_cpu_us() - before) * SEND_MS_PER_US;
}

/* `last`: of this stage. */
static void send_snapshots(struct sampler *sampler, int64_t t_ms, bool last)
{
    int64_t before = pss_cpu_us();
    sampler->snapshots += snapshots_send();
    mappings_send(last);
    sampler->next_send_ms = t_ms + (pss_cpu_us() - before) * SEND_MS_PER_US;
}

/* ---- scan: which processes, which stage ---- */

static void send_stage_seen(const struct sampler *sampler, int stage)
{
    emit_record(&(struct wire_record){
        .type = WIRE_STAGE_SEEN,
        .stage_seen = {.t_ms = sampler->stage_seen_ms[stage], .stage = stage}});
}

static void note_stage(struct sampler *sampler, int stage, int64_t t_ms)
{
    if (stage == NO_STAGE)
        return;
    bool first = sampler->stage_seen_ms[stage] < 0;
    sampler->stage_seen_ms[stage] = t_ms;
    if (first)
        send_stage_seen(sampler, stage);
}

/* Returns the stage of the live processes, or NO_STAGE. */
static int scan(struct sampler *sampler, int64_t t_ms)
{
    int64_t before = pss_cpu_us();
    int stage = NO_STAGE;
    bool changed = false; /* a new process, or a new match */
    size_t count = steps_are_on() ? steps_processes(pids, steps, PROCESSES_MAX)
                                  : build_processes(sampler->root, sampler->cgroup,
                                                    sampler->own_cgroup, pids, PROCESSES_MAX);
    sampler->scan++;
    for (size_t i = 0; i < count; i++) {
        struct process *process = table_take(pids[i], t_ms);
        if (!process) {
            sampler->pss.vanished++;
            continue;
        }
        changed |= process->assigned_scan == 0;
        process->scan = sampler->scan;
        changed |= process_check_command(process, t_ms, sampler->interval_ms);
        if (steps_are_on())
            process->stage = steps[i];
        note_stage(sampler, process->stage, t_ms);
        stage = process->stage < stage ? process->stage : stage;
    }
    if (changed)
        table_assign_stages(sampler->scan);
    table_sweep(sampler->scan);
    sampler->scan_us = pss_cpu_us() - before;
    int64_t gap = sampler->scan_us * SCAN_MS_PER_1000_US / 1000;
    sampler->scanned_ms = t_ms;
    sampler->scanned_usage_bytes = sampler->gauges.usage.now_bytes;
    /* At least one scan per tick, at any cost: a stage that lasts for a tick is seen. */
    gap = gap < sampler->interval_ms ? gap : sampler->interval_ms;
    sampler->next_scan_ms = t_ms + (gap > SCAN_MIN_MS ? gap : SCAN_MIN_MS);
    return stage;
}

/* ---- snapshot: memory of each process ---- */

static void read_sizes(struct sampler *sampler)
{
    for (size_t i = 0; i < table_end(); i++) {
        struct process *process = table_at(i);
        if (!process->pid || process->gone)
            continue;
        if (!process_read_statm(process)) {
            table_drop(process);
            sampler->pss.vanished++;
        } else if (process_outgrew_command(process)) {
            sampler->scanned_usage_bytes = -1; /* scan again, even if the usage does not change */
        }
    }
}

/* Returns the upper bound of the processes' anonymous memory: the cgroup is charged for each
 * anonymous page that they touch. A kernel without smaps_rollup may be gVisor, which charges
 * anonymous memory as shmem. */
static int64_t anon_charged(const struct sampler *sampler)
{
    const struct gauges *gauges = &sampler->gauges;
    int64_t usage = gauges->usage.now_bytes, anon = gauges->stat.anon_bytes;
    if (anon < 0 || usage < 0)
        return usage;
    if (sampler->pss.no_rollup && gauges->stat.shmem_bytes > 0)
        anon += gauges->stat.shmem_bytes;
    return anon + usage / 100 < usage ? anon + usage / 100 : usage;
}

static void estimate_all(void)
{
    for (size_t i = 0; i < table_end(); i++)
        if (table_at(i)->pid && !table_at(i)->gone)
            pss_estimate(table_at(i));
}

static void take_snapshot(struct sampler *sampler, int64_t t_ms)
{
    struct gauges *gauges = &sampler->gauges;
    bool may_read = !gauges_near_limit(gauges);
    int64_t before = pss_cpu_us();
    read_sizes(sampler);
    sampler->snapshot_us = pss_cpu_us() - before;
    int64_t usage_after = gauges_read_usage(gauges);
    pss_compare(sampler->own_cgroup ? gauges->stat.anon_bytes : -1);
    if (may_read)
        (void)pss_refresh(t_ms, SNAPSHOT_READS_US, !gauges_are_flat(gauges));
    sampler->unread = true;
    estimate_all();
    pss_guard(anon_charged(sampler), t_ms, may_read);

    const struct wire_snapshot now = present(sampler, t_ms);
    gauges_note_snapshot(gauges, now.processes);
    sampler->snapshot_ms = t_ms;
    sampler->snapshot_usage_bytes = now.cgroup_bytes;
    sampler->snapshot_unreclaimable_bytes = now.unreclaimable_bytes;
    /* If memory was freed during the reads, some sizes include it: discard the snapshot. */
    sampler->lacks_owner = false;
    if (now.processes == 0 || usage_after < now.cgroup_bytes - now.cgroup_bytes / 50)
        return;
    bool complete = snapshot_offer(WIRE_GAUGE_USAGE,
                                   now.cgroup_bytes >= 0 ? now.cgroup_bytes : now.pss_bytes, &now);
    complete &= snapshot_offer(WIRE_GAUGE_UNRECLAIMABLE, now.unreclaimable_bytes, &now);
    snapshot_offer_stages(&now);
    sampler->lacks_owner = !complete && sampler->scanned_ms != t_ms;
}

/* ---- the loop ---- */

static void enter_stage(struct sampler *sampler, int stage, int64_t t_ms)
{
    send_sample(sampler, t_ms);
    send_snapshots(sampler, t_ms, true);
    sampler->stage = stage;
    emit_record(&(struct wire_record){.type = WIRE_STAGE,
                                      .stage = {.t_ms = t_ms,
                                                .stage = stage,
                                                .peak_bytes = gauges_read_peak(&sampler->gauges),
                                                .ended_peak_bytes = -1}});
    emit_some();
    snapshots_forget();
    gauges_start_stage(&sampler->gauges, t_ms);
}

static bool same(int64_t before_bytes, int64_t now_bytes)
{
    int64_t by = now_bytes - before_bytes;
    return before_bytes >= 0 && by < SAME_BYTES && by > -SAME_BYTES;
}

static bool scan_is_due(const struct sampler *sampler, int64_t t_ms, bool before_snapshot)
{
    int64_t fresh_ms = sampler->scan_us * FRESH_MS_PER_100_US / 100;
    if (before_snapshot && sampler->scan_us < CHEAP_SCAN_US &&
        t_ms >= sampler->scanned_ms + (fresh_ms > FRESH_MIN_MS ? fresh_ms : FRESH_MIN_MS))
        return true;
    if (!same(sampler->scanned_usage_bytes, sampler->gauges.usage.now_bytes))
        return t_ms >= sampler->next_scan_ms;
    int64_t gap_ms = sampler->scan_us * SCAN_SAME_MS_PER_1000_US / 1000;
    gap_ms = gap_ms < SCAN_SAME_MAX_MS ? gap_ms : SCAN_SAME_MAX_MS;
    return t_ms >=
           sampler->scanned_ms + (gap_ms > sampler->interval_ms ? gap_ms : sampler->interval_ms);
}

static bool snapshot_is_due(const struct sampler *sampler, int64_t t_ms, bool tick)
{
    const struct gauges *gauges = &sampler->gauges;
    bool idle = same(sampler->snapshot_usage_bytes, gauges->usage.now_bytes) &&
                same(sampler->snapshot_unreclaimable_bytes, gauges->unreclaimable.now_bytes);
    int64_t rest_ms = sampler->snapshot_us < SNAPSHOT_CHEAP_US
                          ? 0
                          : sampler->snapshot_us * SNAPSHOT_MS_PER_100_US / 100;
    return (gauges_have_new_high(gauges) && t_ms >= sampler->snapshot_ms + rest_ms) ||
           (tick && (!idle || t_ms >= sampler->snapshot_ms + SNAPSHOT_IDLE_MS));
}

/* A process that began after the last scan holds much of the memory, perhaps not for long. */
static bool owner_is_due(const struct sampler *sampler, int64_t t_ms)
{
    return sampler->lacks_owner && sampler->scan_us < CHEAP_SCAN_US &&
           t_ms >= sampler->scanned_ms + FRESH_MIN_MS;
}

int64_t sampler_poll(struct sampler *sampler, int64_t t_ms)
{
    bool tick = t_ms >= sampler->next_tick_ms;
    if (steps_are_on())
        steps_poll(t_ms);
    gauges_poll(&sampler->gauges, t_ms, tick);
    bool wants_owner = owner_is_due(sampler, t_ms);
    bool due = wants_owner || snapshot_is_due(sampler, t_ms, tick);
    if (wants_owner || scan_is_due(sampler, t_ms, due)) {
        int stage = scan(sampler, t_ms);
        /* A gap between two stages belongs to the earlier one. */
        if (stage != NO_STAGE && stage != sampler->stage) {
            enter_stage(sampler, stage, t_ms);
            due = true;
        }
    }
    if (due)
        take_snapshot(sampler, t_ms);
    else if (sampler->unread && !gauges_near_limit(&sampler->gauges))
        sampler->unread = pss_refresh(t_ms, POLL_READS_US, !gauges_are_flat(&sampler->gauges));
    if (!due)
        mappings_poll(t_ms, sampler->gauges.usage.now_bytes, gauges_are_flat(&sampler->gauges),
                      !gauges_near_limit(&sampler->gauges));
    if (tick) {
        sampler->next_tick_ms = t_ms + sampler->interval_ms;
        send_sample(sampler, t_ms);
        if (sampler->snapshot_ms != sampler->process_samples_ms &&
            t_ms >= sampler->next_process_samples_ms)
            send_process_samples(sampler, t_ms);
        if (t_ms >= sampler->next_send_ms)
            send_snapshots(sampler, t_ms, false);
    }
    /* A wake-up is the main cost while nothing changes, so wait for the tick if it is near. */
    int64_t wait_ms =
        mappings_are_being_read() ? MAPPINGS_PAUSE_MS : gauges_wait_ms(&sampler->gauges);
    if (sampler->lacks_owner && wait_ms > FRESH_MIN_MS)
        wait_ms = FRESH_MIN_MS;
    return t_ms + wait_ms + wait_ms / 2 < sampler->next_tick_ms ? t_ms + wait_ms
                                                                : sampler->next_tick_ms;
}

void sampler_finish(struct sampler *sampler, int64_t t_ms)
{
    gauges_poll(&sampler->gauges, t_ms, true);
    (void)scan(sampler, t_ms);
    read_sizes(sampler);
    estimate_all();
    send_sample(sampler, t_ms);
    send_snapshots(sampler, t_ms, true);
    if (steps_are_on())
        steps_finish(t_ms);
    for (int stage = 0; stage < stages_count(); stage++)
        if (sampler->stage_seen_ms[stage] >= 0)
            send_stage_seen(sampler, stage);
}
