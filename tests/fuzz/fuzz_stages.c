/* The pattern of a stage, and what is read of it before a process of its own tries to compile it
 * (tests/unit/test_config does that). The list that it stands in is fuzz_config's. */
#include "config/pattern.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *pattern CLEANUP(cleanup_free) = fuzz_text(data, size);
    int result = pattern_check(pattern, &err);
    if ((result < 0) != (err.message != NULL))
        BM_BUG("a refusal without a reason, or a reason without a refusal");
    if (result == 0 && (!*pattern || strlen(pattern) > 1000))
        BM_BUG("a pattern that must be refused");
    return 0;
}
