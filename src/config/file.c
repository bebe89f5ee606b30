/* build-mem.json: reads the file over the defaults. */
#include "config/config.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/units.h"
#include "config/pattern.h"
#include "measurement/metric.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_STAGES 256
#define MAX_PROCESSES 32

/* Expects a path inside the repo: relative, without "..", and not the repo itself. */
static int expect_inner_path(const struct json *value, const char **path, struct bm_error *err)
{
    if (json_expect_string(value, path, err) < 0)
        return -1;
    if (!**path || **path == '/')
        return json_error(value, err, "must be a path relative to the repository");
    bool names_something = false;
    for (const char *part = *path; *part; part += strspn(part, "/")) {
        size_t length = strcspn(part, "/");
        if (length == 2 && strncmp(part, "..", 2) == 0)
            return json_error(value, err,
                              "must not contain \"..\": the path must stay inside the repository");
        names_something |= !(length == 1 && *part == '.');
        part += length;
    }
    if (!names_something)
        return json_error(value, err,
                          "must be a path inside the repository, not the repository itself");
    return 0;
}

/* Expects a path inside the repo. "*" and "?" stand for characters of one name (run/workspace.h).
 */
static int expect_file_pattern(const struct json *value, const char **path, struct bm_error *err)
{
    if (expect_inner_path(value, path, err) < 0)
        return -1;
    return strstr(*path, "**") ? json_error(value, err,
                                            "must not contain \"**\": write one \"*\" for each "
                                            "level, as in packages/*/dist")
                               : 0;
}

/* Reads "clear" or "reuse". */
static int read_paths(struct strv *paths, const struct json *list, struct bm_error *err)
{
    if (json_expect_array(list, err) < 0)
        return -1;
    strv_release(paths);
    for (const struct json *item = json_first(list); item; item = json_next(item)) {
        const char *path;
        if (expect_file_pattern(item, &path, err) < 0)
            return -1;
        strv_push(paths, path);
    }
    return 0;
}

static int read_setup(struct config *config, const struct json *value, struct bm_error *err)
{
    const char *command;
    if (json_expect_string(value, &command, err) < 0)
        return -1;
    if (!*command)
        return json_error(value, err, "must not be empty");
    free(config->setup);
    config->setup = xstrdup(command);
    return 0;
}

static int expect_name(const struct json *value, const char **name, struct bm_error *err)
{
    if (json_expect_string(value, name, err) < 0)
        return -1;
    size_t fit = strspn(*name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    if (!**name || (*name)[fit] || fit > 64)
        return json_error(value, err, "must be up to 64 letters, digits, '.', '_' or '-'");
    return 0;
}

static int expect_stage_name(const struct config *config, const struct json *value,
                             const char **name, struct bm_error *err)
{
    if (expect_name(value, name, err) < 0)
        return -1;
    if (strcmp(*name, "setup") == 0)
        return json_error(value, err, "\"setup\" is reserved for the time before the first stage");
    for (size_t i = 0; i < config->stage_count; i++)
        if (strcmp(config->stages[i].name, *name) == 0)
            return json_error(value, err, "duplicate stage name");
    return 0;
}

static int expect_pattern(const struct json *value, const char **pattern, struct bm_error *err)
{
    if (json_expect_string(value, pattern, err) < 0)
        return -1;
    struct bm_error why CLEANUP(bm_error_release) = BM_ERROR_INIT;
    if (pattern_check(*pattern, &why) < 0)
        return json_error(value, err, "%s", why.message);
    return 0;
}

static int read_stages(struct config *config, const struct json *list, struct bm_error *err)
{
    static const char *const keys[] = {"name", "match", NULL};
    if (json_expect_array(list, err) < 0)
        return -1;
    config_drop_stages(config);
    for (const struct json *item = json_first(list); item; item = json_next(item)) {
        const struct json *name_value, *match_value;
        const char *name, *match;
        if (json_expect_object(item, err) < 0 || json_expect_keys(item, keys, err) < 0 ||
            json_require(item, "name", &name_value, err) < 0 ||
            json_require(item, "match", &match_value, err) < 0 ||
            expect_stage_name(config, name_value, &name, err) < 0 ||
            expect_pattern(match_value, &match, err) < 0)
            return -1;
        if (config->stage_count == MAX_STAGES)
            return json_error(item, err, "more than %d stages", MAX_STAGES);
        config_add_stage(config, name, match);
    }
    return 0;
}

static int expect_process_name(const struct config *config, const struct json *value,
                               const char **name, struct bm_error *err)
{
    if (expect_name(value, name, err) < 0)
        return -1;
    for (size_t i = 0; i < config->process_count; i++)
        if (strcmp(config->processes[i].name, *name) == 0)
            return json_error(value, err, "duplicate process name");
    return 0;
}

/* ---- budgets ---- */

static int expect_budget(const struct json *value, const char *metric, int64_t *most,
                         struct bm_error *err)
{
    const char *text;
    if (json_expect_string(value, &text, err) < 0)
        return -1;
    bool time = strcmp(metric_unit(metric), "ms") == 0;
    if ((time ? parse_duration(text, most) : parse_size(text, most)) < 0)
        return json_error(value, err, "must be a %s",
                          time ? "duration such as \"45m\"" : "size such as \"1.5GiB\"");
    return 0;
}

/* The budget of a metric can be in "budgets" or in "processes", not in both. */
static int add_budget(struct config *config, const struct json *value, const char *metric,
                      struct bm_error *err)
{
    int64_t most;
    if (budgets_find(&config->budgets, metric) >= 0)
        return json_error(value, err, "duplicate budget of %s", metric);
    if (expect_budget(value, metric, &most, err) < 0)
        return -1;
    budgets_add(&config->budgets, metric, most);
    return 0;
}

static int read_warn_at(struct config *config, const struct json *value, struct bm_error *err)
{
    const char *text;
    if (json_expect_string(value, &text, err) < 0)
        return -1;
    char *end = NULL;
    double percent = strtod(text, &end);
    if (!isdigit((unsigned char)*text) || percent <= 0 || percent > 100 || strcmp(end, "%") != 0)
        return json_error(value, err, "must be a part of the budget, such as \"90%%\"");
    config->budgets.warn_at_percent = percent;
    return 0;
}

static int read_budgets(struct config *config, const struct json *object, struct bm_error *err)
{
    if (json_expect_object(object, err) < 0)
        return -1;
    for (const struct json *item = json_first(object); item; item = json_next(item)) {
        const char *metric = json_key(item);
        if (strcmp(metric, "warn_at") == 0) {
            if (read_warn_at(config, item, err) < 0)
                return -1;
        } else if (!metric_is_known(metric)) {
            return json_error(item, err, "unknown metric: there are " METRIC_NAMES);
        } else if (add_budget(config, item, metric, err) < 0) {
            return -1;
        }
    }
    return 0;
}

static bool has_stage(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->stage_count; i++)
        if (strcmp(config->stages[i].name, name) == 0)
            return true;
    return strcmp(name, "setup") == 0;
}

static bool has_process(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->process_count; i++)
        if (strcmp(config->processes[i].name, name) == 0)
            return true;
    return false;
}

/* A misspelled name would be measured never, and found out after the build. */
static int check_budget_names(const struct config *config, const struct json *root,
                              struct bm_error *err)
{
    const struct json *budgets = json_member(root, "budgets");
    for (size_t i = 0; budgets && i < config->budgets.count; i++) {
        const char *metric = config->budgets.items[i].metric;
        const struct json *item = json_member(budgets, metric);
        const char *stage = metric_stage(metric), *process = metric_process_name(metric);
        if (item && stage && !has_stage(config, stage))
            return json_error(item, err, "\"stages\" has no stage \"%s\"", stage);
        if (item && process && !has_process(config, process))
            return json_error(item, err, "\"processes\" has no entry \"%s\"", process);
    }
    return 0;
}

static int read_processes(struct config *config, const struct json *list, struct bm_error *err)
{
    static const char *const keys[] = {"name", "match", "budget", NULL};
    if (json_expect_array(list, err) < 0)
        return -1;
    config_drop_processes(config);
    for (const struct json *item = json_first(list); item; item = json_next(item)) {
        const struct json *name_value, *match_value;
        const char *name, *match;
        if (json_expect_object(item, err) < 0 || json_expect_keys(item, keys, err) < 0 ||
            json_require(item, "name", &name_value, err) < 0 ||
            json_require(item, "match", &match_value, err) < 0 ||
            expect_process_name(config, name_value, &name, err) < 0 ||
            expect_pattern(match_value, &match, err) < 0)
            return -1;
        const struct json *budget = json_member(item, "budget");
        char *metric CLEANUP(cleanup_free) = xasprintf(METRIC_PROCESS_PREFIX "%s", name);
        if (budget && add_budget(config, budget, metric, err) < 0)
            return -1;
        if (config->process_count == MAX_PROCESSES)
            return json_error(item, err, "more than %d processes", MAX_PROCESSES);
        config_add_process(config, name, match);
    }
    return 0;
}

/* A path that begins with "/" is in the image of an image build. */
static int expect_artifact_path(const struct json *value, const char **path, struct bm_error *err)
{
    if (json_expect_string(value, path, err) < 0)
        return -1;
    if (**path != '/')
        return expect_file_pattern(value, path, err);
    if (strpbrk(*path, "*?"))
        return json_error(value, err, "a path in the image must not contain \"*\" or \"?\"");
    return strspn(*path, "/.") == strlen(*path)
               ? json_error(value, err, "must be a path inside the image, not all of it")
               : 0;
}

static int read_artifacts(struct config *config, const struct json *list, struct bm_error *err)
{
    static const char *const keys[] = {"path", "required", NULL};
    if (json_expect_array(list, err) < 0)
        return -1;
    config_drop_artifacts(config);
    for (const struct json *item = json_first(list); item; item = json_next(item)) {
        const struct json *path_value;
        const char *path;
        bool required = true;
        if (json_expect_object(item, err) < 0 || json_expect_keys(item, keys, err) < 0 ||
            json_require(item, "path", &path_value, err) < 0 ||
            expect_artifact_path(path_value, &path, err) < 0)
            return -1;
        const struct json *flag = json_member(item, "required");
        if (flag && json_expect_bool(flag, &required, err) < 0)
            return -1;
        config_add_artifact(config, path, required);
    }
    return 0;
}

/* Checks the value as that of the flag, and adds the place to the message. */
static int read_setting(struct config *config, const struct json *value, const char *flag,
                        const char *text, struct bm_error *err)
{
    struct bm_error why CLEANUP(bm_error_release) = BM_ERROR_INIT;
    if (config_set(config, flag, text, &why) < 0)
        return json_error(value, err, "%s", why.message);
    return 0;
}

static int read_string(struct config *config, const struct json *value, const char *flag,
                       struct bm_error *err)
{
    const char *text;
    if (json_expect_string(value, &text, err) < 0)
        return -1;
    return read_setting(config, value, flag, text, err);
}

static int read_integer(struct config *config, const struct json *value, const char *flag,
                        struct bm_error *err)
{
    int64_t number;
    if (json_expect_integer(value, 0, INT32_MAX, &number, err) < 0)
        return -1;
    char *text CLEANUP(cleanup_free) = xasprintf("%lld", (long long)number);
    return read_setting(config, value, flag, text, err);
}

static int read_env(struct config *config, const struct json *list, struct bm_error *err)
{
    if (json_expect_array(list, err) < 0)
        return -1;
    for (const struct json *item = json_first(list); item; item = json_next(item)) {
        const char *text;
        if (json_expect_string(item, &text, err) < 0)
            return -1;
        /* The file is part of the change: it must not read the caller's variables, such as secrets.
         */
        if (*text && !strchr(text, '='))
            return json_error(item, err,
                              "must be NAME=VALUE; to pass on a variable of the caller, use the "
                              "flag --env NAME");
        if (read_string(config, item, "env", err) < 0)
            return -1;
    }
    return 0;
}

static int read_value(struct config *config, const struct json *member,
                      const struct setting *setting, struct bm_error *err)
{
    const char *ignored;
    switch (setting->form) {
    case KEY_INTEGER:
        return read_integer(config, member, setting->flag, err);
    case KEY_VARIABLES:
        return read_env(config, member, err);
    case KEY_INNER_PATH:
        if (expect_inner_path(member, &ignored, err) < 0)
            return -1;
        return read_string(config, member, setting->flag, err);
    case KEY_TEXT:
        return read_string(config, member, setting->flag, err);
    case KEY_NONE:
    default:
        BM_BUG("a key without a form");
    }
}

static int read_member(struct config *config, const struct json *member, struct bm_error *err)
{
    const char *key = json_key(member), *ignored;
    int64_t version;
    for (const struct setting *setting = settings; setting->flag; setting++)
        if (setting->key && strcmp(key, setting->key) == 0)
            return read_value(config, member, setting, err);
    config->has_clear |= strcmp(key, "clear") == 0;
    config->has_artifacts |= strcmp(key, "artifacts") == 0;
    if (strcmp(key, "clear") == 0)
        return read_paths(&config->clear, member, err);
    if (strcmp(key, "reuse") == 0)
        return read_paths(&config->reuse, member, err);
    if (strcmp(key, "setup") == 0)
        return read_setup(config, member, err);
    if (strcmp(key, "stages") == 0)
        return read_stages(config, member, err);
    if (strcmp(key, "processes") == 0)
        return read_processes(config, member, err);
    if (strcmp(key, "budgets") == 0)
        return read_budgets(config, member, err);
    if (strcmp(key, "artifacts") == 0)
        return read_artifacts(config, member, err);
    if (strcmp(key, "$schema") == 0)
        return json_expect_string(member, &ignored, err);
    if (strcmp(key, "schema_version") == 0)
        return json_expect_integer(member, 1, 1, &version, err);
    return json_error(member, err, "unknown key");
}

/* The keys that name the files of a run come first: the run reports an error in another key in
 * these files. */
static bool names_files(const struct json *member)
{
    const char *key = json_key(member);
    return strcmp(key, "out") == 0 || strcmp(key, "label") == 0;
}

static int read_members(struct config *config, const struct json *root, bool files,
                        struct bm_error *err)
{
    for (const struct json *member = json_first(root); member; member = json_next(member))
        if (names_files(member) == files && read_member(config, member, err) < 0)
            return -1;
    return 0;
}

static int read_document(struct config *config, const struct json_document *document,
                         const char *origin, struct bm_error *err)
{
    const struct json *root = json_root(document);
    if (json_expect_object(root, err) < 0 || read_members(config, root, true, err) < 0 ||
        read_members(config, root, false, err) < 0)
        return -1;
    if (json_member(root, "image")) {
        free(config->image_origin);
        config->image_origin = xasprintf("\"image\" in %s", origin);
    }
    return check_budget_names(config, root, err);
}

int config_parse(struct config *config, const char *text, const char *origin, struct bm_error *err)
{
    struct json_document *document CLEANUP(cleanup_json_document) = json_parse(text, origin, err);
    return document ? read_document(config, document, origin, err) : -1;
}

int config_read_file(struct config *config, const char *path, struct bm_error *err)
{
    struct json_document *document CLEANUP(cleanup_json_document) = json_parse_file(path, err);
    return document ? read_document(config, document, path, err) : -1;
}
