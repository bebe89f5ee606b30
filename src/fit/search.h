/* Decides which limit to try next, and derives the result from the attempts so far.
 *
 * Pure: the attempts are the whole state, so the same attempts always lead to the same next limit.
 *
 * The first run has no limit. The search starts at its unreclaimable peak: usually one build just
 * above it and one just below are enough. If that peak does not predict the need, the search goes
 * up or down in steps that double, and then bisects. No step up skips the memory peak. If a build
 * passed with far less than its limit, the search goes down to the peak of that build instead.
 *
 * A surprising attempt is repeated, and the majority of three decides. An attempt is surprising if
 *   - it failed for another reason than memory or time,
 *   - it passed with a limit at or below one that failed,
 *   - it failed with a limit at or above one that passed.
 * A slow pass is repeated too, because noise only adds time. */
#ifndef BM_FIT_SEARCH_H
#define BM_FIT_SEARCH_H

#include "fit/fit.h"

/* The search ends if a failing limit is less than this share below the smallest passing limit. */
#define FIT_RESOLUTION 0.05
/* A build has full speed if it is at most this share, or at most 1 s, slower than without a limit.
 */
#define FIT_SLOWER 0.10

enum fit_state {
    FIT_TRY, /* the search continues with `next_bytes` */
    FIT_FOUND,
    FIT_BROKEN,      /* the build fails without a limit */
    FIT_UNMEASURED,  /* the build cannot be measured; tried twice */
    FIT_NONE_PASSES, /* twice the memory peak is not enough */
};

struct fit_search {
    enum fit_state state;
    int64_t next_bytes; /* UNMEASURED: no limit */
    /* The figures so far; UNMEASURED: unknown. */
    int64_t failing_bytes;    /* the highest limit that fails */
    int64_t passing_bytes;    /* the lowest limit above it that passes */
    int64_t passing_ms;       /* duration of its fastest attempt */
    int64_t full_speed_bytes; /* the lowest limit >= passing_bytes with full speed */
    int64_t full_speed_ms;    /* UNMEASURED: that limit is the memory peak, which was not tried */
};

struct fit_search fit_search(const struct fit_attempt *attempts, size_t count);

/* Returns the recommended limit: `bytes` plus 5 %, rounded up to a multiple of a power of two. That
 * power is at least 1 MiB, and otherwise at most 1/32 of the sum. */
int64_t fit_recommended_bytes(int64_t bytes);

#endif
