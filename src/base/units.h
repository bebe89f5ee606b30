/* Parses and formats sizes and durations. */
#ifndef BM_BASE_UNITS_H
#define BM_BASE_UNITS_H

#include <stdint.h>

#define MIB INT64_C(1048576)

/* The smallest memory limit that Docker accepts. */
#define LEAST_LIMIT_BYTES (6 * MIB)

/* A figure that was not measured; never 0, since 0 is a measurement. Each `_bytes` and `_ms` member
 * of a measurement can have this value, unless its comment excludes it. JSON writes it as null. */
#define UNMEASURED INT64_C(-1)

/* Returns the sum of two figures, or INT64_MAX if it overflows: files can contain any number. */
int64_t add_figures(int64_t a, int64_t b);

/* Parses a size: "8g", "8G", "8Gi", "8GiB" and "8GB" are all 8 * 1024^3; "1.5g" and plain bytes are
 * accepted. Returns 0 and the size in bytes (> 0), or -1 if the text is not a size or overflows. */
int parse_size(const char *text, int64_t *bytes);

/* Parses a duration: "90s", "10m", "2h", "1h30m", "250ms"; a number without a unit is in seconds.
 * Returns 0 and the duration in milliseconds (>= 0), or -1. */
int parse_duration(const char *text, int64_t *ms);

/* Parses a decimal integer within [min, max]; the whole text must match. Returns 0 or -1. */
int parse_integer(const char *text, int64_t min, int64_t max, int64_t *value);

/* "803.2 MiB", "1.25 GiB"; "n/a" if unmeasured. The caller owns the text. */
char *format_bytes(int64_t bytes);

/* The same with a sign: "+204.1 MiB". */
char *format_bytes_delta(int64_t bytes);

/* "450 ms", "20.3 s", "12m 05s", "2h 05m"; "n/a" if unmeasured. The caller owns the text. */
char *format_duration(int64_t ms);

/* "2", "0.25"; NULL if unmeasured. The caller owns the text. */
char *format_cpus(double cpus);

/* "20.345": milliseconds (>= 0) as seconds, for programs. The caller owns the text. */
char *format_seconds(int64_t ms);

#endif
