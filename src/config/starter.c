#include "config/starter.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/json_write.h"
#include "config/ecosystems.h"

#include <glob.h>
#include <stdint.h>
#include <string.h>

void starter_release(struct starter *starter)
{
    free(starter->text);
    strv_release(&starter->found);
    strv_release(&starter->caches);
    *starter = (struct starter){0};
}

/* ---- the files of the repo ---- */

/* Escapes the characters that glob(3) would take for a pattern. */
static char *literal(const char *path)
{
    char *text = xcalloc(2, strlen(path) + 1), *to = text;
    for (; *path; path++) {
        if (strchr("*?[]\\", *path))
            *to++ = '\\';
        *to++ = *path;
    }
    return text;
}

/* Returns false for installed packages and for build outputs. */
static bool is_ours(const char *inner)
{
    static const char *const foreign[] = {"node_modules", "vendor", "target", "build", "dist"};
    for (const char *part = inner; part; part = strchr(part, '/')) {
        part += *part == '/';
        for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
            size_t length = strlen(foreign[i]);
            if (strncmp(part, foreign[i], length) == 0 && part[length] == '/')
                return false;
        }
    }
    return true;
}

static void add_once(struct strv *list, const char *text)
{
    if (!strv_contains(list, text))
        strv_push(list, text);
}

/* Adds the directories with a file of this name, relative to the repo ("" is its root). */
static void find_marker(const char *repo, const char *place, const char *marker,
                        struct strv *directories)
{
    glob_t found;
    char *base CLEANUP(cleanup_free) = literal(repo);
    char *pattern CLEANUP(cleanup_free) = xasprintf("%s/%s%s", base, place, marker);
    if (glob(pattern, 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *inner = found.gl_pathv[i] + strlen(repo) + 1;
        const char *slash = strrchr(inner, '/');
        char *directory CLEANUP(cleanup_free) =
            xstrndup(inner, slash ? (size_t)(slash - inner) : 0);
        if (is_ours(inner))
            add_once(directories, directory);
    }
    globfree(&found);
}

static void find_markers(const char *repo, const char *const *markers, bool below,
                         struct strv *directories)
{
    static const char *const places[] = {"", "*/", "*/*/"};
    for (size_t p = 0; p < (below ? sizeof places / sizeof *places : 1); p++)
        for (size_t i = 0; i < MARKERS_MAX && markers[i]; i++)
            find_marker(repo, places[p], markers[i], directories);
}

static bool at_top(const char *repo, const char *marker)
{
    struct strv directories CLEANUP(strv_release) = {0};
    find_marker(repo, "", marker, &directories);
    return directories.count > 0;
}

/* ---- package.json ---- */

/* Returns the package in a directory of the repo, NULL if there is none or it cannot be read. */
static struct json_document *read_package(const char *repo, const char *directory)
{
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *path CLEANUP(cleanup_free) =
        xasprintf("%s/%s%spackage.json", repo, directory, *directory ? "/" : "");
    struct json_document *document = json_parse_file(path, &ignored);
    if (document && json_is_object(json_root(document)))
        return document;
    json_document_free(document);
    return NULL;
}

/* Returns the text of a member, "" if it is missing or no text. */
static const char *text_member(const struct json *object, const char *name)
{
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    const struct json *member = object && json_is_object(object) ? json_member(object, name) : NULL;
    const char *text = "";
    if (member && json_is_string(member))
        (void)json_expect_string(member, &text, &ignored);
    return text;
}

/* Returns the script "build" of the package in a directory of the repo, "" if it has none, NULL if
 * there is no package or it cannot be read. The caller owns it. */
static char *build_script(const char *repo, const char *directory)
{
    struct json_document *package CLEANUP(cleanup_json_document) = read_package(repo, directory);
    if (!package)
        return NULL;
    return xstrdup(text_member(json_member(json_root(package), "scripts"), "build"));
}

/* Returns whether the package at the top names a package manager that begins like this. */
static bool has_manager(const char *repo, const char *manager)
{
    struct json_document *package CLEANUP(cleanup_json_document) = read_package(repo, "");
    return package && strncmp(text_member(json_root(package), "packageManager"), manager,
                              strlen(manager)) == 0;
}

/* Adds the directories whose package has the command in its script "build". */
static void find_scripts(const char *repo, const char *command, struct strv *directories)
{
    struct strv packages CLEANUP(strv_release) = {0};
    find_markers(repo, (const char *const[MARKERS_MAX]){"package.json"}, true, &packages);
    for (size_t i = 0; i < packages.count; i++) {
        char *script CLEANUP(cleanup_free) = build_script(repo, packages.items[i]);
        if (script && *script && strstr(script, command))
            add_once(directories, packages.items[i]);
    }
}

/* Returns the command of the last tool at the top, which runs the others; NULL if none has one. */
static const char *tool_build(const char *repo)
{
    const char *build = NULL;
    for (const struct tool *tool = tools; tool->name; tool++)
        for (size_t i = 0; tool->build && i < MARKERS_MAX && tool->markers[i]; i++)
            if (at_top(repo, tool->markers[i]))
                build = tool->build;
    return build;
}

/* ---- the kind of the repo ---- */

static bool is_at_top(const char *repo, const struct ecosystem *ecosystem)
{
    for (size_t i = 0; i < MARKERS_MAX && ecosystem->markers[i]; i++)
        if (at_top(repo, ecosystem->markers[i]))
            return true;
    return false;
}

/* A package.json without a build is often there for a linter or a commit hook, beside a repo of
 * another kind. An image build is none: it often packages the files of the repo. */
static const struct ecosystem *find_ecosystem(const char *repo)
{
    const struct ecosystem *node = &ecosystems[0], *found = NULL;
    for (const struct ecosystem *one = ecosystems; one->name; one++) {
        if (!is_at_top(repo, one) || (found && !one->image))
            continue;
        if (one != node)
            return one;
        char *script CLEANUP(cleanup_free) = build_script(repo, "");
        if ((script && *script) || tool_build(repo))
            return node;
        found = node;
    }
    return found;
}

/* Returns the first of at most `count` variants that applies; NULL if none does. */
static const struct build_variant *find_variant(const char *repo,
                                                const struct build_variant *variants, size_t count)
{
    for (size_t i = 0; i < count && variants[i].marker; i++) {
        const struct build_variant *variant = &variants[i];
        if (at_top(repo, variant->marker) &&
            (!variant->manager || has_manager(repo, variant->manager)))
            return variant;
    }
    return NULL;
}

/* Without a package that has a build, the commands that skip the others would do nothing, and exit
 * 0. */
static bool has_workspace_builds(const char *repo)
{
    struct strv builds CLEANUP(strv_release) = {0};
    find_scripts(repo, "", &builds);
    if (!builds.count)
        return false;
    struct json_document *package CLEANUP(cleanup_json_document) = read_package(repo, "");
    return (package && json_member(json_root(package), "workspaces")) ||
           at_top(repo, "pnpm-workspace.yaml");
}

/* Returns the command of a package.json without a script "build"; NULL if it has that script, or
 * nothing else builds it. */
static const char *build_without_script(const char *repo)
{
    char *script CLEANUP(cleanup_free) = build_script(repo, "");
    if (!script || *script)
        return NULL;
    const char *build = tool_build(repo);
    if (build || !has_workspace_builds(repo))
        return build;
    const struct build_variant *variant = find_variant(repo, workspace_builds, SIZE_MAX);
    return variant ? variant->build : NULL;
}

/* ---- the file ---- */

struct draft {
    const char *build, *image;
    struct strv clear, artifacts, hints;
    struct strv env;             /* NAME=VALUE */
    struct strv stages, matches; /* of equal length: matches[i] belongs to stages[i] */
};

static void add_stage(struct draft *draft, const struct known_stage *stage)
{
    if (strv_contains(&draft->stages, stage->name))
        return;
    strv_push(&draft->stages, stage->name);
    strv_push(&draft->matches, stage->match);
}

static void add_paths(struct strv *list, const char *directory, const char *const *paths)
{
    for (size_t i = 0; i < PATHS_MAX && paths[i]; i++) {
        char *path CLEANUP(cleanup_free) =
            xasprintf("%s%s%s", directory, *directory ? "/" : "", paths[i]);
        add_once(list, path);
    }
}

/* Adds what keeps the caches of an ecosystem or a tool, in this directory, from a replay. */
static void add_caches(struct draft *draft, struct starter *starter, const char *owner,
                       const char *directory)
{
    for (const struct known_cache *cache = known_caches; cache->name; cache++) {
        bool owned = false;
        for (size_t i = 0; i < OWNERS_MAX && cache->owners[i]; i++)
            owned |= strcmp(cache->owners[i], owner) == 0;
        if (!owned)
            continue;
        add_paths(&draft->clear, directory, cache->clear);
        if (cache->variable)
            add_once(&draft->env, cache->variable);
        char *line CLEANUP(cleanup_free) =
            cache->clear[0]
                ? xasprintf("%s: \"clear\" has %s", cache->name, cache->clear[0])
                : xasprintf("%s: %s%s", cache->name, cache->variable ? "\"env\" has " : "",
                            cache->variable ? cache->variable : cache->disabled_by);
        add_once(&starter->caches, line);
    }
}

static void add_tool(struct draft *draft, struct starter *starter, const char *repo,
                     const struct tool *tool)
{
    struct strv directories CLEANUP(strv_release) = {0};
    find_markers(repo, tool->markers, true, &directories);
    if (tool->command)
        find_scripts(repo, tool->command, &directories);
    if (!directories.count)
        return;
    add_stage(draft, &tool->stage);
    for (size_t i = 0; i < directories.count; i++) {
        const char *directory = directories.items[i];
        add_paths(&draft->clear, directory, tool->clear);
        add_paths(&draft->artifacts, directory, tool->artifacts);
        add_paths(&draft->hints, directory, tool->hints);
        add_caches(draft, starter, tool->name, directory);
        strv_pushf(&starter->found, "%s%s%s", tool->name, *directory ? " in " : "", directory);
    }
}

/* Returns whether one of the directories is inside this one. */
static bool contains_another(const struct strv *directories, const char *directory)
{
    size_t length = strlen(directory);
    for (size_t i = 0; i < directories->count; i++) {
        const char *other = directories->items[i];
        if (strcmp(other, directory) != 0 && strncmp(other, directory, length) == 0 &&
            (!length || other[length] == '/'))
            return true;
    }
    return false;
}

static void add_modules(struct draft *draft, struct starter *starter, const char *repo,
                        const struct ecosystem *ecosystem)
{
    struct strv modules CLEANUP(strv_release) = {0};
    find_markers(repo, ecosystem->module_markers, true, &modules);
    if (!modules.count)
        strv_push(&modules, "");
    for (size_t i = 0; i < modules.count; i++) {
        const char *module = modules.items[i];
        add_paths(&draft->clear, module, ecosystem->clear);
        add_paths(contains_another(&modules, module) ? &draft->hints : &draft->artifacts, module,
                  ecosystem->artifacts);
        if (*module)
            strv_pushf(&starter->found, "module %s", module);
    }
}

static void add_ecosystem(struct draft *draft, struct starter *starter, const char *repo,
                          const struct ecosystem *ecosystem)
{
    const struct build_variant *variant = find_variant(repo, ecosystem->variants, VARIANTS_MAX);
    draft->build = variant ? variant->build : ecosystem->build;
    draft->image = variant && variant->image ? variant->image : ecosystem->image;
    starter->incremental = ecosystem->incremental;
    starter->image_build = !ecosystem->image;
    if (variant)
        strv_pushf(&starter->found, "%s (%s)", ecosystem->name, variant->marker);
    else
        strv_push(&starter->found, ecosystem->name);
    const char *without_script = ecosystem == &ecosystems[0] ? build_without_script(repo) : NULL;
    if (without_script)
        draft->build = without_script;
}

static void write_stages(cJSON *root, const struct draft *draft)
{
    cJSON *list = json_add_array(root, "stages");
    for (size_t i = 0; i < draft->stages.count; i++) {
        cJSON *stage = cJSON_CreateObject();
        json_add_text(stage, "name", draft->stages.items[i]);
        json_add_text(stage, "match", draft->matches.items[i]);
        cJSON_AddItemToArray(list, stage);
    }
}

static void write_artifacts(cJSON *list, const struct strv *paths, bool required)
{
    for (size_t i = 0; i < paths->count; i++) {
        cJSON *artifact = cJSON_CreateObject();
        json_add_text(artifact, "path", paths->items[i]);
        if (!required)
            cJSON_AddFalseToObject(artifact, "required");
        cJSON_AddItemToArray(list, artifact);
    }
}

static char *write_config(const char *schema, const struct draft *draft)
{
    cJSON *root CLEANUP(cleanup_cjson) = cJSON_CreateObject();
    if (schema)
        json_add_text(root, "$schema", schema);
    json_add_text(root, "build", draft->build);
    if (draft->image)
        json_add_text(root, "image", draft->image);
    cJSON *clear = json_add_array(root, "clear");
    for (size_t i = 0; i < draft->clear.count; i++)
        cJSON_AddItemToArray(clear, cJSON_CreateString(draft->clear.items[i]));
    if (draft->env.count) {
        cJSON *env = json_add_array(root, "env");
        for (size_t i = 0; i < draft->env.count; i++)
            cJSON_AddItemToArray(env, cJSON_CreateString(draft->env.items[i]));
    }
    write_stages(root, draft);
    cJSON *artifacts = json_add_array(root, "artifacts");
    write_artifacts(artifacts, &draft->artifacts, true);
    write_artifacts(artifacts, &draft->hints, false);
    return json_print(root, 1);
}

static int refuse(const char *repo, struct bm_error *err)
{
    struct strv kinds CLEANUP(strv_release) = {0};
    for (const struct ecosystem *one = ecosystems; one->name; one++)
        strv_push(&kinds, one->name);
    char *list CLEANUP(cleanup_free) = strv_join(&kinds, ", ");
    return bm_error_set(err,
                        "%s: no build file of a known kind (%s); write build-mem.json by hand, see "
                        "build-mem(1)",
                        repo, list);
}

int starter_make(const char *repo, const char *schema, struct starter *starter,
                 struct bm_error *err)
{
    struct draft draft = {0};
    const struct ecosystem *ecosystem = find_ecosystem(repo);
    *starter = (struct starter){0};
    if (!ecosystem)
        return refuse(repo, err);
    add_ecosystem(&draft, starter, repo, ecosystem);
    for (const struct tool *tool = tools; tool->name; tool++)
        if (strcmp(tool->ecosystem, ecosystem->name) == 0)
            add_tool(&draft, starter, repo, tool);
    for (size_t i = 0; i < STAGES_MAX && ecosystem->stages[i].name; i++)
        add_stage(&draft, &ecosystem->stages[i]);
    add_modules(&draft, starter, repo, ecosystem);
    add_caches(&draft, starter, ecosystem->name, "");
    starter->text = write_config(schema, &draft);
    starter->has_artifacts = draft.artifacts.count > 0 || starter->image_build;
    strv_release(&draft.clear);
    strv_release(&draft.artifacts);
    strv_release(&draft.hints);
    strv_release(&draft.env);
    strv_release(&draft.stages);
    strv_release(&draft.matches);
    return 0;
}
