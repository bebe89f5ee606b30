/* build-mem: a pass/fail memory budget check for builds. */
#include "base/json.h"
#include "commands/commands.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"run", command_run, "measure once (the default command)"},
    {"check", command_check, "measure, judge against the baseline, write JUnit"},
    {"compare", command_compare, "two results, or a result and a baseline, side by side"},
    {"fit", command_fit, "the smallest memory limit with which the build still passes"},
    {"baseline", command_baseline, "refresh: accept results; show: print what is accepted"},
    {"report", command_report, "a page, or an export for other tools, from stored results"},
    {"doctor", command_doctor, "what this machine can measure, and how to fix the rest"},
    {"init", command_init, "write a first build-mem.json for this repo"},
};

static int help(void)
{
    puts("Usage: build-mem [COMMAND] [flags] [-- BUILD-COMMAND ARG...]\n"
         "How much memory does this build need, and did this change make it worse?\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        printf("  %-10s %s\n", commands[i].name, commands[i].help);
    puts("\nbuild-mem COMMAND --help lists the flags of a command.\n"
         "Exit status: 0 pass, 1 the gate failed, 2 usage or no baseline, 3 the build failed,\n"
         "4 it could not be measured, 128+N ended by signal N.");
    return EXIT_PASS;
}

/* A file of ours that came to be descriptor 1 or 2 would take what is printed. */
static void fill_standard_descriptors(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

static int run(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return help();
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    return command_run(argc, argv);
}

int main(int argc, char **argv)
{
    fill_standard_descriptors();
    signal(SIGCHLD, SIG_DFL); /* inherited as ignored, it would leave no child to be waited for */
    json_init();
    int status = run(argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("build-mem: standard output");
        status = status ? status : EXIT_UNMEASURED;
    }
    return status;
}
