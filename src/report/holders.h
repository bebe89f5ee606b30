/* Who held the memory over time: processes-<label>.csv, written when a run has ended. Bounded,
 * however long the build and however many its processes and their names: moments that lie close
 * together are thinned out, and of those the one stays at which most was held; of a moment the
 * names that held most stay, and the others are summed. */
#ifndef BM_REPORT_HOLDERS_H
#define BM_REPORT_HOLDERS_H

#include "base/error.h"

#include <stdint.h>

/* A line for each moment and name: how many processes of it, and what they held. */
#define PROCESSES_HEAD "t_ms,name,count,pss_bytes\n"
/* No more moments than this are kept, */
#define HOLDERS_MOMENTS 512
/* and no more names of each: more than any picture shows. */
#define HOLDERS_NAMES 64
/* In place of the name, where a line is the sum of the others. */
#define HOLDERS_OTHERS "others"

struct holders;

struct holders *holders_new(void);
/* Adds what a process held; moments come in their order. */
void holders_take(struct holders *holders, int64_t t_ms, const char *command, int64_t pss_bytes);
/* Writes the file anew. */
int holders_write(struct holders *holders, const char *path, struct bm_error *err);
void cleanup_holders(struct holders **holders);

#endif
