#include "unit/suite.h"

#include "base/alloc.h"
#include "base/file.h"

#include <dirent.h>
#include <malloc.h>
#include <string.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif

int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}

size_t bytes_in_use(void)
{
#if defined __SANITIZE_ADDRESS__ || __has_feature(address_sanitizer)
    return 0;
#else
    struct mallinfo2 heap = mallinfo2();
    return heap.uordblks + heap.hblkhd;
#endif
}

char *test_path(const char *name)
{
    const char *directory = getenv("TESTS_DIR");
    return xasprintf("%s/%s", directory ? directory : "tests", name);
}

char *test_text(const char *name)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *path CLEANUP(cleanup_free) = test_path(name);
    char *text;
    ck_assert_msg(file_read(path, 1 << 20, &text, NULL, &err) == 0, "%s", err.message);
    return text;
}

int for_fixtures(const char *name, const char *prefix, void (*each)(const char *path))
{
    char *path CLEANUP(cleanup_free) = test_path(name);
    DIR *directory = opendir(path);
    struct dirent *entry;
    int count = 0;
    ck_assert_ptr_nonnull(directory);
    while ((entry = readdir(directory)))
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0) {
            char *file CLEANUP(cleanup_free) = xasprintf("%s/%s", path, entry->d_name);
            each(file);
            count++;
        }
    closedir(directory);
    return count;
}
