/* Strict JSON: refusals with their places, and exact integers. */
#include "base/alloc.h"
#include "base/json.h"
#include "base/json_write.h"
#include "base/units.h"
#include "unit/gate_sample.h"
#include "unit/suite.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct json_document *parse(const char *text)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct json_document *document = json_parse(text, "f.json", &err);
    ck_assert_msg(document != NULL, "%s: %s", text, err.message ? err.message : "no message");
    return document;
}

static const struct {
    const char *text, *message;
} refused[] = {
    {"", "f.json:1: not valid JSON: the file is empty"},
    {" \n ", "not valid JSON: the file is empty"},
    {"{", "not valid JSON"},
    {"{\"a\": 1,}", "not valid JSON"},
    {"[1, 2,]", "not valid JSON"},
    {"{\n\"a\": 1\n\"b\": 2}", "f.json:3: not valid JSON"},
    {"{} {}", "f.json:1: not valid JSON"},
    {"{}\n\nx", "f.json:3: not valid JSON"},
    {"nul", "not valid JSON"},
    {"'a'", "not valid JSON"},
    {"// comment\n{}", "not valid JSON"},
    {"[NaN]", "not valid JSON"},
    {"\"a", "not valid JSON"},
    {"\"\\x\"", "not valid JSON"},
    {"\"\\ud800\"", "not valid JSON"},
    /* cJSON accepts all of these. */
    {"[\n010]", "f.json:2: not valid JSON: not a JSON number"},
    {"[-01]", "not a JSON number"},
    {"[1.]", "not a JSON number"},
    {"[-.5]", "not a JSON number"},
    {"[1.e3]", "not a JSON number"},
    {"{\"a\":\n\n\"x\ty\"}", "f.json:3: not valid JSON: a control character"},
    {"[1,\x01 2]", "a control character"},
    {"{\"a\"\x01: 1}", "a control character"},
    {"[\"a\\u0000b\"]", "\\u0000 in a string"},
    {"{\"a\\u0000\": 1}", "\\u0000 in a string"},
    {"{\"a\": 1,\n \"b\": 2,\n \"a\": 3}", "f.json:3: $.a: duplicate key"},
    {"{\"a\": [{\"b\": 1}, {\"b\": 1,\n\"c\": {}, \"b\": 2}]}",
     "f.json:2: $.a[1].b: duplicate key"},
    {"{\"a\": 1, \"\\u0061\": 2}", "$.a: duplicate key"},
    {"{\"a\": {\"x\\u001b[31m\": 1, \"x\\u001b[31m\": 2}}", "$.a.x: duplicate key"},
};

START_TEST(refuses_with_place)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct json_document *document CLEANUP(cleanup_json_document) =
        json_parse(refused[_i].text, "f.json", &err);
    ck_assert_msg(document == NULL, "taken: %s", refused[_i].text);
    ck_assert_msg(strstr(err.message, refused[_i].message) != NULL,
                  "\"%s\" does not contain \"%s\"", err.message, refused[_i].message);
    ck_assert_ptr_null(strchr(err.message, '\x1b'));
}
END_TEST

START_TEST(accepts_all_of_json)
{
    static const char *const texts[] = {
        "{}",
        " [ ] ",
        "null",
        "\"\"",
        "-0",
        "[0, -1, 1.5, 1e3, 1E-3, 0.5e+10, 100]",
        "\xEF\xBB\xBF{\"a\": 1}",
        "{\"a\": {\"a\": {\"a\": [[], {}]}}, \"A\": 1}",
        "\"\\\\\\\"\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00 0 010 {[,:\"",
        "{\"010\": \"1.\", \"\\\\\": \"\\\\u0000\", \"\\\\\\\\u0000\": 1}",
        "[true,false,null]\r\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct json_document *document CLEANUP(cleanup_json_document) = parse(texts[i]);
        ck_assert_ptr_nonnull(json_root(document));
    }
}
END_TEST

START_TEST(integers_keep_every_digit)
{
    static const struct {
        const char *text;
        int64_t min, max, number;
        bool ok;
    } cases[] = {
        {"2147483648", 0, INT64_MAX, INT64_C(2147483648), true},
        {"9007199254740993", 0, INT64_MAX, INT64_C(9007199254740993), true}, /* not a double */
        {"9223372036854775807", 0, INT64_MAX, INT64_MAX, true},
        {"-9223372036854775808", INT64_MIN, 0, INT64_MIN, true},
        {"9223372036854775808", 0, INT64_MAX, 0, false},
        {"123456789012345678901234567890", 0, INT64_MAX, 0, false},
        {"5", 0, 5, 5, true},
        {"6", 0, 5, 0, false},
        {"-1", 0, 5, 0, false},
        {"1.0", 0, 5, 0, false},
        {"1e2", 0, 500, 0, false},
        {"\"5\"", 0, 5, 0, false},
        {"true", 0, 5, 0, false},
        {"null", 0, 5, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
        struct json_document *document CLEANUP(cleanup_json_document) = parse(cases[i].text);
        int64_t number = 0;
        int result =
            json_expect_integer(json_root(document), cases[i].min, cases[i].max, &number, &err);
        ck_assert_msg((result == 0) == cases[i].ok, "%s", cases[i].text);
        ck_assert_int_eq(number, cases[i].number);
        ck_assert((err.message == NULL) == cases[i].ok);
    }
}
END_TEST

START_TEST(members_are_found_by_exact_name_in_order)
{
    struct json_document *document CLEANUP(cleanup_json_document) =
        parse("{\"Ab\": 1, \"ab\": [10, 20], \"c\": \"}\"}");
    const struct json *root = json_root(document);
    ck_assert_str_eq(json_key(json_first(root)), "Ab");
    ck_assert_ptr_null(json_member(root, "AB"));
    ck_assert_ptr_null(json_key(root));
    const struct json *array = json_member(root, "ab");
    ck_assert(json_is_array(array));
    int64_t number;
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    ck_assert_int_eq(json_expect_integer(json_next(json_first(array)), 0, 99, &number, &err), 0);
    ck_assert_int_eq(number, 20);
    ck_assert_ptr_null(json_next(json_next(json_first(array))));
    ck_assert_ptr_null(json_next(json_member(root, "c")));
}
END_TEST

/* Line and path are right even if strings look like structure. */
START_TEST(messages_name_line_and_path)
{
    struct json_document *document CLEANUP(cleanup_json_document) =
        parse("{\n"
              "  \"k:{\": \"a,\\\"\\n]: {\",\n"
              "  \"list\": [\n"
              "    1.5, \"x\",\n"
              "    {\"deep\" :\n"
              "      true}\n"
              "  ],\n"
              "  \"last\": null\n"
              "}");
    const struct json *root = json_root(document), *list = json_member(root, "list");
    const struct json *first = json_first(list), *object = json_next(json_next(first));
    static const char *const keys[] = {"list", "last", NULL};
    const struct json *found;
    const char *text;
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    int64_t number;
    double real;
    bool flag;

    json_expect_integer(first, 0, 9, &number, &err);
    ck_assert_str_eq(err.message, "f.json:4: $.list[0]: must be a whole number from 0 to 9");
    json_expect_string(first, &text, &err);
    ck_assert_str_eq(err.message, "f.json:4: $.list[0]: must be a string");
    json_expect_number(first, 2, 3, &real, &err);
    ck_assert_str_eq(err.message, "f.json:4: $.list[0]: must be a number from 2 to 3");
    json_expect_number(json_next(first), 0, 3, &real, &err);
    ck_assert_str_eq(err.message, "f.json:4: $.list[1]: must be a number from 0 to 3");
    json_expect_object(json_next(first), &err);
    ck_assert_str_eq(err.message, "f.json:4: $.list[1]: must be an object {...}");
    json_expect_bool(json_next(first), &flag, &err);
    ck_assert_str_eq(err.message, "f.json:4: $.list[1]: must be true or false");
    json_expect_array(json_member(object, "deep"), &err);
    ck_assert_str_eq(err.message, "f.json:6: $.list[2].deep: must be an array [...]");
    json_require(object, "more", &found, &err);
    ck_assert_str_eq(err.message, "f.json:5: $.list[2]: \"more\" is missing");
    ck_assert_int_eq(json_expect_keys(root, keys, &err), -1);
    ck_assert_str_eq(err.message, "f.json:2: $.k:{: unknown key");
    json_error(json_member(root, "last"), &err, "%d%%", 5);
    ck_assert_str_eq(err.message, "f.json:8: $.last: 5%");
    json_error(root, &err, "x");
    ck_assert_str_eq(err.message, "f.json:1: $: x");

    ck_assert_int_eq(json_expect_bool(json_member(object, "deep"), &flag, &err), 0);
    ck_assert(flag);
    ck_assert_int_eq(json_expect_number(first, 0, 9, &real, &err), 0);
    ck_assert_double_eq(real, 1.5);
    ck_assert(json_is_null(json_member(root, "last")));
}
END_TEST

static char *nested(size_t depth)
{
    char *text = xmalloc(2 * depth + 1);
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';
    return text;
}

START_TEST(deep_nesting_is_read_or_refused_but_no_crash)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *deep CLEANUP(cleanup_free) = nested(900);
    struct json_document *document CLEANUP(cleanup_json_document) = parse(deep);
    ck_assert(json_is_array(json_root(document)));
    char *too_deep CLEANUP(cleanup_free) = nested(1000000);
    ck_assert_ptr_null(json_parse(too_deep, "f.json", &err));
    ck_assert_ptr_nonnull(strstr(err.message, "f.json:1: not valid JSON"));
}
END_TEST

START_TEST(files_are_read_with_their_name)
{
    char path[] = "/tmp/test_base_json.XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "{}\n\0{}", 6), 6);
    close(fd);
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    ck_assert_ptr_null(json_parse_file(path, &err));
    char *message CLEANUP(cleanup_free) = xasprintf("%s:2: not valid JSON: a NUL byte", path);
    ck_assert_str_eq(err.message, message);
    ck_assert_int_eq(truncate(path, 3), 0);
    struct json_document *document CLEANUP(cleanup_json_document) = json_parse_file(path, &err);
    ck_assert(json_is_object(json_root(document)));
    unlink(path);
    ck_assert_ptr_null(json_parse_file(path, &err));
    ck_assert_ptr_nonnull(strstr(err.message, "No such file"));
    ck_assert_ptr_null(json_parse_file("/tmp", &err));
    ck_assert_ptr_nonnull(strstr(err.message, "not a regular file"));
}
END_TEST

START_TEST(written_figures_and_texts_are_read_back)
{
    cJSON *root CLEANUP(cleanup_cjson) = cJSON_CreateObject();
    json_add_integer(root, "large", INT64_MAX);
    json_add_integer(root, "small", INT64_MIN);
    json_add_measured(root, "none", UNMEASURED);
    json_add_measured(root, "zero", 0);
    json_add_text(root, "text", "a\x01\"\\\n\xff\xC3\xA9");
    json_add_text(root, "no_text", NULL);
    json_add_object(root, "object");
    json_add_array(root, "array");
    char *line CLEANUP(cleanup_free) = json_print(root, 0);
    ck_assert_str_eq(line, "{\"large\":9223372036854775807,\"small\":-9223372036854775808,"
                           "\"none\":null,\"zero\":0,\"text\":\"a\\u0001\\\"\\\\\\n\xEF\xBF\xBD"
                           "\xC3\xA9\",\"no_text\":null,\"object\":{},\"array\":[]}");
    char *page CLEANUP(cleanup_free) = json_print(root, 1);
    ck_assert_int_eq(page[strlen(page) - 1], '\n');
    struct json_document *document CLEANUP(cleanup_json_document) = parse(page);
    int64_t number;
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    json_expect_integer(json_member(json_root(document), "large"), 0, INT64_MAX, &number, &err);
    ck_assert_int_eq(number, INT64_MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base/json");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, refuses_with_place, 0, sizeof refused / sizeof *refused);
    tcase_add_test(all, accepts_all_of_json);
    tcase_add_test(all, integers_keep_every_digit);
    tcase_add_test(all, members_are_found_by_exact_name_in_order);
    tcase_add_test(all, messages_name_line_and_path);
    tcase_add_test(all, deep_nesting_is_read_or_refused_but_no_crash);
    tcase_add_test(all, files_are_read_with_their_name);
    tcase_add_test(all, written_figures_and_texts_are_read_back);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
