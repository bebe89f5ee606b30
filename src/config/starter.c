#include "config/starter.h"

#include "base/alloc.h"
#include "base/json_write.h"
#include "config/ecosystems.h"

#include <glob.h>
#include <string.h>

void starter_release(struct starter *starter)
{
    free(starter->text);
    strv_release(&starter->found);
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

static const struct ecosystem *find_ecosystem(const char *repo)
{
    for (const struct ecosystem *one = ecosystems; one->name; one++) {
        struct strv at_top CLEANUP(strv_release) = {0};
        find_markers(repo, one->markers, false, &at_top);
        if (at_top.count)
            return one;
    }
    return NULL;
}

/* ---- the file ---- */

struct draft {
    struct strv clear, artifacts, hints;
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

static void add_tool(struct draft *draft, struct starter *starter, const char *repo,
                     const struct tool *tool)
{
    struct strv directories CLEANUP(strv_release) = {0};
    find_markers(repo, tool->markers, true, &directories);
    if (!directories.count)
        return;
    add_stage(draft, &tool->stage);
    for (size_t i = 0; i < directories.count; i++) {
        const char *directory = directories.items[i];
        add_paths(&draft->clear, directory, tool->clear);
        add_paths(&draft->artifacts, directory, tool->artifacts);
        add_paths(&draft->hints, directory, tool->hints);
        strv_pushf(&starter->found, "%s%s%s", tool->name, *directory ? " in " : "", directory);
    }
}

static void add_ecosystem(struct draft *draft, const struct ecosystem *ecosystem)
{
    for (size_t i = 0; i < STAGES_MAX && ecosystem->stages[i].name; i++)
        add_stage(draft, &ecosystem->stages[i]);
    add_paths(&draft->clear, "", ecosystem->clear);
    add_paths(&draft->artifacts, "", ecosystem->artifacts);
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

static char *write_config(const struct ecosystem *ecosystem, const char *schema,
                          const struct draft *draft)
{
    cJSON *root CLEANUP(cleanup_cjson) = cJSON_CreateObject();
    if (schema)
        json_add_text(root, "$schema", schema);
    json_add_text(root, "build", ecosystem->build);
    json_add_text(root, "image", ecosystem->image);
    cJSON *clear = json_add_array(root, "clear");
    for (size_t i = 0; i < draft->clear.count; i++)
        cJSON_AddItemToArray(clear, cJSON_CreateString(draft->clear.items[i]));
    write_stages(root, draft);
    cJSON *artifacts = json_add_array(root, "artifacts");
    write_artifacts(artifacts, &draft->artifacts, true);
    write_artifacts(artifacts, &draft->hints, false);
    return json_print(root, 1);
}

int starter_make(const char *repo, const char *schema, struct starter *starter)
{
    struct draft draft = {0};
    const struct ecosystem *ecosystem = find_ecosystem(repo);
    *starter = (struct starter){0};
    if (!ecosystem)
        return -1;
    strv_push(&starter->found, ecosystem->name);
    for (const struct tool *tool = tools; tool->name; tool++)
        if (strcmp(tool->ecosystem, ecosystem->name) == 0)
            add_tool(&draft, starter, repo, tool);
    add_ecosystem(&draft, ecosystem);
    starter->text = write_config(ecosystem, schema, &draft);
    starter->has_artifacts = draft.artifacts.count > 0;
    strv_release(&draft.clear);
    strv_release(&draft.artifacts);
    strv_release(&draft.hints);
    strv_release(&draft.stages);
    strv_release(&draft.matches);
    return 0;
}
