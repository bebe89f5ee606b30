/* Parses the files of a memory cgroup: single numbers, "key value" lines, pressure, PID lists. */
#include "cgroup/cgroup.h"
#include "fuzz.h"

#define MOST_PIDS 16

/* A PID list must not depend on the position at which read(2) splits it. */
static void check_pids(const char *text, size_t length, size_t cut)
{
    int whole[MOST_PIDS], pieces[MOST_PIDS], partial = 0;
    size_t count = parse_pids(text, length, &partial, whole, MOST_PIDS, 0);
    partial = 0;
    size_t other = parse_pids(text, cut, &partial, pieces, MOST_PIDS, 0);
    other = parse_pids(text + cut, length - cut, &partial, pieces, MOST_PIDS, other);
    size_t stored = count < MOST_PIDS ? count : MOST_PIDS;
    if (other != count || memcmp(whole, pieces, stored * sizeof *whole) != 0)
        BM_BUG("the PID list depends on the position at which it is split");
    for (size_t i = 0; i < stored; i++)
        if (whole[i] <= 0)
            BM_BUG("a PID is not positive");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text CLEANUP(cleanup_free) = fuzz_text(data, size);
    int64_t number;
    if (parse_cgroup_number(text, &number) == 0 && number < -1)
        BM_BUG("the number is negative");
    for (int version = 1; version <= 2; version++) {
        struct cgroup_stat stat;
        parse_memory_stat(text, version, &stat);
        if (stat.anon_bytes < -1 || stat.file_bytes < -1 || stat.kernel_bytes < -1 ||
            cgroup_stat_unreclaimable(&stat) < -1)
            BM_BUG("a size is negative");
    }
    if (parse_keyed(text, "oom_kill") < -1 || parse_pressure_total(text, "some") < -1 ||
        parse_pressure_total(text, "full") < -1)
        BM_BUG("a count is negative");
    check_pids(text, strlen(text), size ? *data % (strlen(text) + 1) : 0);
    return 0;
}
