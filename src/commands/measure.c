#include "commands/measure.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/units.h"
#include "commands/commands.h"
#include "engine/interrupt.h"
#include "engine/session.h"
#include "measurement/fold.h"
#include "measurement/workspace.h"
#include "report/holders.h"
#include "report/timeline.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Where a run's records go as they come. */
struct recorder {
    struct fold *fold;
    struct timeline *timeline;
    struct holders *holders;
    bool started;        /* the probe has spoken */
    int log;             /* build-<label>.log */
    int log_errno;       /* of the first write to it that failed; 0 */
    int64_t patience_ms; /* how long the terminal may keep us waiting in all; -1: for ever */
};

static void write_log(struct recorder *recorder, const char *bytes, size_t length)
{
    while (length && !recorder->log_errno) {
        ssize_t put = write(recorder->log, bytes, length);
        if (put < 0 && errno != EINTR)
            recorder->log_errno = errno;
        if (put > 0) {
            bytes += put;
            length -= (size_t)put;
        }
    }
}

/* The build's output on the terminal. A reader that does not read (a paused terminal) makes the
 * build wait, as it would without us, but not past an interrupt or the time that the build has;
 * what is then left out stands in the log. */
static void show_output(struct recorder *recorder, const char *bytes, size_t length)
{
    while (length) {
        struct pollfd fds[] = {{.fd = STDERR_FILENO, .events = POLLOUT},
                               {.fd = interrupt_fd(), .events = POLLIN}};
        int ready = poll(fds, 2, 100);
        if (fds[1].revents || (ready < 0 && errno != EINTR))
            return;
        if (ready <= 0 || !fds[0].revents) {
            if (recorder->patience_ms >= 0 && (recorder->patience_ms -= 100) < 0) {
                recorder->patience_ms = 0;
                return;
            }
            continue;
        }
        /* POLLOUT promises room for PIPE_BUF bytes. */
        ssize_t put = write(STDERR_FILENO, bytes, length < PIPE_BUF ? length : PIPE_BUF);
        if (put < 0 && errno != EINTR && errno != EAGAIN)
            return;
        bytes += put > 0 ? put : 0;
        length -= put > 0 ? (size_t)put : 0;
    }
}

static void take_record(void *context, const struct wire_record *record)
{
    struct recorder *recorder = context;
    if (record->type == WIRE_OUTPUT) {
        write_log(recorder, record->output.bytes, record->output.length);
        show_output(recorder, record->output.bytes, record->output.length);
        return;
    }
    recorder->started = true;
    if (record->type == WIRE_HOLDING)
        holders_take(recorder->holders, record->holding.t_ms, record->holding.command,
                     record->holding.pss_bytes);
    fold_record(recorder->fold, record);
    if (record->type == WIRE_SAMPLE)
        timeline_add(recorder->timeline,
                     &(struct timeline_row){
                         .t_ms = record->sample.t_ms,
                         .stage = fold_stage_name(recorder->fold, record->sample.stage),
                         .cgroup_current_bytes = record->sample.cgroup_bytes,
                         .pss_bytes = record->sample.pss_bytes,
                         .anon_bytes = record->sample.anon_bytes,
                         .file_bytes = record->sample.file_bytes,
                         .processes = record->sample.processes,
                     });
}

/* ---- what a run is made of ---- */

/* The probe lies beside build-mem in a build tree, and in the libexec directory once installed. */
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
        bm_error_set(err, "build-mem-probe is not at %s: make install puts it there",
                     PROBE_INSTALLED);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        free(places[i]);
    return found;
}

static char *utc_now(void)
{
    char text[32];
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return xstrdup(text);
}

static char *commit_of(const char *repo)
{
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct captured captured CLEANUP(captured_release) = {0};
    struct strv argv CLEANUP(strv_release) = {0};
    strv_push(&argv, "git");
    strv_push(&argv, "-C");
    strv_push(&argv, repo);
    strv_push(&argv, "rev-parse");
    strv_push(&argv, "HEAD");
    if (child_capture(argv.items, 10000, &captured, &ignored) < 0 || captured.exit_status != 0)
        return NULL;
    return xstrndup(captured.output, strcspn(captured.output, "\r\n"));
}

static char *command_as_typed(const struct config *config)
{
    if (config->build_argv.count == 0)
        return xstrdup(config->build_command);
    char *text = xstrdup(config->build_argv.items[0]);
    for (size_t i = 1; i < config->build_argv.count; i++) {
        char *longer = xasprintf("%s %s", text, config->build_argv.items[i]);
        free(text);
        text = longer;
    }
    return text;
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

/* What the engine knows goes beside what the probe told. */
static void take_outcome(struct measurement *m, struct session_outcome *outcome)
{
    m->build.timed_out = outcome->timed_out;
    m->build.oom_killed |= outcome->facts.oom_killed;
    free(m->environment.engine_version);
    free(m->environment.image_digest);
    m->environment.engine_version = steal_ptr(outcome->facts.version);
    m->environment.image_digest = steal_ptr(outcome->facts.image_digest);
    if (m->not_measured)
        return;
    if (outcome->signal) {
        /* How the build ended then is our own doing. */
        m->build.exit_code = UNMEASURED;
        m->build.signal = 0;
        m->not_measured =
            xasprintf("interrupted by signal %d (%s)", outcome->signal, strsignal(outcome->signal));
    } else if (outcome->broken && outcome->facts.failure) {
        m->not_measured =
            xasprintf("%s; the engine says: %s", outcome->broken, outcome->facts.failure);
    } else if (outcome->broken) {
        m->not_measured = xstrdup(outcome->broken);
    }
}

/* ---- the run ---- */

/* Runs the build on the engine. Returns false where the engine could not start it: then nothing
 * has been measured, and `m->not_measured` says why. */
static bool run_on(const struct engine *engine, const char *probe, const struct config *config,
                   const char *repo, struct recorder *recorder, struct measurement *m)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct session_outcome outcome CLEANUP(session_outcome_release) = {0};
    struct strv stages CLEANUP(strv_release) = {0}, command CLEANUP(strv_release) = {0};
    char *name CLEANUP(cleanup_free) = engine_unique_name();
    for (size_t i = 0; i < config->stage_count; i++)
        strv_push(&stages, config->stages[i].match);
    fill_command(config, &command);
    measurement_set_engine(m, engine->name,
                           engine->image_label ? engine->image_label : config->image);
    struct engine_spec spec = {
        .repo = repo,
        .probe_path = probe,
        .name = name,
        .image = engine->image_label ? NULL : config->image,
        .pull = pull_policy_name(config->pull),
        .user = config->user,
        .network = config->network,
        .env = &config->env,
        .memory_limit_bytes = config->memory_limit_bytes,
        .interval_ms = config->interval_ms,
        .stages = &stages,
        .command = &command,
    };
    if (session_run(engine, &spec, config->timeout_ms, take_record, recorder, &outcome, &err) < 0) {
        free(m->not_measured);
        m->not_measured = xstrdup(err.message);
    }
    take_outcome(m, &outcome);
    return recorder->started || outcome.signal || outcome.timed_out;
}

/* With "auto" an engine that answers, but then cannot start the build, gives way to the next. */
static void run_build(const struct config *config, const char *repo, struct recorder *recorder,
                      struct measurement *m)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    const struct engine *engine = NULL;
    char *probe CLEANUP(cleanup_free) = find_probe(&err);
    while (probe) {
        char *why CLEANUP(cleanup_free) = NULL;
        engine = engine_select(engine_choice_name(config->engine), engine, &why, &err);
        if (!engine)
            break;
        if (why)
            fprintf(stderr, "build-mem: engine %s\n", why);
        if (run_on(engine, probe, config, repo, recorder, m) || config->engine != ENGINE_AUTO)
            return;
        fprintf(stderr, "build-mem: %s could not start the build: %s\n", engine->name,
                m->not_measured);
        bm_error_set(&err, "%s", m->not_measured);
        free(steal_ptr(m->not_measured));
    }
    m->not_measured = xstrdup(err.message);
}

static int open_log(const struct config *config, const char *label, struct bm_error *err)
{
    char *out CLEANUP(cleanup_free) = config_in_repo(config, config->out);
    char *path CLEANUP(cleanup_free) = xasprintf("%s/build-%s.log", out, label);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    return fd < 0 ? bm_error_errno(err, "%s", path) : fd;
}

static struct timeline *open_timeline(const struct config *config, const char *label,
                                      struct bm_error *err)
{
    char *out CLEANUP(cleanup_free) = config_in_repo(config, config->out);
    char *path CLEANUP(cleanup_free) = xasprintf("%s/timeline-%s.csv", out, label);
    return timeline_open(path, err);
}

static void name_stages(const struct config *config, struct strv *names)
{
    for (size_t i = 0; i < config->stage_count; i++)
        strv_push(names, config->stages[i].name);
}

/* A file of the run that could not be written is told in the measurement, so that the rest of what
 * is known still gets out. */
static void settle_files(const struct config *config, struct recorder *recorder, const char *label,
                         struct measurement *m)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *out CLEANUP(cleanup_free) = config_in_repo(config, config->out);
    char *path CLEANUP(cleanup_free) = xasprintf("%s/processes-%s.csv", out, label);
    int failed = timeline_close(recorder->timeline, &err);
    if (!failed)
        failed = holders_write(recorder->holders, path, &err);
    if (recorder->log_errno) {
        errno = recorder->log_errno;
        failed = bm_error_errno(&err, "build-%s.log: cannot write", label);
    }
    if (failed && !m->not_measured)
        m->not_measured = xstrdup(err.message);
}

/* The story of one run. */
static int measure_one(const struct config *config, const char *repo, const char *label,
                       struct measurement *m, int *status, struct bm_error *err)
{
    struct recorder recorder = {.log = -1,
                                .patience_ms = config->timeout_ms > 0 ? config->timeout_ms : -1};
    struct strv stage_names CLEANUP(strv_release) = {0};
    *status = EXIT_UNMEASURED;
    measurement_init(m);
    m->label = xstrdup(label);
    m->started_at = utc_now();
    m->commit = commit_of(repo);
    m->build.command = command_as_typed(config);
    m->sampler.interval_ms = config->interval_ms;

    if (!config->skip_clear && workspace_clear(repo, &config->clear, err) < 0) {
        *status = EXIT_USAGE;
        return -1;
    }
    int log CLEANUP(cleanup_fd) = open_log(config, label, err);
    if (log < 0 || !(recorder.timeline = open_timeline(config, label, err)))
        return -1;
    name_stages(config, &stage_names);
    struct fold *fold CLEANUP(cleanup_fold) = fold_new(m, &stage_names);
    struct holders *holders CLEANUP(cleanup_holders) = holders_new();
    recorder.fold = fold;
    recorder.holders = holders;
    recorder.log = log;

    struct timespec since = workspace_now();
    run_build(config, repo, &recorder, m);
    fold_finish(fold);
    verify_build_end(m);
    for (size_t i = 0; i < config->artifact_count; i++)
        verify_artifact(m, repo, config->artifacts[i].path, config->artifacts[i].required, since);

    settle_files(config, &recorder, label, m);
    return 0;
}

int measure_runs(const struct config *config, struct measurement **runs, size_t *count, int *status,
                 struct bm_error *err)
{
    char *out CLEANUP(cleanup_free) = config_in_repo(config, config->out);
    char *repo CLEANUP(cleanup_free) = realpath(config->repo, NULL);
    *runs = NULL;
    *count = 0;
    *status = EXIT_USAGE;
    if (!repo)
        return bm_error_errno(err, "--repo %s", config->repo);
    if (file_make_dirs(out, err) < 0)
        return -1;
    interrupt_init();
    *runs = xcalloc((size_t)config->runs, sizeof **runs);
    while (*count < (size_t)config->runs) {
        char *label CLEANUP(cleanup_free) = config->runs == 1
                                                ? xstrdup(config->label)
                                                : xasprintf("%s-%zu", config->label, *count + 1);
        struct measurement *m = &(*runs)[(*count)++];
        if (measure_one(config, repo, label, m, status, err) < 0)
            return -1;
        if (m->not_measured || !measurement_verified(m))
            break;
    }
    *status = EXIT_PASS;
    return 0;
}

void release_runs(struct measurement *runs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        measurement_release(&runs[i]);
    free(runs);
}

static int by_headline(const void *a, const void *b)
{
    const struct measurement *one = *(const struct measurement *const *)a;
    const struct measurement *other = *(const struct measurement *const *)b;
    return (one->peak.cgroup_bytes > other->peak.cgroup_bytes) -
           (one->peak.cgroup_bytes < other->peak.cgroup_bytes);
}

const struct measurement *typical_run(const struct measurement *runs, size_t count)
{
    const struct measurement *last = &runs[count - 1];
    if (last->not_measured || !measurement_verified(last))
        return last;
    const struct measurement **sorted CLEANUP(cleanup_free) = xcalloc(count, sizeof *sorted);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &runs[i];
    qsort(sorted, count, sizeof *sorted, by_headline);
    return sorted[(count - 1) / 2];
}
