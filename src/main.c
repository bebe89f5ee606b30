/* build-mem: a pass/fail memory budget check for builds. */
#include "base/json.h"
#include "commands/commands.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

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
    json_init();
    int status = run_command(argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("build-mem: standard output");
        status = status ? status : EXIT_UNMEASURED;
    }
    return status;
}
