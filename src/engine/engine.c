#include "engine/engine.h"

#include "base/alloc.h"
#include "base/interrupt.h"
#include "base/trace.h"
#include "base/units.h"
#include "engine/image_command.h"
#include "proc/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const struct engine *const engines[ENGINES] = {&engine_docker, &engine_podman, &engine_host,
                                               &engine_inplace};

void engine_facts_release(struct engine_facts *facts)
{
    free(facts->version);
    free(facts->image_digest);
    free(facts->failure);
    for (size_t i = 0; i < facts->built_count; i++) {
        free(facts->built[i].name);
        free(facts->built[i].detail);
    }
    free(facts->built);
    *facts = (struct engine_facts){0};
}

void engine_facts_add_built(struct engine_facts *facts, enum built_kind kind, const char *name,
                            bool ok, const char *detail)
{
    facts->built = xgrow(facts->built, facts->built_count, sizeof *facts->built);
    facts->built[facts->built_count++] =
        (struct built){.kind = kind, .name = xstrdup(name), .ok = ok, .detail = xstrdup(detail)};
}

bool engine_is_container(const struct engine *engine)
{
    return !engine->image_label;
}

int engine_try(const struct engine *engine, bool *silent, struct bm_error *err)
{
    *silent = false;
    int result = engine->usable(engine, silent, err);
    trace("engine %s: %s%s", engine->name, result < 0 ? "not usable: " : "selected",
          result < 0 ? err->message : "");
    return result;
}

static const struct engine *select_first(char **choice, struct bm_error *err)
{
    char *reasons CLEANUP(cleanup_free) = xstrdup("");
    /* After an interrupt no further engine is tried. */
    for (size_t i = 0; i < ENGINES && !interrupt_signal(); i++) {
        struct bm_error reason CLEANUP(bm_error_release) = BM_ERROR_INIT;
        bool silent;
        int result = engine_try(engines[i], &silent, &reason);
        if (silent) {
            bm_error_set(err,
                         "%s is here but gives no answer (%s), and auto does not choose an engine "
                         "with less isolation: repair it, or name another one with --engine",
                         engines[i]->name, reason.message);
            return NULL;
        }
        if (result == 0) {
            *choice = xasprintf("%s%s%s", engines[i]->name, *reasons ? "; " : "", reasons);
            return engines[i];
        }
        char *longer = xasprintf("%s%sno %s: %s", reasons, *reasons ? "; " : "", engines[i]->name,
                                 reason.message);
        free(reasons);
        reasons = longer;
    }
    bm_error_set(err, "no engine can run builds here: %s", reasons);
    return NULL;
}

const struct engine *engine_select(const char *name, const struct strv *command, char **choice,
                                   struct bm_error *err)
{
    bool silent;
    const struct engine *engine = NULL;
    *choice = NULL;
    bool any = strcmp(name, "auto") == 0;
    if (any && !is_image_build(command))
        return select_first(choice, err);
    if (any || strcmp(name, engine_image.name) == 0)
        engine = &engine_image;
    if (any)
        *choice = xasprintf("%s: the build command builds an image", engine->name);
    for (size_t i = 0; i < ENGINES; i++)
        if (strcmp(engines[i]->name, name) == 0)
            engine = engines[i];
    if (!engine)
        BM_BUG("unknown engine name");
    int result = engine_try(engine, &silent, err);
    if (result < 0 && strcmp(err->message, DOCKER_IS_PODMAN) == 0) {
        *choice = xasprintf("%s: %s", engine_podman.name, err->message);
        bm_error_release(err);
        engine = &engine_podman;
        result = engine_try(engine, &silent, err);
    }
    if (result == 0)
        return engine;
    bm_error_wrap(err, "engine %s cannot run builds here", engine->name);
    return NULL;
}

char *engine_limits_text(const struct cgroup_constraint *constraint)
{
    const struct {
        const char *name;
        int64_t bytes;
    } limits[] = {{"memory limit", constraint->limit_bytes},
                  {"memory.high", constraint->high_bytes},
                  {"swap limit", constraint->swap_limit_bytes}};
    struct strv texts CLEANUP(strv_release) = {0};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        char *text CLEANUP(cleanup_free) = format_bytes(limits[i].bytes);
        if (limits[i].bytes >= 0)
            strv_pushf(&texts, "%s %s", limits[i].name, text);
    }
    return strv_join(&texts, ", ");
}

void engine_probe_arguments(const struct engine_spec *spec, const char *probe, bool own_cgroup,
                            struct strv *arguments)
{
    strv_push(arguments, probe);
    strv_push(arguments, "--runner=" PACKAGE_VERSION);
    strv_pushf(arguments, "--interval-ms=%lld", (long long)spec->interval_ms);
    if (spec->guard_percent > 0)
        strv_pushf(arguments, "--guard=%lld", (long long)spec->guard_percent);
    for (size_t i = 0; i < spec->stages->count; i++)
        strv_pushf(arguments, "--stage=%s", spec->stages->items[i]);
    if (own_cgroup)
        strv_push(arguments, "--own-cgroup");
    if (spec->marker)
        strv_pushf(arguments, "--marker=%s", spec->marker);
    if (spec->measured)
        strv_pushf(arguments, "--cgroup=%s", spec->measured);
    if (spec->cpu_usage)
        strv_pushf(arguments, "--cpu-usage=%s", spec->cpu_usage);
    if (spec->deep)
        strv_push(arguments, "--deep");
    if (spec->sh_fallback)
        strv_push(arguments, "--sh-fallback");
    strv_push(arguments, "--");
    strv_push_all(arguments, spec->command);
}

static int become_user(const char *user)
{
    unsigned uid = 0, gid = 0;
    sscanf(user, "%u:%u", &uid, &gid);
    return setgroups(0, NULL) < 0 || setgid(gid) < 0 || setuid(uid) < 0 ? -1 : 0;
}

void engine_protect(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/oom_score_adj", pid ? (int)pid : (int)getpid());
    int fd CLEANUP(cleanup_fd) = open(path, O_WRONLY | O_CLOEXEC);
    bool protected = fd >= 0 && write(fd, "-999", 4) == 4;
    if (pid)
        trace("probe: process %d %s", (int)pid,
              protected ? "is protected from the OOM killer"
                        : "cannot be protected from the OOM killer");
}

int engine_enter(const struct engine_spec *spec)
{
    if (spec->user && become_user(spec->user) < 0)
        return -1;
    for (size_t i = 0; i < spec->env->count; i++)
        if (strchr(spec->env->items[i], '='))
            putenv(spec->env->items[i]);
    return chdir(spec->repo);
}

/* Identifies the pid namespace and the boot, in which a pid is unique (FNV-1a of both). The runner
 * of a run from another domain cannot be checked from here. */
static unsigned long long pid_domain(void)
{
    struct stat namespace = {0};
    char boot[64] = "";
    unsigned long long hash = 0xcbf29ce484222325ULL;
    (void)stat("/proc/self/ns/pid", &namespace);
    (void)read_text("/proc/sys/kernel/random/boot_id", boot, sizeof boot);
    for (const char *at = boot; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 0x100000001b3ULL;
    return hash ^ namespace.st_ino;
}

char *engine_unique_name(void)
{
    static int number;
    return xasprintf("build-mem-%d-%llu-%llx-%d", (int)getpid(),
                     (unsigned long long)process_start_ticks("", getpid()), pid_domain(), ++number);
}

bool engine_name_is_orphan(const char *name)
{
    int pid, end = 0;
    unsigned long long start, domain;
    if (sscanf(name, "build-mem-%d-%llu-%llx-%*d%n", &pid, &start, &domain, &end) != 3 ||
        end == 0 || domain != pid_domain())
        return false;
    /* With the mount option hidepid, another user's live process has no directory in /proc. */
    uint64_t now = process_start_ticks("", pid);
    return now ? now != start : kill(pid, 0) < 0 && errno == ESRCH;
}
