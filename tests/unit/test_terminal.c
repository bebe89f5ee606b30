/* The progress line on a terminal, and the heartbeats if standard error is a file. */
#include "base/alloc.h"
#include "base/units.h"
#include "run/terminal.h"
#include "unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct progress sample = {.stage = "next-build",
                                       .elapsed_ms = 125000,
                                       .now_bytes = 800 * MIB,
                                       .peak_bytes = 900 * MIB,
                                       .allowed_bytes = 1000 * MIB,
                                       .expected_ms = 250000};

static void expect_line(const struct progress *progress, size_t columns, const char *expected)
{
    char *line CLEANUP(cleanup_free) = progress_line(progress, columns);
    ck_assert_str_eq(line, expected);
}

START_TEST(line_shows_stage_usage_and_time)
{
    struct progress progress = sample;
    expect_line(&progress, 80,
                "next-build      800.0 MiB, peak 900.0 MiB of 1000.0 MiB, 2m 05s of about 4m 10s");
    progress.allowed_bytes = progress.expected_ms = UNMEASURED;
    expect_line(&progress, 80, "next-build      800.0 MiB, peak 900.0 MiB, 2m 05s");
    progress.stage = "a-stage-with-a-long-name";
    expect_line(&progress, 80, "a-stage-with-a… 800.0 MiB, peak 900.0 MiB, 2m 05s");
    expect_line(&progress, 40, "800.0 MiB, peak 900.0 MiB, 2m 05s");
    expect_line(&progress, 9, "800.0 MiB");
    progress.stage = NULL;
    expect_line(&progress, 80, "starting        800.0 MiB, peak 900.0 MiB, 2m 05s");
}
END_TEST

START_TEST(line_has_no_control_characters)
{
    struct progress progress = sample;
    progress.stage = "\x1b[2Ja\nb";
    expect_line(&progress, 80,
                "a b             800.0 MiB, peak 900.0 MiB of 1000.0 MiB, 2m 05s of about 4m 10s");
}
END_TEST

/* ---- standard error that is a file ---- */

static FILE *file;
static int kept;

static void begin(void)
{
    unsetenv("GITHUB_ACTIONS");
    file = tmpfile();
    kept = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
}

static void expect_written(const char *expected)
{
    char text[4096] = "";
    rewind(file);
    ck_assert(fread(text, 1, sizeof text - 1, file) < sizeof text - 1);
    ck_assert_str_eq(text, expected);
}

static void end(void)
{
    dup2(kept, STDERR_FILENO);
    close(kept);
    fclose(file);
}

static void progress_at(struct terminal *terminal, int64_t elapsed_ms)
{
    struct progress progress = {.stage = "link",
                                .elapsed_ms = elapsed_ms,
                                .now_bytes = MIB,
                                .peak_bytes = 2 * MIB,
                                .allowed_bytes = UNMEASURED,
                                .expected_ms = UNMEASURED};
    terminal_progress(terminal, &progress);
}

START_TEST(heartbeat_comes_every_30_seconds)
{
    struct terminal *terminal = terminal_open(false, -1);
    for (int64_t ms = 0; ms < 61000; ms += 150)
        progress_at(terminal, ms);
    terminal_close(terminal);
    expect_written("build-mem: link            1.0 MiB, peak 2.0 MiB, 30.0 s\n"
                   "build-mem: link            1.0 MiB, peak 2.0 MiB, 1m 00s\n");
}
END_TEST

START_TEST(missed_heartbeats_are_skipped)
{
    struct terminal *terminal = terminal_open(false, -1);
    progress_at(terminal, 95000);
    progress_at(terminal, 95150);
    terminal_close(terminal);
    expect_written("build-mem: link            1.0 MiB, peak 2.0 MiB, 1m 35s\n");
}
END_TEST

/* The time comes from a record and can be any number. */
START_TEST(an_extreme_time_prints_one_heartbeat)
{
    struct terminal *terminal = terminal_open(false, -1);
    progress_at(terminal, INT64_MIN);
    progress_at(terminal, INT64_MAX);
    progress_at(terminal, INT64_MAX);
    terminal_close(terminal);
    expect_written("build-mem: link            1.0 MiB, peak 2.0 MiB, 2562047788015h 12m\n");
}
END_TEST

START_TEST(heartbeat_has_a_line_of_its_own)
{
    struct terminal *terminal = terminal_open(false, -1);
    terminal_output(terminal, "compiling ...", 13);
    progress_at(terminal, 30000);
    terminal_output(terminal, "done\n", 5);
    terminal_close(terminal);
    expect_written("compiling ...\nbuild-mem: link            1.0 MiB, peak 2.0 MiB, 30.0 s\n"
                   "done\n");
}
END_TEST

START_TEST(a_wait_is_announced_and_repeated_every_30_seconds)
{
    struct terminal *terminal = terminal_open(false, -1);
    for (int64_t ms = 0; ms <= 61000; ms += 1000)
        terminal_waiting(terminal, "pulling", ms);
    terminal_close(terminal);
    expect_written("build-mem: pulling\nbuild-mem: pulling: 30.0 s\nbuild-mem: pulling: 1m 00s\n");
}
END_TEST

START_TEST(quiet_prints_nothing)
{
    setenv("GITHUB_ACTIONS", "true", 1);
    struct terminal *terminal = terminal_open(true, -1);
    terminal_output(terminal, "text\n", 5);
    terminal_waiting(terminal, "pulling", 0);
    progress_at(terminal, 30000);
    terminal_close(terminal);
    expect_written("");
}
END_TEST

START_TEST(fence_differs_each_time)
{
    char first[256] = "", second[256] = "";
    setenv("GITHUB_ACTIONS", "true", 1);
    terminal_close(terminal_open(false, -1));
    rewind(file);
    ck_assert(fread(first, 1, sizeof first - 1, file) > 0);
    ck_assert_int_eq(ftruncate(fileno(file), 0), 0);
    rewind(file);
    terminal_close(terminal_open(false, -1));
    rewind(file);
    ck_assert(fread(second, 1, sizeof second - 1, file) > 0);
    ck_assert_str_ne(first, second);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("terminal");
    TCase *line = tcase_create("line");
    tcase_add_test(line, line_shows_stage_usage_and_time);
    tcase_add_test(line, line_has_no_control_characters);
    suite_add_tcase(suite, line);
    TCase *written = tcase_create("written");
    tcase_add_checked_fixture(written, begin, end);
    tcase_add_test(written, heartbeat_comes_every_30_seconds);
    tcase_add_test(written, missed_heartbeats_are_skipped);
    tcase_add_test(written, an_extreme_time_prints_one_heartbeat);
    tcase_add_test(written, heartbeat_has_a_line_of_its_own);
    tcase_add_test(written, a_wait_is_announced_and_repeated_every_30_seconds);
    tcase_add_test(written, quiet_prints_nothing);
    tcase_add_test(written, fence_differs_each_time);
    suite_add_tcase(suite, written);
    return run_suite(suite);
}
