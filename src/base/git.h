/* git: facts about the repository, read with the git command. */
#ifndef BM_BASE_GIT_H
#define BM_BASE_GIT_H

#include "base/error.h"
#include "base/strv.h"

#include <stdint.h>

/* Returns the first line that "git -C REPO A B" prints. NULL if git fails, prints nothing, or needs
 * more than 10 s. The caller owns it. */
char *git_line(const char *repo, const char *a, const char *b);

/* Returns the commit of HEAD, with "-dirty" if a tracked file differs from it; NULL outside of git.
 * The caller owns it. */
char *git_commit(const char *repo);
/* Returns 12 digits of a commit and its "-dirty"; "" for NULL. The caller owns it. */
char *git_short_commit(const char *commit);

/* If `repo` is a linked worktree, returns the git directory that it shares with its main work tree:
 * an absolute path, owned by the caller. NULL otherwise. A `.git` file to which git does not refer
 * back names no worktree: a change could name any directory in it. */
char *git_worktree_common(const char *repo);

/* Adds the names of all commits of the branches, tags and HEAD, each before its children. Adds none
 * if git fails, as outside of a repository. */
void git_commits(const char *repo, struct strv *commits);

/* Lists the notes of `git notes --ref=REF`: of each, the object with its text, and the commit that
 * it belongs to. Returns 0, or -1 if git fails. */
int git_notes(const char *repo, const char *ref, struct strv *objects, struct strv *commits,
              struct bm_error *err);
/* Returns the text of an object, which the caller owns; NULL if git fails. */
char *git_blob(const char *repo, const char *object, struct bm_error *err);

enum git_place {
    GIT_FAILED = -1,
    GIT_ELSEWHERE, /* the path is outside of the work tree */
    GIT_ABSENT,    /* the file does not exist at the ref */
    GIT_PRESENT,
};

/* Reads the file `path` as it is at `ref`, from the repository that contains `directory`. A
 * relative path starts from the working directory. Does not follow links in the work tree. git runs
 * at the root of the work tree, because a change can make any directory below it look like a
 * repository. With GIT_PRESENT the caller owns `*text`; with GIT_FAILED `err` is set. git fetches a
 * missing object; the timeout is 60 s. */
enum git_place git_read_at(const char *directory, const char *ref, const char *path, char **text,
                           struct bm_error *err);

/* The merge base: the last commit that HEAD and a ref have in common. */
struct git_base {
    char *commit;        /* its full name; owned; NULL: not resolved */
    int64_t ref_commits; /* commits of the ref that HEAD does not have; UNMEASURED: unknown */
};
void git_base_release(struct git_base *base);

/* Finds the merge base of HEAD and `ref` in the repository that contains `directory`. In a shallow
 * clone without it, the message has the command that fetches the history. The caller releases
 * `base`, also after an error. Returns 0 or -1. */
int git_find_base(const char *directory, const char *ref, struct git_base *base,
                  struct bm_error *err);

/* Like git_read_at, but at the merge base of HEAD and `ref`. Fills `base` unless the result is
 * GIT_ELSEWHERE or an earlier call has filled it. */
enum git_place git_read_at_base(const char *directory, const char *ref, const char *path,
                                struct git_base *base, char **text, struct bm_error *err);

/* ---- worktrees ---- */

/* Returns the root of the work tree that contains `directory`; and the path from there to
 * `directory`, "" or with "/" at its end. The caller owns them. NULL on error. */
char *git_root(const char *directory, struct bm_error *err);
char *git_prefix(const char *directory, struct bm_error *err);

/* Returns 1 if the tracked files of `directory` are as in HEAD and there are no others, except
 * ignored ones and those below `except` (a path in `directory`, or NULL); 0 if not; -1 on error. */
int git_is_clean(const char *directory, const char *except, struct bm_error *err);

enum git_files { GIT_CHECK_OUT, GIT_NO_FILES };
/* Makes a worktree of the commit in the new directory `path`, with a detached HEAD. Runs no hook.
 */
int git_add_worktree(const char *root, const char *path, const char *commit, enum git_files files,
                     struct bm_error *err);
/* Removes the worktree, and what git keeps about it, also if it is incomplete or gone. */
int git_remove_worktree(const char *root, const char *path, struct bm_error *err);

/* ---- commits and bisection ---- */

/* Returns the full name of the commit that `rev` names. In a shallow clone without it, the message
 * has the command that fetches the history. The caller owns the name; NULL on error. */
char *git_resolve(const char *root, const char *rev, struct bm_error *err);
/* Returns -1 with a message if `commit` does not contain `ancestor`. */
int git_expect_ancestor(const char *root, const char *ancestor, const char *commit,
                        struct bm_error *err);
/* Returns the subject of the commit; "" if git fails. The caller owns it. */
char *git_subject(const char *root, const char *commit);

/* Lists the full names of the parents of the commit. */
int git_parents(const char *root, const char *commit, struct strv *parents, struct bm_error *err);

/* The newest first, or the one first that halves them best. */
enum git_order { GIT_NEWEST_FIRST, GIT_MIDDLE_FIRST };
/* Lists the commits that `bad` contains and none of `good` does. */
int git_list_between(const char *root, const char *bad, const struct strv *good,
                     enum git_order order, struct strv *commits, struct bm_error *err);

/* Begins `git bisect` in a worktree of its own, whose files do not matter: git checks out nothing.
 * Then records the answer "good", "bad" or "skip" for a commit. Both return the commit to test
 * next, which the caller owns; NULL on error. Do not call them if git_list_between shows that none
 * is left: git would print the diff of the commit with the programs that .git/config names. */
char *git_bisect_start(const char *tree, const char *bad, const char *good, struct bm_error *err);
char *git_bisect_answer(const char *tree, const char *answer, const char *commit,
                        struct bm_error *err);

#endif
