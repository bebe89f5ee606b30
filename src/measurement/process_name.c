#include "measurement/process_name.h"

#include "base/alloc.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* ---- the names of the tools of each ecosystem ---- */

enum program_kind {
    PROGRAM_PLAIN,       /* the program and up to two plain words: "npm run build" */
    PROGRAM_ALONE,       /* the program alone: options and files follow */
    PROGRAM_INTERPRETER, /* the script that it runs */
    PROGRAM_BY_OPTION,   /* the program and the value of `option`: "rustc serde" */
    PROGRAM_BY_CLASS,    /* Java: the program and the main class or the jar */
};

/* By the base name of the program. The last rule is for all others. */
static const struct program_rule {
    const char *program;
    enum program_kind kind;
    const char *option;
} program_rules[] = {
    /* script languages */
    {"node", PROGRAM_INTERPRETER, NULL},
    {"nodejs", PROGRAM_INTERPRETER, NULL},
    {"bun", PROGRAM_INTERPRETER, NULL},
    {"deno", PROGRAM_INTERPRETER, NULL},
    {"python", PROGRAM_INTERPRETER, NULL},
    {"python3", PROGRAM_INTERPRETER, NULL},
    {"ruby", PROGRAM_INTERPRETER, NULL},
    {"perl", PROGRAM_INTERPRETER, NULL},
    {"php", PROGRAM_INTERPRETER, NULL},
    /* C and C++ */
    {"cc1", PROGRAM_ALONE, NULL},
    {"cc1plus", PROGRAM_ALONE, NULL},
    {"lto1", PROGRAM_ALONE, NULL},
    {"gcc", PROGRAM_ALONE, NULL},
    {"g++", PROGRAM_ALONE, NULL},
    {"cc", PROGRAM_ALONE, NULL},
    {"c++", PROGRAM_ALONE, NULL},
    {"clang", PROGRAM_ALONE, NULL},
    {"clang++", PROGRAM_ALONE, NULL},
    {"as", PROGRAM_ALONE, NULL},
    {"collect2", PROGRAM_ALONE, NULL},
    {"ar", PROGRAM_ALONE, NULL},
    /* linkers */
    {"ld", PROGRAM_ALONE, NULL},
    {"ld.bfd", PROGRAM_ALONE, NULL},
    {"ld.gold", PROGRAM_ALONE, NULL},
    {"ld.lld", PROGRAM_ALONE, NULL},
    {"lld", PROGRAM_ALONE, NULL},
    {"rust-lld", PROGRAM_ALONE, NULL},
    {"mold", PROGRAM_ALONE, NULL},
    /* Rust, Go */
    {"rustc", PROGRAM_BY_OPTION, "--crate-name"},
    {"rustdoc", PROGRAM_BY_OPTION, "--crate-name"},
    {"clippy-driver", PROGRAM_BY_OPTION, "--crate-name"},
    {"compile", PROGRAM_BY_OPTION, "-p"},
    {"link", PROGRAM_ALONE, NULL},
    /* Java */
    {"java", PROGRAM_BY_CLASS, NULL},
    {"javac", PROGRAM_ALONE, NULL},
    {"kotlinc", PROGRAM_ALONE, NULL},
    {NULL, PROGRAM_PLAIN, NULL},
};

/* By a part of the path of an interpreter's script; the first rule that matches applies. */
static const struct script_rule {
    const char *part;
    const char *name;
    bool whole; /* do not add the words that follow */
} script_rules[] = {
    /* workers: one name for the whole pool */
    {"next/dist/compiled/jest-worker/", "next build (worker)", true},
    {"jest-worker/build/", "jest (worker)", true},
    {".next/build/", "next build (turbopack)", true},
    {"thread-loader/dist/", "webpack (worker)", true},
    {"terser-webpack-plugin/", "webpack (terser)", true},
    {"fork-ts-checker-webpack-plugin/", "webpack (type check)", true},
    {"vitest/dist/", "vitest (worker)", true},
    {"nx/src/tasks-runner/", "nx (task)", true},
    {"nx/bin/run-executor", "nx (executor)", true},
    {"nx/src/daemon/", "nx (daemon)", true},
    {"nx/src/project-graph/plugins/", "nx (plugin worker)", true},
    /* programs by their entry point */
    {"npm/bin/npm-cli", "npm", false},
    {"npm/bin/npx-cli", "npx", false},
    {"pnpm/bin/pnpm", "pnpm", false},
    {"yarn/bin/yarn", "yarn", false},
    {".yarn/releases/yarn", "yarn", false},
    {"next/dist/bin/next", "next", false},
    {"nx/bin/nx", "nx", false},
    {"typescript/lib/tsserver", "tsserver", true},
    {"typescript/lib/_tsc", "tsc", false},
    {"typescript/lib/tsc", "tsc", false},
    {"assemblyscript/bin/asc", "asc", false},
    {"webpack/bin/webpack", "webpack", false},
    {"webpack-cli/bin/", "webpack", false},
    {"vite/bin/vite", "vite", false},
    {"rollup/dist/bin/rollup", "rollup", false},
    {"parcel/lib/bin", "parcel", false},
    {"eslint/bin/eslint", "eslint", false},
    {"@angular/cli/bin/ng", "ng", false},
    {"ninja-build", "ninja", false},
    {NULL, NULL, false},
};

/* Java options that take the next argument. */
static const char *const java_value_options[] = {
    "-cp",         "-classpath",    "--class-path",  "-p", "--module-path",
    "--add-opens", "--add-modules", "--add-exports", NULL};

/* ---- the name of a command line ---- */

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

static bool word_is(struct word word, const char *text)
{
    return strlen(text) == word.length && strncmp(word.text, text, word.length) == 0;
}

static const struct program_rule *rule_of(struct word program)
{
    const struct program_rule *rule = program_rules;
    while (rule->program && !word_is(program, rule->program))
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

/* "npm run build": the program, and up to two plain words that follow it. */
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
    while (script.length && *script.text == '-' && !word_is(script, "-e") && !word_is(script, "-c"))
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
        if (word_is(word, option))
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
        if (word_is(option, *known))
            return true;
    return false;
}

static char *name_by_class(struct word program, const char *rest)
{
    struct word word = next_word(&rest);
    for (; word.length && *word.text == '-' && !word_is(word, "-jar"); word = next_word(&rest))
        if (takes_value(word))
            (void)next_word(&rest);
    if (word_is(word, "-jar"))
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

/* The user-mode emulators with which the kernel starts programs of another architecture. */
#define QEMU(architecture)                                                                         \
    "qemu-" architecture, "qemu-" architecture "-static", architecture "-binfmt-P" /* Debian */
static const char *const emulators[] = {QEMU("aarch64"), QEMU("arm"),     QEMU("i386"),
                                        QEMU("ppc64le"), QEMU("riscv64"), QEMU("s390x"),
                                        QEMU("x86_64"),  "rosetta"};

static bool is_emulator(struct word program)
{
    for (size_t i = 0; i < sizeof emulators / sizeof *emulators; i++)
        if (word_is(program, emulators[i]))
            return true;
    return false;
}

/* The path of the program follows. With the flag P of binfmt_misc, so does its argument 0. */
const char *without_emulator(const char *command)
{
    const char *rest = command;
    if (!is_emulator(base_name(next_word(&rest))))
        return command;
    const char *after = rest;
    struct word path = base_name(next_word(&after));
    const char *end = after;
    struct word name = base_name(next_word(&end));
    if (!path.length)
        return command;
    bool is_twice = path.length == name.length && strncmp(path.text, name.text, path.length) == 0;
    return is_twice ? after : rest;
}

static char *whole_name(const char *command)
{
    const char *rest = without_emulator(command);
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
