/* The guard, with a captured machine that the tests change. */
#include "base/alloc.h"
#include "base/units.h"
#include "probe/guard.h"
#include "unit/suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/test_guard.XXXXXX";
static struct cgroup cgroup;
static struct cgroup_constraints constraints;
static struct guard guard;

static void put(const char *name, const char *text)
{
    char *path CLEANUP(cleanup_free) = xasprintf("%s/%s", root, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void set_up(void)
{
    memcpy(root + sizeof root - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(root));
    char *proc CLEANUP(cleanup_free) = xasprintf("%s/proc", root);
    ck_assert_int_eq(mkdir(proc, 0700), 0);
    put("proc/meminfo", "MemTotal: 8192 kB\nMemAvailable: 4096 kB\n"
                        "SwapTotal: 2048 kB\nSwapFree: 1024 kB\n");
    cgroup = (struct cgroup){.version = 2};
    snprintf(cgroup.directory, sizeof cgroup.directory, "%s", root);
    constraints = (struct cgroup_constraints){0};
}

static void tear_down(void)
{
    static const char *const names[] = {"proc/meminfo", "memory.pressure", "proc", ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path CLEANUP(cleanup_free) = xasprintf("%s/%s", root, names[i]);
        (void)remove(path);
    }
}

static void add_constraint(int64_t limit_bytes, int64_t swap_limit_bytes)
{
    constraints.items[constraints.count++] = (struct cgroup_constraint){
        .limit_bytes = limit_bytes, .swap_limit_bytes = swap_limit_bytes};
}

static void start(int64_t percent, int64_t outer_room_bytes)
{
    guard_start(&guard, root, &cgroup, percent, &constraints, outer_room_bytes);
}

START_TEST(the_room_is_the_lowest_limit_with_its_swap)
{
    add_constraint(MIB, 0);
    start(90, -1);
    ck_assert_int_eq(guard.room_bytes, MIB);
    start(90, MIB / 2); /* that the runner sees from outside */
    ck_assert_int_eq(guard.room_bytes, MIB / 2);
    start(90, 4 * MIB);
    ck_assert_int_eq(guard.room_bytes, MIB);
    constraints.count = 0;
    add_constraint(-1, -1);
    add_constraint(3 * MIB, MIB);
    add_constraint(3 * MIB, -1); /* all swap of the machine */
    start(90, -1);
    ck_assert_int_eq(guard.room_bytes, 4 * MIB);
}
END_TEST

START_TEST(without_a_limit_the_room_is_the_available_memory)
{
    start(90, -1);
    ck_assert_int_eq(guard.room_bytes, 5 * MIB);
    put("proc/meminfo", "");
    start(90, -1);
    ck_assert_int_eq(guard.room_bytes, -1);
    ck_assert(!guard_must_end(&guard, INT64_C(1) << 50, 0));
}
END_TEST

START_TEST(the_build_ends_once_at_the_percentage)
{
    add_constraint(1000000, 0);
    start(0, -1);
    ck_assert(!guard_must_end(&guard, 1000000, 0));
    start(90, -1);
    ck_assert(!guard_must_end(&guard, -1, 0));
    ck_assert(!guard_must_end(&guard, 899999, 10));
    ck_assert_int_eq(guard.ended, WIRE_GUARD_NONE);
    ck_assert(guard_must_end(&guard, 900000, 20));
    ck_assert_int_eq(guard.ended, WIRE_GUARD_FULL);
    ck_assert_int_eq(guard.ended_bytes, 900000);
    ck_assert(!guard_must_end(&guard, 950000, 30));
    ck_assert_int_eq(guard.ended_bytes, 900000);
}
END_TEST

/* Each second, all processes wait for memory for `stall_ms`. Returns when the guard ended the
 * build, in seconds; 0: it did not. */
static int ends_after(int seconds, int stall_ms, int calm_second)
{
    int64_t total_us = 5000000; /* from before the build */
    start(90, -1);
    for (int second = 0; second <= seconds; second++) {
        char text[200];
        total_us += second == calm_second ? 0 : stall_ms * INT64_C(1000);
        snprintf(text, sizeof text,
                 "some avg10=0.00 avg60=0.00 avg300=0.00 total=9999999999\n"
                 "full avg10=0.00 avg60=0.00 avg300=0.00 total=%lld\n",
                 (long long)total_us);
        put("memory.pressure", text);
        if (guard_must_end(&guard, 1000, second * INT64_C(1000)))
            return second;
    }
    return 0;
}

START_TEST(a_build_that_waits_for_memory_all_the_time_ends)
{
    add_constraint(1000000, 0);
    ck_assert_int_eq(ends_after(100, 600, -1), 30);
    ck_assert_int_eq(guard.ended, WIRE_GUARD_STALLED);
    ck_assert_int_eq(guard.ended_bytes, 1000);
    ck_assert_int_eq(ends_after(100, 1000, 20), 50);
    ck_assert_int_eq(ends_after(100, 590, -1), 0);
    ck_assert_int_eq(ends_after(29, 1000, -1), 0);
}
END_TEST

START_TEST(a_pressure_that_cannot_be_read_is_no_stall)
{
    add_constraint(1000000, 0);
    start(90, -1);
    for (int second = 0; second < 100; second++)
        ck_assert(!guard_must_end(&guard, 1000, second * INT64_C(1000)));
    put("memory.pressure", "full avg10=");
    for (int second = 100; second < 200; second++)
        ck_assert(!guard_must_end(&guard, 1000, second * INT64_C(1000)));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("probe/guard");
    TCase *guards = tcase_create("all");
    tcase_add_checked_fixture(guards, set_up, tear_down);
    tcase_add_test(guards, the_room_is_the_lowest_limit_with_its_swap);
    tcase_add_test(guards, without_a_limit_the_room_is_the_available_memory);
    tcase_add_test(guards, the_build_ends_once_at_the_percentage);
    tcase_add_test(guards, a_build_that_waits_for_memory_all_the_time_ends);
    tcase_add_test(guards, a_pressure_that_cannot_be_read_is_no_stall);
    suite_add_tcase(suite, guards);
    return run_suite(suite);
}
