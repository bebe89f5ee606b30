#include "engine/daemon_watch.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/trace.h"
#include "base/units.h"
#include "proc/proc.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The time between two looks: at least this, and so long that they use at most 0.1 % of a CPU. */
#define LOOK_MS 1000
#define PAUSE_PER_LOOK 1000
#define NS_PER_MS 1000000
/* A class path can be long, and the main class comes after it. */
#define CMDLINE_MAX ((size_t)256 * 1024)
#define MACHINE_MAX 65536 /* processes */

/* A process of a daemon. A pid can be reused: pid and `start_ticks` identify it. */
struct watched_process {
    int pid;
    uint64_t start_ticks;
    enum daemon_id id;
    /* CPU time with its descendants: when the build began, at the last look, and the highest. */
    int64_t first_ticks, now_ticks, high_ticks;
};

/* All processes of this machine at one moment. */
struct machine {
    struct entry {
        int pid, parent;
        int64_t cpu_ticks;
        uint64_t start_ticks;
    } *items;
    size_t count;
};

static int by_pid(const void *a, const void *b)
{
    int one = *(const int *)a, other = *(const int *)b; /* the first member of an entry */
    return (one > other) - (one < other);
}

static void read_machine(struct machine *machine)
{
    int *pids CLEANUP(cleanup_free) = xcalloc(MACHINE_MAX, sizeof *pids);
    size_t listed = list_processes("", pids, MACHINE_MAX);
    *machine = (struct machine){.items = xcalloc(listed + 1, sizeof *machine->items)};
    for (size_t i = 0; i < listed; i++) {
        struct proc_stat stat;
        if (process_stat("", pids[i], &stat) < 0)
            continue;
        machine->items[machine->count++] = (struct entry){.pid = pids[i],
                                                          .parent = stat.parent,
                                                          .cpu_ticks = stat.cpu_ticks,
                                                          .start_ticks = stat.start_ticks};
    }
    qsort(machine->items, machine->count, sizeof *machine->items, by_pid);
}

static const struct entry *entry_of(const struct machine *machine, int pid)
{
    return bsearch(&pid, machine->items, machine->count, sizeof *machine->items, by_pid);
}

/* Returns whether `ancestor` is the process or an ancestor of it. Parents can change between two
 * reads, so the number of steps is bounded. */
static bool descends_from(const struct machine *machine, const struct entry *entry, int ancestor)
{
    for (size_t steps = 0; entry && steps < machine->count; steps++) {
        if (entry->pid == ancestor)
            return true;
        entry = entry->parent > 0 ? entry_of(machine, entry->parent) : NULL;
    }
    return false;
}

/* ---- which processes are daemons, and outside ---- */

static bool is_of_user(int pid, uid_t user)
{
    struct stat status;
    char path[32];
    snprintf(path, sizeof path, "/proc/%d", pid);
    return stat(path, &status) == 0 && status.st_uid == user;
}

/* A process in a container has a pid of its own there. It has a network of its own too, so a build
 * outside does not reach it. */
static bool is_in_container(int pid)
{
    char text[4096];
    if (read_proc("", pid, "status", text, sizeof text) < 0)
        return false;
    const char *line = strstr(text, "\nNSpid:");
    if (!line)
        return false;
    line += strlen("\nNSpid:");
    line += strspn(line, "\t ");
    line += strspn(line, "0123456789");
    return *line == '\t';
}

static enum daemon_id daemon_of_pid(const struct daemon_watch *watch, int pid, char *cmdline)
{
    ssize_t length = read_proc("", pid, "cmdline", cmdline, CMDLINE_MAX);
    enum daemon_id id = length > 0 ? daemon_of_process(cmdline, (size_t)length) : DAEMON_IDS;
    if (id != DAEMON_IDS && !known_daemons[id].shared &&
        (!is_of_user(pid, watch->user) || is_in_container(pid)))
        return DAEMON_IDS;
    return id;
}

static bool is_listed(const int *pids, ssize_t count, int pid)
{
    for (ssize_t i = 0; i < count; i++)
        if (pids[i] == pid)
            return true;
    return false;
}

static struct watched_process *watched(const struct daemon_watch *watch, const struct entry *entry)
{
    for (size_t i = 0; i < watch->count; i++)
        if (watch->processes[i].pid == entry->pid &&
            watch->processes[i].start_ticks == entry->start_ticks)
            return &watch->processes[i];
    return NULL;
}

static void add_process(struct daemon_watch *watch, const struct entry *entry, enum daemon_id id)
{
    watch->processes = xgrow(watch->processes, watch->count, sizeof *watch->processes);
    watch->processes[watch->count++] = (struct watched_process){
        .pid = entry->pid,
        .start_ticks = entry->start_ticks,
        .id = id,
        /* A daemon that started during the build has worked for it from its start. */
        .first_ticks =
            watch->begun_ticks && entry->start_ticks >= watch->begun_ticks ? 0 : UNMEASURED};
    trace("daemons: process %d is of the %s, outside of the cgroup of the build", entry->pid,
          known_daemons[id].name);
}

static void find_new_processes(struct daemon_watch *watch, const struct machine *machine)
{
    int *inside CLEANUP(cleanup_free) = xcalloc(PROCESSES_MAX, sizeof *inside);
    char *cmdline CLEANUP(cleanup_free) = xmalloc(CMDLINE_MAX);
    ssize_t count =
        watch->build.version ? cgroup_all_processes(&watch->build, inside, PROCESSES_MAX) : 0;
    for (size_t i = 0; i < machine->count; i++) {
        const struct entry *entry = &machine->items[i];
        if (watched(watch, entry) ||
            is_listed(inside, count < PROCESSES_MAX ? count : PROCESSES_MAX, entry->pid) ||
            (!watch->build.version && descends_from(machine, entry, getpid())))
            continue;
        enum daemon_id id = daemon_of_pid(watch, entry->pid, cmdline);
        if (id != DAEMON_IDS)
            add_process(watch, entry, id);
    }
}

/* Returns the nearest daemon among the process and its ancestors. A daemon can have started
 * build-mem: its processes are nobody's here. */
static struct watched_process *owner_of(const struct daemon_watch *watch,
                                        const struct machine *machine, const struct entry *entry)
{
    for (size_t steps = 0; entry && steps < machine->count; steps++) {
        struct watched_process *owner = watched(watch, entry);
        if (owner || entry->pid == getpid())
            return owner;
        entry = entry->parent > 0 ? entry_of(machine, entry->parent) : NULL;
    }
    return NULL;
}

/* A descendant of a daemon for all users, such as a container, that started before the build. */
static bool works_for_others(const struct daemon_watch *watch, const struct watched_process *owner,
                             const struct entry *entry)
{
    return known_daemons[owner->id].shared && entry->pid != owner->pid &&
           (watch->begun_ticks == 0 || entry->start_ticks < watch->begun_ticks);
}

/* The CPU time of a daemon that has ended, or of a child that nobody waited for, is lost: the
 * highest value counts. */
static void count_ticks(struct daemon_watch *watch, const struct machine *machine)
{
    for (size_t i = 0; i < watch->count; i++)
        watch->processes[i].now_ticks = 0;
    for (size_t i = 0; i < machine->count; i++) {
        const struct entry *entry = &machine->items[i];
        struct watched_process *owner = owner_of(watch, machine, entry);
        if (owner && !works_for_others(watch, owner, entry))
            owner->now_ticks = add_figures(owner->now_ticks, machine->items[i].cpu_ticks);
    }
    for (size_t i = 0; i < watch->count; i++) {
        struct watched_process *process = &watch->processes[i];
        if (process->first_ticks == UNMEASURED)
            process->first_ticks = process->now_ticks;
        if (process->now_ticks > process->high_ticks)
            process->high_ticks = process->now_ticks;
    }
}

void daemon_watch_look(struct daemon_watch *watch)
{
    struct machine machine;
    int64_t begun_ns = thread_cpu_ns(); /* the elapsed time is long on a busy machine */
    if (!watch->has_processes)
        return;
    read_machine(&machine);
    find_new_processes(watch, &machine);
    count_ticks(watch, &machine);
    free(machine.items);
    int64_t pause_ms = (thread_cpu_ns() - begun_ns) * PAUSE_PER_LOOK / NS_PER_MS;
    watch->next_look_ms = monotonic_ms() + (pause_ms > LOOK_MS ? pause_ms : LOOK_MS);
}

void daemon_watch_poll(struct daemon_watch *watch)
{
    if (monotonic_ms() >= watch->next_look_ms)
        daemon_watch_look(watch);
}

/* ---- the commands of the build ---- */

/* Takes ownership of the name. */
static void take_client(struct daemon_watch *watch, struct daemon_client client)
{
    /* In a container, the build itself starts such a daemon. */
    bool counts = client.daemon != DAEMON_IDS && (watch->has_processes || !client.starts_daemon) &&
                  !watch->asked_by[client.daemon] && !watch->disabled[client.daemon];
    if (counts)
        watch->asked_by[client.daemon] = client.name;
    else
        free(client.name);
}

void daemon_watch_client(struct daemon_watch *watch, const char *command_line)
{
    take_client(watch, daemon_client_in_process(command_line));
}

static uid_t user_of(const struct engine_spec *spec)
{
    return spec->user ? (uid_t)strtoul(spec->user, NULL, 10) : geteuid();
}

void daemon_watch_open(struct daemon_watch *watch, const struct engine *engine,
                       const struct engine_spec *spec)
{
    *watch =
        (struct daemon_watch){.has_processes = !engine_is_container(engine), .user = user_of(spec)};
    if (engine == &engine_inplace &&
        (cgroup_of_self("", &watch->build) < 0 || cgroup_is_root(&watch->build)))
        watch->build.version = 0;
    struct strv env CLEANUP(strv_release) = {0};
    strv_push_all(&env, spec->env);
    /* Without a container, the build inherits the variables of the runner. */
    for (char **variable = environ; watch->has_processes && *variable; variable++)
        strv_push(&env, *variable);
    for (int id = 0; id < DAEMON_IDS; id++)
        watch->disabled[id] = daemon_is_disabled((enum daemon_id)id, spec->command, &env);
    /* Their work is what this engine measures. */
    if (engine == &engine_image)
        watch->disabled[DAEMON_DOCKER] = watch->disabled[DAEMON_PODMAN] = true;
    take_client(watch, daemon_client_in_command(spec->command));
    daemon_watch_look(watch);
}

static uint64_t boot_ticks(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
    return (uint64_t)now.tv_sec * ticks + (uint64_t)now.tv_nsec * ticks / 1000000000;
}

void daemon_watch_begin(struct daemon_watch *watch, const struct cgroup *build)
{
    if (build->version)
        watch->build = *build;
    daemon_watch_look(watch);
    for (size_t i = 0; i < watch->count; i++)
        watch->processes[i].first_ticks = watch->processes[i].high_ticks;
    watch->begun_ticks = boot_ticks();
}

void daemon_watch_release(struct daemon_watch *watch)
{
    for (int id = 0; id < DAEMON_IDS; id++)
        free(watch->asked_by[id]);
    free(watch->processes);
    *watch = (struct daemon_watch){0};
}

size_t daemon_watch_found(const struct daemon_watch *watch, struct found_daemon found[DAEMON_IDS])
{
    size_t count = 0;
    for (int id = 0; id < DAEMON_IDS; id++) {
        struct found_daemon daemon = {
            .id = (enum daemon_id)id, .cpu_ms = UNMEASURED, .asked_by = watch->asked_by[id]};
        int64_t ticks = 0;
        for (size_t i = 0; i < watch->count; i++)
            if (watch->processes[i].id == daemon.id) {
                ticks = add_figures(ticks, watch->processes[i].high_ticks -
                                               watch->processes[i].first_ticks);
                daemon.processes++;
            }
        if (daemon.processes)
            daemon.cpu_ms = (int64_t)((double)ticks * 1000 / (double)sysconf(_SC_CLK_TCK));
        bool runs = daemon.processes && !known_daemons[id].shared &&
                    (!watch->disabled[id] || daemon.cpu_ms > 0);
        if (runs || daemon.asked_by)
            found[count++] = daemon;
    }
    return count;
}
