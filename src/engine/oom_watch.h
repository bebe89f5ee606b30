/* Whether the kernel killed a container for lack of memory, asked of the kernel itself.
 *
 * A build can take its probe along, and with it all who could tell. The engine's word comes from a
 * process that reads the cgroup's news in a race with the one that removes the cgroup, and is lost
 * now and then. What holds:
 * - When the first process of the container has ended, all others have: the kernel's own count of
 *   kills is final. A pidfd tells of that end before the engine has heard of it.
 * - On a busy machine the cgroup may be gone all the same before we have run. v1 signals an eventfd
 *   for each time that memory ran out, and once when the cgroup is removed
 *   (Documentation/admin-guide/cgroup-v1/memory.rst, section 10; cgroups.rst, section 2.4;
 *   memcg_event_remove of mm/memcontrol-v1.c): two signals say that it did.
 * - v2 counts a kill in all cgroups above too (cgroup-v2.rst, memory.events), where it stays. Kills
 *   in others that lie there are told from ours as long as ours can be read: each time that the
 *   count above changes, a count of ours that is 0 says that the change was another's. What is
 *   left is that another container's kill and the end of ours by other means, its removal
 *   included, come together before we have run once. */
#ifndef BM_ENGINE_OOM_WATCH_H
#define BM_ENGINE_OOM_WATCH_H

#include "cgroup/cgroup.h"

#include <stdbool.h>
#include <stdint.h>

struct oom_watch {
    struct cgroup cgroup;
    int ended;  /* a pidfd, readable when all of the container has ended; -1: none, or seen already
                 */
    int events; /* v1: the eventfd, for the end alone; else -1 */
    int above;  /* v2: memory.events of the parent, POLLPRI when it changes; else -1 */
    int64_t others_kills; /* v2: how many that counted which were not ours */
    int64_t kills;        /* for certain; -1: not known */
};
#define OOM_WATCH_NONE {.ended = -1, .events = -1, .above = -1, .kills = -1}

/* Watches a container's cgroup. To be called while the probe waits for its start, and is the only
 * process in there. */
void oom_watch_open(struct oom_watch *watch, const struct cgroup *cgroup);
/* Reads the counts. To be called when `ended` or `above` has news, as soon as can be. */
void oom_watch_poll(struct oom_watch *watch);
/* Whether a process of the container was killed for lack of memory, as far as can be told. To be
 * called when the container has been removed; may wait for the news of that. */
bool oom_watch_reports(struct oom_watch *watch);
void oom_watch_close(struct oom_watch *watch);

#endif
