/* Trace: prints a line for each decision and each command, to explain the progress of a run.
 *
 * --verbose and BUILD_MEM_TRACE=1 print the lines on standard error; any other value of
 * BUILD_MEM_TRACE except "" and "0" names a file to append them to. By default, nothing is printed.
 * A line is "build-mem: [  1.234] TEXT", with the seconds since trace_begin. Nothing goes to
 * standard output. Model: git's trace.c (GIT_TRACE). */
#ifndef BM_BASE_TRACE_H
#define BM_BASE_TRACE_H

#include <stdbool.h>

/* Sets the origin of the time stamps and opens the file that BUILD_MEM_TRACE names, relative to the
 * working directory. A file that cannot be opened is a warning on standard error. Call it once,
 * when the program starts. */
void trace_begin(void);

/* Prints the lines on standard error from here on (--verbose). */
void trace_to_stderr(void);

/* Returns whether lines are printed anywhere. If not, the caller can skip formatting. */
bool trace_is_on(void);

/* Returns whether lines are printed on standard error. */
bool trace_is_on_stderr(void);

/* Prints one line. Line breaks, and characters that a terminal would interpret, are replaced. */
void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Returns the command, quoted for a shell. The values of "--env=NAME=VALUE" and "--env NAME=VALUE"
 * may be secrets, so it replaces them: "--env=NAME=***". The caller owns the text. */
char *trace_command_text(char *const *argv);

/* Stops all tracing and closes the file. */
void trace_end(void);

#endif
