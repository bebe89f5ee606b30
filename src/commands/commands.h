/* The subcommands. Each takes its own arguments (argv[0] is its name) and returns the exit
 * status: 0 pass, 1 gate failed, 2 usage, 3 build failed, 4 not measured, 128+N signal N. */
#ifndef BM_COMMANDS_COMMANDS_H
#define BM_COMMANDS_COMMANDS_H

#include "base/error.h"
#include "config/flags.h"

int command_run(int argc, char **argv);
int command_check(int argc, char **argv);
int command_compare(int argc, char **argv);
int command_fit(int argc, char **argv);
int command_baseline(int argc, char **argv);
int command_report(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_init(int argc, char **argv);

/* Reads flags and file; where this is all (help, version, a mistake) it prints what is due, sets
 * `*status` and returns -1. `usage` is the line after "Usage: build-mem ". */
int command_begin(struct config *config, enum flag_command command, const char *usage, int argc,
                  char **argv, struct strv *operands, int *status);

#endif
