/* Known kinds of builds, as data for `build-mem init`. Used inside config/ only.
 *
 * An ecosystem defines how a repo is built. The first one with a marker file in the root of the
 * repo applies. A tool is a part of such a build that has its own stage or output files. Its
 * markers can be in the root or up to two levels below. A cache belongs to an ecosystem or a tool:
 * a build that replays it does not do the work that is to be measured. All lists end with NULL. */
#ifndef BM_CONFIG_ECOSYSTEMS_H
#define BM_CONFIG_ECOSYSTEMS_H

#include <stdbool.h>

#define MARKERS_MAX 6
#define STAGES_MAX 4
#define PATHS_MAX 4
#define VARIANTS_MAX 5

struct known_stage {
    const char *name;
    const char *match; /* POSIX extended regular expression on command lines */
};

/* Another build command, if a file in the root of the repo calls for it. */
struct build_variant {
    const char *marker;
    const char *build;
    const char *image;   /* NULL: that of the ecosystem */
    const char *manager; /* how "packageManager" in package.json must begin; NULL: any, or none */
};

struct ecosystem {
    const char *name;
    const char *markers[MARKERS_MAX]; /* file names, as for glob(7) */
    const char *build;
    bool incremental; /* a second build does nothing, unless its outputs are removed */
    /* NULL: the build is an image build, whose steps are its stages. It needs no artifact, because
     * the engine image verifies that the image exists. */
    const char *image;
    struct build_variant variants[VARIANTS_MAX]; /* the first one that applies */
    struct known_stage stages[STAGES_MAX];       /* in order of precedence */
    const char *clear[PATHS_MAX];                /* relative to each module */
    const char *artifacts[PATHS_MAX];            /* relative to each module, required */
    /* Files that mark a module, up to two levels below the root. None: the root is the only one. A
     * module that contains another one can be without artifacts. */
    const char *module_markers[MARKERS_MAX];
};

struct tool {
    const char *name;
    const char *ecosystem; /* the name of its ecosystem */
    const char *markers[MARKERS_MAX];
    const char *command; /* in a "build" script of a package.json, it marks the tool, too */
    const char *build;   /* for a package.json without a "build" script; or NULL */
    struct known_stage stage;
    const char *clear[PATHS_MAX];     /* relative to the marker's directory */
    const char *artifacts[PATHS_MAX]; /* relative to the marker's directory, required */
    const char *hints[PATHS_MAX];     /* the same, not required */
};

#define OWNERS_MAX 6

struct known_cache {
    const char *name;
    const char *owners[OWNERS_MAX]; /* names of ecosystems and tools */
    const char *variable;           /* NAME=VALUE, which disables it; or NULL */
    const char *clear[PATHS_MAX];   /* as that of the owner */
    const char *disabled_by;        /* what else disables it, for people; or NULL */
};

/* Ends with an entry without a name. */
extern const struct ecosystem ecosystems[];
/* How Node.js workspaces are built that have no "build" script in their root. Ends with an entry
 * without a marker. */
extern const struct build_variant workspace_builds[];
/* In the order of precedence of their stages: a tool that runs inside another comes first. */
extern const struct tool tools[];
/* Ends with an entry without a name. */
extern const struct known_cache known_caches[];

#endif
