/* Settings of a command.
 *
 * The defaults come first, then build-mem.json, then the flags. One table, settings[], names each
 * setting with its flag, its key in the file, its default and its help text. */
#ifndef BM_CONFIG_CONFIG_H
#define BM_CONFIG_CONFIG_H

#include "base/cache_policy.h"
#include "base/error.h"
#include "base/strv.h"
#include "measurement/budget.h"

#include <stdbool.h>
#include <stdint.h>

#define MAX_RUNS 100 /* of one command */
#define DEFAULT_BUILD "npm run build"

enum engine_choice {
    ENGINE_AUTO,
    ENGINE_DOCKER,
    ENGINE_PODMAN,
    ENGINE_HOST,
    ENGINE_INPLACE,
    ENGINE_IMAGE
};
enum pull_policy { PULL_NEVER, PULL_MISSING, PULL_ALWAYS };
enum privileges { PRIVILEGES_LEAST, PRIVILEGES_ENGINE };

/* A part of the build, recognised by a POSIX extended regular expression on command lines. */
struct stage_rule {
    char *name;
    char *match;
};

/* Processes of one kind, whose largest peak RSS is the metric process:NAME. */
struct process_rule {
    char *name;
    char *match; /* as that of a stage */
};

/* A file that the build must make anew, or may make if it is not required. */
struct artifact_rule {
    char *path; /* relative to the repo; with "/" at its start, in the image of an image build */
    bool required;
};
bool artifact_is_in_image(const struct artifact_rule *rule);

/* All pointers are owned by the config. A path that is not absolute is relative to the repo. */
struct config {
    char *repo;          /* --repo, as given */
    char *out;           /* the output directory */
    char *file;          /* --config; NULL: build-mem.json of the repo, if it exists */
    char *label;         /* part of file names; default: the name of the command */
    char *build_command; /* a script for a shell; unused if build_argv is not empty */
    /* The words after "--": the build command, or the second set of files for `compare`. */
    struct strv build_argv;
    struct strv clear; /* removed before the build */
    struct stage_rule *stages;
    size_t stage_count;
    struct process_rule *processes;
    size_t process_count;
    struct budgets budgets;
    struct artifact_rule *artifacts;
    size_t artifact_count;
    bool has_clear, has_artifacts; /* build-mem.json has the key */
    /* With --relative: a command before the first build of each tree (NULL: none), and the
     * untracked paths of the repo that both trees need. */
    char *setup;
    struct strv reuse;

    enum engine_choice engine;
    char *image;
    char *image_origin; /* where it was set, for people: "--image" */
    enum pull_policy pull;
    enum cache_policy cache;
    char *user;                 /* "UID:GID"; NULL: the invoking user */
    char *network;              /* NULL: the engine's default */
    int64_t shm_bytes;          /* size of /dev/shm; UNMEASURED: the engine's default */
    struct strv engine_args;    /* further options for the engine's `create` */
    enum privileges privileges; /* of the container */
    struct strv env;            /* NAME=VALUE, or NAME to pass on the runner's own value */
    int64_t memory_limit_bytes; /* UNMEASURED: no limit */
    int64_t timeout_ms;         /* 0: no timeout */
    int64_t guard_percent;      /* see probe/guard.h; 0: no guard */
    int64_t interval_ms;        /* from one tick to the next */
    int64_t runs;               /* 0: as many as `check` needs */
    bool skip_clear;
    bool deep;        /* build once more, with the figures of the runtimes */
    bool is_deep_run; /* this is that build (run/deep.c); no setting */
    bool json_only;
    bool quiet;
    bool verbose; /* print trace lines on standard error (base/trace.h) */

    char *baseline; /* NULL for `report` without --baseline */
    bool baseline_is_flag;
    char *baseline_ref;   /* NULL: the file in the work tree */
    char *relative;       /* a git ref, whose merge base is built, too; NULL: none */
    struct strv vary;     /* for `sweep`: NAME=VALUE,VALUE */
    int64_t builds;       /* for `sweep`: the most builds; 0: the default */
    int64_t within_bytes; /* for `sweep`: a budget; UNMEASURED: none */
    char *plan;           /* for `sweep`: "github", ...: print its points as jobs; NULL: build */
    char *metric;         /* for `bisect`; NULL: the memory peak */
    char *junit;          /* NULL: junit-LABEL.xml in the output directory */
    char *against;        /* for `report`: another result; NULL: none */
    char *format;         /* for `compare`, `report` and `trend`; NULL: the default */
    char *output;         /* for `report` and `trend`: a file, or "-"; NULL: the default */
    char *git_notes;      /* for `trend`: the notes that have results; NULL: none */
    /* The flags and the command of this command line that `baseline refresh` takes, too, for a
     * shell, with a leading blank: " --engine host -- make"; "" if there are none. */
    char *refresh_arguments;
    bool strict;
    bool allow_increase;
    char *reason;
};

/* Sets the defaults, which fit a Next.js monorepo. */
void config_init(struct config *config);
/* Drops the default `clear` and `artifacts` unless the build is the default one, and the repository
 * has the folder of the monorepo. Nothing is known of other builds. */
void config_drop_unfit_defaults(struct config *config);
void config_release(struct config *config);

void config_add_stage(struct config *config, const char *name, const char *match);
void config_add_artifact(struct config *config, const char *path, bool required);
/* Adds processes of one kind. Copies the texts. */
void config_add_process(struct config *config, const char *name, const char *match);
/* Remove all stages, or all artifacts: a list in build-mem.json replaces the default. */
void config_drop_stages(struct config *config);
void config_drop_processes(struct config *config);
void config_drop_artifacts(struct config *config);

/* Sets one setting from its text, by the name of its flag without "--". Returns 0, or -1 with a
 * message that names the allowed values. */
int config_set(struct config *config, const char *flag, const char *value, struct bm_error *err);

/* Reads build-mem.json over the defaults. Messages name file, line and path. */
int config_read_file(struct config *config, const char *path, struct bm_error *err);
/* Reads the settings from text; `origin` names it in messages. */
int config_parse(struct config *config, const char *text, const char *origin, struct bm_error *err);

/* Prefixes the path with the repo's path, unless it is absolute. The caller owns it. */
char *config_in_repo(const struct config *config, const char *path);

/* Returns the build command as one text; the caller owns it. */
char *config_command_text(const struct config *config);

/* Returns what decides the figures of a build, in addition to its commit, as one text without the
 * values of variables, which can be secrets. The caller owns it. */
char *config_settings_text(const struct config *config);

/* "auto", "docker", ...; "never", "missing", "always". Static. */
const char *engine_choice_name(enum engine_choice choice);
const char *pull_policy_name(enum pull_policy policy);

/* ---- the table of settings ---- */

/* The commands that accept a flag: a set. */
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
    FLAGS_TREND = 512,
    FLAGS_BISECT = 1024,
    FLAGS_SWEEP = 2048,
    FLAGS_IMPORT = 4096,
};
#define FLAGS_ALL (2 * FLAGS_IMPORT - 1)
#define FLAGS_MEASURE                                                                              \
    (FLAGS_RUN | FLAGS_CHECK | FLAGS_REFRESH | FLAGS_FIT | FLAGS_BISECT | FLAGS_SWEEP)
/* These read only the files that they are given; there is no repo. */
#define FLAGS_FILES (FLAGS_COMPARE | FLAGS_REPORT | FLAGS_TREND | FLAGS_IMPORT)

/* The type of the value of a key in build-mem.json. */
enum key_form {
    KEY_NONE, /* the setting has no key */
    KEY_TEXT,
    KEY_INTEGER,
    KEY_INNER_PATH, /* a path inside the repo: the file is part of the change that is judged */
    KEY_VARIABLES,  /* a list of NAME=VALUE */
};

struct setting {
    const char *flag;     /* without "--" */
    const char *argument; /* as --help shows it; NULL: the flag has none */
    unsigned commands;    /* a set of enum flag_command */
    const char *key;      /* in build-mem.json; NULL: none */
    enum key_form form;
    const char *standard; /* the default, as the flag would set it; NULL: none */
    const char *help;
    int (*set)(struct config *config, const char *value, struct bm_error *err);
};

/* Ends with a setting without a flag. A flag with two meanings has two lines. */
extern const struct setting settings[];

#endif
