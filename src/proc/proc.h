/* What the kernel tells about processes. libc only; compiled into the runner and the probe.
 *
 * Parsers take the text of a file, so that captured ones can be tested; readers take the root of
 * the tree ("" or a captured machine's) and fill caller's buffers: nothing is allocated. Formats:
 * Documentation/filesystems/proc.rst of the kernel. */
#ifndef BM_PROC_PROC_H
#define BM_PROC_PROC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Lists of processes hold at most this many. */
#define PROCESSES_MAX 4096

/* /proc/PID/stat. `start_ticks` since boot tells a pid from its next owner. */
struct proc_stat {
    char state; /* 'Z': a zombie */
    int parent;
    uint64_t start_ticks;
};

/* /proc/PID/smaps_rollup, in bytes. */
struct proc_rollup {
    int64_t rss_bytes, anon_bytes, pss_bytes, pss_anon_bytes, pss_shmem_bytes;
};

/* Each parser returns 0, or -1 where the text is not what the kernel writes. */
int parse_proc_stat(const char *text, struct proc_stat *stat);
int parse_smaps_rollup(const char *text, struct proc_rollup *rollup);
/* Resident pages of /proc/PID/statm, and of them those shared (file and shmem). */
int parse_statm(const char *text, int64_t *resident_pages, int64_t *shared_pages);
/* A "Name:   1234 kB" line of /proc/PID/status or /proc/meminfo, in bytes. -1 where it is absent.
 */
int64_t parse_kib_line(const char *text, const char *name);
/* Arguments as /proc/PID/cmdline holds them, ended by NULs, made one line in place: NULs and
 * control characters become blanks. Returns its length without trailing blanks. */
size_t cmdline_to_text(char *cmdline, size_t length);

/* Reads a small file whole into `buffer` (ended by NUL). Returns its length, or -1 with errno;
 * what does not fit is cut. */
ssize_t read_text(const char *path, char *buffer, size_t capacity);
/* The same from the start of a file that is kept open, in one read. */
ssize_t read_again(int fd, char *buffer, size_t capacity);
/* The same for root/proc/PID/name. */
ssize_t read_proc(const char *root, int pid, const char *name, char *buffer, size_t capacity);

/* The parent of the process, 0 where it has none that is seen here; -1 where there is no such
 * process, or it may not be asked. */
int process_parent(const char *root, int pid);
/* The start time of the live process `pid`, or 0 where there is no such process. */
uint64_t process_start_ticks(const char *root, int pid);

#endif
