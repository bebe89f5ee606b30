/* The engine host: a new cgroup on this machine, without a container. */
#include "base/alloc.h"
#include "base/trace.h"
#include "cgroup/cgroup.h"
#include "engine/engine.h"
#include "engine/run_cgroup.h"
#include "proc/proc.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int usable(const struct engine *engine, bool *silent, struct bm_error *err)
{
    (void)silent;
    (void)engine;
    char *name CLEANUP(cleanup_free) = engine_unique_name();
    char *directory CLEANUP(cleanup_free) = NULL;
    char *moved = NULL;
    int version = 0;
    int result = run_cgroup_make(name, &directory, &moved, &version, err);
    if (result == 0 && run_cgroup_remove(directory) < 0)
        result = bm_error_errno(err, "%s", directory);
    run_cgroup_move_back(moved);
    return result;
}

/* Runs in the child. It enters the cgroup first: each page from here on is charged to it. */
static int enter(void *context)
{
    const struct engine_run *run = context;
    if (run_cgroup_write(run->cgroup, "cgroup.procs", "0") < 0)
        return -1;
    engine_protect(0);
    return engine_enter(run->spec);
}

static int start(struct engine_run *run, struct bm_error *err)
{
    int version = 0;
    if (run_cgroup_make(run->spec->name, &run->cgroup, &run->moved, &version, err) < 0)
        return -1;
    if (run->spec->memory_limit_bytes > 0 &&
        run_cgroup_limit(run->cgroup, version, run->spec->memory_limit_bytes, err) < 0)
        return -1;
    struct strv arguments CLEANUP(strv_release) = {0};
    engine_probe_arguments(run->spec, run->spec->probe_path, true, &arguments);
    if (page_cache_prepare(&run->page_cache, run->spec->cache, run->spec->repo, run->spec->out,
                           err) < 0)
        return -1;
    return child_start(&run->child, arguments.items, enter, run, err);
}

static int locate(struct engine_run *run, struct cgroup *cgroup)
{
    if (run_cgroup_of(run->cgroup, cgroup) < 0 || !cgroup_lists(cgroup, run->child.pid))
        return -1;
    trace("cgroup: %s, v%d, made for this run", run->cgroup, cgroup->version);
    return 0;
}

static void kill_build(struct engine_run *run)
{
    (void)run_cgroup_remove(run->cgroup);
}

static int finish(struct engine_run *run, struct engine_facts *facts, struct bm_error *err)
{
    (void)facts; /* the host reports none */
    int result = 0;
    if (run->cgroup && run_cgroup_remove(run->cgroup) < 0)
        result = bm_error_errno(err, "cannot remove the cgroup %s", run->cgroup);
    run_cgroup_move_back(run->moved);
    return result;
}

const struct engine engine_host = {.name = "host",
                                   .image_label = "host",
                                   .usable = usable,
                                   .start = start,
                                   .locate = locate,
                                   .kill = kill_build,
                                   .finish = finish};
