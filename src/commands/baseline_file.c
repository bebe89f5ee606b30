#include "commands/baseline_file.h"

#include "base/alloc.h"
#include "engine/child.h"

#include <stdint.h>
#include <string.h>
#include <unistd.h>

char *baseline_path(const struct config *config)
{
    return config_in_repo(config, config->baseline);
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
    char *argv[] = {(char[]){"git"}, (char[]){"-C"}, directory, (char[]){"show"}, object, NULL};
    struct captured captured CLEANUP(captured_release) = {0};
    if (child_capture(argv, 60000, &captured, err) < 0)
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
