#include "gate/judge.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/units.h"
#include "baseline/tolerance.h"

#include <string.h>

/* The place of a name among the names of an enum. */
static int read_name(const struct json *object, const char *key, const char *(*name_of)(int value),
                     int last, int *value, struct bm_error *err)
{
    const struct json *member;
    const char *name;
    if (json_require(object, key, &member, err) < 0 || json_expect_string(member, &name, err) < 0)
        return -1;
    for (*value = 0; *value <= last; ++*value)
        if (strcmp(name, name_of(*value)) == 0)
            return 0;
    return json_error(member, err, "\"%s\" is none of this build-mem's", name);
}

static const char *name_of_verdict(int value)
{
    return verdict_name((enum verdict)value);
}

static const char *gauge_name(int value)
{
    return level_name((enum level)value);
}

static const char *name_of_status(int value)
{
    return finding_status_name((enum finding_status)value);
}

static int read_text(const struct json *object, const char *key, char **text, struct bm_error *err)
{
    const struct json *member;
    const char *borrowed;
    if (json_require(object, key, &member, err) < 0)
        return -1;
    if (json_is_null(member))
        return 0;
    if (json_expect_string(member, &borrowed, err) < 0)
        return -1;
    *text = xstrdup(borrowed);
    return 0;
}

static int read_figure(const struct json *object, const char *key, int64_t *figure,
                       struct bm_error *err)
{
    const struct json *member;
    *figure = UNMEASURED;
    if (json_require(object, key, &member, err) < 0)
        return -1;
    return json_is_null(member) ? 0 : json_expect_integer(member, 0, INT64_MAX, figure, err);
}

static int read_values(const struct json *object, struct finding *check, struct bm_error *err)
{
    const struct json *array;
    if (json_require(object, "values", &array, err) < 0 || json_expect_array(array, err) < 0)
        return -1;
    for (const struct json *item = json_first(array); item; item = json_next(item)) {
        check->values = xgrow(check->values, check->value_count, sizeof *check->values);
        if (json_expect_integer(item, 0, INT64_MAX, &check->values[check->value_count], err) < 0)
            return -1;
        check->value_count++;
    }
    return 0;
}

/* Absent in results of before there were notes. */
static int read_notes(const struct json *gate, struct strv *notes, struct bm_error *err)
{
    const struct json *array = json_member(gate, "notes");
    if (!array)
        return 0;
    if (json_expect_array(array, err) < 0)
        return -1;
    for (const struct json *item = json_first(array); item; item = json_next(item)) {
        const char *note;
        if (json_expect_string(item, &note, err) < 0)
            return -1;
        strv_push(notes, note);
    }
    return 0;
}

static int read_check(const struct json *object, struct finding *check, struct bm_error *err)
{
    const struct json *metric, *over;
    const char *name;
    int level, status;
    if (json_expect_object(object, err) < 0 || json_require(object, "metric", &metric, err) < 0 ||
        json_expect_string(metric, &name, err) < 0)
        return -1;
    check->metric = xstrdup(name);
    check->unit = metric_unit(name);
    if (read_name(object, "level", gauge_name, LEVEL_FAIL, &level, err) < 0 ||
        read_name(object, "status", name_of_status, FINDING_OFF, &status, err) < 0 ||
        read_figure(object, "baseline", &check->baseline, err) < 0 ||
        read_figure(object, "allowed", &check->allowed, err) < 0 ||
        read_figure(object, "actual", &check->actual, err) < 0 ||
        json_require(object, "over_budget", &over, err) < 0 ||
        json_expect_bool(over, &check->over_budget, err) < 0 ||
        read_values(object, check, err) < 0 ||
        read_text(object, "message", &check->message, err) < 0 ||
        read_text(object, "largest", &check->largest, err) < 0)
        return -1;
    check->level = (enum level)level;
    check->status = (enum finding_status)status;
    if (check->baseline >= 0 && check->actual >= 0)
        check->delta = check->actual - check->baseline;
    return 0;
}

static int read_gate(const struct json *gate, struct judgement *judgement, struct bm_error *err)
{
    const struct json *checks;
    int verdict;
    if (json_expect_object(gate, err) < 0 ||
        read_name(gate, "verdict", name_of_verdict, VERDICT_NO_BASELINE, &verdict, err) < 0 ||
        read_text(gate, "baseline", &judgement->baseline_path, err) < 0 ||
        read_text(gate, "reason", &judgement->reason, err) < 0 ||
        read_text(gate, "advice", &judgement->advice, err) < 0 ||
        read_notes(gate, &judgement->notes, err) < 0 ||
        json_require(gate, "findings", &checks, err) < 0 || json_expect_array(checks, err) < 0)
        return -1;
    judgement->verdict = (enum verdict)verdict;
    for (const struct json *item = json_first(checks); item; item = json_next(item)) {
        judgement->findings =
            xgrow(judgement->findings, judgement->finding_count, sizeof *judgement->findings);
        struct finding *check = &judgement->findings[judgement->finding_count++];
        *check = (struct finding){0};
        if (read_check(item, check, err) < 0)
            return -1;
    }
    return 0;
}

static int read_document(const struct json_document *document, struct judgement *judgement,
                         bool *found, struct bm_error *err)
{
    const struct json *gate;
    *found = false;
    if (!document || json_expect_object(json_root(document), err) < 0 ||
        json_require(json_root(document), "gate", &gate, err) < 0)
        return -1;
    *found = !json_is_null(gate);
    return *found ? read_gate(gate, judgement, err) : 0;
}

int judgement_parse(const char *text, const char *origin, struct judgement *judgement, bool *found,
                    struct bm_error *err)
{
    struct json_document *document CLEANUP(cleanup_json_document) = json_parse(text, origin, err);
    return read_document(document, judgement, found, err);
}

int judgement_read(const char *result_path, struct judgement *judgement, bool *found,
                   struct bm_error *err)
{
    struct json_document *document CLEANUP(cleanup_json_document) =
        json_parse_file(result_path, err);
    return read_document(document, judgement, found, err);
}
