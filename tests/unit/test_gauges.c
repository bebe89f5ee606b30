/* The gauges, on counter files that the tests change. */
#include "base/alloc.h"
#include "probe/gauges.h"
#include "unit/suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct cgroup cgroup;
static struct gauges gauges;

static void put(const char *name, const char *text)
{
    char *path CLEANUP(cleanup_free) = xasprintf("%s/%s", cgroup.directory, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void set_memory(int64_t usage, int64_t anon, int64_t file)
{
    char text[256];
    snprintf(text, sizeof text, "%lld\n", (long long)usage);
    put("memory.current", text);
    snprintf(text, sizeof text, "anon %lld\nfile %lld\nkernel 0\nshmem 0\nslab_reclaimable 0\n",
             (long long)anon, (long long)file);
    put("memory.stat", text);
}

static void begin(const char *limit)
{
    cgroup.version = 2;
    snprintf(cgroup.directory, sizeof cgroup.directory, "/tmp/test_levels.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(cgroup.directory));
    set_memory(1000000, 400000, 600000);
    put("memory.max", limit);
    gauges_open(&gauges, &cgroup);
}

static void end(void)
{
    static const char *const names[] = {"memory.current", "memory.stat", "memory.max"};
    for (size_t i = 0; i < 3; i++) {
        char *path CLEANUP(cleanup_free) = xasprintf("%s/%s", cgroup.directory, names[i]);
        unlink(path);
    }
    rmdir(cgroup.directory);
}

START_TEST(new_highs)
{
    begin("max\n");
    gauges_poll(&gauges, false);
    ck_assert(gauges_have_new_high(&gauges));
    gauges_note_snapshot(&gauges, 1);
    ck_assert(!gauges_have_new_high(&gauges));
    set_memory(1009000, 400000, 609000); /* less than 1 % */
    gauges_poll(&gauges, false);
    ck_assert(!gauges_have_new_high(&gauges));
    set_memory(1011000, 400000, 611000);
    gauges_poll(&gauges, false);
    ck_assert(gauges_have_new_high(&gauges));
    gauges_note_snapshot(&gauges, 1);

    /* The usage falls, but its anonymous part has a new high. */
    set_memory(900000, 500000, 400000);
    gauges_poll(&gauges, false);
    ck_assert_int_eq(gauges.unreclaimable.high_bytes, 500000);
    ck_assert(gauges_have_new_high(&gauges));
    gauges_note_snapshot(&gauges, 1);
    ck_assert(!gauges_have_new_high(&gauges));
    ck_assert_int_eq(gauges.usage.high_bytes, 1011000);

    /* With thousands of processes a snapshot is expensive: the step is 3 %. */
    gauges_note_snapshot(&gauges, 4000);
    set_memory(1011000, 512000, 400000);
    gauges_poll(&gauges, false);
    ck_assert(!gauges_have_new_high(&gauges));
    set_memory(1011000, 516000, 400000);
    gauges_poll(&gauges, true);
    ck_assert(gauges_have_new_high(&gauges));
    set_memory(900000, 516000, 384000);
    gauges_poll(&gauges, false);

    gauges_start_stage(&gauges);
    ck_assert_int_eq(gauges.usage.high_bytes, 900000);
    ck_assert(gauges_have_new_high(&gauges));
    end();
}
END_TEST

START_TEST(the_stat_is_read_when_it_matters)
{
    begin("1200000\n");
    gauges_poll(&gauges, false);
    ck_assert(!gauges_near_limit(&gauges));
    set_memory(1001000, 700000, 301000); /* changed by 0.1 %: not read */
    gauges_poll(&gauges, false);
    ck_assert_int_eq(gauges.stat.anon_bytes, 400000);
    gauges_poll(&gauges, true);
    ck_assert_int_eq(gauges.stat.anon_bytes, 700000);
    set_memory(1100000, 700000, 400000);
    gauges_poll(&gauges, false);
    ck_assert(gauges_near_limit(&gauges));
    set_memory(1100100, 900000, 200100); /* near the limit: read even if unchanged */
    gauges_poll(&gauges, false);
    ck_assert_int_eq(gauges.stat.anon_bytes, 900000);
    end();
}
END_TEST

START_TEST(the_wait_is_bounded)
{
    begin("max\n");
    gauges_poll(&gauges, false);
    gauges_note_snapshot(&gauges, 1);
    ck_assert_int_eq(gauges_wait_ms(&gauges), 5);
    for (int i = 0; i < 10; i++)
        gauges_poll(&gauges, false);
    ck_assert_int_eq(gauges_wait_ms(&gauges), 10); /* unchanged */
    for (int i = 0; i < 40; i++)
        gauges_poll(&gauges, false);
    ck_assert_int_eq(gauges_wait_ms(&gauges), 20); /* unchanged for long */
    /* A cgroup that needs 12 ms to grow by 2.5 %. */
    set_memory(40 * 12 * gauges.fastest_bytes_per_ms, 400000, 600000);
    gauges_poll(&gauges, false);
    gauges_note_snapshot(&gauges, 1);
    ck_assert_int_eq(gauges_wait_ms(&gauges), 12);
    for (int i = 0; i < 10; i++)
        gauges_poll(&gauges, false);
    ck_assert_int_eq(gauges_wait_ms(&gauges), 24);
    gauges.usage.snapshot_bytes = gauges.unreclaimable.snapshot_bytes = INT64_MAX / 2;
    ck_assert_int_eq(gauges_wait_ms(&gauges), 50);
    end();
    cgroup = (struct cgroup){0};
    gauges_open(&gauges, &cgroup);
    gauges_poll(&gauges, true);
    ck_assert_int_eq(gauges.usage.now_bytes, -1);
    ck_assert(!gauges_have_new_high(&gauges));
    ck_assert_int_eq(gauges_wait_ms(&gauges), 50);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("probe/gauges");
    TCase *all = tcase_create("all");
    tcase_add_test(all, new_highs);
    tcase_add_test(all, the_stat_is_read_when_it_matters);
    tcase_add_test(all, the_wait_is_bounded);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
