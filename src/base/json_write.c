#include "base/json_write.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>

cJSON *json_new_integer(int64_t number)
{
    /* cJSON stores numbers as doubles: give it the digits as raw text. */
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, number);
    return cJSON_CreateRaw(digits);
}

void json_add_integer(cJSON *object, const char *key, int64_t number)
{
    cJSON_AddItemToObject(object, key, json_new_integer(number));
}

void json_add_measured(cJSON *object, const char *key, int64_t number)
{
    if (number < 0)
        cJSON_AddNullToObject(object, key);
    else
        json_add_integer(object, key, number);
}

void json_add_number(cJSON *object, const char *key, double number)
{
    if (number < 0)
        cJSON_AddNullToObject(object, key);
    else
        cJSON_AddNumberToObject(object, key, number);
}

static cJSON *new_text(const char *text)
{
    char *valid CLEANUP(cleanup_free) = text ? text_valid_utf8(text) : NULL;
    return valid ? cJSON_CreateString(valid) : cJSON_CreateNull();
}

void json_add_text(cJSON *object, const char *key, const char *text)
{
    cJSON_AddItemToObject(object, key, new_text(text));
}

void json_append_text(cJSON *array, const char *text)
{
    cJSON_AddItemToArray(array, new_text(text));
}

cJSON *json_add_object(cJSON *object, const char *key)
{
    return cJSON_AddObjectToObject(object, key);
}

cJSON *json_add_array(cJSON *object, const char *key)
{
    return cJSON_AddArrayToObject(object, key);
}

char *json_print(const cJSON *tree, int indented)
{
    char *text CLEANUP(cleanup_free) = indented ? cJSON_Print(tree) : cJSON_PrintUnformatted(tree);
    return xasprintf("%s%s", text, indented ? "\n" : "");
}

/* Returns the code point at `at` if it breaks a line or controls a terminal, and JSON allows it
 * unescaped: DEL, C1 controls (U+0080 to U+009F), U+2028, U+2029. Otherwise returns 0. The text is
 * valid UTF-8. `*length` is the length of the character in bytes. */
static unsigned hidden_control(const unsigned char *at, size_t *length)
{
    *length = 1;
    if (at[0] == 0x7F)
        return 0x7F;
    if (at[0] == 0xC2 && at[1] < 0xA0) {
        *length = 2;
        return at[1];
    }
    if (at[0] == 0xE2 && at[1] == 0x80 && (at[2] == 0xA8 || at[2] == 0xA9)) {
        *length = 3;
        return 0x2000u | (at[2] & 0x3Fu);
    }
    return 0;
}

char *json_print_line(const cJSON *tree)
{
    char *json CLEANUP(cleanup_free) = cJSON_PrintUnformatted(tree);
    char *line = NULL;
    size_t size, length;
    FILE *out = xmemstream_open(&line, &size);
    for (const unsigned char *at = (const unsigned char *)json; *at; at += length) {
        unsigned control = hidden_control(at, &length);
        if (control)
            fprintf(out, "\\u%04x", control);
        else
            fputc(*at, out);
    }
    xmemstream_close(out);
    return line;
}

void cleanup_cjson(cJSON **tree)
{
    cJSON_Delete(*tree);
}
