#include "baseline/store.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/git.h"
#include "base/trace.h"

#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define UNSETTLED "--baseline-ref %s does not determine the baseline file; name it with --baseline"

char *baseline_path(const struct config *config)
{
    return config_in_repo(config, config->baseline);
}

static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");
}

int baseline_settle(struct config *config, struct bm_error *err)
{
    const char *ref = config->baseline_ref;
    if (!ref || config->baseline_is_flag)
        return 0;
    char *path CLEANUP(cleanup_free) =
        config->file ? xstrdup(config->file) : config_in_repo(config, "build-mem.json");
    char *text CLEANUP(cleanup_free) = NULL;
    struct config at_ref CLEANUP(config_release);
    config_init(&at_ref);
    switch (git_read_at(config->repo, ref, path, &text, err)) {
    case GIT_ELSEWHERE:
        return 0;
    case GIT_ABSENT:
        return strcmp(config->baseline, at_ref.baseline) == 0
                   ? 0
                   : bm_error_set(err,
                                  UNSETTLED ": it has no %s, and the one in the work tree names %s",
                                  ref, path, config->baseline);
    case GIT_PRESENT: {
        char *origin CLEANUP(cleanup_free) = xasprintf("%s at %s", path, ref);
        if (config_parse(&at_ref, text, origin, err) < 0)
            return bm_error_wrap(err, UNSETTLED, ref);
        free(config->baseline);
        config->baseline = steal_ptr(at_ref.baseline);
        return 0;
    }
    case GIT_FAILED:
    default:
        return bm_error_wrap(err, "--baseline-ref %s", ref);
    }
}

static int load_at_ref(const struct config *config, const char *path, struct baseline *baseline,
                       struct bm_error *err)
{
    const char *ref = config->baseline_ref;
    char *text CLEANUP(cleanup_free) = NULL;
    enum git_place place = git_read_at(config->repo, ref, path, &text, err);
    if (place == GIT_ELSEWHERE) {
        char *directory CLEANUP(cleanup_free) = directory_of(path);
        place = git_read_at(directory, ref, path, &text, err);
    }
    if (place == GIT_FAILED)
        return bm_error_wrap(err, "--baseline-ref %s", ref);
    if (place != GIT_PRESENT)
        return bm_error_set(err, "--baseline-ref %s: it has no %s", ref, path);
    char *origin CLEANUP(cleanup_free) = xasprintf("%s at %s", path, ref);
    trace("baseline: %s", origin);
    return baseline_parse(text, origin, baseline, err);
}

int baseline_load(const struct config *config, struct baseline *baseline, struct bm_error *err)
{
    char *path CLEANUP(cleanup_free) = baseline_path(config);
    *baseline = (struct baseline){0};
    if (config->baseline_ref)
        return load_at_ref(config, path, baseline, err);
    if (access(path, F_OK) != 0)
        return bm_error_set(
            err,
            "no baseline: %s does not exist; to record one, run: build-mem baseline "
            "refresh --baseline %s",
            path, path);
    trace("baseline: %s", path);
    return baseline_read(path, baseline, err);
}

char *baseline_tree_note(const struct config *config, const struct baseline *at_ref)
{
    if (!config->baseline_ref)
        return NULL;
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct baseline in_tree CLEANUP(baseline_release) = {0};
    struct strv changes CLEANUP(strv_release) = {0};
    char *path CLEANUP(cleanup_free) = baseline_path(config);
    char *difference CLEANUP(cleanup_free) = NULL;
    if (access(path, F_OK) != 0) {
        difference = xstrdup("the work tree has no such file");
    } else if (baseline_read(path, &in_tree, &err) < 0) {
        difference = xasprintf("the file in the work tree cannot be read: %s", err.message);
    } else {
        char *text CLEANUP(cleanup_free) = baseline_to_json(&in_tree);
        char *text_at_ref CLEANUP(cleanup_free) = baseline_to_json(at_ref);
        if (strcmp(text, text_at_ref) == 0)
            return NULL;
        baseline_changes(at_ref, &in_tree, &changes);
        char *list CLEANUP(cleanup_free) = strv_join(&changes, "; ");
        difference = changes.count
                         ? xasprintf("the file in the work tree differs: %s", list)
                         : xstrdup("the file in the work tree differs, but allows the same");
    }
    return xasprintf("judged by %s at %s; %s", path, config->baseline_ref, difference);
}

int baseline_update(const char *path, baseline_change *change, void *context,
                    struct baseline *baseline, struct bm_error *err)
{
    *baseline = (struct baseline){0};
    char *directory CLEANUP(cleanup_free) = directory_of(path);
    if (file_make_dirs(directory, err) < 0)
        return -1;
    int lock CLEANUP(cleanup_fd) = file_lock_directory(directory, err);
    if (lock < 0 || (access(path, F_OK) == 0 && baseline_read(path, baseline, err) < 0) ||
        change(baseline, context, err) < 0)
        return -1;
    char *text CLEANUP(cleanup_free) = baseline_to_json(baseline);
    return file_write_atomic(path, text, strlen(text), err);
}
