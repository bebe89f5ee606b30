#include "run/measure.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/git.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "base/trace.h"
#include "base/units.h"
#include "measurement/environment.h"
#include "measurement/heap_ceiling.h"
#include "measurement/no_image.h"
#include "measurement/validity.h"
#include "result/result.h"
#include "run/output.h"
#include "run/recorder.h"
#include "run/session.h"
#include "run/workspace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the plan of a run ---- */

/* Returns the path of the probe: beside build-mem in a build tree, in libexec if installed. An
 * unpacked release comes before the installed probe, which can be of another version. The caller
 * owns the path. */
static char *find_probe(struct bm_error *err)
{
    char *places[] = {file_beside_program("build-mem-probe"),
                      file_beside_program("../libexec/build-mem/build-mem-probe"),
                      xstrdup(PROBE_INSTALLED)};
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

void build_command_of(const struct config *config, bool in_container, struct strv *command)
{
    if (config->build_argv.count) {
        strv_push_all(command, &config->build_argv);
        return;
    }
    strv_push(command, "bash");
    strv_push(command, in_container ? "-c" : "-lc");
    strv_push(command, config->build_command);
}

/* Returns a file of the repository that the container must see too: the log of this run, which no
 * other directory has, or with an --out elsewhere any file. NULL if there is none. The caller owns
 * it. */
static char *find_marker(const char *repo, const char *out, const char *label)
{
    char *real CLEANUP(cleanup_free) = realpath(out, NULL);
    size_t length = strlen(repo);
    if (real && strncmp(real, repo, length) == 0 && real[length] == '/')
        return xasprintf("%s/build-%s.log", real + length + 1, label);
    char *marker = NULL;
    DIR *directory = opendir(repo);
    for (struct dirent *entry; directory && !marker && (entry = readdir(directory));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            marker = xstrdup(entry->d_name);
    if (directory)
        closedir(directory);
    return marker;
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

/* Before the build, which can take an hour. The variables of an image are known only after it. */
static void print_heap_ceilings(const struct config *config, const struct strv *command,
                                bool in_container)
{
    struct heap_ceilings ceilings CLEANUP(heap_ceilings_release) = {0};
    struct strv notes CLEANUP(strv_release) = {0};
    int64_t limit_bytes = config->memory_limit_bytes;
    for (const char *const *name = heap_variables; *name; name++) {
        const char *value = variables_find(&config->env, *name);
        if (!value && (!in_container || strv_contains(&config->env, *name)))
            value = getenv(*name);
        char *variable CLEANUP(cleanup_free) = xasprintf("%s=%s", *name, value ? value : "");
        heap_ceilings_find(*name, variable, limit_bytes, &ceilings);
    }
    for (size_t i = 0; i < command->count; i++)
        heap_ceilings_find("the build command", command->items[i], limit_bytes, &ceilings);
    heap_ceilings_note(&ceilings, limit_bytes, &notes);
    for (size_t i = 0; i < notes.count; i++)
        fprintf(stderr, "build-mem: note: %s\n", notes.items[i]);
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

/* Runs the build on the engine. If the engine could not start it, the reason is in
 * `m->not_measured`. */
static void run_with_engine(const struct engine *engine, const char *probe,
                            const struct config *config, const char *repo,
                            struct recorder *recorder, struct measurement *m,
                            struct session_outcome *outcome)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct strv stages CLEANUP(strv_release) = {0}, command CLEANUP(strv_release) = {0};
    struct strv image_paths CLEANUP(strv_release) = {0};
    char *name CLEANUP(cleanup_free) = engine_unique_name();
    for (size_t i = 0; i < config->stage_count; i++)
        strv_push(&stages, config->stages[i].match);
    for (size_t i = 0; i < config->artifact_count; i++)
        if (artifact_is_in_image(&config->artifacts[i]))
            strv_push(&image_paths, config->artifacts[i].path);
    bool in_container = engine_is_container(engine);
    build_command_of(config, in_container, &command);
    char *out CLEANUP(cleanup_free) = config_in_repo(config, config->out);
    measurement_set_engine(m, engine->name,
                           engine->image_label ? engine->image_label : config->image);
    char *git_common CLEANUP(cleanup_free) = in_container ? git_worktree_common(repo) : NULL;
    char *marker CLEANUP(cleanup_free) = in_container ? find_marker(repo, out, m->label) : NULL;
    trace_limits(config);
    struct engine_spec spec = {
        .repo = repo,
        .probe_path = probe,
        .name = name,
        .image = in_container ? config->image : NULL,
        .pull = pull_policy_name(config->pull),
        .pulling = recorder_pulling,
        .pulling_context = recorder,
        .user = config->user,
        .network = config->network,
        .git_common = git_common,
        .marker = marker,
        .shm_bytes = config->shm_bytes,
        .engine_args = &config->engine_args,
        .engine_privileges = config->privileges == PRIVILEGES_ENGINE,
        .cache = config->cache,
        .out = out,
        .env = &config->env,
        .memory_limit_bytes = config->memory_limit_bytes,
        .interval_ms = config->interval_ms,
        .guard_percent = config->guard_percent,
        .stages = &stages,
        .command = &command,
        .deep = config->is_deep_run,
        .sh_fallback = in_container && !config->build_argv.count,
        .cold = !config->skip_clear,
        .image_paths = &image_paths,
    };
    struct daemon_watch daemons CLEANUP(daemon_watch_release);
    daemon_watch_open(&daemons, engine, &spec);
    if (!config->quiet)
        print_daemons(&daemons);
    if (!config->quiet && !engine->outside) /* a step does not inherit the variables */
        print_heap_ceilings(config, &command, in_container);
    if (session_run(engine, &spec, config->timeout_ms, &daemons, recorder_take, recorder,
                    recorder_ledger(recorder), outcome, &err) < 0) {
        free(m->not_measured);
        bool no_image = outcome->no_image || (in_container && image_is_missing(err.message));
        m->not_measured = no_image
                              ? no_image_reason(config->image, config->image_origin, err.message)
                              : xstrdup(err.message);
    }
    add_outcome(m, outcome);
    if (recorder_started(recorder))
        add_daemons(m, &daemons);
    if (config->cache == CACHE_WARM && recorder_started(recorder) && !config->quiet)
        print_warmed(&outcome->page_cache);
}

static const struct engine *select_engine(const struct config *config, char **choice,
                                          struct bm_error *err)
{
    struct strv command CLEANUP(strv_release) = {0};
    build_command_of(config, false, &command);
    return engine_select(engine_choice_name(config->engine), &command, choice, err);
}

/* `*engine` is the engine of the earlier runs; NULL: the first run, which selects it. With --engine
 * auto, an engine that cannot start the build is not followed by another one: a build must not get
 * more rights because an engine fails. */
static void run_build(const struct config *config, const char *repo, const struct engine **engine,
                      struct recorder *recorder, struct measurement *m,
                      struct session_outcome *outcome)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *choice CLEANUP(cleanup_free) = NULL;
    char *probe CLEANUP(cleanup_free) = find_probe(&err);
    if (probe)
        trace("probe: %s", probe);
    if (probe && !*engine)
        *engine = select_engine(config, &choice, &err);
    if (choice && !config->quiet)
        fprintf(stderr, "build-mem: engine %s\n", choice);
    if (probe && *engine)
        run_with_engine(*engine, probe, config, repo, recorder, m, outcome);
    else
        m->not_measured = xstrdup(err.message);
}

/* The files of the config's artifacts, in its order. The engine looks into the image. */
static struct artifact_files *find_artifacts(const struct config *config, const char *repo)
{
    struct artifact_files *files = xcalloc(config->artifact_count, sizeof *files);
    for (size_t i = 0; i < config->artifact_count; i++)
        if (!artifact_is_in_image(&config->artifacts[i]))
            files[i] = artifact_find(repo, config->artifacts[i].path);
    return files;
}

static void verify_images(struct measurement *m, const struct engine_facts *facts)
{
    for (size_t i = 0; i < facts->built_count; i++) {
        const struct built *built = &facts->built[i];
        if (built->kind == BUILT_PATH)
            continue;
        char *path CLEANUP(cleanup_free) =
            xasprintf("image%s%s", *built->name ? " " : "", built->name);
        verify_built(m, path, built->kind == BUILT_IMAGE, built->ok, built->detail);
    }
}

static void verify_in_image(struct measurement *m, const struct artifact_rule *rule,
                            const struct engine_facts *facts)
{
    for (size_t i = 0; i < facts->built_count; i++) {
        const struct built *built = &facts->built[i];
        if (built->kind == BUILT_PATH && strcmp(built->name, rule->path) == 0) {
            verify_built(m, rule->path, rule->required, built->ok, built->detail);
            return;
        }
    }
    verify_built(m, rule->path, rule->required, false,
                 "not verified: it is a path in an image, and no new image was found");
}

/* `before` are the files at the start. */
static void verify_artifacts(struct measurement *m, const struct config *config, const char *repo,
                             const struct workspace_start *start,
                             const struct artifact_files *before, const struct engine_facts *facts)
{
    for (size_t i = 0; i < config->artifact_count; i++) {
        const struct artifact_rule *rule = &config->artifacts[i];
        if (artifact_is_in_image(rule))
            verify_in_image(m, rule, facts);
        else
            verify_artifact(m, repo, rule->path, rule->required, start->since, &before[i]);
    }
}

/* The first record of the probe, which comes before the build starts, has the architecture. */
static bool may_have_begun(const struct measurement *m)
{
    return m->environment.architecture || m->build.exit_code >= 0 || m->build.signal;
}

/* Clears, runs and verifies the build once. A build that never began has nothing to verify. */
static int measure_one(const struct config *config, const struct baseline *baseline,
                       const char *repo, const char *label, const struct engine **engine,
                       struct measurement *m, struct series *series, int *status,
                       struct bm_error *err)
{
    *status = EXIT_UNMEASURED;
    measurement_init(m);
    m->label = xstrdup(label);
    m->started_at = utc_now();
    m->commit = git_commit(repo);
    m->build.command = config_command_text(config);
    m->sampler.interval_ms = config->interval_ms;
    m->environment.cache_policy = config->cache;

    if (config->skip_clear)
        trace("clear: skipped by --skip-clear");
    else if (workspace_clear(repo, &config->clear, err) < 0) {
        *status = EXIT_USAGE;
        return -1;
    }
    char *out CLEANUP(cleanup_free) = config_in_repo(config, config->out);
    struct artifact_files *before CLEANUP(cleanup_free) = find_artifacts(config, repo);
    struct workspace_start start = workspace_begin(repo, out);
    struct recorder *recorder = recorder_open(config, baseline, out, label, &start, m, series, err);
    if (recorder) {
        struct session_outcome outcome CLEANUP(session_outcome_release) = {0};
        run_build(config, repo, engine, recorder, m, &outcome);
        recorder_close(recorder);
        if (may_have_begun(m)) {
            verify_build_end(m);
            verify_images(m, &outcome.facts);
            verify_artifacts(m, config, repo, &start, before, &outcome.facts);
        }
    }
    for (size_t i = 0; i < config->artifact_count; i++)
        artifact_files_release(&before[i]);
    return recorder ? 0 : -1;
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

bool measured_well(const struct measurement *m)
{
    char *reason CLEANUP(cleanup_free) = NULL, *advice CLEANUP(cleanup_free) = NULL;
    return run_validity(m, &reason, &advice) == RUN_VALID;
}

int measure_begin(const struct config *config, int *status, struct bm_error *err)
{
    *status = EXIT_UNMEASURED;
    if (config->cache == CACHE_COLD && page_cache_can_drop(err) < 0)
        return bm_error_wrap(err, "--cache cold");
    interrupt_init();
    return 0;
}

int measure_tree(const struct config *config, const char *repo, const char *label,
                 const struct baseline *baseline, const struct engine **engine, struct runs *runs,
                 int *status, struct bm_error *err)
{
    runs->measurements = xgrow(runs->measurements, runs->count, sizeof *runs->measurements);
    runs->series = xgrow(runs->series, runs->count, sizeof *runs->series);
    struct measurement *m = &runs->measurements[runs->count];
    struct series *series = &runs->series[runs->count++];
    *series = (struct series){0};
    trace("run %zu: label %s", runs->count, label);
    return measure_one(config, baseline, repo, label, engine, m, series, status, err);
}

int measure_while(const struct config *config, const struct baseline *baseline,
                  another_run *another, void *context, struct runs *runs, int *status,
                  struct bm_error *err)
{
    char *repo CLEANUP(cleanup_free) = realpath(config->repo, NULL);
    const struct engine *engine = NULL; /* of all runs */
    *runs = (struct runs){0};
    *status = EXIT_USAGE;
    if (!repo)
        return bm_error_errno(err, "--repo %s", config->repo);
    if (measure_begin(config, status, err) < 0)
        return -1;
    do {
        *status = EXIT_USAGE;
        char *out CLEANUP(cleanup_free) = output_make(config, err);
        if (!out || (runs->count == 1 && number_first_run(out, runs->measurements, err) < 0))
            return -1;
        char *label CLEANUP(cleanup_free) =
            runs->count ? output_numbered_label(config->label, runs->count + 1)
                        : xstrdup(config->label);
        if (measure_tree(config, repo, label, baseline, &engine, runs, status, err) < 0)
            return -1;
    } while (measured_well(&runs->measurements[runs->count - 1]) &&
             another(runs->measurements, runs->count, context));
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
        if (runs->series)
            series_release(&runs->series[i]);
    }
    free(runs->measurements);
    free(runs->series);
    deep_run_free(runs->deep);
    *runs = (struct runs){0};
}

int runs_load(struct runs *runs, const char *out, const char *label, struct bm_error *err)
{
    struct result result CLEANUP(result_release) = {0};
    char *path CLEANUP(cleanup_free) = xasprintf("%s/result-%s.json", out, label);
    if (result_read(path, &result, err) < 0 || result_read_series(path, &result, err) < 0)
        return -1;
    runs->measurements = xgrow(runs->measurements, runs->count, sizeof *runs->measurements);
    runs->series = xgrow(runs->series, runs->count, sizeof *runs->series);
    runs->measurements[runs->count] = result.measurement;
    runs->series[runs->count++] = result.series;
    measurement_init(&result.measurement);
    result.series = (struct series){0};
    return 0;
}

void runs_drop_last(struct runs *runs)
{
    measurement_release(&runs->measurements[--runs->count]);
    series_release(&runs->series[runs->count]);
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
    if (!measured_well(last))
        return last;
    const struct measurement **sorted CLEANUP(cleanup_free) = xcalloc(count, sizeof *sorted);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &runs[i];
    qsort(sorted, count, sizeof *sorted, by_memory_peak);
    return sorted[(count - 1) / 2];
}
