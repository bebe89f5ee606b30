#include "engine/scratch_image.h"

#include "base/alloc.h"
#include "base/child.h"
#include "base/file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REPOSITORY "build-mem-trial"
#define REFERENCE "reference=" REPOSITORY /* a filter of docker images */
#define ANSWER_MS 60000

/* ---- the archive ---- */

/* A header of ustar; all members are texts, filled with NUL. Source: POSIX pax, "ustar Interchange
 * Format". */
struct ustar {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, linkname[100];
    char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], rest[12];
};

static void fill_directory(struct ustar *header, const char *name, const char *mode)
{
    const unsigned char *bytes = (const unsigned char *)header;
    unsigned sum = 0;
    *header = (struct ustar){.type = '5', .magic = "ustar", .version = {'0', '0'}};
    snprintf(header->name, sizeof header->name, "%s", name);
    snprintf(header->mode, sizeof header->mode, "%s", mode);
    memcpy(header->uid, "0000000", 8);
    memcpy(header->gid, "0000000", 8);
    memcpy(header->size, "00000000000", 12);
    memcpy(header->mtime, "00000000000", 12);
    /* The sum is over a header whose own field has blanks. */
    memset(header->checksum, ' ', sizeof header->checksum);
    for (size_t i = 0; i < sizeof *header; i++)
        sum += bytes[i];
    snprintf(header->checksum, 7, "%06o", sum);
}

static int write_archive(const char *path, struct bm_error *err)
{
    /* Two blocks of zeros end the archive. */
    struct ustar archive[4] = {0};
    _Static_assert(sizeof *archive == 512, "a block of an archive has 512 bytes");
    fill_directory(&archive[0], "tmp/", "0001777");
    fill_directory(&archive[1], "work/", "0000755");
    return file_write_atomic(path, (const char *)archive, sizeof archive, err);
}

/* ---- the engine ---- */

static int run(const struct strv *argv, struct captured *captured, struct bm_error *err)
{
    if (child_capture(argv->items, ANSWER_MS, captured, err) < 0)
        return -1;
    if (captured->exit_status == 0)
        return 0;
    return bm_error_set(err, "%s %s: %s", argv->items[0], argv->items[1],
                        *captured->diagnostics ? captured->diagnostics
                                               : "failed without a message");
}

int scratch_image_remove(const struct engine *engine, const char *image, struct bm_error *err)
{
    struct strv argv CLEANUP(strv_release) = {0};
    struct captured captured CLEANUP(captured_release) = {0};
    strv_push(&argv, engine->name);
    strv_push(&argv, "rmi");
    strv_push(&argv, image);
    return run(&argv, &captured, err);
}

static void remove_orphans(const struct engine *engine)
{
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct strv argv CLEANUP(strv_release) = {0};
    struct captured captured CLEANUP(captured_release) = {0};
    static const char *const words[] = {"images", "--filter", REFERENCE, "--format", "{{.Tag}}"};
    strv_push(&argv, engine->name);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        strv_push(&argv, words[i]);
    if (run(&argv, &captured, &ignored) < 0)
        return;
    char *rest = captured.output;
    for (char *tag; (tag = strsep(&rest, "\r\n"));)
        if (engine_name_is_orphan(tag)) {
            char *image CLEANUP(cleanup_free) = xasprintf(REPOSITORY ":%s", tag);
            (void)scratch_image_remove(engine, image, &ignored);
        }
}

bool engine_has_image(const struct engine *engine, const char *image)
{
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct strv argv CLEANUP(strv_release) = {0};
    struct captured captured CLEANUP(captured_release) = {0};
    const char *const words[] = {engine->name, "image", "inspect", "--format={{.Id}}", image};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        strv_push(&argv, words[i]);
    return run(&argv, &captured, &ignored) == 0;
}

char *scratch_image_import(const struct engine *engine, const char *directory, struct bm_error *err)
{
    struct strv argv CLEANUP(strv_release) = {0};
    struct captured captured CLEANUP(captured_release) = {0};
    char *name CLEANUP(cleanup_free) = engine_unique_name();
    char *image CLEANUP(cleanup_free) = xasprintf(REPOSITORY ":%s", name);
    char *archive CLEANUP(cleanup_free) = xasprintf("%s/%s.tar", directory, name);
    remove_orphans(engine);
    if (write_archive(archive, err) < 0)
        return NULL;
    strv_push(&argv, engine->name);
    strv_push(&argv, "import");
    strv_push(&argv, archive);
    strv_push(&argv, image);
    int result = run(&argv, &captured, err);
    unlink(archive);
    return result < 0 ? NULL : steal_ptr(image);
}
