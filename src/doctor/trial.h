/* A trial: one engine runs a small build for real. The build holds TRIAL_BYTES under a memory
 * limit, then less in a second stage, and writes a file of the repository (probe/trial.h). */
#ifndef BM_DOCTOR_TRIAL_H
#define BM_DOCTOR_TRIAL_H

#include "engine/engine.h"
#include "measurement/measurement.h"

#include <stdbool.h>

#define TRIAL_BYTES (20 * MIB)
#define TRIAL_LIMIT_BYTES (64 * MIB)

enum trial_state {
    TRIAL_ABSENT,  /* the engine does not answer here */
    TRIAL_FAILED,  /* it answers, but no build can be measured with it */
    TRIAL_LIMITED, /* the build was measured; a figure is less exact, or missing */
    TRIAL_OK,
};

enum trial_limit {
    TRIAL_LIMIT_NONE, /* the engine sets no memory limit: inplace */
    TRIAL_LIMIT_IN_FORCE,
    TRIAL_LIMIT_IGNORED, /* the build was measured only without one */
};

struct trial {
    const struct engine *engine;
    enum trial_state state;
    bool installed; /* its program is in PATH; true for an engine without a program */
    bool silent;    /* it gave no answer in time */
    char *reason;   /* ABSENT, FAILED, and TRIAL_LIMIT_IGNORED: one line; else NULL; owned */
    enum trial_limit limit;
    bool owned;                  /* the file of the build belongs to the invoking user */
    unsigned owner;              /* its user */
    char *absent_image;          /* that the first run needs and must pull; NULL: none; owned */
    struct measurement measured; /* of the build; initialised in each state */
};
void trial_release(struct trial *trial);

/* Runs the trial in `directory`, an absolute path of an empty directory. `image` is the one of the
 * user's build; NULL: it needs none. Initialises `trial`; the caller releases it. Leaves files in
 * the directory, but nothing in the engine. */
void trial_run(const struct engine *engine, const char *directory, const char *image,
               struct trial *trial);

/* Returns whether each stage had its exact peak, also the second, lower one. */
bool trial_has_stage_peaks(const struct trial *trial);

/* Returns whether the figure of a build is right and no requested limit is ignored: whatever else
 * the trial shows, its verdicts hold. */
bool trial_can_gate(const struct trial *trial);

#endif
