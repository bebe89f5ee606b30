#include "commands/git.h"

#include "base/alloc.h"
#include "base/strv.h"
#include "engine/child.h"

#include <string.h>

#define PATIENCE_MS 10000

char *git_line(const char *repo, const char *a, const char *b)
{
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct captured captured CLEANUP(captured_release) = {0};
    struct strv argv CLEANUP(strv_release) = {0};
    strv_push(&argv, "git");
    strv_push(&argv, "-C");
    strv_push(&argv, repo);
    strv_push(&argv, a);
    strv_push(&argv, b);
    if (child_capture(argv.items, PATIENCE_MS, &captured, &ignored) < 0 ||
        captured.exit_status != 0)
        return NULL;
    size_t length = strcspn(captured.output, "\r\n");
    return length ? xstrndup(captured.output, length) : NULL;
}
