/*
 * hold STEP...: holds known amounts of memory.
 *
 * It runs the steps from left to right. The parent runs the steps before a fork or spawn, its
 * children run the steps after it.
 *
 *   anon=MIB        map and touch private anonymous memory
 *   shm=MIB         the same with shared memory (the kernel counts it as shmem)
 *   free            unmap all mappings
 *   read=PATH       read the whole file (page cache)
 *   map=PATH        map the file, and read each of its pages
 *   write=PATH:MIB  write a file of that size (page cache, dirty)
 *   sleep=MS        sleep
 *   seen=LABEL:NAME wait until the timeline of the run, in .build-mem, is in the stage of this name
 *   thp=on|off      use huge pages in later steps, or disable them
 *   fork            one child runs the rest; the parent waits for it and always exits 0
 *   spawn=N         N children run the rest; the parent waits for them and exits with their
 *                   highest status (128+N for a signal)
 *   meet            wait until each child of the last spawn has reached this step or has ended, so
 *                   that all hold their memory at the same time; at most once per spawn
 *   exit=N          exit with that status
 *
 * Example: hold 300 MiB for 1 s, then nothing for 0.5 s:
 *   hold anon=300 sleep=1000 free sleep=500
 *
 * It is static, so it runs in any container:
 *   cc -std=gnu17 -O2 -static -o hold hold.c
 *
 * Exits 0 after the last step, 1 if a step failed, 2 if a step is unknown or malformed.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)
#define MAX_MAPPINGS 256

struct mapping {
    void *start;
    size_t length;
};

static struct mapping mappings[MAX_MAPPINGS];
static size_t n_mappings;
static bool want_huge_pages;
/* A pipe that each child of the last spawn keeps open until it runs the step meet. */
static int meeting[2] = {-1, -1};

static long number(const char *step, const char *text, long highest)
{
    char *end;

    errno = 0;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || value < 0 || value > highest)
        errx(2, "%s: not a number from 0 to %ld", step, highest);
    return value;
}

static void map(const char *step, size_t mib, int sharing)
{
    size_t length = mib * MIB;
    long page = sysconf(_SC_PAGESIZE);

    if (mib == 0)
        return;
    if (n_mappings == MAX_MAPPINGS)
        errx(1, "%s: more than %d mappings", step, MAX_MAPPINGS);
    char *start = mmap(NULL, length, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED)
        err(1, "%s", step);
    if (want_huge_pages && madvise(start, length, MADV_HUGEPAGE) < 0)
        err(1, "%s: MADV_HUGEPAGE", step);
    /* Without volatile, the compiler can remove the stores. */
    for (size_t at = 0; at < length; at += (size_t)page)
        ((volatile char *)start)[at] = 1;
    mappings[n_mappings++] = (struct mapping){start, length};
}

static void unmap_all(const char *step)
{
    while (n_mappings > 0) {
        struct mapping m = mappings[--n_mappings];

        if (munmap(m.start, m.length) < 0)
            err(1, "%s", step);
    }
}

static void read_file(const char *step, const char *path)
{
    static char buffer[64 * 1024];
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        err(1, "%s", step);
    while ((n = read(fd, buffer, sizeof buffer)) > 0)
        ;
    if (n < 0)
        err(1, "%s", step);
    close(fd);
}

static void map_file(const char *step, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        err(1, "%s", step);
    off_t size = lseek(fd, 0, SEEK_END);
    long page = sysconf(_SC_PAGESIZE);
    char *start = size > 0 ? mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (start == MAP_FAILED)
        err(1, "%s", step);
    for (off_t at = 0; at < size; at += page)
        (void)((volatile char *)start)[at];
    if (n_mappings == MAX_MAPPINGS)
        errx(1, "%s: more than %d mappings", step, MAX_MAPPINGS);
    mappings[n_mappings++] = (struct mapping){start, (size_t)size};
    close(fd);
}

static void write_file(const char *step, const char *path_and_size)
{
    static char buffer[64 * 1024];
    const char *colon = strrchr(path_and_size, ':');

    if (colon == NULL)
        errx(2, "%s: not PATH:MIB", step);
    char *path = strndup(path_and_size, (size_t)(colon - path_and_size));
    if (path == NULL)
        err(1, "%s", step);
    size_t left = (size_t)number(step, colon + 1, 1 << 20) * MIB;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        err(1, "%s", step);
    memset(buffer, 1, sizeof buffer);
    while (left > 0) {
        size_t want = left < sizeof buffer ? left : sizeof buffer;
        ssize_t n = write(fd, buffer, want);

        if (n < 0)
            err(1, "%s", step);
        left -= (size_t)n;
    }
    if (close(fd) < 0)
        err(1, "%s", step);
    free(path);
}

static void sleep_ms(long ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};

    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        ;
}

static void set_thp(const char *step, const char *mode)
{
    if (strcmp(mode, "on") == 0)
        want_huge_pages = true;
    else if (strcmp(mode, "off") == 0)
        want_huge_pages = false;
    else
        errx(2, "%s: not on or off", step);
    if (prctl(PR_SET_THP_DISABLE, want_huge_pages ? 0 : 1, 0, 0, 0) < 0)
        err(1, "%s", step);
}

static void leave_meeting(void)
{
    for (int i = 0; i < 2; i++) {
        if (meeting[i] >= 0)
            close(meeting[i]);
        meeting[i] = -1;
    }
}

/* All children read end-of-file after the last one has closed its write end. */
static void meet(const char *step)
{
    char nothing;

    if (meeting[1] < 0)
        errx(2, "%s: allowed once, after a spawn", step);
    close(meeting[1]);
    meeting[1] = -1;
    while (read(meeting[0], &nothing, 1) < 0)
        if (errno != EINTR)
            err(1, "%s", step);
}

/* Returns whether the last whole line of the timeline names the stage, in its second column. */
static bool is_in_stage(const char *timeline, const char *stage)
{
    char tail[512];
    int file = open(timeline, O_RDONLY | O_CLOEXEC);

    if (file < 0)
        return false;
    off_t size = lseek(file, 0, SEEK_END);
    off_t from = size > (off_t)sizeof tail - 1 ? size - ((off_t)sizeof tail - 1) : 0;
    ssize_t got = pread(file, tail, sizeof tail - 1, from);
    close(file);
    if (got <= 0)
        return false;
    tail[got] = '\0';
    char *end = strrchr(tail, '\n');
    if (!end)
        return false;
    *end = '\0';
    char *line = strrchr(tail, '\n');
    char *column = strchr(line ? line : tail, ',');
    size_t length = strlen(stage);

    return column && strncmp(column + 1, stage, length) == 0 && column[1 + length] == ',';
}

/* build-mem detects a stage at its next scan, which a busy machine delays. */
static void wait_until_seen(const char *step, const char *value)
{
    char timeline[256];
    const char *colon = strchr(value, ':');

    if (!colon || colon - value > 100)
        errx(2, "%s: expected LABEL:NAME", step);
    snprintf(timeline, sizeof timeline, ".build-mem/timeline-%.*s.csv", (int)(colon - value),
             value);
    while (!is_in_stage(timeline, colon + 1))
        sleep_ms(10);
}

/* Returns in the children only. The parent waits for them and exits. */
static void spawn(const char *step, long count, bool report)
{
    int highest = 0;
    int how = 0;

    leave_meeting();
    if (pipe(meeting) < 0)
        err(1, "%s", step);
    for (long i = 0; i < count; i++) {
        pid_t child = fork();

        if (child < 0)
            err(1, "%s", step);
        if (child == 0)
            return;
    }
    leave_meeting();
    for (;;) {
        if (wait(&how) < 0) {
            if (errno == EINTR)
                continue;
            break;
        }
        int status = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);

        if (status > highest)
            highest = status;
    }
    exit(report ? highest : 0);
}

/* Returns the text after "NAME=", or NULL if the step has another name. */
static const char *value_of(const char *step, const char *name)
{
    size_t length = strlen(name);

    if (strncmp(step, name, length) != 0 || step[length] != '=')
        return NULL;
    return step + length + 1;
}

static void do_step(const char *step)
{
    const char *value;

    if ((value = value_of(step, "anon")))
        map(step, (size_t)number(step, value, 1 << 20), MAP_PRIVATE);
    else if ((value = value_of(step, "shm")))
        map(step, (size_t)number(step, value, 1 << 20), MAP_SHARED);
    else if (strcmp(step, "free") == 0)
        unmap_all(step);
    else if ((value = value_of(step, "read")))
        read_file(step, value);
    else if ((value = value_of(step, "map")))
        map_file(step, value);
    else if ((value = value_of(step, "write")))
        write_file(step, value);
    else if ((value = value_of(step, "sleep")))
        sleep_ms(number(step, value, 24L * 3600 * 1000));
    else if ((value = value_of(step, "seen")))
        wait_until_seen(step, value);
    else if ((value = value_of(step, "thp")))
        set_thp(step, value);
    else if (strcmp(step, "fork") == 0)
        spawn(step, 1, false);
    else if ((value = value_of(step, "spawn")))
        spawn(step, number(step, value, 10000), true);
    else if (strcmp(step, "meet") == 0)
        meet(step);
    else if ((value = value_of(step, "exit")))
        exit((int)number(step, value, 255));
    else
        errx(2, "%s: unknown step (the top of hold.c lists all steps)", step);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        do_step(argv[i]);
    return 0;
}
