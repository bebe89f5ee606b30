/* The HTML page and the areas of its chart. */
#include "report/html/html.h"
#include "report/report.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/units.h"
#include "unit/sample.h"
#include "unit/suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct measurement m, before;
static struct judgement judgement;
static struct series series;
static struct bm_error err = BM_ERROR_INIT;

static void read_series(const char *timeline, const char *processes)
{
    char *first CLEANUP(cleanup_free) = test_path(timeline);
    char *second CLEANUP(cleanup_free) = test_path(processes);
    ck_assert_msg(series_read(first, second, &series, &err) == 0, "%s", err.message);
}

static void setup(void)
{
    sample_measurement(&m);
    sample_measurement(&before);
    sample_judgement(&judgement);
    read_series("fixtures/series/good-timeline.csv", "fixtures/series/good-processes.csv");
}

static void teardown(void)
{
    measurement_release(&m);
    measurement_release(&before);
    judgement_release(&judgement);
    series_release(&series);
    bm_error_release(&err);
}

static char *page(void)
{
    return html_text(&(struct report_input){.m = &m, .series = &series, .judgement = &judgement});
}

static char *page_beside_before(void)
{
    return html_text(&(struct report_input){.m = &m,
                                            .series = &series,
                                            .judgement = &judgement,
                                            .before = &before,
                                            .before_series = &series});
}

static void expect(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part), "no \"%s\"", part);
}

static void expect_none(const char *text, const char *part)
{
    ck_assert_msg(!strstr(text, part), "there is \"%s\"", part);
}

/* The golden file has the body without style and script. */
static void expect_golden(const char *name, char *text)
{
    char *from = strstr(text, "<body>"), *to = strstr(text, "<script>");
    ck_assert(from && to);
    *to = '\0';
    char *golden CLEANUP(cleanup_free) = golden_text(name, from);
    size_t same = 0;
    while (from[same] && from[same] == golden[same])
        same++;
    ck_assert_msg(from[same] == golden[same], "not as golden from: %.200s", from + same);
    free(text);
}

START_TEST(test_page_is_as_golden)
{
    expect_golden("page-regressed.html", page());
}
END_TEST

START_TEST(test_page_beside_another_run_is_as_golden)
{
    before.peak.cgroup_bytes = 803 * MIB;
    before.stages[0].pss_peak_bytes = 520 * MIB;
    before.stages[0].at_peak.processes[0].pss_bytes = 300 * MIB;
    before.stages[0].unreclaimable_peak_bytes = 480 * MIB;
    m.stages[0].unreclaimable_peak_bytes = 600 * MIB;
    before.stages[1].unreclaimable_peak_bytes = 300 * MIB;
    sample_set(&before.stages[1].name, "lint");
    sample_set(&before.label, "before");
    sample_set(&before.environment.kernel, "6.12.0");
    sample_set(&before.environment.image, "node:22-bookworm");
    expect_golden("page-beside.html", page_beside_before());
}
END_TEST

START_TEST(test_short_and_full_image_name_are_equal)
{
    before.peak.cgroup_bytes = 803 * MIB;
    sample_set(&before.environment.image, "docker.io/library/node:24-bookworm");
    char *text CLEANUP(cleanup_free) = page_beside_before();
    ck_assert_ptr_null(strstr(text, "not comparable"));
}
END_TEST

/* An estimate with bounds is judged by them, on either side; one without is not comparable. */
START_TEST(test_source_with_bounds_is_comparable)
{
    struct measurement *bounded = _i ? &m : &before, *exact = _i ? &before : &m;
    sample_set(&exact->peak.source, "memory.peak");
    sample_set(&bounded->peak.source, "memory.current");
    bounded->peak.estimated = true;
    bounded->peak.at_most_bytes = bounded->peak.cgroup_bytes + 100 * MIB;
    char *text CLEANUP(cleanup_free) = page_beside_before();
    expect(text, ">compared by bounds</span>");
    expect_none(text, "not comparable");
    bounded->peak.at_most_bytes = UNMEASURED;
    char *without CLEANUP(cleanup_free) = page_beside_before();
    expect(without, ">not comparable</span>");
}
END_TEST

/* Without another run, the change is that of the finding. */
START_TEST(test_unreclaimable_memory_of_a_stage_has_its_change)
{
    for (size_t i = 0; i < judgement.finding_count; i++)
        if (strcmp(judgement.findings[i].metric, "stage:build-deps") == 0)
            sample_set(&judgement.findings[i].metric, "stage_unreclaimable:build-deps");
    m.stages[1].unreclaimable_peak_bytes = 400 * MIB;
    char *text CLEANUP(cleanup_free) = page();
    expect(text,
           "<td class=\"n\">400.0 MiB</td><td class=\"n\"><span class=\"bad\">+204.0 MiB</span>");
}
END_TEST

/* No name from a build becomes an element, an attribute or a script. */
START_TEST(test_hostile_text_is_harmless)
{
    sample_make_hostile(&m, &judgement);
    sample_set(&m.label, "</script></style><script>alert(1)</script>");
    sample_set(&m.stages[0].name, "\" onmouseover=\"alert(1)");
    free(series.stages.items[1]);
    series.stages.items[1] = xstrdup("\"><script>alert(1)</script>");
    free(series.groups.items[1]);
    series.groups.items[1] = xstrdup("</svg><img src=x onerror=alert(1)>");
    char *text CLEANUP(cleanup_free) = page();
    expect_none(text, "<script>alert");
    expect_none(text, "<img");
    expect_none(text, "\" onmouseover");
    expect(text, "&lt;script&gt;alert(1)");
    for (const char *at = text; *at; at++)
        ck_assert(*at == '\n' || *at == '\t' || ((unsigned char)*at >= 0x20 && *at != 0x7F));
    expect_none(text, "\xc2\x9b");
    expect_none(text, "\xff");
}
END_TEST

START_TEST(test_nothing_is_loaded)
{
    char *text CLEANUP(cleanup_free) = page();
    static const char *const others[] = {"http:", "https:", "<link", "@import", "url(", "src="};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        expect_none(text, others[i]);
    expect(text, "default-src 'none'");
}
END_TEST

/* A run without figures has a page too; no unmeasured figure is 0. */
START_TEST(test_nothing_measured_is_never_zero)
{
    struct measurement nothing CLEANUP(measurement_release);
    struct judgement plain CLEANUP(judgement_release);
    struct series empty = {0};
    measurement_init(&nothing);
    sample_plain_judgement(&plain);
    plain.verdict = VERDICT_INCONCLUSIVE;
    sample_set(&nothing.not_measured, "docker is not there");
    char *text CLEANUP(cleanup_free) =
        html_text(&(struct report_input){.m = &nothing, .series = &empty, .judgement = &plain});
    expect(text, "NOT MEASURED: docker is not there");
    expect(text, "Inconclusive");
    expect(text, "not measured");
    expect_none(text, ">0 B<");
    expect_none(text, ">0 ms<");
}
END_TEST

START_TEST(test_without_processes_the_areas_are_kinds_of_memory)
{
    series.process_sample_count = 0;
    char *text CLEANUP(cleanup_free) = page();
    expect(text, "area anon\"></i>anonymous memory<");
    expect(text, "area shmem\"></i>shared memory<");
    expect(text, "area file\"></i>page cache<");
    expect(text, "area kernel\"></i>kernel<");
}
END_TEST

/* The sum of the other processes is always the last layer, even if it is large. */
START_TEST(test_others_of_the_run_are_others_of_the_chart)
{
    free(series.groups.items[1]);
    series.groups.items[1] = xstrdup("others");
    for (size_t i = 0; i < series.process_sample_count; i++)
        if (series.process_samples[i].group == 1)
            series.process_samples[i].charged_bytes *= 10;
    char *few CLEANUP(cleanup_free) = page();
    expect(few, "area p4\"></i>other processes<");
    while (series.groups.count < 20)
        strv_pushf(&series.groups, "tool-%zu", series.groups.count);
    char *many CLEANUP(cleanup_free) = page();
    expect(many, "area p6\"></i>other processes<");
    expect_none(many, " other processes<");
}
END_TEST

/* A result can contain any figure. */
START_TEST(test_extreme_figures_are_drawn)
{
    m.peak.cgroup_bytes = m.peak.limit_bytes = m.build.duration_ms = INT64_MAX;
    m.peak.composition.anon_bytes = m.peak.composition.file_bytes = INT64_MAX;
    series.samples[3].t_ms = series.samples[3].cgroup_bytes = INT64_C(1) << 54;
    char *text CLEANUP(cleanup_free) = page();
    expect(text, "</html>");
}
END_TEST

/* ---- areas ---- */

#define COLUMNS 48

static int64_t sum_at(const struct layers *layers, size_t point)
{
    int64_t sum = 0;
    for (size_t layer = 0; layer < layers->count; layer++) {
        ck_assert_int_ge(*layer_at(layers, layer, point), 0);
        sum += *layer_at(layers, layer, point);
    }
    return sum;
}

static void expect_sums(void)
{
    struct series_column *columns CLEANUP(cleanup_free) = series_columns(&series, 20345, COLUMNS);
    struct layers layers CLEANUP(layers_release) = layers_of(&series, columns, COLUMNS);
    size_t point = 0;
    for (size_t i = 0; i < COLUMNS; i++) {
        if (!columns[i].high)
            continue;
        ck_assert_int_eq(layers.at_ms[point], columns[i].high->t_ms);
        ck_assert_int_eq(sum_at(&layers, point), sample_usage(columns[i].high));
        point++;
    }
    ck_assert_uint_eq(layers.points, point);
}

START_TEST(test_the_areas_add_up_to_the_usage)
{
    expect_sums();
}
END_TEST

static int64_t at_random(int64_t most)
{
    return rand() % 12 == 0 ? UNMEASURED : rand() % (most + 1);
}

/* Estimates can exceed the usage, each figure can be missing, and a file can have its moments in
 * any order. */
START_TEST(test_the_areas_of_any_series_add_up_to_the_usage)
{
    srand((unsigned)_i);
    for (size_t i = 0; i < series.count; i++) {
        struct sample *sample = &series.samples[i];
        sample->cgroup_bytes = at_random(1000);
        sample->pss_bytes = at_random(1000);
        sample->anon_bytes = at_random(800);
        sample->file_bytes = at_random(400);
        sample->shmem_bytes = at_random(100);
        sample->kernel_bytes = at_random(100);
    }
    for (size_t i = 0; i < series.process_sample_count; i++) {
        if (_i % 3 == 0)
            series.process_samples[i].t_ms = rand() % 20000;
        series.process_samples[i].pss_bytes = rand() % 500;
        series.process_samples[i].charged_bytes = at_random(400);
    }
    if (_i % 4 == 0)
        series.process_sample_count = 0;
    expect_sums();
}
END_TEST

static int64_t bytes_of(const struct layers *layers, const char *name, size_t point)
{
    for (size_t i = 0; i < layers->count; i++)
        if (strcmp(layers->layers[i].name, name) == 0)
            return *layer_at(layers, i, point);
    return UNMEASURED;
}

/* The samples of the fixture at 18.25 s and, between two moments of the processes, at 17 s. */
START_TEST(test_each_area_has_its_share)
{
    struct series_column columns[] = {{.low = &series.samples[11], .high = &series.samples[11]},
                                      {.low = &series.samples[12], .high = &series.samples[12]}};
    struct layers layers CLEANUP(layers_release) = layers_of(&series, columns, 2);
    ck_assert_int_eq(bytes_of(&layers, "next build", 1), 396361728);
    ck_assert_int_eq(bytes_of(&layers, "next worker", 1), 202899456);
    ck_assert_int_eq(bytes_of(&layers, "page cache", 1), 205 * MIB);
    ck_assert_int_eq(bytes_of(&layers, "kernel", 1), 40 * MIB);
    ck_assert_int_eq(bytes_of(&layers, "next build", 0),
                     330301440 + (396361728 - 330301440) * INT64_C(3000) / 4250);
}
END_TEST

START_TEST(test_processes_are_scaled_to_the_charged_memory)
{
    struct series_column column = {.low = &series.samples[12], .high = &series.samples[12]};
    series.samples[12].anon_bytes = 300 * MIB;
    series.samples[12].shmem_bytes = 4 * MIB;
    struct layers layers CLEANUP(layers_release) = layers_of(&series, &column, 1);
    int64_t processes = bytes_of(&layers, "next build", 0) + bytes_of(&layers, "next worker", 0) +
                        bytes_of(&layers, "npm", 0);
    ck_assert_int_le(processes, 304 * MIB);
    ck_assert_int_ge(processes, 304 * MIB - 3);
    ck_assert_int_eq(bytes_of(&layers, "page cache", 0), 205 * MIB);
    ck_assert_int_eq(sum_at(&layers, 0), 1001 * MIB);
}
END_TEST

START_TEST(test_absurd_process_figures_add_up_to_the_usage)
{
    free(series.process_samples);
    series.process_samples = xcalloc(1000, sizeof *series.process_samples);
    series.process_sample_count = 1000;
    for (size_t i = 0; i < 1000; i++)
        series.process_samples[i] = (struct process_sample){
            .count = 1, .pss_bytes = SERIES_FIGURE_MAX, .charged_bytes = SERIES_FIGURE_MAX};
    expect_sums();
}
END_TEST

/* The snapshot at the peak lies between two samples and is higher than both. */
START_TEST(test_the_areas_reach_the_snapshot_at_the_peak)
{
    m.peak.at_peak.at_ms = 16000;
    m.peak.at_peak.cgroup_bytes = 1006 * MIB;
    char *text CLEANUP(cleanup_free) = page();
    expect(text, ";16000,2,1054867456,");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report html");
    TCase *tests = tcase_create("page");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, test_page_is_as_golden);
    tcase_add_test(tests, test_page_beside_another_run_is_as_golden);
    tcase_add_test(tests, test_short_and_full_image_name_are_equal);
    tcase_add_loop_test(tests, test_source_with_bounds_is_comparable, 0, 2);
    tcase_add_test(tests, test_unreclaimable_memory_of_a_stage_has_its_change);
    tcase_add_test(tests, test_hostile_text_is_harmless);
    tcase_add_test(tests, test_nothing_is_loaded);
    tcase_add_test(tests, test_nothing_measured_is_never_zero);
    tcase_add_test(tests, test_without_processes_the_areas_are_kinds_of_memory);
    tcase_add_test(tests, test_others_of_the_run_are_others_of_the_chart);
    tcase_add_test(tests, test_extreme_figures_are_drawn);
    tcase_add_test(tests, test_the_areas_add_up_to_the_usage);
    tcase_add_loop_test(tests, test_the_areas_of_any_series_add_up_to_the_usage, 0, 40);
    tcase_add_test(tests, test_each_area_has_its_share);
    tcase_add_test(tests, test_processes_are_scaled_to_the_charged_memory);
    tcase_add_test(tests, test_absurd_process_figures_add_up_to_the_usage);
    tcase_add_test(tests, test_the_areas_reach_the_snapshot_at_the_peak);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
