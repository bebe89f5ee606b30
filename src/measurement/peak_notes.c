#include "measurement/peak_notes.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"

#include <stdlib.h>
#include <string.h>

/* What is worth a sentence: the share of the memory peak, in percent. */
#define WORKERS_SHARE 40
#define PROCESS_SHARE 50
#define ITEM_SHARE 20
#define CACHE_SHARE 30
/* Two processes of one name are often a program and its wrapper. */
#define WORKERS_MIN 3
/* An item that needs this many times the memory of the next one is a case of its own. */
#define ITEM_FACTOR 2

static bool has_share(const struct measurement *m, int64_t bytes, int percent)
{
    return m->peak.cgroup_bytes > 0 && bytes >= m->peak.cgroup_bytes / 100 * percent;
}

/* "3.10 GiB of the memory peak of 4.00 GiB" */
static char *share_text(const struct measurement *m, int64_t bytes)
{
    char *part CLEANUP(cleanup_free) = format_bytes(bytes);
    char *peak CLEANUP(cleanup_free) = format_bytes(m->peak.cgroup_bytes);
    return xasprintf("%s of the memory peak of %s", part, peak);
}

static void note_workers(const struct measurement *m, const struct process_group *group,
                         struct strv *notes)
{
    if (group->count < WORKERS_MIN || !has_share(m, group->pss_bytes, WORKERS_SHARE))
        return;
    char *name CLEANUP(cleanup_free) = text_one_line(group->name);
    char *share CLEANUP(cleanup_free) = share_text(m, group->pss_bytes);
    char *each CLEANUP(cleanup_free) = format_bytes(group->pss_bytes / (int64_t)group->count);
    strv_pushf(notes,
               "%zu processes %s held %s, %s each: with one fewer at a time, the peak is lower by "
               "about that",
               group->count, name, share, each);
}

static void note_process(const struct measurement *m, const struct process_usage *process,
                         struct strv *notes)
{
    if (!has_share(m, process->pss_bytes, PROCESS_SHARE))
        return;
    char *name CLEANUP(cleanup_free) = text_one_line(process->name);
    char *share CLEANUP(cleanup_free) = share_text(m, process->pss_bytes);
    strv_pushf(notes, "one process, %s, held %s: begin with it", name, share);
}

/* The ledger has the process also if it ended before the peak. */
static void note_item(const struct measurement *m, struct strv *notes)
{
    const struct ledger_process *largest = m->ledger.largest, *next = NULL;
    if (!m->ledger.largest_count || !largest->item ||
        !has_share(m, largest->peak_rss_bytes, ITEM_SHARE))
        return;
    for (size_t i = 1; i < m->ledger.largest_count && !next; i++)
        if (strcmp(m->ledger.largest[i].name, largest->name) == 0)
            next = &m->ledger.largest[i];
    if (!next || largest->peak_rss_bytes / ITEM_FACTOR < next->peak_rss_bytes)
        return;
    char *name CLEANUP(cleanup_free) = name_with_item(largest->name, largest->item);
    char *line CLEANUP(cleanup_free) = text_one_line(name);
    char *bytes CLEANUP(cleanup_free) = format_bytes(largest->peak_rss_bytes);
    char *others CLEANUP(cleanup_free) = format_bytes(next->peak_rss_bytes);
    strv_pushf(notes, "%s needed %s, and no other %s more than %s", line, bytes, largest->name,
               others);
}

static void note_cache(const struct measurement *m, struct strv *notes)
{
    int64_t bytes = m->peak.composition.file_bytes;
    if (!has_share(m, bytes, CACHE_SHARE) || m->peak.unreclaimable_bytes < 0)
        return;
    char *share CLEANUP(cleanup_free) = share_text(m, bytes);
    char *rest CLEANUP(cleanup_free) = format_bytes(m->peak.unreclaimable_bytes);
    strv_pushf(notes,
               "page cache was %s; at a limit the kernel frees it, and the build needs the "
               "unreclaimable peak of %s",
               share, rest);
}

void peak_notes_add(const struct measurement *m, struct strv *notes)
{
    size_t count, before = notes->count;
    struct process_group *groups CLEANUP(cleanup_free) = snapshot_groups(&m->peak.at_peak, &count);
    if (count)
        note_workers(m, &groups[0], notes);
    if (count && notes->count == before)
        note_process(m, &m->peak.at_peak.processes[0], notes);
    note_item(m, notes);
    note_cache(m, notes);
}
