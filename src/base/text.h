/* Text from outside made fit for where it is shown. All results are owned by the caller. */
#ifndef BM_BASE_TEXT_H
#define BM_BASE_TEXT_H

#include <stddef.h>

/* A copy in which every byte that is not part of well-formed UTF-8 (RFC 3629) is U+FFFD. */
char *text_valid_utf8(const char *text);

/* A copy fit for XML 1.0 and for a terminal: valid UTF-8, without ANSI escape sequences; control
 * characters other than tab and newline, and U+FFFE and U+FFFF, are replaced by U+FFFD. Takes
 * `length` bytes, which may hold NUL. */
char *text_printable(const char *bytes, size_t length);

/* The printable copy on one line: newlines and tabs are blanks. */
char *text_one_line(const char *text);

#endif
