/* What git knows of the repo. */
#ifndef BM_BASE_GIT_H
#define BM_BASE_GIT_H

#include "base/error.h"

/* The first line that "git -C REPO A B" prints; NULL outside of git, or where it fails. The caller
 * owns it. */
char *git_line(const char *repo, const char *a, const char *b);

enum git_place {
    GIT_FAILED = -1,
    GIT_ELSEWHERE, /* the path does not lie in the repository's work tree by its name */
    GIT_ABSENT,    /* the ref has no such file */
    GIT_PRESENT,
};

/* Reads the file `path` (from where we stand) as it is at `ref` in the repository that `directory`
 * lies in. A name counts as it is written, whatever links the work tree has on its way, and git is
 * asked from the work tree's root: a change can make any directory further in look like a
 * repository of its own. `*text` is the caller's; `err` is set with GIT_FAILED. */
enum git_place git_read_at(const char *directory, const char *ref, const char *path, char **text,
                           struct bm_error *err);

#endif
