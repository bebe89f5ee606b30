#include "report/text/progress.h"

#include "base/alloc.h"
#include "base/units.h"
#include "report/text/layout.h"

#include <string.h>

/* A fixed width: the figures do not move when the stage changes. */
#define STAGE_COLUMNS 16

static char *format_memory(const struct progress *progress)
{
    char *now CLEANUP(cleanup_free) = format_bytes(progress->now_bytes);
    char *peak CLEANUP(cleanup_free) = format_bytes(progress->peak_bytes);
    char *allowed CLEANUP(cleanup_free) = format_bytes(progress->allowed_bytes);
    bool limited = progress->allowed_bytes >= 0;
    return xasprintf("%s, peak %s%s%s", now, peak, limited ? " of " : "", limited ? allowed : "");
}

static char *format_time(const struct progress *progress)
{
    char *elapsed CLEANUP(cleanup_free) = format_duration(progress->elapsed_ms);
    char *expected CLEANUP(cleanup_free) = format_duration(progress->expected_ms);
    bool known = progress->expected_ms >= 0;
    return xasprintf("%s%s%s", elapsed, known ? " of about " : "", known ? expected : "");
}

char *progress_line(const struct progress *progress, size_t columns)
{
    char *memory CLEANUP(cleanup_free) = format_memory(progress);
    char *time CLEANUP(cleanup_free) = format_time(progress);
    char *figures CLEANUP(cleanup_free) = xasprintf("%s, %s", memory, time);
    struct layout layout;
    if (columns < STAGE_COLUMNS + strlen(figures))
        return xstrndup(figures, columns);
    layout_open(&layout, false);
    layout_cell(&layout, STAGE_COLUMNS - 1, PAINT_NONE,
                progress->stage ? progress->stage : "starting");
    layout_put(&layout, PAINT_NONE, " ");
    layout_put(&layout, PAINT_NONE, figures);
    return layout_close(&layout);
}
