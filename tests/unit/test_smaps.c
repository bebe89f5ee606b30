/* /proc/PID/smaps, as text in pieces of any size. */
#include "base/alloc.h"
#include "proc/proc.h"
#include "proc/smaps.h"
#include "unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KIB INT64_C(1024)

static struct smaps smaps;
static struct smaps_item list[SMAPS_LIST_MAX];
static size_t count;

/* Parses the text in pieces of `piece` bytes, and sets `list`. Returns 0 or -1. */
static int parse(const char *text, size_t piece)
{
    smaps_init(&smaps);
    for (size_t length = strlen(text); length > 0;) {
        size_t size = length < piece ? length : piece;
        if (smaps_add(&smaps, text, size) < 0)
            return -1;
        text += size;
        length -= size;
    }
    if (smaps_finish(&smaps) < 0)
        return -1;
    count = smaps_list(&smaps, list);
    return 0;
}

static void expect(size_t at, enum mapping_kind kind, const char *name, int64_t kib)
{
    ck_assert_uint_lt(at, count);
    ck_assert_int_eq(list[at].kind, kind);
    ck_assert_str_eq(list[at].name, name);
    ck_assert_int_eq(list[at].pss_bytes, kib * KIB);
}

START_TEST(kinds_and_names)
{
    static const size_t pieces[] = {1, 7, 4096, 1 << 20};
    char *text CLEANUP(cleanup_free) = test_text("fixtures/proc/good-smaps");
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        ck_assert_int_eq(parse(text, pieces[i]), 0);
        ck_assert_int_eq(smaps.count, 17);
        ck_assert_int_eq(smaps.pss_bytes, 97350 * KIB);
        ck_assert_int_eq(smaps.huge_page_bytes, 6144 * KIB);
        ck_assert_uint_eq(count, 9);
        expect(0, MAPPING_ANONYMOUS, "", 65792);
        expect(1, MAPPING_FILE, "/usr/bin/node", 14321);
        expect(2, MAPPING_SHARED, "", 8192);
        expect(3, MAPPING_NAMED, "v8", 4096);
        expect(4, MAPPING_HEAP, "", 2712);
        expect(5, MAPPING_SHARED, "/memfd:wasm cache (deleted)", 2048);
        expect(6, MAPPING_FILE, "", 81); /* libstdc++ is small */
        expect(7, MAPPING_STACK, "", 80);
        expect(8, MAPPING_CODE, "", 28);
    }
}
END_TEST

START_TEST(an_old_kernel_has_fewer_fields)
{
    char *text CLEANUP(cleanup_free) = test_text("fixtures/proc/good-smaps-short");
    ck_assert_int_eq(parse(text, 100), 0);
    ck_assert_uint_eq(count, 3);
    expect(0, MAPPING_HEAP, "", 60);
    expect(1, MAPPING_FILE, "/sbin/init", 22);
    expect(2, MAPPING_STACK, "", 20);
    ck_assert_int_eq(parse("", 1), 0);
    ck_assert_int_eq(smaps.count, 0);
}
END_TEST

/* Only a small guard page makes the mapping above it a stack, and only a small mapping is one. */
START_TEST(large_mappings_are_no_stacks)
{
    static const struct {
        const char *guard, *mapping;
        enum mapping_kind kind;
    } cases[] = {
        {"1000-2000 ---p 0 0:0 0", "2000-4000 rw-p 0 0:0 0", MAPPING_STACK},
        {"1000-2000 ---p 0 0:0 0", "2000-4000 rwxp 0 0:0 0", MAPPING_STACK},
        {"1000-2000 ---p 0 0:0 0", "3000-4000 rw-p 0 0:0 0", MAPPING_ANONYMOUS},
        {"1000-2000 r--p 0 0:0 0", "2000-4000 rw-p 0 0:0 0", MAPPING_ANONYMOUS},
        {"1000-2000 ---p 0 0:0 0 /lib", "2000-4000 rw-p 0 0:0 0", MAPPING_ANONYMOUS},
        {"10000-30000 ---p 0 0:0 0", "30000-40000 rw-p 0 0:0 0", MAPPING_ANONYMOUS},
        {"1000-2000 ---p 0 0:0 0", "2000-5000000 rw-p 0 0:0 0", MAPPING_ANONYMOUS},
        {"1000-2000 ---p 0 0:0 0", "2000-4000 rw-p 0 0:0 0 [anon:x]", MAPPING_NAMED},
        {"1000-2000 ---p 0 0:0 0", "2000-4000 rw-p 0 0:0 0 /file", MAPPING_FILE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text CLEANUP(cleanup_free) =
            xasprintf("%s\nPss: 0 kB\n%s\nPss: 5 kB\n", cases[i].guard, cases[i].mapping);
        ck_assert_int_eq(parse(text, 3), 0);
        ck_assert_uint_eq(count, 1);
        ck_assert_int_eq(list[0].kind, cases[i].kind);
    }
}
END_TEST

START_TEST(text_of_another_format_is_refused)
{
    static const char *const texts[] = {
        "1000-2000 rw-p 0 0:0 0\n",                       /* no PSS */
        "1000-2000 rw-p 0 0:0 0\nPss: 1 kB",              /* no end of line */
        "1000-2000 rw-p 0 0:0 0\nPss: 1 kB\nPss: 1 kB\n", /* twice */
        "1000-2000 rw-p 0 0:0 0\nPss: x kB\n",            /* no number */
        "1000-2000 rw-p 0 0:0 0\nPss: -1 kB\n",           /* negative */
        "1000-2000 rw-p 0 0:0 0\nPss: 1 kB\nhello\n",     /* no field */
        "1000-1000 rw-p 0 0:0 0\nPss: 1 kB\n",            /* empty */
        "1000 rw-p 0 0:0 0\nPss: 1 kB\n",                 /* no end */
        "1000-2000 rw 0 0:0 0\nPss: 1 kB\n",              /* no access */
        "1000-2000 rw-p 0 0:0\nPss: 1 kB\n",              /* no inode */
        /* the sum is too large */
        ("1000-2000 rw-p 0 0:0 0\nPss: 9007199254740991 kB\n"
         "2000-3000 rw-p 0 0:0 0\nPss: 9007199254740991 kB\n"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_assert_msg(parse(texts[i], 5) == -1, "text %zu is taken", i);
    char *none CLEANUP(cleanup_free) = test_text("fixtures/proc/bad-smaps-no-mapping");
    char *cut CLEANUP(cleanup_free) = test_text("fixtures/proc/bad-smaps-truncated");
    ck_assert_int_eq(parse(none, 100), -1);
    ck_assert_int_eq(parse(cut, 100), -1);
    char *longest CLEANUP(cleanup_free) = xcalloc(1, SMAPS_LINE_MAX + 1);
    memset(longest, 'a', SMAPS_LINE_MAX);
    ck_assert_int_eq(parse(longest, 100), -1);
}
END_TEST

/* More names than the table has: the largest stay, and the sum is that of all. */
START_TEST(many_names)
{
    static char text[64 * 1024];
    char *at = text;
    int64_t sum = 0;
    for (int i = 0; i < 300; i++) {
        int kib = i == 150 ? 5000 : 10 + i;
        sum += kib * KIB;
        at += sprintf(at, "%d000-%d000 r--p 0 0:0 1 /file %d\nPss: %d kB\n", i + 1, i + 2, i, kib);
    }
    ck_assert_int_eq(parse(text, 4096), 0);
    ck_assert_uint_eq(smaps.name_count, SMAPS_NAMES_MAX);
    ck_assert_uint_eq(count, 2);
    expect(0, MAPPING_FILE, "", sum / KIB - 5000);
    expect(1, MAPPING_FILE, "/file 150", 5000);
    ck_assert_int_eq(list[0].pss_bytes + list[1].pss_bytes, smaps.pss_bytes);
}
END_TEST

START_TEST(the_end_of_a_long_name_is_kept)
{
    char name[1024] = "", text[2048];
    for (int i = 0; i < 100; i++)
        sprintf(name + strlen(name), "/dir%d", i);
    snprintf(text, sizeof text, "1000-2000 r--p 0 0:0 1 %s/end.so\nPss: 7 kB\n", name);
    ck_assert_int_eq(parse(text, 4096), 0);
    ck_assert_uint_eq(strlen(list[0].name), MAPPING_NAME_MAX);
    ck_assert_str_eq(list[0].name + MAPPING_NAME_MAX - 7, "/end.so");
}
END_TEST

START_TEST(the_own_process)
{
    static char text[1 << 20];
    char rollup_text[2048];
    struct proc_rollup rollup;
    ssize_t got = read_proc("", getpid(), "smaps", text, sizeof text);
    ck_assert_int_gt(got, 0);
    ck_assert_int_gt(read_proc("", getpid(), "smaps_rollup", rollup_text, sizeof rollup_text), 0);
    ck_assert_int_eq(parse_smaps_rollup(rollup_text, &rollup), 0);
    ck_assert_int_eq(parse(text, 4096), 0);
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += list[i].pss_bytes;
    ck_assert_int_eq(sum, smaps.pss_bytes);
    /* The kernel rounds each mapping down to KiB; the read of smaps touches pages of `text`. */
    ck_assert_int_le(llabs(smaps.pss_bytes - rollup.pss_bytes), 2 << 20);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("proc/smaps");
    TCase *all = tcase_create("all");
    tcase_add_test(all, kinds_and_names);
    tcase_add_test(all, an_old_kernel_has_fewer_fields);
    tcase_add_test(all, large_mappings_are_no_stacks);
    tcase_add_test(all, text_of_another_format_is_refused);
    tcase_add_test(all, many_names);
    tcase_add_test(all, the_end_of_a_long_name_is_kept);
    tcase_add_test(all, the_own_process);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
