/* What the tools of the ecosystems are called by people: the data behind process_name(). */
#ifndef BM_MEASUREMENT_PROCESS_NAMES_H
#define BM_MEASUREMENT_PROCESS_NAMES_H

#include <stdbool.h>

enum program_kind {
    PROGRAM_PLAIN,       /* its name and up to two plain words: "npm run build" */
    PROGRAM_ALONE,       /* its name: what follows are options and files */
    PROGRAM_INTERPRETER, /* what it runs is the name */
    PROGRAM_BY_OPTION,   /* its name and the value of `option`: "rustc serde" */
    PROGRAM_BY_CLASS,    /* Java: the main class or the jar */
};

/* By the base name of the program; those that are not listed are PROGRAM_PLAIN. */
struct program_rule {
    const char *program;
    enum program_kind kind;
    const char *option;
};
extern const struct program_rule program_rules[]; /* ended by NULL */

/* By a part of the path of an interpreter's script; the first that fits. */
struct script_rule {
    const char *part;
    const char *name;
    bool whole; /* the words that follow are not added */
};
extern const struct script_rule script_rules[]; /* ended by NULL */

/* Java's options that take the next argument. */
extern const char *const java_value_options[]; /* ended by NULL */

#endif
