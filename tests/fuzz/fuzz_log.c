/* Finds the cause of a failure in the end of a build's log. */
#include "base/units.h"
#include "fuzz.h"
#include "measurement/cause.h"
#include "measurement/heap_ceiling.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct log_cause cause;
    log_cause_find((const char *)data, size, &cause);
    if ((cause.cause == CAUSE_UNKNOWN) != (cause.line == NULL))
        BM_BUG("a cause without a line, or a line without a cause");
    if (cause.line && strpbrk(cause.line, "\n\t\x1b"))
        BM_BUG("the line cannot be printed");
    if (cause.heap_bytes < UNMEASURED || cause.request_bytes < UNMEASURED)
        BM_BUG("a figure is negative");
    log_cause_release(&cause);

    char *text CLEANUP(cleanup_free) = fuzz_text(data, size);
    struct heap_ceilings ceilings CLEANUP(heap_ceilings_release) = {0};
    heap_ceilings_find("NODE_OPTIONS", text, 1024 * MIB, &ceilings);
    for (size_t i = 0; i < ceilings.count; i++)
        if (ceilings.items[i].bytes < 0)
            BM_BUG("a ceiling is negative");
    return 0;
}
