/* A run's course over time, read back from the files that it wrote: timeline-<label>.csv and
 * processes-<label>.csv. */
#ifndef BM_REPORT_COURSE_H
#define BM_REPORT_COURSE_H

#include "base/error.h"
#include "base/strv.h"

#include <stdint.h>

/* More bytes or milliseconds than any build has: no figure of a course is larger, and a hundred of
 * them can be added. */
#define MOST_FIGURE (INT64_C(1) << 54)

/* A line of the timeline; UNMEASURED where its cell is empty. */
struct moment {
    int64_t t_ms;
    size_t stage; /* in course.stages */
    int64_t cgroup_bytes, pss_bytes, anon_bytes, file_bytes, processes;
};

/* What the processes of one name held at a moment. */
struct holding {
    int64_t t_ms;
    size_t group; /* in course.groups */
    int64_t count, pss_bytes;
};

struct course {
    struct moment *moments;
    size_t count;
    struct strv stages; /* the names, in the order of their first moments */
    struct holding *holdings;
    size_t holding_count;
    struct strv groups;
};

/* Reads the files; `course` is initialised here and released by the caller, also on error. A file
 * that is not there leaves its part empty, and so does `processes_path` NULL. A last line without
 * its end is left out: the run may have been killed while it was written. Returns 0, or -1 with a
 * message that names file and line. */
int course_read(const char *timeline_path, const char *processes_path, struct course *course,
                struct bm_error *err);
/* The same of the run with that label, whose files lie in `dir` (ended by '/', or ""). */
int course_of_label(const char *dir, const char *label, struct course *course,
                    struct bm_error *err);
/* The text of one of the files, `length` bytes ended by NUL, which is cut up in place, into a
 * course that begins as {0}; `origin` is for messages. */
int course_take_timeline(struct course *course, char *text, size_t length, const char *origin,
                         struct bm_error *err);
int course_take_processes(struct course *course, char *text, size_t length, const char *origin,
                          struct bm_error *err);
/* Fit for CLEANUP. */
void course_release(struct course *course);

/* The level that a moment is drawn at: what is charged, or the PSS where that is not known. */
int64_t moment_level(const struct moment *moment);

/* A stretch of time, as wide as a column of the chart: its lowest and its highest moment. */
struct course_column {
    const struct moment *low, *high; /* borrowed; NULL where no moment with a level falls into it */
};
/* Cuts the time from 0 to `end_ms` (> 0) into `count` columns; later moments fall into the last. No
 * high and no low is lost, however many moments there are. The caller owns the array. */
struct course_column *course_columns(const struct course *course, int64_t end_ms, size_t count);

#endif
