/* Parses a stored search. If it is valid, its names can be used in paths. */
#include "bisect/bisect.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *text CLEANUP(cleanup_free) = fuzz_text(data, size);
    struct bisect_record record CLEANUP(bisect_record_release) = {0};
    if (bisect_record_parse(text, "bisect.json", &record, &err) < 0) {
        fuzz_check_error(&err, "bisect.json:");
        return 0;
    }
    for (size_t i = 0; i < record.commits.count; i++)
        if (strchr(record.commits.items[i], '/') || record.runs[i] > RATIO_MOST_RUNS)
            BM_BUG("a commit that a search cannot have");
    return 0;
}
