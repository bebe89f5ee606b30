/* How a comparison is said, in its text and in its Markdown. Texts are owned by the caller unless a
 * comment says so. Inside of report/ only. */
#ifndef BM_REPORT_COMPARISON_WORDING_H
#define BM_REPORT_COMPARISON_WORDING_H

#include "comparison/comparison.h"

/* What stands over a side's figures: its name, or the label of its only run where the name (a
 * path, often) is too long for a column, or a letter. Borrowed. */
const char *side_head(const struct comparison *comparison, int side);
/* "before: 3 runs (before-1, ...), 2026-03-04T05:06:07Z, commit 0123456789ab, exit status 0". */
char *format_side(const struct comparison *comparison, int side);

/* "+204.3 MiB", "same", "came", "went". */
char *format_row_delta(const struct comparison_row *row);
/* "ok", "FAIL", "GONE"; "" where nothing was judged. Static. */
const char *row_status(const struct comparison_row *row, const struct comparison *comparison);
/* Up to what the metric may grow; "-" where it is not judged. */
char *format_row_allowed(const struct comparison_row *row);
/* "tsc ×3", or "tsc ×3, now ×1" where their number changed. */
char *format_row_processes(const struct comparison_row *row);

#endif
