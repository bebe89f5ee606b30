/* build-mem.json. */
#include "config/config.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *text CLEANUP(cleanup_free) = fuzz_text(data, size);
    struct config config;
    config_init(&config);
    if (config_parse(&config, text, "build-mem.json", &err) < 0)
        fuzz_check_error(&err, "build-mem.json:");
    config_release(&config);
    return 0;
}
