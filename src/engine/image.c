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
#include "engine/image_command.h"
#include "engine/run_cgroup.h"
#include "proc/proc.h"

#include <errno.h>
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
#define ANSWER_MS 60000

struct image_run {
    struct image_command command;
    struct strv ids_before; /* of the images of the command; "": missing */
    char *version;          /* of the engine */
};

/* ---- the client ---- */

/* Runs another command of the client. Returns its first line, or NULL with `err` set. */
static char *ask(const struct engine_run *run, const char *const *words, struct bm_error *err)
{
    struct captured captured CLEANUP(captured_release) = {0};
    struct strv argv CLEANUP(strv_release) = {0};
    strv_push(&argv, "env");
    for (size_t i = 0; i < run->spec->env->count; i++)
        if (strchr(run->spec->env->items[i], '='))
            strv_push(&argv, run->spec->env->items[i]);
    image_command_push_client(&run->image->command, &argv);
    for (; *words; words++)
        strv_push(&argv, *words);
    if (child_capture(argv.items, ANSWER_MS, &captured, err) < 0)
        return NULL;
    if (captured.exit_status != 0) {
        char *reason CLEANUP(cleanup_free) = text_one_line(captured.diagnostics);
        bm_error_set(err, "%s", *reason ? reason : "the client failed without a message");
        return NULL;
    }
    return xstrndup(captured.output, strcspn(captured.output, "\r\n"));
}
#define ASK(run, err, ...) ask(run, (const char *const[]){__VA_ARGS__, NULL}, err)

/* BuildKit makes the cgroup of a step itself, whatever the driver. Other builders give a name to
 * systemd if that is the driver, and not a path. */
static bool makes_paths(const struct engine_run *run, const char *driver)
{
    const char *buildkit = getenv("DOCKER_BUILDKIT");
    bool classic = (buildkit && strcmp(buildkit, "0") == 0) ||
                   strv_contains(run->spec->env, "DOCKER_BUILDKIT=0") ||
                   strv_contains(&run->image->command.words, "DOCKER_BUILDKIT=0");
    return strcmp(driver, "cgroupfs") == 0 ||
           (run->image->command.client == CLIENT_DOCKER && !classic);
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

/* Checks that the steps can be given a cgroup by its path. */
static int check_engine(struct engine_run *run, struct bm_error *err)
{
    struct bm_error reason CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char version[64] = "", driver[64] = "", cgroups[64] = "";
    if (run->image->command.client == CLIENT_BUILDAH)
        return ask_buildah(run, err);
    bool podman = run->image->command.client == CLIENT_PODMAN;
    const char *name = podman ? "Podman" : "Docker";
    char *answer CLEANUP(cleanup_free) =
        ASK(run, &reason, "info", "--format",
            podman ? "{{.Version.Version}} {{.Host.CgroupManager}} {{.Host.CgroupsVersion}}"
                   : "{{.ServerVersion}} {{.CgroupDriver}} {{.CgroupVersion}}");
    if (!answer)
        return bm_error_set(err, "%s cannot be asked for its cgroups: %s", name, reason.message);
    sscanf(answer, "%63s %63s %63s", version, driver, cgroups);
    trace("image: %s %s, driver %s, cgroup %s", name, version, driver, cgroups);
    if (!makes_paths(run, driver))
        return bm_error_set(
            err,
            "the engine image needs the cgroup driver cgroupfs or Docker's BuildKit, and %s has "
            "the driver %s: give the steps of the image as the build command, with their base "
            "image as --image",
            name, driver);
    run->image->version = xstrdup(version);
    return 0;
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

static int make_cgroup(struct engine_run *run, struct bm_error *err)
{
    struct cgroup root, made;
    if (hierarchy_root(&root, err) < 0)
        return -1;
    each_hierarchy(remove_orphans_in, NULL);
    char *directory CLEANUP(cleanup_free) = xasprintf("%s/%s", root.directory, run->spec->name);
    if (root.version == 2)
        (void)run_cgroup_write(root.directory, "cgroup.subtree_control", "+memory");
    if (mkdir(directory, 0755) < 0)
        return bm_error_errno(err, "cannot create the cgroup %s", directory);
    run->cgroup = steal_ptr(directory);
    if (run_cgroup_of(run->cgroup, &made) < 0 || made.version != root.version)
        return bm_error_set(err,
                            "the memory controller is not enabled in %s: write +memory to its "
                            "cgroup.subtree_control",
                            root.directory);
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

static int usable(const struct engine *engine, bool *silent, struct bm_error *err)
{
    (void)engine;
    (void)silent;
    return geteuid() == 0 ? 0 : bm_error_set(err, "requires root");
}

/* A cached step would use no memory, and a failed step would leave its container. */
static void push_options(const struct engine_run *run, struct strv *options)
{
    strv_pushf(options, "--cgroup-parent=/%s/" STEPS, run->spec->name);
    strv_push(options, "--force-rm");
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

static int start(struct engine_run *run, struct bm_error *err)
{
    run->image = xcalloc(1, sizeof *run->image);
    struct image_command *command = &run->image->command;
    if (image_command_parse(run->spec->command, command, err) < 0 || check_engine(run, err) < 0 ||
        make_cgroup(run, err) < 0)
        return -1;
    for (size_t i = 0; i < command->images.count; i++) {
        char *id CLEANUP(cleanup_free) = image_id(run, command->images.items[i]);
        strv_push(&run->image->ids_before, id);
    }
    if (page_cache_prepare(&run->page_cache, run->spec->cache, run->spec->repo, run->spec->out,
                           err) < 0)
        return -1;
    return start_client(run, err);
}

static int locate(const struct engine_run *run, struct cgroup *cgroup)
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

/* Adds the images that the build had to make. Each build has a new id: it contains the time. */
static void add_images(const struct engine_run *run, struct engine_facts *facts)
{
    const struct image_command *command = &run->image->command;
    for (size_t i = 0; i < run->image->ids_before.count; i++) {
        char *id CLEANUP(cleanup_free) = image_id(run, command->images.items[i]);
        bool same = strcmp(id, run->image->ids_before.items[i]) == 0;
        engine_facts_add_image(facts, command->images.items[i], *id && !same,
                               !*id   ? "missing"
                               : same ? "not built by this run"
                                      : id);
    }
    if (!command->id_file)
        return;
    char text[256] = "";
    char *path CLEANUP(cleanup_free) = *command->id_file == '/'
                                           ? xstrdup(command->id_file)
                                           : xasprintf("%s/%s", run->spec->repo, command->id_file);
    ssize_t got = read_text(path, text, sizeof text);
    text[strcspn(text, "\r\n")] = '\0';
    char *id CLEANUP(cleanup_free) = got > 0 && *text ? image_id(run, text) : xstrdup("");
    engine_facts_add_image(facts, command->id_file, *id, *id ? id : "names no image");
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
        add_images(run, facts);
    }
    facts->version = steal_ptr(run->image->version);
    image_command_release(&run->image->command);
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
