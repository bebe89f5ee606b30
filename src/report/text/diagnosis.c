/* What the doctor found, a paragraph each. */
#include "report/report.h"
#include "report/text/layout.h"

char *diagnosis_text(const char *state, const char *subject, const char *found, const char *fix)
{
    struct page page;
    layout_open(&page, false);
    layout_cell(&page, 6, PAINT_NONE, state);
    layout_cell(&page, 20, PAINT_NONE, subject);
    layout_wrap(&page, 26, 26, PAINT_NONE, found);
    if (fix) {
        layout_put(&page, PAINT_NONE, "                          fix: ");
        layout_wrap(&page, 32, 32, PAINT_NONE, fix);
    }
    return layout_close(&page);
}
