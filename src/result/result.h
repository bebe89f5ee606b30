/* The result of a run: its measurement, its judgement and its series.
 *
 * result-LABEL.json (doc/result.schema.json) holds the measurement and the judgement;
 * timeline-LABEL.csv and processes-LABEL.csv beside it hold the series. For a run in progress these
 * files are outputs only. `report`, `compare` and `baseline refresh` read those of earlier runs. */
#ifndef BM_RESULT_RESULT_H
#define BM_RESULT_RESULT_H

#include "base/error.h"
#include "gate/judge.h"
#include "measurement/measurement.h"
#include "result/series.h"

#include <stdbool.h>

#define RESULT_SCHEMA_VERSION 2

/* A stored result. */
struct result {
    struct measurement measurement;
    bool is_judged; /* false: the file has no judgement, and `judgement` is empty */
    struct judgement judgement;
    struct series series; /* empty until result_read_series */
};

/* Returns the result as JSON, indented and ended by a newline; the caller owns it. `exit_code` is
 * the exit status of build-mem. */
char *result_to_json(const struct measurement *m, const struct judgement *judgement, int exit_code);

/* Returns the same on one line, without a newline and without the long lists (processes and their
 * commands). Control characters are escaped. The caller owns it. */
char *result_to_line(const struct measurement *m, const struct judgement *judgement, int exit_code);

/* Reads the measurement and the judgement from a JSON text (`origin` names it in messages) or from
 * a file. Initialises `result`; the caller releases it, also after an error. Returns 0, or -1 with
 * a message that names the file, the line and the JSON path. */
int result_parse(const char *text, const char *origin, struct result *result, struct bm_error *err);
int result_read(const char *path, struct result *result, struct bm_error *err);

/* Reads the measurement of a result file alone; checks only that the member `judgement` is present
 * or null. Initialises `m`; the caller releases it, also after an error. */
int result_read_measurement(const char *path, struct measurement *m, struct bm_error *err);

/* Reads the series of `result`, which result_read has read from `path`, from the CSV files beside
 * it. A missing file leaves its part of the series empty. */
int result_read_series(const char *path, struct result *result, struct bm_error *err);

/* Adds the path of a result; of a directory, the paths of all result-*.json in it. Returns 0, or -1
 * if a directory has none. */
int result_paths(const char *path, struct strv *paths, struct bm_error *err);

/* Can be used with CLEANUP. */
void result_release(struct result *result);

#endif
