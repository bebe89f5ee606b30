/* The diagnoses of a trial, each with its fix. */
#include "base/alloc.h"
#include "base/units.h"
#include "doctor/doctor.h"

#include <string.h>
#include <unistd.h>

static const char *fix_of_container(const struct trial *trial)
{
    bool docker = trial->engine == &engine_docker;
    if (!trial->installed)
        return docker ? "install Docker Engine, if you want to use it"
                      : "install podman and crun, if you want to use it";
    if (trial->silent)
        return docker ? "find out why `docker version` takes longer than 15 s: a stopped daemon, "
                        "or a machine that is too busy"
                      : "find out why `podman version` takes longer than 15 s: a lock, or a "
                        "machine that is too busy";
    if (strstr(trial->reason, CONTAINER_SHARES_CGROUP))
        return engine_fix_of_shared_cgroup(trial->engine);
    if (trial->state == TRIAL_FAILED)
        return docker ? "try the same with docker run, and see the log of dockerd"
                      : "try the same with podman run, and see podman info";
    if (strcmp(trial->reason, DOCKER_IS_PODMAN) == 0)
        return "use --engine podman";
    if (docker && strcasestr(trial->reason, "permission denied"))
        return "add your user to the group docker (usermod -aG docker USER), and log in again";
    return docker ? "start Docker Engine, or set DOCKER_HOST to its socket" : "see podman info";
}

const char *trial_fix(const struct trial *trial)
{
    if (engine_is_container(trial->engine))
        return fix_of_container(trial);
    if (trial->engine == &engine_inplace)
        return trial->state == TRIAL_ABSENT ? "mount /proc" : "use another engine";
    return geteuid() == 0 ? "use --engine inplace, or start build-mem alone in a delegated scope"
                          : "log in, so that a service manager (systemd --user) runs, or run: "
                            "loginctl enable-linger";
}

/* Returns one line about what the trial has shown to work. The caller owns it. */
static char *describe(const struct trial *trial)
{
    const struct measurement *m = &trial->measured;
    struct strv works CLEANUP(strv_release) = {0};
    char *peak CLEANUP(cleanup_free) = format_bytes(m->peak.cgroup_bytes);
    if (m->environment.engine_version)
        strv_pushf(&works, "version %s", m->environment.engine_version);
    strv_pushf(&works, "measured %s for a build of 20 MiB", peak);
    strv_push(&works, "its file is in the repository");
    if (trial->limit == TRIAL_LIMIT_IN_FORCE)
        strv_push(&works, "the memory limit is in force");
    if (!m->peak.estimated)
        strv_pushf(&works, "exact peak (%s)", m->peak.source);
    if (trial_has_stage_peaks(trial))
        strv_push(&works, "exact stage peaks");
    if (m->ledger.source == PEAK_RSS_TASKSTATS)
        strv_push(&works, "process ledger");
    return strv_join(&works, "; ");
}

/* Adds a line for each figure that is less exact, or missing. */
static void add_limits(struct diagnoses *diagnoses, const char *subject, const struct trial *trial)
{
    const struct measurement *m = &trial->measured;
    bool root = geteuid() == 0;
    if (trial->absent_image)
        diagnoses_add(
            diagnoses, subject, DIAGNOSIS_LIMITED,
            xasprintf("image %s: not on this machine: a run must pull it", trial->absent_image),
            "if its registry cannot be reached, use --engine host, which needs no image");
    if (m->peak.estimated)
        diagnoses_add(diagnoses, subject, DIAGNOSIS_LIMITED,
                      xstrdup("memory peak: estimated from samples: no counter of the kernel is of "
                              "this build alone"),
                      trial->engine == &engine_inplace
                          ? "run it in a job or a scope with a cgroup, or use another engine"
                          : "use Linux 5.19 or newer, which has memory.peak");
    if (m->peak.shared)
        diagnoses_add(diagnoses, subject, DIAGNOSIS_LIMITED,
                      xstrdup("memory peak: other processes use the same cgroup, and count"),
                      "run the build alone in a job, or use another engine");
    if (trial->limit == TRIAL_LIMIT_IGNORED)
        diagnoses_add(diagnoses, subject, DIAGNOSIS_LIMITED,
                      xasprintf("memory limit: %s", trial->reason),
                      "enable the memory controller for the engine, or do without --memory");
    if (!trial->owned)
        diagnoses_add(diagnoses, subject, DIAGNOSIS_LIMITED,
                      xasprintf("files of the build belong to user %u, not to user %u",
                                trial->owner, (unsigned)geteuid()),
                      "set --user to the user that the engine maps to yours");
    if (!trial_has_stage_peaks(trial))
        diagnoses_add(diagnoses, subject, DIAGNOSIS_LIMITED,
                      xstrdup("stage peaks: sampled, unless the peak of the build rose in the "
                              "stage: the counter cannot be reset"),
                      root ? "use Linux 6.12 or newer" : "run as root");
    if (m->ledger.source != PEAK_RSS_TASKSTATS)
        diagnoses_add(diagnoses, subject, DIAGNOSIS_LIMITED,
                      xasprintf("process ledger: only processes that a scan sees: %s",
                                m->ledger.fallback ? m->ledger.fallback : "unknown reason"),
                      root ? NULL : "run as root");
}

void diagnose_trial(struct diagnoses *diagnoses, const struct trial *trial)
{
    char *subject CLEANUP(cleanup_free) = xasprintf("engine %s", trial->engine->name);
    if (trial->state < TRIAL_LIMITED) {
        diagnoses_add(diagnoses, subject, DIAGNOSIS_MISSING,
                      xstrdup(trial->reason ? trial->reason : "not tried"),
                      trial->reason ? trial_fix(trial) : NULL);
        return;
    }
    diagnoses_add(diagnoses, subject, DIAGNOSIS_OK, describe(trial), NULL);
    add_limits(diagnoses, subject, trial);
}
