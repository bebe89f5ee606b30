#include "base/git.h"

#include "base/alloc.h"
#include "base/child.h"
#include "base/file.h"
#include "base/strv.h"
#include "base/units.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCAL_TIMEOUT_MS 10000
/* A partial clone fetches missing objects. */
#define FETCH_TIMEOUT_MS 60000
/* A checkout of a large repository, with files from a server (LFS). */
#define CHECKOUT_TIMEOUT_MS 1800000

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
    /* A build can write to .git, so git must not run what it finds there. */
    strv_push(&argv, "-c");
    strv_push(&argv, "core.hooksPath=/dev/null");
    strv_push(&argv, "-c");
    strv_push(&argv, "core.fsmonitor=false");
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

char *git_worktree_common(const char *repo)
{
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct stat status;
    char *link CLEANUP(cleanup_free) = xasprintf("%s/.git", repo);
    if (lstat(link, &status) < 0 || !S_ISREG(status.st_mode))
        return NULL;
    char *private CLEANUP(cleanup_free) = git_line(repo, "rev-parse", "--absolute-git-dir");
    char *common CLEANUP(cleanup_free) = git_line(repo, "rev-parse", "--git-common-dir");
    if (!private || !common || *common != '/')
        return NULL;
    char *path CLEANUP(cleanup_free) = xasprintf("%s/gitdir", private);
    char *back CLEANUP(cleanup_free) = NULL;
    size_t length = 0;
    if (file_read(path, PATH_MAX, &back, &length, &ignored) < 0)
        return NULL;
    back[strcspn(back, "\n")] = '\0';
    char *there CLEANUP(cleanup_free) = realpath(back, NULL);
    char *here CLEANUP(cleanup_free) = realpath(link, NULL);
    return there && here && strcmp(there, here) == 0 ? realpath(common, NULL) : NULL;
}

#define DIRTY "-dirty"

char *git_commit(const char *repo)
{
    char *head CLEANUP(cleanup_free) = git_line(repo, "rev-parse", "HEAD");
    char *changed CLEANUP(cleanup_free) = head ? git_line(repo, "status", "-suno") : NULL;
    return head ? xasprintf("%s%s", head, changed ? DIRTY : "") : NULL;
}

char *git_short_commit(const char *commit)
{
    const char *dash = commit ? strstr(commit, DIRTY) : NULL;
    return commit ? xasprintf("%.12s%s", commit, dash ? DIRTY : "") : xstrdup("");
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

static void add_lines(char *text, struct strv *lines)
{
    char *state = NULL;
    for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
        strv_push(lines, line);
}

void git_commits(const char *repo, struct strv *commits)
{
    const char *const words[] = {"rev-list", "--topo-order", "--reverse", "--branches",
                                 "--tags",   "--remotes",    "HEAD",      NULL};
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *list CLEANUP(cleanup_free) = read_git(repo, words, &ignored);
    if (list)
        add_lines(list, commits);
}

int git_notes(const char *repo, const char *ref, struct strv *objects, struct strv *commits,
              struct bm_error *err)
{
    char *flag CLEANUP(cleanup_free) = xasprintf("--ref=%s", ref);
    const char *const words[] = {"notes", flag, "list", NULL};
    char *list CLEANUP(cleanup_free) = read_git(repo, words, err);
    char *state = NULL;
    for (char *line = list ? strtok_r(list, "\n", &state) : NULL; line;
         line = strtok_r(NULL, "\n", &state)) {
        char *space = strchr(line, ' ');
        if (!space)
            return bm_error_set(err, "git notes: not a list of notes: %s", line);
        *space = '\0';
        strv_push(objects, line);
        strv_push(commits, space + 1);
    }
    return list ? 0 : -1;
}

char *git_blob(const char *repo, const char *object, struct bm_error *err)
{
    const char *const words[] = {"cat-file", "blob", object, NULL};
    return read_git(repo, words, err);
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

char *git_root(const char *directory, struct bm_error *err)
{
    const char *const toplevel[] = {"rev-parse", "--show-toplevel", NULL};
    char *root = read_git(directory, toplevel, err);
    if (root)
        root[strcspn(root, "\n")] = '\0';
    return root;
}

/* Where `path` is. With GIT_PRESENT the file is in the work tree, and `*name` is its name below
 * `root`, which the caller owns. */
static enum git_place locate(const char *root, const char *directory, const char *path, char **name)
{
    char *absolute CLEANUP(cleanup_free) = absolute_path(directory, path);
    const char *below = name_below(root, absolute);
    if (below) {
        *name = xstrdup(below);
        return GIT_PRESENT;
    }
    /* A link from outside leads into the work tree, where the file has another name. */
    char *real CLEANUP(cleanup_free) = realpath(absolute, NULL);
    return real && name_below(root, real) ? GIT_ABSENT : GIT_ELSEWHERE;
}

enum git_place git_read_at(const char *directory, const char *ref, const char *path, char **text,
                           struct bm_error *err)
{
    char *root CLEANUP(cleanup_free) = git_root(directory, err);
    char *name CLEANUP(cleanup_free) = NULL;
    enum git_place place = root ? locate(root, directory, path, &name) : GIT_FAILED;
    return place == GIT_PRESENT ? read_blob(root, ref, name, text, err) : place;
}

/* ---- the merge base ---- */

void git_base_release(struct git_base *base)
{
    free(base->commit);
    *base = (struct git_base){0};
}

static bool is_shallow(const char *root)
{
    char *answer CLEANUP(cleanup_free) = git_line(root, "rev-parse", "--is-shallow-repository");
    return answer && strcmp(answer, "true") == 0;
}

/* A clone of one branch has no refspec for the others, so the command names the branch of a ref
 * such as origin/main. The caller owns the text. */
static char *deepen_command(const char *root, const char *ref)
{
    const char *slash = strchr(ref, '/');
    char *remote CLEANUP(cleanup_free) = xstrndup(ref, slash ? (size_t)(slash - ref) : 0);
    const char *const url[] = {"remote", "get-url", remote, NULL};
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *found CLEANUP(cleanup_free) = *remote ? read_git(root, url, &ignored) : NULL;
    return found ? xasprintf("git fetch --unshallow %s +refs/heads/%s:refs/remotes/%s", remote,
                             slash + 1, ref)
                 : xstrdup("git fetch --unshallow");
}

static int refuse_shallow(const char *root, const char *ref, struct bm_error *err)
{
    char *command CLEANUP(cleanup_free) = deepen_command(root, ref);
    return bm_error_set(err,
                        "%s is a shallow clone without the merge base of HEAD and %s; to fetch "
                        "the history, run there: %s",
                        root, ref, command);
}

static int find_base(const char *root, const char *ref, struct git_base *base, struct bm_error *err)
{
    const char *const merge_base[] = {"merge-base", "HEAD", ref, NULL};
    struct captured captured CLEANUP(captured_release) = {0};
    if (capture(root, merge_base, FETCH_TIMEOUT_MS, &captured, err) < 0)
        return -1;
    if (captured.exit_status != 0 && is_shallow(root))
        return refuse_shallow(root, ref, err);
    if (captured.exit_status != 0)
        return *captured.diagnostics
                   ? bm_error_set(err, "git: %s", captured.diagnostics)
                   : bm_error_set(err, "%s: HEAD and %s have no commit in common", root, ref);
    base->commit = xstrndup(captured.output, strcspn(captured.output, "\r\n"));
    char *missing CLEANUP(cleanup_free) = xasprintf("HEAD..%s", ref);
    const char *const count[] = {"rev-list", "--count", missing, "--", NULL};
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *number CLEANUP(cleanup_free) = read_git(root, count, &ignored);
    base->ref_commits = number ? strtoll(number, NULL, 10) : UNMEASURED;
    return 0;
}

int git_find_base(const char *directory, const char *ref, struct git_base *base,
                  struct bm_error *err)
{
    char *root CLEANUP(cleanup_free) = git_root(directory, err);
    *base = (struct git_base){0};
    return root ? find_base(root, ref, base, err) : -1;
}

enum git_place git_read_at_base(const char *directory, const char *ref, const char *path,
                                struct git_base *base, char **text, struct bm_error *err)
{
    char *root CLEANUP(cleanup_free) = git_root(directory, err);
    char *name CLEANUP(cleanup_free) = NULL;
    enum git_place place = root ? locate(root, directory, path, &name) : GIT_FAILED;
    if (place == GIT_ELSEWHERE || place == GIT_FAILED)
        return place;
    if (!base->commit && find_base(root, ref, base, err) < 0)
        return GIT_FAILED;
    return name ? read_blob(root, base->commit, name, text, err) : GIT_ABSENT;
}

/* ---- worktrees ---- */

char *git_prefix(const char *directory, struct bm_error *err)
{
    const char *const show_prefix[] = {"rev-parse", "--show-prefix", NULL};
    char *prefix = read_git(directory, show_prefix, err);
    if (prefix)
        prefix[strcspn(prefix, "\n")] = '\0';
    return prefix;
}

int git_is_clean(const char *directory, const char *except, struct bm_error *err)
{
    char *outside CLEANUP(cleanup_free) = xasprintf(":(exclude)%s", except ? except : "");
    const char *const status[] = {"status", "--porcelain", "--untracked-files=normal",
                                  "--",     ".",           except ? outside : NULL,
                                  NULL};
    char *changes CLEANUP(cleanup_free) = read_git(directory, status, err);
    return changes ? !*changes : -1;
}

static int run_git(const char *root, const char *const *words, struct bm_error *err)
{
    struct captured captured CLEANUP(captured_release) = {0};
    if (capture(root, words, CHECKOUT_TIMEOUT_MS, &captured, err) < 0)
        return -1;
    return captured.exit_status ? bm_error_set(err, "git: %s", captured.diagnostics) : 0;
}

int git_add_worktree(const char *root, const char *path, const char *commit, enum git_files files,
                     struct bm_error *err)
{
    const char *option = files == GIT_CHECK_OUT ? "--checkout" : "--no-checkout";
    const char *const words[] = {"worktree", "add", "--quiet", "--detach",
                                 option,     path,  commit,    NULL};
    return run_git(root, words, err);
}

int git_remove_worktree(const char *root, const char *path, struct bm_error *err)
{
    /* Twice: an interrupted "worktree add" leaves a lock. */
    const char *const words[] = {"worktree", "remove", "--force", "--force", path, NULL};
    return run_git(root, words, err);
}

/* ---- commits and bisection ---- */

char *git_resolve(const char *root, const char *rev, struct bm_error *err)
{
    char *wanted CLEANUP(cleanup_free) = xasprintf("%s^{commit}", rev);
    const char *const words[] = {"rev-parse", "--verify", "--quiet", wanted, NULL};
    struct captured captured CLEANUP(captured_release) = {0};
    /* git would take it for an option. */
    if (*rev == '-') {
        bm_error_set(err, "\"%s\" is not the name of a commit", rev);
        return NULL;
    }
    if (capture(root, words, FETCH_TIMEOUT_MS, &captured, err) < 0)
        return NULL;
    size_t length = strcspn(captured.output, "\r\n");
    if (captured.exit_status == 0 && length)
        return xstrndup(captured.output, length);
    if (is_shallow(root))
        bm_error_set(err,
                     "\"%s\" is not a commit of %s, which is a shallow clone; to fetch the "
                     "history, run there: git fetch --unshallow",
                     rev, root);
    else
        bm_error_set(err, "\"%s\" is not a commit of %s", rev, root);
    return NULL;
}

int git_expect_ancestor(const char *root, const char *ancestor, const char *commit,
                        struct bm_error *err)
{
    const char *const words[] = {"merge-base", ancestor, commit, NULL};
    struct captured captured CLEANUP(captured_release) = {0};
    if (capture(root, words, FETCH_TIMEOUT_MS, &captured, err) < 0)
        return -1;
    size_t length = strcspn(captured.output, "\r\n");
    if (length == strlen(ancestor) && strncmp(captured.output, ancestor, length) == 0)
        return 0;
    if (is_shallow(root))
        return bm_error_set(err,
                            "%.12s does not contain %.12s in %s, which is a shallow clone; to "
                            "fetch the history, run there: git fetch --unshallow",
                            commit, ancestor, root);
    if (!length)
        return bm_error_set(err, "%.12s and %.12s have no commit in common", ancestor, commit);
    return bm_error_set(err, "%.12s does not contain %.12s; their merge base is %.12s", commit,
                        ancestor, captured.output);
}

char *git_subject(const char *root, const char *commit)
{
    const char *const words[] = {"log", "-1", "--no-show-signature", "--format=%s", commit,
                                 "--",  NULL};
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *subject = read_git(root, words, &ignored);
    if (subject)
        subject[strcspn(subject, "\r\n")] = '\0';
    return subject ? subject : xstrdup("");
}

int git_parents(const char *root, const char *commit, struct strv *parents, struct bm_error *err)
{
    char *all CLEANUP(cleanup_free) = xasprintf("%s^@", commit);
    const char *const words[] = {"rev-parse", all, NULL};
    char *list CLEANUP(cleanup_free) = read_git(root, words, err);
    if (!list)
        return -1;
    add_lines(list, parents);
    return 0;
}

int git_list_between(const char *root, const char *bad, const struct strv *good,
                     enum git_order order, struct strv *commits, struct bm_error *err)
{
    struct strv words CLEANUP(strv_release) = {0};
    strv_push(&words, "rev-list");
    strv_push(&words, order == GIT_MIDDLE_FIRST ? "--bisect-all" : "--topo-order");
    strv_push(&words, bad);
    strv_push(&words, "--not");
    strv_push_all(&words, good);
    strv_push(&words, "--");
    char *list CLEANUP(cleanup_free) = read_git(root, (const char *const *)words.items, err);
    if (!list)
        return -1;
    add_lines(list, commits);
    for (size_t i = 0; i < commits->count; i++)
        commits->items[i][strcspn(commits->items[i], " ")] = '\0'; /* " (dist=4)" */
    return 0;
}

static char *bisect(const char *tree, const char *const *words, struct bm_error *err)
{
    if (run_git(tree, words, err) < 0)
        return NULL;
    char *next = git_line(tree, "rev-parse", "BISECT_HEAD");
    if (!next)
        bm_error_set(err, "git bisect %s named no commit to test", words[1]);
    return next;
}

char *git_bisect_start(const char *tree, const char *bad, const char *good, struct bm_error *err)
{
    const char *const words[] = {"bisect", "start", "--no-checkout", bad, good, "--", NULL};
    return bisect(tree, words, err);
}

char *git_bisect_answer(const char *tree, const char *answer, const char *commit,
                        struct bm_error *err)
{
    const char *const words[] = {"bisect", answer, commit, NULL};
    return bisect(tree, words, err);
}
