#include "doctor/diagnosis.h"

#include "base/alloc.h"
#include "base/units.h"
#include "cgroup/cgroup.h"
#include "engine/daemon_watch.h"
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
        free(diagnoses->items[i].subject);
        free(diagnoses->items[i].found);
        free(diagnoses->items[i].fix);
    }
    free(diagnoses->items);
    *diagnoses = (struct diagnoses){0};
}

void diagnoses_add(struct diagnoses *diagnoses, const char *subject, enum diagnosis_state state,
                   char *found, const char *fix)
{
    diagnoses->items = xgrow(diagnoses->items, diagnoses->count, sizeof *diagnoses->items);
    diagnoses->items[diagnoses->count++] = (struct diagnosis){.subject = xstrdup(subject),
                                                              .state = state,
                                                              .found = found,
                                                              .fix = fix ? xstrdup(fix) : NULL};
}

/* ---- the memory controller ---- */

/* Finds a cgroup with the files of the memory controller: the runner's own, or a child of it if
 * that is the root. */
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

static void diagnose_peak(struct diagnoses *diagnoses, const struct cgroup *cgroup)
{
    const char *source = cgroup_peak_source(cgroup);
    if (source)
        diagnoses_add(diagnoses, "memory peak", DIAGNOSIS_OK, xasprintf("exact: %s", source), NULL);
    else
        diagnoses_add(
            diagnoses, "memory peak", DIAGNOSIS_LIMITED,
            xstrdup("estimated: the kernel has no counter, so the highest sample is used"),
            "use Linux 5.19 or newer, which has memory.peak");
}

/* On v2 a write resets the peak of this descriptor only, so a try is harmless. On v1 it resets the
 * peak for all readers, so only the permission is checked. */
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

static void diagnose_reset(struct diagnoses *diagnoses, const struct cgroup *cgroup)
{
    if (can_reset(cgroup))
        diagnoses_add(diagnoses, "peak of each stage", DIAGNOSIS_OK,
                      xstrdup("exact: the counter can be reset"), NULL);
    else
        diagnoses_add(
            diagnoses, "peak of each stage", DIAGNOSIS_LIMITED,
            xstrdup(
                "sampled, unless the peak of the build rose in the stage: the counter cannot be "
                "reset"),
            cgroup->version == 1 || geteuid() != 0 ? "run as root" : "use Linux 6.12 or newer");
}

static void diagnose_swap(struct diagnoses *diagnoses, const struct cgroup *cgroup)
{
    struct sysinfo info;
    if (cgroup_has_file(cgroup, "memory.swap.max") ||
        cgroup_has_file(cgroup, "memory.memsw.limit_in_bytes"))
        diagnoses_add(diagnoses, "swap limit", DIAGNOSIS_OK, xstrdup("--memory can disable swap"),
                      NULL);
    else if (sysinfo(&info) == 0 && info.totalswap == 0)
        diagnoses_add(diagnoses, "swap limit", DIAGNOSIS_OK,
                      xstrdup("not needed: the machine has no swap"), NULL);
    else
        diagnoses_add(diagnoses, "swap limit", DIAGNOSIS_LIMITED,
                      xstrdup("missing: under --memory, a build can still use swap"),
                      "boot with swapaccount=1, or turn off swap");
}

/* One line for each constraint: the build of the engines host and inplace is below it. */
static void diagnose_constraints(struct diagnoses *diagnoses, const struct cgroup *cgroup)
{
    static struct cgroup_constraints constraints;
    char directory[CGROUP_PATH_MAX];
    bool any = false;
    cgroup_read_constraints(cgroup, &constraints);
    for (size_t i = 0; i < constraints.count; i++) {
        char *text CLEANUP(cleanup_free) = engine_limits_text(&constraints.items[i]);
        if (!*text)
            continue;
        any = true;
        cgroup_constraint_directory(cgroup, i, directory);
        diagnoses_add(diagnoses, "limits", DIAGNOSIS_OK, xasprintf("%s: %s", directory, text),
                      NULL);
    }
    if (!any)
        diagnoses_add(diagnoses, "limits", DIAGNOSIS_OK,
                      xstrdup("no visible cgroup has a memory limit"), NULL);
}

static void diagnose_controller(struct diagnoses *diagnoses)
{
    struct cgroup cgroup;
    if (!find_cgroup(&cgroup)) {
        diagnoses_add(diagnoses, "memory controller", DIAGNOSIS_LIMITED,
                      xstrdup("no memory controller of cgroup v1 or v2 is visible"),
                      "mount cgroup2 on /sys/fs/cgroup, or boot with cgroup_enable=memory");
        return;
    }
    struct cgroup own;
    (void)cgroup_of_self("", &own);
    diagnoses_add(diagnoses, "memory controller", DIAGNOSIS_OK,
                  xasprintf("cgroup v%d, %s, whose cgroup.procs lists this process", own.version,
                            own.directory),
                  NULL);
    diagnose_constraints(diagnoses, &own);
    diagnose_peak(diagnoses, &cgroup);
    diagnose_reset(diagnoses, &cgroup);
    diagnose_swap(diagnoses, &cgroup);
}

/* ---- other files of the kernel ---- */

static void diagnose_pss(struct diagnoses *diagnoses)
{
    char text[4096];
    if (read_proc("", getpid(), "smaps_rollup", text, sizeof text) > 0)
        diagnoses_add(diagnoses, "PSS", DIAGNOSIS_OK, xstrdup("/proc/PID/smaps_rollup is readable"),
                      NULL);
    else
        diagnoses_add(diagnoses, "PSS", DIAGNOSIS_LIMITED,
                      xasprintf("/proc/PID/smaps_rollup: %s; RSS is used instead, an upper bound",
                                strerror(errno)),
                      "use Linux 4.14 or newer; gVisor has no such file");
}

static void diagnose_pressure(struct diagnoses *diagnoses)
{
    char text[4096];
    if (read_text("/proc/pressure/memory", text, sizeof text) > 0)
        diagnoses_add(diagnoses, "memory pressure", DIAGNOSIS_OK, xstrdup("PSI is enabled"), NULL);
    else
        diagnoses_add(diagnoses, "memory pressure", DIAGNOSIS_LIMITED,
                      xstrdup("PSI is disabled: only refaults show the cost of a tight limit"),
                      "boot with psi=1");
}

static void diagnose_caches(struct diagnoses *diagnoses)
{
    if (access("/proc/sys/vm/drop_caches", W_OK) == 0)
        diagnoses_add(diagnoses, "--cache cold", DIAGNOSIS_OK,
                      xstrdup("the page cache can be dropped"), NULL);
    else
        diagnoses_add(diagnoses, "--cache cold", DIAGNOSIS_LIMITED,
                      xstrdup("the page cache cannot be dropped"), "run as root");
}

static void diagnose_size(struct diagnoses *diagnoses)
{
    struct sysinfo info;
    if (sysinfo(&info) < 0)
        return;
    char *total CLEANUP(cleanup_free) =
        format_bytes((int64_t)info.totalram * (int64_t)info.mem_unit);
    diagnoses_add(diagnoses, "machine", DIAGNOSIS_OK,
                  xasprintf("%ld CPUs, %s", sysconf(_SC_NPROCESSORS_ONLN), total), NULL);
}

/* Daemons of this user: without a container, a build may leave its work to them. */
static void diagnose_daemons(struct diagnoses *diagnoses)
{
    struct daemon_watch watch CLEANUP(daemon_watch_release);
    struct found_daemon found[DAEMON_IDS];
    struct strv none = {0};
    const struct engine_spec spec = {.command = &none, .env = &none};
    daemon_watch_open(&watch, &engine_host, &spec);
    size_t count = daemon_watch_found(&watch, found);
    if (!count)
        diagnoses_add(diagnoses, "outside daemons", DIAGNOSIS_OK, xstrdup("none of this user runs"),
                      NULL);
    for (size_t i = 0; i < count; i++)
        diagnoses_add(
            diagnoses, "outside daemons", DIAGNOSIS_LIMITED,
            xasprintf("the %s runs: the memory that it uses for a build is not measured with the "
                      "engines host and inplace",
                      known_daemons[found[i].id].name),
            known_daemons[found[i].id].fix);
}

void diagnose_machine(struct diagnoses *diagnoses)
{
    *diagnoses = (struct diagnoses){0};
    diagnose_size(diagnoses);
    diagnose_controller(diagnoses);
    diagnose_pss(diagnoses);
    diagnose_pressure(diagnoses);
    diagnose_caches(diagnoses);
    diagnose_daemons(diagnoses);
}
