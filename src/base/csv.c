#include "base/csv.h"

#include <inttypes.h>
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

void csv_put_figure(FILE *file, int64_t figure)
{
    fputc(',', file);
    if (figure >= 0)
        fprintf(file, "%" PRId64, figure);
}
