/* Trace: a line for each decision and for each command, for whoever asks why a run went as it did.
 *
 * --verbose and BUILD_MEM_TRACE=1 print the lines on standard error; any other value of
 * BUILD_MEM_TRACE except "" and "0" is a file to append them to. Without these nothing is printed.
 * A line is "build-mem: [  1.234] TEXT", with the seconds since trace_begin. Nothing goes to
 * standard output. Model: git's trace.c (GIT_TRACE). */
#ifndef BM_BASE_TRACE_H
#define BM_BASE_TRACE_H

#include <stdbool.h>

/* Sets the origin of the time stamps and opens what BUILD_MEM_TRACE names; a relative file name is
 * relative to the working directory. A file that cannot be opened is a warning on standard error.
 * Call it once, when the program starts. */
void trace_begin(void);

/* Prints the lines on standard error from here on (--verbose). */
void trace_to_stderr(void);

/* Whether lines are printed anywhere: skip the work of making texts if not. */
bool trace_is_on(void);

/* Whether lines are printed on standard error. */
bool trace_is_on_stderr(void);

/* Prints one line. Line breaks, and characters that a terminal would interpret, are replaced. */
void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The command as a shell would take it. The values of "--env=NAME=VALUE" and "--env NAME=VALUE" may
 * be secrets and are replaced: "--env=NAME=***". The caller owns the text. */
char *trace_command_text(char *const *argv);

/* Stops all tracing and closes the file. */
void trace_end(void);

#endif
