#include "proc/descendants.h"

#include "proc/proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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
