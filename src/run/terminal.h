/* Standard error while a build runs: the build's own output, and below it where the build stands.
 * On a terminal that is one line that is drawn again and again; elsewhere a line now and then, so
 * that a CI does not take a silent build for a dead one. Inside of commands/ only. */
#ifndef BM_RUN_TERMINAL_H
#define BM_RUN_TERMINAL_H

#include "report/text/progress.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct terminal;

/* `quiet`: nothing is shown at all. `patience_ms`: how long a reader that does not read may keep
 * the build waiting in all; -1: for ever. Under GitHub Actions the build's output is fenced, so
 * that nothing in it is taken for a workflow command. */
struct terminal *terminal_open(bool quiet, int64_t patience_ms);
/* Takes the line away and ends the fence. */
void terminal_close(struct terminal *terminal);

void terminal_output(struct terminal *terminal, const char *bytes, size_t length);
void terminal_progress(struct terminal *terminal, const struct progress *progress);

/* Whether colours are welcome there: a terminal that is not "dumb", and no NO_COLOR
 * (no-color.org). */
bool terminal_has_colour(int fd);

#endif
