#include "base/strv.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

static void push_owned(struct strv *list, char *text)
{
    /* The NULL is one more item. */
    list->items = xgrow(list->items, list->count + 1, sizeof *list->items);
    list->items[list->count++] = text;
    list->items[list->count] = NULL;
}

void strv_push(struct strv *list, const char *text)
{
    push_owned(list, xstrdup(text));
}

void strv_pushf(struct strv *list, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    push_owned(list, xvasprintf(format, arguments));
    va_end(arguments);
}

void strv_push_all(struct strv *list, const struct strv *other)
{
    for (size_t i = 0; i < other->count; i++)
        strv_push(list, other->items[i]);
}

char *strv_join(const struct strv *list, const char *between)
{
    char *text = NULL;
    size_t length;
    FILE *out = xmemstream_open(&text, &length);
    for (size_t i = 0; i < list->count; i++)
        fprintf(out, "%s%s", i ? between : "", list->items[i]);
    xmemstream_close(out);
    return text;
}

bool strv_contains(const struct strv *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], text) == 0)
            return true;
    return false;
}

void strv_release(struct strv *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct strv){0};
}
