/* Engines: how the probe is started where its build is measured, and how all of it is gone after.
 *
 * A run is: start -> (records) -> finish. `finish` is called after every `start`, also a failed
 * one, and leaves no container, no cgroup and no process behind. */
#ifndef BM_ENGINE_ENGINE_H
#define BM_ENGINE_ENGINE_H

#include "base/child.h"
#include "base/error.h"
#include "base/strv.h"
#include "cgroup/cgroup.h"
#include "engine/oom_watch.h"
#include "engine/page_cache.h"
#include "engine/stage_peaks.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is to be run. Borrowed strings; NULL where not asked for. */
struct engine_spec {
    const char *repo;       /* absolute */
    const char *probe_path; /* of build-mem-probe on this machine */
    const char *name;       /* of this run: unique among all that live on this machine */
    const char *image;
    const char *pull; /* "never", "missing", "always" */
    const char *user; /* "UID:GID"; NULL: the invoking user */
    const char *network;
    bool engine_privileges; /* the engine's own default, and not the least */
    enum cache_policy cache;
    const char *out;            /* where our own files go: no need to read them */
    const struct strv *env;     /* NAME=VALUE or NAME */
    int64_t memory_limit_bytes; /* UNMEASURED: none */
    int64_t interval_ms;
    const struct strv *stages;  /* the regular expressions, in order of precedence */
    const struct strv *command; /* of the build */
};

/* What the engine itself knows of a run. Texts are owned and may be NULL. */
struct engine_facts {
    char *version;
    char *image_digest;
    bool oom_killed; /* the engine's own flag */
    char *failure;   /* the engine's own words where it failed */
};
void engine_facts_release(struct engine_facts *facts);

struct engine_run {
    const struct engine *engine;
    const struct engine_spec *spec;
    struct child child; /* its stdin is the probe's leash, its stdout the probe's records */
    struct stage_peaks peaks;
    struct oom_watch oom;
    struct cgroup located; /* the running probe's; version 0 where it was not found */
    struct page_cache page_cache;
    char *cgroup; /* host: the directory that was made; else NULL */
    int lock;     /* inplace: held while it lasts; else -1 */
    bool adopts;  /* inplace: what the probe leaves behind comes to us */
};

struct engine {
    const char *name;
    const char *image_label; /* instead of the image reference in results; NULL: the reference */
    /* Whether builds can be run with it here: 0, or -1 with the reason. */
    int (*usable)(const struct engine *engine, struct bm_error *err);
    /* Prepares the page cache last, when all is ready but the build. */
    int (*start)(struct engine_run *run, struct bm_error *err);
    /* Finds the running probe's cgroup as this machine sees it. -1 where it is out of reach. */
    int (*locate)(const struct engine_run *run, struct cgroup *cgroup);
    /* The last resort after the leash: kills the build where it is. */
    void (*kill)(struct engine_run *run);
    /* Reads what the engine knows, then removes all of the run. -1 where something is left. */
    int (*finish)(struct engine_run *run, struct engine_facts *facts, struct bm_error *err);
};

/* Finds an engine by its name; "auto" takes the first of docker, podman, host, inplace that is
 * usable, and `*why` (owned by the caller) says which and why not the ones before. `after`: for
 * "auto", only those after this one, which answered but could not start the build; NULL: all. NULL
 * on error: none is. */
const struct engine *engine_select(const char *name, const struct engine *after, char **why,
                                   struct bm_error *err);

extern const struct engine engine_docker, engine_podman, engine_host, engine_inplace;

/* The probe's arguments for this spec, ready for exec; `probe` is its path as the engine sees it.
 * `own_cgroup`: nothing but the probe and its build lives in the cgroup. */
void engine_probe_arguments(const struct engine_spec *spec, const char *probe, bool own_cgroup,
                            struct strv *arguments);

/* A name that no other run has: "build-mem-PID-STARTTICKS-DOMAIN-N". The caller owns it. */
char *engine_unique_name(void);
/* Whether the run of that name has lost its runner: it was of this boot and pid namespace, and the
 * pid is gone or is another process now. */
bool engine_name_is_orphan(const char *name);

#endif
