/* Parses the judgement of a result. The input is its JSON object; the result has no figures.
 *
 * A valid judgement must survive a round trip, and each report must accept it. The reports take a
 * hundred times as long as the parser, so they run for one input of 16. */
#include "fuzz.h"
#include "report/report.h"
#include "result/result.h"
#include "unit/sample.h"

/* Returns the text of a result without figures, up to its judgement. The text is static. */
static const char *result_head(void)
{
    static char *head;
    if (!head) {
        struct measurement m CLEANUP(measurement_release);
        measurement_init(&m);
        head = result_to_json(&m, &(struct judgement){0}, 0);
        *strstr(head, "\"gate\"") = '\0';
    }
    return head;
}

static void check_round_trip(const struct result *result)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct result back CLEANUP(result_release) = {0};
    char *text CLEANUP(cleanup_free) = result_to_json(&result->measurement, &result->judgement, 0);
    if (result_parse(text, "written", &back, &err) < 0 || !back.is_judged)
        BM_BUG(err.message ? err.message : "the judgement is lost in a round trip");
    char *again CLEANUP(cleanup_free) = result_to_json(&back.measurement, &back.judgement, 0);
    if (strcmp(text, again) != 0)
        BM_BUG("the judgement differs after a round trip");
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
    free(html_text(&(struct report_input){.m = &m, .series = &none, .judgement = judgement}));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *gate CLEANUP(cleanup_free) = fuzz_text(data, size);
    char *text CLEANUP(cleanup_free) = xasprintf("%s\"gate\": %s}", result_head(), gate);
    struct result result CLEANUP(result_release) = {0};
    if (result_parse(text, "result.json", &result, &err) < 0) {
        fuzz_check_error(&err, "result.json:");
    } else if (result.is_judged) {
        check_round_trip(&result);
        if (size % 16 == 0)
            show(&result.judgement);
    }
    return 0;
}
