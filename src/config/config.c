#include "config/config.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/units.h"
#include "config/pattern.h"

#include <string.h>

#define MAX_STAGES 256

static void add_stage(struct config *config, const char *name, const char *match)
{
    config->stages = xgrow(config->stages, config->stage_count, sizeof *config->stages);
    config->stages[config->stage_count++] =
        (struct stage_rule){.name = xstrdup(name), .match = xstrdup(match)};
}

static void add_artifact(struct config *config, const char *path, bool required)
{
    config->artifacts = xgrow(config->artifacts, config->artifact_count, sizeof *config->artifacts);
    config->artifacts[config->artifact_count++] =
        (struct artifact_rule){.path = xstrdup(path), .required = required};
}

static void drop_stages(struct config *config)
{
    for (size_t i = 0; i < config->stage_count; i++) {
        free(config->stages[i].name);
        free(config->stages[i].match);
    }
    free(config->stages);
    config->stages = NULL;
    config->stage_count = 0;
}

static void drop_artifacts(struct config *config)
{
    for (size_t i = 0; i < config->artifact_count; i++)
        free(config->artifacts[i].path);
    free(config->artifacts);
    config->artifacts = NULL;
    config->artifact_count = 0;
}

void config_init(struct config *config)
{
    *config = (struct config){
        .repo = xstrdup("."),
        .out = xstrdup(".build-mem"),
        .build_command = xstrdup("npm run build"),
        .image = xstrdup("node:24-bookworm"),
        .pull = PULL_MISSING,
        .memory_limit_bytes = UNMEASURED,
        .interval_ms = 150,
        .baseline = xstrdup("baselines/build-mem.json"),
    };
    strv_push(&config->clear, "server/.next");
    strv_push(&config->clear, "server/tsconfig.tsbuildinfo");
    add_stage(config, "next-build", "(^|[ /])next( |/dist/bin/next )build( |$)");
    add_stage(config, "build-deps", "(^|[ /])(nx|nx\\.js) (run )?([^ ]*:)?build-deps( |$)");
    add_stage(config, "assemblyscript", "(^|[ /])(build:assemblyscript|asc|asc\\.js)( |$)");
    add_artifact(config, "server/.next/BUILD_ID", true);
    add_artifact(config, "server/.next/routes-manifest.json", false);
    add_artifact(config, "server/.next/build-manifest.json", false);
}

void config_release(struct config *config)
{
    drop_stages(config);
    drop_artifacts(config);
    strv_release(&config->build_argv);
    strv_release(&config->clear);
    strv_release(&config->env);
    free(config->repo);
    free(config->out);
    free(config->file);
    free(config->label);
    free(config->build_command);
    free(config->image);
    free(config->user);
    free(config->network);
    free(config->baseline);
    free(config->baseline_ref);
    free(config->against);
    free(config->format);
    free(config->output);
    free(config->junit);
    free(config->reason);
    *config = (struct config){0};
}

char *config_in_repo(const struct config *config, const char *path)
{
    if (*path == '/' || strcmp(config->repo, ".") == 0)
        return xstrdup(path);
    return xasprintf("%s/%s", config->repo, path);
}

/* ---- build-mem.json ---- */

/* A path of the repo: relative, without "..", not the repo itself. */
static int expect_inner_path(const struct json *value, const char **path, struct bm_error *err)
{
    if (json_expect_string(value, path, err) < 0)
        return -1;
    if (!**path || **path == '/')
        return json_error(value, err, "must be a path relative to the repo");
    bool names_something = false;
    for (const char *part = *path; *part; part += strspn(part, "/")) {
        size_t length = strcspn(part, "/");
        if (length == 2 && strncmp(part, "..", 2) == 0)
            return json_error(value, err, "must not contain \"..\": it may not leave the repo");
        names_something |= !(length == 1 && *part == '.');
        part += length;
    }
    if (!names_something)
        return json_error(value, err, "must name something inside the repo, not the repo itself");
    return 0;
}

static int read_clear(struct config *config, const struct json *list, struct bm_error *err)
{
    if (json_expect_array(list, err) < 0)
        return -1;
    strv_release(&config->clear);
    for (const struct json *item = json_first(list); item; item = json_next(item)) {
        const char *path;
        if (expect_inner_path(item, &path, err) < 0)
            return -1;
        strv_push(&config->clear, path);
    }
    return 0;
}

static int expect_stage_name(const struct config *config, const struct json *value,
                             const char **name, struct bm_error *err)
{
    if (json_expect_string(value, name, err) < 0)
        return -1;
    size_t fit = strspn(*name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    if (!**name || (*name)[fit] || fit > 64)
        return json_error(value, err, "must be up to 64 letters, digits, '.', '_' or '-'");
    if (strcmp(*name, "setup") == 0)
        return json_error(value, err, "\"setup\" is what comes before the first stage");
    for (size_t i = 0; i < config->stage_count; i++)
        if (strcmp(config->stages[i].name, *name) == 0)
            return json_error(value, err, "two stages have this name");
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
    drop_stages(config);
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
        add_stage(config, name, match);
    }
    return 0;
}

static int read_artifacts(struct config *config, const struct json *list, struct bm_error *err)
{
    static const char *const keys[] = {"path", "required", NULL};
    if (json_expect_array(list, err) < 0)
        return -1;
    drop_artifacts(config);
    for (const struct json *item = json_first(list); item; item = json_next(item)) {
        const struct json *path_value;
        const char *path;
        bool required = true;
        if (json_expect_object(item, err) < 0 || json_expect_keys(item, keys, err) < 0 ||
            json_require(item, "path", &path_value, err) < 0 ||
            expect_inner_path(path_value, &path, err) < 0)
            return -1;
        const struct json *flag = json_member(item, "required");
        if (flag && json_expect_bool(flag, &required, err) < 0)
            return -1;
        add_artifact(config, path, required);
    }
    return 0;
}

/* A string setting goes through the same check as its flag; the message gets the place. */
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
        /* What the caller's environment holds, secrets too, is not the change's to ask for. */
        if (*text && !strchr(text, '='))
            return json_error(item, err,
                              "must be NAME=VALUE; to pass on a variable of the caller's takes the "
                              "flag --env NAME");
        if (read_string(config, item, "env", err) < 0)
            return -1;
    }
    return 0;
}

static int read_member(struct config *config, const struct json *member, struct bm_error *err)
{
    /* Keys of the file, and the flags that set the same. Where something is read or written outside
     * of the repo is for a flag to say: the file is part of the change that is judged. */
    static const struct {
        const char *key, *flag;
        bool inner_path;
    } strings[] = {
        {"build", "build-cmd", false},
        {"image", "image", false},
        {"engine", "engine", false},
        {"memory", "memory", false},
        {"timeout", "timeout", false},
        {"network", "network", false},
        {"pull", "pull", false},
        {"user", "user", false},
        {"baseline", "baseline", true},
        {"out", "out", true},
        {"label", "label", false},
        {"cache", "cache", false},
        {"privileges", "privileges", false},
    };
    const char *key = json_key(member), *ignored;
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        if (strcmp(key, strings[i].key) == 0) {
            if (strings[i].inner_path && expect_inner_path(member, &ignored, err) < 0)
                return -1;
            return read_string(config, member, strings[i].flag, err);
        }
    if (strcmp(key, "interval_ms") == 0)
        return read_integer(config, member, "interval-ms", err);
    if (strcmp(key, "env") == 0)
        return read_env(config, member, err);
    if (strcmp(key, "clear") == 0)
        return read_clear(config, member, err);
    if (strcmp(key, "stages") == 0)
        return read_stages(config, member, err);
    if (strcmp(key, "artifacts") == 0)
        return read_artifacts(config, member, err);
    if (strcmp(key, "$schema") == 0)
        return json_expect_string(member, &ignored, err);
    if (strcmp(key, "schema_version") == 0) {
        int64_t version;
        return json_expect_integer(member, 1, 1, &version, err);
    }
    return json_error(member, err, "unknown key");
}

static int read_document(struct config *config, const struct json_document *document,
                         struct bm_error *err)
{
    const struct json *root = json_root(document);
    if (json_expect_object(root, err) < 0)
        return -1;
    for (const struct json *member = json_first(root); member; member = json_next(member))
        if (read_member(config, member, err) < 0)
            return -1;
    return 0;
}

int config_parse(struct config *config, const char *text, const char *origin, struct bm_error *err)
{
    struct json_document *document CLEANUP(cleanup_json_document) = json_parse(text, origin, err);
    return document ? read_document(config, document, err) : -1;
}

int config_read_file(struct config *config, const char *path, struct bm_error *err)
{
    struct json_document *document CLEANUP(cleanup_json_document) = json_parse_file(path, err);
    return document ? read_document(config, document, err) : -1;
}
