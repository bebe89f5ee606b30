#include "base/trace.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int64_t origin_ms;
static int file = -1;
static bool on_stderr;

void trace_begin(void)
{
    const char *value = getenv("BUILD_MEM_TRACE");
    origin_ms = monotonic_ms();
    if (!value || !*value || strcmp(value, "0") == 0)
        return;
    if (strcmp(value, "1") == 0) {
        trace_to_stderr();
        return;
    }
    /* O_NONBLOCK: a pipe without a reader is an error instead of a wait. */
    file = open(value, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
    if (file < 0)
        fprintf(stderr, "build-mem: warning: cannot open BUILD_MEM_TRACE=%s: %s\n", value,
                strerror(errno));
}

void trace_to_stderr(void)
{
    on_stderr = true;
}

bool trace_is_on(void)
{
    return on_stderr || file >= 0;
}

bool trace_is_on_stderr(void)
{
    return on_stderr;
}

void trace_end(void)
{
    on_stderr = false;
    cleanup_fd(&file);
    file = -1;
}

void trace(const char *format, ...)
{
    if (!trace_is_on())
        return;
    int saved = errno;
    int64_t ms = monotonic_ms() - origin_ms;
    va_list arguments;
    va_start(arguments, format);
    char *raw CLEANUP(cleanup_free) = xvasprintf(format, arguments);
    va_end(arguments);
    char *text CLEANUP(cleanup_free) = text_one_line(raw);
    char *line CLEANUP(cleanup_free) =
        xasprintf("build-mem: [%3" PRId64 ".%03d] %s\n", ms / 1000, (int)(ms % 1000), text);
    /* One write each, so that the lines of several processes in one file do not mix. */
    if (on_stderr)
        (void)!write(STDERR_FILENO, line, strlen(line));
    if (file >= 0)
        (void)!write(file, line, strlen(line));
    errno = saved;
}

static void put_quoted(FILE *out, const char *word)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%+,-./:=@_*";
    if (*word && !word[strspn(word, plain)]) {
        fputs(word, out);
        return;
    }
    putc('\'', out);
    for (; *word; word++)
        if (*word == '\'')
            fputs("'\\''", out);
        else
            putc(*word, out);
    putc('\'', out);
}

/* "NAME=VALUE" becomes "NAME=***"; a NAME alone stays. The caller owns the text. */
static char *mask_value(const char *variable)
{
    const char *equals = strchr(variable, '=');
    return equals ? xasprintf("%.*s=***", (int)(equals - variable), variable) : xstrdup(variable);
}

char *trace_command_text(char *const *argv)
{
    static const char flag[] = "--env";
    char *text = NULL;
    size_t length;
    FILE *out = xmemstream_open(&text, &length);
    for (char *const *word = argv; *word; word++) {
        char *masked CLEANUP(cleanup_free) = NULL;
        if (word > argv)
            putc(' ', out);
        if (strncmp(*word, "--env=", sizeof flag) == 0) {
            char *variable CLEANUP(cleanup_free) = mask_value(*word + sizeof flag);
            masked = xasprintf("%s=%s", flag, variable);
        } else if (word > argv && strcmp(word[-1], flag) == 0) {
            masked = mask_value(*word);
        }
        put_quoted(out, masked ? masked : *word);
    }
    xmemstream_close(out);
    return text;
}
