/* Parses what a process of a deep run wrote: JSON is from V8. */
#include "base/units.h"
#include "fuzz.h"
#include "measurement/runtime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct runtime_process process CLEANUP(runtime_process_release);
    enum runtime_kind kind = size && data[0] == '{' ? RUNTIME_V8 : RUNTIME_JVM;
    char *text CLEANUP(cleanup_free) = fuzz_text(data, size);
    if (runtime_parse(kind, text, 1000, &process, &err) < 0) {
        if (!err.message)
            BM_BUG("an error without a message");
        return 0;
    }
    if (process.rss_bytes < 0 || (process.heap_bytes < 0 && process.heap_committed_bytes < 0) ||
        process.native_bytes < 0 || process.native_bytes > process.rss_bytes || process.at_ms < 0 ||
        !process.name)
        BM_BUG("a figure that cannot be");
    for (size_t i = 0; i < process.part_count; i++)
        if (process.parts[i].bytes <= 0 || !*process.parts[i].name)
            BM_BUG("an empty part");
    return 0;
}
