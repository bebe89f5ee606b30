/* Checks the pattern of a stage before it is compiled.
 *
 * tests/unit/test_config covers the compilation, which runs in another process. fuzz_config covers
 * the list of stages. */
#include "config/pattern.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *pattern CLEANUP(cleanup_free) = fuzz_text(data, size);
    int result = pattern_check(pattern, &err);
    if ((result < 0) != (err.message != NULL))
        BM_BUG("the return value and the error message disagree");
    if (result == 0 && (!*pattern || strlen(pattern) > 1000))
        BM_BUG("an empty or long pattern is accepted");
    return 0;
}
