/* Searches for the commit that raised a metric.
 *
 * search.c asks `git bisect` which commit to measure, and answers good, bad or skip. answer.c
 * decides the answer from the runs. record.c writes the search as JSON (doc/bisect.schema.json),
 * and reads it back to resume it. trees.c builds commits in work trees of their own. */
#ifndef BM_BISECT_BISECT_H
#define BM_BISECT_BISECT_H

#include "base/error.h"
#include "base/strv.h"
#include "gate/ratio.h"
#include "run/measure.h"

#include <stdbool.h>
#include <stddef.h>

#define BISECT_SCHEMA_VERSION 1

/* What a search is about. Two searches with equal texts can share their runs. All are owned. */
struct bisect_question {
    char *good, *bad; /* full names of the commits */
    char *metric;
    char *settings; /* the command, and what else decides what a build uses */
};
void bisect_question_release(struct bisect_question *question);

enum bisect_answer {
    BISECT_UNDECIDED,
    BISECT_GOOD, /* like the good end */
    BISECT_BAD,
    BISECT_SKIP, /* it does not build, cannot be compared, or stays undecided */
};
const char *bisect_answer_name(enum bisect_answer answer); /* "good"; NULL if undecided; static */

struct bisect_commit {
    char *name;       /* owned */
    struct runs runs; /* in the order of measuring */
    enum bisect_answer answer;
    char *reason; /* of a skip; owned; NULL: none */
};

enum bisect_outcome {
    BISECT_UNFINISHED,
    BISECT_FOUND,
    BISECT_SEVERAL,      /* skipped commits hide which one it is */
    BISECT_ENDS_ALIKE,   /* the metric of BAD is not above the tolerance */
    BISECT_INCONCLUSIVE, /* the runs of the ends scatter too much */
    BISECT_BUILD_FAILED, /* that of an end */
    BISECT_NOT_MEASURED, /* an end */
};
const char *bisect_outcome_name(enum bisect_outcome outcome); /* "ends-alike"; static */
/* 0 found, 3 build-failed, else 4. */
int bisect_exit_status(enum bisect_outcome outcome);

/* Zero-initialise it, then set the first three members. */
struct bisection {
    const char *label; /* borrowed */
    struct bisect_question question;
    size_t most;                   /* runs of each commit: 3 to RATIO_MOST_RUNS */
    struct bisect_commit *commits; /* GOOD, BAD, then in the order of measuring; owned */
    size_t count;
    enum bisect_outcome outcome;
    char *reason;         /* of the outcome; owned; NULL: none */
    struct strv suspects; /* the newest first; the culprit alone if it is found */
};
void bisection_release(struct bisection *bisection);

/* Returns the commit, which is added if it is not there. Borrowed until the next call. */
struct bisect_commit *bisect_commit(struct bisection *bisection, const char *name);
/* Returns how many commits have a run that can be judged. */
size_t bisect_measured(const struct bisection *bisection);

/* ---- answer.c: pure ---- */

/* Compares the two ends, which must be able to be compared: RATIO_ABOVE if the metric grew by more
 * than its default tolerance. `*text` describes the figures; the caller owns it. */
enum ratio_position bisect_compare_ends(const struct bisection *bisection, char **text);

/* Returns the reason that a run of the commit cannot be compared with the runs of GOOD, which the
 * caller owns; NULL if all can. */
char *bisect_unfit(const struct bisection *bisection, const struct bisect_commit *commit);

/* Answers for the commit from its runs, and sets the reason of a skip. The interval of its ratio to
 * GOOD must be wholly on one side of the middle between the ends. Undecided with fewer than 3 runs:
 * a bimodal build often shows the same mode twice. */
void bisect_judge(const struct bisection *bisection, struct bisect_commit *commit);

/* ---- search.c ---- */

/* How the search measures and reports. The tests have a laboratory without builds. */
struct bisect_lab {
    /* Builds the commit and adds a measured run to `runs`, also if the build fails. Returns 0; or
     * -1, with an exit status in `*status`: the search stops, and can be resumed. If only this
     * commit cannot be measured, returns 0 and sets `*reason`, which the caller owns. */
    int (*measure)(void *context, const char *commit, struct runs *runs, char **reason, int *status,
                   struct bm_error *err);
    /* No run of the commit follows. */
    void (*leave)(void *context, const char *commit);
    /* The commit has a new run or a new answer: stores the search. */
    int (*changed)(void *context, const struct bisection *bisection,
                   const struct bisect_commit *commit, struct bm_error *err);
    void *context;
};

/* Searches, and confirms the answers for the culprit and its parents with more runs; if one
 * changes, searches again. Runs that `bisection` has already are not measured again. `tree` is an
 * empty worktree for `git bisect`. Returns 0 with an outcome; or -1, with an exit status in
 * `*status`. */
int bisect_search(struct bisection *bisection, const char *tree, const struct bisect_lab *lab,
                  int *status, struct bm_error *err);

/* ---- record.c ---- */

/* Return the search as JSON: indented, with a newline at the end; and on one line for a log. The
 * caller owns the texts. */
char *bisect_to_json(const struct bisection *bisection);
char *bisect_to_line(const struct bisection *bisection);

/* What a later command needs of a stored search. */
struct bisect_record {
    struct bisect_question question;
    bool finished;
    struct strv commits;
    size_t *runs; /* of each commit; owned */
};
void bisect_record_release(struct bisect_record *record);
/* Reads it from JSON; `origin` names it in messages. The caller releases `record`, also after an
 * error. */
int bisect_record_parse(const char *text, const char *origin, struct bisect_record *record,
                        struct bm_error *err);

/* Returns "LABEL-COMMIT", the label of the commit's runs, which have "-1", "-2" added. The caller
 * owns it. */
char *bisect_label(const char *label, const char *commit);
/* Reads the stored results of these runs from the directory `out`, until one is missing or not
 * readable. */
void bisect_load_runs(const char *out, const char *label, const char *commit, size_t count,
                      struct runs *runs);

/* ---- trees.c ---- */

/* The laboratory of the command: zero-initialise it, set the config, and release it. */
struct bisect_trees {
    const struct config *config;
    struct open_tree *open; /* the work trees of the commits that are measured */
    size_t count;
    const struct engine *engine; /* of all runs; NULL before the first */
};
void bisect_trees_release(struct bisect_trees *trees);

/* As of struct bisect_lab. The settings of the repository apply to all commits. Stores the result
 * of each run. An interrupted run is dropped. */
int bisect_trees_measure(struct bisect_trees *trees, const char *commit, struct runs *runs,
                         char **reason, int *status, struct bm_error *err);
void bisect_trees_leave(struct bisect_trees *trees, const char *commit);

#endif
