/* Measures one build, or several in sequence.
 *
 * The folder run/ executes builds: measure.c prepares a run and selects the engine, session.c
 * drives the engine and the probe, recorder.c takes the records, publish.c writes and prints the
 * results. output.c owns the output directory and its lock, workspace.c the repository. */
#ifndef BM_RUN_MEASURE_H
#define BM_RUN_MEASURE_H

#include "base/error.h"
#include "baseline/baseline.h"
#include "config/config.h"
#include "measurement/measurement.h"
#include "result/series.h"

/* The runs of one command, measured or read from files. */
struct runs {
    struct measurement *measurements;
    struct series *series; /* of each run; NULL: not read */
    size_t count;
    struct deep_run *deep; /* one more run of the build (run/deep.h); NULL: none; owned */
};
/* Releases the measurements, the series, both arrays and the deep run; `runs` is empty then. For
 * CLEANUP. */
void runs_release(struct runs *runs);
/* Reads the result of an earlier run and its series from the output directory, and adds them.
 * Returns 0, or -1 with `runs` unchanged. */
int runs_load(struct runs *runs, const char *out, const char *label, struct bm_error *err);
/* Releases the last run, and removes it. */
void runs_drop_last(struct runs *runs);

/* Measures the build `config->runs` times (0: once). Stops after a run that failed, was not
 * measured or was interrupted.
 *
 * Initialises `runs`; the caller releases it, also after an error. The files of a single run have
 * the label itself; the files of several runs have "LABEL-1", "LABEL-2". The progress line compares
 * with `baseline`, which may be NULL.
 *
 * The measurement records failures of the build or the engine. Returns -1, with an exit status
 * in `*status`, if the repository or the output directory is not usable. */
int measure_runs(const struct config *config, const struct baseline *baseline, struct runs *runs,
                 int *status, struct bm_error *err);

struct engine;
/* Measures one build of the work tree `repo` into the output directory of `config`, and adds it to
 * `runs`, which the caller has initialised. `*engine` is NULL before the first run, which selects
 * the engine of all runs. The files of the run have the label. Returns -1 as measure_runs does. */
int measure_tree(const struct config *config, const char *repo, const char *label,
                 const struct baseline *baseline, const struct engine **engine, struct runs *runs,
                 int *status, struct bm_error *err);

/* Appends the command line of the build. A script is run by bash; in a container, a login shell
 * would replace the image's PATH by that of /etc/profile. */
void build_command_of(const struct config *config, bool in_container, struct strv *command);

/* Returns -1, with an exit status in `*status`, if --cache does not work here. Prepares for
 * interrupts. Call it before the first measure_tree. */
int measure_begin(const struct config *config, int *status, struct bm_error *err);

/* Returns whether the run can be judged (measurement/validity.h). */
bool measured_well(const struct measurement *m);

/* Decides after each valid run whether to measure another one. `runs` are the runs so far. */
typedef bool another_run(const struct measurement *runs, size_t count, void *context);

/* Like measure_runs, but runs the build at least once, and again while `another` returns true. */
int measure_while(const struct config *config, const struct baseline *baseline,
                  another_run *another, void *context, struct runs *runs, int *status,
                  struct bm_error *err);

/* Returns the run with the median memory peak. If the number of runs is even, uses the lower of the
 * middle two. If the last run is not valid, returns the last run. Borrowed from `runs`. */
const struct measurement *typical_run(const struct measurement *runs, size_t count);

#endif
