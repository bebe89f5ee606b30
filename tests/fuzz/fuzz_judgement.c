/* The judgement that stands in a result: what is read is written and read again as the same, and
 * all reports show it. That takes a hundred times as long as to read it: one input of sixteen has
 * to do it. */
#include "fuzz.h"
#include "gate/judge.h"
#include "report/report.h"
#include "result/result.h"
#include "unit/sample.h"

static void check_round_trip(const struct judgement *judgement)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct judgement back CLEANUP(judgement_release);
    bool found;
    judgement_init(&back);
    char *gate CLEANUP(cleanup_free) = judgement_to_json(judgement);
    char *text CLEANUP(cleanup_free) = xasprintf("{\"gate\": %s}", gate);
    if (judgement_parse(text, "written", &back, &found, &err) < 0 || !found)
        BM_BUG(err.message ? err.message : "a judgement that is not found again");
    char *again CLEANUP(cleanup_free) = judgement_to_json(&back);
    if (strcmp(gate, again) != 0)
        BM_BUG("a judgement that changes as it is written again");
}

static void show(const struct judgement *judgement)
{
    static struct measurement m;
    static const struct series none;
    if (!m.label)
        sample_measurement(&m);
    free(summary_text(&m, judgement, true));
    free(junit_text(&m, judgement, "", 0));
    free(markdown_text(&m, judgement));
    free(github_annotations(&m, judgement));
    free(html_text(&(struct html_report){.m = &m, .series = &none, .judgement = judgement}));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *text CLEANUP(cleanup_free) = fuzz_text(data, size);
    struct judgement judgement CLEANUP(judgement_release);
    bool found;
    judgement_init(&judgement);
    if (judgement_parse(text, "result.json", &judgement, &found, &err) < 0) {
        fuzz_check_error(&err, "result.json:");
    } else if (found) {
        check_round_trip(&judgement);
        if (size % 16 == 0)
            show(&judgement);
    }
    return 0;
}
