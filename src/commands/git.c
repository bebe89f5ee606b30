#include "commands/git.h"

#include "base/alloc.h"
#include "base/strv.h"

#include <string.h>

#define PATIENCE_MS 10000

int git_capture(const char *directory, const char *a, const char *b, int64_t timeout_ms,
                struct captured *captured, struct bm_error *err)
{
    struct strv argv CLEANUP(strv_release) = {0};
    strv_push(&argv, "git");
    /* A change may bring a directory that looks like a repository without files, with a config that
     * names programs, and a branch of the name that it is to be judged by. */
    strv_push(&argv, "-c");
    strv_push(&argv, "safe.bareRepository=explicit");
    strv_push(&argv, "-C");
    strv_push(&argv, directory);
    strv_push(&argv, a);
    strv_push(&argv, b);
    return child_capture(argv.items, timeout_ms, captured, err);
}

char *git_line(const char *repo, const char *a, const char *b)
{
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct captured captured CLEANUP(captured_release) = {0};
    if (git_capture(repo, a, b, PATIENCE_MS, &captured, &ignored) < 0 || captured.exit_status != 0)
        return NULL;
    size_t length = strcspn(captured.output, "\r\n");
    return length ? xstrndup(captured.output, length) : NULL;
}
