#include "result/csv.h"

#include <string.h>

void csv_put_text(FILE *file, const char *text)
{
    if (!text || !text[strcspn(text, ",\"\r\n")]) {
        fputs(text ? text : "", file);
        return;
    }
    fputc('"', file);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', file);
        fputc(*text, file);
    }
    fputc('"', file);
}

enum end { ANOTHER_CELL, END_OF_LINE, NO_END };

/* Moves `*at` behind the cell and what ends it. */
static char *take_cell(char **at, enum end *end)
{
    char *from = *at, *cell = from, *to = from;
    if (*from == '"') {
        for (from++; *from && (*from != '"' || from[1] == '"'); from++)
            *to++ = *from == '"' ? *from++ : *from;
        from += *from == '"';
    } else {
        to = from += strcspn(from, ",\r\n");
    }
    from += from[0] == '\r' && from[1] == '\n';
    *end = *from == ',' ? ANOTHER_CELL : *from == '\n' || !*from ? END_OF_LINE : NO_END;
    *at = from + (*from != '\0');
    *to = '\0';
    return cell;
}

size_t csv_take_line(char **at, char **cells, size_t room)
{
    size_t count = 0;
    for (enum end end = ANOTHER_CELL; end == ANOTHER_CELL;) {
        char *cell = take_cell(at, &end);
        if (end == NO_END)
            return room + 1;
        if (count < room)
            cells[count] = cell;
        count += count <= room;
    }
    return count;
}
