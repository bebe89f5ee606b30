/* build-mem init: writes a first build-mem.json. */
#include "base/alloc.h"
#include "base/file.h"
#include "commands/commands.h"
#include "config/starter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What to add to the file by hand, "" if nothing. */
static const char *missing_outputs(const struct starter *starter)
{
    if (starter->has_artifacts)
        return "";
    if (starter->incremental)
        return "\n  add the outputs of the build to \"clear\" and \"artifacts\": without them, a"
               "\n  later build makes nothing and passes";
    return "\n  add the outputs of the build to \"artifacts\": without them a build that"
           "\n  makes nothing can pass";
}

static void print_next_steps(const struct starter *starter, const char *path)
{
    printf("build-mem: wrote %s for ", path);
    for (size_t i = 0; i < starter->found.count; i++)
        printf("%s%s", i ? ", " : "", starter->found.items[i]);
    if (starter->caches.count)
        printf("\n\ncaches that would replay an earlier build:");
    for (size_t i = 0; i < starter->caches.count; i++)
        printf("\n  %s", starter->caches.items[i]);
    printf("\n\nnext steps:\n"
           "  review %s: build command, image, stages, artifacts%s\n"
           "  add .build-mem/, which has the results, to .gitignore\n"
           "  build-mem run                 measure once\n"
           "  build-mem baseline refresh    measure three times and accept the result\n"
           "  build-mem check               measure and judge against the baseline\n",
           path, missing_outputs(starter));
}

/* Returns the URL of the schema for editors: in the repository's npm package, in the unpacked
 * release of this program, or installed. NULL if there is none: editors report a missing schema.
 * The caller owns it. */
static char *find_schema(const struct config *config)
{
    /* Relative to build-mem.json, so that it is the same for everyone who uses the repository. */
    static const char in_package[] = "node_modules/build-mem/config.schema.json";
    char *packaged CLEANUP(cleanup_free) = config_in_repo(config, in_package);
    if (!config->file && access(packaged, F_OK) == 0)
        return xasprintf("./%s", in_package);

    char *beside CLEANUP(cleanup_free) =
        file_beside_program("../share/build-mem/config.schema.json");
    const char *places[] = {beside, SCHEMAS_INSTALLED "/config.schema.json"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char *path CLEANUP(cleanup_free) = realpath(places[i], NULL);
        if (path)
            return xasprintf("file://%s", path);
    }
    return NULL;
}

static int write_starter(const struct config *config, const char *path)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct starter starter CLEANUP(starter_release) = {0};
    if (access(path, F_OK) == 0) {
        bm_error_set(&err, "%s already exists: remove it, or name another file with --config",
                     path);
        return bm_error_print(&err, EXIT_USAGE);
    }
    char *schema CLEANUP(cleanup_free) = find_schema(config);
    if (starter_make(config->repo, schema, &starter, &err) < 0)
        return bm_error_print(&err, EXIT_USAGE);
    if (file_write_atomic(path, starter.text, strlen(starter.text), &err) < 0)
        return bm_error_print(&err, EXIT_UNMEASURED);
    print_next_steps(&starter, path);
    return EXIT_PASS;
}

int command_init(int argc, char **argv)
{
    struct config config CLEANUP(config_release);
    int status;
    if (command_begin_without_operands(&config, FLAGS_INIT, "init [flags]", argc, argv, &status) <
        0)
        return status;
    char *path CLEANUP(cleanup_free) =
        config.file ? xstrdup(config.file) : config_in_repo(&config, "build-mem.json");
    return write_starter(&config, path);
}
