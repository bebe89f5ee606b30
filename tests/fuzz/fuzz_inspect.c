/* What `docker inspect` prints. */
#include "engine/inspect.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *text CLEANUP(cleanup_free) = fuzz_text(data, size);
    struct engine_facts facts = {0};
    if (parse_inspect(text, &facts, &err) < 0)
        fuzz_check_error(&err, "inspect:");
    engine_facts_release(&facts);
    return 0;
}
