/* The course of a run, which a build can write to: an input is a timeline, or the file of what the
 * processes held where it begins as that does. What is taken loses no line and no peak, and can be
 * drawn; a timeline is written and read again as the same. To draw takes a hundred times as long as
 * to read: one input of sixteen has to do it. */
#include "base/file.h"
#include "fuzz.h"
#include "report/holders.h"
#include "report/report.h"
#include "report/timeline.h"
#include "sample.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static char directory[] = "/tmp/build-mem-fuzz-XXXXXX";
static struct {
    char *timeline, *processes;
} input, good, written;

static void remove_directory(void)
{
    (void)file_remove_tree(AT_FDCWD, directory);
}

static void put(const char *path, const void *data, size_t size)
{
    int fd CLEANUP(cleanup_fd) = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (write(fd, data, size) != (ssize_t)size)
        BM_BUG("an input that cannot be written");
}

/* Where the files are; beside the input the other file is a good one. */
static void make_directory(void)
{
    static const char timeline[] = TIMELINE_HEAD "0,setup,2,1,1,0,1\n150,a,9,8,7,1,2\n";
    static const char processes[] = PROCESSES_HEAD "0,npm,1,1\n150,node,2,8\n";
    if (!mkdtemp(directory))
        BM_BUG("no directory of one's own");
    atexit(remove_directory);
    input.timeline = xasprintf("%s/timeline-input.csv", directory);
    input.processes = xasprintf("%s/processes-input.csv", directory);
    good.timeline = xasprintf("%s/timeline-good.csv", directory);
    good.processes = xasprintf("%s/processes-good.csv", directory);
    written.timeline = xasprintf("%s/timeline-written.csv", directory);
    put(good.timeline, timeline, sizeof timeline - 1);
    put(good.processes, processes, sizeof processes - 1);
}

static void check_lines(const struct course *course, const uint8_t *data, size_t size,
                        bool is_timeline)
{
    size_t lines = 0;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    if ((is_timeline ? course->count : course->holding_count) >= lines)
        BM_BUG("more lines than there are");
}

static void check_columns(const struct course *course)
{
    struct course_column columns[7], *made = course_columns(course, 1000, 7);
    int64_t highest = -1, lowest = INT64_MAX, shown_highest = -1, shown_lowest = INT64_MAX;
    memcpy(columns, made, sizeof columns);
    free(made);
    for (size_t i = 0; i < course->count; i++) {
        int64_t level = moment_level(&course->moments[i]);
        highest = level > highest ? level : highest;
        lowest = level >= 0 && level < lowest ? level : lowest;
    }
    for (size_t i = 0; i < 7; i++) {
        if (!columns[i].high != !columns[i].low)
            BM_BUG("a column with one end");
        if (!columns[i].high)
            continue;
        int64_t high = moment_level(columns[i].high), low = moment_level(columns[i].low);
        shown_highest = high > shown_highest ? high : shown_highest;
        shown_lowest = low < shown_lowest ? low : shown_lowest;
    }
    if (highest != shown_highest || lowest != shown_lowest)
        BM_BUG("a peak that no column has");
}

static void write_timeline(const struct course *course)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct timeline *timeline = timeline_open(written.timeline, &err);
    for (size_t i = 0; timeline && i < course->count; i++) {
        const struct moment *moment = &course->moments[i];
        timeline_add(timeline, &(struct timeline_row){.t_ms = moment->t_ms,
                                                      .stage = course->stages.items[moment->stage],
                                                      .cgroup_current_bytes = moment->cgroup_bytes,
                                                      .pss_bytes = moment->pss_bytes,
                                                      .anon_bytes = moment->anon_bytes,
                                                      .file_bytes = moment->file_bytes,
                                                      .processes = moment->processes});
    }
    if (!timeline || timeline_close(timeline, &err) < 0)
        BM_BUG(err.message);
}

static void check_round_trip(const struct course *course)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct course back CLEANUP(course_release);
    write_timeline(course);
    if (course_read(written.timeline, NULL, &back, &err) < 0)
        BM_BUG(err.message);
    if (back.count != course->count || back.stages.count != course->stages.count ||
        (course->count &&
         memcmp(back.moments, course->moments, course->count * sizeof *course->moments) != 0))
        BM_BUG("a timeline that changes as it is written again");
    for (size_t i = 0; i < course->stages.count; i++)
        if (strcmp(back.stages.items[i], course->stages.items[i]) != 0)
            BM_BUG("a stage whose name changes as it is written again");
}

static void draw(const struct course *course)
{
    static struct measurement m;
    struct judgement judgement CLEANUP(judgement_release);
    if (!m.label)
        sample_measurement(&m);
    sample_judgement(&judgement);
    free(html_text(&(struct html_report){.m = &m,
                                         .course = course,
                                         .judgement = &judgement,
                                         .before = &m,
                                         .before_course = course}));
    free(trace_text(&m, course));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t head = strlen(PROCESSES_HEAD);
    const bool is_timeline = size < head || memcmp(data, PROCESSES_HEAD, head) != 0;
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct course course CLEANUP(course_release);
    if (!input.timeline)
        make_directory();
    put(is_timeline ? input.timeline : input.processes, data, size);
    if (course_read(is_timeline ? input.timeline : good.timeline,
                    is_timeline ? good.processes : input.processes, &course, &err) < 0) {
        fuzz_check_error(&err, is_timeline ? input.timeline : input.processes);
        return 0;
    }
    check_lines(&course, data, size, is_timeline);
    check_columns(&course);
    if (is_timeline)
        check_round_trip(&course);
    if (size % 16 == 0)
        draw(&course);
    return 0;
}
