#include "report/text/layout.h"

#include "base/alloc.h"
#include "base/text.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

static const char *const paint_codes[] = {
    [PAINT_NONE] = "",          [PAINT_BOLD] = "\x1b[1m",   [PAINT_DIM] = "\x1b[2m",
    [PAINT_RED] = "\x1b[1;31m", [PAINT_GREEN] = "\x1b[32m", [PAINT_YELLOW] = "\x1b[33m"};

void layout_open(struct page *page, bool colour)
{
    *page = (struct page){.colour = colour};
    page->out = xmemstream_open(&page->text, &page->length);
}

/* Cells leave blanks at the ends of lines. */
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

static void defuse_commands(char *text)
{
    for (char *line = text; line; line = strchr(line, '\n')) {
        line += strspn(line, "\n ");
        if (strncmp(line, "::", 2) == 0 || strncmp(line, "##", 2) == 0)
            *line = '.';
    }
}

char *layout_close(struct page *page)
{
    xmemstream_close(page->out);
    strip_line_ends(page->text);
    defuse_commands(page->text);
    return steal_ptr(page->text);
}

static void begin_paint(struct page *page, enum paint paint)
{
    if (page->colour && paint != PAINT_NONE)
        fputs(paint_codes[paint], page->out);
}

static void end_paint(struct page *page, enum paint paint)
{
    if (page->colour && paint != PAINT_NONE)
        fputs("\x1b[0m", page->out);
}

void layout_put(struct page *page, enum paint paint, const char *text)
{
    begin_paint(page, paint);
    fputs(text, page->out);
    end_paint(page, paint);
}

/* Characters of valid UTF-8, of which all but the first byte look like 10xxxxxx. */
static size_t count_columns(const char *text, size_t length)
{
    size_t columns = 0;
    for (size_t i = 0; i < length; i++)
        columns += ((unsigned char)text[i] & 0xC0) != 0x80;
    return columns;
}

/* The bytes that the first `columns` characters take. */
static size_t bytes_of_columns(const char *text, size_t columns)
{
    size_t bytes = 0;
    while (text[bytes] && columns--)
        for (bytes++; ((unsigned char)text[bytes] & 0xC0) == 0x80;)
            bytes++;
    return bytes;
}

void layout_cell(struct page *page, int width, enum paint paint, const char *text)
{
    char *line CLEANUP(cleanup_free) = text_one_line(text);
    size_t room = (size_t)(width < 0 ? -width : width);
    size_t columns = count_columns(line, strlen(line));
    bool cut = columns > room;
    size_t bytes = cut ? bytes_of_columns(line, room - 1) : strlen(line);
    int padding = cut ? 0 : (int)(room - columns);

    if (width < 0)
        fprintf(page->out, "%*s", padding, "");
    begin_paint(page, paint);
    fprintf(page->out, "%.*s%s", (int)bytes, line, cut ? "…" : "");
    end_paint(page, paint);
    if (width > 0)
        fprintf(page->out, "%*s", padding, "");
}

void layout_wrap(struct page *page, size_t used, size_t indent, enum paint paint, const char *text)
{
    char *line CLEANUP(cleanup_free) = text_one_line(text);
    bool fresh = true; /* no word of this paragraph is on the current line yet */
    begin_paint(page, paint);
    for (const char *at = line; *(at += strspn(at, " "));) {
        size_t word = strcspn(at, " ");
        size_t columns = count_columns(at, word);
        if (!fresh && used + 1 + columns > LAYOUT_COLUMNS) {
            fprintf(page->out, "\n%*s", (int)indent, "");
            used = indent;
            fresh = true;
        }
        fprintf(page->out, "%s%.*s", fresh ? "" : " ", (int)word, at);
        used += columns + !fresh;
        fresh = false;
        at += word;
    }
    end_paint(page, paint);
    fputc('\n', page->out);
}

void layout_verdict(struct page *page, const char *verdict, bool good, const char *reason,
                    const struct strv *notes, const char *next)
{
    char *name CLEANUP(cleanup_free) = xstrdup(verdict);
    for (char *at = name; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    layout_put(page, PAINT_NONE, "\n");
    layout_put(page, good ? PAINT_GREEN : PAINT_RED, name);
    layout_put(page, PAINT_NONE, "  ");
    layout_wrap(page, strlen(name) + 2, 2, PAINT_NONE, reason);
    for (size_t i = 0; notes && i < notes->count; i++) {
        layout_put(page, PAINT_NONE, "note: ");
        layout_wrap(page, 6, 6, PAINT_NONE, notes->items[i]);
    }
    if (next) {
        layout_put(page, PAINT_NONE, "next: ");
        layout_wrap(page, 6, 6, PAINT_NONE, next);
    }
}
