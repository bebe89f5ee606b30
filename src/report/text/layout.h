/* Text layout for a terminal of 80 columns: cells, wrapped paragraphs, and optional colour.
 * Each character counts as one column, also in double-width scripts. Private to report/ and to the
 * commands that print tables. */
#ifndef BM_REPORT_TEXT_LAYOUT_H
#define BM_REPORT_TEXT_LAYOUT_H

#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define LAYOUT_COLUMNS 80

enum paint { PAINT_NONE, PAINT_BOLD, PAINT_DIM, PAINT_RED, PAINT_GREEN, PAINT_YELLOW };

struct layout {
    FILE *out;
    char *text; /* valid after layout_close */
    size_t length;
    bool colour;
};

void layout_open(struct layout *layout, bool colour);
/* Returns the text, which the caller owns. No line ends in blanks. No line starts with a CI command
 * ("::error::", "##vso["), because names and messages can come from the build. */
char *layout_close(struct layout *layout);

/* Writes the text unchanged: it must not come from outside. */
void layout_put(struct layout *layout, enum paint paint, const char *text);
/* Writes a cell of |width| columns, with the text on its left (`width` > 0) or its right (< 0).
 * Makes the text printable; cuts it with an ellipsis if it is too long. At least one blank precedes
 * the text on the right. */
void layout_cell(struct layout *layout, int width, enum paint paint, const char *text);
/* Writes a cell of `width` columns with a name, which is never cut: a longer one gets a line of its
 * own, and the row continues on the next line at column `indent` + `width`. */
void layout_name(struct layout *layout, int indent, int width, enum paint paint, const char *name);
/* Writes a paragraph and ends the line. `used` columns of the first line are taken; the next lines
 * start after `indent` blanks. Makes the text printable and replaces line breaks by blanks. Keeps a
 * word whole if it is wider than a line, so that people can copy it. */
void layout_wrap(struct layout *layout, size_t used, size_t indent, enum paint paint,
                 const char *text);

struct layout_verdict {
    const char *verdict; /* printed in capitals */
    bool good;           /* printed in green, else in red */
    const char *reason;
    const char *largest;      /* the largest processes; NULL: unknown */
    const char *inside;       /* what the largest of them holds; NULL: unknown */
    const struct strv *notes; /* NULL: none */
    const char *advice;       /* NULL: none; a command after "run: " gets a line of its own */
};

/* Writes the last lines of a text. */
void layout_verdict(struct layout *layout, const struct layout_verdict *end);

#endif
