#include "base/json.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "base/units.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_FILE_BYTES (64u << 20)

struct json {
    const struct json_document *document;
    const cJSON *node;
    const struct json *parent;
    struct json *first, *next;
    int line; /* counts from 1 */
    bool is_integer;
    int64_t integer;
};

struct json_document {
    char *origin;
    cJSON *tree;
    struct json *values; /* in document order, which is pre-order */
    size_t count;
};

void json_init(void)
{
    cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = xmalloc, .free_fn = free});
}

/* Walks the text of a document that cJSON accepted: one value at a time, in the order of the tree
 * of cJSON. It finds the line of each value. */
struct scanner {
    const char *at;
    int line;
};

static const char *skip_string(const char *at)
{
    for (at++; *at != '"'; at++)
        if (*at == '\\')
            at++;
    return at + 1;
}

/* Moves the scanner to the first character of the next value. */
static void scan_to_value(struct scanner *scan)
{
    for (;; scan->at++) {
        if (*scan->at == '\n')
            scan->line++;
        if (*scan->at == '"') {
            const char *after = skip_string(scan->at);
            while (isspace((unsigned char)*after))
                after++;
            if (*after != ':')
                return;
            scan->at = skip_string(scan->at) - 1;
        } else if (strchr("{[-0123456789tfn", *scan->at)) {
            return;
        }
    }
}

static void scan_past_value(struct scanner *scan)
{
    if (*scan->at == '"')
        scan->at = skip_string(scan->at);
    else if (*scan->at == '{' || *scan->at == '[')
        scan->at++;
    else
        scan->at += strcspn(scan->at, ",]} \t\r\n");
}

static void read_integer(struct json *value, const char *text)
{
    char digits[24];
    size_t length = strcspn(text, ",]} \t\r\n");
    if (length >= sizeof digits)
        return;
    memcpy(digits, text, length);
    digits[length] = '\0';
    value->is_integer = parse_integer(digits, INT64_MIN, INT64_MAX, &value->integer) == 0;
}

static size_t count_values(const cJSON *node)
{
    size_t count = 1;
    for (const cJSON *child = node->child; child; child = child->next)
        count += count_values(child);
    return count;
}

static struct json *index_value(struct json_document *document, const cJSON *node,
                                const struct json *parent, struct scanner *scan)
{
    struct json *value = &document->values[document->count++];
    scan_to_value(scan);
    *value =
        (struct json){.document = document, .node = node, .parent = parent, .line = scan->line};
    if (cJSON_IsNumber(node))
        read_integer(value, scan->at);
    scan_past_value(scan);

    struct json **link = &value->first;
    for (const cJSON *child = node->child; child; child = child->next) {
        *link = index_value(document, child, value, scan);
        link = &(*link)->next;
    }
    return value;
}

static int refuse_duplicate_keys(const struct json_document *document, struct bm_error *err)
{
    for (size_t i = 0; i < document->count; i++) {
        const struct json *object = &document->values[i];
        if (!json_is_object(object))
            continue;
        for (const struct json *one = object->first; one; one = one->next)
            if (json_member(object, json_key(one)) != one)
                return json_error(one, err, "duplicate key");
    }
    return 0;
}

static int line_of(const char *text, const char *at)
{
    int line = 1;
    for (; text < at; text++)
        line += *text == '\n';
    return line;
}

/* Whether the token is a number by RFC 8259. cJSON uses strtod(3), which also accepts 010 and "1.".
 */
static bool is_strict_number(const char *token, size_t length)
{
    const char *at = token + (*token == '-');
    size_t digits = strspn(at, "0123456789");
    if (digits == 0 || (digits > 1 && *at == '0'))
        return false;
    at += digits;
    if (*at == '.') {
        digits = strspn(++at, "0123456789");
        if (digits == 0)
            return false;
        at += digits;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '+' || *at == '-';
        digits = strspn(at, "0123456789");
        if (digits == 0)
            return false;
        at += digits;
    }
    return at == token + length;
}

/* Returns the first place in a text that cJSON accepted although it is not JSON, or that would
 * change when it is read. `*what` names the fault; static. Returns NULL if there is none. */
static const char *find_loose_spot(const char *text, const char **what)
{
    bool in_string = false;
    for (const char *at = text; *at; at++) {
        *what = "a control character";
        if ((unsigned char)*at < 0x20 && (in_string || !strchr("\t\n\r", *at)))
            return at;
        if (*at == '"') {
            in_string = !in_string;
        } else if (in_string && *at == '\\') {
            *what = "\\u0000 in a string";
            if (strncmp(++at, "u0000", 5) == 0)
                return at;
        } else if (!in_string && strchr("-0123456789", *at)) {
            size_t length = strspn(at, "+-.0123456789eE");
            *what = "not a JSON number";
            if (!is_strict_number(at, length))
                return at;
            at += length - 1;
        }
    }
    return NULL;
}

struct json_document *json_parse(const char *text, const char *origin, struct bm_error *err)
{
    const char *end = text;
    cJSON *tree = cJSON_ParseWithOpts(text, &end, 1);
    if (!tree) {
        bm_error_set(err, "%s:%d: not valid JSON%s", origin, line_of(text, end),
                     text[strspn(text, " \t\r\n")] ? "" : ": the file is empty");
        return NULL;
    }
    const char *what, *loose = find_loose_spot(text, &what);
    if (loose) {
        cJSON_Delete(tree);
        bm_error_set(err, "%s:%d: not valid JSON: %s", origin, line_of(text, loose), what);
        return NULL;
    }
    struct json_document *document = xcalloc(1, sizeof *document);
    document->origin = xstrdup(origin);
    document->tree = tree;
    document->values = xcalloc(count_values(tree), sizeof *document->values);
    struct scanner scan = {.at = text, .line = 1};
    if (strncmp(text, "\xEF\xBB\xBF", 3) == 0)
        scan.at += 3;
    index_value(document, tree, NULL, &scan);
    if (refuse_duplicate_keys(document, err) < 0) {
        json_document_free(document);
        return NULL;
    }
    return document;
}

struct json_document *json_parse_file(const char *path, struct bm_error *err)
{
    char *text CLEANUP(cleanup_free) = NULL;
    size_t length;
    if (file_read(path, MAX_FILE_BYTES, &text, &length, err) < 0)
        return NULL;
    const char *nul = memchr(text, '\0', length);
    if (nul) {
        bm_error_set(err, "%s:%d: not valid JSON: a NUL byte", path, line_of(text, nul));
        return NULL;
    }
    return json_parse(text, path, err);
}

void json_document_free(struct json_document *document)
{
    if (!document)
        return;
    cJSON_Delete(document->tree);
    free(document->values);
    free(document->origin);
    free(document);
}

void cleanup_json_document(struct json_document **document)
{
    json_document_free(*document);
}

const struct json *json_root(const struct json_document *document)
{
    return document->values;
}

bool json_is_null(const struct json *value)
{
    return cJSON_IsNull(value->node);
}

bool json_is_string(const struct json *value)
{
    return cJSON_IsString(value->node);
}

bool json_is_object(const struct json *value)
{
    return cJSON_IsObject(value->node);
}

bool json_is_array(const struct json *value)
{
    return cJSON_IsArray(value->node);
}

bool json_is_bool(const struct json *value)
{
    return cJSON_IsBool(value->node);
}

const char *json_key(const struct json *value)
{
    return value->node->string;
}

const struct json *json_first(const struct json *container)
{
    return container->first;
}

const struct json *json_next(const struct json *value)
{
    return value->next;
}

const struct json *json_member(const struct json *object, const char *key)
{
    for (const struct json *member = object->first; member; member = member->next)
        if (member->node->string && strcmp(member->node->string, key) == 0)
            return member;
    return NULL;
}

static int index_in_parent(const struct json *value)
{
    int index = 0;
    for (const struct json *one = value->parent->first; one != value; one = one->next)
        index++;
    return index;
}

static void print_path(FILE *out, const struct json *value)
{
    if (!value->parent) {
        fputc('$', out);
        return;
    }
    print_path(out, value->parent);
    if (json_is_array(value->parent))
        fprintf(out, "[%d]", index_in_parent(value));
    else
        fprintf(out, ".%s", json_key(value));
}

int json_error(const struct json *at, struct bm_error *err, const char *format, ...)
{
    char *path CLEANUP(cleanup_free) = NULL;
    size_t length;
    FILE *out = xmemstream_open(&path, &length);
    print_path(out, at);
    xmemstream_close(out);
    /* A key from outside can contain escape sequences for the terminal. */
    char *shown CLEANUP(cleanup_free) = text_one_line(path);

    va_list arguments;
    va_start(arguments, format);
    char *message CLEANUP(cleanup_free) = xvasprintf(format, arguments);
    va_end(arguments);
    return bm_error_set(err, "%s:%d: %s: %s", at->document->origin, at->line, shown, message);
}

int json_expect_object(const struct json *value, struct bm_error *err)
{
    return json_is_object(value) ? 0 : json_error(value, err, "must be an object {...}");
}

int json_expect_array(const struct json *value, struct bm_error *err)
{
    return json_is_array(value) ? 0 : json_error(value, err, "must be an array [...]");
}

int json_expect_string(const struct json *value, const char **text, struct bm_error *err)
{
    if (!json_is_string(value))
        return json_error(value, err, "must be a string");
    *text = value->node->valuestring;
    return 0;
}

int json_expect_bool(const struct json *value, bool *flag, struct bm_error *err)
{
    if (!json_is_bool(value))
        return json_error(value, err, "must be true or false");
    *flag = cJSON_IsTrue(value->node);
    return 0;
}

int json_expect_integer(const struct json *value, int64_t min, int64_t max, int64_t *number,
                        struct bm_error *err)
{
    if (!value->is_integer || value->integer < min || value->integer > max)
        return json_error(value, err, "must be a whole number from %lld to %lld", (long long)min,
                          (long long)max);
    *number = value->integer;
    return 0;
}

int json_expect_number(const struct json *value, double min, double max, double *number,
                       struct bm_error *err)
{
    double given = cJSON_IsNumber(value->node) ? value->node->valuedouble : NAN;
    if (!(given >= min && given <= max))
        return json_error(value, err, "must be a number from %g to %g", min, max);
    *number = given;
    return 0;
}

int json_expect_keys(const struct json *object, const char *const *allowed, struct bm_error *err)
{
    for (const struct json *member = json_first(object); member; member = json_next(member)) {
        const char *const *name = allowed;
        while (*name && strcmp(*name, json_key(member)) != 0)
            name++;
        if (!*name)
            return json_error(member, err, "unknown key");
    }
    return 0;
}

int json_require(const struct json *object, const char *key, const struct json **value,
                 struct bm_error *err)
{
    *value = json_member(object, key);
    return *value ? 0 : json_error(object, err, "\"%s\" is missing", key);
}
