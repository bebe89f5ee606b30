#include "probe/gauges.h"

#include "proc/proc.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#define WAIT_MIN_MS 5
#define WAIT_MAX_MS 50
#define FLAT_POLLS 6
#define CALM_POLLS 20
#define STEP_MIN_PERMILLE 10
#define STEP_MAX_PERMILLE 30
/* 4 GB/s per CPU: more than the kernel can allocate. */
#define FASTEST_BYTES_PER_MS_AND_CPU 4000000
/* The part of its highest usage by which a large cgroup can grow between two polls: 2.5 %. */
#define GROWTH_PARTS 40

static int open_file(const struct cgroup *cgroup, const char *name)
{
    char path[CGROUP_PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", cgroup->directory, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static int cpu_count(void)
{
    cpu_set_t cpus;
    int count = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
    return count > 8 ? 8 : count;
}

static void gauge_start_stage(struct gauge *gauge)
{
    gauge->high_bytes = gauge->now_bytes;
    gauge->snapshot_bytes = -1;
}

void gauges_open(struct gauges *gauges, const struct cgroup *cgroup)
{
    *gauges = (struct gauges){
        .cgroup = cgroup,
        .usage_fd = -1,
        .stat_fd = -1,
        .extra_fd = -1,
        .limit_bytes = -1,
        .fastest_bytes_per_ms = (int64_t)cpu_count() * FASTEST_BYTES_PER_MS_AND_CPU,
        .step_permille = STEP_MIN_PERMILLE,
        .usage = {-1, -1, -1},
        .unreclaimable = {-1, -1, -1},
        .stat = {-1, -1, -1, -1, -1, -1, -1, -1, -1},
        .swap_high_bytes = -1,
        .zswap_high_bytes = -1,
        .stat_usage_bytes = -1,
        .flat_usage_bytes = -1,
    };
    if (cgroup->version == 0)
        return;
    bool v2 = cgroup->version == 2;
    gauges->usage_fd = open_file(cgroup, v2 ? "memory.current" : "memory.usage_in_bytes");
    gauges->stat_fd = open_file(cgroup, "memory.stat");
    gauges->extra_fd = open_file(cgroup, v2 ? "memory.swap.current" : "memory.kmem.usage_in_bytes");
    gauges->limit_bytes = cgroup_limit(cgroup);
}

static int64_t read_number(int fd)
{
    char text[64];
    int64_t number;
    return read_again(fd, text, sizeof text) > 0 && parse_cgroup_number(text, &number) == 0 ? number
                                                                                            : -1;
}

static bool moved(int64_t from, int64_t to)
{
    int64_t by = to > from ? to - from : from - to;
    return from < 0 || by > from / 200;
}

static void gauge_set(struct gauge *gauge, int64_t bytes)
{
    gauge->now_bytes = bytes;
    if (bytes > gauge->high_bytes)
        gauge->high_bytes = bytes;
}

static void read_stat(struct gauges *gauges)
{
    char text[8192];
    if (gauges->sum_below) {
        cgroup_stat_sum(gauges->cgroup, &gauges->stat);
    } else {
        if (gauges->stat_fd < 0 || read_again(gauges->stat_fd, text, sizeof text) <= 0)
            return;
        parse_memory_stat(text, gauges->cgroup->version, &gauges->stat);
        int64_t extra = gauges->extra_fd >= 0 ? read_number(gauges->extra_fd) : -1;
        if (gauges->cgroup->version == 2)
            cgroup_stat_set_swap(&gauges->stat, extra);
        else
            gauges->stat.kernel_bytes = extra;
    }
    if (gauges->stat.swap_bytes > gauges->swap_high_bytes)
        gauges->swap_high_bytes = gauges->stat.swap_bytes;
    if (gauges->stat.zswap_bytes > gauges->zswap_high_bytes)
        gauges->zswap_high_bytes = gauges->stat.zswap_bytes;
    gauges->stat_usage_bytes = gauges->usage.now_bytes;
    gauge_set(&gauges->unreclaimable, cgroup_stat_unreclaimable(&gauges->stat));
}

int64_t gauges_read_usage(const struct gauges *gauges)
{
    return gauges->usage_fd < 0 ? -1 : read_number(gauges->usage_fd);
}

void gauges_poll(struct gauges *gauges, bool whole)
{
    gauge_set(&gauges->usage, gauges_read_usage(gauges));
    if (moved(gauges->flat_usage_bytes, gauges->usage.now_bytes)) {
        gauges->flat_usage_bytes = gauges->usage.now_bytes;
        gauges->flat_polls = 0;
    } else if (gauges->flat_polls < CALM_POLLS) {
        gauges->flat_polls++;
    }
    if (whole || gauges_near_limit(gauges) ||
        moved(gauges->stat_usage_bytes, gauges->usage.now_bytes))
        read_stat(gauges);
}

static int64_t next_new_bytes(const struct gauges *gauges, const struct gauge *gauge)
{
    return gauge->snapshot_bytes + gauge->snapshot_bytes / 1000 * gauges->step_permille;
}

static bool is_new(const struct gauges *gauges, const struct gauge *gauge)
{
    return gauge->now_bytes >= 0 && gauge->now_bytes > next_new_bytes(gauges, gauge);
}

bool gauges_have_new_high(const struct gauges *gauges)
{
    return is_new(gauges, &gauges->usage) || is_new(gauges, &gauges->unreclaimable);
}

void gauges_note_snapshot(struct gauges *gauges, int64_t processes)
{
    int64_t step = STEP_MIN_PERMILLE + processes / 10;
    gauges->step_permille = step < STEP_MAX_PERMILLE ? step : STEP_MAX_PERMILLE;
    if (gauges->usage.now_bytes > gauges->usage.snapshot_bytes)
        gauges->usage.snapshot_bytes = gauges->usage.now_bytes;
    if (gauges->unreclaimable.now_bytes > gauges->unreclaimable.snapshot_bytes)
        gauges->unreclaimable.snapshot_bytes = gauges->unreclaimable.now_bytes;
}

void gauges_start_stage(struct gauges *gauges)
{
    gauges_poll(gauges, true);
    gauge_start_stage(&gauges->usage);
    gauge_start_stage(&gauges->unreclaimable);
}

bool gauges_are_flat(const struct gauges *gauges)
{
    return gauges->usage_fd < 0 || gauges->flat_polls >= FLAT_POLLS;
}

bool gauges_near_limit(const struct gauges *gauges)
{
    return gauges->limit_bytes > 0 &&
           gauges->usage.now_bytes > gauges->limit_bytes - gauges->limit_bytes / 10;
}

static int64_t time_to_new_high(const struct gauges *gauges, const struct gauge *gauge)
{
    if (gauge->now_bytes < 0)
        return WAIT_MAX_MS;
    return (next_new_bytes(gauges, gauge) - gauge->now_bytes) / gauges->fastest_bytes_per_ms;
}

int64_t gauges_wait_ms(const struct gauges *gauges)
{
    int64_t wait = time_to_new_high(gauges, &gauges->usage);
    int64_t other = time_to_new_high(gauges, &gauges->unreclaimable);
    int64_t least = gauges->usage.high_bytes / GROWTH_PARTS / gauges->fastest_bytes_per_ms;
    least = least > WAIT_MIN_MS ? least : WAIT_MIN_MS;
    /* Filling the memory takes longer than this; the next poll shows it. */
    least *= gauges->flat_polls < FLAT_POLLS ? 1 : gauges->flat_polls < CALM_POLLS ? 2 : 4;
    wait = other < wait ? other : wait;
    return wait < least ? least : wait > WAIT_MAX_MS ? WAIT_MAX_MS : wait;
}
