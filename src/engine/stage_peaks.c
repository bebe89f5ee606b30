#include "engine/stage_peaks.h"

#include "base/alloc.h"
#include "proc/proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
    return bytes > 0 ? bytes : -1; /* 0: nothing was charged */
}

int64_t stage_peaks_take(struct stage_peaks *peaks)
{
    int64_t bytes = read_peak(peaks);
    if (bytes < 0)
        return -1;
    /* memory.peak is read-only on Linux 5.19 to 6.11. */
    if (pwrite(peaks->fd, "0\n", 2, 0) < 0) {
        stage_peaks_close(peaks);
        return -1;
    }
    peaks->resets++;
    return bytes;
}

int64_t stage_peaks_last(const struct stage_peaks *peaks, int64_t probe_bytes)
{
    if (peaks->resets == 0)
        return -1;
    int64_t bytes = read_peak(peaks);
    /* The cgroup may be removed by now. On v1 the probe has read the same counter. */
    return bytes < 0 && peaks->version == 1 ? probe_bytes : bytes;
}

void stage_peaks_close(struct stage_peaks *peaks)
{
    if (peaks->fd >= 0)
        close(peaks->fd);
    peaks->fd = -1;
    peaks->resets = 0;
}
