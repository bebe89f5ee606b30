/* CSV cells as RFC 4180 has them. Inside of report/ only. */
#ifndef BM_RESULT_CSV_H
#define BM_RESULT_CSV_H

#include <stddef.h>
#include <stdio.h>

/* A cell, quoted where it must be; NULL is an empty one. */
void csv_put_text(FILE *file, const char *text);

/* Cuts the line at `*at` up into cells, in place, and moves `*at` to the next one. Puts at most
 * `room` of them into `cells`. Returns their number, or `room` + 1 where there are more, or where
 * what follows a cell does not end it. */
size_t csv_take_line(char **at, char **cells, size_t room);

#endif
