/* Sizes and durations as people write them, and back. */
#ifndef BM_BASE_UNITS_H
#define BM_BASE_UNITS_H

#include <stdint.h>

#define MIB INT64_C(1048576)

/* The least memory limit: Docker takes no less, and no build fits into it. */
#define LEAST_LIMIT_BYTES (6 * MIB)

/* A figure that was not measured. Never 0: zero is a measurement. Every `_bytes` and `_ms` member
 * of a measurement may hold it unless its comment says otherwise; it is written as JSON null. */
#define UNMEASURED INT64_C(-1)

/* The sum of two figures; INT64_MAX where it would not fit: what is read may hold any number. */
int64_t add_figures(int64_t a, int64_t b);

/* "8g", "8G", "8Gi", "8GiB", "8GB" are all 8 * 1024^3; "1.5g" and plain bytes are taken too.
 * Returns 0 and the size in bytes (> 0), or -1 where the text is no size or does not fit. */
int parse_size(const char *text, int64_t *bytes);

/* "90s", "10m", "2h", "1h30m", "250ms"; a bare number counts seconds.
 * Returns 0 and the duration in milliseconds (>= 0), or -1. */
int parse_duration(const char *text, int64_t *ms);

/* A decimal integer, all of the text, within [min, max]. Returns 0 or -1. */
int parse_integer(const char *text, int64_t min, int64_t max, int64_t *value);

/* "803.2 MiB", "1.25 GiB"; "n/a" where unmeasured. The caller owns the text. */
char *format_bytes(int64_t bytes);

/* The same with a sign: "+204.1 MiB". */
char *format_bytes_delta(int64_t bytes);

/* "450 ms", "20.3 s", "12m 05s", "2h 05m"; "n/a" where unmeasured. The caller owns the text. */
char *format_duration(int64_t ms);

/* "20.345": whole milliseconds (>= 0) in seconds, for programs. The caller owns the text. */
char *format_seconds(int64_t ms);

#endif
