#include "engine/known_daemons.h"

#include "base/alloc.h"

#include <ctype.h>
#include <string.h>

/* Sources: the documentation and the source code of each tool. */
const struct known_daemon known_daemons[DAEMON_IDS] = {
    [DAEMON_GRADLE] = {"Gradle daemon",
                       "add --no-daemon to the build command, or "
                       "GRADLE_OPTS=-Dorg.gradle.daemon=false to \"env\"",
                       false},
    [DAEMON_KOTLIN] = {"Kotlin daemon",
                       "add -Pkotlin.compiler.execution.strategy=in-process to the build command",
                       false},
    [DAEMON_MVND] = {"Maven daemon (mvnd)",
                     "build with mvn, or with mvnd.sh -Dmvnd.noDaemon=true, in the build command",
                     false},
    [DAEMON_BAZEL] = {"Bazel server", "use bazel --batch in the build command", false},
    [DAEMON_BUCK2] = {"Buck2 daemon",
                      "add --no-buckd to the build command, or BUCK2_NO_BUCKD=true to \"env\"",
                      false},
    [DAEMON_PANTS] = {"Pants daemon",
                      "add --no-pantsd to the build command, or PANTS_PANTSD=false to \"env\"",
                      false},
    [DAEMON_NX] = {"nx daemon", "add NX_DAEMON=false to \"env\"", false},
    [DAEMON_TURBO] = {"turbo daemon",
                      "add --no-daemon to turbo run in the build command, or TURBO_DAEMON=false to "
                      "\"env\"",
                      false},
    [DAEMON_DOTNET] = {".NET build server",
                       "add --disable-build-servers to the build command, or run dotnet "
                       "build-server shutdown before",
                       false},
    [DAEMON_SCCACHE] = {"sccache server",
                        "run sccache --stop-server before, so that the build starts its own",
                        false},
    [DAEMON_WATCHMAN] = {"watchman server", "run watchman shutdown-server before", false},
    [DAEMON_DOCKER] = {"Docker Engine or BuildKit",
                       "use the steps of the image as the build command, with their base image as "
                       "--image",
                       true},
    [DAEMON_PODMAN] = {"Podman or Buildah",
                       "add --isolation=chroot to the command that builds, or "
                       "BUILDAH_ISOLATION=chroot to \"env\"; add --cgroups=disabled to podman run",
                       true},
    [DAEMON_NIX] =
        {"Nix daemon",
         "add NIX_REMOTE=local to \"env\" and build as root, or use the build command of "
         "the package inside nix develop",
         true},
};

/* Words of a build command, or assignments in it or in the environment. */
static const struct {
    const char *text;
    enum daemon_id daemon;
    bool is_word; /* else a part of a word */
} switches[] = {
    {"--no-daemon", DAEMON_GRADLE, true},
    {"-Dorg.gradle.daemon=false", DAEMON_GRADLE, false},
    {"kotlin.compiler.execution.strategy=in-process", DAEMON_KOTLIN, false},
    {"-Dmvnd.noDaemon=true", DAEMON_MVND, false},
    {"--batch", DAEMON_BAZEL, true},
    {"--no-buckd", DAEMON_BUCK2, true},
    {"BUCK2_NO_BUCKD=true", DAEMON_BUCK2, true},
    {"BUCK2_NO_BUCKD=1", DAEMON_BUCK2, true},
    {"--no-pantsd", DAEMON_PANTS, true},
    {"PANTS_PANTSD=false", DAEMON_PANTS, true},
    {"NX_DAEMON=false", DAEMON_NX, true},
    {"--no-daemon", DAEMON_TURBO, true},
    {"TURBO_DAEMON=false", DAEMON_TURBO, true},
    {"--disable-build-servers", DAEMON_DOTNET, true},
    {"--isolation=chroot", DAEMON_PODMAN, true},
    {"BUILDAH_ISOLATION=chroot", DAEMON_PODMAN, true},
    {"--cgroups=disabled", DAEMON_PODMAN, true},
    {"NIX_REMOTE=local", DAEMON_NIX, true},
};

static bool switches_off(enum daemon_id id, const struct strv *words)
{
    for (size_t i = 0; words && i < sizeof switches / sizeof *switches; i++)
        for (size_t k = 0; switches[i].daemon == id && k < words->count; k++)
            if (switches[i].is_word ? strcmp(words->items[k], switches[i].text) == 0
                                    : strstr(words->items[k], switches[i].text) != NULL)
                return true;
    return false;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool has_suffix(const char *text, const char *suffix)
{
    size_t length = strlen(text), end = strlen(suffix);
    return length >= end && strcmp(text + length - end, suffix) == 0;
}

/* Appends the words of a text that are separated by blanks. */
static void push_words(struct strv *words, const char *text)
{
    while (*text) {
        size_t length = strcspn(text, " ");
        if (length) {
            char *word CLEANUP(cleanup_free) = xstrndup(text, length);
            strv_push(words, word);
        }
        text += length + (text[length] == ' ');
    }
}

/* ---- processes ---- */

/* How to recognise a process of a daemon: its program, and the argument that makes it a daemon. */
static const struct process_rule {
    const char *program;  /* the base name */
    const char *argument; /* NULL: any; "": there is none */
    enum daemon_id daemon;
    enum { WHOLE, ENDING, FIRST_WORD, BEGINNING } match;
} process_rules[] = {
    {"java", "org.gradle.launcher.daemon.bootstrap.GradleDaemon", DAEMON_GRADLE, WHOLE},
    {"java", "org.jetbrains.kotlin.daemon.KotlinCompileDaemon", DAEMON_KOTLIN, WHOLE},
    {"java", "org.mvndaemon.mvnd.common.MavenDaemon", DAEMON_MVND, WHOLE},
    {"java", "org.mvndaemon.mvnd.daemon.", DAEMON_MVND, BEGINNING},
    {"node", "/nx/src/daemon/server/start.js", DAEMON_NX, ENDING},
    {"node", "/nx/dist/src/daemon/server/start.js", DAEMON_NX, ENDING},
    {"turbo", "daemon", DAEMON_TURBO, FIRST_WORD},
    {"dotnet", "/VBCSCompiler.dll", DAEMON_DOTNET, ENDING},
    {"VBCSCompiler", "-pipename:", DAEMON_DOTNET, BEGINNING},
    {"dotnet", "/nodemode:", DAEMON_DOTNET, BEGINNING},
    {"sccache", "", DAEMON_SCCACHE, WHOLE}, /* a client has arguments */
    {"watchman", "--foreground", DAEMON_WATCHMAN, WHOLE},
    {"dockerd", NULL, DAEMON_DOCKER, WHOLE},
    {"containerd", NULL, DAEMON_DOCKER, WHOLE},
    {"containerd-shim-runc-v2", NULL, DAEMON_DOCKER, WHOLE},
    {"buildkitd", NULL, DAEMON_DOCKER, WHOLE},
    {"conmon", NULL, DAEMON_PODMAN, WHOLE}, /* the parent of each container */
    {"nix-daemon", NULL, DAEMON_NIX, WHOLE},
    {"nix", "daemon", DAEMON_NIX, FIRST_WORD},
};

/* A daemon that sets its title: "bazel(project)". */
static const struct {
    enum daemon_id daemon;
    const char *prefix;
} title_rules[] = {
    {DAEMON_BAZEL, "bazel("},
    {DAEMON_BUCK2, "buck2d["},
    {DAEMON_PANTS, "pantsd ["},
};

/* turbo daemon status and similar commands ask the daemon, and end. */
static bool is_command_of_daemon(const char *word)
{
    static const char *const commands[] = {"start", "stop", "restart", "status", "clean", "logs"};
    for (size_t i = 0; word && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(word, commands[i]) == 0)
            return true;
    return false;
}

static bool has_argument(const struct process_rule *rule, const struct strv *argv)
{
    if (!rule->argument)
        return true;
    if (!*rule->argument)
        return argv->count == 1;
    for (size_t i = 1; i < argv->count; i++) {
        const char *word = argv->items[i];
        switch (rule->match) {
        case WHOLE:
            if (strcmp(word, rule->argument) == 0)
                return true;
            break;
        case ENDING:
            if (has_suffix(word, rule->argument))
                return true;
            break;
        case BEGINNING:
            if (has_prefix(word, rule->argument))
                return true;
            break;
        case FIRST_WORD:
            if (*word != '-')
                return strcmp(word, rule->argument) == 0 &&
                       !is_command_of_daemon(i + 1 < argv->count ? argv->items[i + 1] : NULL);
            break;
        }
    }
    return false;
}

static enum daemon_id daemon_of_arguments(const struct strv *argv)
{
    if (!argv->count)
        return DAEMON_IDS;
    const char *program = base_name(argv->items[0]);
    for (size_t i = 0; i < sizeof process_rules / sizeof *process_rules; i++)
        if (strcmp(program, process_rules[i].program) == 0 && has_argument(&process_rules[i], argv))
            return process_rules[i].daemon;
    return DAEMON_IDS;
}

enum daemon_id daemon_of_process(const char *cmdline, size_t length)
{
    struct strv argv CLEANUP(strv_release) = {0}, title CLEANUP(strv_release) = {0};
    for (size_t at = 0; at < length;) {
        size_t argument = strnlen(cmdline + at, length - at);
        char *word CLEANUP(cleanup_free) = xstrndup(cmdline + at, argument);
        /* A process that sets its title may leave NULs at the end. */
        if (*word)
            strv_push(&argv, word);
        at += argument + 1;
    }
    if (!argv.count)
        return DAEMON_IDS;
    for (size_t i = 0; i < sizeof title_rules / sizeof *title_rules; i++)
        if (has_prefix(argv.items[0], title_rules[i].prefix))
            return title_rules[i].daemon;
    enum daemon_id id = daemon_of_arguments(&argv);
    if (id != DAEMON_IDS || !strchr(argv.items[0], ' '))
        return id;
    /* A title is one argument, perhaps with arguments behind it. */
    push_words(&title, argv.items[0]);
    for (size_t i = 1; i < argv.count; i++)
        strv_push(&title, argv.items[i]);
    return daemon_of_arguments(&title);
}

/* ---- commands ---- */

/* The programs that ask a daemon, with the subcommands that make it work. */
static const struct client_rule {
    const char *program;     /* the base name */
    const char *subcommands; /* separated and enclosed by blanks; NULL: any but those in `others` */
    const char *others;      /* words that make it do something else */
    enum daemon_id daemon;
    bool starts_daemon;
} client_rules[] = {
#define CONTAINERS " build bake run exec up "
    {"docker", CONTAINERS, NULL, DAEMON_DOCKER, false},
    {"docker-compose", CONTAINERS, NULL, DAEMON_DOCKER, false},
    {"docker-buildx", CONTAINERS, NULL, DAEMON_DOCKER, false},
    {"nerdctl", CONTAINERS, NULL, DAEMON_DOCKER, false},
    {"buildctl", " build ", NULL, DAEMON_DOCKER, false},
    {"podman", CONTAINERS, NULL, DAEMON_PODMAN, false},
    {"podman-compose", CONTAINERS, NULL, DAEMON_PODMAN, false},
    {"buildah", " build build-using-dockerfile bud run ", NULL, DAEMON_PODMAN, false},
    {"nix", " build check ", NULL, DAEMON_NIX, false},
    {"nix-build", NULL, " --version --help ", DAEMON_NIX, false},
    {"nixos-rebuild", NULL, " --version --help ", DAEMON_NIX, false},
    {"bazel", " build test run coverage ", NULL, DAEMON_BAZEL, true},
    {"bazelisk", " build test run coverage ", NULL, DAEMON_BAZEL, true},
    {"gradle", NULL, " --stop --status --version -v --help -h ", DAEMON_GRADLE, true},
    {"gradlew", NULL, " --stop --status --version -v --help -h ", DAEMON_GRADLE, true},
    {"mvnd", NULL, " --stop --status --version -v --help -h ", DAEMON_MVND, true},
    {"buck2", " build test run install ", NULL, DAEMON_BUCK2, true},
    {"pants", NULL, " --version --help help ", DAEMON_PANTS, true},
};

/* Programs that run another one; their own options come first. */
static const char launchers[] = " sudo doas env exec command nohup nice ionice time timeout setsid "
                                "stdbuf chrt taskset then do else if while until ! { ";
/* Words after which the subcommand follows. */
static const char groups[] = " buildx compose image builder container flake ";

static bool is_among(const char *list, const char *word)
{
    char *entry CLEANUP(cleanup_free) = xasprintf(" %s ", word);
    return *word && !strchr(word, ' ') && strstr(list, entry) != NULL;
}

static bool is_assignment(const char *word)
{
    size_t name = 0;
    while (isalnum((unsigned char)word[name]) || word[name] == '_')
        name++;
    return name > 0 && !isdigit((unsigned char)*word) && word[name] == '=';
}

/* Returns the index of the subcommand if it is among those of the rule, else 0. The value of an
 * option can stand before it: docker --context remote build. */
static size_t subcommand_at(const struct client_rule *rule, const struct strv *words, size_t at)
{
    for (size_t i = at + 1; i < words->count; i++) {
        const char *word = words->items[i], *before = words->items[i - 1];
        if (*word == '-' || is_among(groups, word))
            continue;
        if (is_among(rule->subcommands, word))
            return i;
        if (i == at + 1 || *before != '-' || strchr(before, '='))
            return 0;
    }
    return 0;
}

static bool has_any(const char *list, const struct strv *words, size_t from)
{
    for (size_t i = from; i < words->count; i++)
        if (is_among(list, words->items[i]))
            return true;
    return false;
}

/* Matches the program at words[at]. */
static struct daemon_client client_at(const struct strv *words, size_t at)
{
    struct daemon_client none = {.daemon = DAEMON_IDS};
    const char *program = base_name(words->items[at]);
    for (size_t i = 0; i < sizeof client_rules / sizeof *client_rules; i++) {
        const struct client_rule *rule = &client_rules[i];
        if (strcmp(program, rule->program) != 0 || switches_off(rule->daemon, words))
            continue;
        size_t subcommand_index = rule->subcommands ? subcommand_at(rule, words, at) : 0;
        const char *subcommand = subcommand_index ? words->items[subcommand_index] : NULL;
        if (rule->subcommands ? !subcommand : has_any(rule->others, words, at + 1))
            continue;
        return (struct daemon_client){.daemon = rule->daemon,
                                      .name = xasprintf("%s%s%s", program, subcommand ? " " : "",
                                                        subcommand ? subcommand : ""),
                                      .starts_daemon = rule->starts_daemon};
    }
    return none;
}

/* Returns the index of the program that the words run, after assignments and launchers. */
static size_t program_at(const struct strv *words)
{
    size_t at = 0;
    bool launched = false;
    for (; at < words->count; at++) {
        const char *word = words->items[at];
        if (is_among(launchers, base_name(word))) {
            launched = true;
            continue;
        }
        if (is_assignment(word))
            continue;
        /* An option of a launcher, and a time or a number as its value. */
        if (launched && (*word == '-' || isdigit((unsigned char)*word)))
            continue;
        /* sudo -u USER */
        if (launched && at > 0 &&
            (strcmp(words->items[at - 1], "-u") == 0 || strcmp(words->items[at - 1], "-g") == 0))
            continue;
        break;
    }
    return at;
}

static bool is_shell(const char *program)
{
    return is_among(" sh bash dash ash zsh ksh ", base_name(program));
}

/* Returns the script of sh -c at words[at], or NULL. */
static const char *script_of(const struct strv *words, size_t at)
{
    if (!is_shell(words->items[at]))
        return NULL;
    for (size_t i = at + 1; i + 1 < words->count && *words->items[i] == '-'; i++)
        if (words->items[i][1] != '-' && strchr(words->items[i], 'c'))
            return words->items[i + 1];
    return NULL;
}

/* Scripts in scripts deeper than this are not read. */
#define DEPTH_MAX 4

/* Reads the words of one simple command of a shell script, and moves `*at` behind it. Returns false
 * at the end of the script. */
static bool next_command(const char **at, struct strv *words)
{
    const char *from = *at;
    char *word CLEANUP(cleanup_free) = xmalloc(strlen(from) + 1);
    size_t length = 0;
    bool begun = false; /* a word; it may be empty, if it is quoted */
    char quote = '\0';
    if (!*from)
        return false;
    for (; *from; from++) {
        if (*from == '\\' && quote != '\'' && from[1]) {
            if (*++from != '\n') { /* else the line goes on */
                begun = true;
                word[length++] = *from;
            }
        } else if (quote) {
            if (*from == quote)
                quote = '\0';
            else
                word[length++] = *from;
        } else if (*from == '\'' || *from == '"') {
            quote = *from;
            begun = true;
        } else if (*from == '#' && !begun) {
            from += strcspn(from, "\n") - 1;
        } else if (strchr(" \t\n;&|()`", *from)) {
            if (begun) {
                word[length] = '\0';
                strv_push(words, word);
            }
            length = 0;
            begun = false;
            if (*from != ' ' && *from != '\t') {
                from++;
                break;
            }
        } else {
            word[length++] = *from;
            begun = true;
        }
    }
    if (begun) {
        word[length] = '\0';
        strv_push(words, word);
    }
    *at = from;
    return true;
}

static struct daemon_client client_in_words(const struct strv *words, int depth);

static struct daemon_client client_in_script(const char *script, int depth)
{
    struct daemon_client client = {.daemon = DAEMON_IDS};
    for (bool more = true; more && client.daemon == DAEMON_IDS;) {
        struct strv words CLEANUP(strv_release) = {0};
        more = next_command(&script, &words);
        if (words.count)
            client = client_in_words(&words, depth);
    }
    return client;
}

static struct daemon_client client_in_words(const struct strv *words, int depth)
{
    size_t at = program_at(words);
    if (at == words->count)
        return (struct daemon_client){.daemon = DAEMON_IDS};
    const char *script = script_of(words, at);
    if (script)
        return depth < DEPTH_MAX ? client_in_script(script, depth + 1)
                                 : (struct daemon_client){.daemon = DAEMON_IDS};
    return client_at(words, at);
}

struct daemon_client daemon_client_in_command(const struct strv *command)
{
    return client_in_words(command, 0);
}

struct daemon_client daemon_client_in_process(const char *command_line)
{
    struct strv words CLEANUP(strv_release) = {0};
    push_words(&words, command_line);
    return words.count ? client_at(&words, 0) : (struct daemon_client){.daemon = DAEMON_IDS};
}

bool container_client_find(const struct strv *words, size_t *program, size_t *subcommand)
{
    *program = program_at(words);
    for (size_t i = 0; *program < words->count && i < sizeof client_rules / sizeof *client_rules;
         i++) {
        const struct client_rule *rule = &client_rules[i];
        if ((rule->daemon != DAEMON_DOCKER && rule->daemon != DAEMON_PODMAN) ||
            strcmp(base_name(words->items[*program]), rule->program) != 0)
            continue;
        *subcommand = subcommand_at(rule, words, *program);
        return *subcommand > 0;
    }
    return false;
}

const char *shell_script_of(const struct strv *words)
{
    size_t at = program_at(words);
    return at < words->count ? script_of(words, at) : NULL;
}

bool shell_next_command(const char **script, struct strv *words)
{
    return next_command(script, words);
}

bool daemon_is_disabled(enum daemon_id id, const struct strv *command, const struct strv *env)
{
    struct strv words CLEANUP(strv_release) = {0};
    for (size_t i = 0; i < command->count; i++)
        for (const char *script = command->items[i]; next_command(&script, &words);)
            ;
    return switches_off(id, &words) || switches_off(id, env);
}
