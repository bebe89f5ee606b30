/* Parses a result file. If it is valid, it must survive a round trip. */
#include "fuzz.h"
#include "result/result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *text CLEANUP(cleanup_free) = fuzz_text(data, size);
    struct result result CLEANUP(result_release) = {0}, back CLEANUP(result_release) = {0};
    if (result_parse(text, "result.json", &result, &err) < 0) {
        fuzz_check_error(&err, "result.json:");
        return 0;
    }
    char *written CLEANUP(cleanup_free) = result_to_json(&result.measurement, &result.judgement, 0);
    if (result_parse(written, "written", &back, &err) < 0)
        BM_BUG(err.message);
    char *again CLEANUP(cleanup_free) = result_to_json(&back.measurement, &back.judgement, 0);
    if (strcmp(written, again) != 0)
        BM_BUG("the result differs after a round trip");
    return 0;
}
