/* The command line: reads the flags of a command into its settings. */
#ifndef BM_CONFIG_COMMAND_LINE_H
#define BM_CONFIG_COMMAND_LINE_H

#include "config/config.h"

enum flags_outcome {
    FLAGS_OK,
    FLAGS_HELP,
    FLAGS_VERSION,
    FLAGS_ERROR,        /* the command line is not understood, or the repo is not there */
    FLAGS_CONFIG_ERROR, /* the flags are, but they or build-mem.json cannot be used */
};

/* Reads the arguments of `command` into `config`: the defaults, then build-mem.json, then the
 * flags. `argv[0]` is the name of the command. Words that are not flags go to `operands`. Words
 * after "--" go to `build_argv`: the build command, or the second set of files for `compare`.
 *
 * Initialises `config`; the caller releases it after any outcome. With FLAGS_ERROR and
 * FLAGS_CONFIG_ERROR, `err` is set. With FLAGS_CONFIG_ERROR, `config` has the repo, and what names
 * the files of the command, as far as it could be read: the output directory, the label and the
 * JUnit file. */
enum flags_outcome flags_read(struct config *config, enum flag_command command, int argc,
                              char **argv, struct strv *operands, struct bm_error *err);

/* Returns the list of the command's flags for --help. The caller owns it. */
char *flags_help(enum flag_command command);

#endif
