/* build-mem baseline: output, files and refusals, and the file at a git ref. Works in its own
 * directory. The end-to-end tests cover the refresh that runs a build. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/units.h"
#include "baseline/store.h"
#include "commands/commands.h"
#include "result/result.h"
#include "unit/gate_sample.h"
#include "unit/suite.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[] = "/tmp/build-mem-test-XXXXXX";
static char *out, *printed_err; /* the outputs of the last command */

static void put(const char *path, const char *text)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    ck_assert_msg(file_write_atomic(path, text, strlen(text), &err) == 0, "%s", err.message);
}

static char *text_of(const char *path)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *text;
    ck_assert_msg(file_read(path, 1 << 20, &text, NULL, &err) == 0, "%s", err.message);
    return text;
}

static void put_result(const char *label, int64_t headline_bytes)
{
    struct measurement m CLEANUP(measurement_release);
    char *path CLEANUP(cleanup_free) = xasprintf("%s.json", label);
    gate_run(&m, label, headline_bytes);
    gate_set(&m.commit, "0123456789abcdef");
    char *text CLEANUP(cleanup_free) = result_to_json(&m, &(struct judgement){0}, 0);
    put(path, text);
}

static void enter_directory(void)
{
    strcpy(top, "/tmp/build-mem-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(top));
    ck_assert_int_eq(chdir(top), 0);
    json_init();
    setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
    setenv("GIT_CEILING_DIRECTORIES", "/tmp", 1);
    put_result("first", 800 * MIB);
    put_result("second", 804 * MIB);
    put_result("grown", 1100 * MIB);
}

static void leave_directory(void)
{
    free(out);
    free(printed_err);
    out = printed_err = NULL;
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, top), 0);
}

static int into(int fd, const char *path)
{
    int kept = dup(fd), file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(file, fd);
    close(file);
    return kept;
}

static void back(int fd, int kept)
{
    dup2(kept, fd);
    close(kept);
}

/* Runs "build-mem baseline WORDS"; blanks separate the words. `out` and `printed_err` are its
 * outputs. */
static int baseline_command(const char *words)
{
    struct strv argv CLEANUP(strv_release) = {0};
    char *copy CLEANUP(cleanup_free) = xstrdup(words), *rest;
    strv_push(&argv, "baseline");
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        strv_push(&argv, word);
    fflush(NULL);
    int kept_out = into(STDOUT_FILENO, "out"), kept_err = into(STDERR_FILENO, "printed_err");
    optind = 0; /* restarts getopt_long(3) */
    int status = command_baseline((int)argv.count, argv.items);
    fflush(NULL);
    back(STDOUT_FILENO, kept_out);
    back(STDERR_FILENO, kept_err);
    free(out);
    free(printed_err);
    out = text_of("out");
    printed_err = text_of("printed_err");
    return status;
}

static void expect(const char *words, int status, const char *part)
{
    int got = baseline_command(words);
    ck_assert_msg(got == status, "%s: exit %d: %s", words, got, printed_err);
    ck_assert_msg(strstr(status == EXIT_PASS ? out : printed_err, part) != NULL,
                  "%s: no \"%s\" in: %s%s", words, part, out, printed_err);
}

/* ---- refresh from stored results ---- */

START_TEST(accepted_values_are_shown)
{
    expect("refresh --baseline sub/b.json first.json", EXIT_PASS, "sub/b.json now holds 1 run:");
    expect("refresh --baseline sub/b.json first.json second.json", EXIT_PASS,
           "sub/b.json now holds 2 runs:");
    expect("show --baseline sub/b.json", EXIT_PASS,
           "node:24-bookworm, x86_64, 2 CPUs, no limit, page cache as-is, from memory.peak\n"
           "  accepted ");
    ck_assert_ptr_nonnull(strstr(out, " at commit 0123456789ab"));
    ck_assert_ptr_nonnull(strstr(out, "  cgroup_peak                 802.0 MiB  allowed "));
    ck_assert_ptr_nonnull(strstr(out, "  fail  2 runs\n"));
    expect("refresh --json-only --baseline sub/b.json first.json", EXIT_PASS, "");
    ck_assert_str_eq(out, "");
}
END_TEST

START_TEST(an_increase_needs_a_reason)
{
    expect("refresh --baseline b.json first.json", EXIT_PASS, "");
    char *before CLEANUP(cleanup_free) = text_of("b.json");
    expect("refresh --baseline b.json grown.json", EXIT_USAGE, "--allow-increase");
    char *after CLEANUP(cleanup_free) = text_of("b.json");
    ck_assert_str_eq(before, after);
    put_result("raised", 880 * MIB);
    expect("refresh --baseline b.json --allow-increase --reason maps raised.json", EXIT_PASS,
           ": maps\n");
}
END_TEST

START_TEST(budget_and_author_are_shown)
{
    struct baseline baseline CLEANUP(baseline_release);
    gate_baseline(&baseline);
    gate_metric(&baseline, "cgroup_peak")->tolerance.budget = 900 * MIB;
    gate_set(&baseline.environments[0].accepted_by, "A. Developer");
    char *text CLEANUP(cleanup_free) = baseline_to_json(&baseline);
    put("b.json", text);
    expect("show --baseline b.json", EXIT_PASS, "3 runs  budget 900.0 MiB\n");
    ck_assert_ptr_nonnull(strstr(out, " by A. Developer"));
    ck_assert_ptr_nonnull(strstr(out, "      1m 00s  allowed       1m 30s  off "));
}
END_TEST

START_TEST(files_that_are_not_results_are_refused)
{
    put("broken.json", "{");
    expect("refresh --baseline b.json none.json", EXIT_USAGE, "none.json: No such file");
    expect("refresh --baseline b.json first.json broken.json", EXIT_USAGE, "broken.json:");
    expect("refresh --baseline b.json first.json second.json ./first.json", EXIT_USAGE,
           "./first.json: this result is given twice");
    ck_assert_int_ne(access("b.json", F_OK), 0);
}
END_TEST

START_TEST(an_impossible_baseline_path_is_refused)
{
    put("file", "");
    put("broken.json", "{");
    ck_assert_int_eq(symlink("/tmp", "link"), 0);
    expect("refresh --baseline broken.json first.json", EXIT_USAGE, "broken.json:");
    expect("refresh --baseline file/b.json first.json", EXIT_USAGE, "file");
    ck_assert_int_eq(mkdir("repo", 0700), 0);
    expect("refresh --repo repo --baseline file/b.json first.json", EXIT_USAGE, "file");
    expect("refresh --baseline link/b.json first.json", EXIT_USAGE, "leads out of the repo");
    ck_assert_int_eq(mkdir("directory", 0700), 0);
    expect("refresh --baseline directory first.json", EXIT_USAGE, "not a regular file");
    expect("show --baseline broken.json", EXIT_USAGE, "broken.json:");
}
END_TEST

/* Without its lock the file is not changed: another refresh may be running. */
START_TEST(a_directory_that_cannot_be_locked_is_an_error)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct baseline baseline CLEANUP(baseline_release);
    struct rlimit before, none_more;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    int next = dup(STDIN_FILENO);
    close(next);
    none_more = (struct rlimit){(rlim_t)next, before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none_more), 0);
    int result = baseline_update("b.json", NULL, NULL, &baseline, &err);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert_int_eq(result, -1);
    ck_assert_ptr_nonnull(strstr(err.message, "Too many open files"));
    ck_assert_int_ne(access("b.json", F_OK), 0);
}
END_TEST

START_TEST(show_reports_a_missing_baseline)
{
    expect("show", EXIT_USAGE, "no baseline: baselines/build-mem.json does not exist");
    put("empty.json", "{\"schema_version\": 2, \"environments\": []}");
    expect("show --baseline empty.json", EXIT_PASS, "no accepted results\n");
    expect("show first.json", EXIT_USAGE, "unexpected argument \"first.json\"");
}
END_TEST

START_TEST(usage)
{
    expect("", EXIT_USAGE, "Usage: build-mem baseline refresh");
    expect("forget", EXIT_USAGE, "build-mem: baseline: unknown subcommand \"forget\"\nUsage: ");
    expect("--help", EXIT_PASS, "Usage: build-mem baseline refresh");
    expect("--version", EXIT_PASS, "build-mem ");
    expect("show --bogus", EXIT_USAGE, "unknown flag");
    expect("refresh --bogus", EXIT_USAGE, "unknown flag");
    expect("refresh --help", EXIT_PASS, "--allow-increase");
}
END_TEST

/* ---- refresh from a build ---- */

START_TEST(an_unusable_workspace_is_an_error)
{
    put("file", "");
    expect("refresh --out file/out -- true", EXIT_USAGE, "file");
    put("build-mem.json", "{\"clear\": [\"link/x\"]}");
    ck_assert_int_eq(symlink("/tmp", "link"), 0);
    expect("refresh -- true", EXIT_USAGE, "leads out of the repo");
    ck_assert_int_ne(access("baselines", F_OK), 0);
}
END_TEST

/* ---- at a git ref ---- */

static void git(const char *words)
{
    char *command CLEANUP(cleanup_free) = xasprintf(
        "git -C repo -c user.name=A -c user.email=a@example.org %s >/dev/null 2>&1", words);
    ck_assert_msg(system(command) == 0, "%s", command);
}

/* Makes a repo with a committed baseline; the commit is "first". */
static bool make_repo(void)
{
    if (system("git --version >/dev/null 2>&1") != 0)
        return false;
    ck_assert_int_eq(mkdir("repo", 0700), 0);
    put("repo/build-mem.json", "{\"baseline\": \"sub/b.json\"}");
    expect("refresh --repo repo first.json", EXIT_PASS, "");
    git("init");
    git("add .");
    git("commit -m first");
    git("tag first");
    return true;
}

/* Returns the notes of a check with `ref`, a line each. */
static char *notes_of(const char *ref, const char *baseline_file)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct config config CLEANUP(config_release);
    struct baseline baseline CLEANUP(baseline_release);
    struct git_base base CLEANUP(git_base_release);
    struct strv notes CLEANUP(strv_release) = {0};
    config_init(&config);
    gate_set(&config.repo, "repo");
    gate_set(&config.baseline, baseline_file);
    gate_set(&config.baseline_ref, ref);
    ck_assert_msg(baseline_load(&config, &baseline, &base, &err) == 0, "%s", err.message);
    baseline_add_notes(&config, &baseline, &base, &notes);
    return strv_join(&notes, "\n");
}

START_TEST(the_baseline_at_the_ref_decides)
{
    if (!make_repo())
        return;
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, "repo/sub"), 0);
    expect("show --repo repo --baseline-ref first", EXIT_PASS, "800.0 MiB");
    expect("show --repo repo --baseline-ref none", EXIT_USAGE, "--baseline-ref none: git: ");
    expect("show --repo . --baseline-ref first", EXIT_USAGE, "git: fatal: not a git repository");
    expect("show --repo repo", EXIT_USAGE, "no baseline: repo/sub/b.json");
    ck_assert_int_eq(mkdir("repo/sub", 0700), 0);
    const char *named = "show --repo repo --baseline repo/sub/b.json --baseline-ref first";
    expect(named, EXIT_PASS, "800.0 MiB");
    char *path CLEANUP(cleanup_free) = xstrdup(getenv("PATH"));
    setenv("PATH", "/nowhere", 1);
    expect(named, EXIT_USAGE, "git");
    expect("show --repo repo --baseline-ref first", EXIT_USAGE, "git");
    setenv("PATH", path, 1);
}
END_TEST

/* The change cannot select another baseline file either. */
START_TEST(the_config_at_the_ref_selects_the_baseline)
{
    if (!make_repo())
        return;
    const char *show = "show --repo repo --baseline-ref first";
    put("repo/build-mem.json", "{\"baseline\": \"sub/other.json\"}");
    expect(show, EXIT_PASS, "800.0 MiB");
    ck_assert_int_eq(unlink("repo/build-mem.json"), 0);
    expect(show, EXIT_PASS, "800.0 MiB");

    /* A config file that exists only in the change is ignored. */
    const char *unsettled = "first does not determine the baseline file; name it with --baseline";
    put("repo/own.json", "{\"baseline\": \"sub/b.json\"}");
    expect("show --repo repo --config repo/own.json --baseline-ref first", EXIT_USAGE, unsettled);
    put("repo/own.json", "{}");
    expect("show --repo repo --config repo/own.json --baseline-ref first", EXIT_USAGE,
           " has no repo/baselines/build-mem.json");
    char *here CLEANUP(cleanup_free) = getcwd(NULL, 0);
    char *by_link CLEANUP(cleanup_free) =
        xasprintf("show --repo repo --config %s/link/own.json --baseline-ref first", here);
    put("repo/own.json", "{\"baseline\": \"sub/b.json\"}");
    ck_assert_int_eq(symlink("repo", "link"), 0);
    expect(by_link, EXIT_USAGE, unsettled);
    expect("show --repo link --baseline-ref first", EXIT_PASS, "800.0 MiB");
    /* A config outside the work tree is the caller's own. So is a baseline in another repository;
     * it is read at the ref there. */
    ck_assert_int_eq(system("cp -R repo other"), 0);
    expect("show --repo repo --baseline other/sub/b.json --baseline-ref first", EXIT_PASS,
           "800.0 MiB");
    put("ours.json", "{\"baseline\": \"sub/b.json\"}");
    expect("show --repo repo --config ours.json --baseline-ref first", EXIT_PASS, "800.0 MiB");

    /* The change cannot disguise a directory as a repository, or a file as the ref. */
    ck_assert_int_eq(mkdir("repo/ci", 0700), 0);
    put("repo/ci/build-mem.json", "{\"baseline\": \"sub/b.json\"}");
    git("add ci");
    git("commit -m ci");
    put("repo/ci/build-mem.json", "{\"baseline\": \"sub/other.json\"}");
    put("repo/ci/HEAD", "ref: refs/heads/none\n");
    ck_assert_int_eq(mkdir("repo/ci/objects", 0700) | mkdir("repo/ci/refs", 0700), 0);
    ck_assert_int_eq(mkdir("repo/HEAD:.", 0700) | mkdir("repo/HEAD:./ci", 0700), 0);
    put("repo/HEAD:./ci/build-mem.json", "{}");
    expect("show --repo repo --config repo/ci/build-mem.json --baseline-ref HEAD", EXIT_PASS,
           "800.0 MiB");
    ck_assert_int_eq(chdir("repo"), 0);
    expect("show --config ci/build-mem.json --baseline-ref HEAD", EXIT_PASS, "800.0 MiB");
    ck_assert_int_eq(chdir(".."), 0);

    /* A link at the ref, and an unreadable object. */
    git("rm -q --cached build-mem.json");
    ck_assert_int_eq(symlink("ci/build-mem.json", "repo/build-mem.json"), 0);
    git("add build-mem.json");
    git("commit -m link");
    expect("show --repo repo --baseline-ref HEAD", EXIT_USAGE,
           "build-mem.json is not a regular file");
    ck_assert_int_eq(unlink("repo/build-mem.json"), 0);
    put("repo/build-mem.json", "{");
    git("add .");
    git("commit -m broken");
    put("repo/build-mem.json", "{}");
    expect("show --repo repo --baseline-ref HEAD", EXIT_USAGE,
           "name it with --baseline: repo/build-mem.json at ");
}
END_TEST

START_TEST(a_differing_baseline_in_the_work_tree_is_noted)
{
    if (!make_repo())
        return;
    char *head CLEANUP(cleanup_free) = git_line("repo", "rev-parse", "HEAD");
    char *none CLEANUP(cleanup_free) = notes_of(NULL, "sub/b.json");
    char *equal CLEANUP(cleanup_free) = notes_of("first", "sub/b.json");
    char *base_note CLEANUP(cleanup_free) =
        xasprintf("judged by the baseline at %.12s, the merge base of HEAD and first", head);
    ck_assert_str_eq(none, "");
    ck_assert_str_eq(equal, base_note);
    char *text CLEANUP(cleanup_free) = text_of("repo/sub/b.json");
    char *at = strstr(text, "\"at\":");
    ck_assert_ptr_nonnull(at);
    *strchr(at, '2') = '3';
    put("repo/sub/b.json", text);
    char *same CLEANUP(cleanup_free) = notes_of("first", "sub/b.json");
    ck_assert_ptr_nonnull(strstr(same,
                                 "\nrepo/sub/b.json in the work tree is not used; it differs, "
                                 "but allows the same"));
    put_result("raised", 880 * MIB);
    expect("refresh --repo repo --allow-increase --reason maps raised.json", EXIT_PASS, "");
    char *raised CLEANUP(cleanup_free) = notes_of("first", "sub/b.json");
    ck_assert_ptr_nonnull(strstr(raised, "differs: cgroup_peak: "));
    put("repo/sub/b.json", "{");
    char *broken CLEANUP(cleanup_free) = notes_of("first", "sub/b.json");
    ck_assert_ptr_nonnull(strstr(broken, "cannot be read: repo/sub/b.json:"));
    ck_assert_int_eq(unlink("repo/sub/b.json"), 0);
    char *gone CLEANUP(cleanup_free) = notes_of("first", "sub/b.json");
    ck_assert_ptr_nonnull(strstr(gone, "it is missing"));
}
END_TEST

/* main has banked a gain after the branch left: the branch is judged by what it started from. */
START_TEST(the_merge_base_decides)
{
    if (!make_repo())
        return;
    char *base CLEANUP(cleanup_free) = git_line("repo", "rev-parse", "first");
    git("checkout -b topic");
    git("commit --allow-empty -m topic");
    git("checkout -b other first");
    put_result("banked", 400 * MIB);
    expect("refresh --repo repo banked.json", EXIT_PASS, "");
    git("commit -a -m banked");
    expect("show --repo repo --baseline-ref other", EXIT_PASS, "400.0 MiB");
    git("checkout topic");
    expect("show --repo repo --baseline-ref other", EXIT_PASS, "800.0 MiB");
    char *moved CLEANUP(cleanup_free) = notes_of("other", "sub/b.json");
    char *wanted CLEANUP(cleanup_free) =
        xasprintf("judged by the baseline at %.12s, the merge base of HEAD and other, which has 1 "
                  "newer commit",
                  base);
    ck_assert_str_eq(moved, wanted);

    /* A baseline in another repository, where HEAD is not the change. */
    ck_assert_int_eq(system("cp -R repo accepted && git -C accepted branch stored other"), 0);
    char *here CLEANUP(cleanup_free) = getcwd(NULL, 0);
    char *file CLEANUP(cleanup_free) = xasprintf("%s/accepted/sub/b.json", here);
    char *own CLEANUP(cleanup_free) = notes_of("stored", file);
    ck_assert_ptr_nonnull(strstr(own, "at stored of its own repository"));

    git("checkout --orphan unrelated");
    git("commit --allow-empty -m unrelated");
    expect("show --repo repo --baseline-ref first", EXIT_USAGE, "have no commit in common");
    git("checkout -f topic");
    git("rm -q -r sub");
    git("commit -m gone");
    expect("show --repo repo --baseline repo/sub/b.json --baseline-ref topic", EXIT_USAGE,
           " has no ");
    expect("show --repo repo --baseline accepted/none.json --baseline-ref stored", EXIT_USAGE,
           "--baseline-ref stored: it has no ");
}
END_TEST

/* A shallow clone lacks the merge base. The message has the command that fetches it. */
START_TEST(a_shallow_clone_is_refused)
{
    if (!make_repo())
        return;
    git("branch stable");
    git("commit --allow-empty -m second");
    char *here CLEANUP(cleanup_free) = getcwd(NULL, 0);
    char *clone CLEANUP(cleanup_free) =
        xasprintf("git clone --quiet --depth 1 file://%s/repo clone", here);
    ck_assert_int_eq(system(clone), 0);
    const char *deepen =
        "git fetch --unshallow origin +refs/heads/stable:refs/remotes/origin/stable";
    expect("show --repo clone --baseline-ref origin/stable", EXIT_USAGE, deepen);
    char *run CLEANUP(cleanup_free) = xasprintf("cd clone && %s --quiet", deepen);
    ck_assert_int_eq(system(run), 0);
    expect("show --repo clone --baseline-ref origin/stable", EXIT_PASS, "800.0 MiB");
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, "clone"), 0);
    ck_assert_int_eq(system(clone), 0);
    expect("show --repo clone --baseline-ref stable", EXIT_USAGE,
           "run there: git fetch --unshallow\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("baseline command");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 30);
    tcase_add_checked_fixture(all, enter_directory, leave_directory);
    tcase_add_test(all, accepted_values_are_shown);
    tcase_add_test(all, an_increase_needs_a_reason);
    tcase_add_test(all, budget_and_author_are_shown);
    tcase_add_test(all, files_that_are_not_results_are_refused);
    tcase_add_test(all, an_impossible_baseline_path_is_refused);
    tcase_add_test(all, a_directory_that_cannot_be_locked_is_an_error);
    tcase_add_test(all, show_reports_a_missing_baseline);
    tcase_add_test(all, usage);
    tcase_add_test(all, an_unusable_workspace_is_an_error);
    tcase_add_test(all, the_baseline_at_the_ref_decides);
    tcase_add_test(all, the_config_at_the_ref_selects_the_baseline);
    tcase_add_test(all, a_differing_baseline_in_the_work_tree_is_noted);
    tcase_add_test(all, the_merge_base_decides);
    tcase_add_test(all, a_shallow_clone_is_refused);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
