/* build-mem init: a first build-mem.json for this repo. */
#include "base/alloc.h"
#include "base/file.h"
#include "commands/commands.h"
#include "config/starter.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void format_what_is_next(const struct starter *starter, const char *path)
{
    printf("build-mem: wrote %s for ", path);
    for (size_t i = 0; i < starter->found.count; i++)
        printf("%s%s", i ? ", " : "", starter->found.items[i]);
    printf("\n\nnext:\n"
           "  look at %s: the build's command, its stages, what it makes%s\n"
           "  build-mem run                 try it\n"
           "  build-mem baseline refresh    measure three times, and accept that\n"
           "  build-mem check               from now on\n",
           path,
           starter->has_artifacts ? ""
                                  : "\n  name in \"artifacts\" what the build makes: a build "
                                    "that makes nothing must not pass");
}

/* For editors; one that can't be loaded they would complain of. */
static const char *installed_schema(void)
{
    static const char url[] = "file://" SCHEMAS_INSTALLED "/config.schema.json";
    return access(url + strlen("file://"), R_OK) == 0 ? url : NULL;
}

static int write_starter(const struct config *config, const char *path)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct starter starter CLEANUP(starter_release) = {0};
    if (access(path, F_OK) == 0) {
        bm_error_set(&err, "%s is there already: remove it first, or name another with --config",
                     path);
        return bm_error_print(&err, EXIT_USAGE);
    }
    if (starter_make(config->repo, installed_schema(), &starter) < 0) {
        bm_error_set(&err,
                     "nothing in %s says how it is built (no package.json, Cargo.toml, go.mod, "
                     "gradlew, pom.xml, CMakeLists.txt, meson.build, build.ninja, configure.ac or "
                     "Makefile): write %s by hand, see build-mem(1)",
                     config->repo, path);
        return bm_error_print(&err, EXIT_USAGE);
    }
    if (file_write_atomic(path, starter.text, strlen(starter.text), &err) < 0)
        return bm_error_print(&err, EXIT_UNMEASURED);
    format_what_is_next(&starter, path);
    return EXIT_PASS;
}

int command_init(int argc, char **argv)
{
    struct config config CLEANUP(config_release);
    struct strv operands CLEANUP(strv_release) = {0};
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    int status;
    if (command_begin(&config, FLAGS_INIT, "init [flags]", argc, argv, &operands, &status) < 0)
        return status;
    if (operands.count) {
        bm_error_set(&err, "init takes no \"%s\"", operands.items[0]);
        return bm_error_print(&err, EXIT_USAGE);
    }
    char *path CLEANUP(cleanup_free) =
        config.file ? xstrdup(config.file) : config_in_repo(&config, "build-mem.json");
    return write_starter(&config, path);
}
