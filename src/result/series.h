/* The series of a run: its samples over time, and the memory of its processes over time, by name.
 *
 * A run collects both in memory while the records arrive; the memory has a bound that does not
 * depend on the length of the build. The reports draw a series; series_csv.c stores it. */
#ifndef BM_RESULT_SERIES_H
#define BM_RESULT_SERIES_H

#include "base/error.h"
#include "base/strv.h"

#include <stdint.h>

/* The maximum of each figure of a series. No build has as many bytes or milliseconds, and a sum of
 * a hundred such figures does not overflow. */
#define SERIES_FIGURE_MAX (INT64_C(1) << 54)

/* One reading of the counters. A figure can be UNMEASURED. */
struct sample {
    int64_t t_ms;
    size_t stage; /* index into series.stages */
    int64_t cgroup_bytes, pss_bytes;
    /* The parts of the charged memory; the four do not overlap. */
    int64_t anon_bytes, file_bytes, shmem_bytes, kernel_bytes;
    int64_t processes;
};

/* The memory of all processes of one name at one moment. */
struct process_sample {
    int64_t t_ms;
    size_t group; /* index into series.groups */
    int64_t count;
    int64_t pss_bytes;
    int64_t charged_bytes; /* the anonymous and shared memory in the PSS; can be UNMEASURED */
};

struct series {
    struct sample *samples;
    size_t count;
    struct strv stages; /* names, in the order of their first samples */
    struct process_sample *process_samples;
    size_t process_sample_count;
    struct strv groups; /* names, in the order of their first samples */
};

/* Can be used with CLEANUP. */
void series_release(struct series *series);

/* ---- collection ---- */

/* The maximum number of samples that series_add keeps. */
#define SERIES_SAMPLES 4096

/* Appends a sample of a run. Times must not decrease: the function replaces an earlier time by the
 * last one. If the series is full, each of SERIES_SAMPLES / 4 equal stretches of time keeps its
 * lowest and its highest sample. */
void series_add(struct series *series, const struct sample *sample, const char *stage);

/* The maximum number of moments that a process series keeps, and of names per moment. */
#define PROCESS_SERIES_MOMENTS 512
#define PROCESS_SERIES_NAMES 64
/* The name of the sum of the other processes of a moment. */
#define PROCESS_SERIES_OTHERS "others"

/* Collects process samples. Of moments that are close together it keeps the one with the most
 * memory; of each moment it keeps the largest names and adds up the others. */
struct process_series;

struct process_series *process_series_new(void);
/* Adds the memory of one process at a moment. Times must not decrease. */
void process_series_add(struct process_series *process_series, int64_t t_ms, const char *command,
                        int64_t pss_bytes, int64_t charged_bytes);
/* Moves the collected samples into `series`, which has no process samples yet. */
void process_series_finish(struct process_series *process_series, struct series *series);
void cleanup_process_series(struct process_series **process_series);

/* ---- drawing ---- */

/* The memory at which a sample is drawn: the cgroup's usage, or PSS if that is unmeasured. */
int64_t sample_usage(const struct sample *sample);

/* A stretch of time as wide as a column of the chart: its lowest and its highest sample. */
struct series_column {
    const struct sample *low, *high; /* borrowed; NULL: no sample with a usage falls into it */
};
/* Divides the time from 0 to `end_ms` (> 0) into `count` columns; later samples fall into the last
 * one. The caller owns the array. */
struct series_column *series_columns(const struct series *series, int64_t end_ms, size_t count);

/* ---- CSV files (RFC 4180) ---- */

#define TIMELINE_CSV_HEAD                                                                          \
    "t_ms,stage,cgroup_bytes,pss_bytes,anon_bytes,file_bytes,processes,shmem_bytes,kernel_bytes\n"
#define PROCESSES_CSV_HEAD "t_ms,name,count,pss_bytes,charged_bytes\n"

/* A timeline file that grows during the run. Each line is flushed, so that a crash loses none. An
 * unmeasured figure is an empty cell. */
struct timeline_csv;

/* Creates or empties the file and writes its head. Returns NULL on error. */
struct timeline_csv *timeline_csv_open(const char *path, struct bm_error *err);
/* Appends a line. If a write fails, timeline_csv_close reports it. */
void timeline_csv_add(struct timeline_csv *csv, const struct sample *sample, const char *stage);
/* Closes and releases. Returns 0, or -1 if a line could not be written. Accepts NULL. */
int timeline_csv_close(struct timeline_csv *csv, struct bm_error *err);

/* Writes the process samples of `series`, one line per moment and name. */
int processes_csv_write(const struct series *series, const char *path, struct bm_error *err);

/* Reads both files. Initialises `series`; the caller releases it, also after an error. If a file is
 * missing, or `processes_path` is NULL, its part stays empty. An incomplete last line is ignored:
 * the run may have been killed while it was written. Returns 0, or -1 with a message that names the
 * file and the line. */
int series_read(const char *timeline_path, const char *processes_path, struct series *series,
                struct bm_error *err);
/* Parses the text of one file into `series`, which starts as {0}. `text` has `length` bytes and a
 * NUL, and is modified; `origin` names it in messages. */
int series_parse_timeline(struct series *series, char *text, size_t length, const char *origin,
                          struct bm_error *err);
int series_parse_processes(struct series *series, char *text, size_t length, const char *origin,
                           struct bm_error *err);

/* ---- names (private to result/) ---- */

/* Finds the indexes of names in a list in O(log n): a file can have as many names as lines. */
struct name_index {
    struct strv *names;
    void *root;  /* of tsearch(3) */
    size_t last; /* the last result: most rows of a timeline have the name of the row before */
};

/* Returns the index of `name`; appends it if it is new. */
size_t name_index_add(struct name_index *index, const char *name);
/* Releases the index, not the list. Can be used with CLEANUP. */
void name_index_release(struct name_index *index);

#endif
