#include "doctor/trial.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "base/units.h"
#include "config/config.h"
#include "engine/scratch_image.h"
#include "run/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LABEL "trial"
#define OUT ".build-mem"
#define MADE "made"
#define LOG_MAX 65536

void trial_release(struct trial *trial)
{
    free(trial->reason);
    free(trial->absent_image);
    measurement_release(&trial->measured);
    *trial = (struct trial){0};
}

static bool is_in_path(const char *program)
{
    const char *path = getenv("PATH");
    for (const char *at = path ? path : "/usr/bin:/bin"; *at; at += strspn(at, ":")) {
        size_t length = strcspn(at, ":");
        char *file CLEANUP(cleanup_free) = xasprintf("%.*s/%s", (int)length, at, program);
        if (access(file, X_OK) == 0)
            return true;
        at += length;
    }
    return false;
}

/* ---- the build ---- */

static void set(struct config *config, const char *flag, const char *value)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    if (config_set(config, flag, value, &err) < 0)
        BM_BUG("a setting refuses a value of the trial");
}

static void describe_build(struct config *config, const char *directory, const char *image,
                           bool limited)
{
    config_init(config);
    strv_release(&config->clear);
    config_drop_stages(config);
    config_drop_artifacts(config);
    set(config, "repo", directory);
    set(config, "out", OUT);
    set(config, "label", LABEL);
    set(config, "quiet", NULL);
    set(config, "timeout", "2m");
    set(config, "interval-ms", "20");
    if (image) {
        set(config, "image", image);
        set(config, "pull", "never");
        set(config, "network", "none");
    }
    if (limited)
        config->memory_limit_bytes = TRIAL_LIMIT_BYTES;
    strv_push(&config->clear, MADE);
    config_add_stage(config, "hold", " --trial [0-9]");
    config_add_stage(config, "write", " --trial-end ");
    config_add_artifact(config, MADE, true);
    /* The probe starts the build, so this is the probe in a container and on this machine. */
    strv_push(&config->build_argv, "/proc/self/exe");
    strv_push(&config->build_argv, "--trial");
    strv_pushf(&config->build_argv, "%lld", (long long)TRIAL_BYTES);
    strv_push(&config->build_argv, MADE);
}

/* Replaces the measurement of the trial. */
static void measure(struct trial *trial, const char *directory, const char *image, bool limited)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct config config CLEANUP(config_release);
    struct runs runs CLEANUP(runs_release) = {0};
    const struct engine *engine = trial->engine;
    int status;
    describe_build(&config, directory, image, limited);
    char *out CLEANUP(cleanup_free) = xasprintf("%s/" OUT, directory);
    measurement_release(&trial->measured);
    measurement_init(&trial->measured);
    if (file_make_dirs(out, &err) < 0 ||
        measure_tree(&config, directory, LABEL, NULL, &engine, &runs, &status, &err) < 0) {
        trial->measured.not_measured = xstrdup(err.message);
        return;
    }
    measurement_release(&trial->measured);
    trial->measured = runs.measurements[0];
    measurement_init(&runs.measurements[0]);
}

/* ---- the result ---- */

/* Returns the last line that the build printed. The caller owns it. */
static char *last_line_of_log(const char *directory)
{
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *path CLEANUP(cleanup_free) = xasprintf("%s/" OUT "/build-" LABEL ".log", directory);
    char *text CLEANUP(cleanup_free) = NULL;
    if (file_read(path, LOG_MAX, &text, NULL, &ignored) < 0)
        return xstrdup("no output");
    for (size_t length = strlen(text); length && text[length - 1] == '\n'; length--)
        text[length - 1] = '\0';
    const char *newline = strrchr(text, '\n');
    return xstrdup(newline ? newline + 1 : *text ? text : "no output");
}

/* The kernel rounds a limit to pages, which have up to 64 KiB. */
static bool limit_is_in_force(const struct measurement *m)
{
    return m->peak.limit_bytes > 0 && m->peak.limit_bytes < TRIAL_LIMIT_BYTES + 65536;
}

/* Returns the reason that the build was not measured, or measured wrongly; NULL: it was measured.
 * The caller owns it. */
static char *failure_of(const struct trial *trial, const char *directory, bool limited)
{
    const struct measurement *m = &trial->measured;
    if (m->not_measured)
        return text_one_line(m->not_measured);
    if (limited && !limit_is_in_force(m))
        return xstrdup("the cgroup of the build has no memory limit of 64 MiB");
    if (!measurement_verified(m)) {
        char *line CLEANUP(cleanup_free) = last_line_of_log(directory);
        char *clean CLEANUP(cleanup_free) = text_one_line(line);
        return xasprintf("the build cannot write to the repository: %s", clean);
    }
    if (m->peak.cgroup_bytes >= TRIAL_BYTES)
        return NULL;
    char *peak CLEANUP(cleanup_free) =
        m->peak.cgroup_bytes < 0 ? xstrdup("nothing") : format_bytes(m->peak.cgroup_bytes);
    return xasprintf("measured %s for a build that holds 20 MiB", peak);
}

bool trial_has_stage_peaks(const struct trial *trial)
{
    size_t exact = 0;
    for (size_t i = 0; i < trial->measured.stage_count; i++)
        exact += strcmp(trial->measured.stages[i].name, "setup") != 0 &&
                 trial->measured.stages[i].cgroup_peak_exact;
    return exact == 2;
}

bool trial_can_gate(const struct trial *trial)
{
    return trial->state >= TRIAL_LIMITED && !trial->measured.peak.estimated &&
           !trial->measured.peak.shared && trial->limit != TRIAL_LIMIT_IGNORED && trial->owned;
}

static void look_at_file(struct trial *trial, const char *directory)
{
    struct stat made;
    char *path CLEANUP(cleanup_free) = xasprintf("%s/" MADE, directory);
    if (stat(path, &made) < 0)
        return;
    trial->owner = made.st_uid;
    trial->owned = made.st_uid == geteuid();
}

/* If the build is not measured under a memory limit, tries it without one. */
static void measure_with_limit(struct trial *trial, const char *directory, const char *image)
{
    trial->limit = trial->engine == &engine_inplace ? TRIAL_LIMIT_NONE : TRIAL_LIMIT_IN_FORCE;
    measure(trial, directory, image, trial->limit == TRIAL_LIMIT_IN_FORCE);
    trial->reason = failure_of(trial, directory, trial->limit == TRIAL_LIMIT_IN_FORCE);
    if (trial->reason && trial->limit == TRIAL_LIMIT_IN_FORCE && !interrupt_signal()) {
        measure(trial, directory, image, false);
        char *without_limit CLEANUP(cleanup_free) = failure_of(trial, directory, false);
        trial->limit = TRIAL_LIMIT_IGNORED;
        if (without_limit) {
            trial->state = TRIAL_FAILED;
            return;
        }
    } else if (trial->reason) {
        trial->state = TRIAL_FAILED;
        return;
    }
    look_at_file(trial, directory);
    trial->state = TRIAL_LIMITED;
    if (trial_can_gate(trial) && trial_has_stage_peaks(trial) &&
        trial->measured.ledger.source == PEAK_RSS_TASKSTATS)
        trial->state = TRIAL_OK;
}

void trial_run(const struct engine *engine, const char *directory, const char *image,
               struct trial *trial)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    *trial = (struct trial){.engine = engine, .state = TRIAL_ABSENT};
    measurement_init(&trial->measured);
    trial->installed = !engine_is_container(engine) || is_in_path(engine->name);
    if (engine_try(engine, &trial->silent, &err) < 0) {
        trial->reason = text_one_line(err.message);
        return;
    }
    char *scratch CLEANUP(cleanup_free) = NULL;
    if (engine_is_container(engine) && !(scratch = scratch_image_import(engine, directory, &err))) {
        trial->state = TRIAL_FAILED;
        trial->reason = text_one_line(err.message);
        return;
    }
    measure_with_limit(trial, directory, scratch);
    if (scratch && image && trial->state >= TRIAL_LIMITED && !engine_has_image(engine, image))
        trial->absent_image = text_one_line(image);
    interrupt_hold(true);
    if (scratch && scratch_image_remove(engine, scratch, &err) < 0 && !trial->reason) {
        trial->state = TRIAL_FAILED;
        trial->reason = text_one_line(err.message);
    }
    interrupt_hold(false);
}
