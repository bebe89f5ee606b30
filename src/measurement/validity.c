#include "measurement/validity.h"

#include "base/alloc.h"
#include "base/units.h"
#include "measurement/advice.h"
#include "measurement/cause.h"
#include "measurement/no_image.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

char *reached_limit(const struct measurement *m)
{
    const struct constraint *tightest = measurement_tightest(m);
    int64_t bytes = !tightest             ? m->peak.limit_bytes
                    : m->build.oom_killed ? tightest->limit_bytes
                                          : constraint_bytes(tightest);
    if (bytes < 0)
        return NULL;
    char *limit CLEANUP(cleanup_free) = format_bytes(bytes);
    bool is_high = tightest && bytes != tightest->limit_bytes;
    bool is_ancestor = tightest && tightest->ancestor > 0;
    return xasprintf("%s of %s%s%s", is_high ? "memory.high" : "the memory limit", limit,
                     is_ancestor ? " of the ancestor " : "", is_ancestor ? tightest->cgroup : "");
}

static char *out_of_memory(const struct measurement *m)
{
    char *limit CLEANUP(cleanup_free) = reached_limit(m);
    char *step CLEANUP(cleanup_free) = killed_process_text(m);
    const char *killed = step ? step : "one of its processes";
    return limit
               ? xasprintf("the build ran out of memory: the kernel killed %s at %s", killed, limit)
               : xasprintf("the build ran out of memory: the kernel killed %s, although no "
                           "memory limit is set",
                           killed);
}

static char *ended_by_signal(int64_t signal)
{
    const char *name = sigabbrev_np((int)signal);
    return name ? xasprintf("signal %" PRId64 " (SIG%s) ended the build", signal, name)
                : xasprintf("signal %" PRId64 " ended the build", signal);
}

/* Takes ownership of `end`. */
static char *with_outside_killer(char *end)
{
    char *ended CLEANUP(cleanup_free) = end;
    return xasprintf("%s, and the kernel counted no out-of-memory kill", ended);
}

/* Takes ownership of `end`. */
static char *with_logged_cause(char *end, const struct measurement *m)
{
    char *ended CLEANUP(cleanup_free) = end;
    char *cause CLEANUP(cleanup_free) = logged_cause_text(m);
    return xasprintf("%s: %s", ended, cause);
}

/* Advice, which can send the reader to the log. */
static char *log_advice(enum advice advice, const struct measurement *m)
{
    char *where CLEANUP(cleanup_free) =
        m->label ? xasprintf(", build-%s.log beside its result", measurement_files_label(m)) : NULL;
    return advice_text(advice, where);
}

static const struct verify_check *first_failed_check(const struct measurement *m, size_t *failed)
{
    const struct verify_check *first = NULL;
    *failed = 0;
    for (size_t i = 0; i < m->check_count; i++) {
        if (!m->checks[i].required || m->checks[i].ok)
            continue;
        first = first ? first : &m->checks[i];
        ++*failed;
    }
    return first;
}

static char *not_verified(const struct measurement *m, char **advice)
{
    size_t failed;
    *advice = log_advice(ADVICE_CORRECT_ARTIFACTS, m);
    const struct verify_check *check = first_failed_check(m, &failed);
    char *others CLEANUP(cleanup_free) =
        failed > 1 ? xasprintf(" (and %zu more)", failed - 1) : xstrdup("");
    const char *detail = check->detail ? check->detail : "not found";
    return check->path ? xasprintf("the build exited 0, but a required artifact is missing: %s: "
                                   "%s%s",
                                   check->path, detail, others)
                       : xasprintf("the build exited 0, but a required check failed: %s: %s%s",
                                   check->check, detail, others);
}

/* A build at its limit spends its time on reclaim: more time would not help. */
static char *timed_out(const struct measurement *m, char **advice)
{
    char *duration CLEANUP(cleanup_free) = format_duration(m->build.duration_ms);
    char *limit CLEANUP(cleanup_free) = m->peak.unreclaimable_at_limit ? reached_limit(m) : NULL;
    if (!limit) {
        *advice = advice_text(ADVICE_RAISE_TIMEOUT, NULL);
        return xasprintf("the build timed out after %s", duration);
    }
    *advice = advice_text(ADVICE_RAISE_LIMIT_THEN_TIMEOUT, NULL);
    return m->pressure.limit_hits > 0
               ? xasprintf("the build reached %s %" PRId64 " times, until it timed out after %s",
                           limit, m->pressure.limit_hits, duration)
               : xasprintf("the build was at %s when it timed out after %s", limit, duration);
}

static char *ended_by_guard(const struct guard_end *guard)
{
    char *held CLEANUP(cleanup_free) = format_bytes(guard->unreclaimable_bytes);
    char *room CLEANUP(cleanup_free) = format_bytes(guard->room_bytes);
    if (guard->stalled)
        return xasprintf("build-mem ended the build before its memory ran out (--guard): for 30 s, "
                         "its processes waited for memory most of the time; it held %s of the %s "
                         "that it can have",
                         held, room);
    return xasprintf("build-mem ended the build before its memory ran out (--guard): its "
                     "unreclaimable memory of %s was %.0f %% of the %s that it can have",
                     held, 100.0 * (double)guard->unreclaimable_bytes / (double)guard->room_bytes,
                     room);
}

/* A failure takes precedence: the end of the build is known even if its memory is not. */
static char *build_failure(const struct measurement *m, char **advice)
{
    const struct build_end *build = &m->build;
    if (build->oom_killed) {
        char *limit CLEANUP(cleanup_free) = reached_limit(m);
        *advice =
            advice_text(limit ? ADVICE_OUT_OF_MEMORY : ADVICE_OUT_OF_MEMORY_WITHOUT_LIMIT, NULL);
        return out_of_memory(m);
    }
    if (build->guard.ended) {
        *advice = advice_text(ADVICE_OUT_OF_MEMORY, NULL);
        return ended_by_guard(&build->guard);
    }
    if (build->timed_out)
        return timed_out(m, advice);
    char *end = build->signal > 0 ? ended_by_signal(build->signal)
                : build->exit_code > 0
                    ? xasprintf("the build failed with exit status %" PRId64, build->exit_code)
                    : NULL;
    if (!end)
        return NULL;
    enum failure_cause cause = failure_cause(m);
    if (cause_is_logged(cause)) {
        *advice = log_advice(logged_cause_advice(cause), m);
        return with_logged_cause(end, m);
    }
    bool killed = cause == CAUSE_OUTSIDE_KILLER;
    *advice = log_advice(killed ? ADVICE_FIND_KILLER : ADVICE_SEE_LOG, m);
    return killed ? with_outside_killer(end) : end;
}

/* ---- work elsewhere ---- */

/* An idle daemon uses some CPU time: a JVM up to about 1 % of a CPU. The kernel counts the time of
 * a process in units of 10 ms. */
static int64_t least_work_ms(const struct measurement *m)
{
    int64_t share_ms = m->build.duration_ms / 50;
    return share_ms > 100 ? share_ms : 100;
}

int64_t outside_cpu_ms(const struct measurement *m)
{
    int64_t outside_ms = 0;
    for (size_t i = 0; i < m->outside_daemon_count; i++)
        if (m->outside_daemons[i].cpu_ms > 0)
            outside_ms = add_figures(outside_ms, m->outside_daemons[i].cpu_ms);
    bool elsewhere = m->build.cpu_ms >= 0 && outside_ms >= least_work_ms(m) &&
                     (double)m->build.cpu_ms < (double)outside_ms / 10;
    return elsewhere ? outside_ms : UNMEASURED;
}

bool outside_daemon_is_idle(const struct measurement *m, const struct outside_daemon *daemon)
{
    return !daemon->asked_by && daemon->cpu_ms >= 0 && daemon->cpu_ms < least_work_ms(m);
}

char *outside_daemon_note(const struct outside_daemon *daemon)
{
    if (!daemon->asked_by)
        return xasprintf("the %s runs outside of the cgroup of the build: the memory that it uses "
                         "for the build is not measured; to build without it, %s",
                         daemon->name, daemon->fix);
    return xasprintf("%s leaves work to a daemon (%s)%s outside of the cgroup of the build, %s "
                     "memory is not measured; to measure it, %s",
                     daemon->asked_by, daemon->name,
                     daemon->processes ? ", which runs" : ": if that runs",
                     daemon->processes ? "so its" : "its", daemon->fix);
}

static char *work_elsewhere(const struct measurement *m, char **advice)
{
    int64_t outside_ms = outside_cpu_ms(m);
    if (outside_ms < 0)
        return NULL;
    struct strv names CLEANUP(strv_release) = {0};
    const struct outside_daemon *busiest = &m->outside_daemons[0];
    for (size_t i = 0; i < m->outside_daemon_count; i++) {
        const struct outside_daemon *daemon = &m->outside_daemons[i];
        if (daemon->cpu_ms > 0)
            strv_push(&names, daemon->name);
        if (daemon->cpu_ms > busiest->cpu_ms)
            busiest = daemon;
    }
    char *list CLEANUP(cleanup_free) = strv_join(&names, ", ");
    char *outside CLEANUP(cleanup_free) = format_duration(outside_ms);
    char *own CLEANUP(cleanup_free) = format_duration(m->build.cpu_ms);
    *advice = advice_text(ADVICE_MEASURE_DAEMON, busiest->fix);
    return xasprintf("the work was done outside of the cgroup of the build: daemons (%s) used %s "
                     "of CPU time during the build, and its own processes %s",
                     list, outside, own);
}

static char *measuring_failure(const struct measurement *m, char **advice)
{
    char *missing = m->not_measured ? xasprintf("not measured: %s", m->not_measured)
                    : m->build.exit_code < 0
                        ? xstrdup("not measured: the end of the build is unknown")
                    : m->peak.cgroup_bytes < 0
                        ? xstrdup("not measured: the memory peak is missing from the result")
                        : NULL;
    if (!missing)
        return work_elsewhere(m, advice);
    *advice = no_image_advice(m);
    if (!*advice)
        *advice = advice_text(ADVICE_DOCTOR, NULL);
    return missing;
}

enum run_validity run_validity(const struct measurement *m, char **reason, char **advice)
{
    *advice = NULL;
    *reason = build_failure(m, advice);
    if (*reason)
        return RUN_BUILD_FAILED;
    *reason = measuring_failure(m, advice);
    if (*reason) {
        return RUN_NOT_MEASURED;
    }
    if (measurement_verified(m))
        return RUN_VALID;
    *reason = not_verified(m, advice);
    return RUN_BUILD_FAILED;
}

bool need_is_unknown(const struct measurement *m)
{
    return m->peak.at_limit && (m->peak.unreclaimable_at_limit || m->peak.unreclaimable_bytes < 0);
}

bool peak_is_cut_off(const struct measurement *m)
{
    return m->peak.at_limit && !need_is_unknown(m);
}

char *cut_off_reason(const struct measurement *m)
{
    char *peak CLEANUP(cleanup_free) = format_bytes(m->peak.cgroup_bytes);
    char *limit CLEANUP(cleanup_free) = reached_limit(m);
    return xasprintf("the usage reached %s, where the kernel reclaims page cache: the memory peak "
                     "of %s is too low, the unreclaimable peak is right",
                     limit ? limit : "a memory limit", peak);
}

char *at_limit_reason(const struct measurement *m)
{
    char *peak CLEANUP(cleanup_free) = format_bytes(m->peak.cgroup_bytes);
    char *limit CLEANUP(cleanup_free) = reached_limit(m);
    return xasprintf("the peak of %s reached %s, so the build's need is unknown", peak,
                     limit ? limit : "a memory limit");
}
