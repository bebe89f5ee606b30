/* A run's series over time, read back from the files that it wrote: timeline-<label>.csv and
 * processes-<label>.csv. */
#ifndef BM_RESULT_SERIES_H
#define BM_RESULT_SERIES_H

#include "base/error.h"
#include "base/strv.h"

#include <stdint.h>

/* More bytes or milliseconds than any build has: no figure of a series is larger, and a hundred of
 * them can be added. */
#define MOST_FIGURE (INT64_C(1) << 54)

/* A line of the timeline; UNMEASURED where its cell is empty. */
struct sample {
    int64_t t_ms;
    size_t stage; /* in series.stages */
    int64_t cgroup_bytes, pss_bytes, anon_bytes, file_bytes, processes;
};

/* What the processes of one name held at a sample. */
struct process_sample {
    int64_t t_ms;
    size_t group; /* in series.groups */
    int64_t count, pss_bytes;
};

struct series {
    struct sample *samples;
    size_t count;
    struct strv stages; /* the names, in the order of their first samples */
    struct process_sample *process_samples;
    size_t process_sample_count;
    struct strv groups;
};

/* Reads the files; `series` is initialised here and released by the caller, also on error. A file
 * that is not there leaves its part empty, and so does `processes_path` NULL. A last line without
 * its end is left out: the run may have been killed while it was written. Returns 0, or -1 with a
 * message that names file and line. */
int series_read(const char *timeline_path, const char *processes_path, struct series *series,
                struct bm_error *err);
/* The same of the run with that label, whose files lie in `dir` (ended by '/', or ""). */
int series_of_label(const char *dir, const char *label, struct series *series,
                    struct bm_error *err);
/* The text of one of the files, `length` bytes ended by NUL, which is cut up in place, into a
 * series that begins as {0}; `origin` is for messages. */
int series_parse_timeline(struct series *series, char *text, size_t length, const char *origin,
                          struct bm_error *err);
int series_parse_processes(struct series *series, char *text, size_t length, const char *origin,
                           struct bm_error *err);
/* Fit for CLEANUP. */
void series_release(struct series *series);

/* The level that a sample is drawn at: what is charged, or the PSS where that is not known. */
int64_t sample_usage(const struct sample *sample);

/* A stretch of time, as wide as a column of the chart: its lowest and its highest sample. */
struct series_column {
    const struct sample *low, *high; /* borrowed; NULL where no sample with a level falls into it */
};
/* Cuts the time from 0 to `end_ms` (> 0) into `count` columns; later samples fall into the last. No
 * high and no low is lost, however many samples there are. The caller owns the array. */
struct series_column *series_columns(const struct series *series, int64_t end_ms, size_t count);

#endif
