/* Diagnoses: what this machine can measure, and a fix for each problem. */
#ifndef BM_DOCTOR_DIAGNOSIS_H
#define BM_DOCTOR_DIAGNOSIS_H

#include <stddef.h>

enum diagnosis_state {
    DIAGNOSIS_OK,
    DIAGNOSIS_LIMITED, /* a figure is less exact, or missing */
    DIAGNOSIS_MISSING, /* it cannot be used at all; of the engines, one is enough */
};

struct diagnosis {
    char *subject; /* "engine docker", "memory peak"; owned */
    enum diagnosis_state state;
    char *found; /* one line; owned */
    char *fix;   /* an imperative; NULL if there is nothing to fix; owned */
};

struct diagnoses {
    struct diagnosis *items;
    size_t count;
};
void diagnoses_release(struct diagnoses *diagnoses);

/* Adds a diagnosis. Takes ownership of `found`, copies `subject` and `fix`, which may be NULL. */
void diagnoses_add(struct diagnoses *diagnoses, const char *subject, enum diagnosis_state state,
                   char *found, const char *fix);

/* Reads the kernel's files. Initialises `diagnoses`; makes no lasting change to the machine. */
void diagnose_machine(struct diagnoses *diagnoses);

#endif
