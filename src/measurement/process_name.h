/* A process's name for people. */
#ifndef BM_MEASUREMENT_PROCESS_NAME_H
#define BM_MEASUREMENT_PROCESS_NAME_H

#define PROCESS_NAME_MAX 128 /* bytes */

/* From its command line (arguments separated by blanks): the program, or what an interpreter runs,
 * and up to two plain words that say what it does: "next build", "npm run build", "cc1plus". What
 * is known of programs stands in process_names.c. The caller owns the name, which is cut to
 * PROCESS_NAME_MAX bytes; "?" where the command line is empty. */
char *process_name(const char *command);

#endif
