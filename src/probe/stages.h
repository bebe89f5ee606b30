/* The stages: rules, which match the command lines of live processes, and steps of image builds. */
#ifndef BM_PROBE_STAGES_H
#define BM_PROBE_STAGES_H

#define STAGES_MAX 256
/* As the index of a stage: "setup". It follows all stages. */
#define NO_STAGE STAGES_MAX

/* Compiles the next rule, a POSIX extended regular expression; rules added first take precedence.
 * Returns NULL, or an error message. */
const char *stages_add(const char *pattern);

/* Adds a stage without a rule: a step of an image build (probe/steps.h). Returns its index, or
 * NO_STAGE if there are too many. */
int stages_add_step(void);

/* Returns the number of stages. */
int stages_count(void);

/* Returns the index of the first rule that matches the command line (arguments separated by
 * spaces), or NO_STAGE. A shell with its script on the command line ("sh -c ...") matches no
 * rule, because its text names every stage that it is going to run. */
int stages_match(const char *command);

#endif
