/* Parses /proc/PID/smaps_rollup. */
#include "fuzz.h"
#include "proc/proc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text CLEANUP(cleanup_free) = fuzz_text(data, size);
    struct proc_rollup rollup;
    if (parse_smaps_rollup(text, &rollup) == 0 && (rollup.rss_bytes < 0 || rollup.pss_bytes < 0))
        BM_BUG("a figure is missing");
    return 0;
}
