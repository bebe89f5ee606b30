#include "config/pattern.h"

#include <regex.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* What people write has some ten parts. glibc takes time by the cube of what it writes out: with
 * these bounds no rule takes more than some hundredths of a second. */
#define LONGEST_PATTERN 1000
#define MOST_PARTS 500

/* "[...]" from its bracket: behind the closing one. */
static const char *skip_bracket(const char *at)
{
    at += at[1] == '^' ? 2 : 1;
    at += *at == ']';
    while (*at && *at != ']') {
        const char *class_end = NULL;
        if (*at == '[' && at[1] && strchr(".:=", at[1]))
            class_end = strchr(at + 2, at[1]);
        at = class_end && class_end[1] == ']' ? class_end + 2 : at + 1;
    }
    return at + (*at == ']');
}

/* How often "{n}", "{n,}" or "{n,m}" writes out what stands before it; `*at` is left on "}". */
static size_t repetitions(const char **at)
{
    char *end;
    unsigned long low = strtoul(*at + 1, &end, 10), high = low;
    if (*end == ',')
        high = end[1] == '}' ? low + 1 : strtoul(end + 1, &end, 10);
    *at += strcspn(*at, "}");
    size_t most = high > low ? high : low;
    return most < 1 ? 1 : most > MOST_PARTS ? MOST_PARTS + 1 : most;
}

static size_t bounded(size_t parts)
{
    return parts > MOST_PARTS ? MOST_PARTS + 1 : parts;
}

/* How many parts there are up to the end or the closing parenthesis, where `*at` is left, once
 * repetitions are written out; anything above MOST_PARTS is MOST_PARTS + 1. */
static size_t parts_of(const char **at)
{
    size_t before = 0, last = 0; /* of all but the last item, which repetitions take */
    for (; **at && **at != ')'; *at += **at != '\0') {
        if (**at == '+') {
            last = bounded(last * 2);
        } else if (**at == '{') {
            last = bounded(last * repetitions(at));
        } else if (**at == '*' || **at == '?') {
            last = bounded(last + 1); /* something that what follows repeats, too */
        } else {
            before = bounded(before + last);
            last = 1;
        }
        if (**at == '(') {
            ++*at;
            last = parts_of(at) + 1;
        } else if (**at == '[') {
            *at = skip_bracket(*at) - 1;
        } else if (**at == '\\' && (*at)[1]) {
            ++*at;
        }
    }
    return bounded(before + last);
}

int pattern_check(const char *pattern, struct bm_error *err)
{
    if (!*pattern)
        return bm_error_set(err, "must not be empty: it would match every process");
    if (strlen(pattern) > LONGEST_PATTERN)
        return bm_error_set(err, "must not be longer than %d bytes", LONGEST_PATTERN);
    const char *rest = pattern;
    size_t parts = parts_of(&rest);
    if (*rest)
        return bm_error_set(err, "its \")\" at byte %td closes nothing: \"[)]\" is the character",
                            rest - pattern + 1);
    if (parts > MOST_PARTS)
        return bm_error_set(err, "its repetitions, written out, are more than %d parts",
                            MOST_PARTS);
    regex_t compiled;
    int status = regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB);
    if (status != 0) {
        char message[256];
        regerror(status, &compiled, message, sizeof message);
        return bm_error_set(err, "not a POSIX extended regular expression: %s", message);
    }
    regfree(&compiled);
    return 0;
}
