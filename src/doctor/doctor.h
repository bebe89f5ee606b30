/* What `build-mem doctor` finds: a trial of each engine, and diagnoses of the machine. */
#ifndef BM_DOCTOR_DOCTOR_H
#define BM_DOCTOR_DOCTOR_H

#include "doctor/diagnosis.h"
#include "doctor/trial.h"

struct doctor {
    struct diagnoses machine;
    struct trial trials[ENGINES]; /* in the order of "auto" */
    char *directory;              /* of the trials; NULL: none could be made; owned */
    /* The engine to use: the first whose verdicts hold, else the first that measured its build;
     * NULL: none. */
    const struct trial *best;
    bool auto_is_best; /* --engine auto selects it */
};
/* For CLEANUP. */
void doctor_release(struct doctor *doctor);

/* Called before the trial of an engine. */
typedef void doctor_progress(const char *engine);

/* Examines the machine. `image` is the one of the user's build, which may have to be pulled; NULL:
 * it needs none. The trials build in a new directory below the working directory, or below
 * $TMPDIR if that is not possible, and remove it. Initialises `doctor`. Stops after an interrupt.
 * The engine host can move this process into another cgroup. `progress` may be NULL. */
void doctor_examine(struct doctor *doctor, const char *image, doctor_progress *progress);

/* Adds the diagnoses of a trial: one line if the engine does not answer. */
void diagnose_trial(struct diagnoses *diagnoses, const struct trial *trial);

/* Returns what to do about an engine that does not answer or cannot measure. Static. */
const char *trial_fix(const struct trial *trial);

/* Returns the report as JSON (doc/doctor.schema.json). `start` are the commands to start with. The
 * caller owns the text. */
char *doctor_to_json(const struct doctor *doctor, const struct strv *start);

#endif
