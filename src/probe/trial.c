#include "probe/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define FIRST_STAGE "--trial"
#define LAST_STAGE "--trial-end"
/* Long enough for several scans of the sampler. */
#define STAGE_MS 300
#define LAST_STAGE_BYTES ((size_t)2 << 20)

bool is_trial(int argc, char **argv)
{
    return (argc == 4 && strcmp(argv[1], FIRST_STAGE) == 0) ||
           (argc == 3 && strcmp(argv[1], LAST_STAGE) == 0);
}

static int complain(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    return 1;
}

/* The memory is released by exec or exit. */
static int hold(size_t bytes)
{
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED)
        return complain("mmap");
    memset(memory, 1, bytes);
    nanosleep(&(struct timespec){.tv_nsec = STAGE_MS * 1000000L}, NULL);
    return 0;
}

static int write_file(const char *path)
{
    static const char text[] = "made by build-mem doctor\n";
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return complain(path);
    /* A full disk can also be reported by close. */
    if (write(fd, text, sizeof text - 1) != (ssize_t)sizeof text - 1 || close(fd) < 0)
        return complain(path);
    return 0;
}

int run_trial(char **argv)
{
    static char self[] = "/proc/self/exe", last_stage[] = LAST_STAGE;
    if (strcmp(argv[1], LAST_STAGE) == 0)
        return hold(LAST_STAGE_BYTES) || write_file(argv[2]);
    if (hold(strtoul(argv[2], NULL, 10)))
        return 1;
    execv(self, (char *[]){argv[0], last_stage, argv[3], NULL});
    return complain(self);
}
