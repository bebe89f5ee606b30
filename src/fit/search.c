#include "fit/search.h"

#include "base/alloc.h"
#include "base/units.h"

#include <math.h>

#define PAGE_BYTES INT64_C(4096)
/* Coarser than FIT_RESOLUTION: speed has no sharp edge. */
#define SPEED_RESOLUTION 0.10

/* All attempts under one limit. */
struct tried {
    int64_t limit_bytes;
    size_t passes, failures, unmeasured;
    bool surprising; /* the first outcome was (see search.h) */
    int64_t fastest_ms;
    int64_t unreclaimable_bytes; /* highest of its passes; UNMEASURED: unknown */
};

struct history {
    struct tried *limits; /* in order of their first attempts */
    size_t count;
    const struct fit_attempt *unlimited;
};

static bool passed(const struct tried *tried)
{
    return tried->passes > tried->failures;
}

/* Whether no further attempt under this limit is needed. */
static bool settled(const struct tried *tried)
{
    bool disputed = tried->surprising || (tried->passes && tried->failures);
    size_t majority = passed(tried) ? tried->passes : tried->failures;
    return majority >= (disputed ? 2 : 1);
}

static bool contradicts(const struct history *history, int64_t limit_bytes, bool pass)
{
    for (size_t i = 0; i < history->count; i++) {
        const struct tried *other = &history->limits[i];
        if (!settled(other) || passed(other) == pass)
            continue;
        if (pass ? limit_bytes <= other->limit_bytes : limit_bytes >= other->limit_bytes)
            return true;
    }
    return false;
}

static bool is_effect_of_limit(enum fit_outcome outcome)
{
    return outcome == FIT_PASSED || outcome == FIT_OOM_KILLED || outcome == FIT_TOO_SLOW;
}

static struct tried *find_or_add(struct history *history, int64_t limit_bytes)
{
    for (size_t i = 0; i < history->count; i++)
        if (history->limits[i].limit_bytes == limit_bytes)
            return &history->limits[i];
    history->limits = xgrow(history->limits, history->count, sizeof *history->limits);
    struct tried *tried = &history->limits[history->count++];
    *tried = (struct tried){
        .limit_bytes = limit_bytes, .fastest_ms = UNMEASURED, .unreclaimable_bytes = UNMEASURED};
    return tried;
}

static void take_attempt(struct history *history, const struct fit_attempt *attempt)
{
    bool pass = attempt->outcome == FIT_PASSED;
    bool surprise =
        !is_effect_of_limit(attempt->outcome) || contradicts(history, attempt->limit_bytes, pass);
    struct tried *tried = find_or_add(history, attempt->limit_bytes);
    if (attempt->outcome == FIT_NOT_MEASURED) {
        tried->unmeasured++;
        return;
    }
    tried->surprising |= surprise && !tried->passes && !tried->failures;
    tried->passes += pass;
    tried->failures += !pass;
    if (pass && (tried->fastest_ms < 0 || attempt->duration_ms < tried->fastest_ms))
        tried->fastest_ms = attempt->duration_ms;
    if (pass && attempt->unreclaimable_bytes > tried->unreclaimable_bytes)
        tried->unreclaimable_bytes = attempt->unreclaimable_bytes;
}

/* ---- what the attempts show ---- */

/* The highest limit that fails; NULL: none does. */
static const struct tried *highest_failing(const struct history *history)
{
    const struct tried *highest = NULL;
    for (size_t i = 0; i < history->count; i++) {
        const struct tried *tried = &history->limits[i];
        if (settled(tried) && !passed(tried) &&
            (!highest || tried->limit_bytes > highest->limit_bytes))
            highest = tried;
    }
    return highest;
}

static bool is_slow(const struct history *history, const struct tried *tried)
{
    int64_t usual_ms = history->unlimited->duration_ms;
    return usual_ms >= 0 && tried->fastest_ms > usual_ms + 1000 &&
           (double)tried->fastest_ms > (1 + FIT_SLOWER) * (double)usual_ms;
}

/* The lowest limit above `above_bytes` that passes (`at_full_speed`: at full speed); NULL: none. */
static const struct tried *lowest_passing(const struct history *history, int64_t above_bytes,
                                          bool at_full_speed)
{
    const struct tried *lowest = NULL;
    for (size_t i = 0; i < history->count; i++) {
        const struct tried *tried = &history->limits[i];
        if (!settled(tried) || !passed(tried) || tried->limit_bytes <= above_bytes ||
            (at_full_speed && is_slow(history, tried)))
            continue;
        if (!lowest || tried->limit_bytes < lowest->limit_bytes)
            lowest = tried;
    }
    return lowest;
}

/* ---- the next limit ---- */

/* A limit half of the resolution above an unreclaimable peak. The next lower limit is then half of
 * the resolution below the peak. */
static double predicted(int64_t unreclaimable_bytes)
{
    return (double)unreclaimable_bytes * sqrt(1 + FIT_RESOLUTION);
}

/* Whether the build used all of its limit, or may have. */
static bool fills_limit(const struct tried *tried)
{
    return tried->unreclaimable_bytes <= 0 ||
           predicted(tried->unreclaimable_bytes) * (1 + FIT_RESOLUTION) >=
               (double)tried->limit_bytes;
}

/* The number of limits that failed, or that passed and were filled by the build. */
static size_t count_steps(const struct history *history, bool pass)
{
    size_t count = 0;
    for (size_t i = 0; i < history->count; i++) {
        const struct tried *tried = &history->limits[i];
        count += settled(tried) && passed(tried) == pass && (!pass || fills_limit(tried));
    }
    return count;
}

static void try_next(struct fit_search *search, double bytes)
{
    int64_t pages = llround(bytes / (double)PAGE_BYTES);
    int64_t limit_bytes = pages * PAGE_BYTES;
    search->state = FIT_TRY;
    search->next_bytes = limit_bytes < LEAST_LIMIT_BYTES ? LEAST_LIMIT_BYTES : limit_bytes;
}

/* Whether two limits are within the resolution, with some pages for rounding. */
static bool is_close(int64_t low_bytes, int64_t high_bytes, double resolution)
{
    return (double)(high_bytes - low_bytes) <=
           resolution * (double)low_bytes + (double)(2 * PAGE_BYTES);
}

static double between(int64_t low_bytes, int64_t high_bytes)
{
    return sqrt((double)low_bytes * (double)high_bytes);
}

/* The factor of a step: 1, 2, 4, ... times the resolution, by the steps so far. */
static double stride(size_t steps)
{
    return pow(1 + FIT_RESOLUTION, ldexp(1, (int)steps - 1));
}

static double first_guess(const struct fit_attempt *unlimited)
{
    int64_t need = unlimited->unreclaimable_bytes;
    if (need <= 0 || need > unlimited->cgroup_bytes)
        need = unlimited->cgroup_bytes;
    return predicted(need);
}

/* Does not skip the memory peak: a build that never used more should pass with that limit. */
static void go_up(struct fit_search *search, const struct history *history)
{
    double peak = (double)history->unlimited->cgroup_bytes;
    double most = 2 * fmax(peak, (double)LEAST_LIMIT_BYTES);
    double next = (double)search->failing_bytes * stride(count_steps(history, false));
    if ((double)search->failing_bytes < peak && next > peak)
        next = peak;
    if (is_close(search->failing_bytes, llround(most), 0))
        search->state = FIT_NONE_PASSES;
    else
        try_next(search, fmin(next, most));
}

/* Some builds size their heap by the limit. If a build did not fill its limit, the next limit comes
 * from its peak. */
static void go_down(struct fit_search *search, const struct history *history,
                    const struct tried *passing)
{
    if (passing->limit_bytes <= LEAST_LIMIT_BYTES)
        return;
    if (fills_limit(passing))
        try_next(search, (double)passing->limit_bytes / stride(count_steps(history, true)));
    else
        try_next(search, predicted(passing->unreclaimable_bytes));
}

/* Finds the lowest limit with full speed, from the smallest passing one up to the memory peak:
 * above that, a limit has no effect. */
static void find_full_speed(struct fit_search *search, const struct history *history,
                            const struct tried *smallest)
{
    search->full_speed_bytes = smallest->limit_bytes;
    search->full_speed_ms = smallest->fastest_ms;
    if (!is_slow(history, smallest))
        return;
    if (smallest->passes < 2) {
        try_next(search, (double)smallest->limit_bytes);
        return;
    }
    const struct tried *fast = lowest_passing(history, smallest->limit_bytes, true);
    int64_t high_bytes = fast ? fast->limit_bytes : history->unlimited->cgroup_bytes;
    int64_t low_bytes = smallest->limit_bytes;
    for (size_t i = 0; i < history->count; i++) {
        const struct tried *tried = &history->limits[i];
        if (settled(tried) && passed(tried) && tried->limit_bytes > low_bytes &&
            (!fast || tried->limit_bytes < high_bytes))
            low_bytes = tried->limit_bytes;
    }
    if (high_bytes <= low_bytes) /* slow even above the memory peak: not because of the limit */
        return;
    search->full_speed_bytes = high_bytes;
    search->full_speed_ms = fast ? fast->fastest_ms : UNMEASURED;
    if (!is_close(low_bytes, high_bytes, SPEED_RESOLUTION))
        try_next(search, between(low_bytes, high_bytes));
}

static void find_smallest(struct fit_search *search, const struct history *history)
{
    const struct tried *failing = highest_failing(history);
    const struct tried *passing =
        lowest_passing(history, failing ? failing->limit_bytes : 0, false);
    search->state = FIT_FOUND;
    if (failing)
        search->failing_bytes = failing->limit_bytes;
    if (passing) {
        search->passing_bytes = passing->limit_bytes;
        search->passing_ms = passing->fastest_ms;
    }
    if (!failing && !passing)
        try_next(search, first_guess(history->unlimited));
    else if (!passing)
        go_up(search, history);
    else if (!failing)
        go_down(search, history, passing);
    else if (!is_close(failing->limit_bytes, passing->limit_bytes, FIT_RESOLUTION))
        try_next(search, between(failing->limit_bytes, passing->limit_bytes));
    if (search->state == FIT_FOUND)
        find_full_speed(search, history, passing);
}

struct fit_search fit_search(const struct fit_attempt *attempts, size_t count)
{
    struct fit_search search = {.state = FIT_TRY,
                                .next_bytes = UNMEASURED,
                                .failing_bytes = UNMEASURED,
                                .passing_bytes = UNMEASURED,
                                .passing_ms = UNMEASURED,
                                .full_speed_bytes = UNMEASURED,
                                .full_speed_ms = UNMEASURED};
    if (count == 0)
        return search;
    if (attempts[0].outcome != FIT_PASSED) {
        search.state = attempts[0].outcome == FIT_NOT_MEASURED ? FIT_UNMEASURED : FIT_BROKEN;
        return search;
    }
    struct history history = {.unlimited = &attempts[0]};
    for (size_t i = 1; i < count; i++)
        take_attempt(&history, &attempts[i]);
    find_smallest(&search, &history);
    const struct tried *last =
        history.count ? find_or_add(&history, attempts[count - 1].limit_bytes) : NULL;
    if (last && !settled(last)) {
        try_next(&search, (double)last->limit_bytes);
        if (last->unmeasured > 1)
            search.state = FIT_UNMEASURED;
    }
    free(history.limits);
    return search;
}

int64_t fit_recommended_bytes(int64_t bytes)
{
    int64_t wanted = llround(1.05 * (double)bytes), unit = MIB;
    while (2 * unit <= wanted / 32)
        unit *= 2;
    return (wanted + unit - 1) / unit * unit;
}
