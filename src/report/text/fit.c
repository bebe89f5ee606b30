#include "report/report.h"

#include "base/alloc.h"
#include "base/units.h"
#include "fit/search.h"
#include "measurement/advice.h"
#include "report/text/layout.h"
#include "report/wording.h"

#include <inttypes.h>

static const struct {
    int width; /* of a cell, as layout_cell takes it */
    const char *title;
} columns[] = {{-11, "limit"}, {2, ""},          {13, "outcome"}, {-8, "duration"}, {-8, ""},
               {-11, "peak"},  {-9, "PSI some"}, {-8, "full"},    {-9, "refaults"}, {0, NULL}};

static void put_title(struct layout *layout, const struct fit *fit)
{
    const char *command = fit->unlimited ? fit->unlimited->build.command : NULL;
    char *title CLEANUP(cleanup_free) = xasprintf("%s: %s", fit->label, command ? command : "");
    layout_put(layout, PAINT_BOLD, "build-mem ");
    layout_wrap(layout, 10, 4, PAINT_NONE, title);
}

static void put_head(struct layout *layout)
{
    layout_put(layout, PAINT_NONE, "\n");
    for (size_t i = 0; columns[i].width; i++)
        layout_cell(layout, columns[i].width, PAINT_BOLD, columns[i].title);
    layout_put(layout, PAINT_NONE, "\n");
}

static char *format_microseconds(int64_t us)
{
    return format_duration(us < 0 ? UNMEASURED : us / 1000);
}

static char *format_limit(int64_t limit_bytes)
{
    return limit_bytes < 0 ? xstrdup("none") : format_bytes(limit_bytes);
}

static enum paint outcome_paint(enum fit_outcome outcome)
{
    return outcome == FIT_PASSED ? PAINT_GREEN : PAINT_RED;
}

/* `unlimited_ms`: the duration without a limit. */
static void put_attempt(struct layout *layout, const struct fit_attempt *attempt,
                        int64_t unlimited_ms)
{
    bool passed = attempt->outcome == FIT_PASSED;
    char *limit CLEANUP(cleanup_free) = format_limit(attempt->limit_bytes);
    char *duration CLEANUP(cleanup_free) = format_duration(attempt->duration_ms);
    char *slower CLEANUP(cleanup_free) = passed && attempt->limit_bytes >= 0
                                             ? format_percent(unlimited_ms, attempt->duration_ms)
                                             : xstrdup("");
    char *peak CLEANUP(cleanup_free) = format_bytes(attempt->cgroup_bytes);
    char *some CLEANUP(cleanup_free) = format_microseconds(attempt->pressure.some_us);
    char *full CLEANUP(cleanup_free) = format_microseconds(attempt->pressure.full_us);
    char *refaults CLEANUP(cleanup_free) = attempt->pressure.refaults < 0
                                               ? xstrdup("n/a")
                                               : xasprintf("%" PRId64, attempt->pressure.refaults);
    const char *cells[] = {limit,    "",     fit_outcome_name(attempt->outcome),
                           duration, slower, peak,
                           some,     full,   refaults};
    for (size_t i = 0; columns[i].width; i++)
        layout_cell(layout, columns[i].width, i == 2 ? outcome_paint(attempt->outcome) : PAINT_NONE,
                    cells[i]);
    layout_put(layout, PAINT_NONE, "\n");
    /* The outcome of an OOM is enough. */
    if (attempt->detail && attempt->outcome != FIT_OOM_KILLED) {
        layout_put(layout, PAINT_NONE, "             ");
        layout_wrap(layout, 13, 13, PAINT_NONE, attempt->detail);
    }
}

/* Describes the limits between which the smallest one is; NULL if no run under a limit ended. */
static char *format_bracket(const struct fit_search *search)
{
    char *passing CLEANUP(cleanup_free) = format_bytes(search->passing_bytes);
    char *failing CLEANUP(cleanup_free) = format_bytes(search->failing_bytes);
    if (search->passing_bytes >= 0 && search->failing_bytes >= 0)
        return xasprintf("the build passes with %s and fails with %s", passing, failing);
    if (search->passing_bytes >= 0)
        return xasprintf("the build passes with %s; no lower limit was tried", passing);
    if (search->failing_bytes >= 0)
        return xasprintf("the build fails with %s", failing);
    return NULL;
}

/* Describes the duration at the smallest limit, and the limit with the duration of no limit. */
static char *format_speed(const struct fit_search *search, int64_t unlimited_ms)
{
    char *duration CLEANUP(cleanup_free) = format_duration(search->passing_ms);
    char *slower CLEANUP(cleanup_free) = format_percent(unlimited_ms, search->passing_ms);
    char *full_speed CLEANUP(cleanup_free) = format_bytes(search->full_speed_bytes);
    if (search->full_speed_bytes == search->passing_bytes)
        return xasprintf("; it then takes %s (%s)", duration, slower);
    return xasprintf("; it then takes %s (%s); with %s%s it is as fast as without a limit",
                     duration, slower, full_speed,
                     search->full_speed_ms < 0 ? " (its memory peak, not tried)" : "");
}

static char *format_outcome(const struct fit *fit, const struct fit_search *search)
{
    const char *detail = fit->count ? fit->attempts[fit->count - 1].detail : NULL;
    char *bracket CLEANUP(cleanup_free) = format_bracket(search);
    switch (fit_verdict_of(fit)) {
    case FIT_VERDICT_FOUND: {
        char *speed CLEANUP(cleanup_free) = format_speed(search, fit->attempts[0].duration_ms);
        return xasprintf("%s%s", bracket, speed);
    }
    case FIT_VERDICT_BUILD_FAILED:
        return xasprintf("without a memory limit, %s", detail ? detail : "the build fails");
    case FIT_VERDICT_NONE_PASSES:
        return xasprintf("%s, but passes without a limit", bracket);
    case FIT_VERDICT_NOT_MEASURED:
        return xstrdup(detail ? detail : "");
    case FIT_VERDICT_INTERRUPTED:
        return xasprintf("so far: %s", bracket ? bracket : "no result");
    }
    BM_BUG("verdict out of range");
}

static char *format_advice(const struct fit *fit, enum fit_verdict verdict,
                           const struct fit_search *search)
{
    switch (verdict) {
    case FIT_VERDICT_FOUND: {
        char *basis CLEANUP(cleanup_free) = format_bytes(search->full_speed_bytes);
        char *limit CLEANUP(cleanup_free) =
            xasprintf("%" PRId64 "m (%s plus 5 %%, rounded up)",
                      fit_recommended_bytes(search->full_speed_bytes) / MIB, basis);
        return advice_text(ADVICE_SET_LIMIT, limit);
    }
    case FIT_VERDICT_BUILD_FAILED:
        return advice_text(ADVICE_CORRECT_BUILD, NULL);
    case FIT_VERDICT_NONE_PASSES: {
        char *log CLEANUP(cleanup_free) =
            xasprintf("build-%s.log", fit->attempts[fit->count - 1].label);
        return advice_text(ADVICE_NO_LIMIT_PASSES, log);
    }
    case FIT_VERDICT_NOT_MEASURED: {
        const char *advice = fit->count ? fit->attempts[fit->count - 1].advice : NULL;
        return advice ? xstrdup(advice) : advice_text(ADVICE_DOCTOR, NULL);
    }
    case FIT_VERDICT_INTERRUPTED:
        return advice_text(ADVICE_FIT_AGAIN, NULL);
    }
    BM_BUG("verdict out of range");
}

static void put_verdict(struct layout *layout, const struct fit *fit)
{
    const struct fit_search search = fit_search(fit->attempts, fit->count);
    enum fit_verdict verdict = fit_verdict_of(fit);
    bool found = verdict == FIT_VERDICT_FOUND;
    char *reason CLEANUP(cleanup_free) = format_outcome(fit, &search);
    char *advice CLEANUP(cleanup_free) = format_advice(fit, verdict, &search);
    layout_verdict(layout, &(struct layout_verdict){.verdict = fit_verdict_name(verdict),
                                                    .good = found,
                                                    .reason = reason,
                                                    .advice = advice});
}

char *fit_text(const struct fit *fit, bool colour)
{
    struct layout layout;
    layout_open(&layout, colour);
    put_title(&layout, fit);
    if (fit->count)
        put_head(&layout);
    for (size_t i = 0; i < fit->count; i++)
        put_attempt(&layout, &fit->attempts[i], fit->attempts[0].duration_ms);
    put_verdict(&layout, fit);
    return layout_close(&layout);
}
