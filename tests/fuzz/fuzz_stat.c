/* Parses /proc/PID/stat. All values must be in range, whatever the name of the process is. */
#include "fuzz.h"
#include "proc/proc.h"

#define TAIL "41 1 1 0 -1 4194304 97 0 0 0 0 0 0 0 20 0 1 0 282657 31"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text CLEANUP(cleanup_free) = fuzz_text(data, size);
    char *named CLEANUP(cleanup_free) = xasprintf("7 (%s) R " TAIL, text);
    struct proc_stat stat;
    if (parse_proc_stat(text, &stat) == 0 &&
        (!stat.state || stat.parent < 0 || stat.cpu_ticks < 0 || stat.start_ticks > INT64_MAX))
        BM_BUG("a value is out of range");
    if (parse_proc_stat(named, &stat) < 0 || stat.state != 'R' || stat.parent != 41 ||
        stat.start_ticks != 282657)
        BM_BUG("the name of the process changes the other fields");
    return 0;
}
