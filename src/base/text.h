/* Makes text from outside safe to print. The caller owns each result. */
#ifndef BM_BASE_TEXT_H
#define BM_BASE_TEXT_H

#include <stddef.h>

/* Returns a copy in which each byte outside well-formed UTF-8 (RFC 3629) is U+FFFD. */
char *text_valid_utf8(const char *text);

/* Returns a copy that XML 1.0 and a terminal can take: valid UTF-8 without ANSI escape sequences.
 * Control characters other than tab and newline, U+FFFE and U+FFFF become U+FFFD. `bytes` may
 * contain NUL. */
char *text_printable(const char *bytes, size_t length);

/* Returns the text as one word of a POSIX shell: in single quotes, unless it needs none. */
char *text_shell_word(const char *text);

/* As text_printable, on one line: newlines and tabs become blanks. */
char *text_one_line(const char *text);

#endif
