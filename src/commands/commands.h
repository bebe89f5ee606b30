/* The subcommands of build-mem.
 *
 * A command reads its settings, calls the layers below, and returns an exit status (base/error.h).
 * Each file is one command; main.c lists them. commands.c has the code that all commands start
 * with. */
#ifndef BM_COMMANDS_COMMANDS_H
#define BM_COMMANDS_COMMANDS_H

#include "base/error.h"
#include "config/command_line.h"

/* Each takes its own arguments, of which argv[0] is its name, and returns the exit status. */
int command_run(int argc, char **argv);
int command_check(int argc, char **argv);
int command_compare(int argc, char **argv);
int command_fit(int argc, char **argv);
int command_baseline(int argc, char **argv);
int command_report(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_init(int argc, char **argv);

/* Returns whether argv[1] is --help or -h. */
bool asks_for_help(int argc, char **argv);

/* Reads the settings. `usage` is the line after "Usage: build-mem ". Returns 0 if the command
 * continues. After --help, --version or a usage error, prints the text, sets `*status` to the exit
 * status and returns -1. The caller releases `config` and `operands` in either case. */
int command_begin(struct config *config, enum flag_command command, const char *usage, int argc,
                  char **argv, struct strv *operands, int *status);
/* The same for a command without operands: an operand is a usage error. */
int command_begin_without_operands(struct config *config, enum flag_command command,
                                   const char *usage, int argc, char **argv, int *status);

#endif
