/* The regular expressions that tell stages by command lines. */
#ifndef BM_CONFIG_PATTERN_H
#define BM_CONFIG_PATTERN_H

#include "base/error.h"

/* Whether the probe can match with this POSIX extended regular expression: not empty, well-formed,
 * without back-references, and compiled in no time. A few characters such as "x++++++++++++++++" or
 * "((x{255}){255}){255}" would have it compile for hours, and take all memory. Returns 0, or -1
 * with a message. */
int pattern_check(const char *pattern, struct bm_error *err);

#endif
