/* Lines of text for a terminal of 80 columns: cells, wrapped paragraphs, colour where wanted.
 * A column is one character: double-width scripts are not told apart. Inside of report/ only. */
#ifndef BM_REPORT_TEXT_LAYOUT_H
#define BM_REPORT_TEXT_LAYOUT_H

#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define LAYOUT_COLUMNS 80

enum paint { PAINT_NONE, PAINT_BOLD, PAINT_DIM, PAINT_RED, PAINT_GREEN, PAINT_YELLOW };

struct page {
    FILE *out;
    char *text; /* valid after layout_close */
    size_t length;
    bool colour;
};

void layout_open(struct page *page, bool colour);
/* Hands the text over to the caller. No line of it ends in blanks, and none starts with what a CI
 * takes for a command ("::error::", "##vso["): names and messages can come from the build. */
char *layout_close(struct page *page);

/* Text as it is; nothing in it may come from outside. */
void layout_put(struct page *page, enum paint paint, const char *text);
/* A cell of `width` columns, the text on its left (`width` > 0) or its right (< 0); made
 * printable, and cut with an ellipsis where it does not fit. */
void layout_cell(struct page *page, int width, enum paint paint, const char *text);
/* A paragraph between `indent` and the right margin, after `used` columns that are on the line
 * already; made printable, its line breaks are blanks. Ends the line. A word that is wider than a
 * line is left whole, so that it can be copied. */
void layout_wrap(struct page *page, size_t used, size_t indent, enum paint paint, const char *text);

/* The last lines: "VERDICT  why", in its colour, "note: ..." for each note (NULL: none),
 * and "next: ..." where there is something to do. */
void layout_verdict(struct page *page, const char *verdict, bool good, const char *reason,
                    const struct strv *notes, const char *next);

#endif
