/* Common parts of the fuzz targets.
 *
 * libFuzzer calls the target with generated inputs. It reports an input if a sanitizer, BM_BUG or
 * the time limit ends the target. */
#ifndef BM_TESTS_FUZZ_H
#define BM_TESTS_FUZZ_H

#include "base/alloc.h"
#include "base/error.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Returns the input up to its first NUL, as a string. It is allocated with its exact size, so that
 * a sanitizer detects a read past its end. The caller frees it. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    return xstrndup((const char *)data, size);
}

/* A parser that refuses an input must return a message that begins with the name of the input. */
static inline void fuzz_check_error(const struct bm_error *err, const char *origin)
{
    if (!err->message || strncmp(err->message, origin, strlen(origin)) != 0)
        BM_BUG("the error does not name the input");
}

#endif
