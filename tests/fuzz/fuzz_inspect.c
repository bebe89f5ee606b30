/* What `docker inspect` prints: an engine that failed has said something. */
#include "engine/engine.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *text CLEANUP(cleanup_free) = fuzz_text(data, size);
    struct engine_facts facts = {0};
    if (parse_inspect(text, &facts, &err) < 0)
        fuzz_check_error(&err, "inspect:");
    if (facts.failure && !*facts.failure)
        BM_BUG("a failure without words");
    engine_facts_release(&facts);
    return 0;
}
