/* Publishing: the files, the summary and the exit status of a command that measured. */
#ifndef BM_RUN_PUBLISH_H
#define BM_RUN_PUBLISH_H

#include "base/error.h"
#include "config/config.h"
#include "gate/judge.h"
#include "run/measure.h"

/* Writes the result, the JUnit file and the page of the typical run, with the configured label. If
 * there are several runs, also writes the result of each with its own label. Then prints the
 * summary and the RESULT line.
 *
 * In a job of GitHub Actions, also prints annotations on standard error, appends the summary to
 * $GITHUB_STEP_SUMMARY, and the outputs `verdict`, `peak-bytes` and `result` (an absolute path) to
 * $GITHUB_OUTPUT.
 *
 * Returns the exit status of the verdict; 128 + N after signal N; EXIT_UNMEASURED if the verdict is
 * a pass and a file cannot be written. */
int publish(const struct config *config, const struct runs *runs,
            const struct judgement *judgement);

/* Writes result-LABEL.json of one run into the directory `out`, with the label of the run. */
int write_result(const char *out, const struct measurement *m, const struct judgement *judgement,
                 int exit_code, struct bm_error *err);

#endif
