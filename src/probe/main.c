/* build-mem-probe: runs a build, measures it, and sends records to the runner.
 *
 *   build-mem-probe [--interval-ms N] [--stage REGEX]... [--own-cgroup] [--sh-fallback]
 *                   [--marker FILE] [--guard PERCENT] [--cgroup DIRECTORY [--cpu-usage FILE]]
 *                   [--runner VERSION] [--deep]
 *                   -- COMMAND [ARG...]
 *
 * --own-cgroup: only the build and the probe are in the cgroup; implied if the probe is PID 1.
 * Without it the build's processes are the probe's descendants.
 * --marker: a file of the repository. If it is missing, the engine has mounted something else.
 * --cgroup: measures this cgroup, in which a daemon works for COMMAND. The probe is not in it.
 * --cpu-usage: a file with the CPU time of that cgroup in ns (cgroup v1).
 * --sh-fallback: if COMMAND is missing, run sh with its arguments.
 *
 * --guard: see probe/guard.h.
 * --runner: the version of the runner, which must be that of the probe.
 * --deep: see probe/deep.h.
 *
 * stdout carries records (wire/wire.h); stdin is a lifeline: the build begins with its first line,
 * and is ended when it ends. The line has the room that the runner sees for the guard, in bytes. */
#include "cgroup/cgroup.h"
#include "probe/build.h"
#include "probe/deep.h"
#include "probe/disturbance.h"
#include "probe/emit.h"
#include "probe/guard.h"
#include "probe/process_table.h"
#include "probe/sampler.h"
#include "probe/stages.h"
#include "probe/steps.h"
#include "probe/trial.h"
#include "probe/variables.h"
#include "proc/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The time from the signal that ends a build to SIGKILL. */
#define GRACE_MS 3000

static struct cgroup cgroup, cpu_cgroup;
static bool own_cgroup;       /* it contains only the build and the probe */
static bool outside;          /* COMMAND and the probe are not in the cgroup */
static const char *cpu_usage; /* of the cgroup, if the probe is outside; NULL: unknown */
/* The counters before the build. */
static struct cgroup_pressure pressure_at_start;
static struct cgroup_constraints constraints_at_start;
static int64_t cpu_us_at_start; /* of the cgroup, if it is of v2 */
static struct cgroup_oom oom_at_start;
static int64_t peak_at_start_bytes, usage_at_start_bytes;
static struct sampler sampler;
static struct build build;
static struct guard guard;
static int64_t guard_percent; /* of --guard; 0: no guard */
static bool sh_fallback;
static bool deep;
static const char *marker; /* NULL: none */
static struct timespec started;
static bool has_lifeline = true; /* the runner holds our stdin open */

static int64_t elapsed_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)(now.tv_sec - started.tv_sec) * 1000 +
           (now.tv_nsec - started.tv_nsec) / 1000000;
}

static _Noreturn void fail(const char *what, const char *why)
{
    char message[1024];
    snprintf(message, sizeof message, "%s: %s", what, why);
    emit_record(&(struct wire_record){.type = WIRE_FAILURE, .failure = {.message = message}});
    emit_flush(5000);
    exit(1);
}

/* In an image of another architecture only the probe can run. */
static _Noreturn void fail_to_start(const char *program)
{
    int reason = errno;
    char why[512];
    struct utsname machine;
    if (reason != ENOEXEC || uname(&machine) < 0)
        fail(program, strerror(reason));
    snprintf(
        why, sizeof why,
        "%s: it is not a program for this machine (%s). If the image is of another architecture, "
        "name one of this machine's with --image, or install the emulation of its programs "
        "(qemu-user-static)",
        strerror(reason), machine.machine);
    fail(program, why);
}

/* ---- the environment ---- */

static void read_thp(char *mode, size_t capacity)
{
    char text[128] = "";
    (void)read_text("/sys/kernel/mm/transparent_hugepage/enabled", text, sizeof text);
    const char *open = strchr(text, '[');
    const char *close = open ? strchr(open, ']') : NULL;
    snprintf(mode, capacity, "%.*s", close ? (int)(close - open - 1) : 0, close ? open + 1 : "");
}

/* The CPU time that the build can use, in percent of one CPU: the lower of its affinity and its
 * quota; -1 if unknown. */
static int64_t cpu_percent(void)
{
    cpu_set_t cpus;
    int64_t affinity = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? 100 * CPU_COUNT(&cpus) : -1;
    int64_t quota = cpu_cgroup.version ? cgroup_cpu_quota(&cpu_cgroup) : -1;
    return quota > 0 && (affinity < 0 || quota < affinity) ? quota : affinity;
}

static void send_hello(void)
{
    char thp[32], meminfo[4096] = "";
    struct utsname system;
    uname(&system);
    read_thp(thp, sizeof thp);
    (void)read_text("/proc/meminfo", meminfo, sizeof meminfo);
    const char *source = cgroup_peak_source(&cgroup), *usage_source = cgroup_usage_source(&cgroup);
    emit_record(
        &(struct wire_record){.type = WIRE_HELLO,
                              .hello = {
                                  .source = source ? source : "",
                                  .usage_source = usage_source ? usage_source : "",
                                  .cgroup_version = cgroup.version,
                                  .cgroup_seen_by = WIRE_SEEN_BY_PROBE,
                                  .cgroup_directory = cgroup.version ? cgroup.directory : "",
                                  .shared = cgroup.version && !own_cgroup,
                                  .peak_was_reset = 0,
                                  .peak_at_start_bytes = peak_at_start_bytes,
                                  .usage_at_start_bytes = usage_at_start_bytes,
                                  .limit_bytes = cgroup_lowest_limit(&constraints_at_start),
                                  .cpu_percent = cpu_percent(),
                                  .memory_total_bytes = parse_kib_line(meminfo, "MemTotal"),
                                  .architecture = system.machine,
                                  .kernel = system.release,
                                  .thp = thp,
                              }});
}

static void send_variable(const char *name, const char *value)
{
    emit_record(
        &(struct wire_record){.type = WIRE_VARIABLE, .variable = {.name = name, .value = value}});
}

static int64_t cpu_ms_of(int who)
{
    struct rusage usage;
    getrusage(who, &usage);
    return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

static int64_t own_cpu_ms(void)
{
    return cpu_ms_of(RUSAGE_SELF);
}

/* The cgroup is new, so the count starts at 0. */
static int64_t cpu_ms_of_steps(void)
{
    char text[64];
    int64_t ns;
    int64_t us = cgroup_cpu_us(&cgroup);
    if (us >= 0)
        return us / 1000;
    return cpu_usage && read_text(cpu_usage, text, sizeof text) > 0 &&
                   parse_cgroup_number(text, &ns) == 0 && ns >= 0
               ? ns / 1000000
               : -1;
}

/* The cgroup counts also the processes that nobody waited for, because their parents ignore
 * SIGCHLD. The caller has reaped the rest. */
static int64_t cpu_ms_of_build(void)
{
    if (outside)
        return cpu_ms_of_steps();
    int64_t now_us = cgroup_cpu_us(&cgroup), reaped_ms = cpu_ms_of(RUSAGE_CHILDREN);
    if (!own_cgroup || cpu_us_at_start < 0 || now_us < cpu_us_at_start)
        return reaped_ms;
    int64_t counted_ms = (now_us - cpu_us_at_start) / 1000 - own_cpu_ms();
    return counted_ms > reaped_ms ? counted_ms : reaped_ms;
}

static int64_t own_rss_peak(void)
{
    char status[4096];
    if (read_text("/proc/self/status", status, sizeof status) < 0)
        return -1;
    return parse_kib_line(status, "VmHWM");
}

/* Returns the increase of a counter during the build; -1 if the kernel does not count it. */
static int64_t since(int64_t before, int64_t after)
{
    return before < 0 || after < before ? -1 : after - before;
}

static void count_from_here(void)
{
    cgroup_pressure(&cgroup, &pressure_at_start);
    cpu_us_at_start = cgroup_cpu_us(&cgroup);
    cgroup_read_oom(&cgroup, &oom_at_start);
    cgroup_read_constraints(&cgroup, &constraints_at_start);
    peak_at_start_bytes = cgroup_peak(&cgroup);
    usage_at_start_bytes = cgroup_usage(&cgroup);
}

/* Ends the client first: without it the daemon starts no further step. */
static void kill_build(void)
{
    if (outside)
        build_kill_all(&build, NULL);
    build_kill_all(&build, own_cgroup && cgroup.version ? &cgroup : NULL);
}

/* Ends the probe if it can no longer wait for events, for example because the build lowered the
 * limit of descriptors to none. No record is better than a wrong one; stderr carries the reason. */
static _Noreturn void give_up(const char *what, const char *why)
{
    kill_build();
    dprintf(STDERR_FILENO, "build-mem-probe: %s: %s\n", what, why);
    emit_flush(1000);
    exit(1);
}

/* Reads a counter that was readable before the build. If it cannot be read now, the probe gives up:
 * the build may have used all descriptors. */
static int64_t counted(const char *what, int64_t at_start, int64_t now)
{
    if (at_start >= 0 && now < 0)
        give_up(what, "could be read at the start, and cannot be any more");
    return now;
}

static void send_constraints(void)
{
    static struct cgroup_constraints constraints;
    static char directory[CGROUP_PATH_MAX];
    cgroup_read_constraints(&cgroup, &constraints);
    if (constraints.count && constraints_at_start.count)
        (void)counted("the limit's hits", constraints_at_start.items[0].limit_hits,
                      constraints.items[0].limit_hits);
    cgroup_constraints_since(&constraints_at_start, &constraints);
    for (size_t i = 0; i < constraints.count; i++) {
        const struct wire_record record =
            wire_constraint_of(&cgroup, &constraints.items[i], i, directory);
        emit_record(&record);
    }
}

/* Ending the rest of the build can take seconds, which are a part of these totals. */
static void send_disturbance(void)
{
    struct wire_record record = {.type = WIRE_DISTURBANCE};
    /* The daemon works for the build, too, so the CPU time of others is unknown. */
    int64_t own_us = outside ? -1 : (cpu_ms_of_build() + own_cpu_ms()) * 1000;
    disturbance_since_start(elapsed_ms() * 1000, table_run_delay_us(), own_us, &record.disturbance);
    emit_record(&record);
}

/* memory.swap.peak is new in Linux 6.5; before, it is the highest sample. In a shared cgroup it can
 * be the swap of others. */
static int64_t swap_peak(void)
{
    int64_t counted = cgroup_read_number(&cgroup, "memory.swap.peak");
    int64_t sampled = sampler.gauges.swap_high_bytes;
    return !own_cgroup ? -1 : counted > sampled ? counted : sampled;
}

static void send_end(int64_t duration_ms)
{
    struct cgroup_pressure pressure;
    int64_t peak_bytes = counted("the peak", peak_at_start_bytes, cgroup_peak(&cgroup));
    static struct cgroup_oom oom;
    cgroup_read_oom(&cgroup, &oom);
    (void)counted("the kernel's kills", oom_at_start.kills, oom.kills);
    const struct cgroup_kills kills = cgroup_kills_since(&oom_at_start, &oom);
    (void)counted("the memory in use", usage_at_start_bytes, cgroup_usage(&cgroup));
    cgroup_pressure(&cgroup, &pressure);
    emit_record(&(struct wire_record){
        .type = WIRE_END,
        .end = {
            .exit_code = WIFEXITED(build.wait_status) ? WEXITSTATUS(build.wait_status) : -1,
            .signal = WIFSIGNALED(build.wait_status) ? WTERMSIG(build.wait_status) : 0,
            .duration_ms = duration_ms,
            .peak_bytes = peak_bytes,
            .ended_peak_bytes = -1,
            .oom_kills = kills.fatal,
            .inner_oom_kills = kills.inner,
            .inner_oom_cgroup = oom.inner_cgroup,
            .pressure_some_us = since(pressure_at_start.some_us, pressure.some_us),
            .pressure_full_us = since(pressure_at_start.full_us, pressure.full_us),
            .refaults = since(pressure_at_start.refaults, pressure.refaults),
            .swap_peak_bytes = swap_peak(),
            .zswap_peak_bytes = own_cgroup ? sampler.gauges.zswap_high_bytes : -1,
            .samples = sampler.samples,
            .snapshots = sampler.snapshots,
            .vanished = sampler.pss.vanished,
            .unreadable = sampler.pss.unreadable,
            .cpu_ms = own_cpu_ms(),
            .rss_peak_bytes = own_rss_peak(),
            /* Without the cgroup, it would be the client. */
            .largest_process_bytes = outside ? -1 : build_largest_process_bytes(),
            .build_cpu_ms = cpu_ms_of_build(),
            .guard = guard.ended,
            .guard_bytes = guard.ended_bytes,
            .guard_room_bytes = guard.ended ? guard.room_bytes : -1,
        }});
}

/* ---- the main loop ---- */

static int open_signals(void)
{
    /* SIGCHLD, and the signals that are forwarded. SIGPIPE: the runner is gone; the lifeline shows
     * it. */
    static const int taken[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        sigaddset(&set, taken[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL); /* if it is inherited as ignored, waitpid(2) finds no child */
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void take_signals(int signals)
{
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) == (ssize_t)sizeof info)
        if (info.ssi_signo == SIGCHLD)
            build_reap(&build);
        else
            build_signal(&build, (int)info.ssi_signo);
}

/* Sends the output of the build. Closes the pipe at its end. */
static void take_output(int stream)
{
    static char bytes[32 * 1024];
    ssize_t got = read(build.output[stream], bytes, sizeof bytes);
    if (got > 0) {
        emit_record(&(struct wire_record){
            .type = WIRE_OUTPUT,
            .output = {.stream = stream + 1, .bytes = bytes, .length = (size_t)got}});
    } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
        close(build.output[stream]);
        build.output[stream] = -1;
    }
}

/* Returns false if the lifeline is closed. */
static bool lifeline_is_open(void)
{
    char ignored[256];
    ssize_t got = read(STDIN_FILENO, ignored, sizeof ignored);
    return got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN));
}

/* The build can end the probe as soon as it runs, so the runner must know our cgroup before.
 * Returns the number in the line that starts the build. */
static int64_t wait_for_start(void)
{
    char line[32] = "";
    size_t length = 0;
    emit_flush(10000);
    while (length == 0 || line[length - 1] != '\n') {
        ssize_t got = read(STDIN_FILENO, line + length, 1);
        if (got == 0 || (got < 0 && errno != EINTR) || length == sizeof line - 1)
            fail("the build did not start", "the runner closed the lifeline first");
        length += got > 0;
    }
    return strtoll(line, NULL, 10);
}

/* The cgroup can disappear with its last process. The runner reads it first, then closes the
 * lifeline.
 */
static void wait_for_runner(void)
{
    int64_t deadline = elapsed_ms() + 500;
    while (has_lifeline && elapsed_ms() < deadline) {
        struct pollfd lifeline = {.fd = STDIN_FILENO, .events = POLLIN};
        if (poll(&lifeline, 1, (int)(deadline - elapsed_ms())) > 0)
            has_lifeline = lifeline_is_open();
    }
}

/* Kills at once: after SIGTERM, a build could go on allocating. */
static void check_guard(int64_t t_ms)
{
    if (guard_must_end(&guard, sampler.gauges.unreclaimable.now_bytes, t_ms))
        kill_build();
}

static void watch_build(int signals)
{
    int64_t next_poll = 0, kill_at = INT64_MAX;
    while (!build.ended) {
        int64_t now = elapsed_ms();
        if (now >= kill_at) {
            kill_build();
            kill_at = INT64_MAX;
            continue;
        }
        if (now >= next_poll) {
            next_poll = sampler_poll(&sampler, now);
            check_guard(now);
            if (emit_pending())
                emit_some();
            int64_t late = elapsed_ms();
            next_poll = next_poll > late ? next_poll : late + 1;
        }
        struct pollfd fds[] = {
            {.fd = signals, .events = POLLIN},
            {.fd = has_lifeline ? STDIN_FILENO : -1, .events = POLLIN},
            {.fd = emit_has_room() ? build.output[0] : -1, .events = POLLIN},
            {.fd = emit_has_room() ? build.output[1] : -1, .events = POLLIN},
            {.fd = emit_pending() ? STDOUT_FILENO : -1, .events = POLLOUT},
            {.fd = steps_fd(), .events = POLLIN},
        };
        int64_t wait_ms = (next_poll < kill_at ? next_poll : kill_at) - elapsed_ms();
        int ready = poll(fds, sizeof fds / sizeof *fds, wait_ms > 0 ? (int)wait_ms : 0);
        if (ready < 0 && errno != EINTR)
            give_up("poll", strerror(errno));
        if (ready <= 0)
            continue;
        if (fds[5].revents) /* the first one, because the cgroup is removed soon */
            steps_take_ends();
        if (fds[0].revents)
            take_signals(signals);
        if (fds[1].revents && !lifeline_is_open()) {
            has_lifeline = false;
            build_signal(&build, SIGTERM);
            kill_at = elapsed_ms() + GRACE_MS;
        }
        for (int stream = 0; stream < 2; stream++)
            if (fds[2 + stream].revents)
                take_output(stream);
        if (fds[4].revents)
            emit_some();
    }
}

/* All writers have ended: sends the rest of the pipes. */
static void drain_output(void)
{
    int64_t deadline = elapsed_ms() + 5000;
    while ((build.output[0] >= 0 || build.output[1] >= 0) && elapsed_ms() < deadline) {
        struct pollfd fds[] = {{.fd = build.output[0], .events = POLLIN},
                               {.fd = build.output[1], .events = POLLIN}};
        if (poll(fds, 2, 1000) <= 0)
            continue;
        for (int stream = 0; stream < 2; stream++)
            if (fds[stream].revents)
                take_output(stream);
    }
}

/* Unmaps the code. What the loop needs comes back from the page cache; the rest,
 * which only the start needed, no longer counts as memory of the probe. */
static void forget_start(void)
{
    extern char __executable_start[], __etext[];
    char *from =
        __executable_start - (uintptr_t)__executable_start % (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)madvise(from, (size_t)(__etext - from), MADV_DONTNEED);
}

static void measure_outside(const char *directory)
{
    outside = own_cgroup = true;
    snprintf(cgroup.directory, sizeof cgroup.directory, "%s", directory);
    cgroup.version = 2;
    if (!cgroup_has_file(&cgroup, "memory.current"))
        cgroup.version = 1;
}

/* The engine can have another probe at the path of the runner's. */
static void check_runner(const char *version)
{
    if (strcmp(version, PACKAGE_VERSION) != 0)
        fail("the engine runs the probe of build-mem " PACKAGE_VERSION,
             "install the version of the runner there, too");
}

static char **read_arguments(int argc, char **argv, int64_t *interval_ms)
{
    static const struct option options[] = {{"interval-ms", required_argument, NULL, 'i'},
                                            {"stage", required_argument, NULL, 's'},
                                            {"own-cgroup", no_argument, NULL, 'o'},
                                            {"sh-fallback", no_argument, NULL, 'f'},
                                            {"marker", required_argument, NULL, 'm'},
                                            {"guard", required_argument, NULL, 'g'},
                                            {"cgroup", required_argument, NULL, 'c'},
                                            {"cpu-usage", required_argument, NULL, 'u'},
                                            {"runner", required_argument, NULL, 'r'},
                                            {"deep", no_argument, NULL, 'd'},
                                            {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
        const char *message = NULL;
        if (option == 'i')
            *interval_ms = atoi(optarg) > 0 ? atoi(optarg) : *interval_ms;
        else if (option == 's')
            message = stages_add(optarg);
        else if (option == 'o')
            own_cgroup = true;
        else if (option == 'f')
            sh_fallback = true;
        else if (option == 'm')
            marker = optarg;
        else if (option == 'g')
            guard_percent = atoi(optarg);
        else if (option == 'c')
            measure_outside(optarg);
        else if (option == 'u')
            cpu_usage = optarg;
        else if (option == 'r')
            check_runner(optarg);
        else if (option == 'd')
            deep = true;
        else
            exit(2);
        if (message)
            fail(optarg, message);
    }
    if (optind == argc) {
        fputs("build-mem-probe: no command; it is started by build-mem\n", stderr);
        exit(2);
    }
    return argv + optind;
}

int main(int argc, char **argv)
{
    int64_t interval_ms = 150;
    if (is_trial(argc, argv))
        return run_trial(argv);
    own_cgroup = getpid() == 1;
    emit_init();
    char **command = read_arguments(argc, argv, &interval_ms);
    int signals = open_signals();
    if (signals < 0)
        fail("signalfd", strerror(errno));
    /* The build must not access the probe through /proc or ptrace(2). Orphans become our children.
     */
    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);

    bool found = outside || cgroup_of_self("", &cgroup) == 0;
    /* Some engines leave a container in the cgroup of their caller. */
    own_cgroup = own_cgroup && (outside || !cgroup_lists_others(&cgroup, getpid()));
    /* The root cgroup of the machine counts all processes. */
    if (found && !own_cgroup && cgroup_is_root(&cgroup))
        cgroup.version = 0;
    (void)cgroup_of_cpu("", &cpu_cgroup);
    if (marker && access(marker, F_OK) < 0 && errno == ENOENT)
        fail("the repository is not in the container",
             "the engine has another directory at its path. " WIRE_MOUNT_REPOSITORY);
    count_from_here();
    send_hello();
    if (!outside) /* a step does not inherit the variables of the client */
        variables_each(send_variable);
    int64_t outer_room_bytes = wait_for_start();
    sampler_init(&sampler, "", &cgroup, own_cgroup, interval_ms);
    sampler.gauges.sum_below = outside && cgroup.version == 1;
    if (outside)
        steps_start(&cgroup);
    guard_start(&guard, "", &cgroup, guard_percent, &constraints_at_start, outer_room_bytes);
    disturbance_start(&cgroup, own_cgroup, &cpu_cgroup);
    if (!disturbance_has_cpu_pressure())
        table_count_run_delay();
    const char *failed = deep ? deep_prepare() : NULL;
    if (failed)
        fail(failed, strerror(errno));
    clock_gettime(CLOCK_MONOTONIC, &started);
    if (build_start(&build, command, sh_fallback) < 0)
        fail_to_start(command[0]);
    forget_start();
    watch_build(signals);

    int64_t duration_ms = elapsed_ms();
    sampler_finish(&sampler, duration_ms);
    kill_build();
    drain_output();
    deep_send();
    send_constraints();
    send_disturbance();
    send_end(duration_ms);
    emit_flush(10000);
    wait_for_runner();
    return 0;
}
