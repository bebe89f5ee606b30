/* build-mem: a pass/fail check for the memory that a build needs. */
#include "base/json.h"
#include "base/trace.h"
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
    {"run", command_run, "measure the build once (the default)"},
    {"check", command_check, "measure, judge against the baseline, write JUnit"},
    {"compare", command_compare, "compare sets of results, or a set and a baseline"},
    {"fit", command_fit, "find the smallest memory limit with which the build passes"},
    {"sweep", command_sweep, "measure memory against time over the values of some knobs"},
    {"baseline", command_baseline, "refresh: accept results; show: print the accepted values"},
    {"report", command_report, "write a page, or an export for other tools, from results"},
    {"trend", command_trend, "show stored results over commits, and the commits that changed them"},
    {"import", command_import, "turn what BuildKit recorded of an image build into a result"},
    {"bisect", command_bisect, "find the commit that raised a metric"},
    {"doctor", command_doctor, "try each engine, and report what this machine can measure"},
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

static int run_command(int argc, char **argv)
{
    if (asks_for_help(argc, argv))
        return print_help();
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    return command_run(argc, argv);
}

/* Opens descriptors 0 to 2 if the caller closed them: a file that we open later must not become
 * standard output or standard error. */
static void fill_standard_descriptors(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    fill_standard_descriptors();
    signal(SIGCHLD, SIG_DFL); /* if it is inherited as ignored, waitpid(2) finds no child */
    trace_begin();
    json_init();
    int status = run_command(argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("build-mem: standard output");
        status = status ? status : EXIT_UNMEASURED;
    }
    return status;
}
