/* Parses sizes, durations and integers. A value must survive a round trip, up to the precision of
 * its format. */
#include "base/units.h"
#include "fuzz.h"

#include <inttypes.h>
#include <stdio.h>

/* Formatted figures contain spaces; the parsers accept none. */
static void drop_blanks(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++)
        if (*from != ' ')
            *to++ = *from;
    *to = '\0';
}

static void check_size(int64_t bytes)
{
    char *text CLEANUP(cleanup_free) = format_bytes(bytes);
    double shown = bytes < 1024          ? 0
                   : strstr(text, "GiB") ? 1024.0 * 1024 * 1024 * 0.005
                   : strstr(text, "MiB") ? 1024.0 * 1024 * 0.05
                                         : 1024.0 * 0.05;
    int64_t back;
    drop_blanks(text);
    if (parse_size(text, &back) < 0)
        BM_BUG("a formatted size cannot be parsed");
    double off = (double)back - (double)bytes;
    if (off > shown + 2 + (double)bytes * 1e-15 || off < -shown - 2 - (double)bytes * 1e-15)
        BM_BUG("a size differs after a round trip");
}

static void check_duration(int64_t ms)
{
    char *text CLEANUP(cleanup_free) = format_duration(ms);
    int64_t back, shown = ms < 1000 ? 0 : ms < 60000 ? 50 : ms < 3600000 ? 1000 : 60000;
    drop_blanks(text);
    if (parse_duration(text, &back) < 0)
        BM_BUG("a formatted duration cannot be parsed");
    if (back - ms > shown || ms - back > shown)
        BM_BUG("a duration differs after a round trip");
}

static void check_integer(int64_t number)
{
    char text[24];
    int64_t back;
    snprintf(text, sizeof text, "%" PRId64, number);
    if (parse_integer(text, INT64_MIN, INT64_MAX, &back) < 0 || back != number)
        BM_BUG("an integer differs after a round trip");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text CLEANUP(cleanup_free) = fuzz_text(data, size);
    int64_t value;
    if (parse_size(text, &value) == 0)
        check_size(value);
    if (parse_duration(text, &value) == 0)
        check_duration(value);
    if (parse_integer(text, INT64_MIN, INT64_MAX, &value) == 0)
        check_integer(value);
    if (size == sizeof value) {
        memcpy(&value, data, sizeof value);
        free(format_bytes(value));
        free(format_bytes_delta(value));
        free(format_duration(value));
        check_integer(value);
    }
    return 0;
}
