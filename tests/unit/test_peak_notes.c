/* The sentences about the memory peak. */
#include "base/alloc.h"
#include "base/units.h"
#include "measurement/peak_notes.h"
#include "unit/suite.h"

static struct measurement m;
static struct strv notes;

static void set_up(void)
{
    measurement_init(&m);
    m.peak.cgroup_bytes = 1000 * MIB;
    m.peak.unreclaimable_bytes = 600 * MIB;
    m.peak.composition.file_bytes = 299 * MIB;
}

static void tear_down(void)
{
    strv_release(&notes);
    measurement_release(&m);
}

/* Processes are added largest first, as in a snapshot. */
static void hold(const char *name, int64_t pss_bytes)
{
    struct snapshot *snapshot = &m.peak.at_peak;
    snapshot->processes = xgrow(snapshot->processes, snapshot->count, sizeof *snapshot->processes);
    snapshot->processes[snapshot->count++] = (struct process_usage){
        .pss_bytes = pss_bytes, .name = xstrdup(name), .command = xstrdup(name)};
}

static void enter(const char *name, const char *item, int64_t peak_rss_bytes)
{
    struct process_ledger *ledger = &m.ledger;
    ledger->largest = xgrow(ledger->largest, ledger->largest_count, sizeof *ledger->largest);
    ledger->largest[ledger->largest_count++] =
        (struct ledger_process){.peak_rss_bytes = peak_rss_bytes,
                                .name = xstrdup(name),
                                .item = item ? xstrdup(item) : NULL};
}

static void expect(const char *sentence)
{
    strv_release(&notes);
    peak_notes_add(&m, &notes);
    ck_assert_uint_eq(notes.count, sentence ? 1 : 0);
    if (sentence)
        ck_assert_str_eq(notes.items[0], sentence);
}

START_TEST(without_figures_there_is_no_sentence)
{
    expect(NULL);
    hold("cc1plus", 600 * MIB);
    m.peak.cgroup_bytes = UNMEASURED;
    expect(NULL);
}
END_TEST

START_TEST(workers_are_counted)
{
    hold("node", 250 * MIB);
    hold("node", 100 * MIB);
    hold("tsc", 10 * MIB);
    hold("node", 40 * MIB);
    expect(NULL); /* 390 MiB */
    m.peak.at_peak.processes[3].pss_bytes = 50 * MIB;
    expect("3 processes node held 400.0 MiB of the memory peak of 1000.0 MiB, 133.3 MiB each: with "
           "one fewer at a time, the peak is lower by about that");
}
END_TEST

START_TEST(one_process_is_named)
{
    hold("next build", 499 * MIB);
    hold("next build", 100 * MIB);
    expect(NULL);
    m.peak.at_peak.processes[0].pss_bytes = 500 * MIB;
    expect(
        "one process, next build, held 500.0 MiB of the memory peak of 1000.0 MiB: begin with it");
}
END_TEST

START_TEST(an_item_that_stands_out_is_named)
{
    enter("cc1plus", "src/big.cpp", 400 * MIB);
    enter("ld", "app", 300 * MIB);
    expect(NULL); /* the only one of its kind */
    enter("cc1plus", "src/other.cpp", 201 * MIB);
    expect(NULL);
    m.ledger.largest[2].peak_rss_bytes = 200 * MIB;
    expect("cc1plus src/big.cpp needed 400.0 MiB, and no other cc1plus more than 200.0 MiB");
    m.ledger.largest[0].peak_rss_bytes = 199 * MIB;
    m.ledger.largest[2].peak_rss_bytes = MIB;
    expect(NULL); /* a fifth of the peak */
}
END_TEST

START_TEST(page_cache_is_told_from_memory_that_is_needed)
{
    m.peak.composition.file_bytes = 300 * MIB;
    expect("page cache was 300.0 MiB of the memory peak of 1000.0 MiB; at a limit the kernel frees "
           "it, and the build needs the unreclaimable peak of 600.0 MiB");
    m.peak.unreclaimable_bytes = UNMEASURED;
    expect(NULL);
}
END_TEST

START_TEST(there_are_at_most_three)
{
    for (int i = 0; i < 4; i++)
        hold("cc1plus", 150 * MIB);
    enter("cc1plus", "src/big.cpp", 400 * MIB);
    enter("cc1plus", "src/other.cpp", 100 * MIB);
    m.peak.composition.file_bytes = 300 * MIB;
    peak_notes_add(&m, &notes);
    ck_assert_uint_eq(notes.count, PEAK_NOTES_MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("measurement/peak_notes");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, without_figures_there_is_no_sentence);
    tcase_add_test(all, workers_are_counted);
    tcase_add_test(all, one_process_is_named);
    tcase_add_test(all, an_item_that_stands_out_is_named);
    tcase_add_test(all, page_cache_is_told_from_memory_that_is_needed);
    tcase_add_test(all, there_are_at_most_three);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
