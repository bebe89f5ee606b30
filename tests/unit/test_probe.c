/* The process table and the PSS reads of the probe, on live processes that the tests fork. */
#include "base/alloc.h"
#include "cgroup/cgroup.h"
#include "probe/build.h"
#include "probe/disturbance.h"
#include "probe/jvm.h"
#include "probe/process_table.h"
#include "probe/processes.h"
#include "probe/pss.h"
#include "probe/stages.h"
#include "probe/variables.h"
#include "proc/proc.h"
#include "unit/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB ((int64_t)1 << 20)

static struct pss_account account;

static void begin(void)
{
    account = (struct pss_account){0};
    table_init("");
    pss_init(&account);
}

/* Returns a child that has touched `mib` MiB and waits until it is killed. */
static pid_t child_holding(size_t mib)
{
    int ready[2];
    char byte = 0;
    ck_assert_int_eq(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        char *memory = mmap(NULL, mib << 20 | 4096, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memset(memory, 1, mib << 20);
        (void)!write(ready[1], &byte, 1);
        pause();
        _exit(0);
    }
    ck_assert_int_gt(pid, 0);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void end_child(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* Returns the PSS that the kernel reports. The child waits, so only its shared pages can change. */
static int64_t kernels_pss(pid_t pid)
{
    char text[4096];
    struct proc_rollup rollup;
    ck_assert_int_gt(read_proc("", pid, "smaps_rollup", text, sizeof text), 0);
    ck_assert_int_eq(parse_smaps_rollup(text, &rollup), 0);
    return rollup.pss_bytes;
}

/* A process that was read while it grew counts with what it gained since. */
static void follow_small_changes(struct process *process)
{
    int64_t rss = process->rss_bytes, pss = process->read_pss_bytes;
    /* In valgrind, the child shares a part of its memory with its parent. */
    int64_t gained = (int64_t)((double)MIB * (double)process->anon_share);
    ck_assert_int_gt(gained, MIB / 4);
    process->rss_bytes = process->read_rss_bytes + MIB;
    pss_estimate(process);
    ck_assert_int_eq(process->basis, PSS_MEASURED);
    ck_assert_int_eq(process->pss_bytes, pss + gained);
    ck_assert_int_eq(process->pss_anon_bytes, process->read_pss_anon_bytes + gained);
    process->rss_bytes = process->read_rss_bytes - MIB; /* statm is not exact */
    pss_estimate(process);
    ck_assert_int_eq(process->pss_bytes, pss);
    process->rss_bytes = rss;
}

static void follow_one(void)
{
    /* statm is off by up to 32 pages per CPU and counter: 100 MiB makes that less than the 1 % that
     * counts as a change. */
    pid_t pid = child_holding(100);
    struct process *process = table_take(pid, 0);
    ck_assert_ptr_nonnull(process);
    ck_assert_ptr_eq(table_take(pid, 1), process);
    process_check_command(process, 0, 150);
    ck_assert_ptr_nonnull(strstr(process_command(process), "test_probe"));
    ck_assert(process_read_statm(process));
    ck_assert_int_ge(process->rss_bytes, 100 * MIB);
    pss_estimate(process);
    ck_assert_int_eq(process->basis, PSS_ESTIMATED);

    pss_refresh(0, 1000000, false);
    ck_assert_int_eq(account.reads, 1);
    pss_refresh(1, 1000000, false); /* unchanged: not read again */
    ck_assert_int_eq(account.reads, 1);
    pss_estimate(process);
    ck_assert_int_eq(process->basis, PSS_MEASURED);
    ck_assert_int_ge(process->pss_bytes, 100 * MIB);
    /* The child holds anonymous memory; the program and its libraries are mapped files. */
    ck_assert_int_ge(pss_charged_bytes(process), 100 * MIB);
    ck_assert_int_lt(pss_charged_bytes(process), process->pss_bytes);
    ck_assert_int_le(llabs(process->pss_bytes - kernels_pss(pid)), MIB);
    follow_small_changes(process);

    /* A pinned process keeps its name after its end. Its pid can have a new owner. */
    process->pins = 1;
    end_child(pid);
    ck_assert(!process_read_statm(process));
    table_sweep(7);
    ck_assert(process->gone);
    ck_assert_ptr_nonnull(strstr(process_command(process), "test_probe"));
    ck_assert_ptr_null(table_take(pid, 2));
    process->pins = 0;
    table_drop(process);
    ck_assert_int_eq(process->pid, 0);
    ck_assert_uint_eq(table_end(), 0);
}

START_TEST(a_process_is_followed_from_start_to_end)
{
    begin();
    follow_one();
}
END_TEST

START_TEST(a_long_command_line_is_matched_whole)
{
    static char zeros[100000];
    begin();
    ck_assert_ptr_null(stages_add("^sleep 0+ 98765$"));
    memset(zeros, '0', sizeof zeros - 1);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execlp("sleep", "sleep", zeros, "98765", (char *)NULL);
        _exit(127);
    }
    struct process *process = table_take(pid, 0);
    ck_assert_ptr_nonnull(process);
    for (int tries = 0; process->stage != 0 && tries < 1000; tries++) {
        process_check_command(process, 1000 * tries, 150);
        usleep(5000);
    }
    ck_assert_int_eq(process->stage, 0);
    end_child(pid);
}
END_TEST

/* Returns the previous limit. */
static rlim_t limit_files(rlim_t limit)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    rlim_t before = files.rlim_cur;
    files.rlim_cur = limit;
    setrlimit(RLIMIT_NOFILE, &files);
    return before;
}

START_TEST(a_process_is_followed_without_free_descriptors)
{
    rlim_t before = limit_files(64);
    begin();
    follow_one();
    limit_files(before);
}
END_TEST

START_TEST(a_zombie_has_no_memory)
{
    begin();
    pid_t pid = child_holding(5);
    struct process *process = table_take(pid, 0);
    siginfo_t info;
    kill(pid, SIGKILL);
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    ck_assert(process_read_statm(process));
    ck_assert_int_eq(process->rss_bytes, 0);
    pss_refresh(0, 1000000, false);
    ck_assert_int_eq(account.reads, 0);
    waitpid(pid, NULL, 0);
}
END_TEST

/* As on gVisor. The tree is captured: there are no live processes. */
START_TEST(rss_is_used_if_there_is_no_rollup)
{
    char *root CLEANUP(cleanup_free) = test_path("fixtures/sysroot/no-rollup");
    begin();
    table_init(root);
    struct process *process = table_take(20, 0);
    ck_assert_ptr_nonnull(process);
    ck_assert(process_read_statm(process));
    pss_refresh(0, 1000000, false);
    pss_estimate(process);
    ck_assert_int_eq(process->basis, PSS_RSS);
    ck_assert_int_eq(process->pss_bytes, 1000 * sysconf(_SC_PAGESIZE));
    ck_assert_int_eq(account.unreadable, 1);
    ck_assert_int_eq(account.vanished, 0);
    pss_refresh(10000, 1000000, false); /* not read again */
    ck_assert_int_eq(account.reads, 1);
    table_drop(process);
}
END_TEST

START_TEST(an_exec_changes_the_command)
{
    begin();
    int go[2];
    char byte = 0;
    ck_assert_int_eq(pipe(go), 0);
    pid_t pid = fork();
    if (pid == 0) {
        (void)!read(go[0], &byte, 1);
        execlp("sleep", "sleep", "100", (char *)NULL);
        _exit(1);
    }
    struct process *process = table_take(pid, 0);
    process_check_command(process, 0, 150);
    ck_assert_ptr_nonnull(strstr(process_command(process), "test_probe"));
    ck_assert_int_eq(write(go[1], &byte, 1), 1);
    for (int64_t t_ms = 1000; strcmp(process_command(process), "sleep 100") != 0; t_ms += 1000) {
        ck_assert_int_lt(t_ms, 10000000);
        process_check_command(process, t_ms, 150);
        ck_assert(process_read_statm(process)); /* an open file follows the exec */
        usleep(1000);
    }
    end_child(pid);
}
END_TEST

/* After exec(2), the memory of the old program is gone, also if its smaps_rollup was open. */
START_TEST(pss_is_that_of_the_new_program)
{
    begin();
    int ready[2], go[2];
    char byte = 0;
    ck_assert_int_eq(pipe(ready), 0);
    ck_assert_int_eq(pipe(go), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        char *memory =
            mmap(NULL, 20 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memset(memory, 1, 20 * MIB);
        (void)!write(ready[1], &byte, 1);
        (void)!read(go[0], &byte, 1);
        execlp("sleep", "sleep", "100", (char *)NULL);
        _exit(1);
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    struct process *process = table_take(pid, 0);
    ck_assert(process_read_statm(process));
    pss_refresh(0, 1000000, false);
    ck_assert_int_ge(process->read_pss_bytes, 20 * MIB);
    ck_assert_int_eq(write(go[1], &byte, 1), 1);
    for (int i = 0; process->rss_bytes > 15 * MIB || process->rss_bytes == 0; i++) {
        ck_assert_int_lt(i, 10000);
        ck_assert(process_read_statm(process));
        usleep(1000);
    }
    pss_estimate(process);
    ck_assert_int_le(process->pss_bytes, process->rss_bytes);
    /* In valgrind, the first read can use up the CPU time that reads are allowed. */
    for (int t_ms = 1; account.reads < 2; t_ms++) {
        ck_assert_int_lt(t_ms, 10000);
        usleep(1000);
        pss_refresh(t_ms, 1000000, false);
    }
    ck_assert_int_eq(account.vanished, 0);
    ck_assert_int_lt(process->read_pss_bytes, 15 * MIB);
    end_child(pid);
}
END_TEST

/* Returns a table entry with these sizes. The process lives, so that it can be read. */
static struct process *process_of_sizes(pid_t pid, int64_t anon_mib, int64_t shared_mib)
{
    struct process *process = table_take(pid, 0);
    ck_assert_ptr_nonnull(process);
    process->shared_bytes = shared_mib * MIB;
    process->rss_bytes = anon_mib * MIB + process->shared_bytes;
    return process;
}

/* The sizes add up to the charged memory: nothing is shared, so nothing is read. */
START_TEST(sizes_that_add_up_need_no_read)
{
    begin();
    pid_t pids[] = {child_holding(1), child_holding(1)};
    struct process *large = process_of_sizes(pids[0], 100, 1);
    struct process *with_files = process_of_sizes(pids[1], 50, 30);
    pss_compare(151 * MIB);
    pss_refresh(0, 1000000, false);
    ck_assert_int_eq(account.reads, 1); /* how many others map the same files is not known */
    ck_assert_int_eq(large->read_ms, -1);
    ck_assert_int_eq(with_files->read_ms, 0);
    table_drop(with_files);
    pss_estimate(large);
    ck_assert_int_eq(large->basis, PSS_MEASURED);
    ck_assert_int_eq(large->pss_anon_bytes, 100 * MIB);

    /* Its anonymous memory grows, and the charge with it. */
    large->rss_bytes += 300 * MIB;
    pss_compare(400 * MIB);
    pss_refresh(1000, 1000000, false);
    ck_assert_int_eq(account.reads, 1);
    pss_estimate(large);
    ck_assert_int_eq(large->basis, PSS_MEASURED);
    ck_assert_int_eq(large->pss_anon_bytes, 400 * MIB);
    end_child(pids[0]);
    end_child(pids[1]);
}
END_TEST

/* Sizes above the charge: pages are shared. Below it: statm lags behind, or a process is ending. */
START_TEST(sizes_that_do_not_add_up_are_read)
{
    static const int64_t charged[] = {95 * MIB, 105 * MIB, -1};
    for (size_t i = 0; i < sizeof charged / sizeof *charged; i++) {
        begin();
        pid_t pid = child_holding(1);
        struct process *process = process_of_sizes(pid, 100, 1);
        pss_compare(charged[i]);
        pss_refresh(0, 1000000, false);
        ck_assert_int_eq(account.reads, 1);
        table_drop(process);
        end_child(pid);
    }
}
END_TEST

/* The sum can be right by chance, while another process ends. */
START_TEST(a_process_that_was_seen_to_share_keeps_its_share)
{
    begin();
    pid_t pid = child_holding(1);
    struct process *process = process_of_sizes(pid, 100, 1);
    pss_refresh(0, 1000000, false);
    process->anon_share = 0.5F;
    process->read_rss_bytes = 0;
    pss_compare(100 * MIB);
    pss_estimate(process);
    ck_assert_int_eq(process->basis, PSS_ESTIMATED);
    ck_assert_int_eq(process->pss_anon_bytes, 50 * MIB);
    end_child(pid);
}
END_TEST

/* The process ends between the reads of statm and smaps_rollup: its RSS is known, its PSS is not.
 */
START_TEST(a_process_can_end_while_it_is_read)
{
    begin();
    pid_t pid = child_holding(20);
    struct process *process = table_take(pid, 0);
    ck_assert(process_read_statm(process));
    end_child(pid);
    pss_refresh(0, 1000000, false);
    ck_assert_int_eq(account.vanished, 1);
    ck_assert_int_eq(account.unreadable, 0);
    pss_estimate(process);
    ck_assert_int_eq(process->basis, PSS_ESTIMATED);
    ck_assert_int_eq(process->pss_bytes, process->rss_bytes);
    ck_assert_int_ge(process->pss_bytes, 20 * MIB);
    ck_assert(!process_read_statm(process));
}
END_TEST

/* Drops the capabilities that root in a container does not have. */
static void set_privileged(bool privileged)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2];
    ck_assert_int_eq(syscall(SYS_capget, &header, sets), 0);
    for (int i = 0; i < 2; i++)
        sets[i].effective = privileged ? sets[i].permitted : 0;
    ck_assert_int_eq(syscall(SYS_capset, &header, sets), 0);
}

START_TEST(an_unreadable_rollup_is_counted)
{
    begin();
    prctl(PR_SET_DUMPABLE,
          0); /* children inherit it; the program of another user behaves in the same way */
    pid_t pid = child_holding(20);
    prctl(PR_SET_DUMPABLE, 1);
    set_privileged(false);
    struct process *process = table_take(pid, 0);
    ck_assert(process_read_statm(process));
    for (int64_t t_ms = 0; t_ms < 60000; t_ms += 15000)
        pss_refresh(t_ms, 1000000, false);
    set_privileged(true);
    ck_assert_int_eq(account.unreadable, 1); /* it is not read again */
    ck_assert_int_eq(account.reads, 1);
    ck_assert_int_eq(account.vanished, 0);
    ck_assert(!account.no_rollup);
    pss_estimate(process);
    ck_assert_int_eq(process->basis, PSS_RSS);
    ck_assert_int_eq(process->pss_bytes, process->rss_bytes);
    ck_assert_int_ge(process->pss_bytes, 20 * MIB);
    end_child(pid);
}
END_TEST

/* Returns a child with this pid, or -1 if the kernel does not let us choose it. */
static pid_t child_of_pid(pid_t wanted)
{
    struct clone_args arguments = {
        .exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)&wanted, .set_tid_size = 1};
    pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pause();
        _exit(0);
    }
    return pid;
}

/* `kept`: identify the old owner by its open descriptors, else by its start time. */
static void reuse_pid(bool kept)
{
    pid_t pid = child_holding(20);
    struct process *old = table_take(pid, 0);
    ck_assert_int_eq(old->directory >= 0, kept);
    ck_assert(process_read_statm(old));
    pss_refresh(0, 1000000, false);
    end_child(pid);
    usleep(20000); /* start times have a resolution of 10 ms */
    if (child_of_pid(pid) != pid) {
        fprintf(stderr, "a pid cannot be chosen here: %s\n", strerror(errno));
        return;
    }
    if (kept) {
        /* The data of the old owner is not used for the new one. */
        ck_assert(!process_read_statm(old));
        table_drop(old);
    }
    struct process *owner = table_take(pid, 1);
    ck_assert_ptr_nonnull(owner);
    ck_assert_int_eq(owner->read_ms, -1);
    ck_assert(process_read_statm(owner));
    ck_assert_int_lt(owner->rss_bytes, 20 * MIB);
    end_child(pid);
    table_sweep(7);
}

START_TEST(a_reused_pid_is_a_new_process)
{
    begin();
    reuse_pid(true);
    rlim_t before = limit_files(64);
    begin();
    reuse_pid(false);
    limit_files(before);
}
END_TEST

START_TEST(shared_pages_are_not_counted_twice)
{
    begin();
    char *memory = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(memory, 1, 64 << 20);
    pid_t pids[4];
    for (int may_read = 0; may_read < 2; may_read++) {
        int64_t sum = 0, usage = 16 * MIB;
        for (int i = 0; i < 4; i++)
            pids[i] = child_holding(0);
        for (int i = 0; i < 4; i++)
            usage +=
                kernels_pss(pids[i]); /* at least what a cgroup with these four would be charged */
        for (int i = 0; i < 4; i++) {
            struct process *process = table_take(pids[i], 0);
            ck_assert(process_read_statm(process));
            pss_estimate(process);
            ck_assert_int_ge(process->pss_anon_bytes, 64 * MIB);
        }
        pss_guard(usage, 0, may_read);
        for (int i = 0; i < 4; i++)
            sum += table_take(pids[i], 0)->pss_anon_bytes;
        ck_assert_int_le(sum, usage + usage * 3 / 100 + 9 * MIB);
        ck_assert_int_eq(account.reads > 0, may_read);
        /* All but one end: the shared pages now belong to that one. */
        for (int i = 1; i < 4; i++) {
            struct process *process = table_take(pids[i], 1);
            end_child(pids[i]);
            table_drop(process);
        }
        struct process *last = table_take(pids[0], 1);
        pss_estimate(last);
        if (may_read)
            ck_assert_int_lt(last->pss_anon_bytes, 40 * MIB);
        usage = last->rss_bytes + 16 * MIB;
        pss_guard(usage, 1, false);
        ck_assert_int_ge(last->pss_anon_bytes, 63 * MIB);
        ck_assert_int_le(last->pss_anon_bytes, usage + usage * 3 / 100 + 9 * MIB);
        end_child(pids[0]);
        table_sweep(9);
    }
}
END_TEST

static char sent[1024];

static void note_variable(const char *name, const char *value)
{
    size_t used = strlen(sent);
    snprintf(sent + used, sizeof sent - used, "%s=%s\n", name, value);
}

/* If a variable can hold other data, only the words on memory are sent, so that no password is. */
START_TEST(variables_are_sent_without_secrets)
{
    ck_assert_int_eq(clearenv(), 0);
    setenv("GOMAXPROCS", "4", 1);
    setenv("NODE_OPTIONS", "--max-old-space-size=4096 -r a", 1);
    setenv("GOGC", "", 1);
    setenv("OTHER", "1", 1);
    setenv("MAKEFLAGS", "w -j4 -l 2.5 --jobserver-auth=fifo:/tmp/GMfifo7 -- TOKEN=secret", 1);
    setenv("GRADLE_OPTS", "-Xmx2g -Dhttp.proxyPassword=secret -Dorg.gradle.workers.max=3", 1);
    setenv("MAVEN_OPTS", "-Dtoken=secret", 1);
    setenv("RUSTFLAGS", "-C codegen-units=4 --cfg token=secret", 1);
    setenv("MAX_JOBS", "3", 1);
    setenv("TURBO_CONCURRENCY", "2", 1);
    setenv("SBT_OPTS", "-Xmx2g -Dtoken=secret", 1);
    setenv("MALLOC_CONF", "narenas:1", 1);
    setenv("MALLOC_ARENA_MAX", "5", 1);
    setenv("MALLOC_TRIM_THRESHOLD_", "6", 1);
    setenv("MALLOC_MMAP_THRESHOLD_", "7", 1);
    sent[0] = '\0';
    variables_each(note_variable);
    ck_assert_str_eq(sent, "NODE_OPTIONS=--max-old-space-size=4096 -r a\n"
                           "TURBO_CONCURRENCY=2\n"
                           "MAX_JOBS=3\n"
                           "MAKEFLAGS=-j4 -l 2.5\n"
                           "RUSTFLAGS=codegen-units=4\n"
                           "GOMAXPROCS=4\n"
                           "GRADLE_OPTS=-Xmx2g -Dorg.gradle.workers.max=3\n"
                           "SBT_OPTS=-Xmx2g\n"
                           "MALLOC_ARENA_MAX=5\n"
                           "MALLOC_TRIM_THRESHOLD_=6\n"
                           "MALLOC_MMAP_THRESHOLD_=7\n"
                           "MALLOC_CONF=narenas:1\n");
}
END_TEST

/* Returns a child that has a child. Both wait. */
static pid_t child_with_child(pid_t *grandchild)
{
    int ready[2];
    ck_assert_int_eq(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pid_t below = fork();
        if (below == 0)
            prctl(PR_SET_PDEATHSIG, SIGKILL);
        else
            (void)!write(ready[1], &below, sizeof below);
        pause();
        _exit(0);
    }
    ck_assert_int_eq(read(ready[0], grandchild, sizeof *grandchild), sizeof *grandchild);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

/* Writes cgroup.procs with children before their parents. */
static void write_list(const struct cgroup *cgroup, const pid_t *pids, size_t count)
{
    char path[CGROUP_PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/cgroup.procs", cgroup->directory);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    for (size_t i = count; i-- > 0;)
        fprintf(file, "%d\n", (int)pids[i]);
    fclose(file);
}

START_TEST(the_build_in_a_shared_cgroup_is_our_descendants)
{
    struct cgroup cgroup = {.version = 2, .directory = "/tmp/test_probe.XXXXXX"}, none = {0};
    ck_assert_ptr_nonnull(mkdtemp(cgroup.directory));
    pid_t below, child = child_with_child(&below);
    int pids[4096];
    /* 1 and our parent do not descend from us; 999999999 has ended. */
    write_list(&cgroup, (pid_t[]){1, getppid(), getpid(), 999999999, child, below}, 6);
    for (int again = 0; again < 2; again++) {
        ck_assert_uint_eq(build_processes("", &cgroup, false, pids, 4096), 2);
        ck_assert_int_eq(pids[0], below);
        ck_assert_int_eq(pids[1], child);
    }
    /* A new process is added. A child that moved to another cgroup stays: it descends from us. */
    pid_t late = child_holding(0);
    write_list(&cgroup, (pid_t[]){1, getppid(), getpid(), below, late}, 5);
    ck_assert_uint_eq(build_processes("", &cgroup, false, pids, 4096), 2);
    ck_assert_int_eq(pids[0], late);
    ck_assert_int_eq(pids[1], below);
    /* If the cgroup is the build's own, all processes count. Without a cgroup, /proc is searched.
     */
    ck_assert_uint_eq(build_processes("", &cgroup, true, pids, 4096), 4);
    ck_assert_uint_eq(build_processes("", &none, false, pids, 4096), 3);
    end_child(late);
    kill(below, SIGKILL);
    end_child(child);
    char *path CLEANUP(cleanup_free) = xasprintf("%s/cgroup.procs", cgroup.directory);
    unlink(path);
    rmdir(cgroup.directory);
}
END_TEST

/* `true` takes less than 1 ms. */
START_TEST(a_build_can_have_a_duration_of_0)
{
    static const struct cgroup none;
    struct wire_disturbance disturbance;
    disturbance_start(&none, false, &none);
    disturbance_since_start(0, 0, 0, &disturbance);
    ck_assert_int_eq(disturbance.cpu_capacity_us, 0);
}
END_TEST

/* ---- the end of the build ---- */

/* Opens a list of processes that is a FIFO, which waits until someone reads it. Then waits for the
 * end of the process, and sends whether it came. */
static _Noreturn void watch_end(const char *list, pid_t pid, int result)
{
    char status[4096];
    bool dead = false;
    int fd = open(list, O_WRONLY | O_CLOEXEC);
    for (int i = 0; i < 500 && !dead; i++) {
        dead = read_proc("", pid, "status", status, sizeof status) < 0 ||
               strstr(status, "State:\tZ") || strstr(status, "State:\tX");
        usleep(dead ? 0 : 10000);
    }
    (void)!write(result, &dead, sizeof dead);
    close(fd);
    _exit(0);
}

/* Otherwise a shell could start its next command after the last one was killed. */
START_TEST(the_process_group_is_killed_before_the_others_are_listed)
{
    char directory[] = "/tmp/test_probe.XXXXXX";
    char sleep[] = "sleep", seconds[] = "1000", *command[] = {sleep, seconds, NULL};
    struct build build;
    struct cgroup own = {.version = 2};
    int result[2];
    bool dead = false;
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(own.directory, sizeof own.directory, "%s", directory);
    char *list CLEANUP(cleanup_free) = xasprintf("%s/cgroup.procs", directory);
    ck_assert_int_eq(mkfifo(list, 0600), 0);
    ck_assert_int_eq(pipe(result), 0);
    ck_assert_int_eq(build_start(&build, command, false), 0);
    if (fork() == 0)
        watch_end(list, build.pid, result[1]);
    close(result[1]);
    build_kill_all(&build, &own);
    kill(build.pid, SIGKILL);
    ck_assert_int_eq(read(result[0], &dead, sizeof dead), sizeof dead);
    ck_assert(dead);
    close(result[0]);
    close(build.output[0]);
    close(build.output[1]);
    unlink(list);
    rmdir(directory);
}
END_TEST

/* ---- Java virtual machines ---- */

/* Answers as HotSpot does, and grows before its first answer. Ends if it is asked for its native
 * memory again. */
static _Noreturn void answer_as_jvm(int ready)
{
    static const char answer[] = "0\n-                 Java Heap (reserved=1KB, committed=1KB)\n";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int times = 0, listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGALRM, SIG_DFL);
    alarm(20);
    snprintf(address.sun_path, sizeof address.sun_path, "/tmp/.java_pid%d", getpid());
    unlink(address.sun_path);
    if (bind(listener, (const struct sockaddr *)&address, sizeof address) < 0 ||
        listen(listener, 4) < 0 || write(ready, "", 1) != 1)
        _exit(1);
    while (times < 2) {
        char question[64] = "";
        int fd = accept(listener, NULL, NULL);
        (void)!read(fd, question, sizeof question - 1);
        bool is_native = strcmp(question + sizeof "1\0jcmd", "VM.native_memory summary") == 0;
        if (is_native && times == 0)
            memset(mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                   1, 64 << 20);
        times += is_native;
        (void)!write(fd, answer, sizeof answer - 1);
        close(fd);
    }
    unlink(address.sun_path);
    _exit(0);
}

/* The answer can be from before the growth, so it is not that of the new size. */
START_TEST(a_jvm_that_grew_while_it_was_asked_is_asked_again)
{
    char directory[] = "/tmp/test_probe.XXXXXX";
    int ready[2], status = -1;
    char byte;
    ck_assert_ptr_nonnull(mkdtemp(directory));
    ck_assert_int_eq(pipe(ready), 0);
    pid_t probe = getpid(), machine = fork();
    if (machine == 0)
        answer_as_jvm(ready[1]);
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    pid_t watcher = fork();
    if (watcher == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        jvm_watch(probe, directory);
    }
    ck_assert_int_eq(waitpid(machine, &status, 0), machine);
    kill(watcher, SIGKILL);
    waitpid(watcher, NULL, 0);
    char *left[] = {xasprintf("/tmp/.java_pid%d", machine),
                    xasprintf("%s/%d.jvm", directory, machine),
                    xasprintf("%s/%d.new", directory, machine)};
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        (void)unlink(left[i]);
        free(left[i]);
    }
    ck_assert_int_eq(rmdir(directory), 0);
    ck_assert_int_eq(status, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("probe");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 30);
    tcase_add_test(all, a_process_is_followed_from_start_to_end);
    tcase_add_test(all, a_long_command_line_is_matched_whole);
    tcase_add_test(all, a_process_is_followed_without_free_descriptors);
    tcase_add_test(all, a_zombie_has_no_memory);
    tcase_add_test(all, rss_is_used_if_there_is_no_rollup);
    tcase_add_test(all, an_exec_changes_the_command);
    tcase_add_test(all, pss_is_that_of_the_new_program);
    tcase_add_test(all, sizes_that_add_up_need_no_read);
    tcase_add_test(all, sizes_that_do_not_add_up_are_read);
    tcase_add_test(all, a_process_that_was_seen_to_share_keeps_its_share);
    tcase_add_test(all, a_process_can_end_while_it_is_read);
    tcase_add_test(all, an_unreadable_rollup_is_counted);
    tcase_add_test(all, a_reused_pid_is_a_new_process);
    tcase_add_test(all, the_build_in_a_shared_cgroup_is_our_descendants);
    tcase_add_test(all, shared_pages_are_not_counted_twice);
    tcase_add_test(all, variables_are_sent_without_secrets);
    tcase_add_test(all, a_build_can_have_a_duration_of_0);
    suite_add_tcase(suite, all);
    TCase *slow = tcase_create("slow");
    tcase_set_timeout(slow, 30);
    tcase_add_test(slow, the_process_group_is_killed_before_the_others_are_listed);
    tcase_add_test(slow, a_jvm_that_grew_while_it_was_asked_is_asked_again);
    suite_add_tcase(suite, slow);
    return run_suite(suite);
}
