/* The engine image: an image build. The daemon of the container engine runs its steps, so the
 * client alone would show a few MiB. The steps get a parent cgroup of this run, which the probe
 * measures from outside.
 *
 * Each RUN step has a cgroup below it. The counter of a parent includes all cgroups below, and
 * keeps its peak when they are removed (Documentation/admin-guide/cgroup-v1/memory.rst,
 * cgroup-v2.rst).
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/trace.h"
#include "engine/engine.h"
#include "engine/image_client.h"
#include "engine/image_command.h"
#include "engine/run_cgroup.h"
#include "proc/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The steps live one level below the cgroup of the run: Podman removes the cgroup that it is given
 * after each step, with its counter. */
#define STEPS "steps"

struct image_run {
    struct image_command command;
    struct strv client;     /* the start of its other commands */
    char *own_id_file;      /* of --iidfile, if the command names no image; else NULL */
    struct strv ids_before; /* of the images of the command; "": missing */
    char *version;          /* of the engine */
    bool other_manager;     /* Podman would ask systemd for the cgroup of a step */
    char *parent;           /* of the steps: a path from the root of the hierarchy */
};

/* ---- the client ---- */

static void fill_client(const struct engine_run *run, struct strv *client)
{
    strv_push(client, "env");
    for (size_t i = 0; i < run->spec->env->count; i++)
        if (strchr(run->spec->env->items[i], '='))
            strv_push(client, run->spec->env->items[i]);
    image_command_push_client(&run->image->command, client);
}

/* Runs another command of the client. Returns its first line, or NULL with `err` set. */
static char *ask(const struct engine_run *run, const char *const *words, struct bm_error *err)
{
    char *answer = image_client_ask(&run->image->client, words, err);
    if (answer)
        answer[strcspn(answer, "\r\n")] = '\0';
    return answer;
}
#define ASK(run, err, ...) ask(run, (const char *const[]){__VA_ARGS__, NULL}, err)

/* BuildKit makes the cgroup of a step itself, whatever the driver, and Podman does with an option.
 * The classic builder gives a name to systemd if that is the driver, and not a path. */
static bool makes_paths(const struct engine_run *run, const char *driver)
{
    const char *buildkit = getenv("DOCKER_BUILDKIT");
    bool classic = (buildkit && strcmp(buildkit, "0") == 0) ||
                   strv_contains(run->spec->env, "DOCKER_BUILDKIT=0") ||
                   strv_contains(&run->image->command.words, "DOCKER_BUILDKIT=0");
    return strcmp(driver, "cgroupfs") == 0 || run->image->command.client == CLIENT_PODMAN ||
           !classic;
}

/* Buildah has no driver: it always gives a path. */
static int ask_buildah(struct engine_run *run, struct bm_error *err)
{
    struct bm_error reason CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char version[64] = "";
    char *answer CLEANUP(cleanup_free) = ASK(run, &reason, "--version");
    if (!answer)
        return bm_error_set(err, "Buildah cannot be asked for its version: %s", reason.message);
    sscanf(answer, "buildah version %63s", version);
    run->image->version = xstrdup(version);
    return 0;
}

/* Returns the version, the cgroup driver and the cgroup version; NULL with `err` set. */
static char *ask_info(const struct engine_run *run, struct bm_error *err)
{
    bool podman = run->image->command.client == CLIENT_PODMAN;
    return ASK(run, err, "info", "--format",
               podman ? "{{.Version.Version}} {{.Host.CgroupManager}} {{.Host.CgroupsVersion}}"
                      : "{{.ServerVersion}} {{.CgroupDriver}} {{.CgroupVersion}}");
}

/* Podman refuses the format of Docker. Returns whether the client docker is Podman, and then treats
 * it as such. */
static bool take_as_podman(struct engine_run *run)
{
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    if (run->image->command.client != CLIENT_DOCKER)
        return false;
    char *version CLEANUP(cleanup_free) = ASK(run, &ignored, "--version");
    if (!version || !is_podman(version))
        return false;
    trace("image: " DOCKER_IS_PODMAN);
    run->image->command.client = CLIENT_PODMAN;
    return true;
}

/* Checks that the steps can be given a cgroup by its path. */
static int check_engine(struct engine_run *run, struct bm_error *err)
{
    struct bm_error reason CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char version[64] = "", driver[64] = "", cgroups[64] = "";
    if (run->image->command.client == CLIENT_BUILDAH)
        return ask_buildah(run, err);
    char *answer CLEANUP(cleanup_free) = ask_info(run, &reason);
    if (!answer && take_as_podman(run)) {
        bm_error_release(&reason);
        answer = ask_info(run, &reason);
    }
    const char *name = run->image->command.client == CLIENT_PODMAN ? "Podman" : "Docker";
    if (!answer)
        return bm_error_set(err, "%s cannot be asked for its cgroups: %s", name, reason.message);
    sscanf(answer, "%63s %63s %63s", version, driver, cgroups);
    trace("image: %s %s, driver %s, cgroup %s", name, version, driver, cgroups);
    if (!makes_paths(run, driver))
        return bm_error_set(
            err,
            "the classic builder of %s needs the cgroup driver cgroupfs, and the driver is %s: "
            "build with BuildKit (install docker-buildx, and do not set DOCKER_BUILDKIT=0)",
            name, driver);
    run->image->other_manager =
        run->image->command.client == CLIENT_PODMAN && strcmp(driver, "cgroupfs") != 0;
    run->image->version = xstrdup(version);
    return 0;
}

/* The daemon of Docker is another process: this user cannot move its steps into a cgroup of their
 * own. The steps of Podman and Buildah are processes of the user. */
static int check_rights(struct engine_run *run, struct bm_error *err)
{
    if (geteuid() == 0 || run->image->command.client != CLIENT_DOCKER || take_as_podman(run))
        return 0;
    return bm_error_set(err,
                        "measuring an image build of Docker requires root, because the cgroups of "
                        "its steps belong to the daemon: use sudo, or build the image with "
                        "`podman build`");
}

/* Returns the id of an image; "" if it is missing. The caller owns it. */
static char *image_id(const struct engine_run *run, const char *name)
{
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *id =
        run->image->command.client == CLIENT_BUILDAH
            ? ASK(run, &ignored, "inspect", "--type", "image", "--format", "{{.FromImageID}}", name)
            : ASK(run, &ignored, "image", "inspect", "--format", "{{.Id}}", name);
    return id ? id : xstrdup("");
}

/* ---- the cgroup ---- */

/* Finds the root of the hierarchy that this process can see, which is "/" for the engine. */
static int hierarchy_root(struct cgroup *root, struct bm_error *err)
{
    char *slash;
    if (cgroup_of_self("", root) < 0)
        return bm_error_set(err, "no mounted cgroup with a memory controller lists this process in "
                                 "its cgroup.procs");
    for (struct cgroup above = *root; (slash = strrchr(above.directory, '/')); *root = above) {
        *slash = '\0';
        if (!cgroup_has_file(&above, "cgroup.procs"))
            break;
    }
    return 0;
}

/* The engine makes the cgroup in all hierarchies, and removes only those of its containers. */
static void each_hierarchy(void (*visit)(const char *root, const char *name), const char *name)
{
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    struct mntent *mount;
    while (mounts && (mount = getmntent(mounts)))
        if (strcmp(mount->mnt_type, "cgroup") == 0 || strcmp(mount->mnt_type, "cgroup2") == 0)
            visit(mount->mnt_dir, name);
    if (mounts)
        endmntent(mounts);
}

static void remove_in(const char *root, const char *name)
{
    char *path CLEANUP(cleanup_free) = xasprintf("%s/%s", root, name);
    (void)run_cgroup_remove(path);
}

static void remove_orphans_in(const char *root, const char *name)
{
    (void)name;
    run_cgroup_remove_orphans(root);
}

/* Makes it at the root, where the engine makes those of containers. */
static int make_cgroup_at_root(struct engine_run *run, const struct cgroup *root,
                               struct bm_error *err)
{
    struct cgroup made;
    each_hierarchy(remove_orphans_in, NULL);
    char *directory CLEANUP(cleanup_free) = xasprintf("%s/%s", root->directory, run->spec->name);
    if (root->version == 2)
        (void)run_cgroup_write(root->directory, "cgroup.subtree_control", "+memory");
    if (mkdir(directory, 0755) < 0)
        return bm_error_errno(err, "cannot create the cgroup %s", directory);
    run->cgroup = steal_ptr(directory);
    if (run_cgroup_of(run->cgroup, &made) < 0 || made.version != root->version)
        return bm_error_set(err,
                            "the memory controller is not enabled in %s: write +memory to its "
                            "cgroup.subtree_control",
                            root->directory);
    return 0;
}

static int make_cgroup(struct engine_run *run, struct bm_error *err)
{
    struct cgroup root;
    int version;
    if (geteuid() != 0 &&
        run_cgroup_make(run->spec->name, &run->cgroup, &run->moved, &version, err) < 0)
        return -1;
    if (hierarchy_root(&root, err) < 0 ||
        (geteuid() == 0 && make_cgroup_at_root(run, &root, err) < 0))
        return -1;
    run->image->parent = xasprintf("%s/" STEPS, run->cgroup + strlen(root.directory));
    if (run->spec->memory_limit_bytes > 0)
        return run_cgroup_limit(run->cgroup, root.version, run->spec->memory_limit_bytes, err);
    return 0;
}

/* Returns the file of v1 with the CPU time of the steps, which exists from the first step on. The
 * caller owns it. NULL if the hierarchy is not mounted. */
static char *cpu_usage_file(const char *name)
{
    char *file = NULL;
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    struct mntent *mount;
    while (mounts && !file && (mount = getmntent(mounts)))
        if (strcmp(mount->mnt_type, "cgroup") == 0 && hasmntopt(mount, "cpuacct"))
            file = xasprintf("%s/%s/cpuacct.usage", mount->mnt_dir, name);
    if (mounts)
        endmntent(mounts);
    return file;
}

/* ---- the run ---- */

/* Whether a cgroup can be made depends on the client: see start. */
static int usable(const struct engine *engine, bool *silent, struct bm_error *err)
{
    (void)engine;
    (void)silent;
    (void)err;
    return 0;
}

/* A cached step would use no memory, and a failed step would leave its container. */
static void push_options(const struct engine_run *run, struct strv *options)
{
    strv_pushf(options, "--cgroup-parent=%s", run->image->parent);
    if (run->image->other_manager)
        strv_push(options, "--cgroup-manager=cgroupfs");
    strv_push(options, "--force-rm");
    if (run->image->own_id_file)
        strv_pushf(options, "--iidfile=%s", run->image->own_id_file);
    if (run->spec->cold)
        strv_push(options, "--no-cache");
}

static int enter(void *spec)
{
    return engine_enter(spec);
}

/* Starts the probe, which starts the client, outside of the cgroup. */
static int start_client(struct engine_run *run, struct bm_error *err)
{
    struct strv options CLEANUP(strv_release) = {0}, command CLEANUP(strv_release) = {0};
    struct strv arguments CLEANUP(strv_release) = {0};
    char *cpu CLEANUP(cleanup_free) = cpu_usage_file(run->spec->name);
    struct engine_spec spec = *run->spec;
    push_options(run, &options);
    image_command_insert(&run->image->command, &options, &command);
    spec.command = &command;
    spec.user = NULL; /* the Dockerfile sets the user of the steps */
    spec.measured = run->cgroup;
    spec.cpu_usage = cpu;
    engine_probe_arguments(&spec, spec.probe_path, true, &arguments);
    return child_start(&run->child, arguments.items, enter, &spec, err);
}

static bool has_paths(const struct engine_run *run)
{
    return run->spec->image_paths && run->spec->image_paths->count;
}

/* Buildah copies no file out of an image. */
static int check_paths(const struct engine_run *run, struct bm_error *err)
{
    const struct image_command *command = &run->image->command;
    if (!has_paths(run))
        return 0;
    const char *path = run->spec->image_paths->items[0];
    if (command->client == CLIENT_BUILDAH)
        return bm_error_set(err,
                            "the artifact %s is a path in the image, which Buildah cannot show: "
                            "build the image with `podman build`, or remove the artifact from "
                            "build-mem.json",
                            path);
    if (command->leaves && !command->id_file)
        return bm_error_set(err,
                            "the artifact %s is a path in the image, which leaves the engine: "
                            "remove --output and --push from the build command, or the artifact "
                            "from build-mem.json",
                            path);
    return 0;
}

/* Without a name, the builder writes the id of the image to a file. */
static int make_id_file(struct engine_run *run, struct bm_error *err)
{
    const struct image_command *command = &run->image->command;
    char *out CLEANUP(cleanup_free) = realpath(run->spec->out, NULL);
    if (command->images.count || command->id_file || command->leaves)
        return 0;
    char *path = xasprintf("%s/image-id.XXXXXX", out ? out : run->spec->out);
    int fd = mkostemp(path, O_CLOEXEC);
    run->image->own_id_file = path;
    if (fd < 0)
        return bm_error_errno(err, "%s", path);
    close(fd);
    return 0;
}

static int start(struct engine_run *run, struct bm_error *err)
{
    run->image = xcalloc(1, sizeof *run->image);
    struct image_command *command = &run->image->command;
    if (image_command_parse(run->spec->command, command, err) < 0)
        return -1;
    fill_client(run, &run->image->client);
    if (check_rights(run, err) < 0 || check_engine(run, err) < 0 || check_paths(run, err) < 0 ||
        make_id_file(run, err) < 0 || make_cgroup(run, err) < 0)
        return -1;
    if (has_paths(run))
        image_client_remove_orphans(&run->image->client);
    for (size_t i = 0; i < command->images.count; i++) {
        char *id CLEANUP(cleanup_free) = image_id(run, command->images.items[i]);
        strv_push(&run->image->ids_before, id);
    }
    if (page_cache_prepare(&run->page_cache, run->spec->cache, run->spec->repo, run->spec->out,
                           err) < 0)
        return -1;
    return start_client(run, err);
}

static int locate(struct engine_run *run, struct cgroup *cgroup)
{
    return run_cgroup_of(run->cgroup, cgroup);
}

/* The client comes first: without it the engine starts no further step. */
static void kill_build(struct engine_run *run)
{
    static int pids[PROCESSES_MAX];
    size_t count = run->child.pid > 0 ? descendants_of("", run->child.pid, pids, PROCESSES_MAX) : 0;
    for (size_t i = 0; i < count; i++)
        kill(pids[i], SIGKILL);
    if (run->child.pid > 0)
        kill(run->child.pid, SIGKILL);
    (void)run_cgroup_remove(run->cgroup);
}

/* Adds the images of --tag. Each build has a new id: it contains the time. Returns the id of the
 * first image, or NULL. The caller owns it. */
static char *add_tagged(const struct engine_run *run, struct engine_facts *facts)
{
    const struct strv *images = &run->image->command.images;
    char *first = NULL;
    for (size_t i = 0; i < run->image->ids_before.count; i++) {
        char *id CLEANUP(cleanup_free) = image_id(run, images->items[i]);
        bool same = strcmp(id, run->image->ids_before.items[i]) == 0, ok = *id && !same;
        engine_facts_add_built(facts, BUILT_IMAGE, images->items[i], ok,
                               ok            ? id
                               : same && *id ? "not built by this run"
                                             : "missing");
        if (ok && i == 0)
            first = steal_ptr(id);
    }
    return first;
}

/* Adds the image whose id the builder has written to the file. Returns its id, or NULL. The caller
 * owns it. */
static char *add_by_id(const struct engine_run *run, const char *file, const char *name,
                       struct engine_facts *facts)
{
    char text[256] = "";
    char *path CLEANUP(cleanup_free) =
        *file == '/' ? xstrdup(file) : xasprintf("%s/%s", run->spec->repo, file);
    ssize_t got = read_text(path, text, sizeof text);
    text[strcspn(text, "\r\n")] = '\0';
    char *id CLEANUP(cleanup_free) = got > 0 && *text ? image_id(run, text) : xstrdup("");
    engine_facts_add_built(facts, BUILT_IMAGE, name, *id, *id ? id : "names no image");
    return *id ? steal_ptr(id) : NULL;
}

static void add_paths(const struct engine_run *run, const char *id, struct engine_facts *facts)
{
    const struct image_look look = {.client = &run->image->client,
                                    .links = run->image->command.client == CLIENT_DOCKER,
                                    .name = run->spec->name,
                                    .id = id};
    if (id && has_paths(run))
        image_client_verify(&look, run->spec->image_paths, facts);
}

/* Adds the images that the build had to make, and the paths in the first one. */
static void add_built(const struct engine_run *run, struct engine_facts *facts)
{
    const struct image_command *command = &run->image->command;
    const char *own = run->image->own_id_file;
    char *id CLEANUP(cleanup_free) = add_tagged(run, facts), *other CLEANUP(cleanup_free) = NULL;
    if (command->id_file)
        other = add_by_id(run, command->id_file, command->id_file, facts);
    else if (own)
        other = add_by_id(run, own, "without a tag", facts);
    else if (!command->images.count)
        engine_facts_add_built(facts, BUILT_ELSEWHERE, "", false,
                               "not verified: it leaves the engine (--output or --push)");
    add_paths(run, command->images.count ? id : other, facts);
}

/* The engine can still be removing the last container, or starting one that was cancelled: its
 * cgroup is then made again. */
static int remove_cgroups(const struct engine_run *run, struct bm_error *err)
{
    if (run_cgroup_remove(run->cgroup) < 0)
        return bm_error_errno(err, "cannot remove the cgroup %s", run->cgroup);
    each_hierarchy(remove_in, run->spec->name);
    return 0;
}

static int finish(struct engine_run *run, struct engine_facts *facts, struct bm_error *err)
{
    int result = 0;
    if (run->cgroup) {
        result = remove_cgroups(run, err);
        add_built(run, facts);
    }
    run_cgroup_move_back(run->moved);
    if (run->image->own_id_file)
        (void)unlink(run->image->own_id_file);
    free(run->image->own_id_file);
    free(run->image->parent);
    facts->version = steal_ptr(run->image->version);
    image_command_release(&run->image->command);
    strv_release(&run->image->client);
    strv_release(&run->image->ids_before);
    free(run->image);
    run->image = NULL;
    return result;
}

const struct engine engine_image = {.name = "image",
                                    .image_label = "image",
                                    .outside = true,
                                    .usable = usable,
                                    .start = start,
                                    .locate = locate,
                                    .kill = kill_build,
                                    .finish = finish};
