/* The gauges, on counter files that the tests change. */
#include "base/alloc.h"
#include "probe/gauges.h"
#include "unit/suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB ((int64_t)1 << 20)

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
    gauges_poll(&gauges, 0, false);
    ck_assert(gauges_have_new_high(&gauges));
    gauges_note_snapshot(&gauges, 1);
    ck_assert(!gauges_have_new_high(&gauges));
    set_memory(1009000, 400000, 609000); /* less than 1 % */
    gauges_poll(&gauges, 0, false);
    ck_assert(!gauges_have_new_high(&gauges));
    set_memory(1011000, 400000, 611000);
    gauges_poll(&gauges, 0, false);
    ck_assert(gauges_have_new_high(&gauges));
    gauges_note_snapshot(&gauges, 1);

    /* The usage falls, but its anonymous part has a new high. */
    set_memory(900000, 500000, 400000);
    gauges_poll(&gauges, 0, false);
    ck_assert_int_eq(gauges.unreclaimable.high_bytes, 500000);
    ck_assert(gauges_have_new_high(&gauges));
    gauges_note_snapshot(&gauges, 1);
    ck_assert(!gauges_have_new_high(&gauges));
    ck_assert_int_eq(gauges.usage.high_bytes, 1011000);

    /* With thousands of processes a snapshot is expensive: the step is 3 %. */
    gauges_note_snapshot(&gauges, 4000);
    set_memory(1011000, 512000, 400000);
    gauges_poll(&gauges, 0, false);
    ck_assert(!gauges_have_new_high(&gauges));
    set_memory(1011000, 516000, 400000);
    gauges_poll(&gauges, 0, true);
    ck_assert(gauges_have_new_high(&gauges));
    set_memory(900000, 516000, 384000);
    gauges_poll(&gauges, 0, false);

    gauges_start_stage(&gauges, 0);
    ck_assert_int_eq(gauges.usage.high_bytes, 900000);
    ck_assert(gauges_have_new_high(&gauges));
    end();
}
END_TEST

START_TEST(the_stat_is_read_when_it_matters)
{
    begin("1200000\n");
    gauges_poll(&gauges, 0, false);
    ck_assert(!gauges_near_limit(&gauges));
    set_memory(1001000, 700000, 301000); /* changed by 0.1 %: not read */
    gauges_poll(&gauges, 0, false);
    ck_assert_int_eq(gauges.stat.anon_bytes, 400000);
    gauges_poll(&gauges, 0, true);
    ck_assert_int_eq(gauges.stat.anon_bytes, 700000);
    set_memory(1100000, 700000, 400000);
    gauges_poll(&gauges, 0, false);
    ck_assert(gauges_near_limit(&gauges));
    set_memory(1100100, 900000, 200100); /* near the limit: read even if unchanged */
    gauges_poll(&gauges, 0, false);
    ck_assert_int_eq(gauges.stat.anon_bytes, 900000);
    set_memory(390000, 390000, 0); /* below the highest unreclaimable part: not read */
    gauges_poll(&gauges, 0, false);
    ck_assert_int_eq(gauges.stat.anon_bytes, 900000);
    gauges_poll(&gauges, 0, true);
    ck_assert_int_eq(gauges.stat.anon_bytes, 390000);
    set_memory(890000, 500000, 390000); /* 510000 are missing to the highest: not read */
    gauges_poll(&gauges, 0, false);
    ck_assert_int_eq(gauges.stat.anon_bytes, 390000);
    set_memory(910000, 905000, 5000);
    gauges_poll(&gauges, 0, false);
    ck_assert_int_eq(gauges.stat.anon_bytes, 905000);
    end();
}
END_TEST

/* Polls every `step_ms` until `to_ms`, while the usage grows by `bytes_per_ms`. */
static int64_t poll_until(int64_t from_ms, int64_t to_ms, int64_t step_ms, int64_t bytes_per_ms)
{
    int64_t t_ms = from_ms;
    for (; t_ms < to_ms; t_ms += step_ms) {
        set_memory(gauges.usage.now_bytes + step_ms * bytes_per_ms, 400000, 600000);
        gauges_poll(&gauges, t_ms + step_ms, false);
        gauges_note_snapshot(&gauges, 1);
    }
    return t_ms;
}

START_TEST(the_wait_follows_the_growth)
{
    begin("max\n");
    set_memory(INT64_C(800) * MIB, 400000, 600000);
    gauges_poll(&gauges, 0, false);
    gauges_note_snapshot(&gauges, 1);
    ck_assert_int_eq(gauges_wait_ms(&gauges), 5);
    int64_t t_ms = poll_until(0, 150, 5, 0);
    ck_assert_int_eq(gauges_wait_ms(&gauges), 20); /* longer by a tenth of the time */
    t_ms = poll_until(t_ms, 2000, 10, 0);
    ck_assert_int_eq(gauges_wait_ms(&gauges), 50); /* the longest */
    /* It grows by 800 KiB/ms: twice as fast, it needs 13 ms to grow by 2.5 %. */
    t_ms = poll_until(t_ms, t_ms + 25, 25, 800 << 10);
    ck_assert_int_eq(gauges_wait_ms(&gauges), 13);
    t_ms = poll_until(t_ms, t_ms + 26, 13, 2 * MIB);
    ck_assert_int_eq(gauges_wait_ms(&gauges), 5);
    t_ms = poll_until(t_ms, t_ms + 50, 5, 0); /* it has not grown for 50 ms */
    ck_assert_int_eq(gauges_wait_ms(&gauges), 10);
    end();
}
END_TEST

START_TEST(with_huge_pages_the_wait_is_shorter)
{
    begin("max\n");
    put("memory.stat", "anon 400000\nanon_thp 60000\nfile 600000\nkernel 0\nshmem 0\n");
    gauges_poll(&gauges, 0, true);
    gauges_note_snapshot(&gauges, 1);
    for (int64_t t_ms = 10; t_ms <= 100; t_ms += 10)
        gauges_poll(&gauges, t_ms, false);
    ck_assert_int_eq(gauges_wait_ms(&gauges), 10);
    for (int64_t t_ms = 110; t_ms <= 2000; t_ms += 10)
        gauges_poll(&gauges, t_ms, false);
    ck_assert_int_eq(gauges_wait_ms(&gauges), 20);
    end();
}
END_TEST

START_TEST(the_wait_is_bounded)
{
    begin("max\n");
    gauges_poll(&gauges, 0, false);
    gauges_note_snapshot(&gauges, 1);
    ck_assert_int_eq(gauges_wait_ms(&gauges), 5);
    /* Growth by 8 MiB counts in a small cgroup, not growth by 2.5 %. */
    poll_until(0, 2000, 10, 1 << 10);
    ck_assert_int_eq(gauges_wait_ms(&gauges), 50);
    /* A cgroup that needs 12 ms to grow by 2.5 % at the highest rate. */
    set_memory(40 * 12 * gauges.fastest_bytes_per_ms, 400000, 600000);
    gauges_poll(&gauges, 2010, false);
    gauges_note_snapshot(&gauges, 1);
    ck_assert_int_eq(gauges_wait_ms(&gauges), 12);
    gauges.usage.snapshot_bytes = gauges.unreclaimable.snapshot_bytes = INT64_MAX / 2;
    ck_assert_int_eq(gauges_wait_ms(&gauges), 50);
    end();
    cgroup = (struct cgroup){0};
    gauges_open(&gauges, &cgroup);
    gauges_poll(&gauges, 0, true);
    ck_assert_int_eq(gauges.usage.now_bytes, -1);
    ck_assert(!gauges_have_new_high(&gauges));
    ck_assert_int_eq(gauges_wait_ms(&gauges), 50);
}
END_TEST

START_TEST(flat_is_a_time_without_change)
{
    begin("max\n");
    gauges_poll(&gauges, 0, false);
    gauges_poll(&gauges, 29, false);
    ck_assert(!gauges_are_flat(&gauges));
    gauges_poll(&gauges, 30, false);
    ck_assert(gauges_are_flat(&gauges));
    set_memory(1006000, 400000, 606000); /* by more than 0.5 % */
    gauges_poll(&gauges, 40, false);
    ck_assert(!gauges_are_flat(&gauges));
    end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("probe/gauges");
    TCase *all = tcase_create("all");
    tcase_add_test(all, new_highs);
    tcase_add_test(all, the_stat_is_read_when_it_matters);
    tcase_add_test(all, the_wait_follows_the_growth);
    tcase_add_test(all, with_huge_pages_the_wait_is_shorter);
    tcase_add_test(all, the_wait_is_bounded);
    tcase_add_test(all, flat_is_a_time_without_change);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
