#include "measurement/environment.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/units.h"

#include <string.h>

const struct drift_field drift_fields[] = {
    {"engine", "engine", offsetof(struct environment, engine), false},
    {"engine_version", "engine version", offsetof(struct environment, engine_version), false},
    {"image_digest", "image digest", offsetof(struct environment, image_digest), false},
    {"kernel", "kernel", offsetof(struct environment, kernel), false},
    {"memory_total_bytes", "memory", offsetof(struct environment, memory_total_bytes), true},
    {"thp", "huge pages", offsetof(struct environment, thp), false},
    {0},
};

static const void *place(const struct environment *environment, const struct drift_field *field)
{
    return (const char *)environment + field->offset;
}

/* Rounded as people read it: a few KiB of memory are no drift. */
static char *format_field(const struct environment *environment, const struct drift_field *field)
{
    if (field->bytes) {
        int64_t bytes = *(const int64_t *)place(environment, field);
        return bytes < 0 ? xstrdup("unknown") : format_bytes(bytes);
    }
    const char *text = *(char *const *)place(environment, field);
    return xstrdup(text ? text : "unknown");
}

char *variable_name(const char *variable)
{
    return xstrndup(variable, strcspn(variable, "="));
}

const char *variable_value(const char *variable)
{
    return strchr(variable, '=') + 1;
}

static const char *value_of(const struct strv *variables, const char *name, size_t length)
{
    for (size_t i = 0; i < variables->count; i++)
        if (strncmp(variables->items[i], name, length) == 0 && variables->items[i][length] == '=')
            return variables->items[i] + length + 1;
    return NULL;
}

const char *variables_find(const struct strv *variables, const char *name)
{
    return value_of(variables, name, strlen(name));
}

/* The value of the variable with the name in `entry` ("NAME=..."), or NULL. Borrowed. */
static const char *value_like(const struct strv *variables, const char *entry)
{
    return value_of(variables, entry, strcspn(entry, "="));
}

static void add_variable(const char *entry, const char *was, const char *is, struct strv *list)
{
    char *name CLEANUP(cleanup_free) = variable_name(entry);
    if (!was || !is || strcmp(was, is) != 0)
        strv_pushf(list, "%s: %s, then %s", name, was ? was : "not set", is ? is : "not set");
}

static void add_variables(const struct strv *was, const struct strv *is, struct strv *list)
{
    for (size_t i = 0; i < was->count; i++)
        add_variable(was->items[i], variable_value(was->items[i]), value_like(is, was->items[i]),
                     list);
    for (size_t i = 0; i < is->count; i++)
        if (!value_like(was, is->items[i]))
            add_variable(is->items[i], NULL, variable_value(is->items[i]), list);
}

void drift_list(const struct environment *was, const struct environment *is, struct strv *list)
{
    for (const struct drift_field *field = drift_fields; field->key; field++) {
        char *before CLEANUP(cleanup_free) = format_field(was, field);
        char *now CLEANUP(cleanup_free) = format_field(is, field);
        if (strcmp(before, now) != 0)
            strv_pushf(list, "%s: %s, then %s", field->label, before, now);
    }
    add_variables(&was->variables, &is->variables, list);
}

int variables_read(const struct json *object, struct strv *variables, struct bm_error *err)
{
    if (json_expect_object(object, err) < 0)
        return -1;
    for (const struct json *item = json_first(object); item; item = json_next(item)) {
        const char *value;
        if (!*json_key(item) || strchr(json_key(item), '='))
            return json_error(item, err, "is not a variable name");
        if (json_expect_string(item, &value, err) < 0)
            return -1;
        strv_pushf(variables, "%s=%s", json_key(item), value);
    }
    return 0;
}

void drift_copy(const struct environment *from, struct environment *to)
{
    for (const struct drift_field *field = drift_fields; field->key; field++) {
        void *at = (char *)to + field->offset;
        if (field->bytes) {
            *(int64_t *)at = *(const int64_t *)place(from, field);
        } else {
            const char *text = *(char *const *)place(from, field);
            *(char **)at = text ? xstrdup(text) : NULL;
        }
    }
    strv_push_all(&to->variables, &from->variables);
}
