/* Who held the memory over time: processes-<label>.csv, written when a run has ended. Bounded,
 * however long the build and however many its processes and their names: samples that lie close
 * together are thinned out, and of those the one stays at which most was held; of a sample the
 * names that held most stay, and the others are summed. */
#ifndef BM_RESULT_PROCESS_SERIES_H
#define BM_RESULT_PROCESS_SERIES_H

#include "base/error.h"

#include <stdint.h>

/* A line for each sample and name: how many processes of it, and what they held. */
#define PROCESSES_HEAD "t_ms,name,count,pss_bytes\n"
/* No more samples than this are kept, */
#define PROCESS_SERIES_SAMPLES 512
/* and no more names of each: more than any picture shows. */
#define PROCESS_SERIES_NAMES 64
/* In place of the name, where a line is the sum of the others. */
#define PROCESS_SERIES_OTHERS "others"

struct process_series;

struct process_series *process_series_new(void);
/* Adds what a process held; samples come in their order. */
void process_series_take(struct process_series *process_series, int64_t t_ms, const char *command,
                         int64_t pss_bytes);
/* Writes the file anew. */
int process_series_write(struct process_series *process_series, const char *path,
                         struct bm_error *err);
void cleanup_process_series(struct process_series **process_series);

#endif
