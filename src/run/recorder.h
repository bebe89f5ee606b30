/* Distributes the records of a run as they arrive: to the measurement, the series, the log and the
 * terminal. Private to run/. */
#ifndef BM_RUN_RECORDER_H
#define BM_RUN_RECORDER_H

#include "base/error.h"
#include "baseline/baseline.h"
#include "config/config.h"
#include "measurement/aggregate.h"
#include "report/text/progress.h"
#include "result/series.h"
#include "run/workspace.h"

#include <stdbool.h>

struct wire_record;
struct recorder;

/* Creates build-LABEL.log and timeline-LABEL.csv in the directory `out`, and records into `m` and
 * into `series`, which is empty. The live line compares the build with `baseline`, which may be
 * NULL. The recorder updates `start` if the clock is set. All arguments must outlive the recorder.
 * Returns NULL if a file cannot be created. */
struct recorder *recorder_open(const struct config *config, const struct baseline *baseline,
                               const char *out, const char *label, struct workspace_start *start,
                               struct measurement *m, struct series *series, struct bm_error *err);
/* Records one record. A session_on_record: `context` is the recorder. */
void recorder_take(void *context, const struct wire_record *record);
/* Returns whether the probe has sent a record. */
bool recorder_started(const struct recorder *recorder);
/* Completes the measurement and the series, writes processes-LABEL.csv, and closes the files. A
 * file that could not be written is reported in `m->not_measured`. Accepts NULL. */
void recorder_close(struct recorder *recorder);

#endif
