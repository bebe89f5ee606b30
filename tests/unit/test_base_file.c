/* Files are written whole or not at all, and never outside of the directory. Works in its own
 * directory. Tests of permissions run as another user, because permissions do not bind root. */
#include "base/alloc.h"
#include "base/file.h"
#include "unit/gate_sample.h"
#include "unit/suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char *directory; /* of this test, absolute; also the working directory */
static int directory_fd;

static void enter_directory(void)
{
    char template[] = "/tmp/test_base_file.XXXXXX";
    directory = xstrdup(mkdtemp(template));
    directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(chdir(directory), 0);
    ck_assert_int_eq(chmod(directory, 0777), 0);
}

static void leave_directory(void)
{
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, directory), 0);
    close(directory_fd);
    free(directory);
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void check_content(const char *path, const char *expected)
{
    char *text CLEANUP(cleanup_free) = NULL;
    size_t length;
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    ck_assert_msg(file_read(path, 1 << 20, &text, &length, &err) == 0, "%s", err.message);
    ck_assert_uint_eq(length, strlen(expected));
    ck_assert_str_eq(text, expected);
}

static int count_entries(void)
{
    DIR *listing = opendir(".");
    int count = 0;
    while (readdir(listing))
        count++;
    closedir(listing);
    return count - 2;
}

START_TEST(reads_whole_files_up_to_a_size)
{
    char *text = NULL;
    size_t length;
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    put("ten", "0123456789");
    ck_assert_int_eq(file_read("ten", 10, &text, &length, &err), 0);
    ck_assert_uint_eq(length, 10);
    ck_assert_str_eq(text, "0123456789");
    free(text);
    ck_assert_int_eq(file_read("ten", 9, &text, &length, &err), -1);
    ck_assert_str_eq(err.message, "ten: larger than 9 bytes");
    put("empty", "");
    check_content("empty", "");
    ck_assert_int_eq(file_read("none", 9, &text, &length, &err), -1);
    ck_assert_str_eq(err.message, "none: No such file or directory");
    ck_assert_int_eq(file_read(".", 9, &text, NULL, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "not a regular file"));
    /* A pipe without a writer must not block; files of /proc have size 0. */
    ck_assert_int_eq(mkfifo("pipe", 0600), 0);
    ck_assert_int_eq(file_read("pipe", 9, &text, NULL, &err), -1);
    ck_assert_int_eq(file_read("/proc/self/status", 1 << 20, &text, &length, &err), 0);
    ck_assert_uint_gt(length, 100);
    free(text);
}
END_TEST

START_TEST(reads_up_to_the_size_if_the_file_has_none)
{
    /* /proc/self/comm: size 0 by stat(2), at most 15 characters and a newline. */
    put("/proc/self/comm", "exactly-fifteen");
    char *text CLEANUP(cleanup_free) = NULL;
    size_t length;
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    ck_assert_msg(file_read("/proc/self/comm", 20, &text, &length, &err) == 0, "%s", err.message);
    ck_assert_uint_eq(length, 16);
}
END_TEST

START_TEST(writes_new_and_old)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct stat status;
    mode_t mask = umask(027);
    ck_assert_int_eq(file_write_atomic("new", "one", 3, &err), 0);
    umask(mask);
    check_content("new", "one");
    ck_assert_int_eq(stat("new", &status), 0);
    ck_assert_int_eq(status.st_mode & 07777, 0640);
    ck_assert_int_eq(chmod("new", 0604), 0);
    ck_assert_int_eq(file_write_atomic("new", "", 0, &err), 0);
    check_content("new", "");
    ck_assert_int_eq(stat("new", &status), 0);
    ck_assert_int_eq(status.st_mode & 07777, 0604);
    ck_assert_int_eq(count_entries(), 1);
}
END_TEST

START_TEST(a_reader_keeps_the_old_content)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    put("file", "old");
    int reader CLEANUP(cleanup_fd) = open("file", O_RDONLY);
    ck_assert_int_eq(file_write_atomic("file", "newer", 5, &err), 0);
    char text[8] = "";
    ck_assert_int_eq(read(reader, text, sizeof text - 1), 3);
    ck_assert_str_eq(text, "old");
    check_content("file", "newer");
}
END_TEST

/* RLIMIT_FSIZE stands for a full disk. */
START_TEST(failed_write_leaves_the_old_file_alone)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *large CLEANUP(cleanup_free) = xcalloc(1, 100000);
    put("file", "old");
    struct rlimit before, small;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 4096;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    int result = file_write_atomic("file", large, 100000, &err);
    setrlimit(RLIMIT_FSIZE, &before);
    ck_assert_int_eq(result, -1);
    ck_assert_str_eq(err.message, "file: cannot write: File too large");
    check_content("file", "old");
    ck_assert_int_eq(count_entries(), 1);
}
END_TEST

START_TEST(failed_rename_leaves_nothing)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    ck_assert_int_eq(mkdir("busy", 0755), 0);
    ck_assert_int_eq(file_write_atomic("busy", "x", 1, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "busy: cannot write: "));
    ck_assert_int_eq(count_entries(), 1);
    ck_assert_int_eq(file_write_atomic("none/file", "x", 1, &err), -1);
    ck_assert_str_eq(err.message, "none/file: cannot write beside it: No such file or directory");
}
END_TEST

/* Runs the function in a child process of an unprivileged user, and returns its result. */
static int as_nobody(int (*function)(void))
{
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
            _exit(99);
        _exit(function());
    }
    int status;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int write_where_one_may_not(void)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    int result = file_write_atomic("locked/file", "x", 1, &err);
    bool told = err.message && strstr(err.message, "locked/file: cannot write beside it: "
                                                   "Permission denied");
    return result == -1 && told ? 0 : 1;
}

START_TEST(unwritable_directory_is_an_error)
{
    ck_assert_int_eq(mkdir("locked", 0555), 0);
    ck_assert_int_eq(as_nobody(write_where_one_may_not), 0);
    ck_assert_int_eq(chmod("locked", 0755), 0);
}
END_TEST

START_TEST(makes_missing_directories)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct stat status;
    ck_assert_int_eq(file_make_dirs("a/b//c/", &err), 0);
    ck_assert_int_eq(stat("a/b/c", &status), 0);
    ck_assert_int_eq(file_make_dirs("a/b/c", &err), 0);
    char *absolute CLEANUP(cleanup_free) = xasprintf("%s/d/e", directory);
    ck_assert_int_eq(file_make_dirs(absolute, &err), 0);
    ck_assert_int_eq(stat("d/e", &status), 0);
    put("file", "");
    ck_assert_int_eq(file_make_dirs("file", &err), -1);
    ck_assert_str_eq(err.message, "file: not a directory");
    ck_assert_int_eq(file_make_dirs("file/x", &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "Not a directory"));
    ck_assert_int_eq(symlink("a", "link"), 0);
    ck_assert_int_eq(file_make_dirs("link/f", &err), 0);
    ck_assert_int_eq(stat("a/f", &status), 0);
}
END_TEST

START_TEST(makes_no_directory_outside)
{
    ck_assert_int_eq(mkdir("root", 0755), 0);
    ck_assert_int_eq(mkdir("outside", 0755), 0);
    ck_assert_int_eq(symlink("../outside", "root/out"), 0);
    ck_assert_int_eq(symlink("a", "root/in"), 0);
    int root CLEANUP(cleanup_fd) = open("root", O_RDONLY | O_DIRECTORY);
    ck_assert_int_eq(file_make_dirs_beneath(root, "a/b//c/"), 0);
    ck_assert_int_eq(file_make_dirs_beneath(root, "in/d"), 0);
    ck_assert_int_eq(access("root/a/d", F_OK), 0);
    ck_assert_int_eq(file_make_dirs_beneath(root, "out/x"), -1);
    ck_assert_int_eq(errno, EXDEV);
    ck_assert_int_eq(file_make_dirs_beneath(root, "../x"), -1);
    ck_assert_int_eq(errno, EXDEV);
    ck_assert_int_eq(access("outside/x", F_OK), -1);
}
END_TEST

START_TEST(a_directory_is_locked_until_its_descriptor_is_closed)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    ck_assert_int_eq(file_make_dirs("locked", &err), 0);
    int lock = file_lock_directory("locked", &err);
    int other CLEANUP(cleanup_fd) = open("locked", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(lock, 0);
    ck_assert_int_eq(flock(other, LOCK_EX | LOCK_NB), -1);
    ck_assert_int_eq(errno, EWOULDBLOCK);
    close(lock);
    ck_assert_int_eq(flock(other, LOCK_EX | LOCK_NB), 0);
    ck_assert_int_eq(file_lock_directory("none", &err), -1);
    ck_assert_str_eq(err.message, "none: No such file or directory");
}
END_TEST

/* Makes openat2(2) fail, as with an old kernel or in a sandbox, for the rest of the process. */
static void forbid_openat2(int error)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof rules / sizeof *rules, .filter = rules};
    ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

/* With openat2(2), and with each error of a system without it. */
static const int openat2_errors[] = {0, ENOSYS, EPERM};

START_TEST(opens_nothing_outside)
{
    if (openat2_errors[_i])
        forbid_openat2(openat2_errors[_i]);
    ck_assert_int_eq(mkdir("root", 0755), 0);
    ck_assert_int_eq(mkdir("root/in", 0755), 0);
    put("root/in/file", "inside");
    put("secret", "outside");
    ck_assert_int_eq(mkdir("root2", 0755), 0);
    put("root2/secret", "outside");
    char *inside CLEANUP(cleanup_free) = xasprintf("%s/root/in/file", directory);
    char *secret CLEANUP(cleanup_free) = xasprintf("%s/secret", directory);
    ck_assert_int_eq(symlink("in/file", "root/good"), 0);
    ck_assert_int_eq(symlink("../secret", "root/out"), 0);
    ck_assert_int_eq(symlink(secret, "root/absolute"), 0);
    ck_assert_int_eq(symlink("..", "root/in/up"), 0);
    ck_assert_int_eq(symlink("../..", "root/in/upup"), 0);
    int root CLEANUP(cleanup_fd) = open("root", O_RDONLY | O_DIRECTORY);

    const struct {
        const char *path;
        int error; /* 0: opens */
    } cases[] = {
        {"in/file", 0},         {"./in/../in/file", 0}, {"good", 0},
        {"in/up/in/file", 0},   {"../secret", EXDEV},   {"in/../../secret", EXDEV},
        {"out", EXDEV},         {"absolute", EXDEV},    {"in/upup/secret", EXDEV},
        {"/etc/passwd", EXDEV}, {"none", ENOENT},       {"../root2/secret", EXDEV},
        {inside, EXDEV},        {"in/file/x", ENOTDIR},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        errno = 0;
        int fd CLEANUP(cleanup_fd) = file_open_beneath(root, cases[i].path, O_RDONLY);
        ck_assert_msg((fd >= 0) == (cases[i].error == 0), "%s", cases[i].path);
        if (fd < 0)
            ck_assert_msg(errno == cases[i].error, "%s: %s", cases[i].path, strerror(errno));
        else
            ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    }
}
END_TEST

START_TEST(removes_trees_but_not_the_targets_of_links)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct stat status;
    ck_assert_int_eq(file_make_dirs("keep/sub", &err), 0);
    put("keep/file", "kept");
    ck_assert_int_eq(file_make_dirs("tree/a/b", &err), 0);
    put("tree/a/file", "");
    put("tree/.hidden", "");
    ck_assert_int_eq(symlink("../keep", "tree/link"), 0);
    ck_assert_int_eq(symlink("none", "tree/dangling"), 0);
    for (int i = 0; i < 500; i++) {
        char *name CLEANUP(cleanup_free) = xasprintf("tree/a/b/%d", i);
        put(name, "");
    }
    ck_assert_int_eq(file_remove_tree(directory_fd, "tree"), 0);
    ck_assert_int_eq(lstat("tree", &status), -1);
    check_content("keep/file", "kept");

    ck_assert_int_eq(symlink("keep", "link"), 0);
    ck_assert_int_eq(file_remove_tree(directory_fd, "link"), 0);
    ck_assert_int_eq(lstat("link", &status), -1);
    check_content("keep/file", "kept");
    ck_assert_int_eq(file_remove_tree(directory_fd, "keep/file"), 0);
    ck_assert_int_eq(lstat("keep/file", &status), -1);
    ck_assert_int_eq(file_remove_tree(directory_fd, "none"), 0);
}
END_TEST

/* One descriptor per level is enough. */
START_TEST(removes_deep_trees)
{
    struct rlimit few = {.rlim_cur = 64, .rlim_max = 64};
    ck_assert_int_eq(mkdir("deep", 0755), 0);
    ck_assert_int_eq(chdir("deep"), 0);
    for (int i = 0; i < 45; i++) {
        ck_assert_int_eq(mkdir("d", 0755), 0);
        ck_assert_int_eq(chdir("d"), 0);
    }
    ck_assert_int_eq(fchdir(directory_fd), 0);
    struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    few.rlim_max = before.rlim_max;
    setrlimit(RLIMIT_NOFILE, &few);
    int result = file_remove_tree(directory_fd, "deep");
    int saved = errno;
    setrlimit(RLIMIT_NOFILE, &before);
    ck_assert_msg(result == 0, "%s", strerror(saved));
}
END_TEST

static int remove_what_one_may_not(void)
{
    int here = open(".", O_RDONLY | O_DIRECTORY);
    return file_remove_tree(here, "locked") == -1 && errno == EACCES ? 0 : 1;
}

START_TEST(a_tree_that_cannot_be_removed_is_an_error)
{
    ck_assert_int_eq(mkdir("locked", 0755), 0);
    put("locked/file", "");
    ck_assert_int_eq(chmod("locked", 0555), 0);
    ck_assert_int_eq(as_nobody(remove_what_one_may_not), 0);
    ck_assert_int_eq(chmod("locked", 0755), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base/file");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, enter_directory, leave_directory);
    tcase_add_test(all, reads_whole_files_up_to_a_size);
    tcase_add_test(all, reads_up_to_the_size_if_the_file_has_none);
    tcase_add_test(all, writes_new_and_old);
    tcase_add_test(all, a_reader_keeps_the_old_content);
    tcase_add_test(all, failed_write_leaves_the_old_file_alone);
    tcase_add_test(all, failed_rename_leaves_nothing);
    tcase_add_test(all, unwritable_directory_is_an_error);
    tcase_add_test(all, makes_missing_directories);
    tcase_add_test(all, makes_no_directory_outside);
    tcase_add_test(all, a_directory_is_locked_until_its_descriptor_is_closed);
    tcase_add_loop_test(all, opens_nothing_outside, 0,
                        sizeof openat2_errors / sizeof *openat2_errors);
    tcase_add_test(all, removes_trees_but_not_the_targets_of_links);
    tcase_add_test(all, removes_deep_trees);
    tcase_add_test(all, a_tree_that_cannot_be_removed_is_an_error);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
