#include "report/csv.h"

#include <stdbool.h>
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

/* Moves `*at` behind the cell and what ends it. */
static char *take_cell(char **at, bool *last)
{
    char *from = *at, *cell = from, *to = from;
    if (*from == '"') {
        for (from++; *from && (*from != '"' || from[1] == '"'); from++)
            *to++ = *from == '"' ? *from++ : *from;
        from += *from == '"';
    } else {
        to = from += strcspn(from, ",\r\n");
    }
    from += *from == '\r';
    *last = *from != ',';
    *at = from + (*from != '\0');
    *to = '\0';
    return cell;
}

size_t csv_take_line(char **at, char **cells, size_t room)
{
    size_t count = 0;
    for (bool last = false; !last;) {
        char *cell = take_cell(at, &last);
        if (count < room)
            cells[count] = cell;
        count += count <= room;
    }
    return count;
}
