/* /proc: reads processes as the kernel reports them.
 *
 * libc only, without allocation: the runner and the probe use it. Parsers take the text of a file,
 * so that tests and fuzzers can call them. Readers take `root`: "" for this machine, or a captured
 * machine. Source: Documentation/filesystems/proc.rst of the kernel. */
#ifndef BM_PROC_PROC_H
#define BM_PROC_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The maximum length of a list of processes. */
#define PROCESSES_MAX 4096

/* /proc/PID/stat. A pid can be reused; pid and `start_ticks` (since boot) identify a process. */
struct proc_stat {
    char state; /* 'Z': a zombie */
    int parent;
    /* In clock ticks: its CPU time, and that of the children that it has waited for. */
    int64_t cpu_ticks;
    uint64_t start_ticks;
};

/* /proc/PID/smaps_rollup, in bytes; -1: the kernel does not report it. */
struct proc_rollup {
    int64_t rss_bytes, anon_bytes, pss_bytes, pss_anon_bytes, pss_shmem_bytes;
};

/* Of the CPUs of /proc/stat, since boot. */
struct proc_cpu_times {
    int cpus;            /* how many CPUs the sums have */
    int64_t busy_ticks;  /* running any work; not idle, and not waiting for I/O */
    int64_t steal_ticks; /* taken by the hypervisor */
};

/* ---- parsers ---- */

/* Each returns 0, or -1 if the text does not have the kernel's format. */
int parse_proc_stat(const char *text, struct proc_stat *stat);
int parse_smaps_rollup(const char *text, struct proc_rollup *rollup);
/* Parses the resident pages of /proc/PID/statm, and the shared ones among them (file and shmem). */
int parse_statm(const char *text, int64_t *resident_pages, int64_t *shared_pages);
/* Returns the value of a line "Name:   1234 kB" of /proc/PID/status or /proc/meminfo, in bytes; -1
 * if it is absent. */
int64_t parse_kib_line(const char *text, const char *name);
/* Sums the lines "cpuN ..." of /proc/stat whose CPU `counts` accepts; NULL: all. Returns 0, or -1
 * if the text does not have the kernel's format. */
int parse_cpu_times(const char *text, bool (*counts)(int cpu), struct proc_cpu_times *times);
/* Parses /proc/PID/schedstat: the time that the thread waited for a CPU while it could run. Returns
 * it in microseconds, or -1. */
int64_t parse_run_delay(const char *text);
/* Converts the content of /proc/PID/cmdline, whose arguments end with NUL, to one line in place.
 * NULs and control characters become blanks. Returns the length without blanks at the end. */
size_t cmdline_to_text(char *cmdline, size_t length);

/* Returns whether a command line (arguments separated by spaces) is a shell with its script on it:
 * "sh -c ...". A wrapper can precede it: "timeout 30 bash -c ...". */
bool is_shell_script(const char *command);

/* ---- readers ---- */

/* Reads a file into `buffer`, with NUL at the end. Truncates a longer file. Returns the length, or
 * -1 with errno. */
ssize_t read_text(const char *path, char *buffer, size_t capacity);
/* The same from the start of an open file, with one read(2). */
ssize_t read_again(int fd, char *buffer, size_t capacity);
/* The same for root/proc/PID/name. */
ssize_t read_proc(const char *root, int pid, const char *name, char *buffer, size_t capacity);

/* Returns the parent of the process: 0 if no parent is visible, -1 if there is no such process or
 * it cannot be read. */
int process_parent(const char *root, int pid);
/* Reads the stat of the live process. Returns 0, or -1 if there is no such process, or a zombie. */
int process_stat(const char *root, int pid, struct proc_stat *stat);
/* Returns the start time of the live process in ticks since boot, or 0 if there is no such process.
 */
uint64_t process_start_ticks(const char *root, int pid);

/* Lists the pids in root/proc. Returns the number of pids stored. */
size_t list_processes(const char *root, int *pids, size_t capacity);
/* Lists the live descendants of `ancestor`, without itself. If it is a subreaper, the list includes
 * its orphaned descendants. Returns the number of pids stored. */
size_t descendants_of(const char *root, int ancestor, int *pids, size_t capacity);

#endif
