/* Starts child processes without a shell, each in a process group of its own.
 *
 * When a child ends, the trace (base/trace.h) records its command and duration. */
#ifndef BM_BASE_CHILD_H
#define BM_BASE_CHILD_H

#include "base/error.h"

#include <stdint.h>
#include <sys/types.h>

struct child {
    pid_t pid;       /* 0: none, or it has been reaped */
    int input;       /* write end of its stdin; -1 if closed */
    int output;      /* read end of its stdout; -1 if closed */
    int diagnostics; /* read end of its stderr; -1 if closed */
    int64_t started_ms;
    char *traced; /* the command as the trace prints it; NULL if the trace is off; owned */
};
#define CHILD_NONE {.input = -1, .output = -1, .diagnostics = -1}

/* Runs in the child before exec. Returns 0, or -1 with errno. */
typedef int child_setup(void *context);

/* Starts argv[0], which is searched in PATH, with pipes on its standard streams. `setup` may be
 * NULL. Initialises `child`. Returns -1 if the program cannot be executed or `setup` fails. */
int child_start(struct child *child, char *const *argv, child_setup *setup, void *context,
                struct bm_error *err);

/* Writes a short line to the child's stdin, if it is open. `line` ends with a newline. */
void child_prompt(struct child *child, const char *line);

void child_close_input(struct child *child);

/* Reaps the child and returns its wait status. If the child still runs after `timeout_ms`, kills
 * its process group first. If another process reaped the child, the status is that of exit 127. */
int child_wait(struct child *child, int64_t timeout_ms);

/* Kills the child if it still runs, reaps it and closes the pipes. For CLEANUP. */
void child_release(struct child *child);

/* The result of a command that has ended. */
struct captured {
    int exit_status;   /* 128 + N if signal N ended it */
    char *output;      /* its stdout, ended by NUL; at most 16 MiB */
    char *diagnostics; /* its stderr without the line breaks at its end */
};
void captured_release(struct captured *captured);

/* Runs a command to its end and captures its output. A non-zero exit status is not an error here.
 * Returns -1 if the command cannot start, exceeds `timeout_ms`, or an interrupt arrives. */
int child_capture(char *const *argv, int64_t timeout_ms, struct captured *captured,
                  struct bm_error *err);

/* The rest of child_capture, for a command that child_start has started: meanwhile, the caller can
 * run others. */
int child_finish(struct child *child, int64_t timeout_ms, struct captured *captured,
                 struct bm_error *err);

/* Called at the start of a command and once a second while it runs, with the time since then. */
typedef void child_waits(void *context, int64_t elapsed_ms);

/* As child_capture, for a command that may take minutes. `waits` may be NULL. */
int child_capture_slow(char *const *argv, int64_t timeout_ms, child_waits *waits, void *context,
                       struct captured *captured, struct bm_error *err);

#endif
