/* The limits of a cgroup and of its visible ancestors, and how often they were reached. */
#include "cgroup/cgroup.h"

#include "proc/proc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Changes to the parent directory. Returns false above the last cgroup that is visible. */
static bool ascend(struct cgroup *cgroup)
{
    char *slash = strrchr(cgroup->directory, '/');
    if (!slash)
        return false;
    *slash = '\0';
    return cgroup_has_file(cgroup, "cgroup.procs");
}

static int64_t lower(int64_t a, int64_t b)
{
    return b >= 0 && (a < 0 || b < a) ? b : a;
}

/* ---- memory ---- */

static int64_t sum(int64_t a, int64_t b)
{
    return a < 0 ? b : b < 0 ? a : a + b;
}

/* With swap accounting, v1 limits memory and swap together, and counts the hits of that limit
 * separately. */
static struct cgroup_constraint read_constraint_v1(const struct cgroup *cgroup)
{
    struct cgroup_constraint constraint = {
        .limit_bytes = cgroup_read_number(cgroup, "memory.limit_in_bytes"),
        .high_bytes = -1,
        .swap_limit_bytes = -1,
        .limit_hits = sum(cgroup_read_number(cgroup, "memory.failcnt"),
                          cgroup_read_number(cgroup, "memory.memsw.failcnt")),
        .high_hits = -1,
    };
    int64_t both = cgroup_read_number(cgroup, "memory.memsw.limit_in_bytes");
    if (constraint.limit_bytes >= 0 && both >= constraint.limit_bytes)
        constraint.swap_limit_bytes = both - constraint.limit_bytes;
    return constraint;
}

/* memory.events includes the events of children: of the limits that the build itself sets on a part
 * of its work, and below an ancestor those of others. Before Linux 5.2 there is nothing better. */
static struct cgroup_constraint read_constraint_v2(const struct cgroup *cgroup)
{
    char text[4096] = "";
    struct cgroup_constraint constraint = {
        .limit_bytes = cgroup_read_number(cgroup, "memory.max"),
        .high_bytes = cgroup_read_number(cgroup, "memory.high"),
        .swap_limit_bytes = cgroup_read_number(cgroup, "memory.swap.max"),
        .limit_hits = -1,
        .high_hits = -1,
    };
    if (cgroup_read_text(cgroup, "memory.events.local", text, sizeof text) > 0 ||
        cgroup_read_text(cgroup, "memory.events", text, sizeof text) > 0) {
        constraint.limit_hits = parse_keyed(text, "max");
        constraint.high_hits = parse_keyed(text, "high");
    }
    return constraint;
}

void cgroup_read_constraints(const struct cgroup *cgroup, struct cgroup_constraints *constraints)
{
    struct cgroup at = *cgroup;
    constraints->count = 0;
    if (cgroup->version == 0)
        return;
    do {
        constraints->items[constraints->count++] =
            at.version == 1 ? read_constraint_v1(&at) : read_constraint_v2(&at);
    } while (constraints->count < CGROUP_CONSTRAINTS_MAX && ascend(&at));
}

void cgroup_constraint_directory(const struct cgroup *cgroup, size_t ancestor, char *directory)
{
    memcpy(directory, cgroup->directory, sizeof cgroup->directory);
    for (char *slash; ancestor > 0 && (slash = strrchr(directory, '/')); ancestor--)
        *slash = '\0';
}

static int64_t increase(int64_t before, int64_t after)
{
    return before < 0 || after < before ? -1 : after - before;
}

void cgroup_constraints_since(const struct cgroup_constraints *before,
                              struct cgroup_constraints *after)
{
    for (size_t i = 0; i < after->count; i++) {
        struct cgroup_constraint *constraint = &after->items[i];
        bool known = i < before->count;
        constraint->limit_hits =
            known ? increase(before->items[i].limit_hits, constraint->limit_hits) : -1;
        constraint->high_hits =
            known ? increase(before->items[i].high_hits, constraint->high_hits) : -1;
    }
}

int64_t cgroup_lowest_limit(const struct cgroup_constraints *constraints)
{
    int64_t lowest = -1;
    for (size_t i = 0; i < constraints->count; i++)
        lowest = lower(lowest, constraints->items[i].limit_bytes);
    return lowest;
}

static int64_t machine_swap(const char *root)
{
    char path[CGROUP_PATH_MAX], text[4096] = "";
    snprintf(path, sizeof path, "%s/proc/meminfo", root);
    (void)read_text(path, text, sizeof text);
    int64_t bytes = parse_kib_line(text, "SwapTotal");
    return bytes < 0 ? 0 : bytes;
}

int64_t cgroup_lowest_room(const char *root, const struct cgroup_constraints *constraints)
{
    int64_t lowest = -1, swap_bytes = machine_swap(root);
    for (size_t i = 0; i < constraints->count; i++) {
        const struct cgroup_constraint *constraint = &constraints->items[i];
        int64_t swap = lower(swap_bytes, constraint->swap_limit_bytes);
        if (constraint->limit_bytes >= 0)
            lowest = lower(lowest, constraint->limit_bytes + swap);
    }
    return lowest;
}

int64_t cgroup_limit(const struct cgroup *cgroup)
{
    static struct cgroup_constraints constraints;
    cgroup_read_constraints(cgroup, &constraints);
    return cgroup_lowest_limit(&constraints);
}

/* ---- CPUs ---- */

static int64_t percent_of(int64_t quota_us, int64_t period_us)
{
    if (quota_us <= 0 || period_us <= 0 || quota_us > INT64_MAX / 200)
        return -1;
    int64_t percent = (quota_us * 100 + period_us / 2) / period_us;
    return percent > 0 ? percent : 1;
}

int64_t parse_cpu_max(const char *text)
{
    char *end;
    errno = 0;
    long long quota = strtoll(text, &end, 10);
    if (end == text || *end != ' ' || errno)
        return -1;
    return percent_of(quota, strtoll(end, NULL, 10));
}

static int64_t own_quota(const struct cgroup *cgroup)
{
    char text[64];
    if (cgroup->version == 1)
        return percent_of(cgroup_read_number(cgroup, "cpu.cfs_quota_us"),
                          cgroup_read_number(cgroup, "cpu.cfs_period_us"));
    return cgroup_read_text(cgroup, "cpu.max", text, sizeof text) > 0 ? parse_cpu_max(text) : -1;
}

int64_t cgroup_cpu_quota(const struct cgroup *cgroup)
{
    struct cgroup at = *cgroup;
    int64_t least = -1;
    do
        least = lower(least, own_quota(&at));
    while (ascend(&at));
    return least;
}

/* v2 counts microseconds, v1 nanoseconds. */
static int64_t own_throttled_us(const struct cgroup *cgroup)
{
    char text[4096];
    if (cgroup_read_text(cgroup, "cpu.stat", text, sizeof text) <= 0)
        return -1;
    int64_t ns = cgroup->version == 1 ? parse_keyed(text, "throttled_time") : -1;
    return cgroup->version == 1 ? (ns < 0 ? -1 : ns / 1000) : parse_keyed(text, "throttled_usec");
}

int64_t cgroup_throttled_us(const struct cgroup *cgroup)
{
    struct cgroup at = *cgroup;
    int64_t total = -1;
    if (cgroup->version == 0)
        return -1;
    do
        total = sum(total, own_throttled_us(&at));
    while (ascend(&at));
    return total;
}

int64_t cgroup_cpu_us(const struct cgroup *cgroup)
{
    char text[4096];
    return cgroup->version == 2 && cgroup_read_text(cgroup, "cpu.stat", text, sizeof text) > 0
               ? parse_keyed(text, "usage_usec")
               : -1;
}
