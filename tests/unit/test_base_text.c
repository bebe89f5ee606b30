/* Safe text for JSON, XML and a terminal; lists of strings; errors. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/strv.h"
#include "base/text.h"
#include "unit/gate_sample.h"
#include "unit/suite.h"

#include <errno.h>
#include <string.h>

#define BAD "\xEF\xBF\xBD" /* U+FFFD */

START_TEST(utf8_is_well_formed_after)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", ""},
        {"plain \x01 \n", "plain \x01 \n"},
        {"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80", "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"},
        {"\xFF", BAD},
        {"a\xC3", "a" BAD},
        {"\xC3(", BAD "("},
        {"\xE2\x82", BAD BAD},
        {"\x80z", BAD "z"},
        {"\xC0\xAF", BAD BAD},            /* overlong / */
        {"\xE0\x80\xAF", BAD BAD BAD},    /* overlong in three */
        {"\xED\xA0\x80", BAD BAD BAD},    /* surrogate */
        {"\xED\x9F\xBF", "\xED\x9F\xBF"}, /* the last before them */
        {"\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},
        {"\xF4\x90\x80\x80", BAD BAD BAD BAD}, /* above U+10FFFF */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text CLEANUP(cleanup_free) = text_valid_utf8(cases[i].in);
        ck_assert_str_eq(text, cases[i].out);
    }
}
END_TEST

START_TEST(printable_for_xml_and_terminal)
{
    static const struct {
        const char *in;
        size_t length; /* 0: all of the text */
        const char *out;
    } cases[] = {
        {"", 0, ""},
        {"a\tb\nc", 0, "a\tb\nc"},
        {"50 %\r100 %\r\n", 0, "50 %100 %\n"},
        {"a\0b", 3, "a" BAD "b"},
        {"\x07\x7F\xC2\x9B", 0, BAD BAD BAD},
        {"\xEF\xBF\xBE\xEF\xBF\xBF", 0, BAD BAD},
        {"\xFF", 0, BAD},
        {"\x1b[31mred\x1b[0m", 0, "red"},
        {"\x1b[38;5;1mx\x1b[?25ly", 0, "xy"},
        {"\x1b]0;title\ax", 0, "x"},
        {"\x1b]8;;http://a\x1b\\link", 0, "link"},
        {"\x1b]0;never ended\nnext", 0, "\nnext"},
        {"\x1b(Bx\x1b=y\x1b"
         "7z",
         0, "xyz"},
        {"a\x1b", 0, "a"},
        {"a\x1b[", 0, "a"},
        {"a\x1b[31", 0, "a"},
        {"a\x1b\nb", 0, "a\nb"},
        {"a\x1b[3\nb", 0, "a\nb"},
        {"\x1b\x1b[1mx", 0, "x"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t length = cases[i].length ? cases[i].length : strlen(cases[i].in);
        /* Allocated to the exact length, so that ASan finds a read past the end. */
        char *bytes CLEANUP(cleanup_free) = xmalloc(length);
        memcpy(bytes, cases[i].in, length);
        char *text CLEANUP(cleanup_free) = text_printable(bytes, length);
        ck_assert_msg(strcmp(text, cases[i].out) == 0, "case %zu: \"%s\"", i, text);
    }
}
END_TEST

START_TEST(one_line)
{
    char *text CLEANUP(cleanup_free) = text_one_line("a\nb\tc\r\n\x1b[1md\n");
    ck_assert_str_eq(text, "a b c d ");
}
END_TEST

START_TEST(words_of_a_shell)
{
    static const char *const cases[][2] = {
        {"baselines/app.json", "baselines/app.json"},
        {"", "''"},
        {"a b", "'a b'"},
        {"it's", "'it'\\''s'"},
        {"$(x)", "'$(x)'"},
        {"~", "'~'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *word CLEANUP(cleanup_free) = text_shell_word(cases[i][0]);
        ck_assert_str_eq(word, cases[i][1]);
    }
}
END_TEST

START_TEST(list_grows_and_stays_ended)
{
    struct strv list CLEANUP(strv_release) = {0}, other CLEANUP(strv_release) = {0};
    ck_assert(!strv_contains(&list, "a"));
    for (int i = 0; i < 20; i++) {
        strv_pushf(&list, "n%d", i);
        ck_assert_ptr_null(list.items[list.count]);
    }
    strv_push(&other, "x");
    strv_push_all(&list, &other);
    ck_assert_uint_eq(list.count, 21);
    ck_assert_str_eq(list.items[19], "n19");
    ck_assert(strv_contains(&list, "x"));
    ck_assert(!strv_contains(&list, "n"));
    strv_push(&other, "y");
    char *joined CLEANUP(cleanup_free) = strv_join(&other, ", ");
    ck_assert_str_eq(joined, "x, y");
    strv_release(&list);
    ck_assert_uint_eq(list.count, 0);
    char *nothing CLEANUP(cleanup_free) = strv_join(&list, ", ");
    ck_assert_str_eq(nothing, "");
    strv_push(&list, "again");
    ck_assert_str_eq(list.items[0], "again");
}
END_TEST

START_TEST(array_grows_by_doubling)
{
    int *numbers CLEANUP(cleanup_free) = NULL;
    for (size_t count = 0; count < 1000; count++) {
        numbers = xgrow(numbers, count, sizeof *numbers);
        numbers[count] = (int)count;
    }
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(numbers[i], i);
}
END_TEST

START_TEST(errors_carry_their_context)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    ck_assert_int_eq(bm_error_set(&err, "line %d", 3), -1);
    ck_assert_int_eq(bm_error_wrap(&err, "reading %s", "x.json"), -1);
    ck_assert_str_eq(err.message, "reading x.json: line 3");
    errno = ENOENT;
    ck_assert_int_eq(bm_error_errno(&err, "opening %s", "x"), -1);
    ck_assert_str_eq(err.message, "opening x: No such file or directory");
    bm_error_release(&err);
    ck_assert_ptr_null(err.message);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base/text");
    TCase *all = tcase_create("all");
    tcase_add_test(all, utf8_is_well_formed_after);
    tcase_add_test(all, printable_for_xml_and_terminal);
    tcase_add_test(all, one_line);
    tcase_add_test(all, words_of_a_shell);
    tcase_add_test(all, list_grows_and_stays_ended);
    tcase_add_test(all, array_grows_by_doubling);
    tcase_add_test(all, errors_carry_their_context);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
