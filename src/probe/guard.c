#include "probe/guard.h"

#include "proc/proc.h"

#include <stdio.h>

/* The defaults of systemd-oomd: DefaultMemoryPressureLimit= and
 * DefaultMemoryPressureDurationSec= of oomd.conf(5). */
#define STALLED_PERCENT 60
#define STALLED_MS 30000
#define PRESSURE_CHECK_MS 1000

static int64_t read_meminfo(const char *root, const char *name)
{
    char path[CGROUP_PATH_MAX], text[4096] = "";
    snprintf(path, sizeof path, "%s/proc/meminfo", root);
    (void)read_text(path, text, sizeof text);
    return parse_kib_line(text, name);
}

static int64_t lower_known(int64_t a, int64_t b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

void guard_start(struct guard *guard, const char *root, const struct cgroup *cgroup,
                 int64_t percent, const struct cgroup_constraints *constraints,
                 int64_t outer_room_bytes)
{
    *guard = (struct guard){.cgroup = cgroup,
                            .percent = percent,
                            .room_bytes = -1,
                            .checked_ms = -1,
                            .checked_full_us = -1,
                            .stalled_since_ms = -1,
                            .ended_bytes = -1};
    if (percent <= 0)
        return;
    guard->room_bytes = lower_known(cgroup_lowest_room(root, constraints), outer_room_bytes);
    if (guard->room_bytes >= 0)
        return;
    int64_t free_swap_bytes = read_meminfo(root, "SwapFree");
    guard->room_bytes = read_meminfo(root, "MemAvailable");
    if (guard->room_bytes >= 0 && free_swap_bytes > 0)
        guard->room_bytes += free_swap_bytes;
}

/* Notes since when the processes have been waiting for memory at least STALLED_PERCENT of the
 * time, all at once. */
static void check_pressure(struct guard *guard, int64_t t_ms)
{
    struct cgroup_pressure pressure;
    if (guard->checked_ms >= 0 && t_ms < guard->checked_ms + PRESSURE_CHECK_MS)
        return;
    cgroup_pressure(guard->cgroup, &pressure);
    int64_t stall_us = pressure.full_us - guard->checked_full_us;
    int64_t window_us = (t_ms - guard->checked_ms) * 1000;
    bool known = guard->checked_ms >= 0 && guard->checked_full_us >= 0 && pressure.full_us >= 0;
    if (!known || stall_us * 100 < window_us * STALLED_PERCENT)
        guard->stalled_since_ms = -1;
    else if (guard->stalled_since_ms < 0)
        guard->stalled_since_ms = guard->checked_ms;
    guard->checked_ms = t_ms;
    guard->checked_full_us = pressure.full_us;
}

bool guard_must_end(struct guard *guard, int64_t unreclaimable_bytes, int64_t t_ms)
{
    if (guard->percent <= 0 || guard->ended != WIRE_GUARD_NONE)
        return false;
    check_pressure(guard, t_ms);
    bool is_full = guard->room_bytes >= 0 && unreclaimable_bytes >= 0 &&
                   unreclaimable_bytes >= guard->room_bytes / 100 * guard->percent;
    bool is_stalled = guard->stalled_since_ms >= 0 && t_ms - guard->stalled_since_ms >= STALLED_MS;
    if (is_full || is_stalled)
        guard->ended_bytes = unreclaimable_bytes;
    guard->ended = is_full ? WIRE_GUARD_FULL : is_stalled ? WIRE_GUARD_STALLED : WIRE_GUARD_NONE;
    return guard->ended != WIRE_GUARD_NONE;
}
