#include "base/git.h"

#include "base/alloc.h"
#include "base/child.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOCAL_TIMEOUT_MS 10000
/* A partial clone fetches missing objects. */
#define FETCH_TIMEOUT_MS 60000

/* Runs "git -C DIRECTORY WORD...". The result is that of child_capture. */
static int capture(const char *directory, const char *const *words, int64_t timeout_ms,
                   struct captured *captured, struct bm_error *err)
{
    struct strv argv CLEANUP(strv_release) = {0};
    strv_push(&argv, "git");
    /* A change can contain a directory that looks like a bare repository, whose config names
     * programs to run and which has a branch of the expected name. */
    strv_push(&argv, "-c");
    strv_push(&argv, "safe.bareRepository=explicit");
    strv_push(&argv, "-C");
    strv_push(&argv, directory);
    for (; *words; words++)
        strv_push(&argv, *words);
    return child_capture(argv.items, timeout_ms, captured, err);
}

char *git_line(const char *repo, const char *a, const char *b)
{
    const char *const words[] = {a, b, NULL};
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct captured captured CLEANUP(captured_release) = {0};
    if (capture(repo, words, LOCAL_TIMEOUT_MS, &captured, &ignored) < 0 ||
        captured.exit_status != 0)
        return NULL;
    size_t length = strcspn(captured.output, "\r\n");
    return length ? xstrndup(captured.output, length) : NULL;
}

/* Returns the output of git, which the caller owns. NULL if git fails. */
static char *read_git(const char *directory, const char *const *words, struct bm_error *err)
{
    struct captured captured CLEANUP(captured_release) = {0};
    if (capture(directory, words, FETCH_TIMEOUT_MS, &captured, err) < 0)
        return NULL;
    if (captured.exit_status != 0) {
        bm_error_set(err, "git: %s", captured.diagnostics);
        return NULL;
    }
    return steal_ptr(captured.output);
}

/* Returns the part of `path` below `root`, borrowed from `path`; NULL if it is not below it. */
static const char *name_below(const char *root, const char *path)
{
    size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(path, root, length) != 0 || path[length] != '/')
        return NULL;
    return path + length + strspn(path + length, "/");
}

static enum git_place read_blob(const char *root, const char *ref, const char *name, char **text,
                                struct bm_error *err)
{
    const char *const list[] = {"ls-tree", ref, name, NULL};
    char mode[8], type[8], object[72];
    char *entry CLEANUP(cleanup_free) = read_git(root, list, err);
    if (!entry)
        return GIT_FAILED;
    if (!*entry)
        return GIT_ABSENT;
    if (sscanf(entry, "%7s %7s %71s", mode, type, object) != 3 || strcmp(type, "blob") != 0 ||
        strcmp(mode, "120000") == 0)
        return bm_error_set(err, "%s is not a regular file at this ref", name);
    const char *const show[] = {"cat-file", "blob", object, NULL};
    *text = read_git(root, show, err);
    return *text ? GIT_PRESENT : GIT_FAILED;
}

/* Links in `directory` are followed, because the caller trusts it; others are not. The caller owns
 * the result. */
static char *absolute_path(const char *directory, const char *path)
{
    size_t length = strlen(directory);
    bool inner = strncmp(path, directory, length) == 0 && path[length] == '/';
    if (*path == '/' && !inner)
        return xstrdup(path);
    char *base CLEANUP(cleanup_free) = inner ? realpath(directory, NULL) : getcwd(NULL, 0);
    return xasprintf("%s/%s", base ? base : "", inner ? path + length + 1 : path);
}

enum git_place git_read_at(const char *directory, const char *ref, const char *path, char **text,
                           struct bm_error *err)
{
    const char *const toplevel[] = {"rev-parse", "--show-toplevel", NULL};
    char *root CLEANUP(cleanup_free) = read_git(directory, toplevel, err);
    if (!root)
        return GIT_FAILED;
    root[strcspn(root, "\n")] = '\0';
    char *absolute CLEANUP(cleanup_free) = absolute_path(directory, path);
    const char *name = name_below(root, absolute);
    if (name)
        return read_blob(root, ref, name, text, err);
    /* A link from outside leads into the work tree, where the file has another name. */
    char *real CLEANUP(cleanup_free) = realpath(absolute, NULL);
    return real && name_below(root, real) ? GIT_ABSENT : GIT_ELSEWHERE;
}
