/* Build tools that leave the work to a daemon, which may run outside of the cgroup of the build.
 *
 * One table has the daemons: how to recognise their processes, and how to build without them.
 * Another has the commands that ask them. Pure: it takes command lines and reads no file. */
#ifndef BM_ENGINE_KNOWN_DAEMONS_H
#define BM_ENGINE_KNOWN_DAEMONS_H

#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>

/* In order of report. */
enum daemon_id {
    DAEMON_GRADLE,
    DAEMON_KOTLIN,
    DAEMON_MVND,
    DAEMON_BAZEL,
    DAEMON_BUCK2,
    DAEMON_PANTS,
    DAEMON_NX,
    DAEMON_TURBO,
    DAEMON_DOTNET,
    DAEMON_SCCACHE,
    DAEMON_WATCHMAN,
    DAEMON_DOCKER,
    DAEMON_PODMAN,
    DAEMON_NIX,
    DAEMON_IDS, /* their number; also "none of them" */
};

struct known_daemon {
    const char *name; /* "Gradle daemon" */
    const char *fix;  /* an imperative: how to build without it */
    /* It works for all users, or for other work too: it counts only if the build asks it. Else it
     * belongs to one user, and any tool of that user's build may ask it. */
    bool shared;
};
extern const struct known_daemon known_daemons[DAEMON_IDS];

/* Returns the daemon that a process with this /proc/PID/cmdline is (arguments that end with NUL),
 * or DAEMON_IDS. */
enum daemon_id daemon_of_process(const char *cmdline, size_t length);

/* A command that asks a daemon. */
struct daemon_client {
    enum daemon_id daemon; /* DAEMON_IDS: none */
    char *name;            /* "docker build"; owned by the caller; NULL: none */
    /* The daemon works in the cgroup of the build if the build itself starts it. */
    bool starts_daemon;
};

/* Returns the first command in a build command that asks a daemon. Looks into scripts of sh -c, and
 * after sudo, env and similar programs. Quotes are read as a shell reads them; variables are not
 * expanded. A command with an option that disables its daemon asks none. */
struct daemon_client daemon_client_in_command(const struct strv *command);
/* The same for the command line of a process, whose arguments are separated by blanks. */
struct daemon_client daemon_client_in_process(const char *command_line);

/* Finds the client of a container engine in the words of one command, after sudo, env and similar
 * programs: `*program` and `*subcommand` are the indexes of "docker" and "build". Returns false if
 * the command does not make an engine work. */
bool container_client_find(const struct strv *words, size_t *program, size_t *subcommand);

/* Returns the script of a command such as sh -c SCRIPT, or NULL. */
const char *shell_script_of(const struct strv *words);

/* Appends the words of the next simple command of a shell script, and moves `*script` behind it.
 * Returns false at the end of the script. */
bool shell_next_command(const char **script, struct strv *words);

/* Returns whether the build command or a variable of `env` ("NAME=VALUE") disables the daemon. */
bool daemon_is_disabled(enum daemon_id id, const struct strv *command, const struct strv *env);

#endif
