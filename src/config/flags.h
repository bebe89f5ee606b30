/* The flags of the command line: one table for parsing and for --help. */
#ifndef BM_CONFIG_FLAGS_H
#define BM_CONFIG_FLAGS_H

#include "config/config.h"

/* Which commands take a flag. */
enum flag_command {
    FLAGS_RUN = 1,
    FLAGS_CHECK = 2,
    FLAGS_REFRESH = 4,
    FLAGS_SHOW = 8,
    FLAGS_COMPARE = 16,
    FLAGS_FIT = 32,
    FLAGS_REPORT = 64,
    FLAGS_INIT = 128,
    FLAGS_DOCTOR = 256,
};
#define FLAGS_MEASURE (FLAGS_RUN | FLAGS_CHECK | FLAGS_REFRESH | FLAGS_FIT)
/* Those that only read the files that they are given, wherever these come from. */
#define FLAGS_FILES (FLAGS_COMPARE | FLAGS_REPORT)

struct flag {
    const char *name;     /* without "--" */
    const char *argument; /* as --help shows it; NULL: none */
    unsigned commands;    /* set of enum flag_command */
    const char *help;
};

/* Ended by a flag without a name. */
extern const struct flag flags[];

enum flags_outcome { FLAGS_OK, FLAGS_HELP, FLAGS_VERSION, FLAGS_ERROR };

/* Reads the arguments of a command (argv[0] is its name) into a configuration: the defaults, then
 * build-mem.json, then the flags. What is no flag goes to `operands`; what
 * follows "--" goes to `build_argv`: the build's own command, or the second set for compare.
 * `config` is initialised here and released by the caller, whatever the outcome. */
enum flags_outcome flags_read(struct config *config, enum flag_command command, int argc,
                              char **argv, struct strv *operands, struct bm_error *err);

/* The list of a command's flags for --help; the caller owns it. */
char *flags_help(enum flag_command command);

#endif
