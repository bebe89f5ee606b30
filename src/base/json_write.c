#include "base/json_write.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>

cJSON *json_new_integer(int64_t number)
{
    /* cJSON keeps numbers as doubles and prints at most 17 digits: hand it the digits. */
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

void cleanup_cjson(cJSON **tree)
{
    cJSON_Delete(*tree);
}
