/* The table of settings, and the check of each value. */
#include "base/alloc.h"
#include "base/units.h"
#include "config/config.h"
#include "measurement/metric.h"

#include <ctype.h>
#include <string.h>

static const char *const engine_names[] = {[ENGINE_AUTO] = "auto",
                                           [ENGINE_DOCKER] = "docker",
                                           [ENGINE_PODMAN] = "podman",
                                           [ENGINE_HOST] = "host",
                                           [ENGINE_INPLACE] = "inplace",
                                           [ENGINE_IMAGE] = "image",
                                           NULL};
static const char *const privileges_names[] = {
    [PRIVILEGES_LEAST] = "least", [PRIVILEGES_ENGINE] = "engine", NULL};
static const char *const pull_names[] = {
    [PULL_NEVER] = "never", [PULL_MISSING] = "missing", [PULL_ALWAYS] = "always", NULL};

const char *engine_choice_name(enum engine_choice choice)
{
    return engine_names[choice];
}

const char *pull_policy_name(enum pull_policy policy)
{
    return pull_names[policy];
}

static void replace(char **text, const char *value)
{
    free(*text);
    *text = xstrdup(value);
}

static int index_of(const char *const *names, const char *value)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], value) == 0)
            return i;
    return -1;
}

static int set_engine(struct config *config, const char *value, struct bm_error *err)
{
    int choice = index_of(engine_names, value);
    if (choice < 0)
        return bm_error_set(err, "\"%s\": must be auto, docker, podman, host, inplace or image",
                            value);
    config->engine = (enum engine_choice)choice;
    return 0;
}

static int set_privileges(struct config *config, const char *value, struct bm_error *err)
{
    int privileges = index_of(privileges_names, value);
    if (privileges < 0)
        return bm_error_set(err, "\"%s\": must be least or engine", value);
    config->privileges = (enum privileges)privileges;
    return 0;
}

static int set_pull(struct config *config, const char *value, struct bm_error *err)
{
    int policy = index_of(pull_names, value);
    if (policy < 0)
        return bm_error_set(err, "\"%s\": must be never, missing or always", value);
    config->pull = (enum pull_policy)policy;
    return 0;
}

static int set_cache(struct config *config, const char *value, struct bm_error *err)
{
    if (cache_policy_parse(value, &config->cache) < 0)
        return bm_error_set(err, "\"%s\": must be as-is, warm or cold", value);
    return 0;
}

static int set_label(struct config *config, const char *value, struct bm_error *err)
{
    size_t fit = strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    if (!*value || value[fit] || *value == '.' || *value == '-' || fit > 64)
        return bm_error_set(err,
                            "\"%s\": must be up to 64 letters, digits, '.', '_' and '-', and begin "
                            "with a letter, a digit or '_': a label is part of file names",
                            value);
    replace(&config->label, value);
    return 0;
}

static int set_memory(struct config *config, const char *value, struct bm_error *err)
{
    if (parse_size(value, &config->memory_limit_bytes) < 0)
        return bm_error_set(err, "\"%s\": must be a size such as 8g, 512m or 1.5GiB", value);
    if (config->memory_limit_bytes < LEAST_LIMIT_BYTES)
        return bm_error_set(err, "\"%s\": must be at least 6 MiB", value);
    return 0;
}

static int set_shm_size(struct config *config, const char *value, struct bm_error *err)
{
    if (parse_size(value, &config->shm_bytes) < 0)
        return bm_error_set(err, "\"%s\": must be a size such as 1g or 256m", value);
    return 0;
}

static int set_timeout(struct config *config, const char *value, struct bm_error *err)
{
    if (parse_duration(value, &config->timeout_ms) < 0)
        return bm_error_set(err, "\"%s\": must be a duration such as 90s, 45m or 1h30m", value);
    return 0;
}

/* "97%", or "97". */
static int set_guard(struct config *config, const char *value, struct bm_error *err)
{
    size_t length = strlen(value);
    char *number CLEANUP(cleanup_free) =
        xstrndup(value, length && value[length - 1] == '%' ? length - 1 : length);
    if (parse_integer(number, 1, 100, &config->guard_percent) < 0)
        return bm_error_set(err, "\"%s\": must be a whole percentage from 1 to 100, such as 97%%",
                            value);
    return 0;
}

static int set_interval(struct config *config, const char *value, struct bm_error *err)
{
    if (parse_integer(value, 1, 60000, &config->interval_ms) < 0)
        return bm_error_set(err, "\"%s\": must be a whole number of milliseconds, 1 to 60000",
                            value);
    return 0;
}

static int set_runs(struct config *config, const char *value, struct bm_error *err)
{
    if (parse_integer(value, 1, MAX_RUNS, &config->runs) < 0)
        return bm_error_set(err, "\"%s\": must be a whole number from 1 to 100", value);
    return 0;
}

static int set_builds(struct config *config, const char *value, struct bm_error *err)
{
    if (parse_integer(value, 1, MAX_RUNS, &config->builds) < 0)
        return bm_error_set(err, "\"%s\": must be a whole number from 1 to 100", value);
    return 0;
}

static int set_within(struct config *config, const char *value, struct bm_error *err)
{
    if (parse_size(value, &config->within_bytes) < 0 || config->within_bytes < LEAST_LIMIT_BYTES)
        return bm_error_set(err, "\"%s\": must be a size such as 8g, at least 6 MiB", value);
    return 0;
}

static int add_vary(struct config *config, const char *value, struct bm_error *err)
{
    if (!strchr(value, '='))
        return bm_error_set(err, "\"%s\": must be NAME=VALUE,VALUE...", value);
    strv_push(&config->vary, value);
    return 0;
}

static bool all_digits(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isdigit((unsigned char)text[i]))
            return false;
    return length > 0 && length < 11;
}

static int set_user(struct config *config, const char *value, struct bm_error *err)
{
    const char *colon = strchr(value, ':');
    if (!colon || !all_digits(value, (size_t)(colon - value)) ||
        !all_digits(colon + 1, strlen(colon + 1)))
        return bm_error_set(err, "\"%s\": must be numbers, UID:GID, such as 1000:1000", value);
    replace(&config->user, value);
    return 0;
}

static int add_env(struct config *config, const char *value, struct bm_error *err)
{
    size_t name = strcspn(value, "=");
    if (name == 0 || isdigit((unsigned char)*value))
        return bm_error_set(err, "\"%s\": must be NAME or NAME=VALUE", value);
    for (size_t i = 0; i < name; i++)
        if (!isalnum((unsigned char)value[i]) && value[i] != '_')
            return bm_error_set(err, "\"%s\": a variable name has only letters, digits and '_'",
                                value);
    strv_push(&config->env, value);
    return 0;
}

/* Options whose value build-mem needs to know, or on which the measurement depends. A short option
 * could be a group that contains one of them. */
static int add_engine_arg(struct config *config, const char *value, struct bm_error *err)
{
    static const char *const own[][2] = {
        {"memory", "--memory"}, {"memory-swap", "--memory"},
        {"user", "--user"},     {"network", "--network"},
        {"net", "--network"},   {"shm-size", "--shm-size"},
        {"pull", "--pull"},     {"env", "--env"},
        {"name", NULL},         {"entrypoint", NULL},
        {"workdir", NULL},      {"init", NULL},
        {"interactive", NULL},  {"tty", NULL},
        {"rm", NULL},           {"cgroups", NULL},
        {"log-driver", NULL},   {"detach", NULL},
        {"cidfile", NULL},      {"health-cmd", NULL},
        {"restart", NULL},      {"pid", NULL},
        {"label", NULL},
    };
    if (strncmp(value, "--", 2) != 0 || !value[2])
        return bm_error_set(err, "\"%s\": must be a long option in one word, as --device=/dev/fuse",
                            value);
    size_t length = strcspn(value + 2, "=");
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strlen(own[i][0]) == length && strncmp(value + 2, own[i][0], length) == 0)
            return own[i][1]
                       ? bm_error_set(err, "\"%s\": use the flag %s", value, own[i][1])
                       : bm_error_set(err, "\"%s\": build-mem sets this option itself", value);
    strv_push(&config->engine_args, value);
    return 0;
}

static int not_empty(const char *value, struct bm_error *err)
{
    return *value ? 0 : bm_error_set(err, "must not be empty");
}

/* A value that begins with '-' could be taken for an option by the engine's command line. */
static int not_an_option(const char *value, struct bm_error *err)
{
    if (not_empty(value, err) < 0)
        return -1;
    return *value == '-' ? bm_error_set(err, "\"%s\": must not begin with '-'", value) : 0;
}

#define TEXT_SETTER(name, check)                                                                   \
    static int set_##name(struct config *config, const char *value, struct bm_error *err)          \
    {                                                                                              \
        if (check(value, err) < 0)                                                                 \
            return -1;                                                                             \
        replace(&config->name, value);                                                             \
        return 0;                                                                                  \
    }
/* A name that no build has is not an error: a stage can have any name. */
static int known_metric(const char *value, struct bm_error *err)
{
    return metric_is_known(value)
               ? 0
               : bm_error_set(err, "\"%s\": must be one of " METRIC_NAMES, value);
}

static int known_plan(const char *value, struct bm_error *err)
{
    static const char *const names[] = {"github", "gitlab", "kubernetes", NULL};
    return index_of(names, value) < 0
               ? bm_error_set(err, "\"%s\": must be github, gitlab or kubernetes", value)
               : 0;
}

TEXT_SETTER(metric, known_metric)
TEXT_SETTER(plan, known_plan)
TEXT_SETTER(repo, not_empty)
TEXT_SETTER(out, not_empty)
TEXT_SETTER(file, not_empty)
TEXT_SETTER(build_command, not_empty)
TEXT_SETTER(image, not_an_option)
TEXT_SETTER(network, not_an_option)
TEXT_SETTER(baseline, not_empty)
TEXT_SETTER(against, not_empty)
TEXT_SETTER(format, not_empty)
TEXT_SETTER(output, not_empty)
TEXT_SETTER(git_notes, not_an_option)
TEXT_SETTER(baseline_ref, not_an_option)
TEXT_SETTER(relative, not_an_option)
TEXT_SETTER(junit, not_empty)
TEXT_SETTER(reason, not_empty)

#define SWITCH_SETTER(name)                                                                        \
    static int set_##name(struct config *config, const char *value, struct bm_error *err)          \
    {                                                                                              \
        (void)value, (void)err;                                                                    \
        config->name = true;                                                                       \
        return 0;                                                                                  \
    }
SWITCH_SETTER(skip_clear)
SWITCH_SETTER(json_only)
SWITCH_SETTER(quiet)
SWITCH_SETTER(verbose)
SWITCH_SETTER(deep)
SWITCH_SETTER(strict)
SWITCH_SETTER(allow_increase)

/* In the order of --help. */
const struct setting settings[] = {
    {"build-cmd", "CMD", FLAGS_MEASURE, "build", KEY_TEXT, DEFAULT_BUILD,
     "build command, a script for a shell (see the manual)", set_build_command},
    {"label", "NAME", FLAGS_MEASURE, "label", KEY_TEXT, NULL,
     "name of the run in its file names (default: the command's)", set_label},
    {"label", "NAME", FLAGS_IMPORT, NULL, KEY_NONE, NULL, "name of the result (default: import)",
     set_label},
    {"skip-clear", NULL, FLAGS_MEASURE, NULL, KEY_NONE, NULL,
     "keep the outputs of the previous build", set_skip_clear},
    {"interval-ms", "N", FLAGS_MEASURE, "interval_ms", KEY_INTEGER, "150",
     "time between two samples, in milliseconds", set_interval},
    {"json-only", NULL, FLAGS_MEASURE, NULL, KEY_NONE, NULL, "print only the RESULT line on stdout",
     set_json_only},
    {"json", NULL, FLAGS_DOCTOR, NULL, KEY_NONE, NULL, "print JSON on stdout", set_json_only},
    {"quiet", NULL, FLAGS_MEASURE, NULL, KEY_NONE, NULL,
     "print only errors on stderr: no build output, no progress", set_quiet},
    {"image", "REF", FLAGS_MEASURE, "image", KEY_TEXT, "docker.io/library/node:24-bookworm",
     "image of the container", set_image},
    {"memory", "LIMIT", FLAGS_MEASURE & ~FLAGS_FIT, "memory", KEY_TEXT, NULL,
     "memory limit of the build, such as 8g; without swap", set_memory},
    {"engine", "NAME", FLAGS_MEASURE, "engine", KEY_TEXT, "auto",
     "auto, docker, podman, host, inplace or image", set_engine},
    {"timeout", "DUR", FLAGS_MEASURE, "timeout", KEY_TEXT, NULL,
     "end the build after this time, such as 45m", set_timeout},
    {"guard", "PERCENT", FLAGS_MEASURE & ~FLAGS_FIT, "guard", KEY_TEXT, NULL,
     "end the build when its memory is this full, such as 97%", set_guard},
    {"env", "NAME[=VALUE]", FLAGS_MEASURE, "env", KEY_VARIABLES, NULL,
     "set a variable, or pass it on; may be repeated", add_env},
    {"pull", "WHEN", FLAGS_MEASURE, "pull", KEY_TEXT, "missing",
     "pull the image: never, missing or always", set_pull},
    {"cache", "POLICY", FLAGS_MEASURE, "cache", KEY_TEXT, "as-is",
     "page cache before the build: as-is, warm or cold", set_cache},
    {"user", "UID:GID", FLAGS_MEASURE, "user", KEY_TEXT, NULL,
     "user of the build (default: the invoking user)", set_user},
    {"network", "MODE", FLAGS_MEASURE, "network", KEY_TEXT, NULL,
     "network of the container (default: the engine's)", set_network},
    {"shm-size", "SIZE", FLAGS_MEASURE, "shm_size", KEY_TEXT, NULL,
     "size of the container's /dev/shm (default: the engine's)", set_shm_size},
    {"engine-arg", "ARG", FLAGS_MEASURE, NULL, KEY_NONE, NULL,
     "pass an option to the engine's create; may be repeated", add_engine_arg},
    {"privileges", "NAME", FLAGS_MEASURE, "privileges", KEY_TEXT, "least",
     "privileges of the container: least or engine", set_privileges},
    {"vary", "NAME=VALUE,...", FLAGS_SWEEP, NULL, KEY_NONE, NULL,
     "values of a variable, or of {NAME} in the command; may be repeated", add_vary},
    {"builds", "N", FLAGS_SWEEP, NULL, KEY_NONE, NULL, "highest number of builds (default: 100)",
     set_builds},
    {"within", "SIZE", FLAGS_SWEEP, NULL, KEY_NONE, NULL,
     "find the largest value of the only knob that fits in this memory, or forecast it",
     set_within},
    {"plan", "CI", FLAGS_SWEEP, NULL, KEY_NONE, NULL,
     "print the points as jobs of github, gitlab or kubernetes; build nothing", set_plan},
    {"runs", "N", FLAGS_BISECT, NULL, KEY_NONE, NULL,
     "highest number of runs of each commit, 3 to 20 (default: 8)", set_runs},
    {"metric", "NAME", FLAGS_BISECT, NULL, KEY_NONE, NULL,
     "metric that was raised (default: cgroup_peak)", set_metric},
    {"runs", "N", FLAGS_MEASURE & ~(FLAGS_FIT | FLAGS_BISECT | FLAGS_SWEEP), NULL, KEY_NONE, NULL,
     "number of runs (default: 1; check: as many as needed; baseline refresh: 3)", set_runs},
    {"out", "DIR", FLAGS_MEASURE, "out", KEY_INNER_PATH, ".build-mem",
     "directory for the files of the run", set_out},
    {"repo", "DIR", FLAGS_MEASURE | FLAGS_SHOW | FLAGS_INIT, NULL, KEY_NONE, ".",
     "repository to build", set_repo},
    {"config", "FILE", FLAGS_MEASURE | FLAGS_SHOW | FLAGS_INIT, NULL, KEY_NONE, NULL,
     "configuration file (default: build-mem.json in the repository)", set_file},
    {"junit", "FILE", FLAGS_RUN | FLAGS_CHECK, NULL, KEY_NONE, NULL,
     "JUnit file (default: junit-NAME.xml in --out)", set_junit},
    {"deep", NULL, FLAGS_RUN | FLAGS_CHECK, NULL, KEY_NONE, NULL,
     "build once more, unjudged, with the heap figures of Node.js and the JVM", set_deep},
    {"baseline", "FILE", FLAGS_CHECK | FLAGS_REFRESH | FLAGS_SHOW, "baseline", KEY_INNER_PATH,
     "baselines/build-mem.json", "baseline file", set_baseline},
    {"baseline", "FILE", FLAGS_REPORT, NULL, KEY_NONE, NULL,
     "judge by this baseline (default: the stored verdict)", set_baseline},
    {"against", "RESULT", FLAGS_REPORT, NULL, KEY_NONE, NULL, "another result, to draw beside it",
     set_against},
    {"format", "NAME", FLAGS_REPORT, NULL, KEY_NONE, NULL,
     "format of the report, see the usage above (default: html)", set_format},
    {"output", "FILE", FLAGS_REPORT, NULL, KEY_NONE, NULL,
     "output file, or - for stdout (default: beside the result)", set_output},
    {"output", "FILE", FLAGS_IMPORT, NULL, KEY_NONE, NULL,
     "output file, or - for stdout (default: result-NAME.json beside FILE)", set_output},
    {"format", "NAME", FLAGS_TREND, NULL, KEY_NONE, NULL, "text, html or json (default: text)",
     set_format},
    {"output", "FILE", FLAGS_TREND, NULL, KEY_NONE, NULL, "output file (default: stdout)",
     set_output},
    {"baseline", "FILE", FLAGS_TREND, NULL, KEY_NONE, NULL,
     "anchors and acceptances (default: that of the repository, if it exists)", set_baseline},
    {"repo", "DIR", FLAGS_TREND, NULL, KEY_NONE, ".", "repository that orders the commits",
     set_repo},
    {"git-notes", "REF", FLAGS_TREND, NULL, KEY_NONE, NULL,
     "also read the results in these git notes, such as build-mem", set_git_notes},
    {"baseline-ref", "GITREF", FLAGS_CHECK | FLAGS_SHOW, NULL, KEY_NONE, NULL,
     "read the baseline at the merge base of HEAD and this git ref", set_baseline_ref},
    {"relative", "GITREF", FLAGS_CHECK, NULL, KEY_NONE, NULL,
     "judge without a baseline: also build the merge base of HEAD and this git ref", set_relative},
    {"strict", NULL, FLAGS_CHECK, NULL, KEY_NONE, NULL,
     "fail on an improvement, too, until it is accepted", set_strict},
    {"allow-increase", NULL, FLAGS_REFRESH, NULL, KEY_NONE, NULL,
     "accept higher values; requires --reason", set_allow_increase},
    {"reason", "TEXT", FLAGS_REFRESH, NULL, KEY_NONE, NULL,
     "reason for the increase; stored in the baseline", set_reason},
    {"verbose", NULL, FLAGS_ALL, NULL, KEY_NONE, NULL,
     "print each decision and each engine command on stderr", set_verbose},
    {"format", "NAME", FLAGS_COMPARE, NULL, KEY_NONE, NULL,
     "text, json or markdown (default: text)", set_format},
    {NULL, NULL, 0, NULL, KEY_NONE, NULL, NULL, NULL},
};

int config_set(struct config *config, const char *flag, const char *value, struct bm_error *err)
{
    for (const struct setting *setting = settings; setting->flag; setting++)
        if (strcmp(setting->flag, flag) == 0)
            return setting->set(config, value, err);
    BM_BUG("a flag without a setting");
}
