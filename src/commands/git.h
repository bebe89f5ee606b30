/* What git knows of the repo. */
#ifndef BM_COMMANDS_GIT_H
#define BM_COMMANDS_GIT_H

#include "base/error.h"
#include "engine/child.h"

#include <stdint.h>

/* What "git -C DIRECTORY A B" prints, as child_capture has it. A directory that is itself a
 * repository, without a .git, is none here: a change can bring one. */
int git_capture(const char *directory, const char *a, const char *b, int64_t timeout_ms,
                struct captured *captured, struct bm_error *err);

/* The first line that "git -C REPO A B" prints; NULL outside of git, or where it fails. The caller
 * owns it. */
char *git_line(const char *repo, const char *a, const char *b);

#endif
