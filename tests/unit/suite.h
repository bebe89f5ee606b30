/* Shared by all unit tests. */
#ifndef BM_TESTS_SUITE_H
#define BM_TESTS_SUITE_H

#include <check.h>
#include <stddef.h>

/* Runs the suite and releases it. Returns the program's exit status. */
int run_suite(Suite *suite);

/* The bytes that malloc(3) has allocated; 0 with ASan, whose allocator keeps freed memory. */
size_t bytes_in_use(void);

/* Returns the path of a file below TESTS_DIR (default: "tests"), such as
 * "fixtures/config/good-full.json". The caller owns it. */
char *test_path(const char *name);
/* Returns the text of such a file. The caller owns it. A missing file fails the test. */
char *test_text(const char *name);

/* Calls `each` for every file of the directory below TESTS_DIR whose name begins with `prefix`.
 * Returns the number of files. */
int for_fixtures(const char *directory, const char *prefix, void (*each)(const char *path));

#endif
