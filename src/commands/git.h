/* What git knows of the repo. */
#ifndef BM_COMMANDS_GIT_H
#define BM_COMMANDS_GIT_H

/* The first line that "git -C REPO A B" prints; NULL outside of git, or where it fails. The caller
 * owns it. */
char *git_line(const char *repo, const char *a, const char *b);

#endif
