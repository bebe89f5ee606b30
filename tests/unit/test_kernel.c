/* /proc and cgroup files, as text and as captured trees (tests/fixtures/sysroot). */
#include "base/alloc.h"
#include "cgroup/cgroup.h"
#include "proc/proc.h"
#include "unit/suite.h"
#include "wire/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

START_TEST(stat_with_unusual_process_names)
{
    static const char tail[] = " 41 1 1 0 -1 4194304 97 0 0 0 0 0 0 0 20 0 1 0 282657 31 360 184";
    static const char *const names[] = {"7 (cat) R", "7 (a) b) S", "7 (\n) Z", "7 () S) R"};
    static const char states[] = "RSZR";
    for (size_t i = 0; i < 4; i++) {
        char text[256];
        struct proc_stat stat;
        snprintf(text, sizeof text, "%s%s", names[i], tail);
        ck_assert_int_eq(parse_proc_stat(text, &stat), 0);
        ck_assert_int_eq(stat.state, states[i]);
        ck_assert_int_eq(stat.parent, 41);
        ck_assert_uint_eq(stat.start_ticks, 282657);
    }
    struct proc_stat stat;
    /* Its own CPU time in user and kernel mode, and that of the children that it waited for. */
    ck_assert_int_eq(
        parse_proc_stat("7 (cat) R 41 1 1 0 -1 4194304 97 0 0 0 1 20 300 4000 20 0 1 0 28", &stat),
        0);
    ck_assert_int_eq(stat.cpu_ticks, 4321);
    ck_assert_int_eq(
        parse_proc_stat("7 (cat) R 41 1 1 0 -1 4194304 97 0 0 0 1 -20 300 4000 20 0 1 0 28", &stat),
        -1);
    ck_assert_int_eq(parse_proc_stat("", &stat), -1);
    ck_assert_int_eq(parse_proc_stat("7 (cat) R 41", &stat), -1);
    ck_assert_int_eq(parse_proc_stat("7 (cat) R 41 1 1 0 -1 x 97 0 0 0 0 0 0 0 20 0 1 0 28", &stat),
                     -1);
    /* The foreground group can be -1, and the start time is not bounded. */
    ck_assert_int_eq(parse_proc_stat("7 (cat) R 41 1 1 0 -1 4194304 97 0 0 0 0 0 0 0 20 0 1 0 "
                                     "9007199254740993 31",
                                     &stat),
                     0);
    ck_assert_uint_eq(stat.start_ticks, 9007199254740993);
    /* Values that no kernel writes. */
    static const char *const none[][2] = {{"-1", "28"}, {"4294967297", "28"}, {"41", "-28"}};
    for (size_t i = 0; i < 3; i++) {
        char text[128];
        snprintf(text, sizeof text, "7 (cat) R %s 1 1 0 -1 4194304 97 0 0 0 0 0 0 0 20 0 1 0 %s 31",
                 none[i][0], none[i][1]);
        ck_assert_int_eq(parse_proc_stat(text, &stat), -1);
    }
}
END_TEST

START_TEST(smaps_rollup)
{
    struct proc_rollup rollup;
    char *text CLEANUP(cleanup_free) = test_text("fixtures/proc/good-smaps_rollup");
    ck_assert_int_eq(parse_smaps_rollup(text, &rollup), 0);
    ck_assert_int_eq(rollup.rss_bytes, 1616 * 1024);
    ck_assert_int_eq(rollup.pss_bytes, 262 * 1024);
    ck_assert_int_eq(rollup.pss_anon_bytes, 112 * 1024);
    char *old CLEANUP(cleanup_free) = test_text("fixtures/proc/good-smaps_rollup-old");
    ck_assert_int_eq(parse_smaps_rollup(old, &rollup), 0);
    ck_assert_int_eq(rollup.pss_anon_bytes, -1);
    /* An absent value is -1, not 0. */
    ck_assert_int_eq(parse_smaps_rollup("", &rollup), -1);
    ck_assert_int_eq(parse_smaps_rollup("Rss: 1 kB\nPss: x kB\n", &rollup), -1);
    ck_assert_int_eq(parse_smaps_rollup("Rss: 1 kB\nPss: 99999999999999999999 kB\n", &rollup), -1);
    ck_assert_int_eq(parse_smaps_rollup("Rss: 1 kB\nPss: 9007199254740992 kB\n", &rollup), -1);
    ck_assert_int_eq(parse_smaps_rollup("Rss: 1 kB\nPss: 1 MB\n", &rollup), -1);
}
END_TEST

START_TEST(statm_and_status)
{
    int64_t resident, shared;
    ck_assert_int_eq(parse_statm("765 418 390 5 0 123 0\n", &resident, &shared), 0);
    ck_assert_int_eq(resident, 418);
    ck_assert_int_eq(shared, 390);
    ck_assert_int_eq(parse_statm("765\n", &resident, &shared), -1);
    ck_assert_int_eq(parse_statm("1 140737488355328 1\n", &resident, &shared), -1);
    ck_assert_int_eq(parse_kib_line("Name:\tx\nVmHWM:\t    1844 kB\n", "VmHWM"), 1844 * 1024);
    ck_assert_int_eq(parse_kib_line("VmHWMX:\t 1 kB\n", "VmHWM"), -1);
}
END_TEST

static bool is_second(int cpu)
{
    return cpu == 1;
}

START_TEST(cpu_times)
{
    static const char text[] = "cpu  100 10 20 900 50 1 2 3 0 0\n"
                               "cpu0 40 4 8 400 20 0 1 1 0 0\n"
                               "cpu1 60 6 12 500 30 1 1 2 0 0\n"
                               "intr 12345 0 0\nctxt 1\n";
    struct proc_cpu_times times;
    ck_assert_int_eq(parse_cpu_times(text, NULL, &times), 0);
    ck_assert_int_eq(times.cpus, 2);
    ck_assert_int_eq(times.busy_ticks, 133); /* without idle, iowait and steal */
    ck_assert_int_eq(times.steal_ticks, 3);
    ck_assert_int_eq(parse_cpu_times(text, is_second, &times), 0);
    ck_assert_int_eq(times.cpus, 1);
    ck_assert_int_eq(times.busy_ticks, 80);
    static const char *const bad[] = {"",
                                      "cpu  1 2 3 4 5 6 7 8\n",
                                      "intr 1\n",
                                      "cpu0 1 2 3\n",
                                      "cpu0\n",
                                      "cpu-1 1 2 3 4 5 6 7 8\n",
                                      "cpu0 1 2 3 4 5 6 7 9223372036854775807\n",
                                      "cpu0x 1 2 3 4 5 6 7 8\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(parse_cpu_times(bad[i], NULL, &times) == -1, "%s", bad[i]);
}
END_TEST

START_TEST(run_delay)
{
    ck_assert_int_eq(parse_run_delay("26452814 1870500 31\n"), 1870);
    ck_assert_int_eq(parse_run_delay("0 0 0\n"), 0);
    ck_assert_int_eq(parse_run_delay("26452814\n"), -1);
    ck_assert_int_eq(parse_run_delay("1 -5 1\n"), -1);
    ck_assert_int_eq(parse_run_delay(""), -1);
}
END_TEST

START_TEST(cmdline_becomes_one_line)
{
    char command[] = "npm run build\0a\nb\0\0\0\0";
    ck_assert_uint_eq(cmdline_to_text(command, sizeof command - 1), 17);
    ck_assert_str_eq(command, "npm run build a b");
    char empty[1] = "";
    ck_assert_uint_eq(cmdline_to_text(empty, 0), 0);
}
END_TEST

/* In allocations of exactly that size, so that sanitizers detect a byte too many. */
START_TEST(a_file_that_does_not_fit_is_truncated)
{
    static const char statm[] = "7964 7857 0 0 0 0 0\n";
    char *root CLEANUP(cleanup_free) = test_path("fixtures/sysroot/no-rollup");
    char *path CLEANUP(cleanup_free) = xasprintf("%s/proc/5002470/statm", root);
    for (size_t capacity = 1; capacity <= sizeof statm + 1; capacity++) {
        char *buffer CLEANUP(cleanup_free) = xmalloc(capacity);
        size_t length = capacity <= sizeof statm ? capacity - 1 : sizeof statm - 1;
        ck_assert_int_eq(read_text(path, buffer, capacity), (int)length);
        ck_assert_uint_eq(strlen(buffer), length);
        ck_assert_mem_eq(buffer, statm, length);
        ck_assert_int_eq(read_proc(root, 5002470, "statm", buffer, capacity), (int)length);
    }
    char buffer[1];
    ck_assert_int_eq(read_text("/nowhere/statm", buffer, sizeof buffer), -1);
}
END_TEST

START_TEST(start_time_identifies_a_process)
{
    ck_assert_uint_ne(process_start_ticks("", getpid()), 0);
    ck_assert_uint_eq(process_start_ticks("", getpid()), process_start_ticks("", getpid()));
    ck_assert_uint_eq(process_start_ticks("/nowhere", getpid()), 0);
}
END_TEST

static void resolves(const char *machine, int version, const char *directory)
{
    char *name CLEANUP(cleanup_free) = xasprintf("fixtures/sysroot/%s", machine);
    char *root CLEANUP(cleanup_free) = test_path(name);
    char *expected CLEANUP(cleanup_free) = xasprintf("%s%s", root, directory);
    struct cgroup cgroup;
    ck_assert_int_eq(cgroup_of_self(root, &cgroup), version ? 0 : -1);
    ck_assert_int_eq(cgroup.version, version);
    if (version)
        ck_assert_str_eq(cgroup.directory, expected);
}

START_TEST(the_right_hierarchy_is_found)
{
    resolves("hybrid-v1", 1, "/sys/fs/cgroup/memory/jobs/one");
    resolves("docker-v1", 1, "/sys/fs/cgroup/memory");
    resolves("docker-v2", 2, "/sys/fs/cgroup");
    resolves("v2-root", 2, "/sys/fs/cgroup");
    resolves("v2-slice", 2, "/sys/fs/cgroup/user.slice/a b.scope");
    resolves("no-memory", 0, "");
    resolves("v1-root", 1, "/sys/fs/cgroup/memory");
    /* Other mounts of the hierarchy, which come later and show other cgroups. */
    resolves("two-mounts", 1, "/sys/fs/cgroup/memory");
    resolves("namespace-and-host-tree", 2, "/sys/fs/cgroup");
    /* The only mount shows a cgroup that the process is not in. */
    resolves("only-a-neighbour", 0, "");
    resolves("nested-docker", 1, "/sys/fs/cgroup/memory");
    resolves("user-scope", 2,
             "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/run-r9.scope");
    resolves("kubernetes-pod", 1, "/sys/fs/cgroup/memory");
    /* The mount is older than the cgroup namespace. */
    resolves("lxc", 1, "/sys/fs/cgroup/memory");
}
END_TEST

START_TEST(a_huge_mountinfo)
{
    char root[] = "/tmp/test_kernel.XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(root));
    char *make CLEANUP(cleanup_free) = xasprintf(
        "cd %s && mkdir -p proc/self sys/fs/cgroup/memory && echo '7 (x)' >proc/self/stat && "
        "echo 7 >sys/fs/cgroup/memory/cgroup.procs && echo 4:memory:/a >proc/self/cgroup && "
        "{ seq -f '%%.0f 1 0:1 /b /mnt/b rw - cgroup cgroup rw,memory' 50000; "
        "echo '1 1 0:1 /a /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory'; "
        "head -c 200000 /dev/zero | tr '\\0' x; echo; "
        "seq -f '%%.0f 1 0:1 /b /mnt/b rw - cgroup cgroup rw,memory' 50000; "
        "} >proc/self/mountinfo",
        root);
    ck_assert_int_eq(system(make), 0);
    struct cgroup cgroup;
    ck_assert_int_eq(cgroup_of_self(root, &cgroup), 0);
    ck_assert_str_eq(cgroup.directory + strlen(root), "/sys/fs/cgroup/memory");
    char *drop CLEANUP(cleanup_free) = xasprintf("rm -r %s", root);
    ck_assert_int_eq(system(drop), 0);
}
END_TEST

static struct cgroup captured(const char *machine)
{
    struct cgroup cgroup;
    char *name CLEANUP(cleanup_free) = xasprintf("fixtures/sysroot/%s", machine);
    char *root CLEANUP(cleanup_free) = test_path(name);
    ck_assert_int_eq(cgroup_of_self(root, &cgroup), 0);
    return cgroup;
}

static int64_t fatal_kills(const struct cgroup *cgroup)
{
    static struct cgroup_oom oom;
    cgroup_read_oom(cgroup, &oom);
    return cgroup_kills_since(NULL, &oom).fatal;
}

/* The counts of a run, and how many of the kills are fatal, and at inner limits. */
static const struct {
    struct cgroup_oom oom;
    int64_t fatal, inner;
} kill_cases[] = {
    /* v2: at the own limit; at a limit below; a whole cgroup below; the machine ran out. */
    {{.kills = 1, .group_kills = 0, .ooms = 1, .own_ooms = 1, .limit_hits = -1}, 1, 0},
    {{.kills = 2, .group_kills = 0, .ooms = 2, .own_ooms = 0, .limit_hits = -1}, 0, 2},
    {{.kills = 5, .group_kills = 1, .ooms = 1, .own_ooms = 0, .limit_hits = -1}, 0, 5},
    {{.kills = 1, .group_kills = 0, .ooms = 0, .own_ooms = 0, .limit_hits = -1}, 1, 0},
    /* v2: one below, and one more that nothing below explains. */
    {{.kills = 2, .group_kills = 0, .ooms = 1, .own_ooms = 0, .limit_hits = -1}, 1, 1},
    /* v2: the limit below was reached more often than it killed, and the machine killed, too. */
    {{.kills = 2, .group_kills = 0, .ooms = 3, .own_ooms = 0, .direct_kills = 1}, 1, 1},
    {{.kills = 3, .group_kills = 1, .ooms = 1, .own_ooms = 0, .direct_kills = 3}, 3, 0},
    /* v2: both at the own limit and below, or on a kernel that does not tell: fatal. */
    {{.kills = 2, .group_kills = 0, .ooms = 2, .own_ooms = 1, .limit_hits = -1}, 2, 0},
    {{.kills = 2, .group_kills = -1, .ooms = 2, .own_ooms = -1, .limit_hits = -1}, 2, 0},
    /* v1: own processes; below at a limit there, without one, or while the own limit was reached.
     */
    {{.kills = 1, .ooms = -1, .own_ooms = -1, .limit_hits = 3}, 1, 0},
    {{.kills = 0, .ooms = -1, .own_ooms = -1, .below_kills = 2, .inner_kills = 2}, 0, 2},
    {{.kills = 0, .ooms = -1, .own_ooms = -1, .below_kills = 2, .inner_kills = 1}, 1, 1},
    {{.kills = 0, .ooms = -1, .own_ooms = -1, .below_kills = 2, .inner_kills = 2, .limit_hits = 1},
     2,
     0},
    {{.kills = -1, .ooms = -1, .own_ooms = -1, .limit_hits = -1}, -1, -1},
};

START_TEST(kills_at_inner_limits_are_not_fatal)
{
    const struct cgroup_kills kills = cgroup_kills_since(NULL, &kill_cases[_i].oom);
    ck_assert_int_eq(kills.fatal, kill_cases[_i].fatal);
    ck_assert_int_eq(kills.inner, kill_cases[_i].inner);
    /* Without an increase during the run there is none. */
    const struct cgroup_kills none = cgroup_kills_since(&kill_cases[_i].oom, &kill_cases[_i].oom);
    ck_assert_int_eq(none.fatal, kill_cases[_i].fatal < 0 ? -1 : 0);
    ck_assert_int_eq(none.inner, kill_cases[_i].fatal < 0 ? -1 : 0);
}
END_TEST

START_TEST(counters_of_v2)
{
    struct cgroup cgroup = captured("docker-v2");
    struct cgroup_stat stat;
    ck_assert_str_eq(cgroup_peak_source(&cgroup), "memory.peak");
    ck_assert_int_eq(cgroup_peak(&cgroup), 317227008);
    ck_assert_int_eq(cgroup_usage(&cgroup), 3112960);
    ck_assert_int_eq(cgroup_limit(&cgroup), 536870912);
    ck_assert_int_eq(fatal_kills(&cgroup), 1);
    ck_assert_int_eq(cgroup_stat(&cgroup, &stat), 0);
    ck_assert_int_eq(stat.anon_bytes, 1000000);
    ck_assert_int_eq(stat.file_bytes, 1500000); /* without shmem */
    ck_assert_int_eq(stat.shmem_bytes, 500000);
    ck_assert_int_eq(stat.kernel_bytes, 700000);
    ck_assert_int_eq(cgroup_stat_unreclaimable(&stat), 1000000 + 500000 + 700000 - 100000 + 200000);
    ck_assert_int_eq(stat.swap_bytes, 200000);
}
END_TEST

static void constraint_is(const struct cgroup_constraint *constraint, int64_t limit_bytes,
                          int64_t high_bytes, int64_t swap_limit_bytes, int64_t limit_hits,
                          int64_t high_hits)
{
    ck_assert_int_eq(constraint->limit_bytes, limit_bytes);
    ck_assert_int_eq(constraint->high_bytes, high_bytes);
    ck_assert_int_eq(constraint->swap_limit_bytes, swap_limit_bytes);
    ck_assert_int_eq(constraint->limit_hits, limit_hits);
    ck_assert_int_eq(constraint->high_hits, high_hits);
}

START_TEST(limits_of_all_constraints)
{
    struct cgroup_constraints constraints, later;
    char directory[CGROUP_PATH_MAX];
    struct cgroup scope = captured("user-scope");
    cgroup_read_constraints(&scope, &constraints);
    /* run-r9.scope, app.slice, user@1000.service, user-1000.slice, user.slice and the root. */
    ck_assert_uint_eq(constraints.count, 6);
    constraint_is(&constraints.items[0], -1, -1, -1, 0, 0);
    constraint_is(&constraints.items[1], -1, -1, -1, -1, -1);
    /* Not the events of its children. */
    constraint_is(&constraints.items[3], INT64_C(8) << 30, INT64_C(6) << 30, INT64_C(1) << 30, 3,
                  12);
    /* Before Linux 5.2. */
    constraint_is(&constraints.items[4], -1, INT64_C(2) << 30, -1, 0, 7);
    ck_assert_int_eq(cgroup_lowest_limit(&constraints), INT64_C(8) << 30);
    cgroup_constraint_directory(&scope, 4, directory);
    ck_assert_str_eq(strrchr(directory, '/'), "/user.slice");
    const struct wire_record record =
        wire_constraint_of(&scope, &constraints.items[3], 3, directory);
    ck_assert_int_eq(record.type, WIRE_CONSTRAINT);
    ck_assert_int_eq(record.constraint.ancestor, 3);
    ck_assert_str_eq(strrchr(record.constraint.directory, '/'), "/user-1000.slice");
    ck_assert_int_eq(record.constraint.swap_limit_bytes, INT64_C(1) << 30);
    ck_assert_int_eq(record.constraint.high_hits, 12);

    later = constraints;
    later.items[3].limit_hits = 5;
    later.items[4].high_hits = 6; /* the counter was reset, or the cgroup was made again */
    later.count = 5;
    cgroup_constraints_since(&constraints, &later);
    constraint_is(&later.items[3], INT64_C(8) << 30, INT64_C(6) << 30, INT64_C(1) << 30, 2, 0);
    constraint_is(&later.items[4], -1, INT64_C(2) << 30, -1, 0, -1);

    /* v1 counts the hits of memory, and of memory and swap, separately. */
    struct cgroup pod = captured("kubernetes-pod");
    cgroup_read_constraints(&pod, &constraints);
    ck_assert_uint_eq(constraints.count, 1);
    constraint_is(&constraints.items[0], INT64_C(512) << 20, -1, INT64_C(256) << 20, 6, -1);
}
END_TEST

START_TEST(counters_of_v1)
{
    struct cgroup cgroup = captured("docker-v1");
    struct cgroup_stat stat;
    ck_assert_str_eq(cgroup_peak_source(&cgroup), "memory.max_usage_in_bytes");
    ck_assert_int_eq(cgroup_peak(&cgroup), 67108864);
    ck_assert_int_eq(cgroup_limit(&cgroup), -1); /* 9223372036854771712 is "none" */
    ck_assert_int_eq(fatal_kills(&cgroup), 2);
    ck_assert_int_eq(cgroup_stat(&cgroup, &stat), 0);
    ck_assert_int_eq(stat.anon_bytes, 19677184);
    ck_assert_int_eq(stat.file_bytes, 4718354432 - 2146631680);
    ck_assert_int_eq(stat.kernel_bytes, 8192);
}
END_TEST

START_TEST(cpu_quotas)
{
    ck_assert_int_eq(parse_cpu_max("50000 100000\n"), 50);
    ck_assert_int_eq(parse_cpu_max("250000 100000\n"), 250);
    ck_assert_int_eq(parse_cpu_max("1000 1000000\n"), 1); /* 0.1 % */
    ck_assert_int_eq(parse_cpu_max("max 100000\n"), -1);
    ck_assert_int_eq(parse_cpu_max("50000\n"), -1);
    ck_assert_int_eq(parse_cpu_max("50000 0\n"), -1);
    ck_assert_int_eq(parse_cpu_max("99999999999999999999 100000\n"), -1);
    ck_assert_int_eq(parse_cpu_max(""), -1);
    /* The lowest counts: 1.5 CPUs for the slice, 2 for the service, none for the scope. */
    struct cgroup scope = captured("user-scope");
    ck_assert_int_eq(cgroup_cpu_quota(&scope), 150);
    struct cgroup none = captured("docker-v2");
    ck_assert_int_eq(cgroup_cpu_quota(&none), -1);
}
END_TEST

START_TEST(pressure)
{
    static const char text[] = "some avg10=0.00 avg60=0.10 avg300=0.05 total=12345\n"
                               "full avg10=0.00 avg60=0.00 avg300=0.00 total=678\n";
    ck_assert_int_eq(parse_pressure_total(text, "some"), 12345);
    ck_assert_int_eq(parse_pressure_total(text, "full"), 678);
    ck_assert_int_eq(parse_pressure_total("some avg10=0.00 total=5\n", "full"), -1);
    ck_assert_int_eq(parse_pressure_total("some avg10=0.00\n", "some"), -1);
    ck_assert_int_eq(parse_pressure_total("", "some"), -1);
    /* The total of another line does not count, nor does one that overflows. */
    ck_assert_int_eq(parse_pressure_total("some avg10=0.00\nfull avg10=0.00 total=9\n", "some"),
                     -1);
    ck_assert_int_eq(parse_pressure_total("some total=99999999999999999999\n", "some"), -1);
    struct cgroup cgroup = captured("docker-v2");
    struct cgroup_pressure read;
    cgroup_pressure(&cgroup, &read);
    ck_assert_int_eq(read.some_us, -1);
    ck_assert_int_eq(read.refaults, -1);
}
END_TEST

START_TEST(an_absent_counter_is_not_zero)
{
    struct cgroup cgroup = captured("v2-root"); /* a root has no memory.peak */
    ck_assert_ptr_null(cgroup_peak_source(&cgroup));
    ck_assert_int_eq(cgroup_peak(&cgroup), -1);
    ck_assert_int_eq(fatal_kills(&cgroup), -1);
    int64_t number;
    ck_assert_int_eq(parse_cgroup_number("max\n", &number), 0);
    ck_assert_int_eq(number, -1);
    ck_assert_int_eq(parse_cgroup_number("-5\n", &number), -1);
    ck_assert_int_eq(parse_cgroup_number("12x\n", &number), -1);
    ck_assert_int_eq(parse_cgroup_number("", &number), -1);
    struct cgroup_stat stat;
    parse_memory_stat("anonymous 5\n", 2, &stat);
    ck_assert_int_eq(stat.anon_bytes, -1);
    ck_assert_int_eq(cgroup_stat_unreclaimable(&stat), -1);

    /* No kernel writes this. A sum that overflows must not become a small figure. */
    parse_memory_stat("anon 7330582054715096529\nslab 4659787778872916270\n", 2, &stat);
    ck_assert_int_eq(cgroup_stat_unreclaimable(&stat), INT64_MAX);
}
END_TEST

START_TEST(the_root_of_the_machine_is_not_that_of_a_namespace)
{
    struct cgroup root = captured("v2-root"), container = captured("docker-v2"),
                  slice = captured("v2-slice"), container_v1 = captured("docker-v1");
    ck_assert(cgroup_is_root(&root));
    ck_assert(!cgroup_is_root(&container));
    ck_assert(!cgroup_is_root(&slice));
    ck_assert(!cgroup_is_root(&container_v1));
    ck_assert_ptr_null(cgroup_usage_source(&root));
    /* Before 5.19 there is no memory.peak. */
    ck_assert_ptr_null(cgroup_peak_source(&slice));
    ck_assert_str_eq(cgroup_usage_source(&slice), "memory.current");
    ck_assert_str_eq(cgroup_usage_source(&container_v1), "memory.usage_in_bytes");
    /* Version 0 reads nothing, also if a directory is left in it. */
    struct cgroup none = captured("docker-v1");
    none.version = 0;
    ck_assert_int_eq(cgroup_peak(&none), -1);
    ck_assert_int_eq(cgroup_usage(&none), -1);
    ck_assert_int_eq(cgroup_limit(&none), -1);
    ck_assert_int_eq(fatal_kills(&none), -1);
    struct cgroup_constraints constraints;
    cgroup_read_constraints(&none, &constraints);
    ck_assert_uint_eq(constraints.count, 0);
    ck_assert(!cgroup_is_root(&none));
    ck_assert_ptr_null(cgroup_usage_source(&none));
}
END_TEST

START_TEST(descendants_by_their_parents)
{
    /* 1 - 10 - 40 - 20 - 30, 20 - 31 (its name is "7 ) R 1"); 1 - 50 - 60; 70 has ended. */
    char *root CLEANUP(cleanup_free) = test_path("fixtures/sysroot/process-tree");
    int pids[16];
    ck_assert_uint_eq(list_processes(root, pids, 16), 9);
    ck_assert_uint_eq(descendants_of(root, 40, pids, 16), 3);
    unsigned found = 0;
    for (size_t i = 0; i < 3; i++)
        found |= pids[i] == 20 ? 1u : pids[i] == 30 ? 2u : pids[i] == 31 ? 4u : 8u;
    ck_assert_uint_eq(found, 7);
    ck_assert_uint_eq(descendants_of(root, 1, pids, 16), 7);
    ck_assert_uint_eq(descendants_of(root, 30, pids, 16), 0);
    ck_assert_uint_eq(descendants_of(root, 70, pids, 16), 0);
    ck_assert_uint_eq(descendants_of(root, 1, pids, 2), 2);
    ck_assert_int_eq(process_parent(root, 1), 0);
    ck_assert_int_eq(process_parent(root, 70), -1);
}
END_TEST

START_TEST(long_process_lists_are_read_to_their_end)
{
    struct cgroup cgroup = captured("docker-v1");
    static int pids[4096];
    ck_assert_int_eq(cgroup_processes(&cgroup, pids, 4096), 1500);
    ck_assert_int_eq(pids[0], 100001);
    ck_assert_int_eq(pids[1499], 101500);
    ck_assert_int_eq(cgroup_processes(&cgroup, pids, 10), 1500);
}
END_TEST

/* The probe can be the first process of a container that an engine left in the cgroup of its
 * caller. */
START_TEST(others_in_the_cgroup_of_the_probe)
{
    static const struct {
        const char *processes;
        bool others;
    } cases[] = {{"1\n", false}, {"1\n7\n", true}, {"7\n1\n", true}, {"12\n", true}};
    struct cgroup cgroup = {.version = 2, .directory = "/tmp/test_kernel.XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(cgroup.directory));
    char *path CLEANUP(cleanup_free) = xasprintf("%s/cgroup.procs", cgroup.directory);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        FILE *file = fopen(path, "we");
        ck_assert_ptr_nonnull(file);
        fputs(cases[i].processes, file);
        fclose(file);
        ck_assert_msg(cgroup_lists_others(&cgroup, 1) == cases[i].others, "%s", cases[i].processes);
    }
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(rmdir(cgroup.directory), 0);
}
END_TEST

/* A build can make cgroups of its own. */
START_TEST(processes_of_all_cgroups_below)
{
    struct cgroup cgroup = {.version = 2, .directory = "/tmp/test_kernel.XXXXXX"};
    int pids[8];
    ck_assert_ptr_nonnull(mkdtemp(cgroup.directory));
    char *make CLEANUP(cleanup_free) =
        xasprintf("cd %s && mkdir -p a/b c && echo 1 >cgroup.procs && echo 2 >a/cgroup.procs && "
                  "printf '3\\n4\\n' >a/b/cgroup.procs && : >c/cgroup.procs",
                  cgroup.directory);
    ck_assert_int_eq(system(make), 0);
    ck_assert_int_eq(cgroup_processes(&cgroup, pids, 8), 1);
    ck_assert_int_eq(cgroup_all_processes(&cgroup, pids, 8), 4);
    ck_assert_int_eq(pids[0] + pids[1] + pids[2] + pids[3], 10);
    /* Those that do not fit are counted. */
    ck_assert_int_eq(cgroup_all_processes(&cgroup, pids, 3), 4);
    char *drop CLEANUP(cleanup_free) = xasprintf("rm -r %s", cgroup.directory);
    ck_assert_int_eq(system(drop), 0);
    ck_assert_int_eq(cgroup_all_processes(&cgroup, pids, 8), -1);
}
END_TEST

START_TEST(a_piece_can_end_within_a_pid)
{
    static const char text[] = "12\n0\n345\n99999999999999999999\n";
    for (size_t cut = 0; cut < sizeof text; cut++) {
        int pids[4] = {0}, partial = 0;
        size_t count = parse_pids(text, cut, &partial, pids, 4, 0);
        count = parse_pids(text + cut, sizeof text - 1 - cut, &partial, pids, 4, count);
        ck_assert_uint_eq(count, 3);
        ck_assert_int_eq(pids[0], 12);
        ck_assert_int_eq(pids[1], 345);
        ck_assert_int_gt(pids[2], 0); /* longer than any pid; it does not overflow */
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernel");
    TCase *all = tcase_create("all");
    tcase_add_test(all, stat_with_unusual_process_names);
    tcase_add_test(all, smaps_rollup);
    tcase_add_test(all, statm_and_status);
    tcase_add_test(all, cpu_times);
    tcase_add_test(all, run_delay);
    tcase_add_test(all, cmdline_becomes_one_line);
    tcase_add_test(all, a_file_that_does_not_fit_is_truncated);
    tcase_add_test(all, start_time_identifies_a_process);
    tcase_add_test(all, the_right_hierarchy_is_found);
    tcase_add_test(all, counters_of_v2);
    tcase_add_test(all, counters_of_v1);
    tcase_add_loop_test(all, kills_at_inner_limits_are_not_fatal, 0,
                        sizeof kill_cases / sizeof *kill_cases);
    tcase_add_test(all, limits_of_all_constraints);
    tcase_add_test(all, cpu_quotas);
    tcase_add_test(all, pressure);
    tcase_add_test(all, an_absent_counter_is_not_zero);
    tcase_add_test(all, the_root_of_the_machine_is_not_that_of_a_namespace);
    tcase_add_test(all, descendants_by_their_parents);
    tcase_add_test(all, long_process_lists_are_read_to_their_end);
    tcase_add_test(all, others_in_the_cgroup_of_the_probe);
    tcase_add_test(all, processes_of_all_cgroups_below);
    tcase_add_test(all, a_piece_can_end_within_a_pid);
    TCase *large = tcase_create("large");
    tcase_set_tags(large, "large");
    tcase_set_timeout(large, 60);
    tcase_add_test(large, a_huge_mountinfo);
    suite_add_tcase(suite, large);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
