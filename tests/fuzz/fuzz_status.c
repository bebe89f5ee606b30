/* Parses the lines "Name:  1234 kB" of /proc/PID/status and /proc/meminfo. */
#include "fuzz.h"
#include "proc/proc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text CLEANUP(cleanup_free) = fuzz_text(data, size);
    if (parse_kib_line(text, "VmHWM") < -1 || parse_kib_line(text, "MemTotal") < -1)
        BM_BUG("a size is negative");
    return 0;
}
