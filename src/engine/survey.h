/* What this machine can measure, and what would have to be mended for the rest. */
#ifndef BM_ENGINE_SURVEY_H
#define BM_ENGINE_SURVEY_H

#include <stdbool.h>
#include <stddef.h>

enum survey_state {
    SURVEY_GOOD,
    SURVEY_LESS,    /* a figure is less exact, or is missing, without it */
    SURVEY_MISSING, /* an engine that can't be used; one that can is enough */
};

struct survey_finding {
    const char *subject; /* "engine docker", "memory peak" */
    enum survey_state state;
    char *found; /* one line; owned */
    char *mend;  /* what to do about it; NULL where nothing is to be done; owned */
};

struct survey {
    struct survey_finding *findings;
    size_t count;
    bool can_measure; /* an engine can be used */
};
void survey_release(struct survey *survey);

/* Looks at the engines and at the kernel's files; changes nothing that lasts. */
void survey_machine(struct survey *survey);

#endif
