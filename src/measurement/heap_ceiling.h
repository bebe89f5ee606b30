/* Heap ceilings: options that bound the heap of a language's runtime. A ceiling that is not below
 * the memory limit has no effect: the kernel kills the process before the runtime collects its
 * garbage harder. */
#ifndef BM_MEASUREMENT_HEAP_CEILING_H
#define BM_MEASUREMENT_HEAP_CEILING_H

#include "measurement/measurement.h"

enum heap_kind { HEAP_V8, HEAP_JVM, HEAP_GO, HEAP_KINDS };

/* The variables that can have such an option; ended by NULL. */
extern const char *const heap_variables[];

struct heap_ceiling {
    enum heap_kind kind;
    const char *option; /* "-Xmx"; static */
    char *where;        /* "NODE_OPTIONS", "the build command", "node server.js"; owned */
    int64_t bytes;
};

struct heap_ceilings {
    struct heap_ceiling *items; /* owned */
    size_t count;
};
/* For CLEANUP. */
void heap_ceilings_release(struct heap_ceilings *ceilings);

/* Adds the ceilings in `text`: "NAME=VALUE" of a variable, or a command. Of an option that occurs
 * several times the last one counts. A percentage refers to `limit_bytes`, and is skipped if that
 * is UNMEASURED. */
void heap_ceilings_find(const char *where, const char *text, int64_t limit_bytes,
                        struct heap_ceilings *ceilings);

/* Adds the ceilings of a run: in its variables, its command, and the processes at its peaks. */
void heap_ceilings_of_run(const struct measurement *m, struct heap_ceilings *ceilings);

/* Adds a sentence for each ceiling that is not below the limit, unless `notes` has it. */
void heap_ceilings_note(const struct heap_ceilings *ceilings, int64_t limit_bytes,
                        struct strv *notes);

#endif
