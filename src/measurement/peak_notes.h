/* What held the memory at the peak: the sentences below a verdict that show where to begin.
 *
 * Each sentence has the figure that it follows from, and there is none without a measurement. */
#ifndef BM_MEASUREMENT_PEAK_NOTES_H
#define BM_MEASUREMENT_PEAK_NOTES_H

#include "base/strv.h"
#include "measurement/measurement.h"

#define PEAK_NOTES_MAX 3

/* Appends at most PEAK_NOTES_MAX sentences about the memory peak of the run: equal processes that
 * run at the same time, one process that holds most of it, one item (a source file, a crate) that
 * needs far more than the others, and page cache. Appends none if the peak was not measured. */
void peak_notes_add(const struct measurement *m, struct strv *notes);

#endif
