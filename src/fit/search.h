/* Which limit to try next, and what the attempts so far come to. Pure: the attempts are its whole
 * state, so that the same attempts always lead to the same next one.
 *
 * It starts at the unreclaimable peak of the first run, which has no limit: one build just above
 * it and one just below mostly are all that is needed. Where that peak does not predict the need,
 * it goes up or down in steps that double (or to what the build took when it passed, where that
 * is far less than its limit), and bisects what lies between.
 *
 * An attempt that surprises is repeated before it is believed, and the majority of three decides:
 * a failure that is no lack of memory; a pass at or below a limit that failed; a failure at or
 * above one that passed. So is a pass that is slow: noise only ever adds time. */
#ifndef BM_FIT_SEARCH_H
#define BM_FIT_SEARCH_H

#include "fit/fit.h"

/* The smallest passing limit is known when the next lower one that was tried fails and is less
 * than this below it. */
#define FIT_RESOLUTION 0.05
/* Up to this much slower than without a limit (or up to a second) is full speed. */
#define FIT_SLOWER 0.10

enum fit_state {
    FIT_TRY, /* the search goes on with `next_bytes` */
    FIT_FOUND,
    FIT_BROKEN,      /* the build fails without a limit */
    FIT_UNMEASURED,  /* it cannot be measured, tried twice */
    FIT_NONE_PASSES, /* not even twice the headline is enough */
};

struct fit_search {
    enum fit_state state;
    int64_t next_bytes; /* UNMEASURED: without a limit */
    /* What is known so far; UNMEASURED where nothing is. */
    int64_t failing_bytes;    /* the highest limit that is believed to fail */
    int64_t passing_bytes;    /* the lowest above it that passed */
    int64_t passing_ms;       /* how long it took then, the fastest of its attempts */
    int64_t full_speed_bytes; /* the lowest from there on at full speed */
    int64_t full_speed_ms;    /* UNMEASURED: it is the headline itself, which was not tried */
};

struct fit_search fit_search(const struct fit_attempt *attempts, size_t count);

/* The limit to set: `bytes` with 5 % to spare, rounded up to a power of two that is at most a 32nd
 * of it (1 MiB at least). */
int64_t fit_recommended_bytes(int64_t bytes);

#endif
