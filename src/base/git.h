/* git: facts about the repository, read with the git command. */
#ifndef BM_BASE_GIT_H
#define BM_BASE_GIT_H

#include "base/error.h"

/* Returns the first line that "git -C REPO A B" prints. NULL if git fails, prints nothing, or needs
 * more than 10 s. The caller owns it. */
char *git_line(const char *repo, const char *a, const char *b);

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

#endif
