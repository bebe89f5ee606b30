#include "engine/diagnosis.h"

#include "base/alloc.h"
#include "base/units.h"
#include "cgroup/cgroup.h"
#include "engine/engine.h"
#include "proc/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

void diagnoses_release(struct diagnoses *diagnoses)
{
    for (size_t i = 0; i < diagnoses->count; i++) {
        free(diagnoses->items[i].found);
        free(diagnoses->items[i].fix);
    }
    free(diagnoses->items);
    *diagnoses = (struct diagnoses){0};
}

/* Takes `found`. `fix` may be NULL. */
static void add(struct diagnoses *diagnoses, const char *subject, enum diagnosis_state state,
                char *found, const char *fix)
{
    diagnoses->items = xgrow(diagnoses->items, diagnoses->count, sizeof *diagnoses->items);
    diagnoses->items[diagnoses->count++] = (struct diagnosis){
        .subject = subject, .state = state, .found = found, .fix = fix ? xstrdup(fix) : NULL};
}

/* ---- engines ---- */

static void add_engine(struct diagnoses *diagnoses, const char *subject, const char *name,
                       const char *fix)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *why CLEANUP(cleanup_free) = NULL;
    if (engine_select(name, NULL, &why, &err)) {
        diagnoses->can_measure = true;
        add(diagnoses, subject, DIAGNOSIS_OK,
            xstrdup(strcmp(name, "host") == 0 ? "can be used" : "answers"), NULL);
        return;
    }
    add(diagnoses, subject, DIAGNOSIS_MISSING, steal_ptr(err.message), fix);
}

static void look_at_engines(struct diagnoses *diagnoses)
{
    add_engine(diagnoses, "engine docker", "docker",
               "install and start Docker Engine; who may use it is in the group docker");
    add_engine(diagnoses, "engine podman", "podman", "install podman and crun");
    add_engine(diagnoses, "engine host", "host",
               "run as root, or in a cgroup that is delegated to you (systemd-run --user --scope "
               "-p Delegate=yes)");
    add_engine(diagnoses, "engine inplace", "inplace", "mount /proc");
}

/* ---- the memory controller ---- */

/* A cgroup that has the controller's files: our own, or, where that is the root, one below. */
static bool find_cgroup(struct cgroup *cgroup)
{
    if (cgroup_of_self("", cgroup) < 0)
        return false;
    if (cgroup->version == 1 || cgroup_usage(cgroup) >= 0)
        return true;
    glob_t found;
    char *pattern CLEANUP(cleanup_free) = xasprintf("%s/*/memory.current", cgroup->directory);
    bool any = glob(pattern, GLOB_NOSORT, NULL, &found) == 0;
    if (any)
        snprintf(cgroup->directory, sizeof cgroup->directory, "%.*s",
                 (int)(strlen(found.gl_pathv[0]) - strlen("/memory.current")), found.gl_pathv[0]);
    globfree(&found);
    return any;
}

static bool has_file(const struct cgroup *cgroup, const char *name)
{
    char *path CLEANUP(cleanup_free) = xasprintf("%s/%s", cgroup->directory, name);
    return access(path, F_OK) == 0;
}

static void look_at_peak(struct diagnoses *diagnoses, const struct cgroup *cgroup)
{
    const char *source = cgroup_peak_source(cgroup);
    if (source)
        add(diagnoses, "memory peak", DIAGNOSIS_OK,
            xasprintf("%s, the kernel's own counter", source), NULL);
    else
        add(diagnoses, "memory peak", DIAGNOSIS_LIMITED,
            xstrdup("no counter of the kernel's: the highest sample, marked estimated"),
            "use Linux 5.19 or newer, which has memory.peak");
}

/* On v2 a write resets the peak for this descriptor alone, so that it can be tried on any cgroup;
 * on v1 for everybody, so that only the permission is looked at. */
static bool can_reset(const struct cgroup *cgroup)
{
    const char *source = cgroup_peak_source(cgroup);
    char *path CLEANUP(cleanup_free) =
        source ? xasprintf("%s/%s", cgroup->directory, source) : xstrdup("");
    if (cgroup->version == 1)
        return access(path, W_OK) == 0;
    int fd CLEANUP(cleanup_fd) = open(path, O_RDWR | O_CLOEXEC);
    return fd >= 0 && pwrite(fd, "0\n", 2, 0) > 0;
}

static void look_at_reset(struct diagnoses *diagnoses, const struct cgroup *cgroup)
{
    if (can_reset(cgroup))
        add(diagnoses, "peak of each stage", DIAGNOSIS_OK,
            xstrdup("exact: the counter can be reset"), NULL);
    else
        add(diagnoses, "peak of each stage", DIAGNOSIS_LIMITED,
            xstrdup("exact where the build's own peak rose, else sampled: the counter can't be "
                    "reset"),
            cgroup->version == 1 || geteuid() != 0 ? "run as root" : "use Linux 6.12 or newer");
}

static void look_at_swap(struct diagnoses *diagnoses, const struct cgroup *cgroup)
{
    struct sysinfo info;
    if (has_file(cgroup, "memory.swap.max") || has_file(cgroup, "memory.memsw.limit_in_bytes"))
        add(diagnoses, "limit on swap", DIAGNOSIS_OK, xstrdup("--memory holds without swap on top"),
            NULL);
    else if (sysinfo(&info) == 0 && info.totalswap == 0)
        add(diagnoses, "limit on swap", DIAGNOSIS_OK, xstrdup("not there, and neither is swap"),
            NULL);
    else
        add(diagnoses, "limit on swap", DIAGNOSIS_LIMITED,
            xstrdup("not there: what --memory does not let in may go to swap"),
            "boot with swapaccount=1, or turn swap off");
}

static void look_at_controller(struct diagnoses *diagnoses)
{
    struct cgroup cgroup;
    if (!find_cgroup(&cgroup)) {
        add(diagnoses, "memory controller", DIAGNOSIS_LIMITED,
            xstrdup("no memory controller of cgroup v1 or v2 can be seen"),
            "mount cgroup2 on /sys/fs/cgroup, or boot with cgroup_enable=memory");
        return;
    }
    add(diagnoses, "memory controller", DIAGNOSIS_OK, xasprintf("cgroup v%d", cgroup.version),
        NULL);
    look_at_peak(diagnoses, &cgroup);
    look_at_reset(diagnoses, &cgroup);
    look_at_swap(diagnoses, &cgroup);
}

/* ---- what else the kernel tells ---- */

static void look_at_pss(struct diagnoses *diagnoses)
{
    char text[4096];
    if (read_proc("", getpid(), "smaps_rollup", text, sizeof text) > 0)
        add(diagnoses, "PSS", DIAGNOSIS_OK, xstrdup("/proc/PID/smaps_rollup can be read"), NULL);
    else
        add(diagnoses, "PSS", DIAGNOSIS_LIMITED,
            xasprintf("no /proc/PID/smaps_rollup (%s): RSS stands in its place, an upper bound",
                      strerror(errno)),
            "use Linux 4.14 or newer; gVisor has none");
}

static void look_at_pressure(struct diagnoses *diagnoses)
{
    char text[4096];
    if (read_text("/proc/pressure/memory", text, sizeof text) > 0)
        add(diagnoses, "memory pressure", DIAGNOSIS_OK, xstrdup("PSI is on"), NULL);
    else
        add(diagnoses, "memory pressure", DIAGNOSIS_LIMITED,
            xstrdup("no PSI: what a tight limit costs is told by refaults alone"),
            "boot with psi=1");
}

static void look_at_caches(struct diagnoses *diagnoses)
{
    if (access("/proc/sys/vm/drop_caches", W_OK) == 0)
        add(diagnoses, "--cache cold", DIAGNOSIS_OK, xstrdup("caches can be dropped"), NULL);
    else
        add(diagnoses, "--cache cold", DIAGNOSIS_LIMITED, xstrdup("caches can't be dropped"),
            "run as root");
}

static void look_at_size(struct diagnoses *diagnoses)
{
    struct sysinfo info;
    if (sysinfo(&info) < 0)
        return;
    char *total CLEANUP(cleanup_free) =
        format_bytes((int64_t)info.totalram * (int64_t)info.mem_unit);
    add(diagnoses, "machine", DIAGNOSIS_OK,
        xasprintf("%ld CPUs, %s", sysconf(_SC_NPROCESSORS_ONLN), total), NULL);
}

void diagnose_machine(struct diagnoses *diagnoses)
{
    *diagnoses = (struct diagnoses){0};
    look_at_size(diagnoses);
    look_at_engines(diagnoses);
    look_at_controller(diagnoses);
    look_at_pss(diagnoses);
    look_at_pressure(diagnoses);
    look_at_caches(diagnoses);
}
