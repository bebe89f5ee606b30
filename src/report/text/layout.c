#include "report/text/layout.h"

#include "base/alloc.h"
#include "base/text.h"
#include "report/wording.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

static const char *const paint_codes[] = {
    [PAINT_NONE] = "",          [PAINT_BOLD] = "\x1b[1m",   [PAINT_DIM] = "\x1b[2m",
    [PAINT_RED] = "\x1b[1;31m", [PAINT_GREEN] = "\x1b[32m", [PAINT_YELLOW] = "\x1b[33m"};

void layout_open(struct layout *layout, bool colour)
{
    *layout = (struct layout){.colour = colour};
    layout->out = xmemstream_open(&layout->text, &layout->length);
}

/* Removes the padding of cells at the ends of lines. */
static void strip_line_ends(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from == '\n')
            while (to > text && to[-1] == ' ')
                to--;
        *to++ = *from;
    }
    *to = '\0';
}

/* A CI reads a line that starts with "::" or "##" as a command. */
static void defuse_commands(char *text)
{
    for (char *line = text; line; line = strchr(line, '\n')) {
        line += strspn(line, "\n ");
        if (strncmp(line, "::", 2) == 0 || strncmp(line, "##", 2) == 0)
            *line = '.';
    }
}

char *layout_close(struct layout *layout)
{
    xmemstream_close(layout->out);
    strip_line_ends(layout->text);
    defuse_commands(layout->text);
    return steal_ptr(layout->text);
}

static void begin_paint(struct layout *layout, enum paint paint)
{
    if (layout->colour && paint != PAINT_NONE)
        fputs(paint_codes[paint], layout->out);
}

static void end_paint(struct layout *layout, enum paint paint)
{
    if (layout->colour && paint != PAINT_NONE)
        fputs("\x1b[0m", layout->out);
}

void layout_put(struct layout *layout, enum paint paint, const char *text)
{
    begin_paint(layout, paint);
    fputs(text, layout->out);
    end_paint(layout, paint);
}

/* Counts the characters of valid UTF-8: the bytes that are not 10xxxxxx. */
static size_t count_columns(const char *text, size_t length)
{
    size_t columns = 0;
    for (size_t i = 0; i < length; i++)
        columns += ((unsigned char)text[i] & 0xC0) != 0x80;
    return columns;
}

/* Returns the length of the first `columns` characters in bytes. */
static size_t bytes_of_columns(const char *text, size_t columns)
{
    size_t bytes = 0;
    while (text[bytes] && columns--)
        for (bytes++; ((unsigned char)text[bytes] & 0xC0) == 0x80;)
            bytes++;
    return bytes;
}

void layout_cell(struct layout *layout, int width, enum paint paint, const char *text)
{
    char *line CLEANUP(cleanup_free) = text_one_line(text);
    size_t room = (size_t)(width < 0 ? -width : width);
    size_t columns = count_columns(line, strlen(line));
    bool cut = columns > room;
    size_t bytes = cut ? bytes_of_columns(line, room - 1) : strlen(line);
    int padding = cut ? 0 : (int)(room - columns);

    if (width < 0)
        fprintf(layout->out, "%*s", padding ? padding : 1, "");
    begin_paint(layout, paint);
    fprintf(layout->out, "%.*s%s", (int)bytes, line, cut ? "…" : "");
    end_paint(layout, paint);
    if (width > 0)
        fprintf(layout->out, "%*s", padding, "");
}

void layout_name(struct layout *layout, int indent, int width, enum paint paint, const char *name)
{
    char *line CLEANUP(cleanup_free) = text_one_line(name);
    if (count_columns(line, strlen(line)) < (size_t)width) {
        layout_cell(layout, width, paint, line);
        return;
    }
    layout_put(layout, paint, line);
    fprintf(layout->out, "\n%*s", indent + width, "");
}

void layout_wrap(struct layout *layout, size_t used, size_t indent, enum paint paint,
                 const char *text)
{
    char *line CLEANUP(cleanup_free) = text_one_line(text);
    bool fresh = true; /* the current line has no word of this paragraph */
    begin_paint(layout, paint);
    for (const char *at = line; *(at += strspn(at, " "));) {
        size_t word = strcspn(at, " ");
        size_t columns = count_columns(at, word);
        if (!fresh && used + 1 + columns > LAYOUT_COLUMNS) {
            fprintf(layout->out, "\n%*s", (int)indent, "");
            used = indent;
            fresh = true;
        }
        fprintf(layout->out, "%s%.*s", fresh ? "" : " ", (int)word, at);
        used += columns + !fresh;
        fresh = false;
        at += word;
    }
    end_paint(layout, paint);
    fputc('\n', layout->out);
}

/* A command stays whole on its line, so that it can be copied. */
static void put_advice(struct layout *layout, const char *advice)
{
    const char *command = advice_command(advice);
    if (!command) {
        layout_put(layout, PAINT_NONE, "hint: ");
        layout_wrap(layout, 6, 6, PAINT_NONE, advice);
        return;
    }
    char *lead CLEANUP(cleanup_free) = xstrndup(advice, (size_t)(command - advice));
    char *line CLEANUP(cleanup_free) = text_one_line(command);
    layout_wrap(layout, 0, 0, PAINT_NONE, lead);
    fprintf(layout->out, "  %s\n", line);
}

void layout_verdict(struct layout *layout, const struct layout_verdict *end)
{
    char *name CLEANUP(cleanup_free) = xstrdup(end->verdict);
    for (char *at = name; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    layout_put(layout, PAINT_NONE, "\n");
    layout_put(layout, end->good ? PAINT_GREEN : PAINT_RED, name);
    layout_put(layout, PAINT_NONE, "  ");
    layout_wrap(layout, strlen(name) + 2, 2, PAINT_NONE, end->reason);
    if (end->largest) {
        layout_put(layout, PAINT_NONE, "largest:   ");
        layout_wrap(layout, 11, 11, PAINT_NONE, end->largest);
    }
    if (end->inside) {
        layout_put(layout, PAINT_NONE, "inside:    ");
        layout_wrap(layout, 11, 11, PAINT_NONE, end->inside);
    }
    for (size_t i = 0; end->notes && i < end->notes->count; i++) {
        layout_put(layout, PAINT_NONE, "note: ");
        layout_wrap(layout, 6, 6, PAINT_NONE, end->notes->items[i]);
    }
    if (end->advice)
        put_advice(layout, end->advice);
}
