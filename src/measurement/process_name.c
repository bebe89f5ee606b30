#include "measurement/process_name.h"

#include "base/alloc.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

struct word {
    const char *text;
    size_t length;
};

static struct word next_word(const char **at)
{
    *at += strspn(*at, " ");
    struct word word = {*at, strcspn(*at, " ")};
    *at += word.length;
    return word;
}

static struct word base_name(struct word path)
{
    for (size_t i = path.length; i > 0; i--)
        if (path.text[i - 1] == '/' && i < path.length)
            return (struct word){path.text + i, path.length - i};
    return path;
}

static bool is(struct word word, const char *text)
{
    return strlen(text) == word.length && strncmp(word.text, text, word.length) == 0;
}

/* Programs whose own name says nothing: their script is what runs. */
static bool is_interpreter(struct word program)
{
    static const char *const names[] = {"node",    "nodejs", "bun",  "deno", "python",
                                        "python3", "ruby",   "perl", "php"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is(program, names[i]))
            return true;
    return false;
}

static struct word without_suffix(struct word script)
{
    static const char *const suffixes[] = {".js", ".mjs", ".cjs", ".ts", ".py", ".rb", ".pl"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t length = strlen(suffixes[i]);
        if (script.length > length &&
            strncmp(script.text + script.length - length, suffixes[i], length) == 0)
            return (struct word){script.text, script.length - length};
    }
    return script;
}

/* A subcommand or a target, not an option, a file or a value. */
static bool is_plain(struct word word)
{
    if (word.length == 0 || word.length > 32 || !islower((unsigned char)*word.text))
        return false;
    for (size_t i = 0; i < word.length; i++)
        if (!isalnum((unsigned char)word.text[i]) && !strchr("-_:", word.text[i]))
            return false;
    return true;
}

char *process_name(const char *command)
{
    const char *rest = command;
    struct word program = base_name(next_word(&rest));
    if (program.length == 0)
        return xstrdup("?");
    if (is_interpreter(program)) {
        const char *after = rest;
        struct word script = next_word(&after);
        while (script.length && *script.text == '-' && !is(script, "-e") && !is(script, "-c"))
            script = next_word(&after);
        if (script.length && *script.text != '-') {
            program = without_suffix(base_name(script));
            rest = after;
        }
    }
    char *name = xstrndup(program.text, program.length);
    for (int i = 0; i < 2; i++) {
        struct word word = next_word(&rest);
        if (!is_plain(word))
            break;
        char *longer = xasprintf("%s %.*s", name, (int)word.length, word.text);
        free(name);
        name = longer;
    }
    return name;
}
