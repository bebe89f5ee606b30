/* The stages of the build: which one the live command lines tell of. */
#ifndef BM_PROBE_STAGES_H
#define BM_PROBE_STAGES_H

#define STAGES_MAX 256

/* Compiles the next rule, a POSIX extended regular expression; rules added first take precedence.
 * Returns NULL, or a message. */
const char *stages_add(const char *pattern);

/* How many rules there are; as a stage's index this count means "setup". */
int stages_count(void);

/* The index of the first rule that matches the command line (arguments separated by blanks), or
 * stages_count(). A shell that was given its script on the command line ("sh -c ...") tells of no
 * stage: its text names all the stages that it is going to run. */
int stages_match(const char *command);

#endif
