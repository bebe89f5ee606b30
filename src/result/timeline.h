/* The timeline CSV: a line per sample, flushed as it grows, so that it survives a crash. */
#ifndef BM_RESULT_TIMELINE_H
#define BM_RESULT_TIMELINE_H

#include "base/error.h"

#include <stdint.h>

#define TIMELINE_HEAD "t_ms,stage,cgroup_bytes,pss_bytes,anon_bytes,file_bytes,processes\n"

struct timeline;

struct timeline_row {
    int64_t t_ms;
    const char *stage;
    int64_t cgroup_bytes, pss_bytes, anon_bytes, file_bytes; /* UNMEASURED: empty cell */
    int64_t processes;
};

/* Creates (or empties) the file and writes its head. NULL on error. */
struct timeline *timeline_open(const char *path, struct bm_error *err);
/* Adds a row. A write that fails is remembered and told by timeline_close. Stage names are quoted
 * as RFC 4180 asks. */
void timeline_add(struct timeline *timeline, const struct timeline_row *row);
/* Returns 0, or -1 where any row could not be written. Releases in both cases; NULL is taken. */
int timeline_close(struct timeline *timeline, struct bm_error *err);

#endif
