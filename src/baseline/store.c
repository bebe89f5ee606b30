#include "baseline/store.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/git.h"
#include "base/trace.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define UNSETTLED "--baseline-ref %s does not determine the baseline file; name it with --baseline"

char *baseline_path(const struct config *config)
{
    return config_in_repo(config, config->baseline);
}

static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");
}

int baseline_settle(struct config *config, struct bm_error *err)
{
    const char *ref = config->baseline_ref;
    if (!ref)
        return 0;
    char *path CLEANUP(cleanup_free) =
        config->file ? xstrdup(config->file) : config_in_repo(config, "build-mem.json");
    char *text CLEANUP(cleanup_free) = NULL;
    struct git_base base CLEANUP(git_base_release) = {0};
    struct config at_ref CLEANUP(config_release);
    struct bm_error why CLEANUP(bm_error_release) = BM_ERROR_INIT;
    config_init(&at_ref);
    switch (git_read_at_base(config->repo, ref, path, &base, &text, &why)) {
    case GIT_ELSEWHERE:
        return 0;
    case GIT_ABSENT:
        /* The budgets of the work tree can only make the check stricter. */
        return config->baseline_is_flag || strcmp(config->baseline, at_ref.baseline) == 0
                   ? 0
                   : bm_error_set(err,
                                  UNSETTLED ": the merge base %.12s has no %s, and the one in the "
                                            "work tree names %s",
                                  ref, base.commit, path, config->baseline);
    case GIT_PRESENT: {
        char *origin CLEANUP(cleanup_free) = xasprintf("%s at %.12s", path, base.commit);
        if (config_parse(&at_ref, text, origin, &why) < 0)
            return config->baseline_is_flag ? 0
                                            : bm_error_set(err, UNSETTLED ": %s", ref, why.message);
        budgets_release(&config->budgets);
        budgets_copy(&at_ref.budgets, &config->budgets);
        if (config->baseline_is_flag)
            return 0;
        free(config->baseline);
        config->baseline = steal_ptr(at_ref.baseline);
        return 0;
    }
    case GIT_FAILED:
    default:
        /* With --baseline, baseline_load reports the ref. */
        return config->baseline_is_flag
                   ? 0
                   : bm_error_set(err, "--baseline-ref %s: %s", ref, why.message);
    }
}

static int load_at_base(const struct config *config, const char *path, bool optional,
                        struct baseline *baseline, struct git_base *base, struct bm_error *err)
{
    const char *ref = config->baseline_ref;
    char *text CLEANUP(cleanup_free) = NULL;
    enum git_place place = git_read_at_base(config->repo, ref, path, base, &text, err);
    if (place == GIT_ELSEWHERE) {
        char *directory CLEANUP(cleanup_free) = directory_of(path);
        place = git_read_at(directory, ref, path, &text, err);
    }
    if (place == GIT_FAILED)
        return bm_error_wrap(err, "--baseline-ref %s", ref);
    if (place == GIT_ABSENT && optional)
        return 0;
    if (place != GIT_PRESENT && base->commit)
        return bm_error_set(err, "--baseline-ref %s: the merge base %.12s has no %s", ref,
                            base->commit, path);
    if (place != GIT_PRESENT)
        return bm_error_set(err, "--baseline-ref %s: it has no %s", ref, path);
    char *origin CLEANUP(cleanup_free) = base->commit ? xasprintf("%s at %.12s", path, base->commit)
                                                      : xasprintf("%s at %s", path, ref);
    trace("baseline: %s", origin);
    return baseline_parse(text, origin, baseline, err);
}

/* `optional`: a missing file is an empty baseline. */
static int load(const struct config *config, bool optional, struct baseline *baseline,
                struct git_base *base, struct bm_error *err)
{
    char *path CLEANUP(cleanup_free) = baseline_path(config);
    *baseline = (struct baseline){0};
    *base = (struct git_base){0};
    if (config->baseline_ref)
        return load_at_base(config, path, optional, baseline, base, err);
    bool missing = access(path, F_OK) != 0;
    if (missing && errno == ENOENT && optional)
        return 0;
    if (missing)
        return bm_error_set(
            err, "no baseline: %s does not exist; to record one, run: build-mem baseline refresh%s",
            path, config->refresh_arguments ? config->refresh_arguments : "");
    trace("baseline: %s", path);
    return baseline_read(path, baseline, err);
}

int baseline_load(const struct config *config, struct baseline *baseline, struct git_base *base,
                  struct bm_error *err)
{
    return load(config, false, baseline, base, err);
}

int baseline_load_for_check(const struct config *config, struct baseline *baseline,
                            struct git_base *base, struct bm_error *err)
{
    bool optional = config->budgets.count && !config->baseline_is_flag;
    if (load(config, optional, baseline, base, err) < 0)
        return -1;
    budgets_copy(&config->budgets, &baseline->budgets);
    return 0;
}

/* How the file in the work tree differs from the baseline that is used; NULL if it is equal. The
 * caller owns the text. */
static char *tree_difference(const char *path, const struct baseline *used)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct baseline in_tree CLEANUP(baseline_release) = {0};
    struct strv changes CLEANUP(strv_release) = {0};
    if (access(path, F_OK) != 0)
        return used->count ? xstrdup("is missing") : NULL;
    if (baseline_read(path, &in_tree, &err) < 0)
        return xasprintf("cannot be read: %s", err.message);
    char *text CLEANUP(cleanup_free) = baseline_to_json(&in_tree);
    char *text_used CLEANUP(cleanup_free) = baseline_to_json(used);
    if (strcmp(text, text_used) == 0)
        return NULL;
    baseline_changes(used, &in_tree, &changes);
    char *list CLEANUP(cleanup_free) = strv_join(&changes, "; ");
    return changes.count ? xasprintf("differs: %s", list) : xstrdup("differs, but allows the same");
}

void baseline_add_notes(const struct config *config, const struct baseline *used,
                        const struct git_base *base, struct strv *notes)
{
    const char *ref = config->baseline_ref;
    if (!ref)
        return;
    char *path CLEANUP(cleanup_free) = baseline_path(config);
    char *difference CLEANUP(cleanup_free) = tree_difference(path, used);
    if (!base->commit)
        strv_pushf(notes, "judged by %s at %s of its own repository", path, ref);
    else if (base->ref_commits > 0)
        strv_pushf(notes,
                   "judged by the baseline at %.12s, the merge base of HEAD and %s, which has %lld "
                   "newer commit%s",
                   base->commit, ref, (long long)base->ref_commits,
                   base->ref_commits == 1 ? "" : "s");
    else
        strv_pushf(notes, "judged by the baseline at %.12s, the merge base of HEAD and %s",
                   base->commit, ref);
    if (difference)
        strv_pushf(notes, "%s in the work tree is not used; it %s", path, difference);
}

int baseline_update(const char *path, baseline_change *change, void *context,
                    struct baseline *baseline, struct bm_error *err)
{
    *baseline = (struct baseline){0};
    char *directory CLEANUP(cleanup_free) = directory_of(path);
    if (file_make_dirs(directory, err) < 0)
        return -1;
    int lock CLEANUP(cleanup_fd) = file_lock_directory(directory, err);
    if (lock < 0 || (access(path, F_OK) == 0 && baseline_read(path, baseline, err) < 0) ||
        change(baseline, context, err) < 0)
        return -1;
    char *text CLEANUP(cleanup_free) = baseline_to_json(baseline);
    return file_write_atomic(path, text, strlen(text), err);
}
