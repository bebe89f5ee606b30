/* The memory of a process by the figures of its own runtime, from a deep run (--deep): the heap of
 * V8 and its external memory, or the native memory tracking (NMT) of the JVM. */
#ifndef BM_MEASUREMENT_RUNTIME_H
#define BM_MEASUREMENT_RUNTIME_H

#include "base/error.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A deep run keeps the processes with the highest RSS. */
#define RUNTIME_PROCESSES_MAX 10

struct wire_runtime;

enum runtime_kind { RUNTIME_V8, RUNTIME_JVM };
#define RUNTIME_KINDS 2

/* V8: a space of the heap. JVM: a category of NMT. */
struct runtime_part {
    char *name;
    int64_t bytes;      /* V8: resident; JVM: committed, which need not be resident */
    int64_t used_bytes; /* V8: by objects; JVM: UNMEASURED */
};

/* A process at its highest RSS. A figure that the runtime does not report is UNMEASURED. */
struct runtime_process {
    enum runtime_kind kind;
    int64_t pid; /* in the build's PID namespace */
    int64_t at_ms;
    int64_t rss_bytes;
    int64_t heap_bytes;           /* resident; V8: of all threads; JVM: can be UNMEASURED */
    int64_t heap_used_bytes;      /* V8 */
    int64_t heap_committed_bytes; /* JVM: the most that can be resident */
    /* V8: memory outside of the heap that objects hold, and the part of it in array buffers
     * (Buffer). */
    int64_t external_bytes, array_buffers_bytes;
    int64_t
        native_bytes; /* the RSS without the heap; if that is UNMEASURED, the least that it is */
    int64_t threads;  /* V8: threads with a heap */
    char *name;       /* for people, as that of struct process_usage */
    char *command;
    struct runtime_part *parts; /* largest first */
    size_t part_count;
};

/* A deep run: its figures are never judged, and are in no baseline. */
struct deep_run {
    char *failure;    /* the reason that its build failed or was not measured; NULL: none */
    int64_t reported; /* processes that reported figures */
    struct runtime_process *processes; /* highest RSS first */
    size_t count;
    /* "node build.js (pid 12)": processes at its memory peak that run Node.js or Java without
     * figures. */
    struct strv silent;
};

/* Returns the run, without processes. The caller frees it. */
struct deep_run *deep_run_new(void);
/* Frees the run, which may be NULL. */
void deep_run_free(struct deep_run *deep);

/* Adds a process, which it takes over. Keeps the RUNTIME_PROCESSES_MAX largest. */
void deep_run_add(struct deep_run *deep, struct runtime_process *process);
/* Releases the texts. Can be used with CLEANUP. */
void runtime_process_release(struct runtime_process *process);

/* Reads what a process wrote, which is text from outside. Initialises `process`; the caller
 * releases it, also after an error. Returns 0, or -1 if the text does not have the format of
 * probe/preload.cjs or probe/jvm.h. `began_ms` is the start of the build on the clock of the text.
 */
int runtime_parse(enum runtime_kind kind, const char *text, int64_t began_ms,
                  struct runtime_process *process, struct bm_error *err);

/* Adds the process of a record; ignores it if its text is not valid. */
void deep_run_take(struct deep_run *deep, const struct wire_runtime *record);

/* Returns whether a command line runs Node.js or Java. */
bool runtime_is_known(const char *command);

/* "v8", "jvm". Static. */
const char *runtime_kind_name(enum runtime_kind kind);

#endif
