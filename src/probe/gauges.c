#include "probe/gauges.h"

#include "proc/proc.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WAIT_MIN_MS 5
#define WAIT_MAX_MS 50
#define FLAT_MS 30
#define STEP_MIN_PERMILLE 10
#define STEP_MAX_PERMILLE 30
/* 4 GB/s per CPU: more than the kernel can allocate. */
#define FASTEST_BYTES_PER_MS_AND_CPU 4000000
/* The part of its highest usage by which the cgroup can grow between two polls: 2.5 %, or this many
 * bytes. */
#define GROWTH_PARTS 40
#define GROWTH_LEAST_BYTES (INT64_C(8) << 20)
/* It can grow this many times as fast as in the last few polls, or from nothing: filling the memory
 * then takes longer than a calm wait, and the next poll shows it. */
#define GROWTH_SURGE 2
#define CALM_WAIT_MS 50
/* A wait becomes longer by this part of the time that passes. */
#define CALMING 10
/* The same if the build has huge pages: it fills memory some four times as fast. */
#define CALM_WAIT_HUGE_MS 20
#define CALMING_HUGE 20

/* `name` may be NULL: the kernel has no such file. */
static int open_file(const struct cgroup *cgroup, const char *name)
{
    char path[CGROUP_PATH_MAX + 64];
    if (!name)
        return -1;
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
        .peak_fd = -1,
        .stat_fd = -1,
        .extra_fd = -1,
        .limit_bytes = -1,
        .fastest_bytes_per_ms = (int64_t)cpu_count() * FASTEST_BYTES_PER_MS_AND_CPU,
        .step_permille = STEP_MIN_PERMILLE,
        .usage = {-1, -1, -1},
        .unreclaimable = {-1, -1, -1},
        .stat = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1},
        .swap_high_bytes = -1,
        .zswap_high_bytes = -1,
        .stat_usage_bytes = -1,
        .flat_usage_bytes = -1,
        .growth_wait_us = INT64_C(1000) * WAIT_MIN_MS,
    };
    if (cgroup->version == 0)
        return;
    bool v2 = cgroup->version == 2;
    gauges->usage_fd = open_file(cgroup, cgroup_usage_source(cgroup));
    gauges->peak_fd = open_file(cgroup, cgroup_peak_source(cgroup));
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

int64_t gauges_read_peak(const struct gauges *gauges)
{
    int64_t bytes = gauges->peak_fd < 0 ? -1 : read_number(gauges->peak_fd);
    return bytes > 0 ? bytes : -1;
}

static bool has_huge_pages(const struct gauges *gauges)
{
    return gauges->stat.anon_huge_bytes > gauges->stat.anon_bytes / 8;
}

/* Returns the wait after which the usage has grown by at most GROWTH_PARTS. */
static int64_t time_to_grow(const struct gauges *gauges)
{
    int64_t room = gauges->usage.high_bytes / GROWTH_PARTS;
    int64_t least = room / gauges->fastest_bytes_per_ms;
    least = least > WAIT_MIN_MS ? least : WAIT_MIN_MS;
    room = room > GROWTH_LEAST_BYTES ? room : GROWTH_LEAST_BYTES;
    int64_t calm = has_huge_pages(gauges) ? CALM_WAIT_HUGE_MS : CALM_WAIT_MS;
    int64_t wait = least > calm ? least : calm;
    int64_t surge = GROWTH_SURGE * gauges->growth_bytes_per_ms;
    if (surge > 0 && room / surge < wait)
        wait = room / surge;
    return wait > least ? wait : least;
}

static void note_growth(struct gauges *gauges, int64_t t_ms, int64_t before_bytes)
{
    int64_t passed_ms = t_ms - gauges->polled_ms;
    int64_t grown_bytes = before_bytes < 0 ? 0 : gauges->usage.now_bytes - before_bytes;
    int64_t growth = passed_ms > 0 ? grown_bytes / passed_ms : 0;
    int64_t earlier = gauges->growth_bytes_per_ms - gauges->growth_bytes_per_ms / 4;
    gauges->growth_bytes_per_ms = growth > earlier ? growth : earlier;
    gauges->polled_ms = t_ms;
    /* Becomes longer slowly: what grew a moment ago often grows again. */
    int64_t wait_us = 1000 * time_to_grow(gauges);
    int64_t calming = has_huge_pages(gauges) ? CALMING_HUGE : CALMING;
    int64_t longest_us = gauges->growth_wait_us + 1000 * passed_ms / calming;
    gauges->growth_wait_us = wait_us < longest_us ? wait_us : longest_us;
    if (moved(gauges->flat_usage_bytes, gauges->usage.now_bytes)) {
        gauges->flat_usage_bytes = gauges->usage.now_bytes;
        gauges->flat_since_ms = t_ms;
    }
}

/* Whether the unreclaimable part may have a new high: it is not above the usage, and since it was
 * read, it has hardly changed by more than the usage has. A tick reads it in any case. */
static bool may_be_high(const struct gauges *gauges)
{
    const struct gauge *part = &gauges->unreclaimable;
    int64_t by = llabs(gauges->usage.now_bytes - gauges->stat_usage_bytes);
    return gauges->usage.now_bytes > part->high_bytes &&
           (gauges->stat_usage_bytes < 0 || part->now_bytes + by > part->high_bytes);
}

void gauges_poll(struct gauges *gauges, int64_t t_ms, bool whole)
{
    int64_t before_bytes = gauges->usage.now_bytes;
    gauge_set(&gauges->usage, gauges_read_usage(gauges));
    note_growth(gauges, t_ms, before_bytes);
    if (whole || gauges_near_limit(gauges) ||
        (may_be_high(gauges) && moved(gauges->stat_usage_bytes, gauges->usage.now_bytes)))
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

void gauges_start_stage(struct gauges *gauges, int64_t t_ms)
{
    gauges_poll(gauges, t_ms, true);
    gauge_start_stage(&gauges->usage);
    gauge_start_stage(&gauges->unreclaimable);
}

bool gauges_are_flat(const struct gauges *gauges)
{
    return gauges->usage_fd < 0 || gauges->polled_ms >= gauges->flat_since_ms + FLAT_MS;
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
    wait = other < wait ? other : wait;
    int64_t growing = gauges->growth_wait_us / 1000;
    wait = wait > growing ? wait : growing;
    return wait < WAIT_MAX_MS ? wait : WAIT_MAX_MS;
}
