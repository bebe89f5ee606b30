#include "run/deep.h"

#include "base/alloc.h"
#include "base/interrupt.h"
#include "engine/image_command.h"
#include "measurement/validity.h"
#include "run/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int deep_check(const struct config *config, int *status, struct bm_error *err)
{
    *status = EXIT_USAGE;
    struct strv command CLEANUP(strv_release) = {0};
    build_command_of(config, false, &command);
    bool is_image = config->engine == ENGINE_IMAGE ||
                    (config->engine == ENGINE_AUTO && is_image_build(&command));
    if (!config->deep || !is_image)
        return 0;
    return bm_error_set(err, "--deep: the processes of an image build belong to a daemon, and do "
                             "not inherit the variables that it needs: measure the commands of "
                             "its RUN steps with another engine, or remove --deep");
}

/* Lists processes that should have reported, such as after NODE_OPTIONS was replaced. */
static void add_silent(struct deep_run *deep, const struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct process_usage *process = &snapshot->processes[i];
        bool reported = !runtime_is_known(process->command);
        for (size_t k = 0; k < deep->count && !reported; k++)
            reported = deep->processes[k].pid == process->pid;
        /* A smaller one can have reported, and is not kept. */
        bool smaller = deep->count == RUNTIME_PROCESSES_MAX &&
                       process->hwm_bytes <= deep->processes[deep->count - 1].rss_bytes;
        if (!reported && !smaller && deep->silent.count < RUNTIME_PROCESSES_MAX)
            strv_pushf(&deep->silent, "%s (pid %" PRId64 ")", process->name, process->pid);
    }
}

static char *failure_of(const struct measurement *m)
{
    char *reason CLEANUP(cleanup_free) = NULL, *advice CLEANUP(cleanup_free) = NULL;
    return run_validity(m, &reason, &advice) == RUN_VALID ? NULL : steal_ptr(reason);
}

static struct deep_run *take(struct measurement *m)
{
    struct deep_run *deep = m->deep ? steal_ptr(m->deep) : deep_run_new();
    deep->failure = failure_of(m);
    add_silent(deep, &m->peak.at_peak);
    return deep;
}

/* Uses the engine of the earlier runs, which "auto" may have selected. */
static int measure(const struct config *config, const struct measurement *earlier,
                   struct runs *runs, struct bm_error *err)
{
    int status;
    const struct engine *engine = NULL;
    struct config own = *config; /* shallow: it owns nothing */
    own.is_deep_run = true;
    char *repo CLEANUP(cleanup_free) = realpath(config->repo, NULL);
    char *out CLEANUP(cleanup_free) = output_make(config, err);
    char *label CLEANUP(cleanup_free) = xasprintf("%s-deep", config->label);
    if (!repo)
        return bm_error_errno(err, "--repo %s", config->repo);
    if (!out || (earlier->environment.engine &&
                 config_set(&own, "engine", earlier->environment.engine, err) < 0))
        return -1;
    return measure_tree(&own, repo, label, NULL, &engine, runs, &status, err);
}

void deep_measure(const struct config *config, struct runs *runs)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct runs alone CLEANUP(runs_release) = {0};
    const struct measurement *last = &runs->measurements[runs->count - 1];
    if (!config->deep || interrupt_signal() || last->not_measured)
        return;
    fputs("build-mem: deep run: building once more, with the figures of Node.js and the JVM; it is "
          "not judged\n",
          stderr);
    if (measure(config, last, &alone, &err) == 0) {
        runs->deep = take(&alone.measurements[0]);
        return;
    }
    runs->deep = deep_run_new();
    runs->deep->failure = xstrdup(err.message);
}
