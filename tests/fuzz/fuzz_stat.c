/* /proc/PID/stat. */
#include "fuzz.h"
#include "kernel/procfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text CLEANUP(cleanup_free) = fuzz_text(data, size);
    struct proc_stat stat;
    (void)parse_proc_stat(text, &stat);
    return 0;
}
