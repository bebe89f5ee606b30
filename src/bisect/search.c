#include "bisect/bisect.h"

#include "base/alloc.h"
#include "base/git.h"
#include "base/trace.h"
#include "gate/relative.h"
#include "measurement/validity.h"

#include <string.h>

/* ---- the search as data ---- */

void bisect_question_release(struct bisect_question *question)
{
    free(question->good);
    free(question->bad);
    free(question->metric);
    free(question->settings);
    *question = (struct bisect_question){0};
}

void bisection_release(struct bisection *bisection)
{
    for (size_t i = 0; i < bisection->count; i++) {
        free(bisection->commits[i].name);
        free(bisection->commits[i].reason);
        runs_release(&bisection->commits[i].runs);
    }
    free(bisection->commits);
    free(bisection->reason);
    strv_release(&bisection->suspects);
    bisect_question_release(&bisection->question);
    *bisection = (struct bisection){0};
}

static struct bisect_commit *find_commit(const struct bisection *bisection, const char *name)
{
    for (size_t i = 0; i < bisection->count; i++)
        if (strcmp(bisection->commits[i].name, name) == 0)
            return &bisection->commits[i];
    return NULL;
}

struct bisect_commit *bisect_commit(struct bisection *bisection, const char *name)
{
    struct bisect_commit *found = find_commit(bisection, name);
    if (found)
        return found;
    bisection->commits = xgrow(bisection->commits, bisection->count, sizeof *bisection->commits);
    found = &bisection->commits[bisection->count++];
    *found = (struct bisect_commit){.name = xstrdup(name)};
    return found;
}

size_t bisect_measured(const struct bisection *bisection)
{
    size_t measured = 0;
    for (size_t i = 0; i < bisection->count; i++) {
        const struct runs *runs = &bisection->commits[i].runs;
        measured += runs->count && measured_well(&runs->measurements[0]);
    }
    return measured;
}

static void conclude(struct bisection *bisection, enum bisect_outcome outcome, char *reason)
{
    free(bisection->reason);
    bisection->outcome = outcome;
    bisection->reason = reason;
}

static int measure(struct bisection *bisection, struct bisect_commit *commit,
                   const struct bisect_lab *lab, int *status, struct bm_error *err)
{
    if (lab->measure(lab->context, commit->name, &commit->runs, &commit->reason, status, err) < 0)
        return -1;
    *status = EXIT_UNMEASURED;
    return lab->changed(lab->context, bisection, commit, err);
}

/* ---- the ends ---- */

/* Measures the end unless it has `runs` runs from an earlier command. Returns 1, 0 if it cannot be
 * judged, or -1. */
static int measure_end(struct bisection *bisection, size_t end, size_t runs,
                       const struct bisect_lab *lab, int *status, struct bm_error *err)
{
    struct bisect_commit *commit = &bisection->commits[end];
    if (commit->runs.count < runs && measure(bisection, commit, lab, status, err) < 0)
        return -1;
    char *unfit CLEANUP(cleanup_free) = bisect_unfit(bisection, commit);
    if (!unfit)
        return 1;
    char *reason CLEANUP(cleanup_free) = NULL, *advice CLEANUP(cleanup_free) = NULL;
    bool failed =
        commit->runs.count && run_validity(&commit->runs.measurements[commit->runs.count - 1],
                                           &reason, &advice) == RUN_BUILD_FAILED;
    conclude(bisection, failed ? BISECT_BUILD_FAILED : BISECT_NOT_MEASURED,
             xasprintf("%s, %.12s: %s", end ? "BAD" : "GOOD", commit->name, unfit));
    return 0;
}

/* In the order good, bad, bad, good, as check --relative. Sets an outcome unless BAD grew. */
static int measure_ends(struct bisection *bisection, const struct bisect_lab *lab, int *status,
                        struct bm_error *err)
{
    enum ratio_position position = RATIO_ACROSS;
    char *text CLEANUP(cleanup_free) = NULL;
    for (size_t pair = 0; pair < bisection->most; pair++) {
        for (size_t half = 0; half < 2; half++) {
            int well = measure_end(bisection, (pair + half) % 2, pair + 1, lab, status, err);
            if (well < 1)
                return well;
        }
        free(text);
        position = bisect_compare_ends(bisection, &text);
        trace("bisect: %s", text);
        if (pair + 1 >= RELATIVE_RUNS_TO_FAIL && position != RATIO_ACROSS)
            break;
    }
    if (position == RATIO_ACROSS)
        conclude(bisection, BISECT_INCONCLUSIVE, xasprintf("the runs scatter too much: %s", text));
    else if (position != RATIO_ABOVE)
        conclude(bisection, BISECT_ENDS_ALIKE, steal_ptr(text));
    return 0;
}

static int decide_ends(struct bisection *bisection, const struct bisect_lab *lab, int *status,
                       struct bm_error *err)
{
    (void)bisect_commit(bisection, bisection->question.good);
    (void)bisect_commit(bisection, bisection->question.bad);
    if (measure_ends(bisection, lab, status, err) < 0)
        return -1;
    lab->leave(lab->context, bisection->question.good);
    lab->leave(lab->context, bisection->question.bad);
    if (bisection->outcome)
        return 0;
    for (size_t end = 0; end < 2; end++) {
        bisection->commits[end].answer = end ? BISECT_BAD : BISECT_GOOD;
        if (lab->changed(lab->context, bisection, &bisection->commits[end], err) < 0)
            return -1;
    }
    return 0;
}

/* ---- the commits between ---- */

/* Lists `bad`, the bad commit that was tested last, and those before it that can be the culprit. */
static int list_between(const struct bisection *bisection, const char *bad, const char *tree,
                        enum git_order order, struct strv *commits, struct bm_error *err)
{
    struct strv good CLEANUP(strv_release) = {0};
    for (size_t i = 0; i < bisection->count; i++)
        if (bisection->commits[i].answer == BISECT_GOOD)
            strv_push(&good, bisection->commits[i].name);
    return git_list_between(tree, bad, &good, order, commits, err);
}

/* Returns the first commit that can still be tested, borrowed from the list; NULL: none. */
static const char *first_open(const struct bisection *bisection, const struct strv *commits)
{
    for (size_t i = 0; i < commits->count; i++) {
        const struct bisect_commit *commit = find_commit(bisection, commits->items[i]);
        if (!commit || commit->answer == BISECT_UNDECIDED)
            return commits->items[i];
    }
    return NULL;
}

/* Beside a skipped commit, git proposes one that is far away at random: measuring is more expensive
 * than that. The open commit nearest to the middle costs the fewest builds. */
static int replace_proposal(const struct bisection *bisection, const char *bad, const char *tree,
                            char **next, struct bm_error *err)
{
    struct strv commits CLEANUP(strv_release) = {0};
    bool skipped = false;
    for (size_t i = 0; i < bisection->suspects.count; i++) {
        const struct bisect_commit *commit = find_commit(bisection, bisection->suspects.items[i]);
        skipped |= commit && commit->answer == BISECT_SKIP;
    }
    if (!skipped)
        return 0;
    if (list_between(bisection, bad, tree, GIT_MIDDLE_FIRST, &commits, err) < 0)
        return -1;
    free(*next);
    *next = xstrdup(first_open(bisection, &commits));
    return 0;
}

/* Returns the commit to test after `last` (NULL: none yet) was decided; the caller owns it. */
static char *next_commit(const struct bisection *bisection, const char *bad, const char *tree,
                         const struct bisect_commit *last, struct bm_error *err)
{
    const struct bisect_question *question = &bisection->question;
    char *next = last ? git_bisect_answer(tree, bisect_answer_name(last->answer), last->name, err)
                      : git_bisect_start(tree, question->bad, question->good, err);
    if (next && replace_proposal(bisection, bad, tree, &next, err) < 0)
        free(steal_ptr(next));
    return next;
}

static int decide(struct bisection *bisection, struct bisect_commit *commit,
                  const struct bisect_lab *lab, int *status, struct bm_error *err)
{
    for (;;) {
        bisect_judge(bisection, commit);
        if (commit->answer)
            break;
        if (measure(bisection, commit, lab, status, err) < 0)
            return -1;
    }
    lab->leave(lab->context, commit->name);
    return 0;
}

/* Asks `git bisect` until no commit is left to test. Sets the suspects. */
static int search_between(struct bisection *bisection, const char *tree,
                          const struct bisect_lab *lab, int *status, struct bm_error *err)
{
    const char *bad = bisection->question.bad;
    struct bisect_commit *commit = NULL; /* the last one that was decided */
    for (;;) {
        *status = EXIT_UNMEASURED;
        strv_release(&bisection->suspects);
        if (list_between(bisection, bad, tree, GIT_NEWEST_FIRST, &bisection->suspects, err) < 0 ||
            (commit && lab->changed(lab->context, bisection, commit, err) < 0))
            return -1;
        if (!first_open(bisection, &bisection->suspects))
            return 0;
        char *next CLEANUP(cleanup_free) = next_commit(bisection, bad, tree, commit, err);
        if (!next)
            return -1;
        commit = bisect_commit(bisection, next);
        if (decide(bisection, commit, lab, status, err) < 0)
            return -1;
        if (commit->answer == BISECT_BAD)
            bad = commit->name;
    }
}

/* ---- the confirmation ---- */

/* If all 6 runs are on one side, so is the 95 % interval of their median: a bimodal commit, with
 * either mode as often, shows the same one 6 times in 3 % of all cases; 3 times in 25 %. */
#define CONFIRMED_RUNS 6

/* Returns 1 if more runs give the commit the same answer, 0 if not, or -1. */
static int confirm_answer(struct bisection *bisection, struct bisect_commit *commit,
                          const struct bisect_lab *lab, int *status, struct bm_error *err)
{
    enum bisect_answer answer = commit->answer;
    while (commit->answer == answer && commit->runs.count < CONFIRMED_RUNS &&
           commit->runs.count < bisection->most) {
        if (measure(bisection, commit, lab, status, err) < 0)
            return -1;
        commit->answer = BISECT_UNDECIDED;
        bisect_judge(bisection, commit);
    }
    if (decide(bisection, commit, lab, status, err) < 0)
        return -1;
    if (commit->answer != answer)
        trace("bisect: more runs change the answer for %.12s", commit->name);
    return commit->answer == answer;
}

/* Confirms the answers for the culprit and its parents, of which each wrong answer is one: if a
 * good commit was taken for a bad one, those before it are good, and it is the culprit; if a bad
 * one was taken for a good one, those after it are bad, and it is the culprit's parent. Not for the
 * ends, which the user has named. Returns 1, 0 if an answer has changed, or -1. */
static int confirm(struct bisection *bisection, const char *tree, const struct bisect_lab *lab,
                   int *status, struct bm_error *err)
{
    struct strv pair CLEANUP(strv_release) = {0};
    strv_push(&pair, bisection->suspects.items[0]);
    *status = EXIT_UNMEASURED;
    if (git_parents(tree, bisection->suspects.items[0], &pair, err) < 0)
        return -1;
    for (size_t i = 0; i < pair.count; i++) {
        struct bisect_commit *commit = find_commit(bisection, pair.items[i]);
        if (!commit || commit == &bisection->commits[0] || commit == &bisection->commits[1])
            continue;
        int same = confirm_answer(bisection, commit, lab, status, err);
        if (same < 1)
            return same;
    }
    return 1;
}

/* Their runs remain: the next search decides the same commits without a build. */
static void forget_answers(struct bisection *bisection)
{
    for (size_t i = 2; i < bisection->count; i++)
        bisection->commits[i].answer = BISECT_UNDECIDED;
}

int bisect_search(struct bisection *bisection, const char *tree, const struct bisect_lab *lab,
                  int *status, struct bm_error *err)
{
    if (decide_ends(bisection, lab, status, err) < 0)
        return -1;
    if (bisection->outcome)
        return 0;
    for (int confirmed = 0; !confirmed;) {
        if (search_between(bisection, tree, lab, status, err) < 0)
            return -1;
        confirmed = bisection->suspects.count > 1 ? 1 : confirm(bisection, tree, lab, status, err);
        if (confirmed < 0)
            return -1;
        if (!confirmed)
            forget_answers(bisection);
    }
    bool found = bisection->suspects.count == 1;
    conclude(bisection, found ? BISECT_FOUND : BISECT_SEVERAL,
             found ? NULL : xstrdup("the commits between were skipped"));
    return 0;
}
