/* What the fuzz targets have in common. A target is a program of libFuzzer's, which makes inputs
 * and watches for what the sanitizers, BM_BUG or a time-out stop. */
#ifndef BM_TESTS_FUZZ_H
#define BM_TESTS_FUZZ_H

#include "base/alloc.h"
#include "base/error.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input as a parser of text gets it: up to its first NUL, in a block of just that size. The
 * caller owns it. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    return xstrndup((const char *)data, size);
}

/* What has been refused has a message, and one that begins with the input's name. */
static inline void fuzz_check_error(const struct bm_error *err, const char *origin)
{
    if (!err->message || strncmp(err->message, origin, strlen(origin)) != 0)
        BM_BUG("an error that does not say where");
}

#endif
