#include "report/report.h"

#include "base/alloc.h"
#include "base/units.h"
#include "unit/sample.h"

#include <check.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <string.h>

/* A sample with its judgement, and its parsed JUnit file. */
struct scene {
    struct measurement m;
    struct judgement judgement;
    char *text;
    xmlDoc *document;
    xmlXPathContext *xpath;
};

static void open_scene(struct scene *scene, void (*fill)(struct judgement *))
{
    *scene = (struct scene){0};
    sample_measurement(&scene->m);
    fill(&scene->judgement);
}

static void write_scene_with_log(struct scene *scene, const char *log, size_t length)
{
    scene->text = junit_text(&scene->m, &scene->judgement, log, length);
    scene->document = xmlReadMemory(scene->text, (int)strlen(scene->text), "junit.xml", NULL,
                                    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    ck_assert_msg(scene->document, "not well-formed: %s", scene->text);
    scene->xpath = xmlXPathNewContext(scene->document);
}

static void write_scene(struct scene *scene)
{
    write_scene_with_log(scene, "", 0);
}

static void close_scene(struct scene *scene)
{
    xmlXPathFreeContext(scene->xpath);
    xmlFreeDoc(scene->document);
    free(scene->text);
    judgement_release(&scene->judgement);
    measurement_release(&scene->m);
}

static char *evaluate(const struct scene *scene, const char *expression)
{
    xmlXPathObject *object = xmlXPathEvalExpression((const xmlChar *)expression, scene->xpath);
    ck_assert_msg(object, "bad XPath: %s", expression);
    xmlChar *value = xmlXPathCastToString(object);
    char *text = xstrdup((const char *)value);
    xmlFree(value);
    xmlXPathFreeObject(object);
    return text;
}

static void expect(const struct scene *scene, const char *expression, const char *value)
{
    char *found = evaluate(scene, expression);
    ck_assert_msg(strcmp(found, value) == 0, "%s is \"%s\", not \"%s\" in %s", expression, found,
                  value, scene->text);
    free(found);
}

static void expect_true(const struct scene *scene, const char *expression)
{
    char *condition = xasprintf("boolean(%s)", expression);
    expect(scene, condition, "true");
    free(condition);
}

/* The totals of both elements count the elements of the file. */
static void expect_totals(const struct scene *scene)
{
    expect_true(scene, "/testsuites/@tests = count(//testcase)");
    expect_true(scene, "/testsuites/@failures = count(//testcase/failure)");
    expect_true(scene, "/testsuites/@errors = count(//testcase/error)");
    expect_true(scene, "//testsuite/@tests = count(//testcase)");
    expect_true(scene, "//testsuite/@failures = count(//testcase/failure)");
    expect_true(scene, "//testsuite/@errors = count(//testcase/error)");
    expect_true(scene, "//testsuite/@skipped = count(//testcase/skipped)");
}

static void expect_no_trouble(const struct scene *scene)
{
    expect(scene, "count(//failure | //error)", "0");
    expect_totals(scene);
}

START_TEST(test_matches_golden)
{
    struct scene scene;
    static const char log[] = "> build\n> tsc\ndone\n";
    open_scene(&scene, sample_judgement);
    write_scene_with_log(&scene, log, strlen(log));
    expect_totals(&scene);
    char *golden = golden_text("junit.xml", scene.text);
    ck_assert_str_eq(scene.text, golden);
    free(golden);
    close_scene(&scene);
}
END_TEST

START_TEST(test_failure_has_all_figures)
{
    static const char *const facts[] = {
        "stage:build-deps",
        "296.0 MiB (310378496 bytes)",
        "500.0 MiB (524288000 bytes)",
        "+204.0 MiB",
        "+68.9%",
        "360.0 MiB (377487360 bytes)",
        "498.0 MiB",
        "502.0 MiB",
        "process:       tsc ×2, 412.0 MiB",
        "process:       nx, 88.0 MiB",
        "baselines/next.json",
        "advice:        if this increase is intended, run: build-mem baseline refresh"};
    struct scene scene;
    open_scene(&scene, sample_judgement);
    write_scene(&scene);
    char *body = evaluate(&scene, "//testcase[@name='stage:build-deps']/failure");
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        ck_assert_msg(strstr(body, facts[i]), "no \"%s\" in %s", facts[i], body);
    free(body);
    close_scene(&scene);
}
END_TEST

START_TEST(test_plain_run_passes)
{
    struct scene scene;
    open_scene(&scene, sample_plain_judgement);
    write_scene(&scene);
    expect_no_trouble(&scene);
    expect(&scene, "count(//testcase[@classname='build-mem.build'])", "1");
    expect(&scene, "count(//testcase[@classname='build-mem.artifact'])", "2");
    expect(&scene, "count(//testcase[@classname='build-mem.memory'])", "4");
    expect(&scene, "count(//testcase[@classname='build-mem.gate'])", "0");
    expect_true(&scene, "contains(//testcase[@name='cgroup_peak']/system-out, '1007.3 MiB')");
    expect_true(&scene, "contains(//testcase[@name='stage:setup']/system-out, '61.0 MiB')");
    close_scene(&scene);
}
END_TEST

/* The sum of the times is the duration of the build. */
START_TEST(test_time_is_on_one_case)
{
    struct scene scene;
    open_scene(&scene, sample_judgement);
    write_scene(&scene);
    expect(&scene, "//testsuite/@time", "20.345");
    expect(&scene, "//testcase[@name='build']/@time", "20.345");
    expect(&scene, "count(//testcase[@time='0.000'])", "7");
    expect_true(&scene, "count(//testcase) = 8");
    close_scene(&scene);
}
END_TEST

START_TEST(test_unknown_duration_is_not_negative)
{
    struct scene scene;
    open_scene(&scene, sample_plain_judgement);
    scene.m.build.duration_ms = UNMEASURED;
    write_scene(&scene);
    expect(&scene, "//testsuite/@time", "0.000");
    expect(&scene, "//testcase[@name='build']/@time", "0.000");
    close_scene(&scene);
}
END_TEST

static void fail_by_status(struct measurement *m)
{
    m->build.exit_code = 2;
}

static void fail_by_signal(struct measurement *m)
{
    m->build.exit_code = UNMEASURED;
    m->build.signal = 15;
}

static void fail_by_oom(struct measurement *m)
{
    m->build.oom_killed = true; /* the shell still exits 0 */
}

static void fail_in_step(struct measurement *m)
{
    m->build.oom_killed = true;
    m->stages[0].oom_kills = 1;
}

static void fail_by_timeout(struct measurement *m)
{
    m->build.timed_out = true;
}

static void fail_to_measure(struct measurement *m)
{
    sample_set(&m->not_measured, "the record broke off");
}

static const struct {
    void (*spoil)(struct measurement *m);
    enum verdict verdict;
    const char *type, *word;
} endings[] = {
    {fail_by_status, VERDICT_BUILD_FAILED, "build-failed", "exit status 2"},
    {fail_by_signal, VERDICT_BUILD_FAILED, "build-failed", "signal 15"},
    {fail_by_oom, VERDICT_BUILD_FAILED, "oom", "OOM"},
    {fail_in_step, VERDICT_BUILD_FAILED, "oom", "the kernel killed a process of step "},
    {fail_by_timeout, VERDICT_BUILD_FAILED, "timed-out", "timed out"},
    {fail_to_measure, VERDICT_INCONCLUSIVE, "not-measured", "the record broke off"},
};

START_TEST(test_bad_end_is_an_error_of_the_build)
{
    struct scene scene;
    open_scene(&scene, sample_plain_judgement);
    endings[_i].spoil(&scene.m);
    scene.judgement.verdict = endings[_i].verdict;
    write_scene(&scene);
    expect(&scene, "//testcase[@name='build']/error/@type", endings[_i].type);
    char *message = evaluate(&scene, "//testcase[@name='build']/error/@message");
    ck_assert_msg(strstr(message, endings[_i].word), "%s", message);
    free(message);
    expect(&scene, "count(//failure)", "0");
    expect_totals(&scene);
    close_scene(&scene);
}
END_TEST

START_TEST(test_not_measured_passes_no_memory_case)
{
    struct scene scene;
    open_scene(&scene, sample_plain_judgement);
    fail_to_measure(&scene.m);
    write_scene(&scene);
    expect(&scene, "count(//testcase[@classname='build-mem.memory'])", "4");
    expect(&scene, "count(//testcase[@classname='build-mem.memory']/skipped)", "4");
    close_scene(&scene);
}
END_TEST

START_TEST(test_missing_artifacts)
{
    struct scene scene;
    open_scene(&scene, sample_plain_judgement);
    scene.m.checks[1].ok = false;
    scene.judgement.verdict = VERDICT_BUILD_FAILED;
    write_scene(&scene);
    expect(&scene, "count(//testcase[@name='server/.next/BUILD_ID']/error)", "1");
    expect(&scene, "count(//testcase[@name='server/.next/routes-manifest.json']/skipped)", "1");
    expect(&scene, "count(//error | //failure)", "1");
    expect_totals(&scene);
    close_scene(&scene);
}
END_TEST

/* The file passes only if the verdict is good. */
START_TEST(test_bad_verdict_never_passes)
{
    struct scene scene;
    enum verdict verdict = (enum verdict)_i;
    open_scene(&scene, sample_plain_judgement);
    scene.judgement.verdict = verdict;
    sample_set(&scene.judgement.reason, "this is why");
    write_scene(&scene);
    bool good = verdict == VERDICT_PASS || verdict == VERDICT_IMPROVED;
    bool gate_failed = verdict == VERDICT_REGRESSED || verdict == VERDICT_OVER_LIMIT;
    expect(&scene, "count(//testcase[@classname='build-mem.gate'])", good ? "0" : "1");
    expect(&scene, "count(//failure)", gate_failed ? "1" : "0");
    expect(&scene, "count(//error)", good || gate_failed ? "0" : "1");
    if (!good)
        expect_true(&scene, "contains(//failure/@message | //error/@message, 'this is why')");
    expect_totals(&scene);
    close_scene(&scene);
}
END_TEST

/* A failed build does not hide the error of the gate. */
START_TEST(test_unjudged_is_an_error_beside_others)
{
    static const enum verdict unjudged[] = {VERDICT_NO_BASELINE, VERDICT_NOT_COMPARABLE,
                                            VERDICT_INCONCLUSIVE};
    struct scene scene;
    open_scene(&scene, sample_plain_judgement);
    scene.m.checks[1].ok = false;
    scene.judgement.verdict = unjudged[_i];
    write_scene(&scene);
    expect(&scene, "count(//error)", "2");
    expect(&scene, "count(//testcase[@classname='build-mem.gate']/error)", "1");
    close_scene(&scene);
}
END_TEST

static struct finding *check_on(struct scene *scene, const char *metric)
{
    for (size_t i = 0; i < scene->judgement.finding_count; i++)
        if (strcmp(scene->judgement.findings[i].metric, metric) == 0)
            return &scene->judgement.findings[i];
    ck_abort_msg("no check on %s", metric);
}

START_TEST(test_warning_passes)
{
    struct scene scene;
    open_scene(&scene, sample_judgement);
    write_scene(&scene);
    expect(&scene, "count(//testcase[@name='stage:next-build']/failure)", "0");
    expect_true(&scene, "starts-with(//testcase[@name='stage:next-build']/system-out, "
                        "'warning: stage next-build ')");
    close_scene(&scene);
}
END_TEST

START_TEST(test_gone_metric_fails_at_level_warn)
{
    struct scene scene;
    open_scene(&scene, sample_judgement);
    check_on(&scene, "stage:lint")->level = LEVEL_WARN;
    write_scene(&scene);
    expect(&scene, "//testcase[@name='stage:lint']/failure/@type", "missing");
    close_scene(&scene);
}
END_TEST

START_TEST(test_new_stage_is_a_warning)
{
    struct scene scene;
    open_scene(&scene, sample_judgement);
    struct finding *check = check_on(&scene, "stage:setup");
    check->status = FINDING_MISSING;
    check->baseline = check->allowed = UNMEASURED;
    write_scene(&scene);
    expect_true(&scene, "starts-with(//testcase[@name='stage:setup']/system-out, 'warning: ')");
    close_scene(&scene);
}
END_TEST

START_TEST(test_over_budget_has_its_own_type)
{
    struct scene scene;
    open_scene(&scene, sample_judgement);
    check_on(&scene, "cgroup_peak")->over_budget = true;
    write_scene(&scene);
    expect(&scene, "//testcase[@name='cgroup_peak']/failure/@type", "over-limit");
    expect(&scene, "//testcase[@name='stage:build-deps']/failure/@type", "regressed");
    close_scene(&scene);
}
END_TEST

START_TEST(test_switched_off_metric_is_no_case_but_a_stage_is)
{
    struct scene scene;
    open_scene(&scene, sample_judgement);
    struct finding *check = check_on(&scene, "stage:build-deps");
    check->status = FINDING_OFF;
    check->level = LEVEL_OFF;
    write_scene(&scene);
    expect(&scene, "count(//testcase[@name='duration'])", "0");
    expect(&scene, "count(//testcase[@name='stage:build-deps']/failure)", "0");
    expect_true(&scene, "contains(//testcase[@name='stage:build-deps'], 'level:         off')");
    close_scene(&scene);
}
END_TEST

/* Noisy runs are errors, not failures. */
START_TEST(test_inconclusive_checks_are_errors)
{
    struct scene scene;
    open_scene(&scene, sample_judgement);
    check_on(&scene, "stage:lint")->status = FINDING_PASS;
    scene.judgement.verdict = VERDICT_INCONCLUSIVE;
    write_scene(&scene);
    expect(&scene, "count(//failure)", "0");
    expect(&scene, "//testcase[@name='cgroup_peak']/error/@type", "inconclusive");
    expect(&scene, "count(//testcase[@classname='build-mem.gate']/error)", "1");
    close_scene(&scene);
}
END_TEST

START_TEST(test_not_comparable_fails_no_metric)
{
    struct scene scene;
    open_scene(&scene, sample_judgement);
    scene.judgement.verdict = VERDICT_NOT_COMPARABLE;
    for (size_t i = 0; i < scene.judgement.finding_count; i++) {
        scene.judgement.findings[i].status = FINDING_MISSING;
        scene.judgement.findings[i].baseline = UNMEASURED;
    }
    write_scene(&scene);
    expect(&scene, "count(//failure)", "0");
    expect(&scene, "count(//error)", "1");
    expect(&scene, "count(//testcase[@classname='build-mem.gate']/error)", "1");
    expect(&scene, "//testcase[@name='cgroup_peak']/skipped/@type", "not-compared");
    close_scene(&scene);
}
END_TEST

/* write_scene parses the text, so a byte that XML forbids fails there. */
START_TEST(test_hostile_text_is_harmless)
{
    struct scene scene;
    open_scene(&scene, sample_judgement);
    sample_make_hostile(&scene.m, &scene.judgement);
    size_t length = strlen(sample_hostile);
    char *log = xmalloc(length + 1);
    memcpy(log, sample_hostile, length);
    log[length] = '\0'; /* the log contains a NUL */
    write_scene_with_log(&scene, log, length + 1);
    expect_totals(&scene);
    expect_true(&scene, "contains(//testsuite/system-out, '<b a=\"x\">&amp;]]>')");
    expect_true(&scene, "contains(//testsuite/system-out, 'caf\xc3\xa9')");
    expect_true(&scene, "starts-with(//testsuite/system-out, 'red <b')");
    expect_true(&scene, "contains(//failure/@message, ']]>')");
    ck_assert_ptr_null(strchr(scene.text, '\x1b'));
    ck_assert_ptr_null(strstr(scene.text, "\xc2\x9b"));
    free(log);
    close_scene(&scene);
}
END_TEST

/* A log of `total` bytes made of `unit`, ended by `end`. */
static char *make_log(const char *unit, size_t total, const char *end, size_t *length)
{
    char *log = xmalloc(total + strlen(end) + 1);
    for (size_t i = 0; i < total; i++)
        log[i] = unit[i % strlen(unit)];
    strcpy(log + total, end);
    *length = total + strlen(end);
    return log;
}

static const struct {
    const char *unit, *first_line;
} logs[] = {
    {"a line of the log, forty characters of it\n", "a line of the log, forty characters of it"},
    {"\xff\xfe\x01", NULL},             /* each byte becomes three */
    {"\xf0\x9f\x98\x80\xc3\xa9", NULL}, /* characters that a cut could split */
    {"\x1b[31mred\x1b[0m\n", "red"},
    {"\x80", NULL}, /* no byte that starts a character */
};

START_TEST(test_log_is_capped_at_its_end)
{
    struct scene scene;
    size_t length;
    open_scene(&scene, sample_plain_judgement);
    char *log = make_log(logs[_i].unit, 200001, "\nthe very end\n", &length);
    write_scene_with_log(&scene, log, length);
    char *out = evaluate(&scene, "//testsuite/system-out");
    ck_assert_uint_le(strlen(out), 64 << 10);
    ck_assert_str_eq(out + strlen(out) - 13, "the very end\n");
    static const char note[] = "[the start of the log is cut]\n";
    ck_assert_int_eq(strncmp(out, note, strlen(note)), 0);
    const char *body = out + strlen(note);
    if (logs[_i].first_line)
        ck_assert_int_eq(strncmp(body, logs[_i].first_line, strcspn(body, "\n")), 0);
    else if (logs[_i].unit[0] == '\xf0')
        ck_assert_msg(strncmp(body, "\xef\xbf\xbd", 3) != 0, "a character was split");
    expect(&scene, "name(//testsuite/*[last()])", "system-out");
    free(out);
    free(log);
    close_scene(&scene);
}
END_TEST

START_TEST(test_short_log_is_whole)
{
    struct scene scene;
    size_t length;
    open_scene(&scene, sample_plain_judgement);
    char *log = make_log("one line\n", 60 << 10, "", &length);
    write_scene_with_log(&scene, log, length);
    char *out = evaluate(&scene, "//testsuite/system-out");
    ck_assert_str_eq(out, log);
    free(out);
    free(log);
    close_scene(&scene);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report junit");
    TCase *shape = tcase_create("shape");
    tcase_add_test(shape, test_matches_golden);
    tcase_add_test(shape, test_plain_run_passes);
    tcase_add_test(shape, test_time_is_on_one_case);
    tcase_add_test(shape, test_unknown_duration_is_not_negative);
    suite_add_tcase(suite, shape);

    TCase *build = tcase_create("build");
    tcase_add_loop_test(build, test_bad_end_is_an_error_of_the_build, 0,
                        sizeof endings / sizeof *endings);
    tcase_add_test(build, test_not_measured_passes_no_memory_case);
    tcase_add_test(build, test_missing_artifacts);
    suite_add_tcase(suite, build);

    TCase *gate = tcase_create("gate");
    tcase_add_test(gate, test_failure_has_all_figures);
    tcase_add_loop_test(gate, test_bad_verdict_never_passes, VERDICT_PASS, VERDICT_NO_BASELINE + 1);
    tcase_add_loop_test(gate, test_unjudged_is_an_error_beside_others, 0, 3);
    tcase_add_test(gate, test_warning_passes);
    tcase_add_test(gate, test_gone_metric_fails_at_level_warn);
    tcase_add_test(gate, test_new_stage_is_a_warning);
    tcase_add_test(gate, test_over_budget_has_its_own_type);
    tcase_add_test(gate, test_switched_off_metric_is_no_case_but_a_stage_is);
    tcase_add_test(gate, test_inconclusive_checks_are_errors);
    tcase_add_test(gate, test_not_comparable_fails_no_metric);
    suite_add_tcase(suite, gate);

    TCase *outside = tcase_create("text from outside");
    tcase_add_test(outside, test_hostile_text_is_harmless);
    tcase_add_loop_test(outside, test_log_is_capped_at_its_end, 0, sizeof logs / sizeof *logs);
    tcase_add_test(outside, test_short_log_is_whole);
    suite_add_tcase(suite, outside);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    xmlCleanupParser();
    return failed != 0;
}
