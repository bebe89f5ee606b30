/* Where a run's records go as they come: the measurement, the timeline, the log, the terminal.
 * Inside of commands/ only. */
#ifndef BM_RUN_RECORDER_H
#define BM_RUN_RECORDER_H

#include "base/error.h"
#include "baseline/baseline.h"
#include "config/config.h"
#include "measurement/aggregate.h"
#include "report/text/progress.h"
#include "run/workspace.h"

#include <stdbool.h>

struct wire_record;
struct recorder;

/* Makes the files build-<label>.log, timeline-<label>.csv and, at its end, processes-<label>.csv
 * below `out`, and records into `m`. `baseline`, which may be NULL, is what the live line holds the
 * build to. `start` moves along with the clock while the records come. These and `m` outlive the
 * recorder. NULL where a file can't be made. */
struct recorder *recorder_open(const struct config *config, const struct baseline *baseline,
                               const char *out, const char *label, struct workspace_start *start,
                               struct measurement *m, struct bm_error *err);
/* A session_on_record; `context` is the recorder. */
void recorder_take(void *context, const struct wire_record *record);
/* Whether the probe has spoken. */
bool recorder_started(const struct recorder *recorder);
/* Settles the measurement and closes the files. One that could not be written is told in the
 * measurement, so that the rest of what is known still gets out. Takes NULL. */
void recorder_close(struct recorder *recorder);

#endif
