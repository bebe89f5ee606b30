/* bench PROBE SAMPLER.MJS [SCENARIO...]: samplers side by side on builds of known peaks.
 *
 * Prints one table: what each sampler cost, which share of short peaks it caught (its best
 * snapshot explains 95 % of the kernel's own peak), and how far it slowed the build down. Needs
 * root and cgroup v1, where the truth can be reset for every spike. Exit 77: not here. */
#include "kernel/cgroup.h"
#include "plain.h"
#include "wire/wire.h"
#include "workload.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SPIKES_MAX 64
#define ARGUMENTS_MAX 96

enum sampler { NONE, OURS, PLAIN_150, PLAIN_20, NODE_150, SAMPLERS };
static const char *const sampler_names[] = {"none", "build-mem", "plain C, 150 ms",
                                            "plain C, 20 ms", "Node, 150 ms"};

struct spike {
    long long begin_us, end_us, peak_bytes;
    int hold_ms;
    long long best_bytes; /* of the sampler's snapshots */
};

struct outcome {
    struct spike spikes[SPIKES_MAX];
    int spike_count;
    long long work;
    double cpu_us, wall_us, rss_mib;
    double most_over; /* the highest snapshot / usage */
};

/* Snapshots as they come; put to spikes afterwards. */
struct snapshot {
    long long begin_us, pss_bytes;
    int stage; /* -1: by its time */
};
static struct snapshot *snapshots;
static size_t snapshot_count;

static const char *self, *probe, *script;
static char cgroup_directory[CGROUP_PATH_MAX + 64], log_path[64];

static void add_snapshot(struct outcome *outcome, struct snapshot one, long long usage_bytes)
{
    if (snapshot_count % 1024 == 0)
        snapshots = realloc(snapshots, (snapshot_count + 1024) * sizeof *snapshots);
    snapshots[snapshot_count++] = one;
    double over = usage_bytes > 64 << 20 ? (double)one.pss_bytes / (double)usage_bytes : 0;
    outcome->most_over = over > outcome->most_over ? over : outcome->most_over;
}

static void take_record(struct outcome *outcome, const struct wire_record *record)
{
    if (record->type == WIRE_SNAPSHOT) {
        add_snapshot(outcome,
                     (struct snapshot){.stage = (int)record->snapshot.stage,
                                       .pss_bytes = record->snapshot.pss_bytes},
                     record->snapshot.cgroup_bytes);
    } else if (record->type == WIRE_END) {
        outcome->cpu_us = (double)record->end.cpu_ms * 1000;
        outcome->wall_us = (double)record->end.duration_ms * 1000;
        outcome->rss_mib = (double)record->end.rss_peak_bytes / (1 << 20);
    }
}

static void read_records(struct outcome *outcome, int from, int leash)
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
            take_record(outcome, &record);
            if (record.type == WIRE_END)
                close(leash);
            used += (size_t)size;
        }
        memmove(stream, stream + used, length - used);
        length -= used;
    }
}

static void read_lines(struct outcome *outcome, int from)
{
    FILE *in = fdopen(from, "r");
    char line[256];
    while (in && fgets(line, sizeof line, in)) {
        long long begin, end, pss, usage;
        if (sscanf(line, "sample %lld %lld %lld %lld", &begin, &end, &pss, &usage) == 4)
            add_snapshot(outcome,
                         (struct snapshot){.begin_us = begin, .stage = -1, .pss_bytes = pss},
                         usage);
        else if (sscanf(line, "end %lf %lf %lf", &outcome->cpu_us, &outcome->wall_us,
                        &outcome->rss_mib) == 3)
            outcome->rss_mib /= 1024;
    }
    if (in)
        fclose(in);
}

/* ---- one run ---- */

static void enter_cgroup(void)
{
    char path[CGROUP_PATH_MAX + 128];
    snprintf(path, sizeof path, "%s/cgroup.procs", cgroup_directory);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "0", 1) < 0)
        _exit(126);
    close(fd);
}

static _Noreturn void run_sampler(enum sampler sampler, const char *scenario)
{
    static char stages[SPIKES_MAX][64];
    const char *arguments[ARGUMENTS_MAX];
    int n = 0;
    if (sampler == OURS) {
        enter_cgroup();
        arguments[n++] = probe;
        arguments[n++] = "--own-cgroup";
        for (int i = 0; i < 20; i++) {
            snprintf(stages[i], sizeof stages[i], "--stage=^stage-%d- ", i);
            arguments[n++] = stages[i];
        }
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
    arguments[n++] = scenario;
    arguments[n++] = log_path;
    arguments[n++] = cgroup_directory;
    arguments[n] = NULL;
    execvp(arguments[0], (char *const *)(uintptr_t)arguments);
    perror(arguments[0]);
    _exit(127);
}

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
        (void)sscanf(line, "work %lld", &outcome->work);
    }
    if (in)
        fclose(in);
    for (size_t i = 0; i < snapshot_count; i++)
        for (int k = 0; k < outcome->spike_count; k++) {
            struct spike *spike = &outcome->spikes[k];
            bool of_it = snapshots[i].stage >= 0 ? snapshots[i].stage == k
                                                 : snapshots[i].begin_us >= spike->begin_us &&
                                                       snapshots[i].begin_us <= spike->end_us;
            if (of_it && snapshots[i].pss_bytes > spike->best_bytes)
                spike->best_bytes = snapshots[i].pss_bytes;
        }
}

static void run(enum sampler sampler, const char *scenario, struct outcome *outcome)
{
    int records[2], leash[2];
    *outcome = (struct outcome){0};
    snapshot_count = 0;
    if (mkdir(cgroup_directory, 0755) < 0 || pipe2(records, O_CLOEXEC) < 0 ||
        pipe2(leash, O_CLOEXEC) < 0) {
        perror(cgroup_directory);
        exit(77);
    }
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(leash[0], STDIN_FILENO);
        dup2(records[1], STDOUT_FILENO);
        run_sampler(sampler, scenario);
    }
    close(records[1]);
    close(leash[0]);
    if (sampler == OURS) {
        read_records(outcome, records[0], leash[1]);
        close(records[0]);
    } else {
        read_lines(outcome, records[0]);
        close(leash[1]);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    if (status)
        fprintf(stderr, "%s with %s ended with status %x\n", scenario, sampler_names[sampler],
                (unsigned)status);
    read_log(outcome);
    unlink(log_path);
    for (int i = 0; i < 100 && rmdir(cgroup_directory) < 0; i++)
        usleep(20000);
}

/* ---- the table ---- */

static void put_caught(const struct outcome *outcome, int least_ms, int most_ms)
{
    int spikes = 0, caught = 0;
    for (int i = 0; i < outcome->spike_count; i++) {
        const struct spike *spike = &outcome->spikes[i];
        if (spike->hold_ms < least_ms || spike->hold_ms > most_ms)
            continue;
        spikes++;
        if (getenv("BENCH_VERBOSE"))
            fprintf(stderr, "spike %d: hold %d ms, peak %lld, best %lld (%.1f %%)\n", i,
                    spike->hold_ms, spike->peak_bytes, spike->best_bytes,
                    100 * (double)spike->best_bytes / (double)spike->peak_bytes);
        caught += (double)spike->best_bytes >= 0.95 * (double)spike->peak_bytes;
    }
    char text[32] = "-";
    if (spikes)
        snprintf(text, sizeof text, "%d/%d", caught, spikes);
    printf(" %9s", text);
}

static void put_row(const char *scenario, enum sampler sampler, const struct outcome *outcome,
                    long long alone)
{
    printf("%-12s %-16s", scenario, sampler_names[sampler]);
    printf(" %6.2f%% %6.1f", 100 * outcome->cpu_us / outcome->wall_us, outcome->rss_mib);
    put_caught(outcome, 20, 1000);
    put_caught(outcome, 0, 19);
    if (outcome->most_over > 0 && outcome->spike_count)
        printf(" %7.0f%%", 100 * outcome->most_over);
    else
        printf(" %8s", "-");
    if (alone && outcome->work)
        printf(" %8.1f%%", 100 - 100 * (double)outcome->work / (double)alone);
    else
        printf(" %9s", "-");
    printf("\n");
    fflush(stdout);
}

/* How much work is done alone, beside a run that is compared with it: the machine has moods. */
static long long work_alone(const char *scenario)
{
    static struct outcome alone;
    if (strcmp(scenario, "map") != 0)
        return 0;
    run(NONE, scenario, &alone);
    return alone.work;
}

static void run_scenario(const char *scenario)
{
    static struct outcome outcome;
    long long before = work_alone(scenario), after;
    for (enum sampler sampler = OURS; sampler < SAMPLERS; sampler++, before = after) {
        run(sampler, scenario, &outcome);
        after = work_alone(scenario);
        put_row(scenario, sampler, &outcome, (before + after) / 2);
    }
}

int main(int argc, char **argv)
{
    static const char *const all[] = {"10x100",      "100x10", "spikes-600",
                                      "spikes-2400", "cow",    "map"};
    static char exe[4096];
    struct cgroup own;
    if (argc > 1 && strcmp(argv[1], "--nothing") == 0)
        for (;;)
            pause();
    if (argc == 5 && strcmp(argv[1], "--workload") == 0)
        run_workload(argv[2], argv[3], argv[4]);
    if (argc > 4 && strcmp(argv[1], "--plain") == 0)
        return run_plain(atoi(argv[2]), argv[3], argv + 4);
    if (argc < 3) {
        fputs("usage: bench PROBE SAMPLER.MJS [SCENARIO...]\n", stderr);
        return 2;
    }
    probe = argv[1];
    script = argv[2];
    self = exe;
    if (readlink("/proc/self/exe", exe, sizeof exe - 1) < 0 || cgroup_of_self("", &own) < 0 ||
        own.version != 1 || geteuid() != 0) {
        fputs("skipped: the bench needs root and cgroup v1\n", stderr);
        return 77;
    }
    snprintf(cgroup_directory, sizeof cgroup_directory, "%s/bench-%d", own.directory,
             (int)getpid());
    snprintf(log_path, sizeof log_path, "/tmp/bench-%d.log", (int)getpid());
    printf("%-12s %-16s %7s %6s %9s %9s %8s %9s\n", "build", "sampler", "CPU", "MiB", "caught",
           "of 5 ms", "highest", "slow-down");
    if (argc > 3)
        for (int i = 3; i < argc; i++)
            run_scenario(argv[i]);
    else
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            run_scenario(all[i]);
    return 0;
}
