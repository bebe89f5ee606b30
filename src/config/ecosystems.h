/* Known kinds of builds, as data for `build-mem init`. Used inside config/ only.
 *
 * An ecosystem defines how a repo is built. The first one with a marker file in the root of the
 * repo applies. A tool is a part of such a build that has its own stage or output files. Its
 * markers can be in the root or up to two levels below. All lists end with NULL. */
#ifndef BM_CONFIG_ECOSYSTEMS_H
#define BM_CONFIG_ECOSYSTEMS_H

#define MARKERS_MAX 6
#define STAGES_MAX 4
#define PATHS_MAX 4

struct known_stage {
    const char *name;
    const char *match; /* POSIX extended regular expression on command lines */
};

struct ecosystem {
    const char *name;
    const char *markers[MARKERS_MAX]; /* file names, as for glob(7) */
    const char *build;
    const char *image;
    struct known_stage stages[STAGES_MAX]; /* in order of precedence */
    const char *clear[PATHS_MAX];          /* relative to the repo */
    const char *artifacts[PATHS_MAX];      /* relative to the repo, required */
};

struct tool {
    const char *name;
    const char *ecosystem; /* the name of its ecosystem */
    const char *markers[MARKERS_MAX];
    struct known_stage stage;
    const char *clear[PATHS_MAX];     /* relative to the marker's directory */
    const char *artifacts[PATHS_MAX]; /* relative to the marker's directory, required */
    const char *hints[PATHS_MAX];     /* the same, not required */
};

/* Ends with an entry without a name. */
extern const struct ecosystem ecosystems[];
/* In the order of precedence of their stages: a tool that runs inside another comes first. */
extern const struct tool tools[];

#endif
