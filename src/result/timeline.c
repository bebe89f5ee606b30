#include "result/timeline.h"

#include "base/alloc.h"
#include "base/units.h"
#include "result/csv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct timeline {
    FILE *file;
    char *path;
    int failed; /* errno of the first row that could not be written, or 0 */
};

struct timeline *timeline_open(const char *path, struct bm_error *err)
{
    /* A build can write where this file goes: a link that it left there is not followed, and
     * nobody waits for the reader of a pipe. */
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0666);
    if (fd < 0) {
        bm_error_errno(err, "creating %s", path);
        return NULL;
    }
    struct timeline *timeline = xcalloc(1, sizeof *timeline);
    timeline->path = xstrdup(path);
    timeline->file = fdopen(fd, "w");
    if (!timeline->file)
        BM_BUG("no stream for an open descriptor");
    fputs(TIMELINE_HEAD, timeline->file);
    if (fflush(timeline->file) != 0)
        timeline->failed = errno;
    return timeline;
}

static void put_figure(FILE *file, int64_t figure)
{
    fputc(',', file);
    if (figure >= 0)
        fprintf(file, "%" PRId64, figure);
}

void timeline_add(struct timeline *timeline, const struct timeline_row *row)
{
    if (timeline->failed)
        return;
    FILE *file = timeline->file;
    fprintf(file, "%" PRId64 ",", row->t_ms);
    csv_put_text(file, row->stage);
    put_figure(file, row->cgroup_bytes);
    put_figure(file, row->pss_bytes);
    put_figure(file, row->anon_bytes);
    put_figure(file, row->file_bytes);
    put_figure(file, row->processes);
    fputc('\n', file);
    if (fflush(file) != 0)
        timeline->failed = errno;
}

int timeline_close(struct timeline *timeline, struct bm_error *err)
{
    if (!timeline)
        return 0;
    if (fclose(timeline->file) != 0 && !timeline->failed)
        timeline->failed = errno;
    int result = 0;
    if (timeline->failed) {
        errno = timeline->failed;
        result = bm_error_errno(err, "writing %s", timeline->path);
    }
    free(timeline->path);
    free(timeline);
    return result;
}
