#include "run/measure.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/git.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "base/trace.h"
#include "base/units.h"
#include "measurement/validity.h"
#include "run/output.h"
#include "run/recorder.h"
#include "run/session.h"
#include "run/workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- the plan of a run ---- */

/* Returns the path of the probe: beside build-mem in a build tree, in libexec if installed. The
 * caller owns it. */
static char *find_probe(struct bm_error *err)
{
    char self[PATH_MAX] = "";
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash = length > 0 ? strrchr(self, '/') : NULL;
    if (slash)
        *slash = '\0';
    char *places[] = {xasprintf("%s/build-mem-probe", self), xstrdup(PROBE_INSTALLED),
                      xasprintf("%s/../libexec/build-mem/build-mem-probe", self)};
    char *found = NULL;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (!found && access(places[i], X_OK) == 0)
            found = steal_ptr(places[i]);
    if (!found)
        bm_error_set(err, "build-mem-probe is missing at %s: run make install", PROBE_INSTALLED);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        free(places[i]);
    return found;
}

static char *command_text(const struct config *config)
{
    return config->build_argv.count ? strv_join(&config->build_argv, " ")
                                    : xstrdup(config->build_command);
}

static void fill_command(const struct config *config, struct strv *command)
{
    if (config->build_argv.count) {
        strv_push_all(command, &config->build_argv);
        return;
    }
    strv_push(command, "bash");
    strv_push(command, "-lc");
    strv_push(command, config->build_command);
}

/* Adds the engine's facts, and the reason if the run was not measured. */
static void add_outcome(struct measurement *m, struct session_outcome *outcome)
{
    m->build.timed_out = outcome->timed_out;
    m->build.oom_killed |= outcome->oom_killed;
    free(m->environment.engine_version);
    free(m->environment.image_digest);
    m->environment.engine_version = steal_ptr(outcome->facts.version);
    m->environment.image_digest = steal_ptr(outcome->facts.image_digest);
    if (outcome->too_late) {
        free(m->not_measured);
        m->not_measured = xstrdup("the engine did not start the build before the --timeout");
    }
    if (m->not_measured)
        return;
    if (outcome->signal) {
        /* The runner ended the build, so the exit status is not the build's. */
        m->build.exit_code = UNMEASURED;
        m->build.signal = 0;
        m->not_measured =
            xasprintf("interrupted by signal %d (%s)", outcome->signal, strsignal(outcome->signal));
    } else if (outcome->broken && outcome->facts.failure) {
        m->not_measured =
            xasprintf("%s; the engine reports: %s", outcome->broken, outcome->facts.failure);
    } else if (outcome->broken) {
        m->not_measured = xstrdup(outcome->broken);
    }
}

static void print_warmed(const struct page_cache *cache)
{
    char *workspace CLEANUP(cleanup_free) = format_bytes(cache->workspace_bytes);
    char *image CLEANUP(cleanup_free) = format_bytes(cache->image_bytes);
    fprintf(stderr, "build-mem: read before the build: %s of the workspace", workspace);
    if (cache->image_bytes) /* only a container has an image */
        fprintf(stderr, ", %s of the image", image);
    char *shortfall CLEANUP(cleanup_free) = text_one_line(cache->shortfall ? cache->shortfall : "");
    fprintf(stderr, "%s%s\n", *shortfall ? "; incomplete: " : "", shortfall);
}

/* Stores the daemons in the measurement. */
static void add_daemons(struct measurement *m, const struct daemon_watch *watch)
{
    struct found_daemon found[DAEMON_IDS];
    size_t count = daemon_watch_found(watch, found);
    for (size_t i = 0; i < count; i++) {
        const struct known_daemon *known = &known_daemons[found[i].id];
        *measurement_add_daemon(m) = (struct outside_daemon){
            .name = xstrdup(known->name),
            .processes = found[i].processes,
            .cpu_ms = found[i].cpu_ms,
            .asked_by = found[i].asked_by ? xstrdup(found[i].asked_by) : NULL,
            .fix = xstrdup(known->fix)};
    }
}

/* Before the build, which can take an hour. */
static void print_daemons(const struct daemon_watch *watch)
{
    struct measurement m;
    measurement_init(&m);
    add_daemons(&m, watch);
    for (size_t i = 0; i < m.outside_daemon_count; i++) {
        char *note CLEANUP(cleanup_free) = outside_daemon_note(&m.outside_daemons[i]);
        fprintf(stderr, "build-mem: note: %s\n", note);
    }
    measurement_release(&m);
}

/* ---- the run ---- */

static void trace_limits(const struct config *config)
{
    if (!trace_is_on())
        return;
    char *memory CLEANUP(cleanup_free) =
        config->memory_limit_bytes < 0 ? xstrdup("none") : format_bytes(config->memory_limit_bytes);
    char *timeout CLEANUP(cleanup_free) =
        config->timeout_ms > 0 ? format_duration(config->timeout_ms) : xstrdup("none");
    trace("limits: --memory %s, --timeout %s", memory, timeout);
}

/* Runs the build on the engine. Returns false if the engine could not start the build; the reason
 * is in `m->not_measured`. */
static bool run_with_engine(const struct engine *engine, const char *probe,
                            const struct config *config, const char *repo,
                            struct recorder *recorder, struct measurement *m)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct session_outcome outcome CLEANUP(session_outcome_release) = {0};
    struct strv stages CLEANUP(strv_release) = {0}, command CLEANUP(strv_release) = {0};
    char *name CLEANUP(cleanup_free) = engine_unique_name();
    for (size_t i = 0; i < config->stage_count; i++)
        strv_push(&stages, config->stages[i].match);
    fill_command(config, &command);
    char *out CLEANUP(cleanup_free) = config_in_repo(config, config->out);
    measurement_set_engine(m, engine->name,
                           engine->image_label ? engine->image_label : config->image);
    trace_limits(config);
    struct engine_spec spec = {
        .repo = repo,
        .probe_path = probe,
        .name = name,
        .image = engine->image_label ? NULL : config->image,
        .pull = pull_policy_name(config->pull),
        .user = config->user,
        .network = config->network,
        .engine_privileges = config->privileges == PRIVILEGES_ENGINE,
        .cache = config->cache,
        .out = out,
        .env = &config->env,
        .memory_limit_bytes = config->memory_limit_bytes,
        .interval_ms = config->interval_ms,
        .stages = &stages,
        .command = &command,
    };
    struct daemon_watch daemons CLEANUP(daemon_watch_release);
    daemon_watch_open(&daemons, engine, &spec);
    if (!config->quiet)
        print_daemons(&daemons);
    if (session_run(engine, &spec, config->timeout_ms, &daemons, recorder_take, recorder,
                    recorder_ledger(recorder), &outcome, &err) < 0) {
        free(m->not_measured);
        m->not_measured = xstrdup(err.message);
    }
    add_outcome(m, &outcome);
    /* An engine that could not start the build is followed by another one. */
    if (recorder_started(recorder))
        add_daemons(m, &daemons);
    if (config->cache == CACHE_WARM && recorder_started(recorder) && !config->quiet)
        print_warmed(&outcome.page_cache);
    return recorder_started(recorder) || outcome.signal || outcome.timed_out || outcome.too_late;
}

/* With --engine auto, a usable engine that cannot start the build is followed by the next one. */
static void run_build(const struct config *config, const char *repo, struct recorder *recorder,
                      struct measurement *m)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    const struct engine *engine = NULL;
    char *probe CLEANUP(cleanup_free) = find_probe(&err);
    if (probe)
        trace("probe: %s", probe);
    while (probe) {
        char *choice CLEANUP(cleanup_free) = NULL;
        engine = engine_select(engine_choice_name(config->engine), engine, &choice, &err);
        if (!engine)
            break;
        if (choice && !config->quiet)
            fprintf(stderr, "build-mem: engine %s\n", choice);
        if (run_with_engine(engine, probe, config, repo, recorder, m) ||
            config->engine != ENGINE_AUTO)
            return;
        fprintf(stderr, "build-mem: engine %s could not start the build: %s\n", engine->name,
                m->not_measured);
        bm_error_set(&err, "%s", m->not_measured);
        free(steal_ptr(m->not_measured));
    }
    m->not_measured = xstrdup(err.message);
}

/* The states of the config's artifacts, in its order. The caller owns the array. */
static struct artifact_state *artifact_states(const struct config *config, const char *repo)
{
    struct artifact_state *states = xcalloc(config->artifact_count, sizeof *states);
    for (size_t i = 0; i < config->artifact_count; i++)
        states[i] = artifact_state_of(repo, config->artifacts[i].path);
    return states;
}

/* Clears, runs and verifies the build once. */
static int measure_one(const struct config *config, const struct baseline *baseline,
                       const char *repo, const char *label, struct measurement *m,
                       struct series *series, int *status, struct bm_error *err)
{
    *status = EXIT_UNMEASURED;
    measurement_init(m);
    m->label = xstrdup(label);
    m->started_at = utc_now();
    m->commit = git_line(repo, "rev-parse", "HEAD");
    m->build.command = command_text(config);
    m->sampler.interval_ms = config->interval_ms;
    m->environment.cache_policy = config->cache;

    if (config->skip_clear)
        trace("clear: skipped by --skip-clear");
    else if (workspace_clear(repo, &config->clear, err) < 0) {
        *status = EXIT_USAGE;
        return -1;
    }
    char *out CLEANUP(cleanup_free) = config_in_repo(config, config->out);
    struct artifact_state *before CLEANUP(cleanup_free) = artifact_states(config, repo);
    struct workspace_start start = workspace_begin(repo, out);
    struct recorder *recorder = recorder_open(config, baseline, out, label, &start, m, series, err);
    if (!recorder)
        return -1;

    run_build(config, repo, recorder, m);
    recorder_close(recorder);
    verify_build_end(m);
    for (size_t i = 0; i < config->artifact_count; i++)
        verify_artifact(m, repo, config->artifacts[i].path, config->artifacts[i].required,
                        start.since, &before[i]);
    return 0;
}

/* A second run follows, so the files of the first one get a number, too. */
static int number_first_run(const char *out, struct measurement *first, struct bm_error *err)
{
    static const char *const kinds[][2] = {
        {"build", "log"}, {"timeline", "csv"}, {"processes", "csv"}, {"ledger", "csv"}};
    char *label = output_numbered_label(first->label, 1);
    char *old_label CLEANUP(cleanup_free) = first->label;
    first->label = label;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char *from CLEANUP(cleanup_free) =
            xasprintf("%s/%s-%s.%s", out, kinds[i][0], old_label, kinds[i][1]);
        char *to CLEANUP(cleanup_free) =
            xasprintf("%s/%s-%s.%s", out, kinds[i][0], label, kinds[i][1]);
        /* The build may have removed the file. */
        if (rename(from, to) < 0 && errno != ENOENT)
            return bm_error_errno(err, "cannot rename %s to %s", from, to);
    }
    return 0;
}

static bool can_be_judged(const struct measurement *m)
{
    char *reason CLEANUP(cleanup_free) = NULL, *advice CLEANUP(cleanup_free) = NULL;
    return run_validity(m, &reason, &advice) == RUN_VALID;
}

int measure_while(const struct config *config, const struct baseline *baseline,
                  another_run *another, void *context, struct runs *runs, int *status,
                  struct bm_error *err)
{
    char *repo CLEANUP(cleanup_free) = realpath(config->repo, NULL);
    struct measurement *last;
    *runs = (struct runs){0};
    *status = EXIT_USAGE;
    if (!repo)
        return bm_error_errno(err, "--repo %s", config->repo);
    if (config->cache == CACHE_COLD && page_cache_can_drop(err) < 0) {
        *status = EXIT_UNMEASURED;
        return bm_error_wrap(err, "--cache cold");
    }
    interrupt_init();
    do {
        *status = EXIT_USAGE;
        char *out CLEANUP(cleanup_free) = output_make(config, err);
        if (!out || (runs->count == 1 && number_first_run(out, runs->measurements, err) < 0))
            return -1;
        char *label CLEANUP(cleanup_free) =
            runs->count ? output_numbered_label(config->label, runs->count + 1)
                        : xstrdup(config->label);
        runs->measurements = xgrow(runs->measurements, runs->count, sizeof *runs->measurements);
        runs->series = xgrow(runs->series, runs->count, sizeof *runs->series);
        last = &runs->measurements[runs->count];
        struct series *series = &runs->series[runs->count++];
        *series = (struct series){0};
        trace("run %zu: label %s", runs->count, label);
        if (measure_one(config, baseline, repo, label, last, series, status, err) < 0)
            return -1;
    } while (can_be_judged(last) && another(runs->measurements, runs->count, context));
    trace("runs: %zu measured", runs->count);
    *status = EXIT_PASS;
    return 0;
}

static bool fewer_than_wanted(const struct measurement *runs, size_t count, void *context)
{
    const size_t *wanted = context;
    (void)runs;
    return count < *wanted;
}

int measure_runs(const struct config *config, const struct baseline *baseline, struct runs *runs,
                 int *status, struct bm_error *err)
{
    size_t wanted = (size_t)config->runs;
    return measure_while(config, baseline, fewer_than_wanted, &wanted, runs, status, err);
}

void runs_release(struct runs *runs)
{
    for (size_t i = 0; i < runs->count; i++) {
        measurement_release(&runs->measurements[i]);
        series_release(&runs->series[i]);
    }
    free(runs->measurements);
    free(runs->series);
    *runs = (struct runs){0};
}

static int by_memory_peak(const void *a, const void *b)
{
    const struct measurement *one = *(const struct measurement *const *)a;
    const struct measurement *other = *(const struct measurement *const *)b;
    return (one->peak.cgroup_bytes > other->peak.cgroup_bytes) -
           (one->peak.cgroup_bytes < other->peak.cgroup_bytes);
}

const struct measurement *typical_run(const struct measurement *runs, size_t count)
{
    const struct measurement *last = &runs[count - 1];
    if (!can_be_judged(last))
        return last;
    const struct measurement **sorted CLEANUP(cleanup_free) = xcalloc(count, sizeof *sorted);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &runs[i];
    qsort(sorted, count, sizeof *sorted, by_memory_peak);
    return sorted[(count - 1) / 2];
}
