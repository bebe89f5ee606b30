#include "bisect/bisect.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/json_write.h"
#include "base/trace.h"
#include "measurement/metric.h"
#include "run/output.h"

#include <string.h>

const char *bisect_answer_name(enum bisect_answer answer)
{
    static const char *const names[] = {
        [BISECT_GOOD] = "good", [BISECT_BAD] = "bad", [BISECT_SKIP] = "skip"};
    return names[answer];
}

const char *bisect_outcome_name(enum bisect_outcome outcome)
{
    static const char *const names[] = {
        [BISECT_UNFINISHED] = "unfinished",     [BISECT_FOUND] = "found",
        [BISECT_SEVERAL] = "several",           [BISECT_ENDS_ALIKE] = "ends-alike",
        [BISECT_INCONCLUSIVE] = "inconclusive", [BISECT_BUILD_FAILED] = "build-failed",
        [BISECT_NOT_MEASURED] = "not-measured"};
    return names[outcome];
}

int bisect_exit_status(enum bisect_outcome outcome)
{
    return outcome == BISECT_FOUND          ? EXIT_PASS
           : outcome == BISECT_BUILD_FAILED ? EXIT_BUILD
                                            : EXIT_UNMEASURED;
}

/* ---- writing ---- */

static void add_commit(cJSON *array, const struct bisect_commit *commit, const char *metric)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddItemToArray(array, object);
    json_add_text(object, "commit", commit->name);
    json_add_text(object, "answer", bisect_answer_name(commit->answer));
    json_add_text(object, "reason", commit->reason);
    json_add_integer(object, "runs", (int64_t)commit->runs.count);
    cJSON *values = json_add_array(object, "values");
    for (size_t i = 0; i < commit->runs.count; i++) {
        int64_t value = metric_value(&commit->runs.measurements[i], metric);
        cJSON_AddItemToArray(values, value < 0 ? cJSON_CreateNull() : json_new_integer(value));
    }
}

static cJSON *bisect_object(const struct bisection *bisection)
{
    cJSON *root = cJSON_CreateObject();
    json_add_integer(root, "schema_version", BISECT_SCHEMA_VERSION);
    json_add_text(root, "label", bisection->label);
    cJSON *question = json_add_object(root, "question");
    json_add_text(question, "good", bisection->question.good);
    json_add_text(question, "bad", bisection->question.bad);
    json_add_text(question, "metric", bisection->question.metric);
    json_add_text(question, "settings", bisection->question.settings);
    json_add_text(root, "outcome", bisect_outcome_name(bisection->outcome));
    json_add_text(root, "reason", bisection->reason);
    json_add_integer(root, "exit_code", bisect_exit_status(bisection->outcome));
    json_add_text(root, "unit", metric_unit(bisection->question.metric));
    json_add_integer(root, "measured_commits", (int64_t)bisect_measured(bisection));
    cJSON *suspects = json_add_array(root, "suspects");
    for (size_t i = 0; i < bisection->suspects.count; i++)
        json_append_text(suspects, bisection->suspects.items[i]);
    cJSON *commits = json_add_array(root, "commits");
    for (size_t i = 0; i < bisection->count; i++)
        add_commit(commits, &bisection->commits[i], bisection->question.metric);
    return root;
}

char *bisect_to_json(const struct bisection *bisection)
{
    cJSON *root CLEANUP(cleanup_cjson) = bisect_object(bisection);
    return json_print(root, 1);
}

char *bisect_to_line(const struct bisection *bisection)
{
    cJSON *root CLEANUP(cleanup_cjson) = bisect_object(bisection);
    return json_print_line(root);
}

/* ---- reading ---- */

void bisect_record_release(struct bisect_record *record)
{
    bisect_question_release(&record->question);
    strv_release(&record->commits);
    free(record->runs);
    *record = (struct bisect_record){0};
}

static int read_text(const struct json *object, const char *key, char **text, struct bm_error *err)
{
    const struct json *value;
    const char *borrowed;
    if (json_require(object, key, &value, err) < 0 || json_expect_string(value, &borrowed, err) < 0)
        return -1;
    *text = xstrdup(borrowed);
    return 0;
}

/* The name becomes part of file names. */
static int read_commit_name(const struct json *object, const char *key, char **name,
                            struct bm_error *err)
{
    if (read_text(object, key, name, err) < 0)
        return -1;
    size_t length = strlen(*name);
    if ((length == 40 || length == 64) && strspn(*name, "0123456789abcdef") == length)
        return 0;
    return json_error(json_member(object, key), err, "must be the full name of a commit");
}

static int read_question(const struct json *root, struct bisect_question *question,
                         struct bm_error *err)
{
    static const char *const keys[] = {"good", "bad", "metric", "settings", NULL};
    const struct json *object;
    if (json_require(root, "question", &object, err) < 0 || json_expect_object(object, err) < 0 ||
        json_expect_keys(object, keys, err) < 0 ||
        read_commit_name(object, "good", &question->good, err) < 0 ||
        read_commit_name(object, "bad", &question->bad, err) < 0 ||
        read_text(object, "metric", &question->metric, err) < 0 ||
        read_text(object, "settings", &question->settings, err) < 0)
        return -1;
    return metric_is_known(question->metric)
               ? 0
               : json_error(json_member(object, "metric"), err, "must be one of " METRIC_NAMES);
}

static int read_commit(const struct json *object, struct bisect_record *record,
                       struct bm_error *err)
{
    const struct json *value;
    char *name CLEANUP(cleanup_free) = NULL;
    int64_t runs;
    if (json_expect_object(object, err) < 0 || read_commit_name(object, "commit", &name, err) < 0 ||
        json_require(object, "runs", &value, err) < 0 ||
        json_expect_integer(value, 0, RATIO_MOST_RUNS, &runs, err) < 0)
        return -1;
    record->runs = xgrow(record->runs, record->commits.count, sizeof *record->runs);
    record->runs[record->commits.count] = (size_t)runs;
    strv_push(&record->commits, name);
    return 0;
}

static int read_record(const struct json *root, struct bisect_record *record, struct bm_error *err)
{
    const struct json *value, *commits;
    char *outcome CLEANUP(cleanup_free) = NULL;
    int64_t version;
    if (json_expect_object(root, err) < 0 ||
        json_require(root, "schema_version", &value, err) < 0 ||
        json_expect_integer(value, BISECT_SCHEMA_VERSION, BISECT_SCHEMA_VERSION, &version, err) <
            0 ||
        read_question(root, &record->question, err) < 0 ||
        read_text(root, "outcome", &outcome, err) < 0 ||
        json_require(root, "commits", &commits, err) < 0 || json_expect_array(commits, err) < 0)
        return -1;
    record->finished = strcmp(outcome, bisect_outcome_name(BISECT_UNFINISHED)) != 0;
    for (const struct json *item = json_first(commits); item; item = json_next(item))
        if (read_commit(item, record, err) < 0)
            return -1;
    return 0;
}

int bisect_record_parse(const char *text, const char *origin, struct bisect_record *record,
                        struct bm_error *err)
{
    *record = (struct bisect_record){0};
    struct json_document *document CLEANUP(cleanup_json_document) = json_parse(text, origin, err);
    return document ? read_record(json_root(document), record, err) : -1;
}

/* ---- the results of the runs ---- */

char *bisect_label(const char *label, const char *commit)
{
    return xasprintf("%s-%.12s", label, commit);
}

void bisect_load_runs(const char *out, const char *label, const char *commit, size_t count,
                      struct runs *runs)
{
    char *own_label CLEANUP(cleanup_free) = bisect_label(label, commit);
    for (size_t i = 1; i <= count; i++) {
        struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
        char *numbered CLEANUP(cleanup_free) = output_numbered_label(own_label, i);
        if (runs_load(runs, out, numbered, &err) < 0) {
            trace("bisect: not kept: %s", err.message);
            return;
        }
    }
}
