/* The HTML page and what it is drawn from: series read back, columns that lose no peak. */
#include "report/html/layers.h"
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

static void read_course(const char *timeline, const char *processes)
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
    read_course("fixtures/series/good-timeline.csv", "fixtures/series/good-processes.csv");
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
    return html_text(&(struct html_report){.m = &m, .series = &series, .judgement = &judgement});
}

static char *page_beside_before(void)
{
    return html_text(&(struct html_report){.m = &m,
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

/* Style and script have files of their own: the golden page is what lies between them. */
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
    sample_set(&before.stages[1].name, "lint");
    sample_set(&before.label, "before");
    sample_set(&before.environment.kernel, "6.12.0");
    sample_set(&before.environment.image, "node:22-bookworm");
    expect_golden("page-beside.html", page_beside_before());
}
END_TEST

/* A build's names are text: none of them becomes an element, an attribute or a script. */
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

/* A run of which little is known still has its page, and no figure that was not measured is 0. */
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
        html_text(&(struct html_report){.m = &nothing, .series = &empty, .judgement = &plain});
    expect(text, "NOT MEASURED: docker is not there");
    expect(text, "Inconclusive");
    expect(text, "not measured");
    expect_none(text, ">0 B<");
    expect_none(text, ">0 ms<");
}
END_TEST

START_TEST(test_without_processes_the_kinds_are_the_picture)
{
    series_release(&series);
    char *path CLEANUP(cleanup_free) = test_path("fixtures/series/good-timeline.csv");
    ck_assert_int_eq(series_read(path, "none.csv", &series, &err), 0);
    char *text CLEANUP(cleanup_free) = page();
    expect_none(text, "Held by processes");
    expect(text, "data-readings=\"0,0,");
}
END_TEST

/* Those that the run summed are none of the largest, however much they hold together. */
START_TEST(test_others_of_the_run_are_others_of_the_picture)
{
    free(series.groups.items[1]);
    series.groups.items[1] = xstrdup("others");
    for (size_t i = 0; i < series.process_sample_count; i++)
        if (series.process_samples[i].group == 1)
            series.process_samples[i].pss_bytes *= 1000;
    char *few CLEANUP(cleanup_free) = page();
    expect(few, "area p4\"></i>others<");
    while (series.groups.count < 20)
        strv_pushf(&series.groups, "tool-%zu", series.groups.count);
    char *many CLEANUP(cleanup_free) = page();
    expect(many, "area p7\"></i>others<");
    expect_none(many, " others<");
}
END_TEST

/* What a file claims may be beyond all measure. */
START_TEST(test_absurd_figures_end)
{
    m.peak.cgroup_bytes = m.peak.limit_bytes = m.build.duration_ms = INT64_MAX;
    m.peak.composition.anon_bytes = m.peak.composition.file_bytes = INT64_MAX;
    series.samples[3].t_ms = series.samples[3].cgroup_bytes = INT64_C(1) << 54;
    char *text CLEANUP(cleanup_free) = page();
    expect(text, "</html>");
}
END_TEST

START_TEST(test_figures_of_no_build_are_added_up)
{
    free(series.process_samples);
    series.process_samples = xcalloc(1000, sizeof *series.process_samples);
    series.process_sample_count = 1000;
    for (size_t i = 0; i < 1000; i++)
        series.process_samples[i] =
            (struct process_sample){.count = 1, .pss_bytes = SERIES_FIGURE_MAX};
    struct layers layers CLEANUP(layers_release) = layers_by_process(&series);
    ck_assert_uint_eq(layers.points, 1);
    ck_assert_int_eq(*layer_at(&layers, 0, 0), SERIES_FIGURE_MAX);
    free(page());
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report html");
    TCase *tests = tcase_create("page");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, test_page_is_as_golden);
    tcase_add_test(tests, test_page_beside_another_run_is_as_golden);
    tcase_add_test(tests, test_hostile_text_is_harmless);
    tcase_add_test(tests, test_nothing_is_loaded);
    tcase_add_test(tests, test_nothing_measured_is_never_zero);
    tcase_add_test(tests, test_without_processes_the_kinds_are_the_picture);
    tcase_add_test(tests, test_others_of_the_run_are_others_of_the_picture);
    tcase_add_test(tests, test_absurd_figures_end);
    tcase_add_test(tests, test_figures_of_no_build_are_added_up);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
