/* What several commands share: how they begin, and where they write. */
#include "commands/commands.h"

#include "base/alloc.h"
#include "base/file.h"
#include "run/publish.h"

#include <stdio.h>
#include <string.h>

bool asks_for_help(int argc, char **argv)
{
    return argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
}

static int print_usage_error(const struct bm_error *err, const char *usage)
{
    bm_error_print(err, EXIT_USAGE);
    fprintf(stderr, "usage: build-mem %s\nhint: add --help for the list of flags\n", usage);
    return EXIT_USAGE;
}

/* Without these files, those of the run before would remain, and a CI system would read them. If
 * another run has the label, the files are its own. */
static int report_config_error(struct config *config, enum flag_command command,
                               const struct bm_error *failure)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    int status;
    /* The stored search stays, so that it can be resumed. */
    if (command == FLAGS_BISECT || command == FLAGS_SWEEP)
        return bm_error_print(failure, EXIT_USAGE);
    if (command == FLAGS_FIT)
        return fit_config_error(config, failure, EXIT_USAGE);
    if (publish_begin(config, &status, &err) == 0)
        return publish_failure(config, failure, EXIT_USAGE);
    bm_error_print(failure, 0);
    return bm_error_print(&err, EXIT_USAGE);
}

int command_begin(struct config *config, enum flag_command command, const char *usage, int argc,
                  char **argv, struct strv *operands, int *status)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    switch (flags_read(config, command, argc, argv, operands, &err)) {
    case FLAGS_OK:
        return 0;
    case FLAGS_HELP: {
        char *help CLEANUP(cleanup_free) = flags_help(command);
        printf("Usage: build-mem %s\n\n%s", usage, help);
        *status = EXIT_PASS;
        return -1;
    }
    case FLAGS_VERSION:
        printf("build-mem %s\n", PACKAGE_VERSION);
        *status = EXIT_PASS;
        return -1;
    case FLAGS_CONFIG_ERROR:
        /* A refresh with operands measures nothing, and has no files. */
        *status = (command & FLAGS_MEASURE) && !operands->count
                      ? report_config_error(config, command, &err)
                      : bm_error_print(&err, EXIT_USAGE);
        return -1;
    case FLAGS_ERROR:
    default:
        *status = print_usage_error(&err, usage);
        return -1;
    }
}

int command_begin_without_operands(struct config *config, enum flag_command command,
                                   const char *usage, int argc, char **argv, int *status)
{
    struct strv operands CLEANUP(strv_release) = {0};
    if (command_begin(config, command, usage, argc, argv, &operands, status) < 0)
        return -1;
    if (!operands.count)
        return 0;
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    bool builds = command & FLAGS_MEASURE;
    bm_error_set(&err, "unexpected argument \"%s\"%s", operands.items[0],
                 builds ? "; write the build command after --" : "");
    *status = print_usage_error(&err, usage);
    return -1;
}

int write_output(const char *output, const char *text, struct bm_error *err)
{
    if (strcmp(output, "-") == 0) {
        fputs(text, stdout);
        return 0;
    }
    if (file_write_atomic(output, text, strlen(text), err) < 0)
        return -1;
    puts(output);
    return 0;
}
