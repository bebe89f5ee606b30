#include "run/base_tree.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/git.h"
#include "base/interrupt.h"
#include "base/trace.h"
#include "run/reuse.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where a holder can be, in order of preference: beside the work tree, and in .git. */
enum { BESIDE, INSIDE, PLACES };

/* Returns the directory, which the caller owns. */
static char *place_of(const char *root, int place)
{
    if (place == INSIDE) {
        char *git CLEANUP(cleanup_free) = git_line(root, "rev-parse", "--absolute-git-dir");
        return git ? steal_ptr(git) : xasprintf("%s/.git", root);
    }
    const char *slash = strrchr(root, '/');
    return slash > root ? xstrndup(root, (size_t)(slash - root)) : xstrdup("/");
}

/* Returns ".NAME-build-mem-", the beginning of the names of holders. The caller owns it. */
static char *holder_prefix(const char *root)
{
    const char *slash = strrchr(root, '/');
    return xasprintf(".%s-build-mem-", slash && slash[1] ? slash + 1 : "root");
}

/* Removes the holder with its worktree. Returns 0, or -1 with errno. */
static int remove_holder(const char *root, const char *holder)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *tree CLEANUP(cleanup_free) = xasprintf("%s/tree", holder);
    trace("base tree: removing %s", holder);
    /* The files first: git would follow its own rules for links and locks. */
    if (file_remove_tree(AT_FDCWD, tree) < 0)
        return -1;
    /* It fails if git never knew the tree. */
    if (git_remove_worktree(root, tree, &err) < 0)
        trace("base tree: %s", err.message);
    return file_remove_tree(AT_FDCWD, holder);
}

/* Locks the holder. Returns a descriptor, which keeps the lock; -1 if another process has it. */
static int lock_holder(const char *holder)
{
    int fd = open(holder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Removes the holders in the directory whose process has ended. */
static void remove_remains(const char *root, const char *place)
{
    char *prefix CLEANUP(cleanup_free) = holder_prefix(root);
    DIR *directory = opendir(place);
    struct dirent *entry;
    while (directory && (entry = readdir(directory))) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 ||
            strlen(entry->d_name) != strlen(prefix) + 6)
            continue;
        char *holder CLEANUP(cleanup_free) = xasprintf("%s/%s", place, entry->d_name);
        struct stat status;
        if (lstat(holder, &status) < 0 || status.st_uid != geteuid())
            continue;
        int lock CLEANUP(cleanup_fd) = lock_holder(holder);
        if (lock >= 0 && remove_holder(root, holder) < 0)
            fprintf(stderr, "build-mem: warning: cannot remove %s, which an earlier run left: %s\n",
                    holder, strerror(errno));
    }
    if (directory)
        closedir(directory);
}

/* Makes the holder, and locks it. Returns 0, or -1 with errno. */
static int make_holder(struct base_tree *tree, int place)
{
    char *directory CLEANUP(cleanup_free) = place_of(tree->root, place);
    char *prefix CLEANUP(cleanup_free) = holder_prefix(tree->root);
    char *holder CLEANUP(cleanup_free) = xasprintf("%s/%sXXXXXX", directory, prefix);
    struct stat here, there;
    if (stat(tree->root, &here) < 0 || stat(directory, &there) < 0 ||
        (place == BESIDE && here.st_dev != there.st_dev) || !mkdtemp(holder))
        return -1;
    /* Another run can take the holder for a remain before it is locked. */
    tree->lock = lock_holder(holder);
    if (tree->lock < 0)
        return -1;
    tree->holder = steal_ptr(holder);
    tree->tree = xasprintf("%s/tree", tree->holder);
    /* The user of the build (--user) must reach the tree. */
    return chmod(tree->holder, 0711);
}

/* nftw(3) has no argument for a context. */
static uid_t given_uid;
static gid_t given_gid;
static int give_file(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return lchown(path, given_uid, given_gid);
}

/* Gives the checked-out files to the user that builds. */
static int give_to_user(const char *tree, const char *user, struct bm_error *err)
{
    if (!user || geteuid() != 0)
        return 0;
    given_uid = (uid_t)strtoul(user, NULL, 10);
    given_gid = (gid_t)strtoul(strchr(user, ':') + 1, NULL, 10);
    return nftw(tree, give_file, 32, FTW_PHYS) == 0
               ? 0
               : bm_error_errno(err, "%s: cannot give it to the user %s", tree, user);
}

static int open_worktree(const struct config *config, const char *commit, enum git_files files,
                         struct base_tree *tree, struct bm_error *err)
{
    char *prefix CLEANUP(cleanup_free) = git_prefix(config->repo, err);
    tree->root = prefix ? git_root(config->repo, err) : NULL;
    if (!tree->root)
        return -1;
    for (int place = 0; place < PLACES; place++) {
        char *directory CLEANUP(cleanup_free) = place_of(tree->root, place);
        remove_remains(tree->root, directory);
    }
    if (make_holder(tree, BESIDE) < 0 && make_holder(tree, INSIDE) < 0)
        return bm_error_errno(err, "cannot make a directory for another work tree beside %s",
                              tree->root);
    tree->repo = xasprintf("%s/%s", tree->tree, prefix);
    tree->repo[strlen(tree->repo) - 1] = '\0';
    trace("base tree: %s at %s", tree->tree, commit);
    if (git_add_worktree(tree->root, tree->tree, commit, files, err) < 0)
        return bm_error_wrap(err, "cannot check out %.12s", commit);
    return 0;
}

int base_tree_open_empty(const struct config *config, const char *commit, struct base_tree *tree,
                         struct bm_error *err)
{
    return open_worktree(config, commit, GIT_NO_FILES, tree, err);
}

int base_tree_open(const struct config *config, const char *commit, struct base_tree *tree,
                   struct bm_error *err)
{
    struct stat status;
    if (open_worktree(config, commit, GIT_CHECK_OUT, tree, err) < 0)
        return -1;
    if (stat(tree->repo, &status) < 0)
        return bm_error_set(err, "the commit %.12s has no %s", commit,
                            tree->repo + strlen(tree->tree) + 1);
    return give_to_user(tree->tree, config->user, err) < 0 ||
                   reuse_paths(config->repo, tree->repo, &config->reuse, err) < 0
               ? -1
               : 0;
}

void base_tree_close(struct base_tree *tree)
{
    /* A further interrupt must not leave the rest of the tree. */
    interrupt_hold(true);
    if (tree->holder && remove_holder(tree->root, tree->holder) < 0)
        fprintf(stderr, "build-mem: warning: cannot remove %s: %s\n", tree->holder,
                strerror(errno));
    interrupt_hold(false);
    if (tree->lock >= 0)
        close(tree->lock);
    free(tree->root);
    free(tree->holder);
    free(tree->tree);
    free(tree->repo);
    *tree = (struct base_tree)BASE_TREE_NONE;
}
