/* The stage rules, which match the command lines of live processes to stages. */
#ifndef BM_PROBE_STAGES_H
#define BM_PROBE_STAGES_H

#define STAGES_MAX 256

/* Compiles the next rule, a POSIX extended regular expression; rules added first take precedence.
 * Returns NULL, or an error message. */
const char *stages_add(const char *pattern);

/* Returns the number of rules. As the index of a stage it means "setup". */
int stages_count(void);

/* Returns the index of the first rule that matches the command line (arguments separated by
 * spaces), or stages_count(). A shell with its script on the command line ("sh -c ...") matches no
 * rule, because its text names every stage that it is going to run. */
int stages_match(const char *command);

#endif
