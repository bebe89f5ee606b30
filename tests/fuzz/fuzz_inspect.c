/* Parses the output of `docker inspect` and `docker info`. A failure of the engine must have a
 * message. */
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
        BM_BUG("the message of the failure is empty");
    engine_facts_release(&facts);
    enum user_mapping mapping;
    bm_error_release(&err);
    if (parse_security_options(text, &mapping, &err) < 0)
        fuzz_check_error(&err, "info:");
    return 0;
}
