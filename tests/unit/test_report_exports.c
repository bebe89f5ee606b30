/* The exports for other tools. tests/e2e/exports feeds them to those tools. */
#include "report/report.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/units.h"
#include "unit/sample.h"
#include "unit/suite.h"

#include <string.h>

static struct measurement runs[2];
static struct series series;
static struct bm_error err = BM_ERROR_INIT;

typedef char *exporter(const struct measurement *runs, size_t count);
static exporter *const exporters[] = {bmf_text, benchmark_action_text, openmetrics_text};
#define EXPORTERS ((int)(sizeof exporters / sizeof *exporters))

/* Two runs. The second one failed, and its kernel has no peak counter. */
static void setup(void)
{
    char *timeline CLEANUP(cleanup_free) = test_path("fixtures/series/good-timeline.csv");
    char *processes CLEANUP(cleanup_free) = test_path("fixtures/series/good-processes.csv");
    ck_assert_int_eq(series_read(timeline, processes, &series, &err), 0);
    for (int i = 0; i < 2; i++)
        sample_measurement(&runs[i]);
    runs[0].stages[0].unreclaimable_peak_bytes = 640 * MIB;
    sample_set(&runs[1].label, "server");
    sample_set(&runs[1].peak.source, "memory.current");
    runs[1].peak.estimated = true;
    runs[1].build.exit_code = 1;
}

static void teardown(void)
{
    for (int i = 0; i < 2; i++)
        measurement_release(&runs[i]);
    series_release(&series);
    bm_error_release(&err);
}

static void expect_golden(const char *name, char *text)
{
    char *golden CLEANUP(cleanup_free) = golden_text(name, text);
    size_t same = 0;
    while (text[same] && text[same] == golden[same])
        same++;
    ck_assert_msg(text[same] == golden[same], "%s differs from its golden file at: %.200s", name,
                  text + same);
    free(text);
}

START_TEST(exports_match_golden)
{
    expect_golden("bmf.json", bmf_text(runs, 2));
    expect_golden("benchmark-action.json", benchmark_action_text(runs, 2));
    expect_golden("openmetrics.txt", openmetrics_text(runs, 2));
    expect_golden("trace.json", trace_text(&runs[0], &series));
}
END_TEST

/* An unmeasured figure must not be exported as 0. */
START_TEST(unmeasured_is_left_out)
{
    struct measurement *m = &runs[0];
    m->peak.cgroup_bytes = m->peak.unreclaimable_bytes = m->build.duration_ms = UNMEASURED;
    m->stages[0].pss_peak_bytes = m->stages[1].cgroup_peak_bytes = UNMEASURED;
    m->stages[0].unreclaimable_peak_bytes = UNMEASURED;
    m->stages[2].first_ms = UNMEASURED; /* never seen */
    char *bmf CLEANUP(cleanup_free) = bmf_text(m, 1);
    char *action CLEANUP(cleanup_free) = benchmark_action_text(m, 1);
    char *metrics CLEANUP(cleanup_free) = openmetrics_text(m, 1);
    const char *const texts[] = {bmf, action, metrics};
    for (size_t i = 0; i < 3; i++) {
        ck_assert_msg(!strstr(texts[i], "-1"), "%s", texts[i]);
        ck_assert_msg(!strstr(texts[i], "unreclaimable"), "%s", texts[i]);
        ck_assert_msg(!strstr(texts[i], "setup"), "%s", texts[i]);
        ck_assert_msg(strstr(texts[i], "next-build"), "%s", texts[i]);
    }
    ck_assert_ptr_null(strstr(metrics, "build_mem_cgroup_peak_bytes"));
    ck_assert_ptr_null(strstr(metrics, "pss_peak_bytes{label=\"after\",stage=\"next-build\""));
}
END_TEST

START_TEST(unmeasured_moments_are_left_out)
{
    for (size_t i = 0; i < series.count; i++)
        series.samples[i].anon_bytes = UNMEASURED;
    char *text CLEANUP(cleanup_free) = trace_text(&runs[0], &series);
    ck_assert_ptr_null(strstr(text, "\"anonymous\""));
    ck_assert_ptr_null(strstr(text, "-1"));
    ck_assert_ptr_nonnull(strstr(text, "\"page cache\""));
}
END_TEST

static void expect_json(const char *text)
{
    struct json_document *document CLEANUP(cleanup_json_document) = json_parse(text, "it", &err);
    ck_assert_msg(document != NULL, "%s", err.message);
}

/* Text from the build cannot end a string, a line or the file. */
START_TEST(hostile_text_is_harmless)
{
    sample_set(&runs[0].label, sample_hostile);
    sample_set(&runs[0].build.command, sample_hostile);
    sample_set(&runs[0].stages[0].name, sample_hostile);
    sample_set(&series.groups.items[0], sample_hostile);
    sample_set(&series.stages.items[0], sample_hostile);
    char *bmf CLEANUP(cleanup_free) = bmf_text(runs, 1);
    char *action CLEANUP(cleanup_free) = benchmark_action_text(runs, 1);
    char *trace CLEANUP(cleanup_free) = trace_text(runs, &series);
    expect_json(bmf);
    expect_json(action);
    expect_json(trace);
    char *metrics CLEANUP(cleanup_free) = openmetrics_text(runs, 1);
    for (const char *line = metrics; *line; line = strchr(line, '\n') + 1)
        ck_assert_msg(strncmp(line, "# ", 2) == 0 || strncmp(line, "build_mem_", 10) == 0, "%s",
                      line);
    ck_assert_ptr_nonnull(strstr(metrics, "a=\\\"x\\\""));
    ck_assert_ptr_null(strchr(metrics, '\x1b'));
}
END_TEST

START_TEST(nothing_measured_is_still_well_formed)
{
    static const char *const texts[] = {"{\n}\n", "[]\n", NULL};
    struct measurement m CLEANUP(measurement_release);
    measurement_init(&m);
    m.label = xstrdup("none");
    char *text CLEANUP(cleanup_free) = exporters[_i](&m, 1);
    if (texts[_i])
        ck_assert_str_eq(text, texts[_i]);
    else
        ck_assert_str_eq(text + strlen(text) - 6, "# EOF\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("exports");
    TCase *test = tcase_create("exports");
    tcase_add_checked_fixture(test, setup, teardown);
    tcase_add_test(test, exports_match_golden);
    tcase_add_test(test, unmeasured_is_left_out);
    tcase_add_test(test, unmeasured_moments_are_left_out);
    tcase_add_test(test, hostile_text_is_harmless);
    tcase_add_loop_test(test, nothing_measured_is_still_well_formed, 0, EXPORTERS);
    suite_add_tcase(suite, test);
    return run_suite(suite);
}
