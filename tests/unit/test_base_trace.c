/* Trace lines: format, destination and masking. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/trace.h"
#include "unit/suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char directory[64];
static int kept_stderr;

static void setup(void)
{
    strcpy(directory, "/tmp/build-mem-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    ck_assert_int_eq(chdir(directory), 0);
    fflush(stderr);
    kept_stderr = dup(STDERR_FILENO);
    int fd = open("stderr", O_RDWR | O_CREAT | O_APPEND, 0600);
    dup2(fd, STDERR_FILENO);
    close(fd);
}

static void teardown(void)
{
    trace_end();
    unsetenv("BUILD_MEM_TRACE");
    dup2(kept_stderr, STDERR_FILENO);
    close(kept_stderr);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, directory), 0);
}

/* The caller owns the text. */
static char *content_of(const char *path)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *text = NULL;
    ck_assert_msg(file_read(path, 100000, &text, NULL, &err) == 0, "%s", err.message);
    return text;
}

static void begin_with(const char *value)
{
    setenv("BUILD_MEM_TRACE", value, 1);
    trace_begin();
}

/* One line "build-mem: [  S.mmm] TEXT". */
static void expect_line(const char *line, const char *text)
{
    int seconds, ms, end = 0;
    ck_assert_msg(sscanf(line, "build-mem: [%3d.%3d] %n", &seconds, &ms, &end) == 2 && end == 21,
                  "%s", line);
    ck_assert_int_lt(seconds, 60);
    ck_assert_str_eq(line + end, text);
}

START_TEST(off_by_default)
{
    static const char *const off[] = {"", "0"};
    trace_begin();
    ck_assert(!trace_is_on());
    for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
        begin_with(off[i]);
        trace("text");
        ck_assert(!trace_is_on());
    }
    char *printed CLEANUP(cleanup_free) = content_of("stderr");
    ck_assert_str_eq(printed, "");
}
END_TEST

START_TEST(one_means_standard_error)
{
    begin_with("1");
    ck_assert(trace_is_on() && trace_is_on_stderr());
    trace("engine %s: %d", "host", 7);
    char *printed CLEANUP(cleanup_free) = content_of("stderr");
    expect_line(printed, "engine host: 7\n");
}
END_TEST

START_TEST(a_file_is_appended_to)
{
    for (int i = 0; i < 2; i++) {
        begin_with("trace.log");
        ck_assert(trace_is_on() && !trace_is_on_stderr());
        trace("run %d", i);
        trace_end();
    }
    char *written CLEANUP(cleanup_free) = content_of("trace.log");
    char *printed CLEANUP(cleanup_free) = content_of("stderr");
    ck_assert_str_eq(printed, "");
    char *second = strchr(written, '\n') + 1;
    expect_line(second, "run 1\n");
    *second = '\0';
    expect_line(written, "run 0\n");
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_is_a_warning)
{
    begin_with("missing/trace.log");
    ck_assert(!trace_is_on());
    char *printed CLEANUP(cleanup_free) = content_of("stderr");
    ck_assert_str_eq(printed, "build-mem: warning: cannot open BUILD_MEM_TRACE=missing/trace.log: "
                              "No such file or directory\n");
}
END_TEST

START_TEST(a_line_is_one_printable_line)
{
    begin_with("1");
    trace("a\nb\x1b[2Jc");
    char *printed CLEANUP(cleanup_free) = content_of("stderr");
    expect_line(printed, "a bc\n");
}
END_TEST

START_TEST(commands_are_quoted_and_masked)
{
    static const struct {
        const char *words[6];
        const char *text;
    } cases[] = {
        {{"docker", "version"}, "docker version"},
        {{"sh", "-c", "it's $x", ""}, "sh -c 'it'\\''s $x' ''"},
        {{"docker", "create", "--env=TOKEN=secret", "image"},
         "docker create --env=TOKEN=*** image"},
        {{"podman", "run", "--env", "TOKEN=a=b c"}, "podman run --env TOKEN=***"},
        {{"docker", "--env=TOKEN", "--env", "OTHER", "X=1"}, "docker --env=TOKEN --env OTHER X=1"},
        {{"docker", "--env"}, "docker --env"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *argv[7] = {NULL};
        for (size_t j = 0; cases[i].words[j]; j++)
            argv[j] = xstrdup(cases[i].words[j]);
        char *text CLEANUP(cleanup_free) = trace_command_text(argv);
        ck_assert_str_eq(text, cases[i].text);
        for (size_t j = 0; argv[j]; j++)
            free(argv[j]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, off_by_default);
    tcase_add_test(all, one_means_standard_error);
    tcase_add_test(all, a_file_is_appended_to);
    tcase_add_test(all, a_file_that_cannot_be_opened_is_a_warning);
    tcase_add_test(all, a_line_is_one_printable_line);
    tcase_add_test(all, commands_are_quoted_and_masked);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
