/* The stage that a command line matches. */
#include "probe/stages.h"
#include "unit/suite.h"

START_TEST(precedence_and_shells)
{
    enum { NEXT, DEPS, ASC, NONE = NO_STAGE };
    ck_assert_ptr_null(stages_add("(^|[ /])next( |/dist/bin/next )build( |$)"));
    ck_assert_ptr_null(stages_add("(^|[ /])(nx|nx\\.js) (run )?([^ ]*:)?build-deps( |$)"));
    ck_assert_ptr_null(stages_add("(^|[ /])(build:assemblyscript|asc|asc\\.js)( |$)"));
    static const struct {
        const char *command;
        int stage;
    } cases[] = {
        {"node /work/node_modules/.bin/next build --turbo", NEXT},
        {"npm exec nx build-deps server", DEPS},
        {"node /work/node_modules/.bin/nx build-deps server", DEPS},
        {"npm run build:assemblyscript", ASC},
        {"npm run build", NONE},
        {"", NONE},
        {"node next.js build-deps", NONE},
        /* Both match: the first rule wins. */
        {"next build nx build-deps", NEXT},
        /* A script on a shell's command line names every stage that it runs. */
        {"sh -c npm run build:assemblyscript && npx nx build-deps server && next build", NONE},
        {"/bin/bash -lc next build", NONE},
        {"-bash -c next build", NONE},
        {"bash --norc -e -c next build", NONE},
        {"bash -euo pipefail -c next build", NONE},
        {"bash -eu -o pipefail -c next build", NONE},
        {"timeout 30 bash -c next build", NONE},
        {"bash -o pipefail next build", NEXT},
        /* A script in a file is a program like any other. */
        {"bash /work/next build", NEXT},
        {"bash", NONE},
        {"shc -c next build", NEXT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(stages_match(cases[i].command) == cases[i].stage, "%s: %d", cases[i].command,
                      stages_match(cases[i].command));
    ck_assert_ptr_nonnull(stages_add("("));
    ck_assert_int_eq(stages_count(), 3);
    /* A step has no rule. */
    ck_assert_int_eq(stages_add_step(), 3);
    ck_assert_int_eq(stages_match("make"), NONE);
    while (stages_count() < STAGES_MAX)
        ck_assert_int_ne(stages_add_step(), NO_STAGE);
    ck_assert_int_eq(stages_add_step(), NO_STAGE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("probe/stages");
    TCase *all = tcase_create("all");
    tcase_add_test(all, precedence_and_shells);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
