/* Checks the regular expressions that match command lines to stages. */
#ifndef BM_CONFIG_PATTERN_H
#define BM_CONFIG_PATTERN_H

#include "base/error.h"

/* Checks that the probe can use this POSIX extended regular expression. It must be well-formed, not
 * empty, without back-references, and quick to compile: "x++++++++++++++++" or
 * "((x{255}){255}){255}" would compile for hours and use all memory. Returns 0, or -1 with a
 * message. */
int pattern_check(const char *pattern, struct bm_error *err);

#endif
