/* One run from clearing to verifying, and the files and lines that tell of it. */
#ifndef BM_RUN_MEASURE_H
#define BM_RUN_MEASURE_H

#include "base/error.h"
#include "baseline/baseline.h"
#include "config/config.h"
#include "gate/verdict.h"
#include "measurement/measurement.h"
#include "result/series.h"

/* The runs of one command. */
struct runs {
    struct measurement *measurements;
    struct series *series; /* of each run; the page shows that of the typical one */
    size_t count;
};
void runs_release(struct runs *runs); /* can be used with CLEANUP */

/* Measures the build `config->runs` times, 0 counting as once. `runs` is initialised here and
 * released by the caller, also on error; it has fewer than asked for where one failed, was
 * not measured or was interrupted: the last one then says so. A single run's files bear the label
 * as it is, the files of several "LABEL-1", "LABEL-2"... While it runs, the build is shown against
 * `baseline`, which may be NULL. Whatever happens to the build or the engine is data in the
 * measurement; -1, with an exit status in `*status`, is for a workspace that can't be used. */
int measure_runs(const struct config *config, const struct baseline *baseline, struct runs *runs,
                 int *status, struct bm_error *err);

/* The same with as many runs as the caller wants: at least one, and after each good one another
 * while `another` says so; it is handed what has been measured so far. */
typedef bool another_run(const struct measurement *runs, size_t count, void *context);
int measure_while(const struct config *config, const struct baseline *baseline,
                  another_run *another, void *context, struct runs *runs, int *status,
                  struct bm_error *err);

/* The run that stands for all: the one with the median headline; the last where one is bad. */
const struct measurement *typical_run(const struct measurement *runs, size_t count);

/* Writes result, page and JUnit of the typical run under the configured label, and of several runs
 * each one's result under its own; prints the summary and the RESULT line. Returns the exit status
 * of the judgement, or another where the run was interrupted or a file could not be written. */
int publish(const struct config *config, const struct runs *runs,
            const struct judgement *judgement);

/* Writes result-<label>.json of one run, by its own label, into the directory `out`. */
int write_result(const char *out, const struct measurement *m, const struct judgement *judgement,
                 int exit_code, struct bm_error *err);

#endif
