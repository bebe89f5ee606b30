/* Child processes of the runner: started without a shell, in a process group of their own. */
#ifndef BM_BASE_CHILD_H
#define BM_BASE_CHILD_H

#include "base/error.h"

#include <stdint.h>
#include <sys/types.h>

struct child {
    pid_t pid;       /* 0 when there is none, or it has been collected */
    int input;       /* write end of its stdin; -1 when closed */
    int output;      /* read end of its stdout */
    int diagnostics; /* read end of its stderr */
    int64_t started_ms;
    char *traced; /* the command for the trace; NULL if that is off; owned until it has ended */
};
#define CHILD_NONE {.input = -1, .output = -1, .diagnostics = -1}

/* Runs in the child before exec; returns 0, or -1 with errno. */
typedef int child_setup(void *context);

/* Starts argv[0], found in PATH, with pipes on its three standard streams. `setup` may be NULL. */
int child_start(struct child *child, char *const *argv, child_setup *setup, void *context,
                struct bm_error *err);
/* Writes a byte to its stdin. */
void child_prompt(struct child *child);
void child_close_input(struct child *child);
/* Collects it; after `timeout_ms` it is killed with its process group. Returns its wait status. */
int child_wait(struct child *child, int64_t timeout_ms);
/* Kills and collects it where it still lives, and closes the pipes. Fit for CLEANUP. */
void child_release(struct child *child);

/* What a finished command left. */
struct captured {
    int exit_status;   /* 128 + N where signal N ended it */
    char *output;      /* its stdout, ended by NUL; at most 16 MiB are kept */
    char *diagnostics; /* its stderr without the newline at its end */
};
void captured_release(struct captured *captured);

/* Runs a command to its end and keeps what it printed. Returns -1 where it could not be started,
 * ran longer than `timeout_ms`, or an interrupt came; a failing command is no error here. */
int child_capture(char *const *argv, int64_t timeout_ms, struct captured *captured,
                  struct bm_error *err);

#endif
