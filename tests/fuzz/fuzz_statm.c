/* Parses /proc/PID/statm. */
#include "fuzz.h"
#include "proc/proc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text CLEANUP(cleanup_free) = fuzz_text(data, size);
    int64_t resident_pages, shared_pages;
    if (parse_statm(text, &resident_pages, &shared_pages) == 0) {
        /* The sizes in bytes must not overflow, even with pages of 64 KiB. */
        int64_t resident = resident_pages * 65536, shared = shared_pages * 65536;
        if (resident < 0 || shared < 0)
            BM_BUG("a size is negative");
    }
    return 0;
}
