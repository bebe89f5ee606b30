/* Writes the cells of a CSV file (RFC 4180). */
#ifndef BM_BASE_CSV_H
#define BM_BASE_CSV_H

#include <stdint.h>
#include <stdio.h>

/* Writes a text, quoted if necessary; NULL is an empty cell. */
void csv_put_text(FILE *file, const char *text);
/* Writes a comma and a figure; UNMEASURED is an empty cell. */
void csv_put_figure(FILE *file, int64_t figure);

#endif
