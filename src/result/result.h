/* The result file: one run's measurement as JSON (doc/result.schema.json), written and read. */
#ifndef BM_RESULT_RESULT_H
#define BM_RESULT_RESULT_H

#include "base/error.h"
#include "measurement/measurement.h"

#define RESULT_SCHEMA_VERSION 2

/* The measurement as a JSON text, indented and ended by a newline; the caller owns it.
 * `verdict` ("pass") and `exit_code` close the story; `gate_json` is the text of the `gate` object
 * or NULL where nothing was judged. */
char *result_to_json(const struct measurement *m, const char *verdict, int exit_code,
                     const char *gate_json);

/* The same without its long lists (commands, processes, per-process snapshots), compact, on one
 * line without a newline, every control character escaped. */
char *result_to_line(const struct measurement *m, const char *verdict, int exit_code,
                     const char *gate_json);

/* Reads a result back from text (`origin` is for messages) or a file. `m` is initialised here and
 * released by the caller, also on error. Returns 0, or -1 with a message that names file, line and
 * path. */
int result_parse(const char *text, const char *origin, struct measurement *m, struct bm_error *err);
int result_read(const char *path, struct measurement *m, struct bm_error *err);

#endif
