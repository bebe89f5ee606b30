/* Engines: where a build runs. docker and podman run it in a container, host in a new cgroup on
 * this machine, inplace in the cgroup of the runner. image runs the client of an image build, and
 * measures the steps that the daemon runs for it.
 *
 * Each engine is an operations table (struct engine). A run is: start, locate while the probe waits
 * for its first prompt, perhaps kill, finish. `finish` follows each `start`, even a failed one, and
 * leaves no container, no cgroup and no process. */
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

/* The build to run. All texts are borrowed; NULL if not requested. */
struct engine_spec {
    const char *repo;       /* absolute path */
    const char *probe_path; /* on this machine; see probe_of_image (container.c) */
    const char *name;       /* from engine_unique_name */
    const char *image;
    const char *pull; /* "never", "missing", "always" */
    /* Called at the start of a pull of the image and once a second during it; NULL: nobody waits */
    child_waits *pulling;
    void *pulling_context;
    const char *user; /* "UID:GID"; NULL: the invoking user */
    const char *network;
    const char *git_common; /* mounted read-only: the git directory of a linked worktree */
    const char *marker;     /* a file, relative to `repo`, that exists at the start of the build */
    int64_t shm_bytes;      /* size of the container's /dev/shm; UNMEASURED: the engine's default */
    const struct strv *engine_args; /* further options of `create` */
    bool engine_privileges;         /* the engine's default privileges instead of the least */
    enum cache_policy cache;
    const char *out;            /* the output directory, which CACHE_WARM does not read */
    const struct strv *env;     /* NAME=VALUE or NAME */
    int64_t memory_limit_bytes; /* UNMEASURED: no limit */
    int64_t interval_ms;
    int64_t guard_percent;          /* see probe/guard.h; 0: no guard */
    const struct strv *stages;      /* regular expressions, in order of precedence */
    const struct strv *command;     /* of the build */
    bool deep;                      /* see probe/deep.h */
    bool sh_fallback;               /* run `sh` if the program of the command is missing */
    bool cold;                      /* image: without the cache of the builder */
    const struct strv *image_paths; /* image: to verify in the image; NULL: none */
    /* For engine_probe_arguments: the cgroup to measure if the probe is not in it, and a file with
     * its CPU time in ns. */
    const char *measured, *cpu_usage;
};

enum built_kind {
    BUILT_IMAGE,     /* an image that the build had to make */
    BUILT_ELSEWHERE, /* an image that leaves the engine, so it was not verified */
    BUILT_PATH,      /* a path in the image */
};
/* What an image build had to make. The texts are owned. */
struct built {
    enum built_kind kind;
    char *name;
    bool ok;      /* it exists, and this run made it */
    char *detail; /* the id of the image, the size of a file, or the fault */
};

/* What the engine reports about a run. Texts are owned and may be NULL. */
struct engine_facts {
    char *version;
    char *image_digest;
    bool oom_killed; /* the engine's own flag */
    char *failure;   /* the engine's error message */
    struct built *built;
    size_t built_count;
};
void engine_facts_release(struct engine_facts *facts);
/* Appends an image or a path; copies the texts. */
void engine_facts_add_built(struct engine_facts *facts, enum built_kind kind, const char *name,
                            bool ok, const char *detail);

struct engine_run {
    const struct engine *engine;
    const struct engine_spec *spec;
    struct child child; /* its stdin is the probe's lifeline, its stdout carries the records */
    struct stage_peaks peaks;
    struct oom_watch oom;
    struct cgroup located; /* of the running probe; version 0 if it was not found */
    struct page_cache page_cache;
    char *cgroup;            /* host, image: the directory that was made; owned; else NULL */
    char *moved;             /* host: the cgroup to which the runner has moved; owned; else NULL */
    int lock;                /* inplace: the lock on the cgroup; else -1 */
    bool adopts;             /* inplace: this process is the subreaper of the probe's orphans */
    bool no_image;           /* docker, podman: start failed because it could not pull the image */
    bool complete;           /* set before finish: the probe sent its last record */
    char *image_digest;      /* docker, podman: from locate; owned until finish */
    struct image_run *image; /* image: private; owned by start and finish */
};

/* The operations of an engine. An `int` is 0, or -1 with `err` set. */
struct engine {
    const char *name;
    /* Replaces the image reference in results. NULL: the reference, of an engine that runs the
     * build in a container. */
    const char *image_label;
    /* The build runs in processes of a daemon, in the cgroup that `start` made. The probe is not in
     * that cgroup, and its child is only the client. */
    bool outside;
    /* Checks whether the engine can run builds here, and learns what each `start` needs to know, so
     * it comes before the first one. May run commands for up to 15 s. If they give no answer in
     * time, sets `*silent` to true and returns -1. */
    int (*usable)(const struct engine *engine, bool *silent, struct bm_error *err);
    /* Starts the probe. Prepares the page cache last, just before the build. */
    int (*start)(struct engine_run *run, struct bm_error *err);
    /* Finds the cgroup of the running probe as this machine sees it, and the digest of the image.
     * Returns -1 if this machine cannot see the cgroup. */
    int (*locate)(struct engine_run *run, struct cgroup *cgroup);
    /* Kills the build by force, if closing the lifeline had no effect. */
    void (*kill)(struct engine_run *run);
    /* Reads the facts, then removes everything that `start` made. -1 if something remains. */
    int (*finish)(struct engine_run *run, struct engine_facts *facts, struct bm_error *err);
};

extern const struct engine engine_docker, engine_podman, engine_host, engine_inplace, engine_image;

/* All engines that can run any build, in the order in which "auto" tries them. image is not among
 * them: "auto" selects it by the build command. */
#define ENGINES 4
extern const struct engine *const engines[ENGINES];

/* Returns whether the build runs in a container that the engine makes from an image. */
bool engine_is_container(const struct engine *engine);

/* Checks whether the engine can run builds here, as its `usable` does, and traces the result. */
int engine_try(const struct engine *engine, bool *silent, struct bm_error *err);

/* Returns the engine `name` if it is usable. For "auto": image if `command` is an image build, else
 * the first usable one of docker, podman, host, inplace; `*choice` then names it, and the reason
 * that each earlier one is not usable (owned by the caller). "docker" is the engine podman if the
 * program docker is Podman. An engine that is there but gives no answer in time ends "auto": the
 * engines after it have less isolation. NULL on error. */
const struct engine *engine_select(const char *name, const struct strv *command, char **choice,
                                   struct bm_error *err);

/* Returns the limits of one cgroup as text, such as "memory limit 1.0 GiB, swap limit 0 B"; "" if
 * it has none. The caller owns it. */
char *engine_limits_text(const struct cgroup_constraint *constraint);

/* Appends the probe's command line for this spec. `probe` is its path as the engine sees it.
 * `own_cgroup`: only the probe and its build live in the cgroup. */
void engine_probe_arguments(const struct engine_spec *spec, const char *probe, bool own_cgroup,
                            struct strv *arguments);

/* Protects the probe from the OOM killer, which must kill the build instead: the probe reports it.
 * The score is -999, so the probe is the last process that the kernel kills. With -1000 nothing
 * could be killed if a build fills a tmpfs up to the limit, and the probe would wait for memory for
 * ever. Needs CAP_SYS_RESOURCE. Without it, the probe is only less likely than the build (see
 * probe/build.c). `pid` is 0 for the caller. Source: proc_pid_oom_score_adj(5). */
void engine_protect(pid_t pid);

/* For an engine without a container, in the child before exec: becomes the user of the spec, sets
 * the variables and changes to the repository. Returns 0, or -1 with errno. */
int engine_enter(const struct engine_spec *spec);

/* Returns a unique name for a run: "build-mem-PID-STARTTICKS-DOMAIN-N". The caller owns it. */
char *engine_unique_name(void);

/* Returns whether the runner of the run `name` is dead: the run started in this boot and pid
 * namespace, and the runner's pid is free or belongs to another process. */
bool engine_name_is_orphan(const char *name);

/* Returns whether `version`, the output of `docker --version`, is that of Podman, whose options and
 * user mapping differ. The package podman-docker runs podman, which prints "podman version 5.4.2".
 * A link docker to podman prints "docker version 5.4.2", and Docker "Docker version 28.2.2, build
 * e6534b4". */
bool is_podman(const char *version);

/* The reason that the engine docker is not usable if its program is Podman. */
#define DOCKER_IS_PODMAN "the program docker is Podman here"

/* Part of the reason that a container of an engine without cgroups is not measured. */
#define CONTAINER_SHARES_CGROUP "shares its cgroup with other processes"

/* Returns what lets the engine make a cgroup for each container, as an imperative. */
const char *engine_fix_of_shared_cgroup(const struct engine *engine);

/* The user ids of a container, as this machine sees them. */
enum user_mapping {
    USERS_DIRECT,   /* they are equal */
    USERS_ROOTLESS, /* rootless Docker: 0 is the user of the daemon, others are from /etc/subuid */
    USERS_REMAPPED, /* userns-remap: all ids are from /etc/subuid, also 0 */
    USERS_KEPT      /* Podman without root: the id of the invoking user is kept */
};

/* Reads the mapping from `{{json .SecurityOptions}}` of `docker info`. */
int parse_security_options(const char *text, enum user_mapping *mapping, struct bm_error *err);

/* Appends the options of `create` with which the files of the build belong to the invoking user.
 * With userns-remap, no id of a container is that user, so the container opts out of it. */
void container_push_user(const struct engine_spec *spec, enum user_mapping mapping,
                         struct strv *arguments);

/* Appends the option of `create` that a container needs on a machine on which SELinux is enforcing,
 * unless --engine-arg has one: there, a container cannot read the repository. To relabel the
 * repository instead would change each of its files for good, and read them before the build.
 * `root` is "" for this machine, or a captured machine. */
void container_push_label(const struct engine_spec *spec, const char *root, struct strv *arguments);

/* Reads the OOM flag, the image digest and the error from the output of `docker inspect` or `podman
 * inspect` for one container. Members that an engine does not print stay as they are. */
int parse_inspect(const char *text, struct engine_facts *facts, struct bm_error *err);

#endif
