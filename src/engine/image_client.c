/* See image_client.h. */
#include "engine/image_client.h"

#include "base/alloc.h"
#include "base/child.h"
#include "base/text.h"
#include "base/units.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MS 60000
/* The header of the first member follows headers of a few KiB at most. */
#define START_BYTES ((size_t)64 * 1024)

char *image_client_ask(const struct strv *client, const char *const *words, struct bm_error *err)
{
    struct captured captured CLEANUP(captured_release) = {0};
    struct strv argv CLEANUP(strv_release) = {0};
    strv_push_all(&argv, client);
    for (; *words; words++)
        strv_push(&argv, *words);
    if (child_capture(argv.items, ANSWER_MS, &captured, err) < 0)
        return NULL;
    if (captured.exit_status == 0)
        return steal_ptr(captured.output);
    char *reason CLEANUP(cleanup_free) = text_one_line(captured.diagnostics);
    bm_error_set(err, "%s", *reason ? reason : "the client failed without a message");
    return NULL;
}
#define ASK(client, err, ...)                                                                      \
    image_client_ask(client, (const char *const[]){__VA_ARGS__, NULL}, err)

/* ---- the archive ---- */

/* The format is that of POSIX.1-2017, pax, with the numbers and long names of GNU tar. Docker
 * writes the size of a file of 8 GiB or more only into the extended header before it. */
#define BLOCK ((size_t)512)
#define SIZE_AT 124
#define SIZE_LENGTH 12
#define TYPE_AT 156
#define MAGIC_AT 257

/* Returns -1 if the field has no number that fits. */
static int64_t number_of(const unsigned char *field, size_t length)
{
    int64_t number = 0;
    size_t i = 0;
    if (field[0] & 0x80) { /* base 256 */
        for (i = 1; i < length; i++) {
            if (number > INT64_MAX >> 8)
                return -1;
            number = number << 8 | field[i];
        }
        return number;
    }
    while (i < length && field[i] == ' ')
        i++;
    if (i == length || field[i] < '0' || field[i] > '7')
        return -1;
    for (; i < length && field[i] >= '0' && field[i] <= '7'; i++)
        number = number * 8 + (field[i] - '0');
    return number;
}

/* A member that describes the next one: its attributes, or its long name. */
static bool is_prefix(char type)
{
    return type != '\0' && strchr("xgLK", type) != NULL;
}

static enum archive_kind kind_of(char type)
{
    return type == '0' || type == '\0' ? ARCHIVE_FILE
           : type == '5'               ? ARCHIVE_DIRECTORY
                                       : ARCHIVE_OTHER;
}

/* Reads a decimal number that ends with `stop`, and moves `*at` to it. Returns -1 if there is none
 * that fits. */
static int64_t decimal(const char **at, const char *end, char stop)
{
    const char *start = *at;
    int64_t number = 0;
    for (; *at < end && **at >= '0' && **at <= '9'; ++*at) {
        if (number > (INT64_MAX - 9) / 10)
            return -1;
        number = number * 10 + (**at - '0');
    }
    return *at > start && *at < end && **at == stop ? number : -1;
}

/* Returns the size in an extended header, whose records are "LENGTH KEY=VALUE\n"; -1 if it has
 * none. */
static int64_t extended_size(const char *at, size_t length)
{
    static const char key[] = {'s', 'i', 'z', 'e', '='};
    const char *end = at + length;
    while (at < end) {
        const char *record = at;
        int64_t whole = decimal(&at, end, ' ');
        if (whole <= at - record || whole > end - record)
            return -1;
        const char *next = record + whole;
        at++;
        if ((size_t)(next - at) > sizeof key && memcmp(at, key, sizeof key) == 0) {
            at += sizeof key;
            return decimal(&at, next, '\n');
        }
        at = next;
    }
    return -1;
}

struct archive_member archive_first_member(const char *bytes, size_t length)
{
    int64_t extended = -1;
    while (length >= BLOCK) {
        int64_t size = number_of((const unsigned char *)bytes + SIZE_AT, SIZE_LENGTH);
        if (memcmp(bytes + MAGIC_AT, "ustar", 5) != 0 || size < 0)
            return (struct archive_member){.kind = ARCHIVE_INVALID};
        enum archive_kind kind = kind_of(bytes[TYPE_AT]);
        if (!is_prefix(bytes[TYPE_AT]))
            return (struct archive_member){.kind = kind,
                                           .bytes = kind != ARCHIVE_FILE ? 0
                                                    : extended >= 0      ? extended
                                                                         : size};
        if ((uint64_t)size > length - BLOCK)
            break;
        size_t whole = BLOCK + ((size_t)size + BLOCK - 1) / BLOCK * BLOCK;
        if (whole > length)
            break;
        if (bytes[TYPE_AT] == 'x')
            extended = extended_size(bytes + BLOCK, (size_t)size);
        bytes += whole;
        length -= whole;
    }
    return (struct archive_member){.kind = ARCHIVE_SHORT};
}

/* ---- the files in an image ---- */

/* Reads until the first member is known, the end, or the timeout. */
static struct archive_member read_archive(int fd)
{
    char *bytes CLEANUP(cleanup_free) = xcalloc(1, START_BYTES);
    struct archive_member member = {.kind = ARCHIVE_SHORT};
    size_t length = 0;
    while (member.kind == ARCHIVE_SHORT && length < START_BYTES) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int count = poll(&ready, 1, ANSWER_MS);
        ssize_t got = count > 0 ? read(fd, bytes + length, START_BYTES - length) : count;
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        length += (size_t)got;
        member = archive_first_member(bytes, length);
    }
    return member;
}

/* Returns the message of a client that has ended. The caller owns it. */
static char *message_of(int fd)
{
    char text[4096] = "";
    size_t length = 0;
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    while (length < sizeof text - 1 && poll(&ready, 1, 1000) > 0) {
        ssize_t got = read(fd, text + length, sizeof text - 1 - length);
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    while (length && text[length - 1] == '\n')
        length--;
    text[length] = '\0';
    return text_one_line(text);
}

/* Docker 20.10, later ones, and Podman. */
static bool is_absence(const char *message)
{
    return strstr(message, "No such container:path") || strstr(message, "ould not find the file") ||
           strstr(message, "no such file or directory");
}

static char *member_detail(const struct archive_member *member)
{
    switch (member->kind) {
    case ARCHIVE_FILE:
        return member->bytes ? format_bytes(member->bytes) : xstrdup("empty");
    case ARCHIVE_DIRECTORY:
        return xstrdup("directory");
    case ARCHIVE_OTHER:
        return xstrdup("neither a file nor a directory");
    case ARCHIVE_SHORT:
    case ARCHIVE_INVALID:
        break;
    }
    return NULL;
}

/* A file that the build copied keeps its times, so only the age of the image counts. */
static void verify_path(const struct image_look *look, const char *path, struct engine_facts *facts)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct child child CLEANUP(child_release) = CHILD_NONE;
    struct strv argv CLEANUP(strv_release) = {0};
    char *place CLEANUP(cleanup_free) = xasprintf("%s:%s", look->name, path);
    strv_push_all(&argv, look->client);
    strv_push(&argv, "cp");
    if (look->links)
        strv_push(&argv, "-L");
    strv_push(&argv, place);
    strv_push(&argv, "-");
    if (child_start(&child, argv.items, NULL, NULL, &err) < 0) {
        engine_facts_add_built(facts, BUILT_PATH, path, false, err.message);
        return;
    }
    child_close_input(&child);
    const struct archive_member member = read_archive(child.output);
    cleanup_fd(&child.output); /* ends a client that has more to print */
    child.output = -1;
    child_wait(&child, ANSWER_MS);
    char *detail CLEANUP(cleanup_free) = member_detail(&member);
    if (!detail) {
        char *message CLEANUP(cleanup_free) = message_of(child.diagnostics);
        detail = is_absence(message) ? xstrdup("missing")
                                     : xasprintf("not verified: %s",
                                                 *message ? message : "the client printed no file");
    }
    bool ok = member.kind == ARCHIVE_DIRECTORY || (member.kind == ARCHIVE_FILE && member.bytes > 0);
    engine_facts_add_built(facts, BUILT_PATH, path, ok, detail);
}

/* An image can lack a command, and a container needs one: it is never run. */
void image_client_verify(const struct image_look *look, const struct strv *paths,
                         struct engine_facts *facts)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *created CLEANUP(cleanup_free) =
        ASK(look->client, &err, "create", "--name", look->name, look->id, "none");
    char *reason CLEANUP(cleanup_free) =
        created ? NULL : xasprintf("not verified: %s", err.message);
    for (size_t i = 0; i < paths->count; i++)
        if (created)
            verify_path(look, paths->items[i], facts);
        else
            engine_facts_add_built(facts, BUILT_PATH, paths->items[i], false, reason);
    free(ASK(look->client, &ignored, "rm", "--force", "--volumes", look->name));
}

void image_client_remove_orphans(const struct strv *client)
{
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *names CLEANUP(cleanup_free) = ASK(client, &ignored, "ps", "--all", "--filter",
                                            "name=build-mem-", "--format", "{{.Names}}");
    char *rest = names;
    for (char *name; (name = strsep(&rest, "\r\n"));)
        if (engine_name_is_orphan(name))
            free(ASK(client, &ignored, "rm", "--force", "--volumes", name));
}
