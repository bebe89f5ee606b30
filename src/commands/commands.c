/* The list of subcommands, and the beginning that they share. */
#include "commands/commands.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"run", command_run, "measure the build once (the default)"},
    {"check", command_check, "measure, judge against the baseline, write JUnit"},
    {"compare", command_compare, "compare two results, or a result and a baseline"},
    {"fit", command_fit, "find the smallest memory limit with which the build passes"},
    {"baseline", command_baseline, "refresh: accept results; show: print the accepted values"},
    {"report", command_report, "write a page, or an export for other tools, from results"},
    {"doctor", command_doctor, "report what this machine can measure, with fixes"},
    {"init", command_init, "write a first build-mem.json for this repository"},
};

static int print_help(void)
{
    puts("Usage: build-mem [COMMAND] [flags] [-- BUILD-COMMAND ARG...]\n"
         "How much memory does this build need, and did this change make it worse?\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        printf("  %-10s %s\n", commands[i].name, commands[i].help);
    puts("\nbuild-mem COMMAND --help lists the flags of a command.\n"
         "Exit status: 0 pass, 1 the gate failed, 2 usage error or no baseline, 3 the build\n"
         "failed, 4 the run could not be measured or compared, 128+N ended by signal N.");
    return EXIT_PASS;
}

bool asks_for_help(int argc, char **argv)
{
    return argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
}

int run_command(int argc, char **argv)
{
    if (asks_for_help(argc, argv))
        return print_help();
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    return command_run(argc, argv);
}

static int print_usage_error(const struct bm_error *err, const char *usage)
{
    bm_error_print(err, EXIT_USAGE);
    fprintf(stderr, "usage: build-mem %s\nhint: add --help for the list of flags\n", usage);
    return EXIT_USAGE;
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
