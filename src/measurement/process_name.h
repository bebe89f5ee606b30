/* The name of a process, for people. */
#ifndef BM_MEASUREMENT_PROCESS_NAME_H
#define BM_MEASUREMENT_PROCESS_NAME_H

#define PROCESS_NAME_MAX 128 /* bytes */

/* Returns the name of a process from its command line (arguments separated by spaces): the program,
 * or the script that an interpreter runs, and up to two plain words that follow: "next build", "npm
 * run build", "cc1plus". process_name.c has a table of known programs and scripts. "?" if the
 * command line is empty. The name has at most PROCESS_NAME_MAX bytes; the caller owns it. */
char *process_name(const char *command);

/* Returns the part of the command line that the emulator of another architecture runs, if the
 * program is QEMU or Rosetta; else the whole command line. */
const char *without_emulator(const char *command);

#endif
