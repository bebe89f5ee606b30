#include "base/alloc.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void out_of_memory(void)
{
    fputs("build-mem: out of memory\n", stderr);
    abort();
}

static void *checked(void *pointer)
{
    if (!pointer)
        out_of_memory();
    return pointer;
}

void *xmalloc(size_t size)
{
    return checked(malloc(size ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
    return checked(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *pointer, size_t size)
{
    return checked(realloc(pointer, size ? size : 1));
}

char *xstrdup(const char *text)
{
    return checked(strdup(text));
}

char *xstrndup(const char *text, size_t length)
{
    return checked(strndup(text, length));
}

char *xvasprintf(const char *format, va_list arguments)
{
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    return checked(text);
}

char *xasprintf(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = xvasprintf(format, arguments);
    va_end(arguments);
    return text;
}

void *xgrow(void *array, size_t count, size_t size)
{
    /* The capacity is always the power of two that holds `count`, so it needs no variable. */
    if (count && (count & (count - 1)))
        return array;
    size_t capacity = count ? count * 2 : 1;
    return checked(reallocarray(array, capacity, size));
}

FILE *xmemstream_open(char **text, size_t *length)
{
    return checked(open_memstream(text, length));
}

void xmemstream_close(FILE *stream)
{
    bool held = !ferror(stream);
    if (fclose(stream) != 0 || !held)
        out_of_memory();
}

void bm_bug(const char *file, int line, const char *what)
{
    fprintf(stderr, "build-mem: bug at %s:%d: %s\n", file, line, what);
    abort();
}

void cleanup_free(void *address_of_pointer)
{
    free(*(void **)address_of_pointer);
}

void cleanup_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
