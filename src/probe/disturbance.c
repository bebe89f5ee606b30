#include "probe/disturbance.h"

#include "proc/proc.h"

#include <sched.h>
#include <unistd.h>

/* /proc/stat starts with the CPUs, about 80 bytes each. Unused pages take no memory. */
#define STAT_MAX 65536

struct totals {
    struct cgroup_pressure pressure;
    struct proc_cpu_times cpu;
    int64_t throttled_us;
    int64_t swapped_in_pages, swapped_out_pages; /* of the machine */
};

static const struct cgroup *memory_cgroup, *cpu_cgroup;
static bool is_own;
static cpu_set_t affinity;
static struct totals at_start;

static bool may_use(int cpu)
{
    return cpu < CPU_SETSIZE && CPU_ISSET((size_t)cpu, &affinity);
}

static void read_totals(struct totals *totals)
{
    static char text[STAT_MAX];
    cgroup_pressure(memory_cgroup, &totals->pressure);
    totals->throttled_us = cgroup_throttled_us(cpu_cgroup);
    if (read_text("/proc/stat", text, sizeof text) <= 0 ||
        parse_cpu_times(text, may_use, &totals->cpu) < 0)
        totals->cpu = (struct proc_cpu_times){0, -1, -1};
    totals->swapped_in_pages = totals->swapped_out_pages = -1;
    if (read_text("/proc/vmstat", text, sizeof text) > 0) {
        totals->swapped_in_pages = parse_keyed(text, "pswpin");
        totals->swapped_out_pages = parse_keyed(text, "pswpout");
    }
}

void disturbance_start(const struct cgroup *memory, bool own, const struct cgroup *cpu)
{
    memory_cgroup = memory;
    is_own = own;
    cpu_cgroup = cpu;
    if (sched_getaffinity(0, sizeof affinity, &affinity) < 0)
        CPU_ZERO(&affinity);
    read_totals(&at_start);
}

bool disturbance_has_cpu_pressure(void)
{
    return is_own && at_start.pressure.cpu_some_us >= 0;
}

/* -1: the kernel does not count it, or the counter was reset. */
static int64_t since(int64_t before, int64_t after)
{
    return before < 0 || after < before ? -1 : after - before;
}

/* A build of less than 1 ms has a duration of 0. */
static int64_t times(int64_t count, int64_t unit)
{
    return count < 0 || (unit > 0 && count > INT64_MAX / unit) ? -1 : count * unit;
}

/* CPUs that were switched on or off during the run make the sums incomparable. */
static void set_cpu_times(int64_t duration_us, int64_t own_cpu_us, const struct totals *now,
                          struct wire_disturbance *disturbance)
{
    int64_t us_per_tick = 1000000 / sysconf(_SC_CLK_TCK);
    disturbance->steal_us = disturbance->other_cpu_us = disturbance->cpu_capacity_us = -1;
    if (now->cpu.cpus == 0 || now->cpu.cpus != at_start.cpu.cpus)
        return;
    int64_t busy_us = times(since(at_start.cpu.busy_ticks, now->cpu.busy_ticks), us_per_tick);
    disturbance->steal_us =
        times(since(at_start.cpu.steal_ticks, now->cpu.steal_ticks), us_per_tick);
    disturbance->cpu_capacity_us = times(now->cpu.cpus, duration_us);
    if (busy_us >= 0 && own_cpu_us >= 0)
        disturbance->other_cpu_us = busy_us > own_cpu_us ? busy_us - own_cpu_us : 0;
}

void disturbance_since_start(int64_t duration_us, int64_t run_delay_us, int64_t own_cpu_us,
                             struct wire_disturbance *disturbance)
{
    static struct totals now;
    int64_t page_bytes = sysconf(_SC_PAGESIZE);
    read_totals(&now);
    const struct cgroup_pressure *before = &at_start.pressure, *after = &now.pressure;
    *disturbance = (struct wire_disturbance){
        .cpu_some_us = is_own ? since(before->cpu_some_us, after->cpu_some_us) : -1,
        .io_some_us = is_own ? since(before->io_some_us, after->io_some_us) : -1,
        .io_full_us = is_own ? since(before->io_full_us, after->io_full_us) : -1,
        .run_delay_us = run_delay_us,
        .throttled_us = since(at_start.throttled_us, now.throttled_us),
        .swap_in_bytes = times(since(at_start.swapped_in_pages, now.swapped_in_pages), page_bytes),
        .swap_out_bytes =
            times(since(at_start.swapped_out_pages, now.swapped_out_pages), page_bytes),
    };
    set_cpu_times(duration_us, own_cpu_us, &now, disturbance);
}
