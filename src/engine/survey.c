#include "engine/survey.h"

#include "base/alloc.h"
#include "base/units.h"
#include "engine/engine.h"
#include "kernel/cgroup.h"
#include "kernel/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

void survey_release(struct survey *survey)
{
    for (size_t i = 0; i < survey->count; i++) {
        free(survey->findings[i].found);
        free(survey->findings[i].mend);
    }
    free(survey->findings);
    *survey = (struct survey){0};
}

/* Takes `found`. `mend` may be NULL. */
static void add(struct survey *survey, const char *subject, enum survey_state state, char *found,
                const char *mend)
{
    survey->findings = xgrow(survey->findings, survey->count, sizeof *survey->findings);
    survey->findings[survey->count++] = (struct survey_finding){
        .subject = subject, .state = state, .found = found, .mend = mend ? xstrdup(mend) : NULL};
}

/* ---- engines ---- */

static void add_engine(struct survey *survey, const char *subject, const char *name,
                       const char *mend)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *why CLEANUP(cleanup_free) = NULL;
    if (engine_select(name, NULL, &why, &err)) {
        survey->can_measure = true;
        add(survey, subject, SURVEY_GOOD,
            xstrdup(strcmp(name, "host") == 0 ? "can be used" : "answers"), NULL);
        return;
    }
    add(survey, subject, SURVEY_MISSING, steal_ptr(err.message), mend);
}

static void look_at_engines(struct survey *survey)
{
    add_engine(survey, "engine docker", "docker",
               "install and start Docker Engine; who may use it is in the group docker");
    add_engine(survey, "engine podman", "podman", "install podman and crun");
    add_engine(survey, "engine host", "host",
               "run as root, or in a cgroup that is delegated to you (systemd-run --user --scope "
               "-p Delegate=yes)");
    add_engine(survey, "engine inplace", "inplace", "mount /proc");
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

static void look_at_peak(struct survey *survey, const struct cgroup *cgroup)
{
    const char *source = cgroup_peak_source(cgroup);
    if (source)
        add(survey, "memory peak", SURVEY_GOOD, xasprintf("%s, the kernel's own counter", source),
            NULL);
    else
        add(survey, "memory peak", SURVEY_LESS,
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

static void look_at_reset(struct survey *survey, const struct cgroup *cgroup)
{
    if (can_reset(cgroup))
        add(survey, "peak of each stage", SURVEY_GOOD, xstrdup("exact: the counter can be reset"),
            NULL);
    else
        add(survey, "peak of each stage", SURVEY_LESS,
            xstrdup("exact where the build's own peak rose, else sampled: the counter can't be "
                    "reset"),
            cgroup->version == 1 || geteuid() != 0 ? "run as root" : "use Linux 6.12 or newer");
}

static void look_at_swap(struct survey *survey, const struct cgroup *cgroup)
{
    struct sysinfo info;
    if (has_file(cgroup, "memory.swap.max") || has_file(cgroup, "memory.memsw.limit_in_bytes"))
        add(survey, "limit on swap", SURVEY_GOOD, xstrdup("--memory holds without swap on top"),
            NULL);
    else if (sysinfo(&info) == 0 && info.totalswap == 0)
        add(survey, "limit on swap", SURVEY_GOOD, xstrdup("not there, and neither is swap"), NULL);
    else
        add(survey, "limit on swap", SURVEY_LESS,
            xstrdup("not there: what --memory does not let in may go to swap"),
            "boot with swapaccount=1, or turn swap off");
}

static void look_at_controller(struct survey *survey)
{
    struct cgroup cgroup;
    if (!find_cgroup(&cgroup)) {
        add(survey, "memory controller", SURVEY_LESS,
            xstrdup("no memory controller of cgroup v1 or v2 can be seen"),
            "mount cgroup2 on /sys/fs/cgroup, or boot with cgroup_enable=memory");
        return;
    }
    add(survey, "memory controller", SURVEY_GOOD, xasprintf("cgroup v%d", cgroup.version), NULL);
    look_at_peak(survey, &cgroup);
    look_at_reset(survey, &cgroup);
    look_at_swap(survey, &cgroup);
}

/* ---- what else the kernel tells ---- */

static void look_at_pss(struct survey *survey)
{
    char text[4096];
    if (read_proc("", getpid(), "smaps_rollup", text, sizeof text) > 0)
        add(survey, "PSS", SURVEY_GOOD, xstrdup("/proc/PID/smaps_rollup can be read"), NULL);
    else
        add(survey, "PSS", SURVEY_LESS,
            xasprintf("no /proc/PID/smaps_rollup (%s): RSS stands in its place, an upper bound",
                      strerror(errno)),
            "use Linux 4.14 or newer; gVisor has none");
}

static void look_at_pressure(struct survey *survey)
{
    char text[4096];
    if (read_text("/proc/pressure/memory", text, sizeof text) > 0)
        add(survey, "memory pressure", SURVEY_GOOD, xstrdup("PSI is on"), NULL);
    else
        add(survey, "memory pressure", SURVEY_LESS,
            xstrdup("no PSI: what a tight limit costs is told by refaults alone"),
            "boot with psi=1");
}

static void look_at_caches(struct survey *survey)
{
    if (access("/proc/sys/vm/drop_caches", W_OK) == 0)
        add(survey, "--cache cold", SURVEY_GOOD, xstrdup("caches can be dropped"), NULL);
    else
        add(survey, "--cache cold", SURVEY_LESS, xstrdup("caches can't be dropped"), "run as root");
}

static void look_at_size(struct survey *survey)
{
    struct sysinfo info;
    if (sysinfo(&info) < 0)
        return;
    char *total CLEANUP(cleanup_free) =
        format_bytes((int64_t)info.totalram * (int64_t)info.mem_unit);
    add(survey, "machine", SURVEY_GOOD,
        xasprintf("%ld CPUs, %s", sysconf(_SC_NPROCESSORS_ONLN), total), NULL);
}

void survey_machine(struct survey *survey)
{
    *survey = (struct survey){0};
    look_at_size(survey);
    look_at_engines(survey);
    look_at_controller(survey);
    look_at_pss(survey);
    look_at_pressure(survey);
    look_at_caches(survey);
}
