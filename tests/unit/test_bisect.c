/* The search for the commit that raised a metric: real git and `git bisect` on a history of 64
 * commits, and builds whose figures come from a table with noise. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/git.h"
#include "base/units.h"
#include "bisect/bisect.h"
#include "unit/gate_sample.h"
#include "unit/suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMITS 64
#define SEEDS 20
/* Twice log2(64), the bimodal commit and both ends. */
#define MOST_IF_MISLED 15
/* log2(64) + 3, both ends included. */
#define MOST_MEASURED 9
#define GOOD_BYTES (800 * MIB)
#define BAD_BYTES (880 * MIB)

/* ---- the repository ---- */

static char top[32];
static struct strv history; /* of the branch main, the oldest first */

static void run(const char *command)
{
    ck_assert_msg(system(command) == 0, "%s", command);
}

/* Fixed dates and names give fixed commits, so that git skips alike in each run. */
static void make_history(void)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *text = NULL;
    size_t length;
    FILE *out = xmemstream_open(&text, &length);
    for (int i = 0; i < COMMITS; i++)
        fprintf(out,
                "commit refs/heads/main\ncommitter A <a@example.org> %d +0000\ndata <<END\n%d\n"
                "END\n\n",
                1700000000 + i, i);
    xmemstream_close(out);
    ck_assert_int_eq(file_write_atomic("history", text, length, &err), 0);
    free(text);
    run("git init -q -b main repo && git -C repo fast-import --quiet <history && "
        "git -C repo worktree add -q --no-checkout --detach ../tree main");
    git_commits("repo", &history);
    ck_assert_uint_eq(history.count, COMMITS);
}

static void setup(void)
{
    strcpy(top, "/tmp/build-mem-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(top));
    ck_assert_int_eq(chdir(top), 0);
    make_history();
}

static void teardown(void)
{
    strv_release(&history);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, top), 0);
}

/* ---- the laboratory ---- */

enum kind {
    KIND_NORMAL,
    KIND_BROKEN,
    KIND_BIMODAL,     /* at random */
    KIND_ALTERNATING, /* bimodal, in turn */
    KIND_NO_TREE,     /* cannot be checked out */
    KIND_OTHER_IMAGE,
};

/* A history, of which each commit from `culprit` on needs more memory. */
struct scene {
    size_t culprit;
    enum kind kinds[COMMITS];
    double noise;
    int64_t good_bytes, bad_bytes;
    size_t builds, builds_left; /* an interrupt ends the search instead of the next build */
    size_t open;                /* commits that are measured and not left */
    uint64_t state;
};

/* A number from 0 to 1 (xorshift64*). */
static double draw(struct scene *scene)
{
    scene->state ^= scene->state >> 12;
    scene->state ^= scene->state << 25;
    scene->state ^= scene->state >> 27;
    return (double)(scene->state * UINT64_C(2685821657736338717) >> 11) * 0x1p-53;
}

static size_t place_of(const char *commit)
{
    for (size_t i = 0; i < history.count; i++)
        if (strcmp(history.items[i], commit) == 0)
            return i;
    ck_abort_msg("%s is not in the history", commit);
}

static int64_t figure_of(struct scene *scene, size_t place, size_t number)
{
    bool bad = place >= scene->culprit;
    if (scene->kinds[place] == KIND_BIMODAL)
        bad = draw(scene) < 0.5;
    if (scene->kinds[place] == KIND_ALTERNATING)
        bad = number % 2;
    double scatter = draw(scene) + draw(scene) + draw(scene) - 1.5; /* its deviation is 0.5 */
    return (int64_t)((double)(bad ? scene->bad_bytes : scene->good_bytes) *
                     (1 + 2 * scene->noise * scatter));
}

static int measure(void *context, const char *commit, struct runs *runs, char **reason, int *status,
                   struct bm_error *err)
{
    struct scene *scene = context;
    size_t place = place_of(commit);
    *status = 130;
    if (scene->builds_left-- == 0)
        return bm_error_set(err, "interrupted");
    if (scene->kinds[place] == KIND_NO_TREE) {
        *reason = xstrdup("has no such directory");
        return 0;
    }
    scene->builds++;
    scene->open += runs->count == 0;
    runs->measurements = xgrow(runs->measurements, runs->count, sizeof *runs->measurements);
    struct measurement *m = &runs->measurements[runs->count++];
    gate_run(m, "bisect", figure_of(scene, place, runs->count));
    if (scene->kinds[place] == KIND_BROKEN)
        m->build.exit_code = 1;
    if (scene->kinds[place] == KIND_OTHER_IMAGE)
        gate_set(&m->environment.image, "node:26");
    return 0;
}

static void leave(void *context, const char *commit)
{
    struct scene *scene = context;
    (void)commit;
    scene->open = 0;
}

static int changed(void *context, const struct bisection *bisection,
                   const struct bisect_commit *commit, struct bm_error *err)
{
    (void)context, (void)bisection, (void)commit, (void)err;
    return 0;
}

static struct scene plain_scene(size_t culprit)
{
    return (struct scene){.culprit = culprit,
                          .noise = 0.01,
                          .good_bytes = GOOD_BYTES,
                          .bad_bytes = BAD_BYTES,
                          .builds_left = 1000,
                          .state = 1};
}

/* Begins, or continues, the search in the scene. */
static int search(struct scene *scene, struct bisection *bisection, struct bm_error *err)
{
    const struct bisect_lab lab = {
        .measure = measure, .leave = leave, .changed = changed, .context = scene};
    int status;
    if (!bisection->count)
        *bisection = (struct bisection){.label = "bisect",
                                        .question = {.good = xstrdup(history.items[0]),
                                                     .bad = xstrdup(history.items[COMMITS - 1]),
                                                     .metric = xstrdup("cgroup_peak"),
                                                     .settings = xstrdup("make")},
                                        .most = 8};
    int result = bisect_search(bisection, "tree", &lab, &status, err);
    if (result == 0)
        ck_assert_uint_eq(scene->open, 0);
    run("git -C tree bisect reset -q HEAD >/dev/null 2>&1 || true");
    return result;
}

static void expect_search(struct scene *scene, struct bisection *bisection,
                          enum bisect_outcome outcome)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    *bisection = (struct bisection){0};
    ck_assert_msg(search(scene, bisection, &err) == 0, "%s", err.message);
    ck_assert_msg(bisection->outcome == outcome, "%s: %s", bisect_outcome_name(bisection->outcome),
                  bisection->reason ? bisection->reason : "");
}

/* ---- 20 seeds ---- */

/* Whether a commit at this place can be made one that cannot be judged. Directly before the culprit
 * it could be the culprit itself: that is the next test. */
static bool is_free(const struct scene *scene, size_t place)
{
    return place > 0 && place < COMMITS - 1 && scene->kinds[place] == KIND_NORMAL &&
           place != scene->culprit && place + 1 != scene->culprit;
}

/* A free place among `places`, or anywhere between the ends if none is free. */
static size_t free_place(struct scene *scene, const size_t *places, size_t count)
{
    size_t first = count ? (size_t)(draw(scene) * (double)count) : 0;
    for (size_t i = 0; i < count; i++)
        if (is_free(scene, places[(first + i) % count]))
            return places[(first + i) % count];
    for (;;) {
        size_t place = 1 + (size_t)(draw(scene) * (COMMITS - 2));
        if (is_free(scene, place))
            return place;
    }
}

static struct scene random_scene(uint64_t seed)
{
    struct scene scene = plain_scene(0);
    scene.state = seed * UINT64_C(0x9e3779b97f4a7c15);
    scene.culprit = 1 + (size_t)(draw(&scene) * (COMMITS - 1));
    return scene;
}

/* Two commits that do not build and a bimodal one, at free places. */
static void add_odd_commits(struct scene *scene, const size_t *places, size_t count)
{
    scene->kinds[free_place(scene, places, count)] = KIND_BROKEN;
    scene->kinds[free_place(scene, places, count)] = KIND_BROKEN;
    scene->kinds[free_place(scene, places, count)] = KIND_BIMODAL;
}

START_TEST(finds_the_culprit_in_9_measured_commits)
{
    struct bisection bisection CLEANUP(bisection_release) = {0};
    struct scene scene = random_scene((uint64_t)_i + 1);
    add_odd_commits(&scene, NULL, 0);
    expect_search(&scene, &bisection, BISECT_FOUND);
    ck_assert_str_eq(bisection.suspects.items[0], history.items[scene.culprit]);
    ck_assert_uint_le(bisect_measured(&bisection), MOST_MEASURED);
}
END_TEST

/* The odd commits stand where a search without them goes. A bimodal commit that shows one mode
 * three times leads the search into the wrong half: it is searched again. */
START_TEST(finds_the_culprit_past_odd_commits_on_its_way)
{
    struct bisection plain CLEANUP(bisection_release) = {0};
    struct bisection bisection CLEANUP(bisection_release) = {0};
    struct scene scene = random_scene((uint64_t)_i + 1), without = scene;
    expect_search(&without, &plain, BISECT_FOUND);
    size_t path[COMMITS];
    for (size_t i = 0; i < plain.count; i++)
        path[i] = place_of(plain.commits[i].name);
    add_odd_commits(&scene, path, plain.count);
    expect_search(&scene, &bisection, BISECT_FOUND);
    ck_assert_str_eq(bisection.suspects.items[0], history.items[scene.culprit]);
    size_t skipped = 0, misled = 0;
    for (size_t i = 0; i < bisection.count; i++) {
        const struct bisect_commit *commit = &bisection.commits[i];
        skipped += commit->answer == BISECT_SKIP;
        misled += scene.kinds[place_of(commit->name)] == KIND_BIMODAL && commit->runs.count > 3;
    }
    ck_assert_uint_ge(skipped, 1);
    ck_assert_uint_le(bisect_measured(&bisection), misled ? MOST_IF_MISLED : MOST_MEASURED);
}
END_TEST

/* ---- single scenes ---- */

START_TEST(names_all_suspects_if_the_commits_between_are_skipped)
{
    struct bisection bisection CLEANUP(bisection_release) = {0};
    struct scene scene = plain_scene(40);
    scene.kinds[39] = KIND_BROKEN;
    scene.kinds[38] = KIND_ALTERNATING;
    scene.kinds[37] = KIND_NO_TREE;
    scene.kinds[36] = KIND_OTHER_IMAGE;
    expect_search(&scene, &bisection, BISECT_SEVERAL);
    ck_assert_int_eq(bisect_exit_status(bisection.outcome), EXIT_UNMEASURED);
    ck_assert_uint_eq(bisection.suspects.count, 5);
    for (size_t i = 0; i < 5; i++)
        ck_assert_str_eq(bisection.suspects.items[i], history.items[40 - i]);
    for (size_t place = 36; place < 40; place++) {
        const struct bisect_commit *commit = bisect_commit(&bisection, history.items[place]);
        ck_assert_int_eq(commit->answer, BISECT_SKIP);
        ck_assert_ptr_nonnull(commit->reason);
    }
    /* One run shows that it does not build; a bimodal commit is measured until the end. */
    ck_assert_uint_eq(bisect_commit(&bisection, history.items[39])->runs.count, 1);
    ck_assert_uint_eq(bisect_commit(&bisection, history.items[38])->runs.count, 8);
    ck_assert_uint_eq(bisect_commit(&bisection, history.items[37])->runs.count, 0);
}
END_TEST

START_TEST(finds_a_culprit_at_either_end)
{
    for (size_t culprit = 1; culprit < COMMITS; culprit += COMMITS - 2) {
        struct bisection bisection CLEANUP(bisection_release) = {0};
        struct scene scene = plain_scene(culprit);
        expect_search(&scene, &bisection, BISECT_FOUND);
        ck_assert_str_eq(bisection.suspects.items[0], history.items[culprit]);
        ck_assert_int_eq(bisect_exit_status(bisection.outcome), EXIT_PASS);
    }
}
END_TEST

START_TEST(the_ends_must_differ)
{
    struct bisection bisection CLEANUP(bisection_release) = {0};
    struct scene scene = plain_scene(40);
    scene.bad_bytes = 810 * MIB;
    scene.noise = 0.002;
    expect_search(&scene, &bisection, BISECT_ENDS_ALIKE);
    ck_assert_uint_eq(scene.builds, 6);
    ck_assert_uint_eq(bisect_measured(&bisection), 2);
    ck_assert_int_eq(bisect_exit_status(bisection.outcome), EXIT_UNMEASURED);
    ck_assert_ptr_nonnull(strstr(bisection.reason, "cgroup_peak"));
}
END_TEST

START_TEST(a_decrease_is_no_culprit)
{
    struct bisection bisection CLEANUP(bisection_release) = {0};
    struct scene scene = plain_scene(40);
    scene.bad_bytes = 600 * MIB;
    expect_search(&scene, &bisection, BISECT_ENDS_ALIKE);
}
END_TEST

START_TEST(ends_that_scatter_are_inconclusive)
{
    struct bisection bisection CLEANUP(bisection_release) = {0};
    struct scene scene = plain_scene(40);
    scene.kinds[0] = KIND_ALTERNATING;
    expect_search(&scene, &bisection, BISECT_INCONCLUSIVE);
    ck_assert_uint_eq(scene.builds, 16);
}
END_TEST

START_TEST(an_end_must_build)
{
    struct bisection bisection CLEANUP(bisection_release) = {0};
    struct scene scene = plain_scene(40);
    scene.kinds[COMMITS - 1] = KIND_BROKEN;
    expect_search(&scene, &bisection, BISECT_BUILD_FAILED);
    ck_assert_uint_eq(scene.builds, 2);
    ck_assert_int_eq(bisect_exit_status(bisection.outcome), EXIT_BUILD);
    ck_assert_ptr_nonnull(strstr(bisection.reason, "BAD"));
}
END_TEST

START_TEST(an_end_must_be_measured)
{
    struct bisection bisection CLEANUP(bisection_release) = {0};
    struct scene scene = plain_scene(40);
    scene.kinds[COMMITS - 1] = KIND_OTHER_IMAGE;
    expect_search(&scene, &bisection, BISECT_NOT_MEASURED);
    ck_assert_ptr_nonnull(strstr(bisection.reason, "node:26"));
}
END_TEST

/* Interrupted before each build in turn: no build is repeated, and the answer is the same. */
START_TEST(an_interrupted_search_is_resumed)
{
    struct bisection bisection CLEANUP(bisection_release) = {0};
    struct bisection whole CLEANUP(bisection_release) = {0};
    struct scene scene = random_scene(1), uninterrupted = random_scene(1);
    size_t interrupts = 0;
    for (;;) {
        struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
        scene.builds_left = 1;
        if (search(&scene, &bisection, &err) == 0)
            break;
        ck_assert_str_eq(err.message, "interrupted");
        ck_assert_int_eq(bisection.outcome, BISECT_UNFINISHED);
        interrupts++;
        /* A later command has only the runs. */
        for (size_t i = 0; i < bisection.count; i++)
            bisection.commits[i].answer = BISECT_UNDECIDED;
    }
    ck_assert_int_eq(bisection.outcome, BISECT_FOUND);
    ck_assert_str_eq(bisection.suspects.items[0], history.items[scene.culprit]);
    expect_search(&uninterrupted, &whole, BISECT_FOUND);
    ck_assert_uint_eq(scene.builds, uninterrupted.builds);
    ck_assert_uint_eq(interrupts + 1, uninterrupted.builds);
}
END_TEST

START_TEST(commits_of_merged_branches_are_listed)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct strv good CLEANUP(strv_release) = {0}, between CLEANUP(strv_release) = {0};
    run("cd repo && git -c user.name=A -c user.email=a@example.org commit-tree -p main~1 -m side "
        "main^{tree} >../side && git -c user.name=A -c user.email=a@example.org commit-tree "
        "-p main -p $(cat ../side) -m merge main^{tree} >../merge && "
        "git update-ref refs/heads/merge $(cat ../merge)");
    char *merge CLEANUP(cleanup_free) = git_resolve("repo", "merge", &err);
    char *base CLEANUP(cleanup_free) = git_resolve("repo", "main~1", &err);
    strv_push(&good, base);
    ck_assert_int_eq(git_list_between("tree", merge, &good, GIT_NEWEST_FIRST, &between, &err), 0);
    ck_assert_uint_eq(between.count, 3);
    ck_assert_int_eq(git_expect_ancestor("repo", base, merge, &err), 0);
    ck_assert_int_eq(git_expect_ancestor("repo", merge, base, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "merge base"));
    ck_assert_ptr_null(git_resolve("repo", "--all", &err));
    ck_assert_ptr_null(git_resolve("repo", "none", &err));
    ck_assert_ptr_nonnull(strstr(err.message, "none"));
}
END_TEST

/* ---- the stored search ---- */

START_TEST(a_search_survives_its_record)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct bisection bisection CLEANUP(bisection_release) = {0};
    struct bisect_record record CLEANUP(bisect_record_release) = {0};
    struct scene scene = random_scene(1);
    scene.builds_left = 13;
    ck_assert_int_eq(search(&scene, &bisection, &err), -1);
    char *text CLEANUP(cleanup_free) = bisect_to_json(&bisection);
    char *line CLEANUP(cleanup_free) = bisect_to_line(&bisection);
    ck_assert_ptr_null(strchr(line, '\n'));
    ck_assert_int_eq(bisect_record_parse(text, "written", &record, &err), 0);
    ck_assert(!record.finished);
    ck_assert_str_eq(record.question.good, bisection.question.good);
    ck_assert_str_eq(record.question.bad, bisection.question.bad);
    ck_assert_str_eq(record.question.metric, "cgroup_peak");
    ck_assert_str_eq(record.question.settings, "make");
    ck_assert_uint_eq(record.commits.count, bisection.count);
    for (size_t i = 0; i < bisection.count; i++) {
        ck_assert_str_eq(record.commits.items[i], bisection.commits[i].name);
        ck_assert_uint_eq(record.runs[i], bisection.commits[i].runs.count);
    }
}
END_TEST

static void accepts(const char *path)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct bisect_record record CLEANUP(bisect_record_release) = {0};
    char *text CLEANUP(cleanup_free) = NULL;
    ck_assert_int_eq(file_read(path, 1 << 20, &text, NULL, &err), 0);
    ck_assert_msg(bisect_record_parse(text, path, &record, &err) == 0, "%s", err.message);
    ck_assert(record.finished == (strstr(path, "finished") != NULL));
}

static void refuses(const char *path)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct bisect_record record CLEANUP(bisect_record_release) = {0};
    char *text CLEANUP(cleanup_free) = NULL;
    ck_assert_int_eq(file_read(path, 1 << 20, &text, NULL, &err), 0);
    ck_assert_msg(bisect_record_parse(text, path, &record, &err) == -1, "%s is accepted", path);
    ck_assert_msg(strncmp(err.message, path, strlen(path)) == 0, "%s", err.message);
}

START_TEST(a_record_is_read_strictly)
{
    ck_assert_int_eq(for_fixtures("fixtures/bisect", "good-", accepts), 2);
    ck_assert_int_ge(for_fixtures("fixtures/bisect", "bad-", refuses), 8);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bisect");
    TCase *seeds = tcase_create("seeds"), *scenes = tcase_create("scenes"),
          *records = tcase_create("records");
    tcase_set_tags(seeds, "large"); /* not in valgrind: git runs a thousand times */
    tcase_add_unchecked_fixture(seeds, setup, teardown);
    tcase_add_loop_test(seeds, finds_the_culprit_in_9_measured_commits, 0, SEEDS);
    tcase_add_loop_test(seeds, finds_the_culprit_past_odd_commits_on_its_way, 0, SEEDS);
    tcase_add_unchecked_fixture(scenes, setup, teardown);
    tcase_add_test(scenes, names_all_suspects_if_the_commits_between_are_skipped);
    tcase_add_test(scenes, finds_a_culprit_at_either_end);
    tcase_add_test(scenes, the_ends_must_differ);
    tcase_add_test(scenes, a_decrease_is_no_culprit);
    tcase_add_test(scenes, ends_that_scatter_are_inconclusive);
    tcase_add_test(scenes, an_end_must_build);
    tcase_add_test(scenes, an_end_must_be_measured);
    tcase_add_test(scenes, an_interrupted_search_is_resumed);
    tcase_add_test(scenes, commits_of_merged_branches_are_listed);
    tcase_add_test(scenes, a_search_survives_its_record);
    tcase_set_timeout(scenes, 60);
    tcase_add_test(records, a_record_is_read_strictly);
    suite_add_tcase(suite, seeds);
    suite_add_tcase(suite, scenes);
    suite_add_tcase(suite, records);
    return run_suite(suite);
}
