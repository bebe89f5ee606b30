/* The engines docker and podman: their command lines accept the same arguments. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/trace.h"
#include "base/units.h"
#include "engine/engine.h"
#include "proc/proc.h"
#include "wire/wire.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REPO_IN_CONTAINER "/work"
#define PROBE_IN_CONTAINER "/build-mem-probe"
#define LABEL "build-mem.run"

/* Timeouts of commands; create can have to pull an image. */
#define VERSION_MS 15000
#define ANSWER_MS 60000
#define PULL_MS (INT64_C(30) * 60000)

/* The standard error of the CLI ends with the reason. */
static const char *last_line(const char *text)
{
    const char *newline = strrchr(text, '\n');
    return newline ? newline + 1 : text;
}

static int expect_success(const struct engine *engine, const struct strv *arguments,
                          const struct captured *captured, struct bm_error *err)
{
    if (captured->exit_status == 0)
        return 0;
    return bm_error_set(err, "%s %s: %s", engine->name, arguments->items[0],
                        *captured->diagnostics ? last_line(captured->diagnostics)
                                               : "failed without a message");
}

/* Runs the CLI. Returns -1 if it could not run, timed out or failed. */
static int command(const struct engine *engine, const struct strv *arguments, int64_t timeout_ms,
                   struct captured *captured, struct bm_error *err)
{
    struct strv argv CLEANUP(strv_release) = {0};
    strv_push(&argv, engine->name);
    strv_push_all(&argv, arguments);
    if (child_capture(argv.items, timeout_ms, captured, err) < 0)
        return -1;
    return expect_success(engine, arguments, captured, err);
}

#define WORDS(...) words((const char *const[]){__VA_ARGS__, NULL})
static struct strv words(const char *const *list)
{
    struct strv result = {0};
    for (; *list; list++)
        strv_push(&result, *list);
    return result;
}

bool is_podman(const char *version)
{
    static const char *const starts[] = {"podman", "docker version"};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (strncmp(version, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

/* The value of --mount is a line of CSV: quotes in a path are doubled. */
static char *csv_quotes(const char *path)
{
    char *escaped = xcalloc(2, strlen(path) + 1), *to = escaped;
    for (; *path; path++) {
        if (*path == '"')
            *to++ = '"';
        *to++ = *path;
    }
    return escaped;
}

static void push_read_only(const char *source, const char *target, struct strv *arguments)
{
    char *from CLEANUP(cleanup_free) = csv_quotes(source);
    char *to CLEANUP(cleanup_free) = csv_quotes(target);
    strv_push(arguments, "--mount");
    strv_pushf(arguments, "type=bind,\"source=%s\",\"target=%s\",readonly", from, to);
}

/* The repository comes first: if the engine sees neither, its message names the repository. */
static void push_mounts(const struct engine_spec *spec, const char *probe, struct strv *arguments)
{
    char *repo CLEANUP(cleanup_free) = csv_quotes(spec->repo);
    strv_push(arguments, "--mount");
    strv_pushf(arguments, "type=bind,\"source=%s\",target=" REPO_IN_CONTAINER, repo);
    if (spec->git_common) /* the worktree names it by its path on this machine */
        push_read_only(spec->git_common, spec->git_common, arguments);
    if (probe)
        push_read_only(probe, PROBE_IN_CONTAINER, arguments);
}

/* Source of the condition of Docker: docs.docker.com/engine/security/rootless, "Limiting
 * resources".
 */
const char *engine_fix_of_shared_cgroup(const struct engine *engine)
{
    return engine == &engine_docker ? "start rootless Docker with systemctl --user, on a machine "
                                      "with cgroup v2"
                                    : "set cgroups = \"enabled\" in containers.conf";
}

/* ---- users ---- */

int parse_security_options(const char *text, enum user_mapping *mapping, struct bm_error *err)
{
    struct json_document *document CLEANUP(cleanup_json_document) = json_parse(text, "info", err);
    *mapping = USERS_DIRECT;
    if (!document)
        return -1;
    if (json_is_null(json_root(document))) /* a daemon without any */
        return 0;
    if (json_expect_array(json_root(document), err) < 0)
        return -1;
    for (const struct json *item = json_first(json_root(document)); item; item = json_next(item)) {
        const char *option;
        if (json_expect_string(item, &option, err) < 0)
            return -1;
        /* An option is a list as "name=seccomp,profile=builtin". */
        size_t length = strcspn(option, ",");
        if (length == strlen("name=rootless") && strncmp(option, "name=rootless", length) == 0)
            *mapping = USERS_ROOTLESS;
        else if (length == strlen("name=userns") && strncmp(option, "name=userns", length) == 0 &&
                 *mapping == USERS_DIRECT)
            *mapping = USERS_REMAPPED;
    }
    return 0;
}

/* ---- the questions before a run ---- */

/* The answers to `usable`. To ask again would cost each run two commands. */
struct answers {
    char version[64]; /* of the engine; "": unknown */
    /* Without an answer, such as from a proxy that filters the API, the ids of the container are
     * those of this machine: the mapping that gives a build the fewest rights. */
    enum user_mapping mapping;
};
static struct answers docker_answers, podman_answers;

static struct answers *answers_of(const struct engine *engine)
{
    return engine == &engine_docker ? &docker_answers : &podman_answers;
}

/* Reads the first word. Returns the text after it. */
static const char *read_version(struct answers *answers, const char *text)
{
    size_t length = strcspn(text, " \r\n");
    snprintf(answers->version, sizeof answers->version, "%.*s", (int)length, text);
    return text + length;
}

static int check_program(const struct engine *engine, struct bm_error *err)
{
    struct strv arguments CLEANUP(strv_release) = WORDS("--version");
    struct captured captured CLEANUP(captured_release) = {0};
    if (command(engine, &arguments, VERSION_MS, &captured, err) < 0)
        return -1;
    if (engine == &engine_docker && is_podman(captured.output))
        return bm_error_set(err, DOCKER_IS_PODMAN);
    return 0;
}

static int ask_version(const struct engine *engine, struct bm_error *err)
{
    /* Podman without a service reports no server version: its client is the engine. */
    struct strv arguments CLEANUP(strv_release) =
        WORDS("version", "--format",
              engine == &engine_docker ? "{{.Server.Version}}" : "{{.Client.Version}}");
    struct captured captured CLEANUP(captured_release) = {0};
    if (command(engine, &arguments, VERSION_MS, &captured, err) < 0)
        return -1;
    (void)read_version(answers_of(engine), captured.output);
    return 0;
}

static int read_info(struct child *info, int64_t timeout_ms, struct bm_error *err)
{
    struct captured captured CLEANUP(captured_release) = {0};
    if (child_finish(info, timeout_ms, &captured, err) < 0)
        return bm_error_wrap(err, "docker info");
    const char *options = read_version(&docker_answers, captured.output);
    if (captured.exit_status != 0 || !*docker_answers.version)
        return bm_error_set(err, "docker info: %s", last_line(captured.diagnostics));
    return parse_security_options(options, &docker_answers.mapping, err);
}

/* Runs two commands at the same time: `docker info` of Podman takes long. Runs a third one, which
 * names the reason, if there is no daemon, or a proxy in front of it refuses the first. */
static int ask_docker(int64_t deadline_ms, struct bm_error *err)
{
    struct strv argv CLEANUP(strv_release) =
        WORDS("docker", "info", "--format", "{{.ServerVersion}} {{json .SecurityOptions}}");
    struct child info CLEANUP(child_release) = CHILD_NONE;
    docker_answers = (struct answers){.mapping = USERS_DIRECT};
    if (child_start(&info, argv.items, NULL, NULL, err) < 0 ||
        check_program(&engine_docker, err) < 0)
        return -1;
    if (read_info(&info, deadline_ms - monotonic_ms(), err) == 0)
        return 0;
    trace("users: the mapping is unknown: %s", err->message);
    docker_answers.mapping = USERS_DIRECT;
    if (monotonic_ms() >= deadline_ms)
        return -1;
    bm_error_release(err);
    return ask_version(&engine_docker, err);
}

static int usable(const struct engine *engine, bool *silent, struct bm_error *err)
{
    int64_t deadline_ms = monotonic_ms() + VERSION_MS;
    podman_answers.mapping = getuid() != 0 ? USERS_KEPT : USERS_DIRECT;
    int result = engine == &engine_docker ? ask_docker(deadline_ms, err) : ask_version(engine, err);
    *silent = result < 0 && monotonic_ms() >= deadline_ms;
    return result;
}

static enum user_mapping mapping_of(const struct engine *engine)
{
    static const char *const names[] = {[USERS_DIRECT] = "as on this machine",
                                        [USERS_ROOTLESS] = "rootless",
                                        [USERS_REMAPPED] = "userns-remap",
                                        [USERS_KEPT] = "keep-id"};
    enum user_mapping mapping = answers_of(engine)->mapping;
    trace("users: %s", names[mapping]);
    return mapping;
}

/* ---- the arguments of `create` ---- */

static bool is_root_in_container(const struct engine_spec *spec, enum user_mapping mapping)
{
    if (spec->user)
        return strtoul(spec->user, NULL, 10) == 0;
    return mapping == USERS_ROOTLESS || getuid() == 0;
}

void container_push_user(const struct engine_spec *spec, enum user_mapping mapping,
                         struct strv *arguments)
{
    if (spec->user)
        strv_pushf(arguments, "--user=%s", spec->user);
    else if (mapping == USERS_ROOTLESS)
        strv_push(arguments, "--user=0:0");
    else
        strv_pushf(arguments, "--user=%u:%u", (unsigned)getuid(), (unsigned)getgid());
    if (mapping == USERS_REMAPPED)
        strv_push(arguments, "--userns=host");
    if (mapping == USERS_KEPT)
        strv_push(arguments, "--userns=keep-id");
}

/* A build as root keeps the capabilities that it needs to work on files of any owner and to change
 * its user. Another user gets none: Podman would grant the added ones to any user. */
static void push_privileges(const struct engine_spec *spec, bool root, struct strv *arguments)
{
    static const char *const of_root[] = {"CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID",
                                          "KILL",  "SETGID",       "SETUID"};
    if (spec->engine_privileges)
        return;
    strv_push(arguments, "--security-opt=no-new-privileges");
    strv_push(arguments, "--cap-drop=ALL");
    for (size_t i = 0; root && i < sizeof of_root / sizeof *of_root; i++)
        strv_pushf(arguments, "--cap-add=%s", of_root[i]);
}

void container_push_label(const struct engine_spec *spec, const char *root, struct strv *arguments)
{
    char text[16];
    char *path CLEANUP(cleanup_free) = xasprintf("%s/sys/fs/selinux/enforce", root);
    if (read_text(path, text, sizeof text) <= 0 || *text != '1')
        return;
    for (size_t i = 0; i < spec->engine_args->count; i++)
        if (strncmp(spec->engine_args->items[i], "--security-opt=label", 20) == 0)
            return;
    strv_push(arguments, "--security-opt=label=disable");
}

/* `probe` is mounted; NULL: it will be copied. */
static void push_create_arguments(const struct engine_spec *spec, const char *probe,
                                  const char *pull, enum user_mapping mapping,
                                  struct strv *arguments)
{
    strv_push(arguments, "create");
    strv_push(arguments, "--interactive");
    strv_pushf(arguments, "--name=%s", spec->name);
    strv_pushf(arguments, "--label=" LABEL "=%s", spec->name);
    strv_pushf(arguments, "--pull=%s", pull);
    /* The records are not logged, and no health check runs in the measured cgroup. */
    strv_push(arguments, "--log-driver=none");
    strv_push(arguments, "--no-healthcheck");
    /* The engine may be configured to start an init process, which would share the cgroup. The
     * probe collects orphans itself. */
    strv_push(arguments, "--init=false");
    push_mounts(spec, probe, arguments);
    strv_push(arguments, "--workdir=" REPO_IN_CONTAINER);
    strv_push(arguments, "--entrypoint=" PROBE_IN_CONTAINER);
    container_push_user(spec, mapping, arguments);
    push_privileges(spec, is_root_in_container(spec, mapping), arguments);
    container_push_label(spec, "", arguments);
    if (spec->memory_limit_bytes > 0) {
        /* Without --memory-swap, Docker allows the same amount of swap in addition. */
        strv_pushf(arguments, "--memory=%lld", (long long)spec->memory_limit_bytes);
        strv_pushf(arguments, "--memory-swap=%lld", (long long)spec->memory_limit_bytes);
    }
    if (spec->network)
        strv_pushf(arguments, "--network=%s", spec->network);
    if (spec->shm_bytes > 0)
        strv_pushf(arguments, "--shm-size=%lld", (long long)spec->shm_bytes);
    strv_push(arguments, "--env=HOME=/tmp");
    for (size_t i = 0; i < spec->env->count; i++)
        strv_pushf(arguments, "--env=%s", spec->env->items[i]);
    strv_push_all(arguments, spec->engine_args);
    strv_push(arguments, spec->image);

    struct strv entry CLEANUP(strv_release) = {0};
    engine_probe_arguments(spec, PROBE_IN_CONTAINER, true, &entry);
    for (size_t i = 1; i < entry.count; i++) /* entry.items[0] is the entrypoint */
        strv_push(arguments, entry.items[i]);
}

static int remove_container(const struct engine *engine, const char *name, struct bm_error *err)
{
    struct strv arguments CLEANUP(strv_release) = WORDS("rm", "--force", "--volumes", name);
    struct captured captured CLEANUP(captured_release) = {0};
    if (command(engine, &arguments, ANSWER_MS, &captured, err) == 0)
        return 0;
    /* The container is removed already, or another command is removing it. */
    static const char *const gone[] = {"no such container", "no container with name",
                                       "is already in progress"};
    for (size_t i = 0; captured.diagnostics && i < sizeof gone / sizeof *gone; i++)
        if (strcasestr(captured.diagnostics, gone[i]))
            return 0;
    return -1;
}

/* Removes containers whose runner was killed. */
static void remove_orphans(const struct engine *engine)
{
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct strv arguments CLEANUP(strv_release) =
        WORDS("ps", "--all", "--filter", "label=" LABEL, "--format", "{{.Names}}");
    struct captured captured CLEANUP(captured_release) = {0};
    if (command(engine, &arguments, ANSWER_MS, &captured, &ignored) < 0)
        return;
    char *rest = captured.output;
    for (char *name; (name = strsep(&rest, "\r\n"));)
        if (engine_name_is_orphan(name))
            (void)remove_container(engine, name, &ignored);
}

/* A release has the probes of other architectures beside its own: "build-mem-probe-MACHINE".
 * Returns that of the image if there is one, else the own probe, which the kernel of this machine
 * can run in an image of any architecture. The caller owns it. */
static char *probe_of_image(const struct engine_run *run)
{
    static const char *const machines[][2] = {{"amd64", "x86_64"}, {"arm64", "aarch64"}};
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    const struct engine_spec *spec = run->spec;
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        char *probe CLEANUP(cleanup_free) = xasprintf("%s-%s", spec->probe_path, machines[i][1]);
        if (access(probe, R_OK) < 0)
            continue;
        struct strv arguments CLEANUP(strv_release) =
            WORDS("image", "inspect", "--format={{.Architecture}}", spec->image);
        struct captured captured CLEANUP(captured_release) = {0};
        if (command(run->engine, &arguments, ANSWER_MS, &captured, &ignored) < 0)
            continue;
        captured.output[strcspn(captured.output, "\r\n")] = '\0';
        trace("image: %s is for %s", spec->image, captured.output);
        if (strcmp(captured.output, machines[i][0]) == 0)
            return steal_ptr(probe);
    }
    return xstrdup(spec->probe_path);
}

static int copy_probe(const struct engine_run *run, const char *probe, struct bm_error *err)
{
    char *target CLEANUP(cleanup_free) = xasprintf("%s:" PROBE_IN_CONTAINER, run->spec->name);
    struct strv arguments CLEANUP(strv_release) = WORDS("cp", probe, target);
    struct captured captured CLEANUP(captured_release) = {0};
    return command(run->engine, &arguments, ANSWER_MS, &captured, err);
}

/* Reads the files of the image through `export`, which works with any storage driver and needs no
 * privileges. The engine reads them in its own cgroup, so the build is not charged for them. */
static void warm_image(struct engine_run *run)
{
    struct strv argv CLEANUP(strv_release) = WORDS(run->engine->name, "export", run->spec->name);
    page_cache_warm_image(&run->page_cache, argv.items);
}

static int create_with(const struct engine_run *run, const char *probe, const char *pull,
                       enum user_mapping mapping, struct bm_error *err)
{
    struct strv arguments CLEANUP(strv_release) = {0};
    struct captured captured CLEANUP(captured_release) = {0};
    push_create_arguments(run->spec, probe, pull, mapping, &arguments);
    return command(run->engine, &arguments, PULL_MS, &captured, err);
}

/* Returns whether the message has this path, and not only one that contains it. */
static bool names_path(const char *message, const char *path)
{
    for (const char *at = message; (at = strstr(at, path)); at++) {
        const char *after = at + strlen(path);
        after += strspn(after, ".:,\"'");
        if ((at == message || strchr(" \"'=", at[-1])) && (!*after || *after == ' '))
            return true;
    }
    return false;
}

static bool is_unseen(const char *message, const char *path)
{
    /* Docker and Podman. */
    bool missing =
        strcasestr(message, "does not exist") || strcasestr(message, "no such file or directory");
    return missing && names_path(message, path);
}

/* Mounts the probe: a copy takes several times as long. An engine that does not see the probe, as
 * one beside the container of build-mem, names its path, and gets a copy. */
static int create(const struct engine_run *run, const char *pull, enum user_mapping mapping,
                  struct bm_error *err)
{
    char *probe CLEANUP(cleanup_free) = probe_of_image(run);
    if (create_with(run, probe, pull, mapping, err) == 0)
        return 0;
    if (is_unseen(err->message, run->spec->repo))
        return bm_error_set(err,
                            "the engine does not see the repository: %s. " WIRE_MOUNT_REPOSITORY,
                            err->message);
    if (!strstr(err->message, probe))
        return -1;
    trace("probe: the engine does not see it, and gets a copy");
    bm_error_release(err);
    return create_with(run, NULL, pull, mapping, err) < 0 ? -1 : copy_probe(run, probe, err);
}

static bool has_image(const struct engine_run *run)
{
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct strv arguments CLEANUP(strv_release) =
        WORDS("image", "inspect", "--format={{.Id}}", run->spec->image);
    struct captured captured CLEANUP(captured_release) = {0};
    return command(run->engine, &arguments, ANSWER_MS, &captured, &ignored) == 0;
}

static int pull_image(struct engine_run *run, struct bm_error *err)
{
    struct strv argv CLEANUP(strv_release) = WORDS(run->engine->name, "pull", run->spec->image);
    struct strv arguments CLEANUP(strv_release) = WORDS("pull", run->spec->image);
    struct captured captured CLEANUP(captured_release) = {0};
    if (child_capture_slow(argv.items, PULL_MS, run->spec->pulling, run->spec->pulling_context,
                           &captured, err) < 0 ||
        expect_success(run->engine, &arguments, &captured, err) < 0) {
        run->no_image = true;
        return -1;
    }
    return 0;
}

/* An option of `create` that chooses the image decides what is pulled. */
static bool arguments_choose_image(const struct engine_spec *spec)
{
    for (size_t i = 0; i < spec->engine_args->count; i++)
        if (strncmp(spec->engine_args->items[i], "--platform", 10) == 0)
            return true;
    return false;
}

/* `create` pulls without a word, which can take minutes. So pulls before it, and only if the image
 * is missing: to ask first would cost each run a command. */
static int make_container(struct engine_run *run, struct bm_error *err)
{
    const struct engine_spec *spec = run->spec;
    enum user_mapping mapping = mapping_of(run->engine);
    bool missing = strcmp(spec->pull, "missing") == 0;
    if (strcmp(spec->pull, "never") == 0 || arguments_choose_image(spec))
        return create(run, spec->pull, mapping, err);
    if (missing && create(run, "never", mapping, err) == 0)
        return 0;
    if (missing && has_image(run))
        return -1;
    bm_error_release(err);
    if (pull_image(run, err) < 0)
        return -1;
    return create(run, "never", mapping, err);
}

static int start(struct engine_run *run, struct bm_error *err)
{
    if (make_container(run, err) < 0 ||
        page_cache_prepare(&run->page_cache, run->spec->cache, run->spec->repo, run->spec->out,
                           err) < 0)
        return -1;
    if (run->spec->cache == CACHE_WARM)
        warm_image(run);
    struct strv attach CLEANUP(strv_release) =
        WORDS(run->engine->name, "start", "--attach", "--interactive", run->spec->name);
    if (child_start(&run->child, attach.items, NULL, NULL, err) < 0)
        return -1;
    /* While the container starts. The build begins later. */
    remove_orphans(run->engine);
    return 0;
}

/* Finds the cgroup of process `pid`. Verifies that the process runs `command`: if the engine is on
 * another machine, the pid belongs to an unrelated process here. If the program is emulated, the
 * emulator's path precedes the command. */
static int probe_cgroup(pid_t pid, const char *command, struct cgroup *cgroup)
{
    char text[8192];
    ssize_t length = pid > 0 ? read_proc("", pid, "cmdline", text, sizeof text) : -1;
    if (length <= 0)
        return -1;
    const char *emulated = text + strlen(text) + 1;
    if (strcmp(text, command) != 0 && (emulated >= text + length || strcmp(emulated, command) != 0))
        return -1;
    return cgroup_of_process(pid, cgroup);
}

static int locate(struct engine_run *run, struct cgroup *cgroup)
{
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct strv arguments CLEANUP(strv_release) =
        WORDS("inspect", "--type=container", "--format={{.State.Pid}} {{.Image}}", run->spec->name);
    struct captured captured CLEANUP(captured_release) = {0};
    if (command(run->engine, &arguments, ANSWER_MS, &captured, &ignored) < 0)
        return -1;
    char *digest;
    pid_t pid = (pid_t)strtol(captured.output, &digest, 10);
    digest += strspn(digest, " ");
    digest[strcspn(digest, "\r\n")] = '\0';
    run->image_digest = *digest ? xstrdup(digest) : NULL;
    if (probe_cgroup(pid, PROBE_IN_CONTAINER, cgroup) < 0) {
        trace("cgroup: this machine does not see the probe as process %d; only the probe reads it",
              (int)pid);
        return -1;
    }
    trace("cgroup: %s, v%d, from /proc/%d/cgroup of the probe", cgroup->directory, cgroup->version,
          (int)pid);
    engine_protect(pid);
    return 0;
}

static void kill_container(struct engine_run *run)
{
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct strv arguments CLEANUP(strv_release) = WORDS("kill", run->spec->name);
    struct captured captured CLEANUP(captured_release) = {0};
    (void)command(run->engine, &arguments, ANSWER_MS, &captured, &ignored);
}

int parse_inspect(const char *text, struct engine_facts *facts, struct bm_error *err)
{
    struct json_document *document CLEANUP(cleanup_json_document) =
        json_parse(text, "inspect", err);
    if (!document || json_expect_array(json_root(document), err) < 0)
        return -1;
    const struct json *container = json_first(json_root(document)), *state, *value;
    const char *string;
    if (!container)
        return json_error(json_root(document), err, "no container");
    if (json_expect_object(container, err) < 0 ||
        json_require(container, "State", &state, err) < 0 || json_expect_object(state, err) < 0)
        return -1;
    value = json_member(state, "OOMKilled");
    if (value && json_expect_bool(value, &facts->oom_killed, err) < 0)
        return -1;
    value = json_member(container, "Image");
    if (value && json_expect_string(value, &string, err) < 0)
        return -1;
    if (value) {
        free(facts->image_digest);
        facts->image_digest = xstrdup(string);
    }
    value = json_member(state, "Error");
    if (value && json_is_string(value) && json_expect_string(value, &string, err) == 0 && *string)
        facts->failure = xstrdup(string);
    return 0;
}

/* Each command costs a run about 20 ms. So inspects the container again only if the engine can know
 * more than the digest: the runner has no final count of kills, or the probe sent no last record.
 */
static void read_facts(struct engine_run *run, struct engine_facts *facts)
{
    const char *version = answers_of(run->engine)->version;
    facts->version = *version ? xstrdup(version) : NULL;
    facts->image_digest = steal_ptr(run->image_digest);
    if (run->complete && run->oom.kills >= 0 && facts->image_digest)
        return;
    if (run->oom.kills < 0)
        trace("kills: the final count of the cgroup is unknown; the engine is asked");
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct strv arguments CLEANUP(strv_release) =
        WORDS("inspect", "--type=container", run->spec->name);
    struct captured captured CLEANUP(captured_release) = {0};
    if (command(run->engine, &arguments, ANSWER_MS, &captured, &ignored) == 0)
        (void)parse_inspect(captured.output, facts, &ignored);
}

/* If the daemon of the engine died, the lifeline stays open and no command works. Kills the
 * processes of the located cgroup, as far as this user is permitted to. */
static void kill_without_engine(const struct engine_run *run)
{
    static int pids[PROCESSES_MAX];
    ssize_t count = 1;
    for (int round = 0; run->located.version && count > 0 && round < 100; round++) {
        count = cgroup_all_processes(&run->located, pids, PROCESSES_MAX);
        for (ssize_t i = 0; i < count && i < PROCESSES_MAX; i++)
            (void)kill(pids[i], SIGKILL);
        sleep_ms(10);
    }
}

static int finish(struct engine_run *run, struct engine_facts *facts, struct bm_error *err)
{
    read_facts(run, facts);
    if (remove_container(run->engine, run->spec->name, err) == 0)
        return 0;
    kill_without_engine(run);
    return -1;
}

const struct engine engine_docker = {.name = "docker",
                                     .usable = usable,
                                     .start = start,
                                     .locate = locate,
                                     .kill = kill_container,
                                     .finish = finish};
const struct engine engine_podman = {.name = "podman",
                                     .usable = usable,
                                     .start = start,
                                     .locate = locate,
                                     .kill = kill_container,
                                     .finish = finish};
