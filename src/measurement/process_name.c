#include "measurement/process_name.h"

#include "base/alloc.h"
#include "measurement/process_names.h"

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

static const struct program_rule *rule_of(struct word program)
{
    const struct program_rule *rule = program_rules;
    while (rule->program && !is(program, rule->program))
        rule++;
    return rule;
}

static const struct script_rule *script_rule_of(struct word script)
{
    for (const struct script_rule *rule = script_rules; rule->part; rule++)
        if (memmem(script.text, script.length, rule->part, strlen(rule->part)))
            return rule;
    return NULL;
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

static char *text_of(struct word word)
{
    return xstrndup(word.text, word.length);
}

/* "npm" and "run build" of what follows. */
static char *with_plain_words(struct word program, const char *rest)
{
    char *name = text_of(program);
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

static char *name_of_script(struct word program, const char *rest)
{
    const char *after = rest;
    struct word script = next_word(&after);
    while (script.length && *script.text == '-' && !is(script, "-e") && !is(script, "-c"))
        script = next_word(&after);
    if (!script.length || *script.text == '-')
        return with_plain_words(program, rest);
    const struct script_rule *rule = script_rule_of(script);
    if (!rule)
        return with_plain_words(without_suffix(base_name(script)), after);
    if (rule->whole)
        return xstrdup(rule->name);
    return with_plain_words((struct word){rule->name, strlen(rule->name)}, after);
}

/* The value may be joined: --crate-name=serde. */
static char *name_by_option(struct word program, const char *rest, const char *option)
{
    size_t length = strlen(option);
    for (struct word word = next_word(&rest); word.length; word = next_word(&rest)) {
        struct word value = {word.text + length + 1, word.length - length - 1};
        if (is(word, option))
            value = next_word(&rest);
        else if (word.length <= length + 1 || strncmp(word.text, option, length) != 0 ||
                 word.text[length] != '=')
            continue;
        if (value.length)
            return xasprintf("%.*s %.*s", (int)program.length, program.text, (int)value.length,
                             value.text);
    }
    return text_of(program);
}

static bool takes_value(struct word option)
{
    for (const char *const *known = java_value_options; *known; known++)
        if (is(option, *known))
            return true;
    return false;
}

static char *name_by_class(struct word program, const char *rest)
{
    struct word word = next_word(&rest);
    for (; word.length && *word.text == '-' && !is(word, "-jar"); word = next_word(&rest))
        if (takes_value(word))
            (void)next_word(&rest);
    if (is(word, "-jar"))
        word = base_name(next_word(&rest));
    else
        for (size_t i = word.length; i > 0; i--) /* org.gradle.Main: the last part */
            if (word.text[i - 1] == '.') {
                word = (struct word){word.text + i, word.length - i};
                break;
            }
    if (!word.length)
        return text_of(program);
    return xasprintf("%.*s %.*s", (int)program.length, program.text, (int)word.length, word.text);
}

static char *whole_name(const char *command)
{
    const char *rest = command;
    struct word program = base_name(next_word(&rest));
    if (program.length == 0)
        return xstrdup("?");
    const struct program_rule *rule = rule_of(program);
    switch (rule->kind) {
    case PROGRAM_ALONE:
        return text_of(program);
    case PROGRAM_INTERPRETER:
        return name_of_script(program, rest);
    case PROGRAM_BY_OPTION:
        return name_by_option(program, rest, rule->option);
    case PROGRAM_BY_CLASS:
        return name_by_class(program, rest);
    case PROGRAM_PLAIN:
        break;
    }
    return with_plain_words(program, rest);
}

char *process_name(const char *command)
{
    char *name = whole_name(command);
    size_t length = strnlen(name, PROCESS_NAME_MAX);
    name[length] = '\0';
    return xrealloc(name, length + 1);
}
