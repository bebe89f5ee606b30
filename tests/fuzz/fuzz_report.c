/* Judges each valid result, and writes all reports of it. */
#include "comparison/comparison.h"
#include "fuzz.h"
#include "gate/judge.h"
#include "report/report.h"
#include "result/result.h"

static void show(const struct measurement *m, const struct judgement *judgement, const char *log)
{
    free(summary_text(m, judgement, true));
    free(junit_text(m, judgement, log, strlen(log)));
    free(result_to_line(m, judgement, 0));
    free(markdown_text(m, judgement));
    free(github_annotations(m, judgement));
    free(bmf_text(m, 1));
    free(benchmark_action_text(m, 1));
    free(openmetrics_text(m, 1));
    free(trace_text(m, &(struct series){0}));
}

static void show_alone(const struct measurement *m, const char *log)
{
    struct judgement judgement CLEANUP(judgement_release);
    judgement_init(&judgement);
    judge_alone(m, 1, &judgement);
    show(m, &judgement, log);
}

/* A run must pass against a baseline that was accepted from the same run. */
static void show_accepted(const struct measurement *m, const char *log)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct acceptance acceptance = {.at = "2026-01-01T00:00:00Z"};
    struct baseline baseline = {0};
    if (baseline_accept(&baseline, m, 1, &acceptance, &err) == 0) {
        struct judgement judgement CLEANUP(judgement_release);
        judgement_init(&judgement);
        judge(&baseline, "baseline", m, 1, false, &judgement);
        if (judgement.verdict != VERDICT_PASS)
            BM_BUG(judgement.reason);
        show(m, &judgement, log);
    }
    baseline_release(&baseline);
}

static void show_compared(const struct measurement *m)
{
    const struct comparison_side a = {.name = "a", .runs = m, .count = 1};
    const struct comparison_side b = {.name = "b", .runs = m, .count = 1};
    struct comparison comparison CLEANUP(comparison_release);
    compare_sets(&a, &b, &comparison);
    free(compare_text(&comparison, true));
    free(compare_markdown(&comparison));
    free(comparison_to_json(&comparison));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *text CLEANUP(cleanup_free) = fuzz_text(data, size);
    struct result result CLEANUP(result_release) = {0};
    if (result_parse(text, "result.json", &result, &err) == 0) {
        show_alone(&result.measurement, text);
        show_accepted(&result.measurement, text);
        show_compared(&result.measurement);
    }
    return 0;
}
