/* The files in an image, by a client that is a script, and the archives that clients print. */
#include "base/alloc.h"
#include "base/file.h"
#include "engine/image_client.h"
#include "unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    enum archive_kind kind;
    int64_t bytes;
} archives[] = {
    {"good-file", ARCHIVE_FILE, 700},
    {"good-empty", ARCHIVE_FILE, 0},
    {"good-directory", ARCHIVE_DIRECTORY, 0},
    {"good-pax", ARCHIVE_FILE, 700},
    {"good-pax-size", ARCHIVE_FILE, INT64_C(9) << 30},
    {"good-pax-size-not-a-number", ARCHIVE_FILE, 700},
    {"good-pax-record-too-long", ARCHIVE_FILE, 700},
    {"good-link", ARCHIVE_OTHER, 0},
    {"good-base256", ARCHIVE_FILE, INT64_C(9) << 30},
    {"bad-empty", ARCHIVE_SHORT, 0},
    {"bad-short", ARCHIVE_SHORT, 0},
    {"bad-short-pax", ARCHIVE_SHORT, 0},
    {"bad-magic", ARCHIVE_INVALID, 0},
    {"bad-size", ARCHIVE_INVALID, 0},
    {"bad-size-huge", ARCHIVE_INVALID, 0},
};

START_TEST(first_member)
{
    char *name CLEANUP(cleanup_free) = xasprintf("fixtures/archive/%s", archives[_i].name);
    char *path CLEANUP(cleanup_free) = test_path(name);
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    char *buffer CLEANUP(cleanup_free) = xcalloc(1, 8192);
    size_t length = fread(buffer, 1, 8192, file);
    fclose(file);
    /* Of its exact size, so that a sanitizer detects a read past its end. */
    char *bytes CLEANUP(cleanup_free) = xcalloc(1, length + !length);
    memcpy(bytes, buffer, length);
    const struct archive_member member = archive_first_member(bytes, length);
    ck_assert_int_eq(member.kind, archives[_i].kind);
    ck_assert_int_eq(member.bytes, archives[_i].bytes);
}
END_TEST

/* Logs its words. The file /large has no end. */
#define SCRIPT                                                                                     \
    "echo \"$*\" >>%s/log\n"                                                                       \
    "case \"$*\" in\n"                                                                             \
    "'create --name run bad none') echo 'no such image' >&2; exit 125 ;;\n"                        \
    "cp*:/app' -') cat %s/good-file ;;\n"                                                          \
    "cp*:/empty' -') cat %s/good-empty ;;\n"                                                       \
    "cp*:/large' -') cat %s/good-file /dev/zero ;;\n"                                              \
    "cp*:/dist' -') cat %s/good-directory ;;\n"                                                    \
    "cp*:/link' -') cat %s/good-link ;;\n"                                                         \
    "cp*:/busy' -') echo 'the daemon is busy' >&2; exit 1 ;;\n"                                    \
    "cp*) echo 'Error: No such container:path: run:/none' >&2; exit 1 ;;\n"                        \
    "esac\n"

static char directory[64];
static struct strv client;
static struct engine_facts facts;

static void setup(void)
{
    char *archives_path CLEANUP(cleanup_free) = test_path("fixtures/archive");
    char *at CLEANUP(cleanup_free) = realpath(archives_path, NULL);
    strcpy(directory, "/tmp/build-mem-client-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    char *script CLEANUP(cleanup_free) = xasprintf(SCRIPT, directory, at, at, at, at, at);
    strv_push(&client, "sh");
    strv_push(&client, "-c");
    strv_push(&client, script);
    strv_push(&client, "client");
}

static void teardown(void)
{
    char *log CLEANUP(cleanup_free) = xasprintf("%s/log", directory);
    (void)unlink(log);
    (void)rmdir(directory);
    strv_release(&client);
    engine_facts_release(&facts);
}

static void expect_log(const char *words)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *path CLEANUP(cleanup_free) = xasprintf("%s/log", directory);
    char *text CLEANUP(cleanup_free) = NULL;
    size_t length;
    ck_assert_msg(file_read(path, 65536, &text, &length, &err) == 0, "%s", err.message);
    ck_assert_msg(strstr(text, words) != NULL, "%s: %s", words, text);
}

static const struct {
    const char *path, *detail;
    bool ok;
} paths[] = {
    {"/app", "700 B", true},
    {"/empty", "empty", false},
    {"/large", "700 B", true},
    {"/dist", "directory", true},
    {"/link", "neither a file nor a directory", false},
    {"/busy", "not verified: the daemon is busy", false},
    {"/none", "missing", false},
};
#define PATHS (sizeof paths / sizeof *paths)

static void verify(const char *id, bool links)
{
    struct strv list CLEANUP(strv_release) = {0};
    for (size_t i = 0; i < PATHS; i++)
        strv_push(&list, paths[i].path);
    const struct image_look look = {.client = &client, .links = links, .name = "run", .id = id};
    image_client_verify(&look, &list, &facts);
    ck_assert_uint_eq(facts.built_count, PATHS);
    expect_log("rm --force --volumes run\n");
}

START_TEST(paths_in_an_image)
{
    verify("sha256:1", _i == 1);
    for (size_t i = 0; i < PATHS; i++) {
        ck_assert_int_eq(facts.built[i].kind, BUILT_PATH);
        ck_assert_str_eq(facts.built[i].name, paths[i].path);
        ck_assert_str_eq(facts.built[i].detail, paths[i].detail);
        ck_assert(facts.built[i].ok == paths[i].ok);
    }
    expect_log(_i == 1 ? "cp -L run:/app -\n" : "cp run:/app -\n");
}
END_TEST

START_TEST(an_image_without_a_container)
{
    verify("bad", true);
    for (size_t i = 0; i < PATHS; i++) {
        ck_assert(!facts.built[i].ok);
        ck_assert_str_eq(facts.built[i].detail, "not verified: no such image");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine/image_client");
    TCase *archive = tcase_create("archive"), *script = tcase_create("client");
    tcase_add_loop_test(archive, first_member, 0, sizeof archives / sizeof *archives);
    suite_add_tcase(suite, archive);
    tcase_add_checked_fixture(script, setup, teardown);
    tcase_add_loop_test(script, paths_in_an_image, 0, 2);
    tcase_add_test(script, an_image_without_a_container);
    suite_add_tcase(suite, script);
    return run_suite(suite);
}
