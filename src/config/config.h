/* What a command is asked to do: flags over build-mem.json over the defaults, validated. */
#ifndef BM_CONFIG_CONFIG_H
#define BM_CONFIG_CONFIG_H

#include "base/cache_policy.h"
#include "base/error.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stdint.h>

enum engine_choice { ENGINE_AUTO, ENGINE_DOCKER, ENGINE_PODMAN, ENGINE_HOST, ENGINE_INPLACE };
enum pull_policy { PULL_NEVER, PULL_MISSING, PULL_ALWAYS };
enum privileges { PRIVILEGES_LEAST, PRIVILEGES_ENGINE };

/* A part of the build, recognised by a POSIX extended regular expression on command lines. */
struct stage_rule {
    char *name;
    char *match;
};

/* A file that the build must (or is expected to) produce anew. */
struct artifact_rule {
    char *path; /* relative to the repo */
    bool required;
};

struct config {
    char *repo;          /* --repo, as given */
    char *out;           /* --out; a relative one lies below the repo */
    char *file;          /* --config; NULL: build-mem.json of the repo where there is one */
    char *label;         /* part of file names; by default the command's name (flags_read) */
    char *build_command; /* run as bash -lc; unused where build_argv is given */
    /* What follows "--"; for compare that is the second set of files. */
    struct strv build_argv;
    struct strv clear; /* relative to the repo, removed before the build */
    struct stage_rule *stages;
    size_t stage_count;
    struct artifact_rule *artifacts;
    size_t artifact_count;

    enum engine_choice engine;
    char *image;
    enum pull_policy pull;
    enum cache_policy cache;
    char *user;                 /* "UID:GID"; NULL: the invoking user */
    char *network;              /* NULL: the engine's default */
    enum privileges privileges; /* of the container */
    struct strv env;            /* NAME=VALUE, or NAME to pass the runner's value on */
    int64_t memory_limit_bytes; /* UNMEASURED: none */
    int64_t timeout_ms;         /* 0: none */
    int64_t interval_ms;
    int64_t runs; /* by default the command's (flags_read); 0: as many as `check` needs */
    bool skip_clear;
    bool json_only;
    bool quiet;

    char *baseline; /* --baseline, as given or as in the file; of report: NULL where not given */
    bool baseline_is_flag;
    char *baseline_ref; /* NULL: the file as it lies there */
    char *junit;        /* NULL: junit-<label>.xml in the out directory */
    char *against;      /* of report: another result; NULL: none */
    char *format;       /* of compare and report, as given: each knows its own; NULL: its first */
    char *output;       /* of report: the file, "-" for stdout; NULL: beside the result */
    bool strict;
    bool allow_increase;
    char *reason;
};

/* The defaults of a project without a build-mem.json (DESIGN of the first user's build). */
void config_init(struct config *config);
void config_release(struct config *config);

/* Puts what the file says in place of the defaults. Messages name file, line and path. */
int config_read_file(struct config *config, const char *path, struct bm_error *err);
/* The same from text; `origin` is for messages. */
int config_parse(struct config *config, const char *text, const char *origin, struct bm_error *err);

/* Sets one setting from its text, as a flag gives it. `name` is the flag's without "--".
 * Returns 0, or -1 with a message that says what is allowed. */
int config_set(struct config *config, const char *name, const char *value, struct bm_error *err);

/* The repo's path joined before a relative one; the caller owns it. */
char *config_in_repo(const struct config *config, const char *path);

/* "docker"; and "auto" for the choice that is none. */
const char *engine_choice_name(enum engine_choice choice);
const char *pull_policy_name(enum pull_policy policy);

#endif
