/* The sampler on captured machines (tests/fixtures/sysroot). Each shows one behaviour of /proc that
 * has misled a sampler. The tests aggregate its records into a measurement. */
#include "base/alloc.h"
#include "base/strv.h"
#include "base/units.h"
#include "measurement/aggregate.h"
#include "measurement/measurement.h"
#include "probe/emit.h"
#include "probe/process_table.h"
#include "probe/sampler.h"
#include "unit/suite.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
    char root[64]; /* a copy of the captured machine; the test changes it */
    struct cgroup cgroup;
    struct sampler sampler;
    struct measurement m; /* after aggregate_records() */
    int records;          /* a file */
    int stdout_before;
} watched;

static void run(const char *program, const char *first, const char *second, const char *third)
{
    pid_t pid = fork();
    if (pid == 0) {
        execlp(program, program, first, second, third, (char *)NULL);
        _exit(127);
    }
    int status = 1;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}

static void begin(const char *scenario)
{
    char *name CLEANUP(cleanup_free) = xasprintf("fixtures/sysroot/%s", scenario);
    char *recorded CLEANUP(cleanup_free) = test_path(name);
    char *contents CLEANUP(cleanup_free) = xasprintf("%s/.", recorded);
    snprintf(watched.root, sizeof watched.root, "/tmp/test_sampler.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(watched.root));
    run("cp", "-R", contents, watched.root);
    run("chmod", "-R", "u+w", watched.root); /* the tarball may have been unpacked read-only */
    ck_assert_int_eq(cgroup_of_self(watched.root, &watched.cgroup), 0);

    char file[] = "/tmp/test_sampler.XXXXXX";
    watched.records = mkstemp(file);
    ck_assert_int_ge(watched.records, 0);
    unlink(file);
    fflush(stdout);
    watched.stdout_before = dup(STDOUT_FILENO);
    dup2(watched.records, STDOUT_FILENO);
    sampler_init(&watched.sampler, watched.root, &watched.cgroup, true, 150);
}

static void aggregate_records(struct aggregate *aggregate)
{
    static uint8_t bytes[1 << 20];
    ssize_t length = pread(watched.records, bytes, sizeof bytes, 0);
    for (ssize_t used = 0; used < length;) {
        struct wire_record record;
        int64_t size = wire_decode(bytes + used, (size_t)(length - used), &record);
        ck_assert_int_gt(size, 0);
        aggregate_record(aggregate, &record);
        used += (ssize_t)size;
    }
}

/* Ends the build and sets `watched.m`. */
static void end(int64_t t_ms)
{
    sampler_finish(&watched.sampler, t_ms);
    emit_flush(1000);
    dup2(watched.stdout_before, STDOUT_FILENO);
    close(watched.stdout_before);

    struct strv no_stages CLEANUP(strv_release) = {0};
    measurement_init(&watched.m);
    struct aggregate *aggregate = aggregate_new(&watched.m, &no_stages);
    aggregate_records(aggregate);
    aggregate_finish(aggregate);
    aggregate_free(aggregate);
    close(watched.records);
    run("rm", "-r", "-f", watched.root);
}

static void put(const char *name, const char *text)
{
    char *path CLEANUP(cleanup_free) = xasprintf("%s%s", watched.root, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

/* Starts a build that has run for a while: the sampler does not read the PSS of new processes. */
static void watch(void)
{
    int64_t usage = cgroup_usage(&watched.cgroup), t_ms = 0;
    char *text CLEANUP(cleanup_free) = xasprintf("%" PRId64 "\n", usage);
    char *less CLEANUP(cleanup_free) = xasprintf("%" PRId64 "\n", usage / 2);
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", less);
    while (t_ms < 600)
        t_ms = sampler_poll(&watched.sampler, t_ms);
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", text);
    while (t_ms < 1200)
        t_ms = sampler_poll(&watched.sampler, t_ms);
}

static const struct process_usage *process_at_peak(int64_t pid)
{
    const struct snapshot *snapshot = &watched.m.peak.at_peak;
    for (size_t i = 0; i < snapshot->count; i++)
        if (snapshot->processes[i].pid == pid)
            return &snapshot->processes[i];
    return NULL;
}

/* One read of cgroup.procs returns 4 KiB: the second pid crosses that border, the third is after
 * it. The 897 other processes have ended. */
START_TEST(a_list_of_processes_longer_than_one_read)
{
    begin("long-list");
    sampler_poll(&watched.sampler, 0);
    ck_assert_int_eq(watched.sampler.pss.vanished, 897);
    end(1300);
    ck_assert_uint_eq(watched.m.peak.at_peak.count, 3);
    ck_assert_ptr_nonnull(process_at_peak(10000001));
    ck_assert_ptr_nonnull(process_at_peak(5000512));
    ck_assert_ptr_nonnull(process_at_peak(5000900));
    measurement_release(&watched.m);
}
END_TEST

START_TEST(a_zombie_is_not_in_the_peak)
{
    begin("zombie");
    watch();
    end(1300);
    ck_assert_uint_eq(watched.m.peak.at_peak.count, 1);
    ck_assert_str_eq(process_at_peak(5002714)->command, "sleep 1000");
    ck_assert_int_eq(process_at_peak(5002714)->pss_bytes, 186 * 1024);
    ck_assert_int_eq(watched.sampler.pss.vanished, 0);
    measurement_release(&watched.m);
}
END_TEST

/* The process ends after the scan and before the read of its size. It is not a process of 0 bytes.
 */
START_TEST(a_process_that_vanishes_is_counted)
{
    begin("long-list");
    put("/proc/5000512/statm", "");
    sampler_poll(&watched.sampler, 0);
    ck_assert_int_eq(watched.sampler.pss.vanished, 898);
    end(1300);
    ck_assert_uint_eq(watched.m.peak.at_peak.count, 2);
    ck_assert_ptr_null(process_at_peak(5000512));
    measurement_release(&watched.m);
}
END_TEST

/* Four children share 100 MiB with their parent and have 10 MiB each: 100 MiB are resident five
 * times and charged once. */
static void watch_forks(void)
{
    watch();
    int64_t charged = watched.sampler.gauges.usage.now_bytes;
    int64_t resident = 0;
    for (size_t i = 0; i < table_end(); i++)
        resident += table_at(i)->rss_bytes;
    ck_assert_int_gt(resident, 500 * MIB);
    end(1300);
    ck_assert_uint_eq(watched.m.peak.at_peak.count, 5);
    ck_assert_int_le(watched.m.peak.at_peak.pss_bytes, charged + charged / 10);
    ck_assert_int_ge(watched.m.peak.at_peak.pss_bytes, charged - charged / 10);
    measurement_release(&watched.m);
}

START_TEST(pages_of_forks_count_once)
{
    begin("fork-without-exec");
    watch_forks();
}
END_TEST

/* Their PSS cannot be read: the charged memory is the upper bound of their sum. */
START_TEST(pages_of_forks_count_once_without_pss)
{
    static const char *const pids[] = {"5001904", "5001911", "5001912", "5001916", "5001917"};
    begin("fork-without-exec");
    for (size_t i = 0; i < sizeof pids / sizeof *pids; i++) {
        char *path CLEANUP(cleanup_free) =
            xasprintf("%s/proc/%s/smaps_rollup", watched.root, pids[i]);
        ck_assert_int_eq(unlink(path), 0);
    }
    watch_forks();
}
END_TEST

/* The process had 200 MiB before the first snapshot: that is its VmHWM, not a part of its PSS. It
 * shares nothing, so that is its RSS, without a read. */
START_TEST(hwm_is_the_highest_rss_of_a_process)
{
    begin("memory-freed");
    watch();
    end(1300);
    ck_assert_int_ge(process_at_peak(5002070)->hwm_bytes, 200 * MIB);
    ck_assert_int_eq(process_at_peak(5002070)->pss_bytes, 5828 * 1024);
    ck_assert_int_eq(watched.m.peak.at_peak.pss_bytes, 5828 * 1024);
    measurement_release(&watched.m);
}
END_TEST

/* exec(2) resets VmHWM: the record has that of the new program. */
START_TEST(exec_resets_hwm)
{
    begin("memory-freed");
    watch();
    put("/proc/5002070/status", "Name:\tother\nVmHWM:\t    7000 kB\n");
    put("/proc/5002070/statm", "1900 1800 163 122 0 1730 0\n");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "7500000\n");
    sampler_poll(&watched.sampler, 1350);
    end(1600);
    ck_assert_int_eq(process_at_peak(5002070)->hwm_bytes, 7000 * 1024);
    measurement_release(&watched.m);
}
END_TEST

/* A command line is read again at once if the sizes of the process have changed, as after an exec,
 * and else after 3000 ms: a title does not change them. */
START_TEST(an_exec_is_seen_by_the_sizes)
{
    begin("memory-freed");
    struct process *process = table_take(5002070, 0);
    (void)process_check_command(process, 0, 150);
    (void)process_check_command(process, 100, 150);
    put("/proc/5002070/cmdline", "title");
    (void)process_check_command(process, 2900, 150);
    ck_assert_str_ne(process_command(process), "title");
    (void)process_check_command(process, 3100, 150);
    ck_assert_str_eq(process_command(process), "title");
    put("/proc/5002070/cmdline", "program");
    put("/proc/5002070/statm", "1900 1800 163 122 0 1730 0\n");
    (void)process_check_command(process, 3300, 150);
    ck_assert_str_eq(process_command(process), "program");
    end(3400);
    measurement_release(&watched.m);
}
END_TEST

/* A process that computes waits for a CPU, although its sizes do not change. */
START_TEST(the_wait_for_a_cpu_is_read_although_nothing_changes)
{
    begin("memory-freed");
    struct process *process = table_take(5002070, 0);
    table_count_run_delay();
    put("/proc/5002070/schedstat", "7 2000000 1\n");
    (void)process_check_command(process, 0, 150);
    (void)process_check_command(process, 100, 150);
    put("/proc/5002070/schedstat", "7 900000000 2\n");
    (void)process_check_command(process, 1200, 150);
    ck_assert_int_eq(table_run_delay_us(), 900000);
    end(1400);
    measurement_release(&watched.m);
}
END_TEST

/* The process calls exec(2) after the scan, and grows at once. From then on, the usage does not
 * change: the name is read nevertheless, and the peak RSS is at least the last one that was seen.
 */
START_TEST(a_process_that_grows_after_an_exec_has_its_new_name)
{
    begin("memory-freed");
    put("/proc/5002070/statm", "1900 500 163 122 0 1730 0\n");
    put("/proc/5002070/status", "");
    watch();
    sampler_poll(&watched.sampler, 1200);
    put("/proc/5002070/cmdline", "program");
    put("/proc/5002070/statm", "19000 18000 163 122 0 17300 0\n");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "80000000\n");
    put("/sys/fs/cgroup/memory/memory.stat", "total_rss 72000000\ntotal_cache 0\n");
    sampler_poll(&watched.sampler, 1210);
    int64_t next_ms = watched.sampler.next_scan_ms;
    sampler_poll(&watched.sampler, next_ms > 1211 ? next_ms : 1211);
    put("/proc/5002070/cmdline", "");
    end(1400);
    ck_assert_str_eq(process_at_peak(5002070)->command, "program");
    ck_assert_int_eq(process_at_peak(5002070)->hwm_bytes, 18000 * 4096);
    measurement_release(&watched.m);
}
END_TEST

/* It was a zombie, of 0 bytes, when its size was read last: its peak RSS is not 0. */
START_TEST(the_peak_rss_of_a_process_that_ended_unread_is_unknown)
{
    begin("memory-freed");
    put("/proc/5002070/status", "Name:\told\n");
    watch();
    sampler_poll(&watched.sampler, 1200);
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "8000000\n");
    sampler_poll(&watched.sampler, 1211); /* a snapshot, to be sent later */
    put("/proc/5002070/status", "");
    put("/proc/5002070/statm", "0 0 0 0 0 0 0\n");
    end(1300);
    ck_assert_int_eq(process_at_peak(5002070)->hwm_bytes, UNMEASURED);
    measurement_release(&watched.m);
}
END_TEST

/* Returns the number of times that have process samples. */
static int process_sample_times(void)
{
    static uint8_t bytes[1 << 20];
    emit_flush(1000);
    ssize_t length = pread(watched.records, bytes, sizeof bytes, 0);
    int64_t last_ms = -1;
    int count = 0;
    for (ssize_t used = 0; used < length;) {
        struct wire_record record;
        used += (ssize_t)wire_decode(bytes + used, (size_t)(length - used), &record);
        if (record.type != WIRE_PROCESS_SAMPLE || record.process_sample.t_ms == last_ms)
            continue;
        last_ms = record.process_sample.t_ms;
        count++;
    }
    return count;
}

/* A tick without a snapshot repeats no process samples, and a tick of the same usage repeats no
 * scan that is expensive. */
START_TEST(a_build_that_does_not_change_costs_little)
{
    begin("memory-freed");
    watch();
    int before = process_sample_times();
    ck_assert_int_gt(before, 0);
    (void)sampler_poll(&watched.sampler, 10000);
    for (int64_t t_ms = 10150; t_ms < 11000; t_ms += 150)
        (void)sampler_poll(&watched.sampler, t_ms);
    ck_assert_int_eq(process_sample_times(), before + 1);

    (void)sampler_poll(&watched.sampler, 20000);
    uint32_t scans = watched.sampler.scan;
    watched.sampler.scan_us = 400;
    (void)sampler_poll(&watched.sampler, 20150);
    (void)sampler_poll(&watched.sampler, 20300);
    ck_assert_uint_eq(watched.sampler.scan, scans);
    (void)sampler_poll(&watched.sampler, 20450);
    ck_assert_uint_eq(watched.sampler.scan, scans + 1);
    watched.sampler.scan_us = 400000;
    (void)sampler_poll(&watched.sampler, 20960);
    ck_assert_uint_eq(watched.sampler.scan, scans + 2);
    end(21000);
    measurement_release(&watched.m);
}
END_TEST

/* gVisor: no smaps_rollup, no shared pages in statm, and all memory is charged as shmem. */
START_TEST(rss_is_used_without_a_rollup)
{
    begin("no-rollup");
    watch();
    ck_assert_int_eq(watched.sampler.pss.unreadable, 1);
    ck_assert_int_eq(watched.sampler.pss.vanished, 0);
    end(1300);
    ck_assert_int_eq(process_at_peak(5002470)->basis, PSS_RSS);
    ck_assert_int_eq(process_at_peak(5002470)->pss_bytes, 7857 * 4096);
    measurement_release(&watched.m);
}
END_TEST

/* The process ends, and the kernel has not freed its memory yet: the usage is at its highest, but
 * the last snapshot with this process is older. */
START_TEST(the_peak_of_a_process_that_is_ending)
{
    begin("exiting");
    watch();
    put("/proc/5003038/statm", "0 0 0 0 0 0 0\n");
    put("/proc/5003038/cmdline", "");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "129000000\n");
    sampler_poll(&watched.sampler, 1350);
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "500000\n");
    put("/sys/fs/cgroup/memory/memory.stat", "total_cache 0\ntotal_rss 200000\ntotal_shmem 0\n");
    sampler_poll(&watched.sampler, 1500);
    end(1600);
    ck_assert_int_eq(watched.m.stages[0].cgroup_peak_bytes, 129000000);
    ck_assert_ptr_nonnull(process_at_peak(5003038));
    ck_assert_int_ge(process_at_peak(5003038)->pss_bytes, 120 * MIB);
    ck_assert_ptr_nonnull(strstr(process_at_peak(5003038)->command, "hold"));
    measurement_release(&watched.m);
}
END_TEST

/* The process has freed its memory, and page cache has replaced it: this is a peak, too. */
START_TEST(a_peak_of_page_cache)
{
    begin("exiting");
    watch();
    put("/proc/5003038/statm", "604 497 163 122 0 429 0\n");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "129000000\n");
    put("/sys/fs/cgroup/memory/memory.stat",
        "total_cache 126000000\ntotal_rss 2000000\ntotal_shmem 0\n");
    sampler_poll(&watched.sampler, 1350);
    end(1600);
    ck_assert_int_eq(watched.m.peak.at_peak.cgroup_bytes, 129000000);
    ck_assert_int_le(process_at_peak(5003038)->pss_bytes, 3 * MIB);
    measurement_release(&watched.m);
}
END_TEST

/* Directly after a scan, a new process takes memory and holds it for a short time. */
START_TEST(a_process_that_began_after_the_scan_is_in_the_peak)
{
    begin("memory-freed");
    watch();
    int64_t scanned_ms = watched.sampler.scanned_ms;
    char *from CLEANUP(cleanup_free) = xasprintf("%s/proc/5002070", watched.root);
    char *to CLEANUP(cleanup_free) = xasprintf("%s/proc/5002071", watched.root);
    run("cp", "-R", from, to);
    put("/proc/5002071/stat", "5002071 (new) S 5002070 0 0 0\n");
    put("/proc/5002071/statm", "20000 12000 163 122 0 1730 0\n");
    put("/sys/fs/cgroup/memory/cgroup.procs", "5002070\n5002071\n");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "90000000\n");
    put("/sys/fs/cgroup/memory/memory.stat", "total_cache 0\ntotal_rss 60000000\ntotal_shmem 0\n");
    int64_t t_ms = sampler_poll(&watched.sampler, scanned_ms + 1);
    ck_assert_int_eq(watched.sampler.scanned_ms, scanned_ms);
    ck_assert_int_le(t_ms, scanned_ms + 11);
    sampler_poll(&watched.sampler, t_ms);
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "7500000\n");
    end(scanned_ms + 200);
    ck_assert_int_eq(watched.m.peak.at_peak.cgroup_bytes, 90000000);
    ck_assert_ptr_nonnull(process_at_peak(5002071));
    measurement_release(&watched.m);
}
END_TEST

/* ---- mappings ---- */

#define SMAPS "/proc/5002070/smaps"

static const char mapped_text[] = "1000-9000 rw-p 00000000 00:00 0      [heap]\nPss: 5000 kB\n"
                                  "10000-20000 r--p 00000000 00:1 1     /lib/x\nPss: 824 kB\n";

static const struct process_mappings *mappings_at_peak(void)
{
    ck_assert_ptr_nonnull(process_at_peak(5002070)->mappings);
    return process_at_peak(5002070)->mappings;
}

START_TEST(the_mappings_of_the_largest_process)
{
    begin("memory-freed");
    put(SMAPS, mapped_text);
    watch();
    end(1300);
    const struct process_mappings *mappings = mappings_at_peak();
    ck_assert_int_eq(mappings->unread, MAPPINGS_READ);
    ck_assert_int_eq(mappings->pss_bytes, 5824 * 1024);
    ck_assert_uint_eq(mappings->part_count, 2);
    ck_assert_int_eq(mappings_of_kind(mappings, MAPPING_HEAP), 5000 * 1024);
    ck_assert_str_eq(mappings->parts[1].name, "/lib/x");
    measurement_release(&watched.m);
}
END_TEST

/* A read that failed is not repeated on each poll. */
START_TEST(mappings_that_cannot_be_read)
{
    begin("memory-freed");
    watch();
    put(SMAPS, mapped_text);
    for (int64_t t_ms = 1200; t_ms < 2000;)
        t_ms = sampler_poll(&watched.sampler, t_ms);
    end(2100);
    ck_assert_int_eq(mappings_at_peak()->unread, MAPPINGS_REFUSED);
    ck_assert_uint_eq(mappings_at_peak()->part_count, 0);
    measurement_release(&watched.m);
}
END_TEST

START_TEST(mappings_of_another_format)
{
    begin("memory-freed");
    put(SMAPS, "1000-9000 rw-p 00000000 00:00 0\n");
    watch();
    end(1300);
    ck_assert_int_eq(mappings_at_peak()->unread, MAPPINGS_REFUSED);
    measurement_release(&watched.m);
}
END_TEST

/* Near the memory limit, the kernel may have killed the process: a read would delay its end. */
START_TEST(no_mappings_are_read_near_the_limit)
{
    begin("memory-freed");
    put(SMAPS, mapped_text);
    watched.sampler.gauges.limit_bytes = cgroup_usage(&watched.cgroup) / 2;
    watch();
    end(1300);
    ck_assert_int_eq(mappings_at_peak()->unread, MAPPINGS_NEAR_LIMIT);
    measurement_release(&watched.m);
}
END_TEST

/* A new highest usage lasts for one poll: there is no time to read, and later it is too late. */
START_TEST(mappings_of_a_short_peak)
{
    begin("memory-freed");
    put(SMAPS, mapped_text);
    watch();
    put(SMAPS, "1000-9000 rw-p 00000000 00:00 0      [heap]\nPss: 40000 kB\n");
    put("/proc/5002070/statm", "20000 12000 163 122 0 1730 0\n");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "90000000\n");
    sampler_poll(&watched.sampler, 1350);
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "7500000\n");
    for (int64_t t_ms = 1360; t_ms < 2000;)
        t_ms = sampler_poll(&watched.sampler, t_ms);
    end(2100);
    ck_assert_int_eq(watched.m.peak.at_peak.cgroup_bytes, 90000000);
    ck_assert_int_eq(mappings_at_peak()->pss_bytes, 5824 * 1024);
    ck_assert_int_lt(mappings_at_peak()->at_ms, 1350);
    measurement_release(&watched.m);
}
END_TEST

/* Sets what the process and its copies hold. Their figures are those of the captured process. */
static void put_size(int pid, int64_t pss_kib)
{
    char *rollup_path CLEANUP(cleanup_free) = xasprintf("/proc/%d/smaps_rollup", pid);
    char *statm_path CLEANUP(cleanup_free) = xasprintf("/proc/%d/statm", pid);
    char *rollup CLEANUP(cleanup_free) =
        xasprintf("00400000-7fffb75d1000 ---p 00000000 00:00 0 [rollup]\nRss: %" PRId64
                  " kB\nPss: %" PRId64 " kB\nPss_Anon: 5176 kB\nPss_File: 648 kB\n",
                  pss_kib, pss_kib);
    char *statm CLEANUP(cleanup_free) =
        xasprintf("1564 %" PRId64 " 163 122 0 1389 0\n", pss_kib / 4);
    put(rollup_path, rollup);
    put(statm_path, statm);
}

static bool mappings_were_read(int64_t pid)
{
    const struct process_usage *process = process_at_peak(pid);
    ck_assert_ptr_nonnull(process);
    return process->mappings && process->mappings->unread == MAPPINGS_READ;
}

/* The order of equal processes changes: those whose mappings were read stay the ones that are
 * shown, so that the others are not read as well. */
START_TEST(mappings_of_equal_processes_are_read_once)
{
    enum { FIRST = 5002070, COUNT = 5 };
    begin("memory-freed");
    char *captured CLEANUP(cleanup_free) = xasprintf("%s/proc/%d", watched.root, FIRST);
    put(SMAPS, mapped_text);
    put("/sys/fs/cgroup/memory/cgroup.procs", "5002070\n5002071\n5002072\n5002073\n5002074\n");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "40000000\n");
    for (int i = 1; i < COUNT; i++) {
        char *copy CLEANUP(cleanup_free) = xasprintf("%s/proc/%d", watched.root, FIRST + i);
        run("cp", "-R", captured, copy);
    }
    for (int i = 0; i < COUNT; i++)
        put_size(FIRST + i, i < 3 ? 5824 : 5700);
    watch();
    put_size(FIRST + 3, 5960);
    put_size(FIRST + 4, 5960);
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "44000000\n");
    for (int64_t t_ms = 1200; t_ms < 3000;)
        t_ms = sampler_poll(&watched.sampler, t_ms);
    end(3100);
    ck_assert_int_eq(watched.m.peak.at_peak.cgroup_bytes, 44000000);
    ck_assert_int_gt(process_at_peak(FIRST + 3)->pss_bytes, process_at_peak(FIRST)->pss_bytes);
    for (int i = 0; i < COUNT; i++)
        ck_assert_msg(mappings_were_read(FIRST + i) == (i < 3), "process %d", i);
    measurement_release(&watched.m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("probe/sampler");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 30);
    tcase_add_test(all, a_list_of_processes_longer_than_one_read);
    tcase_add_test(all, a_zombie_is_not_in_the_peak);
    tcase_add_test(all, a_process_that_vanishes_is_counted);
    tcase_add_test(all, pages_of_forks_count_once);
    tcase_add_test(all, pages_of_forks_count_once_without_pss);
    tcase_add_test(all, hwm_is_the_highest_rss_of_a_process);
    tcase_add_test(all, exec_resets_hwm);
    tcase_add_test(all, an_exec_is_seen_by_the_sizes);
    tcase_add_test(all, the_wait_for_a_cpu_is_read_although_nothing_changes);
    tcase_add_test(all, a_process_that_grows_after_an_exec_has_its_new_name);
    tcase_add_test(all, the_peak_rss_of_a_process_that_ended_unread_is_unknown);
    tcase_add_test(all, a_build_that_does_not_change_costs_little);
    tcase_add_test(all, rss_is_used_without_a_rollup);
    tcase_add_test(all, the_peak_of_a_process_that_is_ending);
    tcase_add_test(all, a_peak_of_page_cache);
    tcase_add_test(all, a_process_that_began_after_the_scan_is_in_the_peak);
    tcase_add_test(all, the_mappings_of_the_largest_process);
    tcase_add_test(all, mappings_that_cannot_be_read);
    tcase_add_test(all, mappings_of_another_format);
    tcase_add_test(all, no_mappings_are_read_near_the_limit);
    tcase_add_test(all, mappings_of_a_short_peak);
    tcase_add_test(all, mappings_of_equal_processes_are_read_once);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
