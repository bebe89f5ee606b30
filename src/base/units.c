#include "base/units.h"

#include "base/alloc.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* 1 EiB: format_bytes() rounds no smaller size to one above it. */
#define SIZE_LIMIT 0x1p60

int64_t add_figures(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/* Parses an unsigned decimal number with an optional fraction. strtod(3) alone would also accept
 * signs, blanks, "inf" and hexadecimal. Returns the place behind it, or NULL if there is none. */
static const char *read_decimal(const char *text, double *value)
{
    if (!isdigit((unsigned char)*text))
        return NULL;
    size_t length = strspn(text, "0123456789.");
    char digits[40];
    if (length >= sizeof digits)
        return NULL;
    memcpy(digits, text, length);
    digits[length] = '\0';
    char *end;
    *value = strtod(digits, &end);
    return *end ? NULL : text + length;
}

int parse_size(const char *text, int64_t *bytes)
{
    static const char prefixes[] = "kmgtp";
    double number;
    const char *unit = read_decimal(text, &number);
    if (!unit)
        return -1;

    int power = 0;
    const char *prefix = *unit ? strchr(prefixes, tolower((unsigned char)*unit)) : NULL;
    if (prefix) {
        power = (int)(prefix - prefixes) + 1;
        unit++;
        if (*unit == 'i')
            unit++;
    }
    if (strcasecmp(unit, "b") != 0 && *unit)
        return -1;

    double size = ldexp(number, 10 * power);
    if (size < 1 || size > SIZE_LIMIT)
        return -1;
    *bytes = (int64_t)size;
    return 0;
}

int parse_duration(const char *text, int64_t *ms)
{
    static const struct {
        const char *name;
        double ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    double total = 0, number;
    if (!*text)
        return -1;
    while (*text) {
        text = read_decimal(text, &number);
        if (!text)
            return -1;
        size_t length = strspn(text, "msh");
        double factor = *text ? 0 : 1000;
        for (size_t i = 0; i < sizeof units / sizeof *units; i++)
            if (length == strlen(units[i].name) && strncmp(text, units[i].name, length) == 0)
                factor = units[i].ms;
        if (factor == 0)
            return -1;
        total += number * factor;
        text += length;
    }
    if (total > 9e15)
        return -1;
    *ms = (int64_t)total;
    return 0;
}

/* Not strtoll(3), which is slow: a timeline of ten hours has two million integers. Counts down from
 * 0, because INT64_MIN has no positive counterpart. */
int parse_integer(const char *text, int64_t min, int64_t max, int64_t *value)
{
    bool negative = *text == '-';
    const char *digits = text + negative, *at = digits;
    int64_t number = 0;
    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_sub_overflow(number, *at - '0', &number))
            return -1;
    if (at == digits || *at || (!negative && __builtin_sub_overflow(0, number, &number)) ||
        number < min || number > max)
        return -1;
    *value = number;
    return 0;
}

/* Uses the next unit from the value that the smaller one would round to 1024.0. */
static char *format_signed(int64_t bytes, const char *sign)
{
    const double rounded_up = 1023.95;
    double kib = fabs((double)bytes) / 1024, mib = kib / 1024;
    if (mib >= rounded_up)
        return xasprintf("%s%.2f GiB", sign, mib / 1024);
    if (kib >= rounded_up)
        return xasprintf("%s%.1f MiB", sign, mib);
    if (kib >= 1)
        return xasprintf("%s%.1f KiB", sign, kib);
    return xasprintf("%s%.0f B", sign, fabs((double)bytes));
}

char *format_bytes(int64_t bytes)
{
    return bytes < 0 ? xstrdup("n/a") : format_signed(bytes, "");
}

char *format_bytes_delta(int64_t bytes)
{
    return format_signed(bytes, bytes < 0 ? "-" : "+");
}

char *format_duration(int64_t ms)
{
    if (ms < 0)
        return xstrdup("n/a");
    if (ms < 1000)
        return xasprintf("%d ms", (int)ms);
    if (ms < 59950) /* a longer one would round to 60.0 s */
        return xasprintf("%.1f s", (double)ms / 1000);
    int64_t seconds = ms < 60000 ? 60 : ms / 1000;
    if (seconds < 3600)
        return xasprintf("%dm %02ds", (int)(seconds / 60), (int)(seconds % 60));
    return xasprintf("%" PRId64 "h %02dm", seconds / 3600, (int)(seconds % 3600 / 60));
}

char *format_seconds(int64_t ms)
{
    return xasprintf("%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
}

char *format_cpus(double cpus)
{
    return cpus < 0 ? NULL : xasprintf("%.10g", cpus);
}
