/* The processes that the kernel killed because memory ran out: at a limit of the build's cgroup or
 * above, or at a limit that the build itself set on a part of its work.
 *
 * Sources: cgroup-v2.rst (memory.events and memory.events.local), cgroup-v1/memory.rst,
 * memcg_memory_event in include/linux/memcontrol.h. */
#include "cgroup/cgroup.h"

#include <stdio.h>
#include <string.h>

struct walk {
    const struct cgroup *top;
    struct cgroup_oom *oom;
};

static void keep_path(const struct walk *walk, const struct cgroup *cgroup)
{
    snprintf(walk->oom->inner_cgroup, sizeof walk->oom->inner_cgroup, "%s",
             cgroup->directory + strlen(walk->top->directory));
}

static int64_t kills_of_v1(const struct cgroup *cgroup)
{
    char text[4096];
    return cgroup_read_text(cgroup, "memory.oom_control", text, sizeof text) > 0
               ? parse_keyed(text, "oom_kill")
               : -1;
}

/* Whether a limit below the top was reached on the way up from this cgroup. */
static bool reached_a_limit_below(const struct walk *walk, const struct cgroup *cgroup)
{
    struct cgroup at = *cgroup;
    while (strlen(at.directory) > strlen(walk->top->directory)) {
        if (cgroup_read_number(&at, "memory.limit_in_bytes") >= 0 &&
            cgroup_read_number(&at, "memory.failcnt") > 0)
            return true;
        *strrchr(at.directory, '/') = '\0';
    }
    return false;
}

static void add_kills_of_v1(const struct cgroup *cgroup, void *context)
{
    const struct walk *walk = context;
    int64_t kills = kills_of_v1(cgroup);
    if (kills <= 0)
        return;
    walk->oom->below_kills += kills;
    if (reached_a_limit_below(walk, cgroup)) {
        walk->oom->inner_kills += kills;
        keep_path(walk, cgroup);
    }
}

static int64_t local_events(const struct cgroup *cgroup, const char *event)
{
    char text[4096];
    return cgroup_read_text(cgroup, "memory.events.local", text, sizeof text) > 0
               ? parse_keyed(text, event)
               : -1;
}

static void add_kills_of_v2(const struct cgroup *cgroup, void *context)
{
    const struct walk *walk = context;
    struct cgroup at = *cgroup;
    int64_t kills = local_events(cgroup, "oom_kill");
    if (local_events(cgroup, "oom") > 0)
        keep_path(walk, cgroup);
    while (kills > 0 && strlen(at.directory) > strlen(walk->top->directory)) {
        if (local_events(&at, "oom") > 0)
            return;
        *strrchr(at.directory, '/') = '\0';
    }
    walk->oom->direct_kills += kills > 0 ? kills : 0;
}

void cgroup_read_oom(const struct cgroup *cgroup, struct cgroup_oom *oom)
{
    char text[4096];
    struct walk walk = {.top = cgroup, .oom = oom};
    *oom = (struct cgroup_oom){
        .kills = -1, .group_kills = -1, .ooms = -1, .own_ooms = -1, .limit_hits = -1};
    if (cgroup->version == 1) {
        oom->kills = kills_of_v1(cgroup);
        oom->limit_hits = cgroup_read_number(cgroup, "memory.failcnt");
        cgroup_each_below(cgroup, add_kills_of_v1, &walk);
    } else if (cgroup->version == 2 &&
               cgroup_read_text(cgroup, "memory.events", text, sizeof text) > 0) {
        oom->kills = parse_keyed(text, "oom_kill");
        oom->group_kills = parse_keyed(text, "oom_group_kill");
        oom->ooms = parse_keyed(text, "oom");
        oom->own_ooms = local_events(cgroup, "oom");
        int64_t own_kills = local_events(cgroup, "oom_kill");
        oom->direct_kills = own_kills > 0 ? own_kills : 0;
        if (oom->kills > 0)
            cgroup_each_below(cgroup, add_kills_of_v2, &walk);
    }
}

static int64_t increase(int64_t before, int64_t now)
{
    return before < 0 || now < before ? -1 : now - before;
}

/* Without memory.events.local (before Linux 5.2), the places are unknown. One failure below kills
 * one process, or a whole cgroup. */
static int64_t inner_kills_of_v2(int64_t kills, int64_t group_kills, int64_t ooms, int64_t own_ooms)
{
    int64_t below = ooms < 0 || own_ooms < 0 ? 0 : ooms - own_ooms;
    if (own_ooms != 0 || below == 0)
        return 0;
    return kills <= below || group_kills > 0 ? kills : below;
}

struct cgroup_kills cgroup_kills_since(const struct cgroup_oom *before,
                                       const struct cgroup_oom *now)
{
    static const struct cgroup_oom none;
    const struct cgroup_oom *from = before ? before : &none;
    struct cgroup_kills kills = {.fatal = increase(from->kills, now->kills), .inner = -1};
    if (kills.fatal < 0)
        return kills;
    if (now->own_ooms >= 0 || now->ooms >= 0) {
        kills.inner = inner_kills_of_v2(kills.fatal, increase(from->group_kills, now->group_kills),
                                        increase(from->ooms, now->ooms),
                                        increase(from->own_ooms, now->own_ooms));
        int64_t direct = increase(from->direct_kills, now->direct_kills);
        if (direct > kills.fatal - kills.inner)
            kills.inner = direct < kills.fatal ? kills.fatal - direct : 0;
        kills.fatal -= kills.inner;
        return kills;
    }
    int64_t below = increase(from->below_kills, now->below_kills);
    kills.inner = increase(from->inner_kills, now->inner_kills);
    /* The own limit was reached, too: it may be the cause. */
    if (kills.inner < 0 || increase(from->limit_hits, now->limit_hits) > 0)
        kills.inner = 0;
    kills.fatal += (below > 0 ? below : 0) - kills.inner;
    return kills;
}
