#include "cgroup/cgroup.h"

#include "proc/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LEVELS_BELOW_MAX 16
/* The value of "no limit" in v1: the largest page-aligned number. */
#define V1_NO_LIMIT (INT64_MAX / 65536 * 65536)

bool cgroup_has_file(const struct cgroup *cgroup, const char *name)
{
    char path[CGROUP_PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", cgroup->directory, name);
    return cgroup->version > 0 && access(path, F_OK) == 0;
}

ssize_t cgroup_read_text(const struct cgroup *cgroup, const char *name, char *text, size_t size)
{
    char path[CGROUP_PATH_MAX + 64];
    if (cgroup->version == 0)
        return -1;
    snprintf(path, sizeof path, "%s/%s", cgroup->directory, name);
    return read_text(path, text, size);
}

int parse_cgroup_number(const char *text, int64_t *number)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (strncmp(text, "max", 3) == 0) {
        *number = -1;
        return 0;
    }
    if (end == text || *text == '-' || (*end && *end != '\n'))
        return -1;
    *number = errno || value >= (unsigned long long)V1_NO_LIMIT ? -1 : (int64_t)value;
    return 0;
}

int64_t cgroup_read_number(const struct cgroup *cgroup, const char *name)
{
    char text[64];
    int64_t number;
    if (cgroup_read_text(cgroup, name, text, sizeof text) < 0 ||
        parse_cgroup_number(text, &number) < 0)
        return -1;
    return number;
}

int64_t parse_keyed(const char *text, const char *key)
{
    size_t length = strlen(key);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) == 0 && line[length] == ' ') {
            char *end;
            errno = 0;
            long long value = strtoll(line + length + 1, &end, 10);
            return errno || end == line + length + 1 || value < 0 ? -1 : (int64_t)value;
        }
    }
    return -1;
}

/* Returns the sum of the known figures, -1 if none is known, INT64_MAX if it overflows. */
static int64_t sum_known(const int64_t *values, size_t count)
{
    int64_t sum = -1;
    for (size_t i = 0; i < count; i++)
        if (values[i] >= 0 && __builtin_add_overflow(sum < 0 ? 0 : sum, values[i], &sum))
            return INT64_MAX;
    return sum;
}

void parse_memory_stat(const char *text, int version, struct cgroup_stat *stat)
{
    if (version == 2) {
        int64_t shmem = parse_keyed(text, "shmem"), file = parse_keyed(text, "file");
        int64_t kernel = parse_keyed(text, "kernel"); /* absent before Linux 5.18 */
        if (kernel < 0)
            kernel =
                sum_known((int64_t[]){parse_keyed(text, "slab"), parse_keyed(text, "kernel_stack"),
                                      parse_keyed(text, "pagetables"), parse_keyed(text, "percpu")},
                          4);
        *stat = (struct cgroup_stat){
            .anon_bytes = parse_keyed(text, "anon"),
            /* `file` includes shmem; separate them. */
            .file_bytes = file >= 0 && shmem >= 0 && file >= shmem ? file - shmem : file,
            .shmem_bytes = shmem,
            .kernel_bytes = kernel,
            .slab_reclaimable_bytes = parse_keyed(text, "slab_reclaimable"),
            .swap_bytes = -1,
            .swap_cached_bytes = parse_keyed(text, "swapcached"),
            .inactive_file_bytes = parse_keyed(text, "inactive_file"),
            .zswap_bytes = parse_keyed(text, "zswap"),
            .anon_huge_bytes = parse_keyed(text, "anon_thp"),
        };
        return;
    }
    int64_t cache = parse_keyed(text, "total_cache"), shmem = parse_keyed(text, "total_shmem");
    *stat = (struct cgroup_stat){
        .anon_bytes = parse_keyed(text, "total_rss"),
        .file_bytes = cache >= 0 && shmem >= 0 && cache >= shmem ? cache - shmem : cache,
        .shmem_bytes = shmem,
        .kernel_bytes = -1,
        .slab_reclaimable_bytes = -1,
        .swap_bytes = parse_keyed(text, "total_swap"),
        .swap_cached_bytes = -1,
        .inactive_file_bytes = parse_keyed(text, "total_inactive_file"),
        .zswap_bytes = -1,
        .anon_huge_bytes = parse_keyed(text, "total_rss_huge"),
    };
}

bool cgroup_is_root(const struct cgroup *cgroup)
{
    /* In v1 only the root has the first file; in v2 only the root is without the second. */
    return cgroup->version == 1
               ? cgroup_has_file(cgroup, "release_agent")
               : cgroup->version == 2 && !cgroup_has_file(cgroup, "memory.current");
}

/* Returns the name of the file for this version, or NULL if it does not exist. */
static const char *source(const struct cgroup *cgroup, const char *v1, const char *v2)
{
    const char *name = cgroup->version == 2 ? v2 : v1;
    return cgroup->version && cgroup_has_file(cgroup, name) ? name : NULL;
}

const char *cgroup_usage_source(const struct cgroup *cgroup)
{
    return source(cgroup, "memory.usage_in_bytes", "memory.current");
}

const char *cgroup_peak_source(const struct cgroup *cgroup)
{
    return source(cgroup, "memory.max_usage_in_bytes", "memory.peak");
}

int64_t cgroup_usage(const struct cgroup *cgroup)
{
    const char *name = cgroup_usage_source(cgroup);
    return name ? cgroup_read_number(cgroup, name) : -1;
}

int64_t cgroup_peak(const struct cgroup *cgroup)
{
    const char *name = cgroup_peak_source(cgroup);
    int64_t bytes = name ? cgroup_read_number(cgroup, name) : -1;
    return bytes > 0 ? bytes : -1;
}

void cgroup_stat_set_swap(struct cgroup_stat *stat, int64_t current_bytes)
{
    int64_t cached = stat->swap_cached_bytes > 0 ? stat->swap_cached_bytes : 0;
    stat->swap_bytes = current_bytes > cached ? current_bytes - cached : current_bytes < 0 ? -1 : 0;
}

int cgroup_stat(const struct cgroup *cgroup, struct cgroup_stat *stat)
{
    char text[8192];
    if (cgroup_read_text(cgroup, "memory.stat", text, sizeof text) < 0)
        return -1;
    parse_memory_stat(text, cgroup->version, stat);
    /* Each version has one of the figures in a separate file. */
    if (cgroup->version == 1)
        stat->kernel_bytes = cgroup_read_number(cgroup, "memory.kmem.usage_in_bytes");
    else
        cgroup_stat_set_swap(stat, cgroup_read_number(cgroup, "memory.swap.current"));
    return 0;
}

/* Adds a figure to a sum; -1 is unknown. */
static void add(int64_t *sum, int64_t value)
{
    *sum = sum_known((int64_t[]){*sum, value}, 2);
}

/* Adds the figures of the cgroup without those below it. */
static void add_own_stat(const struct cgroup *cgroup, void *context)
{
    struct cgroup_stat *stat = context;
    char text[8192];
    if (cgroup_read_text(cgroup, "memory.stat", text, sizeof text) <= 0)
        return;
    int64_t cache = parse_keyed(text, "cache"), shmem = parse_keyed(text, "shmem");
    add(&stat->anon_bytes, parse_keyed(text, "rss"));
    add(&stat->file_bytes, cache >= 0 && shmem >= 0 && cache >= shmem ? cache - shmem : cache);
    add(&stat->shmem_bytes, shmem);
    add(&stat->swap_bytes, parse_keyed(text, "swap"));
    add(&stat->inactive_file_bytes, parse_keyed(text, "inactive_file"));
    add(&stat->anon_huge_bytes, parse_keyed(text, "rss_huge"));
}

void cgroup_stat_sum(const struct cgroup *cgroup, struct cgroup_stat *stat)
{
    *stat = (struct cgroup_stat){-1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    add_own_stat(cgroup, stat);
    cgroup_each_below(cgroup, add_own_stat, stat);
    stat->kernel_bytes = cgroup_read_number(cgroup, "memory.kmem.usage_in_bytes");
}

int64_t parse_pressure_total(const char *text, const char *line)
{
    static const char label[] = " total=";
    size_t length = strlen(line);
    for (const char *next; *text; text = next) {
        const char *end = strchrnul(text, '\n');
        next = *end ? end + 1 : end;
        if (strncmp(text, line, length) != 0 || text[length] != ' ')
            continue;
        const char *total = memmem(text, (size_t)(end - text), label, strlen(label));
        if (!total)
            continue;
        total += strlen(label);
        char *after;
        errno = 0;
        long long value = strtoll(total, &after, 10);
        return errno || after == total || value < 0 ? -1 : (int64_t)value;
    }
    return -1;
}

void cgroup_pressure(const struct cgroup *cgroup, struct cgroup_pressure *pressure)
{
    char text[8192];
    *pressure = (struct cgroup_pressure){-1, -1, -1, -1, -1, -1};
    if (cgroup->version == 0)
        return;
    if (cgroup_read_text(cgroup, "memory.pressure", text, sizeof text) > 0) {
        pressure->some_us = parse_pressure_total(text, "some");
        pressure->full_us = parse_pressure_total(text, "full");
    }
    if (cgroup_read_text(cgroup, "cpu.pressure", text, sizeof text) > 0)
        pressure->cpu_some_us = parse_pressure_total(text, "some");
    if (cgroup_read_text(cgroup, "io.pressure", text, sizeof text) > 0) {
        pressure->io_some_us = parse_pressure_total(text, "some");
        pressure->io_full_us = parse_pressure_total(text, "full");
    }
    if (cgroup_read_text(cgroup, "memory.stat", text, sizeof text) > 0) {
        const char *prefix = cgroup->version == 1 ? "total_" : "";
        static const char *const keys[] = {
            "workingset_refault_anon", "workingset_refault_file",
            "workingset_refault"}; /* the last one before Linux 5.9 */
        int64_t counts[3];
        for (size_t i = 0; i < 3; i++) {
            char key[64];
            snprintf(key, sizeof key, "%s%s", prefix, keys[i]);
            counts[i] = parse_keyed(text, key);
        }
        pressure->refaults = sum_known(counts, 3);
    }
}

size_t parse_pids(const char *piece, size_t length, int *partial, int *pids, size_t capacity,
                  size_t count)
{
    for (size_t i = 0; i < length; i++)
        if (piece[i] >= '0' && piece[i] <= '9') {
            if (*partial <= (INT_MAX - 9) / 10) /* longer than any pid */
                *partial = *partial * 10 + (piece[i] - '0');
        } else if (piece[i] == '\n') {
            /* 0 is a process of another pid namespace, without a pid in this one. */
            if (*partial > 0 && count++ < capacity)
                pids[count - 1] = *partial;
            *partial = 0;
        }
    return count;
}

ssize_t cgroup_processes(const struct cgroup *cgroup, int *pids, size_t capacity)
{
    char path[CGROUP_PATH_MAX + 64], chunk[4096];
    snprintf(path, sizeof path, "%s/cgroup.procs", cgroup->directory);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    /* One read(2) returns at most a page, which can end within a pid. */
    size_t count = 0;
    int partial = 0;
    ssize_t got;
    while ((got = read(fd, chunk, sizeof chunk)) > 0)
        count = parse_pids(chunk, (size_t)got, &partial, pids, capacity, count);
    int saved = errno;
    close(fd);
    errno = saved;
    return got < 0 ? -1 : (ssize_t)count;
}

static bool has_children(const char *directory)
{
    struct stat status;
    /* Two links, and one for each child. Some file systems of tests do not count them: 1. */
    return stat(directory, &status) == 0 && status.st_nlink != 2;
}

/* A record of getdents64(2). readdir(3) would allocate memory in the measured cgroup. */
struct entry {
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

static void each_below(struct cgroup *cgroup, int depth, cgroup_visitor *visit, void *context)
{
    _Alignas(struct entry) char entries[2048];
    size_t length = strlen(cgroup->directory);
    if (depth == LEVELS_BELOW_MAX || !has_children(cgroup->directory))
        return;
    int fd = open(cgroup->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    long got;
    while (fd >= 0 && (got = syscall(SYS_getdents64, fd, entries, sizeof entries)) > 0)
        for (long at = 0; at < got;) {
            const struct entry *entry = (const void *)(entries + at);
            size_t room = sizeof cgroup->directory - length;
            at += entry->length;
            if (entry->type != DT_DIR || *entry->name == '.' ||
                (size_t)snprintf(cgroup->directory + length, room, "/%s", entry->name) >= room)
                continue;
            visit(cgroup, context);
            each_below(cgroup, depth + 1, visit, context);
            cgroup->directory[length] = '\0';
        }
    if (fd >= 0)
        close(fd);
    cgroup->directory[length] = '\0';
}

void cgroup_each_below(const struct cgroup *cgroup, cgroup_visitor *visit, void *context)
{
    static struct cgroup at;
    at = *cgroup;
    if (cgroup->version)
        each_below(&at, 0, visit, context);
}

struct pid_list {
    int *pids;
    size_t count, capacity;
};

static void add_processes(const struct cgroup *cgroup, void *context)
{
    struct pid_list *list = context;
    size_t used = list->count < list->capacity ? list->count : list->capacity;
    ssize_t listed = cgroup_processes(cgroup, list->pids + used, list->capacity - used);
    list->count += listed > 0 ? (size_t)listed : 0;
}

ssize_t cgroup_all_processes(const struct cgroup *cgroup, int *pids, size_t capacity)
{
    ssize_t listed = cgroup_processes(cgroup, pids, capacity);
    if (listed < 0)
        return -1;
    struct pid_list list = {.pids = pids, .count = (size_t)listed, .capacity = capacity};
    cgroup_each_below(cgroup, add_processes, &list);
    return (ssize_t)list.count;
}

int64_t cgroup_stat_unreclaimable(const struct cgroup_stat *stat)
{
    if (stat->anon_bytes < 0)
        return -1;
    int64_t kernel = stat->kernel_bytes > 0 ? stat->kernel_bytes : 0;
    int64_t slab = stat->slab_reclaimable_bytes > 0 ? stat->slab_reclaimable_bytes : 0;
    return sum_known((int64_t[]){stat->anon_bytes, stat->shmem_bytes,
                                 kernel > slab ? kernel - slab : 0, stat->swap_bytes},
                     4);
}
