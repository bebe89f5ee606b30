/* Parses /proc/PID/smaps in two pieces. */
#include "fuzz.h"
#include "proc/smaps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct smaps smaps;
    struct smaps_item list[SMAPS_LIST_MAX];
    size_t first = size ? data[0] % size : 0;
    smaps_init(&smaps);
    if (smaps_add(&smaps, (const char *)data, first) < 0 ||
        smaps_add(&smaps, (const char *)data + first, size - first) < 0 || smaps_finish(&smaps) < 0)
        return 0;
    int64_t sum = 0;
    for (size_t i = smaps_list(&smaps, list); i-- > 0;)
        sum += list[i].pss_bytes;
    if (sum != smaps.pss_bytes)
        BM_BUG("the list is not the whole");
    return 0;
}
