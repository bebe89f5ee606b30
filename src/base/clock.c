#include "base/clock.h"

#include "base/alloc.h"

#define NS_PER_MS 1000000L
#define NS_PER_S INT64_C(1000000000)

int64_t timespec_ns(struct timespec time)
{
    return (int64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

static int64_t read_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return timespec_ns(now);
}

int64_t monotonic_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

int64_t monotonic_ms(void)
{
    return monotonic_ns() / NS_PER_MS;
}

int64_t thread_cpu_ns(void)
{
    return read_ns(CLOCK_THREAD_CPUTIME_ID);
}

void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * NS_PER_MS}, NULL);
}

char *utc_now(void)
{
    char text[32];
    time_t now = time(NULL);
    struct tm utc;
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    return xstrdup(text);
}

struct timespec file_time_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return now;
}

int64_t realtime_lead_ns(void)
{
    int64_t steady_ns = read_ns(CLOCK_BOOTTIME);
    return read_ns(CLOCK_REALTIME) - steady_ns;
}
