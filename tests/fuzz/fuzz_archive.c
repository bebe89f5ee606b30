/* Parses the start of a tar archive. */
#include "engine/image_client.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct archive_member member = archive_first_member((const char *)data, size);
    bool known = member.kind != ARCHIVE_SHORT && member.kind != ARCHIVE_INVALID;
    if (member.bytes < 0 || (!known && member.bytes))
        BM_BUG("a size of no member");
    if (known && size < 512)
        BM_BUG("a member without a header");
    return 0;
}
