#include "probe/levels.h"

#include "kernel/procfs.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#define WAIT_MIN_MS 5
#define WAIT_FLAT_MS 10
#define WAIT_CALM_MS 20
#define WAIT_MAX_MS 50
#define FLAT_POLLS 6
#define CALM_POLLS 20
#define STEP_MIN_PERMILLE 10
#define STEP_MAX_PERMILLE 30
/* 4 GB/s a CPU is faster than the kernel hands out pages. */
#define FASTEST_BYTES_PER_MS_AND_CPU 4000000

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

static void level_restart(struct level *level)
{
    level->high_bytes = level->now_bytes;
    level->looked_bytes = -1;
}

void levels_open(struct levels *levels, const struct cgroup *cgroup)
{
    *levels = (struct levels){
        .cgroup = cgroup,
        .usage_fd = -1,
        .stat_fd = -1,
        .kernel_fd = -1,
        .limit_bytes = -1,
        .fastest_bytes_per_ms = (int64_t)cpu_count() * FASTEST_BYTES_PER_MS_AND_CPU,
        .step_permille = STEP_MIN_PERMILLE,
        .usage = {-1, -1, -1},
        .unreclaimable = {-1, -1, -1},
        .stat = {-1, -1, -1, -1, -1, -1},
        .stat_usage_bytes = -1,
        .flat_usage_bytes = -1,
    };
    if (cgroup->version == 0)
        return;
    bool v2 = cgroup->version == 2;
    levels->usage_fd = open_file(cgroup, v2 ? "memory.current" : "memory.usage_in_bytes");
    levels->stat_fd = open_file(cgroup, "memory.stat");
    if (!v2)
        levels->kernel_fd = open_file(cgroup, "memory.kmem.usage_in_bytes");
    levels->limit_bytes = cgroup_limit(cgroup);
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

static void level_set(struct level *level, int64_t bytes)
{
    level->now_bytes = bytes;
    if (bytes > level->high_bytes)
        level->high_bytes = bytes;
}

static void read_stat(struct levels *levels)
{
    char text[8192];
    if (levels->stat_fd < 0 || read_again(levels->stat_fd, text, sizeof text) <= 0)
        return;
    parse_memory_stat(text, levels->cgroup->version, &levels->stat);
    if (levels->kernel_fd >= 0)
        levels->stat.kernel_bytes = read_number(levels->kernel_fd);
    levels->stat_usage_bytes = levels->usage.now_bytes;
    level_set(&levels->unreclaimable, cgroup_stat_unreclaimable(&levels->stat));
}

int64_t levels_read_usage(const struct levels *levels)
{
    return levels->usage_fd < 0 ? -1 : read_number(levels->usage_fd);
}

void levels_poll(struct levels *levels, bool whole)
{
    level_set(&levels->usage, levels_read_usage(levels));
    if (moved(levels->flat_usage_bytes, levels->usage.now_bytes)) {
        levels->flat_usage_bytes = levels->usage.now_bytes;
        levels->flat_polls = 0;
    } else if (levels->flat_polls < CALM_POLLS) {
        levels->flat_polls++;
    }
    if (whole || levels_near_limit(levels) ||
        moved(levels->stat_usage_bytes, levels->usage.now_bytes))
        read_stat(levels);
}

static int64_t next_new_bytes(const struct levels *levels, const struct level *level)
{
    return level->looked_bytes + level->looked_bytes / 1000 * levels->step_permille;
}

static bool is_new(const struct levels *levels, const struct level *level)
{
    return level->now_bytes >= 0 && level->now_bytes > next_new_bytes(levels, level);
}

bool levels_are_new(const struct levels *levels)
{
    return is_new(levels, &levels->usage) || is_new(levels, &levels->unreclaimable);
}

void levels_looked(struct levels *levels, int64_t processes)
{
    int64_t step = STEP_MIN_PERMILLE + processes / 10;
    levels->step_permille = step < STEP_MAX_PERMILLE ? step : STEP_MAX_PERMILLE;
    if (levels->usage.now_bytes > levels->usage.looked_bytes)
        levels->usage.looked_bytes = levels->usage.now_bytes;
    if (levels->unreclaimable.now_bytes > levels->unreclaimable.looked_bytes)
        levels->unreclaimable.looked_bytes = levels->unreclaimable.now_bytes;
}

void levels_restart(struct levels *levels)
{
    levels_poll(levels, true);
    level_restart(&levels->usage);
    level_restart(&levels->unreclaimable);
}

bool levels_are_flat(const struct levels *levels)
{
    return levels->usage_fd < 0 || levels->flat_polls >= FLAT_POLLS;
}

bool levels_near_limit(const struct levels *levels)
{
    return levels->limit_bytes > 0 &&
           levels->usage.now_bytes > levels->limit_bytes - levels->limit_bytes / 10;
}

static int64_t time_to_new_high(const struct levels *levels, const struct level *level)
{
    if (level->now_bytes < 0)
        return WAIT_MAX_MS;
    return (next_new_bytes(levels, level) - level->now_bytes) / levels->fastest_bytes_per_ms;
}

int64_t levels_wait_ms(const struct levels *levels)
{
    int64_t wait = time_to_new_high(levels, &levels->usage);
    int64_t other = time_to_new_high(levels, &levels->unreclaimable);
    /* Memory takes longer to fill than this to see that it is being filled. */
    int64_t least = levels->flat_polls < FLAT_POLLS   ? WAIT_MIN_MS
                    : levels->flat_polls < CALM_POLLS ? WAIT_FLAT_MS
                                                      : WAIT_CALM_MS;
    wait = other < wait ? other : wait;
    return wait < least ? least : wait > WAIT_MAX_MS ? WAIT_MAX_MS : wait;
}
