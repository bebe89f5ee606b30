#include "bench/workload.h"

#include "bench/rounds.h"
#include "bench/spikes.h"
#include "bench/workers.h"

#include "cgroup/cgroup.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HOLD_MS 8000

void enter_cgroup(const char *cgroup)
{
    char path[CGROUP_PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/cgroup.procs", cgroup);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "0", 1) < 0) {
        perror(path);
        _exit(126);
    }
    close(fd);
}

static void hold(int count, size_t mib)
{
    start_workers(count, mib);
    sleep_ms(HOLD_MS);
    end_workers();
}

/* Maps and unmaps memory forever. A sampler that holds the lock of the mappings slows it down. */
static _Noreturn void map_and_unmap(struct rounds *rounds)
{
    touch(map_mib(1024), 1024);
    sleep_ms(500);
    rounds->worker = getpid();
    for (;; rounds->work++) {
        char *chunk = map_mib(1);
        for (size_t at = 0; at < 8 * 4096; at += 4096)
            ((volatile char *)chunk)[at] = 1;
        munmap(chunk, MIB);
    }
}

/* Runs a real build in a login shell and discards its output. */
static _Noreturn void build_monorepo(void)
{
    const char *directory = getenv("BENCH_MONOREPO");
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (!directory || chdir(directory) < 0) {
        fputs("bench: BENCH_MONOREPO is not the directory of the workload\n", stderr);
        _exit(2);
    }
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    dup2(nothing, STDERR_FILENO);
    execlp("bash", "bash", "-lc",
           "rm -rf server/.next server/tsconfig.tsbuildinfo && npm run build", (char *)NULL);
    _exit(127);
}

void run_workload(const char *name, const char *log_path, const char *cgroup)
{
    enter_cgroup(cgroup);
    FILE *log = fopen(log_path, "we");
    if (!log)
        abort();
    use_huge_pages(strstr(name, "thp") != NULL);
    if (strcmp(name, "10x100") == 0)
        hold(10, 100);
    else if (strcmp(name, "100x10") == 0)
        hold(100, 10);
    else if (strcmp(name, "1000x1") == 0)
        hold(1000, 1);
    else if (strcmp(name, "spikes-600") == 0 || strcmp(name, "spikes-600-thp") == 0)
        run_spikes(cgroup, log, 75, 0);
    else if (strcmp(name, "spikes-600-cache") == 0)
        run_spikes(cgroup, log, 75, 2048);
    else if (strcmp(name, "spikes-2400") == 0 || strcmp(name, "spikes-2400-thp") == 0)
        run_spikes(cgroup, log, 300, 0);
    else if (strcmp(name, "cow") == 0)
        run_copy_on_write(cgroup, log);
    else if (strcmp(name, "monorepo") == 0)
        build_monorepo();
    else if (strcmp(name, "map") == 0)
        map_and_unmap(map_rounds(log_path));
    else
        abort();
    fclose(log);
    exit(0);
}
