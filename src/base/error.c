#include "base/error.h"

#include "base/alloc.h"

#include <stdio.h>

#include <errno.h>
#include <string.h>

static int replace_message(struct bm_error *err, char *message)
{
    free(err->message);
    err->message = message;
    return -1;
}

int bm_error_set(struct bm_error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *message = xvasprintf(format, arguments);
    va_end(arguments);
    return replace_message(err, message);
}

int bm_error_errno(struct bm_error *err, const char *format, ...)
{
    int saved = errno;
    va_list arguments;
    va_start(arguments, format);
    char *what CLEANUP(cleanup_free) = xvasprintf(format, arguments);
    va_end(arguments);
    return replace_message(err, xasprintf("%s: %s", what, strerror(saved)));
}

int bm_error_wrap(struct bm_error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *context CLEANUP(cleanup_free) = xvasprintf(format, arguments);
    va_end(arguments);
    return replace_message(
        err, xasprintf("%s: %s", context, err->message ? err->message : "unknown error"));
}

void bm_error_release(struct bm_error *err)
{
    free(err->message);
    err->message = NULL;
}

int bm_error_print(const struct bm_error *err, int status)
{
    fprintf(stderr, "build-mem: %s\n", err->message);
    return status;
}
