/* The settings that flags and build-mem.json share: their names, their values, their checks. */
#include "base/alloc.h"
#include "base/units.h"
#include "config/config.h"

#include <ctype.h>
#include <string.h>

static const char *const engine_names[] = {
    [ENGINE_AUTO] = "auto", [ENGINE_DOCKER] = "docker",   [ENGINE_PODMAN] = "podman",
    [ENGINE_HOST] = "host", [ENGINE_INPLACE] = "inplace", NULL};
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

typedef int setter(struct config *config, const char *value, struct bm_error *err);

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
        return bm_error_set(err, "\"%s\": must be auto, docker, podman, host or inplace", value);
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
                            "\"%s\": a label becomes part of file names: up to 64 letters, "
                            "digits, '.', '_' and '-', the first a letter, a digit or '_'",
                            value);
    replace(&config->label, value);
    return 0;
}

static int set_memory(struct config *config, const char *value, struct bm_error *err)
{
    if (parse_size(value, &config->memory_limit_bytes) < 0)
        return bm_error_set(err, "\"%s\": must be a size such as 8g, 512m or 1.5GiB", value);
    if (config->memory_limit_bytes < LEAST_LIMIT_BYTES)
        return bm_error_set(err, "\"%s\": no build fits into less than 6 MiB", value);
    return 0;
}

static int set_timeout(struct config *config, const char *value, struct bm_error *err)
{
    if (parse_duration(value, &config->timeout_ms) < 0)
        return bm_error_set(err, "\"%s\": must be a duration such as 90s, 45m or 1h30m", value);
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
    if (parse_integer(value, 1, 100, &config->runs) < 0)
        return bm_error_set(err, "\"%s\": must be a whole number from 1 to 100", value);
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
            return bm_error_set(err, "\"%s\": a name has letters, digits and '_'", value);
    strv_push(&config->env, value);
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
TEXT_SETTER(baseline_ref, not_an_option)
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
SWITCH_SETTER(strict)
SWITCH_SETTER(allow_increase)

static const struct {
    const char *name;
    setter *set;
} settings[] = {
    {"allow-increase", set_allow_increase},
    {"baseline", set_baseline},
    {"baseline-ref", set_baseline_ref},
    {"against", set_against},
    {"output", set_output},
    {"build-cmd", set_build_command},
    {"cache", set_cache},
    {"config", set_file},
    {"engine", set_engine},
    {"env", add_env},
    {"format", set_format},
    {"image", set_image},
    {"interval-ms", set_interval},
    {"json-only", set_json_only},
    {"junit", set_junit},
    {"label", set_label},
    {"memory", set_memory},
    {"network", set_network},
    {"out", set_out},
    {"privileges", set_privileges},
    {"pull", set_pull},
    {"quiet", set_quiet},
    {"reason", set_reason},
    {"repo", set_repo},
    {"runs", set_runs},
    {"skip-clear", set_skip_clear},
    {"strict", set_strict},
    {"timeout", set_timeout},
    {"user", set_user},
};

int config_set(struct config *config, const char *name, const char *value, struct bm_error *err)
{
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (strcmp(settings[i].name, name) == 0)
            return settings[i].set(config, value, err);
    BM_BUG("a setting without a setter");
}
