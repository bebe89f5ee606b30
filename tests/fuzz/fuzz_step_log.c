/* Finds the steps in the output of an image builder. */
#include "engine/step_log.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct step_log *log = step_log_new();
    size_t half = size / 2;
    step_log_add(log, 1, (const char *)data, half);
    step_log_add(log, 2, (const char *)data + half, size - half);
    for (int i = 0; i < 3; i++) {
        const char *name = i == 2   ? step_log_take_only(log, true)
                           : i == 1 ? step_log_take(log, "/steps", "sh -c npm ci")
                                    : step_log_take(log, "/steps/0123456789abcdef", "");
        if (name && (*name != '[' || strpbrk(name, "\n\t\x1b")))
            BM_BUG("the name cannot be printed");
    }
    step_log_free(log);
    return 0;
}
