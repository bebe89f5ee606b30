/* Finds the memory cgroup of a process, and proves that the process is in it. */
#include "cgroup/cgroup.h"
#include "proc/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The usual place; it decides between mounts that show the same part of the hierarchy. */
#define USUAL_PLACE "/sys/fs/cgroup"

/* ---- the texts of /proc ---- */

static bool list_has(const char *list, size_t length, const char *word)
{
    size_t size = strlen(word);
    for (const char *at = list; at < list + length;) {
        const char *comma = memchr(at, ',', (size_t)(list + length - at));
        size_t part = comma ? (size_t)(comma - at) : (size_t)(list + length - at);
        if (part == size && memcmp(at, word, size) == 0)
            return true;
        at += part + 1;
    }
    return false;
}

int parse_cgroup_path(const char *text, int version, const char *controller, char *path,
                      size_t capacity)
{
    for (const char *line = text; *line;) {
        const char *end = strchrnul(line, '\n');
        const char *controllers = memchr(line, ':', (size_t)(end - line));
        controllers = controllers ? controllers + 1 : end;
        const char *colon = memchr(controllers, ':', (size_t)(end - controllers));
        if (colon) {
            size_t length = (size_t)(colon - controllers);
            bool found = version == 2 ? length == 0 && strncmp(line, "0:", 2) == 0
                                      : list_has(controllers, length, controller);
            if (found && (size_t)(end - colon) <= capacity) {
                memcpy(path, colon + 1, (size_t)(end - colon - 1));
                path[end - colon - 1] = '\0';
                return 0;
            }
        }
        line = *end ? end + 1 : end;
    }
    return -1;
}

/* Decodes blank, tab, newline and backslash, which mountinfo writes as \040 and so on. */
static void unescape_octal(char *text)
{
    char *to = text;
    for (const char *from = text; *from; to++) {
        if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
            from[2] <= '7' && from[3] >= '0' && from[3] <= '7') {
            *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/* Copies the field of this index between `at` and `end`; blanks separate fields. */
static bool copy_field(const char *at, const char *end, int index, char *field, size_t capacity)
{
    for (; index > 0 && at; index--) {
        at = memchr(at, ' ', (size_t)(end - at));
        at = at ? at + 1 : NULL;
    }
    if (!at)
        return false;
    const char *blank = memchr(at, ' ', (size_t)(end - at));
    size_t length = (size_t)((blank ? blank : end) - at);
    if (length >= capacity)
        return false;
    memcpy(field, at, length);
    field[length] = '\0';
    return true;
}

/* Whether the line of mountinfo, "ID PARENT DEVICE ROOT POINT OPTIONS... - TYPE SOURCE OPTIONS", is
 * of the hierarchy that holds the controller (v1), or of v2. */
static bool is_of_hierarchy(const char *line, const char *end, int version, const char *controller)
{
    char type[64], options[1024];
    const char *separator = memmem(line, (size_t)(end - line), " - ", 3);
    return separator && copy_field(separator + 3, end, 0, type, sizeof type) &&
           copy_field(separator + 3, end, 2, options, sizeof options) &&
           strcmp(type, version == 2 ? "cgroup2" : "cgroup") == 0 &&
           (version == 2 || list_has(options, strlen(options), controller));
}

/* ---- candidates ---- */

/* A mount shows its hierarchy from its root downwards. The longest root is the nearest: in a
 * container, the container's own cgroup. A root that does not contain the path may still be the
 * right one, if it was mounted before the cgroup namespace was made; it comes last. */
static size_t rank_of(const char *mount_root, const char *mount_point, const char *path,
                      const char **below)
{
    size_t length = strcmp(mount_root, "/") == 0 ? 0 : strlen(mount_root);
    bool usual = strncmp(mount_point, USUAL_PLACE, strlen(USUAL_PLACE)) == 0;
    bool contains =
        strncmp(path, mount_root, length) == 0 && (path[length] == '/' || !path[length]);
    *below = contains ? path + length : "";
    /* A process whose cgroup is outside of its namespace has a path with "/..". */
    if (strcmp(*below, "/") == 0 || strncmp(*below, "/..", 3) == 0)
        *below = "";
    return contains ? 2 * (length + 1) + usual : usual;
}

/* Keeps the candidates in order of rank; of equal ones the later mount, which covers the other. */
static void insert(struct cgroup_candidates *candidates, const struct cgroup *cgroup, size_t rank)
{
    size_t at = 0;
    while (at < candidates->count && candidates->ranks[at] > rank)
        at++;
    if (at == CGROUP_CANDIDATES_MAX)
        return;
    size_t moved = candidates->count - at - (candidates->count == CGROUP_CANDIDATES_MAX);
    memmove(&candidates->items[at + 1], &candidates->items[at], moved * sizeof *candidates->items);
    memmove(&candidates->ranks[at + 1], &candidates->ranks[at], moved * sizeof *candidates->ranks);
    candidates->items[at] = *cgroup;
    candidates->ranks[at] = rank;
    if (candidates->count < CGROUP_CANDIDATES_MAX)
        candidates->count++;
}

/* Adds the mount of this line, if it is of the hierarchy. */
static void consider(const char *line, const char *end, const char *controller, const char *path,
                     const char *root, struct cgroup_candidates *candidates)
{
    char mount_root[CGROUP_PATH_MAX], point[CGROUP_PATH_MAX];
    const char *below;
    struct cgroup cgroup = {.version = candidates->version};
    if (!is_of_hierarchy(line, end, candidates->version, controller) ||
        !copy_field(line, end, 3, mount_root, sizeof mount_root) ||
        !copy_field(line, end, 4, point, sizeof point))
        return;
    unescape_octal(mount_root);
    unescape_octal(point);
    size_t rank = rank_of(mount_root, point, path, &below);
    int size = snprintf(cgroup.directory, sizeof cgroup.directory, "%s%s%s", root, point, below);
    if (size < CGROUP_PATH_MAX)
        insert(candidates, &cgroup, rank);
}

size_t parse_mounts(const char *text, size_t length, const char *controller, const char *path,
                    const char *root, struct cgroup_candidates *candidates)
{
    const char *line = text, *end;
    while ((end = memchr(line, '\n', (size_t)(text + length - line)))) {
        consider(line, end, controller, path, root, candidates);
        line = end + 1;
    }
    return (size_t)(line - text);
}

/* Reads all of mountinfo, which has no upper bound on hosts with many containers. Skips a line that
 * is longer than the buffer. */
static void read_mounts(const char *file, const char *controller, const char *path,
                        const char *root, struct cgroup_candidates *candidates)
{
    static char buffer[64 * 1024];
    size_t held = 0;
    ssize_t got;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    candidates->count = 0;
    while (fd >= 0 && (got = read(fd, buffer + held, sizeof buffer - held)) > 0) {
        held += (size_t)got;
        size_t used = parse_mounts(buffer, held, controller, path, root, candidates);
        if (used == 0 && held == sizeof buffer)
            used = held;
        held -= used;
        memmove(buffer, buffer + used, held);
    }
    if (fd >= 0)
        close(fd);
}

/* ---- proof ---- */

bool cgroup_lists(const struct cgroup *cgroup, int pid)
{
    char path[CGROUP_PATH_MAX + 64], piece[4096];
    int pids[sizeof piece / 2];
    snprintf(path, sizeof path, "%s/cgroup.procs", cgroup->directory);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int partial = 0;
    bool listed = false;
    ssize_t got;
    while (fd >= 0 && !listed && (got = read(fd, piece, sizeof piece)) > 0) {
        size_t count = parse_pids(piece, (size_t)got, &partial, pids, sizeof piece / 2, 0);
        for (size_t i = 0; i < count && !listed; i++)
            listed = pids[i] == pid;
    }
    if (fd >= 0)
        close(fd);
    return listed;
}

bool cgroup_lists_others(const struct cgroup *cgroup, int pid)
{
    char text[4096], own[16];
    if (cgroup_read_text(cgroup, "cgroup.procs", text, sizeof text) <= 0)
        return false;
    snprintf(own, sizeof own, "%d\n", pid);
    return strcmp(text, own) != 0;
}

/* Whether the v2 hierarchy of this cgroup has the memory controller: on a hybrid machine v1 has it.
 * A root has no memory.current, but lists the controller. */
static bool is_unified(const struct cgroup *cgroup)
{
    char text[4096], file[CGROUP_PATH_MAX + 64];
    if (cgroup_has_file(cgroup, "memory.current"))
        return true;
    snprintf(file, sizeof file, "%s/cgroup.controllers", cgroup->directory);
    return read_text(file, text, sizeof text) > 0 && strstr(text, "memory");
}

/* `name` is the directory of the process in /proc. */
static int locate(const char *root, const char *name, int pid, const char *controller,
                  struct cgroup *cgroup)
{
    static struct cgroup_candidates candidates;
    static char text[64 * 1024];
    char mountinfo[512], file[512], path[CGROUP_PATH_MAX];
    *cgroup = (struct cgroup){0};
    snprintf(mountinfo, sizeof mountinfo, "%s/proc/self/mountinfo", root);
    snprintf(file, sizeof file, "%s/proc/%s/cgroup", root, name);
    if (pid <= 0 || read_text(file, text, sizeof text) < 0)
        return -1;
    for (int version = 2; version >= 1; version--) {
        if (parse_cgroup_path(text, version, controller, path, sizeof path) < 0)
            continue;
        candidates.version = version;
        read_mounts(mountinfo, controller, path, root, &candidates);
        for (size_t i = 0; i < candidates.count; i++) {
            const struct cgroup *candidate = &candidates.items[i];
            if ((version == 1 || is_unified(candidate)) && cgroup_lists(candidate, pid)) {
                *cgroup = *candidate;
                return 0;
            }
        }
    }
    return -1;
}

int cgroup_of_process(int pid, struct cgroup *cgroup)
{
    char name[16];
    snprintf(name, sizeof name, "%d", pid);
    return locate("", name, pid, "memory", cgroup);
}

static int locate_self(const char *root, const char *controller, struct cgroup *cgroup)
{
    char path[512], stat[64];
    if (!*root)
        return locate("", "self", getpid(), controller, cgroup);
    /* A captured machine: the process that captured it. */
    snprintf(path, sizeof path, "%s/proc/self/stat", root);
    *cgroup = (struct cgroup){0};
    return read_text(path, stat, sizeof stat) < 0
               ? -1
               : locate(root, "self", atoi(stat), controller, cgroup);
}

int cgroup_of_self(const char *root, struct cgroup *cgroup)
{
    return locate_self(root, "memory", cgroup);
}

int cgroup_of_cpu(const char *root, struct cgroup *cgroup)
{
    return locate_self(root, "cpu", cgroup);
}
