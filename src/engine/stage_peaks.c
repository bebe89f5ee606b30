#include "engine/stage_peaks.h"

#include "base/alloc.h"
#include "proc/proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MOUNTINFO_MAX ((size_t)256 * 1024)
#define PROCESSES_MAX 4096

void stage_peaks_open(struct stage_peaks *peaks, const struct cgroup *cgroup)
{
    *peaks = (struct stage_peaks)STAGE_PEAKS_NONE;
    const char *name = cgroup_peak_source(cgroup);
    if (!name)
        return;
    char *path CLEANUP(cleanup_free) = xasprintf("%s/%s", cgroup->directory, name);
    peaks->fd = open(path, O_RDWR | O_CLOEXEC);
    peaks->version = cgroup->version;
}

static int64_t read_peak(const struct stage_peaks *peaks)
{
    char text[64];
    int64_t bytes;
    if (peaks->fd < 0 || read_again(peaks->fd, text, sizeof text) <= 0 ||
        parse_cgroup_number(text, &bytes) < 0)
        return -1;
    return bytes;
}

int64_t stage_peaks_take(struct stage_peaks *peaks)
{
    int64_t bytes = read_peak(peaks);
    if (bytes < 0)
        return -1;
    /* Kernels from 5.19 to 6.11 refuse it. */
    if (pwrite(peaks->fd, "0\n", 2, 0) < 0) {
        stage_peaks_close(peaks);
        return -1;
    }
    peaks->resets++;
    return bytes;
}

int64_t stage_peaks_last(const struct stage_peaks *peaks, int64_t own_bytes)
{
    if (peaks->resets == 0)
        return -1;
    int64_t bytes = read_peak(peaks);
    /* The cgroup may be gone by now; of v1 the probe has read the same counter. */
    return bytes < 0 && peaks->version == 1 ? own_bytes : bytes;
}

void stage_peaks_close(struct stage_peaks *peaks)
{
    if (peaks->fd >= 0)
        close(peaks->fd);
    peaks->fd = -1;
    peaks->resets = 0;
}

int probe_cgroup(pid_t pid, const char *command, struct cgroup *cgroup)
{
    char text[8192];
    if (pid <= 0 || read_proc("", pid, "cmdline", text, sizeof text) <= 0 ||
        strcmp(text, command) != 0 || read_proc("", pid, "cgroup", text, sizeof text) <= 0)
        return -1;
    char *mountinfo CLEANUP(cleanup_free) = xmalloc(MOUNTINFO_MAX);
    if (read_proc("", getpid(), "mountinfo", mountinfo, MOUNTINFO_MAX) < 0 ||
        cgroup_resolve(mountinfo, text, "", cgroup) < 0)
        return -1;
    int *pids CLEANUP(cleanup_free) = xcalloc(PROCESSES_MAX, sizeof *pids);
    ssize_t count = cgroup_processes(cgroup, pids, PROCESSES_MAX);
    for (ssize_t i = 0; i < count && i < PROCESSES_MAX; i++)
        if (pids[i] == pid)
            return 0;
    return -1;
}
