/* The subcommands of build-mem.
 *
 * A command reads its settings, calls the layers below, and returns an exit status (base/error.h).
 * Each file is one command; main.c lists them. commands.c has what several commands share. */
#ifndef BM_COMMANDS_COMMANDS_H
#define BM_COMMANDS_COMMANDS_H

#include "base/error.h"
#include "config/command_line.h"

/* Each takes its own arguments, of which argv[0] is its name, and returns the exit status. */
int command_run(int argc, char **argv);
int command_check(int argc, char **argv);
int command_bisect(int argc, char **argv);
int command_compare(int argc, char **argv);
int command_fit(int argc, char **argv);
int command_baseline(int argc, char **argv);
int command_sweep(int argc, char **argv);
int command_trend(int argc, char **argv);
int command_import(int argc, char **argv);
int command_report(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_init(int argc, char **argv);

/* Reports that the settings of `fit` cannot be used, on standard error and in its file. Returns
 * `status`. */
int fit_config_error(struct config *config, const struct bm_error *failure, int status);

/* Appends the commands with which a newcomer starts in this repository: "build-mem init" if it has
 * no build-mem.json and its kind is known, then "build-mem run". `engine` is the --engine to use;
 * NULL: the default. */
void first_steps(const char *repo, const char *engine, struct strv *steps);

/* Returns the image of the first run in this repository: of its build-mem.json, of the one that
 * init would write, or the default. The caller owns it; NULL if that run has no container. */
char *first_image(const char *repo);

/* Returns 0, or -1 with three lines about what to type in `err`, if there is neither build-mem.json
 * nor a command, nor the Node.js package that the default build is for. */
int expect_build(const struct config *config, struct bm_error *err);

/* Returns whether argv[1] is --help or -h. */
bool asks_for_help(int argc, char **argv);

/* Reads the settings. `usage` is the line after "Usage: build-mem ". Returns 0 if the command
 * continues. After --help, --version or an error, prints the text, sets `*status` to the exit
 * status and returns -1. If build-mem.json cannot be used, the files of a command that measures
 * report it. The caller releases `config` and `operands` in either case. */
int command_begin(struct config *config, enum flag_command command, const char *usage, int argc,
                  char **argv, struct strv *operands, int *status);
/* The same for a command without operands: an operand is a usage error. */
int command_begin_without_operands(struct config *config, enum flag_command command,
                                   const char *usage, int argc, char **argv, int *status);

/* Writes the text to the file and prints its name, or prints the text if `output` is "-". Returns
 * 0, or -1 if the file cannot be written. */
int write_output(const char *output, const char *text, struct bm_error *err);

#endif
