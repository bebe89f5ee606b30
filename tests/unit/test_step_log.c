/* The output of image builders: the names of the RUN steps, and their cgroups. */
#include "base/alloc.h"
#include "engine/step_log.h"
#include "unit/suite.h"

#include <string.h>

static struct step_log *log_of(const char *text)
{
    struct step_log *log = step_log_new();
    step_log_add(log, 1, text, strlen(text));
    return log;
}

static void expect_taken(const char *taken, const char *cgroup, const char *name)
{
    if (!name)
        ck_assert_msg(taken == NULL, "%s: %s", cgroup, taken);
    else
        ck_assert_msg(taken && strcmp(taken, name) == 0, "%s: %s", cgroup, taken ? taken : "none");
}

static void expect_step(struct step_log *log, const char *cgroup, const char *name)
{
    expect_taken(step_log_take(log, cgroup, ""), cgroup, name);
}

static void expect_only(struct step_log *log, bool complete, const char *name)
{
    expect_taken(step_log_take_only(log, complete), "only", name);
}

/* The output of Docker 20.10. */
START_TEST(classic_builder)
{
    struct step_log *log = log_of("Step 1/5 : FROM build-mem-tiny:1\n"
                                  " ---> 8a25a1c2c1a3\n"
                                  "Step 2/5 : RUN one\n"
                                  " ---> Using cache\n"
                                  " ---> 9a25a1c2c1a3\n"
                                  "Step 3/5 : RUN two \x1b[31m&& three\n");
    /* A container of this run is not known yet. */
    expect_step(log, "/steps/0123456789abcdef", NULL);
    static const char more[] = " ---> Running in 0123456789ab\n"
                               "Step 9/9 : COPY . .\n"
                               " ---> Running in aaaaaaaaaaaa\n"
                               "Step 4/5 : run four\n"
                               " ---> Running in bbbbbbbbbbbb\n";
    for (size_t i = 0; i < sizeof more - 1; i++) /* lines come in pieces */
        step_log_add(log, 1, more + i, 1);
    expect_step(log, "/steps/aaaaaaaaaaaa0000", NULL);
    expect_step(log, "/steps/bbbbbbbbbbbb0000", "[4/5] run four");
    expect_step(log, "/steps/0123456789abcdef", "[3/5] RUN two && three");
    expect_step(log, "/steps/0123456789abcdef", NULL);
    ck_assert_uint_eq(step_log_cached(log), 1);
    step_log_free(log);
}
END_TEST

/* The output of Podman 4.3. Its steps have the same cgroup, one after the other. */
START_TEST(podman)
{
    struct step_log *log = log_of("[1/2] STEP 1/2: FROM build-mem-tiny:1 AS a\n"
                                  "[1/2] STEP 2/2: RUN one\n");
    expect_only(log, false, "[1/2 2/2] RUN one");
    expect_only(log, false, NULL);
    static const char more[] = "--> 3bb0b8a0\n"
                               "[2/2] STEP 2/3: RUN two\n"
                               "--> Using cache 3bb0b8a0\n"
                               "STEP 3/3: RUN three\n";
    step_log_add(log, 2, more, sizeof more - 1);
    expect_only(log, false, "[3/3] RUN three");
    ck_assert_uint_eq(step_log_cached(log), 1);
    step_log_free(log);
}
END_TEST

/* BuildKit prints lines of parallel steps in turn, and shows no container. */
START_TEST(buildkit)
{
    struct step_log *log = log_of("#5 [a 2/2] RUN one\n"
                                  "#5 0.100 [b 2/2] RUN forged\n"
                                  "#6 [b 2/3] RUN two\n");
    /* Two steps have begun: either can run there. The command shows which. */
    expect_step(log, "/steps/buildkit/x", NULL);
    expect_only(log, true, NULL);
    static const char more[] = "#5 [a 2/2] RUN one\n"
                               "#5 CACHED\n"
                               "#7 [c 1/2] FROM docker.io/library/busybox\n"
                               "#8 [internal] load metadata\n";
    step_log_add(log, 2, more, sizeof more - 1);
    expect_only(log, false, NULL);
    expect_taken(step_log_take(log, "/steps/buildkit/x", "sh -c one"), "x", NULL);
    expect_taken(step_log_take(log, "/steps/buildkit/x", "/bin/two"), "x", "[b 2/3] RUN two");
    static const char last[] = "#9 [c 2/2] RUN --mount=type=cache,target=/c [\"x\"]\n"
                               "#10 [d 2/2] RUN --mount=type=tmpfs,target=/t --network=none x y\n";
    step_log_add(log, 2, last, sizeof last - 1);
    expect_taken(step_log_take(log, "/steps/buildkit/y", "x y"), "y",
                 "[d 2/2] RUN --mount=type=tmpfs,target=/t --network=none x y");
    expect_only(log, false, NULL);
    expect_only(log, true, "[c 2/2] RUN --mount=type=cache,target=/c [\"x\"]");
    ck_assert_uint_eq(step_log_cached(log), 1);
    step_log_free(log);
}
END_TEST

/* Lines that are no steps, and names that no table can hold. */
START_TEST(other_output)
{
    static const char *const lines[] = {
        "",
        "Step",
        "Step 2/3",
        "Step 2/3 :",
        "Step 2 : RUN x",
        "STEP /3: RUN x",
        "[1/2",
        "[1/2] ",
        "[1/2] Step 2/3 : RUN x",
        "Step 2/3 : RUNNER x",
        "#",
        "#x [1/2] RUN x",
        "#1",
        "#1 [1/2",
        "#1 [1/2]RUN x",
        "--> Using cache",
        " ---> Running in 0123456789ab",
    };
    struct step_log *log = step_log_new();
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char *line CLEANUP(cleanup_free) = xasprintf("%s\n", lines[i]);
        step_log_add(log, 1, line, strlen(line));
        expect_only(log, false, NULL);
    }
    ck_assert_uint_eq(step_log_cached(log), 0);
    char longest[4096];
    memset(longest, 'x', sizeof longest);
    step_log_add(log, 1, "STEP 1/2: RUN ", 14);
    step_log_add(log, 1, longest, sizeof longest);
    step_log_add(log, 1, "\n", 1);
    ck_assert_uint_eq(strlen(step_log_take_only(log, false)), 206);
    /* The same step of another platform. */
    step_log_add(log, 1, "#1 [2/3] RUN a\n#2 [2/3] RUN a\n", 30);
    expect_only(log, true, NULL);
    step_log_add(log, 1, "#1 CACHED\n", 10);
    expect_only(log, true, "[2/3] RUN a (2)");
    step_log_free(log);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine/step_log");
    TCase *all = tcase_create("all");
    tcase_add_test(all, classic_builder);
    tcase_add_test(all, podman);
    tcase_add_test(all, buildkit);
    tcase_add_test(all, other_output);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
