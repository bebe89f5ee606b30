#include "report/comparison_wording.h"

#include "base/alloc.h"
#include "base/units.h"
#include "report/wording.h"

#include <inttypes.h>
#include <string.h>

#define HEAD_COLUMNS 10

static bool fit_as_heads(const char *a, const char *b)
{
    return a && b && *a && *b && strcmp(a, b) != 0 && strlen(a) <= HEAD_COLUMNS &&
           strlen(b) <= HEAD_COLUMNS;
}

static const char *label_of(const struct comparison_side *side)
{
    return side->count == 1 ? side->runs[0].label : side->count ? NULL : "baseline";
}

const char *side_head(const struct comparison *comparison, int side)
{
    const struct comparison_side *sides = comparison->sides;
    if (fit_as_heads(sides[0].name, sides[1].name))
        return sides[side].name;
    if (fit_as_heads(label_of(&sides[0]), label_of(&sides[1])))
        return label_of(&sides[side]);
    return side ? "B" : "A";
}

static char *format_labels(const struct comparison_side *side)
{
    if (side->count == 1)
        return xasprintf("label %s", side->runs[0].label);
    char *list CLEANUP(cleanup_free) = xstrdup(side->runs[0].label);
    for (size_t i = 1; i < side->count; i++) {
        char *before CLEANUP(cleanup_free) = list;
        list = xasprintf("%s, %s", before, side->runs[i].label);
    }
    return xasprintf("%zu runs (%s)", side->count, list);
}

static char *format_runs(const struct comparison_side *side)
{
    const struct measurement *m = &side->runs[0];
    char *labels CLEANUP(cleanup_free) = format_labels(side);
    char *end CLEANUP(cleanup_free) = format_build_end(&m->build);
    return xasprintf("%s, %s%s%.12s%s%s", labels, m->started_at, m->commit ? ", commit " : "",
                     m->commit ? m->commit : "", side->count == 1 ? ", " : "",
                     side->count == 1 ? end : "");
}

static char *format_baseline(const struct baseline_environment *entry)
{
    if (!entry)
        return xstrdup("a baseline");
    return xasprintf("accepted %s%s%.12s", entry->accepted_at,
                     entry->accepted_commit ? ", commit " : "",
                     entry->accepted_commit ? entry->accepted_commit : "");
}

char *format_side(const struct comparison *comparison, int at)
{
    const struct comparison_side *side = &comparison->sides[at];
    const char *head = side_head(comparison, at);
    bool named = strcmp(side->name, head) == 0;
    char *what CLEANUP(cleanup_free) =
        side->count ? format_runs(side) : format_baseline(side->entry);
    return xasprintf("%s: %s%s%s", head, named ? "" : side->name, named ? "" : ", ", what);
}

char *format_row_delta(const struct comparison_row *row)
{
    enum change change = row_change(row);
    if (change != CHANGE_GREW && change != CHANGE_SHRANK)
        return xstrdup(change_name(change));
    return format_delta(row->unit,
                        run_values_median(&row->sides[1]) - run_values_median(&row->sides[0]));
}

const char *row_status(const struct comparison_row *row, const struct comparison *comparison)
{
    return row->check ? format_status(row->check, &comparison->judgement) : "";
}

char *format_row_allowed(const struct comparison_row *row)
{
    if (!row->check || row->check->status == FINDING_OFF || row->check->allowed < 0)
        return xstrdup("-");
    return format_figure(row->unit, row->check->allowed);
}

char *format_row_processes(const struct comparison_row *row)
{
    int64_t was = row->processes[0], is = row->processes[1];
    struct process_group group = {.name = row->name, .count = (size_t)(was < 0 ? is : was)};
    char *name CLEANUP(cleanup_free) = format_group(&group);
    if (was < 0 || is < 0 || was == is)
        return steal_ptr(name);
    return xasprintf("%s, now ×%" PRId64, name, is);
}
