/* Standard error while a build runs: the output of the build and its progress.
 *
 * On a terminal, the progress is one line below the output; each sample redraws it. Otherwise it
 * is a line every 30 s, because a CI may end a job that prints nothing. */
#ifndef BM_RUN_TERMINAL_H
#define BM_RUN_TERMINAL_H

#include "report/text/progress.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct terminal;

/* `quiet`: prints nothing. `patience_ms`: the total time that a blocked reader may delay the build,
 * in ms; -1: no limit. Under GitHub Actions, fences the output: commands in it have no effect. With
 * trace lines on standard error, the progress is printed as if there were no terminal.
 */
struct terminal *terminal_open(bool quiet, int64_t patience_ms);

/* Removes the progress line, ends the fence and frees the terminal. */
void terminal_close(struct terminal *terminal);

void terminal_output(struct terminal *terminal, const char *bytes, size_t length);
void terminal_progress(struct terminal *terminal, const struct progress *progress);

/* The progress of the time before the build: "WHAT: 12.0 s". Without a terminal, also printed at
 * the start. */
void terminal_waiting(struct terminal *terminal, const char *what, int64_t elapsed_ms);

/* Returns whether the descriptor is a terminal with escape sequences: TERM is set, and not "dumb".
 */
bool terminal_is_smart(int fd);

/* Returns whether to print colours on the descriptor: it is a smart terminal, and NO_COLOR is
 * not set (no-color.org). */
bool terminal_has_colour(int fd);

#endif
