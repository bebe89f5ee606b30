/* Decodes the records of the probe. Encoding a decoded record must return the same bytes. */
#include "fuzz.h"
#include "stream.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t frame[WIRE_HEADER_BYTES + WIRE_PAYLOAD_MAX];
    struct wire_record record;
    int64_t used;
    while (size && (used = wire_decode(data, size, &record)) > 0) {
        size_t length = wire_encode(&record, frame, sizeof frame);
        if ((size_t)used > size || length != (size_t)used || memcmp(frame, data, length) != 0)
            BM_BUG("the record differs after a round trip");
        data += used;
        size -= (size_t)used;
    }
    return 0;
}
