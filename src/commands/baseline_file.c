#include "commands/baseline_file.h"

#include "base/alloc.h"
#include "base/file.h"
#include "commands/git.h"

#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* A clone that has not all of its objects fetches them. */
#define GIT_PATIENCE_MS 60000
#define UNSETTLED "--baseline-ref %s does not say which baseline, name it by --baseline"

char *baseline_path(const struct config *config)
{
    return config_in_repo(config, config->baseline);
}

static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");
}

/* Where git is asked for the file `path`, and its name from there: the repo, where it lies in it by
 * its name, since a change can make a directory further in look like a repository of its own. */
static const char *name_in_repo(const struct config *config, const char *path, char **directory)
{
    size_t length = strlen(config->repo);
    bool from_here = strcmp(config->repo, ".") == 0 && *path != '/';
    if (from_here || (strncmp(path, config->repo, length) == 0 && path[length] == '/')) {
        *directory = xstrdup(config->repo);
        return from_here ? path : path + length + 1;
    }
    const char *slash = strrchr(path, '/');
    *directory = directory_of(path);
    return slash ? slash + 1 : path;
}

int baseline_settle(struct config *config, struct bm_error *err)
{
    const char *ref = config->baseline_ref;
    if (!ref || config->baseline_is_flag)
        return 0;
    char *path CLEANUP(cleanup_free) =
        config->file ? xstrdup(config->file) : config_in_repo(config, "build-mem.json");
    char *directory CLEANUP(cleanup_free) = NULL;
    const char *name = name_in_repo(config, path, &directory);
    char *object CLEANUP(cleanup_free) = xasprintf("%s:./%s", ref, name);
    struct captured at_ref CLEANUP(captured_release) = {0}, here CLEANUP(captured_release) = {0};
    struct config there CLEANUP(config_release);
    config_init(&there);
    if (git_capture(directory, "show", object, GIT_PATIENCE_MS, &at_ref, err) < 0 ||
        git_capture(directory, "ls-files", name, GIT_PATIENCE_MS, &here, err) < 0)
        return -1;
    if (here.exit_status != 0)
        return bm_error_set(err, UNSETTLED ": git: %s", ref, here.diagnostics);
    if (at_ref.exit_status != 0 && !*here.output)
        return 0; /* not in git: the caller's own */
    if (at_ref.exit_status == 0) {
        char *origin CLEANUP(cleanup_free) = xasprintf("%s at %s", path, ref);
        if (config_parse(&there, at_ref.output, origin, err) < 0)
            return bm_error_wrap(err, UNSETTLED, ref);
    }
    free(config->baseline);
    config->baseline = steal_ptr(there.baseline);
    return 0;
}

/* git resolves "REF:./name" from the directory that it is told to stand in. */
static int load_at_ref(const struct config *config, const char *path, struct baseline *baseline,
                       struct bm_error *err)
{
    const char *ref = config->baseline_ref;
    /* A change that deletes the file may delete its directory: stand in the repo where that will
     * do. */
    bool in_repo = *config->baseline != '/';
    const char *slash = in_repo ? NULL : strrchr(path, '/');
    char *directory CLEANUP(cleanup_free) =
        slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(config->repo);
    char *object CLEANUP(cleanup_free) =
        xasprintf("%s:./%s", ref, slash ? slash + 1 : config->baseline);
    struct captured captured CLEANUP(captured_release) = {0};
    if (git_capture(directory, "show", object, GIT_PATIENCE_MS, &captured, err) < 0)
        return -1;
    if (captured.exit_status != 0)
        return bm_error_set(err, "--baseline-ref %s: git: %s", ref, captured.diagnostics);
    char *origin CLEANUP(cleanup_free) = xasprintf("%s at %s", path, ref);
    return baseline_parse(captured.output, origin, baseline, err);
}

int baseline_load(const struct config *config, struct baseline *baseline, struct bm_error *err)
{
    char *path CLEANUP(cleanup_free) = baseline_path(config);
    *baseline = (struct baseline){0};
    if (config->baseline_ref)
        return load_at_ref(config, path, baseline, err);
    if (access(path, F_OK) != 0)
        return bm_error_set(err,
                            "no baseline: %s does not exist. Make one from accepted runs and "
                            "commit it: build-mem baseline refresh --baseline %s",
                            path, path);
    return baseline_read(path, baseline, err);
}

char *baseline_tree_note(const struct config *config, const struct baseline *counts)
{
    if (!config->baseline_ref)
        return NULL;
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct baseline here CLEANUP(baseline_release) = {0};
    struct strv changes CLEANUP(strv_release) = {0};
    char *path CLEANUP(cleanup_free) = baseline_path(config);
    char *difference CLEANUP(cleanup_free) = NULL;
    if (access(path, F_OK) != 0) {
        difference = xstrdup("there is no such file here");
    } else if (baseline_read(path, &here, &err) < 0) {
        difference = xasprintf("the file here cannot be read: %s", err.message);
    } else {
        char *text CLEANUP(cleanup_free) = baseline_to_json(&here);
        char *that_counts CLEANUP(cleanup_free) = baseline_to_json(counts);
        if (strcmp(text, that_counts) == 0)
            return NULL;
        baseline_changes(counts, &here, &changes);
        char *list CLEANUP(cleanup_free) = strv_join(&changes, "; ");
        difference = changes.count ? xasprintf("the file here differs: %s", list)
                                   : xstrdup("the file here differs, but allows the same");
    }
    return xasprintf("judged by %s as it is at %s; %s", path, config->baseline_ref, difference);
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
