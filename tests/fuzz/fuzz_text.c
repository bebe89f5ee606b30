/* Converts the output of a build to text for reports. Each conversion must be idempotent. */
#include "base/text.h"
#include "fuzz.h"

#include <ctype.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *input CLEANUP(cleanup_free) = fuzz_text(data, size);
    char *valid CLEANUP(cleanup_free) = text_valid_utf8(input);
    char *again CLEANUP(cleanup_free) = text_valid_utf8(valid);
    if (strcmp(valid, again) != 0)
        BM_BUG("the converted text is not valid UTF-8");
    char *printable CLEANUP(cleanup_free) = text_printable((const char *)data, size);
    char *same CLEANUP(cleanup_free) = text_printable(printable, strlen(printable));
    if (strcmp(printable, same) != 0)
        BM_BUG("the converted text is not printable");
    for (const char *at = printable; *at; at++)
        if (iscntrl((unsigned char)*at) && *at != '\n' && *at != '\t')
            BM_BUG("the converted text contains a control character");
    char *line CLEANUP(cleanup_free) = text_one_line(input);
    if (strpbrk(line, "\n\t"))
        BM_BUG("the line contains a line break or a tab");
    return 0;
}
