/* build-mem.json, and the flags that take precedence over it. */
#include "base/alloc.h"
#include "base/units.h"
#include "config/command_line.h"
#include "config/pattern.h"
#include "unit/suite.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void good(const char *path)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct config config CLEANUP(config_release);
    config_init(&config);
    ck_assert_msg(config_read_file(&config, path, &err) == 0, "%s", err.message);
}

/* Each bad-X.json has a bad-X.message with a part of the expected message. */
static void bad(const char *path)
{
    if (!strstr(path, ".json"))
        return;
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct config config CLEANUP(config_release);
    config_init(&config);
    ck_assert_msg(config_read_file(&config, path, &err) == -1, "%s is accepted", path);
    const char *name = strstr(path, "fixtures/");
    char *message_name CLEANUP(cleanup_free) =
        xasprintf("%.*s.message", (int)(strlen(name) - strlen(".json")), name);
    char *expected CLEANUP(cleanup_free) = test_text(message_name);
    expected[strcspn(expected, "\n")] = '\0';
    ck_assert_msg(strstr(err.message, expected) != NULL, "%s: \"%s\" does not contain \"%s\"", path,
                  err.message, expected);
}

START_TEST(fixtures)
{
    ck_assert_int_ge(for_fixtures("fixtures/config", "good-", good), 3);
    ck_assert_int_ge(for_fixtures("fixtures/config", "bad-", bad), 20);
}
END_TEST

/* Patterns that glibc expands beyond measure are refused. */
START_TEST(patterns_are_small)
{
    static const struct {
        const char *pattern, *message; /* NULL: accepted */
    } cases[] = {
        {"(^|[ /])next( |/dist/bin/next )build( |$)", NULL},
        {"a+b+c+d+e+f+g+h+i+j+k+l+m+n+", NULL},
        {"[[:alpha:]+]{200}", NULL},
        {"[]+++++++++++++++++]", NULL},
        {"[^]+++++++++++++++++]", NULL},
        {"(\\+\\+\\+\\+\\+\\+\\+\\+\\+\\+\\+\\+\\+)", NULL},
        {"x{0,255}y*z?", NULL},
        {"(a{20}){20}", NULL},
        {"(^| )(([^ ]*/)?node )?tsc( |$)", NULL},
        {"((x{255}){255}){255}", "too long to compile"},
        {"((a|b)+)+++++++++++++++++++++++++", "too long to compile"},
        {"(^(.{0,6}([ab]?(x|){0,3}){12})*$^).{3}[ab]", "too long to compile"},
        {"(((^|$)*|x*)*){9}", "too long to compile"},
        {"x{99999999999999999999}", "not a POSIX"},
        {"(a*)b\\1", "must not contain a back-reference"},
        {"[^]\\1]\\.\\\\1", NULL},
        {"a\\", "not a POSIX"},
        {"[[:digit:]\\2[.].]]*", NULL},
        {"(", "not a POSIX"},
        {"x{2", "not a POSIX"},
        {"x)++++++++++++++++++++++++++++", "too long to compile"},
        {"a[)]b\\)", NULL},
        {"[a", "not a POSIX"},
        {"", "must not be empty"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
        int result = pattern_check(cases[i].pattern, &err);
        ck_assert_msg(result == (cases[i].message ? -1 : 0), "%s: %s", cases[i].pattern,
                      err.message);
        ck_assert_msg(!cases[i].message || strstr(err.message, cases[i].message), "%s: %s",
                      cases[i].pattern, err.message);
    }
    char long_pattern[1002] = "";
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    memset(long_pattern, '(', 1001);
    ck_assert_int_eq(pattern_check(long_pattern, &err), -1);
    ck_assert_str_eq(err.message, "must not be longer than 1000 bytes");
}
END_TEST

START_TEST(all_keys_are_read)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct config config CLEANUP(config_release);
    char *path CLEANUP(cleanup_free) = test_path("fixtures/config/good-full.json");
    config_init(&config);
    ck_assert_int_eq(config_read_file(&config, path, &err), 0);
    ck_assert_str_eq(config.build_command, "make -j2");
    ck_assert_str_eq(config.label, "nightly");
    ck_assert_int_eq(config.engine, ENGINE_PODMAN);
    ck_assert_str_eq(config.image, "debian:bookworm");
    ck_assert_int_eq(config.pull, PULL_NEVER);
    ck_assert_int_eq(config.cache, CACHE_WARM);
    ck_assert_str_eq(config.user, "1000:1000");
    ck_assert_str_eq(config.network, "none");
    ck_assert_int_eq(config.shm_bytes, 256 << 20);
    ck_assert_int_eq(config.privileges, PRIVILEGES_ENGINE);
    ck_assert_uint_eq(config.env.count, 2);
    ck_assert_int_eq(config.memory_limit_bytes, INT64_C(8) << 30);
    ck_assert_int_eq(config.timeout_ms, 45 * 60000);
    ck_assert_int_eq(config.guard_percent, 97);
    ck_assert_int_eq(config.interval_ms, 50);
    ck_assert_str_eq(config.out, "measured");
    ck_assert_str_eq(config.baseline, "ci/memory.json");
    ck_assert_uint_eq(config.clear.count, 1);
    ck_assert_str_eq(config.setup, "make deps");
    ck_assert_uint_eq(config.reuse.count, 2);
    ck_assert_str_eq(config.reuse.items[1], "vendor/cache");
    ck_assert_uint_eq(config.stage_count, 2);
    ck_assert_str_eq(config.stages[1].name, "compile");
    ck_assert_uint_eq(config.process_count, 2);
    ck_assert_str_eq(config.processes[0].name, "cxx");
    ck_assert_str_eq(config.processes[0].match, "(^|/)cc1plus ");
    ck_assert_int_eq(budgets_find(&config.budgets, "process:cxx"), INT64_C(3) << 29);
    ck_assert_int_eq(budgets_find(&config.budgets, "process:linker"), UNMEASURED);
    ck_assert_int_eq(budgets_find(&config.budgets, "cgroup_peak"), INT64_C(6) << 30);
    ck_assert_int_eq(budgets_find(&config.budgets, "stage:setup"), INT64_C(512) << 20);
    ck_assert_int_eq(budgets_find(&config.budgets, "duration"), 45 * 60000);
    ck_assert_double_eq(config.budgets.warn_at_percent, 87.5);
    ck_assert_uint_eq(config.artifact_count, 3);
    ck_assert(config.artifacts[0].required);
    ck_assert(!config.artifacts[1].required);
    ck_assert(!artifact_is_in_image(&config.artifacts[1]));
    ck_assert(artifact_is_in_image(&config.artifacts[2]));
}
END_TEST

START_TEST(defaults_apply_without_a_file)
{
    struct config config CLEANUP(config_release);
    config_init(&config);
    ck_assert_str_eq(config.build_command, "npm run build");
    ck_assert_str_eq(config.image, "docker.io/library/node:24-bookworm");
    ck_assert_str_eq(config.image_origin, "the default");
    ck_assert_int_eq(config.interval_ms, 150);
    ck_assert_int_eq(config.memory_limit_bytes, UNMEASURED);
    ck_assert_uint_eq(config.clear.count, 2);
    static const char *const stages[] = {"next-build", "build-deps", "assemblyscript"};
    ck_assert_uint_eq(config.stage_count, 3);
    for (size_t i = 0; i < 3; i++)
        ck_assert_str_eq(config.stages[i].name, stages[i]);
    ck_assert_str_eq(config.artifacts[0].path, "server/.next/BUILD_ID");
    ck_assert(config.artifacts[0].required);
    ck_assert(!config.artifacts[1].required && !config.artifacts[2].required);
    /* Next.js sets its process title from 16.3 on. */
    static const char *const titles[] = {
        "next build", "node /work/node_modules/.bin/next build --turbo", "next-build (v16.4.6)"};
    regex_t next;
    ck_assert_int_eq(regcomp(&next, config.stages[0].match, REG_EXTENDED | REG_NOSUB), 0);
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        ck_assert_msg(regexec(&next, titles[i], 0, NULL, 0) == 0, "%s", titles[i]);
    ck_assert_int_eq(regexec(&next, "next start", 0, NULL, 0), REG_NOMATCH);
    regfree(&next);
}
END_TEST

#define READ(...) read_flags((const char *const[]){"check", __VA_ARGS__, NULL})
static struct config config;
static struct strv operands;
static struct bm_error err;

static enum flags_outcome read_flags(const char *const *words)
{
    char *argv[32];
    int argc = 0;
    for (; words[argc]; argc++)
        argv[argc] = xstrdup(words[argc]);
    argv[argc] = NULL;
    strv_release(&operands);
    enum flags_outcome outcome = flags_read(&config, FLAGS_CHECK, argc, argv, &operands, &err);
    for (int i = 0; i < argc; i++)
        free(argv[i]); /* getopt changed only the order */
    return outcome;
}

static void done(void)
{
    config_release(&config);
    strv_release(&operands);
    bm_error_release(&err);
}

/* Makes a directory from a template of mkdtemp(3), with this build-mem.json, and enters it. */
static void enter_with_config(char *directory, const char *text)
{
    ck_assert_ptr_nonnull(mkdtemp(directory));
    ck_assert_int_eq(chdir(directory), 0);
    FILE *file = fopen("build-mem.json", "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

/* What a build removes and creates is known of the default build alone, in a monorepo. */
START_TEST(defaults_fit_the_build)
{
    static const struct {
        const char *file;
        const char *flags[3];
        bool folder;
        size_t clear, artifacts;
    } table[] = {
        {"{}", {NULL}, true, 2, 3},
        {"{}", {NULL}, false, 0, 0},
        {"{\"build\": \"npm run build\"}", {NULL}, true, 2, 3},
        {"{\"build\": \"make\"}", {NULL}, true, 0, 0},
        {"{}", {"--build-cmd", "make"}, true, 0, 0},
        {"{}", {"--", "make"}, true, 0, 0},
        {"{\"build\": \"make\", \"clear\": [\"out\"]}", {NULL}, true, 1, 0},
        {"{\"build\": \"make\", \"artifacts\": [{\"path\": \"app\"}]}", {NULL}, true, 0, 1},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char directory[] = "/tmp/build-mem-test-XXXXXX";
        enter_with_config(directory, table[i].file);
        if (table[i].folder)
            ck_assert_int_eq(mkdir("server", 0755), 0);
        ck_assert_int_eq(READ("--quiet", table[i].flags[0], table[i].flags[1]), FLAGS_OK);
        ck_assert_msg(config.clear.count == table[i].clear, "row %zu", i);
        ck_assert_msg(config.artifact_count == table[i].artifacts, "row %zu", i);
        ck_assert_uint_eq(config.stage_count, 3);
        done();
    }
}
END_TEST

START_TEST(flags_take_precedence_over_the_file)
{
    char directory[] = "/tmp/build-mem-test-XXXXXX";
    enter_with_config(directory, "{\"memory\": \"1g\", \"interval_ms\": 50, \"env\": [\"A=1\"], "
                                 "\"image\": \"gcc:14\"}");

    ck_assert_int_eq(READ("--memory", "2g", "--env", "A=2", "--strict", "--engine-arg=--cpus=1",
                          "--engine-arg", "--hostname=a"),
                     FLAGS_OK);
    ck_assert_uint_eq(config.engine_args.count, 2);
    ck_assert_str_eq(config.engine_args.items[0], "--cpus=1");
    ck_assert_str_eq(config.engine_args.items[1], "--hostname=a");
    ck_assert_int_eq(config.memory_limit_bytes, INT64_C(2) << 30);
    ck_assert_int_eq(config.interval_ms, 50);
    ck_assert_uint_eq(config.env.count, 2);
    ck_assert_str_eq(config.env.items[1], "A=2"); /* the last one takes effect */
    ck_assert(config.strict);
    ck_assert_str_eq(config.label, "check");
    ck_assert_int_eq(config.runs, 0); /* as many as needed */
    ck_assert_str_eq(config.image_origin, "\"image\" in build-mem.json");
    done();

    ck_assert_int_eq(READ("--image", "gcc:15"), FLAGS_OK);
    ck_assert_str_eq(config.image, "gcc:15");
    ck_assert_str_eq(config.image_origin, "--image");
    done();

    ck_assert_int_eq(READ("--runs=3", "--", "make", "--strict"), FLAGS_OK);
    ck_assert_uint_eq(config.build_argv.count, 2);
    ck_assert(!config.strict);
    ck_assert_int_eq(config.runs, 3);
    done();

    ck_assert_int_eq(READ("--config", "absent.json"), FLAGS_CONFIG_ERROR);
    ck_assert_ptr_nonnull(strstr(err.message, "absent.json"));
    done();
    unlink("build-mem.json");
    ck_assert_int_eq(chdir("/"), 0);
    rmdir(directory);
}
END_TEST

START_TEST(relative_paths_of_flags_start_at_the_working_directory)
{
    ck_assert_int_eq(READ("--repo", "/tmp", "--out", "here"), FLAGS_OK);
    char *here CLEANUP(cleanup_free) = getcwd(NULL, 0);
    char *expected CLEANUP(cleanup_free) = xasprintf("%s/here", here);
    ck_assert_str_eq(config.out, expected);
    char *in_repo CLEANUP(cleanup_free) = config_in_repo(&config, config.baseline);
    ck_assert_str_eq(in_repo, "/tmp/baselines/build-mem.json");
    done();
}
END_TEST

/* The advice "run: build-mem baseline refresh..." must work if it is copied. A value of --env can
 * be a secret. */
START_TEST(refresh_takes_the_flags_of_a_check)
{
    const char *const words[] = {
        "check",  "--label", "now",   "--engine",     "host",         "--baseline", "a b.json",
        "--runs", "2",       "--env", "TOKEN=secret", "--skip-clear", "--strict",   "--",
        "make",   "a b",     NULL};
    ck_assert_msg(read_flags(words) == FLAGS_OK, "%s", err.message);
    ck_assert_str_eq(config.refresh_arguments,
                     " --engine host --baseline 'a b.json' --env TOKEN --skip-clear -- make 'a b'");
    done();
}
END_TEST

START_TEST(bad_flags_are_refused)
{
    static const char *const cases[][3] = {
        {"--nonsense", NULL, "unknown flag"},
        {"--memory", "lots", "such as 8g"},
        {"--memory", "-1g", "such as 8g"},
        {"--memory", "1k", "6 MiB"},
        {"--timeout", "soon", "such as 90s"},
        {"--guard", "0", "from 1 to 100"},
        {"--guard", "101%", "from 1 to 100"},
        {"--guard", "%", "from 1 to 100"},
        {"--guard", "", "from 1 to 100"},
        {"--guard", "97.5%", "from 1 to 100"},
        {"--interval-ms", "0", "1 to 60000"},
        {"--interval-ms", "1.5", "1 to 60000"},
        {"--runs", "0", "1 to 100"},
        {"--engine", "lxc", "docker"},
        {"--pull", "perhaps", "missing"},
        {"--cache", "hot", "as-is, warm or cold"},
        {"--label", "a/b", "file names"},
        {"--label", "", "file names"},
        {"--label", "../x", "file names"},
        {"--user", "root", "UID:GID"},
        {"--env", "=1", "NAME"},
        {"--env", "A B=1", "letters"},
        {"--image", "--privileged", "begin"},
        {"--network", "", "empty"},
        {"--shm-size", "much", "must be a size"},
        {"--engine-arg", "-m", "must be a long option"},
        {"--engine-arg", "--", "must be a long option"},
        {"--engine-arg", "--memory=8g", "use the flag --memory"},
        {"--engine-arg", "--entrypoint", "sets this option itself"},
        {"--privileges", "all", "least or engine"},
        {"--baseline-ref", "-x", "begin"},
        {"--relative", "-x", "begin"},
        {"--memory", NULL, "needs a value"},
        {"--allow-increase", NULL, "unknown"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const words[] = {"check", cases[i][0], cases[i][1], NULL};
        ck_assert_msg(read_flags(words) == FLAGS_ERROR, "%s %s", words[1], words[2]);
        ck_assert_msg(strstr(err.message, cases[i][2]) != NULL, "%s: %s", words[1], err.message);
        done();
    }
}
END_TEST

/* The files of the run report the error. */
START_TEST(config_errors_keep_the_names_of_the_files)
{
    char directory[] = "/tmp/build-mem-test-XXXXXX";
    enter_with_config(directory,
                      "{\"interval_ms\": 0, \"label\": \"nightly\", \"out\": \"there\"}");
    ck_assert_int_eq(READ("--junit", "junit.xml"), FLAGS_CONFIG_ERROR);
    ck_assert_msg(strstr(err.message, "interval_ms") != NULL, "%s", err.message);
    ck_assert_str_eq(config.label, "nightly");
    ck_assert_str_eq(config.out, "there");
    ck_assert_str_eq(config.junit, "junit.xml");
    done();
    ck_assert_int_eq(READ("--label", "mine", "--out", "here"), FLAGS_CONFIG_ERROR);
    ck_assert_str_eq(config.label, "mine");
    ck_assert_str_eq(config.out, "here");
    done();
    unlink("build-mem.json");
    ck_assert_int_eq(READ("--engine", "inplace", "--memory", "1g"), FLAGS_CONFIG_ERROR);
    ck_assert_str_eq(config.label, "check");
    done();
    ck_assert_int_eq(READ("--relative", "main", "--strict"), FLAGS_CONFIG_ERROR);
    done();
    ck_assert_int_eq(READ("--repo", "absent"), FLAGS_ERROR);
    done();
    ck_assert_int_eq(chdir("/"), 0);
    rmdir(directory);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config");
    TCase *all = tcase_create("all");
    tcase_add_test(all, fixtures);
    tcase_add_test(all, patterns_are_small);
    tcase_add_test(all, all_keys_are_read);
    tcase_add_test(all, defaults_apply_without_a_file);
    tcase_add_test(all, defaults_fit_the_build);
    tcase_add_test(all, flags_take_precedence_over_the_file);
    tcase_add_test(all, relative_paths_of_flags_start_at_the_working_directory);
    tcase_add_test(all, refresh_takes_the_flags_of_a_check);
    tcase_add_test(all, bad_flags_are_refused);
    tcase_add_test(all, config_errors_keep_the_names_of_the_files);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
