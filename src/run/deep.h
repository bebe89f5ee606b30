/* The deep run (--deep): builds once more, and has the runtimes of the build report their own
 * figures. They cost memory and time, so the run is never judged, and has no result file that
 * `baseline refresh` or `trend` could read. */
#ifndef BM_RUN_DEEP_H
#define BM_RUN_DEEP_H

#include "config/config.h"
#include "run/measure.h"

/* Refuses builds whose processes do not inherit variables, before the first run. Returns 0, or -1
 * with an exit status in `*status`. Does nothing without --deep. */
int deep_check(const struct config *config, int *status, struct bm_error *err);

/* Runs the build once more, after `runs`, with the label "LABEL-deep", and stores what its
 * processes report, or why there is nothing, in `runs->deep`. Changes nothing else. Does nothing
 * without --deep, after an interrupt, or if the last of `runs` was not measured. */
void deep_measure(const struct config *config, struct runs *runs);

#endif
