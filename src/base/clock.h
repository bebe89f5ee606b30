/* Clocks: the runner reads the time and formats dates only through this module.
 *
 * The probe uses libc alone and has a clock of its own. */
#ifndef BM_BASE_CLOCK_H
#define BM_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Milliseconds of CLOCK_MONOTONIC: for durations and deadlines, never for dates. */
int64_t monotonic_ms(void);
/* The same in nanoseconds: the kernel stamps its events with this clock. */
int64_t monotonic_ns(void);

/* CPU time of the calling thread, in nanoseconds. */
int64_t thread_cpu_ns(void);

/* Suspends the process for `ms` milliseconds (0 to 999); a signal may end the sleep early. */
void sleep_ms(long ms);

/* Returns the current time in UTC in RFC 3339 format, "2026-01-31T12:00:00Z". The caller owns the
 * text. */
char *utc_now(void);

/* Returns the current time with the resolution that file systems use for timestamps. */
struct timespec file_time_now(void);

/* CLOCK_REALTIME minus CLOCK_BOOTTIME, in nanoseconds: it decreases if the clock is set back. */
int64_t realtime_lead_ns(void);

/* Converts a time to nanoseconds. */
int64_t timespec_ns(struct timespec time);

#endif
