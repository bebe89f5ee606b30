#include "report/report.h"

#include "base/alloc.h"
#include "base/units.h"
#include "measurement/drift.h"
#include "report/page.h"
#include "report/words.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define NAME_COLUMNS 28
#define FIGURE_COLUMNS 13
#define HEAD_COLUMNS 12

/* The two sides of a comparison: what the user called them, what stands over their columns, and
 * what was measured. */
struct sides {
    const char *names[2];
    const char *heads[2];
    const struct measurement *runs[2];
};

static void put_name(struct page *page, const char *name)
{
    page_put(page, PAINT_NONE, "  ");
    page_cell(page, NAME_COLUMNS, PAINT_NONE, name);
}

/* A row of two figures and their difference. Where one side has none, `only` says what that
 * means ("only in"), followed by the other side's name. */
static void put_row(struct page *page, const struct sides *sides, const char *name,
                    const char *unit, int64_t a, int64_t b, const char *only)
{
    char *text_a CLEANUP(cleanup_free) = a < 0 ? xstrdup("-") : say_figure(unit, a);
    char *text_b CLEANUP(cleanup_free) = b < 0 ? xstrdup("-") : say_figure(unit, b);
    put_name(page, name);
    page_cell(page, -FIGURE_COLUMNS, PAINT_NONE, text_a);
    page_cell(page, -FIGURE_COLUMNS, PAINT_NONE, text_b);
    if (a >= 0 && a == b) {
        page_cell(page, -FIGURE_COLUMNS, PAINT_NONE, "same");
    } else if (a >= 0 && b >= 0) {
        char *delta CLEANUP(cleanup_free) = say_delta(unit, b - a);
        char *percent CLEANUP(cleanup_free) = say_percent(a, b);
        page_cell(page, -FIGURE_COLUMNS, PAINT_NONE, delta);
        page_cell(page, -9, PAINT_NONE, percent);
    } else if (a >= 0 || b >= 0) {
        char *note CLEANUP(cleanup_free) = xasprintf("%s %s", only, sides->heads[b >= 0]);
        page_put(page, PAINT_NONE, "  ");
        page_cell(page, 20, PAINT_NONE, note);
    }
    page_put(page, PAINT_NONE, "\n");
}

static void put_legend(struct page *page, const struct sides *sides, int side)
{
    const struct measurement *m = sides->runs[side];
    char *end CLEANUP(cleanup_free) = say_build_end(&m->build);
    bool named = strcmp(sides->names[side], sides->heads[side]) == 0;
    char *text CLEANUP(cleanup_free) = xasprintf(
        "%s: %s%slabel %s, %s%s%.12s, %s", sides->heads[side], named ? "" : sides->names[side],
        named ? "" : ", ", m->label ? m->label : "", m->started_at ? m->started_at : "",
        m->commit ? ", commit " : "", m->commit ? m->commit : "", end);
    page_wrap(page, 0, 4, PAINT_NONE, text);
    char *estimated CLEANUP(cleanup_free) = say_estimated(&m->peak);
    const char *notes[] = {censored_note(&m->peak), estimated};
    for (size_t i = 0; i < 2; i++)
        if (notes[i]) {
            page_put(page, PAINT_NONE, "    ");
            page_wrap(page, 4, 4, PAINT_YELLOW, notes[i]);
        }
    if (m->not_measured) {
        char *reason CLEANUP(cleanup_free) = xasprintf("NOT MEASURED: %s", m->not_measured);
        page_put(page, PAINT_NONE, "    ");
        page_wrap(page, 4, 4, PAINT_RED, reason);
    }
}

static void put_table_head(struct page *page, const struct sides *sides, const char *title)
{
    page_put(page, PAINT_NONE, "\n  ");
    page_cell(page, NAME_COLUMNS, PAINT_BOLD, title);
    for (int side = 0; side < 2; side++) {
        page_put(page, PAINT_NONE, " ");
        page_cell(page, -HEAD_COLUMNS, PAINT_BOLD, sides->heads[side]);
    }
    page_cell(page, -FIGURE_COLUMNS, PAINT_BOLD, "delta");
    page_put(page, PAINT_NONE, "\n");
}

static void put_headline(struct page *page, const struct sides *sides)
{
    const struct peak *a = &sides->runs[0]->peak, *b = &sides->runs[1]->peak;
    put_table_head(page, sides, "");
    put_row(page, sides, "memory peak", "bytes", a->cgroup_bytes, b->cgroup_bytes, "only in");
    put_row(page, sides, "  unreclaimable", "bytes", a->unreclaimable_bytes, b->unreclaimable_bytes,
            "only in");
    put_row(page, sides, "PSS peak", "bytes", a->at_peak.pss_bytes, b->at_peak.pss_bytes,
            "only in");
    put_row(page, sides, "duration", "ms", sides->runs[0]->build.duration_ms,
            sides->runs[1]->build.duration_ms, "only in");
}

static void put_stages(struct page *page, const struct sides *sides)
{
    const struct measurement *a = sides->runs[0], *b = sides->runs[1];
    if (!a->stage_count && !b->stage_count)
        return;
    put_table_head(page, sides, "stage (PSS peak)");
    for (size_t i = 0; i < a->stage_count; i++) {
        const struct stage_measurement *other = find_stage(b, a->stages[i].name);
        put_row(page, sides, a->stages[i].name, "bytes", a->stages[i].pss_peak_bytes,
                other ? other->pss_peak_bytes : UNMEASURED, "only in");
    }
    for (size_t i = 0; i < b->stage_count; i++)
        if (!find_stage(a, b->stages[i].name))
            put_row(page, sides, b->stages[i].name, "bytes", UNMEASURED,
                    b->stages[i].pss_peak_bytes, "only in");
}

static const struct process_group *find_group(const struct process_group *groups, size_t count,
                                              const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(groups[i].name, name) == 0)
            return &groups[i];
    return NULL;
}

/* "tsc ×3", or "tsc ×3, now ×1" where their number changed. */
static void put_group(struct page *page, const struct sides *sides, const struct process_group *a,
                      const struct process_group *b)
{
    char *name = say_group(a ? a : b);
    if (a && b && a->count != b->count) {
        char *before CLEANUP(cleanup_free) = name;
        name = xasprintf("%s, now ×%zu", before, b->count);
    }
    put_row(page, sides, name, "bytes", a ? a->pss_bytes : UNMEASURED,
            b ? b->pss_bytes : UNMEASURED, a ? "gone, was in" : "new in");
    free(name);
}

static void put_groups(struct page *page, const struct sides *sides)
{
    size_t count_a, count_b;
    struct process_group *groups_a CLEANUP(cleanup_free) =
        snapshot_groups(&sides->runs[0]->peak.at_peak, &count_a);
    struct process_group *groups_b CLEANUP(cleanup_free) =
        snapshot_groups(&sides->runs[1]->peak.at_peak, &count_b);
    if (!count_a && !count_b)
        return;
    put_table_head(page, sides, "process at the PSS peak");
    for (size_t i = 0; i < count_a; i++)
        put_group(page, sides, &groups_a[i], find_group(groups_b, count_b, groups_a[i].name));
    for (size_t i = 0; i < count_b; i++)
        if (!find_group(groups_a, count_a, groups_b[i].name))
            put_group(page, sides, NULL, &groups_b[i]);
}

/* Appends "; what: a, b" to `list` where the two texts differ. */
static void note_difference(char **list, const char *what, const char *a, const char *b)
{
    a = a ? a : "not known";
    b = b ? b : "not known";
    if (strcmp(a, b) == 0)
        return;
    char *before CLEANUP(cleanup_free) = *list;
    *list = xasprintf("%s%s%s: %s, then %s", before ? before : "", before ? "; " : "", what, a, b);
}

static char *say_count(int64_t count)
{
    return count < 0 ? NULL : xasprintf("%" PRId64, count);
}

/* To the byte: two limits that round to the same text are still two. */
static char *say_limit(int64_t bytes)
{
    char *size CLEANUP(cleanup_free) = format_bytes(bytes);
    return bytes < 0 ? xstrdup("none") : xasprintf("%s (%" PRId64 " bytes)", size, bytes);
}

/* What must be the same for the figures to mean the same. NULL: all of it is. */
static char *conditions_that_differ(const struct measurement *a, const struct measurement *b)
{
    char *list = NULL;
    char *limit_a CLEANUP(cleanup_free) = say_limit(a->peak.limit_bytes);
    char *limit_b CLEANUP(cleanup_free) = say_limit(b->peak.limit_bytes);
    char *cpus_a CLEANUP(cleanup_free) = say_count(a->environment.cpus);
    char *cpus_b CLEANUP(cleanup_free) = say_count(b->environment.cpus);
    note_difference(&list, "source", a->peak.source, b->peak.source);
    note_difference(&list, "memory limit", limit_a, limit_b);
    note_difference(&list, "architecture", a->environment.architecture,
                    b->environment.architecture);
    note_difference(&list, "CPUs", cpus_a, cpus_b);
    note_difference(&list, "image", a->environment.image, b->environment.image);
    note_difference(&list, "cache policy", cache_policy_name(a->environment.cache_policy),
                    cache_policy_name(b->environment.cache_policy));
    return list;
}

static char *conditions_that_drifted(const struct measurement *a, const struct measurement *b)
{
    struct strv drift CLEANUP(strv_release) = {0};
    drift_list(&a->environment, &b->environment, &drift);
    char *list = drift.count ? strv_join(&drift, "; ") : NULL;
    note_difference(&list, "command", a->build.command, b->build.command);
    return list;
}

static void put_conditions(struct page *page, const struct sides *sides)
{
    char *differ CLEANUP(cleanup_free) = conditions_that_differ(sides->runs[0], sides->runs[1]);
    char *drift CLEANUP(cleanup_free) = conditions_that_drifted(sides->runs[0], sides->runs[1]);
    if (differ) {
        page_put(page, PAINT_RED, "\nNOT COMPARABLE  ");
        page_wrap(page, 16, 2, PAINT_NONE, differ);
    }
    if (drift) {
        page_put(page, PAINT_NONE, differ ? "also different: " : "\nalso different: ");
        page_wrap(page, 16, 2, PAINT_NONE, drift);
    }
}

static bool fit_as_heads(const char *a, const char *b)
{
    return a && b && *a && *b && strcmp(a, b) != 0 && strlen(a) <= HEAD_COLUMNS &&
           strlen(b) <= HEAD_COLUMNS;
}

/* Names are often paths, too long for a column; then the runs' labels tell them apart, or letters
 * do. */
static void choose_heads(struct sides *sides)
{
    const char *label_a = sides->runs[0]->label, *label_b = sides->runs[1]->label;
    sides->heads[0] = "A";
    sides->heads[1] = "B";
    if (fit_as_heads(sides->names[0], sides->names[1])) {
        sides->heads[0] = sides->names[0];
        sides->heads[1] = sides->names[1];
    } else if (fit_as_heads(label_a, label_b)) {
        sides->heads[0] = label_a;
        sides->heads[1] = label_b;
    }
}

char *compare_text(const char *name_a, const struct measurement *a, const char *name_b,
                   const struct measurement *b)
{
    struct sides sides = {.names = {name_a, name_b}, .runs = {a, b}};
    choose_heads(&sides);
    struct page page;
    page_open(&page, false);
    put_legend(&page, &sides, 0);
    put_legend(&page, &sides, 1);
    put_headline(&page, &sides);
    put_stages(&page, &sides);
    put_groups(&page, &sides);
    put_conditions(&page, &sides);
    return page_close(&page);
}
