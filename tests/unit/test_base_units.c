/* Sizes and durations: parsing and formatting. */
#include "base/alloc.h"
#include "base/units.h"
#include "unit/gate_sample.h"
#include "unit/suite.h"

#define GIB (1024 * MIB)

START_TEST(sizes)
{
    static const struct {
        const char *text;
        int64_t bytes; /* UNMEASURED: refused */
    } cases[] = {
        {"8g", 8 * GIB},
        {"8G", 8 * GIB},
        {"8Gi", 8 * GIB},
        {"8GiB", 8 * GIB},
        {"8GB", 8 * GIB},
        {"8gb", 8 * GIB},
        {"512m", 512 * MIB},
        {"64MiB", 64 * MIB},
        {"1.5g", 1536 * MIB},
        {"4k", 4096},
        {"1t", 1024 * GIB},
        {"1p", 1024 * 1024 * GIB},
        {"1024p", INT64_C(1) << 60},
        {"1025p", UNMEASURED},
        {"1", 1},
        {"4096", 4096},
        {"4096b", 4096},
        {"4096B", 4096},
        {"8589934593", INT64_C(8589934593)},
        {"", UNMEASURED},
        {"0", UNMEASURED},
        {"0.5", UNMEASURED},
        {"-1", UNMEASURED},
        {"+1", UNMEASURED},
        {" 1", UNMEASURED},
        {"1 g", UNMEASURED},
        {"1g ", UNMEASURED},
        {"g", UNMEASURED},
        {"1x", UNMEASURED},
        {"1gg", UNMEASURED},
        {"1ib", UNMEASURED},
        {"1bi", UNMEASURED},
        {"1.2.3g", UNMEASURED},
        {".5g", UNMEASURED},
        {"0x10", UNMEASURED},
        {"1e3", UNMEASURED},
        {"inf", UNMEASURED},
        {"nan", UNMEASURED},
        {"99999999999999999999", UNMEASURED},
        {"1111111111111111111111111111111111111111111111", UNMEASURED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t bytes = 77;
        int result = parse_size(cases[i].text, &bytes);
        ck_assert_msg((result == 0) == (cases[i].bytes >= 0), "\"%s\"", cases[i].text);
        ck_assert_msg(bytes == (result == 0 ? cases[i].bytes : 77), "\"%s\"", cases[i].text);
    }
}
END_TEST

START_TEST(durations)
{
    static const struct {
        const char *text;
        int64_t ms; /* UNMEASURED: refused */
    } cases[] = {
        {"90s", 90000},
        {"10m", 600000},
        {"2h", 7200000},
        {"1h30m", 5400000},
        {"1m30s", 90000},
        {"250ms", 250},
        {"1s500ms", 1500},
        {"1.5s", 1500},
        {"90", 90000},
        {"0", 0},
        {"", UNMEASURED},
        {"s", UNMEASURED},
        {"-1s", UNMEASURED},
        {"1 s", UNMEASURED},
        {"1d", UNMEASURED},
        {"1hm", UNMEASURED},
        {"1smm", UNMEASURED},
        {"10S", UNMEASURED},
        {"99999999999999999h", UNMEASURED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ms = 77;
        int result = parse_duration(cases[i].text, &ms);
        ck_assert_msg((result == 0) == (cases[i].ms >= 0), "\"%s\"", cases[i].text);
        ck_assert_msg(ms == (result == 0 ? cases[i].ms : 77), "\"%s\"", cases[i].text);
    }
}
END_TEST

START_TEST(integers)
{
    int64_t value = 7;
    ck_assert_int_eq(parse_integer("-5", -5, 5, &value), 0);
    ck_assert_int_eq(value, -5);
    ck_assert_int_eq(parse_integer("9223372036854775807", 0, INT64_MAX, &value), 0);
    ck_assert_int_eq(value, INT64_MAX);
    ck_assert_int_eq(parse_integer("-9223372036854775808", INT64_MIN, 0, &value), 0);
    ck_assert_int_eq(value, INT64_MIN);
    ck_assert_int_eq(parse_integer("000000000000000000000000000012", 0, 12, &value), 0);
    ck_assert_int_eq(value, 12);
    ck_assert_int_eq(parse_integer("-0", 0, 0, &value), 0);
    ck_assert_int_eq(value, 0);
    static const char *const refused[] = {"",
                                          "-",
                                          " 1",
                                          "+1",
                                          "1 ",
                                          "1x",
                                          "0x1",
                                          "1.0",
                                          "--1",
                                          "- 1",
                                          "9223372036854775808",
                                          "-9223372036854775809",
                                          "18446744073709551617",
                                          "92233720368547758070"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        ck_assert_msg(parse_integer(refused[i], INT64_MIN, INT64_MAX, &value) == -1, "\"%s\"",
                      refused[i]);
    ck_assert_int_eq(parse_integer("6", -5, 5, &value), -1);
    ck_assert_int_eq(parse_integer("-6", -5, 5, &value), -1);
}
END_TEST

START_TEST(sizes_for_people)
{
    static const struct {
        int64_t bytes;
        const char *text, *delta;
    } cases[] = {
        {0, "0 B", "+0 B"},
        {1023, "1023 B", "+1023 B"},
        {1024, "1.0 KiB", "+1.0 KiB"},
        {803 * MIB + 209715, "803.2 MiB", "+803.2 MiB"},
        {1023 * MIB, "1023.0 MiB", "+1023.0 MiB"},
        {1280 * MIB, "1.25 GiB", "+1.25 GiB"},
        {2048 * GIB, "2048.00 GiB", "+2048.00 GiB"},
        /* Rounding does not show 1024 of the smaller unit. */
        {MIB - 1, "1.0 MiB", "+1.0 MiB"},
        {GIB - 1, "1.00 GiB", "+1.00 GiB"},
        {UNMEASURED, "n/a", "-1 B"},
        {-204 * MIB, "n/a", "-204.0 MiB"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text CLEANUP(cleanup_free) = format_bytes(cases[i].bytes);
        char *delta CLEANUP(cleanup_free) = format_bytes_delta(cases[i].bytes);
        ck_assert_str_eq(text, cases[i].text);
        ck_assert_str_eq(delta, cases[i].delta);
    }
}
END_TEST

START_TEST(durations_for_people)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "0 ms"},
        {450, "450 ms"},
        {999, "999 ms"},
        {1000, "1.0 s"},
        {20345, "20.3 s"},
        {59949, "59.9 s"},
        {59950, "1m 00s"},
        {60000, "1m 00s"},
        {725000, "12m 05s"},
        {3599999, "59m 59s"},
        {3600000, "1h 00m"},
        {7500000, "2h 05m"},
        {INT64_C(8999999999999999), "2499999999h 59m"},
        {UNMEASURED, "n/a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text CLEANUP(cleanup_free) = format_duration(cases[i].ms);
        ck_assert_str_eq(text, cases[i].text);
    }
}
END_TEST

START_TEST(seconds_have_three_decimals)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "0.000"}, {7, "0.007"}, {20345, "20.345"}, {INT64_MAX, "9223372036854775.807"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text CLEANUP(cleanup_free) = format_seconds(cases[i].ms);
        ck_assert_str_eq(text, cases[i].text);
    }
}
END_TEST

START_TEST(sums_do_not_wrap)
{
    ck_assert_int_eq(add_figures(2, 3), 5);
    ck_assert_int_eq(add_figures(INT64_MAX - 1, 1), INT64_MAX);
    ck_assert_int_eq(add_figures(INT64_MAX, 1), INT64_MAX);
    ck_assert_int_eq(add_figures(INT64_MAX, INT64_MAX), INT64_MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base/units");
    TCase *all = tcase_create("all");
    tcase_add_test(all, sizes);
    tcase_add_test(all, durations);
    tcase_add_test(all, integers);
    tcase_add_test(all, sizes_for_people);
    tcase_add_test(all, durations_for_people);
    tcase_add_test(all, seconds_have_three_decimals);
    tcase_add_test(all, sums_do_not_wrap);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
