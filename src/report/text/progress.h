/* The progress of a running build, on one line. */
#ifndef BM_REPORT_TEXT_PROGRESS_H
#define BM_REPORT_TEXT_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

/* An unknown figure is UNMEASURED. */
struct progress {
    const char *stage;             /* borrowed; NULL: no stage was seen */
    int64_t elapsed_ms;            /* since the start of the build */
    int64_t now_bytes, peak_bytes; /* charged now; the highest so far */
    int64_t allowed_bytes;         /* the lowest of the allowed value, the budget and the limit */
    int64_t expected_ms;           /* the duration in the baseline */
};

/* "next-build      5.2 GiB, peak 6.1 GiB of 8.0 GiB, 2m 05s of about 4m 10s", at most
 * `columns` wide; omits the stage if there is no room for it. The caller owns the text. */
char *progress_line(const struct progress *progress, size_t columns);

#endif
