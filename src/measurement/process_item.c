#include "measurement/process_item.h"

#include "base/alloc.h"
#include "measurement/process_name.h"

#include <stdbool.h>
#include <string.h>

struct word {
    const char *text;
    size_t length;
};

/* The item is the value of the first of `options` that is present, else the first argument with one
 * of `suffixes`. Both lists are separated and ended by a space, and may be NULL. */
static const struct item_rule {
    const char *programs; /* base names, without the version: "clang" is also clang-19 */
    const char *options;
    const char *suffixes;
} rules[] = {
    {"cc1 cc1plus cc1obj cc1objplus gcc g++ cc c++ clang clang++ ", NULL,
     ".c .cc .cpp .cxx .c++ .C .m .mm .i .ii .cu .S "},
    {"f951 gfortran flang ", NULL, ".f .f90 .F .F90 .f95 .f03 .f08 "},
    {"ptxas cicc ", NULL, ".ptx .cu .ii .gpu "},
    {"lto1 ld ld.bfd ld.gold ld.lld lld rust-lld wasm-ld mold collect2 as link ", "-o ", NULL},
    {"rustc rustdoc clippy-driver ", "--crate-name ", ".rs "},
    {"compile ", "-p ", NULL},
    {"tsc vue-tsc tsgo _tsc.js tsc.js vue-tsc.js ", "-p --project -b --build ", ".ts .tsx "},
    {"asc asc.js ", NULL, ".ts "},
    {"javac ", NULL, ".java "},
    {"kotlinc ", NULL, ".kt .kts "},
    {"ghc ", NULL, ".hs "},
    {"swift-frontend swiftc ", "-module-name ", ".swift "},
};

/* Options of compilers whose value is not the item, even if it looks like a source file. */
static const char other_options[] =
    "-o -MF -MT -MQ -MD -MMD -I -D -U -L -include -imacros -isystem -iquote -idirafter -imultiarch "
    "-iprefix -dumpbase -dumpbase-ext -dumpdir -auxbase -auxbase-strip -main-file-name -x -target "
    "-triple -resource-dir -internal-isystem -internal-externc-isystem -dependency-file "
    "-fdebug-compilation-dir -coverage-notes-file -cp -classpath -d -sourcepath --sysroot ";

static struct word next_word(const char **at)
{
    *at += strspn(*at, " ");
    struct word word = {*at, strcspn(*at, " ")};
    *at += word.length;
    return word;
}

static struct word base_name(struct word path)
{
    const char *slash = path.length ? memrchr(path.text, '/', path.length) : NULL;
    if (!slash)
        return path;
    return (struct word){slash + 1, (size_t)(path.text + path.length - slash) - 1};
}

/* Removes a version: "clang-19" and "gcc-14.2" become "clang" and "gcc". */
static struct word without_version(struct word name)
{
    size_t length = name.length;
    while (length && strchr("0123456789.", name.text[length - 1]))
        length--;
    if (length > 1 && length < name.length && name.text[length - 1] == '-')
        name.length = length - 1;
    return name;
}

static bool is_listed(const char *list, struct word word)
{
    while (list && *list) {
        struct word item = next_word(&list);
        list += *list == ' ';
        if (item.length && item.length == word.length &&
            strncmp(item.text, word.text, word.length) == 0)
            return true;
    }
    return false;
}

static bool has_suffix(const char *suffixes, struct word word)
{
    const char *dot = word.length ? memrchr(word.text, '.', word.length) : NULL;
    if (!dot || dot == word.text)
        return false;
    return is_listed(suffixes, (struct word){dot, (size_t)(word.text + word.length - dot)});
}

static const struct item_rule *rule_of(struct word program)
{
    struct word name = without_version(base_name(program));
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (is_listed(rules[i].programs, name))
            return &rules[i];
    return NULL;
}

static bool is_interpreter(struct word program)
{
    return is_listed("node nodejs bun deno ", base_name(program));
}

/* Finds the value of one of the options: "-p VALUE" or "-p=VALUE". */
static struct word value_of_option(const char *options, const char *rest)
{
    for (struct word word = next_word(&rest); word.length; word = next_word(&rest)) {
        if (is_listed(options, word))
            return next_word(&rest);
        const char *equals = memchr(word.text, '=', word.length);
        size_t length = equals ? (size_t)(equals - word.text) : 0;
        if (is_listed(options, (struct word){word.text, length}))
            return (struct word){equals + 1, word.length - length - 1};
    }
    return (struct word){NULL, 0};
}

static struct word argument_with_suffix(const char *suffixes, const char *rest)
{
    for (struct word word = next_word(&rest); word.length; word = next_word(&rest)) {
        if (*word.text != '-' && has_suffix(suffixes, word))
            return word;
        if (is_listed(other_options, word))
            (void)next_word(&rest);
    }
    return (struct word){NULL, 0};
}

char *process_item(const char *command)
{
    const char *rest = without_emulator(command);
    struct word program = next_word(&rest);
    if (is_interpreter(program))
        do
            program = next_word(&rest);
        while (program.length && *program.text == '-');
    const struct item_rule *rule = rule_of(program);
    if (!rule)
        return NULL;
    struct word item = value_of_option(rule->options, rest);
    if (!item.length)
        item = argument_with_suffix(rule->suffixes, rest);
    if (!item.length)
        return NULL;
    size_t cut = item.length > PROCESS_ITEM_MAX ? item.length - PROCESS_ITEM_MAX : 0;
    return xstrndup(item.text + cut, item.length - cut);
}
