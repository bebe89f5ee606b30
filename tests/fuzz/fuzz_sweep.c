/* Parses a stored sweep. If it is valid, its runs can be read. */
#include "fuzz.h"
#include "sweep/sweep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *text CLEANUP(cleanup_free) = fuzz_text(data, size);
    struct sweep_record record CLEANUP(sweep_record_release) = {0};
    if (sweep_record_parse(text, "sweep.json", &record, &err) < 0) {
        fuzz_check_error(&err, "sweep.json:");
        return 0;
    }
    for (size_t i = 0; i < record.count; i++)
        if (record.runs[i].point >= SWEEP_MOST_POINTS)
            BM_BUG("a point that a sweep cannot have");
    return 0;
}
