#include "proc/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The highest number of CPUs of any kernel is 8192. */
#define CPUS_MAX 65536

/* No scanf(3): it would be a tenth of the static probe (ci/layering). */
int parse_proc_stat(const char *text, struct proc_stat *stat)
{
    /* The name is in parentheses and can contain any character, so find the last ")". The state and
     * numbers follow: the parent is field 4, the four CPU times are fields 14 to 17, the start time
     * is field 22. */
    const char *after = strrchr(text, ')');
    if (!after || after[1] != ' ' || !after[2])
        return -1;
    stat->state = after[2];
    stat->cpu_ticks = 0;
    const char *at = after + 3;
    for (int field = 4; field <= 22; field++) {
        char *end;
        long long figure = strtoll(at, &end, 10);
        if (end == at || (field == 4 && (figure < 0 || figure > INT_MAX)) ||
            (field == 22 && figure < 0))
            return -1;
        if (field == 4)
            stat->parent = (int)figure;
        if (field >= 14 && field <= 17) {
            if (figure < 0 || figure > INT64_MAX / 4)
                return -1;
            stat->cpu_ticks += figure;
        }
        if (field == 22)
            stat->start_ticks = (uint64_t)figure;
        at = end;
    }
    return 0;
}

int64_t parse_kib_line(const char *text, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, length) != 0 || line[length] != ':')
            continue;
        char *end;
        errno = 0;
        long long kib = strtoll(line + length + 1, &end, 10);
        if (errno || end == line + length + 1 || kib < 0 || kib > INT64_MAX / 1024 ||
            strncmp(end, " kB", 3) != 0)
            return -1;
        return (int64_t)kib * 1024;
    }
    return -1;
}

int parse_smaps_rollup(const char *text, struct proc_rollup *rollup)
{
    rollup->rss_bytes = parse_kib_line(text, "Rss");
    rollup->pss_bytes = parse_kib_line(text, "Pss");
    /* absent in older kernels */
    rollup->pss_anon_bytes = parse_kib_line(text, "Pss_Anon");
    rollup->pss_shmem_bytes = parse_kib_line(text, "Pss_Shmem");
    rollup->anon_bytes = parse_kib_line(text, "Anonymous");
    return rollup->rss_bytes < 0 || rollup->pss_bytes < 0 ? -1 : 0;
}

int parse_statm(const char *text, int64_t *resident_pages, int64_t *shared_pages)
{
    /* Runs thousands of times per second, so without sscanf(3). A number of pages whose bytes would
     * overflow, with pages of 64 KiB, does not come from the kernel. */
    int64_t figures[3];
    for (size_t i = 0; i < 3; i++) {
        char *end;
        long long figure = strtoll(text, &end, 10);
        if (end == text || figure < 0 || figure > INT64_MAX / 65536)
            return -1;
        figures[i] = figure;
        text = end;
    }
    *resident_pages = figures[1];
    *shared_pages = figures[2];
    return 0;
}

/* "cpuN user nice system idle iowait irq softirq steal guest guest_nice"; user and nice include the
 * last two. Kernels before Linux 2.6.11 have no steal. */
static int parse_cpu_line(const char *at, struct proc_cpu_times *times)
{
    enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, FIGURES };
    int64_t ticks[FIGURES] = {0};
    for (int i = 0; i < FIGURES; i++) {
        char *end;
        long long figure = strtoll(at, &end, 10);
        if (end == at || figure < 0 || figure > INT64_MAX / 65536 / FIGURES)
            return -1;
        ticks[i] = figure;
        at = end;
    }
    times->cpus++;
    times->busy_ticks += ticks[USER] + ticks[NICE] + ticks[SYSTEM] + ticks[IRQ] + ticks[SOFTIRQ];
    times->steal_ticks += ticks[STEAL];
    return 0;
}

int parse_cpu_times(const char *text, bool (*counts)(int cpu), struct proc_cpu_times *times)
{
    *times = (struct proc_cpu_times){0};
    for (const char *line = text; strncmp(line, "cpu", 3) == 0; line++) {
        bool is_total = line[3] == ' ';
        char *end;
        long cpu = strtol(line + 3, &end, 10);
        if (!is_total && (line[3] < '0' || line[3] > '9' || *end != ' ' || cpu >= CPUS_MAX))
            return -1;
        if (!is_total && (!counts || counts((int)cpu)) && parse_cpu_line(end, times) < 0)
            return -1;
        line = strchr(line, '\n');
        if (!line)
            break;
    }
    return times->cpus ? 0 : -1;
}

int64_t parse_run_delay(const char *text)
{
    char *end, *after;
    long long running = strtoll(text, &end, 10);
    if (end == text || *end != ' ' || running < 0)
        return -1;
    long long waited = strtoll(end, &after, 10);
    return after == end || waited < 0 ? -1 : (int64_t)waited / 1000;
}

size_t cmdline_to_text(char *cmdline, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)cmdline[i] < 0x20 || cmdline[i] == 0x7F)
            cmdline[i] = ' ';
    while (length && cmdline[length - 1] == ' ')
        length--;
    cmdline[length] = '\0';
    return length;
}

static bool is_shell(const char *word, size_t length)
{
    static const char *const shells[] = {"sh", "bash", "dash", "ash", "zsh", "ksh"};
    for (size_t i = length; i > 0; i--)
        if (word[i - 1] == '/') {
            word += i;
            length -= i;
            break;
        }
    if (*word == '-') { /* a login shell */
        word++;
        length--;
    }
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
        if (strlen(shells[i]) == length && strncmp(word, shells[i], length) == 0)
            return true;
    return false;
}

/* Options come first; one of them contains "c": -c, -lc, -euo pipefail -c ... */
static bool takes_script(const char *options)
{
    while (*options == ' ' && (options[1] == '-' || options[1] == '+')) {
        bool is_long = options[1] == '-' && options[2] == '-', minus = options[1] == '-';
        options += 2;
        size_t size = strcspn(options, " ");
        if (minus && !is_long && memchr(options, 'c', size))
            return true;
        bool has_operand = !is_long && size && strchr("oO", options[size - 1]);
        options += size;
        if (has_operand && *options == ' ')
            options += 1 + strcspn(options + 1, " ");
    }
    return false;
}

bool is_shell_script(const char *command)
{
    for (const char *word = command; *word; word += strspn(word, " ")) {
        size_t length = strcspn(word, " ");
        if (length && is_shell(word, length) && takes_script(word + length))
            return true;
        word += length;
    }
    return false;
}

ssize_t read_text(const char *path, char *buffer, size_t capacity)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    size_t used = 0;
    ssize_t got = 0;
    while (used < capacity - 1 && (got = read(fd, buffer + used, capacity - 1 - used)) > 0)
        used += (size_t)got;
    int saved = errno;
    close(fd);
    errno = saved;
    if (got < 0)
        return -1;
    buffer[used] = '\0';
    return (ssize_t)used;
}

ssize_t read_again(int fd, char *buffer, size_t capacity)
{
    ssize_t got = pread(fd, buffer, capacity - 1, 0);
    if (got >= 0)
        buffer[got] = '\0';
    return got;
}

ssize_t read_proc(const char *root, int pid, const char *name, char *buffer, size_t capacity)
{
    char path[512];
    snprintf(path, sizeof path, "%s/proc/%d/%s", root, pid, name);
    return read_text(path, buffer, capacity);
}

int process_parent(const char *root, int pid)
{
    char text[1024];
    struct proc_stat stat;
    if (read_proc(root, pid, "stat", text, sizeof text) < 0 || parse_proc_stat(text, &stat) < 0)
        return -1;
    return stat.parent;
}

int process_stat(const char *root, int pid, struct proc_stat *stat)
{
    char text[1024];
    if (read_proc(root, pid, "stat", text, sizeof text) < 0 || parse_proc_stat(text, stat) < 0)
        return -1;
    return stat->state == 'Z' ? -1 : 0;
}

uint64_t process_start_ticks(const char *root, int pid)
{
    struct proc_stat stat;
    return process_stat(root, pid, &stat) < 0 ? 0 : stat.start_ticks;
}

/* ---- process trees ---- */

/* The pids of the whole machine. Unused pages take no memory. */
#define LISTED_MAX 65536

size_t list_processes(const char *root, int *pids, size_t capacity)
{
    char path[512];
    _Alignas(struct dirent64) char entries[8192];
    snprintf(path, sizeof path, "%s/proc", root);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    size_t count = 0;
    ssize_t got;
    while (fd >= 0 && (got = getdents64(fd, entries, sizeof entries)) > 0)
        for (ssize_t at = 0; at < got;) {
            const struct dirent64 *entry = (const void *)(entries + at);
            int pid = atoi(entry->d_name);
            if (pid > 0 && count < capacity)
                pids[count++] = pid;
            at += entry->d_reclen;
        }
    if (fd >= 0)
        close(fd);
    return count;
}

static bool contains(const int *pids, size_t count, int pid)
{
    for (size_t i = 0; i < count; i++)
        if (pids[i] == pid)
            return true;
    return false;
}

size_t descendants_of(const char *root, int ancestor, int *pids, size_t capacity)
{
    static int listed[LISTED_MAX], parents[LISTED_MAX];
    size_t all = list_processes(root, listed, LISTED_MAX), count = 0, before;
    for (size_t i = 0; i < all; i++)
        parents[i] = process_parent(root, listed[i]);
    /* The list can have a child before its parent: repeat until nothing is added. */
    do {
        before = count;
        for (size_t i = 0; i < all && count < capacity; i++)
            if (parents[i] > 0 && (parents[i] == ancestor || contains(pids, count, parents[i]))) {
                pids[count++] = listed[i];
                parents[i] = 0; /* already added */
            }
    } while (count != before);
    return count;
}
