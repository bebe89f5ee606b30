/* Parses /proc/stat and /proc/PID/schedstat. All values must be in range. */
#include "fuzz.h"
#include "proc/proc.h"

static bool is_even(int cpu)
{
    if (cpu < 0)
        BM_BUG("the number of a CPU is negative");
    return cpu % 2 == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text CLEANUP(cleanup_free) = fuzz_text(data, size);
    char *named CLEANUP(cleanup_free) = xasprintf("cpu  1 2 3 4 5 6 7 8\ncpu%s", text);
    struct proc_cpu_times all, even;
    const char *const texts[] = {text, named};
    for (size_t i = 0; i < 2; i++) {
        if (parse_cpu_times(texts[i], NULL, &all) < 0)
            continue;
        if (all.cpus <= 0 || all.busy_ticks < 0 || all.steal_ticks < 0)
            BM_BUG("a value is out of range");
        if (parse_cpu_times(texts[i], is_even, &even) == 0 &&
            (even.cpus > all.cpus || even.busy_ticks > all.busy_ticks))
            BM_BUG("a part is larger than the whole");
    }
    if (parse_run_delay(text) < -1)
        BM_BUG("the run delay is out of range");
    return 0;
}
