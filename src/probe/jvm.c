#include "probe/jvm.h"

#include "proc/proc.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SOCKET_PATH "/tmp/.java_pid%d"
#define INTERVAL_MS 100
#define ANSWER_S 2 /* a machine can be busy or stopped */
#define ANSWER_MAX ((size_t)64 * 1024)
/* A record holds 4096 bytes. */
#define COMMAND_MAX 1024
#define LINES_MAX ((size_t)2900)

/* A process is asked again when its RSS is higher by a twentieth. From 1 s after the last answer
 * on, a hundredth is enough, so that the figures include the end of the growth. */
#define STEP_DIVISOR 20
#define LATER_MS 1000
#define LATER_STEP_DIVISOR 100

/* The highest RSS at which a process was asked, and the time of the last answer. The table is
 * large enough for the machines of a build; a further one replaces another. */
static struct asked {
    int pid;
    uint64_t start_ticks;
    int64_t rss_bytes, asked_ms;
} asked[256];

static struct asked *asked_of(int pid)
{
    struct asked *entry = &asked[(size_t)pid % (sizeof asked / sizeof *asked)];
    uint64_t start_ticks = process_start_ticks("", pid);
    if (entry->pid != pid || entry->start_ticks != start_ticks)
        *entry = (struct asked){.pid = pid, .start_ticks = start_ticks};
    return entry;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_due(const struct asked *entry, int64_t rss_bytes)
{
    int divisor = now_ms() - entry->asked_ms < LATER_MS ? STEP_DIVISOR : LATER_STEP_DIVISOR;
    return rss_bytes > entry->rss_bytes + entry->rss_bytes / divisor;
}

static int64_t rss_of(int pid)
{
    char status[4096];
    return read_proc("", pid, "status", status, sizeof status) < 0
               ? -1
               : parse_kib_line(status, "VmRSS");
}

static bool has_socket(int pid)
{
    char path[64];
    snprintf(path, sizeof path, SOCKET_PATH, pid);
    return access(path, F_OK) == 0;
}

/* The file can remain from another process, or be that of a machine in another pid namespace: the
 * kernel names the process that listens. */
static int connect_to(int pid)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct ucred peer = {0};
    socklen_t size = sizeof peer;
    const struct timeval limit = {.tv_sec = ANSWER_S};
    snprintf(address.sun_path, sizeof address.sun_path, SOCKET_PATH, pid);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 &&
        connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid == pid)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Runs a diagnostic command. Returns the length of the answer, without the status in its first
 * line; 0: none. */
static size_t ask(int pid, const char *command, char *answer, size_t capacity)
{
    /* The version of the protocol, the command and its three arguments, each with NUL. */
    char question[64] = "1\0jcmd";
    size_t start = sizeof "1\0jcmd", size = start + strlen(command) + 3;
    memcpy(question + start, command, strlen(command) + 1);
    size_t length = 0;
    int fd = connect_to(pid);
    if (fd < 0)
        return 0;
    bool sent = write(fd, question, size) == (ssize_t)size;
    for (ssize_t got = 1; sent && got > 0 && length < capacity - 1;
         length += got > 0 ? (size_t)got : 0)
        got = read(fd, answer + length, capacity - 1 - length);
    close(fd);
    answer[length] = '\0';
    if (length < 2 || memcmp(answer, "0\n", 2) != 0)
        return 0;
    memmove(answer, answer + 2, length - 1);
    return length - 2;
}

/* Keeps the lines of the categories: "-   Java Heap (reserved=...KB, committed=...KB)". */
static size_t keep_categories(char *answer)
{
    size_t kept = 0;
    for (char *line = answer, *next; *line; line = next) {
        next = line + strcspn(line, "\n");
        next += *next == '\n';
        size_t length = (size_t)(next - line);
        if (*line != '-' || kept + length > LINES_MAX)
            continue;
        memmove(answer + kept, line, length);
        kept += length;
    }
    answer[kept] = '\0';
    return kept;
}

/* Finds the address range of the heap in the answer to GC.heap_info: "[0x..., 0x...)" of the heap,
 * or of each generation, whose last address is the end of what is reserved. Returns false for a
 * garbage collector that does not print it, such as ZGC. */
static bool find_heap(const char *answer, unsigned long long *from, unsigned long long *to)
{
    *from = ULLONG_MAX;
    *to = 0;
    for (const char *at = answer; (at = strstr(at, "[0x")); at++) {
        const char *end = strchr(at, ')'), *last = end;
        while (last && last > at && strncmp(last, "0x", 2) != 0)
            last--;
        unsigned long long start = strtoull(at + 1, NULL, 16),
                           stop = last ? strtoull(last, NULL, 16) : 0;
        *from = start < *from ? start : *from;
        *to = stop > *to ? stop : *to;
    }
    return *from < *to;
}

/* The first line of a mapping in smaps: "7f3a1000-7f3a2000 rw-p ...". */
static bool parse_range(const char *line, unsigned long long *start, unsigned long long *end)
{
    char *at;
    *start = strtoull(line, &at, 16);
    if (at == line || *at != '-')
        return false;
    const char *second = at + 1;
    *end = strtoull(second, &at, 16);
    return at > second && *at == ' ';
}

/* Returns the resident part of the mappings of an address range; -1 if they cannot be read. */
static int64_t resident_bytes(int pid, unsigned long long from, unsigned long long to)
{
    char path[64], line[512];
    unsigned long long start, end;
    int64_t sum = 0;
    bool inside = false;
    snprintf(path, sizeof path, "/proc/%d/smaps", pid);
    FILE *smaps = fopen(path, "re");
    if (!smaps)
        return -1;
    while (fgets(line, sizeof line, smaps)) {
        int64_t rss = parse_kib_line(line, "Rss");
        if (parse_range(line, &start, &end))
            inside = start < to && end > from;
        else if (inside && rss > 0)
            sum += rss;
    }
    fclose(smaps);
    return sum;
}

static int64_t heap_of(int pid)
{
    static char answer[ANSWER_MAX];
    unsigned long long from, to;
    return ask(pid, "GC.heap_info", answer, sizeof answer) && find_heap(answer, &from, &to)
               ? resident_bytes(pid, from, to)
               : -1;
}

static void write_answer(const char *directory, int pid, int64_t rss_bytes, int64_t heap_bytes,
                         const char *answer)
{
    char path[128], fresh[128], command[COMMAND_MAX + 1] = "";
    ssize_t length = read_proc("", pid, "cmdline", command, sizeof command);
    if (length > 0)
        cmdline_to_text(command, (size_t)length);
    snprintf(path, sizeof path, "%s/%d.jvm", directory, pid);
    snprintf(fresh, sizeof fresh, "%s/%d.new", directory, pid);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
    if (fd < 0)
        return;
    int put = dprintf(fd, "%lld %lld %lld\n%s\n%s", (long long)rss_bytes, (long long)heap_bytes,
                      (long long)now_ms(), command, answer);
    if (close(fd) == 0 && put > 0)
        (void)rename(fresh, path);
}

/* The RSS that is written is read last, and only if it is still higher: all figures are of about
 * one moment. A process that has grown since it was asked is asked again. */
static void watch_process(const char *directory, int pid)
{
    static char answer[ANSWER_MAX];
    if (!has_socket(pid))
        return;
    int64_t asked_bytes = rss_of(pid);
    struct asked *entry = asked_of(pid);
    if (!is_due(entry, asked_bytes))
        return;
    size_t length = ask(pid, "VM.native_memory summary", answer, sizeof answer);
    int64_t heap_bytes = length ? heap_of(pid) : -1;
    entry->asked_ms = now_ms();
    if (length == 0)
        return;
    int64_t rss_bytes = rss_of(pid);
    if (rss_bytes <= entry->rss_bytes || keep_categories(answer) == 0)
        return;
    entry->rss_bytes = asked_bytes;
    write_answer(directory, pid, rss_bytes, heap_bytes, answer);
}

_Noreturn void jvm_watch(pid_t probe, const char *directory)
{
    static int pids[PROCESSES_MAX];
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        size_t count = descendants_of("", probe, pids, PROCESSES_MAX);
        for (size_t i = 0; i < count; i++)
            if (pids[i] != getpid())
                watch_process(directory, pids[i]);
        nanosleep(&(struct timespec){.tv_nsec = INTERVAL_MS * 1000000L}, NULL);
    }
}
