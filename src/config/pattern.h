/* The regular expressions that tell stages by command lines. */
#ifndef BM_CONFIG_PATTERN_H
#define BM_CONFIG_PATTERN_H

#include "base/error.h"

/* Whether the probe can match with this POSIX extended regular expression: not empty, well-formed,
 * and small. glibc writes repetitions out, so that a few characters such as "x++++++++++" or
 * "((x{255}){255}){255}" would take all memory. Returns 0, or -1 with a message. */
int pattern_check(const char *pattern, struct bm_error *err);

#endif
