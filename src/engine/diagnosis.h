/* What this machine can measure, and what would have to be mended for the rest. */
#ifndef BM_ENGINE_DIAGNOSIS_H
#define BM_ENGINE_DIAGNOSIS_H

#include <stdbool.h>
#include <stddef.h>

enum diagnosis_state {
    DIAGNOSIS_OK,
    DIAGNOSIS_LIMITED, /* a figure is less exact, or is missing, without it */
    DIAGNOSIS_MISSING, /* an engine that can't be used; one that can is enough */
};

struct diagnosis {
    const char *subject; /* "engine docker", "memory peak" */
    enum diagnosis_state state;
    char *found; /* one line; owned */
    char *fix;   /* what to do about it; NULL where nothing is to be done; owned */
};

struct diagnoses {
    struct diagnosis *items;
    size_t count;
    bool can_measure; /* an engine can be used */
};
void diagnoses_release(struct diagnoses *diagnoses);

/* Looks at the engines and at the kernel's files; changes nothing that lasts. */
void diagnose_machine(struct diagnoses *diagnoses);

#endif
