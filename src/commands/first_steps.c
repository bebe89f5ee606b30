/* The commands with which a newcomer starts. */
#include "base/alloc.h"
#include "commands/commands.h"
#include "config/starter.h"
#include "engine/image_command.h"

#include <string.h>
#include <unistd.h>

void first_steps(const char *repo, const char *engine, struct strv *steps)
{
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct starter starter CLEANUP(starter_release) = {0};
    char *file CLEANUP(cleanup_free) = xasprintf("%s/build-mem.json", repo);
    bool configured = access(file, F_OK) == 0;
    bool known = !configured && starter_make(repo, NULL, &starter, &ignored) == 0;
    if (known)
        strv_push(steps, "build-mem init");
    if (starter.image_build) /* of which another engine measures the client alone */
        engine = NULL;
    strv_pushf(steps, "build-mem run%s%s%s", engine ? " --engine " : "", engine ? engine : "",
               configured || known ? "" : " -- COMMAND");
}

static bool has_container(const struct config *config)
{
    struct strv command CLEANUP(strv_release) = {0};
    strv_push(&command, "sh");
    strv_push(&command, "-c");
    strv_push(&command, config->build_command);
    return config->engine == ENGINE_DOCKER || config->engine == ENGINE_PODMAN ||
           (config->engine == ENGINE_AUTO && !is_image_build(&command));
}

char *first_image(const char *repo)
{
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct starter starter CLEANUP(starter_release) = {0};
    struct config config CLEANUP(config_release);
    config_init(&config);
    char *file CLEANUP(cleanup_free) = xasprintf("%s/build-mem.json", repo);
    /* A file that cannot be read leaves the default: the first run reports its error. */
    if (access(file, F_OK) == 0)
        (void)config_read_file(&config, file, &ignored);
    else if (starter_make(repo, NULL, &starter, &ignored) == 0)
        (void)config_parse(&config, starter.text, file, &ignored);
    return has_container(&config) ? xstrdup(config.image) : NULL;
}

static bool has_build(const struct config *config)
{
    char *file CLEANUP(cleanup_free) = config_in_repo(config, "build-mem.json");
    char *package CLEANUP(cleanup_free) = config_in_repo(config, "package.json");
    return config->file || config->build_argv.count ||
           strcmp(config->build_command, DEFAULT_BUILD) != 0 || access(file, F_OK) == 0 ||
           access(package, F_OK) == 0;
}

int expect_build(const struct config *config, struct bm_error *err)
{
    struct strv steps CLEANUP(strv_release) = {0};
    if (has_build(config))
        return 0;
    first_steps(config->repo, NULL, &steps);
    return bm_error_set(err,
                        "nothing to build: there is no build-mem.json, no command, and no "
                        "package.json for the default build, \"%s\" in %s\n"
                        "hint: run: %s\n"
                        "hint: to see which engine works here, run: build-mem doctor",
                        config->build_command, config->image, steps.items[0]);
}
