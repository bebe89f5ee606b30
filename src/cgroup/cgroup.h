/* A memory control group, v1 or v2. libc only; compiled into the runner and the probe.
 *
 * Sources: Documentation/admin-guide/cgroup-v2.rst ("Memory"), cgroup-v1/memory.rst, and
 * proc_pid_mountinfo(5) of the kernel's and the man-pages' documentation. */
#ifndef BM_CGROUP_CGROUP_H
#define BM_CGROUP_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CGROUP_PATH_MAX 4096

struct cgroup {
    int version; /* 1, 2; 0: no memory controller was found */
    char directory[CGROUP_PATH_MAX];
};

/* memory.stat, in bytes; -1 where the kernel does not tell. */
struct cgroup_stat {
    int64_t anon_bytes, file_bytes, shmem_bytes, kernel_bytes, slab_reclaimable_bytes;
    int64_t inactive_file_bytes;
};

/* Totals since the cgroup was made; -1 where the kernel does not count. */
struct cgroup_pressure {
    int64_t some_us, full_us; /* memory.pressure */
    int64_t refaults;         /* memory.stat: anonymous and file pages that came back */
};

/* Finds where the calling process's memory cgroup is mounted, from the texts of
 * /proc/self/mountinfo and /proc/self/cgroup. On hybrid machines v2 is mounted without the memory
 * controller: v1 is then taken. `root` is put in front of the directory. Returns 0, or -1 where
 * neither hierarchy has the memory controller. */
int cgroup_resolve(const char *mountinfo, const char *self_cgroup, const char *root,
                   struct cgroup *cgroup);
/* The same from the live files below `root` ("" for this machine). */
int cgroup_of_self(const char *root, struct cgroup *cgroup);

/* Whether the cgroup has a file of this name. */
bool cgroup_has_file(const struct cgroup *cgroup, const char *name);
/* Reads a file that holds one number; "max" and v1's "no limit" are -1, and so is an error. */
int64_t cgroup_read_number(const struct cgroup *cgroup, const char *name);
/* The value behind a key in a file of "key value" lines, -1 where there is none. */
int64_t parse_keyed(const char *text, const char *key);

/* Takes a piece of cgroup.procs, a pid a line; `*partial`, 0 before the first piece, carries one
 * that is cut at its end. Stores what fits behind the first `count` of `pids`; returns how many
 * there are then. */
size_t parse_pids(const char *piece, size_t length, int *partial, int *pids, size_t capacity,
                  size_t count);

int parse_cgroup_number(const char *text, int64_t *number);
void parse_memory_stat(const char *text, int version, struct cgroup_stat *stat);

/* Whether it is the machine's root cgroup, which counts everything or nothing. In a cgroup
 * namespace the root that is seen is an ordinary cgroup. */
bool cgroup_is_root(const struct cgroup *cgroup);

int64_t cgroup_usage(const struct cgroup *cgroup);
/* The name of the file that holds what is charged now, and of the one with the high-water mark;
 * NULL where the kernel has none. */
const char *cgroup_usage_source(const struct cgroup *cgroup);
const char *cgroup_peak_source(const struct cgroup *cgroup);
int64_t cgroup_peak(const struct cgroup *cgroup);
/* The least of its own limit and those of the cgroups above it that can be seen; -1: none. */
int64_t cgroup_limit(const struct cgroup *cgroup);
/* How many processes the kernel killed for lack of memory; -1 where it does not count them. */
int64_t cgroup_oom_kills(const struct cgroup *cgroup);
/* How often the limit was hit. */
int64_t cgroup_limit_hits(const struct cgroup *cgroup);
int cgroup_stat(const struct cgroup *cgroup, struct cgroup_stat *stat);
void cgroup_pressure(const struct cgroup *cgroup, struct cgroup_pressure *pressure);
/* The total of the line "some avg10=... total=N" or "full ..." of memory.pressure, or -1. */
int64_t parse_pressure_total(const char *text, const char *line);
/* What cannot be reclaimed: anon + shmem + kernel - reclaimable slab; -1 where anon is not told. v1
 * tells no slab: there it is an upper bound, by the inodes and names of the files that were opened
 * (1.5 KB each). */
int64_t cgroup_stat_unreclaimable(const struct cgroup_stat *stat);

/* The pids in the cgroup's own list, read to its end. Returns how many there are (at most
 * `capacity` are stored), or -1 with errno. */
ssize_t cgroup_processes(const struct cgroup *cgroup, int *pids, size_t capacity);

#endif
