#include "bench/run.h"

#include "bench/rounds.h"
#include "bench/workers.h"
#include "bench/workload.h"

#include "cgroup/cgroup.h"
#include "wire/wire.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 64

const char *const sampler_names[SAMPLERS] = {"none", "build-mem", "plain C, 150 ms",
                                             "plain C, 20 ms", "Node, 150 ms"};

/* Snapshots in the order of arrival. They are assigned to spikes after the run. */
struct snapshot {
    long long begin_us, pss_bytes;
    int stage; /* the number of the spike; -1: find the spike by begin_us */
};
static struct snapshot *snapshots;
static size_t snapshot_count;

static const char *probe, *script;
static char self[4096], cgroup_directory[CGROUP_PATH_MAX + 64], log_path[64];

void runs_init(const char *probe_path, const char *script_path, const char *parent)
{
    probe = probe_path;
    script = script_path;
    snprintf(cgroup_directory, sizeof cgroup_directory, "%s/bench-%d", parent, (int)getpid());
    snprintf(log_path, sizeof log_path, "/tmp/bench-%d.log", (int)getpid());
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        abort();
}

/* ---- output of the sampler ---- */

static void add_snapshot(struct outcome *outcome, struct snapshot one, long long usage_bytes)
{
    if (snapshot_count % 1024 == 0)
        snapshots = realloc(snapshots, (snapshot_count + 1024) * sizeof *snapshots);
    snapshots[snapshot_count++] = one;
    double over =
        usage_bytes > (long long)(64 * MIB) ? 100 * (double)one.pss_bytes / (double)usage_bytes : 0;
    outcome->over_percent = over > outcome->over_percent ? over : outcome->over_percent;
}

static void handle_record(struct outcome *outcome, const struct wire_record *record)
{
    if (record->type == WIRE_SNAPSHOT) {
        add_snapshot(outcome,
                     (struct snapshot){.stage = (int)record->snapshot.stage,
                                       .pss_bytes = record->snapshot.pss_bytes},
                     record->snapshot.cgroup_bytes);
    } else if (record->type == WIRE_END) {
        outcome->cpu_us = (double)record->end.cpu_ms * 1000;
        outcome->rss_mib = (double)record->end.rss_peak_bytes / (double)MIB;
        if (record->end.exit_code > 0)
            fprintf(stderr, "the build ended with status %d\n", (int)record->end.exit_code);
    } else if (record->type == WIRE_FAILURE) {
        fprintf(stderr, "build-mem-probe: %s\n", record->failure.message);
    }
}

static void read_records(struct outcome *outcome, int from, int lifeline)
{
    static uint8_t stream[4 * (WIRE_HEADER_BYTES + WIRE_PAYLOAD_MAX)];
    size_t length = 0;
    ssize_t got;
    while ((got = read(from, stream + length, sizeof stream - length)) > 0) {
        size_t used = 0;
        length += (size_t)got;
        for (;;) {
            struct wire_record record;
            int64_t size = wire_decode(stream + used, length - used, &record);
            if (size <= 0)
                break;
            handle_record(outcome, &record);
            if (record.type == WIRE_END)
                close(lifeline);
            used += (size_t)size;
        }
        memmove(stream, stream + used, length - used);
        length -= used;
    }
    close(from);
}

static void read_lines(struct outcome *outcome, int from)
{
    FILE *in = fdopen(from, "r");
    char line[256];
    while (in && fgets(line, sizeof line, in)) {
        long long begin, end, pss, usage;
        double wall;
        if (sscanf(line, "sample %lld %lld %lld %lld", &begin, &end, &pss, &usage) == 4)
            add_snapshot(outcome,
                         (struct snapshot){.begin_us = begin, .stage = -1, .pss_bytes = pss},
                         usage);
        else if (sscanf(line, "end %lf %lf %lf", &outcome->cpu_us, &wall, &outcome->rss_mib) == 3)
            outcome->rss_mib /= 1024;
    }
    if (in)
        fclose(in);
}

/* ---- log of the workload ---- */

static void read_log(struct outcome *outcome)
{
    FILE *in = fopen(log_path, "r");
    char line[256];
    while (in && fgets(line, sizeof line, in)) {
        struct spike one = {0};
        if (sscanf(line, "spike %lld %lld %d %lld", &one.begin_us, &one.end_us, &one.hold_ms,
                   &one.peak_bytes) == 4 &&
            outcome->spike_count < SPIKES_MAX)
            outcome->spikes[outcome->spike_count++] = one;
    }
    if (in)
        fclose(in);
    unlink(log_path);
}

static void assign_snapshots(struct outcome *outcome)
{
    for (size_t i = 0; i < snapshot_count; i++)
        for (int k = 0; k < outcome->spike_count; k++) {
            struct spike *spike = &outcome->spikes[k];
            bool belongs = snapshots[i].stage >= 0 ? snapshots[i].stage == k
                                                   : snapshots[i].begin_us >= spike->begin_us &&
                                                         snapshots[i].begin_us <= spike->end_us;
            if (belongs && snapshots[i].pss_bytes > spike->best_bytes)
                spike->best_bytes = snapshots[i].pss_bytes;
        }
}

/* ---- one run ---- */

/* Each spike is a stage. Other workloads have three usual stages. */
static int add_stages(const char *workload, const char **arguments)
{
    static char spikes[SPIKES_MAX][64];
    static const char *const usual[] = {"--stage=(^|[ /])next build( |$)",
                                        "--stage=(^|[ /])nx (run-many|build-deps)( |$)",
                                        "--stage=(^|[ /])(build:assemblyscript|asc)( |$)"};
    int count = 0;
    if (strncmp(workload, "spikes", 6) != 0 && strcmp(workload, "cow") != 0) {
        for (; count < 3; count++)
            arguments[count] = usual[count];
        return count;
    }
    for (; count < SPIKES_MAX; count++) {
        snprintf(spikes[count], sizeof spikes[count], "--stage=^stage-%d- ", count);
        arguments[count] = spikes[count];
    }
    return count;
}

static _Noreturn void run_sampler(enum sampler sampler, const char *workload)
{
    const char *arguments[ARGUMENTS_MAX];
    int n = 0;
    if (sampler == OURS) {
        enter_cgroup(cgroup_directory);
        arguments[n++] = probe;
        arguments[n++] = "--own-cgroup";
        n += add_stages(workload, arguments + n);
        arguments[n++] = "--";
    } else if (sampler == PLAIN_150 || sampler == PLAIN_20) {
        arguments[n++] = self;
        arguments[n++] = "--plain";
        arguments[n++] = sampler == PLAIN_150 ? "150" : "20";
        arguments[n++] = cgroup_directory;
    } else if (sampler == NODE_150) {
        arguments[n++] = "node";
        arguments[n++] = script;
        arguments[n++] = "150";
    }
    arguments[n++] = self;
    arguments[n++] = "--workload";
    arguments[n++] = workload;
    arguments[n++] = log_path;
    arguments[n++] = cgroup_directory;
    arguments[n] = NULL;
    execvp(arguments[0], (char *const *)(uintptr_t)arguments);
    perror(arguments[0]);
    _exit(127);
}

static void copy_rounds(struct outcome *outcome, struct rounds *rounds)
{
    char path[128];
    outcome->pairs = rounds->pairs;
    outcome->slower_percent = rounds->slower;
    outcome->slower_low = rounds->slower_low;
    outcome->slower_high = rounds->slower_high;
    snprintf(path, sizeof path, "%s.rounds", log_path);
    unlink(path);
}

void run(enum sampler sampler, const char *workload, int rounds_s, struct outcome *outcome)
{
    int records[2], lifeline[2];
    *outcome = (struct outcome){0};
    snapshot_count = 0;
    if (mkdir(cgroup_directory, 0755) < 0 || pipe2(records, O_CLOEXEC) < 0 ||
        pipe2(lifeline, O_CLOEXEC) < 0) {
        perror(cgroup_directory);
        exit(77);
    }
    struct rounds *rounds = rounds_s ? map_rounds(log_path) : NULL;
    long long begin = now_us();
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(lifeline[0], STDIN_FILENO);
        dup2(records[1], STDOUT_FILENO);
        run_sampler(sampler, workload);
    }
    close(records[1]);
    close(lifeline[0]);
    (void)!write(lifeline[1], "-1\n", 3); /* the probe starts the build after this line */
    pid_t meter = rounds ? start_rounds(rounds, pid, rounds_s) : 0;
    if (sampler == OURS) {
        read_records(outcome, records[0], lifeline[1]);
    } else {
        read_lines(outcome, records[0]);
        close(lifeline[1]);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    outcome->wall_us = (double)(now_us() - begin);
    if (status)
        fprintf(stderr, "%s with %s ended with status %x\n", workload, sampler_names[sampler],
                (unsigned)status);
    if (meter) {
        waitpid(meter, NULL, 0);
        copy_rounds(outcome, rounds);
    }
    read_log(outcome);
    assign_snapshots(outcome);
    for (int i = 0; i < 100 && rmdir(cgroup_directory) < 0; i++)
        sleep_ms(20);
}
