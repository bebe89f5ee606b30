#include "base/json_strict.h"

#include <stdbool.h>
#include <string.h>

/* Whether the token is a number by RFC 8259; cJSON leaves that to strtod(3), for which 010 and
 * "1." are numbers too. */
static bool is_strict_number(const char *token, size_t length)
{
    const char *at = token + (*token == '-');
    size_t digits = strspn(at, "0123456789");
    if (digits == 0 || (digits > 1 && *at == '0'))
        return false;
    at += digits;
    if (*at == '.') {
        digits = strspn(++at, "0123456789");
        if (digits == 0)
            return false;
        at += digits;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '+' || *at == '-';
        digits = strspn(at, "0123456789");
        if (digits == 0)
            return false;
        at += digits;
    }
    return at == token + length;
}

const char *json_loose_spot(const char *text, const char **what)
{
    bool in_string = false;
    for (const char *at = text; *at; at++) {
        *what = "a control character";
        if ((unsigned char)*at < 0x20 && (in_string || !strchr("\t\n\r", *at)))
            return at;
        if (*at == '"') {
            in_string = !in_string;
        } else if (in_string && *at == '\\') {
            *what = "\\u0000 in a string";
            if (strncmp(++at, "u0000", 5) == 0)
                return at;
        } else if (!in_string && strchr("-0123456789", *at)) {
            size_t length = strspn(at, "+-.0123456789eE");
            *what = "not a number as JSON writes them";
            if (!is_strict_number(at, length))
                return at;
            at += length - 1;
        }
    }
    return NULL;
}
