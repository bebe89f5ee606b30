/* build-mem compare A B: two stored results side by side, or a result against a baseline. */
#include "base/alloc.h"
#include "base/json.h"
#include "commands/commands.h"
#include "gate/judge.h"
#include "measurement/result.h"
#include "report/report.h"

#include <stdio.h>

/* A baseline is told by its "environments"; anything else is to be a result. */
static int is_baseline(const char *path, bool *answer, struct bm_error *err)
{
    struct json_document *document CLEANUP(cleanup_json_document) = json_parse_file(path, err);
    if (!document)
        return -1;
    *answer =
        json_is_object(json_root(document)) && json_member(json_root(document), "environments");
    return 0;
}

static int compare_results(const char *a_path, const char *b_path)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct measurement a CLEANUP(measurement_release), b CLEANUP(measurement_release);
    measurement_init(&b);
    if (result_read(a_path, &a, &err) < 0 || result_read(b_path, &b, &err) < 0)
        return command_failed(&err, EXIT_USAGE);
    char *text CLEANUP(cleanup_free) = compare_text(a_path, &a, b_path, &b);
    fputs(text, stdout);
    return EXIT_PASS;
}

static int compare_with_baseline(const char *result_path, const char *baseline_path)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct measurement m CLEANUP(measurement_release);
    struct baseline baseline CLEANUP(baseline_release) = {0};
    struct judgement judgement CLEANUP(judgement_release);
    judgement_init(&judgement);
    if (result_read(result_path, &m, &err) < 0 || baseline_read(baseline_path, &baseline, &err) < 0)
        return command_failed(&err, EXIT_USAGE);
    judge(&baseline, baseline_path, &m, 1, false, &judgement);
    char *text CLEANUP(cleanup_free) = summary_text(&m, &judgement, false);
    fputs(text, stdout);
    return verdict_exit_status(judgement.verdict);
}

int command_compare(int argc, char **argv)
{
    struct config config CLEANUP(config_release);
    struct strv operands CLEANUP(strv_release) = {0};
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    bool first_is_baseline, second_is_baseline;
    int status;
    if (command_begin(&config, FLAGS_COMPARE, "compare A B", argc, argv, &operands, &status) < 0)
        return status;
    if (operands.count != 2) {
        bm_error_set(&err, "compare takes two files: two results, or a result and a baseline");
        return command_failed(&err, EXIT_USAGE);
    }
    const char *a = operands.items[0], *b = operands.items[1];
    if (is_baseline(a, &first_is_baseline, &err) < 0 ||
        is_baseline(b, &second_is_baseline, &err) < 0)
        return command_failed(&err, EXIT_USAGE);
    if (first_is_baseline && second_is_baseline) {
        bm_error_set(&err, "%s and %s are both baselines; one has to be a result", a, b);
        return command_failed(&err, EXIT_USAGE);
    }
    if (first_is_baseline)
        return compare_with_baseline(b, a);
    return second_is_baseline ? compare_with_baseline(a, b) : compare_results(a, b);
}
