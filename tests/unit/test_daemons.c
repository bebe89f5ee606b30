/* Daemons and the commands that ask them: recognised by the command line, and no other ones are.
 * Processes of this machine: their CPU time, and which of them are outside of the build. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/units.h"
#include "engine/daemon_watch.h"
#include "engine/known_daemons.h"
#include "unit/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define GRADLE "org.gradle.launcher.daemon.bootstrap.GradleDaemon"
/* Few people run it: a test that finds none must not find theirs. */
#define MVND "org.mvndaemon.mvnd.common.MavenDaemon"
#define KOTLIN "org.jetbrains.kotlin.daemon.KotlinCompileDaemon"

/* ---- processes ---- */

/* The arguments are separated by '|'. */
static const struct {
    const char *arguments;
    enum daemon_id daemon;
} processes[] = {
    {"/usr/lib/jvm/17/bin/java|-Xmx512m|-cp|/g/gradle-launcher-8.5.jar|" GRADLE "|8.5",
     DAEMON_GRADLE},
    {"java|-cp|/k/kotlin-compiler.jar|-Djava.awt.headless=true|" KOTLIN "|--daemon-runFilesPath|/x",
     DAEMON_KOTLIN},
    {"java|-classpath|/m/mvnd-common.jar|org.mvndaemon.mvnd.common.MavenDaemon", DAEMON_MVND},
    {"java|-cp|/m.jar|org.mvndaemon.mvnd.daemon.Server", DAEMON_MVND},
    {"bazel(project)|--add-opens=java.base/java.nio=ALL-UNNAMED|-jar|/i/A-server.jar",
     DAEMON_BAZEL},
    {"buck2d[project]|--isolation-dir|v2|daemon|{}", DAEMON_BUCK2},
    {"pantsd [/home/me/project]", DAEMON_PANTS},
    {"/usr/bin/node|/w/node_modules/nx/src/daemon/server/start.js", DAEMON_NX},
    {"node|--conditions|x|/w/node_modules/nx/dist/src/daemon/server/start.js|quiet", DAEMON_NX},
    {"/w/node_modules/turbo-linux-64/bin/turbo|--skip-infer|daemon", DAEMON_TURBO},
    {"turbo|daemon|--idle-time|4h0m0s", DAEMON_TURBO},
    {"/usr/share/dotnet/dotnet|exec|/s/Roslyn/bincore/VBCSCompiler.dll|-pipename:4y2S0",
     DAEMON_DOTNET},
    {"/s/Roslyn/bincore/VBCSCompiler|-pipename:4y2S0", DAEMON_DOTNET},
    {"/usr/share/dotnet/dotnet|/s/MSBuild.dll|/nologo|/nodemode:1|/nodeReuse:true|/low:false",
     DAEMON_DOTNET},
    {"/home/me/.cargo/bin/sccache", DAEMON_SCCACHE},
    {"/usr/bin/watchman|--foreground|--logfile=/x", DAEMON_WATCHMAN},
    {"/usr/bin/dockerd|-H|fd://", DAEMON_DOCKER},
    {"buildkitd|--addr|tcp://0.0.0.0:1234", DAEMON_DOCKER},
    {"/usr/bin/containerd-shim-runc-v2|-namespace|moby|-id|f00", DAEMON_DOCKER},
    {"/usr/bin/conmon|--api-version|1", DAEMON_PODMAN},
    {"nix-daemon|--daemon", DAEMON_NIX},
    {"/nix/store/x/bin/nix|daemon", DAEMON_NIX},
    /* a title in one argument, and NULs behind it */
    {"java -cp x " GRADLE " 8.5", DAEMON_GRADLE},
    {"java -cp x " GRADLE "|600", DAEMON_GRADLE},
    {"pantsd [/w]||||", DAEMON_PANTS},
    /* false friends */
    {"vim|gradle.properties", DAEMON_IDS},
    {"grep|GradleDaemon", DAEMON_IDS},
    {"pgrep|-f|" GRADLE, DAEMON_IDS},
    {"bash|-c|java " GRADLE, DAEMON_IDS},
    {"java|-jar|app.jar|--main=" GRADLE, DAEMON_IDS},
    {"java|-cp|gradle-wrapper.jar|org.gradle.wrapper.GradleWrapperMain|build", DAEMON_IDS},
    {"java|-cp|/m.jar|org.mvndaemon.mvnd.client.DefaultClient", DAEMON_IDS},
    {"less|/w/node_modules/nx/src/daemon/server/start.js", DAEMON_IDS},
    {"node|/w/node_modules/.bin/nx|daemon", DAEMON_IDS},
    {"node|/w/src/daemon/server/start.js", DAEMON_IDS},
    {"turbo|run|build", DAEMON_IDS},
    {"turbo|run|daemon", DAEMON_IDS},
    {"turbo|daemon|status", DAEMON_IDS},
    {"sccache|rustc|-vV", DAEMON_IDS},
    {"sccache|--start-server", DAEMON_IDS},
    {"watchman|watch-list", DAEMON_IDS},
    {"dotnet|build", DAEMON_IDS},
    {"bazel|build|//...", DAEMON_IDS},
    {"buck2|build|//...", DAEMON_IDS},
    {"docker|build|.", DAEMON_IDS},
    {"nix|build", DAEMON_IDS},
    {"", DAEMON_IDS},
    {"|||", DAEMON_IDS},
};

static enum daemon_id daemon_of(const char *arguments)
{
    char *cmdline CLEANUP(cleanup_free) = xstrdup(arguments);
    size_t length = strlen(cmdline);
    for (char *at = cmdline; *at; at++)
        *at = *at == '|' ? '\0' : *at;
    /* The last argument ends with NUL, too. */
    for (size_t i = 0; i < length; i++)
        cmdline[i] = arguments[i] == '|' ? '\0' : arguments[i];
    return daemon_of_process(cmdline, length + 1);
}

START_TEST(daemons_are_recognised)
{
    enum daemon_id is = daemon_of(processes[_i].arguments);
    ck_assert_msg(is == processes[_i].daemon, "%s: %d instead of %d", processes[_i].arguments, is,
                  processes[_i].daemon);
}
END_TEST

START_TEST(a_cut_command_line_is_no_daemon)
{
    ck_assert_int_eq(daemon_of_process("java", 0), DAEMON_IDS);
    ck_assert_int_eq(daemon_of_process("java", 4), DAEMON_IDS);
    ck_assert_int_eq(daemon_of_process("dockerdX", 7), DAEMON_DOCKER);
}
END_TEST

/* ---- commands ---- */

static const struct {
    const char *script; /* of sh -c */
    const char *client; /* "docker build"; NULL: none */
    enum daemon_id daemon;
} commands[] = {
    {"docker build .", "docker build", DAEMON_DOCKER},
    {"npm ci && docker build -t app .", "docker build", DAEMON_DOCKER},
    {"(cd app; /usr/bin/docker  --context=x image build .)", "docker build", DAEMON_DOCKER},
    {"docker --context remote build .", "docker build", DAEMON_DOCKER},
    {"sudo -u me docker buildx bake", "docker bake", DAEMON_DOCKER},
    {"DOCKER_BUILDKIT=1 docker build .", "docker build", DAEMON_DOCKER},
    {"env A='b c' timeout -k 5 10m docker run image make", "docker run", DAEMON_DOCKER},
    {"if true; then docker-compose -f x.yml up; fi", "docker-compose up", DAEMON_DOCKER},
    {"docker compose -f x.yml build", "docker build", DAEMON_DOCKER},
    {"bash -lc 'set -e\n docker build .'", "docker build", DAEMON_DOCKER},
    {"buildctl --addr tcp://x build --frontend y", "buildctl build", DAEMON_DOCKER},
    {"x=$(docker run image)", "docker run", DAEMON_DOCKER},
    {"podman build .", "podman build", DAEMON_PODMAN},
    {"buildah bud -t x", "buildah bud", DAEMON_PODMAN},
    {"nix build .#app", "nix build", DAEMON_NIX},
    {"nix --extra-experimental-features flakes flake check", "nix check", DAEMON_NIX},
    {"nix-build", "nix-build", DAEMON_NIX},
    {"bazel --nohome_rc build //...", "bazel build", DAEMON_BAZEL},
    {"./gradlew assemble", "gradlew", DAEMON_GRADLE},
    {"gradle", "gradle", DAEMON_GRADLE},
    {"time ./mvnd verify", "mvnd", DAEMON_MVND},
    {"buck2 test //...", "buck2 test", DAEMON_BUCK2},
    {"./pants package ::", "pants", DAEMON_PANTS},
    /* none */
    {"echo docker build .", NULL, DAEMON_IDS},
    {"grep docker build.log", NULL, DAEMON_IDS},
    {"echo 'docker build .'", NULL, DAEMON_IDS},
    {"make # && docker build .", NULL, DAEMON_IDS},
    {"docker ps; docker images build", NULL, DAEMON_IDS},
    {"docker buildx ls", NULL, DAEMON_IDS},
    {"docker-build .", NULL, DAEMON_IDS},
    {"vim gradle.properties", NULL, DAEMON_IDS},
    {"nix develop -c make", NULL, DAEMON_IDS},
    {"bazel info", NULL, DAEMON_IDS},
    {"./gradlew --stop", NULL, DAEMON_IDS},
    {"'docker build'", NULL, DAEMON_IDS},
    {"npm run docker", NULL, DAEMON_IDS},
    /* the daemon is disabled */
    {"./gradlew --no-daemon assemble", NULL, DAEMON_IDS},
    {"gradle -Dorg.gradle.daemon=false build", NULL, DAEMON_IDS},
    {"bazel --batch build //...", NULL, DAEMON_IDS},
    {"buck2 build --no-buckd //...", NULL, DAEMON_IDS},
    {"BUILDAH_ISOLATION=chroot podman build .", NULL, DAEMON_IDS},
    {"podman build --isolation=chroot .", NULL, DAEMON_IDS},
    /* broken scripts */
    {"docker build 'x", "docker build", DAEMON_DOCKER},
    {"\\", NULL, DAEMON_IDS},
    {"", NULL, DAEMON_IDS},
    {";;&&||", NULL, DAEMON_IDS},
};

START_TEST(commands_that_ask_a_daemon)
{
    struct strv command CLEANUP(strv_release) = {0};
    strv_push(&command, "sh");
    strv_push(&command, "-c");
    strv_push(&command, commands[_i].script);
    struct daemon_client client = daemon_client_in_command(&command);
    ck_assert_msg(client.daemon == commands[_i].daemon, "%s", commands[_i].script);
    ck_assert_msg((client.name == NULL) == (commands[_i].client == NULL), "%s",
                  commands[_i].script);
    if (client.name)
        ck_assert_str_eq(client.name, commands[_i].client);
    free(client.name);
}
END_TEST

START_TEST(a_command_without_a_shell)
{
    struct strv command CLEANUP(strv_release) = {0};
    ck_assert_int_eq(daemon_client_in_command(&command).daemon, DAEMON_IDS);
    strv_push(&command, "docker");
    ck_assert_int_eq(daemon_client_in_command(&command).daemon, DAEMON_IDS);
    strv_push(&command, "build");
    struct daemon_client client = daemon_client_in_command(&command);
    ck_assert_str_eq(client.name, "docker build");
    ck_assert(!client.starts_daemon);
    free(client.name);
    /* As the probe sends it. */
    client = daemon_client_in_process("/usr/bin/docker build -t app .");
    ck_assert_str_eq(client.name, "docker build");
    free(client.name);
    ck_assert_int_eq(daemon_client_in_process("make docker build").daemon, DAEMON_IDS);
    ck_assert_int_eq(daemon_client_in_process("").daemon, DAEMON_IDS);
}
END_TEST

START_TEST(scripts_in_scripts_end)
{
    struct strv command CLEANUP(strv_release) = {0};
    strv_push(&command, "sh");
    strv_push(&command, "-c");
    strv_push(&command, "sh -c \"sh -c \\\"docker build .\\\"\"");
    struct daemon_client client = daemon_client_in_command(&command);
    ck_assert_str_eq(client.name, "docker build");
    free(client.name);
}
END_TEST

START_TEST(variables_disable_a_daemon)
{
    struct strv command CLEANUP(strv_release) = {0}, env CLEANUP(strv_release) = {0};
    strv_push(&command, "sh");
    strv_push(&command, "-c");
    strv_push(&command, "cd x && ./gradlew \"--no-daemon\" build");
    strv_push(&env, "NX_DAEMON=false");
    ck_assert(daemon_is_disabled(DAEMON_GRADLE, &command, &env));
    ck_assert(daemon_is_disabled(DAEMON_NX, &command, &env));
    ck_assert(!daemon_is_disabled(DAEMON_KOTLIN, &command, &env));
    strv_push(&env, "GRADLE_OPTS=-Xmx1g -Pkotlin.compiler.execution.strategy=in-process");
    ck_assert(daemon_is_disabled(DAEMON_KOTLIN, &command, &env));
    for (int id = 0; id < DAEMON_IDS; id++) {
        ck_assert_ptr_nonnull(known_daemons[id].name);
        ck_assert_ptr_nonnull(known_daemons[id].fix);
    }
}
END_TEST

/* ---- processes of this machine ---- */

static const struct engine *const host = &engine_host;

/* Starts a process that is called like a daemon. It ends with this test, or after a minute. */
static pid_t start_daemon(const char *script, const char *argument)
{
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "java", "-c", script, "sh", argument, NULL);
        _exit(127);
    }
    for (int i = 0; i < 200; i++) {
        char path[64], text[256] = "";
        snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
        FILE *file = fopen(path, "r");
        size_t got = file ? fread(text, 1, sizeof text - 1, file) : 0;
        if (file)
            fclose(file);
        if (got && strcmp(text, "java") == 0)
            break;
        sleep_ms(10);
    }
    return pid;
}

static void end_daemon(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static const struct found_daemon *find(const struct found_daemon *found, size_t count,
                                       enum daemon_id id)
{
    for (size_t i = 0; i < count; i++)
        if (found[i].id == id)
            return &found[i];
    return NULL;
}

/* The watch takes the processes of the runner for the build's. A process of another parent is
 * outside, so the watch runs in a child. Returns its CPU time, or -2 if none was found. */
static int64_t watch_in_child(void (*during)(struct daemon_watch *watch), enum daemon_id id)
{
    int64_t result = -2;
    int pipes[2];
    ck_assert_int_eq(pipe(pipes), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct daemon_watch watch;
        struct found_daemon found[DAEMON_IDS];
        struct strv none = {0};
        struct cgroup unknown = {0};
        daemon_watch_open(&watch, host, &(struct engine_spec){.command = &none, .env = &none});
        daemon_watch_begin(&watch, &unknown);
        during(&watch);
        daemon_watch_look(&watch);
        size_t count = daemon_watch_found(&watch, found);
        const struct found_daemon *daemon = find(found, count, id);
        if (daemon)
            result = daemon->cpu_ms;
        daemon_watch_release(&watch);
        (void)!write(pipes[1], &result, sizeof result);
        _exit(0);
    }
    ck_assert_int_eq(read(pipes[0], &result, sizeof result), sizeof result);
    waitpid(pid, NULL, 0);
    close(pipes[0]);
    close(pipes[1]);
    return result;
}

static void nothing(struct daemon_watch *watch)
{
    (void)watch;
}

START_TEST(an_idle_daemon_is_found)
{
    pid_t daemon = start_daemon("kill -STOP $$", GRADLE);
    ck_assert_int_ge(watch_in_child(nothing, DAEMON_GRADLE), 0);
    ck_assert_int_eq(watch_in_child(nothing, DAEMON_MVND), -2);
    end_daemon(daemon);
}
END_TEST

/* Until the children of the daemon have used 300 ms of CPU time; then ends them. */
static pid_t worker;
static void wait_for_work(struct daemon_watch *watch)
{
    for (int i = 0; i < 2000; i++) {
        struct found_daemon found[DAEMON_IDS];
        daemon_watch_look(watch);
        size_t count = daemon_watch_found(watch, found);
        const struct found_daemon *daemon = find(found, count, DAEMON_KOTLIN);
        if (daemon && daemon->cpu_ms >= 300)
            break;
        sleep_ms(10);
    }
    kill(worker, SIGKILL);
    while (kill(worker, 0) == 0) /* the parent reaps it */
        sleep_ms(10);
}

/* The children of a daemon work, and it ends before the build does. */
START_TEST(the_work_of_a_daemon_that_ends_counts)
{
    signal(SIGCHLD, SIG_IGN);
    worker = start_daemon("while kill -0 $$ 2>/dev/null; do :; done & wait", KOTLIN);
    ck_assert_int_ge(watch_in_child(wait_for_work, DAEMON_KOTLIN), 300);
    signal(SIGCHLD, SIG_DFL);
}
END_TEST

START_TEST(processes_of_the_build_are_not_outside)
{
    struct daemon_watch watch;
    struct found_daemon found[DAEMON_IDS];
    struct strv none = {0};
    pid_t daemon = start_daemon("kill -STOP $$", MVND);
    daemon_watch_open(&watch, host, &(struct engine_spec){.command = &none, .env = &none});
    size_t count = daemon_watch_found(&watch, found);
    ck_assert_ptr_null(find(found, count, DAEMON_MVND));
    daemon_watch_release(&watch);
    end_daemon(daemon);
}
END_TEST

START_TEST(a_container_reaches_no_process_of_this_machine)
{
    struct daemon_watch watch;
    struct found_daemon found[DAEMON_IDS];
    struct strv none = {0}, command CLEANUP(strv_release) = {0};
    struct engine_spec spec = {.command = &command, .env = &none};
    strv_push(&command, "./gradlew");
    daemon_watch_open(&watch, &engine_docker, &spec);
    ck_assert_uint_eq(daemon_watch_found(&watch, found), 0);
    /* A process of the build asks a daemon, wherever it is. */
    daemon_watch_client(&watch, "docker build .");
    daemon_watch_client(&watch, "docker run x");
    daemon_watch_poll(&watch);
    ck_assert_uint_eq(daemon_watch_found(&watch, found), 1);
    ck_assert_int_eq(found[0].id, DAEMON_DOCKER);
    ck_assert_str_eq(found[0].asked_by, "docker build");
    ck_assert_int_eq(found[0].processes, 0);
    ck_assert_int_eq(found[0].cpu_ms, UNMEASURED);
    daemon_watch_release(&watch);
    daemon_watch_open(&watch, host, &spec);
    ck_assert_ptr_nonnull(find(found, daemon_watch_found(&watch, found), DAEMON_GRADLE));
    daemon_watch_release(&watch);
    /* The build inherits the variables of the runner. */
    setenv("GRADLE_OPTS", "-Dorg.gradle.daemon=false", 1);
    daemon_watch_open(&watch, host, &spec);
    ck_assert_ptr_null(find(found, daemon_watch_found(&watch, found), DAEMON_GRADLE));
    daemon_watch_release(&watch);
    unsetenv("GRADLE_OPTS");
}
END_TEST

static pid_t start_of_other_user(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (setuid(65534) < 0)
            _exit(1);
        execl("/bin/sh", "java", "-c", "kill -STOP $$", "sh", MVND, NULL);
        _exit(127);
    }
    sleep_ms(300);
    return pid;
}

START_TEST(a_daemon_of_another_user_is_not_reported)
{
    if (geteuid() != 0)
        return;
    pid_t daemon = start_of_other_user();
    ck_assert_int_eq(watch_in_child(nothing, DAEMON_MVND), -2);
    end_daemon(daemon);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("daemons");
    TCase *tables = tcase_create("tables");
    tcase_add_loop_test(tables, daemons_are_recognised, 0, sizeof processes / sizeof *processes);
    tcase_add_loop_test(tables, commands_that_ask_a_daemon, 0, sizeof commands / sizeof *commands);
    suite_add_tcase(suite, tables);
    TCase *rest = tcase_create("rest");
    tcase_set_timeout(rest, 60);
    tcase_add_test(rest, a_cut_command_line_is_no_daemon);
    tcase_add_test(rest, a_command_without_a_shell);
    tcase_add_test(rest, scripts_in_scripts_end);
    tcase_add_test(rest, variables_disable_a_daemon);
    tcase_add_test(rest, an_idle_daemon_is_found);
    tcase_add_test(rest, the_work_of_a_daemon_that_ends_counts);
    tcase_add_test(rest, processes_of_the_build_are_not_outside);
    tcase_add_test(rest, a_container_reaches_no_process_of_this_machine);
    tcase_add_test(rest, a_daemon_of_another_user_is_not_reported);
    suite_add_tcase(suite, rest);
    return run_suite(suite);
}
