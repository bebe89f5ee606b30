/* Sweeps: memory against time over the values of some knobs.
 *
 * A point is one value of each knob. sweep.c has the data and the figures of the points, model.c
 * predicts the points that were not measured, plan.c decides which one to build next, run.c adds a
 * measured run, results.c reads those of other machines, forecast.c forecasts from one run, jobs.c
 * prints the points as jobs of a CI system, and record.c writes the sweep as JSON
 * (doc/sweep.schema.json) and reads it back to resume it. All but the JSON and the results is pure:
 * the runs are the whole state, so the same runs always lead to the same next point. */
#ifndef BM_SWEEP_SWEEP_H
#define BM_SWEEP_SWEEP_H

#include "base/error.h"
#include "base/strv.h"
#include "measurement/measurement.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SWEEP_SCHEMA_VERSION 1
#define SWEEP_MOST_KNOBS 6
#define SWEEP_MOST_POINTS 1000
#define SWEEP_MOST_BUILDS 100
/* A difference of this share is not worth a build. */
#define SWEEP_RESOLUTION 0.05
/* The recommended point is at most this share slower than the fastest one. */
#define SWEEP_SLOWER 0.10

/* A variable of the build, or a "{name}" in its command. */
struct sweep_knob {
    char *name;
    struct strv values; /* in the order of the command line */
};

enum sweep_outcome {
    SWEEP_PASSED,
    SWEEP_OOM_KILLED,
    SWEEP_BUILD_FAILED,
    SWEEP_AT_LIMIT, /* a memory limit cut its memory off */
};
const char *sweep_outcome_name(enum sweep_outcome outcome); /* "oom-killed"; static */

/* One build. Each figure may be UNMEASURED. */
struct sweep_run {
    size_t point;
    bool confirms; /* it ran under the limit of --within, and counts in no figure */
    enum sweep_outcome outcome;
    char *detail; /* the reason of a failure, one line; owned; NULL: it passed */
    int64_t memory_bytes, unreclaimable_bytes, duration_ms;
};

/* Zero-initialise it, and set the first members. */
struct sweep {
    const char *label;    /* borrowed */
    const char *settings; /* what else decides the figures of a build; borrowed */
    struct sweep_knob *knobs;
    size_t knob_count;
    int64_t within_bytes; /* UNMEASURED: the whole front; else the sweep has one knob */
    size_t most_builds;
    struct sweep_run *runs; /* in order of time; owned */
    size_t count;
    const struct measurement *first; /* the first run; borrowed; NULL: none */
    const struct strv *results;      /* the files of the runs; borrowed; NULL: this sweep built */
    char *unfinished;                /* the reason that the sweep has not ended; owned */
};
void sweep_release(struct sweep *sweep);

/* Adds the knob "NAME=VALUE,VALUE". Returns 0, or -1 if it is not one, or exists already. */
int sweep_add_knob(struct sweep *sweep, const char *text, struct bm_error *err);

/* ---- points ---- */

/* A point has a number: the first knob changes slowest. */
size_t sweep_point_count(const struct sweep *sweep);
/* Returns the index of a knob's value in the point. */
size_t sweep_level(const struct sweep *sweep, size_t point, size_t knob);
const char *sweep_value(const struct sweep *sweep, size_t point, size_t knob); /* borrowed */
/* "jobs=4 heap=1024"; the caller owns it. */
char *sweep_point_text(const struct sweep *sweep, size_t point);

/* The median of the runs and its interval of 95 %. UNMEASURED: no run passed. */
struct sweep_range {
    int64_t median, lowest, highest;
};

struct sweep_point {
    size_t runs, passes;
    struct sweep_range memory, unreclaimable, duration; /* bytes, bytes, ms */
    const char *detail;                                 /* of its last failure; borrowed; or NULL */
    bool on_front;
};

/* The figures of all points; the caller frees the array.
 *
 * The interval of 3 and more runs is that of the gate (baseline/noise.h). One or two runs have
 * none of their own: theirs comes from the scatter of all points that have several runs, and of one
 * assumed point that scatters by 1 % in memory and 2 % in time.
 *
 * A point is on the front unless another point of the front replaces it. A replaces B if A is
 * surely lower in memory or in time, and B is lower in neither: not surely, and not by more than
 * SWEEP_RESOLUTION. "Surely" means that the intervals do not overlap. */
struct sweep_point *sweep_points(const struct sweep *sweep);
bool sweep_passes(const struct sweep_point *point);
/* With --within, the unreclaimable memory, which a limit must allow; else, or if it was not
 * measured, the memory peak. */
struct sweep_range sweep_memory(const struct sweep *sweep, const struct sweep_point *point);

/* Returns the point to recommend: of those on the front at most SWEEP_SLOWER slower than the
 * fastest point, the one with the least memory. `*fastest`: the fastest point. Returns false if
 * there is none. */
bool sweep_recommend(const struct sweep *sweep, const struct sweep_point *points, size_t *best,
                     size_t *fastest);

/* ---- model.c ---- */

/* The natural logarithms of memory and time. */
struct sweep_figures {
    double memory, time;
};

/* Each knob multiplies memory and time by the effect of its value. Where the measured points differ
 * from that, the points near them are predicted to differ, too. */
struct sweep_model {
    const struct sweep *sweep;
    const struct sweep_point *points; /* borrowed */
    struct sweep_figures mean;
    struct sweep_figures *effects; /* of the values of all knobs, in order; owned */
    bool *known;                   /* a point with the value was measured; owned */
    struct sweep_figures *rests;   /* of each measured point: measured minus the product; owned */
};
/* At least one point must pass. */
void sweep_model_init(struct sweep_model *model, const struct sweep *sweep,
                      const struct sweep_point *points);
void sweep_model_release(struct sweep_model *model);
/* The effect of a value, relative to the first value of the knob that was measured: 1.5 is 50 %
 * more. Returns false if no point with the value was measured. */
bool sweep_effect(const struct sweep_model *model, size_t knob, size_t level, double *memory,
                  double *time);
/* The best that the point may be: a value between two measured values is as good as the better one,
 * in memory and in time. */
struct sweep_figures sweep_prospect(const struct sweep_model *model, size_t point);

/* ---- plan.c ---- */

enum sweep_state {
    SWEEP_BUILD,   /* `point` is next */
    SWEEP_CONFIRM, /* `point` is next, under the limit of --within */
    SWEEP_FOUND,
    SWEEP_STOPPED,   /* after most_builds builds */
    SWEEP_NONE_FITS, /* no value of the knob is within the budget */
    SWEEP_BROKEN,    /* no point passes, after all ends were built */
};

struct sweep_plan {
    enum sweep_state state;
    size_t point;   /* to build; with --within and SWEEP_FOUND: the largest value that fits */
    bool is_repeat; /* the point has a run already */
    size_t open;    /* points that were not measured, but may be on the front */
};

/* Decides by the runs so far.
 *
 * The whole front: first the ends, then the point that may improve on the measured front the most,
 * until none may improve on it by more than SWEEP_RESOLUTION. Then the middle of each knob of
 * which only the ends were built. Last, points whose intervals overlap, if they may differ by more
 * than 10 %.
 *
 * With --within: from the first value upwards, to the value at which a line through the figures so
 * far reaches within_bytes; then between the last value that fits and the first that does not. The
 * unreclaimable memory counts, because the kernel frees page cache at a limit. */
struct sweep_plan sweep_next(const struct sweep *sweep);

/* ---- run.c ---- */

/* Adds a run. `runs` are the measurements of all runs of the sweep, and after them that of the new
 * one. Returns -1 if it was not measured, or cannot be compared with another run. */
int sweep_take_run(struct sweep *sweep, const struct measurement *runs, size_t point, bool confirms,
                   struct bm_error *err);

/* ---- results.c ---- */

/* Builds of sweep on other machines. */
struct sweep_results {
    struct measurement *runs;
    size_t *points; /* the number of the point of each run */
    size_t count;
    struct strv paths; /* the file of each run */
    struct strv notes; /* differences between the machines that prevent no comparison */
};
/* Can be used with CLEANUP. */
void sweep_results_release(struct sweep_results *results);

/* Reads results, which are files or directories, into a sweep without knobs and runs, which borrows
 * from them. The caller releases them, also after an error. If a file cannot be read, or is not of
 * the same build as the first one but for its knobs, returns -1 and sets the exit status. */
int sweep_read_results(struct sweep *sweep, const struct strv *operands,
                       struct sweep_results *results, int *status, struct bm_error *err);

/* Adds the knobs of points, which each have "NAME=VALUE" of the same knobs. Numbers are sorted;
 * other values keep their order. Sets the number of each point. Returns -1 and `*wrong`, the index
 * of the point that has other knobs. */
int sweep_take_points(struct sweep *sweep, const struct strv *points, size_t count, size_t *numbers,
                      size_t *wrong, struct bm_error *err);

/* ---- forecast.c ---- */

/* How many jobs fit, by one measured run. The jobs are the processes of one name. */
struct sweep_forecast {
    const char *name; /* of the processes; borrowed from the measurement */
    int64_t within_bytes;
    int64_t jobs;       /* that fit; 0: none */
    int64_t job_bytes;  /* unreclaimable memory of one job */
    int64_t rest_bytes; /* unreclaimable memory of the build without its jobs */
    int64_t processes;  /* with this name, in the whole run */
    int64_t p95_rss_bytes;
    enum peak_rss_source source; /* of p95_rss_bytes; a scan is a lower bound */
    int64_t measured_jobs;       /* that ran at the unreclaimable peak of the run; at least 2 */
    int64_t measured_bytes;      /* this peak */
};

/* Forecasts how many jobs fit into `within_bytes`: rest_bytes + jobs * job_bytes.
 *
 * The jobs are the processes whose name has the most PSS at the unreclaimable peak; at least two
 * must have it. Their unreclaimable memory is their PSS times the share of anonymous memory in all
 * PSS. A job needs the same part of the p95 of the peak RSS as the jobs held of theirs at the peak,
 * because files that all jobs map, such as the compiler, do not grow with the jobs. Into less than
 * the unreclaimable peak, fewer jobs fit than ran then; into as much or more, at least as many.
 *
 * Returns -1 with the reason if the run has no such forecast. */
int sweep_forecast(const struct measurement *m, int64_t within_bytes,
                   struct sweep_forecast *forecast, struct bm_error *err);
/* Returns it as JSON on one line; the caller owns it. */
char *sweep_forecast_to_line(const struct sweep_forecast *forecast);

/* ---- jobs.c ---- */

/* Returns the points as jobs of the CI system "github", "gitlab" or "kubernetes"; the caller owns
 * the text. A Kubernetes Job has the image, and the arguments for a shell after those of the point,
 * with a leading blank or "". GitHub and GitLab allow more jobs than a sweep reads results; returns
 * NULL for more points than that. */
char *sweep_jobs(const struct sweep *sweep, const char *system, const char *image,
                 const char *arguments, struct bm_error *err);

/* ---- record.c ---- */

enum sweep_verdict {
    SWEEP_VERDICT_FOUND,
    SWEEP_VERDICT_STOPPED, /* the figures so far; the same command with more builds continues */
    SWEEP_VERDICT_NONE_FITS,
    SWEEP_VERDICT_BUILD_FAILED,
    SWEEP_VERDICT_UNFINISHED,
};
enum sweep_verdict sweep_verdict_of(const struct sweep *sweep);
const char *sweep_verdict_name(enum sweep_verdict verdict); /* "none-fits"; static */
/* 0 found and stopped, 3 build-failed, else 4. */
int sweep_exit_status(enum sweep_verdict verdict);

/* Return the sweep as JSON: indented, with a newline at the end; and on one line for a log. The
 * caller owns the texts. */
char *sweep_to_json(const struct sweep *sweep);
char *sweep_to_line(const struct sweep *sweep);

/* What a later command needs of a stored sweep. One that was read from results cannot be resumed.
 */
struct sweep_record {
    char *settings;
    char *knobs;            /* as sweep_knobs_text */
    bool can_resume;        /* it is unfinished, or stopped */
    struct sweep_run *runs; /* of each, only the point and whether it confirms; owned */
    size_t count;
};
void sweep_record_release(struct sweep_record *record);
/* Reads it from JSON; `origin` names it in messages. The caller releases `record`, also after an
 * error. */
int sweep_record_parse(const char *text, const char *origin, struct sweep_record *record,
                       struct bm_error *err);
/* "jobs=1,2,4 heap=1024,2048"; the caller owns it. */
char *sweep_knobs_text(const struct sweep *sweep);

#endif
