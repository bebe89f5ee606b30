/* OOM watch: determines whether the kernel killed a process of a container for lack of memory.
 *
 * The runner reads this from the kernel itself, for two reasons. The kernel can kill the probe
 * together with the build. The engine races with the removal of the cgroup, and sometimes misses an
 * event. Three facts make the answer reliable:
 * - When the first process of a container ends, all others have ended: the kernel's count of kills
 *   is final. A pidfd reports that end before the engine notices it.
 * - On a busy machine the cgroup may be removed before the runner reads the count. cgroup v1
 *   signals an eventfd each time that memory runs out, and once when the cgroup is removed: two
 *   signals prove a kill. Sources: Documentation/admin-guide/cgroup-v1/memory.rst section 10,
 *   cgroups.rst section 2.4; memcg_event_remove in mm/memcontrol-v1.c.
 * - cgroup v2 counts a kill in all ancestors, too (cgroup-v2.rst, memory.events), where the count
 *   remains. If the parent's count rises and this cgroup's count is 0, a sibling was killed. One
 *   case remains undetected: a sibling's kill and the removal of this cgroup, both before the
 *   runner runs once. */
#ifndef BM_ENGINE_OOM_WATCH_H
#define BM_ENGINE_OOM_WATCH_H

#include "cgroup/cgroup.h"

#include <stdbool.h>
#include <stdint.h>

struct oom_watch {
    struct cgroup cgroup;
    int ended;  /* pidfd, readable once the container has ended; -1: none, or read already */
    int events; /* v1: the eventfd; else -1 */
    int above;  /* v2: memory.events of the parent, POLLPRI when it changes; else -1 */
    int64_t others_kills; /* v2: the parent's count without this cgroup's kills */
    int64_t kills;        /* the final count of this cgroup; -1: unknown */
};
#define OOM_WATCH_NONE {.ended = -1, .events = -1, .above = -1, .kills = -1}

/* Initialises `watch` and opens the files of the cgroup. Call it while the probe waits for its
 * prompt and is the only process in the cgroup. */
void oom_watch_open(struct oom_watch *watch, const struct cgroup *cgroup);

/* Reads the counts. Call it as soon as poll(2) reports `ended` or `above`. */
void oom_watch_poll(struct oom_watch *watch);

/* Returns whether the kernel killed a process of the container for lack of memory; false if
 * unknown. Call it after the container is removed. Waits up to 2 s for the kernel's signal of the
 * removal. */
bool oom_watch_reports(struct oom_watch *watch);

void oom_watch_close(struct oom_watch *watch);

#endif
