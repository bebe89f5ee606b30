/* What a job of GitHub Actions shows beyond the log. Inside of commands/ only. */
#ifndef BM_RUN_GITHUB_H
#define BM_RUN_GITHUB_H

#include "gate/verdict.h"
#include "measurement/measurement.h"

/* In a job of GitHub Actions: annotations on standard error, the summary in Markdown on the job's
 * page ($GITHUB_STEP_SUMMARY), and the step's outputs `verdict`, `peak-bytes` and `result`, the
 * absolute path of the result ($GITHUB_OUTPUT). Elsewhere nothing. What can't be written is said,
 * and changes no verdict. */
void github_report(const struct measurement *m, const struct judgement *judgement,
                   const char *result_path);

#endif
