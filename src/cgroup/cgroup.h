/* Memory cgroups, v1 and v2: finds the cgroup of a process and reads its counters.
 *
 * libc only, without allocation: the runner and the probe use it. Functions that start with parse_
 * take the text of a file, so that tests and fuzzers can call them.
 *
 * Sources: Documentation/admin-guide/cgroup-v2.rst ("Memory") and cgroup-v1/memory.rst of the
 * kernel, proc_pid_mountinfo(5). All sizes are bytes. -1 means unknown. */
#ifndef BM_CGROUP_CGROUP_H
#define BM_CGROUP_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CGROUP_PATH_MAX 4096

struct cgroup {
    int version; /* 1 or 2; 0: no memory controller was found, and every reader returns -1 */
    char directory[CGROUP_PATH_MAX];
};

/* From memory.stat. `file_bytes` excludes shared memory. */
struct cgroup_stat {
    int64_t anon_bytes, file_bytes, shmem_bytes, kernel_bytes, slab_reclaimable_bytes;
    /* In use now, without pages that are in memory, too. It is not a part of the memory usage. */
    int64_t swap_bytes;
    int64_t swap_cached_bytes; /* v2: pages that are in memory and still have their place in swap */
    int64_t inactive_file_bytes;
    int64_t zswap_bytes;     /* v2: memory that holds compressed pages of swap */
    int64_t anon_huge_bytes; /* the part of anon_bytes in huge pages */
};

/* Totals since the cgroup was created. PSI of v2: some tasks, or all tasks, waited. */
struct cgroup_pressure {
    int64_t some_us, full_us; /* memory.pressure */
    int64_t cpu_some_us;      /* cpu.pressure */
    int64_t io_some_us, io_full_us;
    int64_t refaults; /* memory.stat: reclaimed pages that were needed again */
};

/* ---- find the cgroup ---- */

/* Find the memory cgroup of process `pid` of this machine, or of the caller. Every mount of the
 * memory hierarchy is a candidate: there may be several, such as the host's tree in a container.
 * The nearest one comes first, and the first whose cgroup.procs lists the process is the result.
 * `root` is "" for this machine, or a captured machine. Return 0, or -1 with version 0 if none
 * lists it. */
int cgroup_of_process(int pid, struct cgroup *cgroup);
int cgroup_of_self(const char *root, struct cgroup *cgroup);
/* Finds the caller's cgroup of the cpu controller. On v2 it is the same one. */
int cgroup_of_cpu(const char *root, struct cgroup *cgroup);

/* Returns whether cgroup.procs lists the process. */
bool cgroup_lists(const struct cgroup *cgroup, int pid);

/* Returns whether cgroup.procs lists any process but this one. Processes of another PID namespace
 * count, too: the file lists them as 0. */
bool cgroup_lists_others(const struct cgroup *cgroup, int pid);

/* Returns whether it is the root cgroup of the machine, which has no limits of its own. The root of
 * a cgroup namespace is an ordinary cgroup. */
bool cgroup_is_root(const struct cgroup *cgroup);

/* Returns whether the cgroup has a file of this name. */
bool cgroup_has_file(const struct cgroup *cgroup, const char *name);

/* ---- read its counters ---- */

/* Reads a file that contains one number. Returns -1 for "max", for the v1 value of "no limit", and
 * on error. */
int64_t cgroup_read_number(const struct cgroup *cgroup, const char *name);

/* Return the memory usage now, and its high-water mark; -1 if nothing was ever charged. */
int64_t cgroup_usage(const struct cgroup *cgroup);
int64_t cgroup_peak(const struct cgroup *cgroup);
/* The names of the files that these two read; NULL if the kernel has none. Static. */
const char *cgroup_usage_source(const struct cgroup *cgroup);
const char *cgroup_peak_source(const struct cgroup *cgroup);

/* Reads memory.stat. Returns 0, or -1 on error. */
int cgroup_stat(const struct cgroup *cgroup, struct cgroup_stat *stat);
/* The same on v1, as the sum of the cgroup and all below. Linux 6.18 updates the total figures of a
 * parent only every 2 s if its processes are two levels below. Unreadable figures are -1. */
void cgroup_stat_sum(const struct cgroup *cgroup, struct cgroup_stat *stat);
/* Sets swap_bytes from memory.swap.current, which counts the cached pages, too. */
void cgroup_stat_set_swap(struct cgroup_stat *stat, int64_t current_bytes);
/* Returns the unreclaimable memory: anon + shmem + kernel - reclaimable slab + swap in use; -1 if
 * anon is unknown. v1 does not report slab, so there it is an upper bound: each opened file adds
 * about 1.5 KB of inodes and names. */
int64_t cgroup_stat_unreclaimable(const struct cgroup_stat *stat);
void cgroup_pressure(const struct cgroup *cgroup, struct cgroup_pressure *pressure);

/* Lists the pids of cgroup.procs. Stores at most `capacity`. Returns the number in the file, or -1
 * with errno. */
ssize_t cgroup_processes(const struct cgroup *cgroup, int *pids, size_t capacity);
/* The same for the cgroup and all cgroups below it, at most 16 levels: a build can make cgroups of
 * its own, as sandboxes and nested container engines do. */
ssize_t cgroup_all_processes(const struct cgroup *cgroup, int *pids, size_t capacity);

/* Calls `visit` for each cgroup below this one, at most 16 levels deep. */
typedef void cgroup_visitor(const struct cgroup *cgroup, void *context);
void cgroup_each_below(const struct cgroup *cgroup, cgroup_visitor *visit, void *context);

/* Reads a file of the cgroup as text. Returns its length, or -1. */
ssize_t cgroup_read_text(const struct cgroup *cgroup, const char *name, char *text, size_t size);

/* ---- its limits, and those of its visible ancestors ---- */

#define CGROUP_CONSTRAINTS_MAX 32

/* A cgroup on the path from a cgroup to the root, by its limits. A limit is -1 if there is none. */
struct cgroup_constraint {
    int64_t limit_bytes;
    int64_t high_bytes;       /* memory.high of v2: above it, the kernel reclaims and throttles */
    int64_t swap_limit_bytes; /* of the swap alone */
    /* How often the usage reached the two limits on memory, since the cgroup was created; -1: not
     * counted. */
    int64_t limit_hits, high_hits;
};
/* Item 0 is the cgroup itself, item 1 its parent. */
struct cgroup_constraints {
    size_t count;
    struct cgroup_constraint items[CGROUP_CONSTRAINTS_MAX];
};
void cgroup_read_constraints(const struct cgroup *cgroup, struct cgroup_constraints *constraints);
/* Copies the directory of the cgroup, or of its ancestor with this number: 1 is its parent.
 * `directory` has CGROUP_PATH_MAX bytes. */
void cgroup_constraint_directory(const struct cgroup *cgroup, size_t ancestor, char *directory);
/* Makes the counts of `after` those since `before`. */
void cgroup_constraints_since(const struct cgroup_constraints *before,
                              struct cgroup_constraints *after);

/* Return the lowest memory limit of all constraints; -1: no limit. */
int64_t cgroup_lowest_limit(const struct cgroup_constraints *constraints);
/* Returns the lowest sum of memory limit and permitted swap of all constraints: what processes can
 * hold at most. The machine's swap is read from `root`/proc/meminfo. -1: no limit. */
int64_t cgroup_lowest_room(const char *root, const struct cgroup_constraints *constraints);
int64_t cgroup_limit(const struct cgroup *cgroup);
/* Returns the lowest CPU quota of the cgroup and its ancestors, in percent of one CPU (50 is half a
 * CPU); -1: no quota. `cgroup` is of the cpu controller. */
int64_t cgroup_cpu_quota(const struct cgroup *cgroup);
/* Returns how long CPU quotas of the cgroup and its visible ancestors stopped it together, in
 * microseconds since they were created; -1 if none counts it. `cgroup` is of the cpu
 * controller. */
int64_t cgroup_throttled_us(const struct cgroup *cgroup);
/* Returns the CPU time of the cgroup of v2 and of all below it, in microseconds; -1 on v1. */
int64_t cgroup_cpu_us(const struct cgroup *cgroup);

/* ---- kills for lack of memory ---- */

/* Counts since the cgroup was created; -1: not counted. v2 counts the kills of all cgroups below in
 * its own file, and the failures at its own limit in another one. v1 counts by the cgroup of the
 * victim, so those below must still exist. */
struct cgroup_oom {
    int64_t kills;          /* v1: of its own processes; v2: of those below, too */
    int64_t group_kills;    /* v2: kills of whole cgroups (memory.oom.group) */
    int64_t ooms, own_ooms; /* v2: failures at any limit here or below; at its own limit */
    int64_t direct_kills;   /* v2: of processes that are below no limit that was reached */
    int64_t limit_hits;     /* v1: of its own limit */
    int64_t below_kills;    /* v1: of processes below */
    int64_t inner_kills;    /* v1: of these, in cgroups with a limit that was reached */
    char inner_cgroup[256]; /* one that reached its limit, "/sandbox"; "": none that still exists */
};
void cgroup_read_oom(const struct cgroup *cgroup, struct cgroup_oom *oom);

/* -1: unknown. */
struct cgroup_kills {
    int64_t fatal; /* at the limit of the cgroup or an ancestor, or the machine ran out */
    int64_t inner; /* at limits of cgroups below, which the build set itself */
};
/* Distinguishes the kills since `before`; NULL: since the cgroup was created. In doubt, a kill is
 * fatal. */
struct cgroup_kills cgroup_kills_since(const struct cgroup_oom *before,
                                       const struct cgroup_oom *now);

/* ---- parsers ---- */

/* Finds the path of a process in the hierarchy of a controller, in the text of /proc/PID/cgroup:
 * "0::/path" is v2, "4:memory:/path" is v1. Returns 0, or -1 if it is absent or does not fit. */
int parse_cgroup_path(const char *text, int version, const char *controller, char *path,
                      size_t capacity);

#define CGROUP_CANDIDATES_MAX 16
/* Directories that may be the cgroup of a process, best first. If there are more, the best are
 * kept. */
struct cgroup_candidates {
    struct cgroup items[CGROUP_CANDIDATES_MAX];
    size_t ranks[CGROUP_CANDIDATES_MAX];
    size_t count;
    int version; /* set by the caller: 1 or 2 */
};
/* Adds the mounts of the controller's hierarchy from `text`, a piece of /proc/PID/mountinfo. `path`
 * is the path of the process in that hierarchy. Puts `root` before each directory. Returns the
 * length of the whole lines in the piece. */
size_t parse_mounts(const char *text, size_t length, const char *controller, const char *path,
                    const char *root, struct cgroup_candidates *candidates);
/* Parses cpu.max, "QUOTA PERIOD" in microseconds. Returns the quota in percent of one CPU, at least
 * 1; -1 if there is none. */
int64_t parse_cpu_max(const char *text);

/* Parses a file of one number; "max" and the v1 value of "no limit" are -1. Returns 0, or -1 if the
 * text is something else. */
int parse_cgroup_number(const char *text, int64_t *number);
/* Returns the value of a key in lines of "key value"; -1 if it is absent. */
int64_t parse_keyed(const char *text, const char *key);
void parse_memory_stat(const char *text, int version, struct cgroup_stat *stat);
/* Returns the total of the line "some avg10=... total=N" (or "full") in microseconds, or -1. */
int64_t parse_pressure_total(const char *text, const char *line);
/* Parses a piece of cgroup.procs, one pid per line, and appends to the first `count` of `pids`.
 * `*partial` carries a pid that the end of the piece cuts; it is 0 before the first piece. Returns
 * the new count, which exceeds `capacity` if some pids did not fit. */
size_t parse_pids(const char *piece, size_t length, int *partial, int *pids, size_t capacity,
                  size_t count);

#endif
