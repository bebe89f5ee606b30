/* Diagnoses for `build-mem doctor`: the figures that this machine can measure, and a fix for each
 * problem. */
#ifndef BM_ENGINE_DIAGNOSIS_H
#define BM_ENGINE_DIAGNOSIS_H

#include <stdbool.h>
#include <stddef.h>

enum diagnosis_state {
    DIAGNOSIS_OK,
    DIAGNOSIS_LIMITED, /* a figure is less exact, or missing */
    DIAGNOSIS_MISSING, /* an engine is not usable; one usable engine is enough */
};

struct diagnosis {
    const char *subject; /* "engine docker", "memory peak" */
    enum diagnosis_state state;
    char *found; /* one line; owned */
    char *fix;   /* an imperative; NULL if there is nothing to fix; owned */
};

struct diagnoses {
    struct diagnosis *items;
    size_t count;
    bool can_measure; /* at least one engine is usable */
};
void diagnoses_release(struct diagnoses *diagnoses);

/* Tries each engine and reads the kernel's files. Initialises `diagnoses`; makes no lasting change
 * to the machine. */
void diagnose_machine(struct diagnoses *diagnoses);

#endif
