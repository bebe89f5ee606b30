/* The engine inplace: the cgroup of the runner, such as that of a CI job or a pod. Other processes
 * may live in it, so only descendants of the probe are ever killed. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/trace.h"
#include "engine/engine.h"
#include "proc/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int usable(const struct engine *engine, bool *silent, struct bm_error *err)
{
    (void)silent;
    (void)engine;
    return access("/proc/self/stat", R_OK) < 0 ? bm_error_errno(err, "/proc/self/stat") : 0;
}

static int locate(struct engine_run *run, struct cgroup *cgroup)
{
    (void)run;
    /* The root cgroup of the machine counts all processes. */
    if (cgroup_of_self("", cgroup) < 0) {
        trace("cgroup: /proc/self/cgroup names no memory cgroup");
        return -1;
    }
    bool root = cgroup_is_root(cgroup);
    trace("cgroup: %s, v%d, from /proc/self/cgroup%s", cgroup->directory, cgroup->version,
          root ? "; not used: it is the root of the machine" : "");
    return root ? -1 : 0;
}

/* Two runs in one cgroup would reset each other's peak and count each other's build. */
static int lock(struct engine_run *run, const struct cgroup *cgroup, struct bm_error *err)
{
    run->lock = open(cgroup->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (run->lock >= 0 && flock(run->lock, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
        return bm_error_set(err,
                            "another build-mem measures in the cgroup %s: wait for it to end, or "
                            "use another engine",
                            cgroup->directory);
    return 0;
}

/* Makes this process the parent of the build's processes if the probe is killed. It does not if it
 * has other children already (a shell with jobs may have exec'ed it): finish() could not
 * distinguish them. */
static void adopt_orphans(struct engine_run *run)
{
    int child;
    run->adopts =
        descendants_of("", getpid(), &child, 1) == 0 && prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
}

static int enter(void *spec)
{
    return engine_enter(spec);
}

static int start(struct engine_run *run, struct bm_error *err)
{
    struct cgroup cgroup;
    struct engine_spec spec = *run->spec;
    struct strv arguments CLEANUP(strv_release) = {0};
    if (spec.memory_limit_bytes > 0)
        return bm_error_set(err, "the engine inplace uses the memory limit of the job; set the "
                                 "limit on the job or the container, and remove --memory");
    if (locate(run, &cgroup) == 0) {
        if (lock(run, &cgroup, err) < 0)
            return -1;
        /* Drops the peak of earlier steps of the job. */
        stage_peaks_open(&run->peaks, &cgroup);
        (void)stage_peaks_take(&run->peaks);
    }
    adopt_orphans(run);
    engine_probe_arguments(&spec, spec.probe_path, false, &arguments);
    if (page_cache_prepare(&run->page_cache, spec.cache, spec.repo, spec.out, err) < 0)
        return -1;
    return child_start(&run->child, arguments.items, enter, &spec, err);
}

/* Returns the number of processes that it found. */
static size_t kill_descendants(pid_t ancestor)
{
    static int pids[PROCESSES_MAX];
    size_t count = descendants_of("", ancestor, pids, PROCESSES_MAX);
    for (size_t i = 0; i < count; i++)
        kill(pids[i], SIGKILL);
    return count;
}

static void kill_build(struct engine_run *run)
{
    if (run->child.pid <= 0)
        return;
    (void)kill_descendants(run->child.pid);
    kill(run->child.pid, SIGKILL);
}

static int finish(struct engine_run *run, struct engine_facts *facts, struct bm_error *err)
{
    (void)facts; /* this engine reports none */
    size_t left = 0;
    for (int round = 0; run->adopts && (left = kill_descendants(getpid())) && round < 500;
         round++) {
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        sleep_ms(10);
    }
    (void)prctl(PR_SET_CHILD_SUBREAPER, 0);
    if (run->lock >= 0)
        close(run->lock);
    return left ? bm_error_set(err, "%zu processes of the build cannot be killed", left) : 0;
}

const struct engine engine_inplace = {.name = "inplace",
                                      .image_label = "inplace",
                                      .usable = usable,
                                      .start = start,
                                      .locate = locate,
                                      .kill = kill_build,
                                      .finish = finish};
