/* The recorder: sends the records of a run to the measurement, the series, the log and the terminal
 * as they arrive. */
#ifndef BM_RUN_RECORDER_H
#define BM_RUN_RECORDER_H

#include "base/error.h"
#include "baseline/baseline.h"
#include "config/config.h"
#include "ledger/ledger.h"
#include "measurement/aggregate.h"
#include "report/text/progress.h"
#include "result/series.h"
#include "run/workspace.h"

#include <stdbool.h>

struct wire_record;
struct recorder;

/* Creates build-LABEL.log and timeline-LABEL.csv in the directory `out`; recorder_close adds
 * processes-LABEL.csv and ledger-LABEL.csv. Records into `m` and into `series`, which is empty. The
 * progress line compares with `baseline`, which may be NULL. Updates `start` if the clock is set
 * back during the run. All arguments must outlive the recorder. Returns NULL if a file cannot be
 * created. */
struct recorder *recorder_open(const struct config *config, const struct baseline *baseline,
                               const char *out, const char *label, struct workspace_start *start,
                               struct measurement *m, struct series *series, struct bm_error *err);

/* Takes a record; a session_on_record whose `context` is the recorder. */
void recorder_take(void *context, const struct wire_record *record);

/* Shows that the image is pulled, before the first record; a child_waits whose `context` is the
 * recorder. */
void recorder_pulling(void *context, int64_t elapsed_ms);

/* Returns the ledger of the run, which recorder_close writes and frees. */
struct ledger *recorder_ledger(const struct recorder *recorder);

/* Returns whether the probe has sent a record other than output of the build. */
bool recorder_started(const struct recorder *recorder);

/* Completes the measurement and the series, closes the files and frees the recorder, which may be
 * NULL. If a file cannot be written, the measurement is marked as not measured and keeps its
 * figures. */
void recorder_close(struct recorder *recorder);

#endif
