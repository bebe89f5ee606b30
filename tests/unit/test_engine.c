/* The output of engines, the names of runs, child processes, and the page cache. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/units.h"
#include "engine/engine.h"
#include "engine/page_cache.h"
#include "engine/user_scope.h"
#include "unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void good_inspect(const char *path)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct engine_facts facts CLEANUP(engine_facts_release) = {0};
    char *text CLEANUP(cleanup_free) = test_text(strstr(path, "fixtures/"));
    ck_assert_msg(parse_inspect(text, &facts, &err) == 0, "%s: %s", path, err.message);
    ck_assert_msg(facts.oom_killed == (strstr(strrchr(path, '/'), "oom") != NULL), "%s", path);
    ck_assert_ptr_nonnull(facts.image_digest);
}

static void bad_inspect(const char *path)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct engine_facts facts CLEANUP(engine_facts_release) = {0};
    char *text CLEANUP(cleanup_free) = test_text(strstr(path, "fixtures/"));
    ck_assert_msg(parse_inspect(text, &facts, &err) == -1, "%s is accepted", path);
}

START_TEST(inspect_output)
{
    ck_assert_int_ge(for_fixtures("fixtures/inspect", "good-", good_inspect), 2);
    ck_assert_int_ge(for_fixtures("fixtures/inspect", "bad-", bad_inspect), 3);
}
END_TEST

START_TEST(a_name_shows_whether_its_runner_is_dead)
{
    char *mine CLEANUP(cleanup_free) = engine_unique_name();
    char *other CLEANUP(cleanup_free) = engine_unique_name();
    ck_assert_str_ne(mine, other);
    ck_assert(!engine_name_is_orphan(mine));
    /* Of this boot and namespace: a free pid, and one that another process has now. */
    int pid, number;
    unsigned long long start, domain;
    ck_assert_int_eq(sscanf(mine, "build-mem-%d-%llu-%llx-%d", &pid, &start, &domain, &number), 4);
    char *gone CLEANUP(cleanup_free) = xasprintf("build-mem-999999999-5-%llx-1", domain);
    char *reused CLEANUP(cleanup_free) = xasprintf("build-mem-%d-1-%llx-1", pid, domain);
    char *elsewhere CLEANUP(cleanup_free) = xasprintf("build-mem-999999999-5-%llx-1", domain + 1);
    ck_assert(engine_name_is_orphan(gone));
    ck_assert(engine_name_is_orphan(reused));
    ck_assert(!engine_name_is_orphan(elsewhere));
    ck_assert(!engine_name_is_orphan("build-mem-tiny"));
    ck_assert(!engine_name_is_orphan("somebody-elses"));
    ck_assert(!engine_name_is_orphan(""));
}
END_TEST

START_TEST(probe_arguments)
{
    struct strv stages CLEANUP(strv_release) = {0}, command CLEANUP(strv_release) = {0};
    struct strv arguments CLEANUP(strv_release) = {0};
    strv_push(&stages, "a b");
    strv_push(&command, "sh");
    struct engine_spec spec = {.interval_ms = 20, .stages = &stages, .command = &command};
    engine_probe_arguments(&spec, "/probe", true, &arguments);
    static const char *const expected[] = {"/probe",
                                           ("--runner=" PACKAGE_VERSION),
                                           "--interval-ms=20",
                                           "--stage=a b",
                                           "--own-cgroup",
                                           "--",
                                           "sh"};
    ck_assert_uint_eq(arguments.count, 7);
    for (size_t i = 0; i < 7; i++)
        ck_assert_str_eq(arguments.items[i], expected[i]);
    /* In a shared cgroup, the probe must not count other processes as the build. */
    strv_release(&arguments);
    engine_probe_arguments(&spec, "/probe", false, &arguments);
    ck_assert_uint_eq(arguments.count, 6);
    ck_assert_str_eq(arguments.items[4], "--");
    strv_release(&arguments);
    spec.guard_percent = 97;
    engine_probe_arguments(&spec, "/probe", false, &arguments);
    ck_assert_str_eq(arguments.items[3], "--guard=97");
    spec.guard_percent = 0;
    spec.sh_fallback = true;
    strv_release(&arguments);
    engine_probe_arguments(&spec, "/probe", false, &arguments);
    ck_assert_uint_eq(arguments.count, 7);
    ck_assert_str_eq(arguments.items[4], "--sh-fallback");
}
END_TEST

START_TEST(a_container_can_read_the_repository_under_selinux)
{
    char *enforcing CLEANUP(cleanup_free) = test_path("fixtures/sysroot/selinux-enforcing");
    char *permissive CLEANUP(cleanup_free) = test_path("fixtures/sysroot/selinux-permissive");
    char *without CLEANUP(cleanup_free) = test_path("fixtures/sysroot/docker-v2");
    struct strv options CLEANUP(strv_release) = {0}, arguments CLEANUP(strv_release) = {0};
    struct engine_spec spec = {.engine_args = &options};
    container_push_label(&spec, permissive, &arguments);
    container_push_label(&spec, without, &arguments);
    ck_assert_uint_eq(arguments.count, 0);
    container_push_label(&spec, enforcing, &arguments);
    ck_assert_uint_eq(arguments.count, 1);
    ck_assert_str_eq(arguments.items[0], "--security-opt=label=disable");
    /* The label of the user replaces it; another option does not. */
    strv_release(&arguments);
    strv_push(&options, "--security-opt=seccomp=unconfined");
    container_push_label(&spec, enforcing, &arguments);
    ck_assert_uint_eq(arguments.count, 1);
    strv_push(&options, "--security-opt=label=type:build_t");
    container_push_label(&spec, enforcing, &arguments);
    ck_assert_uint_eq(arguments.count, 1);
}
END_TEST

START_TEST(the_limits_of_a_cgroup_as_text)
{
    const struct cgroup_constraint none = {-1, -1, -1, 0, 0};
    const struct cgroup_constraint all = {INT64_C(8) << 30, INT64_C(6) << 30, 0, 3, 12};
    char *empty CLEANUP(cleanup_free) = engine_limits_text(&none);
    char *text CLEANUP(cleanup_free) = engine_limits_text(&all);
    ck_assert_str_eq(empty, "");
    ck_assert_str_eq(text, "memory limit 8.00 GiB, memory.high 6.00 GiB, swap limit 0 B");
}
END_TEST

START_TEST(podman_under_the_name_docker)
{
    ck_assert(is_podman("podman version 5.4.2\n"));
    ck_assert(is_podman("podman-remote version 5.4.2\n"));
    ck_assert(is_podman("docker version 4.3.1\n")); /* a link to podman */
    ck_assert(!is_podman("Docker version 28.2.2, build e6534b4\n"));
    ck_assert(!is_podman("nerdctl version 1.7.6\n"));
    ck_assert(!is_podman(""));
}
END_TEST

START_TEST(the_user_mapping_of_docker)
{
    static const struct {
        const char *text;
        int result;
        enum user_mapping mapping;
    } cases[] = {
        {"[\"name=apparmor\",\"name=seccomp,profile=builtin\",\"name=cgroupns\"]\n", 0,
         USERS_DIRECT},
        {"[\"name=seccomp,profile=builtin\",\"name=rootless\",\"name=cgroupns\"]\n", 0,
         USERS_ROOTLESS},
        {"[\"name=seccomp,profile=builtin\",\"name=userns\"]", 0, USERS_REMAPPED},
        /* A daemon without root that also remaps: root in the container is its user. */
        {"[\"name=rootless\",\"name=userns\"]", 0, USERS_ROOTLESS},
        {"[\"name=userns\",\"name=rootless,x=y\"]", 0, USERS_ROOTLESS},
        {"[\"name=rootlessish\",\"name=user\",\"\",\"userns\"]", 0, USERS_DIRECT},
        {"null\n", 0, USERS_DIRECT},
        {"[]", 0, USERS_DIRECT},
        {"[\"name=rootless\",{}]", -1, USERS_DIRECT},
        {"{}", -1, USERS_DIRECT},
        {"", -1, USERS_DIRECT},
        {"<no value>", -1, USERS_DIRECT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
        enum user_mapping mapping = USERS_KEPT;
        ck_assert_msg(parse_security_options(cases[i].text, &mapping, &err) == cases[i].result,
                      "%s", cases[i].text);
        if (cases[i].result == 0)
            ck_assert_msg(mapping == cases[i].mapping, "%s: %d", cases[i].text, mapping);
        else
            ck_assert_msg(strncmp(err.message, "info", 4) == 0, "%s", err.message);
    }
}
END_TEST

/* Fails unless the container gets exactly these options; `userns` may be NULL. */
static void check_user(const char *user, enum user_mapping mapping, const char *expected,
                       const char *userns)
{
    struct strv arguments CLEANUP(strv_release) = {0};
    struct engine_spec spec = {.user = user};
    container_push_user(&spec, mapping, &arguments);
    ck_assert_uint_eq(arguments.count, userns ? 2 : 1);
    ck_assert_str_eq(arguments.items[0], expected);
    if (userns)
        ck_assert_str_eq(arguments.items[1], userns);
}

START_TEST(files_of_a_container_belong_to_the_user)
{
    char *own CLEANUP(cleanup_free) =
        xasprintf("--user=%u:%u", (unsigned)getuid(), (unsigned)getgid());
    check_user(NULL, USERS_DIRECT, own, NULL);
    check_user(NULL, USERS_ROOTLESS, "--user=0:0", NULL);
    check_user(NULL, USERS_REMAPPED, own, "--userns=host");
    check_user(NULL, USERS_KEPT, own, "--userns=keep-id");
    /* The user of --user is one of the container. */
    check_user("7:8", USERS_ROOTLESS, "--user=7:8", NULL);
    check_user("7:8", USERS_REMAPPED, "--user=7:8", "--userns=host");
}
END_TEST

/* An engine whose images are all for `architecture`. It does not see the file `missing` of this
 * machine; NULL: it sees all. It appends its commands to DIRECTORY/log. */
static void put_engine(const char *directory, const char *architecture, const char *missing)
{
    char *path CLEANUP(cleanup_free) = xasprintf("%s/docker", directory);
    FILE *script = fopen(path, "w");
    ck_assert_ptr_nonnull(script);
    fprintf(script,
            "#!/bin/sh\necho \"$*\" >>%s/log\n"
            "case $1 in image) echo %s ;; esac\n",
            directory, architecture);
    if (missing)
        fprintf(script,
                "case $* in create*source=%s*)\n"
                "echo \"path does not exist: %s\" >&2\nexit 1 ;; esac\n",
                missing, missing);
    fclose(script);
    ck_assert_int_eq(chmod(path, 0755), 0);
}

/* Starts a container with the engine, for the probe DIRECTORY/probe. Sets `*text` to the log of the
 * engine; the caller owns it. */
static int start_container(const char *directory, const char *repo, char **text,
                           struct bm_error *err)
{
    struct strv none = {0};
    char *probe CLEANUP(cleanup_free) = xasprintf("%s/probe", directory);
    char *log CLEANUP(cleanup_free) = xasprintf("%s/log", directory);
    struct engine_spec spec = {.repo = repo,
                               .probe_path = probe,
                               .name = "run",
                               .image = "image",
                               .pull = "never",
                               .env = &none,
                               .engine_args = &none,
                               .stages = &none,
                               .command = &none,
                               .memory_limit_bytes = UNMEASURED,
                               .shm_bytes = UNMEASURED};
    struct engine_run run = {.engine = &engine_docker, .spec = &spec, .child = CHILD_NONE};
    unlink(log);
    int result = engine_docker.start(&run, err);
    child_release(&run.child);
    page_cache_release(&run.page_cache);
    struct bm_error unread CLEANUP(bm_error_release) = BM_ERROR_INIT;
    ck_assert_int_eq(file_read(log, 1 << 20, text, NULL, &unread), 0);
    return result;
}

/* Asserts that a container of an image for `architecture` gets the probe "DIRECTORY/`expected`". */
static void expect_probe(const char *directory, const char *architecture, const char *expected)
{
    char *probe CLEANUP(cleanup_free) = xasprintf("%s/%s", directory, expected);
    char *mounted CLEANUP(cleanup_free) =
        xasprintf("\"source=%s\",\"target=/build-mem-probe\",readonly ", probe);
    char *copied CLEANUP(cleanup_free) = xasprintf("\ncp %s run:/build-mem-probe\n", probe);
    char *log CLEANUP(cleanup_free), *other CLEANUP(cleanup_free);
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    put_engine(directory, architecture, NULL);
    ck_assert_int_eq(start_container(directory, "/", &log, &err), 0);
    ck_assert_msg(strstr(log, mounted) && !strstr(log, "\ncp "), "%s", log);
    /* An engine that does not see the probe gets a copy, in a container without the mount. */
    put_engine(directory, architecture, probe);
    ck_assert_int_eq(start_container(directory, "/", &other, &err), 0);
    const char *second = strstr(strstr(other, "create ") + 1, "\ncreate ");
    ck_assert_msg(second && !strstr(second, mounted) && strstr(second, copied), "%s", other);
}

START_TEST(a_missing_repository_is_no_missing_probe)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char directory[] = "/tmp/build-mem-test-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(directory));
    char *old CLEANUP(cleanup_free) = xstrdup(getenv("PATH")), *text CLEANUP(cleanup_free);
    char *path CLEANUP(cleanup_free) = xasprintf("%s:%s", directory, old);
    setenv("PATH", path, 1);
    put_engine(directory, "amd64", "/\\\"");
    ck_assert_int_eq(start_container(directory, "/", &text, &err), -1);
    ck_assert_msg(!strstr(strstr(text, "create ") + 1, "\ncreate "), "%s", text);
    setenv("PATH", old, 1);
    char *remove CLEANUP(cleanup_free) = xasprintf("rm -r %s", directory);
    ck_assert_int_eq(system(remove), 0);
}
END_TEST

/* Of Docker and Podman, for the repository /r/a b. */
static const struct {
    const char *message;
    bool is_repository;
} unseen[] = {
    {"Error response from daemon: invalid mount config for type \"bind\": bind source path does "
     "not "
     "exist: /r/a b",
     true},
    {"docker: Error response from daemon: bind source path does not exist: /r/a b.", true},
    {"Error: statfs /r/a b: no such file or directory", true},
    {"Error: statfs /r/a b/c: no such file or directory", false},
    {"Error: statfs /r/a b.d: no such file or directory", false},
    {"Error: statfs /q/r/a b: no such file or directory", false},
    {"Error: statfs /q/r/a b and /r/a b: no such file or directory", true},
    {"Error: statfs /r/a b: permission denied", false},
};

START_TEST(a_missing_repository_is_explained)
{
    char directory[] = "/tmp/build-mem-test-XXXXXX";
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    ck_assert_ptr_nonnull(mkdtemp(directory));
    char *old CLEANUP(cleanup_free) = xstrdup(getenv("PATH")), *log CLEANUP(cleanup_free);
    char *path CLEANUP(cleanup_free) = xasprintf("%s:%s", directory, old);
    char *program CLEANUP(cleanup_free) = xasprintf("%s/docker", directory);
    FILE *script = fopen(program, "w");
    ck_assert_ptr_nonnull(script);
    fprintf(script, "#!/bin/sh\necho \"$*\" >>%s/log\necho '%s' >&2\nexit 1\n", directory,
            unseen[_i].message);
    fclose(script);
    ck_assert_int_eq(chmod(program, 0755), 0);
    setenv("PATH", path, 1);
    ck_assert_int_eq(start_container(directory, "/r/a b", &log, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, unseen[_i].message));
    ck_assert_msg(!strstr(err.message, "on both sides") != unseen[_i].is_repository, "%s",
                  err.message);
    setenv("PATH", old, 1);
    char *remove CLEANUP(cleanup_free) = xasprintf("rm -r %s", directory);
    ck_assert_int_eq(system(remove), 0);
}
END_TEST

START_TEST(a_container_gets_the_probe_of_its_image)
{
    char directory[] = "/tmp/build-mem-test-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(directory));
    char *foreign CLEANUP(cleanup_free) = xasprintf("%s/probe-aarch64", directory);
    char *old CLEANUP(cleanup_free) = xstrdup(getenv("PATH"));
    char *path CLEANUP(cleanup_free) = xasprintf("%s:%s", directory, old);
    setenv("PATH", path, 1);
    expect_probe(directory, "arm64", "probe"); /* there is no other one */
    FILE *file = fopen(foreign, "w");
    ck_assert_ptr_nonnull(file);
    fclose(file);
    expect_probe(directory, "arm64", "probe-aarch64");
    expect_probe(directory, "amd64", "probe");
    expect_probe(directory, "riscv64", "probe");
    setenv("PATH", old, 1);
    char *remove CLEANUP(cleanup_free) = xasprintf("rm -r %s", directory);
    ck_assert_int_eq(system(remove), 0);
}
END_TEST

/* Lets the engine docker ask the program, a shell script. Asserts the result, and the option of the
 * next container, or a part of the reason. */
static void expect_answers(const char *script, int result, const char *expected)
{
    char directory[] = "/tmp/build-mem-test-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(directory));
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *program CLEANUP(cleanup_free) = xasprintf("%s/docker", directory);
    char *remove CLEANUP(cleanup_free) = xasprintf("rm -r %s", directory);
    char *old CLEANUP(cleanup_free) = xstrdup(getenv("PATH"));
    char *path CLEANUP(cleanup_free) = xasprintf("%s:%s", directory, old);
    bool silent = true;
    FILE *file = fopen(program, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "#!/bin/sh\necho \"$*\" >>%s/log\n%s\n", directory, script);
    fclose(file);
    ck_assert_int_eq(chmod(program, 0755), 0);
    setenv("PATH", path, 1);
    ck_assert_int_eq(engine_docker.usable(&engine_docker, &silent, &err), result);
    ck_assert(!silent);
    if (result < 0) {
        ck_assert_msg(strstr(err.message, expected) != NULL, "%s", err.message);
    } else {
        char *text CLEANUP(cleanup_free);
        ck_assert_int_eq(start_container(directory, "/", &text, &err), 0);
        ck_assert_msg(strstr(text, expected) != NULL, "%s", text);
        ck_assert_ptr_null(strstr(text, "info"));
    }
    setenv("PATH", old, 1);
    ck_assert_int_eq(system(remove), 0);
}

START_TEST(docker_is_asked_once)
{
    char *own CLEANUP(cleanup_free) =
        xasprintf(" --user=%u:%u --security-opt", (unsigned)getuid(), (unsigned)getgid());
    expect_answers("case $1 in info) echo '20.10.24 [\"name=userns\"]' ;; version) exit 1 ;; esac",
                   0, " --userns=host ");
    expect_answers("case $1 in info) echo '20.10.24 null' ;; esac", 0, own);
    /* A proxy that filters the API. */
    expect_answers("case $1 in info) echo ' null'; echo 403 >&2; exit 1 ;; version) echo 1 ;; esac",
                   0, own);
    expect_answers("case $1 in info | version) echo no daemon >&2; exit 1 ;; esac", -1,
                   "docker version: no daemon");
    /* It must not wait for the answer of Podman to a question for Docker. */
    expect_answers("case $1 in info) sleep 600 ;; --version) echo podman version 4.3.1 ;; esac", -1,
                   DOCKER_IS_PODMAN);
}
END_TEST

static int capture(const char *script, int64_t timeout_ms, struct captured *captured,
                   struct bm_error *err)
{
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, xstrdup(script), NULL};
    int result = child_capture(argv, timeout_ms, captured, err);
    free(argv[2]);
    return result;
}

START_TEST(capture_returns_output_and_status)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct captured captured CLEANUP(captured_release) = {0};
    ck_assert_int_eq(capture("echo out; echo err >&2; exit 3", 10000, &captured, &err), 0);
    ck_assert_int_eq(captured.exit_status, 3);
    ck_assert_str_eq(captured.output, "out\n");
    ck_assert_str_eq(captured.diagnostics, "err");
    captured_release(&captured);
    ck_assert_int_eq(capture("kill -9 $$", 10000, &captured, &err), 0);
    ck_assert_int_eq(captured.exit_status, 128 + 9);
    captured_release(&captured);
    ck_assert_int_eq(capture("sleep 600", 50, &captured, &err), -1);
    char *argv[] = {(char[]){"/there/is/no/such"}, NULL};
    ck_assert_int_eq(child_capture(argv, 1000, &captured, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "/there/is/no/such"));
}
END_TEST

static void note_wait(void *context, int64_t elapsed_ms)
{
    int64_t *last_ms = context;
    ck_assert_int_ge(elapsed_ms, *last_ms);
    *last_ms = elapsed_ms;
}

START_TEST(a_slow_command_is_announced)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct captured captured CLEANUP(captured_release) = {0};
    char *argv[] = {(char[]){"sleep"}, (char[]){"1.1"}, NULL};
    int64_t last_ms = -1;
    ck_assert_int_eq(child_capture_slow(argv, 30000, note_wait, &last_ms, &captured, &err), 0);
    ck_assert_int_ge(last_ms, 1000);
}
END_TEST

/* Makes a file of `length` bytes. */
static void put(const char *directory, const char *name, size_t length)
{
    char *path CLEANUP(cleanup_free) = xasprintf("%s/%s", directory, name);
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    for (size_t i = 0; i < length; i++)
        fputc('x', out);
    fclose(out);
}

START_TEST(a_warm_run_reads_the_workspace_and_nothing_else)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct captured captured CLEANUP(captured_release) = {0};
    struct page_cache cache CLEANUP(page_cache_release) = {0};
    char repo[] = "/tmp/build-mem-test-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(repo));
    char *out CLEANUP(cleanup_free) = xasprintf("%s/out", repo);
    char *script CLEANUP(cleanup_free) = xasprintf(
        "cd %s && mkdir -p deep/er .git out deep/.git && mkfifo pipe && ln -s /usr/bin all && "
        "ln -s ../source deep/link",
        repo);
    ck_assert_int_eq(capture(script, 10000, &captured, &err), 0);
    ck_assert_int_eq(captured.exit_status, 0);
    put(repo, "source", 1);
    put(repo, "deep/er/large", (3 << 20) + 10);
    put(repo, ".git/pack", 100);
    put(repo, "deep/.git/pack", 1000);
    put(repo, "out/log", 10000);

    ck_assert_msg(page_cache_prepare(&cache, CACHE_WARM, repo, out, &err) == 0, "%s", err.message);
    ck_assert_int_eq(cache.workspace_bytes, (3 << 20) + 11);
    ck_assert_ptr_null(cache.shortfall);
    ck_assert_int_gt(cache.left_bytes, 0);

    captured_release(&captured);
    char *rm CLEANUP(cleanup_free) = xasprintf("rm -r %s", repo);
    ck_assert_int_eq(capture(rm, 10000, &captured, &err), 0);
}
END_TEST

static void warm_image(struct page_cache *cache, const char *script)
{
    char *copy CLEANUP(cleanup_free) = xstrdup(script);
    page_cache_warm_image(cache, (char *[]){(char[]){"sh"}, (char[]){"-c"}, copy, NULL});
}

START_TEST(an_image_is_read_within_the_budget)
{
    struct page_cache cache CLEANUP(page_cache_release) = {.left_bytes = 4 * MIB};
    warm_image(&cache, "head -c 3145728 /dev/zero");
    ck_assert_int_eq(cache.image_bytes, 3 * MIB);
    ck_assert_ptr_null(cache.shortfall);
    warm_image(&cache, "cat /dev/zero");
    ck_assert_int_eq(cache.image_bytes, 4 * MIB);
    ck_assert_ptr_nonnull(strstr(cache.shortfall, "stopped at half"));

    page_cache_release(&cache);
    cache.left_bytes = MIB;
    warm_image(&cache, "echo part; exit 1");
    ck_assert_ptr_nonnull(strstr(cache.shortfall, "did not print all files"));
}
END_TEST

START_TEST(the_scope_of_a_process_is_recognised)
{
    static const char name[] = "build-mem-312-21996-4545659d34880d25-1";
    static const char app[] = "0::/user.slice/user-1000.slice/user@1000.service/app.slice";
    char *in CLEANUP(cleanup_free) = xasprintf("%s/%s.scope\n", app, name);
    char *below CLEANUP(cleanup_free) =
        xasprintf("12:cpu:/\n%s/%s.scope/%s-runner\n", app, name, name);
    char *beside CLEANUP(cleanup_free) = xasprintf("%s/%s.scope.d\n", app, name);
    char *named CLEANUP(cleanup_free) = xasprintf("1:name=systemd:/%s.scope\n0::/\n", name);
    ck_assert(user_scope_contains(in, name));
    ck_assert(user_scope_contains(below, name));
    ck_assert(!user_scope_contains(beside, name));
    ck_assert(!user_scope_contains(named, name)); /* of the hierarchy that has no controllers */
    ck_assert(!user_scope_contains("0::/user.slice/user-1000.slice/session-c1.scope\n", name));
    ck_assert(!user_scope_contains("", name));
}
END_TEST

/* Writes a busctl that runs the script, and makes it the only program in PATH. */
static void fake_busctl(const char *directory, const char *script)
{
    char *path CLEANUP(cleanup_free) = xasprintf("%s/busctl", directory);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "#!/bin/sh\n%s\n", script);
    fclose(file);
    ck_assert_int_eq(chmod(path, 0755), 0);
    ck_assert_int_eq(setenv("PATH", directory, 1), 0);
}

START_TEST(a_service_manager_that_makes_no_scope_is_reported)
{
    char directory[] = "/tmp/build-mem-test-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(directory));
    char *path CLEANUP(cleanup_free) = xasprintf("%s/busctl", directory);
    char *socket CLEANUP(cleanup_free) = xasprintf("/run/user/%u/bus", (unsigned)geteuid());
    const struct {
        const char *script, *runtime, *mentions;
    } cases[] = {
        {"echo Permission denied >&2; exit 1", directory, "Permission denied"},
        {"exit 1", directory, "busctl failed"},
        {"exit 1", "", access(socket, F_OK) < 0 ? socket : "busctl failed"},
        {NULL, directory, "busctl"},
    };
    unsetenv("DBUS_SESSION_BUS_ADDRESS");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
        if (cases[i].script)
            fake_busctl(directory, cases[i].script);
        else
            ck_assert_int_eq(unlink(path), 0);
        setenv("XDG_RUNTIME_DIR", cases[i].runtime, 1);
        ck_assert_int_eq(user_scope_enter("build-mem-1-2-3-4", &err), -1);
        ck_assert_msg(strstr(err.message, cases[i].mentions) != NULL, "%s", err.message);
    }
    rmdir(directory);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine");
    TCase *all = tcase_create("all");
    tcase_add_test(all, inspect_output);
    tcase_add_test(all, a_name_shows_whether_its_runner_is_dead);
    tcase_add_test(all, probe_arguments);
    tcase_add_test(all, a_container_can_read_the_repository_under_selinux);
    tcase_add_test(all, the_limits_of_a_cgroup_as_text);
    tcase_add_test(all, podman_under_the_name_docker);
    tcase_add_test(all, the_user_mapping_of_docker);
    tcase_add_test(all, files_of_a_container_belong_to_the_user);
    tcase_add_test(all, a_container_gets_the_probe_of_its_image);
    tcase_add_test(all, docker_is_asked_once);
    tcase_add_test(all, a_missing_repository_is_no_missing_probe);
    tcase_add_loop_test(all, a_missing_repository_is_explained, 0,
                        (int)(sizeof unseen / sizeof *unseen));
    tcase_add_test(all, capture_returns_output_and_status);
    tcase_add_test(all, a_slow_command_is_announced);
    tcase_add_test(all, a_warm_run_reads_the_workspace_and_nothing_else);
    tcase_add_test(all, an_image_is_read_within_the_budget);
    tcase_add_test(all, the_scope_of_a_process_is_recognised);
    tcase_add_test(all, a_service_manager_that_makes_no_scope_is_reported);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
