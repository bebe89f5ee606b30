#include "run/session.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/trace.h"
#include "base/units.h"
#include "ledger/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The probe gives the build 3 s to end after its lifeline is closed; then the engine kills. */
#define LIFELINE_GRACE_MS 8000
#define DIAGNOSTICS_MAX 4096
/* The kernel rounds a limit to pages, which have up to 64 KiB. */
#define LIMIT_UNIT_BYTES 65536

struct session {
    struct engine_run run;
    /* Of the located cgroup; empty if it was not found. */
    struct cgroup_constraints constraints_at_start;
    struct daemon_watch *daemons;
    session_on_record *on_record;
    void *context;
    struct ledger *ledger;
    struct process_watch *watch; /* NULL: the build has not begun */
    struct session_outcome *outcome;
    uint8_t stream[2 * (WIRE_HEADER_BYTES + WIRE_PAYLOAD_MAX)];
    size_t length;
    char diagnostics[DIAGNOSTICS_MAX + 1]; /* the start of the stderr of the engine's CLI */
    size_t diagnostics_length;
    int64_t deadline_ms; /* of the present phase; INT64_MAX: none */
    bool greeted;        /* the probe has sent its first record */
    bool begun;          /* the probe was prompted to start the build */
    bool ending, killed;
    int status; /* wait status of the probe, or of the engine's CLI */
};

void session_outcome_release(struct session_outcome *outcome)
{
    free(outcome->broken);
    engine_facts_release(&outcome->facts);
    page_cache_release(&outcome->page_cache);
    *outcome = (struct session_outcome){0};
}

static void close_lifeline(struct session *session)
{
    if (session->ending)
        return;
    session->ending = true;
    session->deadline_ms = monotonic_ms() + LIFELINE_GRACE_MS;
    trace("session: closing the lifeline of the probe");
    child_close_input(&session->run.child);
}

static void locate_cgroup(struct engine_run *run)
{
    if (run->engine->locate(run, &run->located) < 0)
        run->located.version = 0;
}

/* Watches the cgroup from outside, while the probe is its only process. */
static void watch_cgroup(struct engine_run *run)
{
    if (run->located.version == 0)
        return;
    if (!run->engine->outside) /* each step has a counter of its own */
        stage_peaks_open(&run->peaks, &run->located);
    oom_watch_open(&run->oom, &run->located);
}

static void trace_hello(const struct wire_hello *hello)
{
    if (!trace_is_on())
        return;
    char *limit CLEANUP(cleanup_free) =
        hello->limit_bytes < 0 ? xstrdup("none") : format_bytes(hello->limit_bytes);
    trace("probe: peak from %s, usage from %s, memory limit %s, cgroup %s, %.10g CPUs",
          *hello->source ? hello->source : "samples (no counter)",
          *hello->usage_source ? hello->usage_source : "no file", limit,
          hello->shared ? "shared with other processes" : "not shared",
          (double)hello->cpu_percent / 100);
}

/* An engine may ignore the requested limit: a wrapper drops it, or rootless Docker on cgroup v1 has
 * no memory controller. Then the build would be judged as if it fit. */
static bool limit_is_in_force(const struct session *session, const struct wire_hello *hello)
{
    const struct cgroup_constraints *constraints = &session->constraints_at_start;
    int64_t wanted = session->run.spec->memory_limit_bytes;
    int64_t limit = constraints->count ? constraints->items[0].limit_bytes : hello->limit_bytes;
    bool in_force = wanted <= 0 || (limit >= 0 && limit < wanted + LIMIT_UNIT_BYTES);
    /* A runtime can set the limit on the parent of the cgroup that it makes for the processes. */
    for (size_t i = 1; i < constraints->count; i++)
        in_force |= llabs(constraints->items[i].limit_bytes - wanted) < LIMIT_UNIT_BYTES;
    return in_force;
}

static char *limit_failure(const struct engine_run *run)
{
    char *wanted CLEANUP(cleanup_free) = format_bytes(run->spec->memory_limit_bytes);
    return xasprintf(
        "the memory limit of %s (--memory) is not in force: engine %s accepted it, but "
        "no such limit is set on the cgroup of the build; see `build-mem doctor`",
        wanted, run->engine->name);
}

static void trace_constraints(const struct session *session)
{
    char directory[CGROUP_PATH_MAX];
    for (size_t i = 0; trace_is_on() && i < session->constraints_at_start.count; i++) {
        char *limits CLEANUP(cleanup_free) =
            engine_limits_text(&session->constraints_at_start.items[i]);
        cgroup_constraint_directory(&session->run.located, i, directory);
        trace("cgroup: %s: %s", directory, *limits ? limits : "no limit");
    }
}

/* An engine without cgroups of its own runs the container in that of its caller, or of the user.
 * Then the figures would include other processes, and ending the build could end them. */
static bool probe_shares_its_cgroup(const struct engine_run *run, const struct wire_hello *hello)
{
    int pid;
    return run->engine != &engine_inplace && !run->engine->outside &&
           (hello->shared ||
            (run->located.version && cgroup_processes(&run->located, &pid, 1) != 1));
}

static char *sharing_failure(struct engine_run *run)
{
    run->located.version = 0; /* its processes are not ours to kill */
    return xasprintf("the container " CONTAINER_SHARES_CGROUP ", whose memory would count: engine "
                     "%s does not make a cgroup for it; %s, or use --engine host",
                     run->engine->name, engine_fix_of_shared_cgroup(run->engine));
}

/* A builder may ignore the cgroup, or take all steps from its cache. Then only the client ran. */
static char *absence_failure(const struct engine_run *run)
{
    return xasprintf("no step of the build ran in the cgroup %s: the image has no RUN step, its "
                     "steps were in the "
                     "cache of the builder, or the builder ignores --cgroup-parent, as one on "
                     "another machine or "
                     "in a container does",
                     run->cgroup);
}

static void refuse(struct session *session, char *reason)
{
    session->outcome->broken = reason;
    close_lifeline(session);
}

/* Returns the pid of the probe on this machine, or -1 if it is not visible here. */
static int probe_pid(const struct engine_run *run)
{
    int pid;
    if (!engine_is_container(run->engine)) /* without a container, the probe is the child */
        return (int)run->child.pid;
    bool visible = run->located.version && cgroup_processes(&run->located, &pid, 1) == 1 && pid > 0;
    return visible ? pid : -1;
}

static void begin_ledger(struct session *session)
{
    int probe = probe_pid(&session->run);
    if (session->run.engine->outside)
        ledger_set_fallback(session->ledger, "the processes of the steps belong to a daemon");
    else if (probe > 0)
        session->watch =
            process_watch_open(session->ledger, probe, !engine_is_container(session->run.engine));
    else
        ledger_set_fallback(session->ledger, "the processes of the container are not visible here");
}

/* Without a cgroup the probe has no figure to compare. */
static bool guard_can_watch(const struct session *session, const struct wire_hello *hello)
{
    return session->run.spec->guard_percent == 0 || hello->cgroup_version > 0;
}

/* The probe waits for this line to start the build. From outside, limits of ancestors are visible,
 * too, so the guard needs the room that they leave. */
static void start_build(struct session *session)
{
    int64_t room_bytes = cgroup_lowest_room("", &session->constraints_at_start);
    char *line CLEANUP(cleanup_free) = xasprintf("%" PRId64 "\n", room_bytes);
    child_prompt(&session->run.child, line);
    session->begun = !session->ending;
}

static void begin_build(struct session *session, struct wire_hello *hello)
{
    trace_hello(hello);
    if (!hello->shared)
        locate_cgroup(&session->run);
    if (probe_shares_its_cgroup(&session->run, hello)) {
        refuse(session, sharing_failure(&session->run));
        return;
    }
    if (hello->shared)
        hello->peak_was_reset = session->run.peaks.resets > 0;
    else
        watch_cgroup(&session->run);
    hello->cgroup_seen_by = WIRE_SEEN_BY_PROBE;
    if (session->run.located.version) {
        hello->cgroup_version = session->run.located.version;
        hello->cgroup_directory = session->run.located.directory;
        hello->cgroup_seen_by =
            session->run.engine->outside ? WIRE_MADE_BY_RUNNER : WIRE_SEEN_BY_RUNNER;
    }
    /* From outside, limits of ancestors are visible, too. */
    cgroup_read_constraints(&session->run.located, &session->constraints_at_start);
    trace_constraints(session);
    if (session->constraints_at_start.count)
        hello->limit_bytes = cgroup_lowest_limit(&session->constraints_at_start);
    if (!limit_is_in_force(session, hello)) {
        refuse(session, limit_failure(&session->run));
        return;
    }
    if (!guard_can_watch(session, hello)) {
        refuse(session, xstrdup("--guard cannot watch the build: it is in no memory cgroup that "
                                "build-mem can read; see `build-mem doctor`"));
        return;
    }
    daemon_watch_begin(session->daemons, &session->run.located);
    begin_ledger(session);
    start_build(session);
}

/* Adds the constraints as they are seen from outside to those that the probe has sent. */
static void add_constraints(struct session *session)
{
    static struct cgroup_constraints constraints;
    char directory[CGROUP_PATH_MAX];
    if (session->constraints_at_start.count == 0)
        return;
    cgroup_read_constraints(&session->run.located, &constraints);
    cgroup_constraints_since(&session->constraints_at_start, &constraints);
    for (size_t i = 0; i < constraints.count; i++) {
        const struct wire_record record =
            wire_constraint_of(&session->run.located, &constraints.items[i], i, directory);
        session->on_record(session->context, &record);
    }
}

/* Acts on a record: starts the build at the hello, resets the counter at each stage, and watches
 * for kills and daemons. The probe cannot do that from inside. Adds what only the runner can see.
 */
static void act_on_record(struct session *session, struct wire_record *record)
{
    switch (record->type) {
    case WIRE_HELLO:
        if (session->greeted) {
            refuse(session, xstrdup("the probe sent an invalid record: a second hello"));
            break;
        }
        session->greeted = true;
        begin_build(session, &record->hello);
        break;
    case WIRE_STAGE:
        record->stage.ended_peak_bytes = stage_peaks_take(&session->run.peaks);
        break;
    case WIRE_SAMPLE:
        daemon_watch_poll(session->daemons);
        break;
    case WIRE_PROCESS:
        daemon_watch_client(session->daemons, record->process.command);
        ledger_scan(session->ledger, record->process.pid, record->process.command,
                    record->process.hwm_bytes);
        break;
    case WIRE_PROCESS_SAMPLE:
        daemon_watch_client(session->daemons, record->process_sample.command);
        break;
    case WIRE_END:
        daemon_watch_look(session->daemons);
        add_constraints(session);
        record->end.ended_peak_bytes =
            stage_peaks_last(&session->run.peaks, record->end.peak_bytes);
        if (session->run.engine->outside && record->end.peak_bytes < 0 &&
            record->end.exit_code == 0)
            refuse(session, absence_failure(&session->run));
        close_lifeline(session); /* the probe waits for the end of its stdin */
        break;
    case WIRE_FAILURE:
        close_lifeline(session);
        break;
    default:
        break;
    }
}

static void decode_stream(struct session *session)
{
    size_t used = 0;
    while (used < session->length && !session->outcome->broken) {
        struct wire_record record;
        int64_t size = wire_decode(session->stream + used, session->length - used, &record);
        if (size == 0)
            break;
        if (size < 0) {
            session->outcome->broken = xstrdup("the probe sent an invalid record");
            close_lifeline(session);
            break;
        }
        session->outcome->complete |= record.type == WIRE_END || record.type == WIRE_FAILURE;
        act_on_record(session, &record);
        session->on_record(session->context, &record);
        used += (size_t)size;
    }
    memmove(session->stream, session->stream + used, session->length - used);
    session->length -= used;
}

static bool read_records(struct session *session)
{
    ssize_t got = read(session->run.child.output, session->stream + session->length,
                       sizeof session->stream - session->length);
    if (got < 0)
        return errno == EINTR;
    if (got == 0)
        return false;
    session->length += (size_t)got;
    if (session->outcome->broken)
        session->length = 0; /* discards the rest of an invalid stream */
    else
        decode_stream(session);
    return true;
}

static void read_diagnostics(struct session *session)
{
    char chunk[1024];
    ssize_t got = read(session->run.child.diagnostics, chunk, sizeof chunk);
    if (got <= 0) {
        if (got == 0 || errno != EINTR) {
            close(session->run.child.diagnostics);
            session->run.child.diagnostics = -1;
        }
        return;
    }
    size_t room = DIAGNOSTICS_MAX - session->diagnostics_length;
    size_t kept = (size_t)got < room ? (size_t)got : room;
    memcpy(session->diagnostics + session->diagnostics_length, chunk, kept);
    session->diagnostics_length += kept;
}

/* Moves on to the next phase: close the lifeline, then kill. Returns false if there is none. */
static bool deadline_passed(struct session *session)
{
    if (session->killed || session->outcome->complete)
        return false;
    if (!session->ending) {
        trace("session: the timeout has expired");
        session->outcome->timed_out = session->begun;
        session->outcome->too_late = !session->begun;
        close_lifeline(session);
        return true;
    }
    trace("session: killing the build; the closed lifeline had no effect for %d ms",
          LIFELINE_GRACE_MS);
    session->killed = true;
    interrupt_hold(true);
    session->run.engine->kill(&session->run);
    interrupt_hold(false);
    session->deadline_ms = monotonic_ms() + LIFELINE_GRACE_MS;
    return true;
}

/* Returns how long the loop may sleep, in ms. `rest_ms` is that of the process watch. */
static int sleep_limit_ms(int64_t rest_ms, int64_t left_ms)
{
    if (rest_ms > 0 && rest_ms < left_ms)
        left_ms = rest_ms;
    return left_ms > 60000 ? 60000 : (int)left_ms;
}

static void follow(struct session *session)
{
    for (;;) {
        int64_t rest_ms = process_watch_rest_ms(session->watch);
        struct pollfd fds[] = {
            {.fd = session->run.child.output, .events = POLLIN},
            {.fd = session->run.child.diagnostics, .events = POLLIN},
            {.fd = session->ending ? -1 : interrupt_fd(), .events = POLLIN},
            {.fd = session->run.oom.ended, .events = POLLIN},
            {.fd = session->run.oom.above, .events = POLLPRI},
            {.fd = rest_ms < 0 ? process_watch_fd(session->watch) : -1, .events = POLLIN}};
        /* A command of the engine may have consumed the event of the signal. */
        if (!session->ending && interrupt_signal()) {
            session->outcome->signal = interrupt_signal();
            close_lifeline(session);
            continue;
        }
        int64_t left = session->deadline_ms - monotonic_ms();
        if (left <= 0) {
            if (!deadline_passed(session))
                return;
            continue;
        }
        if (poll(fds, sizeof fds / sizeof *fds, sleep_limit_ms(rest_ms, left)) < 0 &&
            errno != EINTR)
            return;
        if (fds[5].revents)
            process_watch_read(session->watch);
        /* This comes first, because the engine removes the cgroup soon. */
        if (fds[3].revents || fds[4].revents)
            oom_watch_poll(&session->run.oom);
        if (fds[1].revents)
            read_diagnostics(session);
        if (fds[0].revents && !read_records(session))
            return;
    }
}

static void collect(struct session *session)
{
    while (session->run.child.diagnostics >= 0) {
        struct pollfd fd = {.fd = session->run.child.diagnostics, .events = POLLIN};
        if (poll(&fd, 1, 1000) <= 0)
            break;
        read_diagnostics(session);
    }
    /* If its deadline has passed, the child does not end by itself. */
    bool hangs =
        session->killed || (session->outcome->complete && monotonic_ms() >= session->deadline_ms);
    session->status = child_wait(&session->run.child, hangs ? 1000 : 10000);
    child_release(&session->run.child);
    while (session->diagnostics_length &&
           session->diagnostics[session->diagnostics_length - 1] == '\n')
        session->diagnostics_length--;
    session->diagnostics[session->diagnostics_length] = '\0';
}

/* Returns the reason for the missing last record. The caller owns it. */
static char *incomplete_reason(const struct session *session)
{
    static const char what[] = "the records of the probe are incomplete";
    /* With a container, the child of the runner is the engine's CLI. */
    const char *who =
        engine_is_container(session->run.engine) ? session->run.engine->name : "the probe";
    if (*session->diagnostics)
        return xasprintf("%s: %s", what, session->diagnostics);
    if (WIFSIGNALED(session->status))
        return xasprintf("%s: %s was ended by signal %d (%s)", what, who, WTERMSIG(session->status),
                         strsignal(WTERMSIG(session->status)));
    if (session->status)
        return xasprintf("%s: %s exited %d", what, who, WEXITSTATUS(session->status));
    return xstrdup(what);
}

static int run_to_end(struct session *session, int64_t timeout_ms, struct bm_error *err)
{
    if (session->run.engine->start(&session->run, err) < 0)
        return -1;
    trace("session: started process %d", (int)session->run.child.pid);
    session->deadline_ms = timeout_ms > 0 ? monotonic_ms() + timeout_ms : INT64_MAX;
    follow(session);
    collect(session);
    if (!session->outcome->complete && !session->outcome->broken)
        session->outcome->broken = incomplete_reason(session);
    return 0;
}

/* On v2 the engine's flag counts kills at limits that the build itself set, so the kernel's final
 * count replaces it. A probe that sent its last record has reported kills itself. */
static bool was_oom_killed(struct session *session)
{
    struct oom_watch *oom = &session->run.oom;
    bool known = oom->kills >= 0 && oom->cgroup.version == 2;
    return oom->kills > 0 || (session->outcome->facts.oom_killed && !known) ||
           (!session->outcome->complete && oom_watch_reports(oom));
}

/* With a container, the child is the engine's CLI, which exits 128 + 9. */
static bool probe_was_killed(const struct session *session)
{
    int status = session->status;
    return !session->killed && (WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL
                                                    : WEXITSTATUS(status) == 128 + SIGKILL);
}

/* systemd-oomd kills all processes of a cgroup, so the probe cannot report the end of the build. */
static void name_outside_killers(struct session_outcome *outcome)
{
    char *reason CLEANUP(cleanup_free) = outcome->broken;
    outcome->broken = xasprintf("%s; the kernel counted no out-of-memory kill, so systemd-oomd "
                                "(journalctl -u systemd-oomd), earlyoom or a person killed it",
                                reason);
}

int session_run(const struct engine *engine, const struct engine_spec *spec, int64_t timeout_ms,
                struct daemon_watch *daemons, session_on_record *on_record, void *context,
                struct ledger *ledger, struct session_outcome *outcome, struct bm_error *err)
{
    struct session *session CLEANUP(cleanup_free) = xcalloc(1, sizeof *session);
    struct bm_error left CLEANUP(bm_error_release) = BM_ERROR_INIT;
    *outcome = (struct session_outcome){0};
    session->run = (struct engine_run){.engine = engine,
                                       .spec = spec,
                                       .child = CHILD_NONE,
                                       .peaks = STAGE_PEAKS_NONE,
                                       .oom = OOM_WATCH_NONE,
                                       .lock = -1};
    session->daemons = daemons;
    session->on_record = on_record;
    session->context = context;
    session->ledger = ledger;
    session->outcome = outcome;

    int result = run_to_end(session, timeout_ms, err);
    outcome->signal = outcome->signal ? outcome->signal : interrupt_signal();
    outcome->no_image = session->run.no_image && !outcome->signal;
    child_release(&session->run.child);
    stage_peaks_close(&session->run.peaks);
    oom_watch_poll(&session->run.oom); /* before finish() removes the cgroup */
    session->run.complete = outcome->complete;
    interrupt_hold(true);
    int finished = engine->finish(&session->run, &outcome->facts, &left);
    interrupt_hold(false);
    process_watch_close(session->watch);
    outcome->oom_killed = was_oom_killed(session);
    if (outcome->broken && session->run.oom.kills == 0 && probe_was_killed(session))
        name_outside_killers(outcome);
    oom_watch_close(&session->run.oom);
    if (finished < 0) {
        if (result == 0)
            result = bm_error_set(err, "cleaning up: %s", left.message);
        else
            bm_error_set(err, "%s; and cleaning up: %s", err->message, left.message);
    }
    free(session->run.cgroup);
    outcome->page_cache = session->run.page_cache;
    return result;
}
