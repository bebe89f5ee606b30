/* How a running build stands, on one line. */
#ifndef BM_REPORT_TEXT_PROGRESS_H
#define BM_REPORT_TEXT_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

/* Times since the build's start. UNMEASURED where a figure is not known. */
struct progress {
    const char *stage; /* borrowed; NULL: none yet */
    int64_t elapsed_ms;
    int64_t now_bytes, peak_bytes; /* charged now, and the highest so far */
    int64_t budget_bytes;          /* what the baseline allows, or the limit */
    int64_t expected_ms;           /* what the baseline's runs took */
};

/* "next-build      5.2 GiB, peak 6.1 GiB of 8.0 GiB, 2m 05s of about 4m 10s", cut to `columns`,
 * the stage's name first. The caller owns the text. */
char *progress_line(const struct progress *progress, size_t columns);

#endif
