#include "commands/commands.h"

#include "base/alloc.h"

#include <stdio.h>

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
    case FLAGS_ERROR:
    default:
        *status = bm_error_print(&err, EXIT_USAGE);
        fprintf(stderr, "Usage: build-mem %s; --help says more\n", usage);
        return -1;
    }
}
