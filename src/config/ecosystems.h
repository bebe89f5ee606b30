/* What builds look like, as data: what `build-mem init` knows. Inside of config/ only.
 *
 * An ecosystem says how a repo is built: the first in the list whose marker lies at the repo's top.
 * A tool is a part of such a build that is worth a stage, or leaves files behind; it is told by
 * markers of its own, at the top or in a package up to two levels below. All lists end with NULL.
 */
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
    const char *ecosystem; /* it belongs to this one */
    const char *markers[MARKERS_MAX];
    struct known_stage stage;
    const char *clear[PATHS_MAX];     /* relative to the marker's directory */
    const char *artifacts[PATHS_MAX]; /* relative to the marker's directory, required */
    const char *hints[PATHS_MAX];     /* the same, informative */
};

/* Ended by one without a name. */
extern const struct ecosystem ecosystems[];
/* In the order of their stages' precedence: what runs inside of another comes first. */
extern const struct tool tools[];

#endif
