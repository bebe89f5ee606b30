#include "probe/sampler.h"

#include "kernel/procfs.h"
#include "probe/emit.h"
#include "probe/processes.h"
#include "probe/stages.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define PROCESSES_MAX 4096

struct reading {
    int pid;
    int64_t pss_bytes;
    int64_t basis; /* as in struct wire_process */
};
enum { BASIS_MEASURED = 0, BASIS_RSS = 2 };

static int pids[PROCESSES_MAX];
static struct reading readings[PROCESSES_MAX];

void sampler_init(struct sampler *sampler, const struct cgroup *cgroup,
                  const struct cgroup *members, int64_t interval_ms)
{
    *sampler = (struct sampler){
        .root = "",
        .cgroup = cgroup,
        .members = members,
        .interval_ms = interval_ms,
        .stage = stages_count(),
        .best_pss_bytes = -1,
    };
}

/* RSS is an upper bound of PSS, and statm may be read where smaps_rollup may not. */
static bool read_rss(const struct sampler *sampler, int pid, struct reading *reading)
{
    char text[256];
    int64_t resident, shared;
    if (read_proc(sampler->root, pid, "statm", text, sizeof text) <= 0 ||
        parse_statm(text, &resident, &shared) < 0 || resident == 0)
        return false;
    *reading = (struct reading){
        .pid = pid, .pss_bytes = resident * sysconf(_SC_PAGESIZE), .basis = BASIS_RSS};
    return true;
}

/* A process that ends while it is read answers ENOENT or ESRCH, and so does a zombie: it holds no
 * memory any more. Such a one is counted, never taken for 0 bytes. */
static bool read_pss(struct sampler *sampler, int pid, struct reading *reading)
{
    char text[4096];
    struct proc_rollup rollup;
    ssize_t got = read_proc(sampler->root, pid, "smaps_rollup", text, sizeof text);
    if (got > 0 && parse_smaps_rollup(text, &rollup) == 0) {
        *reading =
            (struct reading){.pid = pid, .pss_bytes = rollup.pss_bytes, .basis = BASIS_MEASURED};
        return true;
    }
    if (got < 0 && (errno == EACCES || errno == EPERM) && read_rss(sampler, pid, reading)) {
        sampler->unreadable++;
        return true;
    }
    sampler->vanished++;
    return false;
}

static int stage_of(const struct sampler *sampler, int pid)
{
    char command[WIRE_STRING_MAX];
    ssize_t length = read_proc(sampler->root, pid, "cmdline", command, sizeof command);
    if (length <= 0)
        return stages_count();
    cmdline_to_text(command, (size_t)length);
    return stages_match(command);
}

static void enter_stage(struct sampler *sampler, int stage, int64_t t_ms)
{
    sampler->stage = stage;
    sampler->best_pss_bytes = -1;
    emit_record(&(struct wire_record){
        .type = WIRE_STAGE,
        .stage = {.t_ms = t_ms, .stage = stage, .peak_bytes = cgroup_peak(sampler->cgroup)}});
}

static void emit_process(const struct sampler *sampler, const struct reading *reading)
{
    char command[WIRE_STRING_MAX] = "", status[4096];
    ssize_t length = read_proc(sampler->root, reading->pid, "cmdline", command, sizeof command);
    cmdline_to_text(command, length > 0 ? (size_t)length : 0);
    bool known = read_proc(sampler->root, reading->pid, "status", status, sizeof status) > 0;
    emit_record(
        &(struct wire_record){.type = WIRE_PROCESS,
                              .process = {.pid = reading->pid,
                                          .pss_bytes = reading->pss_bytes,
                                          .hwm_bytes = known ? parse_kib_line(status, "VmHWM") : -1,
                                          .basis = reading->basis,
                                          .command = command}});
}

static void emit_snapshot(struct sampler *sampler, const struct wire_sample *sample)
{
    emit_record(&(struct wire_record){.type = WIRE_SNAPSHOT,
                                      .snapshot = {.t_ms = sample->t_ms,
                                                   .stage = sample->stage,
                                                   .cgroup_bytes = sample->cgroup_bytes,
                                                   .pss_bytes = sample->pss_bytes,
                                                   .processes = sample->processes}});
    for (int64_t i = 0; i < sample->processes; i++)
        emit_process(sampler, &readings[i]);
    sampler->snapshots++;
}

static void read_counters(const struct sampler *sampler, struct wire_sample *sample)
{
    struct cgroup_stat stat = {-1, -1, -1, -1, -1, -1};
    if (sampler->cgroup->version)
        (void)cgroup_stat(sampler->cgroup, &stat);
    sample->cgroup_bytes = cgroup_usage(sampler->cgroup);
    sample->peak_bytes = cgroup_peak(sampler->cgroup);
    sample->anon_bytes = stat.anon_bytes;
    sample->file_bytes = stat.file_bytes;
    sample->shmem_bytes = stat.shmem_bytes;
    sample->kernel_bytes = stat.kernel_bytes;
    sample->unreclaimable_bytes = cgroup_stat_unreclaimable(&stat);
}

int64_t sampler_tick(struct sampler *sampler, int64_t t_ms)
{
    size_t count = build_processes(sampler->root, sampler->members, pids, PROCESSES_MAX);
    int stage = stages_count();
    struct wire_sample sample = {.t_ms = t_ms};
    for (size_t i = 0; i < count; i++) {
        int matched = stage_of(sampler, pids[i]);
        stage = matched < stage ? matched : stage;
        if (read_pss(sampler, pids[i], &readings[sample.processes]))
            sample.pss_bytes += readings[sample.processes++].pss_bytes;
    }
    /* Between two stages the last one goes on: a gap has no name of its own. */
    if (stage != stages_count() && stage != sampler->stage)
        enter_stage(sampler, stage, t_ms);

    sample.stage = sampler->stage;
    read_counters(sampler, &sample);
    sampler->samples++;
    emit_record(&(struct wire_record){.type = WIRE_SAMPLE, .sample = sample});
    if (sample.pss_bytes > sampler->best_pss_bytes) {
        sampler->best_pss_bytes = sample.pss_bytes;
        emit_snapshot(sampler, &sample);
    }
    return t_ms + sampler->interval_ms;
}
