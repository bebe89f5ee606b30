/* The processes of a ledger by name. */
#include "base/alloc.h"
#include "ledger/ledger.h"

#include <stdlib.h>
#include <string.h>

static int by_name_then_size(const void *a, const void *b)
{
    const struct named_peak *one = a, *other = b;
    int order = strcmp(one->name, other->name);
    return order ? order : (one->bytes > other->bytes) - (one->bytes < other->bytes);
}

static int largest_first(const void *a, const void *b)
{
    const struct ledger_group *one = a, *other = b;
    int64_t x = one->p95_rss_bytes, y = other->p95_rss_bytes;
    return x == y ? strcmp(one->name, other->name) : x < y ? 1 : -1;
}

/* Returns how many of the `count` sorted peaks have the name of the first one. */
static size_t count_members(const struct named_peak *peaks, size_t count)
{
    size_t members = 1;
    while (members < count && strcmp(peaks[members].name, peaks[0].name) == 0)
        members++;
    return members;
}

void ledger_add_groups(struct process_ledger *summary, struct named_peak *peaks, size_t count)
{
    struct ledger_group *groups = NULL;
    size_t group_count = 0;
    if (count)
        qsort(peaks, count, sizeof *peaks, by_name_then_size);
    for (size_t first = 0, members; first < count; first += members) {
        members = count_members(&peaks[first], count - first);
        if (members == 1)
            continue;
        size_t rank = (95 * members + 99) / 100; /* of 20 processes, the 19th */
        groups = xgrow(groups, group_count, sizeof *groups);
        groups[group_count++] = (struct ledger_group){xstrdup(peaks[first].name), (int64_t)members,
                                                      peaks[first + rank - 1].bytes};
    }
    if (group_count)
        qsort(groups, group_count, sizeof *groups, largest_first);
    while (group_count > LEDGER_GROUPS_MAX)
        free(groups[--group_count].name);
    summary->groups = groups;
    summary->group_count = group_count;
}
