/* What the doctor found, a paragraph each. */
#include "report/page.h"
#include "report/report.h"

char *finding_text(const char *state, const char *subject, const char *found, const char *mend)
{
    struct page page;
    page_open(&page, false);
    page_cell(&page, 6, PAINT_NONE, state);
    page_cell(&page, 20, PAINT_NONE, subject);
    page_wrap(&page, 26, 26, PAINT_NONE, found);
    if (mend) {
        page_put(&page, PAINT_NONE, "                          mend: ");
        page_wrap(&page, 32, 32, PAINT_NONE, mend);
    }
    return page_close(&page);
}
