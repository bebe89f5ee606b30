#include "probe/process_table.h"

#include "probe/stages.h"
#include "proc/proc.h"
#include "wire/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define BUCKETS 1024
#define COMMAND_KEPT 767
/* The longest command line: a quarter of the default stack limit (execve(2)). Java class paths
 * reach 100 KiB. Unused pages take no memory. */
#define COMMAND_MAX (2 << 20)
#define FDS_RESERVED 64
/* A new process may call exec(2), and a node program may set its title. */
#define FIRST_CHECK_MS 10
/* A process whose statm has not changed since its last check has not called exec(2): its command
 * line is read again only after this time. */
#define UNCHANGED_CHECK_MS 3000
/* A process that computes and waits for a CPU can keep its sizes. */
#define RUN_DELAY_MS 1000
/* A process of this size is named in the report, so its command line must be its own. */
#define LARGE_BYTES (INT64_C(16) << 20)
#define ANCESTORS_MAX 64
#define STATM_MAX 256

/* Unused pages take no memory. */
static struct process places[PROCESSES_MAX];
static int buckets[BUCKETS];
static int free_places;
static size_t end, live;
static long fds_left;
static int64_t page_bytes;
static const char *root_path;
static bool counts_run_delay;
static int64_t run_delay_us; /* -1: nothing was read */

static void forget_command(struct process *process)
{
    free(process->command);
    process->command = NULL;
}

void table_init(const char *root)
{
    struct rlimit files;
    root_path = root;
    page_bytes = sysconf(_SC_PAGESIZE);
    fds_left = 0;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        fds_left = files.rlim_cur > 3UL * PROCESSES_MAX ? 2L * PROCESSES_MAX
                                                        : (long)files.rlim_cur - FDS_RESERVED;
    for (size_t i = 0; i < end; i++)
        forget_command(&places[i]);
    for (size_t i = 0; i < BUCKETS; i++)
        buckets[i] = -1;
    free_places = -1;
    end = live = 0;
    counts_run_delay = false;
    run_delay_us = -1;
}

void table_count_run_delay(void)
{
    counts_run_delay = true;
}

int64_t table_run_delay_us(void)
{
    return run_delay_us;
}

struct process *table_at(size_t place)
{
    return &places[place];
}

size_t table_end(void)
{
    return end;
}

size_t table_place(const struct process *process)
{
    return (size_t)(process - places);
}

static int *bucket_of(int pid)
{
    return &buckets[(unsigned)pid % BUCKETS];
}

static struct process *find(int pid)
{
    for (int i = *bucket_of(pid); i >= 0; i = places[i].next)
        if (places[i].pid == pid && !places[i].gone)
            return &places[i];
    return NULL;
}

static void close_files(struct process *process)
{
    if (process->directory >= 0) {
        close(process->directory);
        close(process->statm);
        fds_left += 2;
    }
    process->directory = process->statm = -1;
}

static void open_files(struct process *process)
{
    char path[512];
    process->directory = process->statm = -1;
    if (fds_left < 2)
        return;
    snprintf(path, sizeof path, "%s/proc/%d", root_path, process->pid);
    process->directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (process->directory < 0)
        return;
    process->statm = openat(process->directory, "statm", O_RDONLY | O_CLOEXEC);
    if (process->statm < 0) {
        close(process->directory);
        process->directory = -1;
        return;
    }
    fds_left -= 2;
}

void table_drop(struct process *process)
{
    if (!process->gone)
        close_files(process);
    process->gone = true;
    if (process->pins)
        return;
    int place = (int)table_place(process);
    for (int *at = bucket_of(process->pid); *at >= 0; at = &places[*at].next)
        if (*at == place) {
            *at = process->next;
            break;
        }
    forget_command(process);
    process->pid = 0;
    process->next = free_places;
    free_places = place;
    live--;
    if (live == 0) {
        end = 0;
        free_places = -1;
    }
}

static struct process *new_place(void)
{
    int place = free_places;
    if (place >= 0)
        free_places = places[place].next;
    else if (end < PROCESSES_MAX)
        place = (int)end++;
    else
        return NULL;
    live++;
    return &places[place];
}

static int read_parent(const struct process *process)
{
    char text[1024];
    struct proc_stat stat;
    return process_read(process, "stat", text, sizeof text) > 0 && parse_proc_stat(text, &stat) == 0
               ? stat.parent
               : 0;
}

struct process *table_take(int pid, int64_t t_ms)
{
    struct process *process = find(pid);
    if (process && process->directory < 0 &&
        process_start_ticks(root_path, pid) != process->start_ticks) {
        table_drop(process);
        process = NULL;
    }
    if (process || !(process = new_place()))
        return process;
    int place = (int)table_place(process);
    *process = (struct process){
        .pid = pid,
        .next = *bucket_of(pid),
        .stage = NO_STAGE,
        .own_stage = NO_STAGE,
        .seen_ms = t_ms,
        .check_at_ms = t_ms,
        .check_gap_ms = FIRST_CHECK_MS,
        .hwm_bytes = -1,
        .read_ms = -1,
        .cost_us_per_mib = 10,
    };
    *bucket_of(pid) = place;
    open_files(process);
    if (process->directory < 0) {
        process->start_ticks = process_start_ticks(root_path, pid);
        if (process->start_ticks == 0) {
            table_drop(process);
            return NULL;
        }
    }
    process->parent = read_parent(process);
    return process;
}

/* Returns the stage of a process: its own match, else that of its parent. The depth is bounded
 * because pids are reused: the chain of recorded parents can have a loop. */
static int assign_stage(struct process *process, uint32_t scan, int depth)
{
    if (process->assigned_scan == scan || depth == ANCESTORS_MAX)
        return process->own_stage;
    process->assigned_scan = scan;
    if (process->stage != NO_STAGE)
        return process->own_stage = process->stage;
    struct process *parent = process->parent > 0 ? find(process->parent) : NULL;
    /* A process that was seen later has reused the pid of the parent. */
    if (parent && parent->seen_ms <= process->seen_ms)
        process->own_stage = assign_stage(parent, scan, depth + 1);
    return process->own_stage;
}

void table_assign_stages(uint32_t scan)
{
    for (size_t i = 0; i < end; i++)
        if (places[i].pid && !places[i].gone)
            (void)assign_stage(&places[i], scan, 0);
}

void table_sweep(uint32_t scan)
{
    for (size_t i = 0; i < end; i++)
        if (places[i].pid && places[i].scan != scan && !places[i].gone)
            table_drop(&places[i]);
}

int process_open(const struct process *process, const char *name)
{
    char path[512];
    if (process->gone) {
        errno = ESRCH;
        return -1;
    }
    if (process->directory >= 0)
        return openat(process->directory, name, O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof path, "%s/proc/%d/%s", root_path, process->pid, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

int64_t process_read(const struct process *process, const char *name, char *text, size_t capacity)
{
    if (!process->gone && process->directory < 0)
        return read_proc(root_path, process->pid, name, text, capacity);
    int fd = process_open(process, name);
    if (fd < 0)
        return -1;
    /* One read(2) fills the buffer or reaches the end of the file. */
    ssize_t got = read_again(fd, text, capacity);
    int saved = errno;
    close(fd);
    errno = saved;
    return got;
}

static int64_t read_statm(const struct process *process, char *text, size_t capacity)
{
    return process->statm >= 0 ? read_again(process->statm, text, capacity)
                               : process_read(process, "statm", text, capacity);
}

bool process_read_statm(struct process *process)
{
    char text[STATM_MAX];
    int64_t resident, shared;
    if (read_statm(process, text, sizeof text) <= 0 || parse_statm(text, &resident, &shared) < 0)
        return false;
    process->rss_bytes = resident * page_bytes;
    process->shared_bytes = (shared < resident ? shared : resident) * page_bytes;
    return true;
}

static uint64_t hash(const char *bytes, size_t length)
{
    uint64_t sum = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        sum = (sum ^ (unsigned char)bytes[i]) * 1099511628211u;
    return sum;
}

/* Returns whether the sizes of the process differ from those at its last check. */
static bool statm_changed(struct process *process)
{
    char text[STATM_MAX];
    int64_t length = read_statm(process, text, sizeof text);
    uint64_t sum = length > 0 ? hash(text, (size_t)length) : 0;
    bool changed = sum == 0 || sum != process->statm_hash;
    process->statm_hash = sum;
    return changed;
}

static void read_run_delay(struct process *process, int64_t t_ms)
{
    char text[128];
    process->read_run_delay_ms = t_ms;
    if (!counts_run_delay || process_read(process, "schedstat", text, sizeof text) <= 0)
        return;
    int64_t delay_us = parse_run_delay(text);
    if (delay_us < process->run_delay_us)
        return;
    if (run_delay_us < 0)
        run_delay_us = 0;
    run_delay_us += delay_us - process->run_delay_us;
    process->run_delay_us = delay_us;
}

bool process_outgrew_command(struct process *process)
{
    bool outgrew =
        process->rss_bytes >= LARGE_BYTES && process->rss_bytes / 2 >= process->command_rss_bytes;
    if (outgrew)
        process->check_at_ms = 0;
    return outgrew;
}

bool process_check_command(struct process *process, int64_t t_ms, int64_t tick_ms)
{
    static char command[COMMAND_MAX];
    if (t_ms < process->check_at_ms)
        return false;
    /* Checks a new process often, and all old ones together about 100 times per second. */
    int64_t longest = tick_ms + tick_ms * (int64_t)live / 16;
    process->check_at_ms = t_ms + process->check_gap_ms;
    process->check_gap_ms =
        3 * process->check_gap_ms < longest ? 3 * process->check_gap_ms : longest;
    /* One read of an open file costs a fifth of the two below. */
    int64_t unchanged_ms = longest > UNCHANGED_CHECK_MS ? longest : UNCHANGED_CHECK_MS;
    if (!statm_changed(process) && t_ms < process->read_command_ms + unchanged_ms) {
        if (t_ms >= process->read_run_delay_ms + RUN_DELAY_MS)
            read_run_delay(process, t_ms);
        return false;
    }
    process->read_command_ms = t_ms;
    process->command_rss_bytes = process->rss_bytes;
    read_run_delay(process, t_ms);

    int64_t length = process_read(process, "cmdline", command, sizeof command);
    if (length <= 0)
        return false; /* a zombie keeps its name */
    uint64_t sum = hash(command, (size_t)length);
    if (sum == process->command_hash)
        return false;
    process->command_hash = sum;
    process->check_gap_ms = FIRST_CHECK_MS;
    cmdline_to_text(command, (size_t)length);
    int before = process->stage;
    process->stage = stages_match(command);
    forget_command(process);
    process->command = strndup(command, COMMAND_KEPT);
    return process->stage != before;
}

const char *process_command(const struct process *process)
{
    return process->command ? process->command : "";
}

const char *process_whole_command(const struct process *process)
{
    static char command[WIRE_STRING_MAX];
    const char *known = process_command(process);
    if (strlen(known) < COMMAND_KEPT)
        return known;
    int64_t length = process_read(process, "cmdline", command, sizeof command);
    if (length <= 0)
        return known;
    cmdline_to_text(command, (size_t)length);
    return command;
}
