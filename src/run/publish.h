/* Publishing: the files, the summary and the exit status of a command that measured. */
#ifndef BM_RUN_PUBLISH_H
#define BM_RUN_PUBLISH_H

#include "base/error.h"
#include "comparison/comparison.h"
#include "config/config.h"
#include "gate/judge.h"
#include "run/measure.h"

/* The reason in the files of a command that is at work, or was killed. */
#define NOT_FINISHED "not finished: build-mem is at work, or was killed"

/* Begins a command that measures: locks its label (output_lock), and replaces the result, the JUnit
 * file and the page of an earlier run by files that report "not finished". A runner that is killed
 * leaves these. If a file cannot be written, removes the earlier one. Also removes the numbered
 * results of the label. Returns 0; or -1, with an exit status in `*status`, if the label is locked
 * or a file of an earlier run remains. */
int publish_begin(const struct config *config, int *status, struct bm_error *err);

/* Ends a command after publish_begin if it has no run to judge: prints `failure` and writes it into
 * the files, as the reason that the run was not measured. Returns `status`. */
int publish_failure(const struct config *config, const struct bm_error *failure, int status);

/* Writes the result, the JUnit file and the page of the run that decided the verdict, or of the
 * typical run if none did, with the configured label. If there are several runs, also writes the
 * result of each with its own label. Then prints the summary and the RESULT line.
 *
 * In a job of GitHub Actions, also prints annotations on standard error, appends the summary to
 * $GITHUB_STEP_SUMMARY, and the outputs `verdict`, `peak-bytes` and `result` (an absolute path) to
 * $GITHUB_OUTPUT.
 *
 * Returns the exit status of the verdict; 128 + N after signal N; EXIT_UNMEASURED if the verdict is
 * a pass and a file cannot be written. */
int publish(const struct config *config, const struct runs *runs,
            const struct judgement *judgement);

/* Like publish, for a check with --relative. `both` has the runs of the base tree, of which there
 * may be none, and of the work tree; `base` and `runs` own them. Also writes the results of the
 * base tree as result-LABEL-base.json, both sides in comparison-LABEL.json, and draws the base tree
 * in the page. The summary has both sides. */
int publish_relative(const struct config *config, const struct runs *base, const struct runs *runs,
                     const struct comparison *both);

/* Writes result-LABEL.json of one run into the directory `out`, with the label of the run. */
int write_result(const char *out, const struct measurement *m, const struct judgement *judgement,
                 int exit_code, struct bm_error *err);

#endif
